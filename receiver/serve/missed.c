/*
 * Looks, a few at a time: list, compare, store what was found, hand it in.
 *
 * What fails (the repository, or the journal, which may be full) is done again
 * after a while that grows, until it succeeds.  A delivery of ours says only
 * which refs are to be looked at ("after" is no id): what they are by then is
 * found when it is decided.
 */
#include "receiver/serve/missed.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/backoff.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "delivery/missed.h"
#include "receiver/git/lister.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/serve/world.h"
#include "receiver/settings/settings.h"
#include "receiver/store/store.h"

/* A start with a thousand repositories must not look like an attack to their server. */
#define LOOKS_AT_ONCE 2

/* When to try again what failed; and when what could not be compared at this moment. */
static const struct backoff again = { .first_ms = 10000, .max_ms = 600000 };
#define SOON_MS 200

static const char at_start[] = "found at the start";
static const char after_reload[] = "found after a reload";
static const char reachable_again[] = "found when the repository was reachable again";

/* One repository. */
struct missed_look {
	struct missed *missed;
	char *repository;
	const char *event;     // why it is looked at: one of the three above
	bool wanted;           // it is to be looked at, at due_ms or later
	bool running;          // the lister or the store was asked
	bool unreachable;      // for the last push
	bool kept;             // while settings change: it is among those of now
	bool gone;             // not configured any more: freed by its answer
	unsigned failures;     // in a row
	int64_t due_ms;
	struct record_delivery found; // what is being stored
	struct missed_look *next, *prev;
};

struct missed {
	struct missed_parts parts;
	struct settings *settings;
	struct event *timer;
	struct missed_look *looks;
	size_t running;
};

/* A ref's first commit on its way to the journal. */
struct first_seen {
	struct record_plan plan;
	char *repository;
	char *ref;
};

static void begin_due(struct missed *m);

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	begin_due(arg);
}

struct missed *missed_new(const struct missed_parts *parts)
{
	struct missed *m = xcalloc(1, sizeof(*m));

	m->parts = *parts;
	m->timer = evtimer_new(parts->base, on_timer, m);
	return m;
}

static void look_free(struct missed_look *look)
{
	DL_DELETE(look->missed->looks, look);
	record_delivery_release(&look->found);
	free(look->repository);
	free(look);
}

void missed_free(struct missed *m)
{
	if (m == NULL) {
		return;
	}
	while (m->looks != NULL) {
		look_free(m->looks);
	}
	event_free(m->timer);
	settings_unref(m->settings);
	free(m);
}

static struct missed_look *find(struct missed *m, const char *repository)
{
	struct missed_look *look;

	DL_FOREACH(m->looks, look) {
		if (!look->gone && strcmp(look->repository, repository) == 0) {
			break;
		}
	}
	return look;
}

static void want(struct missed_look *look, const char *event, int64_t due_ms)
{
	look->wanted = true;
	look->event = event;
	look->due_ms = due_ms;
}

/* Call begin_due() when the next look is due, if there is room for it. */
static void wait_for_next(struct missed *m)
{
	int64_t now = mstime_monotonic();
	int64_t first = INT64_MAX;
	struct missed_look *look;

	DL_FOREACH(m->looks, look) {
		if (look->wanted && !look->running && look->due_ms < first) {
			first = look->due_ms;
		}
	}
	if (first == INT64_MAX || m->running >= LOOKS_AT_ONCE) {
		return;
	}
	int64_t wait = first > now ? first - now : 0;
	struct timeval time = { .tv_sec = (time_t)(wait / 1000),
				.tv_usec = (suseconds_t)(wait % 1000 * 1000) };
	evtimer_add(m->timer, &time);
}

static void end(struct missed_look *look)
{
	struct missed *m = look->missed;

	look->running = false;
	m->running--;
	if (look->gone) {
		look_free(look);
	}
	wait_for_next(m);
}

