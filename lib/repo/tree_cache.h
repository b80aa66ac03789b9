/*
 * The cache of parsed trees that each repository has.
 *
 * For tree.c, which parses them, and repo.c, which owns it.
 */
#ifndef LIB_REPO_TREE_CACHE_H
#define LIB_REPO_TREE_CACHE_H

#include <stddef.h>

#include "repo/tree.h"

/* The directory in which a path was looked up last: the next is often there too. */
struct tree_memo {
	struct oid root;  // tree that path is relative to; len 0: no memo
	struct oid id;    // of the directory's tree
	char *path;       // of the directory, len bytes
	size_t len;
	size_t capacity;
};

struct cached;

struct tree_cache {
	struct cached **slots; // open addressing by id; none is taken out one by one
	size_t slot_count;     // a power of two
	size_t count;
	struct cached *oldest;
	struct cached *newest;
	size_t bytes;
	size_t max_bytes;
	struct tree_memo memo;
	struct tree_item *items; // of the tree being parsed
	size_t item_capacity;
};

/* The memo of a cache; whoever looks paths up reads and sets it. */
struct tree_memo *tree_cache_memo(struct tree_cache *cache);

/* A cache that holds at most max_bytes of trees that nobody looks at. */
struct tree_cache *tree_cache_new(size_t max_bytes);

/* Free the cache and all its trees; NULL is fine. */
void tree_cache_free(struct tree_cache *cache);

/* The tree with this id, or NULL. It stays as long as it is pinned, or until the next is kept. */
struct tree *tree_cache_find(const struct tree_cache *cache, const struct oid *id);

/* Keep a copy of a tree, its items and its bytes; the copy is as if it were found. */
struct tree *tree_cache_keep(struct tree_cache *cache, const struct tree *tree);

#endif
