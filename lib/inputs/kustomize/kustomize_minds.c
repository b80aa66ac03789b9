/*
 * What only shows where somebody minds.
 *
 * Two kustomizations can differ in something that no transformer of Kustomize
 * lets through to the output, unless one that comes later looks for it:
 *
 *   1. The order of resources.  Objects are kept in the order in which they
 *      were read, are transformed one by one, conflict with each other in
 *      either order, and are sorted before they are printed
 *      (api/krusty/kustomizer.go: applySortOrder(); the legacy order is one of
 *      kind, namespace and name, and no two objects share these).  Who minds:
 *      sortOptions; replacements, whose source may be one of their targets;
 *      plugins, which get the list of objects.  (Rules for transformers that
 *      come from a file mind, too: what they do is not looked at.)
 *
 *   2. "patchesJson6902:" or "patches:".  The former are worked off after the
 *      transformers of namespace, names, labels and annotations, the latter
 *      before them (kusttarget_configplugin.go: configureBuiltinTransformers()).
 *      So there must be no prefix or suffix, and where there is any other of
 *      these, nothing that it changes may select the target or be patched.
 *      The latter also note the name that an object had before
 *      (PatchTransformer.go: StorePreviousId()).  That note counts as an
 *      annotation, so the patch must not touch these, and it is asked for
 *      where something renames an object without such a note later: a patch
 *      of the former kind that touches names, a replacement, a plugin.  And
 *      only an object with a note is found by those that refer to it
 *      (filters/nameref/nameref.go: previousNameMatches()), so it must be of
 *      a kind that is in none of Kustomize's own tables (konfig/
 *      builtinpluginconsts/).  The former want the target's name, so it must
 *      be there.
 *
 * These hold from api v0.8 (Kustomize 4.0) to v0.21 (5.8), whose files were compared.
 */
#include <string.h>

#include "base/yaml.h"
#include "inputs/go_name.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/kustomize/kustomize_remote.h"
#include "inputs/print.h"

#define PATCH_BYTES_MAX ((size_t)1024 * 1024)

static bool says(const json_t *kustomization, const char *name)
{
	const json_t *value = go_name_get(kustomization, name);
	const char *text = json_string_value(value);

	return value != NULL && !json_is_null(value) && (text == NULL || text[0] != '\0') &&
	       (!json_is_array(value) || json_array_size(value) > 0);
}

static bool says_any(const json_t *kustomization, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (says(kustomization, *names)) {
			return true;
		}
	}
	return false;
}

/* How far a patch keeps out of the way of others. */
enum touch {
	TOUCH_FAR,  // of nothing but its object's own fields
	TOUCH_NEAR, // of labels, or of what is selected by what may change
	TOUCH_BAD   // of names or annotations, or it is not known of what
};

static enum touch worse(enum touch a, enum touch b)
{
	return a > b ? a : b;
}

static enum touch pointer_touches(const json_t *value)
{
	static const char *const named[] = { "metadata", "kind", "apiVersion" };
	const char *text = json_string_value(value);
	size_t len = text != NULL && text[0] == '/' ? strcspn(text + 1, "/") : 0;

	if (len == 0 || memchr(text + 1, '~', len) != NULL) {
		return TOUCH_BAD;
	}
	if (strncmp(text, "/metadata/labels/", 17) == 0) {
		return TOUCH_NEAR;
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (strlen(named[i]) == len && strncmp(text + 1, named[i], len) == 0) {
			return TOUCH_BAD;
		}
	}
	return TOUCH_FAR;
}

static enum touch operation_touches(const json_t *operation)
{
	const json_t *from = json_object_get(operation, "from");
	enum touch touch = pointer_touches(json_object_get(operation, "path"));

	return from != NULL ? worse(touch, pointer_touches(from)) : touch;
}

/* A list of operations. */
static enum touch text_touches(const char *text, size_t len)
{
	const struct yaml_options options = { .reject_duplicates = true };
	struct yaml_stream *stream = NULL;
	const json_t *operation = NULL;
	size_t i = 0;

	if (yaml_parse(text, len, &options, &stream, NULL) != YAML_OK) {
		return TOUCH_BAD;
	}
	const json_t *list = yaml_stream_document(stream, 0);
	bool one = yaml_stream_count(stream) == 1 && json_array_size(list) > 0;
	enum touch touch = one ? TOUCH_FAR : TOUCH_BAD;
	json_array_foreach(list, i, operation) {
		touch = worse(touch, operation_touches(operation));
	}
	yaml_stream_free(stream);
	return touch;
}

