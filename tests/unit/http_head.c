/*
 * Heads of requests: the table of cases at every split point, and what is
 * read from those that are accepted; admission.
 */
#include "http/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "http/admit.h"
#include "http/head_impl.h"
#include "tests/support/cases.h"
#include "tests/support/tap.h"

/* "ok", "more" or the status. */
static const char *describe(enum http_result r, const struct http_head *head, char out[16])
{
	if (r == HTTP_REFUSED) {
		(void)snprintf(out, 16, "%d", head->status);
		return out;
	}
	return r == HTTP_OK ? "ok" : "more";
}

/* Parse the first len bytes, alone in an allocation: reading on is found. */
static enum http_result parse_prefix(const struct case_column *bytes, size_t len,
				     struct http_head *head)
{
	char *copy = xmemdup(bytes->bytes, len);
	enum http_result r = http_head_parse(copy, len, head);

	free(copy);
	return r;
}

/*
 * Whatever came first, the verdict is the same: as long as the bytes so far
 * give one, it is the one of the whole.
 */
static void test_splits(const struct case_row *row, const struct http_head *whole,
			enum http_result want)
{
	const struct case_column *bytes = &row->columns[2];
	struct http_head head;

	for (size_t len = 0; len <= bytes->len; len++) {
		enum http_result r = parse_prefix(bytes, len, &head);
		bool same = r == want && head.status == whole->status && head.size == whole->size;

		if (r != HTTP_MORE && !same) {
			tap_ok(false, "%s: the first %zu bytes change the verdict",
			       row->columns[1].bytes, len);
			return;
		}
	}
}

static void test_table(void)
{
	struct case_row *rows;
	size_t count = cases_read("tests/payloads/http/heads.txt", &rows);

	for (size_t i = 0; i < count; i++) {
		struct http_head head;
		char text[16];
		enum http_result r =
			parse_prefix(&rows[i].columns[2], rows[i].columns[2].len, &head);

		tap_str(describe(r, &head, text), rows[i].columns[0].bytes, "%s",
			rows[i].columns[1].bytes);
		test_splits(&rows[i], &head, r);
	}
	tap_ok(count >= 150, "the table has %zu cases", count);
	cases_free(rows, count);
}

static void test_reading(void)
{
	static const char text[] = "POST /hooks/a?x=1&y HTTP/1.1\r\nHost: a:80\r\n"
				   "Content-Length:\t0012 \r\nEXPECT: 100-continue\r\n"
				   "content-type: application/json ; charset=utf-8\r\n"
				   "X-Empty:\r\n\r\nbody";
	char *bytes = xmemdup(text, sizeof(text) - 1);
	struct http_head head;

	tap_int(http_head_parse(bytes, sizeof(text) - 1, &head), HTTP_OK, "a full head is read");
	tap_int(head.size, sizeof(text) - 1 - 4, "the head ends where the body begins");
	tap_int(head.content_length, 12, "the length is read in decimal");
	tap_int(head.minor, 1, "the version is 1.1");
	tap_int((long long)head.field_count, 5, "five fields are found");
	tap_ok(head.has_length && !head.chunked && head.expect_continue, "the flags are right");
	tap_int((long long)http_head_count(&head, "x-none"), 0, "a missing field is counted as none");
	http_head_terminate(bytes, &head);
	tap_str(head.method.at, "POST", "the method is a string after terminate");
	tap_str(head.path.at, "/hooks/a", "the path is a string");
	tap_str(head.query.at, "x=1&y", "the query is a string");
	tap_str(http_head_field(&head, "hOST")->value.at, "a:80", "a field is found in any case");
	tap_str(http_head_field(&head, "content-length")->value.at, "0012",
		"blanks around a value are gone");
	tap_str(http_head_field(&head, "x-empty")->value.at, "", "an empty value is a string");
	tap_ok(http_head_field(&head, "X-None") == NULL, "a missing field is NULL");
	tap_ok(memcmp(bytes + head.size, "body", 4) == 0, "the body is not touched");
	free(bytes);
	static const char bare[] = "GET / HTTP/1.0\r\n\r\n";
	tap_int(http_head_parse(bare, sizeof(bare) - 1, &head), HTTP_OK, "a bare head is read");
	tap_ok(head.query.at == NULL && head.minor == 0, "without a query; the version is 1.0");
}

