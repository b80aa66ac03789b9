/*
 * Chunked transfer coding.
 *
 *     SIZE -> [EXTENSION] -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE ...
 *     after a chunk of size 0: TRAILER_START -> TRAILER_NAME ->
 *     TRAILER_VALUE -> TRAILER_LF -> TRAILER_START ... -> END_LF -> DONE
 *
 * One function a state takes one byte; only data is moved in bulk.  RFC 9112
 * 7.1.1: "A recipient MUST ignore unrecognized chunk extensions" and "ought
 * to limit the total length of chunk extensions": both are done.  Trailers
 * are checked for form, then dropped: nothing we verify may come from them.
 * White space before an extension ("bad" white space in the RFC's words), a
 * sign, "0x" and a bare LF are refused.
 */
#include "http/chunk.h"

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"
#include "http/chars.h"

enum state {
	STATE_SIZE,
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA,
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_TRAILER_START,
	STATE_TRAILER_NAME,
	STATE_TRAILER_VALUE,
	STATE_TRAILER_LF,
	STATE_END_LF,
	STATE_DONE,
	STATE_REFUSED
};

void http_chunk_init(struct http_chunk *c, uint64_t max)
{
	*c = (struct http_chunk){ .state = STATE_SIZE, .max = max };
}

static void refuse(struct http_chunk *c, int status, const char *reason)
{
	c->state = STATE_REFUSED;
	c->status = status;
	c->reason = reason;
}

static void take_extension(struct http_chunk *c, char byte)
{
	if (byte == '\r') {
		c->state = STATE_SIZE_LF;
		return;
	}
	if (!http_is_visible(byte) && !http_is_blank(byte)) {
		refuse(c, 400, "a control character in a chunk extension");
		return;
	}
	c->extension++;
	c->extensions++;
	if (c->extension > HTTP_CHUNK_EXTENSION_MAX || c->extensions > HTTP_CHUNK_EXTENSIONS_MAX) {
		refuse(c, 400, "chunk extensions are too long");
	}
}

static void take_size(struct http_chunk *c, char byte)
{
	int value = hex_digit(byte);

	if (value >= 0 && c->digits < HTTP_CHUNK_SIZE_DIGITS) {
		c->left = c->left * 16 + (uint64_t)value;
		c->digits++;
		return;
	}
	if (c->digits == 0 || value >= 0) {
		refuse(c, 400, c->digits == 0 ? "a chunk without a size"
					      : "a chunk size is too long");
		return;
	}
	if (byte == '\r') {
		c->state = STATE_SIZE_LF;
		return;
	}
	if (byte != ';') {
		refuse(c, 400, "a chunk size is not a number");
		return;
	}
	c->state = STATE_EXTENSION;
	take_extension(c, byte);
}

static void expect(struct http_chunk *c, char byte, char want, enum state next)
{
	if (byte != want) {
		refuse(c, 400, "CRLF is not where it must be");
		return;
	}
	c->state = (int)next;
}

/* With its LF the size line is complete: is the chunk welcome? */
static void begin_chunk(struct http_chunk *c, char byte)
{
	expect(c, byte, '\n', STATE_DATA);
	if (c->state != STATE_DATA) {
		return;
	}
	c->digits = 0;
	c->extension = 0;
	if (c->left > c->max - c->total) {
		refuse(c, 413, "the chunks are larger than the limit");
		return;
	}
	if (c->overhead >= HTTP_CHUNK_OVERHEAD_FREE && c->total < (c->total + c->overhead) / 4) {
		refuse(c, 400, "too many small chunks");
		return;
	}
	c->state = c->left > 0 ? STATE_DATA : STATE_TRAILER_START;
}

static void take_trailer(struct http_chunk *c, char byte)
{
	if (++c->trailers > HTTP_CHUNK_TRAILERS_MAX) {
		refuse(c, 400, "the trailers are too long");
		return;
	}
	if (c->state == STATE_TRAILER_LF) {
		expect(c, byte, '\n', STATE_TRAILER_START);
		return;
	}
	if (c->state == STATE_TRAILER_NAME && byte == ':') {
		c->state = STATE_TRAILER_VALUE;
		return;
	}
	if (c->state == STATE_TRAILER_VALUE) {
		if (byte == '\r') {
			c->state = STATE_TRAILER_LF;
		} else if (!http_is_value(byte)) {
			refuse(c, 400, "a control character in a trailer");
		}
		return;
	}
	if (!http_is_token(byte)) {
		refuse(c, 400, "a trailer's name is not a token");
		return;
	}
	c->state = STATE_TRAILER_NAME;
}

/* One byte of framing. */
static void take(struct http_chunk *c, char byte)
{
	c->overhead++;
	switch ((enum state)c->state) {
	case STATE_SIZE:
		take_size(c, byte);
		return;
	case STATE_EXTENSION:
		take_extension(c, byte);
		return;
	case STATE_SIZE_LF:
		begin_chunk(c, byte);
		return;
	case STATE_DATA_CR:
		expect(c, byte, '\r', STATE_DATA_LF);
		return;
	case STATE_DATA_LF:
		expect(c, byte, '\n', STATE_SIZE);
		return;
	case STATE_TRAILER_START:
		if (byte == '\r') {
			c->state = STATE_END_LF;
			return;
		}
		take_trailer(c, byte);
		return;
	case STATE_TRAILER_NAME:
	case STATE_TRAILER_VALUE:
	case STATE_TRAILER_LF:
		take_trailer(c, byte);
		return;
	case STATE_END_LF:
		expect(c, byte, '\n', STATE_DONE);
		return;
	case STATE_DATA:
	case STATE_DONE:
	case STATE_REFUSED:
		return;
	}
}

static enum http_result result(const struct http_chunk *c)
{
	if (c->state == STATE_DONE) {
		return HTTP_OK;
	}
	return c->state == STATE_REFUSED ? HTTP_REFUSED : HTTP_MORE;
}

enum http_result http_chunk_decode(struct http_chunk *c, char *bytes, size_t len,
				   size_t *ret_data, size_t *ret_used)
{
	size_t used = 0;
	size_t data = 0;

	while (used < len && result(c) == HTTP_MORE) {
		if (c->state != STATE_DATA) {
			take(c, bytes[used++]);
			continue;
		}
		size_t n = len - used < c->left ? len - used : (size_t)c->left;
		memmove(bytes + data, bytes + used, n);
		data += n;
		used += n;
		c->total += n;
		c->left -= n;
		if (c->left == 0) {
			c->state = STATE_DATA_CR;
		}
	}
	*ret_data = data;
	*ret_used = used;
	return result(c);
}
