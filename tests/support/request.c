/*
 * Requests for the tests of providers.
 */
#include "tests/support/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/xalloc.h"

void test_request_init(struct test_request *t, int64_t now_ms, const char *body, size_t len)
{
	*t = (struct test_request){ .request = {
					    .headers = t->headers,
					    .body = body,
					    .body_len = len,
					    .now_ms = now_ms,
				    } };
}

void test_request_release(struct test_request *t)
{
	strvec_release(&t->texts);
}

static const char *keep(struct test_request *t, const char *text)
{
	strvec_push(&t->texts, text);
	return t->texts.items[t->texts.count - 1];
}

void test_request_add(struct test_request *t, const char *name, const char *value)
{
	if (t->request.header_count == REQUEST_HEADERS_MAX) {
		abort();
	}
	t->headers[t->request.header_count++] =
		(struct provider_header){ keep(t, name), keep(t, value) };
}

void test_request_add_line(struct test_request *t, const char *line)
{
	size_t len = strcspn(line, ":");
	char *name = xstrndup(line, len);

	test_request_add(t, name, line + len + 1 + strspn(line + len + 1, " "));
	free(name);
}

void test_request_set(struct test_request *t, const char *name, const char *value)
{
	for (size_t i = 0; i < t->request.header_count; i++) {
		if (strcasecmp(t->headers[i].name, name) == 0) {
			t->headers[i].value = keep(t, value);
			return;
		}
	}
	test_request_add(t, name, value);
}

void test_request_remove(struct test_request *t, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->request.header_count; i++) {
		if (strcasecmp(t->headers[i].name, name) != 0) {
			t->headers[kept++] = t->headers[i];
		}
	}
	t->request.header_count = kept;
}

void test_request_sign(struct test_request *t, const char *name, const char *prefix,
		       const char *secret)
{
	const struct hmac_part body = { t->request.body, t->request.body_len };
	uint8_t digest[HMAC_SHA256_BYTES];
	char hex[2 * sizeof(digest) + 1];

	if (hmac_sha256(secret, strlen(secret), &body, 1, digest) < 0) {
		abort();
	}
	hex_encode(digest, sizeof(digest), hex);
	char *value = xasprintf("%s%s", prefix, hex);
	test_request_set(t, name, value);
	free(value);
}

struct provider_secrets test_secrets(const char *secret, const char *second, const char *token)
{
	struct provider_secrets s = { .tolerance_ms = 0 };

	if (secret != NULL) {
		strvec_push(&s.secrets, secret);
	}
	if (second != NULL) {
		strvec_push(&s.secrets, second);
	}
	if (token != NULL) {
		strvec_push(&s.signing_tokens, token);
	}
	return s;
}
