/*
 * The world: one small function for each question of the core.
 *
 * A question that takes time becomes a struct asked, which carries the
 * core's ticket until the answer is there.
 */
#include "receiver/serve/world.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/crypto.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "delivery/missed.h"
#include "receiver/catalog/catalog.h"
#include "receiver/git/resolver.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/reader/reader.h"
#include "receiver/ring/observer.h"
#include "receiver/ring/ringer.h"
#include "receiver/settings/settings.h"
#include "receiver/store/store.h"

/*
 * One delivery can bring ten thousand pushes.  So many are begun before the
 * loop does something else, ...
 */
#define PUSHES_A_TURN 64

/* ... and none while so many decisions are on their way to the journal. */
#define PLANS_MAX 256

/* The list of applications may change while a reader works; then it is asked again. */
#define MATCH_TRIES 3

struct world {
	struct world_parts parts;
	struct settings *settings;
	struct ringer *ringer;
	struct observer *observer;
	struct delivery_core *core;
	struct event *timer;
	struct event *begin;      // pushes that stand in line
	struct arrived *arrived;
	size_t arrived_count;
	size_t plans;             // on their way to the journal
	size_t untaken;           // applications that no target takes, as told last
	struct asked *open;
};

/* A stored push that the core has not seen. */
struct arrived {
	struct record_push push;
	struct arrived *next, *prev;
};

/*
 * A question of the core on its way: from io_resolve(), io_match() or io_plan()
 * until the core has been told. Whoever is asked holds a pointer to it, so it
 * is freed by the answer alone, or by world_free() when nobody answers any
 * more. Every one is answered exactly once, from the loop and never from inside
 * the question: the core may not be entered again before it returned. An answer
 * that is known at once is therefore told by the event not_asked.
 */
struct asked {
	struct world *world;
	uint64_t ticket;
	int64_t begun_ms;
	char *repository;
	char *ref;
	char *default_branch;           // or NULL
	struct oid base;
	struct oid tip;
	unsigned tries;                 // of matching
	struct delivery_resolved resolved; // while applications are read
	char why[ERROR_TEXT_MAX];       // nobody could be asked, ...
	struct event *not_asked;        // ... which is told from the loop
	struct asked *next, *prev;
};

static int64_t io_now(void *ctx)
{
	(void)ctx;
	return mstime_monotonic();
}

static int64_t io_wall(void *ctx)
{
	(void)ctx;
	return mstime_wall();
}

static uint64_t io_random(void *ctx)
{
	uint64_t number = 0;

	(void)ctx;
	(void)random_bytes(&number, sizeof(number));
	return number;
}

static bool io_ready(void *ctx)
{
	return catalog_is_ready(((struct world *)ctx)->parts.catalog);
}

static const struct app_list *io_apps(void *ctx)
{
	return catalog_list(((struct world *)ctx)->parts.catalog);
}

static uint64_t io_apps_generation(void *ctx)
{
	return catalog_generation(((struct world *)ctx)->parts.catalog);
}

static bool io_holds_apps(void *ctx, const char *repository, const char *ref)
{
	return catalog_holds(((struct world *)ctx)->parts.catalog, repository, ref);
}

static void io_wake(void *ctx, int64_t at)
{
	struct world *w = ctx;
	int64_t wait = at - mstime_monotonic();
	struct timeval time = { .tv_sec = (time_t)(wait > 0 ? wait / 1000 : 0),
				.tv_usec = (suseconds_t)(wait > 0 ? wait % 1000 * 1000 : 0) };

	evtimer_add(w->timer, &time);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	delivery_tick(((struct world *)arg)->core);
}

/* --- pushes: into the core, a few at a time ------------------------------- */

/*
 * Begin with pushes in a later turn of the loop, if there are any and they may
 * be begun: not before the applications are known, and not while many decisions
 * wait for the disk. Whoever ends such a wait (world_go_on(), on_planned())
 * calls this again, so no push is forgotten; a timer of no time, other than a
 * call, lets connections have their turn between.
 */
