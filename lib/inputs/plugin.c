/*
 * A plugin (Config Management Plugin): which files does it read?
 *
 * Nobody can know.  Argo CD sends a plugin the whole repository, so all of it
 * counts, modes of files included.  With --plugin-use-manifest-generate-paths
 * it sends what the source's path and the items of the annotation
 * argocd.argoproj.io/manifest-generate-paths have in common as their root; a
 * person wrote those items down as what manifests are made from, and Argo CD
 * itself refreshes by them: so with the annotation its items count, and the
 * source's path (source.c).
 */
#include "inputs/plugin.h"

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)dir;
	(void)options;
	inputs_subtree(w, "", NULL, NULL, PROBE_EXEC, NULL, NULL);
	inputs_opaque(w, "a plugin is sent the whole repository");
}

const struct inputs_walker inputs_plugin = {
	.name = "plugin",
	.walk = walk,
};
