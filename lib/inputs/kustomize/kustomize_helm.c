/*
 * The Helm charts that Kustomize inflates.
 *
 * A chart lies in the chart home, "charts" unless helmGlobals say otherwise:
 *
 *   up to 5.0                        {home}/{name}
 *   since 5.3, if version and repo   {home}/{name}-{version}/{name}
 *
 * If that directory is there it is used as it is, else the chart is pulled
 * from its repo; so both places are looked at, and a repo that is a directory
 * in Git.  A chart is a unit of its own.
 * Values files are relative to the root; the default is the chart's own.
 * The older helmChartInflationGenerator says the same in other words, and the
 * plugin of that name has chart and globals in one object: one function reads
 * them all, by both sets of names.
 */
#include <string.h>

#include "base/strvec.h"
#include "inputs/go_name.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/print.h"
#include "inputs/remote_reference.h"

/* The string under the first of two names that is there and not empty, or NULL. */
static const char *text_of(const json_t *object, const char *name, const char *older)
{
	const char *text = json_string_value(go_name_get(object, name));

	if (text == NULL || text[0] == '\0') {
		text = older != NULL ? json_string_value(go_name_get(object, older)) : NULL;
	}
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static void read_chart_dir(struct kustomize_root *root, const char *relative)
{
	struct inputs_walk *w = root->walk;
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	(void)inputs_lookup(w, inputs_join(w, root->dir, relative), &entry);
	if (entry.found == INPUTS_DIRECTORY) {
		/* The values are Kustomize's: they may be templates themselves. */
		json_t *options = json_pack("{s:b}", "anything", 1);

		inputs_child(w, inputs_renderer(w, "helm"), entry.real, options, relative);
		json_decref(options);
	}
}

static const struct kustomize_field values_fields[] = {
	{ .name = "valuesFile", .read = kustomize_read_file },
	{ .name = "values", .read = kustomize_read_file },
	{ .name = "additionalValuesFiles", .read = kustomize_read_file },
	{ .name = NULL },
};

static void read_chart(struct kustomize_root *root, const struct strvec *homes,
		       const json_t *chart)
{
	struct inputs_walk *w = root->walk;
	const char *name = text_of(chart, "name", "chartName");
	const char *version = text_of(chart, "version", "chartVersion");
	bool versioned = version != NULL && text_of(chart, "repo", "chartRepoUrl") != NULL;

	kustomize_fields(root, chart, values_fields);
	remote_reference_charts(w, text_of(chart, "repo", "chartRepoUrl"), name);
	for (size_t i = 0; name != NULL && i < homes->count; i++) {
		read_chart_dir(root, inputs_format(w, "%s/%s", homes->items[i], name));
		if (versioned) {
			read_chart_dir(root, inputs_format(w, "%s/%s-%s/%s", homes->items[i], name,
							   version, name));
		}
	}
}

/* The chart home and Helm's own directory that an object names. */
static void read_globals(struct kustomize_root *root, const json_t *globals, struct strvec *homes)
{
	struct inputs_walk *w = root->walk;
	const char *home = text_of(globals, "chartHome", NULL);
	const char *config = text_of(globals, "configHome", "helmHome");

	if (home != NULL) {
		(void)strvec_push_unique(homes, home);
	}
	const char *path = config != NULL ? inputs_join(w, root->dir, config) : NULL;
	if (path != NULL) {
		inputs_subtree(w, path, NULL, NULL, 0, NULL, NULL);
	}
}

void kustomize_read_helm(struct kustomize_root *root, const json_t *kustomization)
{
	const json_t *globals = go_name_get(kustomization, "helmGlobals");
	const json_t *charts = go_name_get(kustomization, "helmCharts");
	const json_t *older = go_name_get(kustomization, "helmChartInflationGenerator");
	struct strvec homes = STRVEC_INIT;
	const json_t *chart = NULL;
	size_t i = 0;

	if (json_array_size(charts) + json_array_size(older) == 0) {
		return;
	}
	inputs_print_unknown(root->walk);
	read_globals(root, globals, &homes);
	if (json_is_object(globals) && homes.count == 0) {
		strvec_push(&homes, "charts");
	}
	json_array_foreach(older, i, chart) {
		read_globals(root, chart, &homes);
	}
	if (homes.count == 0) {
		strvec_push(&homes, "charts");
	}
	json_array_foreach(charts, i, chart) {
		read_chart(root, &homes, chart);
	}
	json_array_foreach(older, i, chart) {
		read_chart(root, &homes, chart);
	}
	strvec_release(&homes);
}

void kustomize_read_chart_plugin(struct kustomize_root *root, const json_t *object)
{
	struct strvec homes = STRVEC_INIT;

	read_globals(root, object, &homes);
	if (homes.count == 0) {
		strvec_push(&homes, "charts");
	}
	read_chart(root, &homes, object);
	strvec_release(&homes);
}
