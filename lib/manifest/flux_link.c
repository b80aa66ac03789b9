/*
 * Flux: from an object to the repositories that it reads from.
 *
 * A Kustomization or HelmRelease names a source by kind, name and namespace
 * (its own unless it says so).  What that is made from (source-controller,
 * docs/spec/v1; source-watcher):
 *
 *   - GitRepository: its url at its ref, commit before name, semver, tag and
 *     branch, "master" if nothing is given
 *   - HelmChart, of a HelmRelease's spec.chartRef: as its own spec.chart.spec
 *   - ExternalArtifact: what its ArtifactGenerator copies; its revision is a
 *     digest of its content, so anything of that counts
 *   - OCIRepository, Bucket, HelmRepository: not from git; no push tells
 *
 * A GitRepository with spec.include holds other ones' files, too: then
 * anything in all of them counts.
 *
 * Manifests in git often leave the namespace to a kustomization: a reference
 * is then resolved by its name alone, and if that fits several, it reads from
 * each.  The GitRepository of "flux bootstrap" is often made by hand or by an
 * operator, and not among the manifests: one that is missing is taken for the
 * repository in which the object itself is kept, and, unless it has the name
 * that Flux gives to that one, for any other.
 *
 * Several objects of one name are those of several clusters whose names nobody
 * gave, or parts of one that a kustomization puts together: they are rung as
 * one, for the inputs of all.
 */
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"
#include "manifest/template.h"

/* The name of the GitRepository that a cluster is bootstrapped from. */
#define OWN_NAME "flux-system"

/* Includes of includes of includes. */
#define INCLUDE_DEPTH 8

/* What can be referred to. */
struct objects {
	struct app_list list;   // a view
	struct missing *missing;
	struct strvec *problems;
};

/* A reference that leads nowhere. */
struct missing {
	char *text;             // what is said of it
	size_t count;           // of those that refer to it
	const char *origin;     // of the first
	UT_hash_handle hh;
};

/* Who reads, and what of it. */
struct following {
	struct objects *objects;
	struct app *app;        // gets the sources
	const struct app *from; // whose reference it is: app or one of its name
	const char *walker;
	const char *path;
	json_t *options;        // or NULL
	size_t capacity;
};

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

/* --- options of the walkers (inputs/flux/flux.h) --- */

static void copy(json_t *to, const char *to_key, const json_t *from, const char *from_key)
{
	json_t *value = json_object_get(from, from_key);

	if (value != NULL) {
		(void)json_object_set(to, to_key, value);
	}
}

static json_t *kustomization_options(const json_t *spec)
{
	static const char *const edits[] = {
		"targetNamespace", "namePrefix", "nameSuffix", "patches", "patchesStrategicMerge",
		"patchesJson6902", "images",
	};
	bool edited = json_array_size(json_object_get(spec, "components")) > 0;
	json_t *options = json_object();

	copy(options, "components", spec, "components");
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		edited = edited || json_is_true(json_object_get(spec, edits[i]));
	}
	if (edited) {
		(void)json_object_set_new(options, "edited", json_true());
	}
	if (json_is_true(json_object_get(spec, "buildMetadata"))) {
		(void)json_object_set_new(options, "places", json_true());
	}
	return options;
}