static void begin_soon(struct world *w)
{
	static const struct timeval now = { 0 };

	if (w->arrived != NULL && w->plans < PLANS_MAX && io_ready(w)) {
		evtimer_add(w->begin, &now);
	}
}

static struct record_push take_arrived(struct world *w)
{
	struct arrived *first = w->arrived;
	struct record_push push = first->push;

	DL_DELETE(w->arrived, first);
	w->arrived_count--;
	free(first);
	return push;
}

static void on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct world *w = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < PUSHES_A_TURN && w->arrived != NULL && w->plans < PLANS_MAX; i++) {
		struct record_push push = take_arrived(w);

		delivery_accept(w->core, &push);
		record_push_release(&push);
	}
	begin_soon(w);
}

void world_accept(struct world *w, const struct record_push *push)
{
	struct arrived *last = xcalloc(1, sizeof(*last));

	record_push_copy(push, &last->push);
	DL_APPEND(w->arrived, last);
	w->arrived_count++;
	begin_soon(w);
}

void world_get_stats(const struct world *w, struct delivery_stats *ret_stats)
{
	delivery_get_stats(w->core, ret_stats);
	delivery_stats_add(ret_stats, DELIVERY_RESOLVE, w->arrived_count,
			   w->arrived != NULL ? w->arrived->push.accepted_ms : 0);
}

static void on_not_matched(evutil_socket_t fd, short what, void *arg);

static struct asked *asked_new(struct world *w, uint64_t ticket, const char *repository,
			       const char *ref)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	*a = (struct asked){
		.world = w,
		.ticket = ticket,
		.begun_ms = mstime_monotonic(),
		.repository = xstrdup(repository),
		.ref = xstrdup(ref),
	};
	a->not_asked = evtimer_new(w->parts.base, on_not_matched, a);
	DL_APPEND(w->open, a);
	return a;
}

static void asked_free(struct asked *a)
{
	DL_DELETE(a->world->open, a);
	event_free(a->not_asked);
	free(a->repository);
	free(a->ref);
	free(a->default_branch);
	free(a);
}

/* The end of a question: its time, and room for the next. */
static void asked_done(struct asked *a, const char *stage)
{
	metrics_observe(a->world->parts.metrics, METRIC_STAGE_DURATION, stage,
			(double)(mstime_monotonic() - a->begun_ms) / 1000);
	asked_free(a);
}

/* --- resolve: find the tip, then read applications that are kept there --- */

/*
 * The second half of resolving: what is kept at this ref was read at its tip,
 * so the push that brought an application finds it in the list. That holds for
 * a place that could not be read, too: its applications are those from before.
 */
static void on_refreshed(void *arg)
{
	struct asked *a = arg;

	a->resolved.default_branch = a->default_branch;
	delivery_resolved(a->world->core, a->ticket, &a->resolved);
	asked_done(a, "resolve");
}

/*
 * The first half: where the ref is. No tip, or a replay (whose question names
 * the tip itself), and the core is told at once; a replay must not read today's
 * list from an old commit. The answer is borrowed for this call, and reading
 * applications takes longer: so what is needed later is copied into the
 * question.
 */
static void on_resolved(void *arg, const struct delivery_resolved *answer)
{
	struct asked *a = arg;
	struct world *w = a->world;

	w->parts.reached(w->parts.ctx, a->repository, answer->result != RESOLVE_FAILED);
	if (answer->result != RESOLVE_TIP || a->tip.len > 0) {
		if (answer->result == RESOLVE_FAILED) {
			metrics_count(w->parts.metrics, METRIC_FETCH_ERRORS, NULL, NULL, 1);
		}
		delivery_resolved(w->core, a->ticket, answer);
		asked_done(a, "resolve");
		return;
	}
	a->resolved = (struct delivery_resolved){
		.result = RESOLVE_TIP, .tip = answer->tip, .after = answer->after,
	};
	a->default_branch = answer->default_branch != NULL ? xstrdup(answer->default_branch)
							   : NULL;
	catalog_refresh(w->parts.catalog, a->repository, a->ref, &answer->tip, on_refreshed, a);
}

