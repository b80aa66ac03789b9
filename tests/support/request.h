/*
 * Requests for the tests of providers: headers and a body, changed freely.
 */
#ifndef TESTS_SUPPORT_REQUEST_H
#define TESTS_SUPPORT_REQUEST_H

#include "base/strvec.h"
#include "provider/provider.h"

#define REQUEST_HEADERS_MAX 32

struct test_request {
	struct provider_header headers[REQUEST_HEADERS_MAX];
	struct provider_request request; // points at headers; body as given
	struct strvec texts;             // owns names and values
};

/* Start a request at now_ms with a body (borrowed) of len bytes. */
void test_request_init(struct test_request *t, int64_t now_ms, const char *body, size_t len);

/* Free what the request owns. */
void test_request_release(struct test_request *t);

/* Append a header; name and value are copied. */
void test_request_add(struct test_request *t, const char *name, const char *value);

/* Append a header from a "Name: value" line. */
void test_request_add_line(struct test_request *t, const char *line);

/* Replace the value of the first header of that name, or append it. */
void test_request_set(struct test_request *t, const char *name, const char *value);

/* Remove all headers of that name. */
void test_request_remove(struct test_request *t, const char *name);

/* Append "sha256=<hmac>" of the body under secret as the header name. */
void test_request_sign(struct test_request *t, const char *name, const char *prefix,
		       const char *secret);

/*
 * Secrets from up to two texts each (NULL: not there). Release with
 * provider_secrets_release().
 */
struct provider_secrets test_secrets(const char *secret, const char *second, const char *token);

#endif
