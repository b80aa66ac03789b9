/*
 * Templates among manifests: which are told, and what they are taken for.
 */
#include "manifest/template.h"

#include <string.h>

#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define HEAD "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
#define NAMED HEAD "metadata: {name: web, namespace: argocd}\n"
#define REPO "repoURL: 'https://git.example/org/repo.git'"
#define FLUX "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n" \
	     "metadata: {name: k, namespace: n}\n"

/* Texts that are no YAML. */
static const struct {
	const char *what;
	const char *text;
	const char *told; // a part of what is said; NULL: nothing is
} broken[] = {
	{ "a chart's Application", HEAD "metadata:\n  {{- include \"l\" . | nindent 2 }}\n",
	  "t.yaml:2:1: a Helm template that holds an Application is not read; give these objects "
	  "as the cluster has them (kubectl get applications.argoproj.io -A -o yaml)" },
	{ "one in a loop", "{{- range .Values.apps }}\n---\n" HEAD "{{- end }}\n",
	  "t.yaml:4:1: a Helm template that holds an Application" },
	{ "one whose group is filled in", "apiVersion: {{ .Values.api }}\nkind: Application\n",
	  "holds an Application" },
	{ "one whose kind is filled in", "apiVersion: argoproj.io/v1alpha1\nkind: {{ .kind }}\n",
	  "holds an Application" },
	{ "JSON", "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"ApplicationSet\", {{ x }}}",
	  "holds an ApplicationSet" },
	{ "Flux's", "{{ if .Values.on }}\n" FLUX "{{ end }}\n",
	  "kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A" },
	{ "a Service", "{{- if .Values.on }}\napiVersion: v1\nkind: Service\n{{- end }}\n", NULL },
	{ "another kind of Argo's", "{{- if .Values.on }}\napiVersion: argoproj.io/v1alpha1\n"
	  "kind: Rollout\n{{- end }}\n", NULL },
	{ "the definition of our kinds", "{{- if .Values.crds }}\napiVersion: apiextensions.k8s.io/v1\n"
	  "kind: CustomResourceDefinition\nmetadata: {name: applications.argoproj.io, annotations: "
	  "{argocd.argoproj.io/x: y}}\nspec:\n  group: argoproj.io\n  names:\n    kind: Application\n"
	  "{{- end }}\n", NULL },
	{ "quoted keys", "{{ x }}\n'apiVersion' : \"argoproj.io/v1alpha1\"\n\"kind\":   'Application'\n",
	  "t.yaml:3:1: a Helm template that holds an Application" },
	{ "a key at the end", "{{ x }}\napiVersion:\nkind", NULL },
	{ "another group's Application", "{{ x }}\napiVersion: app.k8s.io/v1\nkind: Application\n",
	  NULL },
	{ "another language's", "{% if on %}\nkind: Service\n{% endif %}\na: b: c\n", NULL },
	{ "no template", HEAD "a: b: c\n", "t.yaml:3:" },
};

static void texts_that_are_no_yaml(void)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct app_list list = { .items = NULL };
		struct strvec problems = STRVEC_INIT;
		struct error err = ERROR_INIT;
		int r = app_read_yaml(broken[i].text, strlen(broken[i].text), "t.yaml", &list,
				      &problems, &err);
		bool told = broken[i].told != NULL && strstr(err.text, broken[i].told) != NULL;

		tap_ok(r < 0 ? told : broken[i].told == NULL, "%s: %s", broken[i].what, err.text);
		tap_int(list.count + problems.count, 0, "and nothing else");
		app_list_release(&list);
		strvec_release(&problems);
	}
}

