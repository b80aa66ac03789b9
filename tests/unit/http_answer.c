/*
 * Answers, whole, cut at every byte, and cut short.
 */
#include "http/answer.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define LENGTH(n) OK "Content-Length: " n "\r\n\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define MAX 20
#define FIELD "X: y\r\n"
#define FIELDS8 FIELD FIELD FIELD FIELD FIELD FIELD FIELD FIELD
#define FIELDS64 FIELDS8 FIELDS8 FIELDS8 FIELDS8 FIELDS8 FIELDS8 FIELDS8 FIELDS8
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"

static const struct {
	const char *name;
	const char *bytes;
	enum http_result fed; // after all bytes
	enum http_result end; // after the end of the connection
	int status;
	const char *body;
	const char *reason;
} rows[] = {
	{ "a length", LENGTH("2") "{}", HTTP_OK, HTTP_OK, 200, "{}", NULL },
	{ "a length in any case and white space", OK "content-LENGTH: \t2 \r\n\r\n{}", HTTP_OK, HTTP_OK, 200, "{}", NULL },
	{ "a length of nothing", LENGTH("0"), HTTP_OK, HTTP_OK, 200, "", NULL },
	{ "more than the length is ignored", LENGTH("2") "{}}}", HTTP_OK, HTTP_OK, 200, "{}", NULL },
	{ "less than the length is incomplete", LENGTH("3") "{}", HTTP_MORE, HTTP_REFUSED, 200, "{}", "the answer is incomplete" },
	{ "no length: up to the end", OK "\r\n{}", HTTP_MORE, HTTP_OK, 200, "{}", NULL },
	{ "no body at all", "HTTP/1.0 503 \r\n\r\n", HTTP_MORE, HTTP_OK, 503, "", NULL },
	{ "chunks", CHUNKED "2;a=b\r\n{}\r\n1\r\n!\r\n0\r\nT: u\r\n\r\n", HTTP_OK, HTTP_OK, 200, "{}!", NULL },
	{ "chunks without the last", CHUNKED "2\r\n{}\r\n", HTTP_MORE, HTTP_REFUSED, 200, "{}", "the answer is incomplete" },
	{ "a chunk over the ceiling", CHUNKED "15\r\n", HTTP_REFUSED, HTTP_REFUSED, 200, "", NULL },
	{ "a broken chunk", CHUNKED "2\r\n{}x", HTTP_REFUSED, HTTP_REFUSED, 200, NULL, NULL },
	{ "a body of the ceiling", LENGTH("20") "0123456789abcdefghij", HTTP_OK, HTTP_OK, 200, "0123456789abcdefghij", NULL },
	{ "one byte more is cut", LENGTH("21") "0123456789abcdefghijx", HTTP_REFUSED, HTTP_REFUSED, 200,
	  "0123456789abcdefghij", "the body is too long" },
	{ "one byte more without a length too", OK "\r\n0123456789abcdefghijx", HTTP_REFUSED, HTTP_REFUSED, 200,
	  "0123456789abcdefghij", "the body is too long" },
	{ "204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", HTTP_OK, HTTP_OK, 204, "", NULL },
	{ "304 neither", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", HTTP_OK, HTTP_OK, 304, "", NULL },
	{ "an interim answer is passed over", INTERIM LENGTH("1") "a", HTTP_OK, HTTP_OK, 200, "a", NULL },
	{ "nine of them are not", INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM, HTTP_REFUSED, HTTP_REFUSED, 0, "",
	  "interim answers that nobody asked for" },
	{ "101 is not", "HTTP/1.1 101 Switching Protocols\r\n\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "interim answers that nobody asked for" },
	{ "nothing", "", HTTP_MORE, HTTP_REFUSED, 0, "", "the connection was closed without an answer" },
	{ "half a head", OK "X: y\r\n", HTTP_MORE, HTTP_REFUSED, 0, "", "the answer ends within its head" },
	{ "another protocol", "SSH-2.0-OpenSSH_9.2\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not a status line" },
	{ "a request", "GET / HTTP/1.1\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not a status line" },
	{ "HTTP/2", "HTTP/2.0 200 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", NULL },
	{ "HTTP/1.2", "HTTP/1.2 200 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", NULL },
	{ "another version in this place", "XTTP/1.1 200 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not an HTTP version" },
	{ "a code with a letter", "HTTP/1.1 20x OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not a status code" },
	{ "a code of four digits", "HTTP/1.1 2000 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not a status line" },
	{ "a code of two digits", "HTTP/1.1 20 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", NULL },
	{ "a code from 600 on", "HTTP/1.1 600 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not a status code" },
	{ "a code below 100", "HTTP/1.1 099 OK\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "not a status code" },
	{ "a control character in the phrase", "HTTP/1.1 200 O\033K\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "",
	  "a control character in the status line" },
	{ "a line without CR", "HTTP/1.1 200 OK\n\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "a line ends without CR" },
	{ "a length and chunks", OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "",
	  "both Transfer-Encoding and Content-Length" },
	{ "two lengths", OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "more than one Content-Length" },
	{ "a negative length", LENGTH("-2"), HTTP_REFUSED, HTTP_REFUSED, 0, "", "Content-Length is not a number" },
	{ "a length that would wrap around", LENGTH("18446744073709551618"), HTTP_REFUSED, HTTP_REFUSED, 0, "", "Content-Length is too large" },
	{ "another coding", OK "Transfer-Encoding: gzip\r\n\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "a transfer coding other than chunked" },
	{ "64 fields", OK FIELDS64 "\r\n", HTTP_MORE, HTTP_OK, 200, "", NULL },
	{ "65 fields", OK FIELDS64 FIELD "\r\n", HTTP_REFUSED, HTTP_REFUSED, 0, "", "too many header fields" },
};

/* Feed the row in two pieces, cut at that byte; true if all is as wanted. */
static bool runs(size_t row, size_t cut, bool loud)
{
	size_t len = strlen(rows[row].bytes);
	struct http_answer a;

	http_answer_init(&a, MAX);
	(void)http_answer_feed(&a, rows[row].bytes, cut);
	enum http_result fed = http_answer_feed(&a, rows[row].bytes + cut, len - cut);
	enum http_result end = http_answer_end(&a);
	const char *reason = a.reason != NULL ? a.reason : "";
	bool ok = fed == rows[row].fed && end == rows[row].end && a.status == rows[row].status &&
		  (rows[row].body == NULL || strcmp(a.body.data, rows[row].body) == 0) &&
		  (end == HTTP_REFUSED) == (a.reason != NULL) &&
		  (rows[row].reason == NULL || strcmp(reason, rows[row].reason) == 0);

	if (loud && !ok) {
		tap_note("fed %d, end %d, status %d, body \"%s\", reason \"%s\"", fed, end, a.status,
			 a.body.data, reason);
	}
	http_answer_release(&a);
	return ok;
}

static void heads_have_a_ceiling(void)
{
	char line[LIMIT_HEADER_BYTES];
	struct http_answer a;

	memset(line, 'x', sizeof(line));
	http_answer_init(&a, MAX);
	tap_int(http_answer_feed(&a, OK "X: ", strlen(OK "X: ")), HTTP_MORE, "a head begins");
	tap_int(http_answer_feed(&a, line, sizeof(line)), HTTP_REFUSED, "and does not end in time");
	tap_str(a.reason, "the head is too long", "which is said");
	http_answer_release(&a);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t broken = 0;

		tap_ok(runs(i, 0, true), "%s", rows[i].name);
		for (size_t cut = 1; cut <= strlen(rows[i].bytes); cut++) {
			broken += !runs(i, cut, false);
		}
		tap_int(broken, 0, "%s, cut anywhere", rows[i].name);
	}
	heads_have_a_ceiling();
	return tap_done();
}
