/*
 * Telling templates: by their marks, and by the kinds of objects in them.
 *
 * A text that is no YAML is looked through for "kind:" with the name of a kind
 * whose API group stands in the text, too.  That is a guess, but a wrong one
 * costs a line more or less in a log.  What is YAML is not guessed at: the
 * fields are named one by one, since a template may well stand in what the
 * application is configured with (the values of a chart, an annotation), where
 * it is a text like any other.
 */
#include "manifest/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* The objects of a kind, as kubectl names them: this, and the API group. */
static const char *const plurals[] = {
	[APP_APPLICATION] = "applications",
	[APP_APPLICATION_SET] = "applicationsets",
	[APP_KUSTOMIZATION] = "kustomizations",
	[APP_HELM_RELEASE] = "helmreleases",
	[APP_GIT_REPOSITORY] = "gitrepositories",
	[APP_HELM_CHART] = "helmcharts",
	[APP_ARTIFACT_GENERATOR] = "artifactgenerators",
};

#define KINDS (sizeof(plurals) / sizeof(plurals[0]))

static bool holds(const char *data, size_t len, const char *text)
{
	return memmem(data, len, text, strlen(text)) != NULL;
}

/* --- a text that is no YAML --- */

/*
 * The value of a key "kind" at p, before end: a bare word, or what begins a
 * template.  Its length, or 0 if there is no such key.
 */
static size_t kind_at(const char *p, const char *end, const char **ret_word)
{
	size_t len = 0;

	p += 4;
	p += p < end && (*p == '"' || *p == '\'');
	while (p < end && *p == ' ') {
		p++;
	}
	if (p >= end || *p++ != ':') {
		return 0;
	}
	while (p < end && (*p == ' ' || *p == '"' || *p == '\'')) {
		p++;
	}
	*ret_word = p;
	while (p + len < end && (isalnum((unsigned char)p[len]) || p[len] == '{')) {
		len++;
	}
	return len;
}

/* Is word, in a text with these groups, the name of one of our kinds? */
static bool find_kind(const char *word, size_t len, const bool *groups, enum app_kind *ret_kind)
{
	for (size_t k = 0; k < KINDS; k++) {
		const char *name = app_kind_name((enum app_kind)k);
		bool open = len >= 2 && strncmp(word, "{{", 2) == 0;

		if (groups[k] &&
		    (open || (strlen(name) == len && strncmp(word, name, len) == 0))) {
			*ret_kind = (enum app_kind)k;
			return true;
		}
	}
	return false;
}

enum template_text template_look(const char *data, size_t len, enum app_kind *ret_kind,
				 int *ret_line)
{
	static const char *const marks[] = { "{{", "{%", "<%" };
	const char *end = data + len;
	const char *word = NULL;
	bool groups[KINDS];
	bool marked = false;
	int line = 1;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		marked = marked || holds(data, len, marks[i]);
	}
	if (!marked) {
		return TEMPLATE_NONE;
	}
	bool open = holds(data, len, "apiVersion: {{");
	for (size_t k = 0; k < KINDS; k++) {
		groups[k] = open || holds(data, len, app_kind_group((enum app_kind)k));
	}
	for (const char *p = data; p + 4 < end; p++) {
		bool begins = p == data || !(isalnum((unsigned char)p[-1]) || p[-1] == '.');

		line += *p == '\n';
		if (!begins || memcmp(p, "kind", 4) != 0) {
			continue;
		}
		size_t size = kind_at(p, end, &word);
		if (size > 0 && find_kind(word, size, groups, ret_kind)) {
			*ret_line = line;
			return TEMPLATE_APPLICATION;
		}
	}
	return TEMPLATE_OTHER;
}

char *template_advice(enum app_kind kind)
{
	const char *group = app_kind_group(kind);

	return xasprintf("give these objects as the cluster has them (kubectl get %s.%.*s -A -o "
			 "yaml)", plurals[kind], (int)strcspn(group, "/"), group);
}

/* --- an object --- */

/* A field, or all of its kind: lists on the way are followed. */
struct decisive {
	const char *path;
	bool files;        // it says which files of a repository are read
};

