/*
 * Flux: small repositories, one push each, and whether it touches the
 * Kustomization or HelmRelease; and the dialect of .sourceignore, by tables of what Flux's own library answers
 * (tests/payloads/sourceignore/generate makes them).
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "inputs/flux/flux_artifact.h"
#include "inputs/flux/flux_ignore.h"
#include "tests/support/cases.h"
#include "tests/support/layouts.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define URL "https://git.example.com/team/infra"
#define REPO(more) \
	"apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n" \
	"metadata: {name: SELF, namespace: flux-system}\n" \
	"spec: {url: " URL ", ref: {branch: SELF}" more "}\n---\n"
#define FROM "sourceRef: {kind: GitRepository, name: SELF}"
#define KUST(more) \
	"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n" \
	"metadata: {name: SELF, namespace: flux-system}\nspec: {" FROM ", " more "}\n"
#define HELM(more) \
	"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" \
	"metadata: {name: SELF, namespace: flux-system}\n" \
	"spec: {chart: {spec: {" FROM ", " more "}}}\n"
#define APPS REPO("") KUST("path: ./apps")
#define IGNORING(lines) REPO(", ignore: \"" lines "\"") KUST("path: ./apps")
#define CHART HELM("chart: ./charts/web")
#define VALUES HELM("chart: ./charts/web, " \
		    "valuesFiles: [./charts/web/values.yaml, values/prod.yaml]")
#define EACH HELM("chart: ./charts/web, reconcileStrategy: Revision")

#define K { "apps/kustomization.yaml", "resources: [a.yaml, ../base]" }
#define BASE { "base/kustomization.yaml", "resources: [b.yaml]" }, { "base/b.yaml", "b: 1" }
#define A { "apps/a.yaml", "a: 1" }
#define C { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0" }, \
	  { "charts/web/templates/a.yaml", "a: 1" }, { "charts/web/values.yaml", "v: 1" }, \
	  { "values/prod.yaml", "v: 2" }

static const struct layout roots[] = {
	{ "a resource of the kustomization counts", { K, A, BASE }, { { "apps/a.yaml", "a: 2" } },
	  true, APPS, "apps/a.yaml (file) < apps/kustomization.yaml" },
	{ "a base's, too", { K, A, BASE }, { { "base/b.yaml", "b: 2" } }, true, APPS, NULL },
	{ "a file that it does not name does not", { K, A, BASE }, { { "apps/x.yaml", "x: 2" } },
	  false, APPS, NULL },
	{ "nor a comment", { K, A, BASE }, { { "apps/a.yaml", "# b\na: 1" } }, false, APPS, NULL },
	{ "a kustomization that appears counts", { A }, { K }, true, APPS, NULL },
	{ "one that disappears counts", { K, A, BASE }, { { "apps/kustomization.yaml", NULL } },
	  true, APPS, NULL },
	{ "without a path it is the root's", { { "kustomization.yaml", "resources: [x.yaml]" },
	  { "x.yaml", "x: 1" } }, { { "x.yaml", "x: 2" } }, true, REPO("") KUST("prune: true"), NULL },
	{ "'..' stops at the root", { K, A, BASE }, { { "apps/a.yaml", "a: 2" } }, true,
	  REPO("") KUST("path: ../../apps/"), NULL },
	{ "a leading slash is the root", { K, A, BASE }, { { "apps/a.yaml", "a: 2" } }, true,
	  REPO("") KUST("path: /apps"), NULL },
	{ "a path that appears counts", { { "x", "1" } }, { A }, true, APPS, NULL },
	{ "a component counts", { K, A, BASE, { "comp/kustomization.yaml", "patches: [{path: p}]" },
	  { "comp/p", "1" } }, { { "comp/p", "2" } }, true,
	  REPO("") KUST("path: apps, components: [../comp]"), NULL },
	{ "a component that appears counts", { K, A, BASE },
	  { { "comp/kustomization.yaml", "patches: []" } }, true,
	  REPO("") KUST("path: apps, components: [../comp]"), NULL },
	{ "a kustomization that is a link is none", { { "k.yaml", "resources: []" },
	  { "apps/kustomization.yaml", "->../k.yaml" } }, { A }, true, APPS, NULL },
	{ "nor one that is left out", { K, BASE, { ".sourceignore", "/apps/kustomization.yaml" } },
	  { { "apps/x.yaml", "1" } }, true, APPS, NULL },
	{ "nor one that spec.ignore leaves out", { K, BASE }, { { "apps/x.yaml", "1" } }, true,
	  IGNORING("/apps/k*"), NULL },
	{ "what is included again is one", { K, BASE }, { { "apps/x.yaml", "1" } }, false,
	  IGNORING("k*\\n!/apps/k*"), NULL },
	{ "nor one that is not checked out", { K, BASE }, { { "apps/x.yaml", "1" } }, true,
	  REPO(", sparseCheckout: [apps/x]") KUST("path: apps"), NULL },
	{ "a .sourceignore that appears anywhere counts", { K, A, BASE },
	  { { "base/.sourceignore", "b.yaml" } }, true, APPS,
	  "base/.sourceignore (subtree) < apps/kustomization.yaml" },
	{ "one that goes counts", { K, A, BASE, { "base/.sourceignore", "b.yaml" } },
	  { { "base/.sourceignore", NULL } }, true, APPS, NULL },
};

/* Moved with the reference, or said in an older way. */
#define MOVED { "base/kustomization.yaml", NULL }, { "base/b.yaml", NULL }, \
	      { "new/kustomization.yaml", "resources: [b.yaml]" }, { "new/b.yaml", "b: 1" }
