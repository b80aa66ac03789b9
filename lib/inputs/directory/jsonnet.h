/*
 * Jsonnet: one file and what it imports.
 */
#ifndef LIB_INPUTS_DIRECTORY_JSONNET_H
#define LIB_INPUTS_DIRECTORY_JSONNET_H

#include "inputs/inputs_impl.h"

/*
 * One Jsonnet file, given as the unit's directory; files that it imports are
 * units, too. Options: "paths", where imports are looked for, first to last.
 */
extern const struct inputs_walker inputs_jsonnet;

/*
 * What of a source's directory.jsonnet (may be NULL) matters, put into the
 * options of its directory: "libs", and "imports" of code in its variables.
 */
void jsonnet_add_options(struct inputs_walk *w, const json_t *jsonnet, json_t *options);

/*
 * The options of the Jsonnet files of a directory with these options, as a
 * new reference.
 */
json_t *jsonnet_options(struct inputs_walk *w, const char *dir, const json_t *options);

/*
 * Log what code in the variables of a source imports: the "imports" of its
 * directory's options, and the options of the Jsonnet files there.
 */
void jsonnet_walk_code(struct inputs_walk *w, const json_t *imports, const json_t *options);

#endif
