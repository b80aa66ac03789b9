/*
 * A trie over path components: the paths that somebody reads.
 *
 * Nodes are numbered, node 1 is the root of the repository, 0 is no node.
 * All are found through one open-addressing table by (parent, component), so
 * a path costs one probe of the table a component and ends at the first that
 * nobody knows.  Nodes are never taken out; trie_compact() builds a new trie.
 */
#ifndef LIB_INDEX_TRIE_H
#define LIB_INDEX_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/glob.h"
#include "index/names.h"

#define TRIE_ROOT 1U

struct trie_node {
	uint32_t parent;
	uint32_t hash;         // of the component
	uint32_t name;         // of the component, in names
	uint32_t first_child;
	uint32_t next_sibling;
	uint32_t next_glob;    // a directory: its first glob; a glob: the next of its directory
	uint32_t postings;     // the caller's: head of a list
	uint32_t kinds;        // the caller's: bits, what its postings are
	uint32_t hit;          // the caller's: during a match, its hit plus 1
};

struct trie {
	struct names names;
	struct trie_node *nodes;
	uint32_t count;        // nodes used, node 0 included
	size_t capacity;
	uint32_t *slots;
	uint32_t slot_count;   // a power of two
};

/* Start with the root alone. */
void trie_init(struct trie *trie);

/* Free all; zeroed is fine. */
void trie_release(struct trie *trie);

/* The child of parent with this name (len bytes), or 0. */
uint32_t trie_find(const struct trie *trie, uint32_t parent, const char *name, size_t len);

/* The node of path (clean, "" is the root), made if it is not there. */
uint32_t trie_intern(struct trie *trie, const char *path);

/*
 * The node that stands for a pattern (from the root), made if need be. It
 * hangs below the directory in front of the pattern's first special
 * character; no path leads to it.
 */
uint32_t trie_intern_glob(struct trie *trie, enum glob_dialect dialect, const char *pattern);

/* True if a node stands for a pattern, which is then told. */
bool trie_glob(const struct trie *trie, uint32_t node, enum glob_dialect *ret_dialect,
	       const char **ret_pattern);

/* Make the same node of another trie there; both may grow. Its number in to. */
uint32_t trie_copy_node(struct trie *to, const struct trie *from, uint32_t node, uint32_t *map);

static inline struct trie_node *trie_at(const struct trie *trie, uint32_t node)
{
	return &trie->nodes[node];
}

#endif
