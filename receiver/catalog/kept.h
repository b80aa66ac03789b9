/*
 * The last list of each place of applications in a repository, kept in the state
 * directory: a start while its repository is out of reach, or holds what cannot be
 * read, goes on with it.
 *
 * Each is a file of its own, "applications/<digest of the place>.json", written
 * beside the old one and put in its place.  Reading is for the loop's thread, at the
 * start and after a reload; what is to be written is handed out as text, to be
 * written on a thread that may wait for the disk.
 */
#ifndef RECEIVER_CATALOG_KEPT_H
#define RECEIVER_CATALOG_KEPT_H

#include <stddef.h>

#include "base/error.h"

struct app_list;
struct inventory_origin;
struct manifests;

/* The folder below the state directory. */
#define KEPT_FOLDER "applications"

/* A list on its way to the disk. */
struct kept_text {
	char *path;
	char *data;
	size_t len;
};

/*
 * The list of a place as text for its file below folder; kept_text_free().  NULL if
 * it is too large to be kept.  place is borrowed for the call.
 */
struct kept_text *kept_text_new(const char *folder, const struct inventory_origin *place,
				const struct app_list *list);

/* Free it; NULL is fine. */
void kept_text_free(struct kept_text *text);

/* Write it, durably: 0, or -1 with err, and what was there before is there still. Any thread. */
int kept_text_write(const struct kept_text *text, struct error *err);

/*
 * Read what was kept of a place below folder: 0 with *ret_found filled
 * (manifests_release()); 1 if nothing was; -1 with err if it is no good.
 */
int kept_read(const char *folder, const struct inventory_origin *place,
	      struct manifests *ret_found, struct error *err);

#endif
