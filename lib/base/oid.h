/*
 * A git object id, SHA-1 (20 bytes) or SHA-256 (32 bytes).
 */
#ifndef LIB_BASE_OID_H
#define LIB_BASE_OID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OID_BYTES_MAX 32
#define OID_HEX_MAX 64

struct oid {
	uint8_t len; // 20, 32, or 0: no id
	uint8_t bytes[OID_BYTES_MAX];
};

/*
 * Read exactly len hexadecimal digits (40 or 64, either case) into *ret_id.
 * Returns 0, or -1 (and *ret_id untouched) for any other length or character.
 */
int oid_from_hex(const char *hex, size_t len, struct oid *ret_id);

/*
 * Write id as lower-case hexadecimal and a NUL into out (OID_HEX_MAX + 1
 * bytes) and return out. No id gives "".
 */
char *oid_to_hex(const struct oid *id, char out[OID_HEX_MAX + 1]);

/* True if all bytes are zero: git's "no such object" of either length. */
bool oid_is_zero(const struct oid *id);

/* True if both are the same id. */
bool oid_equal(const struct oid *a, const struct oid *b);

#endif
