/*
 * HTTP to the outside: calls to targets, over libcurl, in a thread of its own.
 * An answer comes whole, or piece by piece while it is still being made.
 *
 * All functions are called on the loop's thread, where callbacks come, too.
 */
#ifndef RECEIVER_RING_OUTBOUND_H
#define RECEIVER_RING_OUTBOUND_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "call/call.h"

struct event_base;
struct outbound;

struct outbound_options {
	size_t max_calls;         // at a time, others wait in order; 0: OUTBOUND_CALLS
	size_t max_waiting;       // calls that wait, above it they fail; 0: OUTBOUND_WAITING
	int64_t connect_limit_ms; // for address and TLS; 0: OUTBOUND_CONNECT_MS
	const char *proxy;        // "http://host:port", NULL: none (the environment is not asked)
};

#define OUTBOUND_CALLS 32
#define OUTBOUND_WAITING 100000
#define OUTBOUND_CONNECT_MS 5000

/*
 * Told once what came back. answer and all it points to are borrowed for the
 * call. The callback may use every function of this header but outbound_free().
 */
typedef void outbound_callback(void *arg, const struct call_result *answer);

/*
 * Start. 0 with *ret_outbound (outbound_free() it before the loop), or -1 with
 * err. options may be NULL.
 */
int outbound_new(struct event_base *base, const struct outbound_options *options,
		 struct outbound **ret_outbound, struct error *err);

/*
 * Make a call of type CALL_HTTP; it is copied.  Its time limit counts
 * from when its turn comes.  The token file is read then, each time anew.
 * Returns the id for outbound_cancel(), never 0. The callback never comes from
 * within this function.
 *
 * answer: completed when the whole answer came, or its first
 * LIMIT_RESPONSE_BYTES (then truncated).  A status without completed: the
 * header came, the body broke off.  never_sent: no byte of the request left
 * (name, connection, certificate, token file).  Redirects are not followed,
 * nothing is decompressed, header lines are counted and limited.
 */
uint64_t outbound_call(struct outbound *o, const struct call *call,
		       outbound_callback *callback, void *arg);

/* Streams that may be open at a time, and bytes of one that wait to be taken. */
#define OUTBOUND_STREAMS 64
#define OUTBOUND_STREAM_BYTES (256U * 1024)

/* The next len bytes (1 or more) of a stream, borrowed for the call; as outbound_callback. */
typedef void outbound_piece(void *arg, const char *data, size_t len);

/*
 * As outbound_call(), for an answer that may have no end: pieces of the body of
 * a 2xx come to piece, in order, and the answer to callback behind the last of
 * them, with an output only if the status was another.  Its time limit ends it
 * in any case (timed_out), and is the only limit on how much comes.  Who takes
 * pieces slowly slows the sender: no more than OUTBOUND_STREAM_BYTES wait.
 *
 * A stream begins at once and takes no place of a call; with OUTBOUND_STREAMS
 * open the next one fails (never_sent).
 */
uint64_t outbound_stream(struct outbound *o, const struct call *call, outbound_piece *piece,
			 outbound_callback *callback, void *arg);

/* Break off a call or a stream: its callback does not come any more. Unknown ids are fine. */
void outbound_cancel(struct outbound *o, uint64_t id);

/*
 * Break off all calls, end the thread, free everything; no callback comes any
 * more.  Waits for the thread at most two seconds: libcurl cannot
 * leave a name server that does not answer; then the thread is left behind,
 * and the process is expected to exit.  NULL is fine.
 */
void outbound_free(struct outbound *o);

#endif
