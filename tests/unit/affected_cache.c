/*
 * Indexes of many refs: tags share that of their commit, and what is kept on
 * disk stays within its budget.
 */
#include "affected/affected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/engine.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

static const char url[] = "https://git.example.com/org/repo.git";

#define TAGS 100

static void add_app(struct app_list *list, const char *name, const char *revision)
{
	struct strvec problems = STRVEC_INIT;
	char *text = xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
			       "metadata: {name: %s, namespace: argocd}\n"
			       "spec:\n  source:\n    repoURL: %s\n    path: apps/%s\n"
			       "    targetRevision: '%s'\n", name, url, name, revision);

	if (app_read_yaml(text, strlen(text), "test", list, &problems, NULL) != 0 || problems.count > 0) {
		printf("Bail out! %s\n", problems.count > 0 ? problems.items[0] : "no application");
		exit(2);
	}
	free(text);
	strvec_release(&problems);
}

static struct affected_state *open_state(const char *repo, const struct app_list *list, const char *cache,
					 int64_t max_bytes)
{
	const struct affected_options options = {
		.repository_url = url, .path = repo, .mode = AFFECTED_EXACT, .cache_directory = cache,
		.cache_max_bytes = max_bytes,
	};

	return engine_open(&options, list);
}

/* Names of what is affected, or "all: " and why. */
static char *ask(struct affected_state *state, const struct app_list *list, const char *ref,
		 const struct oid *after)
{
	const struct affected_request request = {
		.ref = ref, .default_branch = "main", .after = *after,
	};
	struct affected a = { 0 };
	struct error err = ERROR_INIT;
	struct buf b;

	if (affected_compute(state, &request, &a, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	buf_init(&b, 1 << 16);
	(void)buf_addf(&b, "%zu:", a.tracked);
	for (size_t i = 0; i < a.count && a.fallback == FALLBACK_NONE; i++) {
		(void)buf_addf(&b, " %s", list->items[a.items[i].app]->id.name);
	}
	if (a.fallback != FALLBACK_NONE) {
		(void)buf_addf(&b, " all, %s", fallback_text(a.fallback));
	}
	affected_release(&a);
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

static void is(struct affected_state *state, const struct app_list *list, const char *ref,
	       const struct oid *after, const char *want, const char *name)
{
	char *got = ask(state, list, ref, after);

	tap_str(got, want, "%s", name);
	free(got);
}

static long number_of(const char *directory, const char *script)
{
	char *text = gitrepo_output(directory, "%s", script);
	long number = strtol(text, NULL, 10);

	free(text);
	return number;
}

static const char base_script[] =
	"mkdir -p apps/a apps/b\n"
	"for d in a b; do echo 'kind: ConfigMap' >apps/$d/one.yaml; done\n";

#define FIRST "all, the ref is seen for the first time"

static struct oid change(const char *repo, const char *app)
{
	gitrepo_sh(repo, "echo '{kind: X%s, a: %d}' >apps/%s/one.yaml", app,
		   rand(), app);
	return gitrepo_commit(repo);
}

static void test_shared(void)
{
	const char *repo = gitrepo_new("shared");
	struct app_list list = { 0 };
	char *cache = xasprintf("%s/shared-index", tap_dir());
	char ref[64];
	size_t first = 0;

	tap_sh("mkdir -p '%s'", cache);
	gitrepo_sh(repo, "%s", base_script);
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", ">=0.0.0");
	add_app(&list, "b", ">=0.0.0");
	struct affected_state *state = open_state(repo, &list, cache, 0);
	for (int i = 0; i < TAGS; i++) {
		(void)snprintf(ref, sizeof(ref), "refs/tags/v1.0.%d", i);
		char *got = ask(state, &list, ref, &one);
		first += strcmp(got, "2: " FIRST) == 0;
		free(got);
	}
	tap_int(first, TAGS, "the first sight of each of %d tags is all that follow it", TAGS);
	struct oid two = change(repo, "a");
	is(state, &list, "refs/tags/v1.0.99", &two, "2: a", "a tag that moves is compared with where it was");
	is(state, &list, "refs/tags/v1.0.98", &two, "2: a", "so is another that had the same index");
	is(state, &list, "refs/tags/v1.0.0", &two, "2: a", "and one of which only the file was left");
	struct oid three = change(repo, "b");
	is(state, &list, "refs/tags/v1.0.98", &three, "2: b", "each goes on by itself");
	is(state, &list, "refs/tags/v1.0.99", &three, "2: b", "whoever is first");
	affected_state_free(state);
	tap_int(number_of(cache, "ls | wc -l"), TAGS, "each tag has its file");
	tap_ok(number_of(cache, "ls -i | awk '{print $1}' | sort -u | wc -l") <= 10,
	       "but most are names of one");
	/* Another list: what they follow is no longer the same for all. */
	state = open_state(repo, &list, cache, 0);
	is(state, &list, "refs/tags/v2.0.0", &three, "2: " FIRST, "a tag after the restart");
	is(state, &list, "refs/tags/v2.0.1", &three, "2: " FIRST, "another at its commit");
	is(state, &list, "refs/tags/v2.0.2", &three, "2: " FIRST, "and one more");
	add_app(&list, "c", "v2.0.1");
	affected_set_apps(state, &list);
	gitrepo_sh(repo, "%s", "mkdir -p apps/c; echo 'kind: C' >apps/c/one.yaml");
	struct oid four = gitrepo_commit(repo);
	is(state, &list, "refs/tags/v2.0.2", &four, "2:", "one that the new application does not follow");
	is(state, &list, "refs/tags/v2.0.1", &four, "3: c", "one that it does");
	is(state, &list, "refs/tags/v2.0.0", &four, "2:", "and one that still is as it was");
	affected_state_free(state);
	app_list_release(&list);
	free(cache);
}

/* What a unit reads can depend on what the ref is called. */
static void test_own_name(void)
{
	const char *repo = gitrepo_new("own");
	struct app_list list = { 0 };
	char *cache = xasprintf("%s/own-index", tap_dir());

	tap_sh("mkdir -p '%s'", cache);
	gitrepo_sh(repo, "%s", "mkdir -p apps/a base; echo 'resources: [one.yaml]' >base/kustomization.yaml\n"
		   "echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}' >base/one.yaml\n"
		   "echo 'resources: [\"https://git.example.com/org/repo.git//base?ref=v1.0.0\"]'"
		   " >apps/a/kustomization.yaml");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", ">=0.0.0");
	struct affected_state *state = open_state(repo, &list, cache, 0);
	is(state, &list, "refs/tags/v1.0.1", &one, "1: " FIRST, "a tag beside the one that is named");
	is(state, &list, "refs/tags/v1.0.0", &one, "1: " FIRST, "the one that is named, at the same commit");
	gitrepo_sh(repo, "%s", "sed -i 's/: x/: y/' base/one.yaml");
	struct oid two = gitrepo_commit(repo);
	is(state, &list, "refs/tags/v1.0.1", &two, "1:", "what is named by another ref is not its own");
	is(state, &list, "refs/tags/v1.0.0", &two, "1: a", "what is named by its own ref is");
	affected_state_free(state);
	app_list_release(&list);
	free(cache);
}

static void test_budget(void)
{
	const char *repo = gitrepo_new("budget");
	struct app_list list = { 0 };
	char *cache = xasprintf("%s/budget-index", tap_dir());
	struct oid commits[TAGS];
	char ref[64];

	tap_sh("mkdir -p '%s'", cache);
	tap_sh("touch -d '2 hours ago' %s/yy.index.123; touch %s/zz.index.124", cache, cache);
	gitrepo_sh(repo, "%s", base_script);
	add_app(&list, "a", ">=0.0.0");
	const int64_t budget = 40960; /* ten of the smallest files */
	struct affected_state *state = open_state(repo, &list, cache, budget);
	for (int i = 0; i < TAGS; i++) {
		commits[i] = change(repo, "a");
		(void)snprintf(ref, sizeof(ref), "refs/tags/v1.0.%d", i);
		free(ask(state, &list, ref, &commits[i]));
		affected_save(state);
	}
	affected_state_free(state);
	long kept = number_of(cache, "ls *.index | wc -l");
	tap_ok(kept >= 1 && kept <= 10, "of %d indexes %ld are kept", TAGS, kept);
	tap_ok(number_of(cache, "du -ck *.index | tail -n 1") <= budget / 1024,
	       "they are within the budget");
	tap_int(number_of(cache, "ls yy* 2>/dev/null | wc -l"), 0, "what was begun long ago is gone");
	tap_int(number_of(cache, "ls zz* | wc -l"), 1, "what is being written is left alone");
	struct oid last = change(repo, "a");
	state = open_state(repo, &list, cache, budget);
	is(state, &list, "refs/tags/v1.0.99", &last, "1: a", "the newest was kept");
	is(state, &list, "refs/tags/v1.0.0", &last, "1: " FIRST, "the oldest was not");
	affected_state_free(state);
	app_list_release(&list);
	free(cache);
}

/* While it runs: an index that is asked for again and again outlives newer ones. */
static void test_use(void)
{
	const char *repo = gitrepo_new("use");
	struct app_list list = { 0 };
	char *cache = xasprintf("%s/use-index", tap_dir());
	char ref[64];

	tap_sh("mkdir -p '%s'", cache);
	gitrepo_sh(repo, "%s", base_script);
	add_app(&list, "a", ">=0.0.0");
	struct oid first = change(repo, "a");
	const int64_t budget = 40960;
	for (int i = 0; i < 12; i++) {
		struct affected_state *state = open_state(repo, &list, cache, budget);
		struct oid next = change(repo, "a");

		(void)snprintf(ref, sizeof(ref), "refs/tags/v1.0.%d", i);
		free(ask(state, &list, ref, &next));
		free(ask(state, &list, "refs/tags/v0.0.1", &first));
		affected_state_free(state);
	}
	struct oid last = change(repo, "a");
	struct affected_state *state = open_state(repo, &list, cache, budget);
	is(state, &list, "refs/tags/v0.0.1", &last, "1: a", "what is used is kept");
	is(state, &list, "refs/tags/v1.0.0", &last, "1: " FIRST, "what is not goes");
	affected_state_free(state);
	app_list_release(&list);
	free(cache);
}

int main(void)
{
	srand(1);
	test_shared();
	test_own_name();
	test_budget();
	test_use();
	return tap_done();
}
