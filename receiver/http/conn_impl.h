/*
 * What conn.c (one connection), conn_peer.c (who is at its other end),
 * conn_refuse.c (who is not served) and conn_pool.c (all of them) share.
 */
#ifndef RECEIVER_HTTP_CONN_IMPL_H
#define RECEIVER_HTTP_CONN_IMPL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/chunk.h"
#include "http/proxy.h"
#include "receiver/http/conn.h"
#include "receiver/http/crowd.h"
#include "receiver/http/peers.h"
#include "receiver/http/tls.h"
#include "receiver/ops/log.h"

/* The name of the route of a request that never got one. */
#define CONN_NO_ROUTE "other"

/* Bytes read from a socket at once. */
#define CONN_SCRATCH 16384

struct conn {
	struct conn_pool *pool;
	uint64_t id;
	enum conn_state state;
	int fd;
	struct event io;      // EV_READ or EV_WRITE, as wanted
	struct event timer;
	short wanted;         // what io is added for; 0: not added
	int64_t since;        // when the state began, monotonic
	int64_t deadline;     // when it must end
	struct tls *tls;      // NULL: plain
	const struct conn_handler *handler;
	struct conn_peer peer;
	struct peer *counted;       // where it is counted; NULL: nowhere
	enum peers_result welcome;  // what its peer may have
	bool proxied;                 // the other end is a proxy that we believe
	bool spoke;                   // it has sent a byte
	unsigned stage;               // of the handshake, see tls_stage()
	struct crowd_member crowd;
	int64_t began;                // when the first byte of the head came, monotonic
	struct http_head head;
	struct http_admission admission;
	struct http_chunk chunk;
	size_t received;      // bytes of body from the socket, framing included
	struct body *body;
	struct buf out;       // reply
	int status;           // of the reply
	const char *route;    // what metrics call the path, a constant
	bool keep;            // after the reply another request may come
	unsigned answered;    // requests before this one
	size_t sent;          // of it
	size_t dropped;       // bytes read in LINGER
	size_t header_len;
	char header[LIMIT_HEADER_BYTES];
};

/* What a connection without a request costs, buffers of the kernel aside. */
_Static_assert(sizeof(struct conn) <= 12288, "an idle connection takes at most 12 KB");

struct conn_slot {
	struct conn *conn;
	uint32_t generation; // of its next or current connection
};

struct conn_watcher {
	void (*callback)(void *ctx);
	void *ctx;
};

struct conn_pool {
	struct event_base *base;
	struct conn_limits limits;
	struct conn_counters counters;
	struct body_budget budget;
	struct peers *peers;
	struct conn_slot *slots;
	size_t slot_count;
	size_t slot_capacity;
	struct crowd crowd;
	struct netrange *proxies;
	size_t proxy_count;
	enum http_forwarded proxy_header;
	struct log_limit logged[REFUSALS];
	struct conn_watcher *watchers;
	size_t watcher_count;
	size_t watcher_capacity;
	struct event *crowd_timer; // while the pool is full and somebody waits
	bool draining;
	struct event *drain_timer;
	void (*drained)(void *ctx);
	void *drained_ctx;
	char scratch[CONN_SCRATCH]; // of whoever reads now
};

/* conn_peer.c: fill in who c is, from its socket's address, and count it there. */
void conn_meet(struct conn *c, const struct sockaddr *address);

/* conn_peer.c: the other end of c is in truth address, port (0: not known). */
void conn_speaks_for(struct conn *c, const struct netaddr *address, unsigned port);

/* conn_peer.c: the head of c is there: if a proxy sent it, see for whom. */
void conn_read_forwarded(struct conn *c);

/* conn_peer.c: c is no more counted at its peer. */
void conn_part(struct conn *c);

/* conn_refuse.c: count and log that c is not served. */
void conn_refused(struct conn *c, enum conn_refusal refusal);

/*
 * conn_refuse.c: the same for anybody: where names the place that is
 * meant ("peer", "listener"), address who or what is there.
 */
void conn_pool_refused(struct conn_pool *pool, enum conn_refusal refusal, const char *where,
		       const char *address);

/* Others wait: end c, or hurry it on, unless it turns out that it goes on after all. */
void conn_give_way(struct conn *c);

/* conn_pool.c: give c another number, so that what was asked under the old one finds nobody. */
void conn_renumber(struct conn *c);

/* Begin to serve c, which conn_open() has filled in. */
void conn_start(struct conn *c);

/* End c: close, free, tell the watchers. */
void conn_free(struct conn *c);

/* Answer, whatever the state: c moves to REPLY. It must be in a state before. */
void conn_answer(struct conn *c, const struct reply *reply);

/* Bring the deadline of c forward to at most ms from now. */
void conn_hurry(struct conn *c, int ms);

#endif
