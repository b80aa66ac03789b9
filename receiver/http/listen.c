/*
 * Accepting.
 *
 * Up to 64 connections are accepted a wake-up, then the loop goes on.  When
 * the pool is full and somebody calls, a connection that does nothing gives
 * way; while there is none the sockets are not watched at all: callers wait in
 * the kernel's queue and cost us nothing.
 *
 * Without a free file descriptor accept() fails at once while the socket stays
 * readable, which would spin the loop.  So nothing is accepted for 100 ms then:
 * callers wait here too, nobody is turned away.
 */
#include "receiver/http/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "receiver/http/inherited.h"
#include "receiver/http/listen_address.h"

#define ACCEPTS_A_WAKE 64
#define PAUSE_MS 100

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

/* Watch the sockets unless there is a pause. */
static void resume(void *ctx)
{
	struct listener *l = ctx;

	watch(l, !l->paused);
}

static void on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	l->paused = false;
	resume(l);
}

/* No descriptor or no memory: whoever calls waits in the kernel's queue meanwhile. */
static void pause_accepting(struct listener *l)
{
	struct timeval tv = { .tv_usec = PAUSE_MS * 1000 };

	conn_pool_count_descriptor(l->pool, l->address);
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
	for (int i = 0; i < ACCEPTS_A_WAKE; i++) {
		struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(address);

		/* Only the first is sure to be there, and worth that somebody gives way. */
		if (!conn_pool_has_room(l->pool) && (i > 0 || !conn_pool_make_room(l->pool))) {
			watch(l, i > 0);
			return;
		}
		int caller = accept4(fd, (struct sockaddr *)&address, &len,
				     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (caller >= 0) {
			(void)conn_open(l->pool, caller, (struct sockaddr *)&address, l->tls,
					l->handler);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (!is_passing(errno)) {
			pause_accepting(l);
			return;
		}
	}
}

static struct listener *make(struct event_base *base, struct conn_pool *pool,
			     const struct listener_settings *settings)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->pool = pool;
	l->tls = settings->tls;
	l->handler = settings->handler;
	l->address = xstrdup(settings->address);
	l->timer = evtimer_new(base, on_pause_end, l);
	return l;
}

/* The sockets are there: begin. Takes l. */
static struct listener *begin(struct event_base *base, struct listener *l, struct error *err)
{
	bool ok = l->timer != NULL;

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

	l->count = inherited_give(settings->inherited, settings->address, l->fds,
				  LISTENER_SOCKETS_MAX);
	if (l->count == 0) {
		int count = listen_open(settings->address, settings->mode, l->fds,
					LISTENER_SOCKETS_MAX, &l->file, err);

		if (count < 0) {
			listener_free(l);
			return NULL;
		}
		l->count = (size_t)count;
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
