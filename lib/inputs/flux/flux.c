/*
 * Which files does Flux read for a Kustomization?
 *
 * kustomize-controller (internal/controller; fluxcd/pkg/kustomize,
 * kustomize_generator.go): spec.path of the source, in which ".." stops at the
 * root, is a Kustomize root.  If it has no kustomization file, one is made
 * that lists every *.yaml and *.yml below it; a directory with a kustomization
 * file is listed as a root of its own, and not looked into.  What restricts
 * paths in Kustomize is off (LoadRestrictionsNone).
 *
 * The kustomization file is decoded, added to and written anew before it is
 * built: spec.components, relative to the path; what the Kustomization itself
 * says (patches, images, a namespace ...); and, if it has no resources,
 * "buildMetadata: [originAnnotations]", with which the places of files are in
 * the output.  Fields that Kustomize's types do not know are lost, so that
 * "imageTags" is not what it is elsewhere.  All this matters for the
 * fingerprint only: the child unit's says what the file means as it stands.
 *
 * Only regular files come into the artifact: a link is as good as absent, and
 * so is what is left out (flux_artifact.c).  That counts where a file that is
 * not there makes no error: where files are listed, and for the kustomization
 * file.  Anything else that is not there and is named makes the build fail; it
 * is logged as if it were there.  As any .sourceignore may take away or give
 * back what is named, all of them are inputs of every Kustomization.
 *
 * Secrets that sops encrypted count as what they are in Git: a resource by
 * its meaning (its MAC is not checked, as Kustomize reorders what it covers),
 * what a generator reads byte by byte.  Variables are put in after the build.
 */
#include "inputs/flux/flux.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strvec.h"
#include "inputs/flux/flux_artifact.h"
#include "inputs/go_name.h"
#include "inputs/kustomize/kustomize.h"
#include "inputs/print.h"

/* Of the rules; longer, and what is left out counts, too. */
#define RULES_MAX 65536

/* One Kustomization being walked. */
struct kustomization {
	struct inputs_walk *w;
	const char *dir;       // links followed
	const json_t *options;
	struct buf rules;
	bool unsure;           // the rules are not known
	bool places;           // where files lie is in the output
};

/* --- what is left out --- */

/* The .sourceignore file of a directory, unless it is not checked out itself. */
static void add_ignore_file(struct kustomization *k, const char *dir)
{
	const char *path = inputs_join(k->w, dir, ".sourceignore");
	struct buf text;

	buf_init(&text, RULES_MAX);
	if (path != NULL && flux_artifact_is_checked_out(k->rules.data, path) &&
	    inputs_read(k->w, path, 0, &text, NULL) == INPUTS_FILE) {
		flux_artifact_add_file(&k->rules, dir, text.data);
	}
	buf_release(&text);
}

/* Those of dir and above it, from the root down. */
static void add_ignores_above(struct kustomization *k)
{
	const char *slash = k->dir;

	add_ignore_file(k, "");
	while (k->dir[0] != '\0' && (slash = strchr(slash, '/')) != NULL) {
		add_ignore_file(k, inputs_format(k->w, "%.*s", (int)(slash - k->dir), k->dir));
		slash++;
	}
	if (k->dir[0] != '\0') {
		add_ignore_file(k, k->dir);
	}
}

static void read_rules(struct kustomization *k)
{
	buf_init(&k->rules, RULES_MAX);
	flux_artifact_begin(&k->rules, k->dir);
	flux_artifact_add_sparse(&k->rules, json_object_get(k->options, "sparse"));
	flux_artifact_add_spec(&k->rules,
			       json_string_value(json_object_get(k->options, "ignore")));
	add_ignores_above(k);
}

/* Rules that do not fit are none: then nothing is left out. */
static void check_rules(struct kustomization *k)
{
	if (buf_is_full(&k->rules)) {
		k->unsure = true;
		buf_reset(&k->rules);
		flux_artifact_begin(&k->rules, k->dir);
	}
}

/* Directories of files that a list shows; shorter ones first, so what is above comes before. */
static void collect_parent(struct inputs_walk *w, void *arg, const char *path,
			   const struct tree_entry *entry)
{
	const char *dir = inputs_join(w, path, "..");

	(void)entry;
	strvec_push(arg, dir != NULL ? dir : "");
}