/* valuesFile is the older name, of one file, which is merged with the others. */
static json_t *chart_options(const json_t *chart)
{
	json_t *options = json_object();

	if (strcmp(text_at(chart, "reconcileStrategy"), "Revision") == 0) {
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

/* --- sources --- */

static void drop_sources(struct app *app)
{
	for (size_t i = 0; i < app->source_count; i++) {
		app_release_source(&app->sources[i]);
	}
	free(app->sources);
	app->sources = NULL;
	app->source_count = 0;
}

/* Which files are read is a template's to say: any of them. */
static bool is_open(const struct following *r, const json_t *options)
{
	return app_is_template(r->path) || template_is_at(options, "values") ||
	       template_is_at(options, "components");
}

/* Add a source; repository is its normalised name, or NULL: what url says. */
static void add_source(struct following *r, const char *url, const char *revision, json_t *options,
		       const char *repository, const char *origin)
{
	struct error err = ERROR_INIT;
	struct app_source source = { .url = NULL };
	bool open = is_open(r, options);
	char *path = clean(open ? "" : r->path);
	json_t *spec = json_pack("{s:s, s:s, s:s, s:s, s:O}", "repoURL", url, "targetRevision",
				 revision, "path", path, "walker", open ? "plain" : r->walker,
				 "options", options);

	if (r->app->source_count >= LIMIT_SOURCES) {
		strvec_pushf(r->objects->problems, "%s: more than %d sources", origin,
			     LIMIT_SOURCES);
	} else if (app_read_made_source(&source, spec, "its GitRepository", &err) < 0) {
		strvec_pushf(r->objects->problems, "%s: %s", origin, err.text);
		app_release_source(&source);
	} else {
		if (repository != NULL) {
			free(source.repository);
			source.repository = xstrdup(repository);
		}
		r->app->sources = xgrow(r->app->sources, r->app->source_count, &r->capacity,
					sizeof(*r->app->sources));
		r->app->sources[r->app->source_count++] = source;
	}
	json_decref(spec);
	free(path);
}

static bool same_cluster(const struct app *a, const struct app *b)
{
	const char *one = a->id.cluster != NULL ? a->id.cluster : "";
	const char *other = b->id.cluster != NULL ? b->id.cluster : "";

	return strcmp(one, other) == 0;
}

/* May the reference from an object mean this one? */
static bool remote_of(const struct app *from, const json_t *reference, enum app_kind kind,
		      const struct app *object)
{
	const char *namespace = text_at(reference, "namespace");

	namespace = namespace[0] != '\0' ? namespace : from->id.namespace;
	return object->id.kind == kind && same_cluster(from, object) &&
	       strcmp(object->id.name, text_at(reference, "name")) == 0 &&
	       (namespace[0] == '\0' || object->id.namespace[0] == '\0' ||
		strcmp(namespace, object->id.namespace) == 0);
}

/* Say what is missing, once for all who refer to it. */
static void note_missing(struct following *r, const char *kind, const char *name,
			 const char *effect)
{
	char *text = xasprintf("%s '%s' is not among the manifests: %s", kind, name, effect);
	struct missing *m = NULL;

	HASH_FIND_STR(r->objects->missing, text, m);
	if (m != NULL) {
		m->count++;
		free(text);
		return;
	}
	m = xcalloc(1, sizeof(*m));
	*m = (struct missing){ .text = text, .count = 1, .origin = r->from->origin };
	HASH_ADD_KEYPTR(hh, r->objects->missing, m->text, strlen(m->text), m);
}

/* A GitRepository that is not there: what may it be? */
static void add_unknown(struct following *r, const char *name)
{
	const char *home = r->from->home_repository;
	bool own = home != NULL && strcmp(name, OWN_NAME) == 0;
	json_t *options = r->options != NULL ? json_incref(r->options) : json_object();

	if (home != NULL) {
		add_source(r, home, r->from->home_ref, options, home, r->from->origin);
	}
	if (!own) {
		add_source(r, "{{ any }}", "{{ any }}", options, NULL, r->from->origin);
	}
	json_decref(options);
	note_missing(r, "GitRepository", name,
		     own ? "taken for the repository that the manifests are in"
			 : "taken for any repository, at any ref; add its manifest");
}

static void follow(struct following *r, const struct app *from, const json_t *reference, int depth);

/* A GitRepository, and those that it includes. */
static void add_repository(struct following *r, const struct app *repository, int depth)
{
	const json_t *includes = json_object_get(repository->spec, "include");
	const struct following whole = *r;
	const json_t *include = NULL;
	size_t i = 0;
	char *revision = revision_of(repository->spec);
	json_t *options = r->options != NULL ? json_copy(r->options) : json_object();

	if (json_array_size(includes) > 0) {
		r->walker = "plain";
		r->path = "";
		json_object_clear(options);
	}
	if (strcmp(r->walker, "flux-kustomization") == 0) {
		copy(options, "ignore", repository->spec, "ignore");
		copy(options, "sparse", repository->spec, "sparseCheckout");
	}
	add_source(r, text_at(repository->spec, "url"), revision, options, NULL,
		   repository->origin);
	json_array_foreach(includes, i, include) {
		json_t *reference = json_pack("{s:s, s:s}", "kind", "GitRepository", "name",
					      text_at(json_object_get(include, "repository"),
						      "name"));

		r->path = text_at(include, "fromPath");
		follow(r, repository, reference, depth + 1);
		json_decref(reference);
	}
	r->walker = whole.walker;
	r->path = whole.path;
	json_decref(options);
	free(revision);
}

/* --- references --- */

static void read_chart(struct following *r, const json_t *chart)
{
	r->walker = "flux-helm";
	r->path = text_at(chart, "chart");
	json_decref(r->options);
	r->options = chart_options(chart);
}

/*
 * What is copied from "@alias/pattern" (doublestar): anything below the
 * directory in front of what is special in the pattern.
 */
static void follow_copy(struct following *r, const struct app *generator, const char *from,
			int depth)
{
	size_t name = from[0] == '@' ? strcspn(from + 1, "/") : 0;
	const json_t *source = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(generator->spec, "sources"), i, source) {
		const char *alias = text_at(source, "alias");

		if (name == 0 || strlen(alias) != name || strncmp(from + 1, alias, name) != 0) {
			continue;
		}
		const char *pattern = from + 1 + name;
		size_t len = strcspn(pattern, "*?[{\\");
		while (pattern[len] != '\0' && len > 0 && pattern[len - 1] != '/') {
			len--;
		}
		char *path = xstrndup(pattern, len);
		r->walker = "plain";
		r->path = path;
		follow(r, generator, source, depth + 1);
		r->path = "";
		free(path);
	}
}

static bool makes(const struct app *generator, const struct app *from, const json_t *reference)
{
	const char *namespace = text_at(reference, "namespace");

	namespace = namespace[0] != '\0' ? namespace : from->id.namespace;
	return generator->id.kind == APP_ARTIFACT_GENERATOR && same_cluster(from, generator) &&
	       (namespace[0] == '\0' || generator->id.namespace[0] == '\0' ||
		strcmp(namespace, generator->id.namespace) == 0);
}

/* What the generator of an artifact copies into it: Flux reacts to all of that. */
static void follow_artifact(struct following *r, const struct app *from, const json_t *reference,
			    int depth)
{
	const struct app_list *list = &r->objects->list;
	const char *name = text_at(reference, "name");
	bool found = false;

	json_decref(r->options);
	r->options = NULL;
	for (size_t i = 0; i < list->count; i++) {
		const json_t *artifact = NULL;
		size_t k = 0;

		if (!makes(list->items[i], from, reference)) {
			continue;
		}
		json_array_foreach(json_object_get(list->items[i]->spec, "artifacts"), k,
				   artifact) {
			const json_t *copied = NULL;
			size_t c = 0;

			if (strcmp(text_at(artifact, "name"), name) != 0) {
				continue;
			}
			found = true;
			json_array_foreach(json_object_get(artifact, "copy"), c, copied) {
				follow_copy(r, list->items[i], text_at(copied, "from"), depth);
			}
		}
	}
	if (!found) {
		note_missing(r, "the ArtifactGenerator of ExternalArtifact", name,
			     "what it is made from is not known, and no push rings for it");
	}
}

static void follow(struct following *r, const struct app *from, const json_t *reference, int depth)
{
	const struct app_list *list = &r->objects->list;
	const char *kind = text_at(reference, "kind");
	bool found = false;

	if (depth > INCLUDE_DEPTH) {
		return;
	}
	if (strcmp(kind, "ExternalArtifact") == 0) {
		follow_artifact(r, from, reference, depth);
		return;
	}
	bool chart = strcmp(kind, "HelmChart") == 0;
	if (!chart && strcmp(kind, "GitRepository") != 0) {
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct app *object = list->items[i];

		if (!remote_of(from, reference, chart ? APP_HELM_CHART : APP_GIT_REPOSITORY,
			       object)) {
			continue;
		}
		found = true;
		if (chart) {
			read_chart(r, object->spec);
			follow(r, object, json_object_get(object->spec, "sourceRef"), depth + 1);
		} else {
			add_repository(r, object, depth);
		}
	}
	if (!found && chart) {
		note_missing(r, kind, text_at(reference, "name"), "no push rings for it");
	} else if (!found) {
		add_unknown(r, text_at(reference, "name"));
	}
}

/* Add the sources of from, which is app or one of its name. */
static void link_app(struct objects *objects, struct app *app, const struct app *from)
{
	const json_t *chart = json_object_get(json_object_get(from->spec, "chart"), "spec");
	const json_t *chart_ref = json_object_get(from->spec, "chartRef");
	struct following r = {
		.objects = objects, .app = app, .from = from, .walker = "flux-kustomization",
		.path = text_at(from->spec, "path"), .capacity = app->source_count,
	};

	if (app->id.kind == APP_KUSTOMIZATION) {
		r.options = kustomization_options(from->spec);
		follow(&r, from, json_object_get(from->spec, "sourceRef"), 0);
	} else if (json_object_size(chart_ref) > 0) {
		follow(&r, from, chart_ref, 0);
	} else {
		read_chart(&r, chart);
		follow(&r, from, json_object_get(chart, "sourceRef"), 0);
	}
	json_decref(r.options);
	if (!app_sources_fit(app)) {
		drop_sources(app);
		strvec_pushf(objects->problems, "%s: %s '%s' is too large with its GitRepository",
			     app->origin, app_kind_name(app->id.kind), app->id.name);
	}
}

/* --- all of a list --- */

/* The first of a name. */
struct namesake {
	char *name;
	struct app *app;
	UT_hash_handle hh;
};

/* Does it name a source at all, or is it a part of another? */
static bool is_whole(const struct app *app)
{
	const json_t *chart = json_object_get(json_object_get(app->spec, "chart"), "spec");

	return json_object_size(json_object_get(app->spec, "sourceRef")) > 0 ||
	       json_object_size(json_object_get(app->spec, "chartRef")) > 0 ||
	       json_object_size(json_object_get(chart, "sourceRef")) > 0;
}

static void link_named(struct objects *objects, struct namesake **names, struct app *app)
{
	char *name = app_full_name(app);
	struct namesake *n = NULL;

	drop_sources(app);
	app->folded = false;
	HASH_FIND_STR(*names, name, n);
	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		*n = (struct namesake){ .name = name, .app = app };
		HASH_ADD_KEYPTR(hh, *names, n->name, strlen(n->name), n);
		link_app(objects, app, app);
		return;
	}
	app->folded = true;
	n->app->skip_reconcile = n->app->skip_reconcile && app->skip_reconcile;
	if (is_whole(app) && is_whole(n->app) && !app->patch) {
		strvec_pushf(objects->problems, "%s: '%s' was read from %s already: a change of "
			     "either's inputs rings it; give their places a cluster to tell them "
			     "apart", app->origin, name, n->app->origin);
	}
	link_app(objects, n->app, app);
	free(name);
}

