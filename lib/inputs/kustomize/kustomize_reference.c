/*
 * What the strings in a kustomization refer to.
 *
 * A reference is a file, another root, or something in another tree: a
 * repository that Kustomize would clone, a file that it would download.  What
 * the reference is by its field, and what is found there, say which.
 */
#include <string.h>

#include "inputs/remote_reference.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/kustomize/kustomize_remote.h"
#include "inputs/print.h"

/* A file that Kustomize would download. */
static void read_remote_file(struct kustomize_root *root, const char *text, bool meaning)
{
	remote_reference_file(root->walk, text, meaning, false);
	inputs_print(root->walk, 'R', text);
}

/* A repository that Kustomize would clone. False if it would not. */
static bool read_remote_root(struct kustomize_root *root, const char *text)
{
	struct inputs_walk *w = root->walk;
	struct gitplace remote = { .url = NULL };
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (!kustomize_remote_parse(text, &remote)) {
		return false;
	}
	inputs_print(w, 'R', text);
	if (remote_reference_is_here(w, &remote)) {
		(void)inputs_lookup(w, inputs_join(w, "", remote.path), &entry);
	}
	if (entry.found == INPUTS_DIRECTORY) {
		kustomize_child(root, entry.real, text);
	}
	if (remote_reference_is_outside(w, &remote)) {
		remote_reference_add(w, remote.url, remote.ref, remote.path, root->walker, text);
	}
	gitplace_release(&remote);
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
	inputs_child(w, root->walker, dir, options, via);
	json_decref(options);
}

static void read_content(struct kustomize_root *root, const char *text,
			 enum kustomize_content content)
{
	const unsigned flags = content == KUSTOMIZE_BYTES ? 0 : PROBE_MEANING;
	struct inputs_entry entry;

	if (gitplace_is_http(text)) {
		read_remote_file(root, text, flags != 0);
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

	if (gitplace_is_http(text)) {
		read_remote_file(root, text, true);
		(void)read_remote_root(root, text);
		return;
	}
	if (text[0] == '\0') {
		return;
	}
	(void)inputs_file(w, inputs_join(w, root->dir, text), PROBE_MEANING, &entry);
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

void kustomize_read_component(struct kustomize_root *root, const char *text)
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
	{ .name = "path", .read = kustomize_read_file },
	{ .name = NULL },
};

const struct kustomize_field kustomize_patch_fields[] = {
	{ .name = "path", .read = read_patch_file, .says = "patch" },
	{ .name = "patch", .read = read_inline },
	{ .name = NULL },
};

const struct kustomize_field kustomize_generator_fields[] = {
	{ .name = "files", .read = read_keyed },
	{ .name = "envs", .read = read_raw },
	{ .name = "env", .read = read_raw },
	{ .name = NULL },
};
