/*
 * Ringing: the way of a trigger from "planned" to its outcome.
 *
 *   ring_add()        puts it in its target's schedule, or behind the one of
 *                     the same application that is being tried just now;
 *   ring_tick()       begins the tries whose turn it is;
 *   delivery_sent()   records the outcome: the end, or again later, or, if
 *                     the target is one that observes, on to
 *   delivery_observed()  which ends it when it has converged, as ring_tick()
 *                     does when its time is over.
 *
 * A target that is down as a whole (outcome.whole) is a circuit that is open:
 * one trigger at a time is tried, after a growing wait, and the thousands that
 * may wait behind it are left alone.  The first try that it answers, whatever it
 * says, closes the circuit, and all that wait are rung at the target's rate.
 *
 * At most one try of a target, application, repository and ref is under way.
 * Beside one that is hard, those of the application for other refs are hard,
 * too: Argo CD keeps one wish to refresh for each application, the newest, and
 * a normal one would take the hard one's place.
 */
#include "delivery/core.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/xalloc.h"

/* What was observed before a restart is looked at for so long at least. */
#define LOOK_AGAIN_MS 60000

/* A target that is down is probed so often at least. */
#define PROBE_MAX_MS 30000

/* So many tries in a row without an answer say that it is down. */
#define SILENT_IS_DOWN 3

void core_touch(struct delivery_core *core)
{
	int64_t now = core->io.now(core->io.ctx);

	if (core->wake_ms > now) {
		core->wake_ms = now;
		core->io.wake(core->io.ctx, now);
	}
}

static char *job_key(const char *target, const char *application, const char *repository,
		     const char *ref)
{
	return xasprintf("%s\n%s\n%s\n%s", target, application, repository, ref);
}

struct job *job_new(struct trigger *trigger)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->trigger = trigger;
	job->key = job_key(trigger->target, trigger->application, trigger->repository,
			   trigger->ref);
	return job;
}

void job_free(struct job *job)
{
	if (job == NULL) {
		return;
	}
	trigger_free(job->trigger);
	free(job->seen);
	free(job->key);
	free(job);
}

static struct job *find_key(struct delivery_core *core, const char *key)
{
	struct job *job = NULL;

	HASH_FIND(hh_key, core->jobs_newest, key, strlen(key), job);
	return job;
}

struct job *ring_find(struct delivery_core *core, const char *target, const char *application,
		      const char *repository, const char *ref)
{
	char *key = job_key(target, application, repository, ref);
	struct job *job = find_key(core, key);

	free(key);
	return job;
}

static void move(struct job *job, enum trigger_state state)
{
	assert(trigger_may_move(job->trigger->state, state));
	job->trigger->state = state;
}

static void record(struct delivery_core *core, struct job *job, const struct outcome *outcome)
{
	if (trigger_is_over(job->trigger)) {
		job->trigger->finished_ms = core->io.wall(core->io.ctx);
	}
	core->io.record(core->io.ctx, job->trigger, outcome);
}

static struct ring_target *target_of(struct delivery_core *core, const struct job *job)
{
	struct ring_target *target = NULL;

	HASH_FIND_STR(core->targets, job->trigger->target, target);
	return target;
}

static void set_newest(struct delivery_core *core, struct job *job)
{
	struct job *older = find_key(core, job->key);

	if (older != NULL) {
		HASH_DELETE(hh_key, core->jobs_newest, older);
	}
	HASH_ADD_KEYPTR(hh_key, core->jobs_newest, job->key, strlen(job->key), job);
}

/* Take a job out. One that is being tried before it is the newest again. */
static void forget(struct delivery_core *core, struct job *job)
{
	HASH_DEL(core->jobs, job);
	if (find_key(core, job->key) == job) {
		HASH_DELETE(hh_key, core->jobs_newest, job);
	}
	if (job->predecessor != NULL) {
		job->predecessor->successor = NULL;
		job->predecessor->outdated = false;
		set_newest(core, job->predecessor);
	}
	if (job->successor != NULL) {
		job->successor->predecessor = NULL;
	}
	job_free(job);
}

