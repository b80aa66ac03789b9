/*
 * A delivery's content as JSON: what our own hook sends, and what records
 * keep.
 *
 *   {"event": "push", "repository": URL, "urls": [URL, ...],
 *    "default_branch": "main", "pusher": "ann",
 *    "refs": [{"ref": "refs/heads/main", "before": HEX, "after": HEX}, ...],
 *    "ignored": "why nothing follows"}
 *
 * "repository" is the first address, "urls" are the others.  All but "refs"
 * may be absent; "before" is "" where the sender did not say it.
 */
#ifndef LIB_PUSH_PUSH_JSON_H
#define LIB_PUSH_PUSH_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "push/push.h"

/* The content as a new object (json_decref() it). Text must be UTF-8. */
json_t *push_json_write(const struct delivery_content *c);

/*
 * Read an object into *ret_content (release it). 0; or -1 with err, and
 * *ret_content untouched: a member of the wrong type, a ref or id that git
 * would not have, a URL with control characters, more than LIMIT_URLS
 * addresses or LIMIT_REFS refs.  Members not named above are ignored.
 */
int push_json_read(const json_t *json, struct delivery_content *ret_content, struct error *err);

/*
 * Add url to the content's addresses unless it is there already, is longer
 * than 2048 bytes, empty, holds control characters, or LIMIT_URLS are there.
 * True if it was added. url may be NULL.
 */
bool push_add_url(struct delivery_content *c, const char *url);

/*
 * Add {"ref", "before", "after"} to the content as delivery_content_add().
 * 0, or -1 with err if a member is missing or not valid.  "before" and
 * "after" may be absent, "before" also "".
 */
int push_json_add(struct delivery_content *c, const json_t *update, struct error *err);

#endif
