/*
 * Glob patterns: tables of what the real tools answer (pattern, text, answer
 * a line, made by asking Go's path.Match, doublestar, gobwas/glob and git),
 * and hostile patterns measured in steps.
 */
#include "base/glob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"

static const char *const answers[] = { "matches", "does not match", "is malformed" };

/* Decode %XX in place. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		unsigned byte = 0;

		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}

/* Run one table; each line is one check, the file must have at least 150. */
static void test_table(enum glob_dialect dialect, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[4096];
	int count = 0;

	if (file == NULL) {
		tap_ok(false, "%s can be read", path);
		return;
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		char *text = strchr(line, '\t');
		char *want = text != NULL ? strchr(text + 1, '\t') : NULL;

		if (want == NULL || line[0] == '#') {
			continue;
		}
		*text++ = '\0';
		*want++ = '\0';
		struct { char pattern[sizeof(line)]; char text[sizeof(line)]; } shown;
		(void)snprintf(shown.pattern, sizeof(shown.pattern), "%s", line);
		(void)snprintf(shown.text, sizeof(shown.text), "%s", text);
		unescape(line);
		unescape(text);
		int wanted = want[0] - '0';
		int got = (int)glob_match(dialect, line, text);
		tap_ok(got == wanted, "%s %s %s", shown.pattern, answers[wanted], shown.text);
		if (got != wanted) {
			tap_note("got: %s", answers[got]);
		}
		count++;
	}
	fclose(file);
	tap_ok(count >= 150, "%s has %d rows", path, count);
}

struct hostile {
	enum glob_dialect dialect;
	const char *piece; // the pattern is this again and again
	const char *end;   // and this
};

static const struct hostile hostiles[] = {
	{ GLOB_GO, "*a", "b" },
	{ GLOB_GO, "*[^b]", "b" },
	{ GLOB_GO, "*?", "b" },
	{ GLOB_DOUBLESTAR, "**/", "b" },
	{ GLOB_DOUBLESTAR, "**/*a*/", "b" },
	{ GLOB_DOUBLESTAR, "{a,a}", "b" },
	{ GLOB_DOUBLESTAR, "{a,{a,a}}*", "b" },
	{ GLOB_DOUBLESTAR, "{,a}", "b" },
	{ GLOB_DOUBLESTAR, "{,a}**/", "b" },
	{ GLOB_DOUBLESTAR, "{", "b" },
	{ GLOB_GOBWAS, "*a", "b" },
	{ GLOB_GOBWAS, "{*a,*}", "b" },
	{ GLOB_GOBWAS, "{,a}", "b" },
	{ GLOB_GOBWAS, "[!b]*", "b" },
	{ GLOB_WILDMATCH, "*a", "b" },
	{ GLOB_WILDMATCH, "**/", "b" },
	{ GLOB_WILDMATCH, "[", "b" },
	{ GLOB_WILDMATCH, "[[:", "b" },
};

static void fill(char *out, size_t len, const char *piece)
{
	size_t n = strlen(piece);

	for (size_t i = 0; i < len; i++) {
		out[i] = piece[i % n];
	}
	out[len] = '\0';
}

static void test_hostile(void)
{
	static char pattern[GLOB_PATTERN_MAX + 1];
	static char text[4096 + 1];

	fill(text, 4096, "aaaaaaa/");
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
		const struct hostile *h = &hostiles[i];
		size_t n = strlen(h->piece);
		size_t steps = 0;

		fill(pattern, (GLOB_PATTERN_MAX - 1) / n * n, h->piece);
		memcpy(pattern + strlen(pattern), h->end, strlen(h->end) + 1);
		enum glob_result r = glob_match_counted(h->dialect, pattern, text, &steps);
		tap_ok(r != GLOB_MATCH, "%s... does not match", h->piece);
		tap_ok(steps <= 4 * strlen(pattern) * strlen(text) + 10000,
		       "%s... takes %zu steps at most: %zu", h->piece,
		       4 * strlen(pattern) * strlen(text) + 10000, steps);
	}
}

static void test_nested(void)
{
	static char pattern[GLOB_PATTERN_MAX + 1];

	memset(pattern, '{', 500);
	pattern[500] = 'a';
	memset(pattern + 501, '}', 500);
	tap_int(glob_match(GLOB_DOUBLESTAR, pattern, "a"), GLOB_MATCH, "500 braces may be nested");
	tap_int(glob_match(GLOB_GOBWAS, pattern, "a"), GLOB_MATCH, "500 braces may be nested");
	tap_int(glob_match(GLOB_GOBWAS, pattern, "b"), GLOB_NO_MATCH, "and still mean something");
}

static void test_length(void)
{
	static char pattern[GLOB_PATTERN_MAX + 2];

	fill(pattern, GLOB_PATTERN_MAX, "a");
	for (int d = GLOB_GO; d <= GLOB_WILDMATCH; d++) {
		tap_int(glob_match((enum glob_dialect)d, pattern, pattern), GLOB_MATCH,
			"a pattern of %d bytes is read", GLOB_PATTERN_MAX);
	}
	fill(pattern, GLOB_PATTERN_MAX + 1, "a");
	for (int d = GLOB_GO; d <= GLOB_WILDMATCH; d++) {
		tap_int(glob_match((enum glob_dialect)d, pattern, pattern), GLOB_BAD_PATTERN,
			"a longer one is malformed");
		tap_ok(!glob_is_valid((enum glob_dialect)d, pattern), "and not valid");
	}
}

static void test_questions(void)
{
	tap_ok(!glob_is_pattern(GLOB_GO, "a/{b,c}"), "braces are nothing to Go");
	tap_ok(glob_is_pattern(GLOB_DOUBLESTAR, "a/{b,c}"), "braces are a pattern to doublestar");
	tap_ok(glob_is_pattern(GLOB_GOBWAS, "a}"), "a closing brace is special to gobwas");
	tap_ok(glob_is_pattern(GLOB_WILDMATCH, "a\\b"), "a backslash is special to git");
	tap_ok(!glob_is_pattern(GLOB_WILDMATCH, "a]"), "a closing bracket is not");
	tap_ok(glob_is_valid(GLOB_GO, "[a-c]*"), "a class is valid");
	tap_ok(!glob_is_valid(GLOB_GO, "[]a]"), "Go's classes may not begin with a bracket");
	tap_ok(!glob_is_valid(GLOB_DOUBLESTAR, "a}"), "a brace too many is not valid");
	tap_int(glob_match(GLOB_DOUBLESTAR, "a}", "a}"), GLOB_MATCH, "but matches itself");
	tap_ok(!glob_is_valid(GLOB_GOBWAS, "{a"), "an open brace is not valid");
	tap_ok(glob_is_valid(GLOB_WILDMATCH, "[a"), "git takes anything");
	tap_int(glob_match(GLOB_WILDMATCH, "[a", "[a"), GLOB_NO_MATCH, "and matches nothing then");
}

int main(void)
{
	test_table(GLOB_GO, "tests/payloads/glob/go.tsv");
	test_table(GLOB_DOUBLESTAR, "tests/payloads/glob/doublestar.tsv");
	test_table(GLOB_GOBWAS, "tests/payloads/glob/gobwas.tsv");
	test_table(GLOB_WILDMATCH, "tests/payloads/glob/wildmatch.tsv");
	test_hostile();
	test_nested();
	test_length();
	test_questions();
	return tap_done();
}