static const struct decisive of_object[] = {
	{ "metadata.name", false },
	{ "metadata.namespace", false },
	{ "metadata.annotations.argocd.argoproj.io/manifest-generate-paths", true },
};

/* Of a source of an Application, by its name in spec. */
static const char *const sources[] = {
	"source", "sources", "sourceHydrator.drySource", "sourceHydrator.syncSource",
};

static const struct decisive of_source[] = {
	{ "repoURL", true },
	{ "path", true },
	{ "targetRevision", false },
	{ "targetBranch", false },
	{ "tagPrefix", false },
	{ "helm.valueFiles", true },
	{ "helm.fileParameters.path", true },
	{ "kustomize.components", true },
	{ "directory.include", true },
	{ "directory.exclude", true },
	{ "directory.jsonnet.libs", true },
};

/* Of Flux's objects, one beside the other: each has some of them. */
static const struct decisive of_flux[] = {
	{ "spec.path", true },
	{ "spec.components", true },
	{ "spec.sourceRef.name", false },
	{ "spec.sourceRef.namespace", false },
	{ "spec.ignore", true },
	{ "spec.sparseCheckout", true },
	{ "spec.include.fromPath", true },
	{ "spec.chart", true },
	{ "spec.chart.spec.chart", true },
	{ "spec.chart.spec.valuesFiles", true },
	{ "spec.chart.spec.sourceRef.name", false },
	{ "spec.chart.spec.sourceRef.namespace", false },
	{ "spec.chartRef.name", false },
	{ "spec.valuesFiles", true },
	{ "spec.url", false },
	{ "spec.ref.branch", false },
	{ "spec.ref.tag", false },
	{ "spec.ref.semver", false },
	{ "spec.ref.name", false },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEPTH_MAX 16

/* A key may hold dots itself: it is looked for as a whole, too. */
static bool is_at(const json_t *value, const char *path, int depth)
{
	const json_t *item;
	size_t i;

	if (json_is_string(value)) {
		return app_is_template(json_string_value(value));
	}
	if (depth == DEPTH_MAX) {
		return false;
	}
	json_array_foreach(value, i, item) {
		if (is_at(item, path, depth + 1)) {
			return true;
		}
	}
	if (!json_is_object(value) || path[0] == '\0') {
		return false;
	}
	const json_t *whole = json_object_get(value, path);
	size_t len = strcspn(path, ".");
	if (whole != NULL || path[len] == '\0') {
		return is_at(whole, "", depth + 1);
	}
	char *key = xstrndup(path, len);
	bool found = is_at(json_object_get(value, key), path + len + 1, depth + 1);
	free(key);
	return found;
}

static char *find_of(const json_t *object, const struct decisive *fields, size_t count,
		     const char *prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (is_at(object, fields[i].path, 0)) {
			return xasprintf("%s%s", prefix, fields[i].path);
		}
	}
	return NULL;
}

static char *find_in_sources(const json_t *spec)
{
	char *found = NULL;

	for (size_t s = 0; s < COUNT(sources) && found == NULL; s++) {
		for (size_t i = 0; i < COUNT(of_source) && found == NULL; i++) {
			char *path = xasprintf("%s.%s", sources[s], of_source[i].path);

			if (is_at(spec, path, 0)) {
				found = xasprintf("spec.%s", path);
			}
			free(path);
		}
	}
	return found;
}

char *template_find(const json_t *object, enum app_kind kind)
{
	char *found = find_of(object, of_object, COUNT(of_object), "");

	if (found == NULL && kind == APP_APPLICATION) {
		found = find_in_sources(json_object_get(object, "spec"));
	} else if (found == NULL && kind != APP_APPLICATION_SET) {
		found = find_of(object, of_flux, COUNT(of_flux), "");
	}
	return found;
}

bool template_is_in_source(const json_t *source)
{
	bool found = false;

	for (size_t i = 0; i < COUNT(of_source) && !found; i++) {
		found = of_source[i].files && is_at(source, of_source[i].path, 0);
	}
	return found;
}
