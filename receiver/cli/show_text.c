/*
 * The decision record for people.
 *
 *     delivery 12 from source forge (github push), 2026-11-22T16:00:00.123Z
 *       sent by ann, sender's id 72d3162e
 *     push 31: https://git.example.org/infra refs/heads/main 01010101..02020202
 *       PLANNED after 12 ms: 1 of 10 applications that follow this ref (12 known)
 *       walked 01010101..02020202: 4 changed paths
 *       trigger 5: argocd/web at argocd: SENT after 340 ms
 *         apps/web/values.yaml modified (file), read by apps/web
 *         try 1, WAITING after 120 ms: HTTP 503
 *         try 2, SENT after 340 ms: HTTP 200
 */
#include "receiver/cli/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mstime.h"
#include "receiver/cli/verb.h"

static void put_pair(const char *label, const char *value)
{
	if (value != NULL) {
		(void)fputs(label, stdout);
		verb_put(value);
	}
}

static void put_after(const struct record_delivery *d, int64_t wall)
{
	if (wall != 0) {
		char *text = verb_duration(wall - d->received_ms);

		(void)printf(" after %s", text);
		free(text);
	}
}

static void put_step(const struct oid *from, const struct oid *to)
{
	char a[9];
	char b[9];

	(void)printf("%s..%s", verb_short(from, a), verb_short(to, b));
}

static void put_delivery(const struct record_delivery *d)
{
	json_t *received = record_json_time(d->received_ms);

	(void)printf("delivery %lld", (long long)d->id);
	put_pair(" from source ", d->source);
	put_pair(" (", d->provider);
	put_pair(" ", d->event);
	put_pair("), ", json_string_value(received));
	put_pair("\n  sent by ", d->pusher != NULL ? d->pusher : "?");
	put_pair(", sender's id ", d->sender_id != NULL ? d->sender_id : "none");
	(void)printf(", %lld bytes\n", (long long)d->body_size);
	if (d->ignored != NULL) {
		put_pair("  ignored: ", d->ignored);
		(void)putchar('\n');
	}
	json_decref(received);
}

static void put_reason(const json_t *reason)
{
	const json_t *via = json_object_get(reason, "via");
	const char *path = json_string_value(json_object_get(reason, "path"));
	size_t i;
	json_t *link;

	put_pair("    ", path != NULL && path[0] != '\0' ? path : "any change");
	put_pair(" ", json_string_value(json_object_get(reason, "change")));
	put_pair(" (", json_string_value(json_object_get(reason, "probe")));
	(void)fputs(")", stdout);
	json_array_foreach(via, i, link) {
		put_pair(i == 0 ? ", read by " : " < ", json_string_value(link));
	}
	(void)putchar('\n');
}

static void put_reasons(const char *text)
{
	json_t *reasons = text != NULL ? json_loads(text, 0, NULL) : NULL;
	json_t *reason;
	size_t i;

	json_array_foreach(reasons, i, reason) {
		put_reason(reason);
	}
	json_decref(reasons);
}

/* The paths that changed, and what reads one of them and is rendered as before. */
static void put_found(const struct record_push *p)
{
	json_t *found = p->found != NULL ? json_loads(p->found, 0, NULL) : NULL;
	const json_t *paths = json_object_get(found, "paths");
	json_t *value;
	size_t i;

	json_array_foreach(paths, i, value) {
		put_pair("    ", json_string_value(value));
		(void)putchar('\n');
	}
	if (p->changed_paths > (int64_t)json_array_size(paths) && json_array_size(paths) > 0) {
		(void)printf("    and %lld more\n",
			     (long long)p->changed_paths - (long long)json_array_size(paths));
	}
	json_array_foreach(json_object_get(found, "same"), i, value) {
		json_t *reason;
		size_t k;

		put_pair("  rendered to the same: ",
			 json_string_value(json_object_get(value, "application")));
		(void)putchar('\n');
		json_array_foreach(json_object_get(value, "reasons"), k, reason) {
			put_reason(reason);
		}
	}
	json_decref(found);
}

static void put_decision(const struct record_delivery *d, const struct record_push *p)
{
	(void)printf("  %s", push_state_name(p->state));
	put_after(d, p->decided_ms);
	if (p->state == PUSH_PLANNED) {
		(void)printf(": %lld of %lld applications that follow this ref (%lld known)",
			     (long long)p->affected, (long long)p->tracked,
			     (long long)p->applications);
	}
	put_pair(": ", p->reason);
	(void)putchar('\n');
	if (p->tip.len > 0) {
		(void)fputs("  walked ", stdout);
		put_step(&p->base, &p->tip);
		if (p->changed_paths >= 0) {
			(void)printf(": %lld changed path%s", (long long)p->changed_paths,
				     p->changed_paths == 1 ? "" : "s");
		}
		(void)putchar('\n');
	}
	put_found(p);
	if (p->state == PUSH_WAITING) {
		json_t *next = record_json_time(p->next_ms);

		put_pair("  next try ", json_string_value(next));
		(void)printf(", %u so far\n", p->attempts);
		json_decref(next);
	}
}

static void put_attempt(const struct record_delivery *d, const struct record_attempt *a)
{
	(void)printf("    try %u", a->number);
	put_pair(", ", a->state);
	put_after(d, a->at_ms);
	put_pair(": ", a->reason);
	(void)putchar('\n');
	if (a->output != NULL && a->output[0] != '\0') {
		put_pair("      ", a->output);
		(void)putchar('\n');
	}
}

/* Until when, and why, one waits that is not over. */
static void put_wait(const struct trigger *t)
{
	const char *words = trigger_waits_for(t, mstime_wall());
	json_t *next = record_json_time(trigger_is_over(t) ? 0 : t->next_ms);

	if (t->observed && !trigger_is_over(t)) {
		put_pair("    observed until ", json_string_value(next));
		(void)putchar('\n');
	} else if (words != NULL) {
		put_pair("    waits for ", words);
		put_pair(", not before ", json_string_value(next));
		(void)putchar('\n');
	}
	json_decref(next);
}

static void put_trigger(const struct record_delivery *d, const struct record_trigger *item)
{
	const struct trigger *t = item->trigger;

	(void)printf("  trigger %lld", (long long)t->id);
	put_pair(": ", t->application);
	put_pair(" at ", t->target);
	(void)printf("%s: %s", t->hard ? ", hard" : "", trigger_state_name(t->state));
	put_after(d, t->finished_ms);
	if (item->superseded_by != 0) {
		(void)printf(", by push %lld", (long long)item->superseded_by);
	}
	(void)putchar('\n');
	put_reasons(t->reasons);
	for (size_t i = 0; i < item->attempt_count; i++) {
		put_attempt(d, &item->attempts[i]);
	}
	put_wait(t);
}

static void put_push(const struct record_history *history, const struct record_push *p)
{
	(void)printf("push %lld", (long long)p->id);
	put_pair(": ", p->repository);
	put_pair(" ", p->ref);
	(void)putchar(' ');
	put_step(&p->before, &p->after);
	if (p->replay_of != 0) {
		(void)printf(" (repeats push %lld)", (long long)p->replay_of);
	}
	(void)putchar('\n');
	put_decision(&history->delivery, p);
	for (size_t i = 0; i < history->triggers.count; i++) {
		if (history->triggers.items[i].trigger->push == p->id) {
			put_trigger(&history->delivery, &history->triggers.items[i]);
		}
	}
}

void show_print_text(const struct record_history *history)
{
	put_delivery(&history->delivery);
	for (size_t i = 0; i < history->delivery.push_count; i++) {
		put_push(history, &history->delivery.pushes[i]);
	}
}
