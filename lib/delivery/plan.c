/*
 * The plan: from "these applications are affected" to the rows that make it
 * so, all in one transaction: the pushes' records, the ref's new commit, one
 * trigger for each application and target, and the waiting triggers of older
 * pushes that these replace.
 */
#include "delivery/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/text.h"
#include "base/xalloc.h"

/* What is recorded of applications that are rendered to the same: about so many bytes. */
#define FOUND_BYTES 65536

/*
 * Does an application have a source that follows ref of repository? *ret_hard
 * says whether one of those is a remote reference (app.h).
 */
static bool app_follows(const struct app *app, const char *repository, const char *ref,
			const char *default_branch, bool *ret_hard)
{
	bool follows = false;

	*ret_hard = false;
	for (size_t i = 0; !app->skip_reconcile && i < app->source_count; i++) {
		if (followers_source(&app->sources[i], repository, ref, default_branch)) {
			follows = true;
			*ret_hard |= app->sources[i].remote;
		}
	}
	return follows;
}

static bool target_wants(const struct ring_target *target, const struct app *app,
			 const char *name)
{
	const struct strvec *globs = target->options.applications;

	if (target->gone ||
	    (target->options.applications_only && app->id.kind != APP_APPLICATION)) {
		return false;
	}
	for (size_t i = 0; globs != NULL && i < globs->count; i++) {
		if (glob_match(GLOB_GOBWAS, globs->items[i], name) == GLOB_MATCH) {
			return true;
		}
	}
	return globs == NULL || globs->count == 0;
}

size_t delivery_untaken(const struct delivery_core *core, const struct app_list *apps,
			const struct app **ret_first)
{
	size_t count = 0;

	for (size_t i = 0; i < apps->count; i++) {
		const struct app *app = apps->items[i];
		char *name = app_full_name(app);
		struct ring_target *target;
		struct ring_target *next;
		bool taken = !app_kind_is_rung(app->id.kind) || app->skip_reconcile;

		HASH_ITER(hh, core->targets, target, next) {
			taken = taken || target_wants(target, app, name);
		}
		*ret_first = !taken && count == 0 ? app : *ret_first;
		count += !taken;
		free(name);
	}
	return count;
}

static void add_replaced(struct plan *plan, struct job *old)
{
	struct record_plan *j = &plan->journal;
	int64_t *ids = xgrow((void *)(uintptr_t)j->superseded, j->superseded_count,
			     &plan->superseded_capacity, sizeof(*ids));

	ids[j->superseded_count++] = old->trigger->id;
	j->superseded = ids;
	plan->replaced = xgrow(plan->replaced, plan->replaced_count, &plan->replaced_capacity,
			       sizeof(struct job *));
	plan->replaced[plan->replaced_count++] = old;
}

/* A name that several applications have, and its triggers in the plan. */
struct rung {
	const struct app *first;
	size_t from, end;    // their numbers
	UT_hash_handle hh;
};

/* What is rung, and why. */
struct wanted {
	const struct app *app;
	const char *reasons; // JSON, or NULL
	bool hard;
};

/* One trigger; a waiting older one hands it its beginning. */
static void add_trigger(struct delivery_core *core, struct lane *lane, struct plan *plan,
			const struct wanted *wanted, const char *name, const char *target)
{
	const struct app *first = wanted->app->first;
	const struct app *app = first != NULL ? first : wanted->app;
	struct record_plan *j = &plan->journal;
	struct trigger *t = trigger_new();

	const struct record_push *push = &lane->work[lane->work_count - 1];

	t->push = push->id;
	t->delivery = push->delivery;
	t->sender_id = xstrdup_or_null(push->sender_id);
	t->application = xstrdup(name);
	t->project = xstrdup(app->project);
	t->target = xstrdup(target);
	t->repository = xstrdup(lane->repository);
	t->ref = xstrdup(lane->ref);
	t->before = lane->base;
	t->after = lane->tip;
	t->reasons = xstrdup_or_null(wanted->reasons);
	t->automated = app->automated;
	t->hard = wanted->hard;
	t->pushed_ms = lane->work[0].accepted_ms;
	t->created_ms = core->io.wall(core->io.ctx);
	t->next_ms = t->created_ms + core->options.quiet_ms;
	struct job *job = job_new(t);
	job->first_ms = core->io.now(core->io.ctx);

	struct job *old = ring_find(core, target, name, lane->repository, lane->ref);
	/*
	 * This trigger takes the place of the older one, or follows it if that is
	 * being tried just now: if that try fails, there is no second one.  Either
	 * way this one must do what the older one should have done.
	 */
	t->hard |= old != NULL && old->trigger->hard;
	if (old != NULL && ring_waits(old) && !old->held) {
		job->first_ms = old->first_ms;
		t->before = old->trigger->before;
		t->pushed_ms = old->trigger->pushed_ms;
		ring_hold(core, old);
		add_replaced(plan, old);
	}
	j->triggers = xgrow(j->triggers, j->trigger_count, &plan->trigger_capacity,
			    sizeof(struct trigger *));
	plan->jobs = xgrow(plan->jobs, j->trigger_count, &plan->job_capacity,
			   sizeof(struct job *));
	plan->jobs[j->trigger_count] = job;
	j->triggers[j->trigger_count++] = t;
}

