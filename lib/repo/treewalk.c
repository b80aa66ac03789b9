/*
 * Two trees side by side.
 *
 * git_diff_tree_to_tree() builds a list of the whole repository before it
 * compares, which takes hundreds of milliseconds with 600,000 files and one
 * change.  Here both trees are merged entry by entry in Git's order; equal
 * ids are passed over, equal runs of raw bytes even without looking at their
 * entries, and a directory that the visitor has no interest in is not read.
 *
 * A directory and a file of one name stand at different places of Git's
 * order ("a" before "a.b" before "a/"), so a change between the two comes out
 * as a removal and an addition by itself.
 */
#include "repo/treewalk.h"

#include <string.h>

#include "base/limits.h"

struct walk {
	struct repo *repo;
	const struct treewalk_visitor *visitor;
	struct error *err;
	size_t changes;
	size_t depth;
	char path[LIMIT_PATH_BYTES + 2]; // room for the "/" after a directory
};

/* One side of a directory; tree NULL is the empty one. */
struct side {
	struct tree *tree;
	uint32_t at;
};

static int walk_pair(struct walk *w, const struct oid *before, const struct oid *after,
		     size_t len, uint64_t cookie);

static const struct tree_item *current(const struct side *side)
{
	if (side->tree == NULL || side->at >= side->tree->count) {
		return NULL;
	}
	return &side->tree->items[side->at];
}

/* Bytes that are equal in a and b. */
static size_t equal_run(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t done = 0;

	for (size_t step = 4096; step >= 64; step /= 8) {
		while (max - done >= step && memcmp(a + done, b + done, step) == 0) {
			done += step;
		}
	}
	while (done < max && a[done] == b[done]) {
		done++;
	}
	return done;
}

static void skip_until(struct side *side, size_t offset)
{
	const struct tree *tree = side->tree;

	while (side->at < tree->count) {
		const struct tree_item *item = &tree->items[side->at];

		if ((size_t)item->name + item->len + 1 + tree->id.len > offset) {
			return;
		}
		side->at++;
	}
}

/* Pass over entries whose raw bytes are equal on both sides. */
static void skip_equal(struct side *a, struct side *b)
{
	const struct tree_item *i = current(a);
	const struct tree_item *j = current(b);

	if (i == NULL || j == NULL) {
		return;
	}
	size_t from_a = i->name - i->start;
	size_t from_b = j->name - j->start;
	size_t left_a = a->tree->raw_len - from_a;
	size_t left_b = b->tree->raw_len - from_b;
	size_t run = equal_run(a->tree->raw + from_a, b->tree->raw + from_b,
			       left_a < left_b ? left_a : left_b);

	skip_until(a, from_a + run);
	skip_until(b, from_b + run);
}

/* Put a name behind the directory path of len bytes. The new length, or 0. */
static size_t extend(struct walk *w, size_t len, const struct tree *tree,
		     const struct tree_item *item)
{
	size_t at = len + (len > 0);

	if (at + item->len > LIMIT_PATH_BYTES) {
		return 0;
	}
	if (len > 0) {
		w->path[len] = '/';
	}
	memcpy(w->path + at, tree_name(tree, item), item->len + 1U);
	return at + item->len;
}

static int report(struct walk *w, struct tree_change *change, size_t len, size_t name,
		  uint64_t cookie)
{
	w->changes++;
	if (w->changes > LIMIT_CHANGED_PATHS) {
		return error_set(w->err, REPO_LIMIT, "more than %d changed paths",
				 LIMIT_CHANGED_PATHS);
	}
	change->path = w->path;
	change->len = len;
	change->name = name;
	change->kind = change->before.kind == TREE_ABSENT ? CHANGE_ADDED
		     : change->after.kind == TREE_ABSENT ? CHANGE_REMOVED
							 : CHANGE_MODIFIED;
	change->directory = change->before.kind == TREE_DIR || change->after.kind == TREE_DIR;
	return w->visitor->change(w->visitor->arg, cookie, change);
}

