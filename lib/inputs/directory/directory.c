/*
 * Which files of a directory does Argo CD take for manifests?
 *
 * Argo CD, reposerver/repository (getPotentiallyValidManifests and
 * findManifests):
 *   - filepath.Walk() of the path: hidden directories too, links to
 *     directories not; the directory's own level only, unless
 *     directory.recurse
 *   - names that end in .yaml, .yml, .json or .jsonnet; any, with
 *     directory.disableExtensionFilter
 *   - not directory.exclude; directory.include, if there is one: patterns of
 *     gobwas without separators ("*" matches "/"), on the path below the
 *     source's (directory_pattern.h)
 *   - a link is followed before the patterns are asked; where that fails (a
 *     ring), all of it fails
 *   - of a link the target is read; the link's name decides whether it is
 *     Jsonnet, or the target's, by the version: here either does
 * A pattern that is malformed matches nothing.
 *
 * So the inputs are one LIST or SUBTREE with a filter, whatever it finds, and
 * each Jsonnet file as a unit of its own (jsonnet.h).  All but Jsonnet counts
 * by its meaning; a file with the marker "+argocd:skip-file-rendering" by its
 * bytes, which the comparison knows (inputs/meaning.h).  A file that can hold
 * no object contributes nothing, whatever it says (ibid.).  Apart from what it
 * adds to their size: Argo CD refuses a directory whose files have more than
 * 10 MB together (--max-combined-directory-manifests-size), and how close a
 * directory is to that is not looked at.
 *
 * Links in the source's own path are followed, except that Jsonnet joins its
 * imports to the path as it is written, so its files keep that ("as").
 */
#include "inputs/directory/directory.h"

#include <stdint.h>
#include <string.h>

#include "base/glob.h"
#include "inputs/directory/directory_pattern.h"
#include "inputs/directory/jsonnet.h"
#include "inputs/print.h"

/* One directory being listed. */
struct directory {
	const char *dir;
	const char *as;        // how the source writes dir
	const struct inputs_filter *filter;
	const char *argument;
	const json_t *options;
	json_t *jsonnet;       // options of Jsonnet files; NULL: none yet
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);
	size_t m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_manifest_name(const char *name)
{
	static const char *const ends[] = { ".yaml", ".yml", ".json", ".jsonnet" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends_with(name, ends[i])) {
			return true;
		}
	}
	return false;
}

/* The argument: "include\nexclude", either may be empty; or nothing at all. */
static bool all_match(const char *argument, const char *path, size_t name_at)
{
	size_t include = strcspn(argument, "\n");

	(void)name_at;
	if (argument[include] != '\0') {
		const char *exclude = argument + include + 1;

		if (exclude[0] != '\0' && directory_surely_matches(exclude, path)) {
			return false;
		}
	}
	char pattern[GLOB_PATTERN_MAX + 1];

	memcpy(pattern, argument, include);
	pattern[include] = '\0';
	return include == 0 || directory_may_match(pattern, path);
}

static bool manifests_match(const char *argument, const char *path, size_t name_at)
{
	return is_manifest_name(path + name_at) && all_match(argument, path, name_at);
}

const struct inputs_filter inputs_filter_any_manifests = {
	.name = "any-manifests",
	.match = all_match,
};

const struct inputs_filter inputs_filter_manifests = {
	.name = "manifests",
	.match = manifests_match,
};

static bool is_usable(const char *pattern)
{
	return strlen(pattern) <= GLOB_PATTERN_MAX && strchr(pattern, '\n') == NULL;
}

static const char *text_of(const json_t *options, const char *key)
{
	const char *text = json_string_value(json_object_get(options, key));

	return text != NULL && is_usable(text) ? text : "";
}

static const char *kind_of(const char *path)
{
	return ends_with(path, ".json") ? ".json" : ends_with(path, ".jsonnet") ? ".jsonnet" : "";
}

/*
 * Manifests count in the order of their paths, and by their ends, which say
 * how they are parsed; below other directories that order is not Git's, so
 * there the whole path counts.
 */
