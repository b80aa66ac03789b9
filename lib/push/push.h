/*
 * The room for what a delivery says happened, as plain data, and for the
 * protocol of our own hook (push_native.h).
 *
 * Providers fill it in; the door, git and the verbs that send read it; the hook
 * writes it.  It never reads a file, never asks anybody, and never believes more
 * than it has checked.
 *
 * A delivery is a hint.  Only the repository's addresses, the refs and their
 * ids before and after are taken from it.
 */
#ifndef LIB_PUSH_PUSH_H
#define LIB_PUSH_PUSH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/oid.h"
#include "base/strvec.h"

/* One ref update. */
struct push {
	char *ref;          // full name: "refs/heads/main", "refs/tags/v1"
	struct oid before;  // all zero: the ref was created; no id (len 0): not said
	struct oid after;   // all zero: the ref was deleted; no id: not said, look at the ref;
			    // a tag may name a tag object
};

/* What one delivery says. */
struct delivery_content {
	char *event;            // the sender's word for it: "push", "Push Hook", "ping"; never NULL
	struct strvec urls;     // every address of the repository that the payload gives
	char *default_branch;   // short name as the sender says ("main"), NULL: not said
	char *pusher;           // who pushed, for records; may be NULL
	struct push *pushes;    // count ref updates; none: ignored
	size_t count;
	char *ignored;          // why nothing follows ("event 'ping' is not a push"), else NULL
};

/* Start an empty content: no event, no pushes. */
void delivery_content_init(struct delivery_content *c);

/* Free all of it; c may be zeroed or released. */
void delivery_content_release(struct delivery_content *c);

/*
 * Append one ref update; ref is copied.  Refused (-1) if ref is not a full
 * valid ref name (starts "refs/", no control characters, "..", "//", "@{",
 * trailing ".lock" or "/", at most 1024 bytes: git-check-ref-format(1)), if
 * before and after are of different hashes or both zero, or if there are
 * LIMIT_REFS already. 0 otherwise.  Either may be no id: some senders do not say
 * what a deleted ref was, and some (people's scripts, made for Argo CD's own
 * webhook) say nothing but which ref.
 */
int delivery_content_add(struct delivery_content *c, const char *ref, const struct oid *before,
			 const struct oid *after);

/* True if ref is a full ref name that git accepts; see above. */
bool push_ref_is_valid(const char *ref);

/* The part after refs/heads/, refs/tags/ or refs/; borrowed from ref. */
const char *push_ref_short(const char *ref);

#endif
