/*
 * The store's inside: private to receiver/store/store*.c.
 */
#ifndef RECEIVER_STORE_STORE_IMPL_H
#define RECEIVER_STORE_STORE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "receiver/store/store.h"

struct event;

enum store_job_kind {
	STORE_JOB_DELIVERY,
	STORE_JOB_PLAN,
	STORE_JOB_PUSH,
	STORE_JOB_TRIGGER,
	STORE_JOB_READ
};

/* One job; belongs to the queue, then the thread, then the list of answers. */
struct store_job {
	struct store_job *next;
	enum store_job_kind kind;
	struct record_delivery *delivery; // lent
	struct record_plan *plan;         // lent
	struct record_push push;          // a copy; only what an update needs
	struct trigger trigger;            // likewise
	struct outcome outcome;            // a copy
	bool has_outcome;
	store_work work;
	store_done done;
	void *arg;
	size_t bytes;
	int64_t queued_ms;
	enum record_result result;
	struct error err;
};

struct store_list {
	struct store_job *first;
	struct store_job **end; // where the next one is hung
};

struct store {
	struct store_options options; // constant once the thread runs
	_Atomic int64_t retention_ms;
	pthread_t thread;
	pthread_mutex_t mutex; // guards what follows up to failure
	pthread_cond_t wake;
	struct store_list queue;
	struct store_list answers;
	size_t jobs;           // in the queue and in the batch
	size_t bytes;
	int64_t batch_ms;      // when the oldest job of the batch came, 0: no batch
	bool stopping;         // no more deliveries; the thread ends when the queue is empty
	bool failed;
	bool tell_failed;      // on_failed is still to be called
	struct error failure;
	int event_fd;          // the thread rings the loop
	struct event *event;

	/* The thread's alone. */
	int64_t last_job_ms;
	int64_t next_purge_ms;
	int64_t next_measure_ms;
};

/* Append a job to a list. */
void store_list_add(struct store_list *list, struct store_job *job);

/* The thread's main function; arg is the store. */
void *store_thread(void *arg);

#endif
