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
 * each that may be in its cluster (flux_choice.h).  The GitRepository of "flux
 * bootstrap" is often made by hand or by an operator, and not among the
 * manifests: one that is missing is taken for the repository in which the
 * object itself is kept, and, unless it has the name that Flux gives to that
 * one, for any other.
 *
 * Several objects of one name are those of several clusters whose names nobody
 * gave, or parts of one that a kustomization puts together: they are rung as
 * one, for the inputs of all.
 */
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/giturl.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"
#include "manifest/flux_choice.h"
#include "manifest/flux_expand.h"
#include "manifest/flux_tree.h"

/* Includes of includes of includes. */
#define INCLUDE_DEPTH 8

/* What can be referred to. */
struct objects {
	struct app_list list;   // a view
	struct flux_trees *trees;
	const struct flux_expanded *expanded;
	struct missing *missing;
	struct strvec *problems;
};

/* A reference that leads nowhere, or perhaps foreign. */
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
	const char *why;        // it is in doubt, or NULL
	size_t capacity;
};

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
		const char *text = flux_text(ref, rows[i].field);

		if (text[0] != '\0') {
			return xasprintf("%s%s", rows[i].prefix, text);
		}
	}
	return xstrdup("refs/heads/master");
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

	const char *strategy = flux_text(chart, "reconcileStrategy");

	if (strcmp(strategy, "Revision") == 0 || app_is_template(strategy)) {
		(void)json_object_set_new(options, "revision", json_true());
		return options;
	}
	json_t *values = json_array();
	(void)json_array_extend(values, json_object_get(chart, "valuesFiles"));
	if (flux_text(chart, "valuesFile")[0] != '\0') {
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

/* The first template in a list of texts, or NULL. */
static const char *template_in(const json_t *texts)
{
	const json_t *item;
	size_t i;

	json_array_foreach(texts, i, item) {
		if (json_is_string(item) && app_is_template(json_string_value(item))) {
			return json_string_value(item);
		}
	}
	return NULL;
}

/* The template that leaves open which files are read: then any may be; or NULL. */
static const char *find_open(const struct following *r, const json_t *options)
{
	static const char *const lists[] = { "values", "components", "sparse" };
	const char *ignore = flux_text(options, "ignore");
	const char *found = app_is_template(r->path) ? r->path : NULL;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && found == NULL; i++) {
		found = template_in(json_object_get(options, lists[i]));
	}
	return found == NULL && app_is_template(ignore) ? ignore : found;
}

/* Why is a source in doubt? A new string, or NULL: it is not. */
static char *find_doubt(const struct following *r, const char *open, const char *url,
			const char *revision)
{
	const char *template = open != NULL		    ? open
			       : app_is_template(url)	    ? url
			       : app_is_template(revision) ? revision
							   : NULL;

	if (r->why != NULL || template == NULL) {
		return xstrdup_or_null(r->why);
	}
	return xasprintf("in doubt: '%.200s' is only known when it is filled in", template);
}

/* Has the application such a source, in doubt or not? */
static bool has_source(const struct app *app, const struct app_source *source)
{
	const json_t *options = json_object_get(source->spec, "options");

	for (size_t i = 0; i < app->source_count; i++) {
		const struct app_source *s = &app->sources[i];

		if (s->repository != NULL && source->repository != NULL &&
		    strcmp(s->repository, source->repository) == 0 &&
		    strcmp(s->target_revision, source->target_revision) == 0 &&
		    strcmp(s->path, source->path) == 0 && strcmp(s->walker, source->walker) == 0 &&
		    json_equal(json_object_get(s->spec, "options"), options)) {
			return true;
		}
	}
	return false;
}

static void append_source(struct following *r, struct app_source *source)
{
	if (r->why != NULL && has_source(r->app, source)) {
		app_release_source(source);
		return;
	}
	r->app->sources = xgrow(r->app->sources, r->app->source_count, &r->capacity,
				sizeof(*r->app->sources));
	r->app->sources[r->app->source_count++] = *source;
}

/* Add a source; repository is its normalised name, or NULL: what url says. */
static void add_source(struct following *r, const char *url, const char *revision, json_t *options,
		       const char *repository, const char *origin)
{
	struct error err = ERROR_INIT;
	struct app_source source = { .url = NULL };
	const char *open = find_open(r, options);
	char *why = find_doubt(r, open, url, revision);
	char *path = flux_clean(open != NULL ? "" : r->path);
	json_t *spec = json_pack("{s:s, s:s, s:s, s:s, s:O}", "repoURL", url, "targetRevision",
				 revision, "path", path, "walker",
				 open != NULL ? "plain" : r->walker,
				 "options", options);

	if (why != NULL) {
		(void)json_object_set_new(spec, "why", json_string(why));
	}
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
		append_source(r, &source);
	}
	json_decref(spec);
	free(path);
	free(why);
}

