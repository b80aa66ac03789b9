/*
 * Remote references are left out: what they name was chosen by a committer, and
 * the application is rung for its own source.
 */
#include "receiver/catalog/unrung.h"

#include <string.h>

bool unrung_is(const struct app_source *source, inventory_name_fn name, void *ctx)
{
	return source->repository != NULL && !source->remote &&
	       strcmp(source->repository, APP_ANY_REPOSITORY) != 0 &&
	       name(ctx, source->repository) == NULL;
}

bool unrung_next(const struct app_list *list, size_t *at, inventory_name_fn name, void *ctx,
		 struct unrung *ret_unrung)
{
	while (*at < list->count) {
		const struct app *app = list->items[(*at)++];

		for (size_t i = 0; i < app->source_count; i++) {
			if (unrung_is(&app->sources[i], name, ctx)) {
				*ret_unrung = (struct unrung){ app, &app->sources[i] };
				return true;
			}
		}
	}
	return false;
}
