/*
 * Where the branches and tags of a repository are at one moment, as plain data:
 * what "git ls-remote" prints of another machine's, and what a reader finds in
 * one of the operator's.
 */
#ifndef LIB_BASE_REF_LIST_H
#define LIB_BASE_REF_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/oid.h"

/* One branch or tag. */
struct ref_entry {
	char *ref;         // its full name: refs/heads/... or refs/tags/...
	struct oid id;     // what it points to
	struct oid commit; // the commit behind that; the same unless id is a tag object
};

struct ref_list {
	struct ref_entry *items; // each ref once
	size_t count;
	size_t capacity;
	char *default_branch; // short name of the branch that HEAD means, or NULL
};

/*
 * True if ref, a full name, is one that listings are of: a branch or tag whose
 * name is no longer than LIMIT_REF_BYTES.
 */
bool ref_list_is_of(const char *ref);

/* Add a ref that ref_list_is_of(). -1 with err beyond LIMIT_LISTED_REFS, else 0. */
int ref_list_add(struct ref_list *listing, const char *ref, const struct oid *id,
		const struct oid *commit, struct error *err);

/*
 * Read what "git ls-remote --symref" printed into *ret_listing, which is zeroed.
 * What stands before the first ref is ignored: it is what a server says to
 * people.  Refs that listings are not of are left out.  0, or -1 with err: a
 * later line that is none of git's, or too many refs.  Release it either way.
 * Anything may be in text: it comes from a server.
 */
int ref_list_parse(const char *text, size_t len, struct ref_list *ret_listing, struct error *err);

/* Free what a listing holds; zeroed is fine. */
void ref_list_release(struct ref_list *listing);

#endif
