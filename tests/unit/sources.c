/*
 * Sources of connections and the budget of bodies: what each counts.
 */
#include "receiver/http/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver/http/body.h"
#include "tests/support/tap.h"

static struct source_key key_of(const char *text)
{
	struct netaddr address;

	if (netaddr_parse(text, strlen(text), &address) < 0) {
		exit(tap_done());
	}
	return source_key_from(&address);
}

static void test_keys(void)
{
	static const struct {
		const char *one;
		const char *two;
		bool same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
		{ "2001:db8::1", "2001:db8::ffff:1", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "::1", "192.0.2.1", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source_key one = key_of(cases[i].one);
		struct source_key two = key_of(cases[i].two);

		tap_ok((memcmp(&one, &two, sizeof(one)) == 0) == cases[i].same, "%s and %s are %s source",
		       cases[i].one, cases[i].two, cases[i].same ? "one" : "not one");
	}
}

static void test_limits(void)
{
	struct sources *s = sources_new();
	struct source_key a = key_of("192.0.2.1");
	struct source_key b = key_of("192.0.2.2");
	struct source *one;
	struct source *more;
	struct source *other;

	tap_int(sources_enter(s, &a, 2, 0, 0, &one), SOURCES_OK, "the first is welcome");
	tap_int(sources_enter(s, &a, 2, 0, 0, &one), SOURCES_OK, "so is the second");
	tap_int(sources_enter(s, &a, 2, 0, 0, &more), SOURCES_TOO_MANY, "the third is one too many");
	tap_ok(one == more && *sources_weight(one) == 3, "but it is there, and counted as such");
	tap_int(sources_enter(s, &b, 2, 0, 0, &other), SOURCES_OK, "from elsewhere it is not");
	sources_leave(more, SOURCES_TOO_MANY);
	tap_int(sources_enter(s, &a, 2, 0, 0, &more), SOURCES_TOO_MANY, "that it has left makes no room");
	sources_leave(one, SOURCES_OK);
	tap_int(sources_enter(s, &a, 2, 0, 0, &one), SOURCES_OK, "when a welcome one has left another is welcome");
	tap_int(sources_enter(s, &a, 0, 0, 0, &one), SOURCES_OK, "0 is no limit");
	b = key_of("192.0.2.3");
	tap_int(sources_enter(s, &b, 0, 2, 1000, &one), SOURCES_OK, "a new one is welcome");
	tap_int(sources_enter(s, &b, 0, 2, 1000 + SOURCES_WINDOW_MS - 1, &one), SOURCES_OK, "a second too");
	sources_leave(one, SOURCES_OK);
	tap_int(sources_enter(s, &b, 0, 2, 1000 + SOURCES_WINDOW_MS - 1, &one), SOURCES_TOO_FAST,
		"a third within the window is not, though one has left");
	tap_int(sources_enter(s, &b, 0, 2, 1000 + SOURCES_WINDOW_MS, &one), SOURCES_OK, "after the window it is welcome");
	sources_free(s);
}

static void test_bounded(void)
{
	struct sources *s = sources_new();
	struct source_key kept = key_of("192.0.2.1");
	struct source *source;

	(void)sources_enter(s, &kept, 1, 0, 0, &source);
	for (int i = 0; i < 3 * SOURCES_MAX; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
		struct source_key key = key_of(text);
		enum sources_result r = sources_enter(s, &key, 1, 1, 0, &source);
		sources_leave(source, r);
	}
	tap_int(sources_count(s), SOURCES_MAX, "the table does not grow over its ceiling");
	tap_int(sources_enter(s, &kept, 1, 0, 0, &source), SOURCES_TOO_MANY, "a source with connections is not forgotten");
	sources_free(s);
}

static void test_budget(void)
{
	static char block[70000];
	struct body_budget budget = { .max = 1000000 };
	struct body *small = body_new(&budget, 100, 0);
	struct body *large = body_new(&budget, 25U << 20, 2U << 20);

	tap_int(body_add(small, "hello", 5), BODY_OK, "a body takes bytes");
	tap_str(small->data, "hello", "and ends with NUL");
	tap_int((long long)budget.used, 100, "it takes no more memory than it may hold");
	tap_int(body_add(small, block, 96), BODY_TOO_LONG, "a byte over its ceiling is refused");
	tap_int(body_add(small, block, 95), BODY_OK, "the last is not");
	int blocks = 0;
	while (blocks < 100 && body_add(large, block, sizeof(block)) == BODY_OK) {
		blocks++;
	}
	tap_ok(budget.used <= body_share(budget.max, 2U << 20), "a large body stays within its share (%zu)", budget.used);
	tap_int(body_add(large, block, sizeof(block)), BODY_NO_ROOM, "more is refused");
	struct body *push = body_new(&budget, 1U << 20, 20000);
	tap_int(body_add(push, block, 20000), BODY_OK, "a small one still has room");
	struct body *chunked = body_new(&budget, 25U << 20, 0);
	tap_int(body_add(chunked, block, 60000), BODY_OK, "one of unknown length begins small");
	body_free(small);
	body_free(large);
	body_free(push);
	body_free(chunked);
	tap_int((long long)budget.used, 0, "all is given back");
	tap_ok(body_share(64U << 20, 1) > body_share(64U << 20, 65537) &&
		       body_share(64U << 20, 1U << 20) > body_share(64U << 20, (1U << 20) + 1),
	       "the larger the smaller the share");
	tap_ok(body_share(64U << 20, 25U << 20) >= 2 * (25U << 20), "two of the largest fit");
}

int main(void)
{
	test_keys();
	test_limits();
	test_bounded();
	test_budget();
	return tap_done();
}
