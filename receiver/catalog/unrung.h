/*
 * Applications that no push can ring, because a repository that they are made
 * from is not among those configured.
 */
#ifndef RECEIVER_CATALOG_UNRUNG_H
#define RECEIVER_CATALOG_UNRUNG_H

#include <stddef.h>

#include "inventory/inventory.h"
#include "manifest/app.h"

/* A source of an application in a repository that is not configured; both borrowed. */
struct unrung {
	const struct app *app;
	const struct app_source *source;
};

/* Is the source in a repository of git that name does not know? */
bool unrung_is(const struct app_source *source, inventory_name_fn name, void *ctx);

/*
 * Go on from the application *at of the list, which is raised: true with the
 * next one that has such a source; false after the last.
 */
bool unrung_next(const struct app_list *list, size_t *at, inventory_name_fn name, void *ctx,
		 struct unrung *ret_unrung);

#endif
