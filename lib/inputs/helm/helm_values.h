/*
 * Values of Helm: what is read, what is left of it when all are put together.
 */
#ifndef LIB_INPUTS_HELM_HELM_VALUES_H
#define LIB_INPUTS_HELM_HELM_VALUES_H

#include "inputs/inputs_impl.h"

/* The value files of one rendering; zeroed to begin with, given up at the end. */
struct helm_values {
	unsigned reach;     // what values may do as templates (helm_template.h)
	json_t *user;       // files put together so far, later ones over earlier ones
	bool apart;         // they cannot be put together: each is in the fingerprint
};

/* Log a value file and take it in. */
void helm_values_read(struct inputs_walk *w, const char *path, struct helm_values *values);

/*
 * The chart's own values.yaml at path, when all value files are taken in: log
 * it, and put the whole into the fingerprint.
 */
void helm_values_print(struct inputs_walk *w, const char *path, struct helm_values *values);

/* As helm_values_print() without a chart: the value files alone. */
void helm_values_print_files(struct inputs_walk *w, struct helm_values *values);

/* Free what values holds. */
void helm_values_release(struct helm_values *values);

/*
 * The one object that a file of YAML holds, scalars that may be no strings
 * marked (yaml.h), or NULL: if there is more in it, or something else, or what
 * different readers of YAML read differently.  An empty file is an empty
 * object.  A new reference, and not to be changed.  Its path is logged already.
 */
json_t *helm_yaml_plain(struct inputs_walk *w, const struct inputs_entry *entry);

/* Put a file of YAML into the fingerprint, by its meaning: as a tree if it is plain. */
void helm_print_yaml(struct inputs_walk *w, const struct inputs_entry *entry);

/* Put a tree into the fingerprint. */
void helm_print_tree(struct inputs_walk *w, char kind, const json_t *tree);

#endif
