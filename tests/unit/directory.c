/*
 * Directories of plain manifests: small repositories, one push each, and
 * whether it touches the application.
 */
#include "inputs/directory/directory.h"

#include "inputs/directory/directory_pattern.h"
#include "tests/support/layouts.h"
#include "tests/support/table.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define A { "app/a.yaml", "kind: 1" }
#define DIRECTORY(options) "source: {HERE, path: app, directory: {" options "}}"
#define RECURSE DIRECTORY("recurse: true")
#define INCLUDE(pattern) DIRECTORY("recurse: true, include: '" pattern "'")
#define EXCLUDE(pattern) DIRECTORY("recurse: true, exclude: '" pattern "'")
#define PLUGIN "source: {HERE, path: app, plugin: {name: a}}"
#define SKIP "# +argocd:skip-file-rendering\n"

static const struct layout manifests[] = {
	{ "a manifest counts", { A }, { { "app/a.yaml", "kind: 2" } }, true, NULL,
	  "app/a.yaml (list)" },
	{ "a comment in it does not", { A }, { { "app/a.yaml", "# b\nkind: 1" } }, false, NULL, NULL },
	{ "its mode does not", { A }, { { "app/a.yaml", "+xkind: 1" } }, false, NULL, NULL },
	{ "a manifest that appears counts", { A }, { { "app/b.yml", "kind: 2" } }, true, NULL, NULL },
	{ "one that is removed counts", { A, { "app/b", "1" } }, { { "app/a.yaml", NULL } }, true,
	  NULL, NULL },
	{ "one that is renamed in its place does not count", { A },
	  { { "app/a.yaml", NULL }, { "app/b.yaml", "kind: 1" } }, false, NULL, NULL },
	{ "one that is moved away counts", { A, { "app/b", "1" } },
	  { { "app/a.yaml", NULL }, { "x/a.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "JSON counts, even its layout", { { "app/a.json", "{}" } }, { { "app/a.json", "{ }" } },
	  true, NULL, NULL },
	{ "other files do not", { A }, { { "app/README.md", "1" } }, false, NULL, NULL },
	{ "nor do names that only look like it", { A }, { { "app/a.yaml.bak", "1" } }, false, NULL,
	  NULL },
	{ "the extension's case matters", { A }, { { "app/a.YAML", "1" } }, false, NULL, NULL },
	{ "hidden files count", { A }, { { "app/.a.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "directories below do not", { A }, { { "app/b/a.yaml", "kind: 1" } }, false, NULL, NULL },
	{ "unless asked for", { A }, { { "app/b/a.yaml", "kind: 1" } }, true, RECURSE,
	  "app/b/a.yaml (subtree)" },
	{ "hidden ones as well", { A }, { { "app/.b/c/a.yaml", "kind: 1" } }, true, RECURSE, NULL },
	{ "asked for by a word", { A }, { { "app/b/a.yaml", "kind: 1" } }, true,
	  DIRECTORY("recurse: \"true\""), NULL },
	{ "a directory beside does not count", { A }, { { "apps/a.yaml", "kind: 1" } }, false, RECURSE,
	  NULL },
	{ "the root is a path", { { "a.yaml", "kind: 1" } }, { { "a.yaml", "kind: 2" } }, true,
	  "source: {HERE, path: .}", NULL },
	{ "what is below the root is not directly in it", { A }, { { "app/a.yaml", "kind: 2" } }, false,
	  "source: {HERE, path: .}", NULL },
	{ "a path that appears counts", { { "x", "1" } }, { { "app/a.yaml", "kind: 1" } }, true, NULL,
	  NULL },
	{ "a file that is skipped and no longer", { { "app/a.yaml", SKIP "kind: 1" } },
	  { { "app/a.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "a file that is to be skipped now", { A }, { { "app/a.yaml", SKIP "kind: 1" } }, true, NULL,
	  NULL },
};

#define ANY "recurse: true, disableExtensionFilter: true"

/* What holds no object, and next to it what may. */
static const struct layout objects[] = {
	{ "a file without the word kind does not count", { A, { "app/b.yaml", "a: 1" } },
	  { { "app/b.yaml", "a: 2" } }, false, NULL, NULL },
	{ "nor does one that appears", { A }, { { "app/values.yml", "a: 1" } }, false, NULL, NULL },
	{ "nor one that disappears", { A, { "app/b.yaml", "a: 1" } }, { { "app/b.yaml", NULL } },
	  false, NULL, NULL },
	{ "nor one that is empty", { A }, { { "app/b.yaml", "" } }, false, NULL, NULL },
	{ "nor malformed YAML without it", { A }, { { "app/b.yaml", "a: [" } }, false, NULL, NULL },
	{ "one that gets the word counts", { A, { "app/b.yaml", "a: 1" } },
	  { { "app/b.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "one that loses it counts", { A, { "app/b.yaml", "kind: 1" } },
	  { { "app/b.yaml", "a: 1" } }, true, NULL, NULL },
	{ "the word may be anywhere", { A, { "app/b.yaml", "a: mankind" } },
	  { { "app/b.yaml", "a: kindly" } }, true, NULL, NULL },
	{ "an escape may be the word", { A }, { { "app/b.yaml", "\"k\\x69nd\": A" } }, true, NULL,
	  NULL },
	{ "a tag may make it the word", { A }, { { "app/b.yaml", "!!binary a2luZA==: A" } }, true,
	  NULL, NULL },
	{ "another encoding may hold it", { A }, { { "app/b.yaml", "\xfe\xff" "a" } }, true, NULL,
	  NULL },
	{ "JSON without the word counts", { A }, { { "app/b.json", "{\"a\": 1}" } }, true, NULL,
	  NULL },
	{ "Jsonnet without the word counts", { A }, { { "app/b.jsonnet", "{a: 1}" } }, true, NULL,
	  NULL },
	{ "a link to nothing of the kind counts", { A, { "x", "a: 1" } },
	  { { "app/b.yaml", "->../x" } }, true, NULL, NULL },
	{ "the last file counts even so", { { "app/b.yaml", "a: 1" }, { "x", "1" } },
	  { { "app/b.yaml", NULL } }, true, NULL, NULL },
	{ "a kustomization is not only a manifest", { A },
	  { { "app/kustomization.yaml", "resources: []" } }, true, NULL, NULL },
};

/* Equal to a YAML parser, and not to one that cuts the text at "---" first. */
static const struct layout documents[] = {
	{ "a separator with a comment is one", { { "app/a.yaml", "kind: 1\n---\nkind: 2\n" } },
	  { { "app/a.yaml", "kind: 1\n---  # x\nkind: 2\n" } }, false, NULL, NULL },
	{ "one with the document behind it is none",
	  { { "app/a.yaml", "kind: 1\n---\n{kind: 2}\n" } },
	  { { "app/a.yaml", "kind: 1\n--- {kind: 2}\n" } }, true, NULL, NULL },
	{ "an end of a document is none", { { "app/a.yaml", "kind: 1\n" } },
	  { { "app/a.yaml", "kind: 1\n...\n" } }, true, NULL, NULL },
	{ "a directive is a document of its own", { { "app/a.yaml", "---\nkind: 1\n" } },
	  { { "app/a.yaml", "%YAML 1.1\n---\nkind: 1\n" } }, true, NULL, NULL },
	{ "a carriage return is the end of a line to YAML alone",
	  { { "app/a.yaml", "kind: 1\n---\nkind: 2\n" } },
	  { { "app/a.yaml", "kind: 1\r---\rkind: 2\n" } }, true, NULL, NULL },
	{ "one before a line's end is not", { { "app/a.yaml", "kind: 1\n---\nkind: 2\n" } },
	  { { "app/a.yaml", "kind: 1\r\n---\r\nkind: 2\r\n" } }, false, NULL, NULL },
	{ "JSON behind a byte order mark counts by its bytes",
	  { { "app/a.json", "\xef\xbb\xbf{\"kind\": 1}" } },
	  { { "app/a.json", "\xef\xbb\xbf{\"kind\": 1,}" } }, true, NULL, NULL },
};

static const struct layout names[] = {
	{ "without the filter any name is a manifest's", { A }, { { "app/b/x.txt", "kind: 1" } },
	  true, DIRECTORY(ANY), NULL },
	{ "or none", { A }, { { "app/x", "kind: 1" } }, true,
	  DIRECTORY("disableExtensionFilter: true"), NULL },
	{ "but it must hold an object", { A }, { { "app/README.md", "text" } }, false,
	  DIRECTORY(ANY), NULL },
	{ "what is excluded then is", { A }, { { "app/x.txt", "kind: 1" } }, false,
	  DIRECTORY(ANY ", exclude: '*.txt'"), NULL },
	{ "what is not included then is not", { A }, { { "app/x.txt", "kind: 1" } }, false,
	  DIRECTORY(ANY ", include: '*.yaml'"), NULL },
	{ "what is included then is", { A }, { { "app/x.txt", "kind: 1" } }, true,
	  DIRECTORY(ANY ", include: '*.txt'"), NULL },
	{ "other words for true are true", { A }, { { "app/b/a.yaml", "kind: 1" } }, true,
	  DIRECTORY("recurse: Yes"), NULL },
	{ "words for false are not", { A }, { { "app/b/a.yaml", "kind: 1" } }, false,
	  DIRECTORY("recurse: no"), NULL },
};

static const struct layout merged[] = {
	{ "null takes nothing from a source", { A, { "app/.argocd-source.yaml",
	  "directory: {recurse: null}" } }, { { "app/b/a.yaml", "kind: 1" } }, true, RECURSE, NULL },
	{ "nor does null for all of it", { A, { "app/.argocd-source.yaml", "directory: null" } },
	  { { "app/b/a.yaml", "kind: 1" } }, true, RECURSE, NULL },
	{ "false does", { A, { "app/.argocd-source.yaml", "directory: {recurse: false}" } },
	  { { "app/b/a.yaml", "kind: 1" } }, false, RECURSE, NULL },
	{ "a name in another case is the same to Go", { A, { "app/.argocd-source.yaml",
	  "Directory: {recurse: true}" } }, { { "app/b/a.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "further down, too", { A, { "app/.argocd-source.yaml", "directory: {Recurse: true}" } },
	  { { "app/b/a.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "not in values", { A, { "app/.argocd-source.yaml",
	  "helm: {valuesObject: {Path: 1}}\ndirectory: {recurse: false}" } },
	  { { "elsewhere", "1" } }, false, NULL, NULL },
	{ "path and repository cannot be changed", { A, { "app/.argocd-source.yaml",
	  "path: other\nrepoURL: https://x/y\n" } }, { { "other/a.yaml", "kind: 1" } }, false, NULL,
	  NULL },
};

#define OUT { "app/b.yaml", "kind: 1" }

/* A link out of the repository, anywhere: Argo CD renders nothing. */
static const struct layout outside[] = {
	{ "a link out of the repository that appears counts", { A }, { { "x/l", "->../../y" } },
	  true, NULL, "x/l (file) < a link that leads out of the repository" },
	{ "one that stays inside does not", { A }, { { "x/l", "->../y" } }, false, NULL, NULL },
	{ "one that goes out and comes back does", { A }, { { "x/l", "->../../x/y" } }, true, NULL,
	  NULL },
	{ "an absolute one counts", { A }, { { "x/y/l", "->/etc/passwd" } }, true, NULL, NULL },
	{ "one that disappears counts", { A, { "x/l", "->/y" } }, { { "x/l", NULL } }, true, NULL,
	  NULL },
	{ "one that comes back counts", { A, { "x/l", "->/y" } }, { { "x/l", "->y" } }, true, NULL,
	  NULL },
	{ "one that becomes a file counts", { A, { "x/l", "->/y" } }, { { "x/l", "1" } }, true, NULL,
	  NULL },
	{ "one that leads elsewhere, out as before, does not", { A, { "x/l", "->/y" } },
	  { { "x/l", "->../../z" } }, false, NULL, NULL },
	{ "one that is moved counts", { A, { "x/l", "->/y" } },
	  { { "x/l", NULL }, { "z/l", "->/y" } }, true, NULL, NULL },
	{ "one beside another change", { A, OUT }, { { "app/b.yaml", "kind: 2" }, { "l", "->.." } },
	  true, NULL, "app/b.yaml (list)" },
	{ "to the root is inside", { A }, { { "x/l", "->.." } }, false, NULL, NULL },
	{ "dots and empty parts are nothing", { A }, { { "x/y/l", "->.//../.././z" } }, false, NULL,
	  NULL },
	{ "a source that only serves others cannot be checked out either", { A },
	  { { "x/l", "->/y" } }, true, "sources: [{HERE, ref: values}, "
	  "{repoURL: \"https://charts.example.com\", chart: c, targetRevision: 1.0.0, "
	  "helm: {valueFiles: [$values/v.yaml]}}]", NULL },
	{ "Flux leaves links out", { A }, { { "x/l", "->/y" } }, false,
	  "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
	  "metadata: {name: SELF, namespace: a}\n"
	  "spec: {url: \"https://git.example.com/team/infra\", ref: {branch: SELF}}\n---\n"
	  "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
	  "metadata: {name: SELF, namespace: a}\n"
	  "spec: {path: app, sourceRef: {kind: GitRepository, name: SELF}}\n", NULL },
	{ "an ApplicationSet does not mind", { A }, { { "x/l", "->/y" } }, false,
	  "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: SELF}\n"
	  "spec: {generators: [{git: {repoURL: \"https://git.example.com/team/infra\", "
	  "revision: SELF, directories: [{path: envs/*}]}}]}\n", NULL },
};

static const struct layout patterns[] = {
	{ "what is included counts", { A }, { { "app/b/x.yaml", "kind: 1" } }, true, INCLUDE("b/*"), NULL },
	{ "a star goes through directories", { A }, { { "app/b/c/x.yaml", "kind: 1" } }, true,
	  INCLUDE("b/*"), NULL },
	{ "what is not included does not", { A }, { { "app/c/x.yaml", "kind: 1" } }, false,
	  INCLUDE("b/*"), NULL },
	{ "a question mark may be a slash", { A }, { { "app/b/x.yaml", "kind: 1" } }, true,
	  INCLUDE("b?x.yaml"), NULL },
	{ "one of several", { A }, { { "app/b.yml", "kind: 1" } }, true, INCLUDE("{*.yml,*.yaml}"), NULL },
	{ "none of several", { A }, { { "app/b.json", "{}" } }, false, INCLUDE("{*.yml,*.yaml}"),
	  NULL },
	{ "what is excluded does not count", { A }, { { "app/b.json", "{}" } }, false,
	  EXCLUDE("{b.json,env/*}"), NULL },
	{ "nor what is in an excluded directory", { A }, { { "app/env/d/x.yaml", "kind: 1" } }, false,
	  EXCLUDE("{b.json,env/*}"), NULL },
	{ "what is not excluded does", { A }, { { "app/enw/x.yaml", "kind: 1" } }, true,
	  EXCLUDE("{b.json,env/*}"), NULL },
	{ "exclude is asked first", { A }, { { "app/a.yaml", "kind: 2" } }, false,
	  DIRECTORY("include: a.yaml, exclude: a.yaml"), NULL },
	{ "both", { A, { "app/b.yaml", "kind: 1" } }, { { "app/b.yaml", "kind: 2" } }, true,
	  DIRECTORY("include: '*.yaml', exclude: a.yaml"), NULL },
	{ "a set that is turned around", { A }, { { "app/b.yaml", "kind: 2" } }, false,
	  INCLUDE("[!b].yaml"), NULL },
	{ "a malformed include lets nothing in", { A }, { { "app/a.yaml", "kind: 2" } }, false,
	  INCLUDE("[a"), NULL },
	{ "a malformed exclude lets everything in", { A }, { { "app/a.yaml", "kind: 2" } }, true,
	  EXCLUDE("[a"), NULL },
	{ "a pattern of two lines is not trusted", { A }, { { "app/a.yaml", "kind: 2" } }, true,
	  DIRECTORY("include: \"b\\nc\""), NULL },
	{ "include cannot bring in other files", { A }, { { "app/x.txt", "2" } }, false,
	  INCLUDE("*"), NULL },
};

static const struct layout links[] = {
	{ "what a link leads to counts", { { "app/a.yaml", "->../x/y" }, { "x/y", "kind: 1" } },
	  { { "x/y", "kind: 2" } }, true, NULL, "x/y (file)" },
	{ "a link that leads elsewhere counts",
	  { { "app/a.yaml", "->../x/y" }, { "x/y", "kind: 1" }, { "x/z", "kind: 1" } },
	  { { "app/a.yaml", "->../x/z" } }, true, NULL, NULL },
	{ "a link whose target appears counts", { { "app/a.yaml", "->../x/y" } },
	  { { "x/y", "kind: 2" } }, true, NULL, NULL },
	{ "a linked directory is not looked into",
	  { A, { "app/l", "->../x" }, { "x/a.yaml", "kind: 1" } }, { { "x/a.yaml", "kind: 2" } }, false,
	  RECURSE, NULL },
	{ "a manifest that becomes a link counts", { A, { "x", "kind: 1" } },
	  { { "app/a.yaml", "->../x" } }, true, NULL, NULL },
	{ "a manifest that becomes a directory counts", { A, { "app/b.yaml", "kind: 1" } },
	  { { "app/a.yaml", NULL }, { "app/a.yaml/x", "kind: 1" } }, true, NULL, NULL },
	{ "a submodule below counts when it moves", { A, { "app/s", "@" } },
	  { { "app/s", "->x" } }, true, RECURSE, NULL },
	{ "so does .gitmodules", { A, { "app/s", "@" } }, { { ".gitmodules", "1" } }, true, RECURSE,
	  NULL },
	{ "a submodule that appears counts", { A }, { { "app/s", "@" } }, true, RECURSE, NULL },
};

static const struct layout types[] = {
	{ "a kustomization that appears counts", { A },
	  { { "app/kustomization.yml", "resources: []" } }, true, NULL, NULL },
	{ "a Kustomization too", { A }, { { "app/Kustomization", "resources: []" } }, true, NULL,
	  NULL },
	{ "with directory it stays one", { A }, { { "app/Kustomization", "resources: []" } }, false,
	  RECURSE, NULL },
	{ "one further down does not", { A }, { { "app/b/Kustomization", "resources: []" } }, false,
	  NULL, NULL },
	{ "two types: all may count",
	  { A, { "app/templates/t", "1" } }, { { "app/templates/t", "2" } }, true,
	  "source: {HERE, path: app, directory: {recurse: true}, helm: {releaseName: a}}", NULL },
	{ "a source that turns to recurse", { A, { "app/.argocd-source.yaml", "kind: 1" } },
	  { { "app/.argocd-source.yaml", "directory: {recurse: true}" } }, true, NULL, NULL },
	{ "and has", { A, { "app/.argocd-source.yaml", "directory: {recurse: true}" } },
	  { { "app/b/c/x.yaml", "kind: 1" } }, true, NULL, NULL },
	{ "a plugin gets everything", { A }, { { "elsewhere", "1" } }, true, PLUGIN, NULL },
	{ "modes too", { A }, { { "app/a.yaml", "+xa: 1" } }, true, PLUGIN, NULL },
	{ "a hydrator's dry source is rendered", { A }, { { "app/a.yaml", "kind: 2" } }, true,
	  "sourceHydrator: {drySource: {HERE, path: app}, "
	  "syncSource: {targetBranch: other, path: out}}", NULL },
	{ "its other files are not", { A }, { { "x/a.yaml", "kind: 2" } }, false,
	  "sourceHydrator: {drySource: {HERE, path: app}, "
	  "syncSource: {targetBranch: other, path: out}}", NULL },
	{ "a hydrator's sync source is rendered", { { "out/manifest.yaml", "kind: 1" } },
	  { { "out/manifest.yaml", "kind: 2" } }, true,
	  "sourceHydrator: {drySource: {repoURL: \"https://git.example.com/team/infra\", "
	  "targetRevision: other, path: app}, syncSource: {targetBranch: SELF, path: out}}", NULL },
	{ "what lies beside it is not", { { "out/manifest.yaml", "kind: 1" } },
	  { { "app/a.yaml", "kind: 2" } }, false,
	  "sourceHydrator: {drySource: {repoURL: \"https://git.example.com/team/infra\", "
	  "targetRevision: other, path: app}, syncSource: {targetBranch: SELF, path: out}}", NULL },
};

/*
 * What Argo CD's library answers: "may" is never wrong to say no, "surely"
 * never to say yes; a panic may be anything.
 */
static void test_patterns(const char *path)
{
	struct table_row *rows;
	size_t count = table_read(path, &rows);
	size_t wrong = 0;
	size_t sure = 0;

	for (size_t i = 0; i < count; i++) {
		char **columns = rows[i].columns;
		char answer = columns[2][0];

		if (columns[1][0] == '\0') {
			continue; /* no file has such a path */
		}
		bool may = directory_may_match(columns[0], columns[1]);
		bool surely = directory_surely_matches(columns[0], columns[1]);
		bool bad = (!may && answer != '1' && answer != '2') || (surely && answer != '0');
		wrong += bad;
		sure += may == surely;
		if (bad) {
			tap_note("%s %s: %c, not %s", columns[0], columns[1], answer,
				 surely ? "surely" : "never");
		}
	}
	tap_int(wrong, 0, "%s: not one of %zu rows is told wrong", path, count);
	tap_ok(sure > count / 3, "and %zu are told for sure", sure);
	table_free(rows, count);
}

int main(void)
{
	static const struct {
		const struct layout *layouts;
		size_t count;
	} tables[] = {
		{ manifests, COUNT(manifests) },
		{ patterns, COUNT(patterns) },
		{ links, COUNT(links) },
		{ types, COUNT(types) },
		{ objects, COUNT(objects) },
		{ documents, COUNT(documents) },
		{ names, COUNT(names) },
		{ merged, COUNT(merged) },
		{ outside, COUNT(outside) },
	};

	for (size_t i = 0; i < COUNT(tables); i++) {
		tap_sh("rm -rf '%s/infra.git'", tap_dir());
		layouts_run(tables[i].layouts, tables[i].count, "source: {HERE, path: app}");
	}
	test_patterns("tests/payloads/glob/gobwas.tsv");
	test_patterns("tests/payloads/glob/gobwas_random.tsv");
	return tap_done();
}
