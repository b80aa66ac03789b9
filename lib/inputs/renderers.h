/*
 * The tables of walkers and filters: a renderer is a file and a row.
 */
#ifndef LIB_INPUTS_RENDERERS_H
#define LIB_INPUTS_RENDERERS_H

#include "inputs/inputs_impl.h"

/* What Argo CD detects or is told a source to be. */
enum inputs_type {
	INPUTS_TYPE_DIRECTORY,
	INPUTS_TYPE_HELM,
	INPUTS_TYPE_KUSTOMIZE,
	INPUTS_TYPE_PLUGIN
};

/* The walker of a type. */
const struct inputs_walker *inputs_renderer(enum inputs_type type);

/* All walkers, those that only other walkers refer to as well; ends with NULL. */
extern const struct inputs_walker *const inputs_walkers[];

/* All filters; ends with NULL. */
extern const struct inputs_filter *const inputs_filters[];

/* The subtree of the directory: for types whose renderer is not known better. */
extern const struct inputs_walker inputs_plain;

/* Everything in the repository: a plugin is sent all of it. */
extern const struct inputs_walker inputs_plugin;

/* Names that decide the type of a directory: three of Kustomize, "*Chart.yaml". */
extern const struct inputs_filter inputs_filter_type;

#endif
