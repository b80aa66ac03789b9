/*
 * Which files does Argo CD give to "helm template" beside the chart?
 *
 * Argo CD, reposerver/repository (getResolvedValueFiles and helmTemplate):
 *   1. An entry of helm.valueFiles, or the path of one of helm.fileParameters,
 *      whose first component is "$" and the ref of a source is a file of that
 *      source's repository, from its root.
 *   2. Any other has its variables substituted (substitute.h).  What has a
 *      scheme is an address, which Helm gets: it may be one of this
 *      repository's files all the same (remote_reference.h).
 *   3. A leading "/" means the root of the repository, else it is relative to
 *      the source's path.  It is joined lexically, and may not leave the
 *      repository.
 *   4. With one of "*?[" in it a value file is a pattern of doublestar's.
 *   5. What is not there is an error, or left out (ignoreMissingValueFiles):
 *      either way it counts when it appears.
 *
 * The addresses of helm-secrets name files, too (helm_secrets.h).
 *
 * A source with a ref is asked what its siblings read through it (refs()); so
 * a source that has nothing but a ref has exactly those inputs.  Everything
 * is resolved while the options are made: units hold paths from the root, and
 * many sources with the same chart and values are one unit.
 *
 * Value files are YAML and count by their meaning.  One that holds a template
 * itself (for "tpl") may reach any file of the chart: the chart is told.
 *
 * What is rendered from this and the chart does not tell the paths of value
 * files, and values that others replace do not reach it (helm_values.c).
 */
#include "inputs/helm/helm.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "inputs/helm/helm_secrets.h"
#include "inputs/helm/helm_template.h"
#include "inputs/helm/helm_values.h"
#include "inputs/print.h"
#include "inputs/remote_reference.h"
#include "inputs/substitute.h"

#define ALL_REACH ((unsigned)(HELM_VALUE_SUSPECT | HELM_VALUE_CHART))

/* What is being collected, as the options of a unit. */
struct collecting {
	struct inputs_walk *walk;
	const struct inputs_source *source;
	const json_t *spec;   // of the source that is rendered
	const char *through;  // the ref that is asked for, or NULL for the source's own
	json_t *values;       // paths of value files
	json_t *globs;        // patterns of value files
	json_t *raw;          // paths whose bytes count
	json_t *secrets;      // the same, for what may refer to more
	bool unseen;          // there are values that cannot be looked at
};

static void add(json_t *list, const char *path)
{
	if (path != NULL) {
		(void)json_array_append_new(list, json_string(path));
	}
}

/* "$name/..." with that name; the rest is at *ret_rest. */
static bool goes_through(const char *text, const char *ref, const char **ret_rest)
{
	size_t len = ref != NULL ? strlen(ref) : 0;

	if (len == 0 || text[0] != '$' || strncmp(text + 1, ref, len) != 0 ||
	    (text[1 + len] != '/' && text[1 + len] != '\0')) {
		return false;
	}
	*ret_rest = text + 1 + len;
	return true;
}

static bool goes_through_sibling(const struct inputs_source *source, const char *text)
{
	const char *rest = NULL;

	for (size_t i = 0; i < source->sibling_count; i++) {
		const json_t *ref = json_object_get(source->siblings[i], "ref");

		if (goes_through(text, json_string_value(ref), &rest)) {
			return true;
		}
	}
	return false;
}

/* Does text begin as what names a file of a Git repository? */
static bool begins_address(const char *text)
{
	return gitplace_is_http(text) || gitplace_after(text, "git+") != NULL ||
	       gitplace_after(text, "git::") != NULL;
}

/* An address of helm-secrets, while its parts are looked at. */
struct secret {
	struct collecting *c;
	bool pattern;
	bool known;  // a part is there
	bool other;  // the last part is a path of the machine's, not of the repository's
	bool remote; // a part is an address, which has marks of its own
};

/* A part of a secret's address, or what vals is referred to. */
static void add_secret(void *arg, const char *text, size_t len)
{
	struct secret *s = arg;
	struct inputs_walk *w = s->c->walk;
	const char *part = inputs_format(w, "%.*s", (int)len, text);
	const char *path = inputs_join(w, s->c->source->path, part);

	if (!s->remote && begins_address(part)) {
		/* The whole rest: the part may be cut at its query. */
		remote_reference_file(w, inputs_format(w, "%s", text), false, s->pattern);
		s->remote = true;
	}
	if (s->remote) {
		return;
	}
	s->other = part[0] == '/';
	if (s->pattern && strchr(part, '*') != NULL) {
		add(s->c->globs, path);
		s->known = true;
		return;
	}
	add(s->c->secrets, path);
	s->known = s->known || inputs_lookup(w, path, NULL) != INPUTS_NOTHING;
}

