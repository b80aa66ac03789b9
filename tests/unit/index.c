/*
 * The index and the matcher: against one that tries every probe on every
 * change.
 */
#include "index/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "index/index_store.h"
#include "index/spread.h"
#include "inputs/renderers.h"
#include "tests/support/changes.h"
#include "tests/support/tap.h"

static void count_reach(void *arg, uint32_t bound, uint32_t unit, const struct match_hit *hit)
{
	bool *reached = arg;

	(void)unit;
	(void)hit;
	reached[bound] = true;
}

static bool takes_yaml(const char *argument, const char *path, size_t name_at)
{
	size_t n = strlen(path);

	/* The argument is the depth from which on nothing counts. */
	size_t depth = 0;
	for (size_t i = 0; path[i] != '\0'; i++) {
		depth += path[i] == '/';
	}
	return name_at <= n && n > 5 && strcmp(path + n - 5, ".yaml") == 0 &&
	       depth < (size_t)strtol(argument, NULL, 10);
}

static const struct inputs_filter yaml_filter = { .name = "test", .match = takes_yaml };

static bool is_inside(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return n == 0 || (strncmp(dir, path, n) == 0 && path[n] == '/');
}

/* The path of a probe as the definitions below see it. */
static const char *relative_to(const char *dir, const char *path)
{
	return path + (dir[0] != '\0' ? strlen(dir) + 1 : 0);
}

static bool filter_takes(const struct inputs_probe *p, const struct tree_change *c)
{
	const char *relative = relative_to(p->path, c->path);

	return p->filter == NULL ||
	       p->filter->match(p->argument, relative,
				c->name - (size_t)(relative - c->path));
}

static bool is_attributes(const struct tree_change *c)
{
	return strcmp(c->path + c->name, ".gitattributes") == 0;
}

/* Attributes of its directory, or a link on its way, reach a probe below. */
static bool reached_from_above(const struct inputs_probe *p, const struct tree_change *c)
{
	char *dir = xstrndup(c->path, c->name > 0 ? c->name - 1 : 0);
	bool attributes = is_attributes(c) &&
			  (strcmp(dir, p->path) == 0 || is_inside(dir, p->path));
	bool link = c->after.kind == TREE_LINK &&
		    (strcmp(c->path, p->path) == 0 || is_inside(c->path, p->path));

	free(dir);
	return p->kind != PROBE_GLOB && (attributes || link);
}

/* The path of the change is one that the probe is about. */
static bool is_about(const struct inputs_probe *p, const struct tree_change *c)
{
	bool self = strcmp(p->path, c->path) == 0;
	bool below = is_inside(p->path, c->path);
	bool directly = below && strchr(relative_to(p->path, c->path), '/') == NULL;

	switch (p->kind) {
	case PROBE_FILE:
		return self;
	case PROBE_ABSENT:
		return self || below;
	case PROBE_SUBTREE:
		return self ? !(p->flags & PROBE_BELOW)
			    : below && (is_attributes(c) || filter_takes(p, c));
	case PROBE_LIST:
		return self || (directly && filter_takes(p, c));
	case PROBE_GLOB:
		return glob_match(p->dialect, p->path, c->path) == GLOB_MATCH;
	case PROBE_ALWAYS:
		return true;
	case PROBE_REMOTE:
		return false;
	}
	return false;
}

/* The definition of a probe, word by word; no trie. */
static bool naive_touches(const struct inputs_probe *p, const struct tree_change *c)
{
	bool same_kind = c->kind == CHANGE_MODIFIED && c->after.kind != TREE_LINK;
	bool mode_only = c->kind == CHANGE_MODIFIED && c->after.kind == TREE_EXEC;

	if (p->flags & PROBE_NAMES && same_kind) {
		return false;
	}
	if (reached_from_above(p, c)) {
		return true;
	}
	return (!mode_only || p->flags & PROBE_EXEC) && is_about(p, c);
}

