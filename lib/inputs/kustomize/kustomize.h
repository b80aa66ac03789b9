/*
 * The room for Kustomize.  Its unit is a directory with a kustomization file.
 *
 * The table of renderers (lib/inputs/renderers.c) and the walkers of Flux call
 * it.  It never builds the manifests, and never fetches a remote base: that is
 * named as a remote reference.
 */
#ifndef LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_H
#define LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_H

#include "inputs/inputs_impl.h"

/*
 * Options of a unit, all optional: {"components": [...], "patches": [...]},
 * what a source adds to the root's own lists (directories; files).
 */
extern const struct inputs_walker inputs_kustomize;

#endif
