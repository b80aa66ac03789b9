/*
 * Of the heart: pushes of which nobody told us, found by a list of where all
 * refs of a repository are.  One thread, as delivery.h.
 */
#ifndef LIB_DELIVERY_MISSED_H
#define LIB_DELIVERY_MISSED_H

#include <stdbool.h>

#include "base/oid.h"
#include "base/ref_list.h"

struct delivery_core;

/*
 * After a start: where a ref was when it was first looked at, of which nothing
 * was processed yet.  Before any push of it.
 */
void delivery_resume_seen(struct delivery_core *core, const char *repository, const char *ref,
			  const struct oid *commit);

/* Who is told what a listing says; all of it is borrowed for the call. */
struct delivery_looked {
	/*
	 * True: pushes may have been missed since the repository was known, so a ref
	 * that is not known is one that was created meanwhile.
	 */
	bool new_is_created;
	/* The ref is not where it was (before; zero: nowhere), and no push says so. */
	void (*moved)(void *ctx, const char *ref, const struct oid *before);
	/* The ref was never seen before and is at id: to be remembered by a plan (only_seen). */
	void (*seen)(void *ctx, const char *ref, const struct oid *id);
	void *ctx;
};

/* Is any ref of that repository known? */
bool delivery_knows(const struct delivery_core *core, const char *repository);

/*
 * Compare where the branches and tags of a repository are, listed at any time
 * since the core is ready, with the commits processed last, for refs that are
 * followed.  A ref is as it was if its id or its commit is; what the core is
 * about to decide is not told.  default_branch: short name, or NULL.
 */
void delivery_look(struct delivery_core *core, const char *repository,
		   const char *default_branch, const struct ref_list *listing,
		   const struct delivery_looked *told);

#endif
