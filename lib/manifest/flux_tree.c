/*
 * Trees of clusters: from the directory of a file up to what applies it.
 *
 * The origin of an object is "path:line": its directory is what stands in front
 * of the last slash.  Objects of a repository have paths from its root, so that
 * a Kustomization that reads from that repository is looked up by its path in
 * each directory above a file.  Those from the disk have paths of the file
 * system, and the root of the repository is somewhere above: every part of a
 * path is tried there, behind a root that the Kustomization's own file shares.
 *
 * Whatever goes wrong (a circle, too many) makes a directory open: it may be
 * in any cluster.
 */
#include "manifest/flux_tree.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/giturl.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* Kustomizations that apply each other, and roots of one directory. */
#define DEPTH_MAX 16
#define ROOTS_MAX 64

struct root {
	const char *home, *ref;
	char *dir;
	bool tree;     // of a Kustomization that applies itself
};

struct flux_roots {
	char *key;
	struct root *items;
	size_t count;
	size_t capacity;
	struct app_list parents; // that apply the directory itself, a view
	bool open;     // it may be anywhere
	bool busy;     // being found
	UT_hash_handle hh;
};

/* A Kustomization that applies what is below a path of a repository. */
struct applier {
	struct app *app;
	struct applier *next;  // of the same place
};

/* The appliers of one path. */
struct applied {
	char *key;
	struct applier *first;
	UT_hash_handle hh;
};

/* How near to an object those are that refer to it. */
struct nearest {
	const struct app *object;
	enum flux_relation relation;
	UT_hash_handle hh;
};

struct flux_trees {
	const struct app_list *list;
	const struct app_list *objects; // of it, that can be referred to
	struct nearest *nearest;
	char **addresses;               // of the GitRepositories among them, normalised
	struct applied *places;
	struct flux_roots *roots;
};

const char *flux_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

char *flux_clean(const char *path)
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

static bool same_cluster(const struct app *a, const struct app *b)
{
	const char *one = a->id.cluster != NULL ? a->id.cluster : "";
	const char *other = b->id.cluster != NULL ? b->id.cluster : "";

	return strcmp(one, other) == 0;
}

/* An artifact has a name of its own: one generator makes several. */
static bool has_name(const struct app *object, const char *name)
{
	const json_t *artifact = NULL;
	size_t i = 0;

	if (object->id.kind != APP_ARTIFACT_GENERATOR) {
		return strcmp(object->id.name, name) == 0;
	}
	json_array_foreach(json_object_get(object->spec, "artifacts"), i, artifact) {
		if (strcmp(flux_text(artifact, "name"), name) == 0) {
			return true;
		}
	}
	return false;
}

/* May the reference from an object mean this one, by kind, name, namespace and cluster? */
static bool may_mean(const struct app *from, const json_t *reference, enum app_kind kind,
		     const struct app *object)
{
	const char *namespace = flux_text(reference, "namespace");

	namespace = namespace[0] != '\0' ? namespace : from->id.namespace;
	namespace = app_is_template(namespace) ? "" : namespace;
	return object->id.kind == kind && same_cluster(from, object) &&
	       has_name(object, flux_text(reference, "name")) &&
	       (namespace[0] == '\0' || object->id.namespace[0] == '\0' ||
		strcmp(namespace, object->id.namespace) == 0);
}

static const char *home_of(const struct app *app)
{
	return app->home_repository != NULL ? app->home_repository : "";
}

static const char *ref_of(const struct app *app)
{
	return app->home_ref != NULL ? app->home_ref : "";
}

static char *directory_of(const struct app *app)
{
	const char *slash = strrchr(app->origin, '/');

	return xstrndup(app->origin, slash != NULL ? (size_t)(slash - app->origin) : 0);
}

/* Is a directory, or below it? */
static bool is_below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return len == 0 ||
	       (strncmp(dir, path, len) == 0 && (path[len] == '/' || path[len] == '\0'));
}

/* --- what applies what --- */

static void add_applier(struct flux_trees *trees, const char *home, const char *path,
			struct app *app)
{
	char *key = xasprintf("%s\n%s", home, path);
	struct applied *place = NULL;

