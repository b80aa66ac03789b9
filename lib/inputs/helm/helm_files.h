/*
 * The files of a chart's directory by their names; paths are relative to it.
 */
#ifndef LIB_INPUTS_HELM_HELM_FILES_H
#define LIB_INPUTS_HELM_HELM_FILES_H

#include <stdbool.h>

/*
 * The first byte of the argument of inputs_filter_chart: what makes the chart,
 * or everything. The rules of .helmignore follow (helm_ignore.h).
 */
#define HELM_FILES_NEEDED 'n'
#define HELM_FILES_ALL 'a'

/* Does text end so? */
bool helm_ends_with(const char *text, const char *end);

/* A template of the chart, or of a chart in it; more than that may be one. */
bool helm_is_template(const char *path);

/* The values.yaml of a chart; more than that may be one. */
bool helm_is_values(const char *path);

/*
 * Is the template parsed after all those of subcharts, so that nothing of
 * theirs replaces what it defines (helm_template.h)?
 */
bool helm_template_lasts(const char *path);

/* The path of a file within the innermost chart that it belongs to; points into path. */
const char *helm_own_path(const char *path);

/* Can a template read it through .Files? */
bool helm_in_files(const char *path);

#endif