/* Say something (taken) that may hold for many, once for all of them. */
static void note(struct following *r, char *text)
{
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

static void note_missing(struct following *r, const char *kind, const char *name,
			 const char *effect)
{
	note(r, xasprintf("%s '%s' is not among the manifests: %s", kind, name, effect));
}

/* A GitRepository that is not there: what may it be? */
static void add_unknown(struct following *r, const char *name)
{
	const char *home = r->from->home_repository;
	bool own = home != NULL && strcmp(name, FLUX_OWN_NAME) == 0;
	json_t *options = r->options != NULL ? json_incref(r->options) : json_object();
	const char *outer = r->why;

	r->why = outer != NULL || own ? outer : FLUX_WHY_MISSING;
	if (home != NULL) {
		add_source(r, home, r->from->home_ref, options, home, r->from->origin);
	}
	if (!own) {
		add_source(r, "{{ any }}", "{{ any }}", options, NULL, r->from->origin);
	}
	r->why = outer;
	json_decref(options);
	note_missing(r, "GitRepository", name,
		     own ? "taken for the repository that the manifests are in"
			 : "taken for any repository, at any ref; add its manifest");
}

/*
 * The only GitRepository of that name may be the one of another cluster, whose
 * own is made by hand or by an operator: there it is mostly the same
 * repository at another ref, and of Flux's own it is the one that the
 * manifests are in.
 */
static void add_other(struct following *r, const struct app *from,
		      const struct flux_choice *choice)
{
	const struct app *repository = choice->items[0];
	const char *url = flux_text(repository->spec, "url");
	char *address = giturl_normalise(url, NULL);
	const char *home = from->home_repository;
	bool own = home != NULL && (strcmp(repository->id.name, FLUX_OWN_NAME) == 0 ||
				    (address != NULL && strcmp(address, home) == 0));
	json_t *options = r->options != NULL ? json_incref(r->options) : json_object();
	const char *outer = r->why;
	size_t before = r->app->source_count;

	r->why = FLUX_WHY_OTHER;
	/* Of one directory, it is another's only if it does not follow what it is kept in. */
	if (own) {
		add_source(r, home, from->home_ref, options, home, from->origin);
	} else if (choice->together == 0) {
		add_source(r, url, "{{ any }}", options, NULL, from->origin);
	}
	r->why = outer;
	if (r->app->source_count > before) {
		note(r, xasprintf("GitRepository '%s' is only in %s, which may be another "
				  "cluster's: taken for %s, too; give each cluster's directory "
				  "a place of its own, with its 'cluster'", repository->id.name,
				  repository->origin, own ? "what the manifests are in"
							  : "any other ref"));
	}
	json_decref(options);
	free(address);
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
	add_source(r, flux_text(repository->spec, "url"), revision, options, NULL,
		   repository->origin);
	json_array_foreach(includes, i, include) {
		json_t *reference = json_pack("{s:s, s:s}", "kind", "GitRepository", "name",
					      flux_text(json_object_get(include, "repository"),
						      "name"));

		r->path = flux_text(include, "fromPath");
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
	r->path = flux_text(chart, "chart");
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
		const char *alias = flux_text(source, "alias");

		bool open = app_is_template(from) || app_is_template(alias);

		if (!open && (name == 0 || strlen(alias) != name ||
			      strncmp(from + 1, alias, name) != 0)) {
			continue;
		}
		const char *pattern = open ? "" : from + 1 + name;
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

/* What the generator of an artifact copies into it: Flux reacts to all of that. */
static void follow_artifact(struct following *r, const struct app *generator, const char *name,
			    int depth)
{
	const json_t *artifact = NULL;
	size_t k = 0;

	json_array_foreach(json_object_get(generator->spec, "artifacts"), k, artifact) {
		const json_t *copied = NULL;
		size_t c = 0;

		if (strcmp(flux_text(artifact, "name"), name) != 0) {
			continue;
		}
		json_array_foreach(json_object_get(artifact, "copy"), c, copied) {
			follow_copy(r, generator, flux_text(copied, "from"), depth);
		}
	}
}

/* The kinds of sources that are made from git, and what is said if one is missing. */
static const struct source_kind {
	const char *name;
	enum app_kind kind;
	const char *missing, *effect;
} source_kinds[] = {
	{ "GitRepository", APP_GIT_REPOSITORY, NULL, NULL },
	{ "HelmChart", APP_HELM_CHART, "HelmChart", "no push rings for it" },
	{ "ExternalArtifact", APP_ARTIFACT_GENERATOR, "the ArtifactGenerator of ExternalArtifact",
	  "what it is made from is not known, and no push rings for it" },
};

static const struct source_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(source_kinds) / sizeof(source_kinds[0]); i++) {
		if (strcmp(source_kinds[i].name, name) == 0) {
			return &source_kinds[i];
		}
	}
	return NULL;
}

/* Go on at an object that a reference may mean. */
static void follow_object(struct following *r, const struct app *object, const char *name,
			  int depth)
{
	if (object->id.kind == APP_HELM_CHART) {
		read_chart(r, object->spec);
		follow(r, object, json_object_get(object->spec, "sourceRef"), depth + 1);
	} else if (object->id.kind == APP_ARTIFACT_GENERATOR) {
		json_decref(r->options);
		r->options = NULL;
		follow_artifact(r, object, name, depth);
	} else {
		add_repository(r, object, depth);
	}
}

static void follow(struct following *r, const struct app *from, const json_t *reference, int depth)
{
	const char *kind_name = flux_text(reference, "kind");
	const struct source_kind *kind =
		find_kind(app_is_template(kind_name) ? "GitRepository" : kind_name);
	const char *name = flux_text(reference, "name");
	const char *outer = r->why;
	struct flux_choice choice = { .items = NULL };

	if (depth > INCLUDE_DEPTH || kind == NULL) {
		return;
	}
	flux_choose(r->objects->trees, from, reference, kind->kind, &choice);
	for (size_t i = 0; i < choice.count; i++) {
		const char *why = flux_choice_doubt(&choice, i);

		r->why = why != NULL ? why : outer;
		follow_object(r, choice.items[i], name, depth);
	}
	r->why = outer;
	if (choice.foreign && kind->kind == APP_GIT_REPOSITORY) {
		add_other(r, from, &choice);
	} else if (choice.count == 0 && kind->missing != NULL) {
		note_missing(r, kind->missing, name, kind->effect);
	} else if (choice.count == 0) {
		add_unknown(r, name);
	}
	flux_choice_release(&choice);
}

/* Add the sources of from, which is what app or one of its name becomes. */
static void link_app(struct objects *objects, struct app *app, const struct app *from,
		     const char *why)
{
	const json_t *chart = json_object_get(json_object_get(from->spec, "chart"), "spec");
	const json_t *chart_ref = json_object_get(from->spec, "chartRef");
	struct following r = {
		.objects = objects, .app = app, .from = from, .walker = "flux-kustomization",
		.path = flux_text(from->spec, "path"), .capacity = app->source_count, .why = why,
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

/* Add the sources of number i of the list to app, of the same name. */
static void link_expanded(struct objects *objects, struct app *app, size_t i)
{
	size_t first = 0;
	size_t count = flux_expanded_find(objects->expanded, i, &first);

	for (size_t k = first; k < first + count; k++) {
		link_app(objects, app, flux_expanded_list(objects->expanded)->items[k],
			 count > 1 ? FLUX_WHY_VALUES : NULL);
	}
}

static void link_named(struct objects *objects, struct namesake **names, struct app *app,
		       size_t i)
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
		link_expanded(objects, app, i);
		return;
	}
	app->folded = true;
	n->app->skip_reconcile = n->app->skip_reconcile && app->skip_reconcile;
	if (is_whole(app) && is_whole(n->app)) {
		strvec_pushf(objects->problems, "%s: '%s' was read from %s already: a change of "
			     "either's inputs rings it; give their places a cluster to tell them "
			     "apart", app->origin, name, n->app->origin);
	}
	link_expanded(objects, n->app, i);
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
	struct flux_expanded *expanded = flux_expand(list, problems);
	const struct app_list *all = flux_expanded_list(expanded);
	struct objects objects = { .problems = problems, .expanded = expanded };
	struct namesake *names = NULL;
	struct namesake *n;
	struct namesake *next;

	for (size_t i = 0; i < all->count; i++) {
		if (!app_kind_is_rung(all->items[i]->id.kind) && all->items[i]->spec != NULL) {
			app_list_add_take(&objects.list, all->items[i]);
		}
	}
	objects.trees = flux_trees_new(all, &objects.list);
	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];

		/* What came through a frame without its spec was linked before. */
		if ((app->id.kind == APP_KUSTOMIZATION || app->id.kind == APP_HELM_RELEASE) &&
		    app->spec != NULL) {
			link_named(&objects, &names, app, i);
		}
	}
	say_missing(&objects);
	HASH_ITER(hh, names, n, next) {
		HASH_DEL(names, n);
		free(n->name);
		free(n);
	}
	flux_trees_free(objects.trees);
	free(objects.list.items); /* the objects are the list's */
	flux_expanded_free(expanded);
}
