/*
 * Sources: a map from key to counts, in the order of last use (uthash keeps
 * the order of insertion; a source that is used is put in again).
 */
#include "receiver/http/sources.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/xalloc.h"

struct source {
	struct source_key key;
	unsigned all;      // connections
	unsigned open;     // of these the welcome ones
	unsigned fresh;    // new ones since start
	int64_t start;     // of the window
	UT_hash_handle hh;
};

struct sources {
	struct source *map; // least recently used first
};

struct sources *sources_new(void)
{
	return xcalloc(1, sizeof(struct sources));
}

void sources_free(struct sources *s)
{
	struct source *source;
	struct source *next;

	if (s == NULL) {
		return;
	}
	HASH_ITER(hh, s->map, source, next) {
		HASH_DEL(s->map, source);
		free(source);
	}
	free(s);
}

struct source_key source_key_from(const struct netaddr *address)
{
	struct source_key key = { .bytes = { 0 } };

	memcpy(key.bytes, address->bytes, netaddr_is_v4(address) ? NETADDR_BYTES : 8);
	return key;
}

static struct source *find(const struct sources *s, const struct source_key *key)
{
	struct source *source = NULL;

	HASH_FIND(hh, s->map, key, sizeof(*key), source);
	return source;
}

/* Make it the most recently used. */
static void touch(struct sources *s, struct source *source)
{
	HASH_DEL(s->map, source);
	HASH_ADD(hh, s->map, key, sizeof(source->key), source);
}

/*
 * Forget the source that was quiet the longest.  One with connections is
 * moved out of the way; there are no more of these than connections.
 */
static void forget_one(struct sources *s)
{
	for (unsigned i = HASH_COUNT(s->map); i > 0; i--) {
		struct source *oldest = s->map;

		if (oldest->all == 0) {
			HASH_DEL(s->map, oldest);
			free(oldest);
			return;
		}
		touch(s, oldest);
	}
}

static struct source *add(struct sources *s, const struct source_key *key, int64_t now_ms)
{
	struct source *source = xcalloc(1, sizeof(*source));

	if (HASH_COUNT(s->map) >= SOURCES_MAX) {
		forget_one(s);
	}
	source->key = *key;
	source->start = now_ms;
	HASH_ADD(hh, s->map, key, sizeof(source->key), source);
	return source;
}

enum sources_result sources_enter(struct sources *s, const struct source_key *key,
				  unsigned max_open, unsigned max_new, int64_t now_ms,
				  struct source **ret_source)
{
	struct source *source = find(s, key);

	if (source == NULL) {
		source = add(s, key, now_ms);
	} else {
		touch(s, source);
	}
	if (now_ms - source->start >= SOURCES_WINDOW_MS) {
		source->start = now_ms;
		source->fresh = 0;
	}
	source->all++;
	*ret_source = source;
	if (max_new > 0 && source->fresh >= max_new) {
		return SOURCES_TOO_FAST;
	}
	if (max_open > 0 && source->open >= max_open) {
		return SOURCES_TOO_MANY;
	}
	source->fresh++;
	source->open++;
	return SOURCES_OK;
}

void sources_leave(struct source *source, enum sources_result result)
{
	source->all--;
	source->open -= result == SOURCES_OK;
}

const unsigned *sources_weight(const struct source *source)
{
	return &source->all;
}

unsigned sources_count(const struct sources *s)
{
	return HASH_COUNT(s->map);
}
