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
#include "manifest/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/kubernetes_name.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

#define ANNOTATION_PATHS "argocd.argoproj.io/manifest-generate-paths"
#define ANNOTATION_SKIP "argocd.argoproj.io/skip-reconcile"
#define ANNOTATION_MAX_BYTES 65536

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
	app_allot_sources(app, 2);
	r = app_read_source(&app->sources[0], dry, "spec.sourceHydrator.drySource", err);
	if (r < 0) {
		return r;
	}
	spec = sync_source_spec(dry, sync);
	r = app_read_source(&app->sources[1], spec, "spec.sourceHydrator.syncSource", err);
	app->sources[1].annotation_applies = false;
	json_decref(spec);
	return r;
}

/*
 * What app_to_json() says of remote references, which no manifest has: sources
 * that were made (app_read_made_source()), though Argo CD's detection may be left
 * to decide.
 */
static int read_remote(struct app *app, const json_t *list, struct error *err)
{
	size_t count = json_array_size(list);

	if (count == 0) {
		return 0;
	}
	if (app->source_count + count > LIMIT_SOURCES) {
		return error_set(err, -1, "linked has %zu entries, over %d in all", count,
				 LIMIT_SOURCES);
	}
	app->sources = xreallocarray(app->sources, app->source_count + count,
				     sizeof(*app->sources));
	for (size_t i = 0; i < count; i++) {
		struct app_source *source = &app->sources[app->source_count++];

		memset(source, 0, sizeof(*source));
		if (app_read_made_source(source, json_array_get(list, i), "linked", err) < 0) {
			return -1;
		}
		source->remote = true;
		if (source->walker[0] == '\0') {
			free(source->walker);
			source->walker = NULL;
		}
	}
	return app_sources_fit(app) ? 0 : error_set(err, -1, "linked is too large");
}

