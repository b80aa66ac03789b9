/*
 * The room for targets: how an application is rung, and what the answer means.
 *
 * A target is pure: it turns a trigger into a call (an HTTP request or a
 * command) and judges what came back.  It never makes the call, which the
 * receiver does, and never decides when to try again.  One kind
 * of target a file (exec.c, argocd.c): a const struct behind target_impl.h and
 * a row in the table of target.c.  The kind owns its settings, its options and
 * their check; each file says why ringing twice is safe there.
 *
 * Who calls it: receiver/settings (which targets there are), receiver/ring
 * (to ring and to watch).  All functions are pure but for the state of a
 * watch, which belongs to one thread.
 */
#ifndef LIB_TARGET_TARGET_H
#define LIB_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "call/call.h"
#include "config/config_kind.h"
#include "record/outcome.h"
#include "record/trigger.h"

struct target_kind;  // one kind of target
struct target_watch; // what a target tells by itself, while somebody wants to know

/* One target that is configured; borrowed from the configuration, which must outlive it. */
struct target {
	const struct target_kind *kind;
	const void *options; // of the kind, read and checked by the configuration
};

/* The i-th kind of the table, as the configuration wants it; NULL behind the last. */
const struct config_kind *target_config_kind(size_t i);

/* The kind of that name ("exec", "argocd"), or NULL. */
const struct target_kind *target_kind_by_name(const char *name);

/* True if targets of this kind ring Applications alone, no other kind of manifest (app.h). */
bool target_rings_applications_only(const struct target *target);

/*
 * How long, in ms from the begin of the try, a trigger that the target took
 * (SENT) may be on its way to CONVERGED; 0: nobody looks, SENT is the end.
 */
int64_t target_observe_ms(const struct target *target);

/*
 * Make the call for a trigger. 0 with *ret_call filled (call_release()),
 * or -1 with err and *ret_call zeroed (then the trigger is refused): no name,
 * a name no Kubernetes object has, or one that does not fit.  The call borrows
 * from the target's options: it must not outlive them.
 */
int target_prepare(const struct target *target, const struct trigger *trigger,
		   struct call *ret_call, struct error *err);

/*
 * Judge the result of the trigger's try number trigger->attempts (from 1).
 * *ret_outcome is filled in every case (outcome_release()); its reason and
 * output hold no control characters but newline and tab in the output.
 */
void target_judge(const struct target *target, const struct trigger *trigger,
		  const struct call_result *result, struct outcome *ret_outcome);

/*
 * Told of what the target says about one application: its name without
 * namespace, and the news itself, for target_watch_judge(). Both are borrowed
 * for the call.
 */
typedef void target_watch_told(void *ctx, const char *name, const void *news);

/*
 * The name by which news of a trigger's application come: a new string, to be
 * freed, or NULL if it has none that Kubernetes would take.
 */
char *target_watch_name(const struct trigger *trigger);

/*
 * Watch a target whose target_observe_ms() is not 0: a state that is fed with
 * what its stream says. Never NULL; target_watch_free() it before the target's
 * options go. told is called from target_watch_feed() alone.
 */
struct target_watch *target_watch_new(const struct target *target, target_watch_told *told,
				      void *ctx);

/*
 * Make the call whose answer is the stream, and forget what the stream before
 * it left half said.  Its first words tell of all applications as they are
 * now.  0 with *ret_call (call_release(), before the options go), or -1 with
 * err and *ret_call zeroed.  Its time limit is that of the stream, after which
 * it is to be begun anew: streams lose things.
 */
int target_watch_begin(struct target_watch *watch, struct call *ret_call, struct error *err);

/* Take the next len bytes of the stream. 0, or -1 with err: nonsense, begin anew later. */
int target_watch_feed(struct target_watch *watch, const char *data, size_t len,
		      struct error *err);

/*
 * What do news say of a trigger, which is SENT, of an application of that name?
 * True with *ret_outcome filled (outcome_release()): OUTCOME_SENT: not there
 * yet, with what is seen; OUTCOME_CONVERGED; OUTCOME_REFUSED: it never will be.
 * False with *ret_outcome zeroed: they are of another one, in another namespace.
 */
bool target_watch_judge(const struct target_watch *watch, const struct trigger *trigger,
			const void *news, struct outcome *ret_outcome);

/* Free it. NULL is fine. */
void target_watch_free(struct target_watch *watch);

#endif
