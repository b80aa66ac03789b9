/*
 * A request, from the asking to the answer.
 *
 * Whoever asks names a repository and a call; the question is written down at
 * once, because what it is made of is borrowed, and waits in the queue of the
 * one reader that has the repository.  When its turn comes, that reader may
 * have to be told other things first: the call "open" if it does not know the
 * repository, the call "apps", piece by piece, if it does not have the
 * applications of now.  So a request is asked in several frames, and job->asked
 * says which one is under way; nobody but this file decides that.
 *
 * Retry.  A request is answered once, whatever becomes of its reader.  One that
 * was being worked on when the reader went is not asked again: it may well be
 * what killed it, and would kill the next.  One that only waited is asked of
 * the next reader, up to READER_STRIKES_MAX times, so that a request that
 * cannot be read does not take those behind it along, and those do not wait
 * for ever.  And one that a reader could not begin because its sandbox is from
 * before ("stale") is put in front again, as often at most: nothing of an
 * answer has come yet, so that nothing is taken twice.
 */
#include "receiver/reader/reader_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_process.h"

struct reader_job *reader_job_new(struct reader_pool *pool, const struct reader_call *call,
				  reader_done_fn done, void *arg)
{
	struct reader_job *job = xcalloc(1, sizeof(*job));

	job->call = call;
	job->pool = pool;
	job->done = done;
	job->arg = arg;
	job->since = mstime_monotonic();
	job->state = call->state_size > 0 ? xcalloc(1, call->state_size) : NULL;
	return job;
}

int reader_ask(struct reader_pool *pool, const char *url, const struct reader_call *call,
	       json_t *request, reader_done_fn done, void *arg, struct error *err)
{
	struct reader_repository *repository = reader_pool_find(pool, url, err);

	if (repository == NULL || request == NULL) {
		if (repository != NULL) {
			(void)error_set(err, -1, "the request has text that is not UTF-8");
		}
		json_decref(request);
		return -1;
	}
	(void)json_object_set_new(request, "repository", json_string(repository->key));
	struct reader_job *job = reader_job_new(pool, call, done, arg);
	job->repository = repository;
	job->request = request;
	repository->jobs++;
	reader_talk_enqueue(repository->reader, job);
	return 0;
}

/* What the reader must be asked next: what the call needs and is not there, or the call. */
static const struct reader_call *next_call(const struct reader_job *job)
{
	const struct reader_repository *repository = job->repository;

	if (job->call->needs >= READER_NEEDS_REPOSITORY && !repository->opened) {
		return &call_open;
	}
	if (job->call->needs >= READER_NEEDS_APPS && !call_apps_are_there(repository)) {
		return &call_apps;
	}
	return job->call;
}

int reader_job_write(struct reader_job *job, uint64_t id, struct buf *out, struct error *err)
{
	job->asked = next_call(job);
	if (job->asked == job->call && job->call->needs >= READER_NEEDS_APPS) {
		share_set(&job->share, job->repository->share);
	}
	return job->asked->write(job, id, out, err);
}

void reader_job_refused(struct reader_job *job, const char *why)
{
	struct reader_repository *repository = job->repository;

	if (repository == NULL) {
		return;
	}
	call_apps_stop(repository);
	if (!job->asked->tells_of_repository ||
	    (repository->refusal != NULL && strcmp(repository->refusal, why) == 0)) {
		return;
	}
	char *text = xasprintf("repository %s cannot be read: %s", repository->key, why);
	reader_log(job->pool, READER_LOG_WARNING, text);
	free(text);
	free(repository->refusal);
	repository->refusal = xstrdup(why);
}

bool reader_job_again(struct reader_job *job)
{
	if (++job->strikes > READER_STRIKES_MAX) {
		return false;
	}
	char *text = xasprintf("a new one is started: a directory of %s was made, moved or "
			       "made anew", job->repository->key);
	reader_log(job->pool, READER_LOG_NOTICE, text);
	free(text);
	share_set(&job->share, NULL);
	job->answer_bytes = 0;
	return true;
}

void reader_job_finish(struct reader_job *job, enum reader_result result, const char *why)
{
	reader_pool_count_answer(job->pool, result);
	job->call->finish(job, result, why);
	reader_job_free(job);
}

void reader_job_free(struct reader_job *job)
{
	if (job->repository != NULL) {
		reader_pool_release(job->pool, job->repository);
	}
	share_drop(job->share);
	if (job->call->release != NULL) {
		job->call->release(job->state);
	}
	free(job->state);
	json_decref(job->request);
	free(job);
}

void reader_repository_forget(struct reader_repository *repository)
{
	repository->opened = false;
	share_set(&repository->has, NULL);
	call_apps_stop(repository);
}
