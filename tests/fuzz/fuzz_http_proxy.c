/*
 * Headers of the PROXY protocol: whatever comes, the header lies within the
 * bytes, what is not complete stays within its ceiling, and the verdict on a
 * prefix is never taken back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "http/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static bool same(const struct http_proxy *a, const struct http_proxy *b)
{
	return a->size == b->size && a->has_address == b->has_address && a->port == b->port &&
	       memcmp(&a->source, &b->source, sizeof(a->source)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_proxy whole;
	struct http_proxy part;
	char *bytes = xmemdup(data, size);
	enum http_result r = http_proxy_parse(bytes, size, &whole);

	require(r != HTTP_MORE || size < HTTP_PROXY_BYTES);
	require((r == HTTP_REFUSED) == (whole.reason != NULL));
	require(r != HTTP_OK || (whole.size >= 15 && whole.size <= size && whole.size <= HTTP_PROXY_BYTES));
	require(!whole.has_address || (r == HTTP_OK && whole.port <= UINT16_MAX));
	for (size_t i = 0; i < 9; i++) {
		size_t len = size * i / 9;
		char *prefix = xmemdup(data, len);
		enum http_result early = http_proxy_parse(prefix, len, &part);

		free(prefix);
		require(early == HTTP_MORE || (early == r && (r != HTTP_OK || same(&part, &whole))));
	}
	if (r == HTTP_OK) {
		char *exact = xmemdup(data, whole.size);

		require(http_proxy_parse(exact, whole.size, &part) == HTTP_OK && same(&part, &whole));
		free(exact);
	}
	free(bytes);
	return 0;
}
