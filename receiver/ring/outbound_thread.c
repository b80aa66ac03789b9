/*
 * The thread that makes the calls: see outbound.c.
 */
#include "receiver/ring/outbound_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "base/xalloc.h"

#define IDLE_POLL_MS 60000

void outbound_job_free(struct outbound_job *job)
{
	outbound_http_free(job->http);
	call_release(&job->call);
	free(job->token_file);
	free(job->ca_file);
	free(job);
}

void outbound_free_jobs(struct outbound_job **list)
{
	while (*list != NULL) {
		struct outbound_job *job = *list;
		DL_DELETE(*list, job);
		outbound_job_free(job);
	}
}

static void wake_loop(struct outbound *o)
{
	const uint64_t one = 1;

	while (write(o->done_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
	}
}

void outbound_give_back(struct outbound *o, struct outbound_job *job)
{
	(void)pthread_mutex_lock(&o->mutex);
	DL_APPEND(o->done, job);
	(void)pthread_mutex_unlock(&o->mutex);
	wake_loop(o);
}

/* Hand some bytes of a stream to the loop, if there is room: see struct outbound_taker. */
static bool hand_over(void *arg, const char *data, size_t len)
{
	struct outbound_job *job = arg;
	struct outbound *o = job->outbound;

	if (job->pending > 0 && job->pending + len > OUTBOUND_STREAM_BYTES) {
		job->paused = true;
		return false;
	}
	struct piece *piece = xcalloc(1, sizeof(*piece));
	*piece = (struct piece){ .id = job->id, .data = xmemdup(data, len), .len = len };
	job->pending += len;
	(void)pthread_mutex_lock(&o->mutex);
	DL_APPEND(o->pieces, piece);
	(void)pthread_mutex_unlock(&o->mutex);
	wake_loop(o);
	return true;
}

/* Take a call out of the multi, ended or not. */
static void leave(struct outbound *o, struct outbound_job *job)
{
	(void)curl_multi_remove_handle(o->multi, outbound_http_handle(job->http));
	DL_DELETE(o->running, job);
	o->running_count -= !job->stream;
}

static void start(struct outbound *o, struct outbound_job *job)
{
	const struct outbound_taker taker = { job->stream ? hand_over : NULL, job };

	job->http = outbound_http_new(&job->call, o->connect_limit_ms, o->proxy, &taker);
	CURL *easy = outbound_http_handle(job->http);
	job->answer = outbound_http_answer(job->http);
	if (easy == NULL) {
		outbound_give_back(o, job);
		return;
	}
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	CURLMcode r = curl_multi_add_handle(o->multi, easy);
	if (r != CURLM_OK) {
		outbound_http_finish(job->http, CURLE_FAILED_INIT);
		outbound_give_back(o, job);
		return;
	}
	DL_APPEND(o->running, job);
	o->running_count += !job->stream;
}

static struct outbound_job *find_job(struct outbound_job *list, uint64_t id)
{
	struct outbound_job *job = NULL;

	DL_SEARCH_SCALAR(list, job, id, id);
	return job;
}

static void drop(struct outbound *o, uint64_t id)
{
	struct outbound_job *job = find_job(o->running, id);

	if (job != NULL) {
		leave(o, job);
		outbound_job_free(job);
		return;
	}
	job = find_job(o->waiting, id);
	if (job != NULL) {
		DL_DELETE(o->waiting, job);
		outbound_job_free(job);
	}
}

/* Streams begin at once, calls stand in line. */
static void admit(struct outbound *o, struct outbound_job *asked)
{
	struct outbound_job *job;
	struct outbound_job *next;

	DL_FOREACH_SAFE(asked, job, next) {
		DL_DELETE(asked, job);
		if (job->stream) {
			start(o, job);
		} else {
			DL_APPEND(o->waiting, job);
		}
	}
}

/* The loop has taken some bytes of a stream: there may be room again. */
static void note_eaten(struct outbound *o, const struct eaten *eaten)
{
	struct outbound_job *job = find_job(o->running, eaten->id);

	if (job == NULL) {
		return;
	}
	job->pending -= eaten->len;
	if (job->paused && job->pending <= OUTBOUND_STREAM_BYTES / 2) {
		job->paused = false;
		(void)curl_easy_pause(outbound_http_handle(job->http), CURLPAUSE_CONT);
	}
}

/* Take over what the loop asked for. False: stop. */
static bool take(struct outbound *o)
{
	(void)pthread_mutex_lock(&o->mutex);
	struct outbound_job *asked = o->asked;
	struct eaten *eaten = o->eaten;
	size_t eaten_count = o->eaten_count;
	uint64_t *cancelled = o->cancelled;
	size_t count = o->cancelled_count;
	bool stop = o->stop;
	o->asked = NULL;
	o->cancelled = NULL;
	o->cancelled_count = 0;
	o->cancelled_capacity = 0;
	o->eaten = NULL;
	o->eaten_count = 0;
	o->eaten_capacity = 0;
	(void)pthread_mutex_unlock(&o->mutex);

	admit(o, asked);
	for (size_t i = 0; i < eaten_count; i++) {
		note_eaten(o, &eaten[i]);
	}
	free(eaten);
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
		struct outbound_job *job = NULL;
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
		outbound_give_back(o, job);
	}
}

void *outbound_run(void *arg)
{
	struct outbound *o = arg;
	int active = 0;

	while (take(o)) {
		while (o->waiting != NULL && o->running_count < o->max_calls) {
			struct outbound_job *job = o->waiting;
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
		struct outbound_job *job = o->running;
		leave(o, job);
		outbound_job_free(job);
	}
	outbound_free_jobs(&o->waiting);
	(void)curl_multi_cleanup(o->multi);
	return NULL;
}