static void random_probe(struct inputs_probe *p)
{
	static const uint8_t flags[] = { 0, 0, PROBE_NAMES, PROBE_EXEC, PROBE_NAMES | PROBE_DIRS };

	*p = (struct inputs_probe){
		.kind = (enum probe_kind)(rand() % 5), .argument = "",
		.flags = flags[rand() % 5], .dialect = GLOB_GO,
	};
	if (p->kind == PROBE_SUBTREE && rand() % 4 == 0) {
		p->flags = PROBE_BELOW;
	}
	if ((p->kind == PROBE_SUBTREE || p->kind == PROBE_LIST) && rand() % 3 == 0) {
		p->filter = &yaml_filter;
		p->argument = rand() % 2 ? "1" : "2";
	}
	if (p->kind != PROBE_GLOB) {
		p->path = rand() % 12 == 0 ? xstrdup("") : random_path(false);
		return;
	}
	do {
		free((void *)(uintptr_t)p->path);
		p->path = random_path(true);
	} while (!glob_is_valid(GLOB_GO, p->path) || strstr(p->path, "//") != NULL ||
		 strstr(p->path, ".") != NULL || p->path[0] == '/' || p->path[0] == '\0' ||
		 p->path[strlen(p->path) - 1] == '/');
	p->flags &= PROBE_EXEC;
}

static char *random_change(struct tree_change *c)
{
	char *path = random_path(false);

	if (rand() % 12 == 0) {
		char *dir = rand() % 2 ? xasprintf("%s/.gitattributes", path) : xstrdup(".gitattributes");

		free(path);
		path = dir;
	}
	change_of(path, (enum change_kind)(rand() % 3), c);
	if (c->kind == CHANGE_MODIFIED && rand() % 4 == 0) {
		c->after.kind = TREE_EXEC;
		c->after.id = c->before.id;
	}
	if (c->kind != CHANGE_REMOVED && c->after.kind == TREE_FILE && rand() % 6 == 0) {
		c->after.kind = TREE_LINK;
	}
	return path;
}

#define UNITS 40
#define CHANGES 6

static size_t count_units(struct index_table *t, struct match *m, bool *hit)
{
	struct numbers units = { 0 };
	size_t count;

	spread_units(m, &units);
	for (size_t i = 0; i < units.count; i++) {
		hit[strtol(index_string(t, index_at(t, units.items[i])->options), NULL, 10)] = true;
	}
	count = units.count;
	free(units.items);
	return count;
}

/* One set of probes and of changes. */
struct trial {
	struct index_table *table;
	struct inputs_probe probes[UNITS][3];
	struct tree_change changes[CHANGES];
	char *paths[CHANGES];
	bool got[UNITS];
};

static void make_trial(struct trial *t)
{
	memset(t, 0, sizeof(*t));
	t->table = index_new();
	for (int u = 0; u < UNITS; u++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", u);
		for (int k = 0; k < 3; k++) {
			random_probe(&t->probes[u][k]);
		}
		/* Twice: what is replaced leaves nothing behind. */
		const struct inputs_trace other = { .probes = t->probes[0], .probe_count = 3 };
		const struct inputs_trace trace = { .probes = t->probes[u], .probe_count = 3 };
		uint32_t unit = index_unit(t->table, &inputs_plain, "", name);

		index_set_trace(t->table, unit, &other);
		index_set_trace(t->table, unit, &trace);
	}
	for (int i = 0; i < CHANGES; i++) {
		t->paths[i] = random_change(&t->changes[i]);
	}
}

static void free_trial(struct trial *t)
{
	for (int i = 0; i < CHANGES; i++) {
		free(t->paths[i]);
	}
	for (int u = 0; u < UNITS; u++) {
		for (int k = 0; k < 3; k++) {
			free((void *)(uintptr_t)t->probes[u][k].path);
		}
	}
	index_free(t->table);
}

static bool wanted(const struct trial *t, int unit)
{
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < CHANGES; i++) {
			if (naive_touches(&t->probes[unit][k], &t->changes[i])) {
				return true;
			}
		}
	}
	return false;
}

/* Attributes and links bypass patterns: then more than the definition, never less. */
static bool may_be_more(const struct trial *t)
{
	for (int i = 0; i < CHANGES; i++) {
		if (is_attributes(&t->changes[i]) || t->changes[i].after.kind == TREE_LINK) {
			return true;
		}
	}
	return false;
}

static size_t count_wrong(const struct trial *t)
{
	bool more = may_be_more(t);
	size_t wrong = 0;

	for (int u = 0; u < UNITS; u++) {
		bool want = wanted(t, u);

		wrong += want ? !t->got[u] : t->got[u] && !more;
	}
	return wrong;
}

