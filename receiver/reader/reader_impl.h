/*
 * What the files of the reader pool share: reader.c (requests),
 * reader_process.c (one process and its channel), reader_spawn.c (its start),
 * reader_request.c (what it is asked); what it says is checked in
 * reader_answer.c.
 */
#ifndef RECEIVER_READER_READER_IMPL_H
#define RECEIVER_READER_READER_IMPL_H

#include <jansson.h>
#include <uthash.h>

#include "base/buf.h"
#include "receiver/reader/reader.h"
#include "receiver/reader/reader_share.h"

/* The descriptor of the channel in a reader. */
#define READER_CHANNEL 3

/*
 * One frame of an answer: small, because parsed JSON takes up to 60 times its
 * size. All frames of one answer together; the reader shortens its reasons to
 * stay below.
 */
#define READER_ANSWER_BYTES (1024U * 1024)
#define READER_ANSWERS_BYTES (64U * 1024 * 1024)

/* A path in an answer: bytes that are not UTF-8 take three. */
#define READER_TEXT_BYTES (3 * 4096)
#define READER_WHY_BYTES (3 * ERROR_TEXT_MAX)
#define READER_PROBLEMS_MAX 10000

/* Times that a request which was only waiting outlives its reader. */
#define READER_STRIKES_MAX 3

enum job_kind {
	JOB_AFFECTED,
	JOB_RESOLVE,
	JOB_READ_APPS,
	JOB_INPUTS,
	JOB_PARSE            // a text: of no repository
};

/* Where a running request stands: its reader must know the repository first. */
enum job_step {
	STEP_OPEN,
	STEP_APPS,
	STEP_ASK
};

struct reader_repository {
	char *key;               // normalised url
	char *url;
	char *path;
	char *cache_directory;   // or NULL
	enum affected_mode mode;
	int64_t cache_max_bytes;
	bool allow_alternates;
	struct reader *reader;
	uint64_t serial;         // of the latest change of its paths
	size_t jobs;             // requests without an answer
	bool dropped;            // goes when these are answered
	char *refusal;           // why it could not be read, as logged, or NULL
	struct share *share;
	/* What the reader knows now; forgotten when it ends. */
	bool opened;
	struct share *has;       // the applications in use there, or NULL
	struct share *sending;   // those of which part was sent, or NULL
	struct share_cursor sent;
	struct share *coming;    // while applications are handed out
	struct reader_repository *next;
	UT_hash_handle hh;       // by key
};

struct reader_job {
	enum job_kind kind;
	enum job_step step;
	struct reader_repository *repository; // NULL for JOB_PARSE
	json_t *request;         // without its id; NULL for JOB_PARSE
	char *text;              // of JOB_PARSE, in base64
	union {
		reader_affected_fn affected;
		reader_resolve_fn resolve;
		reader_apps_fn apps;
		reader_inputs_fn inputs;
	} done;
	void *arg;
	unsigned strikes;
	int64_t since;           // monotonic
	/* The answer so far. */
	struct share *share;
	bool begun;              // a part is here, and more of it to come
	size_t answer_bytes;
	size_t capacity;         // of affected.items
	size_t same_capacity;    // of affected.same
	struct affected affected;
	struct affected_inputs inputs;
	struct reader_tip tip;
	struct app_list list;
	struct strvec problems;
	struct reader_job *prev;
	struct reader_job *next;
};

/* --- reader.c --- */

/* Answer a request, which is freed; it must have been taken off its queue. */
void reader_job_finish(struct reader_pool *pool, struct reader_job *job,
		       enum reader_result result, const char *why);

/* Say something through the pool's log callback. */
void reader_log(const struct reader_pool *pool, enum reader_log_level level, const char *text);

/* The list behind the shares of now. */
const struct app_list *reader_pool_apps(const struct reader_pool *pool);

/* The options of a pool, with all defaults filled in. */
const struct reader_options *reader_pool_options(const struct reader_pool *pool);

/* The first of the pool's repositories, and the serial of their latest change. */
struct reader_repository *reader_pool_repositories(const struct reader_pool *pool,
						   uint64_t *ret_serial);

/* Count a process that was started, or one that was lost. */
void reader_pool_count(struct reader_pool *pool, bool started);

/* --- reader_process.c --- */

struct reader;

/* Make reader i of pool, not started. */
struct reader *reader_new(struct reader_pool *pool, struct event_base *base);

/* Kill and free it with its requests, without callbacks. Does not wait for the process. */
void reader_free(struct reader *reader);

/* Wait until deadline (monotonic ms) for a killed process to go. True: it is gone. */
bool reader_wait_gone(struct reader *reader, int64_t deadline);

/* Queue a request; it is started from the loop. */
void reader_enqueue(struct reader *reader, struct reader_job *job);

/* Let the process go when it has nothing to do; the next request has another one. */
void reader_renew(struct reader *reader);

/* Its process id, or 0. */
pid_t reader_pid(const struct reader *reader);

/* Add its queue to *metrics: queued, running, oldest_ms (as of now). */
void reader_add_metrics(const struct reader *reader, int64_t now, struct reader_metrics *metrics);

/* --- reader_request.c --- */

/*
 * Write the frame's content that job needs next to out (empty), and note its
 * step. 0, or -1 with err if it cannot be written.
 */
int reader_request_build(struct reader_pool *pool, struct reader_job *job, uint64_t id,
			 struct buf *out, struct error *err);

/* A frame with applications was answered: what was sent last is in use. */
void reader_request_sent(struct reader_repository *repository);

/* The applications that were being sent are not: they begin anew. */
void reader_request_stop(struct reader_repository *repository);

/* The repository of a request was opened. */
void reader_request_opened(struct reader_repository *repository);

/*
 * The reader says that a request cannot be done. That a repository cannot be
 * read is logged, unless the reason is the one that was logged before.
 */
void reader_request_refused(struct reader_pool *pool, const struct reader_job *job,
			    const char *why);

/*
 * The reader's sandbox does not grant what job needs: log that, and have job
 * ready to be asked from the beginning. False if that was so too often.
 */
bool reader_request_again(struct reader_pool *pool, struct reader_job *job);

/* The reader ended: it knows nothing of the repository any more. */
void reader_request_forget(struct reader_repository *repository);

/* --- reader_spawn.c --- */

/*
 * Run the reader's program. 0 with its process id and our end of its channel
 * (not blocking), or an errno value.
 */
int reader_spawn(struct reader_pool *pool, const struct reader *reader, pid_t *ret_pid,
		 int *ret_fd);

#endif
