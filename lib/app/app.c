/*
 * Applications: the fields of an Argo CD Application that decide which pushes
 * matter.
 *
 * Which sources count is Argo CD's rule (pkg/apis/application/v1alpha1,
 * GetSources): spec.sourceHydrator has a dry and a sync source and hides the
 * rest; else spec.sources, if it is not empty; else spec.source.  A source
 * with a chart, or an oci:// address, is not read from git and has no
 * repository here; neither has one whose path leaves the repository, which
 * Argo CD refuses to render.
 *
 * Manifests come from clusters, files and repositories: every field is checked
 * for its type and length, and an application as a whole for its size, since
 * shared YAML anchors can make a small text a huge tree.  YAML arrives with
 * every scalar a string (base/yaml.h), the Kubernetes API's JSON with
 * booleans: both are read.
 *
 * Ways to fail: another kind (passed over), or a malformed Application, of
 * which err names the field.
 */
#include "app/app.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/giturl.h"
#include "base/limits.h"
#include "base/xalloc.h"

#define ANNOTATION_PATHS "argocd.argoproj.io/manifest-generate-paths"
#define ANNOTATION_SKIP "argocd.argoproj.io/skip-reconcile"
#define NAME_MAX_BYTES 253
#define ANNOTATION_MAX_BYTES 65536
#define TEXT_MAX_BYTES 4096

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

/*
 * The string at key of object as a new string, "" if absent or null. NULL with
 * err if it is no string, too long or holds a NUL; where names the object.
 */
