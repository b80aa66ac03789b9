/*
 * The room for the heart: what happens to a push after it was stored.  The
 * receiver's world (receiver/serve) makes and feeds it; it never does I/O itself.
 *
 * Pushes to one ref of one repository stand in one lane and are decided in
 * order, several at once when they wait together.  A decision makes triggers,
 * one for each affected application and target, which live, fail and are
 * retried on their own.
 *
 *     push:    ACCEPTED -> RESOLVING -> MATCHING -> PLANNED
 *                 ^            |
 *                 +- WAITING <-+         or REFUSED, IGNORED
 *     trigger: PENDING -> SENDING -> SENT | CONVERGED     (record/trigger.h)
 *                                     `-> CONVERGED | STALLED, if it is observed
 *
 * The core does no I/O: it asks through struct delivery_io and is answered
 * through the functions below.  One thread.
 */
#ifndef LIB_DELIVERY_DELIVERY_H
#define LIB_DELIVERY_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "affected/affected_result.h"
#include "base/backoff.h"
#include "base/strvec.h"
#include "delivery/delivery_io.h"

struct delivery_core;

/* One target as the core needs to know it. */
struct delivery_target {
	const char *name;
	const struct strvec *applications; // globs of full names, "*" is any text; empty: all
	bool applications_only;            // it cannot ring other kinds (app.h)
	double rate;                       // tries begun a second, 0: no limit
	unsigned burst;                    // tries at once after a pause, at least 1
	unsigned concurrency;              // tries under way, at least 1
	/* So long after the try that it took a trigger may converge; 0: SENT is the end. */
	int64_t observe_ms;
};

struct delivery_options {
	int64_t quiet_ms;              // a trigger waits that long for a newer push ...
	int64_t quiet_max_ms;          // ... but not longer than this after the first
	struct backoff resolve;        // a repository that cannot be reached
	/*
	 * So long a repository may be out of reach; then all that follow the
	 * ref are affected.  And so long after the newest push to a ref its
	 * commit may be missing; then that push is refused.
	 */
	int64_t resolve_give_up_ms;
	struct backoff trigger;        // a target that fails
	/*
	 * A trigger is stalled once so much time is over since it was planned, or
	 * after so many tries (0: any) that failed for its application alone.
	 */
	int64_t trigger_give_up_ms;
	unsigned trigger_attempts;
	const struct delivery_target *targets;
	size_t target_count;
};

/* What became of a push, for whoever waits for it. */
struct delivery_decision {
	const struct record_push *push;   // with its final state, reason and figures
	const char *const *names;          // full names of the affected applications
	size_t name_count;
	size_t untaken;                    // of those, how many no target takes
};

/* Answer to resolve. */
enum delivery_resolve {
	RESOLVE_TIP,     // the ref is at `tip`, and `after` is in the repository
	RESOLVE_GONE,    // the ref does not exist
	RESOLVE_NOT_YET, // `after` is not there yet: ask again
	RESOLVE_FAILED,  // not reachable now: ask again
	RESOLVE_UNUSABLE // asking again cannot help
};

struct delivery_resolved {
	enum delivery_resolve result;
	struct oid tip;
	struct oid after;           // `after` as `tip` is told: the same commit has the same id,
				    // whether its own or its tag's was asked for; no id: as asked
	const char *default_branch; // short name if the repository itself says so, or NULL
	const char *why;            // for all but RESOLVE_TIP
};

/* Answer to match. */
struct delivery_matched {
	const struct affected *affected; // NULL: not known, take all that follow the ref
	const struct app_list *apps;     // the list its indices mean; NULL with affected NULL
	const char *why;                 // why not known, else NULL
};

/* Where pushes and triggers stand. */
enum delivery_stage {
	DELIVERY_RESOLVE, // pushes that wait for their turn or for their commit
	DELIVERY_MATCH,   // pushes that the engine looks at
	DELIVERY_PLAN,    // pushes whose decision is on its way to the journal
	DELIVERY_TRIGGER, // triggers that are not finished
	DELIVERY_STAGES
};

