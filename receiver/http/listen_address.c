/*
 * Opening listening sockets.
 *
 * A unix socket's file outlives a crash.  Whether somebody still listens is
 * found out by connecting: ECONNREFUSED says that nobody does, and only
 * then, and only if it is a socket, the file is removed.  The permissions are
 * there from the first moment: bind() applies the umask.
 */
#include "receiver/http/listen_address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "receiver/http/listen.h"

/* Who waits while all places are taken; the kernel has a ceiling of its own (somaxconn). */
#define BACKLOG 4096

static const char unix_prefix[] = "unix:";

const char *listen_unix_path(const char *address)
{
	size_t len = sizeof(unix_prefix) - 1;

	return strncmp(address, unix_prefix, len) == 0 ? address + len : NULL;
}

static int open_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Split "host:port", "[v6]:port", ":port", "*:port". Host is NULL for all. */
static int split(const char *address, char **ret_host, char **ret_port, struct error *err)
{
	const char *colon = strrchr(address, ':');

	if (colon == NULL || colon[1] == '\0') {
		return error_set(err, -1, "%s: no port; write host:port or unix:/path", address);
	}
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5 ||
	    strtol(colon + 1, NULL, 10) > 65535) {
		return error_set(err, -1, "%s: the port is not a number up to 65535", address);
	}
	size_t len = (size_t)(colon - address);
	bool bracket = len >= 2 && address[0] == '[' && colon[-1] == ']';
	if (!bracket && memchr(address, ':', len) != NULL) {
		return error_set(err, -1, "%s: write an IPv6 address as [address]:port", address);
	}
	bool all = len == 0 || (len == 1 && address[0] == '*');
	*ret_host = all ? NULL : xstrndup(address + bracket, len - 2U * bracket);
	*ret_port = xstrdup(colon + 1);
	return 0;
}

static int check_path(const char *address, const char *path, struct error *err)
{
	struct sockaddr_un un;

	if (path[0] != '/') {
		return error_set(err, -1, "%s: the path of a socket begins with a slash", address);
	}
	if (strlen(path) >= sizeof(un.sun_path)) {
		return error_set(err, -1, "%s: the path of a socket is at most %zu bytes long",
				 address, sizeof(un.sun_path) - 1);
	}
	return 0;
}

/* One socket of one address. The socket, or -1 with err and errno. */
static int open_one(const struct addrinfo *info, bool all, const char *address, struct error *err)
{
	const int on = 1;
	const int only = all ? 0 : 1;
	int fd = open_socket(info->ai_family);

	if (fd < 0) {
		int saved = errno;

		(void)error_errno(err, -1, saved, "%s: socket", address);
		errno = saved;
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	}
	if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		int saved = errno;

		(void)close(fd);
		(void)error_errno(err, -1, saved, "%s: cannot listen", address);
		if (saved == EADDRINUSE) {
			(void)error_set(err, -1, "%s: another process listens there: stop it, or "
					"set 'listen' or 'statusListen' to another", address);
		}
		errno = saved;
		return -1;
	}
	return fd;
}

static void close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		(void)close(fds[i]);
	}
}

/* All addresses of the machine: one IPv6 socket that takes IPv4 too, or IPv4. */
static int open_any(const char *port, const char *address, int *ret_fds, struct error *err)
{
	static const int families[] = { AF_INET6, AF_INET };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct addrinfo hints = {
			.ai_family = families[i],
			.ai_socktype = SOCK_STREAM,
			.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		};
		struct addrinfo *infos = NULL;
		int r = getaddrinfo(NULL, port, &hints, &infos);

		if (r != 0) {
			(void)error_set(err, -1, "%s: %s", address, gai_strerror(r));
			continue;
		}
		ret_fds[0] = open_one(infos, true, address, err);
		bool in_use = ret_fds[0] < 0 && errno == EADDRINUSE;
		freeaddrinfo(infos);
		if (ret_fds[0] >= 0 || in_use) {
			return ret_fds[0] >= 0 ? 1 : -1;
		}
	}
	return -1;
}

