/*
 * Internet addresses: inet_pton(3) and inet_ntop(3) do the reading and
 * writing, both strict; what is added is one form for both families, and
 * prefixes.
 */
#include "base/netaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* What an IPv4 address begins with as an IPv6 address. */
static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

#define V4_BITS 96

struct netaddr netaddr_v4(const void *bytes)
{
	struct netaddr address;

	memcpy(address.bytes, mapped, sizeof(mapped));
	memcpy(address.bytes + sizeof(mapped), bytes, 4);
	return address;
}

struct netaddr netaddr_v6(const void *bytes)
{
	struct netaddr address;

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	return address;
}

int netaddr_from_socket(const struct sockaddr *socket, struct netaddr *ret_address,
			unsigned *ret_port)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (socket->sa_family == AF_INET) {
		memcpy(&in, socket, sizeof(in));
		*ret_address = netaddr_v4(&in.sin_addr);
		*ret_port = ntohs(in.sin_port);
		return 0;
	}
	if (socket->sa_family == AF_INET6) {
		memcpy(&in6, socket, sizeof(in6));
		*ret_address = netaddr_v6(&in6.sin6_addr);
		*ret_port = ntohs(in6.sin6_port);
		return 0;
	}
	return -1;
}

int netaddr_parse(const char *text, size_t len, struct netaddr *ret_address)
{
	char copy[NETADDR_TEXT];
	unsigned char bytes[NETADDR_BYTES];

	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL) {
		return -1;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1) {
		*ret_address = netaddr_v4(bytes);
		return 0;
	}
	if (inet_pton(AF_INET6, copy, bytes) == 1) {
		*ret_address = netaddr_v6(bytes);
		return 0;
	}
	return -1;
}

bool netaddr_is_v4(const struct netaddr *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

const char *netaddr_format(const struct netaddr *address, char out[NETADDR_TEXT])
{
	bool v4 = netaddr_is_v4(address);

	out[0] = '\0';
	(void)inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? sizeof(mapped) : 0), out,
			NETADDR_TEXT);
	return out;
}

/* "24" without a sign or leading zeros, up to most. */
static int parse_bits(const char *text, unsigned most, unsigned *ret_bits)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (text[0] == '0' && digits > 1)) {
		return -1;
	}
	unsigned long bits = strtoul(text, NULL, 10);
	*ret_bits = (unsigned)bits;
	return bits <= most ? 0 : -1;
}

static bool bit_of(const struct netaddr *address, unsigned i)
{
	return (address->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

int netrange_parse(const char *text, struct netrange *ret_range)
{
	const char *slash = strchr(text, '/');
	struct netrange range = { .bits = 8 * NETADDR_BYTES };
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (netaddr_parse(text, len, &range.base) < 0) {
		return -1;
	}
	/* Written as IPv4 or as IPv6: that says what the prefix counts from. */
	unsigned before = memchr(text, ':', len) == NULL ? V4_BITS : 0;
	if (slash != NULL) {
		if (parse_bits(slash + 1, 8 * NETADDR_BYTES - before, &range.bits) < 0) {
			return -1;
		}
		range.bits += before;
	}
	for (unsigned i = range.bits; i < 8 * NETADDR_BYTES; i++) {
		if (bit_of(&range.base, i)) {
			return -1;
		}
	}
	*ret_range = range;
	return 0;
}

bool netrange_has(const struct netrange *range, const struct netaddr *address)
{
	unsigned whole = range->bits / 8;

	if (memcmp(range->base.bytes, address->bytes, whole) != 0) {
		return false;
	}
	for (unsigned i = 8 * whole; i < range->bits; i++) {
		if (bit_of(&range->base, i) != bit_of(address, i)) {
			return false;
		}
	}
	return true;
}
