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

#include "inputs/elsewhere.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/kustomize/kustomize_remote.h"
#include "inputs/print.h"

static const char *const file_names[] = { "kustomization.yaml", "kustomization.yml",
					  "Kustomization" };

/* A reference out of this tree. */
struct outside {
	struct kustomize_root *root;
	const char *text; // as it is written
};

/*
 * Is it in the tree being walked, under another name?  Without a ref it is at
 * the default branch, which may be the one walked: that is not known here, so
 * it is taken for both.
 */
static bool is_here(struct kustomize_root *root, const struct kustomize_remote *remote)
{
	const char *repository = inputs_repository(root->walk);

	/* What is of another repository is not here, whichever ref this is. */
	return kustomize_remote_is_ours(remote, repository, NULL) &&
	       kustomize_remote_is_ours(remote, repository, inputs_ref(root->walk));
}

static bool is_elsewhere(struct kustomize_root *root, const struct kustomize_remote *remote)
{
	return remote->ref[0] == '\0' || strcmp(remote->ref, "HEAD") == 0 ||
	       !is_here(root, remote);
}

static void read_outside_file(void *arg, const struct kustomize_remote *remote)
{
	const struct outside *o = arg;
	struct inputs_walk *w = o->root->walk;

	if (is_here(o->root, remote)) {
		(void)inputs_file(w, inputs_join(w, "", remote->path), INPUTS_MEANING, NULL);
		inputs_print_unknown(w);
	}
	if (is_elsewhere(o->root, remote)) {
		elsewhere_add(w, remote->url, remote->ref, remote->path, &inputs_single, o->text);
	}
}

/* A file that Kustomize would download. */
static void read_remote_file(struct kustomize_root *root, const char *text)
{
	struct outside outside = { .root = root, .text = text };

	kustomize_remote_files(text, read_outside_file, &outside);
	inputs_print(root->walk, 'R', text);
}

/* A repository that Kustomize would clone. False if it would not. */
static bool read_remote_root(struct kustomize_root *root, const char *text)
{
	struct inputs_walk *w = root->walk;
	struct kustomize_remote remote = { .url = NULL };
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (!kustomize_remote_parse(text, &remote)) {
		return false;
	}
	inputs_print(w, 'R', text);
	if (is_here(root, &remote)) {
		(void)inputs_lookup(w, inputs_join(w, "", remote.path), &entry);
	}
	if (entry.found == INPUTS_DIRECTORY) {
		kustomize_child(root, entry.real, text);
	}
	if (is_elsewhere(root, &remote)) {
		elsewhere_add(w, remote.url, remote.ref, remote.path, &inputs_kustomize, text);
	}
	kustomize_remote_release(&remote);
	return true;
}

void kustomize_child(struct kustomize_root *root, const char *dir, const char *via)
{
	struct inputs_walk *w = root->walk;
	size_t len = strlen(dir);
	json_t *options = root->places ? json_pack("{s:b}", "places", 1) : NULL;

	/* Kustomize refuses to build what it is in the midst of. */
	if (strncmp(dir, root->dir, len) == 0 &&
	    (len == 0 || root->dir[len] == '/' || root->dir[len] == '\0')) {
		inputs_print(w, 'A', "above");
	}
	inputs_child(w, &inputs_kustomize, dir, options, via);
	json_decref(options);
}

static void read_content(struct kustomize_root *root, const char *text,
			 enum kustomize_content content)
{
	const unsigned flags = content == KUSTOMIZE_BYTES ? 0 : INPUTS_MEANING;
	struct inputs_entry entry;

	if (kustomize_remote_is_url(text)) {
		read_remote_file(root, text);
		return;
	}
	if (text[0] != '\0') {
		(void)inputs_file(root->walk, inputs_join(root->walk, root->dir, text), flags,
				  &entry);
		kustomize_print_file(root, text, &entry, content);
	}
}

