/*
 * The deciding core under random events, against a small model of the world.
 *
 * The model is a journal (what was stored), a Git server (commits that come
 * late or never), an engine that finds random applications affected, targets
 * that take, refuse or put off, a clock, reloads and restarts.  After every
 * event what the core asks and says must make sense, and in the end, when the
 * world behaves, nothing may be left over.
 *
 * DELIVERY_RUNS and DELIVERY_SEED choose how long and where to begin; what
 * failed names its seed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "delivery/delivery.h"
#include "tests/support/tap.h"

#define REPOSITORY "example.org/r"
#define REFS 3
#define APPS 6
#define TARGETS 3
#define EVENTS 400
#define PUSHES_MAX (EVENTS + 1)
#define TRIGGERS_MAX 20000
#define QUESTIONS_MAX 64

enum question_kind { ASKED_RESOLVE, ASKED_MATCH, ASKED_PLAN };

/* One question of the core without an answer. */
struct question {
	enum question_kind kind;
	uint64_t ticket;
	int ref;
	struct oid after;
	struct oid tip;
	struct journal_plan *plan;
};

/* A row of push: index + 1 is its id. */
struct push_row {
	struct journal_push push; // strings are borrowed
	int ref;
	bool final;
	bool broken;              // no plan with it can be stored
	bool dropped;             // the core said so
	int told;                 // times
};

/* A row of trigger: index + 1 is its id. */
struct trigger_row {
	int app, target, ref;
	enum trigger_state state; // as it was recorded last
	bool sending;
	int64_t push;
};

struct model {
	struct delivery_core *core;
	struct delivery_options options;
	struct delivery_target targets[TARGETS];
	struct app_list apps;
	uint64_t seed;
	int64_t now;
	int64_t wake;
	bool ready;
	bool calm;                // the world behaves: everything ends well
	struct oid refs[REFS];    // journal: processed last
	int commits;              // commits so far; their numbers are ids
	struct question questions[QUESTIONS_MAX];
	size_t question_count;
	struct push_row *pushes;
	size_t push_count;
	struct trigger_row *triggers;
	size_t trigger_count;
	unsigned affected[REFS];  // bits of applications that the engine named last, per ref
	bool matched[REFS];       // the plan that follows comes from the engine
	const char *wrong;        // first rule that was broken
};

static const char *const ref_names[REFS] = { "refs/heads/main", "refs/heads/next",
					     "refs/tags/v1" };
static const char *const target_names[TARGETS] = { "one", "two", "three" };

static uint64_t number(struct model *m)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return m->seed;
}

/* True in percent of a hundred cases; never when the world behaves. */
static bool bad_luck(struct model *m, unsigned percent)
{
	return !m->calm && number(m) % 100 < percent;
}

static void must(struct model *m, bool holds, const char *rule)
{
	if (!holds && m->wrong == NULL) {
		m->wrong = rule;
	}
}

static struct oid commit(int n)
{
	struct oid id = { .len = 20 };

	memcpy(id.bytes, &n, sizeof(n));
	return id;
}

static int ref_of(const char *name)
{
	for (int i = 0; i < REFS; i++) {
		if (strcmp(ref_names[i], name) == 0) {
			return i;
		}
	}
	return 0;
}

static int target_of(const char *name)
{
	for (int i = 0; i < TARGETS; i++) {
		if (strcmp(target_names[i], name) == 0) {
			return i;
		}
	}
	return 0;
}

