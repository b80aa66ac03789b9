/*
 * The PROXY protocol.
 *
 *     PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n      at most 107 bytes
 *     PROXY UNKNOWN...\r\n                                  what follows is not read
 *
 * or twelve fixed bytes, version and command, family, the length of the rest,
 * then addresses and ports, then extensions, which are skipped.
 */
#include "http/proxy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/chars.h"

static const char text_mark[] = "PROXY ";
static const char binary_mark[] = "\r\n\r\n\0\r\nQUIT\n";

#define TEXT_MARK_BYTES (sizeof(text_mark) - 1)
#define BINARY_MARK_BYTES (sizeof(binary_mark) - 1)
#define TEXT_BYTES 107 // "PROXY TCP6", two addresses, two ports, the spaces, CR and LF
#define BINARY_HEAD 16 // before the addresses

static enum http_result refuse(struct http_proxy *ret, const char *reason)
{
	*ret = (struct http_proxy){ .reason = reason };
	return HTTP_REFUSED;
}

/* The next word of a line in *at, up to end, and the space behind it. */
static struct http_span take_word(const char **at, const char *end)
{
	const char *space = memchr(*at, ' ', (size_t)(end - *at));
	const char *stop = space != NULL ? space : end;
	struct http_span word = { .at = *at, .len = (size_t)(stop - *at) };

	*at = space != NULL ? space + 1 : end;
	return word;
}

static bool read_port(struct http_span word, unsigned *ret_port)
{
	unsigned port = 0;

	if (word.len == 0 || word.len > 5 || (word.at[0] == '0' && word.len > 1)) {
		return false;
	}
	for (size_t i = 0; i < word.len; i++) {
		if (!http_is_digit(word.at[i])) {
			return false;
		}
		port = port * 10 + (unsigned)(word.at[i] - '0');
	}
	*ret_port = port;
	return port <= UINT16_MAX;
}

static bool read_address(struct http_span word, bool v4, struct netaddr *ret_address)
{
	bool is_v4 = memchr(word.at, ':', word.len) == NULL;

	return is_v4 == v4 && netaddr_parse(word.at, word.len, ret_address) == 0;
}

/* The line between the mark and CR. */
static enum http_result parse_line(const char *at, const char *end, struct http_proxy *ret)
{
	struct netaddr to;
	unsigned to_port = 0;
	struct http_span family = take_word(&at, end);
	bool v4 = http_span_is(family, "TCP4");

	if (http_span_is(family, "UNKNOWN")) {
		return HTTP_OK;
	}
	if (!v4 && !http_span_is(family, "TCP6")) {
		return refuse(ret, "neither TCP4, TCP6 nor UNKNOWN");
	}
	bool good = read_address(take_word(&at, end), v4, &ret->source) &&
		    read_address(take_word(&at, end), v4, &to) &&
		    read_port(take_word(&at, end), &ret->port) && end > at;
	struct http_span last = { .at = at, .len = (size_t)(end - at) };
	if (!good || !read_port(last, &to_port)) {
		return refuse(ret, "not two addresses and two ports");
	}
	ret->has_address = true;
	return HTTP_OK;
}

static enum http_result parse_text(const char *bytes, size_t len, struct http_proxy *ret)
{
	size_t most = len < TEXT_BYTES ? len : TEXT_BYTES;
	const char *lf = memchr(bytes, '\n', most);

	for (size_t i = 0; i < most && bytes + i != lf; i++) {
		bool is_end = bytes[i] == '\r' && (i + 1 == most || bytes + i + 1 == lf);

		if (!is_end && !http_is_visible(bytes[i]) && bytes[i] != ' ') {
			return refuse(ret, "a character that the line may not have");
		}
	}
	if (lf == NULL) {
		return len < TEXT_BYTES ? HTTP_MORE : refuse(ret, "the line is too long");
	}
	if (lf[-1] != '\r') {
		return refuse(ret, "LF without CR");
	}
	*ret = (struct http_proxy){ .size = (size_t)(lf - bytes) + 1 };
	return parse_line(bytes + TEXT_MARK_BYTES, lf - 1, ret);
}

/* Families of the binary form: the length of their addresses, and whether we use them. */
static const struct {
	unsigned char family;
	unsigned char address;   // bytes of one address, 0: not one of the internet
	unsigned char addresses; // bytes of all that stands there
} families[] = {
	{ 0x00, 0, 0 },   // not known
	{ 0x11, 4, 12 },  // TCP over IPv4
	{ 0x21, 16, 36 }, // TCP over IPv6
	{ 0x31, 0, 216 }, // a stream over a Unix socket
};

static enum http_result read_addresses(const unsigned char *b, size_t rest, struct http_proxy *ret)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t address = families[i].address;

		if (families[i].family != b[13]) {
			continue;
		}
		if (rest < families[i].addresses) {
			return refuse(ret, "too short for its addresses");
		}
		if (address > 0) {
			const unsigned char *port = b + BINARY_HEAD + 2 * address;

			ret->source = address == 4 ? netaddr_v4(b + BINARY_HEAD)
						   : netaddr_v6(b + BINARY_HEAD);
			ret->port = (unsigned)port[0] << 8 | port[1];
			ret->has_address = true;
		}
		return HTTP_OK;
	}
	return refuse(ret, "a family that is not known");
}

static enum http_result parse_binary(const char *bytes, size_t len, struct http_proxy *ret)
{
	const unsigned char *b = (const unsigned char *)bytes;

	if (len < BINARY_HEAD) {
		return HTTP_MORE;
	}
	size_t rest = (size_t)b[14] << 8 | b[15];
	if (b[12] != 0x20 && b[12] != 0x21) {
		return refuse(ret, "not version 2, or a command that is not known");
	}
	if (BINARY_HEAD + rest > HTTP_PROXY_BYTES) {
		return refuse(ret, "longer than the limit");
	}
	if (len < BINARY_HEAD + rest) {
		return HTTP_MORE;
	}
	*ret = (struct http_proxy){ .size = BINARY_HEAD + rest };
	/* LOCAL (0x20): the proxy's own connection, such as a health check. */
	return b[12] == 0x20 ? HTTP_OK : read_addresses(b, rest, ret);
}

/* True if bytes begin with mark, as far as they go. */
static bool may_begin(const char *bytes, size_t len, const char *mark, size_t mark_len)
{
	return memcmp(bytes, mark, len < mark_len ? len : mark_len) == 0;
}

enum http_result http_proxy_parse(const char *bytes, size_t len, struct http_proxy *ret_proxy)
{
	*ret_proxy = (struct http_proxy){ .size = 0 };
	if (len > 0 && may_begin(bytes, len, text_mark, TEXT_MARK_BYTES)) {
		return len < TEXT_MARK_BYTES ? HTTP_MORE : parse_text(bytes, len, ret_proxy);
	}
	if (len > 0 && may_begin(bytes, len, binary_mark, BINARY_MARK_BYTES)) {
		return parse_binary(bytes, len, ret_proxy);
	}
	return len > 0 ? refuse(ret_proxy, "no PROXY header") : HTTP_MORE;
}
