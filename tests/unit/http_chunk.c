/*
 * Chunked bodies: the table of cases at every split point, and floods.
 */
#include "http/chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/cases.h"
#include "tests/support/tap.h"

#define LIMIT 1024

/* Decode one piece, alone in an allocation, and collect its data. */
static enum http_result feed(struct http_chunk *c, const char *bytes, size_t len, struct buf *data,
			     size_t *total_used)
{
	char *copy = xmemdup(bytes, len);
	size_t got = 0;
	size_t used = 0;
	enum http_result r = http_chunk_decode(c, copy, len, &got, &used);

	(void)buf_add(data, copy, got);
	*total_used += used;
	free(copy);
	return r;
}

/* Feed row in pieces: [0, first), [first, ...) of step bytes each. */
static bool run(const struct case_row *row, size_t first, size_t step)
{
	const struct case_column *bytes = &row->columns[2];
	const struct case_column *want = &row->columns[3];
	struct http_chunk c;
	struct buf data;
	size_t used = 0;
	char text[16];

	buf_init(&data, LIMIT);
	http_chunk_init(&c, LIMIT);
	enum http_result r = feed(&c, bytes->bytes, first, &data, &used);
	for (size_t at = first; at < bytes->len; at += step) {
		size_t len = bytes->len - at < step ? bytes->len - at : step;

		r = feed(&c, bytes->bytes + at, len, &data, &used);
	}
	(void)snprintf(text, sizeof(text), "%d", c.status);
	const char *got = r == HTTP_REFUSED ? text : r == HTTP_OK ? "ok" : "more";
	bool ok = strcmp(got, row->columns[0].bytes) == 0 && (r != HTTP_MORE || used == bytes->len);
	if (r != HTTP_REFUSED) {
		ok = ok && data.len == want->len && memcmp(data.data, want->bytes, data.len) == 0 &&
		     c.total == data.len;
	}
	buf_release(&data);
	return ok;
}

static void test_table(void)
{
	struct case_row *rows;
	size_t count = cases_read("tests/payloads/http/chunks.txt", &rows);

	for (size_t i = 0; i < count; i++) {
		size_t len = rows[i].columns[2].len;
		bool ok = true;

		for (size_t first = 0; first <= len && ok; first++) {
			ok = run(&rows[i], first, len + 1);
		}
		ok = ok && run(&rows[i], 0, 1) && run(&rows[i], 0, 2) &&
		     run(&rows[i], len > 0, 3);
		tap_ok(ok, "%s: %s", rows[i].columns[1].bytes, rows[i].columns[0].bytes);
	}
	tap_ok(count >= 75, "the table has %zu cases", count);
	cases_free(rows, count);
}

/* Feed count chunks like text of size data bytes each; the status or 0. */
static int flood(const char *text, size_t count)
{
	struct http_chunk c;
	char bytes[256];
	size_t len = strlen(text);

	http_chunk_init(&c, 25U * 1024 * 1024);
	for (size_t i = 0; i < count; i++) {
		size_t data = 0;
		size_t used = 0;

		memcpy(bytes, text, len);
		if (http_chunk_decode(&c, bytes, len, &data, &used) == HTTP_REFUSED) {
			return c.status;
		}
	}
	return 0;
}

static void test_floods(void)
{
	tap_int(flood("1\r\nx\r\n", 20480), 0, "20,480 chunks of one byte are borne");
	tap_int(flood("1\r\nx\r\n", 20482), 400, "a flood of chunks of one byte is refused");
	tap_int(flood("2\r\nxx\r\n", 1000000), 0, "chunks of two bytes are data enough");
	tap_int(flood("00000002\r\nxx\r\n", 1000000), 400, "so are not chunks with padded sizes");
}

static void test_end(void)
{
	char text[] = "1\r\na\r\n0\r\n\r\nmore";
	struct http_chunk c;
	size_t data = 0;
	size_t used = 0;

	http_chunk_init(&c, LIMIT);
	tap_int(http_chunk_decode(&c, text, sizeof(text) - 1, &data, &used), HTTP_OK, "a body ends");
	tap_int((long long)used, (long long)sizeof(text) - 5, "what follows is not read");
	tap_int(http_chunk_decode(&c, text, 4, &data, &used), HTTP_OK, "it stays complete");
	tap_int((long long)(used + data), 0, "and reads no more");
}

int main(void)
{
	test_table();
	test_floods();
	test_end();
	return tap_done();
}
