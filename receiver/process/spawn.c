/*
 * One child, from start to end:
 *
 *     start    input into a memfd (no feeding, no SIGPIPE), a pipe for both
 *              outputs, spawn_child()
 *     run      the pipe is read as it fills; above output_max it is read and
 *              thrown away, so that the child does not block on us
 *     limit    SIGTERM to the process group, and after the grace SIGKILL
 *     end      the pidfd becomes readable.  While the child is a zombie its id
 *              cannot be another's, so first its group is killed, then it is
 *              reaped, then what is in the pipe is read, once, without
 *              waiting: a grandchild in a session of its own may hold it open
 *              for ever
 *     answer   one callback, then all of it is freed
 *
 * A child that cannot be started takes the same way: its answer comes from a
 * timer of 0 ms, so that callers have one path.
 */
#include "receiver/process/spawn.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/process/spawn_child.h"

#define READ_BYTES 65536
#define INPUT_MAX (64U * 1024 * 1024)

/* What is still read of a pipe after the end: more than a pipe holds. */
#define LAST_READS 32

/* Someone else reaped it. */
#define STATUS_UNKNOWN 255

struct spawner {
	struct event_base *base;
	struct spawn *children;
};

struct spawn {
	struct spawner *owner;
	struct spawn *prev, *next;
	spawn_callback *callback; // NULL: cancelled
	void *arg;
	pid_t pid;                // -1: never started, 0: reaped
	int pidfd;
	int output_fd;
	struct event *exit_event;
	struct event *output_event;
	struct event *timer;
	struct buf output;
	int64_t grace_ms;
	bool truncated;
	bool timed_out;
	bool unusable;
	bool answering;           // in its callback
	struct error failure;     // why it was never started
	int status;
};

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
	*fd = -1;
}

static void free_event(struct event **ev)
{
	if (*ev != NULL) {
		event_free(*ev);
	}
	*ev = NULL;
}

static void spawn_free(struct spawn *c)
{
	DL_DELETE(c->owner->children, c);
	free_event(&c->exit_event);
	free_event(&c->output_event);
	free_event(&c->timer);
	close_fd(&c->pidfd);
	close_fd(&c->output_fd);
	buf_release(&c->output);
	free(c);
}

static void set_timer(struct spawn *c, int64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
				    .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	(void)event_add(c->timer, &tv);
}

/* Keep what fits. False: nothing to read now, or nothing any more. */
static bool read_output(struct spawn *c)
{
	char data[READ_BYTES];

	ssize_t n = read(c->output_fd, data, sizeof(data));
	if (n < 0 && errno == EINTR) {
		return true;
	}
	if (n < 0 && errno == EAGAIN) {
		return false;
	}
	if (n <= 0) {
		free_event(&c->output_event);
		return false;
	}
	size_t room = c->output.max - c->output.len;
	size_t kept = (size_t)n < room ? (size_t)n : room;
	(void)buf_add(&c->output, data, kept);
	c->truncated = c->truncated || kept < (size_t)n;
	return true;
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)read_output(arg);
}

/* Tell how it ended and be gone. */
static void answer(struct spawn *c)
{
	const struct call_result a = {
		.completed = c->pid >= 0 && !c->timed_out,
		.timed_out = c->timed_out,
		.failure = c->pid < 0 ? c->failure.text : NULL,
		.never_sent = c->pid < 0,
		.unusable = c->unusable,
		.status = c->status,
		.output = c->output.data,
		.output_len = c->output.len,
		.truncated = c->truncated,
	};

	c->answering = true;
	if (c->callback != NULL) {
		c->callback(c->arg, &a);
	}
	spawn_free(c);
}

/* Its whole group; only while it is not reaped. */
static void kill_group(const struct spawn *c, int sig)
{
	if (c->pid > 0) {
		(void)kill(-c->pid, sig);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct spawn *c = arg;

	(void)fd;
	(void)what;
	if (c->pid < 0) {
		answer(c);
		return;
	}
	kill_group(c, c->timed_out ? SIGKILL : SIGTERM);
	if (!c->timed_out) {
		c->timed_out = true;
		set_timer(c, c->grace_ms);
	}
}

/* 0 if it has ended and is reaped, -1 if not yet. */
static int reap(struct spawn *c, int flags)
{
	siginfo_t info = { .si_pid = 0 };

	int r = waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOWAIT | flags);
	if (r < 0 && errno == EINTR) {
		return reap(c, flags);
	}
	if (r == 0 && info.si_pid == 0) {
		return -1;
	}
	c->status = STATUS_UNKNOWN;
	if (r == 0) {
		kill_group(c, SIGKILL);
		(void)waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG);
		c->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	}
	c->pid = 0;
	return 0;
}

