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

#include "base/gitplace.h"
#include "inputs/inputs_impl.h"

/*
 * The unit's directory is the path there, its options are "repository"
 * (normalised, giturl.h), "ref" (as written, "" is the default branch) and
 * "walker" (the name of the one to walk the path with).
 */
extern const struct inputs_walker inputs_remote_reference;

/*
 * One file and nothing else, by its meaning or byte by byte: the unit's
 * directory is its path.
 */
extern const struct inputs_walker inputs_single;
extern const struct inputs_walker inputs_single_raw;

/*
 * w's unit is also made from path (not cleaned) at ref of a repository.  via
 * is how it is written.  Nothing is done for what never changes: a commit's
 * id, an address that cannot be read, a path that leads out.
 */
void remote_reference_add(struct inputs_walk *w, const char *url, const char *ref,
			  const char *path, const struct inputs_walker *walker, const char *via);

/*
 * Is place in the tree being walked, under another name?  Without a ref it is
 * at the default branch, which may be the one walked: that is not known here,
 * so it is taken for both, here and outside.
 */
bool remote_reference_is_here(struct inputs_walk *w, const struct gitplace *place);
bool remote_reference_is_outside(struct inputs_walk *w, const struct gitplace *place);

/*
 * w's unit is also made from a file that its renderer gets from an address.
 * Each file of a Git repository that the address may name (gitplace.h) is
 * logged if it is in the tree being walked, and else a remote reference; an
 * address that names none is nothing.  meaning: the file counts by its
 * meaning, else by its bytes.  pattern: "*" in it stands for text that is not
 * known.
 */
void remote_reference_file(struct inputs_walk *w, const char *address, bool meaning,
			   bool pattern);

/*
 * w's unit is also made from the chart of that name in a repository of charts
 * that is a directory in Git (helm_repository.h), or whose index is a file in
 * Git; address and name may be NULL.  Nothing is done for any other.
 */
void remote_reference_charts(struct inputs_walk *w, const char *address, const char *name);

#endif