/* How many stand there, and since when the oldest is known. */
struct delivery_queue {
	size_t count;
	int64_t oldest_ms;      // wall clock: accepted, or planned; 0: none
};

/* How much there is to do. */
struct delivery_stats {
	size_t pushes;          // not decided: those of the first three stages
	size_t triggers;        // not finished, without those that are observed
	size_t sending;         // tries under way
	size_t observed;        // taken, on their way to CONVERGED
	struct delivery_queue stages[DELIVERY_STAGES];
};

/*
 * Make a core.  io is copied.  options and its array of targets too, but not
 * the names and globs of the targets: those must live until the next
 * delivery_set_options() has returned.
 */
struct delivery_core *delivery_new(const struct delivery_options *options,
				   const struct delivery_io *io);

/* Free it with all it holds. Nothing is asked or recorded. NULL is fine. */
void delivery_free(struct delivery_core *core);

/*
 * New settings and targets after a reload; as in delivery_new().  Triggers of
 * targets that are no more are refused when their turn comes.
 */
void delivery_set_options(struct delivery_core *core, const struct delivery_options *options);

/* How many of the applications no target takes; *ret_first: the first, if there is one. */
size_t delivery_untaken(const struct delivery_core *core, const struct app_list *apps,
			const struct app **ret_first);

/* After a start: the commit that was processed last for a ref. Before any push of it. */
void delivery_resume_ref(struct delivery_core *core, const char *repository, const char *ref,
			 const struct oid *commit);

/*
 * After a start: an unfinished trigger (copied).  One that is SENT is observed
 * again for what is left of its time; if its target does not do that any more,
 * it is over.
 */
void delivery_resume_trigger(struct delivery_core *core, const struct trigger *trigger);

/* A push that was stored (copied), new or resumed. Pushes come in the order they were stored. */
void delivery_accept(struct delivery_core *core, const struct record_push *push);

/* The applications are known now: begin with the pushes that waited for that. */
void delivery_go_on(struct delivery_core *core);

/*
 * The answers; an unknown ticket or id is a bug in the world and ignored.
 * A plan that was not stored: after RECORD_FULL and _FAILED the push waits
 * and is decided again; after _NOT_FOUND and _INVALID each of its pushes is
 * decided alone, and one that even so cannot be recorded is told as refused
 * and forgotten here.
 */
void delivery_resolved(struct delivery_core *core, uint64_t ticket,
		       const struct delivery_resolved *answer);
void delivery_matched(struct delivery_core *core, uint64_t ticket,
		      const struct delivery_matched *answer);
void delivery_planned(struct delivery_core *core, uint64_t ticket, enum record_result result);
void delivery_sent(struct delivery_core *core, int64_t trigger, const struct outcome *outcome);

/*
 * What is seen of a trigger that is observed (see io->observe): CONVERGED is
 * its end; REFUSED (it never will) makes it STALLED at once; all others are
 * what is told if its time ends.  One that is not observed any more is ignored.
 */
void delivery_observed(struct delivery_core *core, int64_t trigger,
		       const struct outcome *outcome);

/* Do what has become due. Called when wake's time has come; too early does no harm. */
void delivery_tick(struct delivery_core *core);

/* Begin no more tries or questions; those under way are still answered. */
void delivery_drain(struct delivery_core *core);

/* Fill *ret_stats. */
void delivery_get_stats(const struct delivery_core *core, struct delivery_stats *ret_stats);

/*
 * Add count pushes or triggers to a stage, of which the oldest was accepted or
 * planned at oldest_ms; for those that wait outside the core to be handed in.
 */
void delivery_stats_add(struct delivery_stats *stats, enum delivery_stage stage, size_t count,
			int64_t oldest_ms);

#endif
