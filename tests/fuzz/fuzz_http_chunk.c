/*
 * Chunked bodies: in one piece and in many, the same data and verdict, and
 * never more data than the ceiling. The first byte is the size of a piece.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "http/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT 4096

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static enum http_result run(struct http_chunk *c, const uint8_t *data, size_t size, size_t step,
			    struct buf *out, size_t *ret_used)
{
	enum http_result r = HTTP_MORE;

	http_chunk_init(c, LIMIT);
	*ret_used = 0;
	for (size_t at = 0; at < size && r == HTTP_MORE; at += step) {
		size_t len = size - at < step ? size - at : step;
		char *piece = xmemdup(data + at, len);
		size_t got = 0;
		size_t used = 0;

		r = http_chunk_decode(c, piece, len, &got, &used);
		require(got <= used && used <= len);
		require(r != HTTP_MORE || used == len);
		require(buf_add(out, piece, got) == 0);
		*ret_used += used;
		free(piece);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_chunk one;
	struct http_chunk many;
	struct buf one_out;
	struct buf many_out;
	size_t one_used;
	size_t many_used;

	if (size < 2) {
		return 0;
	}
	buf_init(&one_out, LIMIT);
	buf_init(&many_out, LIMIT);
	enum http_result r = run(&one, data + 1, size - 1, size, &one_out, &one_used);
	enum http_result s = run(&many, data + 1, size - 1, data[0] + 1U, &many_out, &many_used);
	require(r == s && one.status == many.status && one_used == many_used);
	require((r == HTTP_REFUSED) == (one.status == 400 || one.status == 413));
	require(r == HTTP_REFUSED || (one_out.len == many_out.len && one.total == one_out.len &&
				      memcmp(one_out.data, many_out.data, one_out.len) == 0));
	buf_release(&one_out);
	buf_release(&many_out);
	return 0;
}
