/*
 * Which files of a chart count?
 *
 * Helm (pkg/chart/loader) loads all files of the chart's directory, links
 * followed, except those that .helmignore names (helm_ignore.h), and sorts
 * them by their names:
 *
 *   Chart.yaml, Chart.lock, values.yaml, values.schema.json,
 *   requirements.yaml, requirements.lock, templates/, crds/   the chart
 *   charts/NAME/      a chart of its own, by the same rules
 *   charts/X.tgz      a packed chart
 *   charts/_X, .X     nothing
 *   any other         reached by templates through .Files only
 *
 * So the others (README.md, values for other environments, ci/) matter only
 * if a template can reach Files: helm_template.h says so of what is there to
 * be read.  Templates in packed charts, and in dependencies that are fetched
 * when the chart is rendered, cannot be read.  But a chart's templates see
 * their own chart's files alone, so those only matter if a template that can
 * be read calls one that is defined nowhere here.
 *
 * Dependencies (Chart.yaml, requirements.yaml, Chart.lock): if the name of
 * each is among the unpacked charts in charts/, Argo CD builds nothing.  If
 * not, "helm dependency build" fetches all of them, and one whose repository
 * is "file://PATH" is a chart in this repository.  Helm packs such a chart
 * without its own dependencies; they are logged all the same, since a work
 * tree may hold what was built there before.
 */
#include "inputs/helm.h"

#include <string.h>

#include "base/limits.h"
#include "base/strvec.h"
#include "inputs/helm_ignore.h"
#include "inputs/helm_template.h"

#define RULES_BYTES_MAX 16384
#define LINKED_DIRS_MAX 10
#define NAMES_MAX 1000

/* Text that is looked through; in a chart with more, all files count. */
#define TEXT_BYTES_MAX (64U * 1024 * 1024)

/* The first byte of the filter's argument; the rules of .helmignore follow. */
#define NEEDED 'n'
#define ALL 'a'

struct chart {
	struct inputs_walk *walk;
	const char *dir;        // links followed
	struct buf argument;    // of the filter
	struct helm_templates templates;
	struct strvec names;    // of the unpacked charts in charts/
	bool suspect;           // values may be templates that reach further
	bool all;               // everything in the directory counts
	size_t text_len;        // bytes looked through so far
	const char *seen;       // where the directory being listed is in the chart
	size_t skip;            // bytes of a path in front of what is below that directory
	int links;              // linked directories on the way there
};

static const char *const own_files[] = {
	"Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", "requirements.yaml",
	"requirements.lock",
};

/* Those of the chart itself (top), not of a subchart, are logged as YAML. */
static bool is_own_file(const char *path, bool top)
{
	for (size_t i = 0; i < sizeof(own_files) / sizeof(own_files[0]); i++) {
		if (strcmp(path, own_files[i]) == 0) {
			return !top || (strcmp(path, "Chart.yaml") != 0 &&
					strcmp(path, "values.yaml") != 0);
		}
	}
	return false;
}

static bool is_part(const char *path, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(path, name, len) == 0;
}

/* Files and directories that make a chart; path is relative to it. */
static bool is_needed(const char *path)
{
	for (bool top = true;; top = false) {
		size_t n = strcspn(path, "/");

		if (is_part(path, n, "templates") || is_part(path, n, "crds")) {
			return true;
		}
		if (!is_part(path, n, "charts")) {
			return is_own_file(path, top);
		}
		if (path[n] == '\0') {
			return true;
		}
		path += n + 1;
		n = strcspn(path, "/");
		if (path[0] == '_' || path[0] == '.') {
			return false;
		}
		if (path[n] == '\0') {
			return true;
		}
		path += n + 1;
	}
}

static bool chart_matches(const char *argument, const char *path, size_t name_at)
{
	(void)name_at;
	if (argument[0] == NEEDED && !is_needed(path)) {
		return false;
	}
	if (argument[0] == ALL &&
	    (strcmp(path, "Chart.yaml") == 0 || strcmp(path, "values.yaml") == 0)) {
		return false;
	}
	return argument[0] == '\0' || !helm_ignore_path(argument + 1, path);
}

const struct inputs_filter inputs_filter_chart = {
	.name = "chart",
	.match = chart_matches,
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);
	size_t m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* The content of a file that is logged. If it cannot be had, all may matter. */