static int read_source_list(struct app *app, const json_t *list, struct error *err)
{
	size_t count = json_array_size(list);

	if (count > LIMIT_SOURCES) {
		return error_set(err, -1, "spec.sources has %zu entries, over %d", count,
				 LIMIT_SOURCES);
	}
	app_allot_sources(app, count);
	for (size_t i = 0; i < count; i++) {
		char where[64];

		(void)snprintf(where, sizeof(where), "spec.sources[%zu]", i);
		json_t *spec = json_array_get(list, i);
		int r = app->id.kind == APP_APPLICATION
				? app_read_source(&app->sources[i], spec, where, err)
				: app_read_made_source(&app->sources[i], spec, where, err);
		if (r < 0) {
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
	int r = app_get_object(spec, "spec", "sourceHydrator", &hydrator, err);

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
		return error_set(err, -1, APP_NO_SOURCE);
	}
	app_allot_sources(app, 1);
	return app_read_source(&app->sources[0], single, "spec.source", err);
}

/* "": the object stands in the namespace of whoever reads it. */
static bool is_namespace(const char *text)
{
	return text[0] == '\0' || kubernetes_name_is_namespace(text, strlen(text));
}

static int read_annotations(struct app *app, const json_t *metadata, struct error *err)
{
	const json_t *annotations = NULL;
	int r = app_get_object(metadata, "metadata", "annotations", &annotations, err);

	if (r <= 0) {
		return r;
	}
	app->generate_paths = app_take_text(annotations, "metadata.annotations", ANNOTATION_PATHS,
					ANNOTATION_MAX_BYTES, err);
	if (app->generate_paths == NULL) {
		return -1;
	}
	if (app->generate_paths[0] == '\0' || app_is_template(app->generate_paths)) {
		free(app->generate_paths);
		app->generate_paths = NULL;
	}
	app->skip_reconcile = app_get_bool(annotations, ANNOTATION_SKIP) == 1;
	return 0;
}

static int read_metadata(struct app *app, const json_t *object, struct error *err)
{
	const json_t *metadata = NULL;
	int r = app_get_object(object, "the document", "metadata", &metadata, err);

	if (r < 0) {
		return r;
	}
	app->id.name = app_take_text(metadata, "metadata", "name", APP_NAME_BYTES, err);
	app->id.namespace = app_take_text(metadata, "metadata", "namespace", APP_NAME_BYTES, err);
	if (app->id.name == NULL || app->id.namespace == NULL) {
		return -1;
	}
	if (app->id.name[0] == '\0') {
		return error_set(err, -1, "metadata.name is missing");
	}
	bool good_name = kubernetes_name_is_object(app->id.name, strlen(app->id.name));
	if (!good_name || !is_namespace(app->id.namespace)) {
		return error_set(err, -1, "metadata.name or namespace is not a Kubernetes name: "
				 "\"%s\"", good_name ? app->id.namespace : app->id.name);
	}
	return read_annotations(app, metadata, err);
}

/* spec.syncPolicy.automated: there, and not switched off by "enabled: false". */
static int read_sync_policy(struct app *app, const json_t *spec, struct error *err)
{
	const json_t *policy = NULL;
	const json_t *automated = NULL;
	int r = app_get_object(spec, "spec", "syncPolicy", &policy, err);

	if (r <= 0) {
		return r;
	}
	r = app_get_object(policy, "spec.syncPolicy", "automated", &automated, err);
	if (r <= 0) {
		return r;
	}
	r = app_get_bool(automated, "enabled");
	if (r == -1) {
		return error_set(err, -1, "spec.syncPolicy.automated.enabled is not a boolean");
	}
	app->automated = r != 0;
	return 0;
}

static int read_application(struct app *app, const json_t *spec, struct error *err)
{
	app->project = app_take_text(spec, "spec", "project", APP_NAME_BYTES, err);
	if (app->project == NULL) {
		return -1;
	}
	if (app->project[0] == '\0') {
		free(app->project);
		app->project = xstrdup("default");
	}
	int r = read_sync_policy(app, spec, err);
	return r < 0 ? r : read_sources(app, spec, err);
}

/*
 * What Argo CD took a source for, where the manifest is as the cluster has it: a
 * plugin may claim sources that say nothing of one (discovery).  It is written
 * down as if they did.
 */
static void read_type(struct app_source *source, const json_t *type)
{
	const char *text = json_string_value(type);

	if (text == NULL || strcmp(text, "Plugin") != 0 || source->walker != NULL ||
	    json_is_object(json_object_get(source->spec, "plugin"))) {
		return;
	}
	json_t *spec = json_copy(source->spec);
	(void)json_object_set_new(spec, "plugin", json_pack("{s:b}", "discovered", 1));
	json_decref(source->spec);
	source->spec = spec;
}

/* Of a hydrator it is the type of what it wrote, which no plugin makes. */
static void read_types(struct app *app, const json_t *status)
{
	const json_t *types = json_object_get(status, "sourceTypes");

	for (size_t i = 0; i < json_array_size(types) && i < app->source_count; i++) {
		read_type(&app->sources[i], json_array_get(types, i));
	}
	if (json_array_size(types) == 0 && app->source_count == 1) {
		read_type(&app->sources[0], json_object_get(status, "sourceType"));
	}
}

/* How each kind is understood; the group of its API is followed by a version. */
static const struct kind_row {
	const char *group;
	int (*read)(struct app *app, const json_t *spec, struct error *err);
} kinds[] = {
	[APP_APPLICATION] = { "argoproj.io/", read_application },
	[APP_APPLICATION_SET] = { "argoproj.io/", appset_read },
	[APP_KUSTOMIZATION] = { "kustomize.toolkit.fluxcd.io/", flux_read_kustomization },
	[APP_HELM_RELEASE] = { "helm.toolkit.fluxcd.io/", flux_read_helm_release },
	[APP_GIT_REPOSITORY] = { "source.toolkit.fluxcd.io/", flux_read_git_repository },
	[APP_HELM_CHART] = { "source.toolkit.fluxcd.io/", flux_read_helm_chart },
	[APP_ARTIFACT_GENERATOR] = { "source.extensions.fluxcd.io/",
				     flux_read_artifact_generator },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool app_kind_is_rung(enum app_kind kind)
{
	return kind <= APP_HELM_RELEASE;
}

static int read_spec(struct app *app, const json_t *object, struct error *err)
{
	const json_t *made = json_object_get(object, "sources");
	const json_t *spec = NULL;
	int r = app_get_object(object, "the document", "spec", &spec, err);

	if (r < 0) {
		return r;
	}
	if (app->id.kind == APP_APPLICATION || !json_is_array(made)) {
		made = NULL;
	}
	if (r == 0 && made == NULL) {
		return error_set(err, -1, APP_NO_SPEC);
	}
	if (!app_fits(spec) || !app_fits(made)) {
		return error_set(err, -1, "spec is larger than %d bytes or deeper than %d",
				 LIMIT_APPLICATION_BYTES, LIMIT_YAML_DEPTH);
	}
	bool wanted = spec != NULL && (made == NULL || app->id.kind != APP_APPLICATION_SET);
	r = wanted ? kinds[app->id.kind].read(app, spec, err) : 0;
	app->project = app->project != NULL ? app->project : xstrdup("");
	return r == 0 && made != NULL ? read_source_list(app, made, err) : r;
}

const char *app_kind_group(enum app_kind kind)
{
	return kinds[kind].group;
}

/* The kind of an object, or KINDS. */
static size_t kind_of(const json_t *object)
{
	const char *version = json_string_value(json_object_get(object, "apiVersion"));
	const char *kind = json_string_value(json_object_get(object, "kind"));
	size_t k = 0;

	while (k < KINDS && (version == NULL || kind == NULL ||
			     strcmp(kind, app_kind_name((enum app_kind)k)) != 0 ||
			     strncmp(version, kinds[k].group, strlen(kinds[k].group)) != 0)) {
		k++;
	}
	return k;
}

bool app_kind_find(const json_t *object, enum app_kind *ret_kind)
{
	size_t kind = kind_of(object);

	*ret_kind = kind < KINDS ? (enum app_kind)kind : *ret_kind;
	return kind < KINDS;
}

void app_set_cluster(struct app *app, const char *cluster)
{
	free(app->id.cluster);
	bool good = cluster != NULL && kubernetes_name_is_cluster(cluster, strlen(cluster));
	app->id.cluster = good ? xstrdup(cluster) : NULL;
}

enum app_result app_from_json(const json_t *object, const char *origin, struct app **ret_app,
			      struct error *err)
{
	enum app_result result = APP_MALFORMED;
	size_t kind = kind_of(object);
	struct app *app = NULL;

	if (kind == KINDS) {
		(void)error_set(err, APP_OTHER_KIND, "not an Application of argoproj.io");
		return APP_OTHER_KIND;
	}
	app = xcalloc(1, sizeof(*app));
	app->id.kind = (enum app_kind)kind;
	app->origin = xstrdup(origin);
	app->patch = json_is_true(json_object_get(object, "patch"));
	app_set_cluster(app, json_string_value(json_object_get(object, "cluster")));
	if (read_metadata(app, object, err) < 0 || read_spec(app, object, err) < 0) {
		goto out;
	}
	if (app->id.kind == APP_APPLICATION) {
		read_types(app, json_object_get(object, "status"));
	}
	if (read_remote(app, json_object_get(object, "linked"), err) < 0) {
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
	return app->source_count >= 2 && !app->sources[1].annotation_applies &&
	       !app->sources[1].remote;
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

/* Its own sources, or its remote references. */
static json_t *sources_to_json(const struct app *app, bool remote)
{
	json_t *sources = json_array();

	for (size_t i = 0; i < app->source_count; i++) {
		if (app->sources[i].remote == remote) {
			(void)json_array_append(sources, app->sources[i].spec);
		}
	}
	return sources;
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
	(void)json_object_set_new(spec, "sources", sources_to_json(app, false));
	return spec;
}

json_t *app_to_json(const struct app *app)
{
	json_t *metadata = json_pack("{s:s}", "name", app->id.name);
	json_t *annotations = json_object();

	if (app->id.namespace[0] != '\0') {
		(void)json_object_set_new(metadata, "namespace", json_string(app->id.namespace));
	}
	if (app->generate_paths != NULL) {
		(void)json_object_set_new(annotations, ANNOTATION_PATHS,
					  json_string(app->generate_paths));
	}
	if (app->skip_reconcile) {
		(void)json_object_set_new(annotations, ANNOTATION_SKIP, json_string("true"));
	}
	(void)json_object_set_new(metadata, "annotations", annotations);
	char *version = xasprintf("%sv1", kinds[app->id.kind].group);
	json_t *object = json_pack("{s:s, s:s, s:o}", "apiVersion", version, "kind",
				   app_kind_name(app->id.kind), "metadata", metadata);
	free(version);
	if (app->id.cluster != NULL) {
		(void)json_object_set_new(object, "cluster", json_string(app->id.cluster));
	}
	if (app->patch) {
		(void)json_object_set_new(object, "patch", json_true());
	}
	if (app->source_count > 0 && app->sources[app->source_count - 1].remote) {
		(void)json_object_set_new(object, "linked", sources_to_json(app, true));
	}
	if (app->id.kind == APP_APPLICATION) {
		(void)json_object_set_new(object, "spec", spec_to_json(app));
		return object;
	}
	if (app->spec != NULL) {
		(void)json_object_set(object, "spec", app->spec);
	}
	if (app->spec == NULL || app->source_count > 0) {
		(void)json_object_set_new(object, "sources", sources_to_json(app, false));
	}
	return object;
}

/* Own sources stand in front. */
static size_t own_sources(const struct app *app)
{
	size_t count = app->source_count;

	while (count > 0 && app->sources[count - 1].remote) {
		count--;
	}
	return count;
}

bool app_is_same(const struct app *a, const struct app *b)
{
	const char *paths = a->generate_paths != NULL ? a->generate_paths : "";
	size_t count = own_sources(a);
	bool same = count == own_sources(b) && a->automated == b->automated &&
		    a->skip_reconcile == b->skip_reconcile &&
		    strcmp(a->project, b->project) == 0 &&
		    strcmp(paths, b->generate_paths != NULL ? b->generate_paths : "") == 0;

	for (size_t i = 0; i < count && same; i++) {
		same = a->sources[i].annotation_applies == b->sources[i].annotation_applies &&
		       json_equal(a->sources[i].spec, b->sources[i].spec);
	}
	return same;
}

void app_free(struct app *app)
{
	if (app == NULL) {
		return;
	}
	if (app->packed) {
		free(app);
		return;
	}
	for (size_t i = 0; i < app->source_count; i++) {
		app_release_source(&app->sources[i]);
	}
	free(app->sources);
	json_decref(app->spec);
	free(app->id.name);
	free(app->id.namespace);
	free(app->project);
	free(app->generate_paths);
	free(app->origin);
	free(app->id.cluster);
	free(app);
}

char *app_full_name(const struct app *app)
{
	return app_id_format(&app->id);
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
