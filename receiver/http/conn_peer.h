/*
 * Who is at the other end of a connection, and which proxies may say so for
 * somebody else.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_HTTP_CONN_PEER_H
#define RECEIVER_HTTP_CONN_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/netaddr.h"
#include "http/forwarded.h"

struct conn_pool;

struct conn_peer {
	char address[64]; // "192.0.2.1", "2001:db8::1" or "unix"; of the sender behind a proxy
	unsigned port;    // 0: unix, or not known
	struct netaddr internet; // the same address as data; not unix
	bool is_unix;
	bool is_tls;
	uid_t uid;        // unix: who connected, told by the kernel
	gid_t gid;
	pid_t pid;
};

/* Proxies in front of us, and how they tell who calls. */
struct conn_proxies {
	const struct netrange *ranges; // their addresses; copied
	size_t count;                  // 0: whoever calls is the sender
	enum http_forwarded header;
};

/*
 * Believe these proxies from now on, for connections that are not open yet:
 * what they say is the peer's address, counted, logged and told to handlers.
 * What anybody else says about addresses is not read.
 */
void conn_pool_set_proxies(struct conn_pool *pool, const struct conn_proxies *proxies);

#endif
