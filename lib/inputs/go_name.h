/*
 * Names of fields as Go's encoding/json compares them.
 *
 * Kustomize and Helm decode their files by it into structs: "Resources" is
 * "resources".
 */
#ifndef LIB_INPUTS_GO_NAME_H
#define LIB_INPUTS_GO_NAME_H

#include <stdbool.h>

#include <jansson.h>

/* Is a name as it is written that of a field? name has ASCII only. */
bool go_name_is(const char *written, const char *name);

/*
 * The value of a field, or NULL; object may be NULL or no object.  Of several
 * names for it the one that is written like name counts, else the first.
 */
const json_t *go_name_get(const json_t *object, const char *name);

#endif
