/*
 * The loop's side of the store: queueing and answering.
 *
 *     loop thread                      writer thread (store_thread.c)
 *     store_add_...() -> queue ------> takes up to 64, one transaction, fsync
 *     done() <- answers <- eventfd <-- results
 *
 * The backlog is limited in jobs and bytes, so that a slow disk turns into
 * 503 and not into memory.  Only new work is refused: plans and updates
 * belong to work that was accepted, and there are never more of them than
 * pushes and triggers under way.
 *
 * A journal that failed stays failed: all that was queued is answered
 * RECORD_FAILED, new deliveries STORE_FAILED, health turns red, and main is
 * told to exit so that a supervisor starts us on what is really on the disk.
 */
#include "receiver/store/store.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/store/store_impl.h"

#define DEFAULT_JOBS 4096
#define DEFAULT_BYTES ((size_t)64 * 1024 * 1024)
#define DEFAULT_PURGE_MS 3600000
#define DEFAULT_IDLE_MS 5000
#define FIRST_PURGE_MS 10000

void store_list_add(struct store_list *list, struct store_job *job)
{
	job->next = NULL;
	*list->end = job;
	list->end = &job->next;
}

static struct store_job *store_list_take(struct store_list *list)
{
	struct store_job *first = list->first;

	list->first = NULL;
	list->end = &list->first;
	return first;
}

static void job_free(struct store_job *job)
{
	free(job->push.reason);
	outcome_release(&job->outcome);
	free(job);
}

/* A delivery that is answered 503 is counted, with the reason. */
static void count_refusal(struct store *s, enum record_result result)
{
	if (result == RECORD_FULL || result == RECORD_FAILED) {
		metrics_count(s->options.metrics, METRIC_STORE_REFUSED,
			      result == RECORD_FULL ? "full" : "failed", NULL, 1);
	}
}

static void answer(struct store *s, struct store_job *job)
{
	while (job != NULL) {
		struct store_job *next = job->next;

		if (job->kind == STORE_JOB_DELIVERY) {
			count_refusal(s, job->result);
		}
		if (job->done != NULL) {
			job->done(job->arg, job->result, &job->err);
		}
		job_free(job);
		job = next;
	}
}

/*
 * The list is taken off under the mutex and answered without it: callbacks may
 * add new jobs, which takes the mutex again. on_failed comes after the answers,
 * so that those who wait get theirs before the process ends.
 */
static void give_answers(struct store *s)
{
	struct error failure;
	struct store_job *jobs;
	bool tell;

	(void)pthread_mutex_lock(&s->mutex);
	jobs = store_list_take(&s->answers);
	tell = s->tell_failed;
	s->tell_failed = false;
	failure = s->failure;
	(void)pthread_mutex_unlock(&s->mutex);

	answer(s, jobs);
	if (tell && s->options.on_failed != NULL) {
		s->options.on_failed(s->options.arg, failure.text);
	}
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	/* Nothing to read: another turn has answered already. */
	if (read((int)fd, &count, sizeof(count)) == (ssize_t)sizeof(count)) {
		give_answers(arg);
	}
}

static void set_defaults(struct store_options *o)
{
	o->max_jobs = o->max_jobs != 0 ? o->max_jobs : DEFAULT_JOBS;
	o->max_bytes = o->max_bytes != 0 ? o->max_bytes : DEFAULT_BYTES;
	o->purge_every_ms = o->purge_every_ms != 0 ? o->purge_every_ms : DEFAULT_PURGE_MS;
	o->idle_ms = o->idle_ms != 0 ? o->idle_ms : DEFAULT_IDLE_MS;
}

