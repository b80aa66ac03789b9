/*
 * Sources of applications: which type they are, and what reads them.
 */
#ifndef LIB_INPUTS_SOURCE_H
#define LIB_INPUTS_SOURCE_H

#include "inputs/inputs_impl.h"

/* Names that decide the type of a directory: three of Kustomize, "*Chart.yaml". */
extern const struct inputs_filter inputs_filter_type;

/* Log the inputs of a source. */
void source_walk(struct inputs_walk *w, const struct inputs_source *source);

#endif
