/*
 * What the core asks becomes an open question; what it says is compared with
 * what was stored.
 */
#include "tests/support/model.h"

#include <string.h>

#include "manifest/app.h"

const char *const model_refs[REFS] = { "refs/heads/main", "refs/heads/next",
					     "refs/tags/v1" };
const char *const model_targets[TARGETS + 1] = { "one", "two", "three", "-" };

uint64_t model_number(struct model *m)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return m->seed;
}

bool model_bad_luck(struct model *m, unsigned percent)
{
	return !m->calm && model_number(m) % 100 < percent;
}

void model_must(struct model *m, bool holds, const char *rule)
{
	if (!holds && m->wrong == NULL) {
		m->wrong = rule;
	}
}

struct oid model_commit(int n)
{
	struct oid id = { .len = 20 };

	memcpy(id.bytes, &n, sizeof(n));
	return id;
}

static int ref_of(const char *name)
{
	for (int i = 0; i < REFS; i++) {
		if (strcmp(model_refs[i], name) == 0) {
			return i;
		}
	}
	return 0;
}

int model_target(const char *name)
{
	for (int i = 0; i < TARGETS; i++) {
		if (strcmp(model_targets[i], name) == 0) {
			return i;
		}
	}
	return TARGETS; /* none */
}

int model_app(const struct model *m, const char *full_name)
{
	for (size_t i = 0; i < m->apps.count; i++) {
		if (strcmp(m->apps.items[i]->id.name, full_name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* ---- what the core asks and says ---- */

static int64_t io_now(void *ctx)
{
	return ((struct model *)ctx)->now;
}

static int64_t io_wall(void *ctx)
{
	return ((struct model *)ctx)->now + 1000000;
}

static uint64_t io_random(void *ctx)
{
	return model_number(ctx);
}

static bool io_ready(void *ctx)
{
	return ((struct model *)ctx)->ready;
}

static const struct app_list *io_apps(void *ctx)
{
	return &((struct model *)ctx)->apps;
}

static uint64_t io_apps_generation(void *ctx)
{
	(void)ctx;
	return 1;
}

static bool io_holds_apps(void *ctx, const char *repository, const char *ref)
{
	(void)ctx;
	(void)repository;
	(void)ref;
	return false;
}

static void io_wake(void *ctx, int64_t at)
{
	((struct model *)ctx)->wake = at;
}

static struct question *add_question(struct model *m, enum question_kind kind, uint64_t ticket,
				     const char *ref)
{
	int index = ref_of(ref);

	for (size_t i = 0; i < m->question_count; i++) {
		model_must(m, m->questions[i].ticket != ticket, "no ticket is used twice");
		model_must(m, m->questions[i].ref != index, "a ref has one question at a time");
	}
	model_must(m, m->question_count < QUESTIONS_MAX, "the questions are few");
	struct question *q = &m->questions[m->question_count++];
	*q = (struct question){ .kind = kind, .ticket = ticket, .ref = index };
	return q;
}

static void io_resolve(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		       const struct oid *after, const struct oid *base, const struct oid *tip)
{
	struct question *q = add_question(ctx, ASKED_RESOLVE, ticket, ref);

	(void)repository;
	(void)base;
	q->after = *after;
	q->tip = *tip;
}

static void io_match(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		     const char *default_branch, const struct oid *base, const struct oid *tip)
{
	(void)repository;
	(void)default_branch;
	(void)base;
	add_question(ctx, ASKED_MATCH, ticket, ref)->tip = *tip;
}

static void io_plan(void *ctx, uint64_t ticket, struct record_plan *plan)
{
	struct model *m = ctx;
	struct question *q = add_question(m, ASKED_PLAN, ticket, plan->ref);
	size_t wanted = 0;

	q->plan = plan;
	model_must(m, plan->push_count > 0, "a plan decides a push");
	for (int i = 0; i < APPS; i++) {
		wanted += m->affected[q->ref] >> i & 1;
	}
	/* Without a target each has one that is refused. */
	size_t targets = m->options.target_count > 0 ? m->options.target_count : 1;

	model_must(m, !m->matched[q->ref] || plan->trigger_count == wanted * targets,
	     "each affected application has one trigger at each target");
	m->matched[q->ref] = false;
}

static int ref_number(const char *ref)
{
	int i = 0;

	while (i < REFS - 1 && strcmp(model_refs[i], ref) != 0) {
		i++;
	}
	return i;
}

static void io_keep(void *ctx, const char *repository, const char *ref,
		    const struct oid *commit)
{
	struct model *m = ctx;

	(void)repository;
	m->kept[ref_number(ref)] = oid_is_zero(commit) ? (struct oid){ 0 } : *commit;
}

static void io_remote(void *ctx, const char *repository, const char *ref, const char *remote)
{
	(void)repository;
	(void)remote;
	model_must(ctx, oid_equal(&((struct model *)ctx)->kept[ref_number(ref)],
				  &((struct model *)ctx)->refs[ref_number(ref)]),
		   "what is referred to elsewhere is told once the ref has moved");
}

static void io_note(void *ctx, const struct record_push *push)
{
	struct model *m = ctx;

	model_must(m, push->id > 0 && (size_t)push->id <= m->push_count, "a push that waits is known");
	model_must(m, push->state == PUSH_WAITING && push->reason != NULL, "it says why it waits");
}

static void io_send(void *ctx, const struct trigger *t)
{
	struct model *m = ctx;
	struct trigger_row *row = &m->triggers[t->id - 1];
	size_t busy = 0;

	model_must(m, t->id > 0 && (size_t)t->id <= m->trigger_count, "what is sent is stored");
	model_must(m, !model_is_over(row) && row->state != TRIGGER_SENT, "what is over is not sent");
	model_must(m, t->state == TRIGGER_SENDING && !row->sending, "nothing is sent twice at once");
	row->sending = true;
	model_must(m, t->hard || !row->hard, "what is hard stays so");
	row->hard = t->hard;
	for (size_t i = 0; i < m->trigger_count; i++) {
		const struct trigger_row *other = &m->triggers[i];

		if (!other->sending || other->target != row->target) {
			continue;
		}
		busy++;
		model_must(m, other == row || other->app != row->app || other->ref != row->ref,
		     "one try of an application, target and ref at a time");
		model_must(m, t->hard || other->app != row->app || !other->hard,
			   "beside a hard try of an application all are hard");
	}
	model_must(m, busy <= 2, "no more tries at once than the target's limit");
	for (size_t i = 0; i < TARGETS; i++) {
		model_must(m, busy == 1 || !m->down[i] || strcmp(model_targets[i], t->target) != 0,
			   "a target that is down is tried by one at a time");
	}
}

static void io_observe(void *ctx, const struct trigger *t)
{
	struct model *m = ctx;
	struct trigger_row *row = &m->triggers[t->id - 1];

	model_must(m, row->state == TRIGGER_SENT && row->observed, "what is observed is recorded");
	model_must(m, !row->watched, "nothing is observed twice");
	row->watched = true;
}

static void io_unobserve(void *ctx, int64_t trigger)
{
	struct model *m = ctx;

	model_must(m, m->triggers[trigger - 1].watched, "what is let go was observed");
	m->triggers[trigger - 1].watched = false;
}

static void io_record(void *ctx, const struct trigger *t, const struct outcome *outcome)
{
	struct model *m = ctx;
	struct trigger_row *row = &m->triggers[t->id - 1];

	model_must(m, t->id > 0 && (size_t)t->id <= m->trigger_count, "what is recorded is stored");
	model_must(m, !model_is_over(row), "what is over is not recorded again");
	model_must(m, !row->watched, "what is recorded is not observed");
	model_must(m, row->state != TRIGGER_SENT || t->state == TRIGGER_SENT ||
			      trigger_may_move(TRIGGER_SENT, t->state),
		   "what was taken is not tried again");
	model_must(m, !row->sending || t->state != TRIGGER_SENDING ||
			      (outcome != NULL && outcome->kind == OUTCOME_STEP),
		   "a try under way has no outcome but that it goes on");
	row->state = t->state;
	row->observed = t->observed;
	row->next_ms = t->next_ms;
	row->sending = false;
}

static void io_superseded(void *ctx, const struct trigger *t)
{
	struct model *m = ctx;
	struct trigger_row *row = &m->triggers[t->id - 1];

	model_must(m, row->state == TRIGGER_SUPERSEDED && !row->told,
		   "what a stored plan replaced is told once");
	row->told = true;
}

static void io_target_down(void *ctx, const char *target, const char *why)
{
	struct model *m = ctx;

	for (size_t i = 0; i < TARGETS; i++) {
		if (strcmp(model_targets[i], target) == 0) {
			model_must(m, m->down[i] == (why == NULL), "a target goes down and up in turn");
			m->down[i] = why != NULL;
		}
	}
}

static void io_decided(void *ctx, const struct delivery_decision *decision)
{
	struct model *m = ctx;
	struct push_row *row = &m->pushes[decision->push->id - 1];

	model_must(m, push_is_final(decision->push->state), "a decision is final");
	model_must(m, decision->push->reason != NULL || decision->push->state == PUSH_PLANNED,
	     "what is not planned says why");
	model_must(m, row->told++ == 0, "each decision is told once");
	if (!row->final) {
		model_must(m, row->broken, "only what cannot be recorded is dropped");
		row->dropped = true;
	}
}

bool model_is_over(const struct trigger_row *row)
{
	const struct trigger t = { .state = row->state, .observed = row->observed };

	return trigger_is_over(&t);
}

void model_start(struct model *m)
{
	struct delivery_io io = {
		.ctx = m, .now = io_now, .wall = io_wall, .random = io_random, .ready = io_ready,
		.apps = io_apps, .apps_generation = io_apps_generation,
		.holds_apps = io_holds_apps, .wake = io_wake, .resolve = io_resolve,
		.match = io_match, .plan = io_plan, .keep = io_keep,
		.remote = io_remote, .note = io_note, .send = io_send,
		.observe = io_observe, .unobserve = io_unobserve,
		.record = io_record, .superseded = io_superseded,
		.target_down = io_target_down, .decided = io_decided,
	};

	m->wake = INT64_MAX;
	m->core = delivery_new(&m->options, &io);
}
