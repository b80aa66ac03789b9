/*
 * One try of a trigger: target_prepare(), then HTTP or a command, then
 * target_judge().  What fails before the call is answered from the loop too,
 * so that the core hears of every try in one way.
 */
#include "receiver/ring/ringer.h"

#include <event2/event.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/process/spawn.h"
#include "receiver/ring/outbound.h"
#include "receiver/settings/settings.h"
#include "target/target.h"

struct ringer {
	struct ringer_parts parts;
	struct settings *settings;
	struct ring *rings; // under way
};

/*
 * A try under way. It lives from ringer_send() to report(), and outbound or
 * spawner hold a pointer to it until they answer, which each does exactly once.
 * The trigger is a copy, because the core may replace its own meanwhile; the
 * settings are those of the beginning, because the answer must be judged by the
 * options that the call was made with.
 */
struct ring {
	struct ringer *ringer;
	struct settings *settings; // a reference: its target may be configured away meanwhile
	size_t target;
	struct trigger *trigger;   // a copy
	struct outcome outcome;    // for answers without a call, ...
	struct event *no_call;     // ... which come from the loop
	int64_t begun_ms;
	struct ring *next, *prev;
};

struct ringer *ringer_new(const struct ringer_parts *parts)
{
	struct ringer *r = xcalloc(1, sizeof(*r));

	r->parts = *parts;
	return r;
}

void ringer_set_settings(struct ringer *r, struct settings *settings)
{
	settings_unref(r->settings);
	r->settings = settings_ref(settings);
}

static void on_no_call(evutil_socket_t fd, short what, void *arg);

static struct ring *ring_new(struct ringer *r, const struct trigger *trigger)
{
	struct ring *ring = xcalloc(1, sizeof(*ring));

	ring->ringer = r;
	ring->no_call = evtimer_new(r->parts.base, on_no_call, ring);
	ring->settings = settings_ref(r->settings);
	ring->begun_ms = mstime_monotonic();
	ring->trigger = trigger_copy(trigger);
	DL_APPEND(r->rings, ring);
	return ring;
}

static void ring_free(struct ring *ring)
{
	event_free(ring->no_call);
	trigger_free(ring->trigger);
	outcome_release(&ring->outcome);
	settings_unref(ring->settings);
	DL_DELETE(ring->ringer->rings, ring);
	free(ring);
}

/*
 * Outbound and spawner were freed before: they would answer rings that are
 * gone. The core is told nothing; a try without an outcome is in the journal as
 * one that has to be made again.
 */
void ringer_free(struct ringer *r)
{
	if (r == NULL) {
		return;
	}
	while (r->rings != NULL) {
		ring_free(r->rings);
	}
	settings_unref(r->settings);
	free(r);
}

/*
 * Tell how the try ended, and forget it. The core is told by the trigger's id
 * and looks whether it still wants to know; it may send the next trigger from
 * inside done(), which makes a ring of its own, so this one is freed after it.
 */
static void report(struct ring *ring, const struct outcome *outcome)
{
	ring->ringer->parts.done(ring->ringer->parts.ctx, ring->trigger->id, outcome);
	ring_free(ring);
}

static void on_answer(void *arg, const struct call_result *answer)
{
	struct ring *ring = arg;
	struct outcome outcome = { .code = 0 };
	int64_t took = mstime_monotonic() - ring->begun_ms;

	metrics_observe(ring->ringer->parts.metrics, METRIC_TRIGGER_DURATION,
			ring->trigger->target, (double)took / 1000);
	target_judge(&ring->settings->targets[ring->target], ring->trigger, answer, &outcome);
	report(ring, &outcome);
	outcome_release(&outcome);
}

static void on_no_call(evutil_socket_t fd, short what, void *arg)
{
	struct ring *ring = arg;
	struct outcome outcome = ring->outcome;

	(void)fd;
	(void)what;
	ring->outcome.output = NULL;
	report(ring, &outcome);
	outcome_release(&outcome);
}

/* Answer without a call, from the loop. */
static void answer_later(struct ring *ring)
{
	event_active(ring->no_call, EV_TIMEOUT, 0);
}

/*
 * A target that a reload took away, and a trigger that cannot be made into a
 * call, are outcomes like others: told from the loop, so that the core, which
 * is calling us, is not called back before it has returned.
 */
void ringer_send(struct ringer *r, const struct trigger *trigger)
{
	struct ring *ring = ring_new(r, trigger);
	int target = settings_target(ring->settings, trigger->target);
	struct error err = ERROR_INIT;
	struct call call = { .type = CALL_HTTP };

	if (target < 0) {
		outcome_set(&ring->outcome, OUTCOME_REFUSED,
			    "target '%s' is not configured any more", trigger->target);
		answer_later(ring);
		return;
	}
	ring->target = (size_t)target;
	if (target_prepare(&ring->settings->targets[target], ring->trigger, &call, &err) < 0) {
		outcome_set(&ring->outcome, OUTCOME_REFUSED, "%s", err.text);
		answer_later(ring);
		return;
	}
	if (call.type == CALL_HTTP) {
		(void)outbound_call(r->parts.outbound, &call, on_answer, ring);
	} else {
		(void)spawn_call(r->parts.spawner, &call, on_answer, ring);
	}
	call_release(&call);
}
