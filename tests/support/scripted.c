/*
 * The scripted world: each io_ function writes one line.
 */
#include "tests/support/scripted.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "delivery/missed.h"
#include "push/push.h"
#include "tests/support/metrics_keep.h"
#include "tests/support/tap.h"

struct oid oid_of(const char *letter)
{
	struct oid id = { .len = 20 };

	if (letter == NULL || *letter == '-') {
		return (struct oid){ 0 };
	}
	if (*letter != '0') {
		memset(id.bytes, *letter, id.len);
	}
	return id;
}

static char letter_of(const struct oid *id)
{
	if (id->len == 0) {
		return '-';
	}
	return oid_is_zero(id) ? '0' : (char)id->bytes[0];
}

char *full_ref(const char *ref)
{
	return strncmp(ref, "refs/", 5) == 0 ? xstrdup(ref) : xasprintf("refs/heads/%s", ref);
}

static int64_t io_now(void *ctx)
{
	return ((struct world *)ctx)->now;
}

int64_t scripted_wall(const struct world *w)
{
	return 1000000 + w->now;
}

static int64_t io_wall(void *ctx)
{
	return scripted_wall(ctx);
}

static uint64_t io_random(void *ctx)
{
	(void)ctx;
	return 0; /* the shortest wait: half of what back-off allows */
}

static bool io_ready(void *ctx)
{
	return !((struct world *)ctx)->unknown;
}

static const struct app_list *io_apps(void *ctx)
{
	return &((struct world *)ctx)->apps;
}

/* Applications are only added. */
static uint64_t io_apps_generation(void *ctx)
{
	return ((struct world *)ctx)->apps.count;
}

static bool io_holds_apps(void *ctx, const char *repository, const char *ref)
{
	return strcmp(repository, REPOSITORY) == 0 &&
	       strvec_contains(&((struct world *)ctx)->held, ref);
}

static void io_wake(void *ctx, int64_t at)
{
	((struct world *)ctx)->wake = at;
}

static void remember(struct world *w, const char *ref, uint64_t ticket, struct record_plan *plan)
{
	w->asked[w->asked_count++] = (struct asked){ xstrdup(ref), ticket, plan };
}

static void io_resolve(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		       const struct oid *after, const struct oid *base, const struct oid *tip)
{
	struct world *w = ctx;

	(void)repository;
	(void)base;
	remember(w, ref, ticket, NULL);
	buf_addf(&w->log, "resolve %s %c", push_ref_short(ref), letter_of(after));
	if (tip->len > 0) {
		buf_addf(&w->log, " at %c", letter_of(tip));
	}
	buf_addstr(&w->log, "\n");
}

static void io_match(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		     const char *default_branch, const struct oid *base, const struct oid *tip)
{
	struct world *w = ctx;

	(void)repository;
	(void)default_branch;
	remember(w, ref, ticket, NULL);
	buf_addf(&w->log, "match %s %c..%c\n", push_ref_short(ref), letter_of(base),
		 letter_of(tip));
}

static void io_plan(void *ctx, uint64_t ticket, struct record_plan *plan)
{
	struct world *w = ctx;

	remember(w, plan->ref, ticket, plan);
	buf_addstr(&w->log, "plan");
	for (size_t i = 0; i < plan->push_count; i++) {
		buf_addf(&w->log, " %lld=%s", (long long)plan->pushes[i].id,
			 push_state_name(plan->pushes[i].state));
	}
	for (size_t i = 0; i < plan->trigger_count; i++) {
		const struct trigger *t = plan->triggers[i];

		buf_addf(&w->log, " %s@%s:%c..%c%s", t->application, t->target,
			 letter_of(&t->before), letter_of(&t->after), t->hard ? "!" : "");
		if (strcmp(t->project, "default") != 0) {
			buf_addf(&w->log, "/%s", t->project);
		}
	}
	for (size_t i = 0; i < plan->superseded_count; i++) {
		buf_addf(&w->log, " supersedes:%s",
			 w->ids.items[(size_t)plan->superseded[i] - 1]);
	}
	if (plan->move_ref) {
		buf_addf(&w->log, " moves:%s=%c", push_ref_short(plan->ref),
			 letter_of(&plan->commit));
	}
	w->remote |= plan->remote != NULL && plan->remote[0] != '\0';
	if (plan->move_ref && w->remote) {
		buf_addf(&w->log, " refers:%s", plan->remote != NULL ? plan->remote : "kept");
	}
	if (plan->pushes[plan->push_count - 1].reason != NULL) {
		buf_addf(&w->log, " (%s)", plan->pushes[plan->push_count - 1].reason);
	}
	buf_addstr(&w->log, "\n");
}

static void io_keep(void *ctx, const char *repository, const char *ref,
		    const struct oid *commit)
{
	struct world *w = ctx;

	if (w->tell_kept) {
		buf_addf(&w->log, "keep %s %s %c\n", repository, push_ref_short(ref),
			 letter_of(commit));
	}
}

static void io_remote(void *ctx, const char *repository, const char *ref, const char *remote)
{
	struct world *w = ctx;

	(void)repository;
	if (w->tell_kept) {
		buf_addf(&w->log, "refers %s \"%s\"\n", push_ref_short(ref), remote);
	}
}

static void io_note(void *ctx, const struct record_push *push)
{
	struct world *w = ctx;

	buf_addf(&w->log, "note %lld %s %lld (%s)\n", (long long)push->id,
		 push_state_name(push->state), (long long)(push->next_ms - io_wall(w)),
		 push->reason != NULL ? push->reason : "");
}

