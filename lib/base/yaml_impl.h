/*
 * Inside lib/base/yaml*.c only: bounded events, and positions of values.
 */
#ifndef LIB_BASE_YAML_IMPL_H
#define LIB_BASE_YAML_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/yaml.h"

struct yaml_event_s;   // libyaml's yaml_event_t
struct yaml_source;    // the events of one text, with their limits
struct yaml_positions; // where each value and key of a stream begins

/*
 * Check the size and the directives of len bytes and start reading them; data
 * must outlive *ret_source (yaml_source_free()).  YAML_OK, or YAML_LIMIT with
 * err and *ret_source untouched.
 */
enum yaml_result yaml_source_new(const char *data, size_t len, struct yaml_source **ret_source,
				 struct error *err);

/* Free a source; NULL is fine. */
void yaml_source_free(struct yaml_source *source);

/*
 * The next event, which the caller deletes (yaml_event_delete()) if YAML_OK
 * is returned.  Otherwise the error text that yaml_source_new() was given is
 * filled in, and the source is good for nothing but yaml_source_free().
 */
enum yaml_result yaml_source_next(struct yaml_source *source, struct yaml_event_s *event);

/*
 * Fill err with "line:column: what" and return result. line and column are
 * libyaml's, from 0.  what may hold text from the document, cut by the caller.
 */
enum yaml_result yaml_fail(struct error *err, enum yaml_result result, size_t line, size_t column,
			   const char *what);

/* True if a byte order mark says that data is UTF-16. */
bool yaml_is_utf16(const char *data, size_t len);

/*
 * Append what such data says, without its mark, to out as UTF-8.  YAML_OK, or
 * with err YAML_MALFORMED, or YAML_LIMIT where it passes out's ceiling.
 */
enum yaml_result yaml_decode_utf16(const char *data, size_t len, struct buf *out,
				   struct error *err);

/* An empty set of positions; free it with yaml_positions_free(). */
struct yaml_positions *yaml_positions_new(void);

/* Free positions; NULL is fine. */
void yaml_positions_free(struct yaml_positions *positions);

/*
 * Record where node, or with key not NULL that key of the object node,
 * begins.  line and column are libyaml's, from 0.
 */
void yaml_positions_add(struct yaml_positions *positions, const json_t *node, const char *key,
			size_t line, size_t column);

/* As yaml_stream_where(). */
bool yaml_positions_find(struct yaml_positions *positions, const json_t *node, const char *key,
			 int *ret_line, int *ret_column);

#endif
