/*
 * What the files of the receiver's half share: reader.c (the pool),
 * reader_job.c (a request from the asking to the answer) and the calls.
 */
#ifndef RECEIVER_READER_READER_IMPL_H
#define RECEIVER_READER_READER_IMPL_H

#include <jansson.h>
#include <uthash.h>

#include "base/buf.h"
#include "receiver/reader/reader.h"
#include "receiver/reader/reader_call.h"
#include "receiver/reader/reader_share.h"

/* Times that a request which was only waiting outlives its reader. */
#define READER_STRIKES_MAX 3

struct reader;

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

/*
 * The callback of whoever asked; its real type is the one that the asking
 * function of the call takes, and only call->finish() calls it.
 */
typedef void (*reader_done_fn)(void);

/* A request: a question of a caller of reader.h until it is answered. */
struct reader_job {
	const struct reader_call *call;
	const struct reader_call *asked; // what the reader was asked last: call, or what it needs
	struct reader_pool *pool;
	struct reader_repository *repository; // NULL if the call needs none
	json_t *request;         // without its name and number, or NULL
	reader_done_fn done;
	void *arg;
	unsigned strikes;        // readers that it has outlived
	int64_t since;           // monotonic
	/* The answer so far. */
	struct share *share;     // whose numbers it has, if the call needs applications
	bool begun;              // a part is here, and more of it to come
	size_t answer_bytes;
	void *state;             // of call
	struct reader_job *prev;
	struct reader_job *next;
};

/* --- reader.c --- */

/* Say something through the pool's log callback. */
void reader_log(const struct reader_pool *pool, enum reader_log_level level, const char *text);

/* The list behind the shares of now. */
const struct app_list *reader_pool_apps(const struct reader_pool *pool);

/* The options of a pool, with all defaults filled in. */
const struct reader_options *reader_pool_options(const struct reader_pool *pool);

/* The reader of the operator's texts, in which no repository lives. */
struct reader *reader_pool_parser(const struct reader_pool *pool);

/* The first of the pool's repositories, and the serial of their latest change. */
struct reader_repository *reader_pool_repositories(const struct reader_pool *pool,
						   uint64_t *ret_serial);

/* The repository that url names in any spelling, or NULL with err. */
struct reader_repository *reader_pool_find(const struct reader_pool *pool, const char *url,
					   struct error *err);

/* A request of repository was answered or dropped: free the repository if it was the last use. */
void reader_pool_release(struct reader_pool *pool, struct reader_repository *repository);

/* Count a process that was started, or one that was lost. */
void reader_pool_count(struct reader_pool *pool, bool started);

/* Count an answer. */
void reader_pool_count_answer(struct reader_pool *pool, enum reader_result result);

/* --- reader_job.c --- */

/*
 * A new question of no repository yet, with an empty state, to be queued with
 * reader_talk_enqueue().  done is called with arg once, by call->finish().
 */
struct reader_job *reader_job_new(struct reader_pool *pool, const struct reader_call *call,
				  reader_done_fn done, void *arg);

/*
 * Queue a question about the repository of url.  request, which is taken, has
 * its members without name, number and repository; NULL says that a text is
 * not UTF-8.  done and arg are as above.  Returns 0, or -1 with err and no
 * callback if there is no such repository or request is NULL.
 */
int reader_ask(struct reader_pool *pool, const char *url, const struct reader_call *call,
	       json_t *request, reader_done_fn done, void *arg, struct error *err);

/*
 * Choose what the reader must be asked next for the sake of job (job->asked),
 * and write the frame's content to out (empty). 0, or -1 with err if it cannot
 * be written.
 */
int reader_job_write(struct reader_job *job, uint64_t id, struct buf *out, struct error *err);

/*
 * The reader says that what it was asked last cannot be done. That a repository
 * cannot be read is logged, unless the reason is the one that was logged before.
 */
void reader_job_refused(struct reader_job *job, const char *why);

/*
 * The reader's sandbox does not grant what job needs: log that, and have job
 * ready to be asked from the beginning. False if that was so too often.
 */
bool reader_job_again(struct reader_job *job);

/* Answer a request, which is freed; it must have been taken off its queue. */
void reader_job_finish(struct reader_job *job, enum reader_result result, const char *why);

/* Free a request without an answer; it must have been taken off its queue. */
void reader_job_free(struct reader_job *job);

/* The reader ended: it knows nothing of the repository any more. */
void reader_repository_forget(struct reader_repository *repository);

/* --- call_apps.c --- */

/* Does the reader have the applications of repository as they are now? */
bool call_apps_are_there(const struct reader_repository *repository);

/* The applications that were being sent are not: they begin anew. */
void call_apps_stop(struct reader_repository *repository);

#endif
