/*
 * The one form that each record has as JSON: what the command line prints with
 * --format json, what the control socket answers, and what a page shows.
 *
 * A time is RFC 3339 in UTC, null where it has not come; an "after_ms" counts
 * from the moment the delivery was received; an id of Git is hexadecimal, null
 * where there is none.  Text is made UTF-8 as base/text.h has it.
 */
#ifndef LIB_RECORD_RECORD_JSON_H
#define LIB_RECORD_RECORD_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "record/history.h"

/* Milliseconds since 1970 as a time; 0 as null. A new reference. */
json_t *record_json_time(int64_t wall);

/* A list of deliveries: {"schema": "deliveries/v1", "deliveries": [...]}. A new reference. */
json_t *record_json_list(const struct record_list *list);

/*
 * All that is known of one delivery, its payload but for size and digest:
 * {"schema": "delivery/v1", "delivery": {...}}.  A new reference.
 */
json_t *record_json_history(const struct record_history *history);

/*
 * That delivery `repeat` was made to do delivery `old` again:
 * {"schema": "replay/v1", "delivery": repeat, "replay_of": old}.  A new reference.
 */
json_t *record_json_replay(int64_t repeat, int64_t old);

#endif
