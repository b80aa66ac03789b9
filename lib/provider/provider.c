/*
 * The table of providers, and what is the same for all rows.
 *
 * The table's order is the order of detection, most specific first: Forgejo
 * sends Gitea's headers too, Gitea sends Gogs' and GitHub's, Gogs sends
 * GitHub's.  Detection only helps a person who has one address for all; what
 * scheme a request is verified with follows from the source's configuration,
 * never from the request.
 */
#include "provider/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"

#define DELIVERY_ID_MAX 128

static const struct provider *const providers[] = {
	&provider_native, &provider_forgejo, &provider_gitea,
	&provider_gogs,   &provider_gitlab,  &provider_github,
};

#define PROVIDERS (sizeof(providers) / sizeof(providers[0]))

const struct provider *provider_by_name(const char *name)
{
	for (size_t i = 0; i < PROVIDERS; i++) {
		if (strcmp(providers[i]->name, name) == 0) {
			return providers[i];
		}
	}
	return NULL;
}

const char *provider_get_name(const struct provider *p)
{
	return p->name;
}

const char *provider_name_at(size_t i)
{
	return i < PROVIDERS ? providers[i]->name : NULL;
}

const struct provider *provider_detect(const struct provider_header *headers, size_t count)
{
	for (size_t i = 0; i < PROVIDERS; i++) {
		for (const char *const *name = providers[i]->detect; *name != NULL; name++) {
			if (provider_header_find(headers, count, *name) != NULL) {
				return providers[i];
			}
		}
	}
	return NULL;
}

enum provider_result provider_check_headers(const struct provider *p,
					    const struct provider_request *request,
					    const struct provider_secrets *secrets)
{
	enum provider_result r = p->check_headers(p, request, secrets);
	enum payload_media media = payload_media(request);

	if (r != PROVIDER_OK) {
		return r;
	}
	if (media == PAYLOAD_OTHER || (media == PAYLOAD_FORM && !p->accepts_form)) {
		return PROVIDER_UNSUPPORTED;
	}
	return PROVIDER_OK;
}

enum provider_result provider_verify(const struct provider *p,
				     const struct provider_request *request,
				     const struct provider_secrets *secrets, struct error *err)
{
	return p->verify(p, request, secrets, err);
}

enum provider_result provider_parse(const struct provider *p,
				    const struct provider_request *request,
				    struct delivery_content *ret_content, struct error *err)
{
	return p->parse(p, request, ret_content, err);
}

static bool is_delivery_id(const char *text)
{
	size_t len = strnlen(text, DELIVERY_ID_MAX + 1);

	if (len == 0 || len > DELIVERY_ID_MAX) {
		return false;
	}
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text >= 0x7f) {
			return false;
		}
	}
	return true;
}

const char *provider_delivery_id(const struct provider *p, const struct provider_request *request)
{
	for (const char *const *name = p->delivery_ids; *name != NULL; name++) {
		const char *id = provider_header_get(request, *name);

		if (id != NULL && is_delivery_id(id)) {
			return id;
		}
	}
	return NULL;
}

bool provider_signs_body_only(const struct provider *p)
{
	return p->signs_body_only;
}

bool provider_ignores_case(const struct provider *p)
{
	return !p->case_counts;
}

bool provider_is_question(const struct provider *p, const struct delivery_content *content)
{
	return p->question_event != NULL && content->count == 0 &&
	       strcmp(content->event, p->question_event) == 0;
}

int64_t provider_wait_ms(const struct provider *p, const struct provider_request *request)
{
	const char *text = p->wait_header != NULL ? provider_header_get(request, p->wait_header)
						  : NULL;
	int64_t ms = text != NULL ? strtoll(text, NULL, 10) : 0;

	return ms > 0 ? ms : 0;
}

static int check_signing_tokens(const struct strvec *tokens, struct error *err)
{
	for (size_t i = 0; i < tokens->count; i++) {
		uint8_t key[SIGNING_TOKEN_MAX];
		int len = provider_signing_key(tokens->items[i], key);

		explicit_bzero(key, sizeof(key));
		if (len < SIGNING_TOKEN_MIN) {
			return error_set(err, -1,
					 "a signing token is not \"whsec_\" and the base64 of "
					 "24 to 64 bytes: copy it whole");
		}
	}
	return 0;
}

int provider_check_secrets(const struct provider *p, const struct provider_secrets *secrets,
			   struct error *err)
{
	if (secrets->signing_tokens.count > 0 && !p->accepts_signing_tokens) {
		return error_set(err, -1, "%s has no signing tokens: configure a secret", p->name);
	}
	if (secrets->secrets.count + secrets->signing_tokens.count == 0) {
		return error_set(err, -1, "%s needs a secret: configure one here and there",
				 p->name);
	}
	for (size_t i = 0; i < secrets->secrets.count; i++) {
		if (secrets->secrets.items[i][0] == '\0') {
			return error_set(err, -1, "a secret is empty: remove it or fill it in");
		}
	}
	if (secrets->tolerance_ms < 0) {
		return error_set(err, -1, "the tolerance of timestamps is negative");
	}
	return check_signing_tokens(&secrets->signing_tokens, err);
}

int provider_compose(const struct provider *p, const struct delivery_content *content,
		     const struct provider_secrets *secrets,
		     const struct provider_compose_options *options, struct strvec *ret_headers,
		     char **ret_body, size_t *ret_body_len, struct error *err)
{
	struct strvec headers = STRVEC_INIT;
	struct buf body;
	int r = -1;

	buf_init(&body, PAYLOAD_KEPT_BYTES);
	if (content->count == 0 || content->urls.count == 0) {
		r = error_set(err, -1, "nothing to send: no repository or no ref update");
		goto out;
	}
	if (options->delivery_id != NULL && !is_delivery_id(options->delivery_id)) {
		r = error_set(err, -1, "the delivery id is not 1 to 128 printable characters");
		goto out;
	}
	if (options->form && !p->accepts_form) {
		r = error_set(err, -1, "%s does not send forms", p->name);
		goto out;
	}
	if (p->compose(p, content, secrets, options, &headers, &body, err) < 0) {
		goto out;
	}
	if (buf_is_full(&body)) {
		r = error_set(err, -1, "the request is too long");
		goto out;
	}
	for (size_t i = 0; i < headers.count; i++) {
		strvec_push(ret_headers, headers.items[i]);
	}
	*ret_body_len = body.len;
	*ret_body = buf_detach(&body);
	r = 0;
out:
	strvec_release(&headers);
	buf_release(&body);
	return r;
}

static void wipe(struct strvec *v)
{
	for (size_t i = 0; i < v->count; i++) {
		explicit_bzero(v->items[i], strlen(v->items[i]));
	}
	strvec_release(v);
}

void provider_secrets_release(struct provider_secrets *secrets)
{
	wipe(&secrets->secrets);
	wipe(&secrets->signing_tokens);
}
