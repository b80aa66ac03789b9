/*
 * One HTTP request of a command: blocking, bounded, no redirects.
 */
#ifndef RECEIVER_CLI_POST_H
#define RECEIVER_CLI_POST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strvec.h"

struct cli_post {
	const char *url;              // http:// or https://
	const char *socket;           // path of a Unix socket to connect to instead, or NULL
	const struct strvec *headers; // "Name: value"
	const char *body;
	size_t len;
	int64_t timeout_ms;           // of the whole exchange
};

enum cli_post_result {
	CLI_POST_ANSWERED = 0,
	CLI_POST_UNREACHABLE = 1, // name, connection, TLS
	CLI_POST_TIMEOUT = 2,
	CLI_POST_FAILED = 3       // anything else: not HTTP, a bad address
};

/*
 * POST and wait.  CLI_POST_ANSWERED gives *ret_status and the body in answer
 * (what its ceiling does not hold is dropped); else err says what happened.
 */
enum cli_post_result cli_post(const struct cli_post *post, int *ret_status, struct buf *answer,
			      struct error *err);

#endif
