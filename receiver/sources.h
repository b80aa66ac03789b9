/*
 * Where connections come from, and how many at once and anew from each.
 *
 * A source is an IPv4 address or the first 64 bits of an IPv6 address: what
 * one customer of a provider commands.  The memory is bounded: sources
 * without a connection that were quiet the longest are forgotten first.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_SOURCES_H
#define RECEIVER_SOURCES_H

#include <stdint.h>
#include <sys/socket.h>

#define SOURCES_MAX 8192        // sources remembered
#define SOURCES_WINDOW_MS 10000 // in which new connections are counted

struct sources;

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

/*
 * The source of an address of family AF_INET or AF_INET6. 0, or -1 for other
 * families, which have none.
 */
int source_key_from(const struct sockaddr *address, struct source_key *ret_key);

/*
 * Count one new connection at time now_ms (monotonic), unless the source has
 * max_open connections or had max_new new ones within the window (0: no
 * limit).  SOURCES_OK obliges to sources_leave().
 */
enum sources_result sources_enter(struct sources *s, const struct source_key *key,
				  unsigned max_open, unsigned max_new, int64_t now_ms);

/* The connection has ended. */
void sources_leave(struct sources *s, const struct source_key *key);

/* How many sources are remembered. */
unsigned sources_count(const struct sources *s);

#endif