struct admit_case {
	const char *name;
	const char *head;
	struct http_route route;
	int status;
	uint64_t need;
	bool send_continue;
	const char *allow;
};

#define HEAD(line, fields) line " HTTP/1.1\r\nHost: a\r\n" fields "\r\n"

static const struct http_route hook = { .methods = HTTP_POST, .body_max = 100, .body_wanted = true };
static const struct http_route page = { .methods = HTTP_GET | HTTP_HEAD };

static void test_admission(void)
{
	const struct admit_case cases[] = {
		{ "a body below the limit", HEAD("POST /", "Content-Length: 99\r\n"), hook, 0, 99, false, NULL },
		{ "a body of the limit", HEAD("POST /", "Content-Length: 100\r\n"), hook, 0, 100, false, NULL },
		{ "a body over the limit", HEAD("POST /", "Content-Length: 101\r\n"), hook, 413, 0, false, NULL },
		{ "chunks", HEAD("POST /", "Transfer-Encoding: chunked\r\n"), hook, 0, 0, false, NULL },
		{ "no length", HEAD("POST /", ""), hook, 411, 0, false, NULL },
		{ "length 0", HEAD("POST /", "Content-Length: 0\r\n"), hook, 0, 0, false, NULL },
		{ "Expect", HEAD("POST /", "Content-Length: 9\r\nExpect: 100-continue\r\n"), hook, 0, 9, true, NULL },
		{ "Expect without a body", HEAD("POST /", "Content-Length: 0\r\nExpect: 100-continue\r\n"), hook, 0, 0, false, NULL },
		{ "Expect with a body too large", HEAD("POST /", "Content-Length: 101\r\nExpect: 100-continue\r\n"), hook, 413, 0, false, NULL },
		{ "GET where POST is known", HEAD("GET /", ""), hook, 405, 0, false, "POST" },
		{ "a method in lower case", HEAD("post /", "Content-Length: 1\r\n"), hook, 405, 0, false, "POST" },
		{ "an unknown method", HEAD("BREW /", ""), page, 405, 0, false, "GET, HEAD" },
		{ "GET", HEAD("GET /", ""), page, 0, 0, false, NULL },
		{ "HEAD", HEAD("HEAD /", ""), page, 0, 0, false, NULL },
		{ "GET with a body", HEAD("GET /", "Content-Length: 1\r\n"), page, 413, 0, false, NULL },
		{ "GET with chunks", HEAD("GET /", "Transfer-Encoding: chunked\r\n"), page, 413, 0, false, NULL },
		{ "no such path comes before the method", HEAD("BREW /", ""), { .status = 404 }, 404, 0, false, NULL },
		{ "the method comes before the route's refusal", HEAD("GET /", ""),
		  { .status = 401, .methods = HTTP_POST }, 405, 0, false, "POST" },
		{ "the route's refusal comes before the length", HEAD("POST /", ""),
		  { .status = 401, .methods = HTTP_POST, .body_wanted = true }, 401, 0, false, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct admit_case *c = &cases[i];
		struct http_head head;

		tap_int(http_head_parse(c->head, strlen(c->head), &head), HTTP_OK, "%s: parsed", c->name);
		struct http_admission a = http_admit(&head, &c->route);
		tap_int(a.status, c->status, "%s: the status is right", c->name);
		tap_str(a.allow, c->allow, "%s: Allow is right", c->name);
		tap_int(a.need, c->need, "%s: so many bytes are wanted", c->name);
		tap_int(a.send_continue, c->send_continue, "%s: 100 Continue is right", c->name);
		tap_ok(a.chunked == (head.chunked && a.status == 0), "%s: chunked is right", c->name);
		tap_ok((a.status != 0) == (a.reason != NULL), "%s: a refusal has a reason", c->name);
	}
}

int main(void)
{
	test_table();
	test_reading();
	test_admission();
	return tap_done();
}