#define TO_NEW { "apps/kustomization.yaml", "resources: [a.yaml, ../new]" }
#define OLD_IMAGES "resources: [a.yaml]\nimageTags: [{name: x, newTag: '2'}]"
#define IMAGES "resources: [a.yaml]\nimages: [{name: x, newTag: '2'}]"

static const struct layout equal[] = {
	{ "a base that moves with the reference to it does not count", { K, A, BASE },
	  { MOVED, TO_NEW }, false, APPS, NULL },
	{ "it does where the places of files are in the output", { K, A, BASE }, { MOVED, TO_NEW },
	  true, REPO("") KUST("path: apps, buildMetadata: [originAnnotations]"), NULL },
	{ "and where the Kustomization adds to what is rewritten", { K, A, BASE },
	  { MOVED, TO_NEW }, true, REPO("") KUST("path: apps, targetNamespace: x"), NULL },
	{ "not if that is empty", { K, A, BASE }, { MOVED, TO_NEW }, false,
	  REPO("") KUST("path: apps, targetNamespace: '', patches: []"), NULL },
	{ "without resources the places are in the output",
	  { { "apps/kustomization.yaml", "components: [../base]" }, BASE },
	  { MOVED, { "apps/kustomization.yaml", "components: [../new]" } }, true, APPS, NULL },
	{ "as with bases instead of them", { { "apps/kustomization.yaml", "bases: [../base]" },
	  BASE }, { { "apps/kustomization.yaml", "resources: [../base]" } }, true, APPS, NULL },
	{ "but not further down", { { "apps/kustomization.yaml", "resources: [../mid]" },
	  { "mid/kustomization.yaml", "bases: [../base]" }, BASE },
	  { { "mid/kustomization.yaml", "resources: [../base]" } }, false, APPS, NULL },
	{ "Flux does not know imageTags", { { "apps/kustomization.yaml", OLD_IMAGES }, A },
	  { { "apps/kustomization.yaml", IMAGES } }, true, APPS, NULL },
	{ "but Kustomize does, further down", { { "apps/kustomization.yaml",
	  "resources: [../mid]" }, { "mid/kustomization.yaml", OLD_IMAGES }, { "mid/a.yaml", "1" } },
	  { { "mid/kustomization.yaml", IMAGES } }, false, APPS, NULL },
};

