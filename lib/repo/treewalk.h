/*
 * What differs between two trees.
 *
 * The two trees are walked side by side in Git's order; directories with
 * equal ids are not opened, and the caller can leave out directories that do
 * not matter to it.  A rename is a removal and an addition.  A file that
 * becomes a directory is a removal, a directory that appears, and additions.
 */
#ifndef LIB_REPO_TREEWALK_H
#define LIB_REPO_TREEWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/oid.h"
#include "base/probe.h"
#include "repo/repo.h"
#include "repo/tree.h"

/* One difference. */
struct tree_change {
	const char *path;  // NUL-terminated, valid during the call
	size_t len;        // bytes of path
	size_t name;       // where the last component begins
	enum change_kind kind;
	struct tree_entry before; // kind TREE_ABSENT if added
	struct tree_entry after;  // kind TREE_ABSENT if removed
	/*
	 * True: a directory appeared or disappeared (the other side is absent
	 * or no directory); its files are reported on their own, after it.
	 * before and after then hold the directory only.
	 */
	bool directory;
};

/* The caller's side of a walk. */
struct treewalk_visitor {
	/*
	 * A directory (path, len; the name begins at name) differs: return
	 * true to walk it, false to leave out all below it. parent is the
	 * cookie of the directory it is in; *ret_cookie becomes its own.
	 * NULL: all are walked.
	 */
	bool (*enter)(void *arg, uint64_t parent, const char *path, size_t len, size_t name,
		      uint64_t *ret_cookie);
	/*
	 * A change in the directory with this cookie. Return 0, or non-zero
	 * to end the walk, which then returns that.
	 */
	int (*change)(void *arg, uint64_t parent, const struct tree_change *change);
	void *arg;
	uint64_t root_cookie; // cookie of the root directory
};

/*
 * Walk from one tree to another; an id with len 0 is the empty tree.
 * REPO_OK; what the visitor returned; REPO_LIMIT past LIMIT_TREE_DEPTH,
 * LIMIT_PATH_BYTES or LIMIT_CHANGED_PATHS reported changes; else as
 * tree_get().
 */
int treewalk(struct repo *repo, const struct oid *before, const struct oid *after,
	     const struct treewalk_visitor *visitor, struct error *err);

#endif
