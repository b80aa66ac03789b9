/*
 * Generators, transformers and validators: the configurations of plugins.
 *
 * An entry is a configuration in line, or a resource: a file, a root or a
 * repository, whose objects are the configurations.  What a configuration
 * refers to is relative to the root that lists it, not to the file that it is
 * in: Kustomize hands the plugin the loader of that root.
 *
 *   1. "apiVersion: builtin": a table of kinds says which fields hold paths
 *   2. any other is a program or a container that works in the root: it may
 *      read all of the root, and whatever path stands in its configuration
 *      (KSOPS keeps the names of its files there)
 *   3. an entry that is itself a root: its files are searched for
 *      configurations.  If that root does more than list files, what comes
 *      out of it is not known, and the unit is opaque.
 *   4. an entry that is elsewhere is not known either: all of the root counts
 */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/strvec.h"
#include "base/yaml.h"
#include "inputs/kustomize/kustomize.h"
#include "inputs/go_name.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/kustomize/kustomize_remote.h"
#include "inputs/print.h"
#include "inputs/remote_reference.h"

/* Roots of configurations inside each other; Kustomize itself has no limit. */
#define MAX_NESTED 32

/* A longer string in a configuration is not taken for a path. */
#define MAX_PATH_TEXT 1024

static const struct kustomize_field patch_list_fields[] = {
	{ .name = "paths", .read = kustomize_read_patch },
	{ .name = NULL },
};

static const struct kustomize_field replacement_fields[] = {
	{ .name = "replacements", .fields = kustomize_path_fields },
	{ .name = NULL },
};

/* Builtin plugins that read files. */
static const struct {
	const char *kind;
	const struct kustomize_field *fields;
	void (*read)(struct kustomize_root *root, const json_t *object);
} builtins[] = {
	{ "ConfigMapGenerator", kustomize_generator_fields, NULL },
	{ "SecretGenerator", kustomize_generator_fields, NULL },
	{ "PatchTransformer", kustomize_path_fields, NULL },
	{ "PatchJson6902Transformer", kustomize_path_fields, NULL },
	{ "PatchStrategicMergeTransformer", patch_list_fields, NULL },
	{ "ReplacementTransformer", replacement_fields, NULL },
	{ "HelmChartInflationGenerator", NULL, kustomize_read_chart_plugin },
};

static void read_builtin(struct kustomize_root *root, const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));

	for (size_t i = 0; kind != NULL && i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		if (strcmp(kind, builtins[i].kind) != 0) {
			continue;
		}
		if (builtins[i].fields != NULL) {
			kustomize_fields(root, object, builtins[i].fields);
		}
		if (builtins[i].read != NULL) {
			builtins[i].read(root, object);
		}
	}
}

/* What a link in a subtree leads to, which the subtree itself does not hold. */
static void follow_link(struct inputs_walk *w, void *arg, const char *path,
			const struct tree_entry *entry)
{
	struct inputs_entry found = { .found = INPUTS_NOTHING };
	struct strvec *seen = arg;

	if (entry->kind != TREE_LINK) {
		return;
	}
	(void)inputs_file(w, path, PROBE_EXEC, &found);
	if (found.found != INPUTS_DIRECTORY || seen->count >= MAX_NESTED) {
		return;
	}
	if (strvec_push_unique(seen, found.real)) {
		inputs_subtree(w, found.real, NULL, NULL, PROBE_EXEC, follow_link, seen);
	}
}

/* Everything in a directory, links followed. */
static void read_all(struct kustomize_root *root, const char *dir)
{
	struct strvec seen = STRVEC_INIT;

	inputs_subtree(root->walk, dir, NULL, NULL, PROBE_EXEC, follow_link, &seen);
	if (seen.count >= MAX_NESTED) {
		inputs_opaque(root->walk, "a plugin's directory has too many links");
	}
	strvec_release(&seen);
}

/*
 * Parse a text that is inside of a document. Aliases can repeat a long text
 * many times, so there is a limit on all of them.  NULL if it is not YAML.
 */
static struct yaml_stream *parse_inline(struct kustomize_root *root, const char *text)
{
	struct yaml_stream *stream = NULL;
	size_t len = strlen(text);