static const struct layout lists[] = {
	{ "a manifest counts", { A }, { { "apps/a.yaml", "a: 2" } }, true, APPS,
	  "apps/a.yaml (subtree)" },
	{ "one that appears counts", { A }, { { "apps/b.yml", "a: 2" } }, true, APPS, NULL },
	{ "one that disappears counts", { A, { "apps/b.yml", "b: 1" } }, { { "apps/b.yml", NULL } },
	  true, APPS, NULL },
	{ "one that is deep counts", { A }, { { "apps/x/y/b.yaml", "a: 2" } }, true, APPS, NULL },
	{ "a comment does not", { A }, { { "apps/a.yaml", "# b\na: 1" } }, false, APPS, NULL },
	{ "JSON does not", { A }, { { "apps/b.json", "{}" } }, false, APPS, NULL },
	{ "nor a manifest elsewhere", { A }, { { "other/b.yaml", "a: 1" } }, false, APPS, NULL },
	{ "in a directory with a kustomization only what it names counts",
	  { A, { "apps/web/kustomization.yaml", "resources: [w.yaml]" },
	    { "apps/web/w.yaml", "w: 1" } }, { { "apps/web/x.yaml", "x: 1" } }, false, APPS, NULL },
	{ "and that does", { A, { "apps/web/kustomization.yaml", "resources: [w.yaml]" },
	    { "apps/web/w.yaml", "w: 1" } }, { { "apps/web/w.yaml", "w: 2" } }, true, APPS,
	  "apps/web/w.yaml (file) < apps/web" },
	{ "a directory below it is not looked into",
	  { A, { "apps/web/kustomization.yaml", "resources: []" },
	    { "apps/web/in/kustomization.yaml", "resources: [i.yaml]" },
	    { "apps/web/in/i.yaml", "i: 1" } }, { { "apps/web/in/i.yaml", "i: 2" } }, false, APPS,
	  NULL },
	{ "a kustomization that appears below counts", { A, { "apps/web/w.yaml", "w: 1" } },
	  { { "apps/web/Kustomization", "resources: []" } }, true, APPS, NULL },
	{ "one that disappears below counts", { A, { "apps/web/Kustomization", "resources: []" } },
	  { { "apps/web/Kustomization", NULL } }, true, APPS, NULL },
	{ "one that is left out makes no root", { A, { "apps/web/Kustomization", "resources: []" },
	    { ".sourceignore", "Kustomization" } }, { { "apps/web/w.yaml", "w: 1" } }, true, APPS,
	  NULL },
	{ "nor does a link", { A, { "apps/web/Kustomization", "->../../x" },
	    { "x", "resources: []" } }, { { "apps/web/w.yaml", "w: 1" } }, true, APPS, NULL },
	{ "a manifest in a submodule counts", { A, { "apps/sub", "@" } },
	  { { "apps/sub", NULL } }, true, APPS, NULL },
	{ "a file of git itself does not", { A }, { { "apps/.gitmodules", "x" } }, false, APPS, NULL },
	{ "Flux leaves .sops.yaml out", { A, { "apps/.sops.yaml", "a: 1" } },
	  { { "apps/.sops.yaml", "a: 2" } }, false, APPS, NULL },
	{ "and what is in .github", { A, { "apps/x/.github/a.yaml", "a: 1" } },
	  { { "apps/x/.github/a.yaml", "a: 2" } }, false, APPS, NULL },
	{ "not if spec.ignore has a pattern", { A, { "apps/.sops.yaml", "a: 1" } },
	  { { "apps/.sops.yaml", "a: 2" } }, true, IGNORING("/x"), NULL },
	{ "nor if a .sourceignore elsewhere has one", { A, { "apps/.sops.yaml", "a: 1" },
	    { "x/.sourceignore", "y" } }, { { "apps/.sops.yaml", "a: 2" } }, true, APPS, NULL },
	{ "a comment is none", { A, { "apps/.sops.yaml", "a: 1" }, { "x/.sourceignore", "# y\n" } },
	  { { "apps/.sops.yaml", "a: 2" } }, false, IGNORING("# x\\n"), NULL },
};

