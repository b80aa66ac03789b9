/*
 * The engine on real repositories: which applications does a push change?
 */
#include "affected/affected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "repo/repo.h"
#include "tests/support/app_text.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

/*
 * libgit2 1.5.1 does not free the regular expression's state when it refuses
 * a repository for its extensions: the last check of this file.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

static const char url[] = "https://git.example.com/infra.git";

/* Add one Application; extra is YAML of spec.source, each line indented by four. */
static void add_app(struct app_list *list, const char *name, const char *path, const char *revision,
		    const char *annotation, const char *extra)
{
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;
	char *text = xasprintf("apiVersion: argoproj.io/v1alpha1\n"
			       "kind: Application\n"
			       "metadata:\n  name: %s\n  namespace: argocd\n%s%s%s"
			       "spec:\n  source:\n    repoURL: %s\n    path: '%s'\n"
			       "    targetRevision: %s\n%s",
			       name,
			       annotation ? "  annotations:\n    argocd.argoproj.io/"
					    "manifest-generate-paths: '" : "",
			       annotation ? annotation : "", annotation ? "'\n" : "",
			       url, path, revision, extra);

	if (app_read_yaml(text, strlen(text), name, list, &problems, &err) != 0 ||
	    problems.count > 0) {
		printf("Bail out! %s %s\n", err.text,
		       problems.count > 0 ? problems.items[0] : "");
		exit(2);
	}
	strvec_release(&problems);
	free(text);
}

/* "a,b": the affected applications' names. */
static char *names_of(const struct app_list *list, const struct affected *a)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < a->count; i++) {
		(void)buf_addf(&b, "%s%s", i > 0 ? "," : "", list->items[a->items[i].app]->id.name);
	}
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