static int app_of(const struct model *m, const char *full_name)
{
	for (size_t i = 0; i < m->apps.count; i++) {
		if (strcmp(m->apps.items[i]->name, full_name) == 0) {
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
	return number(ctx);
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
		must(m, m->questions[i].ticket != ticket, "no ticket is used twice");
		must(m, m->questions[i].ref != index, "a ref has one question at a time");
	}
	must(m, m->question_count < QUESTIONS_MAX, "the questions are few");
	struct question *q = &m->questions[m->question_count++];
	*q = (struct question){ .kind = kind, .ticket = ticket, .ref = index };
	return q;
}

static void io_resolve(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		       const struct oid *after, const struct oid *tip)
{
	struct question *q = add_question(ctx, ASKED_RESOLVE, ticket, ref);

	(void)repository;
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

static void io_plan(void *ctx, uint64_t ticket, struct journal_plan *plan)
{
	struct model *m = ctx;
	struct question *q = add_question(m, ASKED_PLAN, ticket, plan->ref);
	size_t wanted = 0;

	q->plan = plan;
	must(m, plan->push_count > 0, "a plan decides a push");
	for (int i = 0; i < APPS; i++) {
		wanted += m->affected[q->ref] >> i & 1;
	}
	must(m, !m->matched[q->ref] || plan->trigger_count == wanted * m->options.target_count,
	     "each affected application has one trigger at each target");
	m->matched[q->ref] = false;
}

static void io_note(void *ctx, const struct journal_push *push)
{
	struct model *m = ctx;

	must(m, push->id > 0 && (size_t)push->id <= m->push_count, "a push that waits is known");
	must(m, push->state == PUSH_WAITING && push->reason != NULL, "it says why it waits");
}

static void io_send(void *ctx, const struct trigger *t)
{
	struct model *m = ctx;
	struct trigger_row *row = &m->triggers[t->id - 1];
	size_t busy = 0;

	must(m, t->id > 0 && (size_t)t->id <= m->trigger_count, "what is sent is stored");
	must(m, !trigger_is_final(row->state), "what is over is not sent");
	must(m, t->state == TRIGGER_SENDING && !row->sending, "nothing is sent twice at once");
	row->sending = true;
	for (size_t i = 0; i < m->trigger_count; i++) {
		const struct trigger_row *other = &m->triggers[i];

		if (!other->sending || other->target != row->target) {
			continue;
		}
		busy++;
		must(m, other == row || other->app != row->app || other->ref != row->ref,
		     "one try of an application, target and ref at a time");
	}
	must(m, busy <= 2, "no more tries at once than the target's limit");
}

static void io_record(void *ctx, const struct trigger *t, const struct outcome *outcome)
{
	struct model *m = ctx;
	struct trigger_row *row = &m->triggers[t->id - 1];

	(void)outcome;
	must(m, t->id > 0 && (size_t)t->id <= m->trigger_count, "what is recorded is stored");
	must(m, !trigger_is_final(row->state), "what is over is not recorded again");
	must(m, !row->sending || t->state != TRIGGER_SENDING, "a try under way has no outcome");
	row->state = t->state;
	row->sending = false;
}

static void io_decided(void *ctx, const struct delivery_decision *decision)
{
	struct model *m = ctx;
	struct push_row *row = &m->pushes[decision->push->id - 1];

	must(m, push_is_final(decision->push->state), "a decision is final");
	must(m, decision->push->reason != NULL || decision->push->state == PUSH_PLANNED,
	     "what is not planned says why");
	must(m, row->told++ == 0, "each decision is told once");
	if (!row->final) {
		must(m, row->broken, "only what cannot be recorded is dropped");
		row->dropped = true;
	}
}

/* ---- the world's answers ---- */

static struct question take_question(struct model *m, size_t at)
{
	struct question q = m->questions[at];

	m->questions[at] = m->questions[--m->question_count];
	return q;
}

static void answer_resolve(struct model *m, const struct question *q)
{
	static const enum delivery_resolve troubles[] = { RESOLVE_NOT_YET, RESOLVE_FAILED,
							  RESOLVE_UNUSABLE, RESOLVE_GONE };
	struct delivery_resolved answer = { .result = RESOLVE_TIP, .why = "bad luck" };

	answer.tip = q->tip.len > 0 ? q->tip : commit(m->commits);
	if (bad_luck(m, 40)) {
		answer.result = troubles[number(m) % 4];
	} else if (q->tip.len == 0 && number(m) % 2 == 0) {
		answer.tip = q->after;
	}
	if (oid_is_zero(&answer.tip)) {
		answer.result = answer.result == RESOLVE_TIP ? RESOLVE_GONE : answer.result;
	}
	delivery_resolved(m->core, q->ticket, &answer);
}

static void answer_match(struct model *m, const struct question *q)
{
	struct affected_application items[APPS] = { { 0 } };
	struct affected affected = { .items = items, .tracked = APPS, .changed_paths = 1 };
	struct delivery_matched answer = { .why = "the reader died" };
	bool died = bad_luck(m, 15);

	m->affected[q->ref] = died ? (1U << APPS) - 1 : (unsigned)number(m) % (1U << APPS);
	m->matched[q->ref] = true;
	for (size_t i = 0; i < APPS; i++) {
		if (m->affected[q->ref] >> i & 1) {
			items[affected.count++] = (struct affected_application){ .app = i };
		}
	}
	if (!died) {
		answer = (struct delivery_matched){ .affected = &affected, .apps = &m->apps };
	}
	delivery_matched(m->core, q->ticket, &answer);
}

static enum journal_result judge_plan(struct model *m, const struct journal_plan *plan)
{
	if (bad_luck(m, 10)) {
		return JOURNAL_FULL;
	}
	for (size_t i = 0; i < plan->push_count; i++) {
		const struct push_row *row = &m->pushes[plan->pushes[i].id - 1];

		must(m, row->broken || !row->final, "no push is decided twice");
		if (row->broken) {
			return number(m) % 2 == 0 ? JOURNAL_NOT_FOUND : JOURNAL_INVALID;
		}
	}
	return JOURNAL_OK;
}

static void carry_out(struct model *m, const struct question *q)
{
	struct journal_plan *plan = q->plan;

	for (size_t i = 0; i < plan->push_count; i++) {
		m->pushes[plan->pushes[i].id - 1].final = true;
		m->pushes[plan->pushes[i].id - 1].push.base = plan->pushes[i].base;
		m->pushes[plan->pushes[i].id - 1].push.tip = plan->pushes[i].tip;
		must(m, push_is_final(plan->pushes[i].state), "a plan's pushes are decided");
	}
	if (plan->move_ref) {
		m->refs[q->ref] = oid_is_zero(&plan->commit) ? (struct oid){ 0 } : plan->commit;
	}
	for (size_t i = 0; i < plan->superseded_count; i++) {
		struct trigger_row *old = &m->triggers[plan->superseded[i] - 1];

		must(m, !trigger_is_final(old->state), "only what is open is superseded");
		must(m, !old->sending, "what is being tried is not superseded");
		old->state = TRIGGER_SUPERSEDED;
	}
	for (size_t i = 0; i < plan->trigger_count; i++) {
		struct trigger *t = plan->triggers[i];

		t->id = (int64_t)++m->trigger_count;
		m->triggers[t->id - 1] = (struct trigger_row){
			.app = app_of(m, t->application), .target = target_of(t->target),
			.ref = q->ref, .state = t->state, .push = t->push,
		};
	}
}

static void answer_question(struct model *m)
{
	struct question q = take_question(m, number(m) % m->question_count);

	if (q.kind == ASKED_RESOLVE) {
		answer_resolve(m, &q);
	} else if (q.kind == ASKED_MATCH) {
		answer_match(m, &q);
	} else {
		enum journal_result result = judge_plan(m, q.plan);

		if (result == JOURNAL_OK) {
			carry_out(m, &q);
		}
		delivery_planned(m->core, q.ticket, result);
	}
}

static size_t sending(const struct model *m)
{
	size_t count = 0;

	for (size_t i = 0; i < m->trigger_count; i++) {
		count += m->triggers[i].sending;
	}
	return count;
}

static void answer_try(struct model *m)
{
	static const enum outcome_kind kinds[] = { OUTCOME_SENT, OUTCOME_CONVERGED,
						   OUTCOME_REFUSED };
	struct outcome outcome = { .kind = OUTCOME_RETRY };
	size_t chosen = number(m) % sending(m);

	if (!bad_luck(m, 40)) {
		outcome.kind = kinds[number(m) % 3];
	} else if (number(m) % 2 == 0) {
		outcome.retry_after_ms = (int64_t)(number(m) % 100000);
	}
	for (size_t i = 0; i < m->trigger_count; i++) {
		if (m->triggers[i].sending && chosen-- == 0) {
			delivery_sent(m->core, (int64_t)i + 1, &outcome);
			must(m, !m->triggers[i].sending, "every outcome is recorded");
			return;
		}
	}
}

/* ---- events ---- */

static void add_push(struct model *m)
{
	struct push_row *row = &m->pushes[m->push_count++];
	int ref = (int)(number(m) % REFS);
	size_t of = number(m) % m->push_count;

	*row = (struct push_row){ .ref = ref, .broken = bad_luck(m, 4) };
	row->push = (struct journal_push){
		.id = (int64_t)m->push_count,
		.repository = (char *)(uintptr_t)REPOSITORY,
		.before = m->commits > 0 ? commit(m->commits) : (struct oid){ .len = 20 },
		.after = bad_luck(m, 10) ? (struct oid){ .len = 20 } : commit(++m->commits),
	};
	if (of + 1 < m->push_count && m->pushes[of].push.tip.len > 0 && bad_luck(m, 10)) {
		row->ref = m->pushes[of].ref;
		row->push.replay_of = (int64_t)of + 1;
		row->push.base = m->pushes[of].push.base;
		row->push.tip = m->pushes[of].push.tip;
	}
	row->push.ref = (char *)(uintptr_t)ref_names[row->ref];
	delivery_accept(m->core, &row->push);
}

static void advance(struct model *m, int64_t ms)
{
	m->now += ms;
	if (m->wake <= m->now) {
		m->wake = INT64_MAX;
		delivery_tick(m->core);
	}
}

static void reload(struct model *m)
{
	m->options.target_count = m->calm ? TARGETS : number(m) % (TARGETS + 1);
	delivery_set_options(m->core, &m->options);
}

static void start(struct model *m)
{
	struct delivery_io io = {
		.ctx = m, .now = io_now, .wall = io_wall, .random = io_random, .ready = io_ready,
		.apps = io_apps, .apps_generation = io_apps_generation,
		.holds_apps = io_holds_apps, .wake = io_wake, .resolve = io_resolve,
		.match = io_match, .plan = io_plan, .note = io_note, .send = io_send,
		.record = io_record, .decided = io_decided,
	};

	m->wake = INT64_MAX;
	m->core = delivery_new(&m->options, &io);
}

static void resume_trigger(struct model *m, int64_t id)
{
	const struct trigger_row *row = &m->triggers[id - 1];
	struct trigger t = {
		.id = id,
		.push = row->push,
		.application = m->apps.items[row->app]->name,
		.target = (char *)(uintptr_t)target_names[row->target],
		.repository = (char *)(uintptr_t)REPOSITORY,
		.ref = (char *)(uintptr_t)ref_names[row->ref],
		.state = row->state,
	};

	delivery_resume_trigger(m->core, &t);
}

/* The process dies and comes back with what the journal holds. */
static void restart(struct model *m)
{
	delivery_free(m->core);
	m->question_count = 0;
	memset(m->matched, 0, sizeof(m->matched));
	for (size_t i = 0; i < m->trigger_count; i++) {
		m->triggers[i].sending = false;
	}
	start(m);
	for (int i = 0; i < REFS; i++) {
		if (m->refs[i].len > 0) {
			delivery_resume_ref(m->core, REPOSITORY, ref_names[i], &m->refs[i]);
		}
	}
	for (size_t i = 0; i < m->trigger_count; i++) {
		if (!trigger_is_final(m->triggers[i].state)) {
			resume_trigger(m, (int64_t)i + 1);
		}
	}
	for (size_t i = 0; i < m->push_count; i++) {
		struct push_row *row = &m->pushes[i];

		if (!row->final) {
			row->told = 0;
			row->dropped = false;
			delivery_accept(m->core, &row->push);
		}
	}
}

static void set_ready(struct model *m, bool ready)
{
	m->ready = ready;
	if (ready) {
		delivery_go_on(m->core);
	}
}

static void event(struct model *m)
{
	unsigned dice = (unsigned)(number(m) % 100);

	if (dice < 15) {
		add_push(m);
	} else if (dice < 55 && m->question_count > 0) {
		answer_question(m);
	} else if (dice < 75 && sending(m) > 0) {
		answer_try(m);
	} else if (dice < 93) {
		advance(m, (int64_t)(number(m) % 5000));
	} else if (dice < 95) {
		reload(m);
	} else if (dice < 98) {
		set_ready(m, !m->ready);
	} else {
		restart(m);
	}
}

/* The world behaves from now on: all of it must come to an end. */
static void settle(struct model *m)
{
	m->calm = true;
	reload(m);
	set_ready(m, true);
	for (int i = 0; i < 100000 && m->wrong == NULL; i++) {
		if (m->question_count > 0) {
			answer_question(m);
		} else if (sending(m) > 0) {
			answer_try(m);
		} else if (m->wake < INT64_MAX) {
			advance(m, m->wake > m->now ? m->wake - m->now : 0);
		} else {
			return;
		}
	}
	must(m, false, "it comes to an end");
}

static void check_pushes(struct model *m)
{
	for (size_t i = 0; i < m->push_count; i++) {
		const struct push_row *row = &m->pushes[i];

		must(m, row->final || row->dropped, "every push is decided");
		must(m, !row->final || row->told == 1, "every decision was told");
	}
}

static void check_triggers(struct model *m)
{
	for (size_t i = 0; i < m->trigger_count; i++) {
		const struct trigger_row *row = &m->triggers[i];
		bool newer = row->state != TRIGGER_SUPERSEDED;

		must(m, trigger_is_final(row->state), "every trigger has an end");
		for (size_t k = i + 1; k < m->trigger_count && !newer; k++) {
			newer = m->triggers[k].app == row->app && m->triggers[k].ref == row->ref &&
				m->triggers[k].target == row->target;
		}
		must(m, newer, "only a newer trigger supersedes one");
	}
}

static void add_app(struct model *m, int i)
{
	char *name = xasprintf("app%d", i);
	struct app *app = NULL;
	struct error err = ERROR_INIT;
	json_t *json = json_pack(
		"{s:s, s:s, s:{s:s}, s:{s:s, s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s, s:s}]}}",
		"kind", "Application", "apiVersion", "argoproj.io/v1alpha1", "metadata", "name",
		name, "spec", "project", "default", "sources", "repoURL", "https://" REPOSITORY,
		"path", "a", "targetRevision", "main", "repoURL", "https://" REPOSITORY, "path",
		"b", "targetRevision", "next", "repoURL", "https://" REPOSITORY, "path", "c",
		"targetRevision", "v1");

	if (app_from_json(json, "test", &app, &err) == APP_OK) {
		app_list_add_take(&m->apps, app);
	} else {
		tap_ok(false, "application: %s", err.text);
	}
	json_decref(json);
	free(name);
}

static const char *run(uint64_t seed)
{
	struct model m = { .seed = seed * 0x9e3779b97f4a7c15U + 1, .ready = true };

	m.options = (struct delivery_options){
		.quiet_ms = 100, .quiet_max_ms = 500,
		.resolve = { .first_ms = 500, .max_ms = 4000 }, .resolve_give_up_ms = 8000,
		.trigger = { .first_ms = 500, .max_ms = 4000 }, .trigger_attempts = 4,
		.targets = m.targets, .target_count = TARGETS,
	};
	for (int i = 0; i < TARGETS; i++) {
		m.targets[i] = (struct delivery_target){
			.name = target_names[i], .rate = i == 0 ? 5 : 0, .burst = 2, .concurrency = 2,
		};
	}
	for (int i = 0; i < APPS; i++) {
		add_app(&m, i);
	}
	m.pushes = xcalloc(PUSHES_MAX, sizeof(*m.pushes));
	m.triggers = xcalloc(TRIGGERS_MAX, sizeof(*m.triggers));
	start(&m);
	for (int i = 0; i < EVENTS && m.wrong == NULL; i++) {
		event(&m);
	}
	settle(&m);
	check_pushes(&m);
	check_triggers(&m);
	delivery_free(m.core);
	app_list_release(&m.apps);
	free(m.pushes);
	free(m.triggers);
	return m.wrong;
}

static uint64_t setting(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

int main(void)
{
	uint64_t first = setting("DELIVERY_SEED", 1);
	uint64_t runs = setting("DELIVERY_RUNS", 200);
	uint64_t failed = 0;

	for (uint64_t i = 0; i < runs && failed < 10; i++) {
		const char *wrong = run(first + i);

		if (wrong != NULL) {
			tap_note("DELIVERY_SEED=%llu DELIVERY_RUNS=1: not so: %s",
				 (unsigned long long)(first + i), wrong);
			failed++;
		}
	}
	tap_int(failed, 0, "whatever happens, nothing is lost, doubled or left over");
	return tap_done();
}
