/*
 * The inputs of Flux's Kustomization and of a HelmRelease whose chart is in a
 * GitRepository.
 */
#ifndef LIB_INPUTS_FLUX_H
#define LIB_INPUTS_FLUX_H

#include "inputs/inputs_impl.h"

/*
 * spec.path of a Kustomization.  Options: "components", its components;
 * "ignore", the GitRepository's spec.ignore; "sparse", its sparseCheckout.
 */
extern const struct inputs_walker inputs_flux_kustomization;

/* A chart. Options: "values", its value files; "revision": any change of it counts. */
extern const struct inputs_walker inputs_flux_helm;

/* Kustomization files; .sourceignore files; manifests (flux_manifests.c). */
extern const struct inputs_filter inputs_filter_flux_kustomizations;
extern const struct inputs_filter inputs_filter_flux_ignores;
extern const struct inputs_filter inputs_filter_flux_manifests;

#endif
