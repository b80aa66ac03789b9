/*
 * Path lookup: one binary search a component, from the root down.
 */
#include "repo/treereader.h"

#include <string.h>

int treereader_lookup(const struct treereader *reader, const char *path,
		      struct tree_entry *ret_entry, size_t *ret_used, struct error *err)
{
	struct tree_entry entry = { .kind = TREE_DIR, .id = reader->tree };
	const char *p = path;
	size_t used = 0;

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
