/*
 * Which files of a commit come into a GitRepository's artifact.
 *
 * What is known of it is a text, the rules, so that a filter can carry it as
 * its argument.
 */
#ifndef LIB_INPUTS_FLUX_FLUX_ARTIFACT_H
#define LIB_INPUTS_FLUX_FLUX_ARTIFACT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "inputs/inputs.h"

/* Manifests of their own below the directory of a Kustomization; the argument is the rules. */
extern const struct inputs_filter inputs_filter_flux_manifests;

/* What could be such a manifest, or a kustomization, if the defaults did not leave it out. */
extern const struct inputs_filter inputs_filter_flux_excluded;

/* Kustomization files; .sourceignore files. */
extern const struct inputs_filter inputs_filter_flux_kustomizations;
extern const struct inputs_filter inputs_filter_flux_ignores;

/* The names that a kustomization file may have, in the order in which they are tried. */
#define FLUX_KUSTOMIZATION_NAMES 3
extern const char *const flux_kustomization_names[FLUX_KUSTOMIZATION_NAMES];

/* Begin rules for the manifests below dir. */
void flux_artifact_begin(struct buf *rules, const char *dir);

/* Add spec.sparseCheckout, a list of strings or NULL. */
void flux_artifact_add_sparse(struct buf *rules, const json_t *sparse);

/* Add spec.ignore, NULL for none: it has the last word. */
void flux_artifact_add_spec(struct buf *rules, const char *ignore);

/* Add the text of dir's .sourceignore, after those of all directories above it. */
void flux_artifact_add_file(struct buf *rules, const char *dir, const char *text);

/* Nobody says what to leave out, so Flux's own list holds. */
void flux_artifact_add_defaults(struct buf *rules);

/* Add a root below the directory: what is in it is listed by itself. */
void flux_artifact_add_root(struct buf *rules, const char *dir);

/* Has a .sourceignore or spec.ignore a pattern? */
bool flux_artifact_has_patterns(const char *rules);

/* Is the file, a path from the root, in the working tree of a sparse checkout? */
bool flux_artifact_is_checked_out(const char *rules, const char *path);

/* Does the file, a path from the root, come into the artifact, and not below a root? */
bool flux_artifact_has(const char *rules, const char *path);

#endif
