/*
 * One delivery over a Unix socket, within a deadline.
 */
#ifndef HOOKS_SEND_H
#define HOOKS_SEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "hooks/conf.h"

/* What is read of an answer's body: the longest that the receiver writes, and room for its end. */
#define HOOK_ANSWER_BYTES (LIMIT_ANSWER_BYTES + 1)

struct hook_delivery {
	const char *id;
	const char *body;
	size_t len;
	int64_t wait_ms; // how long the receiver may take to find the applications; 0: no wait
};

enum hook_send_result {
	HOOK_SEND_ANSWERED = 0,
	HOOK_SEND_UNREACHABLE = 1, // nobody took the connection
	HOOK_SEND_TIMEOUT = 2,     // no answer before the deadline; it may have arrived
	HOOK_SEND_BROKEN = 3,      // something that is not an HTTP answer
	HOOK_SEND_NO_SECRET = 4    // the secret cannot be read or used
};

/*
 * The lines of the header that prove a delivery at wall clock now_ms, each
 * ended by CRLF, appended to out.  0, or HOOK_SEND_NO_SECRET with err.
 */
int hook_send_proof(const struct hook_conf *conf, const struct hook_delivery *delivery,
		    int64_t now_ms, struct buf *out, struct error *err);

/*
 * Send a delivery to the configured socket and read the answer, until
 * deadline (mstime_monotonic()).  HOOK_SEND_ANSWERED gives *ret_status and
 * the body in answer (emptied by the caller; what its ceiling does not hold
 * is dropped); else err says what happened.  Never raises SIGPIPE.
 */
enum hook_send_result hook_send(const struct hook_conf *conf, const struct hook_delivery *delivery,
				int64_t deadline, int *ret_status, struct buf *answer,
				struct error *err);

#endif
