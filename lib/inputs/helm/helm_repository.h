/*
 * A directory of a Git repository as a repository of charts.
 */
#ifndef LIB_INPUTS_HELM_HELM_REPOSITORY_H
#define LIB_INPUTS_HELM_HELM_REPOSITORY_H

#include "inputs/inputs_impl.h"

/*
 * The charts in a directory and directly below it.  Options: "name", of the
 * only one that matters.
 */
extern const struct inputs_walker inputs_chart_repository;

#endif