void kustomize_read_file(struct kustomize_root *root, const char *text)
{
	read_content(root, text, KUSTOMIZE_YAML);
}

static void read_raw(struct kustomize_root *root, const char *text)
{
	read_content(root, text, KUSTOMIZE_BYTES);
}

/* "path" or "key=path"; a second "=" or an empty side is an error of the build. */
static void read_keyed(struct kustomize_root *root, const char *text)
{
	const char *equals = strchr(text, '=');
	const char *slash = strrchr(text, '/');

	if (equals == NULL) {
		inputs_print(root->walk, 'k', slash != NULL ? slash + 1 : text);
		read_raw(root, text);
		return;
	}
	if (equals != text && strchr(equals + 1, '=') == NULL) {
		inputs_print(root->walk, 'k',
			     inputs_format(root->walk, "%.*s", (int)(equals - text), text));
		read_raw(root, equals + 1);
		return;
	}
	inputs_print(root->walk, 's', text);
}

static void read_patch_file(struct kustomize_root *root, const char *text)
{
	read_content(root, text, KUSTOMIZE_OBJECTS);
}

void kustomize_read_patch(struct kustomize_root *root, const char *text)
{
	if (strchr(text, '\n') == NULL && text[0] != '{') {
		read_patch_file(root, text);
		return;
	}
	inputs_print_text(root->walk, text);
}

/* Kustomize trims it, which makes other YAML of what begins with a blank. */
static void read_inline(struct kustomize_root *root, const char *text)
{
	if (strchr(" \t\r\n", text[0]) != NULL) {
		inputs_print(root->walk, 't', text);
		return;
	}
	inputs_print_text(root->walk, text);
}

void kustomize_read_resource(struct kustomize_root *root, const char *text)
{
	struct inputs_walk *w = root->walk;
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (kustomize_remote_is_url(text)) {
		read_remote_file(root, text);
		(void)read_remote_root(root, text);
		return;
	}
	if (text[0] == '\0') {
		return;
	}
	(void)inputs_file(w, inputs_join(w, root->dir, text), INPUTS_MEANING, &entry);
	if (entry.found == INPUTS_DIRECTORY) {
		kustomize_child(root, entry.real, text);
	}
	if (entry.found != INPUTS_FILE) {
		(void)read_remote_root(root, text);
	}
	if (entry.found != INPUTS_DIRECTORY) {
		kustomize_print_file(root, text, &entry, KUSTOMIZE_OBJECTS);
	}
}

static void read_component(struct kustomize_root *root, const char *text)
{
	struct inputs_walk *w = root->walk;
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (text[0] == '\0' || read_remote_root(root, text)) {
		return;
	}
	(void)inputs_lookup(w, inputs_join(w, root->dir, text), &entry);
	if (entry.found == INPUTS_DIRECTORY) {
		kustomize_child(root, entry.real, text);
		return;
	}
	kustomize_print_file(root, text, &entry, KUSTOMIZE_YAML);
}

const struct kustomize_field kustomize_path_fields[] = {
	{ "path", kustomize_read_file, NULL },
	{ NULL, NULL, NULL },
};

const struct kustomize_field kustomize_patch_fields[] = {
	{ "path", read_patch_file, NULL },
	{ "patch", read_inline, NULL },
	{ NULL, NULL, NULL },
};

const struct kustomize_field kustomize_generator_fields[] = {
	{ "files", read_keyed, NULL },
	{ "envs", read_raw, NULL },
	{ "env", read_raw, NULL },
	{ NULL, NULL, NULL },
};