static void io_resolve(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		       const struct oid *after, const struct oid *base,
		       const struct oid *tip)
{
	struct world *w = ctx;
	struct asked *a = asked_new(w, ticket, repository, ref);
	struct resolver_question question = {
		.repository = repository, .ref = ref, .after = *after, .base = *base,
		.tip = *tip,
	};

	a->tip = *tip;
	resolver_ask(w->parts.resolver, &question, on_resolved, a);
}

/* --- match: a reader walks and looks up ---------------------------------- */

/*
 * No answer could be had: the core takes all applications that follow the ref,
 * and records why. It is an answer like any other, so that a reader that dies
 * over one repository holds up no push of it for ever.
 */
static void not_matched(struct asked *a, const char *why)
{
	struct delivery_matched answer = { .why = why };

	log_warn("all applications of the ref are taken for affected", "repo", a->repository,
		 "ref", a->ref, "reason", why, NULL);
	delivery_matched(a->world->core, a->ticket, &answer);
	asked_done(a, "match");
}

static void on_not_matched(evutil_socket_t fd, short what, void *arg)
{
	struct asked *a = arg;

	(void)fd;
	(void)what;
	not_matched(a, a->why);
}

static void ask_reader(struct asked *a);

/*
 * A reader names applications by their number in the list that it was given. A
 * reload or another push may have replaced that list while it worked; then its
 * numbers mean other applications, and the only safe thing is to ask again with
 * the list of now. That ends: MATCH_TRIES lists later all are taken.
 */
static void on_matched(void *arg, enum reader_result result,
		       const struct reader_affected *found, const char *why)
{
	struct asked *a = arg;
	struct world *w = a->world;

	if (result != READER_OK) {
		not_matched(a, why);
		return;
	}
	if (found->generation != catalog_generation(w->parts.catalog)) {
		ask_reader(a);
		return;
	}
	struct delivery_matched answer = {
		.affected = found->affected,
		.apps = catalog_list(w->parts.catalog),
	};
	delivery_matched(w->core, a->ticket, &answer);
	asked_done(a, "match");
}

static void ask_reader(struct asked *a)
{
	struct affected_request request = {
		.ref = a->ref,
		.default_branch = a->default_branch,
		.before = a->base,
		.after = a->tip,
	};
	struct error err = ERROR_INIT;

	if (++a->tries > MATCH_TRIES) {
		error_set(&err, -1, "the applications changed again and again meanwhile");
	} else if (reader_affected(a->world->parts.pool, a->repository, &request, on_matched, a,
				   &err) == 0) {
		return;
	}
	memcpy(a->why, err.text, sizeof(a->why));
	event_active(a->not_asked, EV_TIMEOUT, 0);
}

static void io_match(void *ctx, uint64_t ticket, const char *repository, const char *ref,
		     const char *default_branch, const struct oid *base, const struct oid *tip)
{
	struct asked *a = asked_new(ctx, ticket, repository, ref);

	a->default_branch = default_branch != NULL ? xstrdup(default_branch) : NULL;
	a->base = *base;
	a->tip = *tip;
	ask_reader(a);
}

/* --- plan, note, record: the journal -------------------------------------- */

/*
 * The journal has the decision, or has not. The core must hear of it in both
 * cases: only after RECORD_OK may it ring and let the ref move, for what was
 * rung and is not on disk would be rung again after a restart, and what moved
 * would be compared with the wrong commit. Room in the store may let the next
 * pushes begin.
 */
