/*
 * The tables of walkers and filters, and the one that needs no file of its own.
 */
#include "inputs/renderers.h"

#include "inputs/appset/appset.h"
#include "inputs/directory/directory.h"
#include "inputs/directory/jsonnet.h"
#include "inputs/remote_reference.h"
#include "inputs/flux/flux.h"
#include "inputs/flux/flux_artifact.h"
#include "inputs/helm/helm.h"
#include "inputs/helm/helm_repository.h"
#include "inputs/kustomize/kustomize.h"
#include "inputs/plugin.h"
#include "inputs/source.h"

/* A directory of which nothing better is known: all that is below it. */
static void plain_walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)options;
	inputs_subtree(w, dir, NULL, NULL, 0, NULL, NULL);
}

const struct inputs_walker inputs_plain = {
	.name = "plain",
	.walk = plain_walk,
};

const struct inputs_walker *const inputs_walkers[] = {
	&inputs_plain,
	&inputs_plugin,
	&inputs_kustomize,
	&inputs_helm,
	&inputs_chart,
	&inputs_chart_repository,
	&inputs_directory,
	&inputs_jsonnet,
	&inputs_appset,
	&inputs_flux_kustomization,
	&inputs_flux_helm,
	&inputs_flux_ignores,
	&inputs_remote_reference,
	&inputs_single,
	&inputs_single_raw,
	NULL,
};

const struct inputs_filter *const inputs_filters[] = {
	&inputs_filter_type,
	&inputs_filter_chart,
	&inputs_filter_manifests,
	&inputs_filter_any_manifests,
	&inputs_filter_appset_directories,
	&inputs_filter_appset_files,
	&inputs_filter_flux_kustomizations,
	&inputs_filter_flux_ignores,
	&inputs_filter_flux_manifests,
	&inputs_filter_flux_excluded,
	NULL,
};
