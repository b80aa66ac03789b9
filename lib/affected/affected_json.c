/*
 * Reasons as JSON.  Paths in a repository are bytes, JSON strings are UTF-8:
 * what does not fit is replaced, never dropped.
 */
#include "affected/affected_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

json_t *affected_text_to_json(const char *text)
{
	json_t *value = json_string(text);
	struct buf clean;

	if (value != NULL) {
		return value;
	}
	buf_init(&clean, 3 * strlen(text) + 1);
	while (*text != '\0') {
		size_t len = utf8_length_of(text);

		if (len > 0) {
			(void)buf_add(&clean, text, len);
			text += len;
		} else {
			(void)buf_addstr(&clean, "\xef\xbf\xbd");
			text++;
		}
	}
	value = json_string(clean.data);
	buf_release(&clean);
	return value;
}

static json_t *via_to_json(const struct strvec *via)
{
	json_t *array = json_array();

	for (size_t i = 0; i < via->count; i++) {
		json_array_append_new(array, affected_text_to_json(via->items[i]));
	}
	return array;
}

json_t *affected_reasons_to_json(const struct affected_application *item)
{
	json_t *array = json_array();

	for (size_t i = 0; i < item->reason_count; i++) {
		const struct affected_reason *r = &item->reasons[i];
		json_t *reason = json_object();

		json_object_set_new(reason, "path", affected_text_to_json(r->path));
		json_object_set_new(reason, "change", json_string(change_kind_name(r->change)));
		json_object_set_new(reason, "probe", json_string(probe_kind_name(r->probe)));
		json_object_set_new(reason, "via", via_to_json(&r->via));
		json_array_append_new(array, reason);
	}
	return array;
}
