/*
 * The tables of walkers and filters: a renderer is a file and a row.
 */
#ifndef LIB_INPUTS_RENDERERS_H
#define LIB_INPUTS_RENDERERS_H

#include "inputs/inputs_impl.h"

/* All walkers, those that only other walkers refer to as well; ends with NULL. */
extern const struct inputs_walker *const inputs_walkers[];

/* All filters; ends with NULL. */
extern const struct inputs_filter *const inputs_filters[];

/* The subtree of the directory: for types whose renderer is not known better. */
extern const struct inputs_walker inputs_plain;

#endif