static void on_planned(void *arg, enum record_result result, const struct error *err)
{
	struct asked *a = arg;
	struct world *w = a->world;

	if (result != RECORD_OK) {
		log_error("decision not stored", "repo", a->repository, "ref", a->ref, "reason",
			  err->text, NULL);
	}
	w->plans--;
	delivery_planned(w->core, a->ticket, result);
	asked_done(a, "plan");
	begin_soon(w);
}

static void io_plan(void *ctx, uint64_t ticket, struct record_plan *plan)
{
	struct world *w = ctx;
	struct asked *a = asked_new(w, ticket, plan->repository, plan->ref);

	w->plans++;
	store_add_plan(w->parts.store, plan, on_planned, a);
}

static void io_keep(void *ctx, const char *repository, const char *ref,
		    const struct oid *commit)
{
	resolver_keep(((struct world *)ctx)->parts.resolver, repository, ref, commit);
}

static void io_remote(void *ctx, const char *repository, const char *ref, const char *remote)
{
	catalog_set_remote(((struct world *)ctx)->parts.catalog, repository, ref, remote);
}

/*
 * A push waits for its commit. It is recorded for those who ask ("doorbell
 * show"); nothing waits for it to be durable, as a push of which it is lost is
 * only asked about a little earlier after a restart.
 */
static void io_note(void *ctx, const struct record_push *push)
{
	struct world *w = ctx;

	log_info("push waits", "push", LOG_INT(push->id), "delivery", LOG_INT(push->delivery),
		 "sender_id", push->sender_id, "repo", push->repository, "ref",
		 push->ref, "reason", push->reason, "attempt", LOG_INT(push->attempts), NULL);
	store_update_push(w->parts.store, push, NULL, NULL);
}

/* What became of a trigger, or of a try of one that is not over. */
static void count_trigger(const struct world *w, const struct trigger *t)
{
	static const char *const results[TRIGGER_STATES] = {
		[TRIGGER_PENDING] = "other",    [TRIGGER_SENDING] = "other",
		[TRIGGER_WAITING] = "retry",    [TRIGGER_SENT] = "sent",
		[TRIGGER_CONVERGED] = "converged", [TRIGGER_REFUSED] = "refused",
		[TRIGGER_SUPERSEDED] = "superseded", [TRIGGER_STALLED] = "stalled",
	};

	metrics_count(w->parts.metrics, METRIC_TRIGGERS, t->target, results[t->state], 1);
}

/*
 * How a try ended, and what became of the trigger by it: a try that failed is
 * "retry" only if there is another. The further calls of one try are told, too.
 */
static void tell_try(const struct trigger *t, const struct outcome *outcome)
{
	static const struct {
		const char *word;
		enum log_level level;
	} results[TRIGGER_STATES] = {
		[TRIGGER_PENDING] = { "planned", LOG_LEVEL_INFO },
		[TRIGGER_SENDING] = { "step", LOG_LEVEL_INFO },
		[TRIGGER_WAITING] = { "retry", LOG_LEVEL_WARN },
		[TRIGGER_SENT] = { "sent", LOG_LEVEL_INFO },
		[TRIGGER_CONVERGED] = { "converged", LOG_LEVEL_INFO },
		[TRIGGER_REFUSED] = { "refused", LOG_LEVEL_ERROR },
		[TRIGGER_SUPERSEDED] = { "superseded", LOG_LEVEL_INFO },
		[TRIGGER_STALLED] = { "stalled", LOG_LEVEL_ERROR },
	};
	int64_t wall = mstime_wall();
	int64_t next = t->state == TRIGGER_WAITING ? t->next_ms - wall : 0;

	log_write(results[t->state].level, "trigger", "result", results[t->state].word,
		  "application", t->application, "target", t->target, "push", LOG_INT(t->push),
		  "delivery", LOG_INT(t->delivery), "sender_id", t->sender_id, "attempt",
		  LOG_INT(t->attempts), "reason", outcome->reason, "next_ms",
		  LOG_INT(next > 0 ? next : 0), "time_ms",
		  LOG_INT(t->sent_ms > 0 ? wall - t->sent_ms : 0), NULL);
}

