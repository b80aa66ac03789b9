/*
 * Patterns of a directory's include and exclude: what may match, and what
 * surely does.
 */
#ifndef LIB_INPUTS_DIRECTORY_DIRECTORY_PATTERN_H
#define LIB_INPUTS_DIRECTORY_DIRECTORY_PATTERN_H

#include <stdbool.h>

/* False only if Argo CD surely finds that pattern does not match path. */
bool directory_may_match(const char *pattern, const char *path);

/* True only if Argo CD surely finds that pattern matches path. */
bool directory_surely_matches(const char *pattern, const char *path);

#endif
