/*
 * The core as its users see it: life, what comes in, time, figures.  The work
 * is in lane.c (pushes), plan.c (the decision) and ring.c (triggers).
 */
#include "delivery/delivery.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "delivery/core.h"

struct delivery_core *delivery_new(const struct delivery_options *options,
				   const struct delivery_io *io)
{
	struct delivery_core *core = xcalloc(1, sizeof(*core));

	core->io = *io;
	core->wake_ms = SCHEDULE_NEVER;
	delivery_set_options(core, options);
	return core;
}

void delivery_free(struct delivery_core *core)
{
	struct lane *lane;
	struct lane *next;

	if (core == NULL) {
		return;
	}
	HASH_CLEAR(hh_ticket, core->lanes_asked);
	HASH_ITER(hh, core->lanes, lane, next) {
		lane_free(core, lane);
	}
	ring_free(core);
	followers_free(core->followers);
	free(core);
}

void delivery_set_options(struct delivery_core *core, const struct delivery_options *options)
{
	core->options = *options;
	ring_set_targets(core);
	core_touch(core);
}

void delivery_resume_ref(struct delivery_core *core, const char *repository, const char *ref,
			 const struct oid *commit)
{
	lane_get(core, repository, ref)->last = *commit;
}

void delivery_resume_trigger(struct delivery_core *core, const struct trigger *trigger)
{
	struct trigger *t = trigger_copy(trigger);
	int64_t wall = core->io.wall(core->io.ctx);
	int64_t wait = trigger->next_ms > wall ? trigger->next_ms - wall : 0;

	/*
	 * Whether a try that was under way arrived is unknown: try again.  A
	 * state that is the end, of a trigger that is not, is damage.
	 */
	if (t->state != TRIGGER_WAITING && t->state != TRIGGER_SENT) {
		t->state = TRIGGER_PENDING;
	}
	/* The clock may have been set since: no wait is longer than the longest back-off. */
	if (t->state != TRIGGER_SENT && wait > core->options.trigger.max_ms) {
		wait = 0;
	}
	/* Which of its tries found the target down is not kept: all of them are forgiven. */
	t->in_vain = t->attempts;
	struct job *job = job_new(t);
	job->first_ms = core->io.now(core->io.ctx);
	ring_add(core, job, job->first_ms + wait);
	core_touch(core);
}

void delivery_accept(struct delivery_core *core, const struct record_push *push)
{
	struct lane *lane = lane_get(core, push->repository, push->ref);

	lane_append(lane, push);
	/* News about a ref that waits is a reason to ask again at once. */
	lane_start(core, lane);
}

void delivery_tick(struct delivery_core *core)
{
	int64_t now = core->io.now(core->io.ctx);

	core->wake_ms = SCHEDULE_NEVER;
	int64_t lanes = lane_tick(core, now);
	int64_t tries = ring_tick(core, now);
	int64_t next = lanes < tries ? lanes : tries;
	if (next < core->wake_ms) {
		core->wake_ms = next;
		core->io.wake(core->io.ctx, next);
	}
}

void delivery_drain(struct delivery_core *core)
{
	core->draining = true;
}

void delivery_stats_add(struct delivery_stats *stats, enum delivery_stage stage, size_t count,
			int64_t oldest_ms)
{
	struct delivery_queue *queue = &stats->stages[stage];

	if (count == 0) {
		return;
	}
	if (queue->count == 0 || oldest_ms < queue->oldest_ms) {
		queue->oldest_ms = oldest_ms;
	}
	queue->count += count;
	stats->pushes += stage != DELIVERY_TRIGGER ? count : 0;
}

/* The stage of what a lane works on; what stands behind it waits for its turn. */
static enum delivery_stage stage_of(const struct lane *lane)
{
	switch (lane->step) {
	case LANE_MATCHING:
		return DELIVERY_MATCH;
	case LANE_PLANNING:
		return DELIVERY_PLAN;
	case LANE_IDLE:
	case LANE_RESOLVING:
	case LANE_WAITING:
		break;
	}
	return DELIVERY_RESOLVE;
}

void delivery_get_stats(const struct delivery_core *core, struct delivery_stats *ret_stats)
{
	struct delivery_stats stats = { .pushes = 0 };
	const struct job *oldest = core->jobs;
	const struct ring_target *target;
	const struct lane *lane;

	for (lane = core->lanes; lane != NULL; lane = lane->hh.next) {
		delivery_stats_add(&stats, stage_of(lane), lane->work_count,
				   lane->work_count > 0 ? lane->work[0].accepted_ms : 0);
		delivery_stats_add(&stats, DELIVERY_RESOLVE, lane->count,
				   lane->count > 0 ? lane->queue[0].accepted_ms : 0);
	}
	for (target = core->targets; target != NULL; target = target->hh.next) {
		stats.sending += schedule_active(target->schedule);
		stats.observed += schedule_count(target->observed);
	}
	stats.triggers = HASH_COUNT(core->jobs) - stats.observed;
	/* The table of jobs is in the order in which they were added. */
	while (oldest != NULL && oldest->trigger->state == TRIGGER_SENT) {
		oldest = oldest->hh.next;
	}
	delivery_stats_add(&stats, DELIVERY_TRIGGER, stats.triggers,
			   oldest != NULL ? oldest->trigger->created_ms : 0);
	*ret_stats = stats;
}
