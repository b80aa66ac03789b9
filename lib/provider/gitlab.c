/*
 * GitLab: project webhooks and system hooks.
 *
 * Proof, one of two or, while a webhook moves from one to the other, both:
 *
 * - Secret token: "X-Gitlab-Token" is the token itself.
 * - Signing token (GitLab 19.0, Standard Webhooks 1.0.0): "webhook-signature"
 *   is a space-separated list of "v1," and the base64 of the HMAC-SHA256 of
 *   "{webhook-id}.{webhook-timestamp}.{body}" under the base64-decoded token
 *   without "whsec_".  The specification: "the timestamp ... should be
 *   verified to be within an allowable tolerance".
 *
 * With a signing token configured an unsigned request needs the secret token
 * to be configured too, and a signature that is present and wrong never falls
 * back to it.  GitLab sends webhook-id and webhook-timestamp always: only
 * webhook-signature means "signed".
 *
 * Content: "Push Hook" and "Tag Push Hook" hold one ref.  A push of more refs
 * than push_event_hooks_limit (3) sends none of them; the system hook's
 * "repository_update" is sent once a push with all "changes".  What an event
 * is stands in the body ("object_kind", or "event_name" in system hooks): the
 * header is not signed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"
#include "push/push_json.h"

#define TOKEN "X-Gitlab-Token"
#define ID "webhook-id"
#define TIMESTAMP "webhook-timestamp"
#define SIGNATURE "webhook-signature"
#define SIGNATURES_MAX 16
#define NAME_MAX_BYTES 255

static enum provider_result refuse(struct error *err, const char *why)
{
	error_set(err, 0, "%s", why);
	return PROVIDER_UNAUTHORIZED;
}

/* What a signed request carries, borrowed from it. */
struct signed_headers {
	const char *id;
	const char *timestamp;
	const char *signatures;
};

static enum provider_result read_signed(const struct provider_request *request,
					struct signed_headers *ret, struct error *err)
{
	const struct {
		const char *name;
		const char **value;
	} wanted[] = {
		{ ID, &ret->id },
		{ TIMESTAMP, &ret->timestamp },
		{ SIGNATURE, &ret->signatures },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (provider_header_single(request, wanted[i].name, wanted[i].value) !=
		    PROVIDER_SINGLE_ONE) {
			error_set(err, 0, "%s is missing or repeated", wanted[i].name);
			return PROVIDER_UNAUTHORIZED;
		}
	}
	/* A "." in the id would let it and the timestamp be cut differently. */
	if (ret->id[0] == '\0' || strchr(ret->id, '.') != NULL) {
		return refuse(err, ID " is empty or has a \".\"");
	}
	return PROVIDER_OK;
}

/* Is one entry of the list, len bytes, the digest under one of the keys? */
static bool entry_matches(const char *entry, size_t len, const uint8_t *digests, size_t count)
{
	uint8_t theirs[HMAC_SHA256_BYTES];
	bool matched = false;

	if (len < 3 || memcmp(entry, "v1,", 3) != 0 ||
	    base64_decode(entry + 3, len - 3, theirs, sizeof(theirs)) != sizeof(theirs)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		matched |= hmac_equal(theirs, digests + i * sizeof(theirs), sizeof(theirs));
	}
	return matched;
}

static bool list_matches(const char *list, const uint8_t *digests, size_t count)
{
	bool matched = false;

	for (size_t seen = 0; *list != '\0' && seen < SIGNATURES_MAX; seen++) {
		size_t len = strcspn(list, " ");

		matched |= entry_matches(list, len, digests, count);
		list += len;
		list += strspn(list, " ");
	}
	return matched;
}

static int sign_standard(const char *token, const struct signed_headers *h, const char *body,
			 size_t body_len, uint8_t digest[HMAC_SHA256_BYTES])
{
	const struct hmac_part parts[] = {
		{ h->id, strlen(h->id) },
		{ ".", 1 },
		{ h->timestamp, strlen(h->timestamp) },
		{ ".", 1 },
		{ body, body_len },
	};
	uint8_t key[SIGNING_TOKEN_MAX];

	int len = provider_signing_key(token, key);
	int r = len < SIGNING_TOKEN_MIN ? -1
					: hmac_sha256(key, (size_t)len, parts,
						      sizeof(parts) / sizeof(parts[0]), digest);
	explicit_bzero(key, sizeof(key));
	return r;
}

static enum provider_result verify_signed(const struct provider_request *request,
					  const struct provider_secrets *secrets, struct error *err)
{
	const struct strvec *tokens = &secrets->signing_tokens;
	struct signed_headers h;

	enum provider_result r = read_signed(request, &h, err);
	if (r != PROVIDER_OK) {
		return r;
	}
	if (!provider_timestamp_is_fresh(h.timestamp, request->now_ms, secrets->tolerance_ms)) {
		return refuse(err, TIMESTAMP " is too far from now: a replay, or a wrong clock");
	}
	uint8_t *digests = xcalloc(tokens->count, HMAC_SHA256_BYTES);
	size_t count = 0;
	for (size_t i = 0; i < tokens->count; i++) {
		count += sign_standard(tokens->items[i], &h, request->body, request->body_len,
				       digests + count * HMAC_SHA256_BYTES) == 0;
	}
	bool matched = list_matches(h.signatures, digests, count);
	free(digests);
	return matched ? PROVIDER_OK : refuse(err, SIGNATURE " does not match");
}

