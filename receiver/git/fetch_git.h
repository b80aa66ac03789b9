/*
 * How git is spoken to, and what it means with its answers; pure functions,
 * the inner half of fetch.h.
 */
#ifndef RECEIVER_GIT_FETCH_GIT_H
#define RECEIVER_GIT_FETCH_GIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/oid.h"
#include "base/strvec.h"
#include "call/call.h"
#include "receiver/git/fetch.h"

#define FETCH_KEY_MAX 33
#define FETCH_WHY_MAX 400

/* What our refs say of one ref of the origin. No id: no such ref. */
struct fetch_known {
	struct oid tip;
	bool tip_is_wanted; // the tip, or what it points to if it is a tag, is the commit wanted
	bool has_wanted;    // one of our refs, or what it points to, is
	bool has_base;      // the same of the base
};

/* Why a git command failed. */
enum fetch_trouble {
	FETCH_TROUBLE_OTHER,
	FETCH_TROUBLE_NO_REF,     // the origin has no such ref
	FETCH_TROUBLE_NO_COMMIT,  // the origin does not give that commit
	FETCH_TROUBLE_BROKEN      // our own repository is damaged
};

/* The key of a ref in our refs, into out. */
void fetch_git_key(const char *ref, char out[FETCH_KEY_MAX]);

/* Append the environment that git gets for this repository. */
void fetch_git_environment(const struct fetch_repository *repository,
			   const struct fetch_options *options, struct strvec *env);

/* Append the command that makes the repository, of SHA-256 objects or SHA-1. */
void fetch_git_init(const struct fetch_repository *repository, bool sha256, struct strvec *argv);

/* Append the command that removes the repository, to be made anew. */
void fetch_git_remove(const struct fetch_repository *repository, struct strvec *argv);

/* Append the command that removes what a git left that did not end well: parts of packs. */
void fetch_git_clean(const struct fetch_repository *repository, struct strvec *argv);

/* Append the command that prints our refs of a key, for fetch_git_read(). */
void fetch_git_look(const struct fetch_repository *repository, const char *key,
		    struct strvec *argv);

/*
 * Append the command that prints all branches and tags of the origin, for
 * ref_list_parse(). It needs no repository of ours.
 */
void fetch_git_list_origin(const struct fetch_repository *repository,
			   const struct fetch_options *options, struct strvec *argv);

/*
 * Append the command that fetches source (a ref, or a commit in hex) and so many
 * commits of it (1: no history) to refs/doorbell/ROLE/KEY.
 */
void fetch_git_fetch(const struct fetch_repository *repository,
		     const struct fetch_options *options, const char *source, unsigned depth,
		     const char *role, const char *key, struct strvec *argv);

/* Append the command that reads changes of our refs from its standard input. */
void fetch_git_update(const struct fetch_repository *repository, struct strvec *argv);

/* Append the command that prints all refs of ours, the newest first, for fetch_git_surplus(). */
void fetch_git_list(const struct fetch_repository *repository, struct strvec *argv);

/*
 * From what fetch_git_list() printed: the input of fetch_git_update() that
 * removes all refs of ours of those refs of the origin that were processed and
 * are not among the first `kept` of these.  A new string, or NULL: none.
 */
char *fetch_git_surplus(const char *output, size_t len, size_t kept);

/* Append the command that collects what no ref of ours holds for two hours. */
void fetch_git_collect(const struct fetch_repository *repository, struct strvec *argv);

/* Read what fetch_git_look() printed. */
void fetch_git_read(const char *output, size_t len, const char *key,
		    const struct fetch_want *want, struct fetch_known *ret_known);

/* Copy all of *from into *to, for fetch_git_release(). */
void fetch_git_copy(const struct fetch_repository *from, struct fetch_repository *to);

/* Free what fetch_git_copy() made. */
void fetch_git_release(struct fetch_repository *repository);

/* Why did git fail? */
enum fetch_trouble fetch_git_trouble(const struct call_result *answer);

/*
 * What git said, for people: one line, without its advice, without what stands
 * between "//" and "@" in addresses, cut.
 */
void fetch_git_why(const struct call_result *answer, int64_t time_limit_ms,
		   char out[FETCH_WHY_MAX]);

#endif
