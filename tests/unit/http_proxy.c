/*
 * The PROXY protocol: what is read, what is refused, at any split.
 */
#include "http/proxy.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

#define MARK "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01" "\xc6\x33\x64\x01" "\xdc\x04" "\x01\xbb"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02" "\xdc\x04" "\x01\xbb"
#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	const char *want; // address and port; "": no address; NULL: refused
} cases[] = {
	{ "IPv4 as text", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), "192.0.2.1 56324" },
	{ "IPv6 as text", BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"), "2001:db8::1 56324" },
	{ "ports 0 and 65535", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 0 65535\r\n"), "192.0.2.1 0" },
	{ "not known", BYTES("PROXY UNKNOWN\r\n"), "" },
	{ "not known, with more", BYTES("PROXY UNKNOWN ffff:f::1 x 1 2\r\n"), "" },
	{ "the longest line", BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
				    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), "" },
	{ "a line that is too long", BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
				    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n"), NULL },
	{ "LF alone", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n"), NULL },
	{ "CR within", BYTES("PROXY TCP4 192.0.2.1\r198.51.100.1 56324 443\r\n"), NULL },
	{ "a tab", BYTES("PROXY\tTCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), NULL },
	{ "two spaces", BYTES("PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n"), NULL },
	{ "a space at the end", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n"), NULL },
	{ "a word too many", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 x\r\n"), NULL },
	{ "a port missing", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n"), NULL },
	{ "a port over 65535", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n"), NULL },
	{ "a port with a zero in front", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 080 443\r\n"), NULL },
	{ "a port with a sign", BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 +80 443\r\n"), NULL },
	{ "IPv6 as TCP4", BYTES("PROXY TCP4 2001:db8::1 2001:db8::2 56324 443\r\n"), NULL },
	{ "IPv4 as TCP6", BYTES("PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n"), NULL },
	{ "UDP as text", BYTES("PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n"), NULL },
	{ "small letters", BYTES("proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), NULL },
	{ "a request", BYTES("POST /hooks/github HTTP/1.1\r\n"), NULL },
	{ "a handshake", BYTES("\x16\x03\x01\x02\x00"), NULL },
	{ "IPv4, binary", BYTES(MARK "\x21\x11\0\x0c" V4), "192.0.2.1 56324" },
	{ "IPv6, binary", BYTES(MARK "\x21\x21\0\x24" V6), "2001:db8::1 56324" },
	{ "with an extension", BYTES(MARK "\x21\x11\0\x11" V4 "\x04\0\x02xx"), "192.0.2.1 56324" },
	{ "LOCAL", BYTES(MARK "\x20\0\0\0"), "" },
	{ "LOCAL with an address", BYTES(MARK "\x20\x11\0\x0c" V4), "" },
	{ "no family", BYTES(MARK "\x21\0\0\0"), "" },
	{ "an address too short", BYTES(MARK "\x21\x11\0\x0b" V4), NULL },
	{ "IPv6 in the room of IPv4", BYTES(MARK "\x21\x21\0\x0c" V4), NULL },
	{ "UDP, binary", BYTES(MARK "\x21\x12\0\x0c" V4), NULL },
	{ "a family that is none", BYTES(MARK "\x21\x41\0\x0c" V4), NULL },
	{ "version 1 in binary", BYTES(MARK "\x11\x11\0\x0c" V4), NULL },
	{ "a command that is none", BYTES(MARK "\x22\x11\0\x0c" V4), NULL },
	{ "longer than the limit", BYTES(MARK "\x21\x11\x07\xf1" V4), NULL },
};

static void check(size_t i, const char *bytes, size_t len)
{
	struct http_proxy p;
	enum http_result r = http_proxy_parse(bytes, len, &p);
	char got[NETADDR_TEXT + 16] = "";
	char address[NETADDR_TEXT];

	if (cases[i].want == NULL) {
		tap_ok(r == HTTP_REFUSED && p.reason != NULL, "%s is refused", cases[i].name);
		return;
	}
	if (p.has_address) {
		(void)snprintf(got, sizeof(got), "%s %u", netaddr_format(&p.source, address), p.port);
	}
	if (tap_int(r, HTTP_OK, "%s is read", cases[i].name)) {
		tap_str(got, cases[i].want, "%s says for whom", cases[i].name);
		tap_int((long long)p.size, (long long)cases[i].len, "%s has its length", cases[i].name);
	}
}

static void check_prefixes(size_t i)
{
	bool good = true;

	for (size_t len = 0; len < cases[i].len; len++) {
		struct http_proxy p;
		enum http_result r = http_proxy_parse(cases[i].bytes, len, &p);

		good = good && (r == HTTP_MORE || (r == HTTP_REFUSED && cases[i].want == NULL));
	}
	tap_ok(good, "%s: no part of it is taken for all", cases[i].name);
}

int main(void)
{
	char more[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(i, cases[i].bytes, cases[i].len);
		check_prefixes(i);
		memcpy(more, cases[i].bytes, cases[i].len);
		memcpy(more + cases[i].len, "\x16\x03\x01 PROXY\r\n", 11);
		check(i, more, cases[i].len + 11);
	}
	return tap_done();
}
