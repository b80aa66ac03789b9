/*
 * Which files does Flux read for a chart from a GitRepository?
 *
 * source-controller (helmchart_controller.go, buildFromTarballArtifact;
 * internal/helm/chart/builder_local.go): a chart is built anew only if name or
 * version are others than those of the one built last, even if its templates
 * or value files changed.
 *
 *   - With the strategy Revision each commit gives it another version
 *     (1.2.3+COMMIT), which templates can name, and each is another upgrade:
 *     any push counts.
 *   - With ChartVersion the version is that of Chart.yaml.
 *
 * So with ChartVersion only name and version count, as long as the last one
 * could be built: a chart that is broken is mended by whatever mends it, under
 * the same version.  What can break it is looked at: the types of Chart.yaml's
 * fields (helm's Metadata.Validate), the YAML of values.yaml, Chart.lock and
 * spec.valuesFiles, which are paths from the root of the source, .helmignore's
 * patterns.  Where there is more to it (charts in charts/, dependencies by
 * path, requirements.yaml) or something is wrong, all of the chart counts.
 * Dependencies that are fetched may be what broke it, so they count as well.
 *
 * This is said as a fingerprint: the unit is hit by any of these files, and
 * forgiven if both trees have the same to say.  A chart above Helm's limits of
 * size (5 MiB a file) is not noticed to be broken.
 */
#include "inputs/flux/flux.h"

#include <stdint.h>
#include <string.h>

#include "inputs/helm/helm.h"
#include "inputs/helm/helm_ignore.h"
#include "inputs/print.h"

#define IGNORE_MAX 65536

/* What Metadata's fields hold. */
enum type { IS_TEXT, IS_TEXTS, IS_TEXT_MAP, IS_TEXT_MAPS, IS_FLAG, IS_OBJECTS };

static const struct chart_field {
	const char *name;
	enum type type;
} fields[] = {
	{ "name", IS_TEXT }, { "home", IS_TEXT }, { "sources", IS_TEXTS }, { "version", IS_TEXT },
	{ "description", IS_TEXT }, { "keywords", IS_TEXTS }, { "maintainers", IS_TEXT_MAPS },
	{ "icon", IS_TEXT },
	{ "apiVersion", IS_TEXT }, { "condition", IS_TEXT }, { "tags", IS_TEXT },
	{ "appVersion", IS_TEXT },
	{ "deprecated", IS_FLAG }, { "annotations", IS_TEXT_MAP }, { "kubeVersion", IS_TEXT },
	{ "dependencies", IS_OBJECTS }, { "type", IS_TEXT },
};

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool all_texts(const json_t *value)
{
	const char *key = NULL;
	json_t *item = NULL;
	size_t i = 0;

	json_array_foreach(value, i, item) {
		if (!json_is_string(item)) {
			return false;
		}
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, item) {
		if (!json_is_string(item)) {
			return false;
		}
	}
	return true;
}

static bool has_type(const json_t *value, enum type type)
{
	const char *text = json_string_value(value);
	json_t *item = NULL;
	size_t i = 0;

	switch (type) {
	case IS_TEXTS:
		return json_is_array(value) && all_texts(value);
	case IS_TEXT_MAP:
		return json_is_object(value) && all_texts(value);
	case IS_FLAG:
		return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
	case IS_TEXT_MAPS:
	case IS_OBJECTS:
		json_array_foreach(value, i, item) {
			if (!json_is_object(item) || (type == IS_TEXT_MAPS && !all_texts(item))) {
				return false;
			}
		}
		return json_is_array(value);
	case IS_TEXT:
	default:
		return text != NULL;
	}
}

static const struct chart_field *field_of(const char *key)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, key) == 0) {
			return &fields[i];
		}
	}
	return NULL;
}

/* A version of three numbers, as all charts have it. */
static bool is_version(const char *text)
{
	size_t numbers = 0;

	for (; numbers < 3 && *text >= '0' && *text <= '9'; numbers++) {
		text += strspn(text, "0123456789");
		text += *text == '.' && numbers < 2;
	}
	return numbers == 3 && (*text == '\0' || (strchr("+-", *text) != NULL && text[1] != '\0'));
}

/* Is Chart.yaml certainly valid? */
static bool is_valid(const json_t *chart)
{
	const char *name = text_at(chart, "name");
	const char *api = text_at(chart, "apiVersion");
	const char *type = text_at(chart, "type");
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)chart, key, value) {
		const struct chart_field *field = field_of(key);

		if (field != NULL && !has_type(value, field->type)) {
			return false;
		}
	}
	return name[0] != '\0' && strpbrk(name, "/\\") == NULL &&
	       is_version(text_at(chart, "version")) &&
	       (api[0] == '\0' || strcmp(api, "v1") == 0 || strcmp(api, "v2") == 0) &&
	       (type[0] == '\0' || strcmp(type, "application") == 0 ||
		strcmp(type, "library") == 0);
}

/* Dependencies that are fetched, all of them. */
static bool are_remote(const json_t *dependencies)
{
	const json_t *item = NULL;
	size_t i = 0;

	json_array_foreach(dependencies, i, item) {
		const char *from = text_at(item, "repository");

		if (strncmp(from, "https://", 8) != 0 && strncmp(from, "oci://", 6) != 0 &&
		    strncmp(from, "http://", 7) != 0) {
			return false;
		}
	}
	return true;
}

