/*
 * A push to a large repository: how long does it take to know what changed,
 * and which applications that touches?
 *
 * The repository is generated: six files in each application's directory,
 * with a kustomization file.  First the walk of two trees, for 1, 100 and
 * 10,000 changed files, in milliseconds of wall-clock time, the best of some:
 *
 *     disk      nothing in memory, the packs not in the system's cache
 *     cold      nothing in our memory, the packs in the system's cache
 *     push      the old tree in our memory, as a push before has left it
 *     again     all of it in our memory
 *
 * beside git diff-tree -r, which has nothing in memory either.  Then the whole
 * of affected_compute(): the index built, stored and read back; a line of
 * pushes of one to five files, as percentiles; and the large pushes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "affected/affected.h"
#include "base/xalloc.h"
#include "repo/treewalk.h"
#include "tests/support/app_text.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define RUNS 5
#define PUSHES 300

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Processor time of this process: what a machine with nothing else to do would take. */
static double busy(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Resident now. */
static double megabytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1) {
		pages = 0;
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void inline_file(FILE *f, size_t app, const char *name, const char *content)
{
	(void)fprintf(f, "M 100644 inline teams/team%03zu/app%05zu/%s\ndata %zu\n%s\n", app % 1000,
		      app, name, strlen(content), content);
}

/* The repository and, on branches of their names, commits that change 1, 100 and 10000 files. */
static const char *generate(size_t apps)
{
	static const char *const branches[] = { "1", "100", "10000" };
	static const char who[] = "committer t <t@example.com> 1700000000 +0000\ndata 1\nc\n";
	const char *repo = gitrepo_new("large");
	char *command = xasprintf("git -C '%s' fast-import --quiet --force", repo);
	FILE *f = popen(command, "we");

	if (f == NULL) {
		exit(2);
	}
	(void)fprintf(f, "commit refs/heads/base\nmark :1\n%s", who);
	for (size_t i = 0; i < apps; i++) {
		char *text = xasprintf("kind: Deployment\nmetadata:\n  name: app%zu\n", i);

		inline_file(f, i, "deployment.yaml", text);
		inline_file(f, i, "kustomization.yaml", "resources: [deployment.yaml, service.yaml, "
							"config.yaml, hpa.yaml]\n");
		inline_file(f, i, "service.yaml", "kind: Service\nmetadata: {name: s}\n");
		inline_file(f, i, "config.yaml", "kind: ConfigMap\nmetadata: {name: c}\n");
		inline_file(f, i, "hpa.yaml", "kind: HorizontalPodAutoscaler\n");
		inline_file(f, i, "README.md", "# an application\n");
		free(text);
	}
	for (size_t b = 0; b < 3; b++) {
		size_t changes = (size_t)strtol(branches[b], NULL, 10);

		(void)fprintf(f, "commit refs/heads/%s\n%sfrom :1\n", branches[b], who);
		for (size_t i = 0; i < changes; i++) {
			char *text = xasprintf("kind: Deployment\nmetadata:\n  name: new%zu\n", i);

			inline_file(f, i * (apps / changes > 0 ? apps / changes : 1) % apps,
				    "deployment.yaml", text);
			free(text);
		}
	}
	(void)fprintf(f, "reset refs/heads/pushes\nfrom :1\n\n");
	for (size_t i = 0; i < PUSHES; i++) {
		(void)fprintf(f, "commit refs/heads/pushes\n%s", who);
		for (size_t k = 0; k <= i % 5; k++) {
			char *text = xasprintf("kind: Deployment\nmetadata:\n  name: p%zu\n", i);

			inline_file(f, (i * 7919 + k * 104729) % apps, "deployment.yaml", text);
			free(text);
		}
	}
	(void)pclose(f);
	free(command);
	return repo;
}

static int count(void *arg, uint64_t parent, const struct tree_change *change)
{
	(void)parent;
	*(size_t *)arg += !change->directory;
	return 0;
}

static void walk(struct repo *repo, const struct oid *a, const struct oid *b, size_t *found)
{
	const struct treewalk_visitor visitor = { .change = count, .arg = found };
	struct error err = ERROR_INIT;

	if (treewalk(repo, a, b, &visitor, &err) != REPO_OK) {
		(void)fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
}

/* Have the packs leave the system's cache, as far as it lets them. */
static void forget_packs(const char *path)
{
	char *dir = xasprintf("%s/.git/objects/pack", path);
	DIR *d = opendir(dir);

	for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
		char *file = xasprintf("%s/%s", dir, e->d_name);
		int fd = open(file, O_RDONLY | O_CLOEXEC);

		if (fd >= 0) {
			(void)fdatasync(fd);
			(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			(void)close(fd);
		}
		free(file);
	}
	if (d != NULL) {
		(void)closedir(d);
	}
	free(dir);
}

struct walks {
	double disk, cold, push, again;
	size_t found;
};

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

static double timed_walk(struct repo *repo, const struct oid *a, const struct oid *b,
			 size_t *found)
{
	double start = now();

	*found = 0;
	walk(repo, a, b, found);
	return now() - start;
}

static struct repo *open_repo(const char *path)
{
	struct repo *repo = NULL;

	if (repo_open(path, false, &repo, NULL) != 0) {
		exit(2);
	}
	return repo;
}

static void measure_walk(const char *path, const char *branch, struct walks *w)
{
	char *name = xasprintf("%s^{tree}", branch);
	struct oid base = gitrepo_rev(path, "base^{tree}");
	struct oid tip = gitrepo_rev(path, name);
	struct oid none = { .len = 0 };
	size_t found;

	*w = (struct walks){ 1e9, 1e9, 1e9, 1e9, 0 };
	for (int run = 0; run < RUNS; run++) {
		forget_packs(path);
		struct repo *repo = open_repo(path);
		w->disk = smaller(w->disk, timed_walk(repo, &base, &tip, &w->found));
		repo_free(repo);
		repo = open_repo(path);
		w->cold = smaller(w->cold, timed_walk(repo, &base, &tip, &w->found));
		repo_free(repo);
		repo = open_repo(path);
		(void)timed_walk(repo, &none, &base, &found);
		w->push = smaller(w->push, timed_walk(repo, &base, &tip, &w->found));
		w->again = smaller(w->again, timed_walk(repo, &base, &tip, &w->found));
		repo_free(repo);
	}
	free(name);
}

static double measure_git(const char *path, const char *branch, bool disk)
{
	char *command = xasprintf("git -C '%s' diff-tree -r --name-only base %s >/dev/null", path,
				  branch);
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		if (disk) {
			forget_packs(path);
		}
		double start = now();

		tap_sh("%s", command);
		best = smaller(best, now() - start);
	}
	free(command);
	return best;
}

static void add_apps(struct app_list *list, size_t apps)
{
	struct strvec problems = STRVEC_INIT;

	for (size_t i = 0; i < apps; i++) {
		struct error err = ERROR_INIT;
		char *text = xasprintf(
			"{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: app%zu}, "
			"spec: {source: {repoURL: 'https://git.example.com/large', targetRevision: main, "
			"path: teams/team%03zu/app%05zu}}}", i, i % 1000, i);

		if (app_read_yaml(text, strlen(text), "x", list, &problems, &err) != 0) {
			(void)fprintf(stderr, "%s\n", err.text);
			exit(2);
		}
		/* As a reader process holds them. */
		list->items[i] = app_pack_take(list->items[i]);
		free(text);
	}
	strvec_release(&problems);
}

/* One push, and what it took: wall-clock and processor time. */
struct took {
	double wall, cpu;
};

static struct took compute(struct affected_state *state, const struct oid *after,
			   struct affected *result)
{
	const struct affected_request request = {
		.ref = "refs/heads/main", .default_branch = "main", .after = *after,
	};
	struct error err = ERROR_INIT;
	double wall = now();
	double cpu = busy();

	if (affected_compute(state, &request, result, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	return (struct took){ now() - wall, busy() - cpu };
}

static int by_size(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_percentiles(const char *what, double *times, size_t count)
{
	qsort(times, count, sizeof(*times), by_size);
	printf("    %-9s p50 %7.2f   p90 %7.2f   p99 %7.2f   max %7.2f\n", what,
	       times[count / 2], times[count * 9 / 10], times[count * 99 / 100],
	       times[count - 1]);
}

static void measure_small(struct affected_state *state, const char *repo)
{
	double wall[PUSHES];
	double cpu[PUSHES];
	struct affected a = { 0 };
	size_t affected = 0;

	for (size_t i = 0; i < PUSHES; i++) {
		char *name = xasprintf("pushes~%zu", PUSHES - 1 - i);
		struct oid after = gitrepo_rev(repo, name);
		struct took took = compute(state, &after, &a);

		wall[i] = took.wall;
		cpu[i] = took.cpu;
		affected += a.count;
		affected_release(&a);
		free(name);
	}
	printf("  %d pushes of 1 to 5 files, ms, %zu affected in all:\n", PUSHES, affected);
	print_percentiles("time", wall, PUSHES);
	print_percentiles("processor", cpu, PUSHES);
}

static void measure_large(struct affected_state *state, const char *repo)
{
	static const char *const branches[] = { "1", "100", "10000" };
	struct oid base = gitrepo_rev(repo, "base");
	struct affected a = { 0 };

	for (size_t b = 0; b < 3; b++) {
		(void)compute(state, &base, &a);
		affected_release(&a);
		struct oid after = gitrepo_rev(repo, branches[b]);
		struct took took = compute(state, &after, &a);

		printf("  push of %5s files: %8.2f ms, processor %8.2f ms, %zu affected\n",
		       branches[b], took.wall, took.cpu, a.count);
		affected_release(&a);
	}
}

static void measure_compute(const char *repo, size_t apps)
{
	char *cache = xasprintf("%s/cache%zu", tap_dir(), apps);
	struct app_list list = { 0 };
	const struct affected_options options = {
		.repository_url = "https://git.example.com/large", .path = repo,
		.cache_directory = cache,
	};
	struct oid base = gitrepo_rev(repo, "base");
	struct affected_state *state = NULL;
	struct affected a = { 0 };

	tap_sh("mkdir '%s'", cache);
	add_apps(&list, apps);
	printf("  %zu applications, %.0f MB\n", apps, megabytes());
	for (int restart = 0; restart < 2; restart++) {
		if (affected_state_new(&options, &state, NULL) != 0) {
			exit(2);
		}
		double start = now();
		affected_set_apps(state, &list);
		double set = now() - start;
		struct took took = compute(state, &base, &a);
		printf("  %s: %.0f ms, processor %.0f ms (and %.0f ms for the applications), "
		       "%.0f MB in all\n", restart ? "index read back" : "index built",
		       took.wall, took.cpu, set, megabytes());
		affected_release(&a);
		start = now();
		if (!restart) {
			affected_state_free(state);
			printf("  index written: %.0f ms\n", now() - start);
		}
	}
	measure_small(state, repo);
	measure_large(state, repo);
	printf("  %.0f MB in all\n", megabytes());
	affected_state_free(state);
	app_list_release(&list);
	free(cache);
}

int main(void)
{
	static const size_t sizes[] = { 1000, 10000, 100000 };
	static const char *const branches[] = { "1", "100", "10000" };
	double load[1] = { 0 };

	(void)getloadavg(load, 1);
	printf("load %.1f; what changed, ms (best of %d)\n\n", load[0], RUNS);
	printf("%8s %8s %9s %9s %9s %9s   %s\n", "files", "changed", "disk", "cold", "push",
	       "again", "git diff-tree: disk, cold");
	for (size_t s = 0; s < 3; s++) {
		const char *repo = generate(sizes[s]);

		for (size_t b = 0; b < 3; b++) {
			struct walks w;

			measure_walk(repo, branches[b], &w);
			printf("%8zu %8zu %9.2f %9.2f %9.2f %9.2f   %18.1f %8.1f\n", sizes[s] * 6,
			       w.found, w.disk, w.cold, w.push, w.again,
			       measure_git(repo, branches[b], true),
			       measure_git(repo, branches[b], false));
		}
		measure_compute(repo, sizes[s]);
		printf("\n");
	}
	return 0;
}
