/*
 * Where are all branches and tags of a repository?  A reader is asked for one of
 * the operator's; for one that is fetched, git asks the origin (ls-remote), and
 * nothing is fetched.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_GIT_LISTER_H
#define RECEIVER_GIT_LISTER_H

#include "base/error.h"
#include "base/ref_list.h"

struct config;
struct fetcher;
struct lister;
struct reader_pool;
struct repository;
struct spawner;

/* The answer: listing, or NULL and why; both borrowed for the call. */
typedef void (*lister_done_fn)(void *arg, const struct ref_list *listing, const char *why);

/* What it is given must outlive its questions. Never NULL. */
struct lister *lister_new(struct spawner *spawner, const struct fetcher *fetcher,
			  struct reader_pool *pool);

/* Free it; spawner and pool were freed before, so that no answer comes. NULL is fine. */
void lister_free(struct lister *l);

/*
 * Ask. All arguments but arg are copied.  0, and done is called once, from the
 * loop; or -1 with err, and it is not.
 */
int lister_ask(struct lister *l, const struct repository *repository,
	       const struct config *config, lister_done_fn done, void *arg, struct error *err);

#endif
