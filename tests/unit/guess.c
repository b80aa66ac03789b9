/*
 * Manifests that lack a line: which are told.
 */
#include "manifest/guess.h"

#include <string.h>

#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "tests/support/tap.h"

#define SOURCE "{repoURL: 'https://git.example/org/repo', path: a}"
#define SPEC "metadata: {name: web}\nspec: {source: " SOURCE "}\n"

static const struct {
	const char *text;
	const char *told; // a part of the line; NULL: nothing is
} rows[] = {
	{ "apiVersion: argoproj.io/v1alpha1\n" SPEC,
	  "t:1:1: its spec is that of an Application, but not its kind: it is not read; write "
	  "'apiVersion: argoproj.io/VERSION' and 'kind: Application' if it is one" },
	{ "kind: Application\n" SPEC, "but not its apiVersion: it" },
	{ SPEC, "but not its apiVersion and kind: it" },
	{ "apiVersion:\nkind: ''\n" SPEC, "apiVersion and kind" },
	{ "apiVersion: '{{ .Values.api }}'\nkind: Application\n" SPEC, "not its apiVersion: " },
	{ "apiVersion: argoproj.io/v1alpha1\nkind: Aplication\n" SPEC, "not its kind: " },
	{ "apiVersion: argoproj/v1alpha1\nkind: Application\n" SPEC, "not its apiVersion: " },
	{ "metadata: {name: x}\nspec: {sources: [" SOURCE "]}\n", "an Application" },
	{ "metadata: {name: x}\nspec: {sourceHydrator: {drySource: " SOURCE "}}\n",
	  "an Application" },
	{ "metadata: {name: x}\nspec: {generators: [], template: {}}\n", "an ApplicationSet" },
	{ "metadata: {name: x}\nspec: {path: a, sourceRef: {kind: GitRepository, name: r}}\n",
	  "a Kustomization" },
	{ "metadata: {name: x}\nspec: {chart: {spec: {sourceRef: {kind: GitRepository, name: r}}}}\n",
	  "a HelmRelease" },
	{ "[{metadata: {name: a}, spec: {source: " SOURCE "}}, {metadata: {name: b}, spec: {source: "
	  SOURCE "}}]\n", "kind (so it is in 1 more here): it is not read" },
	{ "apiVersion: other.io/v1\nkind: Deployment\n" SPEC, NULL },
	{ "kind: Deployment\n" SPEC, NULL },
	{ "apiVersion: other.io/v1\n" SPEC, NULL },
	{ "metadata: {name: x}\nspec: {source: {path: a}}\n", NULL },
	{ "spec: text\n", NULL },
	{ "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nspec: {path: a, "
	  "sourceRef: {kind: GitRepository, name: r}}\n", NULL },
	{ "image: {repository: r}\nsource: " SOURCE "\n", NULL },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct manifests m = { .problems = STRVEC_INIT };
		struct error err = ERROR_INIT;

		(void)manifests_read(rows[i].text, strlen(rows[i].text), "t", &m, &err);
		if (tap_int(m.problems.count, rows[i].told != NULL, "row %zu: lines", i) &&
		    rows[i].told != NULL) {
			tap_ok(strstr(m.problems.items[0], rows[i].told) != NULL, "%s", m.problems.items[0]);
		}
		tap_int(m.list.count, 0, "and it is not read");
		manifests_release(&m);
	}
	return tap_done();
}
