/*
 * The applications we know: read from files, directories and repositories.
 *
 * Files and directories are the operator's, like the configuration, and are
 * read here.  What a repository holds is read by a reader process and handed
 * in.  All of it becomes one list, in which an application that is found
 * twice counts once (the first source wins, and the other is a problem; of
 * Flux's objects the inputs of both count).
 *
 * Loop thread only.
 */
#ifndef RECEIVER_CATALOG_INVENTORY_H
#define RECEIVER_CATALOG_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strvec.h"
#include "manifest/app.h"

struct inventory;
struct watch;

/* One place in a repository where applications are kept. */
struct inventory_place {
	const char *repository; // name (repositories.h)
	const char *ref;        // full name
	const char *directory;  // "" = all of it
};

/*
 * The name of the repository that an address (normalised) means, so that an
 * alias and the address it stands for are one; or NULL: not configured.
 */
typedef const char *(*inventory_name_fn)(void *ctx, const char *address);

/* An inventory of nothing. name may be NULL. */
struct inventory *inventory_new(inventory_name_fn name, void *ctx);

/* Add a file, a directory (all *.yaml, *.yml, *.json below it), or a place. All copied. */
void inventory_add_file(struct inventory *inv, const char *path);
void inventory_add_directory(struct inventory *inv, const char *path);
void inventory_add_place(struct inventory *inv, const struct inventory_place *place);

/* Where the applications of what was added last run: copied; NULL or "": not said. */
void inventory_set_cluster(struct inventory *inv, const char *cluster);

/* Free it with its list; NULL is fine. */
void inventory_free(struct inventory *inv);

/*
 * Read the files and directories again. True if anything in them is
 * different from last time. The list is only made anew by inventory_merge().
 */
bool inventory_read_files(struct inventory *inv);

/* Watch what inventory_read_files() reads. */
void inventory_watch(const struct inventory *inv, struct watch *watch);

/* Place i, or NULL after the last. Borrowed. */
const struct inventory_place *inventory_get_place(const struct inventory *inv, size_t i);

/* Was place i read before, if only with other settings? */
bool inventory_knows_place(const struct inventory *inv, size_t i);

/* Are applications kept in that repository at that ref? */
bool inventory_holds(const struct inventory *inv, const char *repository, const char *ref);

/*
 * Replace what place i holds; list and problems are moved out and left empty.
 * If there are problems, applications that are missing in list are kept.
 */
void inventory_set_place(struct inventory *inv, size_t i, struct app_list *list,
			 struct strvec *problems);

/*
 * What applications that follow a ref refer to elsewhere: JSON as struct
 * affected has it (refers), with names for numbers; NULL or "" is nothing.
 * inventory_merge() gives each of them a linked source (app.h) for what is in
 * a configured repository. True if it is different from last time.
 */
bool inventory_set_refers(struct inventory *inv, const char *repository, const char *ref,
			  const char *refers);

/*
 * Move what old sources of the same name hold over to a new inventory (after a
 * reload). Files and directories are to be read again; what they held is kept
 * if that fails.
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

#endif
