/*
 * The room for a directory of plain manifests, and of Jsonnet.  The table of
 * renderers (lib/inputs/renderers.c) calls it, and nobody else.  It never
 * evaluates Jsonnet: it reads which files an import can name.
 */
#ifndef LIB_INPUTS_DIRECTORY_DIRECTORY_H
#define LIB_INPUTS_DIRECTORY_DIRECTORY_H

#include "inputs/inputs_impl.h"

/* A source of type Directory. */
extern const struct inputs_walker inputs_directory;

/* The files of a directory that are manifests; the argument holds the source's patterns. */
extern const struct inputs_filter inputs_filter_manifests;

/* As inputs_filter_manifests, for a directory whose files may have any name. */
extern const struct inputs_filter inputs_filter_any_manifests;

#endif
