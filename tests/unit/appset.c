/*
 * ApplicationSets: small repositories, one push each, and whether it touches
 * the set; and which fields make a set.
 */
#include "inputs/appset/appset.h"

#include <string.h>

#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/layouts.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: SELF}\n"
#define SET(generators) HEAD "spec: {generators: [" generators "]}\n"
#define GIT(what) "{git: {repoURL: https://git.example.com/team/infra, revision: SELF, " what "}}"
#define DIRS(patterns) SET(GIT("directories: [" patterns "]"))
#define FILES(patterns) SET(GIT("files: [" patterns "]"))
#define ENVS DIRS("{path: envs/*}")
#define CONFIGS FILES("{path: 'envs/*/config.yaml'}")
#define A { "envs/a/config.yaml", "a: 1" }

static const struct layout directories[] = {
	{ "a directory that appears counts", { A }, { { "envs/b/x", "1" } }, true, ENVS,
	  "envs/b (subtree)" },
	{ "one that disappears counts", { A, { "envs/b/x", "1" } }, { { "envs/b/x", NULL } }, true,
	  ENVS, "envs/b (subtree)" },
	{ "one that is renamed counts", { A }, { { "envs/a/config.yaml", NULL },
	  { "envs/c/config.yaml", "a: 1" } }, true, ENVS, NULL },
	{ "a file that is changed in it does not", { A }, { { "envs/a/config.yaml", "a: 2" } },
	  false, ENVS, NULL },
	{ "nor one that is added", { A }, { { "envs/a/more.yaml", "a: 2" } }, false, ENVS, NULL },
	{ "nor a file beside it", { A }, { { "envs/README.md", "x" } }, false, ENVS, NULL },
	{ "nor a directory in it", { A }, { { "envs/a/b/x", "x" } }, false, ENVS, NULL },
	{ "nor one elsewhere", { A }, { { "other/b/x", "x" } }, false, ENVS, NULL },
	{ "a directory that becomes a file counts", { A, { "envs/b/x", "1" } },
	  { { "envs/b/x", NULL }, { "envs/b", "1" } }, true, ENVS, NULL },
	{ "a directory that becomes a link counts", { A, { "envs/b/x", "1" } },
	  { { "envs/b/x", NULL }, { "envs/b", "->a" } }, true, ENVS, NULL },
	{ "a link is no directory", { A }, { { "envs/b", "->a" } }, false, ENVS, NULL },
	{ "a submodule that appears is one", { A }, { { "envs/sub", "@" } }, true, ENVS, NULL },
	{ "a submodule elsewhere is not", { A }, { { "vendor/sub", "@" } }, false, ENVS, NULL },
	{ "a submodule above the pattern is", { A }, { { "vendor", "@" } }, true,
	  DIRS("{path: vendor/x/*}"), NULL },
	{ "a hidden directory counts, for a switch may show it", { A }, { { "envs/.b/x", "1" } },
	  true, ENVS, NULL },
	{ "so does one in a hidden one", { A }, { { ".envs/b/x", "1" } }, true,
	  DIRS("{path: '*/*'}"), NULL },
	{ "but only if the pattern takes it", { A }, { { ".envs/b/x", "1" } }, false, ENVS, NULL },
	{ "the last of all leaves", { { "envs/b/x", "1" } }, { { "envs/b/x", NULL } }, true, ENVS,
	  NULL },
	{ "the first of all comes", { { "x", "1" } }, { { "envs/b/x", "1" } }, true, ENVS, NULL },
	{ "the directory in front of the pattern alone does not count", { { "x", "1" } },
	  { { "envs/README.md", "1" } }, false, ENVS, NULL },
	{ "a star at the root takes the root's directories", { A }, { { "other/x", "1" } }, true,
	  DIRS("{path: '*'}"), NULL },
	{ "but no deeper ones", { A }, { { "envs/b/x", "1" } }, false, DIRS("{path: '*'}"), NULL },
	{ "a literal path is a pattern", { A }, { { "envs/b/x", "1" } }, true,
	  DIRS("{path: envs/b}"), NULL },
	{ "of one directory", { A }, { { "envs/c/x", "1" } }, false, DIRS("{path: envs/b}"), NULL },
	{ "the second pattern counts", { A }, { { "b/c/x", "1" } }, true,
	  DIRS("{path: envs/*}, {path: b/?}"), NULL },
	{ "an excluded directory does not count", { A }, { { "envs/b/x", "1" } }, false,
	  DIRS("{path: envs/*}, {path: envs/b, exclude: true}"), NULL },
	{ "in whatever order", { A }, { { "envs/b/x", "1" } }, false,
	  DIRS("{path: 'envs/[b-d]', exclude: true}, {path: envs/*}"), NULL },
	{ "a directory that is not excluded does", { A }, { { "envs/e/x", "1" } }, true,
	  DIRS("{path: 'envs/[b-d]', exclude: true}, {path: envs/*}"), NULL },
	{ "'exclude: false' includes", { A }, { { "envs/b/x", "1" } }, true,
	  DIRS("{path: envs/b, exclude: false}"), NULL },
	{ "a malformed pattern matches nothing", { A }, { { "envs/b/x", "1" } }, false,
	  DIRS("{path: 'envs/[b'}"), NULL },
	{ "a template may become anything", { A }, { { "envs/b/c/x", "1" } }, true,
	  DIRS("{path: 'envs/{{.path}}'}"), NULL },
	{ "where it stands", { A }, { { "other/b/x", "1" } }, false,
	  DIRS("{path: 'envs/{{.path}}'}"), NULL },
	{ "a template that excludes is not believed", { A }, { { "envs/b/x", "1" } }, true,
	  DIRS("{path: envs/*}, {path: 'envs/{{x}}', exclude: true}"), NULL },
};

