/*
 * Assets: files (CSS, later JavaScript) that pages refer to, built into the
 * program.
 *
 * The room for what a person sees in a browser.  It makes bytes out of plain
 * data; the door serves them.  It never answers a request itself.
 *
 * The Makefile turns each receiver/ui/NAME.css or NAME.js into an object; one
 * row of the table in assets.c makes it known.  An asset's path has a digest
 * of its content in it, so a browser may keep it for ever and a new version
 * of doorbell is never mixed with an old style sheet.
 */
#ifndef RECEIVER_UI_ASSETS_H
#define RECEIVER_UI_ASSETS_H

#include <stddef.h>

#define ASSETS_PATH "/assets/"

struct asset {
	const char *name; // "doorbell.css"
	const char *type; // content type, a constant
	const char *data; // not terminated
	size_t len;
	char path[64];    // "/assets/doorbell-0123456789abcdef.css"
	char etag[24];    // "\"0123456789abcdef\"", quotes included (RFC 9110, 8.8.3)
};

/* The asset that is served at path, or NULL. Loop thread only. */
const struct asset *asset_by_path(const char *path);

/* The asset of that name, for who writes a page; NULL if there is none. Loop thread only. */
const struct asset *asset_by_name(const char *name);

#endif
