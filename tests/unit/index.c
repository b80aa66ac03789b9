/*
 * The index and the matcher: against Argo CD's own loop, and against a
 * matcher that tries every probe on every change.
 */
#include "app/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/index_store.h"
#include "app/spread.h"
#include "base/xalloc.h"
#include "inputs/renderers.h"
#include "tests/support/argocd.h"
#include "tests/support/tap.h"

static const struct {
	const char *path;       // of the source
	const char *annotation;
	const char *files;      // separated by "|"
	bool want;
} rows[] = {
	/* the directory itself */
	{ "apps/web", ".", "apps/web/a.yaml", true },
	{ "apps/web", ".", "apps/web/deep/er/a.yaml", true },
	{ "apps/web", ".", "apps/api/a.yaml", false },
	{ "apps/web", ".", "apps/web2/a.yaml", false },
	{ "apps/web", ".", "apps/we", false },
	{ "apps/web", ".", "apps/web", true },
	{ "apps/web", ".", "apps", false },
	{ "apps/web", "./", "apps/web/a.yaml", true },
	{ "apps/web", "././.", "apps/web/a.yaml", true },
	{ "", ".", "anything/at/all", true },
	{ ".", ".", "anything", true },
	{ "./apps/web/", ".", "apps/web/x", true },
	/* several items, blanks, empty ones */
	{ "apps/web", ".;../base", "apps/base/a.yaml", true },
	{ "apps/web", ". ; ../base", "apps/base/a.yaml", true },
	{ "apps/web", ";;.;;", "apps/web/a.yaml", true },
	{ "apps/web", "\t../base\t", "apps/base/x", true },
	{ "apps/web", "sub;../base", "apps/web/a.yaml", false },
	{ "apps/web", "sub;../base", "apps/web/sub/a.yaml", true },
	{ "apps/web", ";", "far/away", true },
	{ "apps/web", " ; ", "far/away", true },
	{ "apps/web", "", "far/away", true },
	/* absolute items */
	{ "apps/web", "/shared", "shared/a.yaml", true },
	{ "apps/web", "/shared", "apps/web/a.yaml", false },
	{ "apps/web", "/shared", "sharedx/a.yaml", false },
	{ "apps/web", "/", "anything", true },
	{ "apps/web", "/", "any/thing", true },
	{ "apps/web", "//shared", "shared/a.yaml", true },
	{ "apps/web", "/shared/", "shared/a.yaml", true },
	{ "apps/web", "/shared/", "shared", false },
	{ "apps/web", "/shared/../other", "other/a.yaml", true },
	{ "apps/web", "/shared/../other", "other", false },
	{ "apps/web", "/shared/./x", "shared/x/y", true },
	{ "apps/web", "/a//b", "a/b/c", true },
	{ "apps/web", "/a//b", "a/b", false },
	/* files */
	{ "apps/web", "values.yaml", "apps/web/values.yaml", true },
	{ "apps/web", "values.yaml", "apps/web/values.yml", false },
	{ "apps/web", "values.yaml", "values.yaml", false },
	{ "apps/web", "/values.yaml", "values.yaml", true },
	{ "apps/web", "values.yaml", "apps/web/values.yaml/below", true },
	{ "apps/web", "../../top.yaml", "top.yaml", true },
	/* above the root */
	{ "apps", "../..", "any/file", true },
	{ "apps", "../..", "file", true },
	{ "apps", "../../x", "x/file", true },
	{ "apps", "../../x", "x", false },
	{ "apps", "../../x", "y/file", false },
	{ "apps/web", "/../x", "x/file", true },
	{ "apps/web", "/../x", "x", false },
	/* globs: one level, the whole path */
	{ "apps/web", "*.yaml", "apps/web/a.yaml", true },
	{ "apps/web", "*.yaml", "apps/web/sub/a.yaml", false },
	{ "apps/web", "*.yaml", "apps/web/a.yml", false },
	{ "apps/web", "*", "apps/web/a", true },
	{ "apps/web", "*", "apps/web/sub/a", false },
	{ "apps/web", "**", "apps/web/sub/a", false },
	{ "apps/web", "**/a", "apps/web/sub/a", true },
	{ "apps/web", "**/a", "apps/web/a", false },
	{ "apps/web", "*/a", "apps/web/sub/a", true },
	{ "apps/web", "../*/a.yaml", "apps/api/a.yaml", true },
	{ "apps/web", "/apps/*/values-?.yaml", "apps/x/values-1.yaml", true },
	{ "apps/web", "/apps/*/values-?.yaml", "apps/x/values-12.yaml", false },
	{ "apps/web", "/env/[a-c]/x", "env/b/x", true },
	{ "apps/web", "/env/[a-c]/x", "env/d/x", false },
	{ "apps/web", "/env/[^a-c]/x", "env/d/x", true },
	{ "apps/web", "/env/[!a]/x", "env/!/x", true },
	{ "apps/web", "/env/[!a]/x", "env/b/x", false },
	{ "apps/web", "/env[^x]y", "env/y", true },
	{ "apps/web", "/a\\*b", "a*b", true },
	{ "apps/web", "/a\\*b", "axb", false },
	{ "apps/web", "/[", "[/file", true },
	{ "apps/web", "/[", "x", false },
	{ "apps/web", "/a[", "a[", true },
	{ "apps/web", "/*", "top", true },
	{ "apps/web", "/*", "top/down", false },
	{ "apps/*", ".", "apps/x", true },
	{ "apps/*", ".", "apps/x/y", false },
	{ "apps/*", ".", "apps/*/y", true },
	/* several files */
	{ "apps/web", ".", "far|away|apps/web/a", true },
	{ "apps/web", ".", "far|away|apps/we", false },
	{ "apps/web", ".", "", true },
	/* names that look like something else */
	{ "apps/web", "...", "apps/web/.../x", true },
	{ "apps/web", "..x", "apps/web/..x/y", true },
	{ "apps/web", "a b", "apps/web/a b/c", true },
};

