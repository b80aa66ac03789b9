/*
 * The room for Flux: the inputs of its Kustomization, and of a HelmRelease whose
 * chart is in a GitRepository.
 *
 * The table of renderers (lib/inputs/renderers.c) calls it, and nobody else; it
 * calls Kustomize's and Helm's rooms for what lies below.  It never reads what an
 * application is: that is lib/manifest/flux.c.
 */
#ifndef LIB_INPUTS_FLUX_FLUX_H
#define LIB_INPUTS_FLUX_FLUX_H

#include "inputs/inputs_impl.h"

/*
 * spec.path of a Kustomization.  Options, all optional: "components", its
 * components; "edited", it adds to the kustomization of its path; "places", it
 * has buildMetadata; "ignore", the GitRepository's spec.ignore; "sparse", its
 * sparseCheckout.
 */
extern const struct inputs_walker inputs_flux_kustomization;

/*
 * A chart (flux_chart.c). Options: "values", its value files; "lenient", they
 * may be missing; "revision": each commit gives it another version.
 */
extern const struct inputs_walker inputs_flux_helm;

/* All .sourceignore files of the repository: a part of the other two. */
extern const struct inputs_walker inputs_flux_ignores;

#endif