/*
 * Is one of its name rung by this plan already? Two triggers of one name would
 * be two rings, of which the second takes the place of the first: the first one
 * is made what both should be.
 */
static bool is_rung(const struct plan *plan, const struct wanted *wanted)
{
	const struct app *first = wanted->app->first;
	const struct rung *rung = NULL;

	if (first != NULL) {
		HASH_FIND_PTR(plan->rung, &first, rung);
	}
	for (size_t i = rung != NULL ? rung->from : 0; rung != NULL && i < rung->end; i++) {
		plan->journal.triggers[i]->hard |= wanted->hard;
	}
	return rung != NULL;
}

static void note_rung(struct plan *plan, const struct app *first, size_t from)
{
	struct rung *rung = xcalloc(1, sizeof(*rung));

	*rung = (struct rung){ .first = first, .from = from,
			       .end = plan->journal.trigger_count };
	HASH_ADD_PTR(plan->rung, first, rung);
}

static void add_application(struct delivery_core *core, struct lane *lane, struct plan *plan,
			    const struct wanted *wanted)
{
	size_t from = plan->journal.trigger_count;

	if (is_rung(plan, wanted)) {
		return;
	}
	char *name = app_full_name(wanted->app);
	struct ring_target *target;
	struct ring_target *next;
	bool taken = false;

	HASH_ITER(hh, core->targets, target, next) {
		if (target_wants(target, wanted->app, name)) {
			add_trigger(core, lane, plan, wanted, name, target->name);
			taken = true;
		}
	}
	if (!taken) {
		/* It is refused as soon as the plan is stored, and so on record. */
		add_trigger(core, lane, plan, wanted, name, RING_NO_TARGET);
		plan->untaken++;
	}
	strvec_push_take(&plan->names, name);
	if (wanted->app->first != NULL) {
		note_rung(plan, wanted->app->first, from);
	}
}

static void add_affected(struct delivery_core *core, struct lane *lane, struct plan *plan,
			 const struct affected *affected, const struct app_list *apps)
{
	for (size_t i = 0; i < affected->count; i++) {
		const struct affected_application *item = &affected->items[i];
		const struct wanted wanted = { apps->items[item->app], item->told, item->hard };

		if (!wanted.app->skip_reconcile) {
			add_application(core, lane, plan, &wanted);
		}
	}
}

/* Not known which: every application that follows the ref. Their number. */
static size_t add_all(struct delivery_core *core, struct lane *lane, struct plan *plan,
		      const struct app_list *apps)
{
	size_t before = plan->names.count;

	for (size_t i = 0; i < apps->count; i++) {
		struct wanted wanted = { .app = apps->items[i] };

		if (app_follows(wanted.app, lane->repository, lane->ref,
				lane->work[lane->work_count - 1].default_branch, &wanted.hard)) {
			add_application(core, lane, plan, &wanted);
		}
	}
	return plan->names.count - before;
}

/* Why all that follow the ref were taken, if they were. */
static enum fallback fallback_of(const struct plan_basis *basis)
{
	return basis->affected != NULL ? basis->affected->fallback : basis->fallback;
}

/* Why it came out as it did, for the record. */
static char *reason_text(const struct lane *lane, const struct plan_basis *basis,
			 const struct plan *plan)
{
	const struct affected *affected = basis->affected;
	enum fallback fallback = fallback_of(basis);

	if (fallback != FALLBACK_NONE) {
		const char *told = affected == NULL ? basis->why : NULL;

		return xasprintf("all applications that follow this ref: %s",
				 told != NULL ? told : fallback_text(fallback));
	}
	if (plan->names.count > 0 || lane->step != LANE_MATCHING) {
		return xstrdup_or_null(basis->why);
	}
	if (affected->changed_paths == 0 && affected->changed_paths_exact) {
		return xstrdup("the push changes no file");
	}
	if (affected->same_count > 0) {
		return xasprintf("what changed of the inputs of %zu of the %zu applications that "
				 "follow this ref is rendered to the same",
				 affected->same_count, affected->tracked);
	}
	return xasprintf("no changed path is an input of the %zu applications that follow this ref",
			 affected->tracked);
}

