/*
 * Gitea, Forgejo and Gogs: one payload, three sets of headers.
 *
 * Proof: "X-Gitea-Signature" (X-Forgejo-Signature, X-Gogs-Signature), the bare
 * hexadecimal HMAC-SHA256 of the JSON payload.  For a form that is the decoded
 * field, not the body as sent (services/webhook/deliver.go signs
 * t.PayloadContent).  Without a secret the header is sent empty.
 *
 * Content (services/repository/push.go; gogs internal/database/actions.go):
 *
 *                    Gitea, Forgejo          Gogs
 *   branch create    push and create         create, then push
 *   branch delete    delete only             delete only
 *   tag create       push and create         create only
 *   tag delete       push and delete         delete only
 *
 * So an event other than push is an update where nothing else says it, and
 * "a push event says the same" where one does.  These events give the short
 * name of the ref and not what it was before.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "provider/hub.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"

struct dialect {
	const char *event;      // header
	const char *delivery;   // header
	const char *signatures[3]; // headers, the first one present counts; NULL ends
	bool create_tag_alone;  // a created tag has no push event
	bool delete_tag_alone;  // a deleted tag has no push event
};

static const struct dialect gitea = {
	.event = "X-Gitea-Event",
	.delivery = "X-Gitea-Delivery",
	.signatures = { "X-Gitea-Signature" },
};

static const struct dialect forgejo = {
	.event = "X-Forgejo-Event",
	.delivery = "X-Forgejo-Delivery",
	.signatures = { "X-Forgejo-Signature", "X-Gitea-Signature" },
};

static const struct dialect gogs = {
	.event = "X-Gogs-Event",
	.delivery = "X-Gogs-Delivery",
	.signatures = { "X-Gogs-Signature" },
	.create_tag_alone = true,
	.delete_tag_alone = true,
};

static enum provider_result read_signature(const struct dialect *d,
					   const struct provider_request *request,
					   uint8_t digest[HMAC_SHA256_BYTES], struct error *err)
{
	enum provider_single found = PROVIDER_SINGLE_NONE;
	const char *value = NULL;
	size_t i = 0;

	for (; d->signatures[i] != NULL; i++) {
		found = provider_header_single(request, d->signatures[i], &value);
		if (found != PROVIDER_SINGLE_NONE) {
			break;
		}
	}
	if (found == PROVIDER_SINGLE_NONE) {
		error_set(err, 0, "no %s", d->signatures[0]);
		return PROVIDER_UNAUTHORIZED;
	}
	if (found == PROVIDER_SINGLE_MANY) {
		error_set(err, 0, "%s is repeated", d->signatures[i]);
		return PROVIDER_UNAUTHORIZED;
	}
	if (provider_read_digest(value, "", digest) < 0) {
		error_set(err, 0, "%s is %s", d->signatures[i],
			  value[0] == '\0' ? "empty: set the webhook's secret"
					   : "not 64 hex digits");
		return PROVIDER_UNAUTHORIZED;
	}
	return PROVIDER_OK;
}

static enum provider_result check_headers(const struct provider *p,
					  const struct provider_request *request,
					  const struct provider_secrets *secrets)
{
	uint8_t digest[HMAC_SHA256_BYTES];

	(void)secrets;
	return read_signature(p->dialect, request, digest, NULL);
}

static enum provider_result verify(const struct provider *p, const struct provider_request *request,
				   const struct provider_secrets *secrets, struct error *err)
{
	struct hmac_part payload = { request->body, request->body_len };
	uint8_t digest[HMAC_SHA256_BYTES];
	struct buf form;

	enum provider_result r = read_signature(p->dialect, request, digest, err);
	if (r != PROVIDER_OK) {
		return r;
	}
	r = PROVIDER_UNAUTHORIZED;
	buf_init(&form, request->body_len);
	if (payload_media(request) == PAYLOAD_FORM) {
		if (payload_form_decode(request->body, request->body_len, &form, err) < 0) {
			goto out;
		}
		payload = (struct hmac_part){ form.data, form.len };
	}
	if (!provider_match_hmac(&secrets->secrets, &payload, 1, digest)) {
		error_set(err, 0, "the signature does not match: another secret, or another body");
		goto out;
	}
	r = PROVIDER_OK;
out:
	buf_release(&form);
	return r;
}

/* "create" and "delete": is this the only message about the ref? */
static bool is_alone(const struct dialect *d, bool create, bool tag)
{
	if (!tag) {
		return !create;
	}
	return create ? d->create_tag_alone : d->delete_tag_alone;
}

/* Ids of a lone event: created from nothing, or deleted from who knows what. */
static int read_ids(const json_t *json, bool create, struct oid *before, struct oid *after)
{
	const char *sha = payload_string(json, "sha");

	*before = (struct oid){ .len = 0 };
	*after = (struct oid){ .len = 20 };
	if (!create) {
		return 0;
	}
	if (sha == NULL || oid_from_hex(sha, strlen(sha), after) < 0) {
		return -1;
	}
	before->len = after->len;
	return 0;
}

