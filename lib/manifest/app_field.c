/*
 * Fields of a Kubernetes object, each checked for its type and length; and the
 * sources that they make.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/giturl.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"
#include "manifest/template.h"

/* What strconv.ParseBool and YAML 1.1 take for a boolean. */
static const struct {
	const char *text;
	bool value;
} bool_words[] = {
	{ "true", true },   { "True", true },   { "TRUE", true },   { "t", true },
	{ "T", true },      { "1", true },      { "yes", true },    { "Yes", true },
	{ "YES", true },    { "on", true },     { "On", true },     { "ON", true },
	{ "y", true },      { "Y", true },      { "false", false }, { "False", false },
	{ "FALSE", false }, { "f", false },     { "F", false },     { "0", false },
	{ "no", false },    { "No", false },    { "NO", false },    { "off", false },
	{ "Off", false },   { "OFF", false },   { "n", false },     { "N", false },
};

char *app_take_text(const json_t *object, const char *where, const char *key, size_t max,
		       struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL || json_is_null(value)) {
		return xstrdup("");
	}
	if (!json_is_string(value)) {
		(void)error_set(err, -1, "%s.%s is not a string", where, key);
		return NULL;
	}
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	if (len > max || strlen(text) != len) {
		(void)error_set(err, -1, "%s.%s is longer than %zu bytes or holds a NUL", where,
				key, max);
		return NULL;
	}
	return xstrdup(text);
}

int app_get_object(const json_t *object, const char *where, const char *key,
		      const json_t **ret_value, struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL || json_is_null(value)) {
		return 0;
	}
	if (!json_is_object(value)) {
		return error_set(err, -1, "%s.%s is not a mapping", where, key);
	}
	*ret_value = value;
	return 1;
}

int app_get_bool(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL || json_is_null(value)) {
		return -2;
	}
	if (json_is_boolean(value)) {
		return json_is_true(value);
	}
	if (!json_is_string(value)) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(bool_words) / sizeof(*bool_words); i++) {
		if (strcmp(json_string_value(value), bool_words[i].text) == 0) {
			return bool_words[i].value;
		}
	}
	return -1;
}

/*
 * Take the size of a tree off *budget, each node with its text. False once the
 * budget is spent or the tree is too deep (so a cycle ends too).
 */
static bool within_budget(const json_t *node, size_t *budget, unsigned depth)
{
	size_t cost = 8;
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(node)) {
		cost += json_string_length(node);
	}
	if (depth > LIMIT_YAML_DEPTH || cost > *budget) {
		return false;
	}
	*budget -= cost;
	if (json_is_object(node)) {
		/* The object is not changed: jansson's iterator takes it without const. */
		json_object_foreach((json_t *)(uintptr_t)node, key, value) {
			size_t len = strlen(key);

			if (len > *budget) {
				return false;
			}
			*budget -= len;
			if (!within_budget(value, budget, depth + 1)) {
				return false;
			}
		}
	}
	json_array_foreach(node, i, value) {
		if (!within_budget(value, budget, depth + 1)) {
			return false;
		}
	}
	return true;
}

bool app_fits(const json_t *tree)
{
	size_t budget = LIMIT_APPLICATION_BYTES;

	return within_budget(tree, &budget, 0);
}

/*
 * Clean a path lexically as Go's path.Clean() below a root: "." and empty
 * components go, ".." takes one back. NULL if it leaves the root.
 */
static char *clean_path(const char *path)
{
	char *out = xmalloc(strlen(path) + 1);
	size_t len = 0;

	for (const char *p = path; *p != '\0';) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			if (len == 0) {
				free(out);
				return NULL;
			}
			while (len > 0 && out[--len] != '/') {
				;
			}
		} else if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (len > 0) {
				out[len++] = '/';
			}
			memcpy(out + len, p, n);
			len += n;
		}
		p += n;
		p += strspn(p, "/");
	}
	out[len] = '\0';
	return out;
}

void app_release_source(struct app_source *source)
{
	free(source->url);
	free(source->repository);
	free(source->target_revision);
	free(source->path);
	free(source->ref);
	free(source->tag_prefix);
	free(source->walker);
	json_decref(source->spec);
}

bool app_sources_fit(const struct app *app)
{
	json_t *all = json_array();

	for (size_t i = 0; i < app->source_count; i++) {
		(void)json_array_append(all, app->sources[i].spec);
	}
	bool fits = app_fits(all);
	json_decref(all);
	return fits;
}

