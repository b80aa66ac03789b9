/*
 * inotify on directories, a short quiet time, and a timer as a net.
 */
#include "receiver/ops/watch.h"

#include <event2/event.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/xalloc.h"

#define EVENTS \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF | \
	 IN_ATTRIB)

struct watch {
	int fd;                // of inotify, -1: none
	struct event *readable;
	struct event *quiet;   // runs out when no event came for a while
	struct event *poll;
	void (*changed)(void *ctx);
	void *ctx;
	struct event_base *base;
};

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	(void)what;
	w->changed(w->ctx);
}

static void call_soon(struct watch *w)
{
	static const struct timeval quiet = { .tv_usec = WATCH_QUIET_MS * 1000 };

	evtimer_add(w->quiet, &quiet);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	char drop[4096];

	(void)what;
	while (read(fd, drop, sizeof(drop)) > 0) {
		/* Which file it was does not matter. */
	}
	call_soon(w);
}

static void open_inotify(struct watch *w)
{
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		return;
	}
	w->readable = event_new(w->base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
	event_add(w->readable, NULL);
}

static void close_inotify(struct watch *w)
{
	if (w->readable != NULL) {
		event_free(w->readable);
		w->readable = NULL;
	}
	if (w->fd >= 0) {
		close(w->fd);
		w->fd = -1;
	}
}

struct watch *watch_new(struct event_base *base, void (*changed)(void *ctx), void *ctx)
{
	static const struct timeval minute = { .tv_sec = WATCH_POLL_SECONDS };
	struct watch *w = xcalloc(1, sizeof(*w));

	w->base = base;
	w->changed = changed;
	w->ctx = ctx;
	w->quiet = evtimer_new(base, on_time, w);
	w->poll = event_new(base, -1, EV_PERSIST, on_time, w);
	event_add(w->poll, &minute);
	open_inotify(w);
	return w;
}

void watch_free(struct watch *w)
{
	if (w == NULL) {
		return;
	}
	close_inotify(w);
	event_free(w->quiet);
	event_free(w->poll);
	free(w);
}

void watch_clear(struct watch *w)
{
	close_inotify(w);
	open_inotify(w);
	call_soon(w);
}

void watch_add_directory(struct watch *w, const char *path)
{
	if (w->fd >= 0) {
		(void)inotify_add_watch(w->fd, path, EVENTS);
	}
}

void watch_add_file(struct watch *w, const char *file)
{
	char *paths[] = { xstrdup(file), realpath(file, NULL) };

	for (size_t i = 0; i < 2; i++) {
		if (paths[i] != NULL) {
			watch_add_directory(w, dirname(paths[i]));
		}
		free(paths[i]);
	}
}