static void get_text(struct chart *c, const struct oid *id, struct buf *text)
{
	buf_init(text, LIMIT_YAML_BYTES);
	if (c->text_len > TEXT_BYTES_MAX || !inputs_blob(c->walk, id, text)) {
		c->all = true;
	}
	c->text_len += text->len;
}

static bool is_template(const char *seen)
{
	return strncmp(seen, "templates/", 10) == 0 || strstr(seen, "/templates/") != NULL;
}

static bool is_values(const char *seen)
{
	return strcmp(seen, "values.yaml") == 0 || ends_with(seen, "/values.yaml");
}

/* The name of an unpacked chart, if this is charts/X/Chart.yaml. */
static void note_chart(struct chart *c, const char *seen, const char *path)
{
	const char *name = NULL;
	const json_t *value = NULL;
	bool bad = false;

	if (strncmp(seen, "charts/", 7) != 0 || !ends_with(seen, "/Chart.yaml") ||
	    strchr(seen + 7, '/') != strrchr(seen, '/')) {
		return;
	}
	if (inputs_yaml(c->walk, path, INPUTS_MEANING, true, &value, &bad, NULL) == INPUTS_FILE) {
		name = json_string_value(json_object_get(value, "name"));
	}
	if (name != NULL && c->names.count < NAMES_MAX) {
		(void)strvec_push_unique(&c->names, name);
	}
}

static void read_values(struct chart *c, const char *path)
{
	const json_t *values = NULL;
	bool bad = false;

	(void)inputs_yaml(c->walk, path, INPUTS_MEANING, true, &values, &bad, NULL);
	c->suspect = c->suspect || helm_values_suspect(values);
}

/* A file that is loaded as seen. */
static void look_into(struct chart *c, const char *seen, const char *path, const struct oid *id)
{
	struct buf text;

	note_chart(c, seen, path);
	if (is_template(seen)) {
		get_text(c, id, &text);
		helm_template_scan(&c->templates, text.data, text.len);
		buf_release(&text);
	} else if (is_values(seen)) {
		read_values(c, path);
	}
}

static void visit(struct inputs_walk *w, void *arg, const char *path,
		  const struct tree_entry *entry);

/* Everything behind a linked directory counts. */
static void follow_directory(struct chart *c, const char *seen, const struct inputs_entry *entry)
{
	const char *outer = c->seen;
	size_t skip = c->skip;

	if (c->links >= LINKED_DIRS_MAX) {
		inputs_opaque(c->walk, "links to directories in a chart go too deep");
		return;
	}
	c->links++;
	c->seen = inputs_format(c->walk, "%s/", seen);
	c->skip = entry->real[0] != '\0' ? strlen(entry->real) + 1 : 0;
	inputs_subtree(c->walk, entry->real, NULL, NULL, 0, visit, c);
	c->seen = outer;
	c->skip = skip;
	c->links--;
}

static void follow(struct chart *c, const char *seen, const char *path)
{
	struct inputs_entry entry;

	switch (inputs_file(c->walk, path, 0, &entry)) {
	case INPUTS_FILE:
		look_into(c, seen, entry.real, &entry.id);
		return;
	case INPUTS_DIRECTORY:
		follow_directory(c, seen, &entry);
		return;
	case INPUTS_NOTHING:
		return;
	case INPUTS_SUBMODULE:
	case INPUTS_UNREADABLE:
		c->all = true;
	}
}

static void visit(struct inputs_walk *w, void *arg, const char *path,
		  const struct tree_entry *entry)
{
	struct chart *c = arg;
	const char *seen = inputs_format(w, "%s%s", c->seen, path + c->skip);

	if (entry->kind == TREE_LINK || entry->kind == TREE_GITLINK) {
		follow(c, seen, path);
	} else if (entry->kind != TREE_DIR) {
		look_into(c, seen, path, &entry->id);
	}
}

/* The other files count as well; links among them lead further. */
static void visit_rest(struct inputs_walk *w, void *arg, const char *path,
		       const struct tree_entry *entry)
{
	if (entry->kind == TREE_LINK || entry->kind == TREE_GITLINK) {
		visit(w, arg, path, entry);
	}
}