/*
 * The bytes of all that it may name count.  Where nothing of it is there,
 * though it has to be, the backend may know better: then it is something in
 * the directory in which Helm runs.
 */
static void collect_secret(struct collecting *c, const char *address, bool pattern)
{
	struct secret secret = { .c = c, .pattern = pattern };

	if (helm_secret_is_literal(address)) {
		helm_secret_references(address, strlen(address), add_secret, &secret);
		return;
	}
	helm_secret_parts(address, add_secret, &secret);
	if (!secret.known && !secret.remote && !secret.other &&
	    strstr(address, "://?") == NULL) {
		inputs_subtree(c->walk, c->source->path, NULL, NULL, 0, NULL, NULL);
		inputs_print_unknown(c->walk);
	}
}

/* What Helm or one of its plugins gets by an address. */
static void collect_address(struct collecting *c, const char *text, bool pattern, bool is_values)
{
	c->unseen = true;
	if (helm_secret_is_address(text)) {
		collect_secret(c, text, pattern);
		return;
	}
	remote_reference_file(c->walk, text, is_values, pattern);
}

/* A text with its variables put in, relative to dir; pattern: some are not known. */
static void collect_path(struct collecting *c, const char *dir, const char *text, bool pattern,
			 bool is_values)
{
	if (strstr(text, "://") != NULL || gitplace_after(text, "git::") != NULL) {
		collect_address(c, text, pattern, is_values);
		return;
	}
	const char *path = inputs_join(c->walk, text[0] == '/' ? "" : dir,
				       text + strspn(text, "/"));
	if (pattern || (is_values && strpbrk(text, "*?[") != NULL)) {
		add(c->globs, path);
		return;
	}
	add(is_values ? c->values : c->raw, path);
}

static void collect_variants(struct collecting *c, const char *dir, const char *text,
			     bool is_values)
{
	bool pattern = false;
	const char *made = inputs_substitute(c->walk, c->source, c->spec, text, false, &pattern);

	collect_path(c, dir, made, pattern, is_values);
	if (inputs_substitute_names(c->source, text)) {
		made = inputs_substitute(c->walk, c->source, c->spec, text, true, &pattern);
		collect_path(c, dir, made, pattern, is_values);
	}
}

/* One entry as it is written. */
static void collect(struct collecting *c, const char *text, bool is_values)
{
	const char *rest = NULL;

	if (text[0] == '\0') {
		return;
	}
	if (goes_through(text, c->through != NULL ? c->through : c->source->ref, &rest)) {
		collect_variants(c, "", rest, is_values);
		return;
	}
	if (c->through != NULL) {
		return;
	}
	if (goes_through_sibling(c->source, text)) {
		c->unseen = true;
		return;
	}
	collect_variants(c, c->source->path, text, is_values);
}

static void collect_all(struct collecting *c)
{
	const json_t *helm = json_object_get(c->spec, "helm");
	const json_t *item = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(helm, "valueFiles"), i, item) {
		if (json_is_string(item)) {
			collect(c, json_string_value(item), true);
		}
	}
	json_array_foreach(json_object_get(helm, "fileParameters"), i, item) {
		const json_t *path = json_object_get(item, "path");

		if (json_is_string(path)) {
			collect(c, json_string_value(path), false);
		}
	}
}

static void begin(struct collecting *c)
{
	c->values = json_array();
	c->globs = json_array();
	c->raw = json_array();
	c->secrets = json_array();
}

/* The collected lists as an object; they are given up. */
static json_t *finish(struct collecting *c)
{
	const struct {
		const char *name;
		json_t *list;
	} lists[] = { { "values", c->values }, { "globs", c->globs }, { "raw", c->raw },
		      { "secrets", c->secrets } };
	json_t *result = json_object();

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (json_array_size(lists[i].list) > 0) {
			(void)json_object_set(result, lists[i].name, lists[i].list);
		}
		json_decref(lists[i].list);
	}
	return result;
}

static void set_reach(json_t *options, unsigned reach)
{
	if (reach & HELM_VALUE_SUSPECT) {
		(void)json_object_set_new(options, "anything", json_true());
	}
	if (reach & HELM_VALUE_CHART) {
		(void)json_object_set_new(options, "chart", json_true());
	}
}

