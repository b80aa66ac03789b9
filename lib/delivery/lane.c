/*
 * Lanes: the way of a push from "stored" to "decided", step by step, in the
 * order in which the steps happen.
 *
 *   lane_start()           takes all pushes that wait (a repeat stands alone)
 *                          and asks where the ref is now;
 *   delivery_resolved()    knows the walk: from the commit processed last to
 *                          the ref's present tip, and asks the engine;
 *   delivery_matched()     makes the plan and asks for it to be stored;
 *   delivery_planned()     hands the triggers over and tells who waits.
 *
 * What can go wrong: the repository is unreachable or does not have the
 * commit yet (wait, ask again, give up), the engine has no answer (all
 * applications that follow the ref), the journal fails (wait, plan again).
 */
#include "delivery/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/xalloc.h"

static char *lane_key(const char *repository, const char *ref)
{
	return xasprintf("%s\n%s", repository, ref);
}

struct lane *lane_get(struct delivery_core *core, const char *repository, const char *ref)
{
	char *key = lane_key(repository, ref);
	struct lane *lane = NULL;

	HASH_FIND_STR(core->lanes, key, lane);
	if (lane != NULL) {
		free(key);
		return lane;
	}
	lane = xcalloc(1, sizeof(*lane));
	lane->key = key;
	lane->repository = xstrdup(repository);
	lane->ref = xstrdup(ref);
	HASH_ADD_KEYPTR(hh, core->lanes, lane->key, strlen(lane->key), lane);
	return lane;
}

void lane_append(struct lane *lane, const struct record_push *push)
{
	lane->queue = xgrow(lane->queue, lane->count, &lane->capacity, sizeof(*lane->queue));
	struct record_push *p = &lane->queue[lane->count++];

	record_push_copy(push, p);
	p->state = PUSH_ACCEPTED;
}

static void move_push(struct record_push *push, enum push_state state)
{
	assert(push_may_move(push->state, state));
	push->state = state;
}

static void move_work(struct lane *lane, enum push_state state)
{
	for (size_t i = 0; i < lane->work_count; i++) {
		move_push(&lane->work[i], state);
	}
}

/* The push that the work is about: the newest. */
static struct record_push *goal(struct lane *lane)
{
	return &lane->work[lane->work_count - 1];
}

/* A repeat of an old push walks the same way again, whatever the ref is now. */
static bool is_replay(const struct record_push *push)
{
	return push->replay_of != 0;
}

/* May the push at that place of the queue be decided together with the work so far? */
static bool may_join(const struct lane *lane, size_t at)
{
	return lane->work_count == 0 ||
	       (lane->alone == 0 && !is_replay(&lane->queue[at]) && !is_replay(&lane->work[0]));
}

/* Take from the queue what can be decided together: a repeat stands alone. */
static void take_work(struct lane *lane, int64_t now)
{
	size_t n = 0;

	while (n < lane->count && may_join(lane, n)) {
		lane->work = xgrow(lane->work, lane->work_count, &lane->work_capacity,
				   sizeof(*lane->work));
		lane->work[lane->work_count++] = lane->queue[n++];
	}
	lane->count -= n;
	if (lane->count > 0) {
		memmove(lane->queue, lane->queue + n, lane->count * sizeof(*lane->queue));
	}
	lane->alone -= n < lane->alone ? n : lane->alone;
	if (n > lane->overdue) {
		lane->newest_ms = now;
	}
	lane->overdue = 0;
}

/* Put the oldest n of the work back to the head of the queue. */
static void put_back(struct lane *lane, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lane->queue = xgrow(lane->queue, lane->count + i, &lane->capacity,
				    sizeof(*lane->queue));
		lane->work[i].state = PUSH_ACCEPTED;
	}
	memmove(lane->queue + n, lane->queue, lane->count * sizeof(*lane->queue));
	memcpy(lane->queue, lane->work, n * sizeof(*lane->queue));
	lane->count += n;
	lane->work_count -= n;
	memmove(lane->work, lane->work + n, lane->work_count * sizeof(*lane->work));
}

