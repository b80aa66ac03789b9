/*
 * Calls to the outside, in one thread.
 *
 *     loop's thread                          thread "outbound"
 *     outbound_call() ── copy ──▶ asked ──▶ waiting ──▶ running (curl_multi)
 *     outbound_cancel() ── id ──▶ cancelled              │ ended
 *     callback ◀── event ◀── done ◀─────────────────────┘
 *
 * A stream hands over pieces beside: running ── pieces ──▶ callback ── eaten ──▶
 * running.  What was handed over and is not eaten is counted for each stream;
 * at the ceiling its transfer is paused, so that the sender waits, and goes on
 * when half of it was eaten.
 *
 * The lists in the middle are all that both sides touch, under one mutex; a
 * call belongs to the thread from "asked" to "done".  The callback and its
 * argument never leave the loop's thread: there they are kept by id, so that a
 * cancelled call is simply not found when its answer comes.
 *
 * curl_multi_poll() in a thread instead of libcurl's socket callbacks in our
 * loop: with less than a hundred calls a second it costs nothing, and three
 * faults of libcurl's callbacks with event libraries (curl 6237, 8083, 14280)
 * cannot reach us.  Names are resolved by libcurl in threads of its own.
 */
#include "receiver/ring/outbound.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "base/xalloc.h"
#include "receiver/ring/outbound_impl.h"

#define JOIN_SECONDS 2

/* Connections kept for the next call. */
#define CONNECTIONS_KEPT 16L

/* Who waits for the answer; loop's thread only. */
struct outbound_waiter {
	uint64_t id;
	outbound_callback *callback;
	outbound_piece *piece; // NULL: no stream
	void *arg;
	UT_hash_handle hh;
};

static const struct call_result too_many = {
	.never_sent = true,
	.failure = "too many calls wait already",
};

static const struct call_result too_many_streams = {
	.never_sent = true,
	.failure = "too many streams are open already",
};

static struct outbound_job *job_new(uint64_t id, const struct call *call)
{
	struct outbound_job *job = xcalloc(1, sizeof(*job));

	job->id = id;
	job->token_file = xstrdup_or_null(call->token_file);
	job->ca_file = xstrdup_or_null(call->ca_file);
	job->call = (struct call){
		.type = call->type,
		.time_limit_ms = call->time_limit_ms,
		.method = call->method,
		.url = xstrdup_or_null(call->url),
		.body = call->body == NULL ? NULL : xmemdup(call->body, call->body_len),
		.body_len = call->body_len,
		.token_file = job->token_file,
		.ca_file = job->ca_file,
		.insecure = call->insecure,
	};
	for (size_t i = 0; i < call->headers.count; i++) {
		strvec_push(&job->call.headers, call->headers.items[i]);
	}
	return job;
}

static struct outbound_waiter *find_waiter(struct outbound *o, uint64_t id)
{
	struct outbound_waiter *waiter = NULL;

	HASH_FIND(hh, o->waiters, &id, sizeof(id), waiter);
	return waiter;
}

static void remove_waiter(struct outbound *o, struct outbound_waiter *waiter)
{
	HASH_DEL(o->waiters, waiter);
	o->streams -= waiter->piece != NULL;
}

/* Tell one call's waiter, if there is one still. */
static void tell(struct outbound *o, struct outbound_job *job)
{
	struct outbound_waiter *waiter = find_waiter(o, job->id);

	if (waiter == NULL) {
		return;
	}
	remove_waiter(o, waiter);
	waiter->callback(waiter->arg, job->answer);
	free(waiter);
}

/* Give one piece to its stream's waiter, if there is one still. */
static void tell_piece(struct outbound *o, struct piece *piece)
{
	struct outbound_waiter *waiter = find_waiter(o, piece->id);

	if (waiter != NULL) {
		(void)pthread_mutex_lock(&o->mutex);
		o->eaten = xgrow(o->eaten, o->eaten_count, &o->eaten_capacity, sizeof(*o->eaten));
		o->eaten[o->eaten_count++] = (struct eaten){ piece->id, piece->len };
		(void)pthread_mutex_unlock(&o->mutex);
		waiter->piece(waiter->arg, piece->data, piece->len);
	}
	free(piece->data);
	free(piece);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct outbound *o = arg;
	uint64_t count = 0;

	(void)what;
	(void)!read(fd, &count, sizeof(count));
	(void)pthread_mutex_lock(&o->mutex);
	struct outbound_job *done = o->done;
	struct piece *pieces = o->pieces;
	bool any = pieces != NULL;
	o->done = NULL;
	o->pieces = NULL;
	(void)pthread_mutex_unlock(&o->mutex);
	/* The pieces of a stream that has ended came before its end. */
	while (pieces != NULL) {
		struct piece *piece = pieces;
		DL_DELETE(pieces, piece);
		tell_piece(o, piece);
	}
	if (any) {
		(void)curl_multi_wakeup(o->multi);
	}
	while (done != NULL) {
		struct outbound_job *job = done;
		DL_DELETE(done, job);
		tell(o, job);
		outbound_job_free(job);
	}
}

