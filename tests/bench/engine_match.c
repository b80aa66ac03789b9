/*
 * Changed paths against applications: how long does it take to know who is
 * touched?
 *
 * Each application reads 17 paths of its own and two shared bases: one that a
 * tenth of all use, one that all use.  Beside it Argo CD's own loop, every
 * application times every item times every file, for as many applications as
 * it can do in reasonable time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "affected/affected_impl.h"
#include "base/xalloc.h"
#include "index/spread.h"
#include "inputs/renderers.h"
#include "tests/support/argocd.h"
#include "tests/support/changes.h"

#define BASE_FILES 10000
#define RUNS 5

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double megabytes(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static const char *const own[] = {
	"kustomization.yml", "Kustomization", "kustomization.yaml", "deployment.yaml",
	"service.yaml", "ingress.yaml", "config.yaml", "patch.yaml", "hpa.yaml", "pdb.yaml",
	"rbac.yaml", "secret.yaml", "env.properties", "values.yaml", "monitor.yaml", "route.yaml",
	"quota.yaml",
};

#define OWN (sizeof(own) / sizeof(own[0]))

static char *app_dir(size_t app)
{
	return xasprintf("teams/team%03zu/app%05zu/overlays/prod", app % 1000, app);
}

static void add_app(struct index_table *t, size_t app)
{
	struct inputs_probe probes[OWN];
	struct inputs_child children[2] = {
		{ .walker = &inputs_plain, .dir = "bases/all", .options = "", .via = "../../all" },
		{ .walker = &inputs_plain, .dir = "bases/tenth", .options = "", .via = "../t" },
	};
	char *dir = app_dir(app);
	char *origin = xasprintf("%s/kustomization.yaml", dir);
	char *id = xasprintf("%032zu", app);

	for (size_t i = 0; i < OWN; i++) {
		probes[i] = (struct inputs_probe){
			.kind = i < 2 ? PROBE_ABSENT : PROBE_FILE,
			.path = xasprintf("%s/%s", dir, own[i]),
			.argument = "",
		};
	}
	const struct inputs_trace trace = {
		.probes = probes, .probe_count = OWN, .children = children,
		.child_count = app % 10 == 0 ? 2 : 1, .origin = origin,
	};
	const struct inputs_child root = { .walker = &inputs_plain, .dir = dir, .options = "" };
	const struct inputs_trace source = { .children = (struct inputs_child *)(uintptr_t)&root,
					     .child_count = 1 };

	uint32_t unit = index_unit(t, NULL, dir, id);
	index_bind(t, unit, (long)app);
	index_set_trace(t, unit, &source);
	index_set_trace(t, index_unit(t, &inputs_plain, dir, ""), &trace);
	for (size_t i = 0; i < OWN; i++) {
		free((void *)(uintptr_t)probes[i].path);
	}
	free(dir);
	free(origin);
	free(id);
}

static void add_base(struct index_table *t, const char *dir)
{
	struct inputs_trace trace = { .probe_count = BASE_FILES };

	trace.probes = xcalloc(BASE_FILES, sizeof(*trace.probes));
	for (size_t i = 0; i < BASE_FILES; i++) {
		trace.probes[i] = (struct inputs_probe){
			.kind = PROBE_FILE, .path = xasprintf("%s/f%05zu.yaml", dir, i), .argument = "",
		};
	}
	index_set_trace(t, index_unit(t, &inputs_plain, dir, ""), &trace);
	for (size_t i = 0; i < BASE_FILES; i++) {
		free((void *)(uintptr_t)trace.probes[i].path);
	}
	free(trace.probes);
}

struct counted {
	size_t sources;
};

static void count(void *arg, uint32_t bound, uint32_t unit, const struct match_hit *hit)
{
	struct counted *c = arg;

	(void)bound;
	(void)unit;
	(void)hit;
	c->sources++;
}

static void measure(struct index_table *t, size_t apps, const char *format, size_t paths,
		    const char *what)
{
	const struct match_options options = { 0 };
	struct app_list list = { .count = apps };
	struct affected_state state = { .apps = &list };
	struct ref_state ref = { .table = t };
	struct tree_change *changes = xcalloc(paths, sizeof(*changes));
	double best = 1e9;
	double best_result = 1e9;
	struct counted c = { 0 };

	ref.sources.items = xcalloc(apps, sizeof(*ref.sources.items));
	ref.sources.count = apps;
	for (size_t i = 0; i < apps; i++) {
		ref.sources.items[i].app = (uint32_t)i;
	}
	for (size_t i = 0; i < paths; i++) {
		char *path = NULL;

		if (strcmp(format, "own") == 0) {
			char *dir = app_dir(i * 10 % apps);

			path = xasprintf("%s/%s", dir, own[3 + i % 10]);
			free(dir);
		} else {
			path = xasprintf("%s/f%05zu.yaml", format, i % BASE_FILES);
		}
		changes[i] = (struct tree_change){
			.path = path, .len = strlen(path),
			.name = (size_t)(strrchr(path, '/') + 1 - path), .kind = CHANGE_MODIFIED,
			.before = { .kind = TREE_FILE, .id = { .len = 20 } },
			.after = { .kind = TREE_FILE, .id = { .len = 20, .bytes = { 1 } } },
		};
	}
	for (int run = 0; run < RUNS; run++) {
		struct affected result = { 0 };
		struct match m;
		double start = now();

		match_begin(&m, t, NULL, &options);
		const struct treewalk_visitor visitor = match_visitor(&m);
		for (size_t i = 0; i < paths; i++) {
			(void)change_visit(&visitor, &changes[i]);
		}
		double matched = now() - start;
		c.sources = 0;
		spread(&m, count, &c);
		double spread_done = now() - start;
		result_fill(&state, &ref, &m, &result);
		double told = now() - start - (spread_done - matched);
		match_end(&m);
		affected_release(&result);
		best = spread_done < best ? spread_done : best;
		best_result = told < best_result ? told : best_result;
	}
	printf("%8zu %8zu  %-8s %9zu %10.3f %12.3f\n", apps, paths, what, c.sources, best,
	       best_result);
	for (size_t i = 0; i < paths; i++) {
		free((void *)(uintptr_t)changes[i].path);
	}
	free(changes);
	free(ref.sources.items);
}

static double naive(size_t apps, size_t paths)
{
	struct strvec *items = xcalloc(apps, sizeof(*items));
	const char **files = xcalloc(paths, sizeof(*files));
	size_t changed = 0;

	for (size_t i = 0; i < apps; i++) {
		char *dir = app_dir(i);

		argocd_refresh_paths(dir, ".;../../base", &items[i]);
		free(dir);
	}
	for (size_t i = 0; i < paths; i++) {
		files[i] = xasprintf("docs/f%05zu.yaml", i);
	}
	double start = now();
	for (size_t i = 0; i < apps; i++) {
		changed += argocd_files_have_changed(&items[i], files, paths);
	}
	double took = now() - start;
	for (size_t i = 0; i < apps; i++) {
		strvec_release(&items[i]);
	}
	for (size_t i = 0; i < paths; i++) {
		free((void *)(uintptr_t)files[i]);
	}
	free(items);
	free(files);
	return changed == 0 ? took : -1;
}

int main(void)
{
	static const size_t sizes[] = { 1000, 10000, 100000 };
	static const size_t paths[] = { 1, 100, 10000 };
	double ours = 0;

	printf("Matching changed paths against applications, ms (best of %d)\n\n", RUNS);
	printf("%8s %8s  %-8s %9s %10s %12s\n", "apps", "paths", "touched", "found", "match",
	       "with reasons");
	for (size_t s = 0; s < 3; s++) {
		double start = now();
		struct index_table *t = index_new();

		add_base(t, "bases/all");
		add_base(t, "bases/tenth");
		for (size_t i = 0; i < sizes[s]; i++) {
			add_app(t, i);
		}
		double built = now() - start;
		double room = megabytes();

		for (size_t p = 0; p < 3; p++) {
			measure(t, sizes[s], "docs", paths[p], "none");
			measure(t, sizes[s], "own", paths[p], "one each");
			measure(t, sizes[s], "bases/tenth", paths[p], "10 %");
			measure(t, sizes[s], "bases/all", paths[p], "all");
		}
		printf("built in %.0f ms: %zu units, %zu probes, %u nodes; %.0f MB, with results %.0f MB\n\n",
		       built, t->units_used, t->postings_used, t->trie.count, room, megabytes());
		index_free(t);
	}
	printf("Argo CD's loop in C, nothing touched, 2 items an application, ms\n\n");
	printf("%8s %8s %10s %14s\n", "apps", "paths", "loop", "us a triple");
	for (size_t p = 1; p < 3; p++) {
		ours = naive(1000, paths[p] / 10);
		printf("%8d %8zu %10.1f %14.3f\n", 1000, paths[p] / 10, ours,
		       ours * 1e3 / 1000 / 2 / ((double)paths[p] / 10));
	}
	printf("\n100,000 applications and 10,000 paths would take it %.0f s\n",
	       ours / 1e3 * 100 * 10);
	return 0;
}
