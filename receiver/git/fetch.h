/*
 * The room for git, the program: where a ref is (resolver.h), how a commit comes
 * here (this header), and what git is told when it asks for a password
 * (credential.h, which main.c is started again for).
 *
 * The catalog and receiver/serve call it.  It never reads what is in a commit,
 * which readers do; never writes to a repository of the operator's; and never
 * puts a credential into an argument, a file or the log.
 *
 * A fetch is git, as a child, into a bare repository of our own.
 *
 * The repository is a cache with the newest commits only (no history); it may
 * be deleted, and the next fetch makes it anew.  One child a repository at a time,
 * in the order asked; what is asked twice is fetched once.  Loop thread only.
 *
 * Commits are kept by refs of ours, per ref of the origin (KEY: the first 32
 * digits of the SHA-256 of its full name):
 *
 *     refs/doorbell/tip/KEY        the ref as last fetched
 *     refs/doorbell/wanted/KEY     a commit asked for that was not its tip
 *     refs/doorbell/processed/KEY  what fetch_keep() was told
 *     refs/doorbell/base/KEY       what is to be compared with, until then
 *
 * Of the refs of the origin that were processed, the FETCH_REFS_KEPT with the
 * newest commits keep theirs: a repository can have tags without end, and
 * hardly any of them moves again.  One that does is asked of the origin.
 */
#ifndef RECEIVER_GIT_FETCH_H
#define RECEIVER_GIT_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/oid.h"

struct event_base;
struct fetcher;
struct metrics;
struct spawner;

/* Where from and where to; all from the configuration. */
struct fetch_repository {
	const char *directory;        // bare repository of ours, made if missing; absolute
	const char *url;              // https, ssh (or user@host:path), file, or http
	const char *username;         // with the token, NULL: "x-access-token"
	const char *token_file;       // password or token for https, or NULL
	const char *ssh_key_file;     // for ssh
	const char *known_hosts_file; // for ssh
	const char *ca_file;          // for https, NULL: the system's
	int64_t time_limit_ms;        // for one git fetch
};

struct fetch_options {
	const char *helper;   // this program's path, run as "helper credential get"; copied
	const char *home;     // HOME of git and ssh, absolute; copied
	const char *path;     // PATH for git and ssh, NULL: the usual; copied
	size_t max_running;   // repositories fetched at a time, 0: 4
	int64_t file_max;     // bytes of one pack, 0: FETCH_FILE_MAX
	int64_t memory_max;   // bytes of memory of each process, 0: FETCH_MEMORY_MAX
	struct metrics *metrics; // told how long fetches take, or NULL
};

#define FETCH_REFS_KEPT 256
#define FETCH_FILE_MAX ((int64_t)4 << 30)
#define FETCH_MEMORY_MAX ((int64_t)2 << 30)

enum fetch_outcome {
	FETCH_OK,            // the commit is there
	FETCH_NOT_THERE_YET, // the ref exists, but the commit cannot be had (a replica lags)
	FETCH_REF_GONE,      // the origin has no such ref (deleted, or not there yet)
	FETCH_FAILED         // for any other reason; trying again may help
};

struct fetch_result {
	enum fetch_outcome outcome;
	struct oid tip;   // what the ref was when last fetched; no id: never
	bool tip_is_wanted; // tip, or what it leads to if it is a tag, is the commit wanted
	bool asked;       // the origin was asked (false: it was the tip already)
	const char *why;  // unless OK: in words, one line, no secrets; borrowed
};

/* Told once; never from within fetch_ref(). result is borrowed for the call. */
typedef void fetch_callback(void *arg, const struct fetch_result *result);

/*
 * A fetcher whose children belong to spawner, which must outlive it. options
 * are copied. Never NULL.
 */
struct fetcher *fetch_new(struct event_base *base, struct spawner *spawner,
			  const struct fetch_options *options);

/* Kill what runs, forget what waits; no callback comes any more. NULL is fine. */
void fetch_free(struct fetcher *f);

/* How its children are started; borrowed, for others that start git likewise. */
const struct fetch_options *fetch_get_options(const struct fetcher *f);

/*
 * Can it be fetched? 0, or -1 with err: scheme, user or password in the
 * address, a token that would be sent in clear (http to another machine),
 * ssh without key or known hosts, a relative directory.
 */
int fetch_check(const struct fetch_repository *repository, struct error *err);

/* What is to be here. */
struct fetch_want {
	const char *ref;  // of the origin, full name
	/*
	 * A commit, or a tag object of it; no id: whatever the ref is now.  The
	 * origin is not asked if it is the tip that we know.
	 */
	struct oid after;
	/*
	 * A commit that is worth having; no id or zero: none.  The origin is
	 * asked for it once, if no ref of ours names it; that it could not be
	 * had is not told.
	 */
	struct oid base;
};

/*
 * Have a commit here, and tell the ref's tip, which is of now if the origin
 * was asked.  All arguments are copied.  A repository that fetch_check()
 * refuses, or a ref that is none, is answered FETCH_FAILED.
 */
void fetch_ref(struct fetcher *f, const struct fetch_repository *repository,
	       const struct fetch_want *want, fetch_callback *callback, void *arg);

/*
 * Keep `processed` of ref, the base of the next comparison, from being
 * collected; zero or no id: forget all of the ref (it was deleted).  No
 * answer: if it fails, the next comparison finds no base, which is safe.
 */
void fetch_keep(struct fetcher *f, const struct fetch_repository *repository, const char *ref,
		const struct oid *processed);

#endif