static void io_send(void *ctx, const struct trigger *t)
{
	struct world *w = ctx;

	w->sending[w->sending_count++] = t->id;
	w->sent_pushed_ms = t->pushed_ms;
	buf_addf(&w->log, "send %s@%s try %u%s", t->application, t->target, t->attempts,
		 t->hard ? " hard" : "");
	buf_addf(&w->log, t->step > 0 ? " step %u\n" : "\n", t->step);
}

static void io_observe(void *ctx, const struct trigger *t)
{
	struct world *w = ctx;

	buf_addf(&w->log, "observe %s@%s until %lld\n", t->application, t->target,
		 (long long)(t->next_ms - io_wall(w)));
}

static void io_unobserve(void *ctx, int64_t trigger)
{
	struct world *w = ctx;

	buf_addf(&w->log, "unobserve %s\n", w->ids.items[(size_t)trigger - 1]);
}

static void io_record(void *ctx, const struct trigger *t, const struct outcome *outcome)
{
	struct world *w = ctx;

	buf_addf(&w->log, "record %s@%s %s", t->application, t->target,
		 trigger_state_name(t->state));
	if (t->state == TRIGGER_WAITING) {
		buf_addf(&w->log, " %lld", (long long)(t->next_ms - io_wall(w)));
	}
	if (trigger_is_over(t) != (t->finished_ms != 0)) {
		buf_addstr(&w->log, " with a wrong end");
	}
	if (t->state == TRIGGER_SENT && t->observed) {
		buf_addstr(&w->log, " observed");
	}
	if (outcome != NULL && outcome->reason[0] != '\0') {
		buf_addf(&w->log, " (%s)", outcome->reason);
	}
	buf_addstr(&w->log, "\n");
}

static void io_superseded(void *ctx, const struct trigger *t)
{
	struct world *w = ctx;

	if (w->tell_kept) {
		buf_addf(&w->log, "superseded %s@%s\n", t->application, t->target);
	}
}

static void io_target_down(void *ctx, const char *target, const char *why)
{
	struct world *w = ctx;

	buf_addf(&w->log, why != NULL ? "down %s\n" : "up %s\n", target);
}

/* Count a fall-back as a receiver does, and keep that it occurred. */
static void keep_fallback(enum fallback fallback)
{
	static const struct metrics_build build = { .version = "test" };
	struct metrics *m = NULL;

	if (fallback == FALLBACK_NONE) {
		return;
	}
	m = metrics_new(&build);
	metrics_count(m, METRIC_AFFECTED_FALLBACK, fallback_label(fallback), NULL, 1);
	metrics_keep(m);
	metrics_free(m);
}

static void io_decided(void *ctx, const struct delivery_decision *d)
{
	struct world *w = ctx;

	buf_addf(&w->log, "decided %lld %s %zu", (long long)d->push->id,
		 push_state_name(d->push->state), d->name_count);
	buf_addf(&w->log, d->push->fallback != FALLBACK_NONE ? " %s\n" : "\n",
		 fallback_name(d->push->fallback));
	keep_fallback(d->push->fallback);
}

void world_open(struct world *w)
{
	*w = (struct world){
		.options = {
			.quiet_ms = 200,
			.quiet_max_ms = 1000,
			.resolve = { 1000, 8000 },
			.resolve_give_up_ms = 60000,
			.trigger = { 1000, 8000 },
			.trigger_give_up_ms = 24 * 3600 * 1000,
			.trigger_attempts = 3,
		},
		.wake = INT64_MAX,
	};
	buf_init(&w->log, 1U << 20);
}

void world_close(struct world *w)
{
	delivery_free(w->core);
	app_list_release(&w->apps);
	strvec_release(&w->held);
	strvec_release(&w->names);
	strvec_release(&w->ids);
	for (size_t i = 0; i < TARGETS_MAX; i++) {
		strvec_release(&w->globs[i]);
	}
	for (size_t i = 0; i < w->asked_count; i++) {
		free(w->asked[i].ref);
	}
	buf_release(&w->log);
}

void world_begin(struct world *w)
{
	struct delivery_io io = {
		.ctx = w,
		.now = io_now,
		.wall = io_wall,
		.random = io_random,
		.ready = io_ready,
		.apps = io_apps,
		.apps_generation = io_apps_generation,
		.holds_apps = io_holds_apps,
		.wake = io_wake,
		.resolve = io_resolve,
		.match = io_match,
		.plan = io_plan,
		.keep = io_keep,
		.remote = io_remote,
		.note = io_note,
		.send = io_send,
		.observe = io_observe,
		.unobserve = io_unobserve,
		.record = io_record,
		.superseded = io_superseded,
		.target_down = io_target_down,
		.decided = io_decided,
	};

	if (w->core == NULL) {
		w->options.targets = w->targets;
		w->core = delivery_new(&w->options, &io);
	}
}

static void on_moved(void *ctx, const char *ref, const struct oid *before)
{
	struct world *w = ctx;

	buf_addf(&w->log, "moved %s from %c\n", push_ref_short(ref), letter_of(before));
}

static void on_seen(void *ctx, const char *ref, const struct oid *id)
{
	struct world *w = ctx;

	buf_addf(&w->log, "seen %s at %c\n", push_ref_short(ref), letter_of(id));
}

void scripted_look(struct world *w, const struct ref_list *listing, bool new_is_created)
{
	const struct delivery_looked told = {
		.new_is_created = new_is_created, .moved = on_moved, .seen = on_seen, .ctx = w,
	};

	delivery_look(w->core, REPOSITORY, "main", listing, &told);
}
