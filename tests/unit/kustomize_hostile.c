/*
 * Kustomizations that were written to hurt: the walk ends soon, in little
 * memory, and what it does not look at makes the unit opaque.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/xalloc.h"
#include "inputs/kustomize/kustomize.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

/* Memory that a walk may need at most, and seconds of all walks together. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_MAX ((rlim_t)2 * 1024 * 1024 * 1024)
#else
#define MEMORY_MAX ((rlim_t)512 * 1024 * 1024)
#endif
#define SECONDS_MAX 60

static void repeat(FILE *out, const char *text, int count)
{
	for (int i = 0; i < count; i++) {
		fputs(text, out);
	}
}

static void write_many(FILE *out)
{
	fputs("resources:\n", out);
	for (int i = 0; i < 150000; i++) {
		fprintf(out, "- f%d.yaml\n", i);
	}
}

static void write_laughs(FILE *out)
{
	fputs("a: &a [x, x, x, x, x, x, x, x, x, x]\n", out);
	for (char c = 'b'; c < 'j'; c++) {
		fprintf(out, "%c: &%c [", c, c);
		for (int i = 0; i < 10; i++) {
			fprintf(out, "*%c%s", c - 1, i < 9 ? ", " : "]\n");
		}
	}
	fputs("resources: *i\n", out);
}

static void write_long_alias(FILE *out)
{
	fputs("x: &x \"", out);
	repeat(out, "aaaaaaaaaaaaaaa/", 80000);
	fputs("\"\nresources: [", out);
	repeat(out, "*x, ", 90000);
	fputs("a]\n", out);
}

static void write_short_alias(FILE *out)
{
	fputs("x: &x \"", out);
	repeat(out, "a/", 2000);
	fputs("\"\nresources: [", out);
	repeat(out, "*x, ", 90000);
	fputs("a]\n", out);
}

static void write_dots(FILE *out)
{
	fputs("resources: [\"", out);
	repeat(out, "a/../", 100000);
	fputs("\"]\n", out);
}

static void write_inline(FILE *out)
{
	fputs("x: &x |\n", out);
	repeat(out, "  kind: aaaaaaaaaaaa\n", 20000);
	fputs("generators: [", out);
	repeat(out, "*x, ", 90000);
	fputs("a]\n", out);
}

static void write_large(FILE *out)
{
	repeat(out, "# a comment\n", 500000);
	fputs("resources: [a]\n", out);
}

static void write_huge(FILE *out)
{
	repeat(out, "# a comment of exactly fifty bytes, again and again\n", 2000000);
	fputs("resources: [a]\n", out);
}

static void write_million(FILE *out)
{
	fputs("resources:\n", out);
	for (int i = 0; i < 1000000; i++) {
		fprintf(out, "- %d\n", i);
	}
}

static void write_flat(FILE *out)
{
	fputs("resources: ", out);
	repeat(out, "[", 99);
	repeat(out, "]", 99);
}

static void write_binary(FILE *out)
{
	static const char bytes[] = "resources: [\"\\0\", \"\xff\xfe\"]\n\0";

	(void)fwrite(bytes, 1, sizeof(bytes), out);
}

static const struct {
	const char *name;
	void (*write)(FILE *out);
	bool opaque;
} cases[] = {
	{ "150,000 resources", write_many, true },
	{ "a billion laughs", write_laughs, true },
	{ "a path of a megabyte, 90,000 times", write_long_alias, true },
	{ "a path of 4 KB, 90,000 times", write_short_alias, true },
	{ "a path of 100,000 detours", write_dots, true },
	{ "a plugin in line, 90,000 times", write_inline, true },
	{ "6 MB of comments", write_large, true },
	{ "100 MB of comments", write_huge, true },
	{ "a million resources", write_million, true },
	{ "99 lists in each other", write_flat, false },
	{ "bytes that are no text", write_binary, true },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void test_case(struct inputs *inputs, const struct treereader *reader, size_t i)
{
	const struct inputs_trace *trace = NULL;
	struct error err = ERROR_INIT;
	char *dir = xasprintf("case-%zu", i);

	int r = inputs_walk_unit(inputs, reader, &inputs_kustomize, dir, "", &trace, &err);

	if (tap_ok(r == 0, "%s: the walk ends: %s", cases[i].name, err.text)) {
		tap_ok((trace->opaque != NULL) == cases[i].opaque, "%s: the unit is %sopaque: %s",
		       cases[i].name, cases[i].opaque ? "" : "not ",
		       trace->opaque != NULL ? trace->opaque : "it is not");
		tap_ok(trace->probe_count > 0 && trace->probe_count < 200000, "%s: has inputs",
		       cases[i].name);
	}
	free(dir);
}

static void write_cases(const char *path)
{
	for (size_t i = 0; i < CASES; i++) {
		char *name = xasprintf("%s/case-%zu/kustomization.yaml", path, i);

		gitrepo_sh(path, "mkdir case-%zu", i);
		FILE *out = fopen(name, "wb");
		if (tap_ok(out != NULL, "%s is written", cases[i].name)) {
			cases[i].write(out);
			fclose(out);
		}
		free(name);
	}
}

static void test_limits(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	tap_ok(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec < SECONDS_MAX,
	       "all walks take less than %d seconds: %ld", SECONDS_MAX,
	       (long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec));
	tap_ok((rlim_t)usage.ru_maxrss * 1024 < MEMORY_MAX, "and less than %llu MB: %ld",
	       (unsigned long long)MEMORY_MAX >> 20, usage.ru_maxrss >> 10);
}

int main(void)
{
	const char *path = gitrepo_new("hostile");
	struct inputs *inputs = inputs_new(NULL, NULL);
	struct treereader reader = { .repo = NULL };
	struct error err = ERROR_INIT;

	write_cases(path);
	struct oid commit = gitrepo_commit(path);
	if (tap_ok(repo_open(path, false, &reader.repo, &err) == 0 &&
			   repo_peel(reader.repo, &commit, NULL, &reader.tree, &err) == REPO_OK,
		   "the repository opens: %s", err.text)) {
		for (size_t i = 0; i < CASES; i++) {
			test_case(inputs, &reader, i);
		}
	}
	test_limits();
	inputs_free(inputs);
	repo_free(reader.repo);
	return tap_done();
}
