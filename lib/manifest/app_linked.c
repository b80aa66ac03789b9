/*
 * Linked sources: what an application refers to in repositories that are not
 * its own.
 *
 * Kustomize clones what "resources: [https://github.com/org/base//web]" names.
 * For a push to org/base to reach the application, it has to be among those
 * that follow org/base: so it is given a source more there, which is walked
 * like any other, and is not sent to anybody.
 *
 * An application that refers to very many places is taken to be made from all
 * of those repositories: too many pushes ring it, never too few.
 */
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* Places of one application; what comes after is the whole repository. */
#define PLACES_MAX 64

static size_t count_linked(const struct app *app)
{
	size_t count = 0;

	for (size_t i = 0; i < app->source_count; i++) {
		count += app->sources[i].linked;
	}
	return count;
}

static bool is_same(const struct app_source *source, const struct app_link *link)
{
	return source->linked && strcmp(source->repository, link->repository) == 0 &&
	       strcmp(source->target_revision, link->ref) == 0 &&
	       strcmp(source->path, link->path) == 0 &&
	       strcmp(source->walker != NULL ? source->walker : "", link->walker) == 0;
}

static int add(struct app *app, const struct app_link *link)
{
	char *url = xasprintf("https://%s", link->repository);
	json_t *spec = json_pack("{s:s, s:s, s:s, s:s}", "repoURL", url, "targetRevision",
				 link->ref, "path", link->path, "walker", link->walker);
	struct app_source source = { .linked = false };

	free(url);
	int r = app_read_made_source(&source, spec, "linked", NULL);
	json_decref(spec);
	if (r < 0 || source.repository == NULL) {
		app_release_source(&source);
		return -1;
	}
	/* The address as it was normalised says which repository, whatever its alias is. */
	free(source.repository);
	source.repository = xstrdup(link->repository);
	source.linked = true;
	app->sources = xreallocarray(app->sources, app->source_count + 1, sizeof(*app->sources));
	app->sources[app->source_count++] = source;
	if (!app_sources_fit(app)) {
		app_release_source(&app->sources[--app->source_count]);
		return -1;
	}
	return 0;
}

int app_add_link(struct app *app, const struct app_link *link)
{
	const struct app_link all = {
		.repository = link->repository, .ref = link->ref, .path = "", .walker = "plain",
	};

	if (count_linked(app) >= PLACES_MAX) {
		link = &all;
	}
	for (size_t i = 0; i < app->source_count; i++) {
		if (is_same(&app->sources[i], link) || is_same(&app->sources[i], &all)) {
			return 0;
		}
	}
	return app->source_count < LIMIT_SOURCES ? add(app, link) : -1;
}

void app_drop_links(struct app *app)
{
	while (app->source_count > 0 && app->sources[app->source_count - 1].linked) {
		app_release_source(&app->sources[--app->source_count]);
	}
}
