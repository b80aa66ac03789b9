/*
 * One reader process: start, feed, listen, kill, replace.
 *
 * Requests wait in a queue and run one at a time.  A running request takes up
 * to three steps, each one frame there and an answer back: the reader opens
 * its repository, is given the applications in pieces, and is asked.  What the
 * reader knows already is not said again, and all of it is forgotten when the
 * process ends, so that a new one is told again, repository by repository,
 * as requests come.
 *
 *     NONE -> RUNNING -> DYING -> NONE, or WAITING (back-off) -> NONE
 *
 * A reader is killed when a step passes its deadline, at end of file, and for
 * any frame that is not an answer to the request at hand.  The request it
 * worked on is answered once the process is gone, with the way it ended.
 * Those behind it stay in the queue; one that has seen too many readers go is
 * answered too, so that nothing waits for ever.
 *
 * The sandbox of a reader can be neither widened nor narrowed.  A reader is
 * retired, which is no fault of it, if it was started before a repository of
 * its next request was configured, if it says that directories of the request
 * were made after it was started, and, once it is idle, if a repository that
 * it may read is configured no more.  What was asked of it goes to the next.
 */
#include "receiver/reader/reader_impl.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utlist.h>

#include "base/backoff.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"

#define REAP_INTERVAL_MS 2

enum reader_state {
	READER_NONE,    // no process; started at the next request
	READER_RUNNING,
	READER_DYING,   // killed, not yet gone
	READER_WAITING  // gone, the next one is started after a while
};

struct reader {
	struct reader_pool *pool;
	struct event_base *base;
	enum reader_state state;
	pid_t pid;
	int fd;
	bool hello;              // it has said what walls it has
	bool walls_logged;
	uint64_t serial;         // of the repositories it was started for
	uint64_t id;             // of the frame it has to answer
	struct event *readable;
	struct event *writable;
	struct event *deadline;  // of the step
	struct event *again;     // reap, or start after a back-off
	struct event *kick;      // look at the queue, from the loop
	struct buf in;
	struct buf out;
	size_t written;          // of out
	struct reader_job *queue;
	struct reader_job *current;
	unsigned failures;       // in a row
	bool retired;            // killed for no fault
	bool outdated;           // to be retired when it is idle
	bool ended;              // by itself, before we killed it
	enum reader_result result; // of current, once it is gone
	struct error why;
};

static const struct backoff restart_backoff = { .first_ms = 50, .max_ms = 5000 };

static void pump(struct reader *reader);
static void send_step(struct reader *reader);

static void after_ms(struct event *event, int64_t ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	(void)event_add(event, &wait);
}

/* The job gets its answer; the process is not touched. */
static void finish_current(struct reader *reader, enum reader_result result, const char *why)
{
	struct reader_job *job = reader->current;

	reader->current = NULL;
	(void)event_del(reader->deadline);
	if (job != NULL) {
		reader_job_finish(reader->pool, job, result, why);
	}
}

/* Kill; the rest follows when it is gone. */
static void kill_reader(struct reader *reader)
{
	(void)event_del(reader->readable);
	(void)event_del(reader->writable);
	(void)event_del(reader->deadline);
	(void)kill(reader->pid, SIGKILL);
	reader->state = READER_DYING;
	after_ms(reader->again, 0);
}

static void lose(struct reader *reader, enum reader_result result, const char *why)
{
	if (reader->state != READER_RUNNING) {
		return;
	}
	reader->result = result;
	(void)error_set(&reader->why, 0, "%s", why);
	kill_reader(reader);
}

/* Its sandbox is not what it must be: kill it for no fault. */
static void retire(struct reader *reader)
{
	reader->retired = true;
	kill_reader(reader);
}

/* The sandbox does not grant what the current request needs by now: the next reader is asked. */
static void ask_next_reader(struct reader *reader)
{
	struct reader_job *job = reader->current;

	if (!reader_request_again(reader->pool, job)) {
		lose(reader, READER_DIED, "a directory of the repository was made anew each time "
		     "that a reader was started for it");
		return;
	}
	reader->current = NULL;
	DL_PREPEND(reader->queue, job);
	retire(reader);
}

