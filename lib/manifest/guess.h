/*
 * Objects that are none of ours by what they call themselves, and look so.
 */
#ifndef LIB_MANIFEST_GUESS_H
#define LIB_MANIFEST_GUESS_H

#include <jansson.h>

#include "manifest/app_id.h"

/*
 * What an object lacks, or says wrongly, to be of the kind that its spec is
 * like: "kind", "apiVersion", or both as words; a constant, with *ret_kind.
 * NULL: it lacks nothing, or is like none of ours.
 */
const char *guess_missing(const json_t *object, enum app_kind *ret_kind);

#endif