static const struct layout files[] = {
	{ "a file that appears counts", { A }, { { "envs/b/config.yaml", "a: 1" } }, true, CONFIGS,
	  "envs/b/config.yaml (subtree)" },
	{ "one that disappears counts", { A, { "x", "1" } }, { { "envs/a/config.yaml", NULL } },
	  true, CONFIGS, NULL },
	{ "one that is changed counts", { A }, { { "envs/a/config.yaml", "a: 2" } }, true, CONFIGS,
	  NULL },
	{ "a comment in it does not", { A }, { { "envs/a/config.yaml", "# b\na: 1" } }, false,
	  CONFIGS, NULL },
	{ "JSON counts, even its layout", { { "envs/a.json", "{}" } }, { { "envs/a.json", "{ }" } },
	  true, FILES("{path: 'envs/*.json'}"), NULL },
	{ "another file does not", { A }, { { "envs/a/other.yaml", "a: 1" } }, false, CONFIGS, NULL },
	{ "its mode does not", { A }, { { "envs/a/config.yaml", "+xa: 1" } }, false, CONFIGS, NULL },
	{ "a star takes slashes", { A }, { { "envs/b/c/config.yaml", "a: 1" } }, true, CONFIGS,
	  NULL },
	{ "a directory stands for all below it", { A }, { { "envs/b/c/any", "1" } }, true,
	  FILES("{path: envs/b}"), NULL },
	{ "with a slash behind it, too", { A }, { { "envs/b/c/any", "1" } }, true,
	  FILES("{path: envs/b/}"), NULL },
	{ "but not for one that begins alike", { A }, { { "envs/bc/any", "1" } }, false,
	  FILES("{path: envs/b}"), NULL },
	{ "two stars are taken as doublestar does", { A }, { { "config.yaml", "a: 1" } }, true,
	  FILES("{path: '**/config.yaml'}"), NULL },
	{ "braces, too", { A }, { { "envs/b/config.yaml", "a: 1" } }, true,
	  FILES("{path: 'envs/{b,c}/config.yaml'}"), NULL },
	{ "an excluded file does not count", { A }, { { "envs/b/config.yaml", "a: 1" } }, false,
	  FILES("{path: 'envs/*/config.yaml'}, {path: 'envs/b/*', exclude: true}"), NULL },
	{ "one that only one way of reading excludes does", { A },
	  { { "envs/b/config.yaml", "a: 1" } }, true,
	  FILES("{path: 'envs/*/config.yaml'}, {path: 'envs/b', exclude: true}"), NULL },
	{ "hidden files count", { A }, { { "envs/.b/config.yaml", "a: 1" } }, true, CONFIGS, NULL },
	{ "what a link leads to counts", { { "envs/a/config.yaml", "->../../c.yaml" },
	  { "c.yaml", "a: 1" } }, { { "c.yaml", "a: 2" } }, true, CONFIGS, NULL },
	{ "the repository is a pattern", { A }, { { "any/thing", "1" } }, true, FILES("{path: .}"),
	  NULL },
	{ "so is nothing", { A }, { { "any/thing", "1" } }, true, FILES("{path: ''}"), NULL },
	{ "doublestar goes through links to directories",
	  { { "envs/b", "->../real" }, { "real/config.yaml", "a: 1" } },
	  { { "real/config.yaml", "a: 2" } }, true, CONFIGS, NULL },
	{ "and not only to those in front of the pattern",
	  { { "envs", "->real" }, { "real/b/config.yaml", "a: 1" } },
	  { { "real/b/config.yaml", "a: 2" } }, true, CONFIGS, NULL },
	{ "a link that appears may lead to one", { A, { "real/config.yaml", "a: 1" } },
	  { { "envs/b", "->../real" } }, true, CONFIGS, NULL },
	{ "one elsewhere may not", { A, { "real/config.yaml", "a: 1" } },
	  { { "other/b", "->../real" } }, false, CONFIGS, NULL },
	{ "a file of the name of an excluded directory counts", { A }, { { "envs/b", "a: 1" } },
	  true, FILES("{path: 'envs/*'}, {path: envs/b/, exclude: true}"), NULL },
	{ "paths are cleaned", { A }, { { "envs/a/config.yaml", "a: 2" } }, true,
	  FILES("{path: './envs//a/../a/config.yaml'}"), NULL },
	{ "pathspec magic is not understood, so anything counts", { A }, { { "x", "2" } }, true,
	  FILES("{path: ':(icase)ENVS'}"), NULL },
	{ "a template may become anything", { A }, { { "envs/b/c/config.yaml", "a: 2" } }, true,
	  FILES("{path: '{{.dir}}/config.yaml'}"), NULL },
	{ "but only what is left of it", { A }, { { "envs/b/c/other.yaml", "a: 2" } }, false,
	  FILES("{path: '{{.dir}}/config.yaml'}"), NULL },
};

