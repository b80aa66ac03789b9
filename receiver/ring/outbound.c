/*
 * Calls to the outside, in one thread.
 *
 *     loop's thread                          thread "outbound"
 *     outbound_call() ── copy ──▶ asked ──▶ waiting ──▶ running (curl_multi)
 *     outbound_cancel() ── id ──▶ cancelled              │ ended
 *     callback ◀── event ◀── done ◀─────────────────────┘
 *
 * The three lists in the middle are all that both sides touch, under one
 * mutex; a call belongs to the thread from "asked" to "done".  The callback
 * and its argument never leave the loop's thread: there they are kept by id,
 * so that a cancelled call is simply not found when its answer comes.
 *
 * curl_multi_poll() in a thread instead of libcurl's socket callbacks in our
 * loop: with less than a hundred calls a second it costs nothing, and three
 * faults of libcurl's callbacks with event libraries (curl 6237, 8083, 14280)
 * cannot reach us.  Names are resolved by libcurl in threads of its own.
 */
#include "receiver/ring/outbound.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "base/xalloc.h"
#include "receiver/ring/outbound_http.h"

#define IDLE_POLL_MS 60000
#define JOIN_SECONDS 2

/* Connections kept for the next call. */
#define CONNECTIONS_KEPT 16L

/* A call, owned by one side at a time. */
struct job {
	uint64_t id;
	struct call call; // our copy
	char *token_file;        // what call.token_file points to
	char *ca_file;
	struct outbound_http *http;
	const struct call_result *answer;
	struct job *prev, *next;
};

/* Who waits for the answer; loop's thread only. */
struct waiter {
	uint64_t id;
	outbound_callback *callback;
	void *arg;
	UT_hash_handle hh;
};

struct outbound {
	/* the loop's thread */
	struct event *done_event;
	struct waiter *waiters;
	uint64_t last_id;
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
	struct job *asked;
	struct job *done;
	uint64_t *cancelled;
	size_t cancelled_count;
	size_t cancelled_capacity;
	bool stop;

	/* the thread outbound */
	struct job *waiting;
	struct job *running;
	size_t running_count;
};

static const struct call_result too_many = {
	.never_sent = true,
	.failure = "too many calls wait already",
};

static struct job *job_new(uint64_t id, const struct call *call)
{
	struct job *job = xcalloc(1, sizeof(*job));

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

static void job_free(struct job *job)
{
	outbound_http_free(job->http);
	call_release(&job->call);
	free(job->token_file);
	free(job->ca_file);
	free(job);
}

static void free_jobs(struct job **list)
{
	while (*list != NULL) {
		struct job *job = *list;
		DL_DELETE(*list, job);
		job_free(job);
	}
}

/* ---- the thread ---- */

/* Hand a call back to the loop. */
static void give_back(struct outbound *o, struct job *job)
{
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&o->mutex);
	DL_APPEND(o->done, job);
	(void)pthread_mutex_unlock(&o->mutex);
	while (write(o->done_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
	}
}

/* Take a call out of the multi, ended or not. */
static void leave(struct outbound *o, struct job *job)
{
	(void)curl_multi_remove_handle(o->multi, outbound_http_handle(job->http));
	DL_DELETE(o->running, job);
	o->running_count--;
}

static void start(struct outbound *o, struct job *job)
{
	job->http = outbound_http_new(&job->call, o->connect_limit_ms, o->proxy);
	CURL *easy = outbound_http_handle(job->http);
	job->answer = outbound_http_answer(job->http);
	if (easy == NULL) {
		give_back(o, job);
		return;
	}
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	CURLMcode r = curl_multi_add_handle(o->multi, easy);
	if (r != CURLM_OK) {
		outbound_http_finish(job->http, CURLE_FAILED_INIT);
		give_back(o, job);
		return;
	}
	DL_APPEND(o->running, job);
	o->running_count++;
}

static struct job *find_job(struct job *list, uint64_t id)
{
	struct job *job = NULL;

