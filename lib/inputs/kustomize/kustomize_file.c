/*
 * The kustomization file of a root, under one of its three names.
 */
#include <string.h>

#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/print.h"

const char *const kustomize_file_names[] = { "kustomization.yaml", "kustomization.yml",
					     "Kustomization", NULL };

void kustomize_each(struct kustomize_root *root, const char *dir,
		    void (*use)(struct kustomize_root *root, const json_t *kustomization,
				void *arg),
		    void *arg)
{
	const unsigned flags = PROBE_MEANING | (inputs_prints(root->walk) ? INPUTS_PLAIN : 0);

	for (size_t i = 0; kustomize_file_names[i] != NULL; i++) {
		const char *path = inputs_join(root->walk, dir, kustomize_file_names[i]);
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