static int by_length(const void *a, const void *b)
{
	size_t x = strlen(*(char *const *)a);
	size_t y = strlen(*(char *const *)b);

	return (x > y) - (x < y);
}

static void sort_by_length(struct strvec *paths)
{
	if (paths->count > 0) {
		qsort(paths->items, paths->count, sizeof(char *), by_length);
	}
}

/* The .sourceignore files of all directories below dir. */
static void add_ignores_below(struct kustomization *k, const char *dir)
{
	struct strvec dirs = STRVEC_INIT;

	inputs_subtree(k->w, dir, &inputs_filter_flux_ignores, NULL, 0, collect_parent, &dirs);
	sort_by_length(&dirs);
	for (size_t i = 0; i < dirs.count && !inputs_is_opaque(k->w); i++) {
		if (strcmp(dirs.items[i], dir) != 0) {
			add_ignore_file(k, dirs.items[i]);
		}
	}
	strvec_release(&dirs);
}

/* Is there a pattern anywhere in the repository? */
static bool has_patterns(struct kustomization *k)
{
	struct kustomization all = { .w = k->w, .dir = "", .options = k->options };

	read_rules(&all);
	add_ignores_below(&all, "");
	bool has = buf_is_full(&all.rules) || flux_artifact_has_patterns(all.rules.data);
	buf_release(&all.rules);
	return has;
}

/* Flux's own list holds if nobody has a pattern; asked only where it leaves something out. */
static void add_defaults(struct kustomization *k)
{
	struct strvec dirs = STRVEC_INIT;

	if (!flux_artifact_has_patterns(k->rules.data)) {
		inputs_subtree(k->w, k->dir, &inputs_filter_flux_excluded, NULL, PROBE_NAMES,
			       collect_parent, &dirs);
		if (dirs.count > 0 && !has_patterns(k)) {
			flux_artifact_add_defaults(&k->rules);
		}
	}
	strvec_release(&dirs);
}

/* --- a path without a kustomization file --- */

static void add_child(struct kustomization *k, const char *dir, const char *via)
{
	json_t *options = k->places ? json_pack("{s:b}", "places", 1) : NULL;

	inputs_child(k->w, &inputs_kustomize, dir, options, via);
	json_decref(options);
}

struct finding {
	const struct kustomization *k;
	struct strvec dirs;
};

static void find_root(struct inputs_walk *w, void *arg, const char *path,
		      const struct tree_entry *entry)
{
	struct finding *f = arg;
	bool regular = entry->kind == TREE_FILE || entry->kind == TREE_EXEC;

	if (regular && (f->k->unsure || flux_artifact_has(f->k->rules.data, path))) {
		collect_parent(w, &f->dirs, path, entry);
	}
}

/* Is dir one of the directories, or below one? */
static bool is_below(const struct strvec *dirs, const char *dir)
{
	for (size_t i = 0; i < dirs->count; i++) {
		size_t len = strlen(dirs->items[i]);

		if (strncmp(dirs->items[i], dir, len) == 0 &&
		    (dir[len] == '/' || dir[len] == '\0')) {
			return true;
		}
	}
	return false;
}

/* Directories below the path that are roots of their own become children. */
static void find_roots(struct kustomization *k)
{
	struct finding found = { .k = k, .dirs = STRVEC_INIT };
	struct strvec roots = STRVEC_INIT;

	inputs_subtree(k->w, k->dir, &inputs_filter_flux_kustomizations, NULL, PROBE_NAMES,
		       find_root, &found);
	sort_by_length(&found.dirs);
	for (size_t i = 0; i < found.dirs.count && !inputs_is_opaque(k->w); i++) {
		const char *root = found.dirs.items[i];

		if (strcmp(root, k->dir) == 0 || is_below(&roots, root)) {
			continue;
		}
		if (!k->unsure) {
			strvec_push(&roots, root);
			flux_artifact_add_root(&k->rules, root);
		}
		add_child(k, root, root);
	}
	strvec_release(&roots);
	strvec_release(&found.dirs);
}

