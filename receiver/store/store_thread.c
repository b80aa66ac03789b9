/*
 * The writer thread: batches, care.
 *
 * A batch is what is queued when the thread comes by, at most 64 jobs; it
 * never waits for more, so a lone delivery costs one fsync and a flood shares
 * one.  Each change is a savepoint of the journal: one that is refused leaves
 * the batch alone.  When the file or the disk is full the batch is undone and
 * its jobs are carried out one by one, so that what still fits is done.
 *
 * Between batches, once a second at least: tell that we live, let the journal
 * look after itself and purge old deliveries in small bites, and show how large
 * it is and how much room is left, whether or not anything could be written.
 */
#include "receiver/store/store_impl.h"

#include <string.h>
#include <unistd.h>

#include "base/mstime.h"

#define BATCH_JOBS 64
#define PURGE_BITE 100
#define TICK_MS 1000

/*
 * The first failure is the one that is told; those after it follow from it. The
 * flag is set under the mutex before the jobs of this batch are handed back, so
 * whoever hears that his delivery failed cannot have another one taken after
 * it. The loop is rung even if no answer is due: it has to end the process.
 */
static void note_failure(struct store *s, const struct error *err)
{
	bool first;

	(void)pthread_mutex_lock(&s->mutex);
	first = !s->failed;
	if (first) {
		s->failed = true;
		s->tell_failed = true;
		s->failure = *err;
	}
	(void)pthread_mutex_unlock(&s->mutex);
	if (first) {
		uint64_t one = 1;

		status_set(s->options.status, STATUS_JOURNAL, false, "it failed; restart");
		(void)!write(s->event_fd, &one, sizeof(one));
	}
}

static enum record_result carry_out(struct store *s, struct store_job *job)
{
	struct journal *j = s->options.journal;

	switch (job->kind) {
	case STORE_JOB_DELIVERY:
		return journal_add_delivery(j, job->delivery, &job->err);
	case STORE_JOB_PLAN:
		return journal_add_plan(j, job->plan, &job->err);
	case STORE_JOB_PUSH:
		return journal_update_push(j, &job->push, &job->err);
	case STORE_JOB_TRIGGER:
		return journal_update_trigger(j, &job->trigger,
					      job->has_outcome ? &job->outcome : NULL, &job->err);
	case STORE_JOB_READ:
		break;
	}
	return job->work(j, job->arg, &job->err);
}

static enum record_result commit(struct store *s, struct error *err)
{
	int64_t begin = mstime_nanoseconds();
	enum record_result result = journal_commit(s->options.journal, err);

	metrics_observe(s->options.metrics, METRIC_STORE_COMMIT_DURATION, NULL,
			(double)(mstime_nanoseconds() - begin) / 1e9);
	return result;
}

/* The jobs from job up to end in one transaction; RECORD_OK if all of it is durable. */
static enum record_result try_together(struct store *s, struct store_job *job,
					const struct store_job *end, struct error *err)
{
	enum record_result result = journal_begin(s->options.journal, err);

	for (; result == RECORD_OK && job != end; job = job->next) {
		job->err.text[0] = '\0';
		job->result = carry_out(s, job);
		if (job->result == RECORD_FULL || job->result == RECORD_FAILED) {
			result = job->result;
			*err = job->err;
		}
	}
	if (result == RECORD_OK) {
		return commit(s, err);
	}
	journal_rollback(s->options.journal);
	return result;
}

/* Whatever became of each: nothing of it can be relied on. */
static void answer_all(struct store_job *job, enum record_result result, const struct error *err)
{
	for (; job != NULL; job = job->next) {
		job->result = result;
		job->err = *err;
	}
}

/*
 * Each job in a transaction of its own. The whole batch was rolled back before,
 * so no job is carried out twice; what one of them was told of its result by
 * the first attempt is overwritten. That costs an fsync a job, but only while
 * the disk is nearly full, and then every small job that still fits counts.
 */
static void run_one_by_one(struct store *s, struct store_job *jobs)
{
	for (struct store_job *job = jobs; job != NULL; job = job->next) {
		struct error err = ERROR_INIT;
		enum record_result result = try_together(s, job, job->next, &err);

		if (result != RECORD_OK) {
			job->result = result;
			job->err = err;
		}
		if (result == RECORD_FAILED) {
			note_failure(s, &err);
		}
	}
}

/*
 * A question is alone in its batch and needs no transaction. Of changes
 * RECORD_FAILED is the end for all: the commit may be on disk or not, so none
 * of them may be told that it is, and none may be tried again. Every other
 * result than RECORD_OK says that nothing was written.
 */
static void run_batch(struct store *s, struct store_job *jobs)
{
	struct error err = ERROR_INIT;

	if (jobs->kind == STORE_JOB_READ) {
		jobs->result = carry_out(s, jobs);
		if (jobs->result == RECORD_FAILED) {
			note_failure(s, &jobs->err);
		}
		return;
	}
	switch (try_together(s, jobs, NULL, &err)) {
	case RECORD_OK:
		break;
	case RECORD_FAILED:
		answer_all(jobs, RECORD_FAILED, &err);
		note_failure(s, &err);
		break;
	case RECORD_FULL:
	case RECORD_DUPLICATE:
	case RECORD_NOT_FOUND:
	case RECORD_INVALID:
		run_one_by_one(s, jobs);
		break;
	}
}