static const struct layout ignores[] = {
	{ "what spec.ignore names does not count", { A }, { { "apps/test/b.yaml", "a: 2" } }, false,
	  IGNORING("/apps/test/"), NULL },
	{ "what it includes again does", { A }, { { "apps/test/b.yaml", "a: 2" } }, true,
	  IGNORING("/*\\n!/apps"), NULL },
	{ "all else does not", { A, { "apps/x/b.yaml", "1" } }, { { "apps/x/b.yaml", "2" } }, false,
	  IGNORING("/*\\n!/deploy"), NULL },
	{ ".sourceignore at the root counts, too", { A, { ".sourceignore", "*.test.yaml\n" } },
	  { { "apps/b.test.yaml", "1" } }, false, APPS, NULL },
	{ "and one below the path", { A, { "apps/x/.sourceignore", "# c\n/b.yaml\n" } },
	  { { "apps/x/b.yaml", "1" } }, false, APPS, NULL },
	{ "for its own directory", { A, { "apps/x/.sourceignore", "/b.yaml\n" } },
	  { { "apps/b.yaml", "1" } }, true, APPS, NULL },
	{ "and one of a directory between", { { "a/apps/x.yaml", "1" },
	  { "a/.sourceignore", "b.yaml" } }, { { "a/apps/b.yaml", "1" } }, false,
	  REPO("") KUST("path: a/apps"), NULL },
	{ "one elsewhere does not matter", { A, { "other/.sourceignore", "*" } },
	  { { "apps/b.yaml", "1" } }, true, APPS, NULL },
	{ "a .sourceignore that changes counts", { A, { ".sourceignore", "x" } },
	  { { ".sourceignore", "y" } }, true, APPS, NULL },
	{ "one that appears below counts", { A }, { { "apps/x/.sourceignore", "*" } }, true, APPS,
	  NULL },
	{ "spec.ignore has the last word", { A, { ".sourceignore", "apps/b.yaml" } },
	  { { "apps/b.yaml", "1" } }, true, IGNORING("!apps/b.yaml"), NULL },
	{ "what the sparse checkout leaves out does not count", { A }, { { "apps/x/b.yaml", "1" } },
	  false, REPO(", sparseCheckout: [apps/y, ./apps/z]") KUST("path: apps"), NULL },
	{ "what it has does", { A }, { { "apps/z/b.yaml", "1" } }, true,
	  REPO(", sparseCheckout: [apps/y, ./apps/z]") KUST("path: apps"), NULL },
	{ "its directories are beginnings of paths", { A }, { { "apps/zoo/b.yaml", "1" } }, true,
	  REPO(", sparseCheckout: [apps/y, ./apps/z]") KUST("path: apps"), NULL },
	{ "an empty one is all", { A }, { { "apps/zoo/b.yaml", "1" } }, true,
	  REPO(", sparseCheckout: [x, ./]") KUST("path: apps"), NULL },
	{ "a .sourceignore that is not checked out says nothing", { A, { ".sourceignore", "*" } },
	  { { "apps/b.yaml", "1" } }, true, REPO(", sparseCheckout: [apps]") KUST("path: apps"),
	  NULL },
	{ "one that is does", { A, { "apps/.sourceignore", "*" } },
	  { { "apps/b.yaml", "1" } }, false, REPO(", sparseCheckout: [apps]") KUST("path: apps"),
	  NULL },
	{ "what is below is said after what is above", { A, { "apps/.sourceignore", "b.yaml" },
	    { "apps/+/.sourceignore", "!b.yaml" } }, { { "apps/+/b.yaml", "1" } }, true, APPS, NULL },
};