bool app_is_template(const char *text)
{
	static const char *const marks[] = { "{{", "$(", "<%", "<path:" };
	static const char argocd[] = "${ARGOCD_"; // Argo CD itself fills it in

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strstr(text, marks[i]) != NULL) {
			return true;
		}
	}
	for (text = strstr(text, "${"); text != NULL; text = strstr(text + 2, "${")) {
		if (strncmp(text, argocd, sizeof(argocd) - 1) != 0) {
			return true;
		}
	}
	return false;
}

bool app_has_variable(const char *text)
{
	const char *dollar = strchr(text, '$');

	while (dollar != NULL && !isalpha((unsigned char)dollar[1]) && dollar[1] != '_') {
		dollar = strchr(dollar + 1, '$');
	}
	return dollar != NULL;
}

/* The fields of a source that are text. 0, or -1 with err. */
static int read_texts(struct app_source *source, const json_t *spec, const char *where,
		      struct error *err)
{
	source->url = app_take_text(spec, where, "repoURL", APP_TEXT_BYTES, err);
	source->target_revision = app_take_text(spec, where, "targetRevision", LIMIT_REF_BYTES,
						err);
	source->path = app_take_text(spec, where, "path", LIMIT_PATH_BYTES, err);
	source->ref = app_take_text(spec, where, "ref", APP_NAME_BYTES, err);
	if (source->url == NULL || source->target_revision == NULL || source->path == NULL ||
	    source->ref == NULL) {
		return -1;
	}
	if (source->url[0] == '\0') {
		return error_set(err, -1, "%s.repoURL is missing", where);
	}
	if (source->ref[0] == '\0') {
		free(source->ref);
		source->ref = NULL;
	}
	return 0;
}

/* The text and the path of a source; its repository if it is read from git as it says. */
static int read_source(struct app_source *source, json_t *spec, const char *where,
		       bool *ret_git, struct error *err)
{
	char *chart = NULL;
	int r = -1;

	if (!json_is_object(spec)) {
		return error_set(err, -1, "%s is not a mapping", where);
	}
	source->spec = json_incref(spec);
	source->tag_prefix = xstrdup_or_null(
		json_string_value(json_object_get(spec, "tagPrefix")));
	source->annotation_applies = true;
	chart = app_take_text(spec, where, "chart", APP_TEXT_BYTES, err);
	if (chart == NULL || read_texts(source, spec, where, err) < 0) {
		goto out;
	}
	*ret_git = chart[0] == '\0' && strncasecmp(source->url, "oci://", 6) != 0;
	char *clean = clean_path(source->path);
	if (clean != NULL && *ret_git) {
		source->repository = giturl_normalise(source->url, NULL);
	}
	free(source->path);
	source->path = clean != NULL ? clean : xstrdup("");
	r = 0;
out:
	free(chart);
	return r;
}

/* Its address is a template: it may be any repository. */
static void open_repository(struct app_source *source)
{
	if (app_is_template(source->url)) {
		free(source->repository);
		source->repository = xstrdup(APP_ANY_REPOSITORY);
	}
}

int app_read_source(struct app_source *source, json_t *spec, const char *where,
		    struct error *err)
{
	bool git = false;
	int r = read_source(source, spec, where, &git, err);

	if (r < 0 || !git || !template_is_in_source(spec)) {
		return r;
	}
	/* Which files it reads nobody knows: any of them. */
	if (source->repository == NULL) {
		source->repository = giturl_normalise(source->url, NULL);
	}
	open_repository(source);
	free(source->path);
	source->path = xstrdup("");
	source->walker = xstrdup("plain");
	return 0;
}

int app_read_made_source(struct app_source *source, json_t *spec, const char *where,
			 struct error *err)
{
	bool git = false;

	if (read_source(source, spec, where, &git, err) < 0) {
		return -1;
	}
	source->annotation_applies = false;
	source->walker = app_take_text(spec, where, "walker", APP_NAME_BYTES, err);
	if (source->walker == NULL) {
		return -1;
	}
	open_repository(source);
	return 0;
}

void app_allot_sources(struct app *app, size_t count)
{
	app->sources = xcalloc(count, sizeof(*app->sources));
	app->source_count = count;
}
