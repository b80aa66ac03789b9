/*
 * Addresses and ranges of the internet: what is read, and what is in what.
 */
#include "base/netaddr.h"

#include <string.h>

#include "tests/support/tap.h"

static void test_addresses(void)
{
	static const struct {
		const char *text;
		const char *want; // NULL: not an address
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "2001:DB8::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::", "::" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6666" },
		{ "", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2.01", NULL },
		{ " 192.0.2.1", NULL },
		{ "192.0.2.1 ", NULL },
		{ "192.0.2.1:80", NULL },
		{ "0x7f.0.0.1", NULL },
		{ "127.1", NULL },
		{ "fe80::1%eth0", NULL },
		{ "[::1]", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "2001:db8:1111:2222:3333:4444:5555:6666:7777:8888", NULL },
		{ "localhost", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netaddr address;
		char out[NETADDR_TEXT];
		int r = netaddr_parse(cases[i].text, strlen(cases[i].text), &address);

		tap_int(r, cases[i].want != NULL ? 0 : -1, "'%s' is%s an address", cases[i].text,
			cases[i].want != NULL ? "" : " not");
		if (r == 0 && cases[i].want != NULL) {
			tap_str(netaddr_format(&address, out), cases[i].want, "and is written so");
		}
	}
	struct netaddr address;
	tap_int(netaddr_parse("192.0.2.1\0x", 11, &address), -1, "a NUL is not the end");
	tap_int(netaddr_parse("192.0.2.17", 9, &address), 0, "no more than the length is read");
}

static void test_ranges(void)
{
	static const struct {
		const char *range;
		const char *address;
		int want; // 1: in it, 0: not, -1: no range
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "::ffff:192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.2", 0 },
		{ "192.0.2.0/24", "192.0.2.255", 1 },
		{ "192.0.2.0/24", "192.0.3.0", 0 },
		{ "192.0.2.128/25", "192.0.2.127", 0 },
		{ "192.0.2.128/25", "192.0.2.128", 1 },
		{ "10.0.0.0/8", "10.255.255.255", 1 },
		{ "0.0.0.0/0", "192.0.2.1", 1 },
		{ "0.0.0.0/0", "2001:db8::1", 0 },
		{ "::/0", "2001:db8::1", 1 },
		{ "::/0", "192.0.2.1", 1 },
		{ "2001:db8::/32", "2001:db8:ffff::1", 1 },
		{ "2001:db8::/32", "2001:db9::", 0 },
		{ "2001:db8::/33", "2001:db8:8000::", 0 },
		{ "2001:db8::1/128", "2001:db8::1", 1 },
		{ "192.0.2.1/24", "192.0.2.1", -1 },
		{ "2001:db8::1/64", "2001:db8::1", -1 },
		{ "192.0.2.0/33", "192.0.2.1", -1 },
		{ "2001:db8::/129", "2001:db8::1", -1 },
		{ "192.0.2.0/", "192.0.2.1", -1 },
		{ "192.0.2.0/024", "192.0.2.1", -1 },
		{ "192.0.2.0/+24", "192.0.2.1", -1 },
		{ "192.0.2.0/24 ", "192.0.2.1", -1 },
		{ "192.0.2.0/9999999999999", "192.0.2.1", -1 },
		{ "proxy.example.org", "192.0.2.1", -1 },
		{ "", "192.0.2.1", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netrange range;
		struct netaddr address;
		int r = netrange_parse(cases[i].range, &range);

		(void)netaddr_parse(cases[i].address, strlen(cases[i].address), &address);
		r = r < 0 ? -1 : netrange_has(&range, &address);
		tap_int(r, cases[i].want, "%s in %s", cases[i].address, cases[i].range);
	}
}

int main(void)
{
	test_addresses();
	test_ranges();
	return tap_done();
}