static const struct layout charts[] = {
	{ "a new version of the chart counts", { C },
	  { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.1" } }, true, REPO("") CHART,
	  "charts/web/Chart.yaml (file)" },
	{ "another template does not", { C }, { { "charts/web/templates/a.yaml", "a: 2" } }, false,
	  REPO("") CHART, NULL },
	{ "nor a comment in Chart.yaml", { C },
	  { { "charts/web/Chart.yaml", "# c\nname: web\nversion: 1.0.0" } }, false, REPO("") CHART,
	  NULL },
	{ "a chart that appears counts", { { "x", "1" } },
	  { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0" } }, true, REPO("") CHART, NULL },
	{ "nor another value, even one of spec.chart.spec.valuesFiles", { C },
	  { { "charts/web/values.yaml", "v: 3" }, { "values/prod.yaml", "v: 3" } }, false,
	  REPO("") VALUES, NULL },
	{ "nor any other field of Chart.yaml", { C },
	  { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0\ndescription: x\n"
	      "keywords: [a]\nmaintainers: [{name: a}]\nannotations: {a: b}" } }, false,
	  REPO("") CHART, NULL },
	{ "another name does", { C }, { { "charts/web/Chart.yaml", "name: x\nversion: 1.0.0" } },
	  true, REPO("") CHART, NULL },
	{ "and dependencies, which may not have been there to be fetched", { C },
	  { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0\ndependencies: [{name: a, "
	      "version: 1.0.0, repository: 'https://x'}]" } }, true, REPO("") CHART, NULL },
	{ "what mends a broken value file counts", { C, { "values/prod.yaml", "[" } },
	  { { "values/prod.yaml", "v: 3" } }, true, REPO("") VALUES, NULL },
	{ "one that is missing", { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0" },
	    { "charts/web/values.yaml", "1: 1" } },
	  { { "values/prod.yaml", "v: 3" } }, true, REPO("") VALUES, NULL },
	{ "but not if it may be", { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0" },
	    { "charts/web/values.yaml", "1: 1" } }, { { "values/prod.yaml", "v: 3" } }, false,
	  REPO("") HELM("chart: charts/web, ignoreMissingValuesFiles: true, "
			"valuesFiles: [charts/web/values.yaml, values/prod.yaml]"), NULL },
	{ "a file that is broken by what it is", { C, { "charts/web/values.yaml", "[1]" } },
	  { { "charts/web/values.yaml", "v: 3" } }, true, REPO("") CHART, NULL },
	{ "a Chart.yaml that is no chart's",
	  { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0\nkeywords: x" } },
	  { { "charts/web/Chart.yaml", "name: web\nversion: 1.0.0\nkeywords: [x]" } }, true,
	  REPO("") CHART, NULL },
	{ "a .helmignore that Helm refuses", { C, { "charts/web/.helmignore", "a/**" } },
	  { { "charts/web/.helmignore", "a" } }, true, REPO("") CHART, NULL },
	{ "one that it takes does not count", { C, { "charts/web/.helmignore", "b" } },
	  { { "charts/web/.helmignore", "a" } }, false, REPO("") CHART, NULL },
	{ "a chart in charts/ may be broken", { C, { "charts/web/charts/x/Chart.yaml", "name: x" } },
	  { { "charts/web/charts/x/Chart.yaml", "name: x\nversion: 1.0.0" } }, true,
	  REPO("") CHART, NULL },
	{ "a link is not there, so it may be mended", { { "charts/web/Chart.yaml",
	    "name: web\nversion: 1.0.0" }, { "charts/web/values.yaml", "->../v" },
	    { "charts/v", "v: 1" } }, { { "charts/web/values.yaml", "v: 1" } }, true,
	  REPO("") CHART, NULL },
	{ "a .sourceignore counts", { C }, { { ".sourceignore", "x" } }, true, REPO("") CHART,
	  NULL },
	{ "a packaged chart counts as it is", { { "charts/web", "tgz" } }, { { "charts/web", "t" } },
	  true, REPO("") CHART, NULL },
	{ "with Revision each commit is an upgrade", { C }, { { "README", "x" } }, true,
	  REPO("") EACH, " (always) < the whole repository: with reconcileStrategy Revision each "
	  "commit is an upgrade" },
};

/* --- .sourceignore --- */

static void test_lines(void)
{
	static const char *const words[] = {
		[FLUX_IGNORE_NONE] = "nothing", [FLUX_IGNORE_YES] = "ignored",
		[FLUX_IGNORE_NO] = "included",
	};
	struct case_row *rows = NULL;
	size_t count = cases_read("tests/payloads/sourceignore/lines.tsv", &rows);
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct case_column *c = rows[i].columns;
		const char *got = words[flux_ignore_line(c[0].bytes, c[1].bytes)];

		if (strcmp(got, c[2].bytes) != 0) {
			wrong++;
			tap_str(got, c[2].bytes, "row %zu: \"%s\" and %s", i + 1, c[0].bytes,
				c[1].bytes);
		}
	}
	tap_ok(count >= 6000 && wrong == 0, "%zu lines say what they say to Flux", count);
	cases_free(rows, count);
}

/* "dir:" and the lines of its .sourceignore, several times. */
static void add_files(struct buf *rules, const char *files)
{
	while (*files != '\0') {
		char *dir = xstrndup(files, strcspn(files, ":"));
		const char *text = strchr(files, '\n') + 1;
		size_t len = 0;

		while (text[len] != '\0' && text[len + strcspn(text + len, "\n") - 1] != ':') {
			len += strcspn(text + len, "\n") + 1;
		}
		char *lines = xstrndup(text, len);
		flux_artifact_add_file(rules, dir, lines);
		free(lines);
		free(dir);
		files = text + len;
	}
}

static void test_trees(void)
{
	struct case_row *rows = NULL;
	size_t count = cases_read("tests/payloads/sourceignore/trees.tsv", &rows);
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct case_column *c = rows[i].columns;
		struct buf rules;

		buf_init(&rules, 65536);
		flux_artifact_begin(&rules, "");
		flux_artifact_add_spec(&rules, c[1].bytes);
		add_files(&rules, c[0].bytes);
		if (!flux_artifact_has_patterns(rules.data)) {
			flux_artifact_add_defaults(&rules);
		}
		const char *got = flux_artifact_has(rules.data, c[2].bytes) ? "kept" : "ignored";
		if (strcmp(got, c[3].bytes) != 0) {
			wrong++;
			tap_str(got, c[3].bytes, "row %zu: %s of a tree with\n%s", i + 1,
				c[2].bytes, rules.data);
		}
		buf_release(&rules);
	}
	tap_ok(count >= 4000 && wrong == 0, "%zu files come into an artifact or do not", count);
	cases_free(rows, count);
}

static void test_long_rules(void)
{
	static char text[200000];
	const char *path = "x";

	memset(text, 'a', sizeof(text) - 1);
	tap_int(flux_ignore_line(text, path), FLUX_IGNORE_NONE, "a line that is too long says "
		"nothing");
}

int main(void)
{
	static const struct {
		const struct layout *layouts;
		size_t count;
	} tables[] = {
		{ roots, COUNT(roots) },
		{ equal, COUNT(equal) },
		{ lists, COUNT(lists) },
		{ ignores, COUNT(ignores) },
		{ charts, COUNT(charts) },
	};

	for (size_t i = 0; i < COUNT(tables); i++) {
		tap_sh("rm -rf '%s/infra.git'", tap_dir());
		layouts_run(tables[i].layouts, tables[i].count, APPS);
	}
	test_lines();
	test_trees();
	test_long_rules();
	return tap_done();
}