/* The end of a job without a try. */
static void finish(struct delivery_core *core, struct job *job, enum trigger_state state,
		   const struct outcome *outcome)
{
	move(job, state);
	record(core, job, outcome);
	forget(core, job);
}

bool ring_waits(const struct job *job)
{
	return job->trigger->state == TRIGGER_PENDING || job->trigger->state == TRIGGER_WAITING;
}

void ring_hold(struct delivery_core *core, struct job *job)
{
	struct ring_target *target = target_of(core, job);

	if (target != NULL) {
		schedule_remove(target->schedule, &job->entry);
	}
	job->held = true;
}

void ring_unhold(struct delivery_core *core, struct job *job)
{
	struct ring_target *target = target_of(core, job);

	job->held = false;
	if (target != NULL && job->predecessor == NULL) {
		schedule_add(target->schedule, &job->entry, core->io.now(core->io.ctx));
	}
}

void ring_drop(struct delivery_core *core, struct job *job)
{
	move(job, TRIGGER_SUPERSEDED);
	core->io.superseded(core->io.ctx, job->trigger);
	forget(core, job);
}

/* ---- what is observed ---- */

static bool observes(const struct ring_target *target)
{
	return target != NULL && !target->gone && target->options.observe_ms > 0;
}

/* Nobody looks at it (any more): that it was taken is the end. */
static void leave_as_sent(struct delivery_core *core, struct job *job)
{
	job->trigger->observed = false;
	record(core, job, NULL);
	forget(core, job);
}

static void begin_observing(struct delivery_core *core, struct job *job, int64_t due)
{
	struct ring_target *target = target_of(core, job);
	struct trigger *t = job->trigger;

	if (!observes(target)) {
		leave_as_sent(core, job);
		return;
	}
	int64_t now = core->io.now(core->io.ctx);
	int64_t whole = target->options.observe_ms;
	t->observed = true;
	if (t->sent_ms == 0) {
		/* From before a restart. Its time began with the try; nobody looked since. */
		int64_t least = now + (whole < LOOK_AGAIN_MS ? whole : LOOK_AGAIN_MS);

		t->sent_ms = t->next_ms - whole;
		due = due > least ? due : least;
	}
	/* The clock may have been set since. */
	schedule_add(target->observed, &job->entry, due < now + whole ? due : now + whole);
	core->io.observe(core->io.ctx, t);
}

static void end_observing(struct delivery_core *core, struct job *job)
{
	schedule_remove(target_of(core, job)->observed, &job->entry);
	core->io.unobserve(core->io.ctx, job->trigger->id);
}

/* Its target took it, and tells later what becomes of it. */
static void observe(struct delivery_core *core, struct job *job, const struct outcome *outcome)
{
	struct trigger *t = job->trigger;
	int64_t wall = core->io.wall(core->io.ctx);

	move(job, TRIGGER_SENT);
	t->observed = true;
	t->next_ms = t->sent_ms + target_of(core, job)->options.observe_ms;
	record(core, job, outcome);
	begin_observing(core, job, core->io.now(core->io.ctx) + t->next_ms - wall);
}

/* Its time is over. */
static void stall(struct delivery_core *core, struct job *job)
{
	struct outcome outcome = { .kind = OUTCOME_RETRY };
	const struct trigger *t = job->trigger;

	outcome_set(&outcome, OUTCOME_RETRY, "not converged within %lld s%s%s",
		    (long long)(t->next_ms - t->sent_ms) / 1000, job->seen != NULL ? ": " : "",
		    job->seen != NULL ? job->seen : "");
	end_observing(core, job);
	finish(core, job, TRIGGER_STALLED, &outcome);
}

static void stall_due(struct delivery_core *core, struct ring_target *target, int64_t now)
{
	struct schedule_entry *entry = schedule_next(target->observed, now);

	while (entry != NULL) {
		schedule_done(target->observed);
		stall(core, (struct job *)(void *)entry);
		entry = schedule_next(target->observed, now);
	}
}

