/*
 * Values of Helm: what is left when all are put together.
 *
 * Helm (pkg/cli/values, mergeMaps) lays value files over each other: a later
 * one replaces what an earlier one says, maps are merged, null is a value.
 * The chart's own values come below them (pkg/chartutil/coalesce.go; in
 * version 4 pkg/chart/common/util): where both hold something at one path,
 * and neither is a map or null, the chart's does not reach anything.  All that
 * the code ever asks of such a value is whether it is a map and whether it is
 * null: so it is said as that, and not left out, for that something is there
 * counts (coalesceGlobals() makes a table where there is nothing).  Only
 * "import-values" carry the chart's values somewhere else first
 * (processImportValues()): then the chart puts its values into the
 * fingerprint itself (helm_chart.c).
 *
 * What comes later, an Application's own values and parameters, is the same
 * for all trees, and cannot take away a key again.
 *
 * Values are compared as JSON trees, in which a scalar without quotes is
 * marked.  Not so where readers of YAML differ: go-yaml lets a merge key win
 * over keys before it, makes strings of keys that are numbers, Helm 3 reads
 * only the first of several documents and knows no YAML 1.2, and a number that
 * JSON has not is an error even where it is hidden.  Such a file counts by its
 * own meaning (meaning.h).
 */
#include "inputs/helm/helm_values.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/yaml.h"
#include "inputs/helm/helm_template.h"
#include "inputs/meaning.h"
#include "inputs/print.h"

/* ".nan" or ".inf" at p, on its own. */
static bool is_no_number(const char *p, const char *text, const char *end)
{
	if (end - p < 4 || (strncasecmp(p, ".nan", 4) != 0 && strncasecmp(p, ".inf", 4) != 0)) {
		return false;
	}
	return (p == text || strchr(" \t\r\n[{,:+-", p[-1]) != NULL) &&
	       (end - p == 4 || strchr(" \t\r\n]},", p[4]) != NULL);
}

/* Merge keys, tags, and numbers that JSON has not. */
static bool has_special(const char *text, size_t len)
{
	const char *end = text + len;

	if (memmem(text, len, "<<", 2) != NULL) {
		return true;
	}
	for (const char *p = memchr(text, '.', len); p != NULL;
	     p = memchr(p + 1, '.', (size_t)(end - p - 1))) {
		if (is_no_number(p, text, end)) {
			return true;
		}
	}
	for (const char *p = memchr(text, '!', len); p != NULL;
	     p = memchr(p + 1, '!', (size_t)(end - p - 1))) {
		bool begins = p == text || strchr(" \t\r\n[{,:-", p[-1]) != NULL;

		if (begins && p + 1 < end && strchr(" \t\r\n\"'", p[1]) == NULL) {
			return true;
		}
	}
	return false;
}

static bool has_odd_key(const json_t *node, int depth)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	const char *key = NULL;
	json_t *value = NULL;
	size_t i = 0;

	if (depth > LIMIT_YAML_DEPTH) {
		return true;
	}
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		bool odd = key[0] == YAML_PLAIN || has_odd_key(value, depth + 1);

		for (size_t k = 0; !odd && k < sizeof(nulls) / sizeof(nulls[0]); k++) {
			odd = strcmp(key, nulls[k]) == 0;
		}
		if (odd) {
			return true;
		}
	}
	json_array_foreach(node, i, value) {
		if (has_odd_key(value, depth + 1)) {
			return true;
		}
	}
	return false;
}

static bool is_special(struct inputs_walk *w, const struct oid *id)
{
	struct buf text;

	buf_init(&text, LIMIT_YAML_BYTES);
	bool special = !inputs_blob(w, id, &text) || has_special(text.data, text.len) ||
		       meaning_has_odd_lines(text.data, text.len);
	buf_release(&text);
	return special;
}

json_t *helm_yaml_plain(struct inputs_walk *w, const struct inputs_entry *entry)
{
	const json_t *all = NULL;
	bool bad = false;

	if (is_special(w, &entry->id) ||
	    inputs_yaml(w, entry->real, PROBE_MEANING | INPUTS_PLAIN, false, &all, &bad, NULL) !=
		    INPUTS_FILE ||
	    bad || json_array_size(all) > 1) {
		return NULL;
	}
	json_t *value = json_array_get(all, 0);
	if (value == NULL || json_is_null(value)) {
		return json_object();
	}
	return json_is_object(value) && !has_odd_key(value, 0) ? json_incref(value) : NULL;
}

static int add_bytes(const char *bytes, size_t len, void *arg)
{
	return buf_add(arg, bytes, len);
}