/* Ask the thread for a call, or, with refusal not NULL, answer so. */
static uint64_t ask(struct outbound *o, const struct call *call, const struct outbound_waiter *who,
		    const struct call_result *refusal)
{
	struct outbound_waiter *waiter = xcalloc(1, sizeof(*waiter));

	*waiter = *who;
	waiter->id = ++o->last_id;
	HASH_ADD(hh, o->waiters, id, sizeof(waiter->id), waiter);
	o->streams += waiter->piece != NULL;
	struct outbound_job *job = job_new(waiter->id, call);
	job->outbound = o;
	job->stream = waiter->piece != NULL;
	if (refusal != NULL) {
		job->answer = refusal;
		outbound_give_back(o, job);
		return waiter->id;
	}
	(void)pthread_mutex_lock(&o->mutex);
	DL_APPEND(o->asked, job);
	(void)pthread_mutex_unlock(&o->mutex);
	(void)curl_multi_wakeup(o->multi);
	return waiter->id;
}

uint64_t outbound_call(struct outbound *o, const struct call *call,
		       outbound_callback *callback, void *arg)
{
	const struct outbound_waiter who = { .callback = callback, .arg = arg };
	bool full = outbound_count(o) >= o->max_calls + o->max_waiting;

	return ask(o, call, &who, full ? &too_many : NULL);
}

uint64_t outbound_stream(struct outbound *o, const struct call *call, outbound_piece *piece,
			 outbound_callback *callback, void *arg)
{
	const struct outbound_waiter who = { .callback = callback, .piece = piece, .arg = arg };

	return ask(o, call, &who, o->streams >= OUTBOUND_STREAMS ? &too_many_streams : NULL);
}

void outbound_cancel(struct outbound *o, uint64_t id)
{
	struct outbound_waiter *waiter = find_waiter(o, id);

	if (waiter == NULL) {
		return;
	}
	remove_waiter(o, waiter);
	free(waiter);
	(void)pthread_mutex_lock(&o->mutex);
	o->cancelled = xgrow(o->cancelled, o->cancelled_count, &o->cancelled_capacity,
			     sizeof(*o->cancelled));
	o->cancelled[o->cancelled_count++] = id;
	(void)pthread_mutex_unlock(&o->mutex);
	(void)curl_multi_wakeup(o->multi);
}

size_t outbound_count(const struct outbound *o)
{
	return HASH_COUNT(o->waiters) - o->streams;
}

/* Free what is left when there is no thread (any more). */
static void free_rest(struct outbound *o)
{
	struct outbound_waiter *waiter = NULL;
	struct outbound_waiter *next = NULL;

	HASH_ITER(hh, o->waiters, waiter, next) {
		HASH_DEL(o->waiters, waiter);
		free(waiter);
	}
	outbound_free_jobs(&o->asked);
	outbound_free_jobs(&o->done);
	while (o->pieces != NULL) {
		struct piece *piece = o->pieces;
		DL_DELETE(o->pieces, piece);
		free(piece->data);
		free(piece);
	}
	free(o->eaten);
	free(o->cancelled);
	free(o->proxy);
	if (o->done_event != NULL) {
		event_free(o->done_event);
	}
	if (o->done_fd >= 0) {
		(void)close(o->done_fd);
	}
	(void)pthread_mutex_destroy(&o->mutex);
	free(o);
}

/* The thread takes no signal: they are the loop's. */
static int start_thread(struct outbound *o)
{
	sigset_t all;
	sigset_t before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	int r = pthread_create(&o->thread, NULL, outbound_run, o);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0) {
		(void)pthread_setname_np(o->thread, "outbound");
	}
	return r;
}

int outbound_new(struct event_base *base, const struct outbound_options *options,
		 struct outbound **ret_outbound, struct error *err)
{
	static const struct outbound_options defaults;
	const struct outbound_options *given = options == NULL ? &defaults : options;
	struct outbound *o = NULL;
	int r = -1;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return error_set(err, -1, "libcurl cannot be started");
	}
	o = xcalloc(1, sizeof(*o));
	(void)pthread_mutex_init(&o->mutex, NULL);
	o->max_calls = given->max_calls > 0 ? given->max_calls : OUTBOUND_CALLS;
	o->max_waiting = given->max_waiting > 0 ? given->max_waiting : OUTBOUND_WAITING;
	o->connect_limit_ms =
		given->connect_limit_ms > 0 ? given->connect_limit_ms : OUTBOUND_CONNECT_MS;
	o->proxy = xstrdup_or_null(given->proxy);
	o->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	o->multi = curl_multi_init();
	if (o->done_fd < 0 || o->multi == NULL) {
		r = error_errno(err, -1, errno, "start of outbound calls");
		goto out;
	}
	(void)curl_multi_setopt(o->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	o->done_event = event_new(base, o->done_fd, EV_READ | EV_PERSIST, on_done, o);
	(void)event_add(o->done_event, NULL);
	r = start_thread(o);
	if (r != 0) {
		r = error_errno(err, -1, r, "thread of outbound calls");
		goto out;
	}
	*ret_outbound = o;
	return 0;
out:
	(void)curl_multi_cleanup(o->multi);
	free_rest(o);
	return r;
}

void outbound_free(struct outbound *o)
{
	struct timespec until;

	if (o == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&o->mutex);
	o->stop = true;
	(void)pthread_mutex_unlock(&o->mutex);
	(void)curl_multi_wakeup(o->multi);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += JOIN_SECONDS;
	if (pthread_timedjoin_np(o->thread, NULL, &until) != 0) {
		/* It may still use all of it: leave it to the end of the process. */
		event_free(o->done_event);
		return;
	}
	free_rest(o);
}