void delivery_observed(struct delivery_core *core, int64_t trigger, const struct outcome *outcome)
{
	struct job *job = NULL;

	HASH_FIND(hh, core->jobs, &trigger, sizeof(trigger), job);
	if (job == NULL || job->trigger->state != TRIGGER_SENT) {
		return;
	}
	if (outcome->kind != OUTCOME_CONVERGED && outcome->kind != OUTCOME_REFUSED) {
		free(job->seen);
		job->seen = xstrdup(outcome->reason);
		return;
	}
	end_observing(core, job);
	finish(core, job, outcome->kind == OUTCOME_CONVERGED ? TRIGGER_CONVERGED : TRIGGER_STALLED,
	       outcome);
	core_touch(core);
}

/* ---- the line ---- */

static void enter(struct delivery_core *core, struct job *job, int64_t due)
{
	struct ring_target *target = target_of(core, job);

	if (target == NULL || target->gone) {
		struct outcome outcome = { .kind = OUTCOME_REFUSED };

		if (strcmp(job->trigger->target, RING_NO_TARGET) == 0) {
			outcome_set(&outcome, OUTCOME_REFUSED,
				    "no target takes it: see targets.applications, and which kinds "
				    "a target can ring");
		} else {
			outcome_set(&outcome, OUTCOME_REFUSED,
				    "target '%s' is not configured any more", job->trigger->target);
		}
		finish(core, job, TRIGGER_REFUSED, &outcome);
		return;
	}
	schedule_add(target->schedule, &job->entry, due);
}

void ring_add(struct delivery_core *core, struct job *job, int64_t due)
{
	struct job *older = find_key(core, job->key);

	if (older != NULL && older->trigger->state != TRIGGER_SENDING) {
		if (older->trigger->state == TRIGGER_SENT) {
			end_observing(core, older);
		} else {
			ring_hold(core, older);
		}
		finish(core, older, TRIGGER_SUPERSEDED, NULL);
		older = find_key(core, job->key);
	}
	job->entry.push = job->trigger->push;
	job->entry.sequence = job->trigger->sequence;
	job->entry.due_ms = due;
	HASH_ADD(hh, core->jobs, trigger->id, sizeof(job->trigger->id), job);
	set_newest(core, job);
	if (older != NULL) {
		older->outdated = true;
		older->successor = job;
		job->predecessor = older;
		return;
	}
	if (job->trigger->state == TRIGGER_SENT) {
		begin_observing(core, job, due);
		return;
	}
	enter(core, job, due);
}

/* Is a hard try of the same application under way at the same target? */
static bool beside_hard(const struct delivery_core *core, const struct trigger *t)
{
	const struct job *other;

	DL_FOREACH2(core->hard, other, hard_next) {
		if (strcmp(other->trigger->application, t->application) == 0 &&
		    strcmp(other->trigger->target, t->target) == 0) {
			return true;
		}
	}
	return false;
}

static void begin_try(struct delivery_core *core, struct job *job)
{
	struct trigger *t = job->trigger;

	move(job, TRIGGER_SENDING);
	t->attempts++;
	t->sent_ms = core->io.wall(core->io.ctx);
	t->hard = t->hard || beside_hard(core, t);
	if (t->hard) {
		DL_APPEND2(core->hard, job, hard_prev, hard_next);
	}
	core->io.send(core->io.ctx, t);
}

/* The same try goes on with its next call; after a restart it begins anew. */
static void next_call(struct delivery_core *core, struct job *job, const struct outcome *outcome)
{
	record(core, job, outcome);
	job->trigger->step++;
	core->io.send(core->io.ctx, job->trigger);
}

/* A target that is gone, or does not observe any more, has no job in such a place. */
static void leave_target(struct delivery_core *core, struct ring_target *target)
{
	struct job *job;
	struct job *next;

	HASH_ITER(hh, core->jobs, job, next) {
		if (strcmp(job->trigger->target, target->name) != 0) {
			continue;
		}
		if (job->trigger->state == TRIGGER_SENT) {
			end_observing(core, job);
			leave_as_sent(core, job);
		} else if (target->gone && ring_waits(job) && !job->held) {
			schedule_remove(target->schedule, &job->entry);
			enter(core, job, 0);
		}
	}
}

