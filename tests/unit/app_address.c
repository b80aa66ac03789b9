/*
 * What applications get from Git by addresses that stand in themselves.
 */
#include "manifest/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define HEAD "apiVersion: argoproj.io/v1alpha1\nkind: Application\n" \
	     "metadata: {name: web, namespace: argocd}\nspec: "
#define CHART "repoURL: 'https://charts.example.com', chart: web, targetRevision: 1.0.0"
#define PAGE "https://git.example.com/acme/values/raw/branch/main/"
#define OURS "git.example.com/acme/values"

static const struct {
	const char *name;
	const char *spec;
	const char *want; // "path@ref walker" of each reference, with "|" behind it
} cases[] = {
	{ "a value file of a chart from a registry",
	  "{source: {" CHART ", helm: {valueFiles: ['" PAGE "v.yaml']}}}", "v.yaml@main single|" },
	{ "where the ref ends is not known",
	  "{source: {" CHART ", helm: {valueFiles: ['" PAGE "env/v.yaml']}}}",
	  "env/v.yaml@main single|v.yaml@main/env single|" },
	{ "a value file of a chart in another repository",
	  "{source: {repoURL: 'https://git.example.com/x/charts', path: web, helm: {valueFiles: ['" PAGE
	  "v.yaml']}}}", "v.yaml@main single|" },
	{ "a repository that is walked tells it itself",
	  "{source: {repoURL: 'https://" OURS "', path: web, targetRevision: main, helm: "
	  "{valueFiles: ['" PAGE "env/v.yaml']}}}", "" },
	{ "but not what is at another ref of it",
	  "{source: {repoURL: 'https://" OURS "', path: web, targetRevision: v1, helm: {valueFiles: ['" PAGE
	  "v.yaml']}}}", "v.yaml@main single|" },
	{ "the same ref may have two names",
	  "{source: {repoURL: 'https://" OURS "', path: web, targetRevision: refs/heads/main, helm: {valueFiles: "
	  "['" PAGE "v.yaml']}}}", "" },
	{ "a file parameter", "{source: {" CHART ", helm: {fileParameters: [{name: a, path: '" PAGE "p'}]}}}",
	  "p@main single-raw|" },
	{ "one of several sources", "{sources: [{" CHART ", helm: {valueFiles: [$v/a, '" PAGE "v.yaml']}}, "
	  "{repoURL: 'https://" OURS "', ref: v}]}", "v.yaml@main single|" },
	{ "an address of helm-git", "{source: {" CHART ", helm: {valueFiles: ['git+https://" OURS
	  "@env/v.yaml?ref=v1']}}}", "env/v.yaml@v1 single|" },
	{ "a secret", "{source: {" CHART ", helm: {valueFiles: ['secrets+age-import:///k.txt?https://x@"
	  OURS "/raw/branch/main/v.yaml']}}}", "v.yaml@main single-raw|" },
	{ "a variable stands for any name",
	  "{source: {" CHART ", helm: {valueFiles: ['git+https://" OURS "@env/$ARGOCD_APP_NAME.yaml?ref=main']}}}",
	  "env@main plain|" },
	{ "so does a template",
	  "{source: {" CHART ", helm: {valueFiles: ['git+https://" OURS "@env/{{ .x }}.yaml?ref=main']}}}",
	  "env@main plain|" },
	{ "a ref that is filled in is not known",
	  "{source: {" CHART ", helm: {valueFiles: ['git+https://" OURS "@v.yaml?ref=$X']}}}", "" },
	{ "a commit is never moved", "{source: {" CHART ", helm: {valueFiles: ['git+https://" OURS
	  "@v.yaml?ref=0123456789012345678901234567890123456789']}}}", "" },
	{ "the default branch", "{source: {" CHART ", helm: {valueFiles: ['git+https://" OURS "@v.yaml']}}}",
	  "v.yaml@ single|" },
	{ "a repository that is not known", "{source: {" CHART ", helm: {valueFiles: "
	  "['https://git.example.com/acme/other/raw/branch/main/v.yaml']}}}", "" },
	{ "a file that is twice there", "{source: {" CHART ", helm: {valueFiles: ['" PAGE "v.yaml', '" PAGE
	  "v.yaml', s3://x/v.yaml, v.yaml, 1, {}]}}}", "v.yaml@main single|" },
	{ "a chart that helm-git gets", "{source: {repoURL: 'git+https://" OURS "@charts?ref=main', chart: web, "
	  "targetRevision: 1.0.0}}", "charts@main chart-repository|" },
	{ "a repository of charts on pages", "{source: {repoURL: '" PAGE "', chart: web, targetRevision: 1.0.0}}",
	  "index.yaml@main single|" },
};

static const char *name_of(void *ctx, const char *address)
{
	(void)ctx;
	return strcmp(address, OURS) == 0 ? OURS : NULL;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct app_list list = { .items = NULL };
		struct strvec problems = STRVEC_INIT;
		struct error err = ERROR_INIT;
		struct buf got;
		struct buf text;

		buf_init(&text, 4096);
		buf_init(&got, 4096);
		(void)buf_addf(&text, HEAD "%s", cases[i].spec);
		tap_int(app_read_yaml(text.data, text.len, "a", &list, &problems, &err), 0, "%s: %s",
			cases[i].name, err.text);
		struct app *app = list.count == 1 ? list.items[0] : NULL;
		tap_int(app != NULL ? app_add_addresses(app, name_of, NULL) : -1, 0, "it is looked at");
		for (size_t k = 0; app != NULL && k < app->source_count; k++) {
			const struct app_source *s = &app->sources[k];

			if (s->remote) {
				(void)buf_addf(&got, "%s@%s %s|", s->path, s->target_revision, s->walker);
			}
		}
		tap_str(got.data, cases[i].want, "%s: what it refers to", cases[i].name);
		app_list_release(&list);
		strvec_release(&problems);
		buf_release(&got);
		buf_release(&text);
	}
	return tap_done();
}
