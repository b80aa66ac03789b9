/*
 * Git trees, parsed once and kept by id.
 *
 * A tree is pinned while somebody looks at it: what tree_get() gives stays
 * valid until tree_put().  Trees that nobody holds are forgotten when the
 * cache passes its ceiling.
 */
#ifndef LIB_REPO_TREE_H
#define LIB_REPO_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/oid.h"
#include "repo/repo.h"

enum tree_kind {
	TREE_ABSENT = 0,
	TREE_FILE,    // a regular file (mode 100644)
	TREE_EXEC,    // an executable file (mode 100755)
	TREE_LINK,    // a symbolic link: the blob is its target
	TREE_GITLINK, // a submodule: the id is a commit elsewhere
	TREE_DIR
};

/* What a path is at one commit. */
struct tree_entry {
	enum tree_kind kind;
	struct oid id; // of the blob, tree or commit; len 0 if absent
};

/* One entry of a parsed tree. */
struct tree_item {
	uint32_t name;  // offset of the name in raw; the id follows its NUL
	uint16_t len;   // bytes of the name
	uint8_t kind;   // enum tree_kind
	uint8_t start;  // bytes of the mode and the blank in front of the name
};

/* A parsed tree: items in Git's order, which was checked. Read only. */
struct tree {
	struct oid id;
	const uint8_t *raw;
	uint32_t raw_len;
	uint32_t count;
	struct tree_item *items;
	uint32_t pins;  // how many hold it
};

/*
 * The tree with this id, from the cache or read from repo, pinned: give it
 * back with tree_put().  As repo_read(); REPO_CORRUPT also for names that
 * are empty, ".", "..", hold a "/" or are out of order.
 */
int tree_get(struct repo *repo, const struct oid *id, struct tree **ret_tree, struct error *err);

/* Give a tree back; NULL is fine. */
void tree_put(struct repo *repo, struct tree *tree);

/* The name of an item: len bytes and a NUL, valid as long as the tree. */
static inline const char *tree_name(const struct tree *tree, const struct tree_item *item)
{
	return (const char *)tree->raw + item->name;
}

/* The raw id of an item, tree->id.len bytes, valid as long as the tree. */
static inline const uint8_t *tree_item_id(const struct tree *tree, const struct tree_item *item)
{
	return tree->raw + item->name + item->len + 1;
}

/* Kind and id of an item as a struct tree_entry. */
struct tree_entry tree_entry_of(const struct tree *tree, const struct tree_item *item);

/*
 * Git's order of two items, of one tree or of two: negative, 0 or positive.
 * A directory compares as if its name ended in "/".
 */
int tree_compare(const struct tree *a, const struct tree_item *i, const struct tree *b,
		 const struct tree_item *j);

/* The item with this name (len bytes), whatever its kind, or NULL. */
const struct tree_item *tree_find(const struct tree *tree, const char *name, size_t len);

#endif
