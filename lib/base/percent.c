/*
 * Percent escapes in and out.
 */
#include "base/percent.h"

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"

static bool is_unreserved(char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789-._~";

	return memchr(set, c, sizeof(set) - 1) != NULL;
}

int percent_encode(struct buf *out, const char *text, size_t len)
{
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		r = is_unreserved(text[i]) ? buf_addch(out, text[i])
					   : buf_addf(out, "%%%02X", (unsigned char)text[i]);
	}
	return r;
}

/* The byte that the escape at the start of len bytes stands for; -1 if it is none. */
static int escaped(const char *text, size_t len)
{
	int high = len > 2 ? hex_digit(text[1]) : -1;
	int low = len > 2 ? hex_digit(text[2]) : -1;

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int percent_decode(struct buf *out, const char *text, size_t len, unsigned options)
{
	for (size_t i = 0; i < len; i++) {
		int byte = text[i] == '%' ? escaped(text + i, len - i) : -1;
		char c = text[i];

		if (byte >= 0) {
			c = (char)byte;
			i += 2;
		} else if (c == '%' && (options & PERCENT_LENIENT) == 0) {
			return -1;
		} else if (c == '+' && (options & PERCENT_PLUS) != 0) {
			c = ' ';
		}
		if (buf_addch(out, c) < 0) {
			return -1;
		}
	}
	return 0;
}