	if (len > LIMIT_YAML_BYTES - root->inline_len) {
		inputs_opaque(root->walk, "too much YAML inside of YAML");
		return NULL;
	}
	root->inline_len += len;
	return yaml_parse(text, len, NULL, &stream, NULL) == YAML_OK ? stream : NULL;
}

static void read_scalars(struct kustomize_root *root, const json_t *node, bool nested);

/* A block of text in a configuration may be YAML itself: annotations of KRM functions are. */
static void read_block(struct kustomize_root *root, const char *text)
{
	struct yaml_stream *stream = parse_inline(root, text);

	if (stream != NULL) {
		read_scalars(root, yaml_stream_document(stream, 0), true);
	}
	yaml_stream_free(stream);
}

/* A text that is, or ends with, what may be a path; relative to the root. */
static void read_path(struct kustomize_root *root, const char *text)
{
	struct inputs_walk *w = root->walk;
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	const char *path = inputs_join(w, root->dir, text);

	if (path == NULL || strcmp(path, root->dir) == 0) {
		return;
	}
	(void)inputs_file(w, path, PROBE_EXEC, &entry);
	if (entry.found == INPUTS_DIRECTORY) {
		read_all(root, entry.real);
	}
}

/*
 * A string of a configuration. Something may stand before the path, as in
 * "key=path", "--option=path" or "--set-file=key=path", so what follows each
 * equals sign is tried too.
 */
static void read_scalar(struct kustomize_root *root, const json_t *node, bool nested)
{
	const char *text = json_string_value(node);

	if (json_string_length(node) > MAX_PATH_TEXT || strchr(text, '\n') != NULL) {
		if (!nested) {
			read_block(root, text);
		}
		return;
	}
	read_path(root, text);
	for (const char *at = strchr(text, '='); at != NULL; at = strchr(at + 1, '=')) {
		read_path(root, at + 1);
	}
}

/* Every string of a configuration that may be a path. */
static void read_scalars(struct kustomize_root *root, const json_t *node, bool nested)
{
	const char *key = NULL;
	json_t *value = NULL;
	size_t i = 0;

	if (inputs_is_opaque(root->walk)) {
		return;
	}
	if (json_is_string(node)) {
		read_scalar(root, node, nested);
	}
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		read_scalars(root, value, nested);
	}
	json_array_foreach(node, i, value) {
		read_scalars(root, value, nested);
	}
}

/* One object of a document; a list of objects is each of its items. */
static void read_object(struct kustomize_root *root, const json_t *object)
{
	const json_t *items = json_object_get(object, "items");
	const char *version = json_string_value(json_object_get(object, "apiVersion"));
	const char *kind = json_string_value(json_object_get(object, "kind"));
	size_t kind_len = kind != NULL ? strlen(kind) : 0;
	const json_t *item = NULL;
	size_t i = 0;

	if (!json_is_object(object)) {
		return;
	}
	if (kind_len >= 4 && strcmp(kind + kind_len - 4, "List") == 0 && json_is_array(items)) {
		json_array_foreach(items, i, item) {
			read_object(root, item);
		}
		return;
	}
	if (version != NULL && strcmp(version, "builtin") == 0) {
		read_builtin(root, object);
		return;
	}
	read_all(root, root->dir);
	read_scalars(root, object, false);
}

/* True if text is YAML with an object in it: a configuration in line. */
static bool read_inline(struct kustomize_root *root, const char *text)
{
	struct yaml_stream *stream =
		strpbrk(text, "\n{:") != NULL ? parse_inline(root, text) : NULL;
	bool object = false;

	for (size_t i = 0; stream != NULL && i < yaml_stream_count(stream); i++) {
		const json_t *document = yaml_stream_document(stream, i);

		object = object || json_is_object(document);
		read_object(root, document);
	}
	if (stream == NULL && strchr(text, '\n') != NULL) {
		inputs_opaque(root->walk, "the configuration of a plugin cannot be parsed");
	}
	yaml_stream_free(stream);
	return object;
}

/* Where a search for configurations is. */
struct search {
	const char *dir;
	struct strvec *seen;
};

static void search_entry(struct kustomize_root *root, struct search *search, const char *text);