static struct affected_state *open_state(const char *repo, enum affected_mode mode,
					 const char *cache)
{
	const struct affected_options options = {
		.repository_url = url, .path = repo, .mode = mode, .cache_directory = cache,
	};
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;

	if (affected_state_new(&options, &state, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	return state;
}

static void compute(struct affected_state *state, const struct oid *before,
		    const struct oid *after, struct affected *ret)
{
	const struct affected_request request = {
		.ref = "refs/heads/main",
		.default_branch = "main",
		.before = before != NULL ? *before : (struct oid){ 0 },
		.after = *after,
		.count_all = true,
	};
	struct error err = ERROR_INIT;

	if (affected_compute(state, &request, ret, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
}

static void check(struct affected_state *state, const struct app_list *list,
		  const struct oid *before, const struct oid *after, const char *want,
		  const char *name)
{
	struct affected a = { 0 };

	compute(state, before, after, &a);
	char *got = names_of(list, &a);
	tap_str(got, want, "%s", name);
	tap_int(a.fallback, FALLBACK_NONE, "%s: is no fall-back", name);
	free(got);
	affected_release(&a);
}

static const char base_script[] =
	"mkdir -p apps/a/sub apps/b apps/c docs vendor/sub\n"
	"for d in a b c; do echo \"kind: A$d\" >apps/$d/one.yaml; done\n"
	"echo 'kind: Deep' >apps/a/sub/deep.yaml\n"
	"echo hello >docs/readme\n"
	"ln -s apps/c ln\n"
	"git update-index --add --cacheinfo "
	"160000,1111111111111111111111111111111111111111,vendor/sub\n"
	"printf '[submodule \"s\"]\\npath = vendor/sub\\nurl = x\\n' >.gitmodules\n";

static const struct {
	const char *name;
	const char *script;
	const char *want;
} pushes[] = {
	{ "a modified file touches its application", "echo 'kind: B' >apps/a/one.yaml", "a" },
	{ "an added file touches", "echo 'kind: N' >apps/b/two.yaml", "b" },
	{ "a removed file touches", "rm apps/b/one.yaml", "b" },
	{ "a file deeper down touches", "echo 'kind: X' >apps/a/sub/deep.yaml", "a" },
	{ "a rename touches both sides", "git mv apps/a/one.yaml apps/b/moved.yaml", "a,b" },
	{ "a mode-only change touches nobody", "chmod +x apps/a/one.yaml", "" },
	{ "a file that becomes a directory touches",
	  "rm apps/a/one.yaml; mkdir apps/a/one.yaml; echo 'kind: Z' >apps/a/one.yaml/z.yaml", "a" },
	{ "a directory that becomes a file touches",
	  "rm -r apps/a/sub; echo 'kind: Z' >apps/a/sub", "a" },
	{ "a file that becomes a link touches",
	  "rm apps/b/one.yaml; ln -s ../a/one.yaml apps/b/one.yaml", "b" },
	{ "an empty commit touches nobody", "true", "" },
	{ "a file nobody reads touches nobody", "echo more >docs/readme", "" },
	{ "a directory of no application touches nobody",
	  "mkdir -p apps/zz; echo 'kind: Q' >apps/zz/q.yaml", "" },
	{ "a sibling with a longer name touches nobody",
	  "mkdir -p apps/aa; echo 'kind: Q' >apps/aa/q.yaml", "" },
	{ "a path that did not exist appears",
	  "mkdir -p apps/later; echo 'kind: Q' >apps/later/q.yaml", "later" },
	{ "a link appears above a path that did not exist", "ln -s apps/a way", "way" },
	{ "a change behind a link touches who goes through it",
	  "echo 'kind: N' >apps/c/one.yaml", "c,linked" },
	{ "a link that leads elsewhere touches who goes through it",
	  "rm ln; ln -s apps/b ln", "linked" },
	{ "a submodule bump touches who reads below it",
	  "git update-index --cacheinfo 160000,2222222222222222222222222222222222222222,vendor/sub",
	  "module" },
	{ ".gitmodules touches who reads below a submodule", "echo '# x' >>.gitmodules", "module" },
	{ ".gitattributes touches everything below",
	  "echo '* text' >apps/a/.gitattributes", "a" },
	{ ".gitattributes of the root touches everything",
	  "echo '* text' >.gitattributes", "a,b,c,later,way,linked,module" },
	{ "the override file of one application touches it alone",
	  "echo 'directory: {}' >apps/a/.argocd-source-a.yaml", "a" },
	{ "all of an application is removed", "rm -r apps/b", "b" },
	{ "everything is removed", "git rm -rq --cached . ; rm -rf *; rm .gitmodules",
	  "a,b,c,linked,module" },
};

static void add_apps(struct app_list *list)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";

	add_app(list, "a", "apps/a", "main", NULL, recurse);
	add_app(list, "b", "apps/b", "HEAD", NULL, recurse);
	add_app(list, "c", "apps/c", "refs/heads/main", NULL, recurse);
	add_app(list, "later", "apps/later", "main", NULL, recurse);
	add_app(list, "way", "way/sub", "main", NULL, recurse);
	add_app(list, "linked", "ln", "main", NULL, recurse);
	add_app(list, "module", "vendor/sub/app", "main", NULL, recurse);
	add_app(list, "other-branch", "apps/a", "release", NULL, recurse);
	add_app(list, "pinned", "apps/a", "1111111111111111111111111111111111111111", NULL,
		recurse);
}

/* Every push from one base, forward and back again, with one and with a new state. */
static void test_pushes(void)
{
	const char *repo = gitrepo_new("pushes");
	struct app_list list = { 0 };

	gitrepo_sh(repo, "%s", base_script);
	struct oid base = gitrepo_commit(repo);
	add_apps(&list);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++) {
		gitrepo_sh(repo, "git checkout -q -f main; git clean -fdxq\n%s\n", pushes[i].script);
		/* The submodule's directory does not exist: add all but it. */
		gitrepo_sh(repo, "mkdir -p vendor/sub; git add -A -- . ':!vendor'\n"
			   "git commit -q --allow-empty -m c; git branch -f tip; "
			   "git reset -q --hard HEAD~");
		struct oid tip = gitrepo_rev(repo, "tip");

		check(state, &list, &base, &tip, pushes[i].want, pushes[i].name);
		struct affected_state *fresh = open_state(repo, AFFECTED_EXACT, NULL);

		affected_set_apps(fresh, &list);
		check(fresh, &list, &base, &tip, pushes[i].want, "the same from a cold start");
		affected_state_free(fresh);
	}
	affected_state_free(state);
	app_list_release(&list);
}

static void expect_all(struct affected_state *state, const struct oid *before,
		       const struct oid *after, enum fallback why, const char *name)
{
	struct affected a = { 0 };

	compute(state, before, after, &a);
	tap_int(a.fallback, why, "%s: the fall-back", name);
	tap_int(a.count, a.tracked, "%s: all tracked applications are affected", name);
	tap_int(a.count, 3, "%s: and they are three", name);
	affected_release(&a);
}

static void remove_object(const char *repo, const char *revision)
{
	gitrepo_sh(repo, "o=$(git rev-parse '%s'); rm -f .git/objects/$(echo $o | cut -c1-2)/"
		   "$(echo $o | cut -c3-)", revision);
}

/* What a service does: no before given. */
static void test_service(void)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";
	const struct oid zero = { .len = 20 };
	const char *repo = gitrepo_new("service");
	struct app_list list = { 0 };
	struct affected a = { 0 };

	gitrepo_sh(repo, "%s", "mkdir -p a b c; for d in a b c; do echo \"kind: $d\" >$d/x.yaml; done");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", "a", "main", NULL, recurse);
	add_app(&list, "b", "b", "main", NULL, recurse);
	add_app(&list, "c", "c", "", NULL, recurse);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	expect_all(state, NULL, &one, FALLBACK_FIRST, "first sight");
	gitrepo_sh(repo, "%s", "echo 'kind: q' >a/x.yaml");
	struct oid two = gitrepo_commit(repo);
	check(state, &list, NULL, &two, "a", "the second push is compared with the first");
	check(state, &list, NULL, &two, "", "the same push again touches nobody");
	check(state, &list, &zero, &one, "a", "a force push back is a step like any other");
	gitrepo_sh(repo, "%s", "git reset -q --hard HEAD~; echo 'kind: q' >b/x.yaml");
	struct oid fork = gitrepo_commit(repo);
	gitrepo_sh(repo, "%s", "echo 'kind: q' >c/x.yaml");
	struct oid later = gitrepo_commit(repo);
	check(state, &list, NULL, &later, "b,c", "a lost delivery is caught up with");
	check(state, &list, &fork, &later, "c", "with a before given, exactly that step");
	check(state, &list, NULL, &two, "a,b,c", "a force push to another line");
	gitrepo_sh(repo, "%s", "git tag -a -m t tagged HEAD");
	struct oid tag = gitrepo_rev(repo, "tagged");
	tap_ok(!oid_equal(&tag, &later), "an annotated tag has an id of its own");
	check(state, &list, NULL, &tag, "a,b,c", "a tag object is peeled");
	compute(state, NULL, &zero, &a);
	tap_int(a.fallback, FALLBACK_DELETED, "a deleted ref affects all");
	tap_int(a.count, 3, "all of them");
	affected_release(&a);
	expect_all(state, NULL, &one, FALLBACK_FIRST, "after a deletion nothing is known");
	struct oid nowhere = { .len = 20, .bytes = { 1, 2, 3 } };
	expect_all(state, NULL, &nowhere, FALLBACK_AFTER, "a commit that is not there");
	check(state, &list, NULL, &two, "a", "the state stayed where it was");
	expect_all(state, &nowhere, &one, FALLBACK_BEFORE, "a before that is not there");
	check(state, &list, NULL, &two, "a", "and stands at the pushed commit");
	affected_state_free(state);
	app_list_release(&list);
}

/* Objects that disappear while we hold an index. */
static void test_missing(void)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";
	const char *repo = gitrepo_new("missing");
	struct app_list list = { 0 };

	gitrepo_sh(repo, "%s", "mkdir -p a b c; for d in a b c; do echo \"kind: $d\" >$d/x.yaml; done");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", "a", "main", NULL, recurse);
	add_app(&list, "b", "b", "main", NULL, recurse);
	add_app(&list, "c", "c", "main", NULL, recurse);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	expect_all(state, NULL, &one, FALLBACK_FIRST, "first sight");
	gitrepo_sh(repo, "%s", "echo 'kind: q' >a/x.yaml");
	struct oid two = gitrepo_commit(repo);
	remove_object(repo, "HEAD^{tree}");
	expect_all(state, NULL, &two, FALLBACK_DAMAGED, "the new tree is missing");
	gitrepo_sh(repo, "%s", "git reset -q HEAD~; git add -A; git write-tree; echo 'kind: r' >b/x.yaml");
	struct oid three = gitrepo_commit(repo);
	struct affected a = { 0 };
	compute(state, NULL, &three, &a);
	tap_ok(a.count >= 2, "and later pushes lose nothing (%zu)", a.count);
	affected_release(&a);
	remove_object(repo, "HEAD^{tree}");
	gitrepo_sh(repo, "%s", "echo 'kind: s' >c/x.yaml; rm .git/index; git add -A\n"
		   "git update-ref HEAD $(git commit-tree -m x -p HEAD $(git write-tree))");
	struct affected_state *cold = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(cold, &list);
	struct oid tip = gitrepo_rev(repo, "HEAD");
	expect_all(cold, &three, &tip, FALLBACK_DAMAGED, "the old tree is missing");
	affected_state_free(cold);
	gitrepo_sh(repo, "%s", "git repack -q -a -d || true");
	affected_state_free(state);
	app_list_release(&list);
}

