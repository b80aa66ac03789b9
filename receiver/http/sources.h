/*
 * Where connections come from, and how many at once and anew from each.
 *
 * A source is an IPv4 address or the first 64 bits of an IPv6 address: what
 * one customer of a provider commands.  The memory is bounded: sources
 * without a connection that were quiet the longest are forgotten first.
 *
 * Whoever has more than its share is counted all the same, as it is there
 * until it has its answer; only the welcome ones count against the share.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_HTTP_SOURCES_H
#define RECEIVER_HTTP_SOURCES_H

#include <stdint.h>

#include "base/netaddr.h"

#define SOURCES_MAX 8192        // sources remembered
#define SOURCES_WINDOW_MS 10000 // in which new connections are counted

struct sources;
struct source;

struct source_key {
	unsigned char bytes[16]; // IPv6, IPv4 mapped into it, the rest zero
};

enum sources_result {
	SOURCES_OK = 0,
	SOURCES_TOO_MANY = 1, // too many connections open
	SOURCES_TOO_FAST = 2  // too many new ones within the window
};

/* A new empty table. */
struct sources *sources_new(void);

/* Free it. NULL is allowed. */
void sources_free(struct sources *s);

/* The source that an address belongs to. */
struct source_key source_key_from(const struct netaddr *address);

/*
 * One more connection at time now_ms (monotonic milliseconds) from the source
 * with that key.  *ret_source is the source: not to be freed, good until
 * sources_leave(), which must be called once with the same result.
 *
 * SOURCES_OK: it is welcome.  Otherwise the source has max_open welcome
 * connections already, or had max_new new ones within the window (0: no limit).
 */
enum sources_result sources_enter(struct sources *s, const struct source_key *key,
				  unsigned max_open, unsigned max_new, int64_t now_ms,
				  struct source **ret_source);

/* A connection of source has ended; result is what sources_enter() said of it. */
void sources_leave(struct source *source, enum sources_result result);

/* Where the number of all its connections stands, welcome or not; borrowed like source. */
const unsigned *sources_weight(const struct source *source);

/* How many sources are remembered. */
unsigned sources_count(const struct sources *s);

#endif
