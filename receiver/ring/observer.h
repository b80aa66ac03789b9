/*
 * Looking at what became of triggers: a stream from each target that has some
 * on their way to CONVERGED, fed to its kind, which judges.
 *
 * A target is watched while it has triggers to look at, and not longer than a
 * stream lasts after the last one.  A stream that breaks is begun anew after a
 * while; nothing is lost by that, as each begins with how things are.  What
 * never comes is no matter of ours: the core has its own time.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_RING_OBSERVER_H
#define RECEIVER_RING_OBSERVER_H

#include <stdint.h>

#include "record/outcome.h"
#include "record/trigger.h"

struct event_base;
struct observer;
struct outbound;
struct settings;

/*
 * seen(ctx, trigger id, outcome): what the target says of a trigger, once or
 * many times; from the loop, never from inside a function below. outcome is
 * borrowed for the call, which may call observer_forget().
 */
typedef void observer_seen_fn(void *ctx, int64_t trigger, const struct outcome *outcome);

/* An observer that streams through outbound, which must outlive its calls. Never NULL. */
struct observer *observer_new(struct event_base *base, struct outbound *outbound,
			      observer_seen_fn *seen, void *ctx);

/* Free it; outbound was freed before, so that nothing comes any more. NULL is fine. */
void observer_free(struct observer *o);

/* Use these targets from now on; those that are watched are watched anew. */
void observer_set_settings(struct observer *o, struct settings *settings);

/*
 * Look at a trigger (copied), which its target took, until observer_forget().
 * One whose target is not there or not of a kind that can be watched is kept in mind only.
 */
void observer_add(struct observer *o, const struct trigger *trigger);

/* Look no more. Unknown ids are fine. */
void observer_forget(struct observer *o, int64_t trigger);

#endif