/* git gc under our feet. */
static void test_repack(void)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";
	const char *repo = gitrepo_new("repack");
	struct app_list list = { 0 };
	struct affected a = { 0 };

	gitrepo_sh(repo, "%s", "mkdir -p a b; for d in a b; do echo \"kind: $d\" >$d/x.yaml; done");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", "a", "main", NULL, recurse);
	add_app(&list, "b", "b", "main", NULL, recurse);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	compute(state, NULL, &one, &a);
	affected_release(&a);
	for (int i = 0; i < 5; i++) {
		gitrepo_sh(repo, "echo 'kind: n%d' >a/x.yaml", i);
		struct oid next = gitrepo_commit(repo);

		gitrepo_sh(repo, "%s", "git gc -q --prune=now --aggressive");
		check(state, &list, NULL, &next, "a", "a push is decided while git gc replaces packs");
	}
	affected_state_free(state);
	app_list_release(&list);
}

/* Why: paths, kinds and the chain. */
static void test_reasons(void)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";
	const char *repo = gitrepo_new("reasons");
	struct app_list list = { 0 };
	struct affected a = { 0 };

	gitrepo_sh(repo, "%s", "mkdir -p a; for i in $(seq 20); do echo \"kind: a$i\" >a/$i.yaml; done");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", "a", "main", NULL, recurse);
	add_app(&list, "rev", "nowhere", "main", NULL,
		"    plugin:\n      env:\n      - {name: X, value: $ARGOCD_APP_REVISION}\n");
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	gitrepo_sh(repo, "%s", "for i in $(seq 20); do echo \"kind: b$i\" >a/$i.yaml; done; rm a/3.yaml");
	struct oid two = gitrepo_commit(repo);
	compute(state, &one, &two, &a);
	tap_int(a.count, 1, "one application");
	if (a.count > 0) {
		tap_int(a.items[0].touched, 20, "all touching paths are counted");
		tap_int(a.items[0].reason_count, LIMIT_REASONS, "a few of them are told");
		tap_int(a.changed_paths, 20, "changed paths are counted");
		tap_ok(a.changed_paths_exact, "exactly");
		tap_str(a.items[0].reasons[0].path, "a/1.yaml", "the first path in order");
		tap_int(a.items[0].reasons[0].change, CHANGE_MODIFIED, "how it changed");
	}
	affected_release(&a);
	affected_state_free(state);
	app_list_release(&list);
}

