/*
 * The room for the writer thread: the journal behind a queue.  The door stores
 * deliveries and reads records with it, and serve's world stores what is decided
 * and tried.  It never decides what is recorded, and never makes the loop wait.
 *
 * The loop hands over jobs and never waits; the thread takes what is queued,
 * carries it out in one transaction (group commit), and the answers come back
 * on the loop's thread once everything in them is durable.  Jobs are carried
 * out in the order they came.  Data that a job is lent belongs to the store
 * until its answer: do not touch it.
 *
 * All functions are for the loop's thread, and none answers before it
 * returned.  Every job that was taken is answered exactly once.
 */
#ifndef RECEIVER_STORE_STORE_H
#define RECEIVER_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "journal/journal.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"

struct event_base;
struct store;

enum store_result {
	STORE_OK = 0,    // taken
	STORE_BUSY = 1,  // the backlog is full, or the store ends: answer 503
	STORE_FAILED = 2 // the journal failed: answer 503 until the restart
};

/*
 * The answer to a job.  result is that of the journal; RECORD_FAILED means
 * unknown.  err has a text unless result is RECORD_OK or RECORD_DUPLICATE;
 * borrowed for the call.
 * Must not call store_free().
 */
typedef void (*store_done)(void *arg, enum record_result result, const struct error *err);

/* A question to the journal, asked on the writer thread outside any transaction; must be short. */
typedef enum record_result (*store_work)(struct journal *j, void *arg, struct error *err);

struct store_options {
	struct event_base *base;
	struct journal *journal;  // open; the store's from a successful store_new() on
	struct metrics *metrics;  // or NULL
	struct status *status;    // or NULL
	/*
	 * Deliveries and questions are refused while so many jobs of any kind are
	 * not carried out, or would then hold so many bytes.
	 */
	size_t max_jobs;          // 0: 4096
	size_t max_bytes;         // 0: 64 MB
	int64_t retention_ms;     // finished deliveries older than that are purged, 0: never
	int64_t purge_every_ms;   // 0: every hour, the first time 10 s after the start
	int64_t idle_ms;          // after that without a job the WAL is emptied, 0: 5 s
	/* Told once, when the journal failed: drain what can be, then exit(70). May be NULL. */
	void (*on_failed)(void *arg, const char *why);
	void *arg;
};

/* What was handed over and is not carried out yet, what the thread works on included. */
struct store_stats {
	size_t jobs;
	size_t bytes;       // that they hold
	int64_t oldest_ms;  // when the oldest of them came, wall clock; 0: none
};

/* Start the thread. 0 with *ret_store, or -1 with err and the journal still the caller's. */
int store_new(const struct store_options *options, struct store **ret_store, struct error *err);

/*
 * End: carry out what is queued, stop the thread, give the answers (from
 * within), close the journal.  Blocks meanwhile.  NULL is fine.
 */
void store_free(struct store *s);

/*
 * Store a delivery; d is lent.  The answer is RECORD_OK, _DUPLICATE (both
 * with d->id set), _FULL, _INVALID or _FAILED.  Any result but STORE_OK: d is
 * the caller's still and there is no answer.
 */
enum store_result store_add_delivery(struct store *s, struct record_delivery *d, store_done done,
				     void *arg);

/* Ask; arg of work and done is the same. Refused as store_add_delivery() may be. */
enum store_result store_read(struct store *s, store_work work, store_done done, void *arg);

/*
 * Carry out a plan, which is lent.  Always taken: it belongs to work that was
 * accepted.  After a failure the answer is RECORD_FAILED.
 */
void store_add_plan(struct store *s, struct record_plan *plan, store_done done, void *arg);

/* Record a push or a try of a trigger, which are copied. Always taken; done may be NULL. */
void store_update_push(struct store *s, const struct record_push *push, store_done done,
		       void *arg);
void store_update_trigger(struct store *s, const struct trigger *trigger,
			  const struct outcome *outcome, store_done done, void *arg);

/* After a reload. */
void store_set_retention(struct store *s, int64_t retention_ms);

/* Fill *ret_stats. */
void store_get_stats(struct store *s, struct store_stats *ret_stats);

#endif
