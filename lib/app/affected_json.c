/*
 * Reasons as JSON.  Paths in a repository are bytes, JSON strings are UTF-8:
 * what does not fit is replaced, never dropped.
 */
#include "app/affected_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

/* Length of the valid UTF-8 sequence at text, or 0. */
static size_t sequence_length(const unsigned char *text)
{
	static const struct {
		unsigned char low, high, second_low, second_high;
		size_t len;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].low || text[0] > forms[i].high) {
			continue;
		}
		if (forms[i].len > 1 &&
		    (text[1] < forms[i].second_low || text[1] > forms[i].second_high)) {
			continue;
		}
		size_t n = 2;
		while (n < forms[i].len && (text[n] & 0xc0) == 0x80) {
			n++;
		}
		return forms[i].len == 1 ? 1 : (n == forms[i].len ? n : 0);
	}
	return 0;
}

json_t *affected_text_to_json(const char *text)
{
	json_t *value = json_string(text);
	struct buf clean;

	if (value != NULL) {
		return value;
	}
	buf_init(&clean, 3 * strlen(text) + 1);
	while (*text != '\0') {
		size_t len = sequence_length((const unsigned char *)text);

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