static const struct layout generators[] = {
	{ "directories win over files", { A }, { { "envs/a/config.yaml", "a: 2" } }, false,
	  SET(GIT("directories: [{path: envs/*}], files: [{path: envs}]")), NULL },
	{ "a generator of a matrix counts", { A }, { { "envs/b/x", "1" } }, true,
	  SET("{matrix: {generators: [{list: {}}, " GIT("directories: [{path: envs/*}]") "]}}"),
	  NULL },
	{ "one of a merge in a matrix counts", { A }, { { "envs/b/x", "1" } }, true,
	  SET("{matrix: {generators: [{clusters: {}}, {merge: {generators: [{list: {}}, "
	      GIT("directories: [{path: envs/*}]") "]}}]}}"), NULL },
	{ "the second of two counts", { A }, { { "other/config.yaml", "1" } }, true,
	  SET(GIT("directories: [{path: envs/*}]") ", " GIT("files: [{path: other}]")), NULL },
	{ "one for another repository does not", { A }, { { "envs/b/x", "1" } }, false,
	  SET("{git: {repoURL: https://git.example.com/team/other, revision: SELF, "
	      "directories: [{path: envs/*}]}}"), NULL },
	{ "one for another branch does not", { A }, { { "envs/b/x", "1" } }, false,
	  SET("{git: {repoURL: https://git.example.com/team/infra, revision: other, "
	      "directories: [{path: envs/*}]}}"), NULL },
	{ "the template is no source", { A }, { { "envs/a/config.yaml", "a: 2" } }, false,
	  HEAD "spec: {generators: [{list: {}}], template: {spec: {source: {repoURL: "
	       "https://git.example.com/team/infra, targetRevision: SELF, path: envs}}}}\n", NULL },
};

