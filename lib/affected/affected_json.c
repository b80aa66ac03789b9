/*
 * Reasons as JSON.
 */
#include "affected/affected_json.h"

#include "base/text.h"

static json_t *via_to_json(const struct strvec *via)
{
	json_t *array = json_array();

	for (size_t i = 0; i < via->count; i++) {
		json_array_append_new(array, text_to_json(via->items[i]));
	}
	return array;
}

json_t *affected_reasons_to_json(const struct affected_application *item)
{
	json_t *array = json_array();

	for (size_t i = 0; i < item->reason_count; i++) {
		const struct affected_reason *r = &item->reasons[i];
		json_t *reason = json_object();

		json_object_set_new(reason, "path", text_to_json(r->path));
		json_object_set_new(reason, "change", json_string(change_kind_name(r->change)));
		json_object_set_new(reason, "probe", json_string(probe_kind_name(r->probe)));
		json_object_set_new(reason, "via", via_to_json(&r->via));
		json_array_append_new(array, reason);
	}
	return array;
}
