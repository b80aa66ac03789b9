/*
 * The inputs of an ApplicationSet's git generator.
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
