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
 *   links             an error if they lead nowhere, wherever they stand
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
 * tree may hold what was built there before.  One that helm-git gets is a
 * chart in a Git repository, maybe this one (helm_repository.c).
 *
 * The fingerprint is that of a chart which "helm template" renders, or packs
 * as a dependency (then all of Chart.yaml counts, for others may name it);
 * Flux's, which have a version, have none.  It holds each file that is loaded,
 * by its name in the chart: templates without their comments (helm_print.c),
 * Chart.yaml without what nothing names, resource definitions by their
 * meaning.  NOTES.txt is executed and its output
 * thrown away (pkg/action, renderResources): unless a template may include
 * it, only its actions count.  The chart's own values.yaml is for who renders
 * it (helm_values.c).
 */
#include "inputs/helm/helm.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strvec.h"
#include "base/xalloc.h"
#include "inputs/go_name.h"
#include "inputs/helm/helm_files.h"
#include "inputs/helm/helm_ignore.h"
#include "inputs/helm/helm_print.h"
#include "inputs/helm/helm_template.h"
#include "inputs/helm/helm_values.h"
#include "inputs/print.h"
#include "inputs/remote_reference.h"

#define RULES_BYTES_MAX 16384
#define LINKED_DIRS_MAX 10
#define NAMES_MAX 1000

/* Text that is looked through; in a chart with more, all files count. */
#define TEXT_BYTES_MAX (64U * 1024 * 1024)

/* A NOTES.txt, or the Chart.yaml of a subchart. */
struct late {
	struct inputs_entry entry;
	const char *actions; // of a NOTES.txt, or NULL
};

struct chart {
	struct inputs_walk *walk;
	const char *dir;        // links followed
	struct buf argument;    // of the filter
	struct helm_templates templates;
	struct strvec names;    // of the unpacked charts in charts/
	unsigned reach;         // what values may do as templates (helm_template.h)
	bool all;               // everything in the directory counts
	bool unseen;            // there are subcharts that cannot be read
	bool building;          // dependencies are fetched
	bool older;             // there is a requirements.yaml or requirements.lock
	bool imports;           // a dependency says "import-values"
	bool packed;            // it is a dependency, and not rendered by itself
	struct late *late;      // what can be said of only when all is known
	size_t late_count;
	size_t late_capacity;
	size_t text_len;        // bytes looked through so far
	const char *seen;       // where the directory being listed is in the chart
	size_t skip;            // bytes of a path in front of what is below that directory
	int links;              // linked directories on the way there
};

/* The content of a file that is logged. If it cannot be had, all may matter. */
static void get_text(struct chart *c, const struct oid *id, struct buf *text)
{
	buf_init(text, LIMIT_YAML_BYTES);
	if (c->text_len > TEXT_BYTES_MAX || !inputs_blob(c->walk, id, text)) {
		c->all = true;
	}
	c->text_len += text->len;
}

/* The name of an unpacked chart, if this is charts/X/Chart.yaml. */
static void note_chart(struct chart *c, const char *seen, const char *path)
{
	const char *name = NULL;
	const json_t *value = NULL;
	bool bad = false;

	if (strncmp(seen, "charts/", 7) != 0 || !helm_ends_with(seen, "/Chart.yaml") ||
	    strchr(seen + 7, '/') != strrchr(seen, '/')) {
		return;
	}
	if (inputs_yaml(c->walk, path, PROBE_MEANING, true, &value, &bad, NULL) == INPUTS_FILE) {
		name = json_string_value(go_name_get(value, "name"));
	}
	if (name != NULL && c->names.count < NAMES_MAX) {
		(void)strvec_push_unique(&c->names, name);
	}
}

static void read_values(struct chart *c, const char *path)
{
	const json_t *values = NULL;
	bool bad = false;

	(void)inputs_yaml(c->walk, path, PROBE_MEANING, false, &values, &bad, NULL);
	c->reach |= helm_values_reach(values);
}

static void add_late(struct chart *c, const struct inputs_entry *entry, const char *actions)
{
	c->late = xgrow(c->late, c->late_count, &c->late_capacity, sizeof(*c->late));
	c->late[c->late_count++] = (struct late){ .entry = *entry, .actions = actions };
}

