/*
 * Does a change of a .gitattributes file change what is checked out?
 */
#ifndef LIB_INDEX_ATTRIBUTES_H
#define LIB_INDEX_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "repo/repo.h"

/*
 * True if both texts ask for the same checkout: without the attributes that
 * are known not to shape it (linguist-*, diff, merge, export-ignore ...), the
 * same lines are left in the same order.  What is not known counts, for it
 * may be a macro.
 */
bool attributes_equal(const char *before, size_t before_len, const char *after, size_t after_len);

/*
 * As attributes_equal() for two blobs, either of which may be without an id:
 * no file. False when in doubt: too large or not readable.
 */
bool attributes_same(struct repo *repo, const struct oid *before, const struct oid *after);

#endif
