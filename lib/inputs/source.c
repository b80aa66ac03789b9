/*
 * A source of an application: what renders it?
 *
 * Argo CD (reposerver/repository, GetAppSourceType and mergeSourceParameters):
 *   1. .argocd-source.yaml and then .argocd-source-<app>.yaml of the source's
 *      path are merged into the source (JSON merge patch); chart, path,
 *      repoURL and targetRevision are restored afterwards.  The outcome is
 *      decoded over what was there (Go's json.Unmarshal), so that null takes
 *      nothing away, and the case of a name does not matter: a name in another
 *      case is not followed, the source is opaque then.  <app> is the name,
 *      or <namespace>_<name> outside Argo CD's own namespace: which one that
 *      is, is not known here, so both are tried.
 *   2. An explicit helm, kustomize, directory or plugin decides.
 *   3. Else the names of the files directly in the path decide: one that ends
 *      in "Chart.yaml" means Helm, a kustomization file means Kustomize, the
 *      later in byte order wins; else it is a plain directory.
 *
 * Everything looked at on the way is an input of the source; the renderer
 * itself is a unit of its own, shared by all sources with equal options.
 */
#include "inputs/source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/giturl.h"
#include "inputs/annotation.h"
#include "inputs/plugin.h"
#include "inputs/print.h"
#include "inputs/walk.h"

/* What Argo CD detects or is told a source to be. */
enum source_type { TYPE_DIRECTORY, TYPE_HELM, TYPE_KUSTOMIZE, TYPE_PLUGIN };

/* Their keys in a source, and the names of their walkers. */
static const char *const types[] = {
	[TYPE_DIRECTORY] = "directory",
	[TYPE_HELM] = "helm",
	[TYPE_KUSTOMIZE] = "kustomize",
	[TYPE_PLUGIN] = "plugin",
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);
	size_t m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Argo CD's detection by one name; -1: it says nothing. */
static int type_of_name(const char *name)
{
	if (ends_with(name, "Chart.yaml")) {
		return TYPE_HELM;
	}
	if (strcmp(name, "kustomization.yaml") == 0 || strcmp(name, "kustomization.yml") == 0 ||
	    strcmp(name, "Kustomization") == 0) {
		return TYPE_KUSTOMIZE;
	}
	return -1;
}

static bool type_matches(const char *argument, const char *path, size_t name_at)
{
	(void)argument;
	return type_of_name(path + name_at) >= 0;
}

const struct inputs_filter inputs_filter_type = {
	.name = "type",
	.match = type_matches,
};

/* RFC 7396, but for null. */
static void merge_patch(json_t *target, const json_t *patch, int depth)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)patch, key, value) {
		if (json_is_null(value)) {
			continue;
		}
		if (!json_is_object(value) || depth > 64) {
			json_object_set(target, key, value);
			continue;
		}
		json_t *old = json_object_get(target, key);
		json_t *made = json_is_object(old) ? json_deep_copy(old) : json_object();
		merge_patch(made, value, depth + 1);
		json_object_set_new(target, key, made);
	}
}

/* Would Go take a name for one of a source's, though it is not the same? */
static bool is_odd_name(const char *name)
{
	static const char *const names[] = {
		"directory", "helm", "kustomize", "plugin", "ref", "tagPrefix",
		"recurse", "include", "exclude", "disableExtensionFilter", "jsonnet", "libs",
		"tlas", "extVars", "code", "value", "name", "path", "valueFiles",
		"fileParameters", "ignoreMissingValueFiles", "values", "valuesObject",
		"parameters", "components", "ignoreMissingComponents", "patches", "env",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(name, names[i]) == 0 && strcmp(name, names[i]) != 0) {
			return true;
		}
	}
	/* Two letters beyond ASCII are the same as "s" and "k" to it. */
	return strstr(name, "\xc5\xbf") != NULL || strstr(name, "\xe2\x84\xaa") != NULL;
}

/* Is there such a name anywhere but in what is free text? */
static bool has_odd_names(const json_t *value, int depth)
{
	const char *key;
	json_t *member;
	size_t i;

	if (depth > 64) {
		return true;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		bool text = strcmp(key, "valuesObject") == 0 || strncmp(key, "common", 6) == 0;

		if (is_odd_name(key) || (!text && has_odd_names(member, depth + 1))) {
			return true;
		}
	}
	json_array_foreach(value, i, member) {
		if (has_odd_names(member, depth + 1)) {
			return true;
		}
	}
	return false;
}

