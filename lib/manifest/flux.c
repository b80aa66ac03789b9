/*
 * Flux: the fields of its objects that say what is read from git.
 *
 * An object and the GitRepository that it names often stand in different
 * files, so manifests are read one by one, here, and then linked
 * (flux_link.c).  What is kept of a spec is cut down to the fields that are
 * needed, in their own places, so that what is kept can be read again.
 *
 * Ways to fail: a field of the wrong type.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

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

static const struct field build_fields[] = {
	{ "substituteFrom", SAID }, { NULL, TEXT },
};

static const struct field name_fields[] = {
	{ "name", TEXT }, { NULL, TEXT },
};

static const struct field from_fields[] = {
	{ "from", TEXT }, { NULL, TEXT },
};

static const struct field alias_fields[] = {
	{ "alias", TEXT }, { "kind", TEXT }, { "name", TEXT }, { "namespace", TEXT },
	{ NULL, TEXT },
};

static const struct field include_fields[] = {
	{ "fromPath", TEXT }, { NULL, TEXT },
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

/* What it puts into what it applies: the values that are written down here. */
static int keep_post_build(json_t *kept, const json_t *spec, struct error *err)
{
	const json_t *build = json_object_get(spec, "postBuild");
	json_t *values = json_object_get(build, "substitute");
	const char *name = NULL;
	json_t *value = NULL;

	if (!json_is_object(build)) {
		return 0;
	}
	json_t *texts = json_object();
	json_object_foreach(values, name, value) {
		if (json_is_string(value)) {
			(void)json_object_set(texts, name, value);
		}
	}
	int r = keep_object(kept, spec, "spec", "postBuild", build_fields, err);
	(void)json_object_set_new(json_object_get(kept, "postBuild"), "substitute", texts);
	return r;
}

int flux_read_kustomization(struct app *app, const json_t *spec, struct error *err)
{
	app->spec = json_object();
	read_suspend(app, spec);
	int r = keep(app->spec, spec, "spec", kustomization_fields, err);
	r = r < 0 ? r : keep_post_build(app->spec, spec, err);
	return r < 0 ? r : keep_object(app->spec, spec, "spec", "sourceRef", reference_fields, err);
}

int flux_read_helm_release(struct app *app, const json_t *spec, struct error *err)
{
	const json_t *chart = NULL;
	const json_t *from = NULL;

	app->spec = json_object();
	read_suspend(app, spec);
	if (app_get_object(spec, "spec", "chart", &chart, err) < 0 ||
	    (chart != NULL && app_get_object(chart, "spec.chart", "spec", &from, err) < 0) ||
	    keep_object(app->spec, spec, "spec", "chartRef", reference_fields, err) < 0) {
		return -1;
	}
	json_t *kept = json_object();
	(void)json_object_set_new(app->spec, "chart", json_pack("{s:o}", "spec", kept));
	int r = keep(kept, from, "spec.chart.spec", chart_fields, err);
	return r < 0 ? r : keep_object(kept, from, "spec.chart.spec", "sourceRef",
				       reference_fields, err);
}

int flux_read_helm_chart(struct app *app, const json_t *spec, struct error *err)
{
	app->spec = json_object();
	int r = keep(app->spec, spec, "spec", chart_fields, err);
	return r < 0 ? r : keep_object(app->spec, spec, "spec", "sourceRef", reference_fields, err);
}

/* spec[key], a list of objects with a reference each, at at or, with NULL, as they are. */
static int keep_references(json_t *kept, const json_t *spec, const char *key, const char *at,
			   const struct field *fields, struct error *err)
{
	const json_t *list = json_object_get(spec, key);
	json_t *references = json_array();
	const json_t *item = NULL;
	size_t i = 0;
	int r = 0;

	(void)json_object_set_new(kept, key, references);
	json_array_foreach(list, i, item) {
		json_t *one = json_object();

		(void)json_array_append_new(references, one);
		r = keep(one, item, key, fields, err);
		if (r == 0 && at != NULL) {
			r = keep_object(one, item, key, at, reference_fields, err);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int flux_read_git_repository(struct app *app, const json_t *spec, struct error *err)
{
	app->spec = json_object();
	int r = keep(app->spec, spec, "spec", repository_fields, err);
	r = r < 0 ? r : keep_references(app->spec, spec, "include", "repository", include_fields,
					err);
	return r < 0 ? r : keep_object(app->spec, spec, "spec", "ref", ref_fields, err);
}

/* Artifacts: the name of each, and where what it copies is from. */
static int keep_artifacts(json_t *kept, const json_t *spec, struct error *err)
{
	json_t *artifacts = json_array();
	const json_t *item = NULL;
	size_t i = 0;

	(void)json_object_set_new(kept, "artifacts", artifacts);
	json_array_foreach(json_object_get(spec, "artifacts"), i, item) {
		json_t *one = json_object();

		(void)json_array_append_new(artifacts, one);
		if (keep(one, item, "artifacts", name_fields, err) < 0 ||
		    keep_references(one, item, "copy", NULL, from_fields, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int flux_read_artifact_generator(struct app *app, const json_t *spec, struct error *err)
{
	app->spec = json_object();
	int r = keep_references(app->spec, spec, "sources", NULL, alias_fields, err);
	return r < 0 ? r : keep_artifacts(app->spec, spec, err);
}
