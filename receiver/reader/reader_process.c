/*
 * The life of one reader process: start, kill, replace.
 *
 *     NONE -> RUNNING -> DYING -> NONE, or WAITING (back-off) -> NONE
 *
 * Replacement.  A process is never mended, only killed, and its death is a state
 * of its own (DYING), because nothing may be decided before it is known how it
 * ended: with "signal 11" the request it worked on is answered otherwise than
 * with "killed after 30000 ms".  What it knew (which repositories are open,
 * which applications it has) is kept on our side and forgotten with it; the
 * next one is told again, repository by repository, as requests come, so
 * starting one costs nothing but what is asked of it.
 *
 * There are two reasons to kill one.  It is lost if it is at fault: a deadline
 * passed, its channel ended, or it said what is no answer.  Then the next one
 * is started after a back-off, and the requests that waited count one reader
 * more that they have outlived.  It is retired if it did nothing wrong but its
 * sandbox, which can be neither widened nor narrowed, is not what it must be: it
 * was started before a repository of its next request was configured; it says
 * that directories of the request were made after it was started; or it is idle
 * and may read a repository that is configured no more.  Then the next one is
 * started at once, if there is anything to ask, and nobody is told.
 */
#include "receiver/reader/reader_process.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_impl.h"

#define REAP_INTERVAL_MS 2

static const struct backoff restart_backoff = { .first_ms = 50, .max_ms = 5000 };

static void after_ms(struct event *event, int64_t ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	(void)event_add(event, &wait);
}

/* Kill; the rest follows when it is gone. */
static void kill_reader(struct reader *reader)
{
	reader_talk_stop(reader);
	(void)kill(reader->pid, SIGKILL);
	reader->state = READER_DYING;
	after_ms(reader->again, 0);
}

void reader_lose(struct reader *reader, enum reader_result result, const char *why)
{
	if (reader->state != READER_RUNNING) {
		return;
	}
	reader->result = result;
	(void)error_set(&reader->why, 0, "%s", why);
	kill_reader(reader);
}

void reader_retire(struct reader *reader)
{
	reader->retired = true;
	kill_reader(reader);
}

void reader_renew(struct reader *reader)
{
	reader->outdated = true;
	reader_talk_kick(reader);
}

/* --- the end --- */

/* The process is gone: close its channel, and forget what it knew. */
static void forget(struct reader *reader)
{
	uint64_t serial;

	reader_talk_close(reader);
	reader->pid = 0;
	reader->ended = false;
	for (struct reader_repository *r = reader_pool_repositories(reader->pool, &serial);
	     r != NULL; r = r->next) {
		if (r->reader == reader) {
			reader_repository_forget(r);
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

/* How a process that was lost ended, beside what it was lost for; status as gone() has it. */
static char *describe_end(const struct reader *reader, int status)
{
	const char *why = reader->why.text;

	/* Signal 9 is ours, unless it ended before: then it was out of memory, or a person. */
	if (status != -1 && WIFSIGNALED(status) && (WTERMSIG(status) != SIGKILL || reader->ended)) {
		return xasprintf("%s (signal %d)", why, WTERMSIG(status));
	}
	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		return xasprintf("%s (exit status %d)", why, WEXITSTATUS(status));
	}
	return xstrdup(why);
}

/* The process is gone; status is how, or -1 if nobody can say. */
static void gone(struct reader *reader, int status)
{
	char *why = describe_end(reader, status);

	forget(reader);
	if (reader->retired) {
		reader->retired = false;
		reader->state = READER_NONE;
		reader_talk_pump(reader);
		goto out;
	}
	reader_pool_count(reader->pool, false);
	reader_log(reader->pool, READER_LOG_WARNING, why);
	wait_before_next(reader);
	reader_talk_strike(reader, why);
	reader_talk_finish(reader, reader->result, why);
out:
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
		reader_talk_pump(reader);
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

/* --- the beginning --- */

int reader_start(struct reader *reader)
{
	char why[128];
	int r = reader_spawn(reader->pool, reader, &reader->pid, &reader->fd);

	if (r != 0) {
		(void)snprintf(why, sizeof(why), "no reader can be started: %s", strerror(r));
		reader_log(reader->pool, READER_LOG_WARNING, why);
		wait_before_next(reader);
		reader_talk_strike(reader, why);
		return -1;
	}
	reader_talk_open(reader);
	(void)reader_pool_repositories(reader->pool, &reader->serial);
	reader->outdated = false;
	reader->state = READER_RUNNING;
	reader_pool_count(reader->pool, true);
	return 0;
}

/* --- for the pool --- */

struct reader *reader_new(struct reader_pool *pool, struct event_base *base)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));

	reader->pool = pool;
	reader->base = base;
	reader->again = event_new(base, -1, 0, on_again, reader);
	reader_talk_init(reader);
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

void reader_free(struct reader *reader)
{
	if (reader->fd >= 0) {
		forget(reader);
	}
	reader_talk_release(reader);
	event_free(reader->again);
	free(reader);
}

