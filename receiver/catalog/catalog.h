/*
 * The room for the applications known now, kept current.  receiver/serve makes it
 * and asks it for the world; the control listener shows it; "doorbell explain"
 * takes the reading of files from it (files.h).
 *
 * It owns the inventory (lib/inventory), keeps the operator's files current
 * (files.h), reads the places in repositories at the start and whenever a push
 * changes them, and gives every new list to the readers, once a turn of the
 * loop at most.  It does not decide whom a push affects.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_CATALOG_CATALOG_H
#define RECEIVER_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "base/strvec.h"
#include "manifest/app.h"

struct catalog;
struct event_base;
struct kept_text;
struct metrics;
struct reader_pool;
struct resolver;
struct settings;
struct status;

struct catalog_options {
	struct event_base *base;
	struct reader_pool *pool;
	struct resolver *resolver;
	struct metrics *metrics; // or NULL
	struct status *status;   // told when all places were read; or NULL
	void (*ready)(void *ctx); // called whenever that becomes so
	void (*published)(void *ctx, const struct app_list *apps); // a new list; or NULL
	const char *kept;        // folder of the last lists (kept.h); NULL: none are
	/* Write that list where the disk may be waited for, and free it. */
	void (*keep)(void *ctx, struct kept_text *text);
	void *ctx;
};

/* A catalog of nothing; what options names must outlive its questions. Never NULL. */
struct catalog *catalog_new(const struct catalog_options *options);

/*
 * Free it. Pool and resolver were freed before, so that no answer comes.
 * NULL is fine.
 */
void catalog_free(struct catalog *c);

/*
 * Use these settings.  What origins of the same name hold is kept and in the
 * list when this returns; all are read again, and until that is done the
 * catalog is not ready.
 */
void catalog_set_settings(struct catalog *c, struct settings *settings);

/*
 * Were all files, directories and places read with the settings of now, or is
 * it certain that there is nothing to read?  Until then an application may be
 * missing from the list.
 */
bool catalog_is_ready(const struct catalog *c);

/* The applications; borrowed until the loop runs again. */
const struct app_list *catalog_list(const struct catalog *c);

/* Which list it is, as reader answers name it. */
uint64_t catalog_generation(const struct catalog *c);

/* May a push ring what has this source: is it in a repository that is configured, or none? */
bool catalog_rings(struct catalog *c, const struct app_source *source);

/* What could not be read, one line each. Borrowed likewise. */
const struct strvec *catalog_problems(const struct catalog *c);

/* Are applications kept in that repository at that ref? */
bool catalog_holds(const struct catalog *c, const char *repository, const char *ref);

/*
 * Applications that follow a ref refer to this elsewhere (as
 * inventory_set_remote() takes it): from the end of this turn of the loop on
 * they follow that, too; a second later at most while the catalog is not
 * ready.
 */
void catalog_set_remote(struct catalog *c, const char *repository, const char *ref,
			const char *remote);

/*
 * An authenticated sender says that this address (any spelling) means the
 * configured repository of that name, too: applications at it are of that
 * repository from now on.  One that is configured keeps its meaning.
 */
void catalog_learn_address(struct catalog *c, const char *address, const char *repository);

/*
 * Read the places in repository at ref again, as they are at commit, then
 * call done(arg) once.  The list holds what was read when done is called; what
 * cannot be read keeps what it held.  If there is no such place, or none of
 * them can be asked for, done is called before this returns, else from the
 * loop.
 */
void catalog_refresh(struct catalog *c, const char *repository, const char *ref,
		     const struct oid *commit, void (*done)(void *arg), void *arg);

#endif
