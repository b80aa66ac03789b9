/*
 * The walker of Kustomize roots: its unit is a directory with a kustomization
 * file.
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
