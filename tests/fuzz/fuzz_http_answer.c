/*
 * Answers: whatever comes, all at once and in pieces have the same end, the
 * body keeps its ceiling, and a verdict is not taken back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/answer.h"

#define MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void check(const struct http_answer *a, enum http_result r)
{
	require(r == a->state && a->body.len <= MAX);
	require(a->status == 0 || (a->status >= 200 && a->status < 600));
	require((r == HTTP_REFUSED) == (a->reason != NULL));
	require(r != HTTP_OK || a->status != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct http_answer whole;
	struct http_answer part;
	enum http_result before = HTTP_MORE;

	http_answer_init(&whole, MAX);
	http_answer_init(&part, MAX);
	check(&whole, http_answer_feed(&whole, bytes, size));
	for (size_t i = 0; i < size; i++) {
		enum http_result r = http_answer_feed(&part, bytes + i, 1);

		check(&part, r);
		require(before == HTTP_MORE || r == before);
		before = r;
	}
	enum http_result end = http_answer_end(&whole);
	check(&whole, end);
	require(http_answer_end(&part) == end && part.status == whole.status);
	require(end == HTTP_REFUSED || (part.body.len == whole.body.len &&
					memcmp(part.body.data, whole.body.data, part.body.len) == 0));
	http_answer_release(&whole);
	http_answer_release(&part);
	return 0;
}
