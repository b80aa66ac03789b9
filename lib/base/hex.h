/*
 * Hexadecimal digits in and out.
 */
#ifndef LIB_BASE_HEX_H
#define LIB_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* The value of one hexadecimal digit of either case, 0 to 15; -1 if c is none. */
int hex_digit(char c);

/*
 * Decode hex_len hexadecimal digits of either case at hex, which must be
 * exactly 2 * len, to len bytes at out.  Returns 0, or -1 if there are more or
 * fewer or if one is no digit; out then holds nothing of use.
 */
int hex_decode(const char *hex, size_t hex_len, uint8_t *out, size_t len);

/*
 * Write the len bytes at data as 2 * len lower-case digits and a NUL to out,
 * which has room for 2 * len + 1.
 */
void hex_encode(const uint8_t *data, size_t len, char *out);

#endif
