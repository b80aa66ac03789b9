/*
 * What a reader is told and asked: the frames of our side.
 *
 * A request needs its repository open in the reader, and the question which
 * applications are affected needs the applications there.  Each call writes
 * the one frame that is missing next.
 */
#include "receiver/reader/reader_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static int put_json(json_t *request, uint64_t id, struct buf *out, struct error *err)
{
	(void)json_object_set_new(request, "id", json_integer((json_int_t)id));
	char *text = json_dumps(request, JSON_COMPACT);
	int r = text != NULL ? buf_addstr(out, text) : -1;

	free(text);
	return r < 0 ? error_set(err, -1, "the request is too long") : 0;
}

static int put_open(const struct reader_repository *repository, uint64_t id, struct buf *out,
		    struct error *err)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:I, s:b}", "op", "open",
				    "repository", repository->key, "url", repository->url, "path",
				    repository->path, "mode", affected_mode_name(repository->mode),
				    "cache", repository->cache_directory, "cache_max",
				    (json_int_t)repository->cache_max_bytes, "alternates",
				    repository->allow_alternates);

	if (request == NULL) {
		return error_set(err, -1, "the repository's url or path is not UTF-8");
	}
	int r = put_json(request, id, out, err);
	json_decref(request);
	return r;
}

static void set_share(struct share **share, struct share *value)
{
	if (value != NULL) {
		(void)share_hold(value);
	}
	share_drop(*share);
	*share = value;
}

/*
 * Go on with what was begun if it is still what we want: of the same content,
 * though it may stand elsewhere in a newer list. Else begin.
 */
static void begin_apps(struct reader_repository *repository)
{
	if (repository->sending == NULL ||
	    repository->sending->digest != repository->share->digest) {
		repository->sent = (struct share_cursor){ .next = 0 };
	}
	set_share(&repository->sending, repository->share);
}

void reader_request_sent(struct reader_repository *repository)
{
	if (repository->sent.next == repository->sending->count) {
		set_share(&repository->has, repository->sending);
		reader_request_stop(repository);
	}
}

void reader_request_stop(struct reader_repository *repository)
{
	set_share(&repository->sending, NULL);
}

void reader_request_forget(struct reader_repository *repository)
{
	repository->opened = false;
	set_share(&repository->has, NULL);
	set_share(&repository->sending, NULL);
}

static int put_apps(struct reader_pool *pool, struct reader_repository *repository, uint64_t id,
		    struct buf *out, struct error *err)
{
	begin_apps(repository);
	share_piece(repository->sending, repository->has, reader_pool_apps(pool), repository->key,
		    id, &repository->sent, out);
	return buf_is_full(out) ? error_set(err, -1, "an application is too large") : 0;
}

/* Written without a tree of JSON: base64 needs no escapes, and there may be 5 MB of it. */
static int put_text(const struct reader_job *job, uint64_t id, struct buf *out,
		    struct error *err)
{
	(void)buf_addf(out, "{\"op\":\"parse\",\"id\":%llu,\"text\":\"",
		       (unsigned long long)id);
	(void)buf_addstr(out, job->text);
	(void)buf_addstr(out, "\"}");
	return buf_is_full(out) ? error_set(err, -1, "the text is too long") : 0;
}

int reader_request_build(struct reader_pool *pool, struct reader_job *job, uint64_t id,
			 struct buf *out, struct error *err)
{
	struct reader_repository *repository = job->repository;

	if (job->kind == JOB_PARSE) {
		job->step = STEP_ASK;
		return put_text(job, id, out, err);
	}
	if (!repository->opened) {
		job->step = STEP_OPEN;
		return put_open(repository, id, out, err);
	}
	if ((job->kind == JOB_AFFECTED || job->kind == JOB_INPUTS) &&
	    (repository->has == NULL || repository->has->digest != repository->share->digest)) {
		job->step = STEP_APPS;
		return put_apps(pool, repository, id, out, err);
	}
	job->step = STEP_ASK;
	job->share = share_hold(repository->share);
	return put_json(job->request, id, out, err);
}

static void replace_refusal(struct reader_repository *repository, const char *why)
{
	free(repository->refusal);
	repository->refusal = xstrdup_or_null(why);
}

void reader_request_opened(struct reader_repository *repository)
{
	repository->opened = true;
	replace_refusal(repository, NULL);
}

void reader_request_refused(struct reader_pool *pool, const struct reader_job *job, const char *why)
{
	struct reader_repository *repository = job->repository;

	if (repository == NULL) {
		return;
	}
	reader_request_stop(repository);
	if ((job->step == STEP_ASK && job->kind != JOB_RESOLVE) ||
	    (repository->refusal != NULL && strcmp(repository->refusal, why) == 0)) {
		return;
	}
	char *text = xasprintf("repository %s cannot be read: %s", repository->key, why);
	reader_log(pool, READER_LOG_WARNING, text);
	free(text);
	replace_refusal(repository, why);
}

bool reader_request_again(struct reader_pool *pool, struct reader_job *job)
{
	if (++job->strikes > READER_STRIKES_MAX) {
		return false;
	}
	char *text = xasprintf("a new one is started: a directory of %s was made, moved or "
			       "made anew", job->repository->key);
	reader_log(pool, READER_LOG_NOTICE, text);
	free(text);
	set_share(&job->share, NULL);
	job->answer_bytes = 0;
	return true;
}
