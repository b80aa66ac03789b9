/*
 * Records: their names, and the one form that each has as JSON.
 */
#include "record/record_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "receiver/ops/metrics.h"
#include "record/fallback.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

/* A journal and a reader know a fall-back by its name, the metrics by its label. */
static void test_fallbacks(void)
{
	static const struct metrics_build build = { .version = "test" };
	struct metrics *metrics = metrics_new(&build);
	struct buf text;

	buf_init(&text, 1 << 20);
	for (unsigned i = 0; i < FALLBACKS; i++) {
		enum fallback f = (enum fallback)i;

		tap_int(fallback_by_name(fallback_name(f)), i, "%s is found by its name",
			fallback_name(f));
		tap_ok((fallback_text(f)[0] != '\0') == (f != FALLBACK_NONE),
		       "and people are told \"%s\"", fallback_text(f));
		char *series = xasprintf("doorbell_affected_fallback_total{reason=\"%s\"} 1\n",
					 fallback_label(f));

		metrics_free(metrics);
		metrics = metrics_new(&build);
		metrics_count(metrics, METRIC_AFFECTED_FALLBACK, fallback_label(f), NULL, 1);
		buf_reset(&text);
		metrics_render(metrics, &text);
		tap_ok(strstr(text.data, series) != NULL, "and it is counted as %s",
		       fallback_label(f));
		free(series);
	}
	tap_int(fallback_by_name("new_ref"), FALLBACKS, "a label is no name");
	tap_int(fallback_by_name(NULL), FALLBACKS, "nor is nothing");
	metrics_free(metrics);
	buf_release(&text);
}

static void test_names(void)
{
	for (unsigned i = 0; i < TRIGGER_STATES; i++) {
		enum trigger_state s = (enum trigger_state)i;

		tap_int(trigger_state_by_name(trigger_state_name(s)), i, "%s is a state",
			trigger_state_name(s));
	}
	tap_int(trigger_state_by_name("LOST"), TRIGGER_STATES, "LOST is none");
}

/* What json says, compact; json is dropped. */
static void expect_json(json_t *json, const char *expected, const char *what)
{
	char *text = json_dumps(json, JSON_COMPACT);

	tap_str(text, expected, "%s", what);
	free(text);
	json_decref(json);
}

static void test_values(void)
{
	expect_json(json_pack("[o, o]", record_json_time(1500), record_json_time(0)),
		    "[\"1970-01-01T00:00:01.500Z\",null]", "times");
	expect_json(json_pack("[o, o, o]", text_to_json("\xc3\xa4"),
			      text_to_json("a\xff" "b"), text_to_json(NULL)),
		    "[\"\xc3\xa4\",\"a�b\",null]", "texts");
	expect_json(record_json_replay(7, 5),
		    "{\"schema\":\"replay/v1\",\"delivery\":7,\"replay_of\":5}", "a repeat");
}

static void test_history(void)
{
	struct record_delivery *d = sample_delivery(1, 0);
	struct record_attempt attempt = {
		.number = 1, .at_ms = 1101, .code = 200, .state = xstrdup("SENT"),
		.reason = xstrdup("HTTP 200"),
	};
	struct record_trigger item = {
		.trigger = sample_trigger(4, "argocd/web"), .attempts = &attempt,
		.attempt_count = 1,
	};
	struct record_history history = {
		.delivery = *d, .triggers = { .items = &item, .count = 1 },
	};

	history.delivery.pushes[0].id = 4;
	item.trigger->state = TRIGGER_SENT;
	item.trigger->next_ms = 5000;
	json_t *json = record_json_history(&history);
	const json_t *delivery = json_object_get(json, "delivery");
	const json_t *push = json_array_get(json_object_get(delivery, "pushes"), 0);
	json_t *trigger = json_array_get(json_object_get(push, "triggers"), 0);

	expect_json(json_deep_copy(json_object_get(trigger, "reasons")), item.trigger->reasons,
		    "reasons are shown as they were recorded");
	expect_json(json_deep_copy(json_object_get(trigger, "attempts")),
		    "[{\"number\":1,\"at\":\"1970-01-01T00:00:01.101Z\",\"after_ms\":100,"
		    "\"state\":\"SENT\",\"code\":200,\"reason\":\"HTTP 200\",\"output\":null}]",
		    "so are tries, counted from when the delivery came");
	tap_ok(json_is_null(json_object_get(trigger, "next")), "what is over has no next try");
	tap_int(json_object_size(push), 13, "a push has all its members");
	tap_int(json_object_size(trigger), 17, "so has a trigger");
	tap_ok(trigger_waits_for(item.trigger, 0) == NULL, "and waits for nothing");
	item.trigger->state = TRIGGER_WAITING;
	tap_ok(strstr(trigger_waits_for(item.trigger, 0), "next try") != NULL, "one that failed waits for a try");
	item.trigger->state = TRIGGER_PENDING;
	tap_ok(strstr(trigger_waits_for(item.trigger, 4999), "newer pushes") != NULL,
	       "a new one waits for newer pushes");
	tap_ok(strstr(trigger_waits_for(item.trigger, 5000), "its target is") != NULL,
	       "then for its target");
	tap_int(json_object_size(delivery), 11, "and a delivery");
	json_decref(json);
	trigger_free(item.trigger);
	free(attempt.state);
	free(attempt.reason);
	sample_delivery_free(d);
}

/* A decided push is repeated over its range, one that waits as a new one. */
static void test_repeat(void)
{
	static const char hex[] = "1111111111111111111111111111111111111111";
	struct record_delivery *old = sample_delivery(1, 3);
	struct record_delivery fresh;

	tap_ok(old->push_count > 0, "there is a push to repeat");
	old->id = 12;
	old->pushes[0].id = 7;
	old->pushes[0].base = (struct oid){ .len = 0 };
	old->pushes[0].tip = (struct oid){ .len = 0 };
	record_delivery_repeat(old, 99, &fresh);
	tap_str(fresh.event, "replay of 12", "a replay says of what");
	tap_ok(fresh.id == 0 && fresh.sender_id == NULL && fresh.body == NULL &&
		       fresh.received_ms == 99, "it is a delivery of its own");
	tap_str(fresh.source, old->source, "of the same source");
	tap_int(fresh.push_count, old->push_count, "with as many pushes");
	tap_str(fresh.pushes[0].ref, old->pushes[0].ref, "to the same ref");
	tap_int(fresh.pushes[0].replay_of, 0, "one that was not decided has no range");
	record_delivery_release(&fresh);

	tap_ok(oid_from_hex(hex, strlen(hex), &old->pushes[0].base) == 0 &&
		       oid_from_hex(hex, strlen(hex), &old->pushes[0].tip) == 0, "decided");
	record_delivery_repeat(old, 99, &fresh);
	const struct record_push *p = &fresh.pushes[0];

	tap_ok(p->replay_of == 7 && oid_equal(&p->base, &old->pushes[0].base) &&
		       oid_equal(&p->tip, &old->pushes[0].tip), "it keeps its range");
	tap_ok(p->id == 0 && p->state == PUSH_ACCEPTED && p->reason == NULL &&
		       p->changed_paths == -1 && p->accepted_ms == 99, "and is decided anew");
	record_delivery_release(&fresh);
	sample_delivery_free(old);
}

int main(void)
{
	test_fallbacks();
	test_names();
	test_values();
	test_history();
	test_repeat();
	return tap_done();
}