static void merge_file(struct inputs_walk *w, const char *path, json_t *spec)
{
	static const char *const fixed[] = { "chart", "path", "repoURL", "targetRevision" };
	json_t *kept[4];
	struct inputs_entry entry;
	const json_t *patch;
	bool bad;

	if (inputs_yaml(w, path, PROBE_MEANING, true, &patch, &bad, &entry) != INPUTS_FILE) {
		return;
	}
	inputs_print_file(w, &entry, true);
	if (!json_is_object(patch)) {
		return;
	}
	if (has_odd_names(patch, 0)) {
		inputs_opaque(w, inputs_format(w, "%s has a name in another case", path));
	}
	for (size_t i = 0; i < 4; i++) {
		kept[i] = json_incref(json_object_get(spec, fixed[i]));
	}
	merge_patch(spec, patch, 0);
	for (size_t i = 0; i < 4; i++) {
		if (kept[i] == NULL) {
			json_object_del(spec, fixed[i]);
			continue;
		}
		json_object_set_new(spec, fixed[i], kept[i]);
	}
}

/* The source object with the files of its path merged in; new reference. */
static json_t *merged_spec(struct inputs_walk *w, const struct inputs_source *source,
			   const char *dir)
{
	json_t *spec = json_is_object(source->spec) ? json_copy((json_t *)(uintptr_t)source->spec)
						    : json_object();
	const char *slash = dir[0] != '\0' ? "/" : "";

	merge_file(w, inputs_format(w, "%s%s.argocd-source.yaml", dir, slash), spec);
	merge_file(w, inputs_format(w, "%s%s.argocd-source-%s.yaml", dir, slash, source->app_name),
		   spec);
	if (source->app_namespace[0] != '\0') {
		merge_file(w, inputs_format(w, "%s%s.argocd-source-%s_%s.yaml", dir, slash,
					    source->app_namespace, source->app_name), spec);
	}
	return spec;
}

static void note_type(struct inputs_walk *w, void *arg, const char *path,
		      const struct tree_entry *entry)
{
	const char *slash = strrchr(path, '/');
	int type = type_of_name(slash != NULL ? slash + 1 : path);

	(void)w;
	if (entry->kind != TREE_DIR && type >= 0) {
		*(int *)arg = type;
	}
}

/*
 * The types that come into question, as bits. An empty object ("helm: {}")
 * may or may not count as explicit, by how it was stored; two explicit types
 * are an error: then everything that may be read is taken.
 */
static unsigned detect(struct inputs_walk *w, const char *dir, const json_t *spec)
{
	unsigned found = 0;
	size_t given = 0;
	size_t filled = 0;
	int by_name = TYPE_DIRECTORY;

	for (size_t i = 0; i < TYPES; i++) {
		const json_t *value = json_object_get(spec, types[i]);

		if (value != NULL && !json_is_null(value)) {
			found |= 1U << i;
			given++;
			filled += json_object_size(value) > 0;
		}
	}
	if (given == 1 && filled == 1) {
		return found;
	}
	inputs_list(w, dir, &inputs_filter_type, NULL, PROBE_NAMES, note_type, &by_name);
	return found | 1U << by_name;
}

static bool mentions_revision(const json_t *value, int depth)
{
	const char *key;
	json_t *member;
	size_t i;

	if (depth > 64) {
		return true;
	}
	if (json_is_string(value)) {
		return strstr(json_string_value(value), "ARGOCD_APP_REVISION") != NULL;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		if (mentions_revision(member, depth + 1)) {
			return true;
		}
	}
	json_array_foreach(value, i, member) {
		if (mentions_revision(member, depth + 1)) {
			return true;
		}
	}
	return false;
}

static void log_revision_use(struct inputs_walk *w, const json_t *spec)
{
	for (size_t i = 0; i < TYPES; i++) {
		if (mentions_revision(json_object_get(spec, types[i]), 0)) {
			inputs_always(w, "ARGOCD_APP_REVISION is used");
			return;
		}
	}
}

static bool annotate(struct inputs_walk *w, const struct inputs_source *source)
{
	return source->annotation_applies && source->generate_paths != NULL &&
	       inputs_annotation(w, source->path, source->generate_paths);
}

static void render(struct inputs_walk *w, const struct inputs_source *source, const char *dir,
		   const json_t *spec, enum source_type type)
{
	const struct inputs_walker *renderer = inputs_renderer(w, types[type]);

	/* Where nobody can know what is read, the person who wrote the annotation does. */
	if (renderer == &inputs_plugin && annotate(w, source)) {
		inputs_subtree(w, dir, NULL, NULL, PROBE_EXEC, NULL, NULL);
		inputs_print_unknown(w);
		return;
	}
	json_t *options = renderer->options != NULL ? renderer->options(w, source, spec) : NULL;
	inputs_child(w, renderer, dir, options, NULL);
	json_decref(options);
}

