/*
 * The table of providers, and what they share.
 *
 * The table's order is the order of detection, most specific first: Forgejo
 * sends Gitea's headers too, Gitea sends Gogs' and GitHub's, Gogs sends
 * GitHub's.  Detection only helps a person who has one address for all; what
 * scheme a request is verified with follows from the source's configuration,
 * never from the request.
 *
 * Verification fails closed: no header, a repeated header, an empty digest
 * (which is what some senders send without a secret) and an empty secret are
 * all "no".
 */
#include "provider/provider.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/xalloc.h"
#include "provider/payload.h"
#include "provider/provider_impl.h"
#include "push/push_native.h"

#define DELIVERY_ID_MAX 128
#define TOLERANCE_MS 300000
#define TIMESTAMP_DIGITS 12
#define EVENT_MAX 64
#define WHY_MAX 256

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

static const char *find(const struct provider_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(headers[i].name, name) == 0) {
			return headers[i].value;
		}
	}
	return NULL;
}

const char *provider_header_get(const struct provider_request *request, const char *name)
{
	return find(request->headers, request->header_count, name);
}

enum provider_single provider_header_single(const struct provider_request *request,
					    const char *name, const char **ret_value)
{
	enum provider_single found = PROVIDER_SINGLE_NONE;

	*ret_value = NULL;
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i].name, name) != 0) {
			continue;
		}
		if (found == PROVIDER_SINGLE_ONE) {
			*ret_value = NULL;
			return PROVIDER_SINGLE_MANY;
		}
		found = PROVIDER_SINGLE_ONE;
		*ret_value = request->headers[i].value;
	}
	return found;
}

const struct provider *provider_detect(const struct provider_header *headers, size_t count)
{
	for (size_t i = 0; i < PROVIDERS; i++) {
		for (const char *const *name = providers[i]->detect; *name != NULL; name++) {
			if (find(headers, count, *name) != NULL) {
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

int provider_read_digest(const char *value, const char *prefix, uint8_t digest[HMAC_SHA256_BYTES])
{
	size_t len = strlen(prefix);

	if (strncmp(value, prefix, len) != 0) {
		return -1;
	}
	return hex_decode(value + len, strlen(value + len), digest, HMAC_SHA256_BYTES);
}

bool provider_match_hmac(const struct strvec *secrets, const struct hmac_part *parts, size_t count,
			 const uint8_t digest[HMAC_SHA256_BYTES])
{
	bool matched = false;

	for (size_t i = 0; i < secrets->count; i++) {
		const char *secret = secrets->items[i];
		size_t len = strlen(secret);
		uint8_t ours[HMAC_SHA256_BYTES];

		if (len > 0 && hmac_sha256(secret, len, parts, count, ours) == 0 &&
		    hmac_equal(ours, digest, sizeof(ours))) {
			matched = true;
		}
	}
	return matched;
}

bool provider_timestamp_is_fresh(const char *seconds, int64_t now_ms, int64_t tolerance_ms)
{
	size_t len = strnlen(seconds, TIMESTAMP_DIGITS + 1);
	int64_t value = 0;

	if (len == 0 || len > TIMESTAMP_DIGITS) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (seconds[i] < '0' || seconds[i] > '9') {
			return false;
		}
		value = 10 * value + (seconds[i] - '0');
	}
	int64_t apart = now_ms - 1000 * value;
	int64_t tolerance = tolerance_ms > 0 ? tolerance_ms : TOLERANCE_MS;
	return apart <= tolerance && apart >= -tolerance;
}

int provider_signing_key(const char *token, uint8_t key[SIGNING_TOKEN_MAX])
{
	static const char prefix[] = "whsec_";
	size_t skip = strncmp(token, prefix, sizeof(prefix) - 1) == 0 ? sizeof(prefix) - 1 : 0;

	return base64_decode(token + skip, strlen(token + skip), key, SIGNING_TOKEN_MAX);
}

int provider_sign(const struct provider_secrets *secrets, const struct hmac_part *parts,
		  size_t count, char hex[2 * HMAC_SHA256_BYTES + 1], struct error *err)
{
	uint8_t digest[HMAC_SHA256_BYTES];

	if (secrets->secrets.count == 0 || secrets->secrets.items[0][0] == '\0') {
		return error_set(err, -1, "no secret to sign with");
	}
	const char *secret = secrets->secrets.items[0];
	if (hmac_sha256(secret, strlen(secret), parts, count, digest) < 0) {
		return error_set(err, -1, "HMAC failed");
	}
	hex_encode(digest, sizeof(digest), hex);
	return 0;
}

static void make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text >= 0x7f) {
			*text = '?';
		}
	}
}

char *provider_event(const char *word)
{
	char *event = xstrndup(word, EVENT_MAX);

	make_printable(event);
	return event;
}

enum provider_result provider_ignore(struct delivery_content *ret_content, const char *event,
				     const char *format, ...)
{
	char why[WHY_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	make_printable(why);
	delivery_content_init(ret_content);
	free(ret_content->event);
	ret_content->event = provider_event(event);
	ret_content->ignored = xstrdup(why);
	return PROVIDER_OK;
}

char *provider_compose_id(const struct provider_compose_options *options, struct error *err)
{
	char id[37];

	if (options->delivery_id != NULL) {
		return xstrdup(options->delivery_id);
	}
	if (push_native_id(id) < 0) {
		error_set(err, -1, "no random numbers");
		return NULL;
	}
	return xstrdup(id);
}
