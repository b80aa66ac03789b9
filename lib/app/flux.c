/*
 * Flux: what a Kustomization or HelmRelease reads from git.
 *
 * Such an object names a source by kind, name and namespace (its own unless it
 * says so); if that is a GitRepository, it reads from its url at its ref:
 * commit before name, semver, tag and branch, and "master" if nothing is given
 * (source-controller, docs/spec/v1/gitrepositories.md).  The two often stand in
 * different files, so manifests are read one by one and then linked.
 *
 * What is kept of a spec is cut down to the fields that are needed, in their
 * own places, so that what is kept can be read again.  Manifests in git often
 * leave the namespace to a kustomization: a reference is then resolved by its
 * name alone, and if that fits several, it reads from each.
 *
 * Ways to fail: a field of the wrong type.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_impl.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* A field to keep; rows of one level end with NULL. */
struct field {
	const char *name;
	enum {
		TEXT,
		TEXTS,
		FLAG, // true, or "true"
		SAID  // kept as true if it is there and not empty
	} type;
};

static const struct field reference_fields[] = {
	{ "kind", TEXT }, { "name", TEXT }, { "namespace", TEXT }, { NULL, TEXT },
};

static const struct field kustomization_fields[] = {
	{ "path", TEXT }, { "components", TEXTS }, { "buildMetadata", SAID },
	{ "targetNamespace", SAID }, { "namePrefix", SAID }, { "nameSuffix", SAID },
	{ "patches", SAID }, { "patchesStrategicMerge", SAID }, { "patchesJson6902", SAID },
	{ "images", SAID }, { NULL, TEXT },
};

static const struct field chart_fields[] = {
	{ "chart", TEXT }, { "reconcileStrategy", TEXT }, { "valuesFile", TEXT },
	{ "valuesFiles", TEXTS }, { "ignoreMissingValuesFiles", FLAG }, { NULL, TEXT },
};

static const struct field repository_fields[] = {
	{ "url", TEXT }, { "ignore", TEXT }, { "sparseCheckout", TEXTS }, { NULL, TEXT },
};

static const struct field ref_fields[] = {
	{ "branch", TEXT }, { "tag", TEXT }, { "semver", TEXT }, { "name", TEXT },
	{ "commit", TEXT }, { NULL, TEXT },
};

/* --- reading --- */

static int keep_texts(json_t *kept, const json_t *list, const char *where, const char *name,
		      struct error *err)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list)) {
		return error_set(err, -1, "%s.%s is not a list", where, name);
	}
	json_array_foreach(list, i, item) {
		if (!json_is_string(item) || json_string_length(item) > LIMIT_PATH_BYTES) {
			return error_set(err, -1, "%s.%s[%zu] is no path", where, name, i);
		}
	}
	return json_object_set(kept, name, (json_t *)(uintptr_t)list);
}

static bool says_something(const json_t *value)
{
	return !((json_is_string(value) && json_string_length(value) == 0) ||
		 (json_is_array(value) && json_array_size(value) == 0));
}

/* Copy the fields of object, if it is one, to kept. 0, or -1 with err. */
static int keep(json_t *kept, const json_t *object, const char *where, const struct field *fields,
		struct error *err)
{
	for (; fields->name != NULL; fields++) {
		const json_t *value = json_object_get(object, fields->name);

		if (value == NULL || json_is_null(value)) {
			continue;
		}
		if (fields->type == TEXTS) {
			if (keep_texts(kept, value, where, fields->name, err) < 0) {
				return -1;
			}
			continue;
		}
		if (fields->type == FLAG || fields->type == SAID) {
			bool yes = fields->type == SAID ? says_something(value)
							: app_get_bool(object, fields->name) == 1;

			(void)json_object_set_new(kept, fields->name, json_boolean(yes));
			continue;
		}
		char *text = app_take_text(object, where, fields->name, LIMIT_YAML_BYTES, err);
		if (text == NULL) {
			return -1;
		}
		(void)json_object_set_new(kept, fields->name, json_string(text));
		free(text);
	}
	return 0;
}

/* The same for the object at key. */
static int keep_object(json_t *kept, const json_t *object, const char *where, const char *key,
		       const struct field *fields, struct error *err)
{
	const json_t *value = NULL;
	int r = app_get_object(object, where, key, &value, err);

	if (r <= 0) {
		return r;
	}
	json_t *inner = json_object();
	(void)json_object_set_new(kept, key, inner);
	return keep(inner, value, key, fields, err);
}

