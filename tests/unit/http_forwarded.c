/*
 * Whom proxies forward for: the last that no trusted proxy is, whatever
 * strangers write in front of it.
 */
#include "http/forwarded.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

/* 10.0.0.0/8 and fd00::/8 are proxies. */
static bool is_trusted(const void *ctx, const struct netaddr *address)
{
	struct netrange v4;
	struct netrange v6;

	(void)ctx;
	return netrange_parse("10.0.0.0/8", &v4) == 0 && netrange_parse("fd00::/8", &v6) == 0 &&
	       (netrange_has(&v4, address) || netrange_has(&v6, address));
}

#define X HTTP_X_FORWARDED_FOR
#define F HTTP_FORWARDED

static const struct {
	enum http_forwarded kind;
	const char *fields; // as sent
	const char *want;   // "": nothing is known
} cases[] = {
	{ X, "", "" },
	{ X, "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1" },
	{ X, "x-forwarded-FOR: 192.0.2.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 203.0.113.9, 10.0.0.2, 192.0.2.1, 10.0.0.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.0.0.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "10.0.0.2" },
	{ X, "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1" },
	{ X, "X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1" },
	{ X, "X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1" },
	{ X, "X-Forwarded-For: 192.0.2.1:50000\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For:192.0.2.1 ,\t10.0.0.1 , \r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: 192.0.2.1, unknown\r\n", "" },
	{ X, "X-Forwarded-For: 192.0.2.1, unknown, 10.0.0.1\r\n", "10.0.0.1" },
	{ X, "X-Forwarded-For: unknown, 192.0.2.1\r\n", "192.0.2.1" },
	{ X, "X-Forwarded-For: \"192.0.2.1\"\r\n", "" },
	{ X, "X-Forwarded-For: 192.0.2.1 10.0.0.1\r\n", "" },
	{ X, "X-Forwarded-For: 192.0.2.1:99999999\r\n", "" },
	{ X, "X-Forwarded-For: 192.0.2.1:\r\n", "" },
	{ X, "X-Forwarded-For: [192.0.2.1]\r\n", "" },
	{ X, "X-Forwarded-For: [2001:db8::1\r\n", "" },
	{ X, "X-Forwarded-For: [2001:db8::1]x\r\n", "" },
	{ X, "X-Forwarded-For: []\r\n", "" },
	{ X, "X-Forwarded-For: [\r\n", "" },
	{ X, "X-Forwarded-For:\r\n", "" },
	{ X, "Forwarded: for=192.0.2.1\r\n", "" },
	{ F, "X-Forwarded-For: 192.0.2.1\r\n", "" },
	{ HTTP_PROXY_PROTOCOL, "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n", "" },
	{ F, "Forwarded: for=192.0.2.1\r\n", "192.0.2.1" },
	{ F, "Forwarded: For=\"[2001:db8:cafe::17]:4711\"\r\n", "2001:db8:cafe::17" },
	{ F, "Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43\r\n", "192.0.2.60" },
	{ F, "Forwarded: proto=http; for=\"192.0.2.60:80\"\r\n", "192.0.2.60" },
	{ F, "Forwarded: for=203.0.113.9, for=192.0.2.1;by=10.0.0.1, for=10.0.0.1\r\n", "192.0.2.1" },
	{ F, "Forwarded: for=203.0.113.9\r\nForwarded: for=192.0.2.1\r\n", "192.0.2.1" },
	{ F, "Forwarded: for=192.0.2.1;by=\"x,for=203.0.113.9\"\r\n", "192.0.2.1" },
	{ F, "Forwarded: for=\"192.0.2.1\\\",for=203.0.113.9\r\n", "" },
	{ F, "Forwarded: for=\"203.0.113.9, for=192.0.2.1\r\n", "" },
	{ F, "Forwarded: for=\"203.0.113.9, for=192.0.2.1\r\nForwarded: for=192.0.2.2\r\n", "192.0.2.2" },
	{ F, "Forwarded: for=203.0.113.9;x=\", for=192.0.2.1\r\n", "" },
	{ F, "Forwarded: for=203.0.113.9;x=\", for=\"[2001:db8::1]:80\"\r\n", "" },
	{ F, "Forwarded: for=203.0.113.9;x=\"a\"b, for=192.0.2.1\r\n", "192.0.2.1" },
	{ F, "Forwarded: for=203.0.113.9;x=\"a\"b\r\n", "" },
	{ F, "Forwarded: for=192.0.2.1;x\r\n", "" },
	{ F, "Forwarded: for=192.0.2.1, for=_hidden\r\n", "" },
	{ F, "Forwarded: for=192.0.2.1, for=unknown, for=10.0.0.1\r\n", "10.0.0.1" },
	{ F, "Forwarded: for=192.0.2.1, proto=https\r\n", "" },
	{ F, "Forwarded: for=192.0.2.1;for=203.0.113.9\r\n", "" },
	{ F, "Forwarded: for = 192.0.2.1\r\n", "" },
	{ F, "Forwarded: for\r\n", "" },
	{ F, "Forwarded: for=\"\"\r\n", "" },
	{ F, "Forwarded: for=\"\r\n", "" },
};

int main(void)
{
	static const struct http_trust trust = { .is_trusted = is_trusted };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[1024];
		char got[NETADDR_TEXT] = "";
		struct http_head head;
		struct netaddr address;
		int len = snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].fields);

		tap_int(http_head_parse(bytes, (size_t)len, &head), HTTP_OK, "head %zu is one", i);
		http_head_terminate(bytes, &head);
		if (http_forwarded_for(&head, cases[i].kind, &trust, &address)) {
			(void)netaddr_format(&address, got);
		}
		tap_str(got, cases[i].want, "it is for '%s'", cases[i].want);
	}
	return tap_done();
}