static void test_random_probes(void)
{
	const struct match_options options = { 0 };
	const size_t rounds = 3000;
	size_t wrong = 0;
	size_t hits = 0;

	srand(2);
	for (size_t round = 0; round < rounds; round++) {
		struct trial t;
		struct match m;

		make_trial(&t);
		match_begin(&m, t.table, NULL, &options);
		const struct treewalk_visitor visitor = match_visitor(&m);
		for (int i = 0; i < CHANGES; i++) {
			(void)change_visit(&visitor, &t.changes[i]);
		}
		hits += count_units(t.table, &m, t.got);
		match_end(&m);
		wrong += count_wrong(&t);
		free_trial(&t);
	}
	tap_int(wrong, 0, "%zu random sets of probes agree with the definition (%zu hits)",
		rounds, hits);
}

/* Units that nobody needs go, with all that hung on them. */
static void test_collect(void)
{
	struct index_table *t = index_new();
	struct inputs_probe probe = { .kind = PROBE_FILE, .path = "a/b", .argument = "" };
	struct inputs_child child = { .walker = &inputs_plain, .dir = "base", .options = "",
				      .via = "../base" };
	struct inputs_trace with = { .probes = &probe, .probe_count = 1, .children = &child,
				     .child_count = 1 };
	struct inputs_trace without = { .probes = &probe, .probe_count = 1 };

	uint32_t one = index_unit(t, NULL, "x", "1");
	uint32_t two = index_unit(t, NULL, "y", "2");
	index_bind(t, one, 0);
	index_bind(t, two, 1);
	index_set_trace(t, one, &with);
	index_set_trace(t, two, &with);
	index_collect(t);
	tap_int(t->units_used, 3, "two sources share a base");
	index_set_trace(t, one, &without);
	index_collect(t);
	tap_int(t->units_used, 3, "one lets go, the base stays");
	index_set_trace(t, two, &without);
	index_collect(t);
	tap_int(t->units_used, 2, "both let go, the base goes");
	tap_int(t->edges_used, 0, "no edge is left");
	tap_int(t->postings_used, 2, "only the sources' probes are left");
	index_bind(t, two, -1);
	index_collect(t);
	tap_int(t->units_used, 1, "an unbound source goes");
	/* A chain goes as a whole, and records are used again. */
	size_t most = 0;
	for (int i = 0; i < 1000; i++) {
		index_set_trace(t, one, &with);
		index_set_trace(t, index_unit(t, &inputs_plain, "base", ""), &without);
		index_set_trace(t, one, &without);
		index_collect(t);
		most = t->unit_count > most ? t->unit_count : most;
	}
	tap_ok(most <= 4 && t->posting_count <= 8 && t->edge_count <= 4,
	       "a thousand turns need no more room than one");
	index_free(t);
}

static void test_always(void)
{
	struct index_table *t = index_new();
	const struct match_options options = { 0 };
	struct inputs_probe probe = { .kind = PROBE_ALWAYS, .path = "", .argument = "" };
	struct inputs_trace trace = { .probes = &probe, .probe_count = 1 };
	struct match m;
	bool reached[2] = { false };
	uint32_t unit = index_unit(t, NULL, "x", "1");

	index_bind(t, unit, 1);
	for (int i = 0; i < 5; i++) {
		index_set_trace(t, unit, &trace);
	}
	match_begin(&m, t, NULL, &options);
	spread(&m, count_reach, reached);
	match_end(&m);
	tap_ok(!reached[0] && reached[1], "an application that uses its revision is always reached");
	tap_int(t->always.count, 1, "and is listed once");
	const struct inputs_trace nothing = { 0 };
	index_set_trace(t, unit, &nothing);
	reached[1] = false;
	match_begin(&m, t, NULL, &options);
	spread(&m, count_reach, reached);
	match_end(&m);
	tap_ok(!reached[1], "until it no longer does");
	index_free(t);
}