/* It is said once: whoever reads the log wants to know that it began, not each time. */
static void failed(struct missed_look *look, const char *why)
{
	uint64_t number = 0;

	(void)random_bytes(&number, sizeof(number));
	if (look->failures++ == 0) {
		log_warn("repository not looked at: pushes that were missed are not known",
			 "repo", look->repository, "reason", why, NULL);
	}
	metrics_count(look->missed->parts.metrics, METRIC_LOOK_ERRORS, NULL, NULL, 1);
	want(look, look->event,
	     mstime_monotonic() + backoff_delay(&again, look->failures, number));
	end(look);
}

static void succeeded(struct missed_look *look)
{
	if (look->failures > 0) {
		log_info("repository looked at", "repo", look->repository, NULL);
	}
	look->failures = 0;
	metrics_count(look->missed->parts.metrics, METRIC_LOOKS, NULL, NULL, 1);
	end(look);
}

static void on_stored(void *arg, enum record_result result, const struct error *err)
{
	struct missed_look *look = arg;
	struct missed_parts *parts = &look->missed->parts;

	if (result != RECORD_OK) {
		record_delivery_release(&look->found);
		failed(look, err->text);
		return;
	}
	for (size_t i = 0; i < look->found.push_count; i++) {
		const struct record_push *push = &look->found.pushes[i];

		log_info("push that nobody told of", "delivery", LOG_INT(push->delivery), "push",
			 LOG_INT(push->id), "repo", push->repository, "ref", push->ref, "event",
			 look->found.event, NULL);
		world_accept(parts->world, push);
	}
	metrics_count(parts->metrics, METRIC_MISSED_PUSHES, NULL, NULL, look->found.push_count);
	record_delivery_release(&look->found);
	succeeded(look);
}

/* Of more than a delivery can hold the rest is found by the next look, which follows at once. */
static void on_moved(void *ctx, const char *ref, const struct oid *before)
{
	struct missed_look *look = ctx;
	struct record_delivery *found = &look->found;

	if (found->push_count == LIMIT_REFS) {
		want(look, look->event, mstime_monotonic() + SOON_MS);
		return;
	}
	if (found->pushes == NULL) {
		found->pushes = xcalloc(LIMIT_REFS, sizeof(*found->pushes));
	}
	found->pushes[found->push_count++] = (struct record_push){
		.repository = xstrdup(look->repository),
		.ref = xstrdup(ref),
		.before = *before,
		.changed_paths = -1,
		.accepted_ms = mstime_wall(),
	};
}

static void on_seen_stored(void *arg, enum record_result result, const struct error *err)
{
	struct first_seen *first = arg;

	if (result != RECORD_OK) {
		log_warn("where a ref is was not stored", "repo", first->repository, "ref",
			 first->ref, "reason", err->text, NULL);
	}
	free(first->repository);
	free(first->ref);
	free(first);
}

static void on_seen(void *ctx, const char *ref, const struct oid *id)
{
	struct missed_look *look = ctx;
	struct first_seen *first = xcalloc(1, sizeof(*first));

	first->repository = xstrdup(look->repository);
	first->ref = xstrdup(ref);
	first->plan = (struct record_plan){
		.move_ref = true,
		.only_seen = true,
		.repository = first->repository,
		.ref = first->ref,
		.commit = *id,
	};
	store_add_plan(look->missed->parts.store, &first->plan, on_seen_stored, first);
}

static void store_found(struct missed_look *look, const char *default_branch)
{
	struct record_delivery *d = &look->found;
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex("", 0, digest);
	d->source = xstrdup(MISSED_SOURCE);
	d->provider = xstrdup("native");
	d->event = xstrdup(look->event);
	d->body_sha256 = xstrdup(digest);
	d->received_ms = mstime_wall();
	for (size_t i = 0; i < d->push_count; i++) {
		d->pushes[i].default_branch = xstrdup_or_null(default_branch);
	}
	if (store_add_delivery(look->missed->parts.store, d, on_stored, look) != STORE_OK) {
		record_delivery_release(d);
		failed(look, "the journal takes nothing now");
	}
}

/* The branch that HEAD means: the configuration knows better than the repository. */
static const char *default_branch_of(const struct missed_look *look, const struct ref_list *listing)
{
	const struct repository *repository = repositories_find_name(
		look->missed->settings->repositories, look->repository);
	const char *configured = repository != NULL ? repository->config->default_branch : NULL;

	return configured != NULL ? configured : listing->default_branch;
}

