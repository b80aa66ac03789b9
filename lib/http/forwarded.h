/*
 * Whom proxies say that they forward for: X-Forwarded-For, or Forwarded (RFC
 * 7239).  Each proxy appends whom it was called by, and anybody can send
 * such a field, so it is read from the end: what a trusted proxy wrote is
 * believed, and so on, up to the first address that is not a trusted proxy's.
 * What stands before that is what a stranger says, and is not used.
 *
 * A pure function over a parsed head.
 */
#ifndef LIB_HTTP_FORWARDED_H
#define LIB_HTTP_FORWARDED_H

#include <stdbool.h>

#include "base/netaddr.h"
#include "http/head.h"

/* How proxies tell. A proxy sets one of them and lets the others pass: only that is read. */
enum http_forwarded {
	HTTP_X_FORWARDED_FOR,
	HTTP_FORWARDED,
	HTTP_PROXY_PROTOCOL // in front of the connection, see http/proxy.h: no field is read
};

/* What addresses are proxies: is_trusted(ctx, address). */
struct http_trust {
	bool (*is_trusted)(const void *ctx, const struct netaddr *address);
	const void *ctx;
};

/*
 * The sender, as the fields of that kind in a head say that came from a
 * trusted proxy: the last address that is not trusted, or if all are the first.
 * Entries that are no address ("unknown", "_hidden", nonsense) end what can be
 * known.  True with *ret_address; false: nothing is known, the proxy itself is
 * as far as we see.
 */
bool http_forwarded_for(const struct http_head *head, enum http_forwarded kind,
			const struct http_trust *trust, struct netaddr *ret_address);

#endif