void helm_print_tree(struct inputs_walk *w, char kind, const json_t *tree)
{
	struct buf text;

	if (!inputs_prints(w)) {
		return;
	}
	/* Not json_dumps(): an alias can repeat a long text many times. */
	buf_init(&text, PRINT_BYTES_MAX);
	if (json_dump_callback(tree, add_bytes, &text,
			       JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) == 0) {
		inputs_print(w, kind, text.data);
	} else {
		inputs_print_unknown(w);
	}
	buf_release(&text);
}

void helm_print_yaml(struct inputs_walk *w, const struct inputs_entry *entry)
{
	json_t *value = inputs_prints(w) ? helm_yaml_plain(w, entry) : NULL;

	if (value != NULL) {
		helm_print_tree(w, 'v', value);
	} else {
		inputs_print_file(w, entry, true);
	}
	json_decref(value);
}

/* b over a; new reference. */
static json_t *merge(json_t *a, json_t *b)
{
	json_t *out = json_copy(a);
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach(b, key, value) {
		json_t *old = json_object_get(a, key);

		if (json_is_object(value) && json_is_object(old)) {
			(void)json_object_set_new(out, key, merge(old, value));
		} else {
			(void)json_object_set(out, key, value);
		}
	}
	return out;
}

static bool is_leaf(const json_t *value)
{
	return value != NULL && !json_is_object(value) && !json_is_null(value);
}

/* Chart's values without what user's hide; new reference. No tree of YAML holds true. */
static json_t *without_hidden(json_t *chart, json_t *user)
{
	json_t *out = json_copy(chart);
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach(chart, key, value) {
		json_t *over = json_object_get(user, key);

		if (json_is_object(value) && json_is_object(over)) {
			(void)json_object_set_new(out, key, without_hidden(value, over));
		} else if (is_leaf(value) && is_leaf(over)) {
			(void)json_object_set_new(out, key, json_true());
		}
	}
	return out;
}

/* What is in a file that was read as an object that can be merged, or NULL; new reference. */
static json_t *object_of(struct inputs_walk *w, const struct inputs_entry *entry)
{
	return inputs_prints(w) && entry->found == INPUTS_FILE ? helm_yaml_plain(w, entry) : NULL;
}

/* A file on its own; what is no file is an error, or as good as not named. */
static void print_apart(struct inputs_walk *w, const struct inputs_entry *entry)
{
	if (entry->found == INPUTS_NOTHING || entry->found == INPUTS_DIRECTORY) {
		inputs_print(w, 'N', entry->found == INPUTS_NOTHING ? "" : "directory");
	} else {
		helm_print_yaml(w, entry);
	}
}

static unsigned read_file(struct inputs_walk *w, const char *path, struct inputs_entry *entry)
{
	const json_t *all = NULL;
	bool bad = false;
	enum inputs_found found = inputs_yaml(w, path, PROBE_MEANING, false, &all, &bad, entry);

	return helm_values_reach(all) | (found == INPUTS_SUBMODULE ? HELM_VALUE_SUSPECT : 0U);
}

void helm_values_read(struct inputs_walk *w, const char *path, struct helm_values *values)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	values->reach |= read_file(w, path, &entry);
	json_t *value = object_of(w, &entry);
	if (value == NULL || values->apart) {
		/* What was put together so far stays one thing; the order is kept. */
		values->apart = values->apart || entry.found == INPUTS_FILE;
		helm_values_print_files(w, values);
		print_apart(w, &entry);
	} else if (values->user == NULL) {
		values->user = json_incref(value);
	} else {
		json_t *user = merge(values->user, value);

		json_decref(values->user);
		values->user = user;
	}
	json_decref(value);
}

void helm_values_print_files(struct inputs_walk *w, struct helm_values *values)
{
	if (values->user != NULL) {
		helm_print_tree(w, 'u', values->user);
	}
	json_decref(values->user);
	values->user = NULL;
}

void helm_values_print(struct inputs_walk *w, const char *path, struct helm_values *values)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };

	values->reach |= read_file(w, path, &entry);
	json_t *value = object_of(w, &entry);
	if (value != NULL && values->user != NULL && !values->apart) {
		json_t *seen = without_hidden(value, values->user);

		helm_print_tree(w, 'c', seen);
		json_decref(seen);
	} else {
		print_apart(w, &entry);
	}
	json_decref(value);
	helm_values_print_files(w, values);
}

void helm_values_release(struct helm_values *values)
{
	json_decref(values->user);
	values->user = NULL;
}