static size_t split(char *text, const char **parts, size_t max)
{
	size_t count = 0;
	char *save = NULL;

	for (char *p = strtok_r(text, "|", &save); p != NULL && count < max;
	     p = strtok_r(NULL, "|", &save)) {
		parts[count++] = p;
	}
	return count;
}

static void change_of(const char *path, enum change_kind kind, struct tree_change *c)
{
	const char *slash = strrchr(path, '/');

	*c = (struct tree_change){
		.path = path,
		.len = strlen(path),
		.name = slash != NULL ? (size_t)(slash + 1 - path) : 0,
		.kind = kind,
	};
	c->before.kind = kind == CHANGE_ADDED ? TREE_ABSENT : TREE_FILE;
	c->after.kind = kind == CHANGE_REMOVED ? TREE_ABSENT : TREE_FILE;
	c->before.id.len = c->after.id.len = 20;
	c->after.id.bytes[0] = 1;
}

/* A source's trace in Argo CD's mode; no tree is looked at. */
static uint32_t add_source(struct index_table *t, struct inputs *inputs, const char *name,
			   const char *path, const char *annotation)
{
	const struct treereader reader = { 0 };
	const struct inputs_source source = {
		.app_name = name, .app_namespace = "", .app_project = "", .path = path,
		.generate_paths = annotation, .annotation_applies = true, .mode = INPUTS_ARGOCD,
	};
	const struct inputs_trace *trace;
	uint32_t unit = index_unit(t, NULL, path, name);

	if (inputs_walk_source(inputs, &reader, &source, &trace, NULL) != 0) {
		exit(2);
	}
	index_set_trace(t, unit, trace);
	index_bind(t, unit, 0);
	return unit;
}

static void count_reach(void *arg, uint32_t bound, uint32_t unit, const struct match_hit *hit)
{
	bool *reached = arg;

	(void)unit;
	(void)hit;
	reached[bound] = true;
}

/* What the engine says of one source and a list of changed files. */
static bool engine_says(const char *path, const char *annotation, const char *const *files,
			size_t count)
{
	const struct match_options options = { .argocd = true };
	struct index_table *t = index_new();
	struct inputs *inputs = inputs_new(NULL, NULL);
	struct match m;
	bool reached = false;

	add_source(t, inputs, "x", path, annotation);
	match_begin(&m, t, NULL, &options);
	for (size_t i = 0; i < count; i++) {
		struct tree_change c;

		change_of(files[i], CHANGE_MODIFIED, &c);
		(void)match_path(&m, &c);
	}
	spread(&m, count_reach, &reached);
	match_end(&m);
	index_free(t);
	inputs_free(inputs);
	return reached;
}