static uint64_t ask(struct delivery_core *core, struct lane *lane, enum lane_step step)
{
	lane->step = step;
	lane->ticket = ++core->next_ticket;
	HASH_ADD(hh_ticket, core->lanes_asked, ticket, sizeof(lane->ticket), lane);
	return lane->ticket;
}

/* The lane that asked with ticket and is at that step; its question is over. */
static struct lane *answered(struct delivery_core *core, uint64_t ticket, enum lane_step step)
{
	struct lane *lane = NULL;

	HASH_FIND(hh_ticket, core->lanes_asked, &ticket, sizeof(ticket), lane);
	if (lane == NULL || lane->step != step) {
		return NULL;
	}
	HASH_DELETE(hh_ticket, core->lanes_asked, lane);
	return lane;
}

static void store_plan(struct delivery_core *core, struct lane *lane, struct plan *plan)
{
	lane->plan = plan;
	core->io.plan(core->io.ctx, ask(core, lane, LANE_PLANNING), &plan->journal);
}

bool lane_is_followed(struct delivery_core *core, const char *repository, const char *ref,
		      const char *default_branch)
{
	uint64_t generation = core->io.apps_generation(core->io.ctx);

	if (core->followers == NULL || core->generation != generation) {
		followers_free(core->followers);
		core->followers = followers_new(core->io.apps(core->io.ctx));
		core->generation = generation;
	}
	return followers_any(core->followers, repository, ref, default_branch) ||
	       core->io.holds_apps(core->io.ctx, repository, ref);
}

/* Decide without a walk: nobody follows the ref, or it is where it was. */
static void decide_nothing(struct delivery_core *core, struct lane *lane, enum push_state state,
			   const char *why)
{
	const struct affected none = { .changed_paths = 0 };
	const struct plan_basis basis = {
		.affected = &none, .apps = core->io.apps(core->io.ctx), .why = why,
	};
	struct plan *plan = plan_new(core, lane, &basis);

	for (size_t i = 0; i < lane->work_count; i++) {
		lane->work[i].state = state;
	}
	store_plan(core, lane, plan);
}

/*
 * Is what the ref was at an earlier start older than the work?  Then pushes
 * between the two may have been missed.  It is not if one of the work brought it:
 * that push was on its way when the ref was looked at.
 */
static bool begins_at_seen(const struct lane *lane)
{
	bool begins = lane->seen.len > 0 && lane->seen_earlier;

	for (size_t i = 0; begins && i < lane->work_count; i++) {
		begins = !oid_equal(&lane->work[i].after, &lane->seen);
	}
	return begins;
}

/* From where? The commit processed last, else what was seen, or what the first push says. */
static const struct oid *base_of(const struct lane *lane)
{
	const struct record_push *first = &lane->work[0];

	if (is_replay(first)) {
		return &first->base;
	}
	if (lane->last.len > 0) {
		return &lane->last;
	}
	return begins_at_seen(lane) ? &lane->seen : &first->before;
}

void lane_start(struct delivery_core *core, struct lane *lane)
{
	if (core->draining || !core->io.ready(core->io.ctx) ||
	    lane->count + lane->work_count == 0 ||
	    (lane->step != LANE_IDLE && lane->step != LANE_WAITING)) {
		return;
	}
	if (lane->step == LANE_WAITING) {
		DL_DELETE(core->waiting, lane);
	} else {
		lane->attempts = 0;
		lane->since_ms = core->io.now(core->io.ctx);
	}
	lane->step = LANE_IDLE;
	take_work(lane, core->io.now(core->io.ctx));
	free(lane->note);
	lane->note = NULL;
	if (!is_replay(goal(lane)) && !lane_is_followed(core, lane->repository, lane->ref,
							goal(lane)->default_branch)) {
		lane->base = (struct oid){ 0 };
		lane->tip = (struct oid){ 0 };
		decide_nothing(core, lane, PUSH_IGNORED, "no application follows this ref");
		return;
	}
	const struct oid anywhere = { 0 };
	lane->attempts++;
	move_work(lane, PUSH_RESOLVING);
	core->io.resolve(core->io.ctx, ask(core, lane, LANE_RESOLVING), lane->repository,
			 lane->ref, &goal(lane)->after, base_of(lane),
			 is_replay(goal(lane)) ? &goal(lane)->tip : &anywhere);
}

