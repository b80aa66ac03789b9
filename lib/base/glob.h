/*
 * Glob patterns in the dialects of the tools we follow.
 *
 * The time is at worst the length of the pattern times that of the text,
 * whatever the pattern; nothing is allocated and nothing recurses.
 */
#ifndef LIB_BASE_GLOB_H
#define LIB_BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Longer patterns are GLOB_BAD_PATTERN. */
#define GLOB_PATTERN_MAX 1024

/*
 * Text is UTF-8 in the first three; a byte that is not counts as one
 * character, as in Go.  doublestar remembers one star only, so it gives
 * up on some texts that a pattern describes: where a class matches "/", or a
 * doublestar is glued to a star by braces ("*{**\/,b}").  Here these match.
 */
enum glob_dialect {
	GLOB_GO,         // Go path.Match: "*" and "?" stop at "/", "[^x]"
	GLOB_DOUBLESTAR, // bmatcuk/doublestar v4: also "**" as a segment, "[!x]", "{a,b{c,d}}"
	GLOB_GOBWAS,     // gobwas/glob, no separators: "*" and "?" match "/", "{a,b}", "[!a]"
	GLOB_WILDMATCH   // git pathspec (wildmatch without WM_PATHNAME): "*" matches "/", bytes
};

enum glob_result {
	GLOB_MATCH = 0,
	GLOB_NO_MATCH = 1,
	GLOB_BAD_PATTERN = 2 // the real tool reports an error; most callers treat it as no match
};

/*
 * Match the whole of text against pattern in a dialect.  GLOB_BAD_PATTERN
 * does not depend on text, except that in GLOB_DOUBLESTAR a "}" too many
 * matches itself; in GLOB_WILDMATCH only a pattern that is too long is bad
 * (git takes a malformed one as matching nothing).
 */
enum glob_result glob_match(enum glob_dialect dialect, const char *pattern, const char *text);

/*
 * Could a pattern match something below path, if path became a directory?
 * True when in doubt; false only if pattern has not enough segments.
 */
bool glob_may_go_below(enum glob_dialect dialect, const char *pattern, const char *path);

/* True if the dialect's own library takes pattern for well formed. */
bool glob_is_valid(enum glob_dialect dialect, const char *pattern);

#endif