/* Its output is thrown away, and nothing is defined in it. */
static bool note_notes(struct chart *c, const char *seen, const struct inputs_entry *entry,
		       const struct buf *text)
{
	struct buf actions;

	buf_init(&actions, PRINT_BYTES_MAX);
	bool ok = helm_ends_with(seen, "NOTES.txt") && !c->packed &&
		  helm_print_actions(text->data, text->len, false, &actions) &&
		  strstr(actions.data, "define") == NULL && strstr(actions.data, "block") == NULL;
	if (ok) {
		add_late(c, entry, inputs_keep(c->walk, actions.data));
	}
	buf_release(&actions);
	return ok;
}

static void print_template(struct chart *c, const char *seen, const struct inputs_entry *entry,
			   const struct buf *text)
{
	struct buf said;

	/* A text with a NUL, or one that was not read, counts byte by byte. */
	if (text->len == 0 || memchr(text->data, '\0', text->len) != NULL) {
		inputs_print_file(c->walk, entry, false);
		return;
	}
	if (note_notes(c, seen, entry, text)) {
		return;
	}
	buf_init(&said, PRINT_BYTES_MAX);
	if (helm_print_actions(text->data, text->len, true, &said)) {
		inputs_print(c->walk, 't', said.data);
	} else {
		inputs_print_file(c->walk, entry, false);
	}
	buf_release(&said);
}

/* A file as it is loaded; text is what was read of a template. */
static void print_file(struct chart *c, const char *seen, const char *path, const struct oid *id,
		       const struct buf *text)
{
	const struct inputs_entry entry = { .found = INPUTS_FILE, .real = path, .id = *id };
	const char *own = helm_own_path(seen);

	if (!inputs_prints(c->walk) || !helm_ignore_loads(c->argument.data + 1, seen) ||
	    strcmp(seen, "Chart.lock") == 0 || strcmp(seen, "requirements.lock") == 0) {
		return;
	}
	inputs_print(c->walk, 'f', seen);
	c->older = c->older || strncmp(own, "requirements.", 13) == 0;
	if (strncmp(own, "templates/", 10) == 0) {
		print_template(c, seen, &entry, text);
	} else if (strcmp(own, "Chart.yaml") == 0) {
		add_late(c, &entry, NULL);
	} else if (strcmp(own, "values.yaml") == 0) {
		helm_print_yaml(c->walk, &entry);
	} else {
		bool meaning = strncmp(own, "crds/", 5) == 0 ||
			       strcmp(own, "requirements.yaml") == 0;

		inputs_print_file(c->walk, &entry, meaning);
	}
}

/* A file that may be loaded as seen. */
static void look_into(struct chart *c, const char *seen, const char *path, const struct oid *id)
{
	struct buf text;

	c->unseen = c->unseen || helm_ends_with(seen, ".tgz");
	note_chart(c, seen, path);
	buf_init(&text, 0);
	if (helm_is_template(seen)) {
		buf_release(&text);
		get_text(c, id, &text);
		helm_template_scan(&c->templates, text.data, text.len, helm_template_lasts(seen));
	} else if (helm_is_values(seen)) {
		read_values(c, path);
	}
	print_file(c, seen, path, id, &text);
	buf_release(&text);
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
		/* Helm fails, even if it is ignored (internal/sympath). */
		inputs_print(c->walk, 'L', seen);
		return;
	case INPUTS_SUBMODULE:
	case INPUTS_UNREADABLE:
		c->all = true;
	}
}

/* A link that is of no use, if it leads anywhere; below a directory Helm looks for more. */
static void check_link(struct chart *c, const char *seen, const char *path)
{
	struct inputs_entry entry;

	if (inputs_lookup(c->walk, path, &entry) != INPUTS_FILE) {
		follow(c, seen, path);
	}
}

static void visit(struct inputs_walk *w, void *arg, const char *path,
		  const struct tree_entry *entry)
{
	struct chart *c = arg;
	const char *seen = inputs_format(w, "%s%s", c->seen, path + c->skip);
	bool needed = c->links > 0 || inputs_filter_chart.match(c->argument.data, seen, 0);

	if (entry->kind == TREE_LINK && !needed) {
		check_link(c, seen, path);
	} else if (entry->kind == TREE_LINK || entry->kind == TREE_GITLINK) {
		follow(c, seen, path);
	} else if (entry->kind != TREE_DIR) {
		look_into(c, seen, path, &entry->id);
	}
}

/* The other files count as well; links among them lead further. */
static void visit_rest(struct inputs_walk *w, void *arg, const char *path,
		       const struct tree_entry *entry)
{
	const struct inputs_entry file = { .found = INPUTS_FILE, .real = path, .id = entry->id };
	const struct chart *c = arg;

	if (entry->kind == TREE_LINK || entry->kind == TREE_GITLINK) {
		visit(w, arg, path, entry);
	} else if (entry->kind != TREE_DIR && helm_in_files(path + c->skip) &&
		   helm_ignore_loads(c->argument.data + 1, path + c->skip)) {
		inputs_print(w, 'f', path + c->skip);
		inputs_print_file(w, &file, false);
	}
}