static char *take_text(const json_t *object, const char *where, const char *key, size_t max,
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

/*
 * The object at key: 1 with *ret_value, 0 if it is absent or null, -1 with err
 * if it is something else.
 */
static int get_object(const json_t *object, const char *where, const char *key,
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

/* A boolean in JSON or as YAML text: 1 or 0; -1: neither; -2: absent or null. */
static int get_bool(const json_t *object, const char *key)
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

static void release_source(struct app_source *source)
{
	free(source->url);
	free(source->repository);
	free(source->target_revision);
	free(source->path);
	free(source->ref);
	json_decref(source->spec);
}

/* The fields of a source that are text. 0, or -1 with err. */
static int read_texts(struct app_source *source, const json_t *spec, const char *where,
		      struct error *err)
{
	source->url = take_text(spec, where, "repoURL", TEXT_MAX_BYTES, err);
	source->target_revision = take_text(spec, where, "targetRevision", LIMIT_REF_BYTES, err);
	source->path = take_text(spec, where, "path", LIMIT_PATH_BYTES, err);
	source->ref = take_text(spec, where, "ref", NAME_MAX_BYTES, err);
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

/*
 * Read one source into *source (zeroed; released by the caller in any case).
 * 0, or -1 with err.
 */
static int read_source(struct app_source *source, json_t *spec, const char *where,
		       struct error *err)
{
	char *chart = NULL;
	char *clean = NULL;
	int r = -1;

	if (!json_is_object(spec)) {
		return error_set(err, -1, "%s is not a mapping", where);
	}
	source->spec = json_incref(spec);
	source->annotation_applies = true;
	chart = take_text(spec, where, "chart", TEXT_MAX_BYTES, err);
	if (chart == NULL || read_texts(source, spec, where, err) < 0) {
		goto out;
	}
	clean = clean_path(source->path);
	if (clean != NULL && chart[0] == '\0' && strncasecmp(source->url, "oci://", 6) != 0) {
		source->repository = giturl_normalise(source->url, NULL);
	}
	free(source->path);
	source->path = clean != NULL ? clean : xstrdup("");
	r = 0;
out:
	free(chart);
	return r;
}

/* Make room for count zeroed sources. */
static void allot_sources(struct app *app, size_t count)
{
	app->sources = xcalloc(count, sizeof(*app->sources));
	app->source_count = count;
}

/*
 * The sync source as an ordinary source: what a hydrator writes to
 * syncSource.targetBranch, of the dry repository unless it names its own.
 */
static json_t *sync_source_spec(const json_t *dry, const json_t *sync)
{
	json_t *spec = json_object();
	json_t *url = json_object_get(sync, "repoURL");
	json_t *values[] = {
		json_is_string(url) ? url : json_object_get(dry, "repoURL"),
		json_object_get(sync, "targetBranch"),
		json_object_get(sync, "path"),
	};
	static const char *const keys[] = { "repoURL", "targetRevision", "path" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (values[i] != NULL) {
			(void)json_object_set(spec, keys[i], values[i]);
		}
	}
	return spec;
}

static int read_hydrator(struct app *app, const json_t *hydrator, struct error *err)
{
	json_t *dry = json_object_get(hydrator, "drySource");
	json_t *sync = json_object_get(hydrator, "syncSource");
	json_t *spec = NULL;
	int r;

	if (!json_is_object(dry) || !json_is_object(sync)) {
		return error_set(err, -1,
				 "spec.sourceHydrator needs a drySource and a syncSource");
	}
	allot_sources(app, 2);
	r = read_source(&app->sources[0], dry, "spec.sourceHydrator.drySource", err);
	if (r < 0) {
		return r;
	}
	spec = sync_source_spec(dry, sync);
	r = read_source(&app->sources[1], spec, "spec.sourceHydrator.syncSource", err);
	app->sources[1].annotation_applies = false;
	json_decref(spec);
	return r;
}

static int read_source_list(struct app *app, const json_t *list, struct error *err)
{
	size_t count = json_array_size(list);

	if (count > LIMIT_SOURCES) {
		return error_set(err, -1, "spec.sources has %zu entries, over %d", count,
				 LIMIT_SOURCES);
	}
	allot_sources(app, count);
	for (size_t i = 0; i < count; i++) {
		char where[64];

		(void)snprintf(where, sizeof(where), "spec.sources[%zu]", i);
		if (read_source(&app->sources[i], json_array_get(list, i), where, err) < 0) {
			return -1;
		}
	}
	return 0;
}

/* The sources that count, by the rule above. 0, or -1 with err. */
static int read_sources(struct app *app, const json_t *spec, struct error *err)
{
	const json_t *hydrator = NULL;
	json_t *list = json_object_get(spec, "sources");
	json_t *single = json_object_get(spec, "source");
	int r = get_object(spec, "spec", "sourceHydrator", &hydrator, err);

	if (r < 0) {
		return r;
	}
	if (r > 0) {
		return read_hydrator(app, hydrator, err);
	}
	if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
		return error_set(err, -1, "spec.sources is not a list");
	}
	if (json_array_size(list) > 0) {
		return read_source_list(app, list, err);
	}
	if (single == NULL || json_is_null(single)) {
		return error_set(err, -1, "spec has no source");
	}
	allot_sources(app, 1);
	return read_source(&app->sources[0], single, "spec.source", err);
}

/* True if text is made of the characters of a Kubernetes name. */
static bool is_name(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
		bool other = (*p >= '0' && *p <= '9') || *p == '-' || *p == '.' || *p == '_';

		if (!letter && !other) {
			return false;
		}
	}
	return true;
}

static int read_annotations(struct app *app, const json_t *metadata, struct error *err)
{
	const json_t *annotations = NULL;
	int r = get_object(metadata, "metadata", "annotations", &annotations, err);

	if (r <= 0) {
		return r;
	}
	app->generate_paths = take_text(annotations, "metadata.annotations", ANNOTATION_PATHS,
					ANNOTATION_MAX_BYTES, err);
	if (app->generate_paths == NULL) {
		return -1;
	}
	if (app->generate_paths[0] == '\0') {
		free(app->generate_paths);
		app->generate_paths = NULL;
	}
	app->skip_reconcile = get_bool(annotations, ANNOTATION_SKIP) == 1;
	return 0;
}

static int read_metadata(struct app *app, const json_t *object, struct error *err)
{
	const json_t *metadata = NULL;
	int r = get_object(object, "the document", "metadata", &metadata, err);

	if (r < 0) {
		return r;
	}
	app->name = take_text(metadata, "metadata", "name", NAME_MAX_BYTES, err);
	app->namespace = take_text(metadata, "metadata", "namespace", NAME_MAX_BYTES, err);
	if (app->name == NULL || app->namespace == NULL) {
		return -1;
	}
	if (app->name[0] == '\0') {
		return error_set(err, -1, "metadata.name is missing");
	}
	if (!is_name(app->name) || !is_name(app->namespace)) {
		return error_set(err, -1, "metadata.name or namespace is not a Kubernetes name: "
				 "\"%s\"", is_name(app->name) ? app->namespace : app->name);
	}
	return read_annotations(app, metadata, err);
}

/* spec.syncPolicy.automated: there, and not switched off by "enabled: false". */
static int read_sync_policy(struct app *app, const json_t *spec, struct error *err)
{
	const json_t *policy = NULL;
	const json_t *automated = NULL;
	int r = get_object(spec, "spec", "syncPolicy", &policy, err);

	if (r <= 0) {
		return r;
	}
	r = get_object(policy, "spec.syncPolicy", "automated", &automated, err);
	if (r <= 0) {
		return r;
	}
	r = get_bool(automated, "enabled");
	if (r == -1) {
		return error_set(err, -1, "spec.syncPolicy.automated.enabled is not a boolean");
	}
	app->automated = r != 0;
	return 0;
}

static int read_spec(struct app *app, const json_t *object, struct error *err)
{
	const json_t *spec = NULL;
	size_t budget = LIMIT_APPLICATION_BYTES;
	int r = get_object(object, "the document", "spec", &spec, err);

	if (r < 0) {
		return r;
	}
	if (r == 0) {
		return error_set(err, -1, "spec is missing");
	}
	if (!within_budget(spec, &budget, 0)) {
		return error_set(err, -1, "spec is larger than %d bytes or deeper than %d",
				 LIMIT_APPLICATION_BYTES, LIMIT_YAML_DEPTH);
	}
	app->project = take_text(spec, "spec", "project", NAME_MAX_BYTES, err);
	if (app->project == NULL) {
		return -1;
	}
	if (app->project[0] == '\0') {
		free(app->project);
		app->project = xstrdup("default");
	}
	r = read_sync_policy(app, spec, err);
	return r < 0 ? r : read_sources(app, spec, err);
}

static bool is_application(const json_t *object)
{
	const char *version = json_string_value(json_object_get(object, "apiVersion"));
	const char *kind = json_string_value(json_object_get(object, "kind"));

	return version != NULL && kind != NULL && strcmp(kind, "Application") == 0 &&
	       strncmp(version, "argoproj.io/", 12) == 0;
}

enum app_result app_from_json(const json_t *object, const char *origin, struct app **ret_app,
			      struct error *err)
{
	enum app_result result = APP_MALFORMED;
	struct app *app = NULL;

	if (!is_application(object)) {
		(void)error_set(err, APP_OTHER_KIND, "not an Application of argoproj.io");
		return APP_OTHER_KIND;
	}
	app = xcalloc(1, sizeof(*app));
	app->origin = xstrdup(origin);
	if (read_metadata(app, object, err) < 0 || read_spec(app, object, err) < 0) {
		goto out;
	}
	*ret_app = app;
	app = NULL;
	result = APP_OK;
out:
	app_free(app);
	return result;
}

/* A hydrator's pair is told by its sync source. */
static bool is_hydrated(const struct app *app)
{
	return app->source_count == 2 && !app->sources[1].annotation_applies;
}

static json_t *hydrator_to_json(const struct app *app)
{
	const json_t *sync = app->sources[1].spec;
	json_t *branch = json_object_get(sync, "targetRevision");
	json_t *path = json_object_get(sync, "path");
	json_t *copy = json_object();

	(void)json_object_set(copy, "repoURL", json_object_get(sync, "repoURL"));
	if (branch != NULL) {
		(void)json_object_set(copy, "targetBranch", branch);
	}
	if (path != NULL) {
		(void)json_object_set(copy, "path", path);
	}
	return json_pack("{s:O, s:o}", "drySource", app->sources[0].spec, "syncSource", copy);
}

static json_t *spec_to_json(const struct app *app)
{
	json_t *spec = json_pack("{s:s}", "project", app->project);

	if (app->automated) {
		(void)json_object_set_new(spec, "syncPolicy", json_pack("{s:{}}", "automated"));
	}
	if (is_hydrated(app)) {
		(void)json_object_set_new(spec, "sourceHydrator", hydrator_to_json(app));
		return spec;
	}
	json_t *sources = json_array();
	for (size_t i = 0; i < app->source_count; i++) {
		(void)json_array_append(sources, app->sources[i].spec);
	}
	(void)json_object_set_new(spec, "sources", sources);
	return spec;
}

json_t *app_to_json(const struct app *app)
{
	json_t *metadata = json_pack("{s:s}", "name", app->name);
	json_t *annotations = json_object();

	if (app->namespace[0] != '\0') {
		(void)json_object_set_new(metadata, "namespace", json_string(app->namespace));
	}
	if (app->generate_paths != NULL) {
		(void)json_object_set_new(annotations, ANNOTATION_PATHS,
					  json_string(app->generate_paths));
	}
	if (app->skip_reconcile) {
		(void)json_object_set_new(annotations, ANNOTATION_SKIP, json_string("true"));
	}
	(void)json_object_set_new(metadata, "annotations", annotations);
	return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "argoproj.io/v1alpha1", "kind",
			 "Application", "metadata", metadata, "spec", spec_to_json(app));
}

void app_free(struct app *app)
{
	if (app == NULL) {
		return;
	}
	for (size_t i = 0; i < app->source_count; i++) {
		release_source(&app->sources[i]);
	}
	free(app->sources);
	free(app->name);
	free(app->namespace);
	free(app->project);
	free(app->generate_paths);
	free(app->origin);
	free(app);
}

char *app_full_name(const struct app *app)
{
	if (app->namespace[0] == '\0') {
		return xstrdup(app->name);
	}
	return xasprintf("%s/%s", app->namespace, app->name);
}

void app_list_add_take(struct app_list *list, struct app *app)
{
	list->items = xgrow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = app;
}

void app_list_release(struct app_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		app_free(list->items[i]);
	}
	free(list->items);
	*list = (struct app_list){ .items = NULL };
}