/* The chain from a file of a shared base up to the application's own file. */
static void test_chain(void)
{
	const char *repo = gitrepo_new("chain");
	struct app_list list = { 0 };
	struct affected a = { 0 };

	gitrepo_sh(repo, "%s",
		   "mkdir -p apps/base overlays/prod overlays/test\n"
		   "echo 'resources: [deployment.yaml]' >apps/base/kustomization.yaml\n"
		   "echo 'kind: Deployment' >apps/base/deployment.yaml\n"
		   "for o in prod test; do\n"
		   "echo 'resources: [../../apps/base]' >overlays/$o/kustomization.yaml; done");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "prod", "overlays/prod", "main", NULL, "");
	add_app(&list, "test", "overlays/test", "main", NULL, "");
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	gitrepo_sh(repo, "%s", "echo 'kind: StatefulSet' >apps/base/deployment.yaml");
	struct oid two = gitrepo_commit(repo);
	compute(state, &one, &two, &a);
	tap_int(a.count, 2, "a shared base touches both");
	if (a.count == 2) {
		const struct affected_reason *r = &a.items[0].reasons[0];

		tap_str(r->path, "apps/base/deployment.yaml", "the path");
		tap_int(r->probe, PROBE_FILE, "was read as a file");
		tap_int(r->via.count, 2, "through a chain of two");
		tap_str(r->via.items[0], "../../apps/base", "the base as it is written");
		tap_str(r->via.items[1], "overlays/prod/kustomization.yaml", "in the root's file");
	}
	affected_release(&a);
	gitrepo_sh(repo, "%s", "echo 'kind: A' >overlays/prod/a.yaml\n"
		   "echo 'resources: [../../apps/base, a.yaml]' >overlays/prod/kustomization.yaml");
	struct oid three = gitrepo_commit(repo);
	check(state, &list, NULL, &three, "prod", "a new reference touches who makes it");
	gitrepo_sh(repo, "%s", "echo 'kind: B' >overlays/prod/a.yaml");
	struct oid four = gitrepo_commit(repo);
	compute(state, NULL, &four, &a);
	tap_int(a.count, 1, "what became an input counts from then on");
	tap_str(a.count == 1 ? a.items[0].reasons[0].via.items[0] : "",
		"overlays/prod/kustomization.yaml", "named by the file that refers to it");
	affected_release(&a);
	gitrepo_sh(repo, "%s", "echo '# only a comment' >>apps/base/deployment.yaml");
	struct oid five = gitrepo_commit(repo);
	check(state, &list, NULL, &five, "", "a comment in a manifest touches nobody");
	affected_state_free(state);
	app_list_release(&list);
}