/* Wait and ask again; every push of the work says why. */
static void lane_wait(struct delivery_core *core, struct lane *lane, const char *why)
{
	int64_t delay = backoff_delay(&core->options.resolve, lane->attempts,
				      core->io.random(core->io.ctx));

	lane->due_ms = core->io.now(core->io.ctx) + delay;
	lane->step = LANE_WAITING;
	DL_APPEND(core->waiting, lane);
	for (size_t i = 0; i < lane->work_count; i++) {
		struct record_push *push = &lane->work[i];

		move_push(push, PUSH_WAITING);
		push->attempts = lane->attempts;
		push->next_ms = core->io.wall(core->io.ctx) + delay;
		push->reason = xstrdup_or_null(why);
		core->io.note(core->io.ctx, push);
		free(push->reason);
		push->reason = NULL;
	}
	core_touch(core);
}

/* The engine has no answer, or was not asked: all that follow the ref. */
static void decide_all(struct delivery_core *core, struct lane *lane, enum fallback fallback,
		       const char *why)
{
	const struct plan_basis basis = {
		.apps = core->io.apps(core->io.ctx), .why = why, .fallback = fallback,
	};

	store_plan(core, lane, plan_new(core, lane, &basis));
}

static void give_up(struct delivery_core *core, struct lane *lane,
		    const struct delivery_resolved *answer)
{
	lane->base = (struct oid){ 0 };
	lane->tip = (struct oid){ 0 };
	if (answer->result != RESOLVE_NOT_YET) {
		decide_all(core, lane, FALLBACK_REPOSITORY, answer->why);
		return;
	}
	/* Only the newest was asked for: what the others brought may be there. */
	lane->overdue = lane->work_count - 1;
	put_back(lane, lane->overdue);
	decide_nothing(core, lane, PUSH_REFUSED, answer->why);
}

/* Is it worth asking again? A commit has its time from when it was pushed on. */
static bool may_wait(const struct delivery_core *core, const struct lane *lane,
		     enum delivery_resolve result)
{
	int64_t since = result == RESOLVE_NOT_YET ? lane->newest_ms : lane->since_ms;

	return (result == RESOLVE_NOT_YET || result == RESOLVE_FAILED) &&
	       core->io.now(core->io.ctx) - since < core->options.resolve_give_up_ms;
}

/* The id that says "nothing", as long as another one is. */
static struct oid zero_id(const struct oid *like)
{
	return (struct oid){ .len = like->len > 0 ? like->len : 20 };
}

/* From where to where? */
static void choose_walk(struct lane *lane, const struct delivery_resolved *answer)
{
	const struct record_push *first = &lane->work[0];

	lane->base = *base_of(lane);
	if (is_replay(first)) {
		lane->tip = first->tip;
		lane->note = xasprintf("a repeat of push %lld", (long long)first->replay_of);
		return;
	}
	lane->tip = answer->tip;
	if (lane->last.len == 0 && oid_equal(&lane->base, &lane->tip)) {
		lane->base = first->before;
	}
	if (answer->result == RESOLVE_GONE) {
		lane->tip = zero_id(first->after.len > 0 ? &first->after : &lane->base);
		return;
	}
	if (goal(lane)->after.len > 0 && !oid_equal(&answer->tip, &goal(lane)->after) &&
	    !oid_equal(&answer->tip, &answer->after)) {
		lane->note = xstrdup("the ref has moved on since this push");
	} else if (begins_at_seen(lane) && oid_equal(&lane->base, &lane->seen)) {
		lane->note = xstrdup("nothing of this ref was processed before: "
				     "compared with where it was seen first");
	} else if (lane->last.len == 0 && !oid_is_zero(&first->before)) {
		lane->note = xstrdup("first push seen for this ref: "
				     "compared with what the sender says it was before");
	}
}

