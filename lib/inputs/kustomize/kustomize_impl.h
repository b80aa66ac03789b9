/*
 * Between the files of the Kustomize walker.
 *
 * A kustomization and the plugin configurations beside it are read by tables:
 * a field has a name and says what the strings under it refer to.
 */
#ifndef LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_IMPL_H
#define LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_IMPL_H

#include <stdbool.h>

#include <jansson.h>

#include "inputs/inputs_impl.h"

/* One root that is being read. */
struct kustomize_root {
	struct inputs_walk *walk;
	const struct inputs_walker *walker; // of the roots that it refers to
	const char *dir;   // links followed; every reference is relative to it
	size_t inline_len; // bytes of YAML inside of YAML that were parsed so far
	const char *file;  // the kustomization being read
	bool places;       // where files lie is in the output: buildMetadata
	bool merges;       // patchesJson6902 are as good as patches (kustomize_minds.c)
};

/* What a string in a kustomization refers to. */
typedef void (*kustomize_reader)(struct kustomize_root *root, const char *text);

/* One field of an object; a table ends with a row without a name. */
struct kustomize_field {
	const char *name;                     // in any case
	kustomize_reader read;                // a string, or each string of a list; or NULL
	const struct kustomize_field *fields; // an object, or each object of a list; or NULL
	const char *says; // its name in the fingerprint; NULL: as above
	bool listing;     // all that its list refers to is one list of objects
};

/* The rows of a ConfigMap or Secret generator, of a patch with a path, of a replacement. */
extern const struct kustomize_field kustomize_generator_fields[];
extern const struct kustomize_field kustomize_path_fields[];
extern const struct kustomize_field kustomize_patch_fields[];

/*
 * Read object (anything but an object is ignored) by a table.  While a
 * fingerprint is taken, its members are read in an order of our own, and all
 * of it goes in (kustomize_fields.c).
 */
void kustomize_fields(struct kustomize_root *root, const json_t *object,
		      const struct kustomize_field *fields);

/* How the content of a file counts. */
enum kustomize_content {
	KUSTOMIZE_BYTES,
	KUSTOMIZE_YAML,     // what it means
	KUSTOMIZE_OBJECTS   // objects, or a list of operations
};

/* What a file is, into the fingerprint. */
void kustomize_print_file(struct kustomize_root *root, const char *text,
			  const struct inputs_entry *entry, enum kustomize_content content);

/*
 * No fingerprint of a kustomization with what is lost on the way: tags ("!!int"),
 * merge keys, and directives.
 */
void kustomize_print_tags(struct kustomize_root *root, const struct inputs_entry *entry);

/* For the loose fingerprint: set root->merges, and say if the root minds (print.h). */
void kustomize_find_minds(struct kustomize_root *root, const json_t *kustomization);

/* A root that this one refers to; its directory is real, via how it is written. */
void kustomize_child(struct kustomize_root *root, const char *dir, const char *via);

/* A file whose YAML counts, not its bytes; or one by HTTP. */
void kustomize_read_file(struct kustomize_root *root, const char *text);

/* A resource: a file, else another root, else a remote reference. */
void kustomize_read_resource(struct kustomize_root *root, const char *text);

/* A component: a remote reference to a repository, else another root. */
void kustomize_read_component(struct kustomize_root *root, const char *text);

/* A strategic merge patch: a patch in line, or a file. */
void kustomize_read_patch(struct kustomize_root *root, const char *text);

/*
 * An entry of generators, transformers or validators: a plugin's
 * configuration in line, or a resource that holds some (kustomize_plugin.c).
 */
void kustomize_read_plugin(struct kustomize_root *root, const char *text);

/* The Helm charts of a kustomization: helmCharts, helmGlobals and the older form. */
void kustomize_read_helm(struct kustomize_root *root, const json_t *kustomization);

/* A HelmChartInflationGenerator's configuration: chart and globals in one object. */
void kustomize_read_chart_plugin(struct kustomize_root *root, const json_t *object);

/* What a kustomization file can be called; ends with NULL. */
extern const char *const kustomize_file_names[];

/* Call use with the YAML of each kustomization file in dir, which is real. */
void kustomize_each(struct kustomize_root *root, const char *dir,
		    void (*use)(struct kustomize_root *root, const json_t *kustomization,
				void *arg),
		    void *arg);

#endif
