/*
 * Text from outside as JSON: refs, paths, answers and names are bytes, a JSON
 * string is UTF-8.
 */
#ifndef LIB_BASE_TEXT_H
#define LIB_BASE_TEXT_H

#include <jansson.h>

/*
 * A new JSON string of text, in which each byte that is not part of a
 * well-formed character is replaced by U+FFFD, so that nothing is dropped and
 * nothing fails; a new JSON null if text is NULL.  Never NULL.  Control
 * characters stay: JSON escapes them.
 */
json_t *text_to_json(const char *text);

#endif
