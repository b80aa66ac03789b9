/*
 * manifest-generate-paths: the engine against Argo CD's own loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "index/match.h"
#include "index/spread.h"
#include "tests/support/argocd.h"
#include "tests/support/changes.h"
#include "tests/support/table.h"
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
	{ "apps/web", "\u200bsub", "apps/web/sub/x", false },
	{ "apps/web", "\u00e9;x", "apps/web/\u00e9/x", true },
	{ "apps/web", "[\u00e0-\u00ef]", "apps/web/\u00e9", true },
	{ "apps/web", "?", "apps/web/\u00e9", true },
	{ "apps/web", "??", "apps/web/\u00e9", false },
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
	const struct treewalk_visitor visitor = match_visitor(&m);
	for (size_t i = 0; i < count; i++) {
		struct tree_change c;

		change_of(files[i], CHANGE_MODIFIED, &c);
		(void)change_visit(&visitor, &c);
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

/* What Argo CD answers. */
static void test_table(void)
{
	struct table_row *table;
	size_t count = table_read("tests/payloads/annotation/paths.tsv", &table);
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		char **columns = table[i].columns;
		const char *files[] = { columns[2] };
		bool want = columns[3][0] == '0';

		if (engine_says(columns[0], columns[1], files, 1) != want) {
			wrong++;
			tap_note("'%s' '%s' '%s': Argo CD says %d", columns[0], columns[1],
				 columns[2], want);
		}
	}
	tap_int(wrong, 0, "%zu annotations are matched as Argo CD does", count);
	tap_ok(count >= 4000, "there are thousands");
	table_free(table, count);
}

int main(void)
{
	test_table();
	test_annotation();
	test_random_annotations();
	return tap_done();
}
