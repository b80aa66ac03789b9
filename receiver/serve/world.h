/*
 * The real world behind the deciding core: every question of struct
 * delivery_io goes to the part of the receiver that can answer it, and the
 * answer comes back as an event.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_SERVE_WORLD_H
#define RECEIVER_SERVE_WORLD_H

#include "delivery/delivery.h"

struct catalog;
struct delivery_looked;
struct event_base;
struct journal;
struct metrics;
struct observer;
struct reader_pool;
struct ref_list;
struct resolver;
struct ringer;
struct settings;
struct store;
struct world;

struct world_parts {
	struct event_base *base;
	struct store *store;
	struct reader_pool *pool;
	struct resolver *resolver;
	struct catalog *catalog;
	struct metrics *metrics;  // or NULL
	/* A push was decided; borrowed for the call. */
	void (*decided)(void *ctx, const struct delivery_decision *decision);
	/* A repository was asked for a push, and could be reached or not. */
	void (*reached)(void *ctx, const char *repository, bool reached);
	void *ctx;
};

/* A world with its core, which is idle until it is given settings. Never NULL. */
struct world *world_new(const struct world_parts *parts, struct settings *settings);

/* Free it with its core; the parts were freed or will not answer any more. NULL is fine. */
void world_free(struct world *w);

/* How triggers are rung, and who looks at what became of them; before the first is. */
void world_set_ringer(struct world *w, struct ringer *ringer, struct observer *observer);

/* Use these targets and times from now on. */
void world_set_settings(struct world *w, struct settings *settings);

/* Tell, in the log and the metrics, how many of the applications no target takes. */
void world_tell_untaken(struct world *w, const struct app_list *apps);

/* The core, for those who feed it. */
struct delivery_core *world_core(struct world *w);

/*
 * A stored push (copied), new or resumed, in the order they were stored.  It
 * stands in line until the core may begin with it.
 */
void world_accept(struct world *w, const struct record_push *push);

/* The outcome of a try, as a ringer_done_fn of ctx w. */
void world_rung(void *w, int64_t trigger, const struct outcome *outcome);

/* What was seen of a trigger that is observed, as an observer_seen_fn of ctx w. */
void world_seen(void *w, int64_t trigger, const struct outcome *outcome);

/* The applications have become known, as a callback of the catalog. */
void world_go_on(void *w);

/* Are the applications known? */
bool world_is_ready(const struct world *w);

/*
 * delivery_look() of the core, and true; or false, and nobody was told: the
 * applications are not known now, or pushes stand in line that the core has not
 * seen, which may say the same as the listing.
 */
bool world_look(struct world *w, const char *repository, const char *default_branch,
		const struct ref_list *listing, const struct delivery_looked *told);

/* delivery_get_stats() of the core, and the pushes that stand in line. */
void world_get_stats(const struct world *w, struct delivery_stats *ret_stats);

/* Questions and tries that are under way. */
size_t world_busy(const struct world *w);

#endif
