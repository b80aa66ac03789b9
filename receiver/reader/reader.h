/*
 * The room for readers: child processes that read what others wrote.
 *
 * It is for everything that looks into a repository.  The catalog asks it for
 * the applications written there, the resolver what a ref means, the world whom
 * a push affects, and "doorbell explain" why; a manifest of the operator's own
 * is parsed here, too (reader_parse.h).  It never speaks to the network, never
 * holds a secret, never waits, and never believes what comes out of a child
 * without checking it.  It decides nothing: what follows from an answer, or from
 * none, is for whoever asked.
 *
 * This header is its door.  What a committer, a git server or a local user can
 * shape is read in child processes without network and secrets, which may die
 * at any moment.  A pool holds a few of them; one repository always lives in the
 * same one.  Requests are queued here and answered by a callback on the loop,
 * each exactly once; nothing here waits.  A reader that overruns its time, dies,
 * or says what it should not is killed and replaced, and what it worked on is
 * answered READER_TIMEOUT or READER_DIED: the caller then takes all applications
 * of that repository and ref for affected.
 *
 * All functions are for the thread of the event loop.  Callbacks come from the
 * loop, never from inside a call to this module; they may make new requests
 * but not free the pool.
 */
#ifndef RECEIVER_READER_READER_H
#define RECEIVER_READER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "affected/affected_result.h"
#include "affected/affected_inputs.h"
#include "base/error.h"
#include "base/oid.h"
#include "manifest/app.h"
#include "receiver/reader/reader_result.h"

struct event_base;
struct reader_pool;

enum reader_log_level {
	READER_LOG_NOTICE, // worth knowing once
	READER_LOG_WARNING // a reader was lost, lacks a wall, or cannot read a repository
};

struct reader_options {
	unsigned count;         // readers, 1 to LIMIT_READERS; 0 means 2
	const char *program;    // what to run, NULL: this very program (/proc/self/exe)
	const char *verb;       // its first argument, NULL: "reader"
	int64_t time_limit_ms;  // for one request, 0 means 30,000
	uint64_t memory_bytes;  // of data in one reader, 0 means 1 GiB
	bool keep_stderr;       // readers write to our standard error; else to nowhere
	/* One line about a reader; may be NULL. Strings are borrowed for the call. */
	void (*log)(void *arg, enum reader_log_level level, const char *text);
	void *log_arg;
};

struct reader_repository_options {
	const char *url;        // as configured; requests name it by any spelling (giturl.h)
	const char *path;       // absolute: bare, or the root of a work tree
	const char *cache_directory; // absolute, exists; written by the reader; NULL: no cache
	int64_t cache_max_bytes; // what the reader may keep there, 0: no limit
	enum affected_mode mode;
	bool allow_alternates;
};

/* Make a pool; processes are started at the first request. options is copied. Never NULL. */
struct reader_pool *reader_pool_new(struct event_base *base, const struct reader_options *options);

/*
 * Kill the readers, drop all requests without a callback, free. Waits for the
 * killed processes, at most a second. NULL is fine.
 */
void reader_pool_free(struct reader_pool *pool);

/*
 * Add a repository, or replace its options.  options is copied.  The request
 * that a reader works on is answered with the options it was begun with; all
 * that still wait, and later ones, are answered with the new ones, by a reader
 * started anew.  The directories need not exist: a reader that meets one which
 * was made, moved or made anew since it was started is replaced, and the
 * request goes to the next one; so is the reader of a repository that begins
 * to borrow objects.  Returns 0, or -1 with err if the url cannot be read or a
 * path is not absolute: then nothing is changed.
 */
int reader_set_repository(struct reader_pool *pool,
			  const struct reader_repository_options *options, struct error *err);

/*
 * Forget the repository of url (any spelling; one that is unknown is fine).
 * Requests made before are still answered; new ones are refused from now on,
 * until it is added again.  After the last answer its reader lets go of what
 * it holds, and of the right to read it: it ends when it is idle, and another
 * one is started at the next request.
 */
void reader_drop_repository(struct reader_pool *pool, const char *url);

/*
 * Replace the applications; each repository is given those with a source in
 * it, at its next request, and only if they changed.  list is borrowed and
 * must neither change nor go until the next call, or until the pool is freed;
 * NULL is an empty list.  Returns its generation (from 1, rising), which
 * answers name.  Requests not yet sent are computed with the new list.  Costs
 * about a microsecond for each application and source: call it on changes,
 * gathered, not for each event.
 */
uint64_t reader_set_apps(struct reader_pool *pool, const struct app_list *list);

/*
 * Ask which applications request changes in the repository of url. request is
 * copied. Returns 0 and calls done once; -1 with err and no callback if there
 * is no such repository or the request cannot be written down.
 */
int reader_affected(struct reader_pool *pool, const char *url,
		    const struct affected_request *request, reader_affected_fn done, void *arg,
		    struct error *err);

/*
 * Ask what an application reads, or what annotations miss (affected_inputs.h).
 * request is copied. Returns as reader_affected().
 */
int reader_inputs(struct reader_pool *pool, const char *url,
		  const struct affected_inputs_request *request, reader_inputs_fn done, void *arg,
		  struct error *err);

/*
 * Ask what revision (a full ref, an id, "v1~2") means now, and whether commit
 * (NULL: not asked) is there. Returns as reader_affected().
 */
int reader_resolve(struct reader_pool *pool, const char *url, const char *revision,
		   const struct oid *commit, reader_resolve_fn done, void *arg,
		   struct error *err);

/* Ask where all branches and tags of the repository are. Returns as reader_affected(). */
int reader_list(struct reader_pool *pool, const char *url, reader_list_fn done, void *arg,
		struct error *err);

/*
 * Ask for the applications written in the repository at commit, below
 * directory ("" = all). Returns as reader_affected().
 */
int reader_read_apps(struct reader_pool *pool, const char *url, const struct oid *commit,
		     const char *directory, reader_apps_fn done, void *arg, struct error *err);

struct reader_metrics {
	size_t queued;       // waiting, the running ones not counted
	size_t running;
	uint64_t answered;   // READER_OK and READER_REFUSED
	uint64_t died;       // requests answered READER_DIED
	uint64_t timed_out;  // requests answered READER_TIMEOUT
	uint64_t started;    // processes started
	uint64_t lost;       // processes that ended or had to be killed
	int64_t oldest_ms;   // age of the oldest request not answered, 0: none
	size_t no_landlock;  // readers whose files are guarded by their modes only
	size_t no_filter;    // readers that may make every system call
};

/* The numbers of a pool, all readers together. */
void reader_pool_metrics(const struct reader_pool *pool, struct reader_metrics *ret_metrics);

/* The version of the library by which readers read repositories, a constant. */
const char *reader_library_version(void);

#endif
