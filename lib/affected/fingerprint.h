/*
 * Units that were hit, but are rendered to the same as before.
 */
#ifndef LIB_AFFECTED_FINGERPRINT_H
#define LIB_AFFECTED_FINGERPRINT_H

#include "affected/affected_impl.h"

/*
 * Compare each unit that a match hit at two trees: ref->tree, where the index
 * stands, and *tree.  match->same becomes a table by unit, 1 for those that are
 * rendered to the same at both (match_end() frees it), or stays NULL if nothing
 * was hit.  A unit that cannot be compared, or only past a limit, counts as changed.
 * The index and ref are not changed.
 */
void fingerprint_compare(struct affected_state *state, struct ref_state *ref,
			 struct match *match, const struct oid *tree);

#endif
