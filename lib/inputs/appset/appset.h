/*
 * The room for ApplicationSets: the inputs of their git generators.  The table of
 * renderers (lib/inputs/renderers.c) calls it, and nobody else.  It never makes
 * the applications: it says which files decide what they would be.
 */
#ifndef LIB_INPUTS_APPSET_APPSET_H
#define LIB_INPUTS_APPSET_APPSET_H

#include "inputs/inputs_impl.h"

/*
 * Options: {"directories": [...]} or {"files": [...]}, each a list of patterns
 * with "+" (included) or "-" (excluded) in front.  The directory is not used:
 * patterns are relative to the root.
 */
extern const struct inputs_walker inputs_appset;

/* Which directories and files a pattern takes; their arguments are made in appset.c. */
extern const struct inputs_filter inputs_filter_appset_directories;
extern const struct inputs_filter inputs_filter_appset_files;

#endif
