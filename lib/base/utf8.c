/*
 * UTF-8 by the table of RFC 3629, section 4: only the second byte has limits
 * of its own (no overlong form, no surrogate, nothing above U+10FFFF).
 */
#include "base/utf8.h"

#include <string.h>

#define LENGTH_MAX 4

static bool continues(const unsigned char *s, size_t n)
{
	for (size_t i = 2; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return false;
		}
	}
	return true;
}

size_t utf8_length(const char *text, size_t len)
{
	static const struct {
		unsigned char from, to, second_from, second_to;
		size_t bytes;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; len > 0 && i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = forms[i].bytes;

		if (s[0] < forms[i].from || s[0] > forms[i].to) {
			continue;
		}
		if (n == 1) {
			return 1;
		}
		return n <= len && s[1] >= forms[i].second_from && s[1] <= forms[i].second_to &&
				       continues(s, n)
			       ? n
			       : 0;
	}
	return 0;
}

size_t utf8_length_of(const char *text)
{
	return utf8_length(text, strnlen(text, LENGTH_MAX));
}

bool utf8_is_valid(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(text + i, len - i);
		if (n == 0) {
			return false;
		}
	}
	return true;
}

bool utf8_is_control(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;

	return (n == 1 && (s[0] < 0x20 || s[0] == 0x7f)) || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}