static void list(struct chart *c, char files, inputs_visit each)
{
	c->argument.data[0] = files;
	c->seen = "";
	c->skip = c->dir[0] != '\0' ? strlen(c->dir) + 1 : 0;
	inputs_subtree(c->walk, c->dir, &inputs_filter_chart, c->argument.data, 0, each, c);
}

/* The filter's argument; without rules if they are not understood. */
static void read_rules(struct chart *c)
{
	struct inputs_entry entry;
	struct buf text;
	const char *path = inputs_join(c->walk, c->dir, ".helmignore");
	enum inputs_found found = inputs_file(c->walk, path, 0, &entry);

	(void)buf_addch(&c->argument, NEEDED);
	buf_init(&text, RULES_BYTES_MAX);
	if (found == INPUTS_NOTHING ||
	    (found == INPUTS_FILE && inputs_blob(c->walk, &entry.id, &text))) {
		(void)helm_ignore_parse(text.data, text.len, &c->argument);
	}
	buf_release(&text);
}

/* One of these is not in charts/ as a directory. */
static bool is_missing(const struct chart *c, const json_t *dependency)
{
	const char *name = json_string_value(json_object_get(dependency, "name"));

	return name == NULL || !strvec_contains(&c->names, name);
}

static void read_dependency(struct chart *c, const json_t *dependency)
{
	const char *repository = json_string_value(json_object_get(dependency, "repository"));
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	json_t *options = NULL;

	if (repository == NULL || strncmp(repository, "file://", 7) != 0) {
		return;
	}
	if (inputs_lookup(c->walk, inputs_join(c->walk, c->dir, repository + 7), &entry) !=
	    INPUTS_DIRECTORY) {
		return;
	}
	if (c->suspect) {
		options = json_pack("{s:b}", "anything", 1);
	}
	inputs_child(c->walk, &inputs_chart, entry.real, options, repository);
	json_decref(options);
}

/* The dependencies that a file names. building: all of them are fetched. */
static void read_dependencies(struct chart *c, const json_t *file, bool *building)
{
	const json_t *dependencies = json_object_get(file, "dependencies");
	const json_t *dependency = NULL;
	size_t i = 0;

	json_array_foreach(dependencies, i, dependency) {
		*building = *building || is_missing(c, dependency);
	}
	json_array_foreach(dependencies, i, dependency) {
		if (*building) {
			read_dependency(c, dependency);
		}
	}
}

static void read_metadata(struct chart *c)
{
	static const char *const names[] = { "Chart.yaml", "requirements.yaml", "Chart.lock",
					     "requirements.lock" };
	bool building = false;

	read_values(c, inputs_join(c->walk, c->dir, "values.yaml"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *value = NULL;
		bool bad = false;

		const char *path = inputs_join(c->walk, c->dir, names[i]);
		if (inputs_yaml(c->walk, path, INPUTS_MEANING, true, &value, &bad, NULL) !=
		    INPUTS_FILE) {
			continue;
		}
		if (i == 0) {
			inputs_origin(c->walk, path);
		}
		read_dependencies(c, value, &building);
	}
}

static bool needs_all(const struct chart *c)
{
	return c->all || c->templates.files || (c->templates.tpl && c->suspect) ||
	       helm_templates_miss(&c->templates);
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	if (inputs_lookup(w, dir, &entry) != INPUTS_DIRECTORY) {
		return;
	}
	struct chart c = { .walk = w, .dir = entry.real };

	c.suspect = inputs_true(json_object_get(options, "anything"));
	buf_init(&c.argument, RULES_BYTES_MAX * 2);
	read_rules(&c);
	/* A directory that appears in charts/ is a chart, if a broken one. */
	inputs_list(w, inputs_join(w, c.dir, "charts"), NULL, NULL, INPUTS_NAMES | INPUTS_DIRS,
		    NULL, NULL);
	list(&c, NEEDED, visit);
	read_metadata(&c);
	if (needs_all(&c)) {
		list(&c, ALL, visit_rest);
	}
	buf_release(&c.argument);
	strvec_release(&c.names);
	helm_templates_release(&c.templates);
}

const struct inputs_walker inputs_chart = {
	.name = "chart",
	.walk = walk,
};
