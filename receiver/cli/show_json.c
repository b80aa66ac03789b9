/*
 * The decision record as JSON, schema "delivery/v1".
 *
 * Every "after_ms" counts from the moment the delivery was received; null
 * where it has not happened.
 */
#include "receiver/cli/show.h"

#include <jansson.h>

#include "receiver/cli/record.h"

static json_t *hex(const struct oid *id)
{
	char text[OID_HEX_MAX + 1];

	return id->len > 0 ? json_string(oid_to_hex(id, text)) : json_null();
}

static json_t *after(const struct journal_delivery *d, int64_t wall)
{
	return wall != 0 ? json_integer(wall - d->received_ms) : json_null();
}

static json_t *attempts_json(const struct journal_delivery *d, const struct journal_trigger *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->attempt_count; i++) {
		const struct journal_attempt *a = &t->attempts[i];

		(void)json_array_append_new(
			list, json_pack("{s:i, s:o, s:o, s:o, s:i, s:o, s:o}", "number",
					(int)a->number, "at", record_time(a->at_ms), "after_ms",
					after(d, a->at_ms), "state", record_string(a->state),
					"code", a->code, "reason", record_string(a->reason),
					"output", record_string(a->output)));
	}
	return list;
}

static json_t *trigger_json(const struct journal_delivery *d, const struct journal_trigger *item)
{
	const struct trigger *t = item->trigger;
	json_t *reasons = t->reasons != NULL ? json_loads(t->reasons, 0, NULL) : NULL;

	return json_pack("{s:I, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:b, s:i, s:o, s:o, s:o,"
			 " s:o, s:o}",
			 "id", (json_int_t)t->id, "application", record_string(t->application),
			 "project", record_string(t->project), "target", record_string(t->target),
			 "state", trigger_state_name(t->state), "before", hex(&t->before), "after",
			 hex(&t->after), "reasons", reasons != NULL ? reasons : json_array(),
			 "automated", (int)t->automated, "hard", (int)t->hard, "attempts_begun",
			 (int)t->attempts,
			 "attempts", attempts_json(d, item), "next", record_time(t->next_ms),
			 "finished", record_time(t->finished_ms), "after_ms",
			 after(d, t->finished_ms), "superseded_by_push",
			 item->superseded_by != 0 ? json_integer(item->superseded_by)
						  : json_null());
}

static json_t *triggers_json(const struct show_record *record, int64_t push)
{
	json_t *list = json_array();

	for (size_t i = 0; i < record->triggers.count; i++) {
		if (record->triggers.items[i].trigger->push == push) {
			(void)json_array_append_new(list, trigger_json(&record->delivery,
								       &record->triggers.items[i]));
		}
	}
	return list;
}

static json_t *push_json(const struct show_record *record, const struct journal_push *p)
{
	const struct journal_delivery *d = &record->delivery;
	json_t *decision = json_pack(
		"{s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "base", hex(&p->base), "tip", hex(&p->tip),
		"after_ms", after(d, p->decided_ms), "changed_paths",
		p->changed_paths >= 0 ? json_integer(p->changed_paths) : json_null(), "affected",
		(json_int_t)p->affected, "tracked", (json_int_t)p->tracked, "applications",
		(json_int_t)p->applications);

	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:i, s:o, s:o, s:o, s:o}", "id",
			 (json_int_t)p->id, "repository", record_string(p->repository), "ref",
			 record_string(p->ref), "before", hex(&p->before), "after", hex(&p->after),
			 "default_branch", record_string(p->default_branch), "state",
			 push_state_name(p->state), "reason", record_string(p->reason), "attempts",
			 (int)p->attempts, "next", record_time(p->next_ms), "replay_of",
			 p->replay_of != 0 ? json_integer(p->replay_of) : json_null(), "decision",
			 decision, "triggers", triggers_json(record, p->id));
}

void show_print_json(const struct show_record *record)
{
	const struct journal_delivery *d = &record->delivery;
	json_t *pushes = json_array();

	for (size_t i = 0; i < d->push_count; i++) {
		(void)json_array_append_new(pushes, push_json(record, &d->pushes[i]));
	}
	record_print(json_pack("{s:s, s:{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}}",
			       "schema", "delivery/v1", "delivery", "id", (json_int_t)d->id,
			       "source", record_string(d->source), "provider",
			       record_string(d->provider), "sender_id", record_string(d->sender_id),
			       "event", record_string(d->event), "pusher", record_string(d->pusher),
			       "received", record_time(d->received_ms), "ignored",
			       record_string(d->ignored), "body_size", (json_int_t)d->body_size,
			       "body_sha256", record_string(d->body_sha256), "pushes", pushes));
}
