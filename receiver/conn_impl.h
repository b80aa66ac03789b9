/*
 * What conn.c (one connection) and conn_pool.c (all of them) share.
 */
#ifndef RECEIVER_CONN_IMPL_H
#define RECEIVER_CONN_IMPL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/chunk.h"
#include "receiver/conn.h"
#include "receiver/sources.h"
#include "receiver/tls.h"

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
	struct source_key source;
	bool has_source;      // counted there
	TAILQ_ENTRY(conn) waiting_link; // in HANDSHAKE and HEAD
	struct http_head head;
	struct http_admission admission;
	struct http_chunk chunk;
	size_t received;      // bytes of body from the socket, framing included
	struct body *body;
	struct buf out;       // reply
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

TAILQ_HEAD(conn_list, conn);

struct conn_pool {
	struct event_base *base;
	struct conn_limits limits;
	struct conn_counters counters;
	struct body_budget budget;
	struct sources *sources;
	struct conn_slot *slots;
	size_t slot_count;
	size_t slot_capacity;
	struct conn_list waiting[CONN_HEAD + 1]; // in HANDSHAKE, in HEAD: oldest first
	struct conn_watcher *watchers;
	size_t watcher_count;
	size_t watcher_capacity;
	struct event *crowd_timer; // while the pool is full
	bool draining;
	struct event *drain_timer;
	void (*drained)(void *ctx);
	void *drained_ctx;
	char scratch[CONN_SCRATCH]; // of whoever reads now
};

/* Count c in or out of the list of those that wait in its state, if it has one. */
void conn_list_enter(struct conn *c);
void conn_list_leave(struct conn *c);

/* Begin to serve c, which conn_open() has filled in. */
void conn_start(struct conn *c);

/* End c: close, free, tell the watchers. */
void conn_free(struct conn *c);

/* Answer, whatever the state: c moves to REPLY. It must be in a state before. */
void conn_answer(struct conn *c, const struct reply *reply);

/* Bring the deadline of c forward to at most ms from now. */
void conn_hurry(struct conn *c, int ms);

#endif
