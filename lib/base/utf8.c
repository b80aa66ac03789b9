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

/* What a terminal obeys, beyond ASCII: two or three bytes, of which the last is in a range. */
static const struct {
	char lead[3];
	unsigned char first;
	unsigned char last;
} obeyed[] = {
	{ "\xc2", 0x80, 0x9f },     // C1
	{ "\xd8", 0x9c, 0x9c },     // U+061C
	{ "\xe2\x80", 0x8e, 0x8f }, // U+200E, U+200F
	{ "\xe2\x80", 0xa8, 0xae }, // U+2028 to U+202E
	{ "\xe2\x81", 0xa6, 0xa9 }, // U+2066 to U+2069
};

bool utf8_is_control(const char *text, size_t n)
{
	if (n == 1) {
		return (unsigned char)text[0] < 0x20 || text[0] == 0x7f;
	}
	for (size_t i = 0; i < sizeof(obeyed) / sizeof(obeyed[0]); i++) {
		size_t lead = strlen(obeyed[i].lead);

		if (n == lead + 1 && memcmp(text, obeyed[i].lead, lead) == 0 &&
		    (unsigned char)text[lead] >= obeyed[i].first &&
		    (unsigned char)text[lead] <= obeyed[i].last) {
			return true;
		}
	}
	return false;
}
