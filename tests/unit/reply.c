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

static const char *make(struct buf *out, const struct reply *reply, bool without_body)
{
	buf_reset(out);
	reply_write(out, reply, without_body);
	return out->data;
}

static void test_table(struct buf *out)
{
	for (size_t i = 0; i < reply_count(); i++) {
		int status = reply_status(i);
		const char *text = make(out, &(struct reply){ .status = status }, false);
		const char *body = strstr(text, "\r\n\r\n");
		const char *length = strstr(text, "Content-Length: ");
		char start[32];

		(void)snprintf(start, sizeof(start), "HTTP/1.1 %d ", status);
		tap_ok(strncmp(text, start, strlen(start)) == 0, "%d begins with its status", status);
		tap_ok(body != NULL && length != NULL &&
			       strtoul(length + 16, NULL, 10) == strlen(body + 4),
		       "%d has the length of its body", status);
		tap_ok(strstr(text, "\r\nConnection: close\r\n") != NULL, "%d ends the connection", status);
		tap_ok((strstr(text, "\r\nRetry-After: ") != NULL) == (status == 429 || status == 503),
		       "%d says when to come again, or not", status);
		tap_ok((strstr(text, "\r\nWWW-Authenticate: ") != NULL) == (status == 401),
		       "%d asks for credentials, or not", status);
		tap_ok(strstr(text, "doorbell") == NULL && strstr(text, "Server:") == NULL,
		       "%d does not say who we are", status);
		tap_ok(status != 410 && status / 100 != 3, "%d does not end a hook", status);
		tap_int((long long)reply_index(status), (long long)i, "%d is found", status);
	}
}

static void test_others(struct buf *out)
{
	struct reply json = { .status = 202, .content_type = "application/json", .body = "{}", .body_len = 2 };

	const char *text = make(out, &json, false);
	tap_ok(strstr(text, "Content-Type: application/json\r\nContent-Length: 2\r\n") != NULL,
	       "a given body has its type and length");
	tap_str(strstr(text, "\r\n\r\n"), "\r\n\r\n{}", "and is sent");
	text = make(out, &json, true);
	tap_ok(strstr(text, "Content-Length: 2\r\n") != NULL, "without a body its length is told");
	tap_str(strstr(text, "\r\n\r\n"), "\r\n\r\n", "and it is not sent");
	text = make(out, &(struct reply){ .status = 299 }, false);
	tap_ok(strncmp(text, "HTTP/1.1 500 ", 13) == 0, "a status that is not in the table becomes 500");
	text = make(out, &(struct reply){ .status = 503, .retry_after = 60 }, false);
	tap_ok(strstr(text, "\r\nRetry-After: 60\r\n") != NULL, "another time to come again is told");
	text = make(out, &(struct reply){ .status = 405, .allow = "GET, HEAD" }, false);
	tap_ok(strstr(text, "\r\nAllow: GET, HEAD\r\n") != NULL, "405 says what is allowed");
	char *large = xcalloc(1, LIMIT_RESPONSE_BYTES + 1);
	text = make(out, &(struct reply){ .status = 200, .content_type = "a/b", .body = large,
					  .body_len = LIMIT_RESPONSE_BYTES }, false);
	tap_ok(strncmp(text, "HTTP/1.1 200 ", 13) == 0 && !buf_is_full(out), "the largest body is sent");
	text = make(out, &(struct reply){ .status = 200, .content_type = "a/b", .body = large,
					  .body_len = LIMIT_RESPONSE_BYTES + 1 }, false);
	tap_ok(strncmp(text, "HTTP/1.1 500 ", 13) == 0 && !buf_is_full(out), "a larger one becomes 500");
	free(large);
}

int main(void)
{
	struct buf out;

	buf_init(&out, LIMIT_RESPONSE_BYTES + 1024);
	test_table(&out);
	test_others(&out);
	buf_release(&out);
	return tap_done();
}