/* May a sibling be in the repository that is being walked? */
static bool may_be_here(const struct inputs_walk *w, const json_t *sibling)
{
	const char *url = json_string_value(json_object_get(sibling, "repoURL"));
	const char *here = inputs_repository(w);
	char *normal = url != NULL && here != NULL ? giturl_normalise(url, NULL) : NULL;
	bool same = here == NULL || (normal != NULL && strcmp(normal, here) == 0);

	free(normal);
	return same && json_object_get(sibling, "chart") == NULL;
}

/* Ask all renderers what a sibling reads through the source. True if there is one to ask. */
static bool log_sibling(struct inputs_walk *w, const struct inputs_source *source,
			const json_t *sibling)
{
	const char *path = json_string_value(json_object_get(sibling, "path"));
	struct inputs_source other = *source;
	struct inputs_entry entry;
	bool known = false;

	other.spec = sibling;
	json_t *spec = json_incref((json_t *)(uintptr_t)sibling);
	/*
	 * The files in its path may name more of our files.  Those of another
	 * repository are not known here: a "$ref/..." that only stands in an
	 * .argocd-source file over there is not seen.
	 */
	if (path != NULL && path[0] != '\0' && may_be_here(w, sibling) &&
	    inputs_lookup(w, inputs_join(w, "", path), &entry) == INPUTS_DIRECTORY) {
		json_decref(spec);
		spec = merged_spec(w, &other, entry.real);
	}
	for (const struct inputs_walker *const *k = w->machine->walkers; *k != NULL; k++) {
		if ((*k)->refs != NULL) {
			(*k)->refs(w, source, spec);
			known = true;
		}
	}
	json_decref(spec);
	return known;
}

/* "$ref/..." in the other sources' value files. */
static void log_refs(struct inputs_walk *w, const struct inputs_source *source)
{
	bool known = source->sibling_count == 0;

	for (size_t i = 0; i < source->sibling_count; i++) {
		known = log_sibling(w, source, source->siblings[i]) || known;
	}
	if (!known) {
		inputs_opaque(w, "other sources of the application refer to it by name");
	}
}

/* Does Argo CD write more into a kustomization than what is worked off last? */
static bool edits_kustomization(const json_t *kustomize)
{
	static const char *const last[] = { "images", "replicas", "version" };
	size_t known = 0;

	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
		known += json_object_get(kustomize, last[i]) != NULL ? 1U : 0U;
	}
	return json_object_size(kustomize) > known;
}

static void walk_exact(struct inputs_walk *w, const struct inputs_source *source)
{
	struct inputs_entry entry;

	if (source->ref != NULL) {
		log_refs(w, source);
	}
	/* A source that has a ref and no path only serves the others; "." is a path. */
	const char *path = json_string_value(json_object_get(source->spec, "path"));
	if (source->ref != NULL && (path == NULL || path[0] == '\0')) {
		return;
	}
	if (inputs_lookup(w, source->path, &entry) == INPUTS_NOTHING) {
		inputs_print(w, 'N', "");
		return;
	}
	if (entry.found != INPUTS_DIRECTORY) {
		inputs_print_unknown(w);
	}
	json_t *spec = merged_spec(w, source, entry.real);
	unsigned found = detect(w, entry.real, spec);
	inputs_print(w, 'T', inputs_format(w, "%x", found));
	if (edits_kustomization(json_object_get(spec, "kustomize"))) {
		inputs_print_minds(w);
	}
	for (size_t i = 0; i < TYPES; i++) {
		if (found & 1U << i) {
			render(w, source, entry.real, spec, (enum source_type)i);
		}
	}
	log_revision_use(w, spec);
	json_decref(spec);
}

/*
 * Argo CD: no item means always; a hydrator's sync source is its path alone;
 * an ApplicationSet's generator never looks at files.
 */
static void walk_argocd(struct inputs_walk *w, const struct inputs_source *source)
{
	inputs_print_unknown(w);
	if (source->walker != NULL) {
		inputs_always(w, "changed files do not count");
		return;
	}
	if (!source->annotation_applies) {
		walk_probe(w, PROBE_SUBTREE, source->path, PROBE_EXEC, NULL, NULL);
		return;
	}
	if (!annotate(w, source)) {
		inputs_always(w, "no manifest-generate-paths");
	}
}

void source_walk(struct inputs_walk *w, const struct inputs_source *source)
{
	if (source->mode == INPUTS_ARGOCD) {
		walk_argocd(w, source);
		return;
	}
	if (source->walker != NULL) {
		inputs_child(w, source->walker, source->path,
			     json_object_get(source->spec, "options"),
			     json_string_value(json_object_get(source->spec, "why")));
		return;
	}
	walk_exact(w, source);
	if (source->mode == INPUTS_UNION && annotate(w, source)) {
		inputs_print_unknown(w);
	}
}