static bool is_listing(const char *key)
{
	static const char *const listing[] = { "resources", "bases", "components" };

	for (size_t i = 0; i < sizeof(listing) / sizeof(listing[0]); i++) {
		if (go_name_is(key, listing[i])) {
			return true;
		}
	}
	return false;
}

/* Fields that leave the paths in a configuration as they are. */
static bool is_harmless(const char *key)
{
	static const char *const harmless[] = {
		"apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix",
		"commonLabels", "labels", "commonAnnotations", "images", "replicas",
		"generatorOptions", "configurations", "crds", "buildMetadata", "sortOptions",
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (go_name_is(key, harmless[i])) {
			return true;
		}
	}
	return false;
}

static void search_kustomization(struct kustomize_root *root, const json_t *kustomization,
				 void *arg)
{
	const char *key = NULL;
	json_t *value = NULL;
	const json_t *item = NULL;
	size_t i = 0;

	json_object_foreach((json_t *)(uintptr_t)kustomization, key, value) {
		if (!is_listing(key) && !is_harmless(key)) {
			inputs_opaque(root->walk, inputs_format(root->walk,
				      "\"%.40s\" makes or changes the configuration of a plugin",
				      key));
			return;
		}
		if (!is_listing(key)) {
			continue;
		}
		json_array_foreach(value, i, item) {
			if (json_is_string(item)) {
				search_entry(root, arg, json_string_value(item));
			}
		}
	}
}

/* The configurations in a root; its own unit logs what it is made from. */
static void search_root(struct kustomize_root *root, const char *dir, struct strvec *seen)
{
	struct search search = { .dir = dir, .seen = seen };

	if (!strvec_push_unique(seen, dir)) {
		return;
	}
	if (seen->count > MAX_NESTED) {
		inputs_opaque(root->walk, "plugin configurations are nested too deep");
		return;
	}
	kustomize_each(root, dir, search_kustomization, &search);
}

/* A path, joined already, at which there are configurations. False if there is nothing. */
static bool search_path(struct kustomize_root *root, struct search *search, const char *path)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	const json_t *documents = NULL;
	const json_t *document = NULL;
	bool bad = false;
	size_t i = 0;

	(void)inputs_yaml(root->walk, path, PROBE_MEANING, false, &documents, &bad, &entry);
	if (entry.found == INPUTS_DIRECTORY) {
		search_root(root, entry.real, search->seen);
	}
	json_array_foreach(documents, i, document) {
		read_object(root, document);
	}
	return entry.found == INPUTS_FILE || entry.found == INPUTS_DIRECTORY;
}

/* Where an address of configurations leads. */
struct search_address {
	struct kustomize_root *root;
	struct search *search;
};

/* A place that an address may mean: in the tree being walked it can be read. */
static void search_place(void *arg, const struct gitplace *place)
{
	const struct search_address *a = arg;
	struct inputs_walk *w = a->root->walk;

	if (remote_reference_is_here(w, place)) {
		(void)search_path(a->root, a->search, inputs_join(w, "", place->path));
	}
}

/* A resource, in search->dir, that holds configurations. */
static void search_entry(struct kustomize_root *root, struct search *search, const char *text)
{
	struct search_address address = { .root = root, .search = search };
	struct gitplace remote = { .url = NULL };
	bool http = gitplace_is_http(text);

	if (text[0] == '\0' ||
	    (!http && search_path(root, search, inputs_join(root->walk, search->dir, text)))) {
		return;
	}
	if (http) {
		gitplace_of_file(text, search_place, &address);
	}
	bool cloned = kustomize_remote_parse(text, &remote);
	if (cloned) {
		search_place(&address, &remote);
	}
	if (http || cloned) {
		read_all(root, root->dir);
	}
	gitplace_release(&remote);
}

void kustomize_read_plugin(struct kustomize_root *root, const char *text)
{
	struct strvec seen = STRVEC_INIT;
	struct search search = { .dir = root->dir, .seen = &seen };

	inputs_print_unknown(root->walk);
	if (!read_inline(root, text)) {
		kustomize_read_resource(root, text);
		search_entry(root, &search, text);
	}
	strvec_release(&seen);
}
