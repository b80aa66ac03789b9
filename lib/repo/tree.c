/*
 * Parsed trees.
 *
 * A tree object is a row of "mode SP name NUL id" (git: Documentation/technical
 * and fsck.c).  It is parsed into an array of small items over the raw bytes,
 * so that names are compared where they lie and a lookup is a binary search.
 * Order and names are checked while parsing, since search and walk rely on
 * the order.  A zero-padded mode is accepted: old tools wrote them.
 */
#include "repo/tree.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "repo/tree_cache.h"

/* Mode digits to a kind; TREE_ABSENT if they are none. */
static enum tree_kind parse_mode(const uint8_t *p, size_t len)
{
	unsigned mode = 0;

	if (len == 0 || len > 7) {
		return TREE_ABSENT;
	}
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '7') {
			return TREE_ABSENT;
		}
		mode = mode << 3 | (unsigned)(p[i] - '0');
	}
	switch (mode & 0170000) {
	case 0040000:
		return TREE_DIR;
	case 0120000:
		return TREE_LINK;
	case 0160000:
		return TREE_GITLINK;
	case 0100000:
		return mode & 0100 ? TREE_EXEC : TREE_FILE;
	default:
		return TREE_ABSENT;
	}
}

static bool name_is_sane(const char *name, size_t len)
{
	if (len == 0 || len > LIMIT_PATH_BYTES || memchr(name, '/', len) != NULL) {
		return false;
	}
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

/* Git's order: names compare as bytes, a directory's as if it ended in "/". */
static int compare_names(const char *a, size_t a_len, bool a_dir, const char *b, size_t b_len,
			 bool b_dir)
{
	size_t common = a_len < b_len ? a_len : b_len;
	int r = memcmp(a, b, common);

	if (r != 0) {
		return r;
	}
	unsigned char ca = a_len > common ? (unsigned char)a[common] : a_dir ? '/' : 0;
	unsigned char cb = b_len > common ? (unsigned char)b[common] : b_dir ? '/' : 0;

	return ca - cb;
}

int tree_compare(const struct tree *a, const struct tree_item *i, const struct tree *b,
		 const struct tree_item *j)
{
	return compare_names(tree_name(a, i), i->len, i->kind == TREE_DIR, tree_name(b, j),
			     j->len, j->kind == TREE_DIR);
}

/* Parse the item at offset. Its end, or 0 if it is malformed. */
static size_t parse_item(const struct tree *tree, size_t offset, struct tree_item *item)
{
	const uint8_t *p = tree->raw + offset;
	size_t left = tree->raw_len - offset;
	const uint8_t *blank = memchr(p, ' ', left < 8 ? left : 8);

	if (blank == NULL) {
		return 0;
	}
	size_t mode = (size_t)(blank - p);
	const uint8_t *nul = memchr(blank + 1, 0, left - mode - 1);
	if (nul == NULL) {
		return 0;
	}
	size_t len = (size_t)(nul - blank) - 1;
	if (left - mode - 2 - len < tree->id.len || !name_is_sane((const char *)blank + 1, len)) {
		return 0;
	}
	item->name = (uint32_t)(offset + mode + 1);
	item->len = (uint16_t)len;
	item->kind = (uint8_t)parse_mode(p, mode);
	item->start = (uint8_t)(mode + 1);
	return item->kind == TREE_ABSENT ? 0 : offset + mode + 2 + len + tree->id.len;
}

/* Parse the raw bytes of a tree into the cache's items. */
static int parse(struct tree_cache *cache, struct tree *tree, struct error *err)
{
	char hex[OID_HEX_MAX + 1];

	for (size_t offset = 0; offset < tree->raw_len;) {
		cache->items = xgrow(cache->items, tree->count, &cache->item_capacity,
				     sizeof(*cache->items));
		struct tree_item *item = &cache->items[tree->count];

		offset = parse_item(tree, offset, item);
		if (offset == 0 ||
		    (tree->count > 0 && tree_compare(tree, item - 1, tree, item) >= 0)) {
			return error_set(err, REPO_CORRUPT, "tree %s is malformed",
					 oid_to_hex(&tree->id, hex));
		}
		tree->count++;
	}
	return REPO_OK;
}

static int load(struct repo *repo, const struct oid *id, struct tree **ret_tree,
		struct error *err)
{
	struct tree_cache *cache = repo_trees(repo);
	struct repo_object object = { 0 };
	int r = repo_read(repo, id, REPO_TREE, LIMIT_TREE_BYTES, &object, err);

	if (r != REPO_OK) {
		return r;
	}
	struct tree tree = { .id = *id, .raw = object.data, .raw_len = (uint32_t)object.len };
	r = parse(cache, &tree, err);
	if (r == REPO_OK) {
		tree.items = cache->items;
		*ret_tree = tree_cache_keep(cache, &tree);
	}
	repo_object_release(&object);
	return r;
}

int tree_get(struct repo *repo, const struct oid *id, struct tree **ret_tree, struct error *err)
{
	struct tree *tree = tree_cache_find(repo_trees(repo), id);

	if (tree == NULL) {
		int r = load(repo, id, &tree, err);

		if (r != REPO_OK) {
			return r;
		}
	}
	tree->pins++;
	*ret_tree = tree;
	return REPO_OK;
}

void tree_put(struct repo *repo, struct tree *tree)
{
	(void)repo;
	if (tree != NULL) {
		tree->pins--;
	}
}

struct tree_entry tree_entry_of(const struct tree *tree, const struct tree_item *item)
{
	struct tree_entry entry = { .kind = (enum tree_kind)item->kind };

	entry.id.len = tree->id.len;
	memcpy(entry.id.bytes, tree_item_id(tree, item), entry.id.len);
	return entry;
}

static const struct tree_item *search(const struct tree *tree, const char *name, size_t len,
				      bool dir)
{
	size_t low = 0;
	size_t high = tree->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct tree_item *item = &tree->items[middle];
		int r = compare_names(name, len, dir, tree_name(tree, item), item->len,
				      item->kind == TREE_DIR);

		if (r == 0) {
			return item;
		}
		if (r < 0) {
			high = middle;
		}
		if (r > 0) {
			low = middle + 1;
		}
	}
	return NULL;
}

const struct tree_item *tree_find(const struct tree *tree, const char *name, size_t len)
{
	const struct tree_item *item = search(tree, name, len, false);

	return item != NULL ? item : search(tree, name, len, true);
}