static enum provider_result verify_token(const struct provider_request *request,
					 const struct provider_secrets *secrets, struct error *err)
{
	const char *token;
	bool matched = false;

	if (provider_header_single(request, TOKEN, &token) != PROVIDER_SINGLE_ONE) {
		return refuse(err, TOKEN " is missing or repeated");
	}
	for (size_t i = 0; i < secrets->secrets.count; i++) {
		const char *secret = secrets->secrets.items[i];

		if (secret[0] != '\0') {
			matched |= secret_equal(secret, strlen(secret), token, strlen(token));
		}
	}
	return matched ? PROVIDER_OK : refuse(err, TOKEN " is another one");
}

/* True if the request is to be judged by its signature. */
static bool must_be_signed(const struct provider_request *request,
			   const struct provider_secrets *secrets)
{
	if (secrets->signing_tokens.count == 0) {
		return false;
	}
	return secrets->secrets.count == 0 || provider_header_get(request, SIGNATURE) != NULL;
}

static enum provider_result check_headers(const struct provider *p,
					  const struct provider_request *request,
					  const struct provider_secrets *secrets)
{
	struct signed_headers h;
	const char *token;

	(void)p;
	if (must_be_signed(request, secrets)) {
		return read_signed(request, &h, NULL);
	}
	if (provider_header_single(request, TOKEN, &token) != PROVIDER_SINGLE_ONE ||
	    token[0] == '\0') {
		return PROVIDER_UNAUTHORIZED;
	}
	return PROVIDER_OK;
}

static enum provider_result verify(const struct provider *p, const struct provider_request *request,
				   const struct provider_secrets *secrets, struct error *err)
{
	(void)p;
	return must_be_signed(request, secrets) ? verify_signed(request, secrets, err)
						: verify_token(request, secrets, err);
}

static const char *const members[] = {
	"object_kind", "event_name", "ref",        "before",        "after",    "changes",
	"project",     "repository", "user_name",  "user_username", NULL,
};

static int read_project(const json_t *json, struct delivery_content *content, struct error *err)
{
	static const char *const addresses[] = {
		"git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url", "url", "homepage",
	};
	static const char *const parts[] = { "project", "repository" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const json_t *part = json_object_get(json, parts[i]);

		for (size_t j = 0; j < sizeof(addresses) / sizeof(addresses[0]); j++) {
			(void)push_add_url(content, payload_string(part, addresses[j]));
		}
	}
	if (content->urls.count == 0) {
		return error_set(err, -1, "\"project\" has no address");
	}
	const char *branch = payload_string(json_object_get(json, "project"), "default_branch");
	if (branch != NULL && branch[0] != '\0' && strlen(branch) <= NAME_MAX_BYTES) {
		content->default_branch = xstrdup(branch);
	}
	const char *user = payload_string(json, "user_username");
	if (user == NULL) {
		user = payload_string(json, "user_name");
	}
	if (user != NULL && user[0] != '\0' && strlen(user) <= NAME_MAX_BYTES) {
		content->pusher = xstrdup(user);
	}
	return 0;
}

static int read_changes(const json_t *json, struct delivery_content *content, struct error *err)
{
	const json_t *changes = json_object_get(json, "changes");

	if (!json_is_array(changes)) {
		return error_set(err, -1, "\"changes\" is not a list");
	}
	for (size_t i = 0; i < json_array_size(changes); i++) {
		if (push_json_add(content, json_array_get(changes, i), err) < 0) {
			return -1;
		}
	}
	if (content->count == 0) {
		content->ignored = xstrdup("the event names no ref");
	}
	return 0;
}

static enum provider_result read_event(const json_t *json, struct delivery_content *content,
				       struct error *err)
{
	const char *kind = payload_string(json, "object_kind");
	int r;

	if (kind == NULL) {
		kind = payload_string(json, "event_name");
	}
	if (kind == NULL) {
		error_set(err, 0, "no \"object_kind\" and no \"event_name\": a custom webhook "
				  "template? doorbell needs GitLab's own");
		return PROVIDER_MALFORMED;
	}
	free(content->event);
	content->event = provider_event(kind);
	bool update = strcmp(kind, "repository_update") == 0;
	if (!update && strcmp(kind, "push") != 0 && strcmp(kind, "tag_push") != 0) {
		content->ignored = xasprintf("event '%s' is not a push", content->event);
		return PROVIDER_OK;
	}
	if (read_project(json, content, err) < 0) {
		return PROVIDER_MALFORMED;
	}
	r = update ? read_changes(json, content, err) : push_json_add(content, json, err);
	return r < 0 ? PROVIDER_MALFORMED : PROVIDER_OK;
}