/* A file that is there as itself: links do not come into an artifact. */
static bool is_regular(const struct inputs_entry *entry, const char *path)
{
	return entry->found == INPUTS_FILE && strcmp(entry->real, path) == 0;
}

static bool is_absent(struct inputs_walk *w, const char *dir, const char *name)
{
	return inputs_lookup(w, inputs_join(w, dir, name), NULL) == INPUTS_NOTHING;
}

/* Is the file, where it is there, one document with a map, or nothing? */
static bool is_map(struct inputs_walk *w, const char *path, bool *ret_absent)
{
	struct inputs_entry entry;
	const json_t *documents = NULL;
	bool bad = false;

	if (path == NULL) {
		return false;
	}
	enum inputs_found found = inputs_yaml(w, path, PROBE_MEANING, false, &documents, &bad,
					      &entry);
	*ret_absent = found == INPUTS_NOTHING;
	if (*ret_absent) {
		return true;
	}
	const json_t *first = json_array_get(documents, 0);
	return is_regular(&entry, path) && !bad && json_array_size(documents) <= 1 &&
	       (first == NULL || json_is_object(first));
}

/* .helmignore: understood, and not about the files that a chart needs. */
static bool ignore_is_plain(struct inputs_walk *w, const char *dir)
{
	const char *path = inputs_join(w, dir, ".helmignore");
	struct inputs_entry entry;
	struct buf text;
	struct buf rules;
	bool plain = false;

	buf_init(&text, IGNORE_MAX);
	buf_init(&rules, IGNORE_MAX);
	enum inputs_found found = path != NULL ? inputs_read(w, path, 0, &text, &entry)
					       : INPUTS_UNREADABLE;
	if (found == INPUTS_NOTHING) {
		plain = true;
	} else if (found == INPUTS_FILE && is_regular(&entry, path) &&
		   strstr(text.data, "**") == NULL &&
		   helm_ignore_parse(text.data, text.len, &rules)) {
		plain = !helm_ignore_match(rules.data, "Chart.yaml", false) &&
			!helm_ignore_match(rules.data, "values.yaml", false);
	}
	buf_release(&text);
	buf_release(&rules);
	return plain;
}

static bool values_are_plain(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const json_t *files = json_object_get(options, "values");
	bool lenient = inputs_true(json_object_get(options, "lenient"));
	const json_t *item = NULL;
	bool absent = false;
	bool plain = is_map(w, inputs_join(w, dir, "values.yaml"), &absent) &&
		     !(absent && json_array_size(files) > 0);
	size_t i = 0;

	json_array_foreach(files, i, item) {
		const char *text = json_string_value(item);

		plain = text != NULL && is_map(w, inputs_join_clamped(w, "", text), &absent) &&
			(lenient || !absent) && plain;
	}
	return plain;
}

/* Can the chart certainly be built? Then what of it counts is in the fingerprint. */
static bool is_plain(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const char *path = inputs_join(w, dir, "Chart.yaml");
	struct inputs_entry entry;
	const json_t *chart = NULL;
	bool bad = false;
	bool absent = false;

	if (path == NULL ||
	    inputs_yaml(w, path, PROBE_MEANING, true, &chart, &bad, &entry) != INPUTS_FILE ||
	    !is_regular(&entry, path) || !is_valid(chart)) {
		return false;
	}
	const json_t *dependencies = json_object_get(chart, "dependencies");
	const char *lock = inputs_join(w, dir, "Chart.lock");
	bool plain = values_are_plain(w, dir, options) && ignore_is_plain(w, dir) &&
		     is_absent(w, dir, "charts") && is_absent(w, dir, "requirements.yaml") &&
		     is_absent(w, dir, "requirements.lock") && are_remote(dependencies) &&
		     is_map(w, lock, &absent);

	inputs_print(w, 'n', text_at(chart, "name"));
	inputs_print(w, 'v', text_at(chart, "version"));
	if (json_array_size(dependencies) > 0) {
		inputs_print_file(w, &entry, true);
		if (inputs_file(w, lock, PROBE_MEANING, &entry) == INPUTS_FILE) {
			inputs_print_file(w, &entry, false);
		}
	}
	return plain;
}

/* All of a chart, and its value files. */
static void take_all(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const json_t *item = NULL;
	size_t i = 0;

	/* Values are not seen here, so they may hold a template that reads any file. */
	json_t *chart = json_pack("{s:b}", "anything", 1);
	inputs_print_unknown(w);
	inputs_child(w, &inputs_chart, dir, chart, NULL);
	json_decref(chart);
	json_array_foreach(json_object_get(options, "values"), i, item) {
		const char *text = json_string_value(item);

		if (text != NULL) {
			(void)inputs_file(w, inputs_join_clamped(w, "", text), PROBE_MEANING,
					  NULL);
		}
	}
}

static void walk_helm(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (inputs_true(json_object_get(options, "revision"))) {
		inputs_always(w, "with reconcileStrategy Revision each commit is an upgrade");
		inputs_print_unknown(w);
		return;
	}
	inputs_child(w, &inputs_flux_ignores, "", NULL, NULL);
	if (inputs_file(w, dir, 0, &entry) != INPUTS_DIRECTORY) {
		inputs_print_unknown(w); // a packaged chart, or none
		return;
	}
	if (!is_plain(w, entry.real, options)) {
		take_all(w, entry.real, options);
	}
}

const struct inputs_walker inputs_flux_helm = {
	.name = "flux-helm",
	.walk = walk_helm,
	.prints = true,
};
