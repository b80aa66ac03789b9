/*
 * The objects in a text as Kustomize reads them, each said in one way.
 */
#ifndef LIB_INPUTS_OBJECTS_H
#define LIB_INPUTS_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Length of one object's text in objects_of_text()'s output. */
#define OBJECT_ID_LEN 64

/*
 * Append to ids, for each object in text (which meaning_of_text() understood),
 * OBJECT_ID_LEN hexadecimal digits that say what it is: equal for equal
 * objects, in whatever file, in whatever order of keys, in quotes or not.  An
 * empty document has none if may_be_empty.
 * False (ids may have got something) if the text does not say plainly what
 * the objects are, or where one ends: compare it as a whole then.
 */
bool objects_of_text(const char *text, size_t len, bool may_be_empty, struct buf *ids);

/* True if something in the text may be a tag ("!!int"). */
bool objects_have_tags(const char *text, size_t len);

#endif
