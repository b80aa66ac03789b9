/*
 * The inside of outbound.h: what its two halves share.  outbound.c is the
 * loop's, outbound_thread.c the thread's.
 */
#ifndef RECEIVER_RING_OUTBOUND_IMPL_H
#define RECEIVER_RING_OUTBOUND_IMPL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/call.h"
#include "receiver/ring/outbound.h"
#include "receiver/ring/outbound_http.h"

struct event;
struct outbound_waiter; // who waits for an answer; the loop's half alone knows it

/* A call, owned by one side at a time. */
struct outbound_job {
	uint64_t id;
	struct call call; // our copy
	char *token_file;        // what call.token_file points to
	char *ca_file;
	struct outbound_http *http;
	const struct call_result *answer;
	struct outbound *outbound;
	bool stream;
	bool paused;
	size_t pending;          // bytes of a stream that were handed over and not eaten
	struct outbound_job *prev, *next;
};

/* Some bytes of a stream on their way to the loop. */
struct piece {
	uint64_t id;
	char *data;
	size_t len;
	struct piece *prev, *next;
};

/* So many of them have arrived. */
struct eaten {
	uint64_t id;
	size_t len;
};

struct outbound {
	/* the loop's thread */
	struct event *done_event;
	struct outbound_waiter *waiters;
	uint64_t last_id;
	size_t streams;       // of the waiters
	size_t max_waiting;
	pthread_t thread;

	/* constant */
	CURLM *multi;
	int done_fd;
	size_t max_calls;
	int64_t connect_limit_ms;
	char *proxy;

	/* both, under the mutex */
	pthread_mutex_t mutex;
	struct outbound_job *asked;
	struct outbound_job *done;
	struct piece *pieces;
	struct eaten *eaten;
	size_t eaten_count;
	size_t eaten_capacity;
	uint64_t *cancelled;
	size_t cancelled_count;
	size_t cancelled_capacity;
	bool stop;

	/* the thread outbound */
	struct outbound_job *waiting;
	struct outbound_job *running;
	size_t running_count; // without streams
};

/* The thread: make calls until o->stop. arg is the struct outbound. */
void *outbound_run(void *arg);

/* Give a call with its answer, which is the caller's no more, back to the loop. Any thread. */
void outbound_give_back(struct outbound *o, struct outbound_job *job);

/* Free a call that is in no list. */
void outbound_job_free(struct outbound_job *job);

/* Free all calls of a list and leave it empty. */
void outbound_free_jobs(struct outbound_job **list);

/* Calls, not streams, whose callback is still to come. */
size_t outbound_count(const struct outbound *o);

#endif