/* The job whose turn it is. Of a target that is down only one, when it is to be probed. */
static struct schedule_entry *next_try(const struct ring_target *target, int64_t now)
{
	if (target->failures > 0 &&
	    (now < target->probe_ms || schedule_active(target->schedule) > 0)) {
		return NULL;
	}
	return schedule_next(target->schedule, now);
}

static int64_t wake_of(const struct ring_target *target, int64_t now)
{
	int64_t at = schedule_wake(target->schedule, now);
	int64_t end = schedule_wake(target->observed, now);

	if (target->failures > 0 && at != SCHEDULE_NEVER) {
		/* With a probe under way its end is the next event. */
		at = schedule_active(target->schedule) > 0 ? SCHEDULE_NEVER
		     : at < target->probe_ms		   ? target->probe_ms
							   : at;
	}
	return at < end ? at : end;
}

int64_t ring_tick(struct delivery_core *core, int64_t now)
{
	int64_t wake = SCHEDULE_NEVER;
	struct ring_target *target;
	struct ring_target *next;

	if (core->draining) {
		return SCHEDULE_NEVER;
	}
	HASH_ITER(hh, core->targets, target, next) {
		struct schedule_entry *entry = next_try(target, now);

		while (entry != NULL) {
			begin_try(core, (struct job *)(void *)entry);
			entry = next_try(target, now);
		}
		stall_due(core, target, now);
		int64_t at = wake_of(target, now);
		wake = at < wake ? at : wake;
	}
	return wake;
}

static int64_t delay_after(struct delivery_core *core, const struct outcome *outcome,
			   const struct backoff *backoff, unsigned failures)
{
	return outcome->retry_after_ms > 0
		       ? outcome->retry_after_ms
		       : backoff_delay(backoff, failures, core->io.random(core->io.ctx));
}

/*
 * Does the end of a try say that all of the target is down?  One that gets no
 * answer may have an application that is slow; but not so many in a row.
 */
static bool is_down(struct ring_target *target, const struct outcome *outcome)
{
	bool silent = outcome->kind == OUTCOME_RETRY && outcome->silent;

	target->silent = silent ? target->silent + 1 : 0;
	return (outcome->kind == OUTCOME_RETRY && outcome->whole) ||
	       target->silent >= SILENT_IS_DOWN;
}

/* A try of it has ended: is it up? Those that began before it was seen down tell nothing new. */
static void judge_target(struct delivery_core *core, struct ring_target *target,
			 const struct outcome *outcome, bool down)
{
	int64_t now = core->io.now(core->io.ctx);
	struct backoff probe = core->options.trigger;

	if (down == (target->failures > 0) && (!down || now < target->probe_ms)) {
		return;
	}
	probe.max_ms = probe.max_ms < PROBE_MAX_MS ? probe.max_ms : PROBE_MAX_MS;
	target->failures = down ? target->failures + 1 : 0;
	target->probe_ms = down ? now + delay_after(core, outcome, &probe, target->failures) : 0;
	if (target->failures <= 1) {
		core->io.target_down(core->io.ctx, target->name, down ? outcome->reason : NULL);
	}
}

/* Was it tried for so long, or so often for itself, that it is given up? */
static bool is_hopeless(const struct delivery_core *core, const struct trigger *t, bool down)
{
	const struct delivery_options *o = &core->options;
	int64_t age = core->io.wall(core->io.ctx) - t->created_ms;

	return (age >= o->trigger_give_up_ms && t->attempts > 1) ||
	       (!down && o->trigger_attempts > 0 &&
		trigger_own_tries(t) >= o->trigger_attempts);
}

