/*
 * Resolving: one question is at most a fetch and one request to a reader.
 *
 * For a fetched repository, git's answer is enough: the commit is there and
 * the ref's tip is what was fetched last.  For a local one the reader looks
 * the ref up and says whether the commit is there.  A mirror that lags shows
 * as a ref that is there without the commit: not yet.
 */
#include "receiver/git/resolver.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/xalloc.h"
#include "receiver/git/fetch.h"
#include "receiver/reader/reader.h"
#include "receiver/settings/settings.h"

struct resolver {
	struct event_base *base;
	struct reader_pool *pool;
	struct fetcher *fetcher;
	struct settings *settings;
	struct question *questions; // without an answer
};

struct question {
	struct resolver *resolver;
	struct settings *settings;  // a reference
	char *repository;
	char *ref;
	struct oid after;
	struct oid base;
	struct oid tip;
	resolver_done_fn done;
	void *arg;
	bool again;                 // the ref is asked for once more
	struct oid commit;          // the tip, if after is the same commit; or what after leads to
	const char *default_branch; // borrowed from the settings, or NULL
	char failure[ERROR_TEXT_MAX]; // for an answer without asking, ...
	struct event *failed;         // ... which comes from the loop
	struct question *next, *prev;
};

struct resolver *resolver_new(struct event_base *base, struct reader_pool *pool,
			      struct fetcher *fetcher)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	*r = (struct resolver){ .base = base, .pool = pool, .fetcher = fetcher };
	return r;
}

static void question_free(struct question *q)
{
	DL_DELETE(q->resolver->questions, q);
	event_free(q->failed);
	settings_unref(q->settings);
	free(q->repository);
	free(q->ref);
	free(q);
}

void resolver_free(struct resolver *r)
{
	if (r == NULL) {
		return;
	}
	while (r->questions != NULL) {
		question_free(r->questions);
	}
	settings_unref(r->settings);
	free(r);
}

void resolver_set_settings(struct resolver *r, struct settings *settings)
{
	settings_unref(r->settings);
	r->settings = settings_ref(settings);
}

static void answer(struct question *q, enum delivery_resolve result, const struct oid *tip,
		   const char *why)
{
	struct delivery_resolved resolved = {
		.result = result,
		.after = q->commit,
		.default_branch = q->default_branch,
		.why = why,
	};

	if (tip != NULL) {
		resolved.tip = *tip;
	}
	q->done(q->arg, &resolved);
	question_free(q);
}

static void on_failure(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;

	(void)fd;
	(void)what;
	answer(q, RESOLVE_UNUSABLE, NULL, q->failure);
}

static void fail_later(struct question *q, const char *why)
{
	struct error text = ERROR_INIT;

	error_set(&text, 0, "%s", why);
	memcpy(q->failure, text.text, sizeof(q->failure));
	event_active(q->failed, EV_TIMEOUT, 0);
}

/* The commit that must be there, NULL: none. */
static const struct oid *wanted(const struct question *q)
{
	const struct oid *id = q->tip.len > 0 ? &q->tip : &q->after;

	return id->len > 0 && !oid_is_zero(id) ? id : NULL;
}

/*
 * The answer for a repository of the operator's. The order of the questions is
 * that of what can be relied on: a replay wants one commit and nothing else;
 * then the commit of the push, without which the ref is from before the push (a
 * mirror that lags); then the ref itself, which may be gone by now.
 */
static void on_reader(void *arg, enum reader_result result, const struct reader_tip *tip,
		      const char *why)
{
	struct question *q = arg;

	if (result != READER_OK) {
		answer(q, result == READER_UNUSABLE ? RESOLVE_UNUSABLE : RESOLVE_FAILED, NULL, why);
		return;
	}
	if (q->tip.len > 0) {
		bool there = tip->present || wanted(q) == NULL;

		answer(q, there ? RESOLVE_TIP : RESOLVE_UNUSABLE, &q->tip,
		       "the commit is not in the repository any more");
		return;
	}
	if (wanted(q) != NULL && !tip->present) {
		answer(q, RESOLVE_NOT_YET, NULL, "the commit is not in the repository yet");
		return;
	}
	if (!tip->found) {
		answer(q, RESOLVE_GONE, NULL, "the ref does not exist");
		return;
	}
	q->commit = tip->asked;
	answer(q, RESOLVE_TIP, &tip->commit, NULL);
}

