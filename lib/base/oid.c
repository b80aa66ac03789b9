/*
 * Object ids: hexadecimal in and out, comparison.
 */
#include "base/oid.h"

#include <string.h>

#include "base/hex.h"

int oid_from_hex(const char *hex, size_t len, struct oid *ret_id)
{
	struct oid id = { .len = (uint8_t)(len / 2) };

	if ((len != 40 && len != 64) || hex_decode(hex, len, id.bytes, id.len) < 0) {
		return -1;
	}
	*ret_id = id;
	return 0;
}

char *oid_to_hex(const struct oid *id, char out[OID_HEX_MAX + 1])
{
	hex_encode(id->bytes, id->len, out);
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