/* Not now. Again later, unless a newer one waits or it is given up. down: so is its target. */
static void retry(struct delivery_core *core, struct job *job, const struct outcome *outcome,
		  bool down)
{
	struct trigger *t = job->trigger;
	const struct ring_target *target = target_of(core, job);
	int64_t now = core->io.now(core->io.ctx);
	int64_t delay = target != NULL && target->failures > 0 && target->probe_ms > now
				? target->probe_ms - now
				: delay_after(core, outcome, &core->options.trigger,
					      trigger_own_tries(t));

	t->in_vain += down ? 1 : 0;
	if (!job->outdated && is_hopeless(core, t, down)) {
		finish(core, job, TRIGGER_STALLED, outcome);
		return;
	}
	move(job, TRIGGER_WAITING);
	t->next_ms = core->io.wall(core->io.ctx) + delay;
	if (job->outdated) {
		record(core, job, outcome);
		finish(core, job, TRIGGER_SUPERSEDED, NULL);
		return;
	}
	record(core, job, outcome);
	enter(core, job, now + delay);
}

void delivery_sent(struct delivery_core *core, int64_t trigger, const struct outcome *outcome)
{
	static const enum trigger_state ends[] = {
		[OUTCOME_SENT] = TRIGGER_SENT,
		[OUTCOME_CONVERGED] = TRIGGER_CONVERGED,
		[OUTCOME_REFUSED] = TRIGGER_REFUSED,
	};
	struct job *job = NULL;

	HASH_FIND(hh, core->jobs, &trigger, sizeof(trigger), job);
	if (job == NULL || job->trigger->state != TRIGGER_SENDING) {
		return;
	}
	if (outcome->kind == OUTCOME_STEP && !core->draining) {
		next_call(core, job, outcome);
		return;
	}
	if (job->trigger->hard) {
		DL_DELETE2(core->hard, job, hard_prev, hard_next);
	}
	struct ring_target *target = target_of(core, job);
	struct job *successor = job->successor;
	bool down = outcome->whole;
	if (target != NULL) {
		schedule_done(target->schedule);
		down = is_down(target, outcome);
		judge_target(core, target, outcome, down);
	}
	if (outcome->kind == OUTCOME_RETRY || outcome->kind == OUTCOME_STEP) {
		retry(core, job, outcome, down);
	} else if (outcome->kind == OUTCOME_SENT && !job->outdated && observes(target)) {
		observe(core, job, outcome);
	} else {
		finish(core, job, ends[outcome->kind], outcome);
	}
	/* One that a plan is about to replace stays held. */
	if (successor != NULL && !successor->held) {
		enter(core, successor, successor->entry.due_ms);
	}
	core_touch(core);
}

static void set_target(struct delivery_core *core, const struct delivery_target *options)
{
	struct ring_target *target = NULL;

	HASH_FIND_STR(core->targets, options->name, target);
	if (target == NULL) {
		target = xcalloc(1, sizeof(*target));
		target->name = xstrdup(options->name);
		target->schedule = schedule_new(options->rate, options->burst,
						options->concurrency,
						core->io.now(core->io.ctx));
		target->observed = schedule_new(0, 1, UINT_MAX, core->io.now(core->io.ctx));
		HASH_ADD_KEYPTR(hh, core->targets, target->name, strlen(target->name), target);
	}
	schedule_set_limits(target->schedule, options->rate, options->burst,
			    options->concurrency);
	target->options = *options;
	target->gone = false;
}

void ring_set_targets(struct delivery_core *core)
{
	struct ring_target *target;
	struct ring_target *next;

	HASH_ITER(hh, core->targets, target, next) {
		target->gone = true;
	}
	for (size_t i = 0; i < core->options.target_count; i++) {
		set_target(core, &core->options.targets[i]);
	}
	HASH_ITER(hh, core->targets, target, next) {
		if (target->gone ||
		    (!observes(target) && schedule_count(target->observed) > 0)) {
			leave_target(core, target);
		}
	}
}

void ring_free(struct delivery_core *core)
{
	struct ring_target *target;
	struct ring_target *next;
	struct job *job;
	struct job *after;

	HASH_CLEAR(hh_key, core->jobs_newest);
	HASH_ITER(hh, core->jobs, job, after) {
		HASH_DEL(core->jobs, job);
		job_free(job);
	}
	HASH_ITER(hh, core->targets, target, next) {
		HASH_DEL(core->targets, target);
		schedule_free(target->schedule);
		schedule_free(target->observed);
		free(target->name);
		free(target);
	}
}