/* The index on disk. */
static void test_cache(void)
{
	const char *repo = gitrepo_new("cache");
	struct app_list list = { 0 };
	struct affected a = { 0 };
	char *cache = xasprintf("%s/index", tap_dir());

	tap_sh("mkdir -p '%s'", cache);
	gitrepo_sh(repo, "%s", base_script);
	struct oid one = gitrepo_commit(repo);
	add_apps(&list);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, cache);
	affected_set_apps(state, &list);
	compute(state, NULL, &one, &a);
	tap_int(a.fallback, FALLBACK_FIRST, "a first sight, to be stored");
	affected_release(&a);
	affected_state_free(state);
	gitrepo_sh(repo, "%s", "echo 'kind: other' >apps/a/one.yaml; echo x >docs/readme");
	struct oid two = gitrepo_commit(repo);
	state = open_state(repo, AFFECTED_EXACT, cache);
	affected_set_apps(state, &list);
	check(state, &list, NULL, &two, "a", "a restart catches up from the stored index");
	affected_state_free(state);
	char *size = gitrepo_output(cache, "stat -c %%s *.index");
	long bytes = strtol(size, NULL, 10);
	tap_ok(bytes > 100, "the index is stored (%ld bytes)", bytes);
	free(size);
	/* Any damaged byte, or a cut, means: build it. */
	tap_sh("cp %s/*.index %s/good", cache, tap_dir());
	size_t wrong = 0;
	for (long at = 0; at < bytes; at += 61) {
		tap_sh("cp %s/good $(ls %s/*.index) && printf '\\351' | dd of=$(ls %s/*.index) bs=1 "
		       "seek=%ld conv=notrunc 2>/dev/null", tap_dir(), cache, cache, at);
		state = open_state(repo, AFFECTED_EXACT, cache);
		affected_set_apps(state, &list);
		compute(state, NULL, &two, &a);
		wrong += a.fallback != FALLBACK_FIRST;
		affected_release(&a);
		affected_state_free(state);
	}
	tap_int(wrong, 0, "a damaged index is never believed");
	tap_sh("f=$(ls %s/*.index); head -c 200 %s/good >$f", cache, tap_dir());
	state = open_state(repo, AFFECTED_EXACT, cache);
	affected_set_apps(state, &list);
	compute(state, NULL, &two, &a);
	tap_int(a.fallback, FALLBACK_FIRST, "a cut index is built anew");
	affected_release(&a);
	affected_state_free(state);
	app_list_release(&list);
	free(cache);
}

