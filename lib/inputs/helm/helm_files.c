/*
 * The files of a chart's directory by their names (pkg/chart/loader):
 *
 *   Chart.yaml, Chart.lock, values.yaml, values.schema.json,
 *   requirements.yaml, requirements.lock, templates/, crds/   the chart
 *   charts/NAME/      a chart of its own, by the same rules
 *   charts/X.tgz      a packed chart
 *   charts/_X, .X     nothing
 *   any other         reached by templates through .Files only
 */
#include "inputs/helm/helm_files.h"

#include <string.h>

#include "inputs/helm/helm.h"
#include "inputs/helm/helm_ignore.h"

bool helm_ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);
	size_t m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static const char *const own_files[] = {
	"Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", "requirements.yaml",
	"requirements.lock",
};

/* Those of the chart itself (top), not of a subchart, are logged as YAML. */
static bool is_own_file(const char *path, bool top)
{
	for (size_t i = 0; i < sizeof(own_files) / sizeof(own_files[0]); i++) {
		if (strcmp(path, own_files[i]) == 0) {
			return !top || (strcmp(path, "Chart.yaml") != 0 &&
					strcmp(path, "values.yaml") != 0);
		}
	}
	return false;
}

static bool is_part(const char *path, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(path, name, len) == 0;
}

/* Files and directories that make a chart; path is relative to it. */
static bool is_needed(const char *path)
{
	bool top = strncmp(path, "charts/", 7) != 0;

	if (!top) {
		const char *slash = strchr(path + 7, '/');

		if (path[7] == '_' || path[7] == '.') {
			return false;
		}
		if (slash == NULL) {
			return true;
		}
		path = slash + 1;
	}
	size_t n = strcspn(path, "/");

	/* All of a chart in a chart: it is an error when it has but a README. */
	return is_part(path, n, "templates") || is_part(path, n, "crds") ||
	       is_part(path, n, "charts") || is_own_file(path, top);
}

static bool chart_matches(const char *argument, const char *path, size_t name_at)
{
	(void)name_at;
	if (argument[0] == HELM_FILES_NEEDED && !is_needed(path)) {
		return false;
	}
	if (argument[0] == HELM_FILES_ALL &&
	    (strcmp(path, "Chart.yaml") == 0 || strcmp(path, "values.yaml") == 0)) {
		return false;
	}
	return argument[0] == '\0' || !helm_ignore_path(argument + 1, path);
}

const struct inputs_filter inputs_filter_chart = {
	.name = "chart",
	.match = chart_matches,
};

bool helm_is_template(const char *path)
{
	return strncmp(path, "templates/", 10) == 0 || strstr(path, "/templates/") != NULL;
}

bool helm_template_lasts(const char *path)
{
	if (strncmp(path, "templates/", 10) != 0) {
		return false;
	}
	const char *slash = strchr(path + 10, '/');

	return slash == NULL || strchr(slash + 1, '/') == NULL;
}

bool helm_is_values(const char *path)
{
	return strcmp(path, "values.yaml") == 0 || helm_ends_with(path, "/values.yaml");
}

const char *helm_own_path(const char *path)
{
	while (strncmp(path, "charts/", 7) == 0 && strchr(path + 7, '/') != NULL) {
		path = strchr(path + 7, '/') + 1;
	}
	return path;
}

bool helm_in_files(const char *path)
{
	static const char *const others[] = { "Chart.yaml", "Chart.lock", "values.yaml",
					      "values.schema.json" };
	const char *own = helm_own_path(path);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(own, others[i]) == 0) {
			return false;
		}
	}
	return strncmp(own, "templates/", 10) != 0;
}
