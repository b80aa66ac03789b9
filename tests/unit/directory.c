/*
 * Directories of plain manifests: small repositories, one push each, and
 * whether it touches the application.
 */
#include "inputs/directory.h"

#include "tests/support/layouts.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define A { "app/a.yaml", "a: 1" }
#define DIRECTORY(options) "source: {HERE, path: app, directory: {" options "}}"
#define RECURSE DIRECTORY("recurse: true")
#define INCLUDE(pattern) DIRECTORY("recurse: true, include: '" pattern "'")
#define EXCLUDE(pattern) DIRECTORY("recurse: true, exclude: '" pattern "'")
#define PLUGIN "source: {HERE, path: app, plugin: {name: a}}"
#define SKIP "# +argocd:skip-file-rendering\n"

static const struct layout manifests[] = {
	{ "a manifest counts", { A }, { { "app/a.yaml", "a: 2" } }, true, NULL,
	  "app/a.yaml (list)" },
	{ "a comment in it does not", { A }, { { "app/a.yaml", "# b\na: 1" } }, false, NULL, NULL },
	{ "its mode does not", { A }, { { "app/a.yaml", "+xa: 1" } }, false, NULL, NULL },
	{ "a manifest that appears counts", { A }, { { "app/b.yml", "a: 2" } }, true, NULL, NULL },
	{ "one that is removed counts", { A, { "app/b", "1" } }, { { "app/a.yaml", NULL } }, true,
	  NULL, NULL },
	{ "one that is renamed in its place does not count", { A },
	  { { "app/a.yaml", NULL }, { "app/b.yaml", "a: 1" } }, false, NULL, NULL },
	{ "one that is moved away counts", { A, { "app/b", "1" } },
	  { { "app/a.yaml", NULL }, { "x/a.yaml", "a: 1" } }, true, NULL, NULL },
	{ "JSON counts, even its layout", { { "app/a.json", "{}" } }, { { "app/a.json", "{ }" } },
	  true, NULL, NULL },
	{ "other files do not", { A }, { { "app/README.md", "1" } }, false, NULL, NULL },
	{ "nor do names that only look like it", { A }, { { "app/a.yaml.bak", "1" } }, false, NULL,
	  NULL },
	{ "the extension's case matters", { A }, { { "app/a.YAML", "1" } }, false, NULL, NULL },
	{ "hidden files count", { A }, { { "app/.a.yaml", "a: 1" } }, true, NULL, NULL },
	{ "directories below do not", { A }, { { "app/b/a.yaml", "a: 1" } }, false, NULL, NULL },
	{ "unless asked for", { A }, { { "app/b/a.yaml", "a: 1" } }, true, RECURSE,
	  "app/b/a.yaml (subtree)" },
	{ "hidden ones as well", { A }, { { "app/.b/c/a.yaml", "a: 1" } }, true, RECURSE, NULL },
	{ "asked for by a word", { A }, { { "app/b/a.yaml", "a: 1" } }, true,
	  DIRECTORY("recurse: \"true\""), NULL },
	{ "a directory beside does not count", { A }, { { "apps/a.yaml", "a: 1" } }, false, RECURSE,
	  NULL },
	{ "the root is a path", { { "a.yaml", "a: 1" } }, { { "a.yaml", "a: 2" } }, true,
	  "source: {HERE, path: .}", NULL },
	{ "what is below the root is not directly in it", { A }, { { "app/a.yaml", "a: 2" } }, false,
	  "source: {HERE, path: .}", NULL },
	{ "a path that appears counts", { { "x", "1" } }, { { "app/a.yaml", "a: 1" } }, true, NULL,
	  NULL },
	{ "a file that is skipped and no longer", { { "app/a.yaml", SKIP "a: 1" } },
	  { { "app/a.yaml", "a: 1" } }, true, NULL, NULL },
	{ "a file that is to be skipped now", { A }, { { "app/a.yaml", SKIP "a: 1" } }, true, NULL,
	  NULL },
};

