/*
 * Changes of trees made up for tests.
 */
#ifndef TESTS_SUPPORT_CHANGES_H
#define TESTS_SUPPORT_CHANGES_H

#include <stdbool.h>

#include "repo/treewalk.h"

/* A change of a regular file at path, which is borrowed. */
void change_of(const char *path, enum change_kind kind, struct tree_change *ret_change);

/*
 * Tell a visitor one change, as a walk that comes to it through the
 * directories above would.  What the visitor returns, or 0 if it did not want
 * to enter one of them.
 */
int change_visit(const struct treewalk_visitor *visitor, const struct tree_change *change);

/* A random path of up to four components, with pattern perhaps a pattern; free it. */
char *random_path(bool pattern);

#endif