/* Objects with templates in them. */
static const struct {
	const char *text;
	const char *field; // that is told; NULL: none
	const char *walker;
	const char *repository;
} objects[] = {
	{ NAMED "spec: {source: {" REPO ", path: '{{ .Values.path }}'}}", "spec.source.path",
	  "plain", "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: '../{{ x }}'}}", "spec.source.path", "plain",
	  "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: 'apps/${cluster}/web'}}", "spec.source.path",
	  "plain", "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: 'apps/$(CLUSTER)'}}", "spec.source.path",
	  "plain", "git.example/org/repo" },
	{ NAMED "spec: {source: {repoURL: '{{ .Values.url }}', path: a}}", "spec.source.repoURL",
	  "plain", "*" },
	{ NAMED "spec: {source: {repoURL: 'https://g.example/{{ x }}', path: a}}",
	  "spec.source.repoURL", "plain", "*" },
	{ NAMED "spec: {source: {" REPO ", path: a, helm: {valueFiles: [v.yaml, '{{ x }}']}}}",
	  "spec.source.helm.valueFiles", "plain", "git.example/org/repo" },
	{ NAMED "spec: {sources: [{" REPO ", path: a, helm: {fileParameters: [{name: n, path: "
	  "'${x}'}]}}]}", "spec.sources.helm.fileParameters.path", "plain",
	  "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, targetRevision: '{{ x }}'}}",
	  "spec.source.targetRevision", NULL, "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", chart: c, helm: {valueFiles: ['{{ x }}']}}}",
	  "spec.source.helm.valueFiles", NULL, NULL },
	{ NAMED "spec: {sourceHydrator: {drySource: {" REPO ", path: '{{ x }}'}, syncSource: "
	  "{path: b, targetBranch: c}}}", "spec.sourceHydrator.drySource.path", "plain",
	  "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, helm: {values: 'a: {{ x }}', parameters: "
	  "[{name: n, value: '${x}'}]}}}", NULL, NULL, "git.example/org/repo" },
	{ NAMED "spec: {sources: [{" REPO ", path: a, helm: {valueFiles: [$v/a.yaml]}}]}", NULL,
	  NULL, "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, helm: {valueFiles: ['${ARGOCD_APP_NAME}.yaml']}}}",
	  NULL, NULL, "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, helm: {valueFiles: ['${ARGOCD_APP_NAME}${x}']}}}",
	  "spec.source.helm.valueFiles", "plain", "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, helm: {valueFiles: ['${ARGOCD_APP_NAME}.yaml', "
	  "v-$ARGOCD_APP_NAME.yaml]}}}", NULL, NULL, "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, helm: {valueFiles: ['${ARGOCD_APP_NAME}/${x}']}}}",
	  "spec.source.helm.valueFiles", "plain", "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: apps/$ENV}}", "spec.source.path", "plain",
	  "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: apps/a$}}", NULL, NULL, "git.example/org/repo" },
	{ NAMED "spec: {source: {" REPO ", path: a, targetRevision: $BRANCH}}",
	  "spec.source.targetRevision", NULL, "git.example/org/repo" },
	{ FLUX "spec: {path: 'apps/${cluster}', sourceRef: {kind: GitRepository, name: r}}",
	  "spec.path", "plain", "*" },
	{ FLUX "spec: {path: apps, components: ['../${x}'], sourceRef: {kind: GitRepository, name: "
	  "r}}", "spec.components", "plain", "*" },
	{ FLUX "spec: {path: apps, sourceRef: {kind: GitRepository, name: r}}", NULL,
	  "flux-kustomization", "*" },
};

static const char *or_none(const char *text)
{
	return text != NULL ? text : "(none)";
}

/* The last line is about a GitRepository that is not there. */
static void drop_missing(struct strvec *problems)
{
	if (problems->count > 0) {
		problems->count--;
		free(problems->items[problems->count]);
		problems->items[problems->count] = NULL;
	}
}

static void test_object(size_t i)
{
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;
	char *want = xasprintf(": %s is only known", or_none(objects[i].field));

	(void)app_read_yaml(objects[i].text, strlen(objects[i].text), "t", &list, &problems, &err);
	if (strncmp(objects[i].text, FLUX, strlen(FLUX)) == 0) {
		app_link(&list, &problems); /* what is left is known then; none has a GitRepository */
		drop_missing(&problems);
	}
	bool told = problems.count == 1 && strstr(problems.items[0], want) != NULL;
	tap_ok(objects[i].field != NULL ? told : problems.count == 0, "object %zu: %s is told", i,
	       or_none(objects[i].field));
	app_link(&list, &problems);
	if (tap_ok(list.count == 1 && list.items[0]->source_count > 0, "and it is read")) {
		const struct app_source *source = &list.items[0]->sources[0];
		struct app *again = NULL;
		json_t *frame = app_to_json(list.items[0]);

		tap_str(source->walker, objects[i].walker, "who reads its source");
		tap_str(source->repository, objects[i].repository, "from where");
		(void)app_from_json(frame, "frame", &again, &err);
		tap_str(again != NULL ? or_none(again->sources[0].walker) : NULL,
			or_none(objects[i].walker), "and so it comes out of a frame");
		app_free(again);
		json_decref(frame);
	}
	app_list_release(&list);
	strvec_release(&problems);
	free(want);
}

static void test_lines(void)
{
	static const char text[] =
		NAMED "spec: {source: {" REPO ", path: '{{ a }}'}}\n---\n"
		HEAD "metadata: {name: '{{ x }}'}\nspec: {source: {" REPO ", path: a}}\n---\n"
		HEAD "metadata: {name: b, namespace: '{{ x }}'}\nspec: {source: {" REPO "}}\n---\n"
		HEAD "metadata: {name: b}\nspec: {source: '{{ x }}'}\n---\n"
		HEAD "metadata: '{{ x }}'\nspec: {source: {" REPO "}}\n---\n"
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ x }}'}\n";
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	tap_int(app_read_yaml(text, strlen(text), "t", &list, &problems, &err), 0, "%s", err.text);
	tap_int(list.count, 1, "an object is only read if it has a name");
	if (tap_int(problems.count, 2, "a line for those that are not read, one for the others")) {
		tap_ok(strstr(problems.items[0], "t:6:1: a template that makes an Application: "
			      "metadata.name is only known when it is filled in (so it is in 3 "
			      "more here), and it is not read") != NULL, "%s", problems.items[0]);
		tap_ok(strstr(problems.items[1], "any push to its repository") != NULL, "%s",
		       problems.items[1]);
	}
	app_list_release(&list);
	strvec_release(&problems);
}

int main(void)
{
	texts_that_are_no_yaml();
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		test_object(i);
	}
	test_lines();
	return tap_done();
}