static void on_listed(void *arg, const struct ref_list *listing, const char *why)
{
	struct missed_look *look = arg;
	/* During a reload we were up: what is new to us then is new in the configuration. */
	const struct delivery_looked told = {
		.new_is_created = look->event != after_reload,
		.moved = on_moved,
		.seen = on_seen,
		.ctx = look,
	};

	if (look->gone) {
		end(look);
		return;
	}
	/* Where there were refs and is none, more likely it is not what it was. */
	if (listing != NULL && listing->count == 0 &&
	    delivery_knows(world_core(look->missed->parts.world), look->repository)) {
		listing = NULL;
		why = "it has no branch and no tag at all";
	}
	if (listing == NULL) {
		failed(look, why);
		return;
	}
	const char *branch = default_branch_of(look, listing);
	if (!world_look(look->missed->parts.world, look->repository, branch, listing, &told)) {
		want(look, look->event, mstime_monotonic() + SOON_MS);
		end(look);
	} else if (look->found.push_count > 0) {
		store_found(look, branch);
	} else {
		succeeded(look);
	}
}

static void begin(struct missed_look *look)
{
	struct missed *m = look->missed;
	const struct repository *repository =
		repositories_find_name(m->settings->repositories, look->repository);
	struct error err = ERROR_INIT;

	look->wanted = false;
	look->running = true;
	m->running++;
	if (repository == NULL) {
		end(look);
	} else if (lister_ask(m->parts.lister, repository, m->settings->config, on_listed, look,
			      &err) < 0) {
		failed(look, err.text);
	}
}

static struct missed_look *find_due(struct missed *m)
{
	int64_t now = mstime_monotonic();
	struct missed_look *look;

	DL_FOREACH(m->looks, look) {
		if (look->wanted && !look->running && look->due_ms <= now) {
			break;
		}
	}
	return look;
}

/* Until the applications are known nobody knows which refs are followed. */
static void begin_due(struct missed *m)
{
	struct missed_look *look = NULL;

	if (!world_is_ready(m->parts.world)) {
		return;
	}
	while (m->running < LOOKS_AT_ONCE && (look = find_due(m)) != NULL) {
		/* To the end: each has its turn. */
		DL_DELETE(m->looks, look);
		DL_APPEND(m->looks, look);
		begin(look);
	}
	wait_for_next(m);
}

void missed_go_on(struct missed *m)
{
	wait_for_next(m);
}

static void keep(struct missed *m, const char *repository, const char *event)
{
	struct missed_look *look = find(m, repository);

	if (look == NULL) {
		look = xcalloc(1, sizeof(*look));
		look->missed = m;
		look->repository = xstrdup(repository);
		DL_APPEND(m->looks, look);
	}
	look->kept = true;
	want(look, event, mstime_monotonic());
}

void missed_set_settings(struct missed *m, struct settings *settings)
{
	const char *event = m->settings == NULL ? at_start : after_reload;
	const struct repository *r = repositories_get(settings->repositories, 0);
	struct missed_look *look;
	struct missed_look *next;

	for (size_t i = 0; r != NULL; r = repositories_get(settings->repositories, ++i)) {
		keep(m, r->name, event);
	}
	DL_FOREACH_SAFE(m->looks, look, next) {
		look->gone = !look->kept;
		look->kept = false;
		if (look->gone && !look->running) {
			look_free(look);
		}
	}
	settings_ref(settings);
	settings_unref(m->settings);
	m->settings = settings;
	wait_for_next(m);
}

void missed_reached(struct missed *m, const char *repository, bool reached)
{
	struct missed_look *look = find(m, repository);

	if (look == NULL) {
		return;
	}
	if (reached && (look->unreachable || look->failures > 0)) {
		want(look, look->unreachable && look->failures == 0 ? reachable_again : look->event,
		     mstime_monotonic());
		wait_for_next(m);
	}
	look->unreachable = !reached;
}