/* Forget what the process knew. */
static void forget(struct reader *reader)
{
	uint64_t serial;

	for (struct reader_repository *r = reader_pool_repositories(reader->pool, &serial);
	     r != NULL; r = r->next) {
		if (r->reader == reader) {
			reader_request_forget(r);
		}
	}
}

static void close_channel(struct reader *reader)
{
	event_free(reader->readable);
	event_free(reader->writable);
	reader->readable = reader->writable = NULL;
	close(reader->fd);
	reader->fd = -1;
	reader->pid = 0;
	buf_reset(&reader->in);
	buf_reset(&reader->out);
	reader->written = 0;
	reader->hello = reader->ended = false;
	forget(reader);
}

/* Every waiting request has outlived one more reader; some have had enough. */
static void strike_queue(struct reader *reader, const char *why)
{
	struct reader_job *job;
	struct reader_job *next;

	DL_FOREACH_SAFE(reader->queue, job, next) {
		if (++job->strikes > READER_STRIKES_MAX) {
			DL_DELETE(reader->queue, job);
			reader_job_finish(reader->pool, job, READER_DIED, why);
		}
	}
}

static void wait_before_next(struct reader *reader)
{
	uint64_t random = 0;

	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	reader->failures++;
	reader->state = READER_WAITING;
	after_ms(reader->again, backoff_delay(&restart_backoff, reader->failures, random));
}

/* The process is gone; status is how, or -1 if nobody can say. */
static void gone(struct reader *reader, int status)
{
	char *why = NULL;

	if (reader->retired) {
		close_channel(reader);
		reader->retired = false;
		reader->state = READER_NONE;
		pump(reader);
		return;
	}
	/* Signal 9 is ours, unless it ended before: then it was out of memory, or a person. */
	if (status != -1 && WIFSIGNALED(status) && (WTERMSIG(status) != SIGKILL || reader->ended)) {
		why = xasprintf("%s (signal %d)", reader->why.text, WTERMSIG(status));
	} else if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		why = xasprintf("%s (exit status %d)", reader->why.text, WEXITSTATUS(status));
	} else {
		why = xstrdup(reader->why.text);
	}
	close_channel(reader);
	reader_pool_count(reader->pool, false);
	reader_log(reader->pool, READER_LOG_WARNING, why);
	wait_before_next(reader);
	strike_queue(reader, why);
	finish_current(reader, reader->result, why);
	free(why);
}

/* True if the process is gone; *ret_status as gone() wants it. */
static bool reap(const struct reader *reader, int *ret_status)
{
	pid_t pid = waitpid(reader->pid, ret_status, WNOHANG);

	if (pid < 0 && errno != EINTR) {
		*ret_status = -1;
		return true;
	}
	return pid == reader->pid;
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct reader *reader = arg;
	int status = 0;

	(void)fd;
	(void)what;
	if (reader->state == READER_WAITING) {
		reader->state = READER_NONE;
		pump(reader);
		return;
	}
	if (reader->state != READER_DYING) {
		return;
	}
	if (reap(reader, &status)) {
		gone(reader, status);
		return;
	}
	after_ms(reader->again, REAP_INTERVAL_MS);
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
	lose(reader, READER_TIMEOUT, why);
}

/* --- what it says --- */

static void take_hello(struct reader *reader, const char *body, size_t len)
{
	struct error err = ERROR_INIT;
	int landlock = 0;
	bool seccomp = false;

	if (reader_answer_hello(body, len, &landlock, &seccomp, &err) < 0) {
		lose(reader, READER_DIED, err.text);
		return;
	}
	reader->hello = true;
	if (!reader->walls_logged && (landlock == 0 || !seccomp)) {
		char text[160];

		(void)snprintf(text, sizeof(text), "readers run without %s%s%s",
			       landlock == 0 ? "Landlock" : "",
			       landlock == 0 && !seccomp ? " and without " : "",
			       seccomp ? "" : "a system call filter");
		reader_log(reader->pool, READER_LOG_NOTICE, text);
	}
	reader->walls_logged = true;
}

