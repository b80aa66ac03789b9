/*
 * Objects read by tables: what the strings in them refer to, and for the
 * fingerprint of a root what else they say.
 *
 * Without a fingerprint the members are read as they come, and only those of
 * the table.  With one, all of it goes in, said in one way:
 *
 * Kustomize decodes the file into a struct and works through its fields in an
 * order of its own (api/internal/target), so the order of keys does not reach
 * the output; that of lists does.  Before that it takes the older names of
 * fields for the newer ones (api/types/kustomization.go):
 *
 *   - "imageTags:" is read as "images:" (FixKustomizationPreUnmarshalling)
 *   - bases are appended to resources, a missing kind is Kustomization and a
 *     missing apiVersion that of the kind (FixKustomizationPostUnmarshal)
 *
 * Other fields that look alike are worked off by other transformers at other
 * times, so they stay apart; when patchesJson6902 are as good as patches after
 * all, and why resources may come in any order, says kustomize_minds.c: both
 * show in the loose fingerprint alone.  A reference goes in as what it leads
 * to: a file by kustomize_print.c, a root as nothing but that it is one.
 *
 * What is said in line is equal to a file that says it: Kustomize replaces a
 * patch's path by the file's content before it looks at it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "base/yaml.h"
#include "inputs/go_name.h"
#include "inputs/kustomize/kustomize_impl.h"
#include "inputs/print.h"

/* Lists deeper than that are in no kustomization (and yaml.h has its limit). */
#define DEPTH_MAX 200

/* Other names of the same field, of the kustomization itself. */
static const struct {
	const char *name; // as it is written, in lower case
	const char *same;
	int rank;         // 0: the values under the other name come first
} synonyms[] = {
	{ "bases", "resources", 1 },
	{ "imagetags", "images", 0 },
};

/* What a kustomization that says nothing means. */
static const char default_kind[] = "Kustomization";
static const char default_version[] = "kustomize.config.k8s.io/v1beta1";

struct member {
	const char *name; // as it goes into the fingerprint
	int rank;
	const json_t *value;
	const struct kustomize_field *field; // NULL: no reference
};

struct members {
	struct member *items;
	size_t count;
	size_t capacity;
};

static void print_value(struct kustomize_root *root, const json_t *value,
			const struct kustomize_field *field, int depth);

static const char *without_mark(const char *text)
{
	return text[0] == YAML_PLAIN ? text + 1 : text;
}

static const struct kustomize_field *field_of(const struct kustomize_field *fields,
					      const char *key)
{
	for (; fields != NULL && fields->name != NULL; fields++) {
		if (go_name_is(key, fields->name)) {
			return fields;
		}
	}
	return NULL;
}

/* Fields of which one with nothing in it is as good as none; any other may be an error. */
static const struct {
	const char *name;
	char kind; // s: a text, l: a list, o: an object
} empty[] = {
	{ "namePrefix", 's' }, { "nameSuffix", 's' }, { "namespace", 's' },
	{ "kind", 's' }, { "apiVersion", 's' },
	{ "commonLabels", 'o' }, { "commonAnnotations", 'o' }, { "generatorOptions", 'o' },
	{ "openapi", 'o' }, { "sortOptions", 'o' },
	{ "resources", 'l' }, { "components", 'l' }, { "crds", 'l' }, { "configurations", 'l' },
	{ "patches", 'l' }, { "patchesJson6902", 'l' }, { "patchesStrategicMerge", 'l' },
	{ "replacements", 'l' }, { "configMapGenerator", 'l' }, { "secretGenerator", 'l' },
	{ "generators", 'l' }, { "transformers", 'l' }, { "validators", 'l' }, { "images", 'l' },
	{ "replicas", 'l' }, { "vars", 'l' }, { "labels", 'l' }, { "helmCharts", 'l' },
	{ "buildMetadata", 'l' },
};

static bool is_empty(const struct member *m)
{
	const char *text = json_string_value(m->value);
	char kind = json_is_array(m->value) && json_array_size(m->value) == 0 ? 'l' : '\0';

	kind = text != NULL && text[0] == '\0' ? 's' : kind;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		if (strcmp(m->name, empty[i].name) == 0) {
			return json_is_null(m->value) || kind == empty[i].kind;
		}
	}
	return false;
}

/* Does the member say what holds without it? */
static bool says_nothing(const struct member *m, const json_t *object)
{
	const char *kind = json_string_value(go_name_get(object, "kind"));
	const char *text = json_string_value(m->value);
	bool plain = kind == NULL || strcmp(kind, default_kind) == 0;

	if (is_empty(m)) {
		return true;
	}
	return text != NULL && plain &&
	       ((strcmp(m->name, "kind") == 0 && strcmp(text, default_kind) == 0) ||
		(strcmp(m->name, "apiVersion") == 0 && strcmp(text, default_version) == 0));
}