/* In a table of its own: it reads every branch. */
static const struct layout templates[] = {
	{ "a template for repository and revision may become any", { A }, { { "envs/b/x", "1" } },
	  true, SET("{git: {repoURL: 'https://x/{{.r}}', revision: '{{.b}}', "
		    "directories: [{path: envs/*}]}}"), NULL },
};

static const struct {
	const char *spec;
	long sources;       // -1: refused
	const char *problem; // in what is said
} sets[] = {
	{ "{generators: []}", 0, NULL },
	{ "{}", 0, NULL },
	{ "{generators: [{list: {}}, {git: null}]}", 0, NULL },
	{ "{generators: [{git: {repoURL: https://a/b}}]}", 1, NULL },
	{ "{generators: [{git: {}}]}", -1, "spec.generators[0].git.repoURL is missing" },
	{ "{generators: {}}", -1, "spec.generators is not a list" },
	{ "{generators: [{list: {}}, {git: []}]}", -1, "spec.generators[1].git is not a mapping" },
	{ "{generators: [{git: {repoURL: https://a/b, files: {}}}]}", -1, "git.files is not a list" },
	{ "{generators: [{git: {repoURL: https://a/b, files: [x]}}]}", -1, "files[0] is not a mapping" },
	{ "{generators: [{git: {repoURL: https://a/b, files: [{path: []}]}}]}", -1,
	  "path is not a string" },
	{ "{generators: [{matrix: {generators: [{merge: {generators: [{matrix: {generators: "
	  "[{git: {repoURL: https://a/b}}]}}]}}]}}]}", -1, "nested too deeply" },
	{ "{generators: [{matrix: {generators: {}}}]}", -1, "matrix.generators is not a list" },
};

static void test_set(size_t i)
{
	char *text = xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
			       "metadata: {name: a, namespace: argocd}\nspec: %s\n", sets[i].spec);
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	int r = app_read_yaml(text, strlen(text), "t", &list, &problems, &err);
	if (sets[i].sources < 0) {
		tap_ok(r == 0 && list.count == 0 && problems.count == 1 &&
			       strstr(problems.items[0], sets[i].problem) != NULL,
		       "%s is refused: %s", sets[i].spec,
		       problems.count > 0 ? problems.items[0] : err.text);
	} else if (tap_ok(r == 0 && list.count == 1 && problems.count == 0, "%s is a set",
			  sets[i].spec)) {
		char *name = app_full_name(list.items[0]);

		tap_int(list.items[0]->source_count, sets[i].sources, "%s: its sources",
			sets[i].spec);
		tap_str(name, "applicationset:argocd/a", "its name says its kind");
		free(name);
	}
	app_list_release(&list);
	strvec_release(&problems);
	free(text);
}

int main(void)
{
	static const struct {
		const struct layout *layouts;
		size_t count;
	} tables[] = {
		{ directories, COUNT(directories) },
		{ files, COUNT(files) },
		{ generators, COUNT(generators) },
		{ templates, COUNT(templates) },
	};

	for (size_t i = 0; i < COUNT(tables); i++) {
		tap_sh("rm -rf '%s/infra.git'", tap_dir());
		layouts_run(tables[i].layouts, tables[i].count, ENVS);
	}
	for (size_t i = 0; i < COUNT(sets); i++) {
		test_set(i);
	}
	return tap_done();
}
