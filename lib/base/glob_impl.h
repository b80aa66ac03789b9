/*
 * Inside lib/base/glob*.c only: characters and character classes.
 */
#ifndef LIB_BASE_GLOB_IMPL_H
#define LIB_BASE_GLOB_IMPL_H

#include <stddef.h>
#include <stdint.h>

#include "base/glob.h"

/* One character of a pattern or a text. */
struct glob_char {
	uint32_t rune;    // code point; U+FFFD for a byte that is not UTF-8
	uint32_t literal; // the same, but each such byte distinct from all else
	size_t width;     // bytes, never 0
};

enum glob_class_result {
	GLOB_CLASS_NO = 0,
	GLOB_CLASS_YES = 1,
	GLOB_CLASS_BAD = 2 // malformed, nothing written
};

/* Decode the character at text, of which len > 0 bytes are left. */
struct glob_char glob_char_at(enum glob_dialect dialect, const char *text, size_t len);

/*
 * Is c in the class that begins with "[" at pattern[at] (len bytes in all)?
 * *ret_next is then the offset after its "]", unless malformed.
 */
enum glob_class_result glob_class(enum glob_dialect dialect, const char *pattern, size_t len,
				  size_t at, const struct glob_char *c, size_t *ret_next);

/* As glob_match(); also adds the steps it took to *steps: the measure of the promise above. */
enum glob_result glob_match_counted(enum glob_dialect dialect, const char *pattern,
				    const char *text, size_t *steps);

#endif
