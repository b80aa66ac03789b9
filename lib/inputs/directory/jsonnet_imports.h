/*
 * The imports in a text of Jsonnet.
 */
#ifndef LIB_INPUTS_DIRECTORY_JSONNET_IMPORTS_H
#define LIB_INPUTS_DIRECTORY_JSONNET_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Call found for each import of text (len bytes), in order: path is what is
 * imported, with its escapes resolved; code is true for "import", which is
 * Jsonnet itself, false for "importstr" and "importbin".  An import of
 * anything but a plain string is an error in Jsonnet and passed over, as is a
 * path that is malformed, empty, longer than LIMIT_PATH_BYTES or holds a NUL.
 */
void jsonnet_imports(const char *text, size_t len,
		     void (*found)(void *arg, const char *path, bool code), void *arg);

#endif