static void read_suspend(struct app *app, const json_t *spec)
{
	app->skip_reconcile = app->skip_reconcile || app_get_bool(spec, "suspend") == 1;
}

int flux_read_kustomization(struct app *app, const json_t *spec, struct error *err)
{
	app->spec = json_object();
	read_suspend(app, spec);
	int r = keep(app->spec, spec, "spec", kustomization_fields, err);
	return r < 0 ? r : keep_object(app->spec, spec, "spec", "sourceRef", reference_fields, err);
}

int flux_read_helm_release(struct app *app, const json_t *spec, struct error *err)
{
	const json_t *chart = NULL;
	const json_t *from = NULL;

	app->spec = json_object();
	read_suspend(app, spec);
	if (app_get_object(spec, "spec", "chart", &chart, err) < 0 ||
	    (chart != NULL && app_get_object(chart, "spec.chart", "spec", &from, err) < 0)) {
		return -1;
	}
	json_t *kept = json_object();
	(void)json_object_set_new(app->spec, "chart", json_pack("{s:o}", "spec", kept));
	int r = keep(kept, from, "spec.chart.spec", chart_fields, err);
	return r < 0 ? r : keep_object(kept, from, "spec.chart.spec", "sourceRef",
				       reference_fields, err);
}

int flux_read_git_repository(struct app *app, const json_t *spec, struct error *err)
{
	app->spec = json_object();
	int r = keep(app->spec, spec, "spec", repository_fields, err);
	return r < 0 ? r : keep_object(app->spec, spec, "spec", "ref", ref_fields, err);
}

/* --- linking --- */

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* The targetRevision of a GitRepository, as a new string. */
static char *revision_of(const json_t *repository)
{
	static const struct {
		const char *field, *prefix;
	} rows[] = {
		{ "commit", "" }, { "name", "" }, { "semver", "" }, { "tag", "refs/tags/" },
		{ "branch", "refs/heads/" },
	};
	const json_t *ref = json_object_get(repository, "ref");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = text_at(ref, rows[i].field);

		if (text[0] != '\0') {
			return xasprintf("%s%s", rows[i].prefix, text);
		}
	}
	return xstrdup("refs/heads/master");
}

/* A path below the root of the source, where ".." stops (securejoin). */
static char *clean(const char *path)
{
	char *out = xmalloc(strlen(path) + 1);
	size_t len = 0;

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && out[--len] != '/') {
				;
			}
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			out[len] = '/';
			len += len > 0;
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	out[len] = '\0';
	return out;
}

static void copy(json_t *to, const char *to_key, const json_t *from, const char *from_key)
{
	json_t *value = json_object_get(from, from_key);

	if (value != NULL) {
		(void)json_object_set(to, to_key, value);
	}
}

/* Does the Kustomization add to the kustomization of its path? */
static bool is_edited(const json_t *spec)
{
	for (const struct field *field = kustomization_fields; field->name != NULL; field++) {
		if (field->type == SAID && json_is_true(json_object_get(spec, field->name))) {
			return true;
		}
	}
	return json_array_size(json_object_get(spec, "components")) > 0;
}

static json_t *kustomization_options(const json_t *spec, const json_t *repository)
{
	json_t *options = json_object();

	copy(options, "components", spec, "components");
	copy(options, "ignore", repository, "ignore");
	copy(options, "sparse", repository, "sparseCheckout");
	if (is_edited(spec)) {
		(void)json_object_set_new(options, "edited", json_true());
	}
	if (json_is_true(json_object_get(spec, "buildMetadata"))) {
		(void)json_object_set_new(options, "places", json_true());
	}
	return options;
}

/* valuesFile is the older name, of one file, which is merged after the others. */
static json_t *chart_options(const json_t *chart)
{
	bool revision = strcmp(text_at(chart, "reconcileStrategy"), "Revision") == 0;
	json_t *options = json_object();

	if (revision) {
		(void)json_object_set_new(options, "revision", json_true());
		return options;
	}
	json_t *values = json_array();
	(void)json_array_extend(values, json_object_get(chart, "valuesFiles"));
	if (text_at(chart, "valuesFile")[0] != '\0') {
		(void)json_array_append(values, json_object_get(chart, "valuesFile"));
	}
	if (json_array_size(values) > 0) {
		(void)json_object_set(options, "values", values);
	}
	json_decref(values);
	if (json_is_true(json_object_get(chart, "ignoreMissingValuesFiles"))) {
		(void)json_object_set_new(options, "lenient", json_true());
	}
	return options;
}

