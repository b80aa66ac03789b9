/*
 * Which applications the reader of a repository is given, and their way there.
 */
#ifndef RECEIVER_READER_READER_SHARE_H
#define RECEIVER_READER_READER_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "manifest/app.h"

/* Applications are sent in frames of about this size. */
#define READER_PIECE_BYTES (256U * 1024)

/* One application of a repository, as its reader counts them. */
struct share_item {
	size_t index;   // in the list of the generation
	size_t sources; // how many it has
	uint64_t digest; // of its content
	char *name;     // full name
};

/* The applications of one repository; shared by it and running requests. */
struct share {
	unsigned users;
	uint64_t generation;
	uint64_t seed;
	uint64_t digest; // of the content
	struct share_item *items;
	size_t count;
	size_t capacity;
};

/* A share of no applications yet, with one user; seed is any number. */
struct share *share_new(uint64_t generation, uint64_t seed);

/* Add app, which stands at index in the list; its names are copied. */
void share_add(struct share *share, const struct app *app, size_t index);

/* True if the application added last is the one at index. */
bool share_ends_with(const struct share *share, size_t index);

/* One user less; the last one frees it. NULL is fine. */
void share_drop(struct share *share);

/* Have *share use value (or none, for NULL) instead of what it used, which may be NULL. */
void share_set(struct share **share, struct share *value);

/* How far the applications of a share have been written. */
struct share_cursor {
	size_t next; // of the share
	size_t old;  // of what the reader has
};

/*
 * Write the frame's content that gives a reader the applications of share from
 * *at on to out (emptied first), as many as fit a piece, and move *at. list is
 * the one that share was made of. Those that the reader has already (old, NULL
 * for none) are called by their number there, each at most once and in rising
 * order.
 */
void share_piece(const struct share *share, const struct share *old, const struct app_list *list,
		 const char *key, uint64_t id, struct share_cursor *at, struct buf *out);

#endif
