/*
 * Which applications does the step from one commit to another change, and why?
 *
 * The front door of the engine, called by the reader process and by
 * "doorbell explain".  It holds, for one repository, the applications that
 * read from it and, for each ref, the index of their inputs at the commit
 * processed last (or at `before`).  A source is affected if and only if a
 * probe of its inputs at `before` is touched by the walk from before to
 * after, and the walk at after does not find something that is rendered to
 * the same (fingerprint.h).  When in doubt, affected, with that reason.
 *
 * Not for several threads: one state belongs to one thread.
 */
#ifndef LIB_AFFECTED_AFFECTED_H
#define LIB_AFFECTED_AFFECTED_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/oid.h"
#include "base/strvec.h"
#include "inputs/inputs.h"
#include "manifest/app.h"
#include "repo/treewalk.h"

enum affected_mode {
	AFFECTED_EXACT,  // what the walkers find; the annotation only where they cannot know
	AFFECTED_UNION,  // walkers and manifest-generate-paths
	AFFECTED_ARGOCD  // manifest-generate-paths exactly as Argo CD matches it
};

/* The names of the enums above in JSON: "added", "subtree", "exact", ... */
const char *change_kind_name(enum change_kind kind);
const char *probe_kind_name(enum probe_kind kind);
const char *affected_mode_name(enum affected_mode mode);

/* Why all tracked applications had to be taken for affected. */
enum affected_fallback {
	AFFECTED_FALLBACK_NONE,
	AFFECTED_FALLBACK_FIRST,   // nothing is known of the ref before
	AFFECTED_FALLBACK_DELETED, // the ref was deleted
	AFFECTED_FALLBACK_BEFORE,  // the commit before is not in the repository
	AFFECTED_FALLBACK_AFTER,   // the pushed commit is not in the repository
	AFFECTED_FALLBACK_LIMIT,   // more changes than we are willing to look at
	AFFECTED_FALLBACK_DAMAGED, // an object is missing or malformed
	AFFECTED_FALLBACK_EMPTY    // AFFECTED_ARGOCD, and no file changed
};

/* What is told to people; "" for AFFECTED_FALLBACK_NONE. */
const char *affected_fallback_text(enum affected_fallback fallback);

struct affected_reason {
	char *path;              // the changed path; "" for PROBE_ALWAYS
	enum change_kind change;
	enum probe_kind probe;
	struct strvec via;       // from what read the path up to the root; may be empty;
				 // LIMIT_VIA at most: of more, "..." is for the middle
};

struct affected_application {
	size_t app;              // index into the list given to affected_set_apps()
	size_t source;           // index of its source (the first affected one)
	struct affected_reason *reasons; // up to LIMIT_REASONS; none in a fall-back
	size_t reason_count;
	size_t touched;          // changed paths that touched it, all counted
	bool hard;               // through a linked source (app.h), perhaps among others
};

struct affected {
	size_t changed_paths;    // paths that differ between the trees
	bool changed_paths_exact; // false: only those near an input were counted
	size_t tracked;          // applications (not sources) that follow this ref
	struct affected_application *items; // sorted by application, each once
	size_t count;
	/*
	 * With count_all: those beside items that read a changed path and are
	 * rendered to the same as before; in a fall-back there are none.
	 */
	struct affected_application *same; // sorted by application, each once
	size_t same_count;
	char *fallback;          // not NULL: why all tracked applications are affected
	enum affected_fallback fallback_kind;
	/*
	 * What the applications of this ref refer to in other repositories or at
	 * other refs: an array, owned, or NULL: nothing.  Each of its objects has
	 * the fields of a struct app_link and "applications", their numbers as in
	 * items; none in the last one: there was more than can be told.
	 */
	json_t *refers;
};

struct affected_request {
	const char *ref;             // full name of the ref that moved
	const char *default_branch;  // short name, or NULL if unknown
	/*
	 * Commit (or tag object) to compare with. None or zero: the one
	 * processed last, which is what a service wants: a lost delivery then
	 * does no harm. Given: exactly that one, and the state moves there
	 * first, which is what "explain" wants.
	 */
	struct oid before;
	struct oid after;            // commit (or tag object); zero: the ref was deleted
	/*
	 * For people: count every changed path, not only those near an input,
	 * and tell the applications that are the same.
	 */
	bool count_all;
};

struct affected_options {
	const char *repository_url;  // as configured; normalised inside
	const char *path;            // the bare repository on disk
	const char *cache_directory; // where the index of a ref may be kept, or NULL
	enum affected_mode mode;
	bool allow_alternates;
};

struct affected_state; // one repository: its applications and indexes

/* Open a repository. 0 with a new *ret_state (affected_state_free()), or -1 with err. */
int affected_state_new(const struct affected_options *options, struct affected_state **ret_state,
		       struct error *err);

/* Close and free; NULL is fine. */
void affected_state_free(struct affected_state *state);

/*
 * Replace the applications. Those without a source in this repository cost
 * nothing, and those that are the same objects as before little. list is
 * borrowed and must live, with all in it, until this was called with another
 * and has returned, or until the state is freed.
 */
void affected_set_apps(struct affected_state *state, const struct app_list *list);

/*
 * Compute. 0 with *ret_result filled (affected_release()), also when all had
 * to be taken for affected (fallback says why: the ref was seen first, was
 * deleted, an object is missing, a limit was passed ...). -1 with err only if
 * the repository itself cannot be used.  After 0 the state of that ref has
 * moved to `after`.
 */
int affected_compute(struct affected_state *state, const struct affected_request *request,
		     struct affected *ret_result, struct error *err);

/* Free what a result holds; it may be zeroed. */
void affected_release(struct affected *result);

/*
 * Write those indexes to cache_directory that have changed a lot since they
 * were written. May take a second for 100,000 applications, so call it when
 * nobody waits for an answer. affected_state_free() writes all.
 */
void affected_save(struct affected_state *state);

/*
 * The commit a revision means in this repository ("main", "v1~2", an id).
 * 0 or -1 with err. For "explain" and for finding a ref's present tip.
 */
int affected_resolve(struct affected_state *state, const char *revision, struct oid *ret_commit,
		     struct error *err);

/*
 * Applications from a repository: append those of every *.yaml, *.yml and
 * *.json file below directory ("" = all) at commit to list, problems as
 * app_read_yaml(). 0 or -1 with err.
 */
int affected_read_apps(struct affected_state *state, const struct oid *commit,
		       const char *directory, struct app_list *list, struct strvec *problems,
		       struct error *err);

#endif
