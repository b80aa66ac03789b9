/*
 * One struct observed for each target that has triggers to look at, one struct
 * looked for each trigger, found by its id and by its application's name.
 *
 *     observer_add() ──▶ observed ── target_watch_begin() ──▶ outbound_stream()
 *     seen() ◀── target_watch_judge() ◀── on_news() ◀── target_watch_feed() ◀── pieces
 *
 * A stream ends by its time limit as a rule, and is then begun anew.  A
 * failure makes the pause before the next longer, up to a minute.
 */
#include "receiver/ring/observer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/backoff.h"
#include "base/crypto.h"
#include "base/xalloc.h"
#include "receiver/ops/log.h"
#include "receiver/ring/outbound.h"
#include "receiver/settings/settings.h"
#include "target/target.h"

/* Between the end of a stream and the next, at least and after many failures. */
static const struct backoff pause = { .first_ms = 1000, .max_ms = 60000 };

/*
 * A trigger that is looked at. It ends when the core forgets it
 * (observer_forget()), because it has seen enough or because its time is over;
 * what is seen here never ends it by itself.
 */
struct looked {
	struct trigger *trigger; // a copy
	struct observed *observed;
	struct observed_name *named;     // NULL: its application has no name
	struct looked *prev, *next; // of the same name
	UT_hash_handle hh;       // by trigger->id
};

/* Those of one target with the same name of application. */
struct observed_name {
	char *name;
	struct looked *list;
	UT_hash_handle hh;
};

/*
 * A target that is watched, at any moment in one of four states: a stream is
 * open (stream != 0); the timer runs towards the next; neither, because it
 * cannot be watched with today's settings (state == NULL); or nobody needs it
 * any more (count == 0) and it waits for the end of its stream or timer to be
 * freed there. It is found by its target's name and not by a pointer into the
 * settings, so it outlives a reload.
 */
struct observed {
	struct observer *observer;
	char *name;                 // of the target
	struct settings *settings;  // a reference, that the options of state are of; NULL: no state
	struct target_watch *state; // NULL: the target cannot be watched (now)
	struct event *timer;        // begins the next stream
	uint64_t stream;            // 0: none is open
	unsigned failures;          // in a row
	size_t count;               // triggers to look at
	struct observed_name *names;
	struct observed *prev, *next;
};

struct observer {
	struct event_base *base;
	struct outbound *outbound;
	struct settings *settings;
	struct observed *targets;
	struct looked *all;
	observer_seen_fn *seen;
	void *ctx;
};

struct observer *observer_new(struct event_base *base, struct outbound *outbound,
			      observer_seen_fn *seen, void *ctx)
{
	struct observer *o = xcalloc(1, sizeof(*o));

	*o = (struct observer){ .base = base, .outbound = outbound, .seen = seen, .ctx = ctx };
	return o;
}

/* ---- one target's stream ---- */

static void begin_later(struct observed *w)
{
	uint64_t random = 0;

	(void)random_bytes(&random, sizeof(random));
	int64_t wait = w->failures == 0 ? pause.first_ms
					: backoff_delay(&pause, w->failures, random);
	const struct timeval time = { .tv_sec = (time_t)(wait / 1000),
				      .tv_usec = (suseconds_t)(wait % 1000 * 1000) };
	(void)evtimer_add(w->timer, &time);
}

static void failed(struct observed *w, const char *why)
{
	w->failures++;
	log_warn("target cannot be watched", "target", w->name, "reason", why, "failures",
		 LOG_INT(w->failures), NULL);
	begin_later(w);
}

/*
 * Judge news of one application for all triggers of that name. seen() tells the
 * core, which may end that trigger and so free its looked while the list is
 * walked: so the next one is read before. It may be the last of its name, too,
 * which frees named; nothing of it is read after that. The observed itself
 * stays: a stream is open, by which the news came.
 */
static void on_news(void *ctx, const char *name, const void *news)
{
	struct observed *w = ctx;
	struct observed_name *named = NULL;
	struct looked *looked;
	struct looked *next;

	HASH_FIND_STR(w->names, name, named);
	/* What is seen may be the end of the trigger it is about, of no other. */
	for (looked = named != NULL ? named->list : NULL; looked != NULL; looked = next) {
		struct outcome outcome;

		next = looked->next;
		if (target_watch_judge(w->state, looked->trigger, news, &outcome)) {
			w->observer->seen(w->observer->ctx, looked->trigger->id, &outcome);
		}
		outcome_release(&outcome);
	}
}

/*
 * A piece of the stream, cut anywhere. After outbound_cancel() neither
 * on_piece() nor on_end() is called any more, so the failure is dealt with
 * here.
 */
static void on_piece(void *arg, const char *data, size_t len)
{
	struct observed *w = arg;
	struct error err = ERROR_INIT;

	if (target_watch_feed(w->state, data, len, &err) < 0) {
		outbound_cancel(w->observer->outbound, w->stream);
		w->stream = 0;
		failed(w, err.text);
	}
}

static void observed_free(struct observed *w)
{
	DL_DELETE(w->observer->targets, w);
	target_watch_free(w->state);
	settings_unref(w->settings);
	event_free(w->timer);
	free(w->name);
	free(w);
}

/*
 * A stream is over. That is its ordinary end: it has a time limit, so what it
 * lost is not missed for long, as the next one begins with how things are. Only
 * an answer that is none, or a connection that broke, counts as a failure and
 * is paused for.
 */
