/*
 * Pushes as GitHub writes them.
 *
 * Of the payload only "ref", "before", "after" and the repository's addresses
 * count; the lists of commits and files are never read, because they are cut
 * by the sender and wrong after a force push.  Addresses that name another
 * place ("mirror_url", "original_url", "website") are not this repository's.
 */
#include "provider/hub.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"
#include "push/push_json.h"

#define NAME_MAX_BYTES 255

const char *const hub_members[] = {
	"ref", "before", "after", "sha", "ref_type",
	"repository.clone_url", "repository.ssh_url", "repository.html_url", "repository.git_url",
	"repository.svn_url", "repository.url", "repository.default_branch",
	"pusher.name", "pusher.login", "pusher.username", NULL,
};

/* A copy of a short text, or NULL: what is optional is left out if it is odd. */
static char *short_text(const char *text)
{
	if (text == NULL || text[0] == '\0' || strlen(text) > NAME_MAX_BYTES) {
		return NULL;
	}
	return xstrdup(text);
}

int hub_read_repository(const json_t *json, struct delivery_content *content, struct error *err)
{
	static const char *const addresses[] = {
		"clone_url", "ssh_url", "html_url", "git_url", "svn_url", "url",
	};
	static const char *const names[] = { "name", "login", "username" };
	const json_t *repository = json_object_get(json, "repository");
	const json_t *pusher = json_object_get(json, "pusher");

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		(void)push_add_url(content, payload_string(repository, addresses[i]));
	}
	if (content->urls.count == 0) {
		return error_set(err, -1, "\"repository\" has no address");
	}
	content->default_branch = short_text(payload_string(repository, "default_branch"));
	for (size_t i = 0; content->pusher == NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		content->pusher = short_text(payload_string(pusher, names[i]));
	}
	return 0;
}

enum provider_result hub_parse_push(const struct provider_request *request, const char *event,
				    struct delivery_content *ret_content, struct error *err)
{
	struct delivery_content content;
	json_t *json = NULL;

	delivery_content_init(&content);
	enum provider_result r = payload_read(request, true, hub_members, &json, err);
	if (r != PROVIDER_OK) {
		goto out;
	}
	r = PROVIDER_MALFORMED;
	free(content.event);
	content.event = provider_event(event);
	if (hub_read_repository(json, &content, err) < 0 ||
	    push_json_add(&content, json, err) < 0) {
		goto out;
	}
	*ret_content = content;
	content = (struct delivery_content){ .event = NULL };
	r = PROVIDER_OK;
out:
	json_decref(json);
	delivery_content_release(&content);
	return r;
}

static void set(json_t *json, const char *key, json_t *value)
{
	(void)json_object_set_new(json, key, value);
}

static json_t *compose_repository(const struct delivery_content *content, int64_t now_ms)
{
	static const char *const addresses[] = { "clone_url", "ssh_url", "html_url", "git_url",
						 "url" };
	json_t *repository = json_object();

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		size_t from = i < content->urls.count ? i : 0;

		set(repository, addresses[i], json_string(content->urls.items[from]));
	}
	set(repository, "full_name", json_string(content->urls.items[0]));
	/* GitHub says it too: no two pushes have the same body. */
	set(repository, "pushed_at", json_integer(now_ms / 1000));
	if (content->default_branch != NULL) {
		set(repository, "default_branch", json_string(content->default_branch));
	}
	return repository;
}

static int hub_compose(const struct delivery_content *content, int64_t now_ms, struct buf *body,
		       struct error *err)
{
	char before[OID_HEX_MAX + 1];
	char after[OID_HEX_MAX + 1];

	if (content->count != 1) {
		return error_set(err, -1, "this sender says one ref update at a time");
	}
	const struct push *push = &content->pushes[0];
	json_t *json = json_object();
	set(json, "ref", json_string(push->ref));
	set(json, "before", json_string(oid_to_hex(&push->before, before)));
	set(json, "after", json_string(oid_to_hex(&push->after, after)));
	set(json, "created", json_boolean(oid_is_zero(&push->before)));
	set(json, "deleted", json_boolean(oid_is_zero(&push->after)));
	set(json, "forced", json_false());
	set(json, "commits", json_array());
	set(json, "head_commit", json_null());
	set(json, "repository", compose_repository(content, now_ms));
	set(json, "pusher",
	    json_pack("{s:s}", "name", content->pusher != NULL ? content->pusher : "doorbell"));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL) {
		return error_set(err, -1, "not UTF-8");
	}
	(void)buf_addstr(body, text);
	free(text);
	return 0;
}

int hub_compose_body(const struct delivery_content *content,
		     const struct provider_compose_options *options, struct strvec *headers,
		     struct buf *json, struct buf *body, struct error *err)
{
	if (hub_compose(content, options->now_ms, json, err) < 0) {
		return -1;
	}
	if (options->form) {
		strvec_push(headers, "Content-Type: application/x-www-form-urlencoded");
		payload_form_encode(json->data, json->len, body);
		return 0;
	}
	strvec_push(headers, "Content-Type: application/json");
	(void)buf_add(body, json->data, json->len);
	return 0;
}
