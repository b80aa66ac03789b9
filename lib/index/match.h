/*
 * Changed paths against the index: which units are hit, and by what.
 *
 * Steps: match_begin(), then a treewalk() with match_visitor(), then
 * index/spread.h, then match_end().  The index must not change in between.
 */
#ifndef LIB_INDEX_MATCH_H
#define LIB_INDEX_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strvec.h"
#include "index/index.h"
#include "repo/treewalk.h"

/* Postings looked at in one match before it is given up: a second of work. */
#define MATCH_VISITS_MAX 100000000

/* A change that touched something. */
struct match_change {
	const char *path;
	enum change_kind kind;
	uint32_t mark;  // spread's
};

/* A unit, or all units with a plain probe at one node, and what touched them. */
struct match_hit {
	uint32_t unit;  // 0: all plain ones of node
	uint32_t node;
	struct numbers changes;            // into match.changes, each once
	uint8_t probes[LIMIT_REASONS];     // enum probe_kind of the first ones
	bool hard; // what changed is not in the trees' files: attributes
};

/* A change of what a unit reads that did not touch it: it means the same. */
struct match_spared {
	uint32_t unit;
	uint32_t change; // into match.changes
	uint8_t probe;   // enum probe_kind
};

/* More are not remembered. */
#define MATCH_SPARED_MAX 1000000

struct match_options {
	bool argocd;    // paths as Argo CD compares them, without links and attributes
	bool told;      // remember what was spared, and the paths that changed: for people
	bool count_all; // walk and count what nobody reads, too
	bool outside;   // find links that lead out of the repository, wherever they are
};

struct match {
	struct index_table *table;
	struct repo *repo;      // for comparing YAML; may be NULL
	struct match_options options;
	struct match_change *changes;
	size_t change_count;
	size_t change_capacity;
	struct match_hit *hits;
	size_t hit_count;
	size_t hit_capacity;
	struct match_spared *spared;
	size_t spared_count;
	size_t spared_capacity;
	size_t changed_paths;   // files; only those near an input unless count_all
	struct strvec paths;    // the first of them (struct affected)
	size_t path_bytes;      // that they take
	size_t visits;
	uint8_t *same;          // by unit: 1: hit, but means the same (fingerprint.h); or NULL
	uint32_t outside;       // a change of whether a link leads out: its number plus 1
	struct arena arena;     // paths
};

/* Start. table and repo are borrowed until match_end(). */
void match_begin(struct match *m, struct index_table *table, struct repo *repo,
		 const struct match_options *options);

/*
 * A visitor that matches all that a treewalk() tells it; for the life of m.
 * The walk ends with REPO_LIMIT past MATCH_VISITS_MAX, see match_is_full().
 */
struct treewalk_visitor match_visitor(struct match *m);

/* True if a walk ended because the changes touch too many inputs. */
bool match_is_full(const struct match *m);

/* Free all and forget the hits in the index. */
void match_end(struct match *m);

#endif