void delivery_resolved(struct delivery_core *core, uint64_t ticket,
		       const struct delivery_resolved *answer)
{
	struct lane *lane = answered(core, ticket, LANE_RESOLVING);

	if (lane == NULL) {
		return;
	}
	if (may_wait(core, lane, answer->result)) {
		lane_wait(core, lane, answer->why);
		return;
	}
	move_work(lane, PUSH_MATCHING);
	if (answer->result != RESOLVE_TIP && answer->result != RESOLVE_GONE) {
		give_up(core, lane, answer);
		return;
	}
	choose_walk(lane, answer);
	if (answer->default_branch != NULL) {
		free(goal(lane)->default_branch);
		goal(lane)->default_branch = xstrdup(answer->default_branch);
	}
	if (lane->base.len > 0 && oid_equal(&lane->base, &lane->tip)) {
		decide_nothing(core, lane, PUSH_PLANNED, "this commit was processed already");
		return;
	}
	core->io.match(core->io.ctx, ask(core, lane, LANE_MATCHING), lane->repository, lane->ref,
		       goal(lane)->default_branch, &lane->base, &lane->tip);
}

void delivery_matched(struct delivery_core *core, uint64_t ticket,
		      const struct delivery_matched *answer)
{
	struct lane *lane = answered(core, ticket, LANE_MATCHING);

	if (lane == NULL) {
		return;
	}
	if (answer->affected == NULL) {
		decide_all(core, lane, FALLBACK_READER, answer->why);
		return;
	}
	const struct plan_basis basis = {
		.affected = answer->affected, .apps = answer->apps, .why = lane->note,
	};

	store_plan(core, lane, plan_new(core, lane, &basis));
}

/* Tell who waits for the work what became of it; plan NULL: no application is affected. */
static void tell(struct delivery_core *core, struct lane *lane, const struct plan *plan)
{
	for (size_t i = 0; i < lane->work_count; i++) {
		struct delivery_decision decision = {
			.push = &lane->work[i],
			.names = plan != NULL ? (const char *const *)plan->names.items : NULL,
			.name_count = plan != NULL ? plan->names.count : 0,
			.untaken = plan != NULL ? plan->untaken : 0,
		};

		core->io.decided(core->io.ctx, &decision);
	}
}

static void drop_work(struct lane *lane)
{
	for (size_t i = 0; i < lane->work_count; i++) {
		record_push_release(&lane->work[i]);
	}
	lane->work_count = 0;
}

/* Until when may newer pushes take the place of this job? */
static int64_t quiet_until(struct delivery_core *core, struct job *job, int64_t now)
{
	int64_t due = now + core->options.quiet_ms;
	int64_t last = job->first_ms + core->options.quiet_max_ms;

	return due < last ? due : (last > now ? last : now);
}

static void hand_over(struct delivery_core *core, struct plan *plan)
{
	int64_t now = core->io.now(core->io.ctx);

	for (size_t i = 0; i < plan->replaced_count; i++) {
		ring_drop(core, plan->replaced[i]);
	}
	plan->replaced_count = 0;
	for (size_t i = 0; i < plan->journal.trigger_count; i++) {
		ring_add(core, plan->jobs[i], quiet_until(core, plan->jobs[i], now));
		plan->jobs[i] = NULL;
	}
}

/* The work is over: the next, if there is any. */
static void next_work(struct delivery_core *core, struct lane *lane)
{
	drop_work(lane);
	lane->step = LANE_IDLE;
	lane_start(core, lane);
	if (lane->step == LANE_IDLE && lane->count == 0 && lane->last.len == 0 &&
	    lane->seen.len == 0) {
		lane_free(core, lane);
	}
	core_touch(core);
}

