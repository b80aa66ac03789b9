/*
 * Versions and constraints: a table of what Masterminds/semver answers.
 */
#include "base/semver.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

static const char table[] = "tests/payloads/semver/masterminds.tsv";
static int ordered;

/* Three numbers, so that a constraint does not take the missing ones for any. */
static bool is_full(const char *version)
{
	size_t numbers = strcspn(version, "-+");
	int dots = 0;

	for (size_t i = 0; i < numbers; i++) {
		dots += version[i] == '.';
	}
	return dots == 2;
}

/*
 * Which of two versions comes first is asked by three constraints of one of
 * them: of the prerelease, as others pass over prereleases.  Rows with a text
 * that is no version, or not in full, say nothing of an order.
 */
static void test_order(const char *a, const char *b, int want)
{
	char less[2100];
	char more[2100];
	char equal[2100];

	if (strchr(a, '-') != NULL && strchr(b, '-') == NULL) {
		const char *c = a;
		a = b;
		b = c;
		want = -want;
	}
	(void)snprintf(equal, sizeof(equal), "=%s", a);
	bool both = semver_matches(equal, a);
	(void)snprintf(equal, sizeof(equal), "=%s", b);
	both &= semver_matches(equal, b);
	if (!both || !is_full(b)) {
		return;
	}
	(void)snprintf(less, sizeof(less), "<%s", b);
	(void)snprintf(more, sizeof(more), ">%s", b);
	tap_ok(semver_matches(less, a) == (want < 0) && semver_matches(more, a) == (want > 0) &&
		       semver_matches(equal, a) == (want == 0),
	       "'%s' against '%s'", a, b);
	ordered++;
}

static void test_row(char *line)
{
	char *version = strchr(line, '\t');
	char *want = version != NULL ? strchr(version + 1, '\t') : NULL;

	if (want == NULL) {
		tap_ok(false, "a row has three columns: %s", line);
		return;
	}
	*version++ = '\0';
	*want++ = '\0';
	if (want[0] == 'c') {
		test_order(line, version, want[1] == '-' ? -1 : want[1] - '0');
		return;
	}
	tap_ok(semver_is_range(line) == (want[0] == 'r'), "'%s' is %s range", line,
	       want[0] == 'r' ? "a" : "no");
	tap_ok(semver_matches(line, version) == (want[1] == '1'), "'%s' %s '%s'", line,
	       want[1] == '1' ? "takes" : "does not take", version);
}

static void test_length(void)
{
	char text[SEMVER_TEXT_MAX + 2];

	memset(text, '1', sizeof(text));
	memcpy(text, ">=1.0.0-", 8);
	text[SEMVER_TEXT_MAX] = '\0';
	tap_ok(semver_is_range(text), "a constraint at the ceiling is read");
	text[SEMVER_TEXT_MAX] = '1';
	text[SEMVER_TEXT_MAX + 1] = '\0';
	tap_ok(!semver_is_range(text), "one over it is not");
	tap_ok(!semver_matches(text, "2.0.0-1"), "and matches nothing");
}

int main(void)
{
	char line[2048];
	int count = 0;
	FILE *file = fopen(table, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '#') {
			test_row(line);
			count++;
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	tap_ok(ordered >= 40, "%d pairs of versions have an order", ordered);
	tap_ok(count >= 150, "%s has %d rows", table, count);
	test_length();
	return tap_done();
}