/* Every manifest below the path but those of other roots and those left out. */
static void list_manifests(struct kustomization *k)
{
	inputs_print_unknown(k->w);
	add_ignores_below(k, k->dir);
	add_defaults(k);
	check_rules(k);
	find_roots(k);
	check_rules(k);
	inputs_subtree(k->w, k->dir, &inputs_filter_flux_manifests, k->rules.data, PROBE_MEANING,
		       NULL, NULL);
}

/* --- a path with one --- */

/* The kustomization file that is taken, or NULL. */
static const char *find_kustomization(struct kustomization *k)
{
	for (size_t i = 0; i < FLUX_KUSTOMIZATION_NAMES; i++) {
		const char *path = inputs_join(k->w, k->dir, flux_kustomization_names[i]);
		struct inputs_entry entry;

		if (inputs_lookup(k->w, path, &entry) == INPUTS_FILE &&
		    strcmp(entry.real, path) == 0 &&
		    (k->unsure || flux_artifact_has(k->rules.data, path))) {
			return path;
		}
	}
	return NULL;
}

/* Does the kustomization list resources, in all spellings of the key? */
static bool has_resources(const json_t *kustomization)
{
	const char *key = NULL;
	json_t *value = NULL;
	bool has = false;

	json_object_foreach((json_t *)(uintptr_t)kustomization, key, value) {
		if (go_name_is(key, "resources")) {
			if (json_array_size(value) == 0) {
				return false;
			}
			has = true;
		}
	}
	return has;
}

static bool has_key(const json_t *object, const char *name)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (go_name_is(key, name)) {
			return true;
		}
	}
	return false;
}

static void build_root(struct kustomization *k, const char *file)
{
	struct inputs_entry entry;
	const json_t *value = NULL;
	bool bad = false;

	inputs_origin(k->w, file);
	if (inputs_yaml(k->w, file, PROBE_MEANING, true, &value, &bad, &entry) != INPUTS_FILE ||
	    has_key(value, "imageTags")) {
		inputs_print_unknown(k->w);
	}
	k->places = k->places || !has_resources(value);
	inputs_print(k->w, 'F', k->places ? "places" : "");
	if (inputs_true(json_object_get(k->options, "edited"))) {
		inputs_print_file(k->w, &entry, true);
	}
	add_child(k, k->dir, NULL);
}

static void add_components(struct kustomization *k)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(k->options, "components"), i, item) {
		const char *text = json_string_value(item);
		struct inputs_entry entry = { .found = INPUTS_NOTHING };

		if (text == NULL || text[0] == '\0' || strstr(text, "://") != NULL) {
			continue;
		}
		if (inputs_lookup(k->w, inputs_join(k->w, k->dir, text), &entry) ==
		    INPUTS_DIRECTORY) {
			add_child(k, entry.real, text);
		}
		inputs_print(k->w, 'C', entry.found == INPUTS_DIRECTORY ? text : "");
	}
}

static void walk_kustomization(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (inputs_lookup(w, dir, &entry) != INPUTS_DIRECTORY) {
		inputs_print_unknown(w);
		return;
	}
	struct kustomization k = {
		.w = w, .dir = entry.real, .options = options,
		.places = inputs_true(json_object_get(options, "places")),
	};

	read_rules(&k);
	check_rules(&k);
	const char *file = find_kustomization(&k);
	if (file != NULL) {
		build_root(&k, file);
	}
	if (file == NULL || k.unsure) {
		list_manifests(&k);
	}
	add_components(&k);
	inputs_child(w, &inputs_flux_ignores, "", NULL, NULL);
	buf_release(&k.rules);
}

const struct inputs_walker inputs_flux_kustomization = {
	.name = "flux-kustomization",
	.walk = walk_kustomization,
	.prints = true,
};

static void walk_ignores(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)options;
	inputs_subtree(w, dir, &inputs_filter_flux_ignores, NULL, 0, NULL, NULL);
}

const struct inputs_walker inputs_flux_ignores = {
	.name = "flux-ignores",
	.walk = walk_ignores,
};
