/*
 * Internet addresses and ranges of them, as plain data.
 *
 * An IPv4 address is held as the IPv6 address that stands for it
 * (::ffff:192.0.2.1, RFC 4291 2.5.5.2), so that one that comes through an
 * IPv6 socket is the same.
 */
#ifndef LIB_BASE_NETADDR_H
#define LIB_BASE_NETADDR_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

#define NETADDR_BYTES 16
#define NETADDR_TEXT 46 // the longest address as text, NUL included

struct netaddr {
	unsigned char bytes[NETADDR_BYTES]; // in network order
};

/* All addresses whose first bits are those of base. */
struct netrange {
	struct netaddr base;
	unsigned bits; // of 128, also for IPv4
};

/* The IPv4 address of four bytes in network order. */
struct netaddr netaddr_v4(const void *bytes);

/* The IPv6 address of sixteen bytes in network order. */
struct netaddr netaddr_v6(const void *bytes);

/*
 * The address and port of a socket address. 0, or -1 for families other than
 * AF_INET and AF_INET6, with nothing set.
 */
int netaddr_from_socket(const struct sockaddr *socket, struct netaddr *ret_address,
			unsigned *ret_port);

/*
 * Read "192.0.2.1" or "2001:db8::1" from exactly len bytes of text: no spaces,
 * no zone, no leading zeros in IPv4. 0, or -1 with nothing set.
 */
int netaddr_parse(const char *text, size_t len, struct netaddr *ret_address);

/* True if it is an IPv4 address. */
bool netaddr_is_v4(const struct netaddr *address);

/* Write it as text, in the form of its family. Returns out. */
const char *netaddr_format(const struct netaddr *address, char out[NETADDR_TEXT]);

/*
 * Read "192.0.2.0/24", "2001:db8::/32" or a single address. 0, or -1 with
 * nothing set: not in this form, or bits are set behind the prefix, which is
 * mostly a slip of who wrote it.
 */
int netrange_parse(const char *text, struct netrange *ret_range);

/* True if the address is in the range. */
bool netrange_has(const struct netrange *range, const struct netaddr *address);

#endif
