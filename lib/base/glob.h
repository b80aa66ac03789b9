/*
 * Glob patterns in the dialects of the tools we follow.
 *
 * All matchers are iterative, linear or quadratic at worst, allocate nothing
 * and never recurse on the input.
 */
#ifndef LIB_BASE_GLOB_H
#define LIB_BASE_GLOB_H

#include <stdbool.h>

#define GLOB_PATTERN_MAX 1024
#define GLOB_ALTERNATIVES_MAX 64

enum glob_dialect {
	GLOB_GO,        // Go path.Match / filepath.Match: "*" and "?" stop at "/", "[^x]", a class may match "/"
	GLOB_DOUBLESTAR, // bmatcuk/doublestar v4: "**" as a whole segment, "[!x]", "{a,b{c,d}}"
	GLOB_GOBWAS,    // gobwas/glob without separators: "*" and "?" match "/" too, "{a,b}", "[!a]"
	GLOB_WILDMATCH  // git wildmatch without WM_PATHNAME (pathspec): "*" matches "/"
};

enum glob_result {
	GLOB_MATCH = 0,
	GLOB_NO_MATCH = 1,
	GLOB_BAD_PATTERN = 2 // the real tool reports an error; most callers treat it as no match
};

/* Match the whole of text against pattern in a dialect. */
enum glob_result glob_match(enum glob_dialect dialect, const char *pattern, const char *text);

/* True if pattern has a character that is special in the dialect. */
bool glob_is_pattern(enum glob_dialect dialect, const char *pattern);

/* True if pattern would not be GLOB_BAD_PATTERN for some text. */
bool glob_is_valid(enum glob_dialect dialect, const char *pattern);

#endif
