/*
 * Queries of targets.
 */
#include "http/query_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"

static void parameters(void)
{
	static const struct {
		const char *query;
		const char *name;
		const char *value; // NULL: not there
	} cases[] = {
		{ NULL, "from", NULL },
		{ "", "from", NULL },
		{ "from=200", "from", "200" },
		{ "from=200", "fro", NULL },
		{ "from=200", "from=", NULL },
		{ "name=a%20b+c&from=7", "name", "a b c" },
		{ "name=a%20b+c&from=7", "from", "7" },
		{ "a=b=c", "a", "b=c" },
		{ "flag&from=7", "flag", "" },
		{ "flag=&from=7", "flag", "" },
		{ "&&from=7&", "from", "7" },
		{ "%66rom=7", "from", "7" },
		{ "=x", "", "x" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_query q;

		tap_int(http_query_parse(cases[i].query, &q), 0, "\"%s\" is read",
			cases[i].query != NULL ? cases[i].query : "no query");
		tap_str(http_query_get(&q, cases[i].name), cases[i].value, "its \"%s\"", cases[i].name);
		http_query_release(&q);
	}
}

static void refused(void)
{
	static const char *const cases[] = {
		"a=%", "a=%4", "a=%zz", "a=%00", "a=%0a", "a%7f=1", "a=1&a=2", "a=1&%61=2",
		"a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_query q;

		tap_int(http_query_parse(cases[i], &q), -1, "\"%s\" is refused", cases[i]);
		tap_ok(http_query_get(&q, "a") == NULL, "and has no parameter");
		http_query_release(&q);
	}
}

static void numbers(void)
{
	static const struct {
		const char *query;
		int r;
		uint64_t want;
	} cases[] = {
		{ "", 0, 5 },
		{ "n=0", 0, 0 },
		{ "n=9223372036854775807", 0, INT64_MAX },
		{ "n=9223372036854775808", -1, 5 },
		{ "n=-1", -1, 5 },
		{ "n=+1", -1, 5 },
		{ "n=", -1, 5 },
		{ "n=1x", -1, 5 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_query q;
		uint64_t n = 0;

		(void)http_query_parse(cases[i].query, &q);
		tap_int(http_query_number(&q, "n", 5, &n), cases[i].r, "\"%s\" as a number", cases[i].query);
		tap_int((long long)n, (long long)cases[i].want, "and its value");
		http_query_release(&q);
	}
}

int main(void)
{
	parameters();
	refused();
	numbers();
	return tap_done();
}
