/*
 * Replies: each status, bodies of others, headers that belong to a status.
 */
#include "receiver/http/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/tap.h"

static const char *make(struct buf *out, const struct reply *reply, unsigned options)
{
	buf_reset(out);
	reply_write(out, reply, options);
	return out->data;
}

/* A reply of that status with one more line of header. */
#define WITH(code, ...) \
	&(struct reply){ .status = (code), .headers = &(struct reply_header)__VA_ARGS__, .header_count = 1 }

static void test_headers(struct buf *out)
{
	const char *text = make(out, WITH(200, { "Cache-Control", "max-age=31536000, immutable" }), REPLY_WHOLE);

	tap_ok(strstr(text, "\r\nCache-Control: max-age=31536000, immutable\r\n") != NULL &&
		       strstr(text, "no-store") == NULL, "a line of one's own takes the place of the usual one");
	text = make(out, WITH(200, { "ETag", "\"0123\"" }), REPLY_WHOLE);
	tap_ok(strstr(text, "\r\nETag: \"0123\"\r\n") != NULL && strstr(text, "\r\nCache-Control: no-store\r\n") != NULL,
	       "another one stands beside it");
	text = make(out, WITH(200, { "Location", "x\r\nSet-Cookie: a=b" }), REPLY_WHOLE);
	tap_ok(strstr(text, "Location") == NULL && strstr(text, "Set-Cookie") == NULL,
	       "a value that would begin another line is left out");
	char *large = xcalloc(1, REPLY_HEADER_BYTES + 1);
	memset(large, 'a', REPLY_HEADER_BYTES);
	text = make(out, WITH(200, { "X", large }), REPLY_WHOLE);
	tap_ok(strstr(text, "aaaa") == NULL && strstr(text, "\r\n\r\nok\n") != NULL, "so is one that does not fit");
	free(large);
	text = make(out, &(struct reply){ .status = 200 }, REPLY_KEEP);
	tap_ok(strstr(text, "\r\nConnection: keep-alive\r\n\r\nok\n") != NULL, "the connection goes on where it may");
}

static void test_table(struct buf *out)
{
	int known = 0;

	for (int status = 100; status <= 599; status++) {
		const char *text = make(out, &(struct reply){ .status = status }, REPLY_WHOLE);
		const char *body = strstr(text, "\r\n\r\n");
		const char *length = strstr(text, "Content-Length: ");
		char start[32];

		(void)snprintf(start, sizeof(start), "HTTP/1.1 %d ", status);
		if (strncmp(text, start, strlen(start)) != 0) {
			tap_ok(strncmp(text, "HTTP/1.1 500 ", 13) == 0, "%d, which is not in the table, becomes 500",
			       status);
			continue;
		}
		known++;
		tap_ok(body != NULL && (status == 304 ? length == NULL && body[4] == '\0'
						      : length != NULL && strtoul(length + 16, NULL, 10) ==
								strlen(body + 4)),
		       "%d has the length of its body, if it may have one", status);
		tap_ok(strstr(text, "\r\nConnection: close\r\n") != NULL, "%d ends the connection", status);
		tap_ok((strstr(text, "\r\nRetry-After: ") != NULL) == (status == 429 || status == 503),
		       "%d says when to come again, or not", status);
		tap_ok((strstr(text, "\r\nWWW-Authenticate: ") != NULL) == (status == 401),
		       "%d asks for credentials, or not", status);
		tap_ok(strstr(text, "doorbell") == NULL && strstr(text, "Server:") == NULL,
		       "%d does not say who we are", status);
		tap_ok(status != 410 && (status / 100 != 3 || status == 304), "%d does not end a hook", status);
		tap_ok(reply_index(status) != reply_index(299) || status == 500, "%d has a place of its own", status);
	}
	tap_ok(known >= 20, "there are %d statuses", known);
}

static void test_others(struct buf *out)
{
	struct reply json = { .status = 202, .content_type = "application/json", .body = "{}", .body_len = 2 };

	const char *text = make(out, &json, REPLY_WHOLE);
	tap_ok(strstr(text, "Content-Type: application/json\r\nContent-Length: 2\r\n") != NULL,
	       "a given body has its type and length");
	tap_str(strstr(text, "\r\n\r\n"), "\r\n\r\n{}", "and is sent");
	text = make(out, &json, REPLY_WITHOUT_BODY);
	tap_ok(strstr(text, "Content-Length: 2\r\n") != NULL, "without a body its length is told");
	tap_str(strstr(text, "\r\n\r\n"), "\r\n\r\n", "and it is not sent");
	text = make(out, &(struct reply){ .status = 299 }, REPLY_WHOLE);
	tap_ok(strncmp(text, "HTTP/1.1 500 ", 13) == 0, "a status that is not in the table becomes 500");
	text = make(out, WITH(503, { "Retry-After", "60" }), REPLY_WHOLE);
	tap_ok(strstr(text, "\r\nRetry-After: 60\r\n") != NULL, "another time to come again is told");
	tap_ok(strstr(text, "Retry-After: 5") == NULL, "in place of the usual one");
	text = make(out, WITH(405, { "Allow", "GET, HEAD" }), REPLY_WHOLE);
	tap_ok(strstr(text, "\r\nAllow: GET, HEAD\r\n") != NULL, "405 says what is allowed");
	char *large = xcalloc(1, LIMIT_RESPONSE_BYTES + 1);
	text = make(out, &(struct reply){ .status = 200, .content_type = "a/b", .body = large,
					  .body_len = LIMIT_RESPONSE_BYTES }, REPLY_WHOLE);
	tap_ok(strncmp(text, "HTTP/1.1 200 ", 13) == 0 && !buf_is_full(out), "the largest body is sent");
	text = make(out, &(struct reply){ .status = 200, .content_type = "a/b", .body = large,
					  .body_len = LIMIT_RESPONSE_BYTES + 1 }, REPLY_WHOLE);
	tap_ok(strncmp(text, "HTTP/1.1 500 ", 13) == 0 && !buf_is_full(out), "a larger one becomes 500");
	free(large);
}

int main(void)
{
	struct buf out;

	buf_init(&out, LIMIT_RESPONSE_BYTES + REPLY_HEADER_BYTES);
	test_table(&out);
	test_others(&out);
	test_headers(&out);
	buf_release(&out);
	return tap_done();
}
