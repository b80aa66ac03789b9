/*
 * .helmignore: which files of a chart's directory Helm does not load.
 *
 * Parsed rules are kept as text, one a line, so that they can be the argument
 * of a filter (inputs.h).
 */
#ifndef LIB_INPUTS_HELM_HELM_IGNORE_H
#define LIB_INPUTS_HELM_HELM_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Rules of one file; more are refused. */
#define HELM_IGNORE_RULES_MAX 1000

/*
 * Append the rules of a file, and those that Helm always adds, to rules, which
 * is not full.  False if Helm would refuse the file, or if what it would do
 * with it is not understood: nothing is added then, and all files must be
 * taken to be loaded.
 */
bool helm_ignore_parse(const char *text, size_t len, struct buf *rules);

/*
 * Helm's own question: is this one path (relative to the chart, cleaned, not
 * empty), a directory or not, ignored? rules are from helm_ignore_parse().
 * Directories above it are not asked for.
 */
bool helm_ignore_match(const char *rules, const char *path, bool is_directory);

/*
 * Will Helm not load the file at path, whatever is there: because a directory
 * above it is ignored, or because it is ignored both as a file and as a
 * directory (a link may be either).
 */
bool helm_ignore_path(const char *rules, const char *path);

/*
 * Will Helm load the file at path, which is no directory: is neither it nor a
 * directory above it ignored?
 */
bool helm_ignore_loads(const char *rules, const char *path);

#endif
