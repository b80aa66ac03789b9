/*
 * Why an application is affected, as JSON.  This is the one form that reasons
 * have outside the engine: "explain", the journal, exec targets and pages take
 * it as it comes from here (struct affected_application: told).
 */
#ifndef LIB_AFFECTED_AFFECTED_JSON_H
#define LIB_AFFECTED_AFFECTED_JSON_H

#include <jansson.h>

#include "affected/affected_result.h"

/*
 * A new array [{"path","change","probe","via":[...]}, ...] of the reasons of
 * one affected application. Text that is not UTF-8 has its bytes replaced.
 */
json_t *affected_reasons_to_json(const struct affected_application *item);

#endif
