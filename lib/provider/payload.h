/*
 * What all providers need to read a body: media type, form fields, and JSON
 * within bounds.
 */
#ifndef LIB_PROVIDER_PAYLOAD_H
#define LIB_PROVIDER_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "provider/provider.h"

/* What is left of a body once the members that nobody reads are gone. */
#define PAYLOAD_KEPT_BYTES (16U * 1024 * 1024)

enum payload_media {
	PAYLOAD_JSON,
	PAYLOAD_FORM,
	PAYLOAD_OTHER // missing, repeated, or neither
};

/* What Content-Type says, parameters left aside. */
enum payload_media payload_media(const struct provider_request *request);

/*
 * Decode a form of exactly one field "payload" into out (emptied by the
 * caller; its ceiling is the body's). 0, or -1 with err: another field, a
 * second one, a broken escape, a character that a form does not have.
 */
int payload_form_decode(const char *body, size_t len, struct buf *out, struct error *err);

/* Encode text as the form "payload=..." into out. */
void payload_form_encode(const char *text, size_t len, struct buf *out);

/*
 * Copy a JSON object into out with only the members that keep names (NULL
 * ends it), so that 25 MB of commits cost nothing.  "a" is a member of the
 * object, "a.b" a member of its member "a"; what is under "a" is copied as it
 * is if it is no object.  A key that holds a dot is none of the named.  Members
 * whose key is spelt with escapes are null.  What is left out is only skipped,
 * not checked.  0, or -1 with err: brackets or strings that do not match,
 * LIMIT_JSON_DEPTH, LIMIT_JSON_NODES in what is kept, or out is full.
 */
int payload_skim(const char *text, size_t len, const char *const *keep, struct buf *out,
		 struct error *err);

/*
 * Read the request's JSON (from a form too, if that is its media type) into a
 * new tree (json_decref() it): skimmed, bounded, nothing that is kept is there
 * twice, an object.
 * PROVIDER_OK; PROVIDER_UNSUPPORTED or PROVIDER_MALFORMED with err.
 */
enum provider_result payload_read(const struct provider_request *request, bool may_be_form,
				  const char *const *keep, json_t **ret_json, struct error *err);

/* The string member key of json (which may be anything), or NULL. Borrowed. */
const char *payload_string(const json_t *json, const char *key);

#endif
