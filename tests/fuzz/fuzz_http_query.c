/*
 * Queries: whatever comes, every parameter is text of its own without control
 * characters, and no name is there twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "http/query_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void check_text(const struct http_query *query, size_t at)
{
	require(at < query->text.len);
	for (const char *p = query->text.data + at; *p != '\0'; p++) {
		require((unsigned char)*p >= 0x20 && *p != 0x7f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct http_query query;
	uint64_t number = 0;

	if (http_query_parse(text, &query) == 0) {
		require(query.count <= HTTP_QUERY_PARAMETERS);
		for (size_t i = 0; i < query.count; i++) {
			const char *name = query.text.data + query.parameters[i].name;
			const char *value = query.text.data + query.parameters[i].value;

			check_text(&query, query.parameters[i].name);
			check_text(&query, query.parameters[i].value);
			require(http_query_get(&query, name) == value);
			require(http_query_number(&query, name, 0, &number) <= 0);
			require(number <= INT64_MAX);
		}
	} else {
		require(query.count == 0);
	}
	http_query_release(&query);
	free(text);
	return 0;
}
