/*
 * The room for calls: a request of HTTP or a command, and what came back of it.
 *
 * It is the neutral ground between those who want a call made (targets, git
 * fetch) and those who make it (receiver/ring, with libcurl; receiver/process,
 * with fork and exec).  It never makes one itself.
 */
#ifndef LIB_CALL_CALL_H
#define LIB_CALL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"

enum call_type {
	CALL_HTTP,
	CALL_COMMAND
};

/* What to do; call_release() it.  What is borrowed must outlive the call. */
struct call {
	enum call_type type;
	int64_t time_limit_ms;
	/* HTTP */
	const char *method;        // constant
	char *url;                 // http or https, from the configuration, all parts encoded
	struct strvec headers;     // "Name: value", without Authorization
	char *body;                // NULL: none
	size_t body_len;
	const char *token_file;    // borrowed; who makes the call adds the bearer token in it
	const char *ca_file;       // borrowed, NULL: the system's
	bool insecure;             // do not verify the certificate
	/* command */
	struct strvec argv;
	struct strvec environment; // the whole environment of the command
	const char *directory;     // borrowed
	char *input;               // for its standard input
	size_t input_len;
};

/* What came back. */
struct call_result {
	bool completed;           // HTTP: a status line and whole body; command: it exited
	bool timed_out;           // our own time limit ended it
	const char *failure;      // why not completed ("connection refused"), else NULL
	bool never_sent;          // not completed, and surely no byte of the request left
	bool unusable;            // never sent, and the next try ends alike (no such program)
	int status;               // HTTP status, or exit status (128 + signal if killed)
	int64_t retry_after_ms;   // from Retry-After, 0: none
	const char *output;       // body, or standard output and error; may be NULL if len is 0
	size_t output_len;
	bool truncated;           // output was cut (then "completed" speaks of the rest)
};

/* Free what a call holds and leave it zeroed; it may be zeroed already. */
void call_release(struct call *call);

#endif