static void test_annotation(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strvec paths = STRVEC_INIT;
		const char *files[8];
		char *text = xstrdup(rows[i].files);
		size_t count = split(text, files, 8);

		argocd_refresh_paths(rows[i].path, rows[i].annotation, &paths);
		bool loop = argocd_files_have_changed(&paths, files, count);
		tap_ok(loop == rows[i].want, "Argo CD's loop: path '%s', '%s', files '%s': %s",
		       rows[i].path, rows[i].annotation, rows[i].files, rows[i].want ? "yes" : "no");
		/* An empty list of files is decided before the engine is asked. */
		if (count > 0) {
			tap_ok(engine_says(rows[i].path, rows[i].annotation, files, count) ==
				       rows[i].want, "the engine says the same");
		}
		strvec_release(&paths);
		free(text);
	}
}

static const char *pick(const char *const *list, size_t count)
{
	return list[(size_t)rand() % count];
}

static char *random_path(bool pattern)
{
	static const char *const plain[] = { "a", "b", "ab", "c.yaml", "a.yaml", "x" };
	static const char *const wild[] = { "*", "?", "a*", "[ab]", "**", "*.yaml", "..", ".", "",
					    "\\a", "[", "a" };
	struct buf b;
	int depth = 1 + rand() % 4;

	buf_init(&b, 1000);
	for (int i = 0; i < depth; i++) {
		bool special = pattern && rand() % 3 == 0;

		(void)buf_addf(&b, "%s%s", i > 0 ? "/" : "", special ? pick(wild, 12) : pick(plain, 6));
	}
	char *path = buf_detach(&b);
	buf_release(&b);
	return path;
}

