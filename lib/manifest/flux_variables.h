/*
 * Flux: variables in manifests, "${name}".
 *
 * kustomize-controller puts them into what a Kustomization builds, if that has
 * values for any (spec.postBuild).
 */
#ifndef LIB_MANIFEST_FLUX_VARIABLES_H
#define LIB_MANIFEST_FLUX_VARIABLES_H

#include <stdbool.h>

#include <jansson.h>

/* Does any text in a tree hold a variable? */
bool flux_has_variables(const json_t *tree);

/*
 * A copy of a tree with variables put in from a Kustomization's spec.postBuild:
 * those whose values it says itself.  The others stay as they are, and so do
 * forms that are not understood.  New reference.
 */
json_t *flux_fill(const json_t *tree, const json_t *post_build);

#endif
