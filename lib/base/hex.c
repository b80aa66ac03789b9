/*
 * Hexadecimal digits, without locale: isxdigit() may know others.
 */
#include "base/hex.h"

int hex_digit(char c)
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

int hex_decode(const char *hex, size_t hex_len, uint8_t *out, size_t len)
{
	if (hex_len % 2 != 0 || hex_len / 2 != len) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			return -1;
		}
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}
