/*
 * Which charts does helm-git make a repository of?
 *
 * helm-git (helm-git-plugin.sh) is a plugin by which Helm gets charts from
 * "git+https://HOST/REPOSITORY@PATH?ref=REF": it checks PATH out, packs all
 * charts that are in it or directly below it ("find -maxdepth 2 -name
 * Chart.yaml"), and gives Helm an index of them.  Of these Helm takes the one
 * that it wants by the name in its Chart.yaml, whatever its directory is
 * called.
 *
 * The other charts can only make it fail, while they are packed; that is not
 * looked at, but for what they are called.
 */
#include "inputs/helm/helm_repository.h"

#include <string.h>

#include "inputs/go_name.h"
#include "inputs/helm/helm.h"
#include "inputs/print.h"

struct charts {
	const char *name; // of the one that matters; NULL: all do
	json_t *options;  // of each
};

/* A Chart.yaml. */
static void visit(struct inputs_walk *w, void *arg, const char *path,
		  const struct tree_entry *entry)
{
	const struct charts *charts = arg;
	const json_t *chart = NULL;
	bool bad = false;

	(void)entry;
	if (inputs_yaml(w, path, PROBE_MEANING, true, &chart, &bad, NULL) == INPUTS_NOTHING) {
		return;
	}
	const char *name = json_string_value(go_name_get(chart, "name"));
	inputs_print(w, 'c', path);
	inputs_print(w, 'n', name != NULL ? name : "");
	if (name == NULL || charts->name == NULL || strcmp(name, charts->name) == 0) {
		inputs_child(w, &inputs_chart, inputs_join(w, path, ".."), charts->options, path);
	}
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	const char *name = json_string_value(json_object_get(options, "name"));
	/* What the values are is not known here. */
	struct charts charts = {
		.name = name, .options = json_pack("{s:b, s:b}", "packed", 1, "anything", 1),
	};

	if (inputs_lookup(w, dir, &entry) == INPUTS_DIRECTORY) {
		const char *slash = entry.real[0] != '\0' ? "/" : "";
		const char *path = inputs_format(w, "%s%sChart.yaml", entry.real, slash);

		visit(w, &charts, path, NULL);
		inputs_glob(w, GLOB_GO, inputs_format(w, "%s%s*/Chart.yaml", entry.real, slash),
			    PROBE_MEANING, visit, &charts);
	}
	json_decref(charts.options);
}

const struct inputs_walker inputs_chart_repository = {
	.name = "chart-repository",
	.walk = walk,
	.prints = true,
};
