/*
 * From the units that were hit to the applications' sources that are made
 * from them.
 */
#ifndef LIB_INDEX_SPREAD_H
#define LIB_INDEX_SPREAD_H

#include <stdint.h>

#include "base/strvec.h"
#include "index/match.h"

/*
 * A source was reached. bound is its number (index_bind()), unit the source's
 * unit; hit is what it was reached from, NULL for PROBE_ALWAYS.
 */
typedef void (*spread_reach)(void *arg, uint32_t bound, uint32_t unit,
			     const struct match_hit *hit);

/*
 * Call reach for each source that a hit of m reaches: once for each hit, or,
 * when that would be too much work, at least once in all.  Then for each
 * source that has PROBE_ALWAYS.
 */
void spread(struct match *m, spread_reach reach, void *arg);

/*
 * During reach: append how unit came to be reached, from what read path up to
 * the application's root (affected.h: via), and first, if what was hit is
 * opaque, why it is; at most LIMIT_VIA links.  *budget is the links that may be
 * followed in all: it is counted down, and at 0 only what is near the root is
 * told.
 */
void spread_chain(const struct index_table *table, uint32_t unit, const char *path,
		  size_t *budget, struct strvec *via);

/*
 * Append links (in table's strings) to the chain of a path; of more than
 * LIMIT_VIA the middle is "...", and none says again what is in front of it.
 */
void spread_tell(const struct index_table *table, const struct numbers *links, const char *path,
		 struct strvec *via);

/* Append the file of root, where a chain ends; as above. */
void spread_tell_origin(const struct index_table *table, uint32_t root, const char *path,
			struct strvec *via);

/* Every unit that was hit, each once, into units. */
void spread_units(struct match *m, struct numbers *units);

#endif
