/*
 * Our own hook, and whoever else can sign like it (push/push_native.h).
 *
 * The id and the timestamp are signed with the body.  A spooled delivery is
 * signed anew when it is sent, with the same id.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/xalloc.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"
#include "push/push_json.h"
#include "push/push_native.h"

/* What the proof is made of, borrowed from the request. */
struct proof {
	const char *id;
	const char *timestamp;
	uint8_t digest[HMAC_SHA256_BYTES];
};

static enum provider_result read_proof(const struct provider_request *request, struct proof *ret,
				       struct error *err)
{
	const char *signature = NULL;
	const struct {
		const char *name;
		const char **value;
	} wanted[] = {
		{ PUSH_NATIVE_DELIVERY, &ret->id },
		{ PUSH_NATIVE_TIMESTAMP, &ret->timestamp },
		{ PUSH_NATIVE_SIGNATURE, &signature },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (provider_header_single(request, wanted[i].name, wanted[i].value) !=
		    PROVIDER_SINGLE_ONE) {
			error_set(err, 0, "%s is missing or repeated", wanted[i].name);
			return PROVIDER_UNAUTHORIZED;
		}
	}
	if (!push_native_id_is_valid(ret->id)) {
		error_set(err, 0, "%s is not letters, digits, \"-\" and \"_\"",
			  PUSH_NATIVE_DELIVERY);
		return PROVIDER_UNAUTHORIZED;
	}
	if (provider_read_digest(signature, PUSH_NATIVE_SCHEME, ret->digest) < 0) {
		error_set(err, 0, "%s is not %s and 64 hex digits", PUSH_NATIVE_SIGNATURE,
			  PUSH_NATIVE_SCHEME);
		return PROVIDER_UNAUTHORIZED;
	}
	return PROVIDER_OK;
}

static enum provider_result check_headers(const struct provider *p,
					  const struct provider_request *request,
					  const struct provider_secrets *secrets)
{
	struct proof proof;

	(void)p;
	(void)secrets;
	return read_proof(request, &proof, NULL);
}

static enum provider_result verify(const struct provider *p, const struct provider_request *request,
				   const struct provider_secrets *secrets, struct error *err)
{
	struct proof proof;

	(void)p;
	enum provider_result r = read_proof(request, &proof, err);
	if (r != PROVIDER_OK) {
		return r;
	}
	const struct hmac_part parts[] = {
		{ proof.id, strlen(proof.id) },
		{ ".", 1 },
		{ proof.timestamp, strlen(proof.timestamp) },
		{ ".", 1 },
		{ request->body, request->body_len },
	};
	if (!provider_match_hmac(&secrets->secrets, parts, sizeof(parts) / sizeof(parts[0]),
				 proof.digest)) {
		error_set(err, 0, "%s does not match: another secret", PUSH_NATIVE_SIGNATURE);
		return PROVIDER_UNAUTHORIZED;
	}
	if (!provider_timestamp_is_fresh(proof.timestamp, request->now_ms,
					 secrets->tolerance_ms)) {
		error_set(err, 0, "%s is too far from now: a replay, or a wrong clock",
			  PUSH_NATIVE_TIMESTAMP);
		return PROVIDER_UNAUTHORIZED;
	}
	return PROVIDER_OK;
}

static const char *const members[] = {
	"version", "event", "repository", "urls", "default_branch", "pusher", "refs", NULL,
};

static int read_content(const json_t *json, struct delivery_content *content, struct error *err)
{
	const json_t *version = json_object_get(json, "version");

	if (!json_is_integer(version)) {
		return error_set(err, -1, "no \"version\"");
	}
	if (json_integer_value(version) != PUSH_NATIVE_VERSION) {
		return error_set(err, -1, "version %" JSON_INTEGER_FORMAT " is not understood: "
				 "upgrade the receiver", json_integer_value(version));
	}
	if (push_json_read(json, content, err) < 0) {
		return -1;
	}
	if (content->urls.count == 0) {
		delivery_content_release(content);
		return error_set(err, -1, "no \"repository\"");
	}
	return 0;
}

static enum provider_result parse(const struct provider *p, const struct provider_request *request,
				  struct delivery_content *ret_content, struct error *err)
{
	struct delivery_content content;
	json_t *json = NULL;

	(void)p;
	enum provider_result r = payload_read(request, false, members, &json, err);
	if (r != PROVIDER_OK) {
		return r;
	}
	int failed = read_content(json, &content, err);
	json_decref(json);
	if (failed != 0) {
		return PROVIDER_MALFORMED;
	}
	if (content.count == 0) {
		content.ignored = xstrdup("the delivery names no ref");
	}
	char *event = provider_event(content.event[0] != '\0' ? content.event : "push");
	free(content.event);
	content.event = event;
	*ret_content = content;
	return PROVIDER_OK;
}

static int compose(const struct provider *p, const struct delivery_content *content,
		   const struct provider_secrets *secrets,
		   const struct provider_compose_options *options, struct strvec *ret_headers,
		   struct buf *ret_body, struct error *err)
{
	uint8_t digest[HMAC_SHA256_BYTES];
	char hex[2 * HMAC_SHA256_BYTES + 1];
	char timestamp[24];
	char *id = NULL;
	int r = -1;

	(void)p;
	char *text = push_native_body(content, err);
	if (text == NULL) {
		goto out;
	}
	(void)buf_addstr(ret_body, text);
	id = provider_compose_id(options, err);
	if (id == NULL) {
		goto out;
	}
	if (secrets->secrets.count == 0 || secrets->secrets.items[0][0] == '\0') {
		r = error_set(err, -1, "no secret to sign with");
		goto out;
	}
	(void)snprintf(timestamp, sizeof(timestamp), "%" PRId64, options->now_ms / 1000);
	const char *key = secrets->secrets.items[0];
	if (push_native_sign(key, strlen(key), id, timestamp, text, strlen(text), digest) < 0) {
		r = error_set(err, -1, "HMAC failed");
		goto out;
	}
	hex_encode(digest, sizeof(digest), hex);
	strvec_push(ret_headers, "Content-Type: application/json");
	strvec_pushf(ret_headers, PUSH_NATIVE_DELIVERY ": %s", id);
	strvec_pushf(ret_headers, PUSH_NATIVE_TIMESTAMP ": %s", timestamp);
	strvec_pushf(ret_headers, PUSH_NATIVE_SIGNATURE ": " PUSH_NATIVE_SCHEME "%s", hex);
	r = 0;
out:
	free(text);
	free(id);
	return r;
}

const struct provider provider_native = {
	.name = "native",
	.detect = (const char *const[]){ PUSH_NATIVE_SIGNATURE, NULL },
	.delivery_ids = (const char *const[]){ PUSH_NATIVE_DELIVERY, NULL },
	.check_headers = check_headers,
	.verify = verify,
	.parse = parse,
	.compose = compose,
	.wait_header = PUSH_NATIVE_WAIT,
	.question_event = PUSH_NATIVE_PING,
	.case_counts = true,
};
