/*
 * Percent escapes of addresses and forms (RFC 3986, 2.1).
 */
#ifndef LIB_BASE_PERCENT_H
#define LIB_BASE_PERCENT_H

#include <stddef.h>

#include "base/buf.h"

/* What percent_decode() takes besides escapes; any of them together. */
enum percent_options {
	PERCENT_STRICT = 0,  // every '%' begins an escape, all else stays
	PERCENT_PLUS = 1,    // '+' is a space, as in forms and queries
	PERCENT_LENIENT = 2, // a '%' that begins no escape stays, as browsers have it
};

/*
 * Append the len bytes at text to out, each that is not unreserved (RFC 3986,
 * 2.3: letters, digits, "-", ".", "_", "~") as "%XX" with upper-case digits.
 * Returns 0, or -1 if the ceiling of out was reached.
 */
int percent_encode(struct buf *out, const char *text, size_t len);

/*
 * Append the len bytes at text to out with their escapes decoded, once.  What
 * is decoded may be any byte, NUL and control characters too: the caller, who
 * knows what it is for, refuses them.
 *
 * Returns 0, or -1 if an escape is broken (never with PERCENT_LENIENT), or if
 * the ceiling of out was reached, which buf_is_full() tells.
 */
int percent_decode(struct buf *out, const char *text, size_t len, unsigned options);

#endif
