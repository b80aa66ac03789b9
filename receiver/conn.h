/*
 * Connections: each carries one HTTP request and its reply, then ends.
 *
 *     HANDSHAKE -> HEAD -> BODY -> STORE -> REPLY -> LINGER -> gone
 *
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
#ifndef RECEIVER_CONN_H
#define RECEIVER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "http/admit.h"
#include "http/head.h"
#include "receiver/body.h"
#include "receiver/reply.h"

struct conn_pool;
struct event_base;
struct tls_context;

enum conn_state {
	CONN_HANDSHAKE,
	CONN_HEAD,
	CONN_BODY,
	CONN_STORE,  // the handler has the request
	CONN_REPLY,
	CONN_LINGER, // reply sent: read what still comes, so that no reset overtakes it
	CONN_STATES
};

struct conn_limits {
	unsigned connections;      // open at once in the pool
	unsigned per_source;       // of these from one source; 0: no limit
	unsigned per_source_new;   // new ones within ten seconds from one source; 0: no limit
	unsigned handshakes;       // in state HANDSHAKE; one more ends the oldest
	int crowd_ms;              // while the pool is full, the longest time in HANDSHAKE or HEAD
	int phase_ms[CONN_STATES]; // longest time in each state
	int body_grace_ms;         // from here on a body must come at body_rate
	unsigned body_rate;        // bytes a second, on average since its beginning
	size_t bodies;             // bytes of all bodies in memory
	size_t linger_bytes;       // read and dropped in LINGER at most
};

/* The defaults. */
extern const struct conn_limits conn_limits_default;

struct conn_peer {
	char address[64]; // "192.0.2.1", "2001:db8::1" or "unix"
	unsigned port;    // 0: unix
	bool is_unix;
	bool is_tls;
	uid_t uid;        // unix: who connected, told by the kernel
	gid_t gid;
	pid_t pid;
};

struct conn_request {
	uint64_t id;                  // for conn_reply()
	const struct http_head *head; // its spans are NUL-terminated strings
	const struct conn_peer *peer;
	const struct body *body;      // NULL: none, or not yet there (admit)
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
	void *ctx;
};

struct conn_counters {
	uint64_t accepted;
	uint64_t refused_source;      // too many open from one source
	uint64_t refused_rate;        // too many new ones from one source
	uint64_t refused_descriptors; // the process has no file descriptor left
	uint64_t refused_bodies;      // requests answered 503: body budget used up
	uint64_t handshakes_failed;
	uint64_t crowded_out;         // ended in HANDSHAKE or HEAD because others waited for room
	uint64_t late[CONN_STATES];   // ended by the deadline of this state
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
 * journal, children and outgoing connections need, and crowd_ms with it.
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
 * Have callback(ctx) called whenever a connection has ended and there is
 * room, until conn_pool_unwatch() with the same ctx.
 */
void conn_pool_watch(struct conn_pool *pool, void (*callback)(void *ctx), void *ctx);
void conn_pool_unwatch(struct conn_pool *pool, const void *ctx);

/* Count one connection that was dropped for want of a file descriptor. */
void conn_pool_count_descriptor(struct conn_pool *pool);

/*
 * Take over the connected, non-blocking socket fd (closed in any case).
 * address is the peer's; tls is NULL for plain HTTP and must outlive the
 * call only; handler must outlive the pool.  Returns 0, or -1 if the
 * connection was refused (counted) or broken.
 */
int conn_open(struct conn_pool *pool, int fd, const struct sockaddr *address,
	      struct tls_context *tls, const struct conn_handler *handler);

/*
 * Answer the request id. reply and its body are copied. 0, or -1 if the
 * connection is gone or was answered: then nothing is sent.
 */
int conn_reply(struct conn_pool *pool, uint64_t id, const struct reply *reply);

/*
 * Within the request callback: keep the body of request id. It is the
 * caller's, to be freed with body_free() on the loop thread before the pool
 * is. NULL if there is none.
 */
struct body *conn_keep_body(struct conn_pool *pool, uint64_t id);

/*
 * Take no more connections and let those that are open finish, for ms at
 * most; those that have sent nothing get a quarter of a second.  Then, from
 * the loop, done(ctx): no connection is left.  done may free the pool.
 */
void conn_pool_drain(struct conn_pool *pool, int ms, void (*done)(void *ctx), void *ctx);

#endif
