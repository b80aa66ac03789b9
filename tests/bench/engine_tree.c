/*
 * A push to a large repository: how long does it take to know what changed,
 * and which applications that touches?
 *
 * The repository is generated: six files in each application's directory,
 * with a kustomization file.  For 1, 100 and 10,000 changed files: the walk
 * of the two trees as a push meets it (the old tree known, the new one not),
 * git diff-tree beside it, and the whole of affected_compute().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/affected.h"
#include "app/app_yaml.h"
#include "base/xalloc.h"
#include "repo/treewalk.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define RUNS 3

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

static double megabytes(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
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

/* The walk with the old tree's objects known; and once more, with all known. */
static void measure_walk(const char *path, const char *branch, double *ret_push, double *ret_warm,
			 size_t *ret_found)
{
	char *name = xasprintf("%s^{tree}", branch);
	struct oid base = gitrepo_rev(path, "base^{tree}");
	struct oid tip = gitrepo_rev(path, name);

	*ret_push = *ret_warm = 1e9;
	for (int run = 0; run < RUNS; run++) {
		struct repo *repo = NULL;
		size_t found = 0;

		if (repo_open(path, false, &repo, NULL) != 0) {
			exit(2);
		}
		/* What a push before this one has left behind: the tree it ended at. */
		struct oid other = gitrepo_rev(path, strcmp(branch, "1") == 0 ? "100^{tree}" : "1^{tree}");
		walk(repo, &other, &base, &found);
		found = 0;
		double start = now();
		walk(repo, &base, &tip, &found);
		double push = now() - start;
		*ret_found = found;
		start = now();
		walk(repo, &base, &tip, &found);
		double warm = now() - start;
		*ret_push = push < *ret_push ? push : *ret_push;
		*ret_warm = warm < *ret_warm ? warm : *ret_warm;
		repo_free(repo);
	}
	free(name);
}

static double measure_git(const char *path, const char *branch)
{
	char *command = xasprintf("git -C '%s' diff-tree -r --name-only base %s >/dev/null", path,
				  branch);
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		double start = now();

		tap_sh("%s", command);
		double took = now() - start;
		best = took < best ? took : best;
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
		free(text);
	}
	strvec_release(&problems);
}

static double compute(struct affected_state *state, const char *repo, const char *branch,
		      struct affected *result)
{
	struct affected_request request = { .ref = "refs/heads/main", .default_branch = "main" };
	struct error err = ERROR_INIT;

	request.after = gitrepo_rev(repo, branch);
	double start = now();
	if (affected_compute(state, &request, result, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	return now() - start;
}

static void measure_compute(const char *repo, size_t apps)
{
	static const char *const branches[] = { "1", "100", "10000" };
	struct app_list list = { 0 };
	const struct affected_options options = {
		.repository_url = "https://git.example.com/large", .path = repo,
	};
	struct affected_state *state = NULL;
	struct affected a = { 0 };

	add_apps(&list, apps);
	double before = megabytes();
	if (affected_state_new(&options, &state, NULL) != 0) {
		exit(2);
	}
	affected_set_apps(state, &list);
	double cpu = busy();
	double cold = compute(state, repo, "base", &a);
	printf("  %zu applications: cold %.0f ms (processor %.0f ms), %.0f MB for it, %.0f MB in all\n",
	       a.tracked, cold, busy() - cpu, megabytes() - before, megabytes());
	affected_release(&a);
	for (size_t b = 0; b < 3; b++) {
		cpu = busy();
		double push = compute(state, repo, branches[b], &a);

		printf("  push of %5s files: %8.2f ms (processor %.2f ms), %zu of %zu affected\n",
		       branches[b], push, busy() - cpu, a.count, a.tracked);
		affected_release(&a);
		(void)compute(state, repo, "base", &a);
		affected_release(&a);
	}
	affected_state_free(state);
	app_list_release(&list);
}

int main(void)
{
	static const size_t sizes[] = { 1000, 10000, 100000 };
	static const char *const branches[] = { "1", "100", "10000" };

	printf("What changed, ms (best of %d)\n\n", RUNS);
	printf("%8s %8s %10s %10s %14s\n", "files", "changed", "push", "again", "git diff-tree");
	for (size_t s = 0; s < 3; s++) {
		const char *repo = generate(sizes[s]);

		for (size_t b = 0; b < 3; b++) {
			double push;
			double warm;
			size_t found;

			measure_walk(repo, branches[b], &push, &warm, &found);
			printf("%8zu %8zu %10.2f %10.2f %14.1f\n", sizes[s] * 6, found, push, warm,
			       measure_git(repo, branches[b]));
		}
		measure_compute(repo, sizes[s]);
		printf("\n");
	}
	return 0;
}
