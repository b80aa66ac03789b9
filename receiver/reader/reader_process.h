/*
 * One reader process, seen from the receiver: reader_process.c (its life),
 * reader_spawn.c (its start) and reader_talk.c (its requests and the channel).
 */
#ifndef RECEIVER_READER_READER_PROCESS_H
#define RECEIVER_READER_READER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "receiver/reader/reader.h"

struct event;
struct event_base;
struct reader_job;

enum reader_state {
	READER_NONE,    // no process; started at the next request
	READER_RUNNING,
	READER_DYING,   // killed, not yet gone
	READER_WAITING  // gone, the next one is started after a while
};

struct reader {
	struct reader_pool *pool;
	struct event_base *base;
	/* Its life: reader_process.c. */
	enum reader_state state;
	pid_t pid;
	uint64_t serial;         // of the repositories it was started for
	struct event *again;     // reap, or start after a back-off
	unsigned failures;       // in a row
	bool walls_logged;
	bool no_landlock;        // as it said last
	bool no_filter;
	bool retired;            // killed for no fault
	bool outdated;           // to be retired when it is idle
	bool ended;              // by itself, before we killed it
	enum reader_result result; // of current, once it is gone
	struct error why;
	/* Its requests and the channel: reader_talk.c. */
	int fd;
	bool hello;              // it has said what walls it has
	uint64_t id;             // of the frame it has to answer
	struct event *readable;
	struct event *writable;
	struct event *deadline;  // of that frame
	struct event *kick;      // look at the queue, from the loop
	struct buf in;
	struct buf out;
	size_t written;          // of out
	struct reader_job *queue;
	struct reader_job *current;
};

/* --- reader_process.c --- */

/* Make a reader of pool, not started. Never NULL. */
struct reader *reader_new(struct reader_pool *pool, struct event_base *base);

/* Kill and free it with its requests, without callbacks. Does not wait for the process. */
void reader_free(struct reader *reader);

/* Wait until deadline (monotonic ms) for a killed process to go. True: it is gone. */
bool reader_wait_gone(struct reader *reader, int64_t deadline);

/* Start its process; there must be none. 0, or -1: then the next try is under way. */
int reader_start(struct reader *reader);

/*
 * It is at fault: kill it.  Once it is gone the current request is answered
 * with result and why, which is copied, and the others wait for the next one.
 * Nothing happens unless it runs.
 */
void reader_lose(struct reader *reader, enum reader_result result, const char *why);

/*
 * It is not at fault, but its sandbox is not what it must be: kill it, so that
 * the next one is asked.  There must be no current request.
 */
void reader_retire(struct reader *reader);

/* Let the process go when it has nothing to do; the next request has another one. */
void reader_renew(struct reader *reader);

/* --- reader_spawn.c --- */

/*
 * Run the reader's program. 0 with its process id and our end of its channel
 * (not blocking), or an errno value.
 */
int reader_spawn(struct reader_pool *pool, const struct reader *reader, pid_t *ret_pid,
		 int *ret_fd);

/* --- reader_talk.c --- */

/* Prepare for talk, before the first process. */
void reader_talk_init(struct reader *reader);

/* Free what reader_talk_init() made, and all requests, without callbacks. */
void reader_talk_release(struct reader *reader);

/* A process was started and reader->fd is our end of its channel: listen to it. */
void reader_talk_open(struct reader *reader);

/* The process was killed: neither listen to it nor wait for it. */
void reader_talk_stop(struct reader *reader);

/* The process is gone: close the channel and forget what is on it. */
void reader_talk_close(struct reader *reader);

/* Answer the current request, if there is one; the process is not touched. */
void reader_talk_finish(struct reader *reader, enum reader_result result, const char *why);

/* A reader is gone: those that wait and have seen too many go are answered READER_DIED. */
void reader_talk_strike(struct reader *reader, const char *why);

/* Queue a request; it is started from the loop. */
void reader_talk_enqueue(struct reader *reader, struct reader_job *job);

/* Look at the queue, soon, from the loop. */
void reader_talk_kick(struct reader *reader);

/* Unless something runs: start the process or the next request, if there is one. */
void reader_talk_pump(struct reader *reader);

/* Add its queue to *metrics: queued, running, oldest_ms (as of now); and the walls it lacks. */
void reader_talk_metrics(const struct reader *reader, int64_t now,
			 struct reader_metrics *metrics);

#endif