/* One unit whose probe has a filter, a pattern, options and a story of its own. */
static uint32_t set_one(struct index_table *t, uint32_t old, int number)
{
	char *options = xasprintf("options-%d-%0200d", number, number);
	char *argument = xasprintf("1 of %d", number);
	char *pattern = xasprintf("dir/%d-*.json", number);
	char *file = xasprintf("a/%d/file", number);
	struct inputs_probe probes[] = {
		{ .kind = PROBE_SUBTREE, .path = "a", .filter = &yaml_filter, .argument = argument },
		{ .kind = PROBE_GLOB, .path = pattern, .dialect = GLOB_GO, .argument = "" },
		{ .kind = PROBE_FILE, .path = file, .argument = "" },
	};
	const struct inputs_trace trace = { .probes = probes, .probe_count = 3, .origin = file };
	uint32_t unit = index_unit(t, NULL, "a", options);

	index_bind(t, unit, 0);
	index_set_trace(t, unit, &trace);
	if (old != 0) {
		index_bind(t, old, -1);
	}
	index_collect(t);
	index_compact(t);
	(void)index_find(t, NULL, "asked for", options);
	free(options);
	free(argument);
	free(pattern);
	free(file);
	return unit;
}

/* Units that one added file hits. */
static size_t count_hit(struct index_table *t, const char *path)
{
	const struct match_options options = { 0 };
	struct numbers units = { 0 };
	struct tree_change change;
	struct match m;

	change_of(path, CHANGE_ADDED, &change);
	match_begin(&m, t, NULL, &options);
	const struct treewalk_visitor visitor = match_visitor(&m);
	(void)change_visit(&visitor, &change);
	spread_units(&m, &units);
	match_end(&m);
	free(units.items);
	return units.count;
}

/* What comes and goes leaves nothing behind, and takes no exactness with it. */
static void test_turnover(void)
{
	struct index_table *t = index_new();
	size_t most_nodes = 0;
	size_t most_text = 0;
	size_t most_filters = 0;
	uint32_t unit = 0;

	for (int i = 0; i < 100000; i++) {
		unit = set_one(t, unit, i);
		most_nodes = t->trie.count > most_nodes ? t->trie.count : most_nodes;
		most_text = t->strings.len > most_text ? t->strings.len : most_text;
		most_filters = t->filters.count > most_filters ? t->filters.count : most_filters;
	}
	tap_int(t->units_used, 1, "100,000 units came, and all but one went");
	tap_ok(most_filters <= 3, "their filters went with them (%zu)", most_filters);
	tap_ok(most_nodes < 10000, "so did the trie's nodes (%zu)", most_nodes);
	tap_ok(most_text < 400000, "so did their strings (%zu)", most_text);
	tap_int(count_hit(t, "a/x.yaml"), 1, "the filter of the last one takes what it is for");
	tap_int(count_hit(t, "a/x.txt"), 0, "and nothing else");
	tap_int(count_hit(t, "dir/99999-x.json"), 1, "its pattern is found");
	tap_int(count_hit(t, "dir/9-x.json"), 0, "a pattern that went is not");
	tap_ok(index_find(t, NULL, "a", "options-none") == 0, "an unknown unit is not there");
	tap_ok(strcmp(index_string(t, index_at(t, unit)->origin), "a/99999/file") == 0,
	       "what it says of itself is unharmed");
	index_free(t);
}

/* More different filters than there are numbers: some take too much, none too little. */
static void test_many_filters(void)
{
	struct index_table *t = index_new();
	const size_t count = FILTERS_MAX + 1000;

	for (size_t i = 0; i < count; i++) {
		char *name = xasprintf("%zu", i);
		char *argument = xasprintf("1 of %zu", i);
		struct inputs_probe probe = {
			.kind = PROBE_SUBTREE, .path = "a", .filter = &yaml_filter, .argument = argument,
		};
		const struct inputs_trace trace = { .probes = &probe, .probe_count = 1 };

		index_set_trace(t, index_unit(t, &inputs_plain, "", name), &trace);
		free(name);
		free(argument);
	}
	tap_int(count_hit(t, "a/x.yaml"), count, "with too many filters all that should be hit are");
	tap_int(count_hit(t, "a/x.txt"), 1000, "and only those without a number beside");
	index_free(t);
}

int main(void)
{
	test_random_probes();
	test_turnover();
	test_many_filters();
	test_collect();
	test_always();
	return tap_done();
}
