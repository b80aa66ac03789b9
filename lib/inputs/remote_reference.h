/*
 * A remote reference: to something in another repository, or at another ref of
 * this one, that a unit is made from.
 *
 * It cannot be looked at from here.  Such a unit holds nothing but the
 * address; whoever knows the other repository walks what is there as one of
 * the units named by "walker", and so hears of pushes to it.
 */
#ifndef LIB_INPUTS_REMOTE_REFERENCE_H
#define LIB_INPUTS_REMOTE_REFERENCE_H

#include "inputs/inputs_impl.h"

/*
 * The unit's directory is the path there, its options are "repository"
 * (normalised, giturl.h), "ref" (as written, "" is the default branch) and
 * "walker" (the name of the one to walk the path with).
 */
extern const struct inputs_walker inputs_remote_reference;

/* One file and nothing else: the unit's directory is its path. */
extern const struct inputs_walker inputs_single;

/*
 * w's unit is also made from path (not cleaned) at ref of a repository.  via
 * is how it is written.  Nothing is done for what never changes: a commit's
 * id, an address that cannot be read, a path that leads out.
 */
void remote_reference_add(struct inputs_walk *w, const char *url, const char *ref,
			  const char *path, const struct inputs_walker *walker, const char *via);

#endif
