/*
 * The insides of lib/affected/affected*.c, for them only.
 */
#ifndef LIB_AFFECTED_AFFECTED_IMPL_H
#define LIB_AFFECTED_AFFECTED_IMPL_H

#include <uthash.h>

#include "affected/affected.h"
#include "index/index.h"
#include "index/match.h"
#include "inputs/inputs.h"
#include "repo/repo.h"
#include "repo/treewalk.h"

/* A source of an application in this repository, by its numbers in the list. */
struct tracked {
	uint32_t app;
	uint32_t source;
	uint32_t unit;   // of the index; 0: not bound
	uint32_t here;   // its number in affected_state.here and .ids
	bool remote;     // as in app.h
};

#define SOURCE_ID_BYTES 33

/* What a source is: equal texts mean that equal inputs are looked for. */
struct source_id {
	const struct app *app; // where it was when it was told; never followed
	uint32_t source;
	char text[SOURCE_ID_BYTES];
};

struct tracked_list {
	struct tracked *items; // in the applications' order
	size_t count;
	size_t capacity;
	size_t apps;           // different applications among them
};

/* One ref: its index at the tree processed last. */
struct ref_state {
	char *ref;
	char *default_branch;     // as the sources were chosen; NULL: not known
	struct oid commit;
	struct oid tree;
	struct index_table *table; // NULL: nothing known; tags may hold another ref's
	struct inputs *inputs;
	struct tracked_list sources;
	size_t apps_generation;   // the list that sources were chosen from
	size_t unsaved;           // units walked since the index was stored
	bool stored;              // it was: with nothing unsaved the file says the same
	bool looked;              // on disk
	uint64_t used;            // when it was asked for last, in uses
	uint64_t touched;         // as above, when its file was last said to be in use
	UT_hash_handle hh;
};

struct affected_state {
	struct repo *repo;
	char *repository;         // normalised
	char *cache_directory;
	enum affected_mode mode;
	const struct app_list *apps; // borrowed; NULL: none yet
	size_t apps_generation;
	struct tracked_list here; // all sources in this repository, any revision
	struct source_id *ids;    // of each of them
	struct ref_state *refs;
	uint64_t uses;
	int64_t cache_max_bytes;
	bool cache_changed;       // since it was last brought within its budget
};

/* Choose the sources that follow ref; the list is replaced. */
void tracked_choose(const struct affected_state *state, const char *ref,
		    const char *default_branch, struct tracked_list *list);

/* What lib/inputs wants to know of a source; free it with source_release(). */
void source_fill(const struct affected_state *state, const struct tracked *tracked,
		 struct inputs_source *source);

/* True for a source of an Application: Argo CD checks it out and renders it. */
bool source_is_argocd(const struct affected_state *state, const struct tracked *tracked);

/* Free what source_fill() allocated. */
void source_release(struct inputs_source *source);

/* The state of a ref, made if need be; what is stored on disk is read once. */
struct ref_state *ref_state_get(struct affected_state *state, const char *ref);

/* True if there is an index of ref with the present applications, and it holds some. */
bool ref_state_is_bound(const struct affected_state *state, const char *ref,
			const char *default_branch);

/* While refs are too many or take too much memory, forget the one asked for longest ago. */
void ref_state_limit(struct affected_state *state);

/* Forget a ref, on disk too if erase. */
void ref_state_drop(struct affected_state *state, struct ref_state *ref, bool erase);

/*
 * Make the index hold the present applications, walking new sources at the
 * tree it stands at. 0, or -1 with err.
 */
int ref_state_bind(struct affected_state *state, struct ref_state *ref,
		   const char *default_branch, struct error *err);

/*
 * Have the index at a commit and its tree: that of another ref, if ref is a tag
 * and theirs are the same, else built anew.  0, or -1 with err.
 */
int ref_state_build(struct affected_state *state, struct ref_state *ref,
		    const struct oid *commit, const struct oid *tree,
		    const char *default_branch, struct error *err);

/* Walk units again at a tree, which becomes that of the index. 0, or -1 with err. */
int ref_state_advance(struct affected_state *state, struct ref_state *ref,
		      const struct numbers *units, const struct oid *commit,
		      const struct oid *tree, struct error *err);

/*
 * Store the index if enough has changed (always: if anything has), and say of
 * a stored one that it is in use.
 */
void ref_state_save(struct affected_state *state, struct ref_state *ref, bool always);

/* Build *result from a match: spread it and tell why (affected_reasons.c). */
void result_fill(const struct affected_state *state, const struct ref_state *ref,
		 struct match *match, struct affected *result);

/*
 * The remote references of the applications of a ref whose index is there
 * (affected_result.h: remote_references): a new reference to the array, or NULL.
 */
json_t *remote_references_gather(const struct affected_state *state, const struct ref_state *ref);

/* All applications of a list, without reasons. */
void result_fill_all(const struct tracked_list *list, struct affected *result);

#endif
