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
#include "tests/support/model.h"
#include "tests/support/tap.h"

#define EVENTS 400
#define PUSHES_MAX (EVENTS + 1)
#define TRIGGERS_MAX 20000

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

	answer.tip = q->tip.len > 0 ? q->tip : model_commit(m->commits);
	if (model_bad_luck(m, 40)) {
		answer.result = troubles[model_number(m) % 4];
	} else if (q->tip.len == 0 && model_number(m) % 2 == 0) {
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
	bool died = model_bad_luck(m, 15);

	m->affected[q->ref] = died ? (1U << APPS) - 1 : (unsigned)model_number(m) % (1U << APPS);
	m->matched[q->ref] = true;
	for (size_t i = 0; i < APPS; i++) {
		if (m->affected[q->ref] >> i & 1) {
			items[affected.count++] = (struct affected_application){
				.app = i, .hard = model_bad_luck(m, 20),
			};
		}
	}
	if (!died) {
		answer = (struct delivery_matched){ .affected = &affected, .apps = &m->apps };
	}
	delivery_matched(m->core, q->ticket, &answer);
}

static enum record_result judge_plan(struct model *m, const struct record_plan *plan)
{
	if (model_bad_luck(m, 10)) {
		return RECORD_FULL;
	}
	for (size_t i = 0; i < plan->push_count; i++) {
		const struct push_row *row = &m->pushes[plan->pushes[i].id - 1];

		model_must(m, row->broken || !row->final, "no push is decided twice");
		if (row->broken) {
			return model_number(m) % 2 == 0 ? RECORD_NOT_FOUND : RECORD_INVALID;
		}
	}
	return RECORD_OK;
}

/* Is one of the newest count triggers as old, and hard? */
static bool hard_again(const struct model *m, const struct trigger_row *old, size_t count)
{
	for (size_t i = m->trigger_count - count; i < m->trigger_count; i++) {
		const struct trigger_row *t = &m->triggers[i];

		if (t->hard && t->app == old->app && t->target == old->target) {
			return true;
		}
	}
	return false;
}

static void carry_out(struct model *m, const struct question *q)
{
	struct record_plan *plan = q->plan;

	for (size_t i = 0; i < plan->push_count; i++) {
		m->pushes[plan->pushes[i].id - 1].final = true;
		m->pushes[plan->pushes[i].id - 1].push.base = plan->pushes[i].base;
		m->pushes[plan->pushes[i].id - 1].push.tip = plan->pushes[i].tip;
		model_must(m, push_is_final(plan->pushes[i].state), "a plan's pushes are decided");
	}
	if (plan->move_ref) {
		m->refs[q->ref] = oid_is_zero(&plan->commit) ? (struct oid){ 0 } : plan->commit;
	}
	for (size_t i = 0; i < plan->trigger_count; i++) {
		struct trigger *t = plan->triggers[i];

		t->id = (int64_t)++m->trigger_count;
		t->sequence = t->id;
		m->triggers[t->id - 1] = (struct trigger_row){
			.app = model_app(m, t->application), .target = model_target(t->target),
			.ref = q->ref, .state = t->state, .push = t->push, .hard = t->hard,
		};
	}
	for (size_t i = 0; i < plan->superseded_count; i++) {
		struct trigger_row *old = &m->triggers[plan->superseded[i] - 1];

		model_must(m, !model_is_over(old), "only what is open is superseded");
		model_must(m, old->state != TRIGGER_SENT, "what was taken is not superseded by a plan");
		model_must(m, !old->sending, "what is being tried is not superseded");
		old->state = TRIGGER_SUPERSEDED;
		model_must(m, !old->hard || hard_again(m, old, plan->trigger_count),
			   "what takes the place of a hard trigger is hard");
	}
}