/* Random annotations and files: engine and loop agree. */
static void test_random_annotations(void)
{
	const size_t rounds = 20000;
	size_t wrong = 0;
	size_t yes = 0;

	srand(1);
	for (size_t i = 0; i < rounds; i++) {
		struct strvec paths = STRVEC_INIT;
		char *source = rand() % 5 == 0 ? xstrdup("") : random_path(false);
		char *a = random_path(true);
		char *b = random_path(true);
		char *file = random_path(false);
		char *annotation = xasprintf("%s%s;%s%s", rand() % 3 == 0 ? "/" : "", a,
					     rand() % 3 == 0 ? "/" : "", b);
		const char *files[] = { file };

		argocd_refresh_paths(source, annotation, &paths);
		bool loop = argocd_files_have_changed(&paths, files, 1);
		yes += loop;
		if (engine_says(source, annotation, files, 1) != loop) {
			wrong++;
			tap_note("'%s' '%s' '%s': the loop says %d", source, annotation, file, loop);
		}
		strvec_release(&paths);
		free(source);
		free(a);
		free(b);
		free(file);
		free(annotation);
	}
	tap_int(wrong, 0, "%zu random annotations agree with Argo CD's loop (%zu yes)", rounds, yes);
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

/* The definition of a probe, word by word; no trie. */
static bool naive_touches(const struct inputs_probe *p, const struct tree_change *c)
{
	bool self = strcmp(p->path, c->path) == 0;
	bool below = is_inside(p->path, c->path);
	size_t skip = p->path[0] != '\0' ? strlen(p->path) + 1 : 0;
	bool same_kind = c->kind == CHANGE_MODIFIED && c->after.kind != TREE_LINK;
	bool mode_only = c->kind == CHANGE_MODIFIED && c->after.kind == TREE_EXEC;
	bool wide = strcmp(c->path + c->name, ".gitattributes") == 0;
	bool link = c->after.kind == TREE_LINK;
	size_t dir_len = c->name > 0 ? c->name - 1 : 0;
	bool under_wide = wide && (dir_len == 0 || (strncmp(p->path, c->path, dir_len) == 0 &&
						    (p->path[dir_len] == '/' || p->path[dir_len] == '\0')));

	if (p->flags & INPUTS_NAMES && same_kind) {
		return false;
	}
	if (under_wide && p->kind != PROBE_GLOB) {
		return true;
	}
	if (link && (self || is_inside(c->path, p->path)) && p->kind != PROBE_GLOB) {
		return true;
	}
	if (mode_only && !(p->flags & INPUTS_EXEC)) {
		return false;
	}
	switch (p->kind) {
	case PROBE_FILE:
		return self;
	case PROBE_ABSENT:
		return self || below;
	case PROBE_SUBTREE:
		if (self) {
			return !(p->flags & INPUTS_BELOW);
		}
		return below && (p->filter == NULL || wide ||
				 p->filter->match(p->argument, c->path + skip, c->name - skip));
	case PROBE_LIST:
		if (self) {
			return true;
		}
		return below && strchr(c->path + skip, '/') == NULL &&
		       (p->filter == NULL || p->filter->match(p->argument, c->path + skip, 0));
	case PROBE_GLOB:
		return glob_match(p->dialect, p->path, c->path) == GLOB_MATCH;
	case PROBE_ALWAYS:
		return true;
	}
	return false;
}

static void random_probe(struct inputs_probe *p)
{
	static const uint8_t flags[] = { 0, 0, INPUTS_NAMES, INPUTS_EXEC, INPUTS_NAMES | INPUTS_DIRS };

	*p = (struct inputs_probe){
		.kind = (enum probe_kind)(rand() % 5), .argument = "",
		.flags = flags[rand() % 5], .dialect = GLOB_GO,
	};
	if (p->kind == PROBE_SUBTREE && rand() % 4 == 0) {
		p->flags = INPUTS_BELOW;
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
	p->flags &= INPUTS_EXEC;
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

static void test_random_probes(void)
{
	const size_t rounds = 3000;
	size_t wrong = 0;
	size_t hits = 0;

	srand(2);
	for (size_t round = 0; round < rounds; round++) {
		struct index_table *t = index_new();
		struct inputs_probe probes[UNITS][3];
		struct tree_change changes[CHANGES];
		char *paths[CHANGES];
		const struct match_options options = { 0 };
		struct match m;
		bool got[UNITS] = { false };
		bool want[UNITS] = { false };

		for (int u = 0; u < UNITS; u++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "%d", u);
			for (int k = 0; k < 3; k++) {
				random_probe(&probes[u][k]);
			}
			const struct inputs_trace trace = { .probes = probes[u], .probe_count = 3 };
			uint32_t unit = index_unit(t, &inputs_plain, "", name);
			/* Twice: what is replaced leaves nothing behind. */
			const struct inputs_trace other = { .probes = probes[0], .probe_count = 3 };

			index_set_trace(t, unit, &other);
			index_set_trace(t, unit, &trace);
		}
		match_begin(&m, t, NULL, &options);
		for (int i = 0; i < CHANGES; i++) {
			paths[i] = random_change(&changes[i]);
			(void)match_path(&m, &changes[i]);
		}
		hits += count_units(t, &m, got);
		match_end(&m);
		for (int u = 0; u < UNITS; u++) {
			for (int k = 0; k < 3; k++) {
				for (int i = 0; i < CHANGES; i++) {
					want[u] |= naive_touches(&probes[u][k], &changes[i]);
				}
			}
			/* Attributes bypass patterns: more than the definition, never less. */
			if (want[u] && !got[u]) {
				wrong++;
			}
			bool attributes = false;
			for (int i = 0; i < CHANGES; i++) {
				attributes |= strstr(paths[i], ".gitattributes") != NULL ||
					      changes[i].after.kind == TREE_LINK;
			}
			wrong += got[u] && !want[u] && !attributes;
			if (wrong > 0 && wrong < 4 && (want[u] ? !got[u] : got[u] && !attributes)) {
				tap_note("want %d got %d", want[u], got[u]);
				for (int k = 0; k < 3; k++) {
					tap_note("  probe %d '%s' flags %d filter %s", probes[u][k].kind,
						 probes[u][k].path, probes[u][k].flags,
						 probes[u][k].filter ? probes[u][k].argument : "-");
				}
				for (int i = 0; i < CHANGES; i++) {
					tap_note("  change %d '%s' after %d", changes[i].kind, paths[i],
						 changes[i].after.kind);
				}
			}
			for (int k = 0; k < 3; k++) {
				free((void *)(uintptr_t)probes[u][k].path);
			}
		}
		for (int i = 0; i < CHANGES; i++) {
			free(paths[i]);
		}
		index_free(t);
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

int main(void)
{
	test_annotation();
	test_random_annotations();
	test_random_probes();
	test_collect();
	test_always();
	return tap_done();
}
