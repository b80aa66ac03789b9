/*
 * Does a change of a .gitattributes file change what is checked out?
 */
#ifndef LIB_INDEX_ATTRIBUTES_H
#define LIB_INDEX_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "repo/repo.h"

/*
 * True if two .gitattributes, of which either may be without an id (no file),
 * ask for the same checkout.  False when in doubt: too large or not readable.
 */
bool attributes_same(struct repo *repo, const struct oid *before, const struct oid *after);

#endif
