/*
 * The room for the question: which applications does the step from one commit
 * to another change, and why?
 *
 * This is the front door of the engine, called by the reader process, which
 * "doorbell explain" asks, too.  It never uses the network, never fetches what
 * is missing, and never decides what is rung.
 *
 * It holds, for one repository, the applications that read from it and, for
 * each ref, the index of their inputs at the commit processed last (or at
 * `before`).  A source is affected if and only if a probe of its inputs at
 * `before` is touched by the walk from before to after, and the walk at after
 * does not find something that is rendered to the same (fingerprint.h).  When
 * in doubt, affected, with that reason.
 *
 * Not for several threads: one state belongs to one thread.
 */
#ifndef LIB_AFFECTED_AFFECTED_H
#define LIB_AFFECTED_AFFECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "affected/affected_result.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/strvec.h"
#include "manifest/app_yaml.h"

struct affected_options {
	const char *repository_url;  // as configured; normalised inside
	const char *path;            // the bare repository on disk
	const char *cache_directory; // where the indexes of refs may be kept, or NULL
	int64_t cache_max_bytes;     // what they may take there; 0: no limit
	enum affected_mode mode;
	bool allow_alternates;
};

struct ref_list;        // base/ref_list.h
struct affected_state; // one repository: its applications and indexes

/*
 * Open a repository. 0 with a new *ret_state (affected_state_free()); or -1 or
 * REPO_UNSUPPORTED (repo/repo.h) with err.
 */
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
 * the repository itself cannot be used.
 *
 * After 0 the state of that ref stands at `after`, with three exceptions: if
 * the ref was deleted, it is forgotten; if `after` or its tree is not in the
 * repository, it stays where it was; and if nobody follows the ref (and
 * count_all is not set), nothing is kept of it.  After -1 it may stand at
 * `before`, at `after`, or be forgotten; each answers the next request rightly.
 */
int affected_compute(struct affected_state *state, const struct affected_request *request,
		     struct affected *ret_result, struct error *err);

/*
 * Write those indexes to cache_directory that have changed a lot since they
 * were written, and remove what was used longest ago from it until it is within
 * cache_max_bytes.  May take a second for 100,000 applications, so call it when
 * nobody waits for an answer.  affected_state_free() does it too, and writes
 * all that have changed.
 */
void affected_save(struct affected_state *state);

/*
 * The commit a revision means in this repository ("main", "v1~2", an id).
 * 0 or -1 with err. For "explain" and for finding a ref's present tip.
 */
int affected_resolve(struct affected_state *state, const char *revision, struct oid *ret_commit,
		     struct error *err);

/* Where all branches and tags of this repository are: repo_list(). */
int affected_list(struct affected_state *state, struct ref_list *ret_listing, struct error *err);

/*
 * Applications from a repository: append those of every *.yaml, *.yml and
 * *.json file and every "Kustomization" below directory ("" = all) at commit to
 * m, as manifests_read() does; those of patches are marked.  If they are more than
 * LIMIT_PLACE_APPLICATIONS, none is taken: m is full.  A directory that is not in
 * the commit has none: whoever may commit there may remove it.  0 or -1 with err.
 */
int affected_read_apps(struct affected_state *state, const struct oid *commit,
		       const char *directory, struct manifests *m, struct error *err);

#endif