/* An application that reads what changed and is rendered as before. */
static json_t *same_json(const struct affected_application *item, const struct app_list *apps)
{
	json_t *reasons = item->told != NULL ? json_loads(item->told, 0, NULL) : NULL;
	char *name = app_full_name(apps->items[item->app]);
	json_t *value = json_pack("{s:o, s:o}", "application", text_to_json(name), "reasons",
				  reasons != NULL ? reasons : json_array());

	free(name);
	return value;
}

/* What the walk found beside the triggers, for the record; NULL: nothing. */
static char *found_text(const struct affected *affected, const struct app_list *apps)
{
	json_t *paths = json_array();
	json_t *same = json_array();
	size_t bytes = 0;
	char *text = NULL;

	for (size_t i = 0; i < affected->paths.count; i++) {
		(void)json_array_append_new(paths, text_to_json(affected->paths.items[i]));
	}
	for (size_t i = 0; i < affected->same_count && bytes < FOUND_BYTES; i++) {
		json_t *value = same_json(&affected->same[i], apps);

		bytes += json_dumpb(value, NULL, 0, JSON_COMPACT);
		(void)json_array_append_new(same, value);
	}
	json_t *found = json_pack("{s:o, s:o}", "paths", paths, "same", same);

	if (affected->paths.count + affected->same_count > 0) {
		text = json_dumps(found, JSON_COMPACT);
	}
	json_decref(found);
	return text;
}

static void record_pushes(struct delivery_core *core, struct lane *lane,
			  const struct plan_basis *basis, size_t tracked, struct plan *plan)
{
	struct record_push *newest = &lane->work[lane->work_count - 1];

	for (size_t i = 0; i < lane->work_count; i++) {
		struct record_push *push = &lane->work[i];

		push->state = PUSH_PLANNED;
		push->base = lane->base;
		push->tip = lane->tip;
		push->applications = (int64_t)basis->apps->count;
		push->decided_ms = core->io.wall(core->io.ctx);
		push->changed_paths = -1;
		push->fallback = fallback_of(basis);
		if (push != newest) {
			push->reason = xasprintf("decided together with push %lld",
						 (long long)newest->id);
		}
	}
	newest->reason = reason_text(lane, basis, plan);
	newest->tracked = (int64_t)tracked;
	newest->affected = (int64_t)plan->names.count;
	newest->changed_paths = -1;
	if (basis->affected != NULL && lane->step == LANE_MATCHING) {
		newest->changed_paths = (int64_t)basis->affected->changed_paths;
		newest->found = found_text(basis->affected, basis->apps);
	}
}

/*
 * The remote references of the applications, as the journal keeps them. Without a
 * walk, or if the engine could say no more than "all", what was known stands:
 * too much of it costs a needless ring, too little a missing one.
 */
static char *remote_text(const struct lane *lane, const struct affected *affected)
{
	if (affected == NULL || lane->step != LANE_MATCHING) {
		return NULL;
	}
	if (affected->remote_references != NULL) {
		return json_dumps(affected->remote_references, JSON_COMPACT);
	}
	return affected->fallback == FALLBACK_NONE ? xstrdup("") : NULL;
}

struct plan *plan_new(struct delivery_core *core, struct lane *lane,
		      const struct plan_basis *basis)
{
	const struct affected *affected = basis->affected;
	struct plan *plan = xcalloc(1, sizeof(*plan));
	size_t tracked = affected != NULL ? affected->tracked : 0;

	if (affected != NULL) {
		add_affected(core, lane, plan, affected, basis->apps);
	} else {
		tracked = add_all(core, lane, plan, basis->apps);
	}
	for (size_t i = 0; i < lane->work_count; i++) {
		free(lane->work[i].reason);
		lane->work[i].reason = NULL;
	}
	record_pushes(core, lane, basis, tracked, plan);
	plan->journal.pushes = lane->work;
	plan->journal.push_count = lane->work_count;
	plan->journal.repository = lane->repository;
	plan->journal.ref = lane->ref;
	plan->journal.commit = lane->tip;
	/* Only a walk of our own, and not a repeat of an old one, moves the ref. */
	plan->journal.move_ref = lane->tip.len > 0 && lane->work[0].replay_of == 0 &&
				 affected != NULL;
	plan->remote = remote_text(lane, affected);
	plan->journal.remote = plan->remote;
	return plan;
}

void plan_free(struct plan *plan)
{
	struct rung *rung;
	struct rung *next;

	if (plan == NULL) {
		return;
	}
	HASH_ITER(hh, plan->rung, rung, next) {
		HASH_DEL(plan->rung, rung);
		free(rung);
	}
	for (size_t i = 0; i < plan->journal.trigger_count; i++) {
		job_free(plan->jobs[i]);
	}
	free(plan->jobs);
	free(plan->journal.triggers);
	free((void *)(uintptr_t)plan->journal.superseded);
	free(plan->replaced);
	free(plan->remote);
	strvec_release(&plan->names);
	free(plan);
}
