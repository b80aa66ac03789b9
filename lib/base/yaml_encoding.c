/*
 * YAML in UTF-16.
 *
 * PowerShell writes it, and go-yaml, which all renderers read YAML with, takes
 * it where a byte order mark says so, in either order.  UTF-16 without a mark,
 * and UTF-32, it does not take.
 */
#include "base/yaml_impl.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"

bool yaml_is_utf16(const char *data, size_t len)
{
	return len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0);
}

static uint32_t unit_at(const char *data, bool big)
{
	const unsigned char *bytes = (const unsigned char *)data;

	return big ? (uint32_t)bytes[0] << 8 | bytes[1] : (uint32_t)bytes[1] << 8 | bytes[0];
}

static void add_character(struct buf *out, uint32_t c)
{
	char bytes[4];
	size_t len = c < 0x80 ? 1U : c < 0x800 ? 2U : c < 0x10000 ? 3U : 4U;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len; i > 1; i--) {
		bytes[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	bytes[0] = (char)(lead[len] | c);
	(void)buf_add(out, bytes, len);
}

/* The character at data and its length in bytes; 0 if it is not whole. */
static size_t next_character(const char *data, size_t len, bool big, uint32_t *ret_c)
{
	uint32_t c = len >= 2 ? unit_at(data, big) : 0xdc00;
	bool pair = c >= 0xd800 && c < 0xdc00 && len >= 4;
	uint32_t low = pair ? unit_at(data + 2, big) : 0;

	*ret_c = pair ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : c;
	if (pair) {
		return low >= 0xdc00 && low < 0xe000 ? 4 : 0;
	}
	return c >= 0xd800 && c < 0xe000 ? 0 : 2;
}

enum yaml_result yaml_decode_utf16(const char *data, size_t len, struct buf *out,
				   struct error *err)
{
	bool big = data[0] == '\xfe';
	size_t line = 0;
	size_t column = 0;
	size_t skip = 0;

	for (size_t at = 2; at < len; at += skip) {
		uint32_t c = 0;

		skip = next_character(data + at, len - at, big, &c);
		if (skip == 0) {
			return yaml_fail(err, YAML_MALFORMED, line, column,
					 "UTF-16 that is cut off or has half a pair");
		}
		column++;
		if (c == '\n') {
			line++;
			column = 0;
		}
		add_character(out, c);
	}
	return buf_is_full(out) ? yaml_fail(err, YAML_LIMIT, 0, 0, "too long") : YAML_OK;
}
