/*
 * Telling templates: by their marks, and by the kinds of objects in them.
 *
 * A text that is no YAML is looked through for "kind:" with the name of a kind
 * whose API group stands behind an "apiVersion:" of the text, too.  That is a
 * guess, but a wrong one costs a line more or less in a log.  What is YAML is
 * not guessed at: the fields are named one by one, since a template may well
 * stand in what the application is configured with (the values of a chart, an
 * annotation), where it is a text like any other.
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

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KINDS COUNT(plurals)

static bool holds(const char *data, size_t len, const char *text)
{
	return memmem(data, len, text, strlen(text)) != NULL;
}

/* --- a text that is no YAML --- */

/* A text that is looked through for keys. */
struct key_search {
	const char *end;
	const char *p;         // behind the last key
	int line;
	const char *value;     // of that key: a bare word, or what begins a template
	size_t len;
};

/* The value behind a key, from p on; false if it was none. */
static bool take_value(struct key_search *s, const char *p)
{
	static const char word[] = "{./-";

	p += p < s->end && (*p == '"' || *p == '\'');
	while (p < s->end && *p == ' ') {
		p++;
	}
	if (p >= s->end || *p++ != ':') {
		return false;
	}
	while (p < s->end && (*p == ' ' || *p == '"' || *p == '\'')) {
		p++;
	}
	s->value = p;
	s->len = 0;
	while (p + s->len < s->end && p[s->len] != '\0' &&
	       (isalnum((unsigned char)p[s->len]) || strchr(word, p[s->len]) != NULL)) {
		s->len++;
	}
	return s->len > 0;
}

/* Go on to the next such key and its value; false at the end. */
static bool next_key(struct key_search *s, const char *key)
{
	size_t len = strlen(key);

	for (const char *begin = s->p; s->p + len < s->end;) {
		const char *p = s->p++;
		bool starts = p == begin || !(isalnum((unsigned char)p[-1]) || p[-1] == '.');

		s->line += *p == '\n';
		if (starts && memcmp(p, key, len) == 0 && take_value(s, p + len)) {
			return true;
		}
	}
	return false;
}

static bool is_open_value(const struct key_search *s)
{
	return s->len >= 2 && strncmp(s->value, "{{", 2) == 0;
}

/* Of which kinds of ours does an API group stand in a text? */
static void find_groups(const char *data, size_t len, bool *groups)
{
	struct key_search s = { .p = data, .end = data + len };

	while (next_key(&s, "apiVersion")) {
		for (size_t k = 0; k < KINDS; k++) {
			const char *group = app_kind_group((enum app_kind)k);
			size_t size = strlen(group);

			groups[k] = groups[k] || is_open_value(&s) ||
				    (s.len >= size && strncmp(s.value, group, size) == 0);
		}
	}
}

/* Is the value of a kind, in a text with these groups, the name of one of ours? */
static bool find_kind(const struct key_search *s, const bool *groups, enum app_kind *ret_kind)
{
	for (size_t k = 0; k < KINDS; k++) {
		const char *name = app_kind_name((enum app_kind)k);
		bool same = strlen(name) == s->len && strncmp(s->value, name, s->len) == 0;

		if (groups[k] && (same || is_open_value(s))) {
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
	struct key_search s = { .p = data, .end = data + len, .line = 1 };
	bool groups[KINDS] = { false };
	bool marked = false;

	for (size_t i = 0; i < COUNT(marks); i++) {
		marked = marked || holds(data, len, marks[i]);
	}
	if (!marked) {
		return TEMPLATE_NONE;
	}
	find_groups(data, len, groups);
	while (next_key(&s, "kind")) {
		if (find_kind(&s, groups, ret_kind)) {
			*ret_line = s.line;
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
	bool variables;    // "$NAME" is a template there, too (app_has_variable())
};

static const struct decisive of_object[] = {
	{ "metadata.name", false, false },
	{ "metadata.namespace", false, false },
	{ "metadata.annotations.argocd.argoproj.io/manifest-generate-paths", true, false },
};

/* Of a source of an Application, by its name in spec. */
static const char *const sources[] = {
	"source", "sources", "sourceHydrator.drySource", "sourceHydrator.syncSource",
};

static const struct decisive of_source[] = {
	{ "repoURL", true, false },
	{ "path", true, true },
	{ "targetRevision", false, true },
	{ "targetBranch", false, true },
	{ "tagPrefix", false, false },
	{ "helm.valueFiles", true, false },
	{ "helm.fileParameters.path", true, false },
	{ "kustomize.components", true, false },
	{ "directory.include", true, false },
	{ "directory.exclude", true, false },
	{ "directory.jsonnet.libs", true, false },
};

/* Of Flux's objects, one beside the other: each has some of them. */
static const struct decisive of_flux[] = {
	{ "spec.path", true, false },
	{ "spec.components", true, false },
	{ "spec.sourceRef.name", false, false },
	{ "spec.sourceRef.namespace", false, false },
	{ "spec.ignore", true, false },
	{ "spec.sparseCheckout", true, false },
	{ "spec.include.fromPath", true, false },
	{ "spec.chart", true, false },
	{ "spec.chart.spec.chart", true, false },
	{ "spec.chart.spec.valuesFiles", true, false },
	{ "spec.chart.spec.sourceRef.name", false, false },
	{ "spec.chart.spec.sourceRef.namespace", false, false },
	{ "spec.chartRef.name", false, false },
	{ "spec.valuesFiles", true, false },
	{ "spec.url", false, false },
	{ "spec.ref.branch", false, false },
	{ "spec.ref.tag", false, false },
	{ "spec.ref.semver", false, false },
	{ "spec.ref.name", false, false },
};

#define DEPTH_MAX 16

/* A key may hold dots itself: it is looked for as a whole, too. */
static bool is_at(const json_t *value, const char *path, bool variables, int depth)
{
	const json_t *item;
	size_t i;

	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		return app_is_template(text) || (variables && app_has_variable(text));
	}
	if (depth == DEPTH_MAX) {
		return false;
	}
	json_array_foreach(value, i, item) {
		if (is_at(item, path, variables, depth + 1)) {
			return true;
		}
	}
	if (!json_is_object(value) || path[0] == '\0') {
		return false;
	}
	const json_t *whole = json_object_get(value, path);
	size_t len = strcspn(path, ".");
	if (whole != NULL || path[len] == '\0') {
		return is_at(whole, "", variables, depth + 1);
	}
	char *key = xstrndup(path, len);
	bool found = is_at(json_object_get(value, key), path + len + 1, variables, depth + 1);
	free(key);
	return found;
}

static char *find_of(const json_t *object, const struct decisive *fields, size_t count,
		     const char *prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (is_at(object, fields[i].path, fields[i].variables, 0)) {
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

			if (is_at(spec, path, of_source[i].variables, 0)) {
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
		found = of_source[i].files &&
			is_at(source, of_source[i].path, of_source[i].variables, 0);
	}
	return found;
}
