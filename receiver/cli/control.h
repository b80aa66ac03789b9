/*
 * Talking to the running receiver: HTTP/1.1 over its control socket.
 *
 * For the verbs of the command line; blocks, with a deadline.  The socket is
 * <stateDirectory>/control.sock; who may open it may command.
 */
#ifndef RECEIVER_CLI_CONTROL_H
#define RECEIVER_CLI_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CONTROL_SOCKET "control.sock"

enum control_result {
	CONTROL_OK = 0,
	CONTROL_NOT_RUNNING = 1, // no receiver listens there
	CONTROL_FAILED = -1      // it did not answer, or not as HTTP
};

struct control_reply {
	int status;      // HTTP status
	char *body;      // NUL-terminated, at most 64 MB; owned
	size_t body_len;
};

/*
 * Send one request and wait at most timeout_ms for the whole answer. method
 * and target ("/replay/12") are ours, without spaces; body may be NULL. On
 * CONTROL_OK *ret_reply is to be released; else err says what and the cure.
 */
enum control_result control_call(const char *state_directory, const char *method,
				 const char *target, const char *body, int64_t timeout_ms,
				 struct control_reply *ret_reply, struct error *err);

/* Free what a reply holds; it may be zeroed. */
void control_reply_release(struct control_reply *reply);

#endif
