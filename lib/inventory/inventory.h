/*
 * The room for the applications we know: what each origin gave, and the list
 * made of it.
 *
 * An origin is an entry of the configuration: a file, a directory, or a place
 * in a repository.  Whoever reads it hands in what was read, file by file;
 * here it is decided what is kept, what replaces what, and that of two
 * applications of one name the inputs of both count.  Called by the
 * catalog (receiver/catalog) and by "doorbell explain".  It never reads, logs
 * or waits.
 *
 * Plain data: one thread at a time.
 */
#ifndef LIB_INVENTORY_INVENTORY_H
#define LIB_INVENTORY_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strvec.h"
#include "inventory/stamp.h"
#include "manifest/app_yaml.h"

struct inventory;

enum inventory_kind { INVENTORY_FILE, INVENTORY_DIRECTORY, INVENTORY_PLACE };

/* Where applications are kept. */
struct inventory_origin {
	enum inventory_kind kind;
	const char *path;       // of a file or directory
	const char *repository; // of a place, these three: its name (repositories.h), ...
	const char *ref;        // ... the full name, ...
	const char *directory;  // ... and the directory; "" = all of it
	const char *cluster;    // where its applications run; NULL or "": not said
};

/* One file of an origin, as it was read last. */
struct inventory_file {
	char *path;             // as the reader of the origin calls it; "" for a place
	struct stamp stamp;     // without a digest: it is to be read again
	char *failure;          // why it could not be read the last time, or NULL
	bool full;              // a place that has more than it may hold: what it held is kept
	struct manifests found;
};

/*
 * The name of the repository that an address (normalised) means, so that an
 * alias and the address it stands for are one; or NULL: not configured.
 */
typedef const char *(*inventory_name_fn)(void *ctx, const char *address);

/* An inventory of nothing. name may be NULL: then no address is looked up. Never NULL. */
struct inventory *inventory_new(inventory_name_fn name, void *ctx);

/* Free it with its list; NULL is fine. */
void inventory_free(struct inventory *inv);

/* Add an origin, copied. Origins count from 0 in the order in which they were added. */
void inventory_add(struct inventory *inv, const struct inventory_origin *origin);

/* Origin i, or NULL after the last. Borrowed as long as the inventory lives. */
const struct inventory_origin *inventory_get(const struct inventory *inv, size_t i);

/* File k of origin i, in the order of the tree, or NULL after the last; until it is changed. */
const struct inventory_file *inventory_get_file(const struct inventory *inv, size_t i, size_t k);

/* Are applications kept in that repository (a name) at that ref (a full name)? */
bool inventory_holds(const struct inventory *inv, const char *repository, const char *ref);

/*
 * The file at path of origin i was read: replace what it holds.  found is
 * moved out and left empty; stamp is copied.  If something in it is broken,
 * applications that the file held and that found has not are kept: what could
 * not be read may be they.
 */
void inventory_set_file(struct inventory *inv, size_t i, const char *path,
			const struct stamp *stamp, struct manifests *found);

/*
 * The file at path of origin i could not be read, because of failure (a whole
 * line, copied).  Half a write must not make applications disappear: what the
 * file held is kept.  stamp (copied) is that of the text that is no good, or
 * has no digest: then it will be read again.  True if anything is different
 * from before.
 */
bool inventory_fail_file(struct inventory *inv, size_t i, const char *path,
			 const struct stamp *stamp, const char *failure);

/* The file at path of origin i has this stamp now, and the same content. */
void inventory_touch_file(struct inventory *inv, size_t i, const char *path,
			  const struct stamp *stamp);

/* The file at path of origin i is gone, and with it what it held. */
void inventory_remove_file(struct inventory *inv, size_t i, const char *path);

/*
 * Replace what is wrong with origin i as a whole (directories that cannot be
 * opened), one line each; copied. True if it is different from before.
 */
bool inventory_set_problems(struct inventory *inv, size_t i, const struct strvec *problems);

/*
 * Origin i, a place, was read: replace what it holds.  found is moved out and
 * left empty.  Of files that are broken, applications that the place held and
 * that found has not are kept.  If found is full, all that it held is kept.
 */
void inventory_set_place(struct inventory *inv, size_t i, struct manifests *found);

/* How many files, and places as a whole, cannot be read as they are now. */
size_t inventory_count_broken(const struct inventory *inv);

/* Was origin i, a place, read before, if only with other settings? */
bool inventory_knows_place(const struct inventory *inv, size_t i);

/*
 * The remote references of applications that follow a ref: JSON as struct
 * affected has it, with names for numbers; NULL or "" is nothing.
 * inventory_merge() gives each of them a remote reference (app.h) for what is in
 * a configured repository. True if it is different from last time.
 */
bool inventory_set_remote(struct inventory *inv, const char *repository, const char *ref,
			  const char *remote);

/*
 * Move what the origins of old hold over to those of inv that read from the
 * same place (after a reload), and what applications refer to.  An origin of
 * old gives to one origin of inv at most, rather to one of the same cluster.
 * Problems of an origin as a whole are not moved.
 */
void inventory_take_over(struct inventory *inv, struct inventory *old);

/*
 * Make the list from all that was read. What the list before it held stays
 * until inventory_discard(), so that whoever uses it can be given the new one.
 */
void inventory_merge(struct inventory *inv);

/* Free what was replaced: nobody uses the old list any more. */
void inventory_discard(struct inventory *inv);

/* The list; borrowed until the next inventory_merge(). */
const struct app_list *inventory_list(const struct inventory *inv);

/* What could not be read, one line each, borrowed until the next merge. */
const struct strvec *inventory_problems(const struct inventory *inv);

/*
 * The order of two paths in a walk of their tree, as strcmp() says it: a
 * directory's files stand together, where the directory's name belongs.
 */
int inventory_compare_paths(const char *a, const char *b);

#endif