/* Go into a directory that differs, if the visitor wants. */
static int descend(struct walk *w, const struct oid *before, const struct oid *after, size_t len,
		   size_t name, uint64_t cookie)
{
	const struct treewalk_visitor *v = w->visitor;
	uint64_t own = cookie;

	if (v->enter != NULL && !v->enter(v->arg, cookie, w->path, len, name, &own)) {
		return REPO_OK;
	}
	if (w->depth >= LIMIT_TREE_DEPTH) {
		return error_set(w->err, REPO_LIMIT, "directories more than %d deep",
				 LIMIT_TREE_DEPTH);
	}
	w->depth++;
	int r = walk_pair(w, before, after, len, own);
	w->depth--;
	return r;
}

/* An entry that only one side has, or that differs; either may be NULL. */
static int differ(struct walk *w, const struct side *a, const struct tree_item *i,
		  const struct side *b, const struct tree_item *j, size_t dir_len, uint64_t cookie)
{
	struct tree_change change = { 0 };
	size_t len = i != NULL ? extend(w, dir_len, a->tree, i) : extend(w, dir_len, b->tree, j);
	size_t name = dir_len + (dir_len > 0);

	if (len == 0) {
		return error_set(w->err, REPO_LIMIT, "a path of more than %d bytes",
				 LIMIT_PATH_BYTES);
	}
	if (i != NULL) {
		change.before = tree_entry_of(a->tree, i);
	}
	if (j != NULL) {
		change.after = tree_entry_of(b->tree, j);
	}
	bool directory = change.before.kind == TREE_DIR || change.after.kind == TREE_DIR;
	if (!directory || i == NULL || j == NULL) {
		int r = report(w, &change, len, name, cookie);

		if (r != REPO_OK || !directory) {
			return r;
		}
	}
	return descend(w, &change.before.id, &change.after.id, len, name, cookie);
}

static bool same_item(const struct tree *a, const struct tree_item *i, const struct tree *b,
		      const struct tree_item *j)
{
	return i->kind == j->kind &&
	       memcmp(tree_item_id(a, i), tree_item_id(b, j), a->id.len) == 0;
}

static int merge(struct walk *w, struct side *a, struct side *b, size_t len, uint64_t cookie)
{
	int r = REPO_OK;

	while (r == REPO_OK) {
		skip_equal(a, b);
		const struct tree_item *i = current(a);
		const struct tree_item *j = current(b);

		if (i == NULL && j == NULL) {
			break;
		}
		int order = i == NULL ? 1 : j == NULL ? -1 : tree_compare(a->tree, i, b->tree, j);
		a->at += order <= 0;
		b->at += order >= 0;
		if (order == 0 && same_item(a->tree, i, b->tree, j)) {
			continue;
		}
		r = differ(w, a, order <= 0 ? i : NULL, b, order >= 0 ? j : NULL, len, cookie);
	}
	return r;
}

static int walk_pair(struct walk *w, const struct oid *before, const struct oid *after,
		     size_t len, uint64_t cookie)
{
	struct side a = { 0 };
	struct side b = { 0 };
	int r = REPO_OK;

	if (before->len != 0) {
		r = tree_get(w->repo, before, &a.tree, w->err);
	}
	if (r == REPO_OK && after->len != 0) {
		r = tree_get(w->repo, after, &b.tree, w->err);
	}
	if (r == REPO_OK) {
		r = merge(w, &a, &b, len, cookie);
	}
	tree_put(w->repo, a.tree);
	tree_put(w->repo, b.tree);
	return r;
}

int treewalk(struct repo *repo, const struct oid *before, const struct oid *after,
	     const struct treewalk_visitor *visitor, struct error *err)
{
	struct walk w = { .repo = repo, .visitor = visitor, .err = err };

	if (oid_equal(before, after)) {
		return REPO_OK;
	}
	return walk_pair(&w, before, after, 0, visitor->root_cookie);
}