static const struct layout patterns[] = {
	{ "what is included counts", { A }, { { "app/b/x.yaml", "1" } }, true, INCLUDE("b/*"), NULL },
	{ "a star goes through directories", { A }, { { "app/b/c/x.yaml", "1" } }, true,
	  INCLUDE("b/*"), NULL },
	{ "what is not included does not", { A }, { { "app/c/x.yaml", "1" } }, false,
	  INCLUDE("b/*"), NULL },
	{ "a question mark may be a slash", { A }, { { "app/b/x.yaml", "1" } }, true,
	  INCLUDE("b?x.yaml"), NULL },
	{ "one of several", { A }, { { "app/b.yml", "1" } }, true, INCLUDE("{*.yml,*.yaml}"), NULL },
	{ "none of several", { A }, { { "app/b.json", "{}" } }, false, INCLUDE("{*.yml,*.yaml}"),
	  NULL },
	{ "what is excluded does not count", { A }, { { "app/b.json", "{}" } }, false,
	  EXCLUDE("{b.json,env/*}"), NULL },
	{ "nor what is in an excluded directory", { A }, { { "app/env/d/x.yaml", "1" } }, false,
	  EXCLUDE("{b.json,env/*}"), NULL },
	{ "what is not excluded does", { A }, { { "app/enw/x.yaml", "1" } }, true,
	  EXCLUDE("{b.json,env/*}"), NULL },
	{ "exclude is asked first", { A }, { { "app/a.yaml", "a: 2" } }, false,
	  DIRECTORY("include: a.yaml, exclude: a.yaml"), NULL },
	{ "both", { A, { "app/b.yaml", "1" } }, { { "app/b.yaml", "2" } }, true,
	  DIRECTORY("include: '*.yaml', exclude: a.yaml"), NULL },
	{ "a set that is turned around", { A }, { { "app/b.yaml", "2" } }, false,
	  INCLUDE("[!b].yaml"), NULL },
	{ "a malformed include lets nothing in", { A }, { { "app/a.yaml", "a: 2" } }, false,
	  INCLUDE("[a"), NULL },
	{ "a malformed exclude lets everything in", { A }, { { "app/a.yaml", "a: 2" } }, true,
	  EXCLUDE("[a"), NULL },
	{ "a pattern of two lines is not trusted", { A }, { { "app/a.yaml", "a: 2" } }, true,
	  DIRECTORY("include: \"b\\nc\""), NULL },
	{ "include cannot bring in other files", { A }, { { "app/x.txt", "2" } }, false,
	  INCLUDE("*"), NULL },
};

static const struct layout links[] = {
	{ "what a link leads to counts", { { "app/a.yaml", "->../x/y" }, { "x/y", "a: 1" } },
	  { { "x/y", "a: 2" } }, true, NULL, "x/y (file)" },
	{ "a link that leads elsewhere counts",
	  { { "app/a.yaml", "->../x/y" }, { "x/y", "a: 1" }, { "x/z", "a: 1" } },
	  { { "app/a.yaml", "->../x/z" } }, true, NULL, NULL },
	{ "a link whose target appears counts", { { "app/a.yaml", "->../x/y" } },
	  { { "x/y", "a: 2" } }, true, NULL, NULL },
	{ "a linked directory is not looked into",
	  { A, { "app/l", "->../x" }, { "x/a.yaml", "a: 1" } }, { { "x/a.yaml", "a: 2" } }, false,
	  RECURSE, NULL },
	{ "a manifest that becomes a link counts", { A, { "x", "a: 1" } },
	  { { "app/a.yaml", "->../x" } }, true, NULL, NULL },
	{ "a manifest that becomes a directory counts", { A, { "app/b.yaml", "1" } },
	  { { "app/a.yaml", NULL }, { "app/a.yaml/x", "a: 1" } }, true, NULL, NULL },
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
	{ "a source that turns to recurse", { A, { "app/.argocd-source.yaml", "a: 1" } },
	  { { "app/.argocd-source.yaml", "directory: {recurse: true}" } }, true, NULL, NULL },
	{ "and has", { A, { "app/.argocd-source.yaml", "directory: {recurse: true}" } },
	  { { "app/b/c/x.yaml", "1" } }, true, NULL, NULL },
	{ "a plugin gets everything", { A }, { { "elsewhere", "1" } }, true, PLUGIN, NULL },
	{ "modes too", { A }, { { "app/a.yaml", "+xa: 1" } }, true, PLUGIN, NULL },
	{ "a hydrator's dry source is rendered", { A }, { { "app/a.yaml", "a: 2" } }, true,
	  "sourceHydrator: {drySource: {HERE, path: app}, "
	  "syncSource: {targetBranch: other, path: out}}", NULL },
	{ "its other files are not", { A }, { { "x/a.yaml", "a: 2" } }, false,
	  "sourceHydrator: {drySource: {HERE, path: app}, "
	  "syncSource: {targetBranch: other, path: out}}", NULL },
	{ "a hydrator's sync source is rendered", { { "out/manifest.yaml", "a: 1" } },
	  { { "out/manifest.yaml", "a: 2" } }, true,
	  "sourceHydrator: {drySource: {repoURL: \"https://git.example.com/team/infra\", "
	  "targetRevision: other, path: app}, syncSource: {targetBranch: SELF, path: out}}", NULL },
	{ "what lies beside it is not", { { "out/manifest.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, false,
	  "sourceHydrator: {drySource: {repoURL: \"https://git.example.com/team/infra\", "
	  "targetRevision: other, path: app}, syncSource: {targetBranch: SELF, path: out}}", NULL },
};

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
	};

	for (size_t i = 0; i < COUNT(tables); i++) {
		tap_sh("rm -rf '%s/infra.git'", tap_dir());
		layouts_run(tables[i].layouts, tables[i].count, "source: {HERE, path: app}");
	}
	return tap_done();
}