	HASH_FIND_STR(trees->places, key, place);
	if (place == NULL) {
		place = xcalloc(1, sizeof(*place));
		place->key = key;
		HASH_ADD_KEYPTR(hh, trees->places, place->key, strlen(place->key), place);
	} else {
		free(key);
	}
	/* Several GitRepositories of one repository give the same one several times. */
	if (place->first == NULL || place->first->app != app) {
		struct applier *applier = xcalloc(1, sizeof(*applier));

		*applier = (struct applier){ .app = app, .next = place->first };
		place->first = applier;
	}
}

/* A Kustomization applies files of the repositories that its GitRepository may be. */
static void note_applier(struct flux_trees *trees, struct app *app)
{
	const json_t *reference = json_object_get(app->spec, "sourceRef");
	char *path = flux_clean(flux_text(app->spec, "path"));
	bool found = false;

	for (size_t i = 0; app->home_repository != NULL && i < trees->objects->count; i++) {
		const char *home = trees->addresses[i];

		if (home != NULL && may_mean(app, reference, APP_GIT_REPOSITORY,
						  trees->objects->items[i])) {
			add_applier(trees, home, path, app);
			found = true;
		}
	}
	/* An alias is not told by its address: Flux's own is the one it is kept in. */
	if (!found || strcmp(flux_text(reference, "name"), FLUX_OWN_NAME) == 0) {
		add_applier(trees, home_of(app), path, app);
	}
	free(path);
}

struct flux_trees *flux_trees_new(const struct app_list *list, const struct app_list *objects)
{
	struct flux_trees *trees = xcalloc(1, sizeof(*trees));

	trees->list = list;
	trees->objects = objects;
	trees->addresses = xcalloc(objects->count + 1, sizeof(*trees->addresses));
	for (size_t i = 0; i < objects->count; i++) {
		const struct app *object = objects->items[i];

		if (object->id.kind == APP_GIT_REPOSITORY) {
			trees->addresses[i] =
				giturl_normalise(flux_text(object->spec, "url"), NULL);
		}
	}
	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];
		const json_t *reference = json_object_get(app->spec, "sourceRef");

		if (app->id.kind == APP_KUSTOMIZATION &&
		    strcmp(flux_text(reference, "kind"), "GitRepository") == 0 &&
		    !app_is_template(flux_text(app->spec, "path"))) {
			note_applier(trees, app);
		}
	}
	return trees;
}

void flux_trees_free(struct flux_trees *trees)
{
	struct flux_roots *roots;
	struct flux_roots *next_roots;
	struct applied *place;
	struct applied *next;
	struct nearest *nearest;
	struct nearest *next_nearest;

	HASH_ITER(hh, trees->places, place, next) {
		HASH_DEL(trees->places, place);
		while (place->first != NULL) {
			struct applier *applier = place->first;

			place->first = applier->next;
			free(applier);
		}
		free(place->key);
		free(place);
	}
	HASH_ITER(hh, trees->roots, roots, next_roots) {
		HASH_DEL(trees->roots, roots);
		for (size_t i = 0; i < roots->count; i++) {
			free(roots->items[i].dir);
		}
		free(roots->items);
		free(roots->parents.items); /* the objects are the list's */
		free(roots->key);
		free(roots);
	}
	HASH_ITER(hh, trees->nearest, nearest, next_nearest) {
		HASH_DEL(trees->nearest, nearest);
		free(nearest);
	}
	for (size_t i = 0; i < trees->objects->count; i++) {
		free(trees->addresses[i]);
	}
	free(trees->addresses);
	free(trees);
}

/* --- roots --- */

static void add_root(struct flux_roots *roots, const struct root *root)
{
	for (size_t i = 0; i < roots->count; i++) {
		struct root *known = &roots->items[i];

		if (strcmp(known->home, root->home) == 0 && strcmp(known->ref, root->ref) == 0 &&
		    strcmp(known->dir, root->dir) == 0) {
			known->tree = known->tree || root->tree;
			return;
		}
	}
	if (roots->count >= ROOTS_MAX) {
		roots->open = true;
		return;
	}
	roots->items = xgrow(roots->items, roots->count, &roots->capacity, sizeof(*roots->items));
	roots->items[roots->count] = *root;
	roots->items[roots->count++].dir = xstrdup(root->dir);
}

