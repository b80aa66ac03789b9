/*
 * Peers of connections and the budget of bodies: what each counts.
 */
#include "receiver/http/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "receiver/http/body.h"
#include "tests/support/tap.h"

static struct peer_key key_of(const char *text)
{
	struct netaddr address;

	if (netaddr_parse(text, strlen(text), &address) < 0) {
		exit(tap_done());
	}
	return peer_key_from(&address);
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
		struct peer_key one = key_of(cases[i].one);
		struct peer_key two = key_of(cases[i].two);

		tap_ok((memcmp(&one, &two, sizeof(one)) == 0) == cases[i].same, "%s and %s are %s peer",
		       cases[i].one, cases[i].two, cases[i].same ? "one" : "not one");
	}
}

static void test_limits(void)
{
	struct peers *s = peers_new();
	struct peer_key a = key_of("192.0.2.1");
	struct peer_key b = key_of("192.0.2.2");
	struct peer *one;
	struct peer *more;
	struct peer *other;

	tap_int(peers_enter(s, &a, 2, 0, 0, &one), PEERS_OK, "the first is welcome");
	tap_int(peers_enter(s, &a, 2, 0, 0, &one), PEERS_OK, "so is the second");
	tap_int(peers_enter(s, &a, 2, 0, 0, &more), PEERS_TOO_MANY, "the third is one too many");
	tap_ok(one == more && *peers_weight(one) == 3, "but it is there, and counted as such");
	tap_int(peers_enter(s, &b, 2, 0, 0, &other), PEERS_OK, "from elsewhere it is not");
	peers_leave(more, PEERS_TOO_MANY);
	tap_int(peers_enter(s, &a, 2, 0, 0, &more), PEERS_TOO_MANY, "that it has left makes no room");
	peers_leave(one, PEERS_OK);
	tap_int(peers_enter(s, &a, 2, 0, 0, &one), PEERS_OK, "when a welcome one has left another is welcome");
	tap_int(peers_enter(s, &a, 0, 0, 0, &one), PEERS_OK, "0 is no limit");
	b = key_of("192.0.2.3");
	tap_int(peers_enter(s, &b, 0, 2, 1000, &one), PEERS_OK, "a new one is welcome");
	tap_int(peers_enter(s, &b, 0, 2, 1000 + PEERS_WINDOW_MS - 1, &one), PEERS_OK, "a second too");
	peers_leave(one, PEERS_OK);
	tap_int(peers_enter(s, &b, 0, 2, 1000 + PEERS_WINDOW_MS - 1, &one), PEERS_TOO_FAST,
		"a third within the window is not, though one has left");
	tap_int(peers_enter(s, &b, 0, 2, 1000 + PEERS_WINDOW_MS, &one), PEERS_OK, "after the window it is welcome");
	peers_free(s);
}

static void test_bounded(void)
{
	struct peers *s = peers_new();
	struct peer_key kept = key_of("192.0.2.1");
	struct peer *peer;

	(void)peers_enter(s, &kept, 1, 0, 0, &peer);
	for (int i = 0; i < 3 * PEERS_MAX; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
		struct peer_key key = key_of(text);
		enum peers_result r = peers_enter(s, &key, 1, 1, 0, &peer);
		peers_leave(peer, r);
	}
	struct peer_key first = key_of("2001:db8:0:0::1");
	struct peer_key last = key_of("2001:db8:0:5fff::1");
	tap_int(peers_enter(s, &last, 1, 1, 0, &peer), PEERS_TOO_FAST, "the last that came is known");
	tap_int(peers_enter(s, &first, 1, 1, 0, &peer), PEERS_OK,
		"the first is forgotten: the table does not grow over its ceiling");
	tap_int(peers_enter(s, &kept, 1, 0, 0, &peer), PEERS_TOO_MANY, "a peer with connections is not forgotten");
	peers_free(s);
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
	tap_ok(budget.used <= budget.max / 10 * 8, "a large body stays within its share (%zu)", budget.used);
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
}

/* What bodies of one size take of a budget of 64 MB until one finds no room. */
static size_t most(size_t size)
{
	struct body_budget budget = { .max = 64U << 20 };
	struct body *bodies[2000];
	size_t count = 0;
	char *data = xcalloc(1, size);
	bool fits = true;

	while (fits && count < 2000) {
		bodies[count] = body_new(&budget, size, size);
		fits = body_add(bodies[count], data, size) == BODY_OK;
		count++;
	}
	size_t used = budget.used;
	for (size_t i = 0; i < count; i++) {
		body_free(bodies[i]);
	}
	free(data);
	return used;
}

static void test_shares(void)
{
	tap_ok(most(65536) > most(65537) && most(1U << 20) > most((1U << 20) + 1),
	       "the larger the bodies the smaller their share");
	tap_ok(most(25U << 20) >= 2 * (25U << 20), "two of the largest fit");
}

int main(void)
{
	test_keys();
	test_limits();
	test_bounded();
	test_budget();
	test_shares();
	return tap_done();
}