static enum provider_result read_lone(const struct dialect *d, const json_t *json,
				      const char *event, struct delivery_content *content,
				      struct error *err)
{
	const char *type = payload_string(json, "ref_type");
	const char *name = payload_string(json, "ref");
	bool create = strcmp(event, "create") == 0;
	struct oid before;
	struct oid after;

	bool tag = type != NULL && strcmp(type, "tag") == 0;
	if (name == NULL || type == NULL || (!tag && strcmp(type, "branch") != 0)) {
		return (enum provider_result)error_set(err, PROVIDER_MALFORMED,
						       "no \"ref\" or \"ref_type\"");
	}
	if (!is_alone(d, create, tag)) {
		content->ignored = xstrdup("a push event says the same");
		return PROVIDER_OK;
	}
	if (hub_read_repository(json, content, err) < 0) {
		return PROVIDER_MALFORMED;
	}
	char *ref = xasprintf("refs/%s/%s", tag ? "tags" : "heads", name);
	int r = read_ids(json, create, &before, &after);
	if (r == 0) {
		r = delivery_content_add(content, ref, &before, &after);
	}
	free(ref);
	if (r < 0) {
		return (enum provider_result)error_set(err, PROVIDER_MALFORMED,
						       "\"ref\" or \"sha\" is not one of git's");
	}
	return PROVIDER_OK;
}

static enum provider_result parse_lone(const struct dialect *d,
				       const struct provider_request *request, const char *event,
				       struct delivery_content *ret_content, struct error *err)
{
	struct delivery_content content;
	json_t *json = NULL;

	delivery_content_init(&content);
	free(content.event);
	content.event = provider_event(event);
	enum provider_result r = payload_read(request, true, hub_members, &json, err);
	if (r == PROVIDER_OK) {
		r = read_lone(d, json, event, &content, err);
	}
	json_decref(json);
	if (r == PROVIDER_OK) {
		*ret_content = content;
		return r;
	}
	delivery_content_release(&content);
	return r;
}

static enum provider_result parse(const struct provider *p, const struct provider_request *request,
				  struct delivery_content *ret_content, struct error *err)
{
	const struct dialect *d = p->dialect;
	const char *event = provider_header_get(request, d->event);

	/* An older Forgejo has Gitea's headers only. */
	if (event == NULL && d == &forgejo) {
		event = provider_header_get(request, gitea.event);
	}
	if (event == NULL) {
		return (enum provider_result)error_set(err, PROVIDER_MALFORMED, "no %s", d->event);
	}
	if (strcmp(event, "push") == 0) {
		return hub_parse_push(request, event, ret_content, err);
	}
	if (strcmp(event, "create") == 0 || strcmp(event, "delete") == 0) {
		return parse_lone(d, request, event, ret_content, err);
	}
	return provider_ignore(ret_content, event, "event '%.64s' is not a push", event);
}

static int compose(const struct provider *p, const struct delivery_content *content,
		   const struct provider_secrets *secrets,
		   const struct provider_compose_options *options, struct strvec *ret_headers,
		   struct buf *ret_body, struct error *err)
{
	const struct dialect *d = p->dialect;
	char hex[2 * HMAC_SHA256_BYTES + 1];
	char *id = NULL;
	struct buf json;
	int r = -1;

	buf_init(&json, PAYLOAD_KEPT_BYTES);
	if (hub_compose_body(content, options, ret_headers, &json, ret_body, err) < 0) {
		goto out;
	}
	const struct hmac_part payload = { json.data, json.len };
	if (provider_sign(secrets, &payload, 1, hex, err) < 0) {
		goto out;
	}
	id = provider_compose_id(options, err);
	if (id == NULL) {
		goto out;
	}
	strvec_pushf(ret_headers, "%s: push", d->event);
	strvec_pushf(ret_headers, "%s: %s", d->delivery, id);
	strvec_pushf(ret_headers, "%s: %s", d->signatures[0], hex);
	r = 0;
out:
	free(id);
	buf_release(&json);
	return r;
}

const struct provider provider_gitea = {
	.name = "gitea",
	.detect = (const char *const[]){ "X-Gitea-Event", NULL },
	.delivery_ids = (const char *const[]){ "X-Gitea-Delivery", NULL },
	.check_headers = check_headers,
	.verify = verify,
	.parse = parse,
	.compose = compose,
	.accepts_form = true,
	.dialect = &gitea,
};

const struct provider provider_forgejo = {
	.name = "forgejo",
	.detect = (const char *const[]){ "X-Forgejo-Event", NULL },
	.delivery_ids = (const char *const[]){ "X-Forgejo-Delivery", "X-Gitea-Delivery", NULL },
	.check_headers = check_headers,
	.verify = verify,
	.parse = parse,
	.compose = compose,
	.accepts_form = true,
	.dialect = &forgejo,
};

const struct provider provider_gogs = {
	.name = "gogs",
	.detect = (const char *const[]){ "X-Gogs-Event", NULL },
	.delivery_ids = (const char *const[]){ "X-Gogs-Delivery", NULL },
	.check_headers = check_headers,
	.verify = verify,
	.parse = parse,
	.compose = compose,
	.accepts_form = true,
	.dialect = &gogs,
};
