/*
 * Who is at the other end of a connection, and where it is counted.
 *
 * Behind a proxy all senders have its address.  A proxy that the operator has
 * named may say for whom it calls: in front of the connection (PROXY) or in
 * the head (X-Forwarded-For, Forwarded).  From then on the connection is the
 * sender's in all respects: limits, log, handlers.  Until then it is counted
 * at the proxy, without a limit.
 */
#include "receiver/http/conn_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/http/conn_impl.h"

_Static_assert(sizeof(((struct conn_peer *)NULL)->address) >= NETADDR_TEXT, "an address fits");

void conn_pool_set_proxies(struct conn_pool *pool, const struct conn_proxies *proxies)
{
	free(pool->proxies);
	pool->proxies = xmemdup(proxies->ranges, proxies->count * sizeof(*proxies->ranges));
	pool->proxy_count = proxies->count;
	pool->proxy_header = proxies->header;
}

static bool is_proxy(const void *ctx, const struct netaddr *address)
{
	const struct conn_pool *pool = ctx;

	for (size_t i = 0; i < pool->proxy_count; i++) {
		if (netrange_has(&pool->proxies[i], address)) {
			return true;
		}
	}
	return false;
}

static void describe_unix(struct conn_peer *peer, int fd)
{
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(cred);

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)snprintf(peer->address, sizeof(peer->address), "unix");
	peer->is_unix = true;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
}

void conn_part(struct conn *c)
{
	if (c->counted != NULL) {
		peers_leave(c->counted, c->welcome);
		c->counted = NULL;
		c->crowd.weight = NULL;
	}
}

/* Count c at its address. A proxy may have any number until it says for whom. */
static void count_at(struct conn *c, const struct netaddr *address, bool limited)
{
	const struct conn_limits *limits = &c->pool->limits;
	struct peer_key key = peer_key_from(address);

	conn_part(c);
	c->welcome = peers_enter(c->pool->peers, &key, limited ? limits->per_peer : 0,
				   limited ? limits->per_peer_new : 0, mstime_monotonic(),
				   &c->counted);
	c->crowd.weight = peers_weight(c->counted);
}

static void describe(struct conn_peer *peer, const struct netaddr *address, unsigned port)
{
	(void)netaddr_format(address, peer->address);
	peer->port = port;
}

void conn_meet(struct conn *c, const struct sockaddr *address)
{
	struct netaddr from;
	unsigned port = 0;

	if (netaddr_from_socket(address, &from, &port) < 0) {
		describe_unix(&c->peer, c->fd);
		return;
	}
	describe(&c->peer, &from, port);
	c->proxied = is_proxy(c->pool, &from);
	c->peer.internet = from;
	count_at(c, &from, !c->proxied);
}

void conn_speaks_for(struct conn *c, const struct netaddr *address, unsigned port)
{
	describe(&c->peer, address, port);
	c->peer.internet = *address;
	count_at(c, address, true);
}

void conn_read_forwarded(struct conn *c)
{
	const struct http_trust trust = { .is_trusted = is_proxy, .ctx = c->pool };
	struct netaddr address;

	if (!c->proxied || c->pool->proxy_header == HTTP_PROXY_PROTOCOL) {
		return;
	}
	if (http_forwarded_for(&c->head, c->pool->proxy_header, &trust, &address)) {
		conn_speaks_for(c, &address, 0);
	} else {
		count_at(c, &c->peer.internet, true);
	}
}