/* Take a batch off the queue: questions alone, changes together. The mutex is held. */
static struct store_job *take_batch(struct store *s)
{
	struct store_job *first = s->queue.first;
	struct store_job *last = first;

	if (first == NULL) {
		return NULL;
	}
	for (int i = 1; i < BATCH_JOBS && first->kind != STORE_JOB_READ && last->next != NULL &&
			last->next->kind != STORE_JOB_READ; i++) {
		last = last->next;
	}
	s->batch_ms = first->queued_ms;
	s->queue.first = last->next;
	if (s->queue.first == NULL) {
		s->queue.end = &s->queue.first;
	}
	last->next = NULL;
	return first;
}

/*
 * Results go to the loop in the order in which the jobs came. From the unlock
 * on the jobs are the loop's, which may free them at once, before this thread
 * has rung: so nothing of them is touched after that, and ringing twice, or for
 * answers that were fetched already, does no harm.
 */
static void hand_back(struct store *s, struct store_job *jobs)
{
	uint64_t one = 1;

	(void)pthread_mutex_lock(&s->mutex);
	s->batch_ms = 0;
	while (jobs != NULL) {
		struct store_job *next = jobs->next;

		s->jobs--;
		s->bytes -= jobs->bytes;
		store_list_add(&s->answers, jobs);
		jobs = next;
	}
	(void)pthread_mutex_unlock(&s->mutex);
	/* Full only if the loop has 2^64 - 2 unread rings: it will come. */
	(void)!write(s->event_fd, &one, sizeof(one));
}

/*
 * Wait for a job, a tick or the end. NULL: nothing is queued, and with *ret_end
 * nothing will be. One wait is enough, without a loop around it: a wake-up for
 * no reason is a tick that came early. The end is only reached with an empty
 * queue, so all that was taken before store_free() is written.
 */
static struct store_job *wait_for_batch(struct store *s, bool *ret_end)
{
	struct timespec until;
	struct store_job *jobs;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TICK_MS / 1000;
	(void)pthread_mutex_lock(&s->mutex);
	if (s->queue.first == NULL && !s->stopping) {
		(void)pthread_cond_timedwait(&s->wake, &s->mutex, &until);
	}
	jobs = take_batch(s);
	*ret_end = jobs == NULL && s->stopping;
	(void)pthread_mutex_unlock(&s->mutex);
	return jobs;
}

static void show_figures(struct store *s, const struct journal_figures *figures)
{
	metrics_set(s->options.metrics, METRIC_STORE_SIZE, NULL, (double)figures->size);
	if (figures->free_bytes != UINT64_MAX) {
		metrics_set(s->options.metrics, METRIC_STORE_FREE, NULL,
			    (double)figures->free_bytes);
	}
	status_set_room(s->options.status, !figures->full, figures->free_bytes);
}

/* What the journal is to do now, besides looking after itself. */
static struct journal_care choose_care(struct store *s, int64_t now)
{
	int64_t retention = atomic_load(&s->retention_ms);
	struct journal_care care = {
		.idle = now - s->last_job_ms >= s->options.idle_ms,
		.purge_limit = PURGE_BITE,
		.measure = now >= s->next_measure_ms,
	};

	if (retention > 0 && now >= s->next_purge_ms) {
		care.purge_before_ms = mstime_wall() - retention;
	}
	return care;
}

/*
 * Between two batches, not inside one, since what the journal does for itself
 * takes transactions of its own. It purges in bites of PURGE_BITE and comes
 * back after the next batch or tick, so a delivery never waits for a long
 * purge.
 */
static void keep_house(struct store *s)
{
	int64_t now = mstime_monotonic();
	struct journal_care care = choose_care(s, now);
	struct journal_figures figures;
	struct error err = ERROR_INIT;

	status_beat(s->options.status, STATUS_WRITER, now);
	enum record_result result = journal_tend(s->options.journal, &care, &figures, &err);

	if (result == RECORD_FAILED) {
		note_failure(s, &err);
	}
	/* One that failed for want of room is tried again soon: it makes room. */
	if (care.purge_before_ms != 0 && result == RECORD_OK && figures.purged < PURGE_BITE) {
		s->next_purge_ms = now + s->options.purge_every_ms;
	}
	metrics_count(s->options.metrics, METRIC_STORE_DROPPED, NULL, NULL, figures.dropped);
	if (care.measure) {
		show_figures(s, &figures);
		s->next_measure_ms = now + TICK_MS;
	}
}

void *store_thread(void *arg)
{
	struct store *s = arg;
	bool end = false;

	keep_house(s); /* so that the figures are there from the first scrape on */
	while (!end) {
		struct store_job *jobs = wait_for_batch(s, &end);

		if (jobs != NULL) {
			run_batch(s, jobs);
			s->last_job_ms = mstime_monotonic();
			hand_back(s, jobs);
		}
		if (!end) {
			keep_house(s);
		}
	}
	return NULL;
}
