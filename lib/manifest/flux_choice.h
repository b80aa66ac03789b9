/*
 * Flux: which of several objects does a reference mean?
 */
#ifndef LIB_MANIFEST_FLUX_CHOICE_H
#define LIB_MANIFEST_FLUX_CHOICE_H

#include "manifest/flux_tree.h"

/* Why a source is in doubt. */
#define FLUX_WHY_SEVERAL "in doubt: several objects have the name of its source"
#define FLUX_WHY_OTHER "in doubt: the object of its source's name may be another cluster's"

#define FLUX_WHY_MISSING "in doubt: its GitRepository is not among the manifests"
#define FLUX_WHY_VALUES "in doubt: what applies it gives its variables several values"

/* What a reference may mean, those of its own cluster first. */
struct flux_choice {
	const struct app **items;
	size_t count;
	size_t capacity;
	size_t together;  // those that are in one cluster with whose reference it is
	bool foreign;   // there is one, or none, and there may be another that is not known
	bool others;      // all are in trees of other clusters
};

/*
 * Fill *ret_choice (zeroed) with all that the reference from an object may
 * mean.  Those of other clusters are left out, unless there are only such.
 */
void flux_choose(struct flux_trees *trees, const struct app *from, const json_t *reference,
		 enum app_kind kind, struct flux_choice *ret_choice);

/* Why number i of a choice is in doubt: a constant; or NULL, it is not. */
const char *flux_choice_doubt(const struct flux_choice *choice, size_t i);

/* Free what a choice holds. */
void flux_choice_release(struct flux_choice *choice);

#endif
