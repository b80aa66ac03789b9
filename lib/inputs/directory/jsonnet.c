/*
 * Which files does a Jsonnet file read?
 *
 * What it imports is in its text (jsonnet_imports.h).  go-jsonnet looks for it
 * (imports.go, FileImporter)
 *   1. beside the importing file
 *   2. in the library paths, the last one first
 * and takes the first that is there; paths are joined lexically.  Argo CD's
 * library paths are the source's path and then directory.jsonnet.libs, which
 * are relative to the root of the repository (makeJsonnetVm).  So what is not
 * there earlier on the way counts as well.
 *
 * Top-level arguments and external variables with "code: true" are Jsonnet,
 * too; they lie beside nothing.
 *
 * A file is a unit of its own, under the path by which it was found: links
 * are not resolved before something is looked for beside it.
 */
#include "inputs/directory/jsonnet.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "inputs/directory/jsonnet_imports.h"

#define IMPORTS_MAX 10000
#define LIBS_MAX 100

/* One text whose imports are being followed. */
struct importing {
	struct inputs_walk *walk;
	const char *beside;    // the directory of the file, or NULL
	const json_t *options;
	size_t count;
};

/* One place. True if the search is over. */
static bool try_path(struct importing *im, const char *dir, const char *path, bool code)
{
	struct inputs_walk *w = im->walk;
	const char *joined = inputs_join(w, dir, path);
	enum inputs_found found = code ? inputs_lookup(w, joined, NULL)
				       : inputs_file(w, joined, 0, NULL);

	if (found == INPUTS_FILE && code) {
		inputs_child(w, &inputs_jsonnet, joined, im->options, path);
	}
	return found != INPUTS_NOTHING;
}

static void follow(void *arg, const char *path, bool code)
{
	struct importing *im = arg;
	const json_t *paths = json_object_get(im->options, "paths");

	if (++im->count > IMPORTS_MAX) {
		inputs_opaque(im->walk, "a Jsonnet file has more than 10,000 imports");
		return;
	}
	if (path[0] == '/' || (im->beside != NULL && try_path(im, im->beside, path, code))) {
		return;
	}
	for (size_t i = json_array_size(paths); i > 0; i--) {
		if (try_path(im, json_string_value(json_array_get(paths, i - 1)), path, code)) {
			return;
		}
	}
}

static const char *directory_of(struct inputs_walk *w, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? inputs_format(w, "%.*s", (int)(slash - path), path) : "";
}

static void walk(struct inputs_walk *w, const char *path, const json_t *options)
{
	struct importing im = {
		.walk = w, .beside = directory_of(w, path), .options = options,
	};
	struct buf text;

	buf_init(&text, LIMIT_YAML_BYTES);
	inputs_origin(w, path);
	if (inputs_read(w, path, 0, &text, NULL) == INPUTS_FILE) {
		jsonnet_imports(text.data, text.len, follow, &im);
	}
	buf_release(&text);
}

const struct inputs_walker inputs_jsonnet = {
	.name = "jsonnet",
	.walk = walk,
};

/* An import of code in a variable, kept as "=path" (Jsonnet) or ":path". */
static void keep_import(void *arg, const char *path, bool code)
{
	struct importing *im = arg;

	if (++im->count <= IMPORTS_MAX) {
		const char *text = inputs_format(im->walk, "%c%s", code ? '=' : ':', path);

		(void)json_array_append_new((json_t *)(uintptr_t)im->options, json_string(text));
	}
}

/* Does Argo CD put anything in the place of a "$"? "$." and "$[" it leaves alone. */
static bool has_variables(const char *text)
{
	static const char plain[] = " \t\n.[,;:)]}\"'/%&|=<+";

	for (; *text != '\0'; text++) {
		/* The end of the text is in plain as well. */
		if (text[0] == '$' && memchr(plain, text[1], sizeof(plain)) == NULL) {
			return true;
		}
	}
	return false;
}

static void collect_code(struct inputs_walk *w, const json_t *variables, json_t *imports)
{
	struct importing im = { .walk = w, .options = imports };
	const json_t *variable = NULL;
	size_t i = 0;

	json_array_foreach(variables, i, variable) {
		const json_t *value = json_object_get(variable, "value");
		const char *text = json_string_value(value);

		if (text == NULL || !inputs_true(json_object_get(variable, "code"))) {
			continue;
		}
		/* Argo CD puts its variables in first: what is imported may depend on them. */
		if (strstr(text, "import") != NULL && has_variables(text)) {
			inputs_opaque(w, "code in a variable of Jsonnet holds variables itself");
		}
		jsonnet_imports(text, json_string_length(value), keep_import, &im);
	}
}

void jsonnet_add_options(struct inputs_walk *w, const json_t *jsonnet, json_t *options)
{
	json_t *imports = json_array();
	json_t *libs = json_array();
	const json_t *lib = NULL;
	size_t i = 0;

	collect_code(w, json_object_get(jsonnet, "tlas"), imports);
	collect_code(w, json_object_get(jsonnet, "extVars"), imports);
	if (json_array_size(imports) > 0) {
		(void)json_object_set(options, "imports", imports);
	}
	json_array_foreach(json_object_get(jsonnet, "libs"), i, lib) {
		const char *text = json_string_value(lib);
		const char *path = text != NULL ? inputs_join(w, "", text + strspn(text, "/"))
						: NULL;

		if (path != NULL) {
			(void)json_array_append_new(libs, json_string(path));
		}
	}
	if (json_array_size(libs) > LIBS_MAX) {
		inputs_opaque(w, "it has more than 100 Jsonnet libraries");
		(void)json_array_clear(libs);
	}
	if (json_array_size(libs) > 0) {
		(void)json_object_set(options, "libs", libs);
	}
	json_decref(imports);
	json_decref(libs);
}

json_t *jsonnet_options(struct inputs_walk *w, const char *dir, const json_t *options)
{
	json_t *paths = json_array();
	const json_t *lib = NULL;
	size_t i = 0;

	(void)json_array_append_new(paths, json_string(dir));
	json_array_foreach(json_object_get(options, "libs"), i, lib) {
		struct inputs_entry entry = { .real = json_string_value(lib) };

		if (entry.real != NULL) {
			(void)inputs_lookup(w, entry.real, &entry);
			(void)json_array_append_new(paths, json_string(entry.real));
		}
	}
	return json_pack("{s:o}", "paths", paths);
}

void jsonnet_walk_code(struct inputs_walk *w, const json_t *imports, const json_t *options)
{
	struct importing im = { .walk = w, .options = options };
	const json_t *import = NULL;
	size_t i = 0;

	json_array_foreach(imports, i, import) {
		const char *text = json_string_value(import);

		if (text != NULL && text[0] != '\0') {
			follow(&im, text + 1, text[0] == '=');
		}
	}
}
