/*
 * Object ids: hexadecimal in and out, comparison.
 */
#include "base/oid.h"

#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

int oid_from_hex(const char *hex, size_t len, struct oid *ret_id)
{
	struct oid id = { .len = (uint8_t)(len / 2) };

	if (len != 40 && len != 64) {
		return -1;
	}
	for (size_t i = 0; i < id.len; i++) {
		int high = digit(hex[2 * i]);
		int low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			return -1;
		}
		id.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_id = id;
	return 0;
}

char *oid_to_hex(const struct oid *id, char out[OID_HEX_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < id->len; i++) {
		out[2 * i] = digits[id->bytes[i] >> 4];
		out[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	out[2 * (size_t)id->len] = '\0';
	return out;
}

bool oid_is_zero(const struct oid *id)
{
	static const uint8_t zero[OID_BYTES_MAX];

	return memcmp(id->bytes, zero, id->len) == 0;
}

bool oid_equal(const struct oid *a, const struct oid *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}