static void answer_question(struct model *m)
{
	struct question q = take_question(m, model_number(m) % m->question_count);

	if (q.kind == ASKED_RESOLVE) {
		answer_resolve(m, &q);
	} else if (q.kind == ASKED_MATCH) {
		answer_match(m, &q);
	} else {
		enum record_result result = judge_plan(m, q.plan);

		if (result == RECORD_OK) {
			carry_out(m, &q);
		}
		struct oid kept = m->kept[q.ref];
		bool moves = result == RECORD_OK && q.plan->move_ref;

		delivery_planned(m->core, q.ticket, result);
		model_must(m, oid_equal(&m->kept[q.ref], moves ? &m->refs[q.ref] : &kept),
			   "a ref is told as moved if and only if the journal moved it");
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
	size_t chosen = model_number(m) % sending(m);

	if (model_bad_luck(m, 10)) {
		outcome.kind = OUTCOME_STEP;
	} else if (!model_bad_luck(m, 40)) {
		outcome.kind = kinds[model_number(m) % 3];
	} else if (model_number(m) % 2 == 0) {
		outcome.retry_after_ms = (int64_t)(model_number(m) % 100000);
	} else {
		outcome.whole = true;
	}
	for (size_t i = 0; i < m->trigger_count; i++) {
		if (m->triggers[i].sending && chosen-- == 0) {
			if (outcome.kind == OUTCOME_STEP && !m->triggers[i].hard) {
				outcome.kind = OUTCOME_SENT; /* only what is hard has two calls */
			}
			delivery_sent(m->core, (int64_t)i + 1, &outcome);
			model_must(m, outcome.kind == OUTCOME_STEP || !m->triggers[i].sending,
				   "every outcome is recorded");
			return;
		}
	}
}

/* Something is seen of one that is observed. */
static void see(struct model *m)
{
	static const enum outcome_kind kinds[] = { OUTCOME_SENT, OUTCOME_SENT, OUTCOME_CONVERGED,
						   OUTCOME_REFUSED };
	struct outcome outcome = { .kind = kinds[model_number(m) % 4], .reason = "seen" };
	size_t count = 0;

	for (size_t i = 0; i < m->trigger_count; i++) {
		count += m->triggers[i].watched;
	}
	size_t chosen = count > 0 ? model_number(m) % count : 0;
	for (size_t i = 0; i < m->trigger_count; i++) {
		if (m->triggers[i].watched && chosen-- == 0) {
			delivery_observed(m->core, (int64_t)i + 1, &outcome);
			model_must(m, outcome.kind == OUTCOME_SENT || !m->triggers[i].watched,
				   "what has converged is over");
			return;
		}
	}
}

/* ---- events ---- */

static void add_push(struct model *m)
{
	struct push_row *row = &m->pushes[m->push_count++];
	int ref = (int)(model_number(m) % REFS);
	size_t of = model_number(m) % m->push_count;

	*row = (struct push_row){ .ref = ref, .broken = model_bad_luck(m, 4) };
	row->push = (struct record_push){
		.id = (int64_t)m->push_count,
		.repository = (char *)(uintptr_t)REPOSITORY,
		.before = m->commits > 0 ? model_commit(m->commits) : (struct oid){ .len = 20 },
		.after = model_bad_luck(m, 10) ? (struct oid){ .len = 20 } : model_commit(++m->commits),
	};
	if (of + 1 < m->push_count && m->pushes[of].push.tip.len > 0 && model_bad_luck(m, 10)) {
		row->ref = m->pushes[of].ref;
		row->push.replay_of = (int64_t)of + 1;
		row->push.base = m->pushes[of].push.base;
		row->push.tip = m->pushes[of].push.tip;
	}
	row->push.ref = (char *)(uintptr_t)model_refs[row->ref];
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
	for (int i = 1; i < TARGETS; i++) {
		m->targets[i].observe_ms = (int64_t)(model_number(m) % 3) * 10000;
	}
	m->options.target_count = m->calm ? TARGETS : model_number(m) % (TARGETS + 1);
	delivery_set_options(m->core, &m->options);
}

static void resume_trigger(struct model *m, int64_t id)
{
	const struct trigger_row *row = &m->triggers[id - 1];
	struct trigger t = {
		.id = id,
		.push = row->push,
		.application = m->apps.items[row->app]->id.name,
		.target = (char *)(uintptr_t)model_targets[row->target],
		.repository = (char *)(uintptr_t)REPOSITORY,
		.ref = (char *)(uintptr_t)model_refs[row->ref],
		.state = row->state,
		.hard = row->hard,
		.observed = row->observed,
		.next_ms = row->next_ms,
	};

	delivery_resume_trigger(m->core, &t);
}

/* The process dies and comes back with what the journal holds. */
static void restart(struct model *m)
{
	delivery_free(m->core);
	m->question_count = 0;
	memset(m->matched, 0, sizeof(m->matched));
	memset(m->down, 0, sizeof(m->down));
	for (size_t i = 0; i < m->trigger_count; i++) {
		m->triggers[i].sending = false;
		m->triggers[i].watched = false;
	}
	model_start(m);
	for (int i = 0; i < REFS; i++) {
		if (m->refs[i].len > 0) {
			delivery_resume_ref(m->core, REPOSITORY, model_refs[i], &m->refs[i]);
		}
	}
	for (size_t i = 0; i < m->trigger_count; i++) {
		if (!model_is_over(&m->triggers[i])) {
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
	unsigned dice = (unsigned)(model_number(m) % 100);

	if (dice < 15) {
		add_push(m);
	} else if (dice < 55 && m->question_count > 0) {
		answer_question(m);
	} else if (dice < 75 && sending(m) > 0) {
		answer_try(m);
	} else if (dice < 80) {
		see(m);
	} else if (dice < 93) {
		advance(m, (int64_t)(model_number(m) % 5000));
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
	model_must(m, false, "it comes to an end");
}

static void check_pushes(struct model *m)
{
	for (size_t i = 0; i < m->push_count; i++) {
		const struct push_row *row = &m->pushes[i];

		model_must(m, row->final || row->dropped, "every push is decided");
		model_must(m, !row->final || row->told == 1, "every decision was told");
	}
}

static void check_triggers(struct model *m)
{
	for (size_t i = 0; i < m->trigger_count; i++) {
		const struct trigger_row *row = &m->triggers[i];
		bool newer = row->state != TRIGGER_SUPERSEDED;

		model_must(m, model_is_over(row), "every trigger has an end");
		model_must(m, !row->watched, "and nobody looks at it any more");
		for (size_t k = i + 1; k < m->trigger_count && !newer; k++) {
			newer = m->triggers[k].app == row->app && m->triggers[k].ref == row->ref &&
				m->triggers[k].target == row->target;
		}
		model_must(m, newer, "only a newer trigger supersedes one");
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
		.trigger_give_up_ms = 3600 * 1000,
		.targets = m.targets, .target_count = TARGETS,
	};
	for (int i = 0; i < TARGETS; i++) {
		m.targets[i] = (struct delivery_target){
			.name = model_targets[i], .rate = i == 0 ? 5 : 0, .burst = 2, .concurrency = 2,
			.observe_ms = i == 1 ? 20000 : 0,
		};
	}
	for (int i = 0; i < APPS; i++) {
		add_app(&m, i);
	}
	m.pushes = xcalloc(PUSHES_MAX, sizeof(*m.pushes));
	m.triggers = xcalloc(TRIGGERS_MAX, sizeof(*m.triggers));
	model_start(&m);
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