static void list(struct chart *c, char files, inputs_visit each)
{
	c->argument.data[0] = files;
	c->seen = "";
	c->skip = c->dir[0] != '\0' ? strlen(c->dir) + 1 : 0;
	inputs_subtree(c->walk, c->dir, &inputs_filter_chart, c->argument.data, PROBE_LINKS, each,
		       c);
}

/* The filter's argument; without rules if they are not understood. */
static void read_rules(struct chart *c)
{
	struct inputs_entry entry;
	struct buf text;
	const char *path = inputs_join(c->walk, c->dir, ".helmignore");
	enum inputs_found found = inputs_file(c->walk, path, 0, &entry);

	(void)buf_addch(&c->argument, HELM_FILES_NEEDED);
	buf_init(&text, RULES_BYTES_MAX);
	bool known = (found == INPUTS_NOTHING ||
		      (found == INPUTS_FILE && inputs_blob(c->walk, &entry.id, &text))) &&
		     helm_ignore_parse(text.data, text.len, &c->argument);
	if (!known && found == INPUTS_FILE) {
		inputs_print_file(c->walk, &entry, false);
	} else {
		inputs_print(c->walk, 'I', known ? "" : "unknown");
	}
	buf_release(&text);
}

/* One of these is not in charts/ as a directory. */
static bool is_missing(const struct chart *c, const json_t *dependency)
{
	const char *name = json_string_value(go_name_get(dependency, "name"));

	return name == NULL || !strvec_contains(&c->names, name);
}

static void read_dependency(struct chart *c, const json_t *dependency)
{
	const char *repository = json_string_value(go_name_get(dependency, "repository"));
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	json_t *options = NULL;

	if (repository == NULL || strncmp(repository, "file://", 7) != 0) {
		remote_reference_charts(c->walk, repository,
					json_string_value(go_name_get(dependency, "name")));
		return;
	}
	if (inputs_lookup(c->walk, inputs_join(c->walk, c->dir, repository + 7), &entry) !=
	    INPUTS_DIRECTORY) {
		return;
	}
	options = json_pack("{s:b}", "packed", 1);
	if (c->reach & HELM_VALUE_SUSPECT) {
		(void)json_object_set_new(options, "anything", json_true());
	}
	inputs_child(c->walk, &inputs_chart, entry.real, options, repository);
	json_decref(options);
}

