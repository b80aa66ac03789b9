/*
 * Is this the object that its id says?
 */
#ifndef LIB_REPO_OBJECTID_H
#define LIB_REPO_OBJECTID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/oid.h"

struct objectid; // a digest's working memory, for one thread

/* Free it with objectid_free(). Never NULL. */
struct objectid *objectid_new(void);

/* Free it; NULL is fine. */
void objectid_free(struct objectid *o);

/* Has an object of this type ("blob", "tree", ...) with these len bytes this id? */
bool objectid_is(struct objectid *o, const struct oid *id, const char *type, const void *data,
		 size_t len);

#endif
