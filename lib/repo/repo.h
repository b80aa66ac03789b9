/*
 * The room for Git objects, and of this header: a repository on disk, opened for
 * reading objects only.
 *
 * The engine, the index and the walkers call it, all of them in a reader's
 * process, and so does the reader itself (isolate.h, closed.h).  No other room
 * includes libgit2.  It never writes to a repository, never runs a hook or a
 * filter, and never uses the network.
 *
 * Everything in it is untrusted: objects are asked for their size before they
 * are read, kinds are checked, nothing is ever checked out, and a repository
 * that borrows objects from elsewhere is refused unless that is allowed.
 * Functions return REPO_OK, a positive outcome below with err, or -1 with err
 * if the repository itself cannot be used.
 *
 * Not for several threads: one struct repo belongs to one thread.
 */
#ifndef LIB_REPO_REPO_H
#define LIB_REPO_REPO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/oid.h"

enum repo_result {
	REPO_OK = 0,
	REPO_MISSING = 1, // no such object, revision or branch
	REPO_LIMIT = 2,   // larger, deeper or more than we are willing to read
	REPO_CORRUPT = 3, // not what it should be: wrong kind, unreadable, unsorted
	REPO_UNSUPPORTED = 4 // a repository of a kind that is not read: nor will it be tomorrow
};

enum repo_type {
	REPO_BLOB,
	REPO_TREE
};

struct repo;

/* The bytes of one object; release with repo_object_release(). */
struct repo_object {
	const void *data; // len bytes, not NUL-terminated
	size_t len;
	void *handle;     // what owns data
};

/*
 * Open the repository at path (bare, or the root of a work tree; nothing
 * above is searched).  Refused, each with one clear sentence: not a
 * repository, owned by another user and not listed in safe.directory, an
 * object format or extension that the library cannot read, alternates unless
 * allow_alternates.  0 with a new *ret_repo (repo_free()), REPO_UNSUPPORTED (the
 * last two) or -1 with err.
 */
int repo_open(const char *path, bool allow_alternates, struct repo **ret_repo, struct error *err);

/* Close; NULL is fine. All trees of its cache must have been put back. */
void repo_free(struct repo *repo);

/*
 * Say that a new operation begins: an object that is missing from now on
 * makes the repository be opened again once (git gc may have moved all
 * objects) before it is believed.
 */
void repo_begin(struct repo *repo);

/*
 * The commit that a revision means ("main", "refs/tags/v1", "v1~2", an id),
 * tags peeled. REPO_OK with *ret_commit, or REPO_MISSING.
 */
int repo_resolve(struct repo *repo, const char *revision, struct oid *ret_commit,
		 struct error *err);

/*
 * The commit and its tree behind id, which may be a commit or a tag object
 * (up to 16 tags deep). Either result may be NULL. REPO_OK, REPO_MISSING,
 * REPO_LIMIT, or REPO_CORRUPT (a tag of a blob, a damaged commit).
 */
int repo_peel(struct repo *repo, const struct oid *id, struct oid *ret_commit,
	      struct oid *ret_tree, struct error *err);

/*
 * Read an object of the given type and at most max bytes; the size is asked
 * for first, so that a large one costs nothing.  REPO_OK with *ret_object,
 * REPO_MISSING, REPO_LIMIT, or REPO_CORRUPT.
 */
int repo_read(struct repo *repo, const struct oid *id, enum repo_type type, size_t max,
	      struct repo_object *ret_object, struct error *err);

/* Free what repo_read() gave; zeroed is fine. */
void repo_object_release(struct repo_object *object);

/*
 * What the caller found out about the content of a blob, for the next time:
 * an object never changes.  Old notes make room for new ones.  recall is true
 * with *ret_note if there is a note.
 */
void repo_note(struct repo *repo, const struct oid *id, unsigned long long note);
bool repo_recall(const struct repo *repo, const struct oid *id, unsigned long long *ret_note);

struct ref_list;

/*
 * Where all branches and tags are now, and which branch HEAD means, into
 * *ret_listing, which is zeroed (base/ref_list.h).  0, or -1 with err: refs that
 * cannot be read, or too many.  Release it either way.
 */
int repo_list(struct repo *repo, struct ref_list *ret_listing, struct error *err);

struct tree_cache;

/* The repository's cache of parsed trees (repo/tree.h), borrowed. */
struct tree_cache *repo_trees(struct repo *repo);

#endif