static enum touch file_touches(struct kustomize_root *root, const char *text)
{
	enum touch touch = TOUCH_BAD;
	struct buf content;

	if (gitplace_is_http(text)) {
		return TOUCH_BAD;
	}
	buf_init(&content, PATCH_BYTES_MAX);
	if (inputs_read(root->walk, inputs_join(root->walk, root->dir, text), PROBE_MEANING,
			&content, NULL) == INPUTS_FILE) {
		touch = text_touches(content.data, content.len);
	}
	buf_release(&content);
	return touch;
}

/* Is it the name of one kind, and does Kustomize itself know nothing of that kind? */
static bool is_plain_kind(const char *kind)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";
	static const char *const known[] = {
		"APIService", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob",
		"CustomResourceDefinition", "DaemonSet", "Deployment", "IngressClass", "Job",
		"Namespace", "NetworkPolicy", "PersistentVolume", "PersistentVolumeClaim",
		"PodDisruptionBudget", "PriorityClass", "ReplicaSet", "ReplicationController",
		"Role", "RoleBinding", "Secret", "Service", "ServiceAccount", "StatefulSet",
		"StorageClass", "ValidatingAdmissionPolicy",
	};

	if (kind == NULL || kind[0] == '\0' || kind[strspn(kind, letters)] != '\0') {
		return false;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(kind, known[i]) == 0) {
			return false;
		}
	}
	return true;
}

static enum touch target_touches(const json_t *target)
{
	const char *name = json_string_value(json_object_get(target, "name"));
	size_t fixed = 2U + (json_object_get(target, "group") != NULL ? 1U : 0U) +
		       (json_object_get(target, "version") != NULL ? 1U : 0U);

	if (name == NULL || name[0] == '\0' || name[0] == YAML_PLAIN ||
	    !is_plain_kind(json_string_value(json_object_get(target, "kind")))) {
		return TOUCH_BAD;
	}
	return json_object_size(target) == fixed ? TOUCH_FAR : TOUCH_NEAR;
}

/* One of patchesJson6902: a target, and a patch in line or in a file. */
static enum touch patch_touches(struct kustomize_root *root, const json_t *entry)
{
	const char *path = json_string_value(json_object_get(entry, "path"));
	const char *patch = json_string_value(json_object_get(entry, "patch"));
	const char *text = path != NULL ? path : patch;
	enum touch touch = target_touches(json_object_get(entry, "target"));

	if (json_object_size(entry) != 2 || touch == TOUCH_BAD || text == NULL ||
	    strchr(" \t\r\n\x01", text[0]) != NULL) {
		return TOUCH_BAD;
	}
	return worse(touch, path != NULL ? file_touches(root, path)
					 : text_touches(patch, strlen(patch)));
}

/* May "patchesJson6902:", which touch no more than that, be worked off before the others? */
static bool may_merge(const json_t *kustomization, enum touch touch)
{
	static const char *const renaming[] = { "namePrefix", "nameSuffix", NULL };
	static const char *const others[] = { "namespace", "labels", "commonLabels",
					      "commonAnnotations", NULL };
	const json_t *patches = go_name_get(kustomization, "patches");
	const json_t *label = NULL;
	size_t i = 0;

	if (touch == TOUCH_BAD || (patches != NULL && !json_is_array(patches)) ||
	    says_any(kustomization, renaming)) {
		return false;
	}
	json_array_foreach(go_name_get(kustomization, "labels"), i, label) {
		if (go_name_get(label, "fields") != NULL) {
			return false;
		}
	}
	return touch == TOUCH_FAR || !says_any(kustomization, others);
}

void kustomize_find_minds(struct kustomize_root *root, const json_t *kustomization)
{
	static const char *const minding[] = {
		"sortOptions", "replacements", "generators", "transformers", "validators",
		"configurations", "crds", "openapi", NULL,
	};
	const json_t *former = go_name_get(kustomization, "patchesJson6902");
	bool minds = says_any(kustomization, minding) || root->places;
	enum touch touch = former == NULL || json_is_array(former) ? TOUCH_FAR : TOUCH_BAD;
	const json_t *entry = NULL;
	size_t i = 0;

	json_array_foreach(former, i, entry) {
		touch = worse(touch, patch_touches(root, entry));
	}
	if (minds || touch == TOUCH_BAD) {
		inputs_print_minds(root->walk);
	}
	root->merges = json_array_size(former) > 0 && !minds && may_merge(kustomization, touch);
}
