/*
 * Records as JSON: one function for each record, each key once.
 */
#include "record/record_json.h"

#include <stdlib.h>

#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"

json_t *record_json_time(int64_t wall)
{
	char text[32];

	return wall != 0 ? json_string(mstime_format(wall, text)) : json_null();
}

static json_t *hex(const struct oid *id)
{
	char text[OID_HEX_MAX + 1];

	return id->len > 0 ? json_string(oid_to_hex(id, text)) : json_null();
}

static json_t *id_or_null(int64_t id)
{
	return id != 0 ? json_integer(id) : json_null();
}

static json_t *summary_json(const struct record_summary *s)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
			 " s:o, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o}",
			 "id", (json_int_t)s->id, "status", record_status_name(s->status),
			 "received", record_json_time(s->received_ms),
			 "source", text_to_json(s->source),
			 "provider", text_to_json(s->provider),
			 "event", text_to_json(s->event),
			 "pusher", text_to_json(s->pusher),
			 "ignored", text_to_json(s->ignored),
			 "repository", text_to_json(s->repository),
			 "ref", text_to_json(s->ref),
			 "before", hex(&s->before), "after", hex(&s->after),
			 "reason", text_to_json(s->reason),
			 "pushes", (json_int_t)s->pushes, "affected", (json_int_t)s->affected,
			 "applications", (json_int_t)s->applications, "triggers",
			 "all", (json_int_t)s->triggers, "sent", (json_int_t)s->triggers_sent,
			 "open", (json_int_t)s->triggers_open,
			 "failed", (json_int_t)s->triggers_failed,
			 "finished", record_json_time(s->finished_ms));
}

json_t *record_json_list(const struct record_list *list)
{
	json_t *items = json_array();

	for (size_t i = 0; i < list->count; i++) {
		(void)json_array_append_new(items, summary_json(&list->items[i]));
	}
	return json_pack("{s:s, s:o}", "schema", "deliveries/v1", "deliveries", items);
}

static json_t *after(const struct record_delivery *d, int64_t wall)
{
	return wall != 0 ? json_integer(wall - d->received_ms) : json_null();
}

static json_t *attempts_json(const struct record_delivery *d, const struct record_trigger *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->attempt_count; i++) {
		const struct record_attempt *a = &t->attempts[i];

		(void)json_array_append_new(
			list, json_pack("{s:i, s:o, s:o, s:o, s:i, s:o, s:o}",
					"number", (int)a->number,
					"at", record_json_time(a->at_ms),
					"after_ms", after(d, a->at_ms),
					"state", text_to_json(a->state),
					"code", a->code,
					"reason", text_to_json(a->reason),
					"output", text_to_json(a->output)));
	}
	return list;
}

static json_t *trigger_json(const struct record_delivery *d, const struct record_trigger *item)
{
	const struct trigger *t = item->trigger;
	json_t *reasons = t->reasons != NULL ? json_loads(t->reasons, 0, NULL) : NULL;

	return json_pack("{s:I, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:b, s:i, s:o, s:o, s:o,"
			 " s:o, s:o, s:o}",
			 "id", (json_int_t)t->id,
			 "application", text_to_json(t->application),
			 "project", text_to_json(t->project),
			 "target", text_to_json(t->target),
			 "state", trigger_state_name(t->state),
			 "before", hex(&t->before), "after", hex(&t->after),
			 "reasons", reasons != NULL ? reasons : json_array(),
			 "automated", (int)t->automated, "hard", (int)t->hard,
			 "attempts_begun", (int)t->attempts, "attempts", attempts_json(d, item),
			 "next", record_json_time(trigger_is_over(t) ? 0 : t->next_ms),
			 "waits_for", text_to_json(trigger_waits_for(t, mstime_wall())),
			 "finished", record_json_time(t->finished_ms),
			 "after_ms", after(d, t->finished_ms),
			 "superseded_by_push", id_or_null(item->superseded_by));
}

static json_t *triggers_json(const struct record_history *history, int64_t push)
{
	json_t *list = json_array();

	for (size_t i = 0; i < history->triggers.count; i++) {
		if (history->triggers.items[i].trigger->push == push) {
			(void)json_array_append_new(
				list, trigger_json(&history->delivery,
						   &history->triggers.items[i]));
		}
	}
	return list;
}

static json_t *push_json(const struct record_history *history, const struct record_push *p)
{
	const struct record_delivery *d = &history->delivery;
	json_t *found = p->found != NULL ? json_loads(p->found, 0, NULL) : NULL;
	const json_t *paths = json_object_get(found, "paths");
	const json_t *same = json_object_get(found, "same");
	json_t *decision = json_pack(
		"{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "base", hex(&p->base), "tip",
		hex(&p->tip), "after_ms", after(d, p->decided_ms), "changed_paths",
		p->changed_paths >= 0 ? json_integer(p->changed_paths) : json_null(),
		"affected", (json_int_t)p->affected, "tracked", (json_int_t)p->tracked,
		"applications", (json_int_t)p->applications, "paths",
		paths != NULL ? json_incref((json_t *)(uintptr_t)paths) : json_array(), "same",
		same != NULL ? json_incref((json_t *)(uintptr_t)same) : json_array());

	json_decref(found);
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:i, s:o, s:o, s:o, s:o}",
			 "id", (json_int_t)p->id,
			 "repository", text_to_json(p->repository),
			 "ref", text_to_json(p->ref),
			 "before", hex(&p->before), "after", hex(&p->after),
			 "default_branch", text_to_json(p->default_branch),
			 "state", push_state_name(p->state),
			 "reason", text_to_json(p->reason),
			 "attempts", (int)p->attempts, "next",
			 record_json_time(push_is_final(p->state) ? 0 : p->next_ms),
			 "replay_of", id_or_null(p->replay_of),
			 "decision", decision,
			 "triggers", triggers_json(history, p->id));
}

json_t *record_json_history(const struct record_history *history)
{
	const struct record_delivery *d = &history->delivery;
	json_t *pushes = json_array();

	for (size_t i = 0; i < d->push_count; i++) {
		(void)json_array_append_new(pushes, push_json(history, &d->pushes[i]));
	}
	return json_pack("{s:s, s:{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}}",
			 "schema", "delivery/v1", "delivery",
			 "id", (json_int_t)d->id,
			 "source", text_to_json(d->source),
			 "provider", text_to_json(d->provider),
			 "sender_id", text_to_json(d->sender_id),
			 "event", text_to_json(d->event),
			 "pusher", text_to_json(d->pusher),
			 "received", record_json_time(d->received_ms),
			 "ignored", text_to_json(d->ignored),
			 "body_size", (json_int_t)d->body_size,
			 "body_sha256", text_to_json(d->body_sha256),
			 "pushes", pushes);
}

json_t *record_json_replay(int64_t repeat, int64_t old)
{
	return json_pack("{s:s, s:I, s:I}", "schema", "replay/v1", "delivery", (json_int_t)repeat,
			 "replay_of", (json_int_t)old);
}
