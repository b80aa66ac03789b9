/*
 * Bytes from outside as JSON strings: nothing fails, nothing is dropped.
 */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "tests/support/tap.h"

#define MISSING "\xef\xbf\xbd"

static const struct {
	const char *name;
	const char *text;
	const char *want;
} rows[] = {
	{ "nothing is an empty string", "", "" },
	{ "text stays what it is", "r\xc3\xa9sum\xc3\xa9 \xf0\x9f\x94\x94", "r\xc3\xa9sum\xc3\xa9 \xf0\x9f\x94\x94" },
	{ "control characters stay, JSON escapes them", "a\033\n\x7f", "a\033\n\x7f" },
	{ "U+FFFD itself stays", MISSING, MISSING },
	{ "a byte of Latin-1 is replaced, its neighbours are not", "r\xe9sum\xc3\xa9", "r" MISSING "sum\xc3\xa9" },
	{ "each byte of a surrogate is", "\xed\xa0\x80", MISSING MISSING MISSING },
	{ "each byte of an overlong form is", "\xc0\xaf", MISSING MISSING },
	{ "a character that is cut short at the end is", "a\xe2\x82", "a" MISSING MISSING },
	{ "a continuation alone is", "\x80z", MISSING "z" },
};

static void each_row(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *value = text_to_json(rows[i].text);
		bool same = strcmp(rows[i].text, rows[i].want) == 0;

		tap_str(json_string_value(value), rows[i].want, "%s", rows[i].name);
		tap_ok(utf8_is_valid(rows[i].text, strlen(rows[i].text)) == same,
		       "%s: so it is %sUTF-8", rows[i].name, same ? "" : "not ");
		json_decref(value);
	}
}

static void any_bytes(void)
{
	char text[256];
	int refused = 0;

	for (int i = 0; i < 255; i++) {
		text[i] = (char)(i + 1);
	}
	text[255] = '\0';
	for (int i = 0; i < 255; i++) {
		json_t *value = text_to_json(text + i);
		json_t *again = json_string(json_string_value(value));

		refused += again == NULL || json_string_length(value) < strlen(text + i);
		json_decref(value);
		json_decref(again);
	}
	tap_int(refused, 0, "what was made of any bytes is a string for jansson, no byte dropped");
	json_t *null = text_to_json(NULL);
	tap_ok(json_is_null(null), "no text is null");
	tap_ok(utf8_is_valid("", 0), "nothing is UTF-8");
	tap_ok(utf8_is_valid("a\0b", 3), "NUL is UTF-8");
	tap_ok(!utf8_is_valid("\xc3\xa9", 1), "half of a character is not");
}

int main(void)
{
	each_row();
	any_bytes();
	return tap_done();
}