/*
 * The journal does not know one of the pushes, or something breaks its rules:
 * another try would end alike.  Each push is decided alone then, so that one
 * does not hold up the others; one that cannot be recorded is dropped.  If it
 * is in the journal, the next start finds it again.
 */
static void plan_impossible(struct delivery_core *core, struct lane *lane)
{
	struct record_push *push = &lane->work[0];

	if (lane->work_count > 1) {
		lane->alone = lane->work_count;
		put_back(lane, lane->work_count);
	} else {
		push->reason = xstrdup("the journal cannot record the decision");
		push->state = PUSH_REFUSED;
		tell(core, lane, NULL);
	}
	next_work(core, lane);
}

/* The journal did not take the plan: nothing happened. */
static void plan_failed(struct delivery_core *core, struct lane *lane, bool again)
{
	for (size_t i = 0; i < lane->plan->replaced_count; i++) {
		ring_unhold(core, lane->plan->replaced[i]);
	}
	for (size_t i = 0; i < lane->work_count; i++) {
		lane->work[i].state = PUSH_MATCHING;
		lane->work[i].fallback = FALLBACK_NONE;
		free(lane->work[i].reason);
		lane->work[i].reason = NULL;
	}
	plan_free(lane->plan);
	lane->plan = NULL;
	if (again) {
		lane_wait(core, lane, "the journal could not take the decision");
	} else {
		plan_impossible(core, lane);
	}
}

/* The ref's new commit is durable: from now on walks begin there. */
static void move_ref(struct delivery_core *core, struct lane *lane, const struct record_plan *plan)
{
	lane->last = oid_is_zero(&plan->commit) ? (struct oid){ 0 } : plan->commit;
	lane->seen = (struct oid){ 0 };
	core->io.keep(core->io.ctx, lane->repository, lane->ref, &plan->commit);
	if (plan->remote != NULL) {
		core->io.remote(core->io.ctx, lane->repository, lane->ref, plan->remote);
	}
}

void delivery_planned(struct delivery_core *core, uint64_t ticket, enum record_result result)
{
	struct lane *lane = answered(core, ticket, LANE_PLANNING);

	if (lane == NULL) {
		return;
	}
	if (result != RECORD_OK) {
		plan_failed(core, lane, result == RECORD_FULL || result == RECORD_FAILED);
		return;
	}
	if (lane->plan->journal.move_ref) {
		move_ref(core, lane, &lane->plan->journal);
	}
	hand_over(core, lane->plan);
	tell(core, lane, lane->plan);
	plan_free(lane->plan);
	lane->plan = NULL;
	next_work(core, lane);
}

void delivery_go_on(struct delivery_core *core)
{
	struct lane *lane;
	struct lane *next;

	HASH_ITER(hh, core->lanes, lane, next) {
		if (lane->step == LANE_IDLE) {
			lane_start(core, lane);
		}
	}
	core_touch(core);
}

int64_t lane_tick(struct delivery_core *core, int64_t now)
{
	int64_t next = SCHEDULE_NEVER;
	struct lane *lane;
	struct lane *after;

	DL_FOREACH_SAFE(core->waiting, lane, after) {
		if (lane->due_ms <= now) {
			lane_start(core, lane);
		} else if (lane->due_ms < next) {
			next = lane->due_ms;
		}
	}
	return core->draining ? SCHEDULE_NEVER : next;
}

void lane_free(struct delivery_core *core, struct lane *lane)
{
	drop_work(lane);
	for (size_t i = 0; i < lane->count; i++) {
		record_push_release(&lane->queue[i]);
	}
	plan_free(lane->plan);
	HASH_DEL(core->lanes, lane);
	free(lane->queue);
	free(lane->work);
	free(lane->key);
	free(lane->repository);
	free(lane->ref);
	free(lane->note);
	free(lane);
}
