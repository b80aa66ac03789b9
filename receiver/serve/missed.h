/*
 * Pushes of which nobody told us, because doorbell was down or could not be
 * reached: each repository is looked at once after a start, after a reload, and
 * when it can be reached again.  A ref that is followed and is not where it was
 * becomes a push in a delivery of our own, which is stored and decided like any
 * other.  There is no polling: a look that succeeded is not repeated.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_SERVE_MISSED_H
#define RECEIVER_SERVE_MISSED_H

#include <stdbool.h>

#include "record/record.h"

struct event_base;
struct lister;
struct metrics;
struct missed;
struct settings;
struct store;
struct world;

/* The source of these deliveries; none of the configuration can be called so. */
#define MISSED_SOURCE "-"

struct missed_parts {
	struct event_base *base;
	struct lister *lister;
	struct store *store;
	struct world *world;
	struct metrics *metrics; // or NULL
};

/* Nothing is looked at until it is given settings. Never NULL. */
struct missed *missed_new(const struct missed_parts *parts);

/* Free it; lister and store were freed before, so that no answer comes. NULL is fine. */
void missed_free(struct missed *m);

/* Look at each of these repositories once, as soon as the applications are known. */
void missed_set_settings(struct missed *m, struct settings *settings);

/* The applications are known now. */
void missed_go_on(struct missed *m);

/*
 * A repository was asked for a push, and could be reached or not. The first time
 * that it can be again it is looked at.
 */
void missed_reached(struct missed *m, const char *repository, bool reached);

#endif
