/*
 * All that the deciding core needs of the world.
 *
 * The receiver fills this struct with the real world (receiver/serve/world.c), the
 * replay tests with a scripted one whose clock is moved by hand.  No function
 * may call back into the core before it returned; answers come later, on the
 * same thread, through the functions of delivery.h, with the ticket or id
 * that the question carried, exactly once each.
 */
#ifndef LIB_DELIVERY_DELIVERY_IO_H
#define LIB_DELIVERY_DELIVERY_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "manifest/app.h"
#include "record/outcome.h"
#include "record/record.h"
#include "record/trigger.h"

struct delivery_decision; // see delivery.h

struct delivery_io {
	void *ctx; // given back to every function

	/* Milliseconds of a clock that never jumps. */
	int64_t (*now)(void *ctx);

	/* Milliseconds since 1970, for records. */
	int64_t (*wall)(void *ctx);

	/* Any 64 random bits, for jitter. */
	uint64_t (*random)(void *ctx);

	/* Are the applications known yet? Until then pushes wait; then delivery_go_on(). */
	bool (*ready)(void *ctx);

	/* The applications known now; borrowed until the core returns. */
	const struct app_list *(*apps)(void *ctx);

	/* A number that changes whenever they do. */
	uint64_t (*apps_generation)(void *ctx);

	/*
	 * Are applications kept in this repository at this ref (so that a
	 * push matters even if no application's source follows it)?
	 */
	bool (*holds_apps)(void *ctx, const char *repository, const char *ref);

	/* Have delivery_tick() called at that time of now(); a later call replaces an earlier. */
	void (*wake)(void *ctx, int64_t at);

	/*
	 * Make the repository ready for a push to ref whose new value is
	 * `after` (zero: deleted): fetch if it is not there, find the ref's
	 * present tip, re-read applications that are kept at this ref.  base
	 * (empty or zero: none) is what will be compared with: worth having,
	 * but nothing fails without it.  tip not empty: a repeat of an old
	 * push; only that commit is wanted.  Answer: delivery_resolved().
	 */
	void (*resolve)(void *ctx, uint64_t ticket, const char *repository, const char *ref,
			const struct oid *after, const struct oid *base,
			const struct oid *tip);

	/* Walk base..tip and match. base may be empty. Answer: delivery_matched(). */
	void (*match)(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		      const char *default_branch, const struct oid *base, const struct oid *tip);

	/* Make a plan durable. It is borrowed until the answer: delivery_planned(). */
	void (*plan)(void *ctx, uint64_t ticket, struct record_plan *plan);

	/*
	 * A ref has moved, and that is durable: keep this commit (zero: the ref
	 * was deleted), which the next walk begins at. Told before the pushes of
	 * the plan are decided.
	 */
	void (*keep)(void *ctx, const char *repository, const char *ref,
		     const struct oid *commit);

	/*
	 * Likewise, what the applications of that ref refer to elsewhere is now
	 * this: as in struct record_plan, never NULL.
	 */
	void (*remote)(void *ctx, const char *repository, const char *ref, const char *remote);

	/* Record that a push waits (borrowed for the call). No answer; losing it loses nothing. */
	void (*note)(void *ctx, const struct record_push *push);

	/* Ring. The trigger is borrowed until the answer: delivery_sent(). */
	void (*send)(void *ctx, const struct trigger *trigger);

	/*
	 * Look at a trigger that its target took, copied as far as needed, and
	 * tell delivery_observed() what is seen of it, until unobserve(). Not asked for
	 * without a target whose observe_ms is set.
	 */
	void (*observe)(void *ctx, const struct trigger *trigger);

	/* Look no more: it has reached its end. Once for each observe(). */
	void (*unobserve)(void *ctx, int64_t trigger);

	/*
	 * Record a try, or a call of one that goes on, or what was seen of one
	 * that is observed (both borrowed for the
	 * call; outcome may be NULL). No answer: if it is lost, the trigger is
	 * tried again, which is safe.
	 */
	void (*record)(void *ctx, const struct trigger *trigger, const struct outcome *outcome);

	/*
	 * A plan that was stored has replaced this trigger, which the journal
	 * knows already (borrowed for the call). Together with record() this tells
	 * the end of every trigger, once.
	 */
	void (*superseded)(void *ctx, const struct trigger *trigger);

	/*
	 * A target is down as a whole: it is probed with one trigger at a time, and
	 * the others wait. Or it answers again, and they are rung. why is what was
	 * seen, NULL when it is up again (all borrowed for the call).
	 */
	void (*target_down)(void *ctx, const char *target, const char *why);

	/* Told once for every push that reached its end (borrowed for the call). */
	void (*decided)(void *ctx, const struct delivery_decision *decision);
};

#endif