static void on_exit_of_child(evutil_socket_t fd, short what, void *arg)
{
	struct spawn *c = arg;

	(void)fd;
	(void)what;
	if (reap(c, WNOHANG) < 0) {
		return;
	}
	for (int i = 0; i < LAST_READS && c->output_event != NULL && read_output(c); i++) {
	}
	answer(c);
}

/* The input as a file in memory, at its start; -1 with errno. */
static int make_input(const struct spawn_options *options)
{
	size_t done = 0;

	if (options->input_len > INPUT_MAX) {
		errno = EFBIG;
		return -1;
	}
	int fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && done < options->input_len) {
		ssize_t n = write(fd, options->input + done, options->input_len - done);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			close_fd(&fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0) {
		close_fd(&fd);
	}
	return fd;
}

/* Start it; 0, or another number with c->failure. */
static int launch(struct spawn *c, const struct spawn_options *options)
{
	int output[2] = { -1, -1 };
	int input = -1;
	int r = -1;

	if (pipe2(output, O_CLOEXEC) < 0) {
		r = error_errno(&c->failure, -1, errno, "pipe");
		goto out;
	}
	if (options->input != NULL) {
		input = make_input(options);
		if (input < 0) {
			r = error_errno(&c->failure, -1, errno, "standard input");
			goto out;
		}
	}
	const struct spawn_child_options child = {
		.argv = options->argv,
		.environment = options->environment,
		.directory = options->directory,
		.fds = { input, output[1], output[1], -1 },
		.file_size_max = options->file_size_max,
		.memory_max = options->memory_max,
		.no_new_privileges = options->no_new_privileges,
	};
	/* Ours only: the writer's end blocks, as programs expect. */
	(void)fcntl(output[0], F_SETFL, O_NONBLOCK);
	r = spawn_child(&child, &c->pid, &c->pidfd, &c->failure);
	if (r == 0) {
		c->output_fd = output[0];
		output[0] = -1;
	}
	c->unusable = r == SPAWN_CHILD_UNUSABLE;
out:
	close_fd(&output[0]);
	close_fd(&output[1]);
	close_fd(&input);
	return r;
}

struct spawner *spawner_new(struct event_base *base)
{
	struct spawner *s = xcalloc(1, sizeof(*s));

	s->base = base;
	return s;
}

void spawner_free(struct spawner *s)
{
	if (s == NULL) {
		return;
	}
	while (s->children != NULL) {
		struct spawn *c = s->children;
		kill_group(c, SIGKILL);
		if (c->pid > 0) {
			(void)reap(c, 0);
		}
		spawn_free(c);
	}
	free(s);
}

struct spawn *spawn_start(struct spawner *s, const struct spawn_options *options,
			  spawn_callback *callback, void *arg)
{
	struct spawn *c = xcalloc(1, sizeof(*c));

	*c = (struct spawn){ .owner = s, .callback = callback, .arg = arg, .pid = -1, .pidfd = -1,
			     .output_fd = -1 };
	c->grace_ms = options->grace_ms > 0 ? options->grace_ms : SPAWN_GRACE_MS;
	buf_init(&c->output, options->output_max);
	DL_APPEND(s->children, c);
	c->timer = event_new(s->base, -1, 0, on_timer, c);
	if (launch(c, options) != 0) {
		set_timer(c, 0);
		return c;
	}
	c->exit_event = event_new(s->base, c->pidfd, EV_READ | EV_PERSIST, on_exit_of_child, c);
	c->output_event = event_new(s->base, c->output_fd, EV_READ | EV_PERSIST, on_output, c);
	(void)event_add(c->exit_event, NULL);
	(void)event_add(c->output_event, NULL);
	if (options->time_limit_ms > 0) {
		set_timer(c, options->time_limit_ms);
	}
	return c;
}

struct spawn *spawn_call(struct spawner *s, const struct call *call,
			 spawn_callback *callback, void *arg)
{
	const struct spawn_options options = {
		.argv = &call->argv,
		.environment = &call->environment,
		.directory = call->directory,
		.input = call->input,
		.input_len = call->input_len,
		.output_max = LIMIT_OUTPUT_KEPT,
		.time_limit_ms = call->time_limit_ms,
	};

	return spawn_start(s, &options, callback, arg);
}

void spawn_cancel(struct spawn *child)
{
	if (child == NULL) {
		return;
	}
	child->callback = NULL;
	if (child->answering) {
		return;
	}
	if (child->pid < 0) {
		spawn_free(child);
		return;
	}
	kill_group(child, SIGKILL);
}