static void print(struct inputs_walk *w, const struct directory *d, const char *path,
		  const struct tree_entry *entry)
{
	const struct inputs_entry file = { .real = path, .id = entry->id };
	const char *below = path + strlen(d->dir) + (d->dir[0] != '\0');
	bool regular = entry->kind == TREE_FILE || entry->kind == TREE_EXEC;

	if (!regular || strncmp(path, d->dir, strlen(d->dir)) != 0) {
		inputs_print_unknown(w);
		return;
	}
	inputs_print(w, 'f', strchr(below, '/') != NULL ? below : kind_of(path));
	inputs_print_file(w, &file, true);
}

static void visit(struct inputs_walk *w, void *arg, const char *path,
		  const struct tree_entry *entry)
{
	struct directory *d = arg;
	const char *below = path + strlen(d->dir) + (d->dir[0] != '\0');
	const char *slash = strrchr(below, '/');
	size_t name_at = slash != NULL ? (size_t)(slash + 1 - below) : 0;
	bool jsonnet = ends_with(path, ".jsonnet");
	struct inputs_entry target;

	if (entry->kind == TREE_DIR) {
		return;
	}
	print(w, d, path, entry);
	if (entry->kind == TREE_LINK && !d->filter->match(d->argument, below, name_at)) {
		(void)inputs_lookup(w, path, NULL);
		return;
	}
	if (entry->kind == TREE_LINK) {
		if (inputs_file(w, path, PROBE_MEANING, &target) != INPUTS_FILE) {
			return;
		}
		jsonnet = jsonnet || ends_with(target.real, ".jsonnet");
	}
	if (jsonnet) {
		if (d->jsonnet == NULL) {
			d->jsonnet = jsonnet_options(w, d->as, d->options);
		}
		inputs_child(w, &inputs_jsonnet, inputs_join(w, d->as, below), d->jsonnet, path);
	}
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const unsigned flags = PROBE_MEANING | PROBE_OBJECTS | PROBE_LINKS;
	const char *as = json_string_value(json_object_get(options, "as"));
	bool any = json_object_get(options, "any") != NULL;
	const char *include = text_of(options, "include");
	const char *exclude = text_of(options, "exclude");
	bool all = include[0] == '\0' && exclude[0] == '\0';
	struct directory d = {
		.dir = dir,
		.as = as != NULL ? as : dir,
		.filter = any ? &inputs_filter_any_manifests : &inputs_filter_manifests,
		.argument = all ? "" : inputs_format(w, "%s\n%s", include, exclude),
		.options = options,
	};

	if (json_object_get(options, "recurse") != NULL) {
		inputs_subtree(w, dir, d.filter, d.argument, flags, visit, &d);
	} else {
		inputs_list(w, dir, d.filter, d.argument, flags, visit, &d);
	}
	if (d.jsonnet != NULL) {
		jsonnet_walk_code(w, json_object_get(options, "imports"), d.jsonnet);
		json_decref(d.jsonnet);
	}
}

static json_t *options(struct inputs_walk *w, const struct inputs_source *source,
		       const json_t *spec)
{
	static const char *const patterns[] = { "include", "exclude" };
	const json_t *directory = json_object_get(spec, "directory");
	json_t *result = json_object();
	struct inputs_entry entry;

	if (inputs_true(json_object_get(directory, "recurse"))) {
		(void)json_object_set_new(result, "recurse", json_true());
	}
	if (inputs_true(json_object_get(directory, "disableExtensionFilter"))) {
		(void)json_object_set_new(result, "any", json_true());
	}
	if (inputs_lookup(w, source->path, &entry) == INPUTS_DIRECTORY &&
	    strcmp(entry.real, source->path) != 0) {
		(void)json_object_set_new(result, "as", json_string(source->path));
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		json_t *text = json_object_get(directory, patterns[i]);

		if (json_is_string(text) && json_string_length(text) > 0) {
			(void)json_object_set(result, patterns[i], text);
		}
	}
	jsonnet_add_options(w, json_object_get(directory, "jsonnet"), result);
	if (json_object_size(result) > 0) {
		return result;
	}
	json_decref(result);
	return NULL;
}

const struct inputs_walker inputs_directory = {
	.name = "directory",
	.options = options,
	.walk = walk,
	.prints = true,
};