static enum provider_result parse(const struct provider *p, const struct provider_request *request,
				  struct delivery_content *ret_content, struct error *err)
{
	struct delivery_content content;
	json_t *json = NULL;

	(void)p;
	delivery_content_init(&content);
	enum provider_result r = payload_read(request, false, members, &json, err);
	if (r == PROVIDER_OK) {
		r = read_event(json, &content, err);
	}
	json_decref(json);
	if (r == PROVIDER_OK) {
		*ret_content = content;
		return r;
	}
	delivery_content_release(&content);
	return r;
}

static json_t *compose_update(const struct push *push)
{
	char before[OID_HEX_MAX + 1];
	char after[OID_HEX_MAX + 1];

	return json_pack("{s:s, s:s, s:s}", "before", oid_to_hex(&push->before, before), "after",
			 oid_to_hex(&push->after, after), "ref", push->ref);
}

static json_t *compose_json(const struct delivery_content *content, const char *kind)
{
	static const char *const addresses[] = { "git_http_url", "git_ssh_url", "web_url" };
	json_t *project = json_object();
	json_t *json = json_object();

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		size_t from = i < content->urls.count ? i : 0;

		(void)json_object_set_new(project, addresses[i],
					  json_string(content->urls.items[from]));
	}
	if (content->default_branch != NULL) {
		(void)json_object_set_new(project, "default_branch",
					  json_string(content->default_branch));
	}
	if (content->count == 1) {
		json_decref(json);
		json = compose_update(&content->pushes[0]);
		(void)json_object_set_new(json, "object_kind", json_string(kind));
	} else {
		json_t *changes = json_array();

		for (size_t i = 0; i < content->count; i++) {
			(void)json_array_append_new(changes, compose_update(&content->pushes[i]));
		}
		(void)json_object_set_new(json, "changes", changes);
	}
	(void)json_object_set_new(json, "event_name", json_string(kind));
	(void)json_object_set_new(json, "project", project);
	if (content->pusher != NULL) {
		(void)json_object_set_new(json, "user_username", json_string(content->pusher));
	}
	return json;
}

static int compose_proof(const struct provider_secrets *secrets,
			 const struct provider_compose_options *options, const char *id,
			 const struct buf *body, struct strvec *headers, struct error *err)
{
	uint8_t digest[HMAC_SHA256_BYTES];
	char timestamp[24];

	(void)snprintf(timestamp, sizeof(timestamp), "%" PRId64, options->now_ms / 1000);
	strvec_pushf(headers, "Idempotency-Key: %s", id);
	strvec_pushf(headers, ID ": %s", id);
	strvec_pushf(headers, TIMESTAMP ": %s", timestamp);
	if (secrets->signing_tokens.count == 0) {
		if (secrets->secrets.count == 0 || secrets->secrets.items[0][0] == '\0') {
			return error_set(err, -1, "no secret to sign with");
		}
		strvec_pushf(headers, TOKEN ": %s", secrets->secrets.items[0]);
		return 0;
	}
	const struct signed_headers h = { .id = id, .timestamp = timestamp };
	if (sign_standard(secrets->signing_tokens.items[0], &h, body->data, body->len, digest) <
	    0) {
		return error_set(err, -1, "the signing token is not \"whsec_\" and base64");
	}
	char *text = base64_encode(digest, sizeof(digest));
	strvec_pushf(headers, SIGNATURE ": v1,%s", text);
	free(text);
	return 0;
}

static int compose(const struct provider *p, const struct delivery_content *content,
		   const struct provider_secrets *secrets,
		   const struct provider_compose_options *options, struct strvec *ret_headers,
		   struct buf *ret_body, struct error *err)
{
	bool tag = strncmp(content->pushes[0].ref, "refs/tags/", 10) == 0;
	const char *kind = content->count > 1 ? "repository_update" : tag ? "tag_push" : "push";
	const char *hook = content->count > 1 ? "System Hook" : tag ? "Tag Push Hook" : "Push Hook";
	char *text = NULL;
	char *id = NULL;
	int r = -1;

	(void)p;
	json_t *json = compose_json(content, kind);
	text = json_dumps(json, JSON_COMPACT);
	if (text == NULL) {
		r = error_set(err, -1, "not UTF-8");
		goto out;
	}
	(void)buf_addstr(ret_body, text);
	id = provider_compose_id(options, err);
	if (id == NULL) {
		goto out;
	}
	strvec_push(ret_headers, "Content-Type: application/json");
	strvec_pushf(ret_headers, "X-Gitlab-Event: %s", hook);
	r = compose_proof(secrets, options, id, ret_body, ret_headers, err);
out:
	json_decref(json);
	free(text);
	free(id);
	return r;
}

const struct provider provider_gitlab = {
	.name = "gitlab",
	.detect = (const char *const[]){ "X-Gitlab-Event", NULL },
	.delivery_ids = (const char *const[]){ ID, "Idempotency-Key", NULL },
	.check_headers = check_headers,
	.verify = verify,
	.parse = parse,
	.compose = compose,
	.accepts_signing_tokens = true,
};
