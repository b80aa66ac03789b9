/*
 * The operator's files, kept current in an inventory.
 *
 * They are looked at by a thread (look.h) when something in their directories
 * happens, and every minute; what changed is parsed by a reader process, file
 * by file.  So the loop neither waits for the disk nor parses YAML, and a file
 * that was not touched is not read again.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_CATALOG_FILES_H
#define RECEIVER_CATALOG_FILES_H

#include <stdbool.h>

struct event_base;
struct files;
struct inventory;
struct metrics;
struct reader_pool;

struct files_options {
	struct event_base *base;
	struct reader_pool *pool;
	struct metrics *metrics;     // or NULL
	/* A look is over, and all that it found is in the inventory; did anything change? */
	void (*looked)(void *ctx, bool changed);
	void *ctx;
};

/* Files of no inventory yet; what options names must outlive it. Never NULL. */
struct files *files_new(const struct files_options *options);

/* Free it; the pool was freed before, so that no answer comes. NULL is fine. */
void files_free(struct files *f);

/*
 * Keep the files and directories of inv (borrowed until another one is set or
 * f is freed) current from now on.  A look at them begins at once; looked() is
 * called when it is over, from the loop.
 */
void files_set_inventory(struct files *f, struct inventory *inv);

/* Is a look under way? Then the inventory may not be what is on disk. */
bool files_is_looking(const struct files *f);

/*
 * Read all files and directories of inv here and now, waiting for the disk
 * and parsing in this process: for the command line.
 */
void files_read_now(struct inventory *inv);

#endif
