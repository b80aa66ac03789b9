/*
 * The step from one commit to another: which applications does it change?
 *
 *   1. The pushed commit's tree is found.  Gone or never there: all.
 *   2. The index of the ref is brought to the commit to compare with: it
 *      stands there already, or it is moved there like by a push, or it is
 *      built there, or nothing is known: then it is built at the pushed
 *      commit, and all are affected.
 *   3. The trees are walked, guided by the index; what changed is matched.
 *   4. The units that were hit, and are not rendered to the same as before
 *      (fingerprint.h), are spread to the applications.
 *   5. Those units alone are walked again at the pushed tree.
 *
 * Lost, repeated and reordered deliveries, force pushes and days of downtime
 * all end in step 3 with the tree processed last: no case of their own.
 */
#include "affected/affected.h"

#include <string.h>

#include "affected/affected_impl.h"
#include "affected/fingerprint.h"
#include "base/giturl.h"
#include "base/xalloc.h"
#include "index/index_cache.h"
#include "index/spread.h"
#include "manifest/app_yaml.h"

/* One call of affected_compute(). */
struct computation {
	struct affected_state *state;
	const struct affected_request *request;
	struct ref_state *ref;
	struct affected *result;
	struct oid commit; // pushed
	struct oid tree;
};

int affected_state_new(const struct affected_options *options, struct affected_state **ret_state,
		       struct error *err)
{
	struct affected_state *state = xcalloc(1, sizeof(*state));
	int r = 0;

	state->mode = options->mode;
	state->cache_max_bytes = options->cache_max_bytes;
	state->cache_changed = true;
	state->cache_directory =
		options->cache_directory != NULL ? xstrdup(options->cache_directory) : NULL;
	state->repository = giturl_normalise(options->repository_url, err);
	r = state->repository == NULL ? -1
				      : repo_open(options->path, options->allow_alternates,
						  &state->repo, err);
	if (r != 0) {
		affected_state_free(state);
		return r;
	}
	*ret_state = state;
	return 0;
}

static void save_all(struct affected_state *state, bool always)
{
	struct ref_state *ref;
	struct ref_state *next;

	HASH_ITER(hh, state->refs, ref, next) {
		ref_state_save(state, ref, always);
	}
	if (state->cache_changed && state->cache_directory != NULL && state->cache_max_bytes > 0) {
		index_cache_prune(state->cache_directory, state->cache_max_bytes);
		state->cache_changed = false;
	}
}

void affected_state_free(struct affected_state *state)
{
	struct ref_state *ref;
	struct ref_state *next;

	if (state == NULL) {
		return;
	}
	save_all(state, true);
	HASH_ITER(hh, state->refs, ref, next) {
		ref_state_drop(state, ref, false);
	}
	repo_free(state->repo);
	free(state->here.items);
	free(state->ids);
	free(state->repository);
	free(state->cache_directory);
	free(state);
}

/* All that follow the ref are affected. */
static int all(struct computation *s, enum fallback why)
{
	struct tracked_list list = { 0 };

	tracked_choose(s->state, s->request->ref, s->request->default_branch, &list);
	result_fill_all(&list, s->result);
	s->result->fallback = why;
	free(list.items);
	return 0;
}

/* As all(), and the index is built at the pushed commit. */
static int all_anew(struct computation *s, enum fallback why, struct error *err)
{
	int r = ref_state_build(s->state, s->ref, &s->commit, &s->tree,
				s->request->default_branch, err);

	return r != 0 ? r : all(s, why);
}

static enum fallback fallback_of(int outcome)
{
	return outcome == REPO_LIMIT ? FALLBACK_LIMIT : FALLBACK_DAMAGED;
}

/* Does Argo CD itself render anything of this ref? */
static bool is_rendered(const struct computation *s)
{
	for (size_t i = 0; i < s->ref->sources.count; i++) {
		if (source_is_argocd(s->state, &s->ref->sources.items[i])) {
			return true;
		}
	}
	return false;
}

/*
 * Match what differs between the index's tree and another; with result, fill
 * it. Then the index is moved there. REPO_OK, an outcome of treewalk(), or -1.
 */
static int move(struct computation *s, const struct oid *commit, const struct oid *tree,
		struct affected *result, struct error *err)
{
	const struct match_options options = {
		.argocd = s->state->mode == AFFECTED_ARGOCD,
		.told = result != NULL,
		.count_all = result != NULL && s->request->count_all,
		.outside = result != NULL && s->state->mode != AFFECTED_ARGOCD && is_rendered(s),
	};
	struct numbers units = { 0 };
	struct match m;