	DL_SEARCH_SCALAR(list, job, id, id);
	return job;
}

static void drop(struct outbound *o, uint64_t id)
{
	struct job *job = find_job(o->running, id);

	if (job != NULL) {
		leave(o, job);
		job_free(job);
		return;
	}
	job = find_job(o->waiting, id);
	if (job != NULL) {
		DL_DELETE(o->waiting, job);
		job_free(job);
	}
}

/* Take over what the loop asked for. False: stop. */
static bool take(struct outbound *o)
{
	(void)pthread_mutex_lock(&o->mutex);
	struct job *asked = o->asked;
	uint64_t *cancelled = o->cancelled;
	size_t count = o->cancelled_count;
	bool stop = o->stop;
	o->asked = NULL;
	o->cancelled = NULL;
	o->cancelled_count = 0;
	o->cancelled_capacity = 0;
	(void)pthread_mutex_unlock(&o->mutex);

	DL_CONCAT(o->waiting, asked);
	for (size_t i = 0; i < count; i++) {
		drop(o, cancelled[i]);
	}
	free(cancelled);
	return !stop;
}

/* Give back the calls that ended. */
static void collect(struct outbound *o)
{
	int left = 0;

	for (;;) {
		const CURLMsg *message = curl_multi_info_read(o->multi, &left);
		struct job *job = NULL;
		if (message == NULL) {
			return;
		}
		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		int code = (int)message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
		leave(o, job);
		outbound_http_finish(job->http, code);
		give_back(o, job);
	}
}

static void *run(void *arg)
{
	struct outbound *o = arg;
	int active = 0;

	while (take(o)) {
		while (o->waiting != NULL && o->running_count < o->max_calls) {
			struct job *job = o->waiting;
			DL_DELETE(o->waiting, job);
			start(o, job);
		}
		(void)curl_multi_perform(o->multi, &active);
		collect(o);
		if (o->waiting != NULL && o->running_count < o->max_calls) {
			continue;
		}
		(void)curl_multi_poll(o->multi, NULL, 0, IDLE_POLL_MS, NULL);
	}
	while (o->running != NULL) {
		struct job *job = o->running;
		leave(o, job);
		job_free(job);
	}
	free_jobs(&o->waiting);
	(void)curl_multi_cleanup(o->multi);
	return NULL;
}

/* ---- the loop ---- */

/* Tell one call's waiter, if there is one still. */
static void tell(struct outbound *o, struct job *job)
{
	struct waiter *waiter = NULL;

	HASH_FIND(hh, o->waiters, &job->id, sizeof(job->id), waiter);
	if (waiter == NULL) {
		return;
	}
	HASH_DEL(o->waiters, waiter);
	waiter->callback(waiter->arg, job->answer);
	free(waiter);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct outbound *o = arg;
	uint64_t count = 0;

	(void)what;
	(void)!read(fd, &count, sizeof(count));
	(void)pthread_mutex_lock(&o->mutex);
	struct job *done = o->done;
	o->done = NULL;
	(void)pthread_mutex_unlock(&o->mutex);
	while (done != NULL) {
		struct job *job = done;
		DL_DELETE(done, job);
		tell(o, job);
		job_free(job);
	}
}

uint64_t outbound_call(struct outbound *o, const struct call *call,
		       outbound_callback *callback, void *arg)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));
	bool full = HASH_COUNT(o->waiters) >= o->max_calls + o->max_waiting;

	*waiter = (struct waiter){ .id = ++o->last_id, .callback = callback, .arg = arg };
	HASH_ADD(hh, o->waiters, id, sizeof(waiter->id), waiter);
	struct job *job = job_new(waiter->id, call);
	if (full) {
		job->answer = &too_many;
		give_back(o, job);
		return waiter->id;
	}
	(void)pthread_mutex_lock(&o->mutex);
	DL_APPEND(o->asked, job);
	(void)pthread_mutex_unlock(&o->mutex);
	(void)curl_multi_wakeup(o->multi);
	return waiter->id;
}

void outbound_cancel(struct outbound *o, uint64_t id)
{
	struct waiter *waiter = NULL;

	HASH_FIND(hh, o->waiters, &id, sizeof(id), waiter);
	if (waiter == NULL) {
		return;
	}
	HASH_DEL(o->waiters, waiter);
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
	return HASH_COUNT(o->waiters);
}

/* Free what is left when there is no thread (any more). */
static void free_rest(struct outbound *o)
{
	struct waiter *waiter = NULL;
	struct waiter *next = NULL;

	HASH_ITER(hh, o->waiters, waiter, next) {
		HASH_DEL(o->waiters, waiter);
		free(waiter);
	}
	free_jobs(&o->asked);
	free_jobs(&o->done);
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
	int r = pthread_create(&o->thread, NULL, run, o);
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
