/*
 * Which files does "kustomize build" read?
 *
 * A root is a directory with one kustomization file under one of three names.
 * The file is decoded from its first YAML document into a struct by Go's
 * encoding/json, which takes keys in any case, so "Resources:" works; two
 * spellings of one key are both read here.  Then:
 *
 *   1. resources (and bases, which are appended to them) are tried as files,
 *      then as roots of their own, then as repositories
 *   2. components are roots
 *   3. all other references are files; some fields hold either the thing
 *      itself or the name of its file
 *   4. generators, transformers and validators are plugin configurations,
 *      which refer to files in their own ways: kustomize_plugin.c
 *   5. Helm charts: kustomize_helm.c
 *
 * Paths are joined lexically to the root, whose own links were followed, and
 * then their links are followed (api/internal/loader).  The restrictions that
 * Kustomize puts on paths are not followed: what it refuses to read is logged
 * all the same, which changes nothing as long as it refuses.  Cycles need no
 * care: a root only names the roots it refers to.
 *
 * The fields are those of all versions since 1.0.  Files that become the
 * value of a ConfigMap or Secret count byte by byte, all others are YAML.
 */
#include "inputs/kustomize/kustomize.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "inputs/go_name.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/print.h"

static const struct kustomize_field kustomization_fields[] = {
	{ .name = "resources", .read = kustomize_read_resource, .listing = true },
	{ .name = "bases", .read = kustomize_read_resource, .listing = true },
	{ .name = "components", .read = kustomize_read_component },
	{ .name = "crds", .read = kustomize_read_file },
	{ .name = "configurations", .read = kustomize_read_file },
	{ .name = "openapi", .fields = kustomize_path_fields },
	/* 1.0: a list of files */
	{ .name = "patches", .read = kustomize_read_file, .fields = kustomize_patch_fields },
	{ .name = "patchesJson6902", .fields = kustomize_patch_fields },
	{ .name = "patchesStrategicMerge", .read = kustomize_read_patch },
	{ .name = "replacements", .fields = kustomize_path_fields },
	{ .name = "configMapGenerator", .fields = kustomize_generator_fields },
	{ .name = "secretGenerator", .fields = kustomize_generator_fields },
	{ .name = "generators", .read = kustomize_read_plugin },
	{ .name = "transformers", .read = kustomize_read_plugin },
	{ .name = "validators", .read = kustomize_read_plugin },
	{ .name = NULL },
};

static void visit_component(struct inputs_walk *w, void *arg, const char *path,
			    const struct tree_entry *entry)
{
	struct kustomize_root *root = arg;
	struct inputs_entry found = { .found = INPUTS_NOTHING };

	(void)entry;
	(void)inputs_lookup(w, inputs_join(w, path, ".."), &found);
	if (found.found == INPUTS_DIRECTORY) {
		kustomize_child(root, found.real, path);
	}
}

/*
 * A component that a source adds.  Argo CD runs "kustomize edit add
 * component", which takes patterns (Go's filepath.Glob) before it takes names:
 * a directory is found by the kustomization in it.
 */
static void read_added_component(struct kustomize_root *root, const char *text)
{
	struct inputs_walk *w = root->walk;
	const char *pattern = inputs_join(w, root->dir, text);

	kustomize_read_component(root, text);
	if (pattern == NULL || strpbrk(text, "*?[\\") == NULL) {
		return;
	}
	for (size_t i = 0; kustomize_file_names[i] != NULL; i++) {
		inputs_glob(w, GLOB_GO,
			    inputs_format(w, "%s/%s", pattern, kustomize_file_names[i]),
			    PROBE_NAMES, visit_component, root);
	}
}

/* What a source adds to a root (struct inputs_walker's options). */
static const struct kustomize_field option_fields[] = {
	{ .name = "components", .read = read_added_component },
	{ .name = "patches", .read = kustomize_read_file },
	{ .name = NULL },
};

static void read_kustomization(struct kustomize_root *root, const json_t *kustomization, void *arg)
{
	(void)arg;
	root->places = root->places || go_name_get(kustomization, "buildMetadata") != NULL;
	if (root->places) {
		inputs_print(root->walk, 'D', root->file);
	}
	if (inputs_prints(root->walk)) {
		kustomize_find_minds(root, kustomization);
	}
	kustomize_fields(root, kustomization, kustomization_fields);
	kustomize_read_helm(root, kustomization);
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (inputs_lookup(w, dir, &entry) != INPUTS_DIRECTORY) {
		inputs_print(w, 'N', "");
		if (entry.found != INPUTS_NOTHING) {
			inputs_print_unknown(w);
		}
		return;
	}
	struct kustomize_root root = {
		.walk = w, .walker = &inputs_kustomize, .dir = entry.real,
		.places = json_object_get(options, "places") != NULL,
	};

	kustomize_each(&root, root.dir, read_kustomization, NULL);
	if (options != NULL) {
		kustomize_fields(&root, options, option_fields);
	}
}

/*
 * Argo CD's spec.source.kustomize: components and patches refer to files as
 * if they stood in the root's own kustomization.  (That the revision may be
 * named there is seen by whoever walks the source.)
 */
static json_t *options(struct inputs_walk *w, const struct inputs_source *source,
		       const json_t *spec)
{
	const json_t *kustomize = json_object_get(spec, "kustomize");
	const json_t *components = json_object_get(kustomize, "components");
	json_t *patches = json_array();
	json_t *result = json_object();
	const json_t *patch = NULL;
	size_t i = 0;

	(void)w;
	(void)source;
	json_array_foreach(json_object_get(kustomize, "patches"), i, patch) {
		json_t *path = json_object_get(patch, "path");

		if (json_is_string(path) && json_string_length(path) > 0) {
			(void)json_array_append(patches, path);
		}
	}
	if (json_array_size(patches) > 0) {
		(void)json_object_set(result, "patches", patches);
	}
	if (json_array_size(components) > 0) {
		(void)json_object_set(result, "components", (json_t *)(uintptr_t)components);
	}
	json_decref(patches);
	if (json_object_size(result) > 0) {
		return result;
	}
	json_decref(result);
	return NULL;
}

const struct inputs_walker inputs_kustomize = {
	.name = "kustomize",
	.options = options,
	.walk = walk,
	.prints = true,
};
