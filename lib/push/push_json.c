/*
 * Content to JSON and back.
 *
 * The reader trusts nothing: types, lengths and forms are checked by hand,
 * member by member, because each refusal should say which member it was.
 */
#include "push/push_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define URL_MAX 2048
#define TEXT_MAX 1024

static void set_text(json_t *json, const char *key, const char *text)
{
	if (text != NULL) {
		(void)json_object_set_new(json, key, json_string(text));
	}
}

static json_t *write_refs(const struct delivery_content *c)
{
	json_t *refs = json_array();

	for (size_t i = 0; i < c->count; i++) {
		const struct push *push = &c->pushes[i];
		char before[OID_HEX_MAX + 1];
		char after[OID_HEX_MAX + 1];
		json_t *ref = json_object();

		set_text(ref, "ref", push->ref);
		set_text(ref, "before", oid_to_hex(&push->before, before));
		set_text(ref, "after", oid_to_hex(&push->after, after));
		(void)json_array_append_new(refs, ref);
	}
	return refs;
}

json_t *push_json_write(const struct delivery_content *c)
{
	json_t *json = json_object();

	set_text(json, "event", c->event);
	if (c->urls.count > 0) {
		json_t *urls = json_array();

		for (size_t i = 1; i < c->urls.count; i++) {
			(void)json_array_append_new(urls, json_string(c->urls.items[i]));
		}
		set_text(json, "repository", c->urls.items[0]);
		(void)json_object_set_new(json, "urls", urls);
	}
	set_text(json, "default_branch", c->default_branch);
	set_text(json, "pusher", c->pusher);
	(void)json_object_set_new(json, "refs", write_refs(c));
	set_text(json, "ignored", c->ignored);
	return json;
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return false;
		}
	}
	return true;
}

bool push_add_url(struct delivery_content *c, const char *url)
{
	if (url == NULL || url[0] == '\0' || strnlen(url, URL_MAX + 1) > URL_MAX ||
	    !is_plain(url) || c->urls.count >= LIMIT_URLS) {
		return false;
	}
	return strvec_push_unique(&c->urls, url);
}

/* An id in hexadecimal; absent is "not said", and so is "" where that may be. */
static int read_id(const json_t *update, const char *key, bool may_be_empty,
		   struct oid *ret_id)
{
	const json_t *value = json_object_get(update, key);

	*ret_id = (struct oid){ .len = 0 };
	if (value == NULL) {
		return 0;
	}
	if (!json_is_string(value)) {
		return -1;
	}
	if (may_be_empty && json_string_length(value) == 0) {
		return 0;
	}
	return oid_from_hex(json_string_value(value), json_string_length(value), ret_id);
}

int push_json_add(struct delivery_content *c, const json_t *update, struct error *err)
{
	const char *ref = json_string_value(json_object_get(update, "ref"));
	struct oid before;
	struct oid after;

	if (ref == NULL) {
		return error_set(err, -1, "an update has no \"ref\"");
	}
	if (read_id(update, "before", true, &before) < 0) {
		return error_set(err, -1, "\"before\" of %.200s is not an object id", ref);
	}
	if (read_id(update, "after", false, &after) < 0) {
		return error_set(err, -1, "\"after\" of %.200s is not an object id", ref);
	}
	if (c->count >= LIMIT_REFS) {
		return error_set(err, -1, "more than %d refs", LIMIT_REFS);
	}
	if (delivery_content_add(c, ref, &before, &after) < 0) {
		return error_set(err, -1, "\"%.200s\" is not an update of a full ref name", ref);
	}
	return 0;
}

static int read_text(const json_t *json, const char *key, char **text, struct error *err)
{
	const json_t *value = json_object_get(json, key);

	if (value == NULL || json_is_null(value)) {
		return 0;
	}
	if (!json_is_string(value) || json_string_length(value) > TEXT_MAX) {
		return error_set(err, -1, "\"%s\" is not a short string", key);
	}
	free(*text);
	*text = xstrdup(json_string_value(value));
	return 0;
}

static int read_url(struct delivery_content *c, const json_t *value, struct error *err)
{
	const char *url = json_string_value(value);

	if (c->urls.count >= LIMIT_URLS) {
		return error_set(err, -1, "more than %d addresses", LIMIT_URLS);
	}
	if (url == NULL || (!push_add_url(c, url) && !strvec_contains(&c->urls, url))) {
		return error_set(err, -1, "an address is not a plain string");
	}
	return 0;
}

static int read_urls(struct delivery_content *c, const json_t *json, struct error *err)
{
	const json_t *repository = json_object_get(json, "repository");
	const json_t *urls = json_object_get(json, "urls");

	if (repository != NULL && read_url(c, repository, err) < 0) {
		return -1;
	}
	if (urls != NULL && !json_is_array(urls)) {
		return error_set(err, -1, "\"urls\" is not a list");
	}
	for (size_t i = 0; i < json_array_size(urls); i++) {
		if (read_url(c, json_array_get(urls, i), err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int read_refs(struct delivery_content *c, const json_t *json, struct error *err)
{
	const json_t *refs = json_object_get(json, "refs");

	if (!json_is_array(refs)) {
		return error_set(err, -1, "\"refs\" is not a list");
	}
	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (push_json_add(c, json_array_get(refs, i), err) < 0) {
			return -1;
		}
	}
	return 0;
}

int push_json_read(const json_t *json, struct delivery_content *ret_content, struct error *err)
{
	struct delivery_content c;
	int r = -1;

	delivery_content_init(&c);
	if (!json_is_object(json)) {
		r = error_set(err, -1, "not an object");
		goto out;
	}
	if (read_text(json, "event", &c.event, err) < 0 ||
	    read_text(json, "default_branch", &c.default_branch, err) < 0 ||
	    read_text(json, "pusher", &c.pusher, err) < 0 ||
	    read_text(json, "ignored", &c.ignored, err) < 0 || read_urls(&c, json, err) < 0 ||
	    read_refs(&c, json, err) < 0) {
		goto out;
	}
	*ret_content = c;
	c = (struct delivery_content){ .event = NULL };
	r = 0;
out:
	delivery_content_release(&c);
	return r;
}