static void say_missing(struct objects *objects)
{
	struct missing *m;
	struct missing *next;

	HASH_ITER(hh, objects->missing, m, next) {
		strvec_pushf(objects->problems, "%s: %s (%zu refer%s to it)", m->origin, m->text,
			     m->count, m->count == 1 ? "s" : "");
		HASH_DEL(objects->missing, m);
		free(m->text);
		free(m);
	}
}

void app_link(const struct app_list *list, struct strvec *problems)
{
	struct objects objects = { .problems = problems };
	struct namesake *names = NULL;
	struct namesake *n;
	struct namesake *next;

	for (size_t i = 0; i < list->count; i++) {
		if (!app_kind_is_rung(list->items[i]->id.kind) && list->items[i]->spec != NULL) {
			app_list_add_take(&objects.list, list->items[i]);
		}
	}
	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];

		/* What came through a frame without its spec was linked before. */
		if ((app->id.kind == APP_KUSTOMIZATION || app->id.kind == APP_HELM_RELEASE) &&
		    app->spec != NULL) {
			link_named(&objects, &names, app);
		}
	}
	say_missing(&objects);
	HASH_ITER(hh, names, n, next) {
		HASH_DEL(names, n);
		free(n->name);
		free(n);
	}
	free(objects.list.items); /* the objects are the list's */
}
