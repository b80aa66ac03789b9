/*
 * The room for connections that come in: listening, TLS, limits and deadlines,
 * requests read and answers written.
 *
 * receiver/serve opens the listeners; the door handles the requests (conn.h).  It
 * never knows what a request is for, and never blocks.
 *
 * This header has listening sockets: addresses, accepting, and what to do when
 * there is no room or no file descriptor.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_HTTP_LISTEN_H
#define RECEIVER_HTTP_LISTEN_H

#include "base/error.h"
#include "receiver/http/conn.h"

#define LISTENER_SOCKETS_MAX 8 // addresses that one name may have

struct inherited; // inherited.h
struct listener;

struct listener_settings {
	const char *address;     // see listener_new()
	unsigned mode;           // unix: permissions of the socket, such as 0660
	struct tls_context *tls; // NULL: plain HTTP; must outlive the listener
	const struct conn_handler *handler; // must outlive the pool
	struct inherited *inherited; // used before a socket is opened; or NULL
};

/*
 * Listen at settings->address and open a connection in pool for whoever
 * calls.  Addresses: "host:port" (each address of the host), "[v6]:port",
 * ":port" (all addresses of the machine), "unix:/path".  Port 0 takes a free
 * one.  A socket file that nobody listens at is replaced; one that is in use,
 * or another kind of file, is an error.  Resolving a name may take time.
 *
 * Returns the listener, or NULL with err. Free it with listener_free()
 * before the pool.
 */
struct listener *listener_new(struct event_base *base, struct conn_pool *pool,
			      const struct listener_settings *settings, struct error *err);

/*
 * Stop listening: close the sockets, remove the socket file if it is still
 * ours.  Open connections go on.  NULL is allowed.
 */
void listener_free(struct listener *l);

/* The port of the first socket, or 0 for a unix socket. */
unsigned listener_port(const struct listener *l);

#endif
