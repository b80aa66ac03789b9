/*
 * Sources that are rendered by a plugin.
 */
#ifndef LIB_INPUTS_PLUGIN_H
#define LIB_INPUTS_PLUGIN_H

#include "inputs/inputs_impl.h"

/* Everything in the repository: a plugin is sent all of it. */
extern const struct inputs_walker inputs_plugin;

#endif