static void add_own_root(struct flux_roots *roots, const struct app *app, char *dir, bool tree)
{
	add_root(roots, &(struct root){ home_of(app), ref_of(app), dir, tree });
}

static struct flux_roots *find_roots(struct flux_trees *trees, const struct app *app, int depth);

/* What applies the files below tree is applied itself: go on there. */
static void add_roots_of(struct flux_trees *trees, struct flux_roots *roots,
			 const struct app *applier, int depth)
{
	const struct flux_roots *above = find_roots(trees, applier, depth + 1);

	roots->open = roots->open || above->open || above->busy;
	for (size_t i = 0; i < above->count; i++) {
		add_root(roots, &above->items[i]);
	}
}

static void add_parent(struct app_list *parents, struct app *app)
{
	for (size_t i = 0; i < parents->count; i++) {
		if (parents->items[i] == app) {
			return;
		}
	}
	if (parents->count < ROOTS_MAX) {
		app_list_add_take(parents, app);
	}
}

/* Who applies what is below tree, where top is the root of the repository. */
static void follow_appliers(struct flux_trees *trees, struct flux_roots *roots,
			    const struct app *of, const struct applied *place, char *tree,
			    const char *top, int depth)
{
	for (const struct applier *a = place->first; a != NULL; a = a->next) {
		char *dir = directory_of(a->app);
		bool here = strcmp(home_of(a->app), home_of(of)) == 0;
		bool other_ref = here && strcmp(ref_of(a->app), ref_of(of)) != 0;

		if (!same_cluster(a->app, of) || other_ref || (here && !is_below(top, dir))) {
			free(dir);
			continue;
		}
		add_parent(&roots->parents, a->app);
		if (here && is_below(tree, dir)) {
			add_own_root(roots, of, tree, true);
		} else {
			add_roots_of(trees, roots, a->app, depth);
		}
		free(dir);
	}
}

/* Look up each path that a Kustomization may call dir or what is above it, behind top. */
static void look_below(struct flux_trees *trees, struct flux_roots *roots, const struct app *of,
		       const char *dir, size_t top, int depth)
{
	const char *path = dir + top + (top > 0 && dir[top] == '/');
	size_t len = strlen(path);

	for (;;) {
		char *key = xasprintf("%s\n%.*s", home_of(of), (int)len, path);
		struct applied *place = NULL;

		HASH_FIND_STR(trees->places, key, place);
		free(key);
		if (place != NULL) {
			char *tree = xstrndup(dir, (size_t)(path - dir) + len);
			char *above = xstrndup(dir, top);

			follow_appliers(trees, roots, of, place, len == 0 ? above : tree, above,
					depth);
			free(tree);
			free(above);
		}
		if (len == 0) {
			break;
		}
		while (len > 0 && path[--len] != '/') {
			;
		}
	}
}

static struct flux_roots *find_roots(struct flux_trees *trees, const struct app *app, int depth)
{
	char *dir = directory_of(app);
	const char *cluster = app->id.cluster != NULL ? app->id.cluster : "";
	char *key = xasprintf("%s\n%s\n%s", cluster, home_of(app), dir);
	struct flux_roots *roots = NULL;

	HASH_FIND_STR(trees->roots, key, roots);
	if (roots != NULL) {
		free(key);
		free(dir);
		return roots;
	}
	roots = xcalloc(1, sizeof(*roots));
	*roots = (struct flux_roots){ .key = key, .busy = true, .open = depth > DEPTH_MAX };
	HASH_ADD_KEYPTR(hh, trees->roots, roots->key, strlen(roots->key), roots);
	if (!roots->open) {
		look_below(trees, roots, app, dir, 0, depth);
	}
	/* On the disk the root of the repository may be any directory above. */
	for (size_t i = 1; app->home_repository == NULL && !roots->open && dir[i - 1] != '\0' &&
			   dir[i] != '\0'; i++) {
		if (dir[i] == '/') {
			look_below(trees, roots, app, dir, i, depth);
		}
	}
	if (roots->count == 0) {
		add_own_root(roots, app, dir, false);
	}
	roots->busy = false;
	free(dir);
	return roots;
}