static void take_member(struct members *list, const json_t *object, const char *key,
			const json_t *value, const struct kustomize_field *fields, bool top)
{
	struct member m = { .name = key, .value = value, .field = field_of(fields, key) };

	if (m.field != NULL) {
		m.name = m.field->says != NULL ? m.field->says : m.field->name;
	}
	for (size_t i = 0; top && i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (go_name_is(m.name, synonyms[i].name)) {
			m.name = synonyms[i].same;
			m.rank = synonyms[i].rank;
		}
	}
	if (top && says_nothing(&m, object)) {
		return;
	}
	list->items = xgrow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = m;
}

static int by_name(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	int r = strcmp(x->name, y->name);

	return r != 0 ? r : x->rank - y->rank;
}

static bool is_listing(const struct kustomize_field *field)
{
	return field != NULL && field->listing;
}

static void print_items(struct kustomize_root *root, const json_t *list,
			const struct kustomize_field *field, int depth)
{
	const json_t *item = NULL;
	size_t i = 0;

	json_array_foreach(list, i, item) {
		/* Resources are one list of objects, whatever files they stand in. */
		if (!is_listing(field)) {
			inputs_print(root->walk, '-', "");
		}
		print_value(root, item, field, depth + 1);
	}
}

static bool is_named(const struct members *list, size_t at, const char *name)
{
	return at < list->count && strcmp(list->items[at].name, name) == 0;
}

/* The name of a member and the beginning of its list; loosely, what is merged goes on. */
static void print_head(struct kustomize_root *root, const struct members *list, size_t at)
{
	struct inputs_walk *w = root->walk;
	const struct member *m = &list->items[at];
	bool array = json_is_array(m->value);

	if (!root->merges || !is_named(list, at, "patchesJson6902")) {
		inputs_print(w, 'm', m->name);
		inputs_print(w, array ? '[' : 'v', "");
		return;
	}
	inputs_print_strictly(w, 'm', m->name);
	inputs_print_strictly(w, '[', "");
	if (at == 0 || !is_named(list, at - 1, "patches")) {
		inputs_print_loosely(w, 'm', "patches");
		inputs_print_loosely(w, '[', "");
	}
}

/* The end of a member, before the one at next. */
static void print_tail(struct kustomize_root *root, const struct members *list, size_t at,
		       size_t next)
{
	inputs_print_strictly(root->walk, ']', "");
	if (!root->merges || !is_named(list, at, "patches") ||
	    !is_named(list, next, "patchesJson6902")) {
		inputs_print_loosely(root->walk, ']', "");
	}
}

/* A member and those that continue it; the number of members printed. */
static size_t print_member(struct kustomize_root *root, const struct members *list, size_t at,
			   int depth)
{
	const struct member *m = &list->items[at];
	size_t n = 1;

	print_head(root, list, at);
	if (is_listing(m->field)) {
		inputs_print_list(root->walk, true);
	}
	if (!json_is_array(m->value)) {
		print_value(root, m->value, m->field, depth);
	} else {
		print_items(root, m->value, m->field, depth);
	}
	for (; is_named(list, at + n, m->name); n++) {
		const struct member *more = &list->items[at + n];

		/* Twice by the same name, or not two lists: which one counts is not known. */
		if (more->rank == m->rank || !json_is_array(m->value) ||
		    !json_is_array(more->value)) {
			inputs_print_unknown(root->walk);
		}
		print_items(root, more->value, more->field, depth);
	}
	if (is_listing(m->field)) {
		inputs_print_list(root->walk, false);
	}
	print_tail(root, list, at, at + n);
	return n;
}

static void print_object(struct kustomize_root *root, const json_t *object,
			 const struct kustomize_field *fields, bool top, int depth)
{
	struct members list = { .items = NULL };
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		take_member(&list, object, key, value, fields, top);
	}
	if (list.count > 1) {
		qsort(list.items, list.count, sizeof(*list.items), by_name);
	}
	inputs_print(root->walk, '{', "");
	for (size_t i = 0; i < list.count;) {
		i += print_member(root, &list, i, depth + 1);
	}
	inputs_print(root->walk, '}', "");
	free(list.items);
}

static void print_value(struct kustomize_root *root, const json_t *value,
			const struct kustomize_field *field, int depth)
{
	struct inputs_walk *w = root->walk;

	if (depth > DEPTH_MAX || !inputs_prints(w)) {
		inputs_print_unknown(w);
		return;
	}
	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		if (field == NULL || field->read == NULL) {
			inputs_print(w, 's', text);
			return;
		}
		field->read(root, without_mark(text));
		return;
	}
	if (json_is_object(value)) {
		print_object(root, value, field != NULL ? field->fields : NULL, false, depth + 1);
		return;
	}
	if (json_is_array(value)) {
		/* A list in a list holds no references (kustomize_fields()). */
		inputs_print(w, '[', "");
		print_items(root, value, NULL, depth);
		inputs_print(w, ']', "");
		return;
	}
	inputs_print(w, 'z', "");
}

static void print_fields(struct kustomize_root *root, const json_t *object,
			 const struct kustomize_field *fields)
{
	if (json_is_object(object)) {
		print_object(root, object, fields, true, 0);
	}
}

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
		print_fields(root, object, fields);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		for (const struct kustomize_field *field = fields; field->name != NULL; field++) {
			if (go_name_is(key, field->name)) {
				read_value(root, value, field);
			}
		}
	}
}
