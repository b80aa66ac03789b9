/*
 * Payloads, skimmed before they are parsed.
 */
#ifndef LIB_PROVIDER_PAYLOAD_IMPL_H
#define LIB_PROVIDER_PAYLOAD_IMPL_H

#include "provider/payload.h"

/*
 * Copy a JSON object into out with only the members that keep names (NULL
 * ends it), so that 25 MB of commits cost nothing.  "a" is a member of the
 * object, "a.b" a member of its member "a"; what is under "a" is copied as it
 * is if it is no object.  Members whose key is spelt with escapes are null.
 * What is left out is only skipped, not checked.  0, or -1 with err: brackets
 * or strings that do not match, LIMIT_JSON_DEPTH, LIMIT_JSON_NODES in what is
 * kept, or out is full.
 */
int payload_skim(const char *text, size_t len, const char *const *keep, struct buf *out,
		 struct error *err);

#endif
