/*
 * GitHub and GitHub Enterprise Server.
 *
 * Proof: "X-Hub-Signature-256: sha256=" and the HMAC-SHA256 of the raw body
 * in hexadecimal; for a form that is the urlencoded body as sent ("Validating
 * webhook deliveries", docs.github.com).  The older X-Hub-Signature (SHA-1) is
 * sent beside it and never enough.
 *
 * Content: "push" says branches and tags, creations and deletions too; the
 * "create" and "delete" events come in addition and carry nothing new.  The
 * delivery id is not signed, and a redelivery has the same one.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/hub.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"

#define SIGNATURE "X-Hub-Signature-256"
#define SCHEME "sha256="

static enum provider_result read_signature(const struct provider_request *request,
					   uint8_t digest[HMAC_SHA256_BYTES], struct error *err)
{
	const char *value;

	switch (provider_header_single(request, SIGNATURE, &value)) {
	case PROVIDER_SINGLE_NONE:
		error_set(err, 0, "no " SIGNATURE ": set the webhook's secret");
		return PROVIDER_UNAUTHORIZED;
	case PROVIDER_SINGLE_MANY:
		error_set(err, 0, SIGNATURE " is repeated");
		return PROVIDER_UNAUTHORIZED;
	case PROVIDER_SINGLE_ONE:
		break;
	}
	if (provider_read_digest(value, SCHEME, digest) < 0) {
		error_set(err, 0, SIGNATURE " is not " SCHEME " and 64 hex digits");
		return PROVIDER_UNAUTHORIZED;
	}
	return PROVIDER_OK;
}

static enum provider_result check_headers(const struct provider *p,
					  const struct provider_request *request,
					  const struct provider_secrets *secrets)
{
	uint8_t digest[HMAC_SHA256_BYTES];

	(void)p;
	(void)secrets;
	return read_signature(request, digest, NULL);
}

static enum provider_result verify(const struct provider *p, const struct provider_request *request,
				   const struct provider_secrets *secrets, struct error *err)
{
	const struct hmac_part body = { request->body, request->body_len };
	uint8_t digest[HMAC_SHA256_BYTES];

	(void)p;
	enum provider_result r = read_signature(request, digest, err);
	if (r != PROVIDER_OK) {
		return r;
	}
	if (!provider_match_hmac(&secrets->secrets, &body, 1, digest)) {
		error_set(err, 0, SIGNATURE " does not match: another secret, or another body");
		return PROVIDER_UNAUTHORIZED;
	}
	return PROVIDER_OK;
}

static enum provider_result parse(const struct provider *p, const struct provider_request *request,
				  struct delivery_content *ret_content, struct error *err)
{
	const char *event = provider_header_get(request, "X-GitHub-Event");

	(void)p;
	if (event == NULL) {
		error_set(err, 0, "no X-GitHub-Event");
		return PROVIDER_MALFORMED;
	}
	if (strcmp(event, "push") == 0) {
		return hub_parse_push(request, event, ret_content, err);
	}
	if (strcmp(event, "ping") == 0) {
		return provider_ignore(ret_content, event, "a ping: the webhook works");
	}
	if (strcmp(event, "create") == 0 || strcmp(event, "delete") == 0) {
		return provider_ignore(ret_content, event, "a push event says the same");
	}
	return provider_ignore(ret_content, event, "event '%.64s' is not a push", event);
}

static int compose(const struct provider *p, const struct delivery_content *content,
		   const struct provider_secrets *secrets,
		   const struct provider_compose_options *options, struct strvec *ret_headers,
		   struct buf *ret_body, struct error *err)
{
	char hex[2 * HMAC_SHA256_BYTES + 1];
	char *id = NULL;
	struct buf json;
	int r = -1;

	(void)p;
	buf_init(&json, PAYLOAD_KEPT_BYTES);
	if (hub_compose_body(content, options, ret_headers, &json, ret_body, err) < 0) {
		goto out;
	}
	const struct hmac_part body = { ret_body->data, ret_body->len };
	if (provider_sign(secrets, &body, 1, hex, err) < 0) {
		goto out;
	}
	id = provider_compose_id(options, err);
	if (id == NULL) {
		goto out;
	}
	strvec_push(ret_headers, "X-GitHub-Event: push");
	strvec_pushf(ret_headers, "X-GitHub-Delivery: %s", id);
	strvec_pushf(ret_headers, SIGNATURE ": " SCHEME "%s", hex);
	r = 0;
out:
	free(id);
	buf_release(&json);
	return r;
}

const struct provider provider_github = {
	.name = "github",
	.detect = (const char *const[]){ "X-GitHub-Event", NULL },
	.delivery_ids = (const char *const[]){ "X-GitHub-Delivery", NULL },
	.signs_body_only = true,
	.check_headers = check_headers,
	.verify = verify,
	.parse = parse,
	.compose = compose,
	.accepts_form = true,
};