static int open_host(const char *host, const char *port, const char *address, int *ret_fds,
		     size_t max, struct error *err)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *infos = NULL;
	int count = 0;
	int r = getaddrinfo(host, port, &hints, &infos);

	if (r != 0) {
		return error_set(err, -1, "%s: %s", address, gai_strerror(r));
	}
	for (struct addrinfo *i = infos; i != NULL && (size_t)count < max; i = i->ai_next) {
		int fd = open_one(i, false, address, err);

		/* A name may have an IPv6 address where the machine has none. */
		if (fd >= 0) {
			ret_fds[count++] = fd;
		} else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
			close_all(ret_fds, count);
			count = -1;
			break;
		}
	}
	freeaddrinfo(infos);
	return count > 0 ? count : -1;
}

/* Make way for our socket file. */
static int remove_stale(const struct sockaddr_un *un, struct error *err)
{
	struct stat st;

	if (lstat(un->sun_path, &st) != 0) {
		return errno == ENOENT ? 0 : error_errno(err, -1, errno, "%s", un->sun_path);
	}
	if (!S_ISSOCK(st.st_mode)) {
		return error_set(err, -1, "%s: exists and is not a socket", un->sun_path);
	}
	int fd = open_socket(AF_UNIX);
	if (fd < 0) {
		return error_errno(err, -1, errno, "%s: socket", un->sun_path);
	}
	bool dead = connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
		    errno == ECONNREFUSED;
	(void)close(fd);
	if (!dead) {
		return error_set(err, -1, "%s: another process listens there", un->sun_path);
	}
	if (unlink(un->sun_path) != 0 && errno != ENOENT) {
		return error_errno(err, -1, errno, "%s: cannot remove the old socket",
				   un->sun_path);
	}
	return 0;
}

static int open_unix(const char *path, unsigned mode, struct listen_file *ret_file,
		     struct error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st;

	memcpy(un.sun_path, path, strlen(path) + 1);
	if (remove_stale(&un, err) < 0) {
		return -1;
	}
	int fd = open_socket(AF_UNIX);
	if (fd < 0) {
		return error_errno(err, -1, errno, "%s: socket", path);
	}
	mode_t old = umask((mode_t)(0777U & ~mode));
	int r = bind(fd, (const struct sockaddr *)&un, sizeof(un));
	(void)umask(old);
	if (r != 0 || listen(fd, BACKLOG) != 0 || lstat(path, &st) != 0) {
		int saved = errno;

		(void)close(fd);
		return error_errno(err, -1, saved, "%s: cannot listen", path);
	}
	*ret_file = (struct listen_file){
		.path = xstrdup(path), .device = st.st_dev, .inode = st.st_ino,
	};
	return fd;
}

int listen_open(const char *address, unsigned mode, int *ret_fds, size_t max,
		struct listen_file *ret_file, struct error *err)
{
	char *host = NULL;
	char *port = NULL;
	int count;
	const char *path = listen_unix_path(address);

	*ret_file = (struct listen_file){ .path = NULL };
	if (path != NULL) {
		if (check_path(address, path, err) < 0) {
			return -1;
		}
		ret_fds[0] = open_unix(path, mode, ret_file, err);
		return ret_fds[0] >= 0 ? 1 : -1;
	}
	if (split(address, &host, &port, err) < 0) {
		return -1;
	}
	count = host == NULL ? open_any(port, address, ret_fds, err)
			     : open_host(host, port, address, ret_fds, max, err);
	free(host);
	free(port);
	return count;
}

int listen_lookup(const char *address, struct addrinfo **ret_infos, struct error *err)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	char *host = NULL;
	char *port = NULL;
	int r = split(address, &host, &port, err);

	if (r == 0) {
		int code = getaddrinfo(host, port, &hints, ret_infos);

		r = code == 0 ? 0 : error_set(err, -1, "%s: %s", address, gai_strerror(code));
	}
	free(host);
	free(port);
	return r;
}

void listen_remove_file(struct listen_file *file)
{
	struct stat st;

	if (file->path == NULL) {
		return;
	}
	if (lstat(file->path, &st) == 0 && st.st_dev == file->device &&
	    st.st_ino == file->inode) {
		(void)unlink(file->path);
	}
	free(file->path);
	file->path = NULL;
}
