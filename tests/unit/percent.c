/*
 * Percent escapes: strict where a sender wrote them, lenient where people did.
 */
#include "base/percent.h"

#include <string.h>

#include "tests/support/tap.h"

#define MAX 1000

static const struct {
	const char *name;
	const char *text;
	unsigned options;
	const char *want; // NULL: broken
} rows[] = {
	{ "text without escapes stays", "a-b._~/?&=+", PERCENT_STRICT, "a-b._~/?&=+" },
	{ "digits of either case", "%2f%2F%c3%A9", PERCENT_STRICT, "//\xc3\xa9" },
	{ "what is decoded is not decoded again", "%252f", PERCENT_STRICT, "%2f" },
	{ "a plus is a space if asked for", "a+b%2b", PERCENT_PLUS, "a b+" },
	{ "a percent sign at the end is broken", "a%", PERCENT_STRICT, NULL },
	{ "so is one digit", "a%2", PERCENT_STRICT, NULL },
	{ "so are letters that are no digits", "%2g", PERCENT_PLUS, NULL },
	{ "so is a sign", "%+1", PERCENT_STRICT, NULL },
	{ "so is a space", "% 1", PERCENT_STRICT, NULL },
	{ "leniently these stay", "a%+%2g%2", PERCENT_LENIENT, "a%+%2g%2" },
	{ "both together", "%+%20", PERCENT_LENIENT | PERCENT_PLUS, "%  " },
	{ "a percent sign before an escape stays", "%%41", PERCENT_LENIENT, "%A" },
};

static void decoding(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;

		buf_init(&out, MAX);
		int r = percent_decode(&out, rows[i].text, strlen(rows[i].text), rows[i].options);
		tap_ok((r == 0) == (rows[i].want != NULL), "%s: broken or not", rows[i].name);
		if (rows[i].want != NULL) {
			tap_str(out.data, rows[i].want, "%s", rows[i].name);
		}
		tap_ok(!buf_is_full(&out), "%s: it is not for want of room", rows[i].name);
		buf_release(&out);
	}
}

static void ceilings_and_nul(void)
{
	struct buf out;

	buf_init(&out, 3);
	tap_int(percent_decode(&out, "%41%42%43", 9, PERCENT_STRICT), 0, "three bytes fit");
	tap_int(percent_decode(&out, "d", 1, PERCENT_STRICT), -1, "a fourth does not");
	tap_ok(buf_is_full(&out), "and the buffer tells why");
	buf_release(&out);

	buf_init(&out, 3);
	tap_int(percent_decode(&out, "%00%4", 3, PERCENT_STRICT), 0, "only the length counts");
	tap_ok(out.len == 1 && out.data[0] == '\0', "a NUL is a byte");
	tap_int(percent_encode(&out, "/", 1), -1, "an escape is not cut in two");
	tap_int(out.len, 1, "nothing of it is there");
	buf_release(&out);
}

static void there_and_back(void)
{
	char every[256];
	struct buf coded;
	struct buf back;

	for (size_t i = 0; i < sizeof(every); i++) {
		every[i] = (char)i;
	}
	buf_init(&coded, MAX);
	buf_init(&back, MAX);
	tap_int(percent_encode(&coded, every, sizeof(every)), 0, "every byte is encoded");
	tap_int(coded.len, 66 + 190 * 3, "66 of them stay what they are");
	tap_ok(strspn(coded.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789-._~%") == coded.len, "all are unreserved then");
	tap_int(percent_decode(&back, coded.data, coded.len, PERCENT_PLUS), 0, "and decoded");
	tap_ok(back.len == sizeof(every) && memcmp(back.data, every, sizeof(every)) == 0,
	       "to what they were");
	buf_release(&coded);
	buf_release(&back);
}

int main(void)
{
	decoding();
	ceilings_and_nul();
	there_and_back();
	return tap_done();
}