/* A step was answered: note what the reader knows now and go on. */
static void step_done(struct reader *reader, const char *why)
{
	struct reader_repository *repository = reader->current->repository;

	switch (reader->current->step) {
	case STEP_OPEN:
		reader_request_opened(repository);
		break;
	case STEP_APPS:
		reader_request_sent(repository);
		break;
	case STEP_ASK:
		reader->failures = 0;
		finish_current(reader, READER_OK, why);
		return;
	}
	send_step(reader);
}

static void take_frame(struct reader *reader, const char *body, size_t len)
{
	struct error err = ERROR_INIT;

	if (!reader->hello) {
		take_hello(reader, body, len);
		return;
	}
	if (reader->current == NULL || reader->written < reader->out.len) {
		lose(reader, READER_DIED, "the reader spoke without being asked");
		return;
	}
	switch (reader_answer_take(reader->current, reader->id, body, len, &err)) {
	case ANSWER_DONE:
		step_done(reader, err.text);
		break;
	case ANSWER_MORE:
		break;
	case ANSWER_REFUSED:
		reader_request_refused(reader->pool, reader->current, err.text);
		finish_current(reader, READER_REFUSED, err.text);
		break;
	case ANSWER_STALE:
		ask_next_reader(reader);
		break;
	case ANSWER_NONSENSE:
		lose(reader, READER_DIED, err.text);
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
			lose(reader, READER_DIED, "the reader's answer is too long");
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
		lose(reader, READER_DIED, "the reader ended");
		return;
	}
	if (buf_add(&reader->in, chunk, (size_t)n) < 0) {
		lose(reader, READER_DIED, "the reader's answer is too long");
		return;
	}
	take_frames(reader);
	pump(reader);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct reader *reader = arg;
	ssize_t n = send((int)fd, reader->out.data + reader->written,
			 reader->out.len - reader->written, MSG_NOSIGNAL);

	(void)what;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		lose(reader, READER_DIED, "the reader ended");
		return;
	}
	reader->written += n > 0 ? (size_t)n : 0;
	if (reader->written < reader->out.len) {
		(void)event_add(reader->writable, NULL);
	}
}

/* --- what it is asked --- */

/* Put the content in front of which its length goes on its way. */
static void send_content(struct reader *reader, const char *content, size_t len)
{
	buf_reset(&reader->out);
	reader->written = 0;
	(void)frame_put(&reader->out, content, len);
	(void)event_add(reader->writable, NULL);
	after_ms(reader->deadline, reader_pool_options(reader->pool)->time_limit_ms);
}

/* Send what the current request needs next. */
static void send_step(struct reader *reader)
{
	struct error err = ERROR_INIT;
	struct buf content;

	reader->id++;
	buf_init(&content, LIMIT_FRAME_BYTES);
	if (reader_request_build(reader->pool, reader->current, reader->id, &content, &err) < 0) {
		finish_current(reader, READER_REFUSED, err.text);
	} else {
		send_content(reader, content.data, content.len);
	}
	buf_release(&content);
}

/* --- starting --- */

/* 0, or -1 if none could be started: then the next try is under way. */
static int start(struct reader *reader)
{
	char why[128];
	int r = reader_spawn(reader->pool, reader, &reader->pid, &reader->fd);

	if (r != 0) {
		(void)snprintf(why, sizeof(why), "no reader can be started: %s", strerror(r));
		reader_log(reader->pool, READER_LOG_WARNING, why);
		wait_before_next(reader);
		strike_queue(reader, why);
		return -1;
	}
	reader->readable = event_new(reader->base, reader->fd, EV_READ | EV_PERSIST, on_readable,
				     reader);
	reader->writable = event_new(reader->base, reader->fd, EV_WRITE, on_writable, reader);
	(void)event_add(reader->readable, NULL);
	(void)reader_pool_repositories(reader->pool, &reader->serial);
	reader->outdated = false;
	reader->state = READER_RUNNING;
	reader_pool_count(reader->pool, true);
	return 0;
}

