/*
 * The room for ringing: calls to targets are made (this header, outbound.h), and
 * what becomes of them is watched (observer.h).
 *
 * receiver/serve makes the parts, and its world asks them.  It never decides when
 * a trigger is tried, or again, which lib/delivery does; what to send and what an
 * answer means is lib/target's.
 *
 * A ringer prepares a call, makes it, and judges what came back.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_RING_RINGER_H
#define RECEIVER_RING_RINGER_H

#include "record/outcome.h"
#include "record/trigger.h"

struct event_base;
struct metrics;
struct outbound;
struct ringer;
struct settings;
struct spawner;

/*
 * done(ctx, trigger id, outcome) is called once for each ringer_send(), from
 * the loop, never from inside it. outcome is borrowed for the call.
 */
typedef void (*ringer_done_fn)(void *ctx, int64_t trigger, const struct outcome *outcome);

struct ringer_parts {
	struct event_base *base;
	struct outbound *outbound; // these two make the calls, and must outlive the ringer
	struct spawner *spawner;
	struct metrics *metrics;   // or NULL
	ringer_done_fn done;
	void *ctx;
};

/* A ringer of these parts (copied). Never NULL. */
struct ringer *ringer_new(const struct ringer_parts *parts);

/*
 * Free it and what it knows of tries under way. outbound and spawner were
 * freed before, so that no answer comes any more. NULL is fine.
 */
void ringer_free(struct ringer *r);

/* Use these targets for tries begun from now on. */
void ringer_set_settings(struct ringer *r, struct settings *settings);

/* Begin a try of trigger (copied as far as needed). */
void ringer_send(struct ringer *r, const struct trigger *trigger);

#endif
