/*
 * Where is a ref now, and is a commit there?
 *
 * For a repository of the operator's the reader is asked; for one that is
 * fetched, git brings what is missing first.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_GIT_RESOLVER_H
#define RECEIVER_GIT_RESOLVER_H

#include "base/oid.h"
#include "delivery/delivery.h"
#include "receiver/git/fetch.h"
#include "receiver/settings/repositories.h"

struct config;
struct event_base;
struct fetcher;
struct reader_pool;
struct resolver;
struct settings;

struct resolver_question {
	const char *repository; // name (repositories.h)
	const char *ref;        // full name
	struct oid after;       // must be there; zero: the ref was deleted; none: wherever it is
	struct oid base;        // worth having here to compare with; none or zero: nothing is
	/*
	 * Not none: a repeat.  Only this commit (zero: nothing, a deletion) is
	 * wanted, wherever the ref is; what the origin has no more is not
	 * waited for.
	 */
	struct oid tip;
};

/*
 * The answer, once for each question, from the loop; borrowed for the call.
 */
typedef void (*resolver_done_fn)(void *arg, const struct delivery_resolved *answer);

/* A resolver that asks pool and fetcher, which must outlive its questions. Never NULL. */
struct resolver *resolver_new(struct event_base *base, struct reader_pool *pool,
			      struct fetcher *fetcher);

/* Free it; pool and fetcher were freed before, so that no answer comes. NULL is fine. */
void resolver_free(struct resolver *r);

/* Use these repositories from now on. */
void resolver_set_settings(struct resolver *r, struct settings *settings);

/* Ask. All of question is copied. */
void resolver_ask(struct resolver *r, const struct resolver_question *question,
		  resolver_done_fn done, void *arg);

/* What fetching a repository of the configuration needs; borrowed from both. */
struct fetch_repository resolver_fetch_settings(const struct repository *repository,
						const struct config *config);

/* Keep what was processed last of a ref from being collected (zero: forget the ref). */
void resolver_keep(struct resolver *r, const char *repository, const char *ref,
		   const struct oid *commit);

#endif