/* The source object of an application that reads from a GitRepository. */
static json_t *source_spec(const struct app *app, const json_t *repository)
{
	bool helm = app->kind == APP_HELM_RELEASE;
	const json_t *chart = json_object_get(json_object_get(app->spec, "chart"), "spec");
	const json_t *from = helm ? chart : app->spec;
	char *path = clean(text_at(from, helm ? "chart" : "path"));
	char *revision = revision_of(repository);
	json_t *options = helm ? chart_options(chart)
			       : kustomization_options(app->spec, repository);
	json_t *spec = json_pack("{s:s, s:s, s:s, s:s, s:o}", "repoURL", text_at(repository, "url"),
				 "targetRevision", revision, "path", path, "walker",
				 helm ? "flux-helm" : "flux-kustomization", "options", options);
	free(path);
	free(revision);
	return spec;
}

/* May the reference of app mean this object? */
static bool refers_to(const struct app *app, const json_t *reference, const struct app *object)
{
	const char *namespace = text_at(reference, "namespace");

	namespace = namespace[0] != '\0' ? namespace : app->namespace;
	return object->kind == APP_GIT_REPOSITORY &&
	       strcmp(object->name, text_at(reference, "name")) == 0 &&
	       (namespace[0] == '\0' || object->namespace[0] == '\0' ||
		strcmp(namespace, object->namespace) == 0);
}

static void drop_sources(struct app *app)
{
	for (size_t i = 0; i < app->source_count; i++) {
		app_release_source(&app->sources[i]);
	}
	free(app->sources);
	app->sources = NULL;
	app->source_count = 0;
}

static void add_source(struct app *app, const struct app *repository, size_t *capacity,
		       struct strvec *problems)
{
	struct error err = ERROR_INIT;
	struct app_source source = { .url = NULL };
	json_t *spec = source_spec(app, repository->spec);

	if (app_read_made_source(&source, spec, "its GitRepository", &err) < 0) {
		strvec_pushf(problems, "%s: %s", repository->origin, err.text);
		app_release_source(&source);
	} else {
		app->sources = xgrow(app->sources, app->source_count, capacity,
				     sizeof(*app->sources));
		app->sources[app->source_count++] = source;
	}
	json_decref(spec);
}

static void link_app(struct app *app, const struct app_list *repositories, struct strvec *problems)
{
	const json_t *chart = json_object_get(json_object_get(app->spec, "chart"), "spec");
	const json_t *reference = json_object_get(app->kind == APP_HELM_RELEASE ? chart : app->spec,
						  "sourceRef");
	size_t capacity = 0;
	bool found = false;

	drop_sources(app);
	if (strcmp(text_at(reference, "kind"), "GitRepository") != 0) {
		return;
	}
	for (size_t i = 0; i < repositories->count && app->source_count < LIMIT_SOURCES; i++) {
		if (refers_to(app, reference, repositories->items[i])) {
			found = true;
			add_source(app, repositories->items[i], &capacity, problems);
		}
	}
	if (!app_sources_fit(app)) {
		drop_sources(app);
		strvec_pushf(problems, "%s: %s '%s' is too large with its GitRepository",
			     app->origin, app_kind_name(app->kind), app->name);
	}
	if (!found) {
		strvec_pushf(problems, "%s: %s '%s': GitRepository '%s' is not among the manifests",
			     app->origin, app_kind_name(app->kind), app->name,
			     text_at(reference, "name"));
	}
}

void app_link(const struct app_list *list, struct strvec *problems)
{
	struct app_list repositories = { .items = NULL };

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i]->kind == APP_GIT_REPOSITORY) {
			app_list_add_take(&repositories, list->items[i]);
		}
	}
	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];

		/* What came through a frame without its spec was linked before. */
		if ((app->kind == APP_KUSTOMIZATION || app->kind == APP_HELM_RELEASE) &&
		    app->spec != NULL) {
			link_app(app, &repositories, problems);
		}
	}
	free(repositories.items); /* the objects are the list's */
}