static void init_locks(struct store *s)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&s->mutex, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static int start_thread(struct store *s)
{
	sigset_t all;
	sigset_t before;

	/* Signals belong to the loop; the thread inherits a mask that blocks all. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&s->thread, NULL, store_thread, s);

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static void dispose(struct store *s)
{
	if (s->event != NULL) {
		event_free(s->event);
	}
	if (s->event_fd >= 0) {
		(void)close(s->event_fd);
	}
	(void)pthread_cond_destroy(&s->wake);
	(void)pthread_mutex_destroy(&s->mutex);
	free(s);
}

int store_new(const struct store_options *options, struct store **ret_store, struct error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));
	int64_t now = mstime_monotonic();
	int errnum;

	s->options = *options;
	set_defaults(&s->options);
	s->retention_ms = options->retention_ms;
	s->last_job_ms = now;
	s->next_purge_ms = now + (options->purge_every_ms != 0 ? options->purge_every_ms
							       : FIRST_PURGE_MS);
	(void)store_list_take(&s->queue);
	(void)store_list_take(&s->answers);
	init_locks(s);
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->event_fd < 0) {
		(void)error_errno(err, -1, errno, "store: no event descriptor");
		goto fail;
	}
	s->event = event_new(options->base, s->event_fd, EV_READ | EV_PERSIST, on_event, s);
	if (s->event == NULL || event_add(s->event, NULL) < 0) {
		(void)error_set(err, -1, "store: cannot watch the event descriptor");
		goto fail;
	}
	errnum = start_thread(s);
	if (errnum != 0) {
		(void)error_errno(err, -1, errnum, "store: no writer thread");
		goto fail;
	}
	*ret_store = s;
	return 0;
fail:
	dispose(s);
	return -1;
}

/* The thread has ended: what came since is answered without having been done. */
static void refuse_rest(struct store *s)
{
	struct store_job *jobs = store_list_take(&s->queue);

	for (struct store_job *job = jobs; job != NULL; job = job->next) {
		job->result = error_set(&job->err, RECORD_FAILED, "the store has ended");
	}
	answer(s, jobs);
}

/*
 * The thread writes what is queued and ends; its answers are given here, on the
 * loop's thread. A callback may add jobs even now (a plan leads to another):
 * nobody is left to carry them out, so they are refused, again and again until
 * none comes.
 */
void store_free(struct store *s)
{
	if (s == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&s->mutex);
	s->stopping = true;
	(void)pthread_cond_signal(&s->wake);
	(void)pthread_mutex_unlock(&s->mutex);
	(void)pthread_join(s->thread, NULL);
	give_answers(s);
	while (s->queue.first != NULL) {
		refuse_rest(s);
	}
	journal_close(s->options.journal);
	dispose(s);
}

static struct store_job *new_job(enum store_job_kind kind, store_done done, void *arg)
{
	struct store_job *job = xcalloc(1, sizeof(*job));

	job->kind = kind;
	job->done = done;
	job->arg = arg;
	job->bytes = sizeof(*job);
	job->queued_ms = mstime_monotonic();
	return job;
}

/*
 * Give a job to the thread. New work (limited) is taken only if there is room,
 * and the job is freed if not. What belongs to work that was accepted is always
 * taken: to refuse it would leave a push undecided for ever, and the number of
 * those is bounded by what was let in.
 */
static enum store_result submit(struct store *s, struct store_job *job, bool limited)
{
	enum store_result result = STORE_OK;

	(void)pthread_mutex_lock(&s->mutex);
	if (limited && s->failed) {
		result = STORE_FAILED;
	} else if (limited && (s->stopping || s->jobs >= s->options.max_jobs ||
			       s->bytes + job->bytes > s->options.max_bytes)) {
		result = STORE_BUSY;
	} else {
		s->jobs++;
		s->bytes += job->bytes;
		store_list_add(&s->queue, job);
		(void)pthread_cond_signal(&s->wake);
	}
	(void)pthread_mutex_unlock(&s->mutex);
	if (result != STORE_OK && job->kind == STORE_JOB_DELIVERY) {
		metrics_count(s->options.metrics, METRIC_STORE_REFUSED,
			      result == STORE_BUSY ? "busy" : "failed", NULL, 1);
	}
	if (result != STORE_OK) {
		job_free(job);
	}
	return result;
}

enum store_result store_add_delivery(struct store *s, struct record_delivery *d, store_done done,
				     void *arg)
{
	struct store_job *job = new_job(STORE_JOB_DELIVERY, done, arg);

	job->delivery = d;
	job->bytes += d->body_len + d->push_count * (sizeof(*d->pushes) + 256);
	return submit(s, job, true);
}

enum store_result store_read(struct store *s, store_work work, store_done done, void *arg)
{
	struct store_job *job = new_job(STORE_JOB_READ, done, arg);

	job->work = work;
	return submit(s, job, true);
}

void store_add_plan(struct store *s, struct record_plan *plan, store_done done, void *arg)
{
	struct store_job *job = new_job(STORE_JOB_PLAN, done, arg);

	job->plan = plan;
	(void)submit(s, job, false);
}

void store_update_push(struct store *s, const struct record_push *push, store_done done,
		       void *arg)
{
	struct store_job *job = new_job(STORE_JOB_PUSH, done, arg);

	job->push = (struct record_push){
		.id = push->id,
		.state = push->state,
		.reason = push->reason != NULL ? xstrdup(push->reason) : NULL,
		.attempts = push->attempts,
		.next_ms = push->next_ms,
		.decided_ms = push->decided_ms,
	};
	(void)submit(s, job, false);
}

void store_update_trigger(struct store *s, const struct trigger *trigger,
			  const struct outcome *outcome, store_done done, void *arg)
{
	struct store_job *job = new_job(STORE_JOB_TRIGGER, done, arg);

	job->trigger = (struct trigger){
		.id = trigger->id,
		.state = trigger->state,
		.attempts = trigger->attempts,
		.next_ms = trigger->next_ms,
		.hard = trigger->hard,
		.observed = trigger->observed,
		.finished_ms = trigger->finished_ms,
	};
	if (outcome != NULL) {
		job->has_outcome = true;
		job->outcome = *outcome;
		job->outcome.output = outcome->output != NULL ? xstrdup(outcome->output) : NULL;
	}
	(void)submit(s, job, false);
}

void store_set_retention(struct store *s, int64_t retention_ms)
{
	atomic_store(&s->retention_ms, retention_ms);
}

void store_get_stats(struct store *s, struct store_stats *ret_stats)
{
	int64_t oldest = 0;

	(void)pthread_mutex_lock(&s->mutex);
	if (s->batch_ms != 0) {
		oldest = s->batch_ms;
	} else if (s->queue.first != NULL) {
		oldest = s->queue.first->queued_ms;
	}
	*ret_stats = (struct store_stats){ .jobs = s->jobs, .bytes = s->bytes };
	(void)pthread_mutex_unlock(&s->mutex);
	/* Jobs know the clock that never jumps; people want the other. */
	if (oldest != 0) {
		ret_stats->oldest_ms = mstime_wall() - (mstime_monotonic() - oldest);
	}
}
