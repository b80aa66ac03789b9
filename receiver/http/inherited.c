/*
 * Which address is a socket bound to?  The addresses that a setting means are
 * compared with what the kernel says of each socket.
 */
#include "receiver/http/inherited.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "receiver/http/listen_address.h"

/* The first descriptor of sd_listen_fds(3). */
#define FIRST 3

struct inherited {
	int fds[INHERITED_MAX]; // -1: given away
	size_t count;
};

/* Does it listen for streams? Then make it as if we had opened it. */
static bool adopt(int fd)
{
	int type = 0;
	int listens = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 || listens == 0) {
		return false;
	}
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static int take_all(struct inherited *inherited, long count, struct error *err)
{
	if (count > INHERITED_MAX) {
		return error_set(err, -1, "LISTEN_FDS: more than %d sockets", INHERITED_MAX);
	}
	for (long i = 0; i < count; i++) {
		if (!adopt(FIRST + (int)i)) {
			return error_set(err, -1, "LISTEN_FDS: descriptor %ld is no socket that "
					 "listens for streams (ListenStream, Accept=no)",
					 FIRST + i);
		}
		inherited->fds[inherited->count++] = FIRST + (int)i;
	}
	return 0;
}

int inherited_take(struct inherited **ret_inherited, struct error *err)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	int r = 0;

	*ret_inherited = xcalloc(1, sizeof(**ret_inherited));
	if (pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid()) {
		r = take_all(*ret_inherited, strtol(count, NULL, 10), err);
	}
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return r;
}

void inherited_free(struct inherited *inherited)
{
	for (size_t i = 0; inherited != NULL && i < inherited->count; i++) {
		if (inherited->fds[i] >= 0) {
			(void)close(inherited->fds[i]);
		}
	}
	free(inherited);
}

static bool get_name(int fd, struct sockaddr_storage *ret_name)
{
	socklen_t len = sizeof(*ret_name);

	*ret_name = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
	return getsockname(fd, (struct sockaddr *)ret_name, &len) == 0;
}

static bool is_at_path(const struct sockaddr_storage *name, const char *path)
{
	struct sockaddr_un un;

	memcpy(&un, name, sizeof(un));
	return name->ss_family == AF_UNIX &&
	       strncmp(un.sun_path, path, sizeof(un.sun_path)) == 0;
}

/* The host as numbers and the port, for comparison; false: not of the Internet. */
static bool print_name(const struct sockaddr *name, socklen_t len, char host[NI_MAXHOST],
		       char port[NI_MAXSERV])
{
	return (name->sa_family == AF_INET || name->sa_family == AF_INET6) &&
	       getnameinfo(name, len, host, NI_MAXHOST, port, NI_MAXSERV,
			   NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

static bool is_at_any(const struct sockaddr_storage *name, const struct addrinfo *infos)
{
	char hosts[2][NI_MAXHOST];
	char ports[2][NI_MAXSERV];
	bool found = false;

	if (!print_name((const struct sockaddr *)name, sizeof(*name), hosts[0], ports[0])) {
		return false;
	}
	for (const struct addrinfo *i = infos; i != NULL && !found; i = i->ai_next) {
		found = print_name(i->ai_addr, i->ai_addrlen, hosts[1], ports[1]) &&
			strcmp(hosts[0], hosts[1]) == 0 && strcmp(ports[0], ports[1]) == 0;
	}
	return found;
}

size_t inherited_give(struct inherited *inherited, const char *address, int *ret_fds, size_t max)
{
	const char *path = listen_unix_path(address);
	struct addrinfo *infos = NULL;
	size_t given = 0;

	if (inherited == NULL || inherited->count == 0 ||
	    (path == NULL && listen_lookup(address, &infos, NULL) < 0)) {
		return 0;
	}
	for (size_t i = 0; i < inherited->count && given < max; i++) {
		struct sockaddr_storage name;
		int fd = inherited->fds[i];

		if (fd >= 0 && get_name(fd, &name) &&
		    (path != NULL ? is_at_path(&name, path) : is_at_any(&name, infos))) {
			ret_fds[given++] = fd;
			inherited->fds[i] = -1;
		}
	}
	if (infos != NULL) {
		freeaddrinfo(infos);
	}
	return given;
}

int inherited_check_all_given(const struct inherited *inherited, struct error *err)
{
	char host[NI_MAXHOST] = "";
	char port[NI_MAXSERV] = "";
	struct sockaddr_storage name;
	size_t i = 0;

	while (inherited != NULL && i < inherited->count && inherited->fds[i] < 0) {
		i++;
	}
	if (inherited == NULL || i == inherited->count) {
		return 0;
	}
	if (get_name(inherited->fds[i], &name) && name.ss_family == AF_UNIX) {
		struct sockaddr_un un;

		memcpy(&un, &name, sizeof(un));
		return error_set(err, -1, "the supervisor opened the socket %.*s, which no setting "
				 "names: set 'listen' or 'socket' to it",
				 (int)sizeof(un.sun_path), un.sun_path);
	}
	(void)print_name((const struct sockaddr *)&name, sizeof(name), host, port);
	return error_set(err, -1, "the supervisor opened a socket at %s port %s, which no setting "
			 "names: set 'listen' or 'statusListen' to it", host, port);
}
