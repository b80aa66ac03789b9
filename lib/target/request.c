/*
 * What targets share: names taken apart, text made safe to send and safe to
 * show, a trigger described.
 *
 * What a target answers is from outside as much as a delivery is: its text
 * ends up in logs, terminals and a web page, and its JSON may be built to
 * cost us memory (jansson needs 60 bytes for the two of "{}").
 */
#include "target/target_impl.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kubernetes_name.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "manifest/app_id.h"

static void copy_part(char *out, size_t max, const char *part)
{
	(void)snprintf(out, max, "%s", part != NULL ? part : "");
}

int target_split(const char *application, struct target_application *ret, struct error *err)
{
	char room[APP_ID_ROOM];
	struct app_id id;

	if (app_id_parse(application, room, &id, err) < 0) {
		return -1;
	}
	ret->kind = id.kind;
	copy_part(ret->name, sizeof(ret->name), id.name);
	copy_part(ret->space, sizeof(ret->space), id.namespace);
	copy_part(ret->cluster, sizeof(ret->cluster), id.cluster);
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

void target_clean(const char *text, size_t len, char *out, size_t max)
{
	const char *s = text;
	size_t used = 0;
	size_t i = 0;

	while (i < len) {
		size_t n = utf8_length(s + i, len - i);
		if (used + (n > 0 ? n : 1) + sizeof("...") > max) {
			break;
		}
		if (n == 1 && is_space(s[i])) {
			if (used > 0 && out[used - 1] != ' ') {
				out[used++] = ' ';
			}
		} else if (n == 0 || utf8_is_control(s + i, n)) {
			out[used++] = '?';
		} else {
			memcpy(out + used, s + i, n);
			used += n;
		}
		i += n > 0 ? n : 1;
	}
	if (used > 0 && out[used - 1] == ' ') {
		used--;
	}
	if (i < len && max >= sizeof("...")) {
		memcpy(out + used, "...", 3);
		used += 3;
	}
	out[used] = '\0';
}

/* True if the text has so few parts that a tree of it is no burden. */
static bool is_modest(const char *text, size_t len)
{
	bool in_string = false;
	size_t parts = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (in_string && c == '\\') {
			i++;
			continue;
		}
		if (c == '"') {
			in_string = !in_string;
		}
		if (!in_string && (c == '{' || c == '[' || c == ',' || c == ':')) {
			parts++;
		}
	}
	return parts <= LIMIT_JSON_NODES;
}

json_t *target_parse(const char *text, size_t len)
{
	if (text == NULL || len == 0 || len > LIMIT_RESPONSE_BYTES || !is_modest(text, len)) {
		return NULL;
	}
	json_t *json = json_loadb(text, len, 0, NULL);
	if (json != NULL && !json_is_object(json)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

void target_keep_output(struct outcome *outcome, const struct call_result *answer)
{
	const char *s = answer->output;
	size_t len = answer->output_len;
	struct buf kept;

	if (s == NULL || len == 0) {
		return;
	}
	buf_init(&kept, LIMIT_OUTPUT_KEPT);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(s + i, len - i);
		bool shown = n > 0 && (!utf8_is_control(s + i, n) || s[i] == '\n' || s[i] == '\t');
		if ((shown ? buf_add(&kept, s + i, n) : buf_addch(&kept, '?')) < 0) {
			break;
		}
		i += n > 0 ? n : 1;
	}
	free(outcome->output);
	outcome->output = buf_detach(&kept);
}

json_t *target_describe(const struct trigger *trigger, const struct target_application *app)
{
	char before[OID_HEX_MAX + 1];
	char after[OID_HEX_MAX + 1];
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "kind", app_kind_name(app->kind) },
		{ "application", app->name },
		{ "namespace", app->space },
		{ "cluster", app->cluster },
		{ "project", trigger->project },
		{ "repository", trigger->repository },
		{ "ref", trigger->ref },
		{ "before", oid_to_hex(&trigger->before, before) },
		{ "after", oid_to_hex(&trigger->after, after) },
	};
	json_t *reasons = trigger->reasons == NULL ? NULL : json_loads(trigger->reasons, 0, NULL);
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *value = texts[i].value == NULL ? "" : texts[i].value;
		(void)json_object_set_new(object, texts[i].name, text_to_json(value));
	}
	(void)json_object_set_new(object, "push", json_integer(trigger->push));
	(void)json_object_set_new(object, "attempt", json_integer(trigger->attempts));
	(void)json_object_set_new(object, "automated", json_boolean(trigger->automated));
	(void)json_object_set_new(object, "hard", json_boolean(trigger->hard));
	if (!json_is_array(reasons)) {
		json_decref(reasons);
		reasons = json_array();
	}
	(void)json_object_set_new(object, "reasons", reasons);
	return object;
}
