/*
 * A cache of parsed trees: what is used by nobody goes, the oldest first.
 */
#include "repo/tree_cache.h"

#include <string.h>

#include "base/xalloc.h"

/* A tree, its items and its bytes in one block. */
struct cached {
	struct tree tree;  // first: a struct tree * is a struct cached *
	struct cached *newer;
	size_t cost;
};

struct tree_cache *tree_cache_new(size_t max_bytes)
{
	struct tree_cache *cache = xcalloc(1, sizeof(*cache));

	cache->max_bytes = max_bytes;
	cache->slot_count = 256;
	cache->slots = xcalloc(cache->slot_count, sizeof(struct cached *));
	return cache;
}

void tree_cache_free(struct tree_cache *cache)
{
	if (cache == NULL) {
		return;
	}
	while (cache->oldest != NULL) {
		struct cached *c = cache->oldest;

		cache->oldest = c->newer;
		free(c);
	}
	free(cache->slots);
	free(cache->items);
	free(cache->memo.path);
	free(cache);
}

struct tree_memo *tree_cache_memo(struct tree_cache *cache)
{
	return &cache->memo;
}

/* The slot of the tree with this id, or the free one where it belongs. */
static struct cached **find_slot(const struct tree_cache *cache, const struct oid *id)
{
	uint64_t key;

	/* Ids are spread evenly unless somebody chose them: our address is not known to him. */
	memcpy(&key, id->bytes, sizeof(key));
	key = (key ^ (uintptr_t)cache) * 0x9e3779b97f4a7c15ULL;
	for (size_t i = (size_t)(key >> 32);; i++) {
		struct cached **slot = &cache->slots[i & (cache->slot_count - 1)];

		if (*slot == NULL || oid_equal(&(*slot)->tree.id, id)) {
			return slot;
		}
	}
}

static void fill_slots(struct tree_cache *cache)
{
	memset(cache->slots, 0, cache->slot_count * sizeof(struct cached *));
	for (struct cached *c = cache->oldest; c != NULL; c = c->newer) {
		*find_slot(cache, &c->tree.id) = c;
	}
}

/* Oldest first, until half is free: the next misses need not come here again. */
static void make_room(struct tree_cache *cache)
{
	struct cached **link = &cache->oldest;

	cache->newest = NULL;
	while (*link != NULL) {
		struct cached *c = *link;

		if (c->tree.pins > 0 || cache->bytes <= cache->max_bytes / 2) {
			cache->newest = c;
			link = &c->newer;
			continue;
		}
		*link = c->newer;
		cache->bytes -= c->cost;
		cache->count--;
		free(c);
	}
	fill_slots(cache);
}

struct tree *tree_cache_find(const struct tree_cache *cache, const struct oid *id)
{
	struct cached *c = *find_slot(cache, id);

	return c != NULL ? &c->tree : NULL;
}

static void keep(struct tree_cache *cache, struct cached *c)
{
	if (cache->bytes + c->cost > cache->max_bytes) {
		make_room(cache);
	}
	if (cache->count >= cache->slot_count / 2) {
		cache->slot_count *= 2;
		cache->slots = xreallocarray(cache->slots, cache->slot_count,
					     sizeof(struct cached *));
		fill_slots(cache);
	}
	*find_slot(cache, &c->tree.id) = c;
	*(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = c;
	cache->newest = c;
	cache->bytes += c->cost;
	cache->count++;
}

static struct cached *pack(const struct tree *tree)
{
	size_t items_len = tree->count * sizeof(*tree->items);
	size_t cost = sizeof(struct cached) + items_len + tree->raw_len;
	struct cached *c = xmalloc(cost);
	char *room = (char *)(c + 1);

	*c = (struct cached){ .tree = *tree, .cost = cost };
	c->tree.items = (struct tree_item *)(void *)room;
	c->tree.raw = (uint8_t *)room + items_len;
	if (items_len > 0) {
		memcpy(room, tree->items, items_len);
	}
	memcpy(room + items_len, tree->raw, tree->raw_len);
	return c;
}

struct tree *tree_cache_keep(struct tree_cache *cache, const struct tree *tree)
{
	struct cached *c = pack(tree);

	keep(cache, c);
	return &c->tree;
}
