/*
 * UTF-8: what is a character, and which are obeyed by terminals.
 */
#include "base/utf8.h"

#include <string.h>

#include "tests/support/tap.h"

static const struct {
	const char *name;
	const char *text;
	size_t len;
	size_t want;
	bool control;
} rows[] = {
	{ "nothing is no character", "", 0, 0, false },
	{ "a letter", "a", 1, 1, false },
	{ "NUL is a control character", "", 1, 1, true },
	{ "escape is a control character", "\033", 1, 1, true },
	{ "delete is a control character", "\x7f", 1, 1, true },
	{ "two bytes", "\xc3\xa4", 2, 2, false },
	{ "CSI of C1 is a control character", "\xc2\x9b", 2, 2, true },
	{ "a no-break space is none", "\xc2\xa0", 2, 2, false },
	{ "the Arabic letter mark changes the direction", "\xd8\x9c", 2, 2, true },
	{ "an Arabic letter does not", "\xd8\xa8", 2, 2, false },
	{ "the left-to-right mark does", "\xe2\x80\x8e", 3, 3, true },
	{ "the joiner before it does not", "\xe2\x80\x8d", 3, 3, false },
	{ "the override from right to left", "\xe2\x80\xae", 3, 3, true },
	{ "a line separator", "\xe2\x80\xa8", 3, 3, true },
	{ "a dash is shown", "\xe2\x80\x94", 3, 3, false },
	{ "an isolate", "\xe2\x81\xa6", 3, 3, true },
	{ "the end of an isolate", "\xe2\x81\xa9", 3, 3, true },
	{ "three bytes", "\xe2\x82\xac", 3, 3, false },
	{ "four bytes", "\xf0\x9f\x94\x94", 4, 4, false },
	{ "the last code point", "\xf4\x8f\xbf\xbf", 4, 4, false },
	{ "nothing above it", "\xf4\x90\x80\x80", 4, 0, false },
	{ "no lead byte above f4", "\xf5\x80\x80\x80", 4, 0, false },
	{ "a continuation does not begin", "\x80", 1, 0, false },
	{ "overlong in two", "\xc0\xaf", 2, 0, false },
	{ "overlong in three", "\xe0\x80\xaf", 3, 0, false },
	{ "overlong in four", "\xf0\x80\x80\xaf", 4, 0, false },
	{ "a surrogate", "\xed\xa0\x80", 3, 0, false },
	{ "cut after the first", "\xe2", 1, 0, false },
	{ "cut after the second", "\xe2\x82", 2, 0, false },
	{ "a letter in the third place", "\xe2\x82z", 3, 0, false },
	{ "a letter in the fourth place", "\xf0\x9f\x94z", 4, 0, false },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_int(utf8_length(rows[i].text, rows[i].len), rows[i].want, "%s", rows[i].name);
		if (rows[i].len > 0 && rows[i].len == strlen(rows[i].text)) {
			tap_int(utf8_length_of(rows[i].text), rows[i].want, "%s, as a string",
				rows[i].name);
		}
		if (rows[i].want > 0) {
			tap_ok(utf8_is_control(rows[i].text, rows[i].want) == rows[i].control,
			       "%s: obeyed or not", rows[i].name);
		}
	}
	return tap_done();
}
