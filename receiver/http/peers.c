/*
 * Peers: a map from key to counts, in the order of last use (uthash keeps
 * the order of insertion; a peer that is used is put in again).
 */
#include "receiver/http/peers.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/xalloc.h"

struct peer {
	struct peer_key key;
	unsigned all;      // connections
	unsigned open;     // of these the welcome ones
	unsigned fresh;    // new ones since start
	int64_t start;     // of the window
	UT_hash_handle hh;
};

struct peers {
	struct peer *map; // least recently used first
};

struct peers *peers_new(void)
{
	return xcalloc(1, sizeof(struct peers));
}

void peers_free(struct peers *s)
{
	struct peer *peer;
	struct peer *next;

	if (s == NULL) {
		return;
	}
	HASH_ITER(hh, s->map, peer, next) {
		HASH_DEL(s->map, peer);
		free(peer);
	}
	free(s);
}

struct peer_key peer_key_from(const struct netaddr *address)
{
	struct peer_key key = { .bytes = { 0 } };

	memcpy(key.bytes, address->bytes, netaddr_is_v4(address) ? NETADDR_BYTES : 8);
	return key;
}

static struct peer *find(const struct peers *s, const struct peer_key *key)
{
	struct peer *peer = NULL;

	HASH_FIND(hh, s->map, key, sizeof(*key), peer);
	return peer;
}

/* Make it the most recently used. */
static void touch(struct peers *s, struct peer *peer)
{
	HASH_DEL(s->map, peer);
	HASH_ADD(hh, s->map, key, sizeof(peer->key), peer);
}

/*
 * Forget the peer that was quiet the longest.  One with connections is
 * moved out of the way; there are no more of these than connections.
 */
static void forget_one(struct peers *s)
{
	for (unsigned i = HASH_COUNT(s->map); i > 0; i--) {
		struct peer *oldest = s->map;

		if (oldest->all == 0) {
			HASH_DEL(s->map, oldest);
			free(oldest);
			return;
		}
		touch(s, oldest);
	}
}

static struct peer *add(struct peers *s, const struct peer_key *key, int64_t now_ms)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));

	if (HASH_COUNT(s->map) >= PEERS_MAX) {
		forget_one(s);
	}
	peer->key = *key;
	peer->start = now_ms;
	HASH_ADD(hh, s->map, key, sizeof(peer->key), peer);
	return peer;
}

enum peers_result peers_enter(struct peers *s, const struct peer_key *key, unsigned max_open,
			      unsigned max_new, int64_t now_ms, struct peer **ret_peer)
{
	struct peer *peer = find(s, key);

	if (peer == NULL) {
		peer = add(s, key, now_ms);
	} else {
		touch(s, peer);
	}
	if (now_ms - peer->start >= PEERS_WINDOW_MS) {
		peer->start = now_ms;
		peer->fresh = 0;
	}
	peer->all++;
	*ret_peer = peer;
	if (max_new > 0 && peer->fresh >= max_new) {
		return PEERS_TOO_FAST;
	}
	if (max_open > 0 && peer->open >= max_open) {
		return PEERS_TOO_MANY;
	}
	peer->fresh++;
	peer->open++;
	return PEERS_OK;
}

void peers_leave(struct peer *peer, enum peers_result result)
{
	peer->all--;
	peer->open -= result == PEERS_OK;
}

const unsigned *peers_weight(const struct peer *peer)
{
	return &peer->all;
}
