/*
 * What is said on the channel of one reader, and whose turn it is.
 *
 * Requests wait in a queue and one of them, the current one, is worked on.  It
 * may take several frames, each of which is answered before the next is sent
 * (reader_job.c says which).  Every frame has a deadline of its own, and so an
 * answer of many frames has one deadline as a whole.  What the reader says is
 * taken frame by frame: the first of its life says what walls it has, all
 * others answer the frame that was sent last.  Anything else, and any frame
 * that nobody asked for, loses the reader (reader_process.c).
 *
 * Nothing here calls back from inside a call to reader.h: a request that is
 * queued is looked at from the loop (kick).
 */
#include "receiver/reader/reader_process.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#include "base/frame.h"
#include "base/limits.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_impl.h"

static void send_next(struct reader *reader);

void reader_talk_finish(struct reader *reader, enum reader_result result, const char *why)
{
	struct reader_job *job = reader->current;

	reader->current = NULL;
	(void)event_del(reader->deadline);
	if (job != NULL) {
		reader_job_finish(job, result, why);
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct reader *reader = arg;
	const struct reader_options *options = reader_pool_options(reader->pool);
	char why[128];

	(void)fd;
	(void)what;
	(void)snprintf(why, sizeof(why), "the reader was killed after %lld ms",
		       (long long)options->time_limit_ms);
	reader_lose(reader, READER_TIMEOUT, why);
}

/* --- what it says --- */

static void take_hello(struct reader *reader, const char *body, size_t len)
{
	struct error err = ERROR_INIT;
	int landlock = 0;
	bool seccomp = false;

	if (reader_answer_hello(body, len, &landlock, &seccomp, &err) < 0) {
		reader_lose(reader, READER_DIED, err.text);
		return;
	}
	reader->hello = true;
	reader->no_landlock = landlock == 0;
	reader->no_filter = !seccomp;
	if (!reader->walls_logged && (reader->no_landlock || reader->no_filter)) {
		char text[160];

		(void)snprintf(text, sizeof(text),
			       "readers run without %s%s%s: one that is taken over can %s",
			       reader->no_landlock ? "Landlock" : "",
			       reader->no_landlock && reader->no_filter ? " and without " : "",
			       reader->no_filter ? "a system call filter" : "",
			       reader->no_landlock ? "read the files of this user"
						   : "make every system call");
		reader_log(reader->pool, READER_LOG_WARNING, text);
	}
	reader->walls_logged = true;
}

/* What was asked last is answered: the request is, or what it needs next is asked. */
static void frame_done(struct reader *reader, const char *why)
{
	struct reader_job *job = reader->current;

	if (job->asked == job->call) {
		reader->failures = 0;
		reader_talk_finish(reader, READER_OK, why);
		return;
	}
	job->asked->finish(job, READER_OK, why);
	send_next(reader);
}

/* The sandbox does not grant what the current request needs by now: the next reader is asked. */
static void ask_next_reader(struct reader *reader)
{
	struct reader_job *job = reader->current;

	if (!reader_job_again(job)) {
		reader_lose(reader, READER_DIED, "a directory of the repository was made anew "
			    "each time that a reader was started for it");
		return;
	}
	reader->current = NULL;
	DL_PREPEND(reader->queue, job);
	reader_retire(reader);
}

static void take_frame(struct reader *reader, const char *body, size_t len)
{
	struct error err = ERROR_INIT;

	if (!reader->hello) {
		take_hello(reader, body, len);
		return;
	}
	if (reader->current == NULL || reader->written < reader->out.len) {
		reader_lose(reader, READER_DIED, "the reader spoke without being asked");
		return;
	}
	switch (reader_answer_take(reader->current, reader->id, body, len, &err)) {
	case ANSWER_DONE:
		frame_done(reader, err.text);
		break;
	case ANSWER_MORE:
		break;
	case ANSWER_REFUSED:
		reader_job_refused(reader->current, err.text);
		reader_talk_finish(reader, READER_REFUSED, err.text);
		break;
	case ANSWER_UNUSABLE:
		reader_job_refused(reader->current, err.text);
		reader_talk_finish(reader, READER_UNUSABLE, err.text);
		break;
	case ANSWER_STALE:
		ask_next_reader(reader);
		break;
	case ANSWER_NONSENSE:
		reader_lose(reader, READER_DIED, err.text);
		break;
	}
}

/* Take whole frames off the input. */
static void take_frames(struct reader *reader)
{
	size_t done = 0;

	while (reader->state == READER_RUNNING) {
		const char *body = NULL;
		size_t len = 0;
		enum frame_result r = frame_get(reader->in.data + done, reader->in.len - done,
						READER_ANSWER_BYTES, &body, &len);

		if (r == FRAME_MORE) {
			break;
		}
		if (r == FRAME_TOO_LONG) {
			reader_lose(reader, READER_DIED, "the reader's answer is too long");
			return;
		}
		done += FRAME_HEADER + len;
		take_frame(reader, body, len);
	}
	if (done > 0) {
		memmove(reader->in.data, reader->in.data + done, reader->in.len - done);
		reader->in.len -= done;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct reader *reader = arg;
	char chunk[65536];
	ssize_t n = read((int)fd, chunk, sizeof(chunk));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		reader->ended = true;
		reader_lose(reader, READER_DIED, "the reader ended");
		return;
	}
	if (buf_add(&reader->in, chunk, (size_t)n) < 0) {
		reader_lose(reader, READER_DIED, "the reader's answer is too long");
		return;
	}
	take_frames(reader);
	reader_talk_pump(reader);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct reader *reader = arg;
	ssize_t n = send((int)fd, reader->out.data + reader->written,
			 reader->out.len - reader->written, MSG_NOSIGNAL);

	(void)what;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		reader_lose(reader, READER_DIED, "the reader ended");
		return;
	}
	reader->written += n > 0 ? (size_t)n : 0;
	if (reader->written < reader->out.len) {
		(void)event_add(reader->writable, NULL);
	}
}