static void on_end(void *arg, const struct call_result *result)
{
	struct observed *w = arg;
	bool good = result->status >= 200 && result->status < 300 &&
		    (result->completed || result->timed_out);

	w->stream = 0;
	if (w->count == 0) {
		observed_free(w);
	} else if (good) {
		w->failures = 0;
		begin_later(w);
	} else {
		char status[32];

		(void)snprintf(status, sizeof(status), "HTTP status %d", result->status);
		failed(w, result->failure != NULL ? result->failure : status);
	}
}

static void begin_stream(struct observed *w)
{
	struct error err = ERROR_INIT;
	struct call call;

	if (w->state == NULL || w->stream != 0 || evtimer_pending(w->timer, NULL)) {
		return;
	}
	if (target_watch_begin(w->state, &call, &err) < 0) {
		failed(w, err.text);
		return;
	}
	w->stream = outbound_stream(w->observer->outbound, &call, on_piece, on_end, w);
	call_release(&call);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct observed *w = arg;

	(void)fd;
	(void)what;
	if (w->count == 0) {
		observed_free(w);
	} else {
		begin_stream(w);
	}
}

/* Take the target as the settings of today have it, if it can be watched. */
static void open_state(struct observed *w)
{
	struct settings *settings = w->observer->settings;
	int target = settings != NULL ? settings_target(settings, w->name) : -1;

	if (target < 0 || target_observe_ms(&settings->targets[target]) == 0) {
		return;
	}
	w->settings = settings_ref(settings);
	w->state = target_watch_new(&settings->targets[target], on_news, w);
}

/*
 * Before new settings: end the stream, whose credentials and address may be
 * others now, and forget what was seen. The triggers stay; the next stream
 * tells their present state first.
 */
static void close_state(struct observed *w)
{
	if (w->stream != 0) {
		outbound_cancel(w->observer->outbound, w->stream);
		w->stream = 0;
	}
	(void)evtimer_del(w->timer);
	target_watch_free(w->state);
	settings_unref(w->settings);
	w->state = NULL;
	w->settings = NULL;
	w->failures = 0;
}

static struct observed *observed_of(struct observer *o, const char *target)
{
	struct observed *w;

	DL_FOREACH(o->targets, w) {
		if (strcmp(w->name, target) == 0) {
			return w;
		}
	}
	w = xcalloc(1, sizeof(*w));
	w->observer = o;
	w->name = xstrdup(target);
	w->timer = evtimer_new(o->base, on_timer, w);
	DL_APPEND(o->targets, w);
	open_state(w);
	return w;
}

/* ---- triggers ---- */

static struct observed_name *named_of(struct observed *w, const struct trigger *trigger)
{
	char *name = target_watch_name(trigger);
	struct observed_name *named = NULL;

	if (name == NULL) {
		return NULL;
	}
	HASH_FIND_STR(w->names, name, named);
	if (named != NULL) {
		free(name);
		return named;
	}
	named = xcalloc(1, sizeof(*named));
	named->name = name;
	HASH_ADD_KEYPTR(hh, w->names, named->name, strlen(named->name), named);
	return named;
}

void observer_add(struct observer *o, const struct trigger *trigger)
{
	struct looked *looked = xcalloc(1, sizeof(*looked));

	looked->trigger = trigger_copy(trigger);
	looked->observed = observed_of(o, trigger->target);
	looked->observed->count++;
	looked->named = named_of(looked->observed, trigger);
	if (looked->named != NULL) {
		DL_APPEND(looked->named->list, looked);
	}
	HASH_ADD(hh, o->all, trigger->id, sizeof(looked->trigger->id), looked);
	begin_stream(looked->observed);
}

void observer_forget(struct observer *o, int64_t trigger)
{
	struct looked *looked = NULL;

	HASH_FIND(hh, o->all, &trigger, sizeof(trigger), looked);
	if (looked == NULL) {
		return;
	}
	struct observed *w = looked->observed;
	struct observed_name *named = looked->named;
	HASH_DEL(o->all, looked);
	if (named != NULL) {
		DL_DELETE(named->list, looked);
	}
	if (named != NULL && named->list == NULL) {
		HASH_DEL(w->names, named);
		free(named->name);
		free(named);
	}
	trigger_free(looked->trigger);
	free(looked);
	/* An open stream goes on to its end: the next push is likely near. */
	if (--w->count == 0 && w->stream == 0) {
		observed_free(w);
	}
}

/*
 * A target keeps its triggers through a reload, even if it is gone from the
 * settings: the core ends those in its own time.
 */
void observer_set_settings(struct observer *o, struct settings *settings)
{
	struct observed *w;
	struct observed *next;

	settings_unref(o->settings);
	o->settings = settings_ref(settings);
	DL_FOREACH_SAFE(o->targets, w, next) {
		close_state(w);
		if (w->count == 0) {
			observed_free(w);
			continue;
		}
		open_state(w);
		begin_stream(w);
	}
}

void observer_free(struct observer *o)
{
	if (o == NULL) {
		return;
	}
	while (o->all != NULL) {
		observer_forget(o, o->all->trigger->id);
	}
	while (o->targets != NULL) {
		observed_free(o->targets);
	}
	settings_unref(o->settings);
	free(o);
}