/* The dependencies that a file names. building: all of them are fetched. */
static void read_dependencies(struct chart *c, const json_t *file, bool *building)
{
	const json_t *dependencies = go_name_get(file, "dependencies");
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

static bool has_imports(const json_t *file)
{
	const json_t *dependency = NULL;
	size_t i = 0;

	json_array_foreach(go_name_get(file, "dependencies"), i, dependency) {
		if (go_name_get(dependency, "import-values") != NULL) {
			return true;
		}
	}
	return false;
}

static const char *const metadata[] = { "Chart.yaml", "requirements.yaml", "Chart.lock",
					"requirements.lock" };

#define METADATA (sizeof(metadata) / sizeof(metadata[0]))

static void read_metadata(struct chart *c, struct inputs_entry entries[METADATA])
{
	for (size_t i = 0; i < METADATA; i++) {
		const json_t *value = NULL;
		bool bad = false;

		const char *path = inputs_join(c->walk, c->dir, metadata[i]);
		if (inputs_yaml(c->walk, path, PROBE_MEANING, true, &value, &bad, &entries[i]) !=
		    INPUTS_FILE) {
			continue;
		}
		if (i == 0) {
			inputs_origin(c->walk, path);
		}
		c->older = c->older || i == 1 || i == 3;
		c->imports = c->imports || has_imports(value);
		read_dependencies(c, value, &c->building);
	}
	c->unseen = c->unseen || c->building;
}

static bool needs_all(const struct chart *c)
{
	return c->all || c->templates.files || helm_templates_whole(&c->templates) ||
	       (c->templates.tpl && c->reach & HELM_VALUE_SUSPECT) ||
	       helm_templates_miss(&c->templates, c->unseen);
}

/* Can no template take in a NOTES.txt? */
static bool notes_are_lost(const struct chart *c)
{
	return !needs_all(c) && !c->templates.notes && !c->unseen;
}

static bool names_all_of_chart(const struct chart *c)
{
	return c->all || c->templates.chart || helm_templates_whole(&c->templates) ||
	       (c->templates.tpl && c->reach != 0) ||
	       helm_templates_miss(&c->templates, c->unseen);
}

static void print_late(struct chart *c, struct helm_metadata how)
{
	bool lost = notes_are_lost(c);
	char hex[OID_HEX_MAX + 1];

	how.sub = true;
	how.all = how.all || c->building;
	for (size_t i = 0; i < c->late_count; i++) {
		const struct late *late = &c->late[i];

		if (late->actions == NULL) {
			helm_print_metadata(c->walk, &late->entry, &how);
		} else {
			inputs_print(c->walk, 'n',
				     lost ? late->actions : oid_to_hex(&late->entry.id, hex));
		}
	}
}

/* A lock that is read and not used is as good as none. */
static void print_lock(struct chart *c, const char *name, const struct inputs_entry *entry)
{
	if (entry->found != INPUTS_FILE || (!c->building && helm_is_lock(c->walk, entry))) {
		return;
	}
	inputs_print(c->walk, 'f', name);
	inputs_print(c->walk, 'i',
		     helm_ignore_loads(c->argument.data + 1, name) ? "loaded" : "");
	inputs_print_file(c->walk, entry, true);
}

/* Who renders the chart sees to its values, but for this. */
static void print_values(struct chart *c)
{
	const char *path = inputs_join(c->walk, c->dir, "values.yaml");
	struct inputs_entry entry;

	inputs_print(c->walk, 'i',
		     helm_ignore_loads(c->argument.data + 1, "values.yaml") ? "loaded" : "");
	if ((c->imports || c->packed) &&
	    inputs_file(c->walk, path, PROBE_MEANING, &entry) == INPUTS_FILE) {
		helm_print_yaml(c->walk, &entry);
	}
}

/* What was not said yet, now that all is known. */
static void print_rest(struct chart *c, const struct inputs_entry entries[METADATA])
{
	const struct helm_metadata how = {
		.templates = &c->templates,
		.all = c->packed || names_all_of_chart(c),
		.building = c->building,
		.older = c->older,
	};

	if (!inputs_prints(c->walk)) {
		return;
	}
	print_late(c, how);
	print_values(c);
	inputs_print(c->walk, 'i',
		     helm_ignore_loads(c->argument.data + 1, metadata[0]) ? "loaded" : "");
	if (entries[0].found == INPUTS_FILE) {
		helm_print_metadata(c->walk, &entries[0], &how);
	}
	print_lock(c, metadata[2], &entries[2]);
	print_lock(c, metadata[3], &entries[3]);
}

/* An unpacked chart without files that are needed is there all the same, and an error. */
static void print_subchart(struct inputs_walk *w, void *arg, const char *path,
			   const struct tree_entry *entry)
{
	(void)arg;
	if (entry->kind == TREE_DIR) {
		inputs_print(w, 'd', strrchr(path, '/'));
	}
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entries[METADATA] = { { .found = INPUTS_NOTHING } };
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	struct chart c = { .walk = w, .packed = inputs_true(json_object_get(options, "packed")) };

	if (!c.packed && !inputs_true(json_object_get(options, "template"))) {
		inputs_print_unknown(w);
	}
	if (inputs_lookup(w, dir, &entry) != INPUTS_DIRECTORY) {
		return;
	}
	c.dir = entry.real;

	c.reach = inputs_true(json_object_get(options, "anything")) ? HELM_VALUE_SUSPECT : 0U;
	c.reach |= inputs_true(json_object_get(options, "chart")) ? HELM_VALUE_CHART : 0U;
	buf_init(&c.argument, RULES_BYTES_MAX * 2);
	read_rules(&c);
	/* A directory that appears in charts/ is a chart, if a broken one. */
	inputs_list(w, inputs_join(w, c.dir, "charts"), NULL, NULL, PROBE_NAMES | PROBE_DIRS,
		    print_subchart, NULL);
	list(&c, HELM_FILES_NEEDED, visit);
	read_values(&c, inputs_join(w, c.dir, "values.yaml"));
	read_metadata(&c, entries);
	print_rest(&c, entries);
	if (needs_all(&c)) {
		list(&c, HELM_FILES_ALL, visit_rest);
	}
	buf_release(&c.argument);
	strvec_release(&c.names);
	free(c.late);
	helm_templates_release(&c.templates);
}

const struct inputs_walker inputs_chart = {
	.name = "chart",
	.walk = walk,
	.prints = true,
};