const struct app_list *flux_trees_parents(struct flux_trees *trees, const struct app *app)
{
	return &find_roots(trees, app, 0)->parents;
}

/* --- relations --- */

/* Is it the same file? Its origin ends with a line. */
static bool same_file(const struct app *a, const struct app *b)
{
	const char *colon = strrchr(a->origin, ':');
	size_t len = colon != NULL ? (size_t)(colon - a->origin) : strlen(a->origin);

	return strcmp(home_of(a), home_of(b)) == 0 && strncmp(a->origin, b->origin, len) == 0 &&
	       strcmp(ref_of(a), ref_of(b)) == 0 && strrchr(b->origin, ':') == b->origin + len;
}

static enum flux_relation relate(const struct flux_roots *a, const struct flux_roots *b)
{
	enum flux_relation best = RELATION_OTHERS;

	if (a->open || b->open) {
		return RELATION_DOUBT;
	}
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < b->count && best != RELATION_TOGETHER; k++) {
			const struct root *x = &a->items[i];
			const struct root *y = &b->items[k];
			bool one = strcmp(x->home, y->home) == 0 &&
				   strcmp(x->ref, y->ref) == 0 &&
				   (is_below(x->dir, y->dir) || is_below(y->dir, x->dir));
			enum flux_relation found = one ? RELATION_BESIDE : RELATION_DOUBT;

			if (x->tree && y->tree) {
				found = one ? RELATION_TOGETHER : RELATION_OTHERS;
			}
			best = found > best ? found : best;
		}
	}
	return best;
}

enum flux_relation flux_relate(struct flux_trees *trees, const struct app *a,
			       const struct app *b)
{
	/* Whoever named the clusters knows better than the places of files. */
	if (a->id.cluster != NULL || same_file(a, b)) {
		return RELATION_TOGETHER;
	}
	return relate(find_roots(trees, a, 0), find_roots(trees, b, 0));
}

/* --- references --- */

void flux_trees_find(const struct flux_trees *trees, const struct app *from,
		     const json_t *reference, enum app_kind kind, struct app_list *found)
{
	for (size_t i = 0; i < trees->objects->count; i++) {
		if (may_mean(from, reference, kind, trees->objects->items[i])) {
			app_list_add_take(found, trees->objects->items[i]);
		}
	}
}

/* What an object that is rung is made from: a reference, or NULL. */
static const json_t *reference_of(const struct app *app)
{
	const json_t *chart = json_object_get(json_object_get(app->spec, "chart"), "spec");
	const json_t *chart_ref = json_object_get(app->spec, "chartRef");

	if (app->id.kind == APP_KUSTOMIZATION) {
		return json_object_get(app->spec, "sourceRef");
	}
	if (app->id.kind != APP_HELM_RELEASE) {
		return NULL;
	}
	return json_object_size(chart_ref) > 0 ? chart_ref : json_object_get(chart, "sourceRef");
}

enum flux_relation flux_trees_nearest(struct flux_trees *trees, const struct app *object)
{
	const char *kind = app_kind_name(object->id.kind);
	struct nearest *nearest = NULL;

	HASH_FIND_PTR(trees->nearest, &object, nearest);
	if (nearest != NULL) {
		return nearest->relation;
	}
	nearest = xcalloc(1, sizeof(*nearest));
	*nearest = (struct nearest){ .object = object, .relation = RELATION_OTHERS };
	HASH_ADD_PTR(trees->nearest, object, nearest);
	for (size_t i = 0; i < trees->list->count; i++) {
		const struct app *app = trees->list->items[i];
		const json_t *reference = reference_of(app);

		if (reference != NULL && strcmp(flux_text(reference, "kind"), kind) == 0 &&
		    may_mean(app, reference, object->id.kind, object)) {
			enum flux_relation r = flux_relate(trees, app, object);

			nearest->relation = r > nearest->relation ? r : nearest->relation;
		}
	}
	return nearest->relation;
}