/* A target took a trigger: how long was that after the push, and after the plan? */
static void measure_taken(const struct world *w, const struct trigger *t)
{
	int64_t since = t->pushed_ms > 0 ? t->pushed_ms : t->created_ms;
	int64_t wall = mstime_wall();

	metrics_observe(w->parts.metrics, METRIC_PUSH_TO_TRIGGER, t->target,
			(double)(wall - since) / 1000);
	metrics_observe(w->parts.metrics, METRIC_STAGE_DURATION, "trigger",
			(double)(wall - t->created_ms) / 1000);
}

/*
 * A trigger has changed: count it, and have it recorded. The store copies what
 * it needs, keeps the order in which it was told, and takes all of these; so a
 * later state never loses against an earlier one, and nobody waits for the
 * disk. If the process dies before that is written, the try is made again,
 * which every target can bear.
 */
static void io_record(void *ctx, const struct trigger *t, const struct outcome *outcome)
{
	struct world *w = ctx;
	/* Of what is observed the try was over already when it converges or stalls. */
	bool tried = outcome != NULL && (t->state == TRIGGER_SENT || !t->observed);

	/* SENDING: one of several calls. SENT without an outcome: nobody looks on. */
	if (t->state != TRIGGER_SENDING && (outcome != NULL || t->state != TRIGGER_SENT)) {
		count_trigger(w, t);
	}
	if (tried && (t->state == TRIGGER_SENT || t->state == TRIGGER_CONVERGED)) {
		measure_taken(w, t);
	}
	if (outcome != NULL) {
		tell_try(t, outcome);
	}
	store_update_trigger(w->parts.store, t, outcome, NULL, NULL);
}

/* A target is down as a whole, or up again. */
static void io_target_down(void *ctx, const char *target, const char *why)
{
	const struct world *w = ctx;

	if (why != NULL) {
		log_error("target is down: it is probed, and what it is to be told waits", "target",
			  target, "reason", why, NULL);
	} else {
		log_info("target answers again: what waits is rung", "target", target, NULL);
	}
	metrics_set(w->parts.metrics, METRIC_TARGET_DOWN, target, why != NULL ? 1 : 0);
}

static void io_superseded(void *ctx, const struct trigger *t)
{
	count_trigger(ctx, t);
}

/* --- the rest --------------------------------------------------------------- */

/*
 * Ring. Only the first call of a second or later try is a retry; the further
 * calls of one try (step) are not counted.
 */
static void io_send(void *ctx, const struct trigger *trigger)
{
	if (trigger->attempts > 1 && trigger->step == 0) {
		metrics_count(((struct world *)ctx)->parts.metrics, METRIC_TRIGGER_RETRIES,
			      trigger->target, NULL, 1);
	}
	ringer_send(((struct world *)ctx)->ringer, trigger);
}

void world_rung(void *w, int64_t trigger, const struct outcome *outcome)
{
	delivery_sent(((struct world *)w)->core, trigger, outcome);
}

static void io_observe(void *ctx, const struct trigger *trigger)
{
	observer_add(((struct world *)ctx)->observer, trigger);
}

static void io_unobserve(void *ctx, int64_t trigger)
{
	observer_forget(((struct world *)ctx)->observer, trigger);
}

void world_seen(void *w, int64_t trigger, const struct outcome *outcome)
{
	delivery_observed(((struct world *)w)->core, trigger, outcome);
}

/*
 * A push is decided: say so in the log, in the metrics, and to the hook that
 * may be waiting for it. This is the only place where all three hear of it, so
 * that they cannot tell different stories.
 */
