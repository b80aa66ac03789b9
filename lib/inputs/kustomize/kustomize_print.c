/*
 * What a file is, in the fingerprint of a root.
 *
 * A file goes in as its content, and as whether it lies outside of the root,
 * where it may be refused; resources as the objects in them (objects.c), in
 * whatever files these are.  Where buildMetadata is asked for, the places of
 * files are in the output, and go in too.
 */
#include <string.h>

#include "base/limits.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/meaning.h"
#include "inputs/objects.h"
#include "inputs/print.h"

void kustomize_print_file(struct kustomize_root *root, const char *text,
			  const struct inputs_entry *entry, enum kustomize_content content)
{
	struct inputs_walk *w = root->walk;
	size_t len = strlen(root->dir);

	if (!inputs_prints(w)) {
		return;
	}
	if (entry->found == INPUTS_SUBMODULE || entry->found == INPUTS_UNREADABLE) {
		inputs_print_unknown(w);
		return;
	}
	if (root->places) {
		inputs_print(w, 'P', text);
	}
	if (entry->found != INPUTS_FILE) {
		inputs_print(w, 'N', text);
		return;
	}
	if (len > 0 && (strncmp(entry->real, root->dir, len) != 0 || entry->real[len] != '/')) {
		inputs_print(w, 'U', "outside");
	}
	if (content == KUSTOMIZE_OBJECTS) {
		inputs_print_objects(w, entry);
		return;
	}
	inputs_print_file(w, entry, content == KUSTOMIZE_YAML);
}

void kustomize_print_tags(struct kustomize_root *root, const struct inputs_entry *entry)
{
	struct buf text;

	if (!inputs_prints(root->walk)) {
		return;
	}
	buf_init(&text, LIMIT_YAML_BYTES);
	if (!inputs_blob(root->walk, &entry->id, &text) ||
	    objects_have_tags(text.data, text.len) ||
	    memmem(text.data, text.len, "<<", 2) != NULL ||
	    meaning_has_odd_lines(text.data, text.len)) {
		inputs_print_unknown(root->walk);
	}
	buf_release(&text);
}
