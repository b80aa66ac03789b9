/*
 * What providers share: headers that must not be repeated, digests, signatures,
 * signed times, and the words of a sender that stand in our records.
 *
 * Verification fails closed: no header, a repeated header, an empty digest
 * (which is what some senders send without a secret) and an empty secret are
 * all "no".
 */
#include "provider/provider_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/xalloc.h"
#include "push/push_native.h"

#define TOLERANCE_MS 300000
#define TIMESTAMP_DIGITS 12
#define EVENT_MAX 64
#define WHY_MAX 256

const char *provider_header_find(const struct provider_header *headers, size_t count,
				 const char *name)
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
	return provider_header_find(request->headers, request->header_count, name);
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
