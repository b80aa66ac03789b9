/*
 * Path lookup: one binary search a component, from the root down.
 *
 * A walker asks for a dozen names in one directory: the directory found last
 * is remembered, and the next path in it takes a single search.
 */
#include "repo/treereader.h"

#include <string.h>

#include "base/xalloc.h"
#include "repo/tree_cache.h"

/* Bytes of path in front of its last "/", 0 if it has none. */
static size_t directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}

/* True if the memo knows the directory of path, which has len bytes. */
static bool recall(const struct tree_memo *memo, const struct oid *root, const char *path,
		   size_t len)
{
	return len > 0 && memo->len == len && oid_equal(&memo->root, root) &&
	       memcmp(memo->path, path, len) == 0;
}

static void remember(struct tree_memo *memo, const struct oid *root, const char *path, size_t len,
		     const struct oid *id)
{
	if (memo->capacity < len) {
		memo->capacity = 2 * len;
		memo->path = xreallocarray(memo->path, memo->capacity, 1);
	}
	memcpy(memo->path, path, len);
	memo->len = len;
	memo->root = *root;
	memo->id = *id;
}

int treereader_lookup(const struct treereader *reader, const char *path,
		      struct tree_entry *ret_entry, size_t *ret_used, struct error *err)
{
	struct tree_memo *memo = tree_cache_memo(repo_trees(reader->repo));
	struct tree_entry entry = { .kind = TREE_DIR, .id = reader->tree };
	size_t directory = directory_of(path);
	const char *p = path;
	size_t used = 0;

	if (recall(memo, &reader->tree, path, directory)) {
		entry.id = memo->id;
		used = directory;
		p = path + directory + 1;
	}
	while (entry.kind == TREE_DIR && *p != '\0') {
		size_t len = strcspn(p, "/");
		struct tree *tree = NULL;
		int r = tree_get(reader->repo, &entry.id, &tree, err);

		if (r != REPO_OK) {
			return r;
		}
		const struct tree_item *item = tree_find(tree, p, len);
		entry = item != NULL ? tree_entry_of(tree, item) : (struct tree_entry){ 0 };
		tree_put(reader->repo, tree);
		used = (size_t)(p - path) + len;
		p += len + (p[len] == '/');
		if (used == directory && entry.kind == TREE_DIR) {
			remember(memo, &reader->tree, path, directory, &entry.id);
		}
	}
	*ret_entry = entry;
	*ret_used = used;
	return REPO_OK;
}

int treereader_blob(const struct treereader *reader, const struct oid *id, struct buf *out,
		    struct error *err)
{
	struct repo_object object = { 0 };
	size_t room = out->max - out->len;
	int r = repo_read(reader->repo, id, REPO_BLOB, room, &object, err);

	if (r != REPO_OK) {
		return r;
	}
	if (buf_add(out, object.data, object.len) != 0) {
		r = error_set(err, REPO_LIMIT, "the object does not fit");
	}
	repo_object_release(&object);
	return r;
}
