/*
 * sd_notify(3) without its library: the protocol is one datagram, and its manual
 * says that it may be spoken by programs themselves.  What cannot be told is
 * not told: a supervisor that went away is no reason to stop.
 */
#include "receiver/ops/supervisor.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"

struct supervisor {
	int fd;                      // -1: there is none
	struct sockaddr_un address;
	socklen_t len;
	int64_t watchdog_ms;         // 0: it does not want to know whether we live
	int64_t told_ms;
};

/* A path, or "@" and an abstract name. */
static void set_address(struct supervisor *s, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(s->address.sun_path)) {
		return;
	}
	s->address.sun_family = AF_UNIX;
	memcpy(s->address.sun_path, name, len);
	if (name[0] == '@') {
		s->address.sun_path[0] = '\0';
	}
	s->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static void set_watchdog(struct supervisor *s, const char *microseconds, const char *pid)
{
	if (microseconds != NULL && (pid == NULL || strtol(pid, NULL, 10) == (long)getpid())) {
		s->watchdog_ms = strtoll(microseconds, NULL, 10) / 1000;
	}
}

struct supervisor *supervisor_new(void)
{
	struct supervisor *s = xcalloc(1, sizeof(*s));
	const char *name = getenv("NOTIFY_SOCKET");

	s->fd = -1;
	if (name != NULL) {
		set_address(s, name);
		set_watchdog(s, getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
	}
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return s;
}

void supervisor_free(struct supervisor *s)
{
	if (s == NULL) {
		return;
	}
	if (s->fd >= 0) {
		(void)close(s->fd);
	}
	free(s);
}

static void tell(const struct supervisor *s, const char *text)
{
	if (s->fd >= 0) {
		(void)sendto(s->fd, text, strlen(text), MSG_NOSIGNAL,
			     (const struct sockaddr *)&s->address, s->len);
	}
}

void supervisor_ready(struct supervisor *s)
{
	tell(s, "READY=1");
}

void supervisor_reloading(struct supervisor *s)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)mstime_monotonic() * 1000);
	tell(s, text);
}

void supervisor_stopping(struct supervisor *s)
{
	tell(s, "STOPPING=1");
}

void supervisor_alive(struct supervisor *s, int64_t now_ms)
{
	if (s->watchdog_ms > 0 && now_ms - s->told_ms >= s->watchdog_ms / 2) {
		s->told_ms = now_ms;
		tell(s, "WATCHDOG=1");
	}
}
