/*
 * The PROXY protocol, versions 1 (text) and 2 (binary): what a proxy sends in
 * front of a connection to say for whom it calls.
 * https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
 *
 * A pure function over the bytes received so far, like http/head.h.  It is
 * only for connections of proxies that are known to send it.
 */
#ifndef LIB_HTTP_PROXY_H
#define LIB_HTTP_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"
#include "http/head.h"

/* The longest header that is read, extensions (TLVs) included. */
#define HTTP_PROXY_BYTES 2048

struct http_proxy {
	size_t size;           // bytes of the header: what the sender sent follows
	bool has_address;      // false: the proxy speaks for itself, or does not know
	struct netaddr source; // the sender
	unsigned port;
	const char *reason;    // HTTP_REFUSED: constant text for logs
};

/*
 * Read a header from the first len of bytes.  Call it with all bytes since
 * the connection began, each time some more have come; the result does not
 * depend on how they were split.
 *
 * HTTP_OK: *ret_proxy is filled in.  HTTP_MORE: never returned once len
 * reaches HTTP_PROXY_BYTES; all of bytes belong to the header.  HTTP_REFUSED:
 * only reason is set.  Only TCP over IPv4 and IPv6 has addresses for us;
 * sockets of other kinds that a proxy may have are HTTP_OK without one, but
 * datagrams are refused.
 */
enum http_result http_proxy_parse(const char *bytes, size_t len, struct http_proxy *ret_proxy);

#endif
