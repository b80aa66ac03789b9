/*
 * Accepting.
 *
 * Up to 64 connections are accepted a wake-up, then the loop goes on.  While
 * the pool is full the sockets are not watched at all: callers wait in the
 * kernel's queue and cost us nothing.
 *
 * Without a free file descriptor accept() fails at once while the socket stays
 * readable, which would spin the loop.  So one descriptor is held in reserve:
 * it is given up to accept the caller and close it (a clear end instead of a
 * silent wait), taken again, and nothing is accepted for 100 ms.
 */
#include "receiver/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/listen_address.h"
#include "receiver/log.h"

#define ACCEPTS_A_WAKE 64
#define PAUSE_MS 100
#define LOG_EVERY_MS 1000

struct listener {
	struct conn_pool *pool;
	struct tls_context *tls;
	const struct conn_handler *handler;
	char *address;
	int fds[LISTENER_SOCKETS_MAX];
	struct event *events[LISTENER_SOCKETS_MAX];
	size_t count;
	struct listen_file file;
	bool watching;       // the events are added
	bool paused;         // no descriptor: wait for the timer
	struct event *timer; // ends the pause
	int spare;           // descriptor in reserve, -1: given up
	int64_t logged;      // when we last complained
	uint64_t unlogged;   // complaints held back since
};

static void watch(struct listener *l, bool on)
{
	if (l->watching == on) {
		return;
	}
	l->watching = on;
	for (size_t i = 0; i < l->count; i++) {
		(void)(on ? event_add(l->events[i], NULL) : event_del(l->events[i]));
	}
}

/* Watch the sockets if there is room and no pause. */
static void resume(void *ctx)
{
	struct listener *l = ctx;

	watch(l, !l->paused && conn_pool_has_room(l->pool));
}

static void on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	l->paused = false;
	resume(l);
}

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* At most one line a second. */
static void complain(struct listener *l, int errnum)
{
	int64_t now = mstime_monotonic();
	char text[128];

	if (l->logged != 0 && now - l->logged < LOG_EVERY_MS) {
		l->unlogged++;
		return;
	}
	log_warn("cannot accept connections", "address", l->address, "error",
		 strerror_r(errnum, text, sizeof(text)), "not_logged", LOG_INT(l->unlogged), NULL);
	l->logged = now;
	l->unlogged = 0;
}

/* No descriptor or no memory: turn one caller away and take a breath. */
static void pause_accepting(struct listener *l, int fd, int errnum)
{
	struct timeval tv = { .tv_usec = PAUSE_MS * 1000 };

	complain(l, errnum);
	if (l->spare >= 0) {
		(void)close(l->spare);
		int caller = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (caller >= 0) {
			conn_pool_count_descriptor(l->pool);
			(void)close(caller);
		}
	}
	l->spare = open_spare();
	l->paused = true;
	watch(l, false);
	(void)evtimer_add(l->timer, &tv);
}

/* Errors of one caller that went away, see accept(2): go on with the next. */
static bool is_passing(int errnum)
{
	static const int passing[] = { EINTR, ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT,
				       EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (passing[i] == errnum) {
			return true;
		}
	}
	return false;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_WAKE && conn_pool_has_room(l->pool); i++) {
		struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(address);
		int caller = accept4(fd, (struct sockaddr *)&address, &len,
				     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (caller >= 0) {
			(void)conn_open(l->pool, caller, (struct sockaddr *)&address, l->tls,
					l->handler);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (!is_passing(errno)) {
			pause_accepting(l, fd, errno);
			return;
		}
	}
	resume(l);
}

static struct listener *make(struct event_base *base, struct conn_pool *pool,
			     const struct listener_settings *settings)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->pool = pool;
	l->tls = settings->tls;
	l->handler = settings->handler;
	l->address = xstrdup(settings->address);
	l->spare = open_spare();
	l->timer = evtimer_new(base, on_pause_end, l);
	return l;
}

/* The sockets are there: begin. Takes l. */
static struct listener *begin(struct event_base *base, struct listener *l, struct error *err)
{
	bool ok = l->timer != NULL && l->spare >= 0;

	for (size_t i = 0; i < l->count; i++) {
		l->events[i] = event_new(base, l->fds[i], EV_READ | EV_PERSIST, on_accept, l);
		ok = ok && l->events[i] != NULL;
	}
	if (!ok) {
		(void)error_set(err, -1, "%s: no file descriptor or no memory", l->address);
		listener_free(l);
		return NULL;
	}
	conn_pool_watch(l->pool, resume, l);
	resume(l);
	return l;
}

struct listener *listener_new(struct event_base *base, struct conn_pool *pool,
			      const struct listener_settings *settings, struct error *err)
{
	struct listener *l = make(base, pool, settings);
	int count = listen_open(settings->address, settings->mode, l->fds, LISTENER_SOCKETS_MAX,
				&l->file, err);

	if (count < 0) {
		listener_free(l);
		return NULL;
	}
	l->count = (size_t)count;
	return begin(base, l, err);
}

struct listener *listener_adopt(struct event_base *base, struct conn_pool *pool, int fd,
				const struct listener_settings *settings, struct error *err)
{
	struct listener *l = make(base, pool, settings);
	int listening = 0;
	socklen_t len = sizeof(listening);

	l->fds[0] = fd;
	l->count = 1;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || listening == 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
		(void)error_set(err, -1, "%s: descriptor %d is not a listening socket", l->address,
				fd);
		listener_free(l);
		return NULL;
	}
	return begin(base, l, err);
}

void listener_free(struct listener *l)
{
	if (l == NULL) {
		return;
	}
	conn_pool_unwatch(l->pool, l);
	for (size_t i = 0; i < l->count; i++) {
		if (l->events[i] != NULL) {
			event_free(l->events[i]);
		}
		(void)close(l->fds[i]);
	}
	if (l->timer != NULL) {
		event_free(l->timer);
	}
	if (l->spare >= 0) {
		(void)close(l->spare);
	}
	listen_remove_file(&l->file);
	free(l->address);
	free(l);
}

unsigned listener_port(const struct listener *l)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (getsockname(l->fds[0], (struct sockaddr *)&address, &len) != 0) {
		return 0;
	}
	memcpy(&in, &address, sizeof(in));
	memcpy(&in6, &address, sizeof(in6));
	if (address.ss_family == AF_INET) {
		return ntohs(in.sin_port);
	}
	return address.ss_family == AF_INET6 ? ntohs(in6.sin6_port) : 0;
}