/* Applications come, go and change between pushes. */
static void test_apps_change(void)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";
	const char *repo = gitrepo_new("apps");
	struct app_list one = { 0 };
	struct app_list two = { 0 };
	struct affected a = { 0 };

	gitrepo_sh(repo, "%s", "mkdir -p a b c; for d in a b c; do echo \"kind: $d\" >$d/x.yaml; done");
	struct oid base = gitrepo_commit(repo);
	gitrepo_sh(repo, "%s", "for d in a b c; do echo \"kind: q$d\" >$d/x.yaml; done");
	struct oid tip = gitrepo_commit(repo);
	add_app(&one, "x", "a", "main", NULL, recurse);
	add_app(&one, "y", "b", "main", NULL, recurse);
	add_app(&two, "y", "b", "main", NULL, recurse);
	add_app(&two, "x", "c", "main", NULL, recurse);
	add_app(&two, "x", "c", "main", NULL, recurse);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &one);
	compute(state, NULL, &base, &a);
	affected_release(&a);
	affected_set_apps(state, &two);
	compute(state, NULL, &tip, &a);
	tap_int(a.count, 3, "the new list counts, in its order");
	tap_str(a.count == 3 ? a.items[1].reasons[0].path : "", "c/x.yaml",
		"an application that moved is compared where it is now");
	affected_release(&a);
	affected_set_apps(state, &one);
	check(state, &one, NULL, &base, "x,y", "and back");
	affected_state_free(state);
	app_list_release(&one);
	app_list_release(&two);
}

/* Tags come and come: only some indexes are held, and none for what nobody follows. */
static void test_many_refs(void)
{
	static const char recurse[] = "    directory:\n      recurse: true\n";
	const char *repo = gitrepo_new("refs");
	struct app_list list = { 0 };
	size_t fallbacks = 0;

	gitrepo_sh(repo, "%s", "mkdir -p a; echo 'kind: a' >a/x.yaml");
	struct oid one = gitrepo_commit(repo);
	add_app(&list, "a", "a", "v1.*", NULL, recurse);
	struct affected_state *state = open_state(repo, AFFECTED_EXACT, NULL);
	affected_set_apps(state, &list);
	for (int i = 0; i < 200; i++) {
		char ref[64];
		const struct affected_request request = { .ref = ref, .after = one };
		struct affected a = { 0 };

		(void)snprintf(ref, sizeof(ref), "refs/tags/v%d.%d.0", i % 2, i);
		if (affected_compute(state, &request, &a, NULL) != 0) {
			break;
		}
		fallbacks += a.fallback == FALLBACK_FIRST && a.count == 1;
		fallbacks += a.fallback != FALLBACK_NONE && a.count == 0 ? 1000 : 0;
		affected_release(&a);
	}
	tap_int(fallbacks, 100, "each new tag in the range affects, others are nobody's");
	affected_state_free(state);
	app_list_release(&list);
}

static void test_refused(void)
{
	const char *repo = gitrepo_new("refused");
	struct affected_options options = { .repository_url = url, .path = "/nonexistent" };
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;

	gitrepo_sh(repo, "%s", "echo x >x");
	(void)gitrepo_commit(repo);
	tap_int(affected_state_new(&options, &state, &err), -1, "no repository is an error");
	tap_ok(strstr(err.text, "not a Git repository") != NULL, "in words: %s", err.text);
	gitrepo_sh(repo, "%s", "echo /tmp >.git/objects/info/alternates");
	options.path = repo;
	tap_int(affected_state_new(&options, &state, &err), REPO_UNSUPPORTED, "alternates are refused");
	tap_ok(strstr(err.text, "borrows objects") != NULL, "in words: %s", err.text);
	options.allow_alternates = true;
	tap_int(affected_state_new(&options, &state, &err), 0, "unless allowed");
	affected_state_free(state);
	options.repository_url = "";
	tap_int(affected_state_new(&options, &state, &err), -1, "an address that is none is an error");
	gitrepo_sh(repo, "%s", "rm .git/objects/info/alternates; git config core.repositoryformatversion 1; "
		   "git config extensions.objectformat sha256");
	options.repository_url = url;
	tap_int(affected_state_new(&options, &state, &err), REPO_UNSUPPORTED,
		"an object format we cannot read is refused");
	tap_note("%s", err.text);
}

int main(void)
{
	test_pushes();
	test_service();
	test_missing();
	test_repack();
	test_reasons();
	test_chain();
	test_cache();
	test_apps_change();
	test_many_refs();
	test_refused();
	return tap_done();
}
