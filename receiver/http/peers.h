/*
 * Where connections come from, and how many at once and anew from each.
 *
 * A peer is an IPv4 address or the first 64 bits of an IPv6 address: what
 * one customer of a provider commands.  The memory is bounded: peers
 * without a connection that were quiet the longest are forgotten first.
 *
 * Whoever has more than its share is counted all the same, as it is there
 * until it has its answer; only the welcome ones count against the share.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_HTTP_PEERS_H
#define RECEIVER_HTTP_PEERS_H

#include <stdint.h>

#include "base/netaddr.h"

#define PEERS_MAX 8192          // peers remembered
#define PEERS_WINDOW_MS 10000 // in which new connections are counted

struct peers;
struct peer;

struct peer_key {
	unsigned char bytes[16]; // IPv6, IPv4 mapped into it, the rest zero
};

enum peers_result {
	PEERS_OK = 0,
	PEERS_TOO_MANY = 1, // too many connections open
	PEERS_TOO_FAST = 2  // too many new ones within the window
};

/* A new empty table. */
struct peers *peers_new(void);

/* Free it. NULL is allowed. */
void peers_free(struct peers *s);

/* The peer that an address belongs to. */
struct peer_key peer_key_from(const struct netaddr *address);

/*
 * One more connection at time now_ms (monotonic milliseconds) from the peer
 * with that key.  *ret_peer is the peer: not to be freed, good until
 * peers_leave(), which must be called once with the same result.
 *
 * PEERS_OK: it is welcome.  Otherwise the peer has max_open welcome
 * connections already, or had max_new new ones within the window (0: no limit).
 */
enum peers_result peers_enter(struct peers *s, const struct peer_key *key, unsigned max_open,
			      unsigned max_new, int64_t now_ms, struct peer **ret_peer);

/* A connection of peer has ended; result is what peers_enter() said of it. */
void peers_leave(struct peer *peer, enum peers_result result);

/* Where the number of all its connections stands, welcome or not; borrowed like peer. */
const unsigned *peers_weight(const struct peer *peer);

#endif
