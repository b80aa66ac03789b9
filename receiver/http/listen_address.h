/*
 * From "host:port" or "unix:/path" to sockets that listen.
 */
#ifndef RECEIVER_HTTP_LISTEN_ADDRESS_H
#define RECEIVER_HTTP_LISTEN_ADDRESS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* A socket file that we made; to know it again when it is to be removed. */
struct listen_file {
	char *path; // NULL: none
	dev_t device;
	ino_t inode;
};

/*
 * Open non-blocking listening sockets for an address as of listener_new(), at
 * most max; mode is for unix sockets.  Returns how many are in ret_fds, and
 * *ret_file for a unix socket (to be given to listen_remove_file()); or -1
 * with err, and nothing is left open.
 */
int listen_open(const char *address, unsigned mode, int *ret_fds, size_t max,
		struct listen_file *ret_file, struct error *err);

/* The path of "unix:/path", or NULL if the address is of the Internet. Borrowed. */
const char *listen_unix_path(const char *address);

struct addrinfo;

/*
 * The socket addresses that an address of the Internet means; freeaddrinfo()
 * them.  0, or -1 with err (which may be NULL).  Looking a name up may take time.
 */
int listen_lookup(const char *address, struct addrinfo **ret_infos, struct error *err);

/* Remove the socket file if it is still the one we made; free file->path. */
void listen_remove_file(struct listen_file *file);

#endif
