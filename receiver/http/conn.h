/*
 * Connections: each carries one HTTP request and its reply, then ends; in a
 * pool that allows it, further requests, one after the other.
 *
 *     PROXY -> HANDSHAKE -> HEAD -> BODY -> STORE -> REPLY -> LINGER -> gone
 *
 * PROXY is for proxies only that say in front of all else for whom they call;
 * HANDSHAKE is TLS only; without a body HEAD leads to STORE; a request that
 * is refused goes to REPLY from where it is.  Every state has a deadline of
 * its own, counted from its beginning, whatever the peer sends meanwhile.
 *
 * The pool owns the connections.  A handler decides at the end of a head
 * (admit) and gets the whole request (request); it answers once, now or later,
 * with conn_reply() by the number of the connection, which is never used
 * again: an answer to one that is gone is dropped.
 *
 * Loop thread only.  SIGPIPE must be ignored by the process.
 */
#ifndef RECEIVER_HTTP_CONN_H
#define RECEIVER_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "http/admit.h"
#include "http/head.h"
#include "receiver/http/body.h"
#include "receiver/http/conn_peer.h"
#include "receiver/http/refusal.h"
#include "receiver/http/reply.h"

struct conn_pool;
struct event_base;
struct tls_context;

struct conn_limits {
	unsigned connections;      // open at once in the pool; more wait in the kernel's queue
	unsigned descriptors;      // at most so many percent of the process's share of descriptors
	unsigned per_peer;         // of these from one peer; 0: no limit
	unsigned per_peer_new;     // new ones within ten seconds from one peer; 0: no limit
	/*
	 * While the pool is full: how long one may go on without a byte, and
	 * how long without the next step of what was begun.
	 */
	int silent_ms;
	int crowd_ms;
	int phase_ms[CONN_STATES]; // longest time in each state
	int body_grace_ms;         // from here on a body must come at body_rate
	unsigned body_rate;        // bytes a second, on average since its beginning
	unsigned crowd_rate;       // the same after crowd_ms, while the pool is full
	size_t bodies;             // bytes of all bodies in memory
	size_t linger_bytes;       // read and dropped in LINGER at most: a reset loses the answer
	/*
	 * Requests on one connection; 1: it ends after the first reply, which
	 * leaves a sender nothing to smuggle a second request in.  A request
	 * with a body is always the last one.
	 */
	unsigned requests;
	int idle_ms;               // longest time between a reply and the next request
};

/* The defaults. */
extern const struct conn_limits conn_limits_default;

struct conn_request {
	uint64_t id;                  // for conn_reply()
	const struct http_head *head; // its spans are NUL-terminated strings
	const struct conn_peer *peer;
	const struct body *body;      // NULL: none, or not yet there (admit)
	int64_t began_ms;             // monotonic: when the first byte of its head came
};

/* What a listener does with requests. All is borrowed until the call returns. */
struct conn_handler {
	/*
	 * The head is complete: say what its path is and may (ret_route is
	 * zeroed).  Must not call conn_ functions but for counters.
	 */
	void (*admit)(void *ctx, const struct conn_request *request, struct http_route *ret_route);
	/*
	 * The request is complete: call conn_reply() once, here or later.  If
	 * that does not happen within the time of STORE, 503 is sent.
	 */
	void (*request)(void *ctx, const struct conn_request *request);
	/*
	 * A reply was sent to its last byte: the name of its route ("other" if
	 * the request never got one), its status, and the milliseconds since
	 * the first byte of the request.  May be NULL.  Must not call conn_
	 * functions.
	 */
	void (*answered)(void *ctx, const char *route, int status, int64_t took_ms);
	void *ctx;
};

struct conn_counters {
	uint64_t accepted;
	uint64_t refused[REFUSALS];
	uint64_t answers_dropped;     // conn_reply() to a connection that was gone
	uint64_t replies[REPLY_STATUSES]; // by reply_index()
	uint64_t bytes_in;            // without TLS framing
	uint64_t bytes_out;
	unsigned open;                // now
	unsigned handshakes;          // now
	size_t bodies;                // bytes of bodies in memory now
};

/*
 * A new pool on base, which must outlive it.  The number of connections is
 * lowered to what the process may have of file descriptors, less what
 * journal, children and outgoing connections need, and silent_ms and crowd_ms
 * with it.
 */
struct conn_pool *conn_pool_new(struct event_base *base, const struct conn_limits *limits);

/*
 * Close all connections without a word and free the pool. All bodies that
 * were kept must be free. NULL is allowed.
 */
void conn_pool_free(struct conn_pool *pool);

/* Use other limits from now on; deadlines that run stay. */
void conn_pool_set_limits(struct conn_pool *pool, const struct conn_limits *limits);

/* The counters; borrowed, good until the next call into the pool. */
const struct conn_counters *conn_pool_counters(struct conn_pool *pool);

/* True if one more connection may be opened: fewer than the limit, not draining. */
bool conn_pool_has_room(const struct conn_pool *pool);

/*
 * Somebody waits: have one connection give way if there is no room, in the
 * order of receiver/http/crowd.h.  True if there is room then.  Otherwise those who
 * watch are told when it is worth to try again.
 */
bool conn_pool_make_room(struct conn_pool *pool);

/*
 * Have callback(ctx) called whenever a connection has ended and there is
 * room, or conn_pool_make_room() may succeed, until conn_pool_unwatch() with
 * the same ctx.
 */
void conn_pool_watch(struct conn_pool *pool, void (*callback)(void *ctx), void *ctx);
void conn_pool_unwatch(struct conn_pool *pool, const void *ctx);

/* Count that somebody has to wait for want of a file descriptor; address is the listener's. */
void conn_pool_count_descriptor(struct conn_pool *pool, const char *address);

/*
 * Take over the connected, non-blocking socket fd (closed in any case).
 * address is the peer's; tls is NULL for plain HTTP and must outlive the
 * call only; handler must outlive the pool.  Whoever has more than its share
 * is answered 429 when its head is there.  Returns 0, or -1 if there is no room
 * or no memory for TLS.
 */
int conn_open(struct conn_pool *pool, int fd, const struct sockaddr *address,
	      struct tls_context *tls, const struct conn_handler *handler);

/*
 * Answer the request id. reply and its body are copied. 0, or -1 if the
 * connection is gone or was answered: then nothing is sent.
 */
int conn_reply(struct conn_pool *pool, uint64_t id, const struct reply *reply);

/*
 * Take no more connections and let those that are open finish, for ms at
 * most; those that have sent nothing get a quarter of a second.  Then, from
 * the loop, done(ctx): no connection is left.  done may free the pool.
 */
void conn_pool_drain(struct conn_pool *pool, int ms, void (*done)(void *ctx), void *ctx);

#endif
