/*
 * Glob patterns: tables of what the real tools answer (pattern, text, answer
 * a line, made by asking Go's path.Match, doublestar, gobwas/glob and git),
 * and hostile patterns measured in steps.
 */
#include "base/glob.h"
#include "base/glob_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/table.h"
#include "tests/support/tap.h"

static const char *const answers[] = { "matches", "does not match", "is malformed" };

/* Run one table; each line is one check, the file must have at least 150. */
static void test_table(enum glob_dialect dialect, const char *path)
{
	struct table_row *rows;
	size_t count = table_read(path, &rows);

	for (size_t i = 0; i < count; i++) {
		char **columns = rows[i].columns;
		int wanted = columns[2][0] - '0';
		int got = (int)glob_match(dialect, columns[0], columns[1]);

		tap_ok(got == wanted, "%s %s %s", columns[0], answers[wanted], columns[1]);
		if (got != wanted) {
			tap_note("got: %s", answers[got]);
		}
	}
	tap_ok(count >= 150, "%s has %zu rows", path, count);
	table_free(rows, count);
}

/*
 * A table of thousands: what matches there matches here, and, in a dialect
 * that is held to be exact, nothing else.
 */
static void test_random(enum glob_dialect dialect, bool exact, const char *path)
{
	struct table_row *rows;
	size_t count = table_read(path, &rows);
	size_t missed = 0;
	size_t more = 0;

	for (size_t i = 0; i < count; i++) {
		char **columns = rows[i].columns;
		bool wanted = columns[2][0] == '0';
		bool got = glob_match(dialect, columns[0], columns[1]) == GLOB_MATCH;

		missed += wanted && !got;
		more += got && !wanted;
		if (exact ? got != wanted : wanted && !got) {
			tap_note("%s %s %s", columns[0], got ? "matches" : "does not match",
				 columns[1]);
		}
	}
	tap_int(missed, 0, "%s: nothing of %zu rows is missed", path, count);
	tap_ok(count >= 4000 && more <= (exact ? 0 : count / 100), "%s: %zu more match", path, more);
	table_free(rows, count);
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
	tap_ok(glob_is_valid(GLOB_GO, "[a-c]*"), "a class is valid");
	tap_ok(!glob_is_valid(GLOB_GO, "[]a]"), "Go's classes may not begin with a bracket");
	tap_ok(!glob_is_valid(GLOB_DOUBLESTAR, "a}"), "a brace too many is not valid");
	tap_int(glob_match(GLOB_DOUBLESTAR, "a}", "a}"), GLOB_MATCH, "but matches itself");
	tap_ok(!glob_is_valid(GLOB_GOBWAS, "{a"), "an open brace is not valid");
	tap_ok(glob_is_valid(GLOB_WILDMATCH, "[a"), "git takes anything");
	tap_int(glob_match(GLOB_WILDMATCH, "[a", "[a"), GLOB_NO_MATCH, "and matches nothing then");
}

static void test_below(void)
{
	static const struct {
		enum glob_dialect dialect;
		const char *pattern;
		const char *path;
		bool may;
	} rows[] = {
		{ GLOB_GO, "a/*/c", "a/b", true },
		{ GLOB_GO, "a/*.yaml", "a/b", false },
		{ GLOB_GO, "a[.-0]b", "a", true },
		{ GLOB_DOUBLESTAR, "a/*.yaml", "a/b", false },
		{ GLOB_DOUBLESTAR, "a/{b/c,d}", "a/b", true },
		{ GLOB_DOUBLESTAR, "a/**", "a/b/c/d", true },
		{ GLOB_GOBWAS, "*.yaml", "a/b", true },
		{ GLOB_WILDMATCH, "*.yaml", "a/b", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_int(glob_may_go_below(rows[i].dialect, rows[i].pattern, rows[i].path),
			rows[i].may, "%s may%s match below %s", rows[i].pattern,
			rows[i].may ? "" : " not", rows[i].path);
	}
}

int main(void)
{
	test_table(GLOB_GO, "tests/payloads/glob/go.tsv");
	test_table(GLOB_DOUBLESTAR, "tests/payloads/glob/doublestar.tsv");
	test_table(GLOB_GOBWAS, "tests/payloads/glob/gobwas.tsv");
	test_random(GLOB_GO, true, "tests/payloads/glob/go_random.tsv");
	test_random(GLOB_DOUBLESTAR, false, "tests/payloads/glob/doublestar_random.tsv");
	test_table(GLOB_WILDMATCH, "tests/payloads/glob/wildmatch.tsv");
	test_hostile();
	test_nested();
	test_length();
	test_questions();
	test_below();
	return tap_done();
}