static void io_decided(void *ctx, const struct delivery_decision *decision)
{
	struct world *w = ctx;
	const struct record_push *push = decision->push;

	log_info("push", "push", LOG_INT(push->id), "delivery", LOG_INT(push->delivery),
		 "sender_id", push->sender_id, "decision", push_state_name(push->state),
		 "repo", push->repository, "ref", push->ref, "affected",
		 LOG_INT(decision->name_count), "applications", LOG_INT(push->applications),
		 "reason", push->reason, "time_ms",
		 LOG_INT(push->decided_ms - push->accepted_ms), NULL);
	for (size_t i = 0; i < decision->name_count; i++) {
		log_debug("affected", "push", LOG_INT(push->id), "delivery",
			  LOG_INT(push->delivery), "sender_id", push->sender_id,
			  "application", decision->names[i], NULL);
	}
	metrics_observe(w->parts.metrics, METRIC_APPLICATIONS_AFFECTED, NULL,
			(double)decision->name_count);
	if (push->fallback != FALLBACK_NONE) {
		metrics_count(w->parts.metrics, METRIC_AFFECTED_FALLBACK,
			      fallback_label(push->fallback), NULL, 1);
	}
	w->parts.decided(w->parts.ctx, decision);
}

struct world *world_new(const struct world_parts *parts, struct settings *settings)
{
	struct world *w = xcalloc(1, sizeof(*w));
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

	w->parts = *parts;
	w->settings = settings_ref(settings);
	w->timer = evtimer_new(parts->base, on_timer, w);
	w->begin = evtimer_new(parts->base, on_begin, w);
	w->core = delivery_new(&settings->delivery, &io);
	return w;
}

/*
 * The questions go first: nobody will answer them any more, and they are linked
 * into this world. The pushes that stand in line are safe in the journal; the
 * next start finds them there.
 */
void world_free(struct world *w)
{
	if (w == NULL) {
		return;
	}
	while (w->open != NULL) {
		asked_free(w->open);
	}
	while (w->arrived != NULL) {
		struct record_push push = take_arrived(w);

		record_push_release(&push);
	}
	delivery_free(w->core);
	event_free(w->timer);
	event_free(w->begin);
	settings_unref(w->settings);
	free(w);
}

void world_set_ringer(struct world *w, struct ringer *ringer, struct observer *observer)
{
	w->ringer = ringer;
	w->observer = observer;
}

void world_set_settings(struct world *w, struct settings *settings)
{
	delivery_set_options(w->core, &settings->delivery);
	settings_unref(w->settings);
	w->settings = settings_ref(settings);
}

void world_tell_untaken(struct world *w, const struct app_list *apps)
{
	const struct app *first = NULL;
	size_t count = delivery_untaken(w->core, apps, &first);

	metrics_set(w->parts.metrics, METRIC_APPLICATIONS_UNTAKEN, NULL, (double)count);
	if (count > 0 && count != w->untaken) {
		char *name = app_full_name(first);

		log_warn("applications that no target takes", "count", LOG_INT(count), "first",
			 name, "effect", "their pushes fail: see targets.applications, and which "
			 "kinds a target can ring", NULL);
		free(name);
	}
	w->untaken = count;
}

struct delivery_core *world_core(struct world *w)
{
	return w->core;
}

bool world_is_ready(const struct world *w)
{
	return catalog_is_ready(w->parts.catalog);
}

bool world_look(struct world *w, const char *repository, const char *default_branch,
		const struct ref_list *listing, const struct delivery_looked *told)
{
	bool now = world_is_ready(w) && w->arrived == NULL;

	if (now) {
		delivery_look(w->core, repository, default_branch, listing, told);
	}
	return now;
}

void world_go_on(void *w)
{
	delivery_go_on(((struct world *)w)->core);
	begin_soon(w);
}

/*
 * What an orderly end waits for: questions that were asked, and tries that a
 * target has not answered. Pushes in line and triggers that wait for their time
 * are not under way; they are taken up at the next start.
 */
size_t world_busy(const struct world *w)
{
	struct delivery_stats stats;
	const struct asked *a;
	size_t count = 0;

	delivery_get_stats(w->core, &stats);
	DL_FOREACH(w->open, a) {
		count++;
	}
	return count + stats.sending;
}
