/*
 * The room for children: one command, started, fed, listened to, ended in time,
 * reaped (this header); and the sandbox that a reader puts itself into
 * (sandbox.h).
 *
 * git, ring and serve start commands with it; the reader takes the sandbox.  It
 * never runs a shell, never lets a child have a descriptor that it was not
 * given, and never waits for one.
 *
 * All on the loop's thread; nothing here waits.
 */
#ifndef RECEIVER_PROCESS_SPAWN_H
#define RECEIVER_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "call/call.h"

struct event_base;
struct spawner; // all children of one loop
struct spawn;   // one of them

/* How long a child may take to end after SIGTERM, before SIGKILL. */
#define SPAWN_GRACE_MS 5000

/* All of it is copied by spawn_start(). */
struct spawn_options {
	const struct strvec *argv;        // see spawn_child.h
	const struct strvec *environment;
	const char *directory;            // NULL: "/"
	const char *input;                // its standard input, at most 64 MB; NULL: empty
	size_t input_len;
	size_t output_max;                // bytes kept of its standard output and error
	int64_t time_limit_ms;            // then SIGTERM to its group; 0: none
	int64_t grace_ms;                 // then SIGKILL; 0: SPAWN_GRACE_MS
	int64_t file_size_max;            // see spawn_child.h; 0: no limit
	int64_t memory_max;
	bool no_new_privileges;
};

/*
 * Told once how a child ended, never from within spawn_start().  answer is
 * borrowed for the call: completed and status (128 + signal if killed) when it
 * ran; timed_out too when we ended it; else failure, never_sent and, if it can
 * never start, unusable.  output is what it wrote first, of both streams in
 * the order written, cut (truncated) at output_max.
 *
 * The answer comes when the command itself has ended; what it left running in
 * its process group is killed then, and who else holds its output is not
 * waited for.
 */
typedef void spawn_callback(void *arg, const struct call_result *answer);

/* A spawner for the loop; must be freed before it. Never NULL. */
struct spawner *spawner_new(struct event_base *base);

/*
 * Kill and reap all children that still run; no callback comes any more.
 * Waits for the kernel to end them. NULL is fine.
 */
void spawner_free(struct spawner *s);

/*
 * Start a command. The result is valid until its callback returns, or
 * until spawn_cancel().
 */
struct spawn *spawn_start(struct spawner *s, const struct spawn_options *options,
			  spawn_callback *callback, void *arg);

/*
 * As spawn_start(), for a call of type CALL_COMMAND. The call is not
 * needed after the return. LIMIT_OUTPUT_KEPT bytes of output are kept.
 */
struct spawn *spawn_call(struct spawner *s, const struct call *call,
			 spawn_callback *callback, void *arg);

/* Kill the child and its group; its callback does not come. NULL is fine. */
void spawn_cancel(struct spawn *child);

#endif