struct fetch_repository resolver_fetch_settings(const struct repository *repository,
						const struct config *config)
{
	const struct config_repository *c = repository->config;

	return (struct fetch_repository){
		.directory = repository->path,
		.url = c->fetch_url != NULL ? c->fetch_url : c->url,
		.username = c->username,
		.token_file = c->token_file,
		.ssh_key_file = c->ssh_key_file,
		.known_hosts_file = c->known_hosts_file,
		.ca_file = c->ca_file,
		.time_limit_ms = config->fetch_timeout,
	};
}

static void on_fetch(void *arg, const struct fetch_result *result);

/* Fetch what is wanted or, the second time, whatever the ref is now. */
static void ask_origin(struct question *q, const struct repository *repository)
{
	struct fetch_repository from = resolver_fetch_settings(repository, q->settings->config);
	struct fetch_want want = { .ref = q->ref };

	if (!q->again) {
		want.base = q->base;
		want.after = wanted(q) != NULL ? *wanted(q) : want.after;
	}
	fetch_ref(q->resolver->fetcher, &from, &want, on_fetch, q);
}

static void on_fetch(void *arg, const struct fetch_result *result)
{
	static const enum delivery_resolve results[] = {
		[FETCH_OK] = RESOLVE_TIP,
		[FETCH_NOT_THERE_YET] = RESOLVE_NOT_YET,
		[FETCH_REF_GONE] = RESOLVE_NOT_YET,
		[FETCH_FAILED] = RESOLVE_FAILED,
	};
	struct question *q = arg;
	enum delivery_resolve how = results[result->outcome];

	/*
	 * The commit is there, and the ref, which was read before it, is
	 * somewhere else: it has moved on, or it moved to the commit just
	 * after it was read.  Only a later look can tell.
	 */
	if (result->outcome == FETCH_OK && wanted(q) != NULL && q->tip.len == 0 && !q->again &&
	    !result->tip_is_wanted) {
		q->again = true;
		ask_origin(q, repositories_find_name(q->settings->repositories, q->repository));
		return;
	}

	if (result->outcome == FETCH_REF_GONE && wanted(q) == NULL) {
		how = RESOLVE_GONE;
	}
	/* A repeat: what the origin has no more may still be here, or never will be. */
	if (q->tip.len > 0 && result->outcome != FETCH_FAILED) {
		how = RESOLVE_TIP;
	}
	if (result->tip_is_wanted) {
		q->commit = result->tip;
	}
	const struct oid *tip = result->tip.len > 0 ? &result->tip : &q->after;
	answer(q, how, q->tip.len > 0 ? &q->tip : tip, result->why);
}

/*
 * The question holds the settings it began with until its answer: a reload may
 * take its repository away, and what is borrowed from there (the default
 * branch) must outlive the fetch. done is never called from in here; what can
 * be said at once is said by the event failed.
 */
void resolver_ask(struct resolver *r, const struct resolver_question *question,
		  resolver_done_fn done, void *arg)
{
	struct question *q = xcalloc(1, sizeof(*q));
	const struct repository *repository =
		repositories_find_name(r->settings->repositories, question->repository);
	struct error err = ERROR_INIT;

	q->resolver = r;
	q->failed = evtimer_new(r->base, on_failure, q);
	q->settings = settings_ref(r->settings);
	q->repository = xstrdup(question->repository);
	q->ref = xstrdup(question->ref);
	q->after = question->after;
	q->base = question->base;
	q->tip = question->tip;
	q->done = done;
	q->arg = arg;
	DL_APPEND(r->questions, q);
	if (repository == NULL) {
		fail_later(q, "the repository is not configured any more");
		return;
	}
	q->default_branch = repository->config->default_branch;
	if (!repository->local) {
		ask_origin(q, repository);
		return;
	}
	if (reader_resolve(r->pool, repository->name, q->ref, wanted(q), on_reader, q, &err) < 0) {
		fail_later(q, err.text);
	}
}

void resolver_keep(struct resolver *r, const char *repository, const char *ref,
		   const struct oid *commit)
{
	const struct repository *found =
		repositories_find_name(r->settings->repositories, repository);

	if (found != NULL && !found->local) {
		struct fetch_repository from = resolver_fetch_settings(found, r->settings->config);

		fetch_keep(r->fetcher, &from, ref, commit);
	}
}