	match_begin(&m, s->ref->table, s->state->repo, &options);
	const struct treewalk_visitor visitor = match_visitor(&m);
	int r = treewalk(s->state->repo, &s->ref->tree, tree, &visitor, err);
	if (r == REPO_LIMIT && match_is_full(&m)) {
		r = error_set(err, r, "the changes touch too many inputs");
	}
	if (r == REPO_OK) {
		if (result != NULL && !options.argocd) {
			fingerprint_compare(s->state, s->ref, &m, tree);
		}
		if (result != NULL) {
			result_fill(s->state, s->ref, &m, result);
		}
		spread_units(&m, &units);
	}
	match_end(&m);
	if (r == REPO_OK) {
		r = ref_state_advance(s->state, s->ref, &units, commit, tree, err);
	}
	free(units.items);
	return r;
}

/*
 * Bring the index to the commit to compare with. 0; or a fall-back, which
 * says that there is no such commit to be had; or -1.
 */
static int bring(struct computation *s, struct error *err)
{
	const struct affected_request *q = s->request;
	struct oid commit;
	struct oid tree;

	if (s->ref->table != NULL) {
		int r = ref_state_bind(s->state, s->ref, q->default_branch, err);

		if (r != 0) {
			return r;
		}
	}
	if (q->before.len == 0 || oid_is_zero(&q->before)) {
		return s->ref->table != NULL ? 0 : FALLBACK_FIRST;
	}
	int r = repo_peel(s->state->repo, &q->before, &commit, &tree, err);
	if (r != REPO_OK) {
		return r < 0 ? r : FALLBACK_BEFORE;
	}
	if (s->ref->table != NULL) {
		r = oid_equal(&s->ref->commit, &commit) ? 0 : move(s, &commit, &tree, NULL, err);
		if (r <= 0) {
			return r;
		}
	}
	return ref_state_build(s->state, s->ref, &commit, &tree, q->default_branch, err);
}

/* The index stands at the commit to compare with. */
static int compare(struct computation *s, struct error *err)
{
	bool moved = !oid_equal(&s->ref->commit, &s->commit);

	if (!moved) {
		s->result->tracked = s->ref->sources.apps;
		s->result->changed_paths_exact = true;
		return 0;
	}
	if (s->state->mode == AFFECTED_ARGOCD && oid_equal(&s->ref->tree, &s->tree)) {
		s->ref->commit = s->commit;
		return all(s, FALLBACK_EMPTY);
	}
	bool same = oid_equal(&s->ref->tree, &s->tree);
	int r = move(s, &s->commit, &s->tree, s->result, err);
	if (r <= 0) {
		s->result->changed_paths_exact = s->result->changed_paths_exact || same;
		return r;
	}
	return all_anew(s, fallback_of(r), err);
}

/* Does any application follow the ref? If not, there is nothing to hold and to say. */
static bool is_followed(const struct computation *s)
{
	struct tracked_list list = { 0 };

	if (ref_state_is_bound(s->state, s->request->ref, s->request->default_branch)) {
		return true;
	}
	tracked_choose(s->state, s->request->ref, s->request->default_branch, &list);
	free(list.items);
	return list.count > 0;
}

static int compute(struct computation *s, struct error *err)
{
	int r = repo_peel(s->state->repo, &s->request->after, &s->commit, &s->tree, err);

	if (r != REPO_OK) {
		return r < 0 ? r : all(s, r == REPO_MISSING ? FALLBACK_AFTER
							   : FALLBACK_DAMAGED);
	}
	if (!s->request->count_all && !is_followed(s)) {
		return 0;
	}
	s->ref = ref_state_get(s->state, s->request->ref);
	r = bring(s, err);
	if (r < 0) {
		return r;
	}
	r = r == 0 ? compare(s, err) : all_anew(s, (enum fallback)r, err);
	if (r == 0) {
		s->result->remote_references = remote_references_gather(s->state, s->ref);
	}
	return r;
}

int affected_compute(struct affected_state *state, const struct affected_request *request,
		     struct affected *ret_result, struct error *err)
{
	struct affected result = { 0 };
	struct computation s = { .state = state, .request = request, .result = &result };
	int r;

	repo_begin(state->repo);
	if (request->after.len == 0 || oid_is_zero(&request->after)) {
		ref_state_drop(state, ref_state_get(state, request->ref), true);
		r = all(&s, FALLBACK_DELETED);
	} else {
		r = compute(&s, err);
		ref_state_limit(state);
	}
	if (r != 0) {
		affected_release(&result);
		return -1;
	}
	*ret_result = result;
	return 0;
}

void affected_save(struct affected_state *state)
{
	save_all(state, false);
}

int affected_resolve(struct affected_state *state, const char *revision, struct oid *ret_commit,
		     struct error *err)
{
	repo_begin(state->repo);
	return repo_resolve(state->repo, revision, ret_commit, err) == REPO_OK ? 0 : -1;
}

int affected_list(struct affected_state *state, struct ref_list *ret_listing, struct error *err)
{
	repo_begin(state->repo);
	return repo_list(state->repo, ret_listing, err);
}
