/*
 * Two texts of .gitattributes compared.
 */
#ifndef LIB_INDEX_ATTRIBUTES_IMPL_H
#define LIB_INDEX_ATTRIBUTES_IMPL_H

#include "index/attributes.h"

/*
 * True if both texts ask for the same checkout: without the attributes that
 * are known not to shape it (linguist-*, diff, merge, export-ignore ...), the
 * same lines are left in the same order.  What is not known counts, for it
 * may be a macro.
 */
bool attributes_equal(const char *before, size_t before_len, const char *after, size_t after_len);

#endif