/* Unless something runs: start the process or the next request, if there is one. */
static void pump(struct reader *reader)
{
	struct reader_job *job = reader->queue;

	if (reader->current != NULL) {
		return;
	}
	if (reader->state == READER_RUNNING &&
	    (reader->outdated || (job != NULL && job->repository != NULL &&
				  job->repository->serial > reader->serial))) {
		retire(reader);
		return;
	}
	if (job == NULL || (reader->state == READER_NONE && start(reader) < 0) ||
	    reader->state != READER_RUNNING) {
		return;
	}
	DL_DELETE(reader->queue, job);
	reader->current = job;
	send_step(reader);
	if (reader->current == NULL) {
		(void)event_add(reader->kick, &(struct timeval){ 0, 0 });
	}
}

static void on_kick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

/* --- for the pool --- */

struct reader *reader_new(struct reader_pool *pool, struct event_base *base)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));

	reader->pool = pool;
	reader->base = base;
	reader->fd = -1;
	buf_init(&reader->in, READER_ANSWER_BYTES + FRAME_HEADER + 65536);
	buf_init(&reader->out, LIMIT_FRAME_BYTES + FRAME_HEADER);
	reader->deadline = event_new(base, -1, 0, on_deadline, reader);
	reader->again = event_new(base, -1, 0, on_again, reader);
	reader->kick = event_new(base, -1, 0, on_kick, reader);
	return reader;
}

bool reader_wait_gone(struct reader *reader, int64_t deadline)
{
	int status;

	if (reader->state != READER_RUNNING && reader->state != READER_DYING) {
		return true;
	}
	(void)kill(reader->pid, SIGKILL);
	while (!reap(reader, &status)) {
		if (mstime_monotonic() > deadline) {
			return false;
		}
		(void)usleep(1000);
	}
	return true;
}

static void drop_job(struct reader_pool *pool, struct reader_job *job)
{
	job->done.affected = NULL;
	reader_job_finish(pool, job, READER_DIED, "");
}

void reader_free(struct reader *reader)
{
	struct reader_job *job;
	struct reader_job *next;

	if (reader->fd >= 0) {
		close_channel(reader);
	}
	DL_FOREACH_SAFE(reader->queue, job, next) {
		DL_DELETE(reader->queue, job);
		drop_job(reader->pool, job);
	}
	if (reader->current != NULL) {
		drop_job(reader->pool, reader->current);
	}
	event_free(reader->deadline);
	event_free(reader->again);
	event_free(reader->kick);
	buf_release(&reader->in);
	buf_release(&reader->out);
	free(reader);
}

void reader_enqueue(struct reader *reader, struct reader_job *job)
{
	DL_APPEND(reader->queue, job);
	(void)event_add(reader->kick, &(struct timeval){ 0, 0 });
}

void reader_renew(struct reader *reader)
{
	reader->outdated = true;
	(void)event_add(reader->kick, &(struct timeval){ 0, 0 });
}

pid_t reader_pid(const struct reader *reader)
{
	return reader->state == READER_RUNNING ? reader->pid : 0;
}

void reader_add_metrics(const struct reader *reader, int64_t now, struct reader_metrics *metrics)
{
	const struct reader_job *job;
	const struct reader_job *oldest = reader->current != NULL ? reader->current : reader->queue;

	metrics->running += reader->current != NULL;
	DL_FOREACH(reader->queue, job) {
		metrics->queued++;
	}
	if (oldest != NULL && now - oldest->since > metrics->oldest_ms) {
		metrics->oldest_ms = now - oldest->since;
	}
}