static json_t *options(struct inputs_walk *w, const struct inputs_source *source,
		       const json_t *spec)
{
	static const char *const inline_values[] = { "values", "valuesObject", "parameters" };
	struct collecting c = { .walk = w, .source = source, .spec = spec };
	const json_t *helm = json_object_get(spec, "helm");

	begin(&c);
	collect_all(&c);
	unsigned reach = c.unseen ? ALL_REACH : 0U;

	for (size_t i = 0; i < sizeof(inline_values) / sizeof(inline_values[0]); i++) {
		reach |= helm_values_reach(json_object_get(helm, inline_values[i]));
	}
	json_t *result = finish(&c);

	set_reach(result, reach);
	if (json_object_size(result) > 0) {
		return result;
	}
	json_decref(result);
	return NULL;
}

/* A file that is being read for references of vals. */
struct referring {
	struct inputs_walk *walk;
	const char *dir; // where Helm runs, or NULL: nothing in the file matters
};

static void read_reference(void *arg, const char *text, size_t len)
{
	const struct referring *r = arg;
	const char *part = inputs_format(r->walk, "%.*s", (int)len, text);
	struct inputs_entry entry;

	(void)inputs_file(r->walk, inputs_join(r->walk, r->dir, part), 0, &entry);
	inputs_print_unknown(r->walk);
}

/* A file whose bytes are one value, or a secret. */
static void read_raw(struct inputs_walk *w, const char *dir, const char *path,
		     struct helm_values *values)
{
	struct referring referring = { .walk = w, .dir = dir };
	struct inputs_entry entry;
	struct buf text;

	if (inputs_file(w, path, 0, &entry) != INPUTS_FILE) {
		values->reach |= entry.found == INPUTS_SUBMODULE ? ALL_REACH : 0U;
		inputs_print(w, 'N', "");
		return;
	}
	buf_init(&text, LIMIT_YAML_BYTES);
	values->reach |= inputs_blob(w, &entry.id, &text) ? helm_value_reach(text.data, text.len)
							   : ALL_REACH;
	if (dir != NULL) {
		helm_secret_references(text.data, text.len, read_reference, &referring);
	}
	buf_release(&text);
	inputs_print_file(w, &entry, false);
}

/* What a pattern finds is put in the order of its paths: so these count, too. */
static void read_found(struct inputs_walk *w, void *arg, const char *path,
		       const struct tree_entry *entry)
{
	struct helm_values *values = arg;

	(void)entry;
	values->apart = true;
	inputs_print(w, 'P', path);
	helm_values_read(w, path, values);
}

/* Log what options name; Helm runs in dir. */
static void read_files(struct inputs_walk *w, const char *dir, const json_t *options,
		       struct helm_values *values)
{
	const json_t *item = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(options, "values"), i, item) {
		helm_values_read(w, json_string_value(item), values);
	}
	json_array_foreach(json_object_get(options, "raw"), i, item) {
		read_raw(w, NULL, json_string_value(item), values);
	}
	json_array_foreach(json_object_get(options, "secrets"), i, item) {
		read_raw(w, dir, json_string_value(item), values);
	}
	json_array_foreach(json_object_get(options, "globs"), i, item) {
		inputs_glob(w, GLOB_DOUBLESTAR, json_string_value(item), PROBE_MEANING,
			    read_found, values);
	}
}

static void refs(struct inputs_walk *w, const struct inputs_source *source, const json_t *sibling)
{
	struct collecting c = {
		.walk = w, .source = source, .spec = sibling, .through = source->ref,
	};
	struct helm_values values = { .reach = 0 };

	begin(&c);
	collect_all(&c);
	json_t *found = finish(&c);
	read_files(w, source->path, found, &values);
	helm_values_print_files(w, &values);
	helm_values_release(&values);
	json_decref(found);
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct helm_values values = { .reach = 0 };
	json_t *chart = json_pack("{s:b}", "template", 1);

	read_files(w, dir, options, &values);
	helm_values_print(w, inputs_join(w, dir, "values.yaml"), &values);
	helm_values_release(&values);
	if (inputs_true(json_object_get(options, "anything"))) {
		values.reach |= HELM_VALUE_SUSPECT;
	}
	if (inputs_true(json_object_get(options, "chart"))) {
		values.reach |= HELM_VALUE_CHART;
	}
	set_reach(chart, values.reach);
	inputs_child(w, &inputs_chart, dir, chart, NULL);
	json_decref(chart);
}

const struct inputs_walker inputs_helm = {
	.name = "helm",
	.options = options,
	.walk = walk,
	.refs = refs,
	.prints = true,
};
