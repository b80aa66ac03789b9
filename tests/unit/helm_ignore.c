/*
 * .helmignore: a table of what Helm's own library answers, and what is not
 * understood, which must mean that everything counts.
 */
#include "inputs/helm/helm_ignore.h"

#include <string.h>

#include "tests/support/cases.h"
#include "tests/support/tap.h"

#define RULES_MAX 65536

static const char *answer(const struct case_row *row)
{
	struct buf rules;
	const char *got = "refused";

	buf_init(&rules, RULES_MAX);
	if (helm_ignore_parse(row->columns[0].bytes, row->columns[0].len, &rules)) {
		bool ignored = helm_ignore_match(rules.data, row->columns[1].bytes,
						 strcmp(row->columns[2].bytes, "directory") == 0);

		got = ignored ? "ignored" : "loaded";
	}
	buf_release(&rules);
	return got;
}

static void test_table(void)
{
	struct case_row *rows = NULL;
	size_t count = cases_read("tests/payloads/helmignore/rules.tsv", &rows);

	tap_ok(count >= 150, "the table has %zu rows", count);
	for (size_t i = 0; i < count; i++) {
		tap_str(answer(&rows[i]), rows[i].columns[3].bytes, "row %zu: %s, a %s", i + 1,
			rows[i].columns[1].bytes, rows[i].columns[2].bytes);
	}
	cases_free(rows, count);
}

static void test_not_understood(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *name;
	} cases[] = {
		{ "//a", 3, "two slashes in front" },
		{ "!//a", 4, "two slashes in front of what is kept" },
		{ "a\xc2\xa0", 3, "a blank that only Unicode knows" },
		{ "a\0b", 3, "a NUL" },
	};
	struct buf rules;

	buf_init(&rules, RULES_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_ok(!helm_ignore_parse(cases[i].text, cases[i].len, &rules) && rules.len == 0,
		       "%s is not understood", cases[i].name);
	}
	buf_release(&rules);
}

static void test_limits(void)
{
	static char text[200000];
	struct buf rules;

	buf_init(&rules, RULES_MAX);
	memset(text, 'a', sizeof(text));
	tap_ok(!helm_ignore_parse(text, 1025, &rules), "a rule of 1,025 bytes is refused");
	tap_ok(helm_ignore_parse(text, 1024, &rules), "one of 1,024 is not");
	buf_reset(&rules);
	memset(text, ' ', sizeof(text));
	tap_ok(!helm_ignore_parse(text, 65536, &rules), "a line of 65,536 bytes is refused");
	memset(text, '\n', sizeof(text));
	tap_ok(!helm_ignore_parse(text, 2000, &rules) && rules.len == 0,
	       "more than a thousand lines are refused");
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = i % 200 == 199 ? '\n' : 'a';
	}
	tap_ok(!helm_ignore_parse(text, sizeof(text), &rules) && rules.len == 0,
	       "rules that do not fit are refused");
	buf_release(&rules);
}

static void test_path(void)
{
	static const struct {
		const char *rules;
		const char *path;
		bool ignored;
	} cases[] = {
		{ "ci/", "ci/values.yaml", true },
		{ "ci/", "a/ci/b/values.yaml", true },
		{ "/ci/", "a/ci/values.yaml", false },
		{ "ci/", "ci", false }, // a file, or a link to a directory
		{ "ci", "ci", true },
		{ "ci", "ci/a", true },
		{ "*.md", "docs/a.md", true },
		{ "!*.yaml", "templates/a.yaml", true }, // its directory is not *.yaml
		{ "!a/", "a", false },
		{ "", "templates/.hidden/a", true },
		{ "", "templates/a/.hidden", false },
	};
	struct buf rules;

	buf_init(&rules, RULES_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&rules);
		tap_ok(helm_ignore_parse(cases[i].rules, strlen(cases[i].rules), &rules) &&
			       helm_ignore_path(rules.data, cases[i].path) == cases[i].ignored,
		       "with \"%s\" %s is %s", cases[i].rules, cases[i].path,
		       cases[i].ignored ? "ignored" : "loaded");
	}
	buf_release(&rules);
}

int main(void)
{
	test_table();
	test_not_understood();
	test_limits();
	test_path();
	return tap_done();
}
