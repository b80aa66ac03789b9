/*
 * Units that were hit, but are rendered to the same as before.
 */
#ifndef LIB_AFFECTED_FINGERPRINT_H
#define LIB_AFFECTED_FINGERPRINT_H

#include "affected/affected_impl.h"

/*
 * Compare the units that a match hit: ref->tree, where the index stands, with
 * another tree.  match->same says which mean the same; NULL if none does.
 * What cannot be compared, or not within a limit, does not.  The index and
 * what it says stay as they are.
 */
void fingerprint_compare(struct affected_state *state, struct ref_state *ref,
			 struct match *match, const struct oid *tree);

#endif