static const struct kustomize_field kustomization_fields[] = {
	{ "resources", kustomize_read_resource, NULL },
	{ "bases", kustomize_read_resource, NULL },
	{ "components", read_component, NULL },
	{ "crds", kustomize_read_file, NULL },
	{ "configurations", kustomize_read_file, NULL },
	{ "openapi", NULL, kustomize_path_fields },
	{ "patches", kustomize_read_file, kustomize_patch_fields }, // 1.0: a list of files
	{ "patchesJson6902", NULL, kustomize_patch_fields },
	{ "patchesStrategicMerge", kustomize_read_patch, NULL },
	{ "replacements", NULL, kustomize_path_fields },
	{ "configMapGenerator", NULL, kustomize_generator_fields },
	{ "secretGenerator", NULL, kustomize_generator_fields },
	{ "generators", kustomize_read_plugin, NULL },
	{ "transformers", kustomize_read_plugin, NULL },
	{ "validators", kustomize_read_plugin, NULL },
	{ NULL, NULL, NULL },
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

	read_component(root, text);
	if (pattern == NULL || strpbrk(text, "*?[\\") == NULL) {
		return;
	}
	for (size_t i = 0; i < sizeof(file_names) / sizeof(file_names[0]); i++) {
		inputs_glob(w, GLOB_GO, inputs_format(w, "%s/%s", pattern, file_names[i]),
			    INPUTS_NAMES, visit_component, root);
	}
}

/* What a source adds to a root (struct inputs_walker's options). */
static const struct kustomize_field option_fields[] = {
	{ "components", read_added_component, NULL },
	{ "patches", kustomize_read_file, NULL },
	{ NULL, NULL, NULL },
};

static void read_value(struct kustomize_root *root, const json_t *value,
		       const struct kustomize_field *field)
{
	size_t i = 0;
	const json_t *item = NULL;

	if (json_is_string(value) && field->read != NULL) {
		field->read(root, json_string_value(value));
		return;
	}
	if (json_is_object(value) && field->fields != NULL) {
		kustomize_fields(root, value, field->fields);
		return;
	}
	json_array_foreach(value, i, item) {
		if (!json_is_array(item) && !inputs_is_opaque(root->walk)) {
			read_value(root, item, field);
		}
	}
}

void kustomize_fields(struct kustomize_root *root, const json_t *object,
		      const struct kustomize_field *fields)
{
	const char *key = NULL;
	json_t *value = NULL;

	if (inputs_prints(root->walk)) {
		kustomize_print_fields(root, object, fields);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		for (const struct kustomize_field *field = fields; field->name != NULL; field++) {
			if (strcasecmp(key, field->name) == 0) {
				read_value(root, value, field);
			}
		}
	}
}

const json_t *kustomize_get(const json_t *object, const char *name)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (strcasecmp(key, name) == 0) {
			return value;
		}
	}
	return NULL;
}

void kustomize_each(struct kustomize_root *root, const char *dir,
		    void (*use)(struct kustomize_root *root, const json_t *kustomization,
				void *arg),
		    void *arg)
{
	const unsigned flags = INPUTS_MEANING | (inputs_prints(root->walk) ? INPUTS_PLAIN : 0);

	for (size_t i = 0; i < sizeof(file_names) / sizeof(file_names[0]); i++) {
		const char *path = inputs_join(root->walk, dir, file_names[i]);
		struct inputs_entry entry;
		const json_t *value = NULL;
		bool bad = false;

		if (inputs_yaml(root->walk, path, flags, true, &value, &bad, &entry) !=
		    INPUTS_FILE) {
			if (entry.found == INPUTS_SUBMODULE) {
				inputs_print_unknown(root->walk);
			}
			continue;
		}
		inputs_print(root->walk, 'K', "");
		if (!json_is_object(value)) {
			inputs_print_file(root->walk, &entry, false);
		}
		kustomize_print_tags(root, &entry);
		if (strcmp(dir, root->dir) == 0) {
			inputs_origin(root->walk, path);
		}
		if (value != NULL) {
			root->file = path;
			use(root, value, arg);
		}
	}
}

static void read_kustomization(struct kustomize_root *root, const json_t *kustomization, void *arg)
{
	(void)arg;
	root->places = root->places || kustomize_get(kustomization, "buildMetadata") != NULL;
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
		.walk = w, .dir = entry.real, .places = json_object_get(options, "places") != NULL,
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
