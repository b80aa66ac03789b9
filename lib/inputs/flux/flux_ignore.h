/*
 * The gitignore dialect of Flux: go-git's, which differs from Git's.
 */
#ifndef LIB_INPUTS_FLUX_FLUX_IGNORE_H
#define LIB_INPUTS_FLUX_FLUX_IGNORE_H

#include <stdbool.h>

enum flux_ignore {
	FLUX_IGNORE_NONE, // the pattern says nothing about the path
	FLUX_IGNORE_YES,
	FLUX_IGNORE_NO    // "!pattern"
};

/* Is a line (up to its "\n" or NUL) a pattern: neither blank nor a comment? */
bool flux_ignore_is_pattern(const char *line);

/*
 * What a line of a .sourceignore file says of a file: path is relative to the
 * file's directory. A blank line and a comment say nothing.
 */
enum flux_ignore flux_ignore_line(const char *line, const char *path);

#endif
