/*
 * Heads: whatever comes, the spans lie within the bytes, and the verdict on a
 * prefix is never taken back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "http/admit.h"
#include "http/head_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void check_span(const char *bytes, const struct http_head *head, struct http_span span)
{
	require(span.at == NULL || (span.at >= bytes && span.at + span.len < bytes + head->size));
	require(span.at != NULL || span.len == 0);
}

static void check_head(char *bytes, size_t size, const struct http_head *head)
{
	struct http_route route = { .methods = HTTP_POST, .body_max = 1000, .body_wanted = true };

	require(head->size <= size && head->size <= LIMIT_HEADER_BYTES);
	require(memcmp(bytes + head->size - 4, "\r\n\r\n", 4) == 0);
	require(!(head->chunked && head->has_length));
	require(head->minor == 0 || http_head_count(head, "host") == 1);
	check_span(bytes, head, head->method);
	check_span(bytes, head, head->path);
	check_span(bytes, head, head->query);
	for (size_t i = 0; i < head->field_count; i++) {
		check_span(bytes, head, head->fields[i].name);
		check_span(bytes, head, head->fields[i].value);
	}
	struct http_admission a = http_admit(head, &route);
	require(a.status != 0 || a.need <= 1000);
	http_head_terminate(bytes, head);
	for (size_t i = 0; i < head->field_count; i++) {
		require(strlen(head->fields[i].value.at) == head->fields[i].value.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head whole;
	struct http_head part;
	char *bytes = xmemdup(data, size);
	enum http_result r = http_head_parse(bytes, size, &whole);

	for (size_t i = 1; i <= 8; i++) {
		char *prefix = xmemdup(data, size * i / 9);
		enum http_result early = http_head_parse(prefix, size * i / 9, &part);

		free(prefix);
		require(early == HTTP_MORE || (early == r && part.status == whole.status));
	}
	require(r != HTTP_MORE || size < LIMIT_HEADER_BYTES);
	require((r == HTTP_REFUSED) == (whole.status != 0));
	if (r == HTTP_OK) {
		check_head(bytes, size, &whole);
	}
	free(bytes);
	return 0;
}