/* --- what it is asked --- */

/* Put the content, behind its length, on its way. */
static void send_content(struct reader *reader, const struct buf *content)
{
	int64_t limit = reader_pool_options(reader->pool)->time_limit_ms;

	buf_reset(&reader->out);
	reader->written = 0;
	(void)frame_put(&reader->out, content->data, content->len);
	(void)event_add(reader->writable, NULL);
	(void)event_add(reader->deadline, &(struct timeval){ limit / 1000, limit % 1000 * 1000 });
}

/* Send what the current request needs next. */
static void send_next(struct reader *reader)
{
	struct error err = ERROR_INIT;
	struct buf content;

	reader->id++;
	buf_init(&content, LIMIT_FRAME_BYTES);
	if (reader_job_write(reader->current, reader->id, &content, &err) < 0) {
		reader_talk_finish(reader, READER_REFUSED, err.text);
	} else {
		send_content(reader, &content);
	}
	buf_release(&content);
}

/* --- whose turn it is --- */

/* Was the repository of the next request configured after the process was started? */
static bool was_configured_later(const struct reader *reader)
{
	const struct reader_job *job = reader->queue;

	return job != NULL && job->repository != NULL &&
	       job->repository->serial > reader->serial;
}

void reader_talk_pump(struct reader *reader)
{
	struct reader_job *job = reader->queue;

	if (reader->current != NULL) {
		return;
	}
	if (reader->state == READER_RUNNING && (reader->outdated || was_configured_later(reader))) {
		reader_retire(reader);
		return;
	}
	if (job == NULL || (reader->state == READER_NONE && reader_start(reader) < 0) ||
	    reader->state != READER_RUNNING) {
		return;
	}
	DL_DELETE(reader->queue, job);
	reader->current = job;
	send_next(reader);
	if (reader->current == NULL) {
		reader_talk_kick(reader);
	}
}

static void on_kick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	reader_talk_pump(arg);
}

void reader_talk_kick(struct reader *reader)
{
	(void)event_add(reader->kick, &(struct timeval){ 0, 0 });
}

void reader_talk_enqueue(struct reader *reader, struct reader_job *job)
{
	DL_APPEND(reader->queue, job);
	reader_talk_kick(reader);
}

void reader_talk_strike(struct reader *reader, const char *why)
{
	struct reader_job *job;
	struct reader_job *next;

	DL_FOREACH_SAFE(reader->queue, job, next) {
		if (++job->strikes > READER_STRIKES_MAX) {
			DL_DELETE(reader->queue, job);
			reader_job_finish(job, READER_DIED, why);
		}
	}
}

void reader_talk_metrics(const struct reader *reader, int64_t now, struct reader_metrics *metrics)
{
	const struct reader_job *job;
	const struct reader_job *oldest = reader->current != NULL ? reader->current : reader->queue;

	metrics->running += reader->current != NULL;
	metrics->no_landlock += reader->no_landlock;
	metrics->no_filter += reader->no_filter;
	DL_FOREACH(reader->queue, job) {
		metrics->queued++;
	}
	if (oldest != NULL && now - oldest->since > metrics->oldest_ms) {
		metrics->oldest_ms = now - oldest->since;
	}
}

/* --- the channel --- */

void reader_talk_init(struct reader *reader)
{
	reader->fd = -1;
	buf_init(&reader->in, READER_ANSWER_BYTES + FRAME_HEADER + 65536);
	buf_init(&reader->out, LIMIT_FRAME_BYTES + FRAME_HEADER);
	reader->deadline = event_new(reader->base, -1, 0, on_deadline, reader);
	reader->kick = event_new(reader->base, -1, 0, on_kick, reader);
}

void reader_talk_open(struct reader *reader)
{
	reader->readable = event_new(reader->base, reader->fd, EV_READ | EV_PERSIST, on_readable,
				     reader);
	reader->writable = event_new(reader->base, reader->fd, EV_WRITE, on_writable, reader);
	(void)event_add(reader->readable, NULL);
}

void reader_talk_stop(struct reader *reader)
{
	(void)event_del(reader->readable);
	(void)event_del(reader->writable);
	(void)event_del(reader->deadline);
}

void reader_talk_close(struct reader *reader)
{
	event_free(reader->readable);
	event_free(reader->writable);
	reader->readable = reader->writable = NULL;
	close(reader->fd);
	reader->fd = -1;
	buf_reset(&reader->in);
	buf_reset(&reader->out);
	reader->written = 0;
	reader->hello = false;
}

void reader_talk_release(struct reader *reader)
{
	struct reader_job *job;
	struct reader_job *next;

	DL_FOREACH_SAFE(reader->queue, job, next) {
		DL_DELETE(reader->queue, job);
		reader_job_free(job);
	}
	if (reader->current != NULL) {
		reader_job_free(reader->current);
	}
	event_free(reader->deadline);
	event_free(reader->kick);
	buf_release(&reader->in);
	buf_release(&reader->out);
}
