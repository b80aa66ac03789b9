/*
 * Flux: how references between objects are resolved, and what becomes of
 * objects of one name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define URL "https://git.example.com/team/infra"
#define REPO(more) \
	"apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n" \
	"metadata: {name: self, namespace: flux-system}\n" \
	"spec: {url: " URL ", ref: {branch: SELF}" more "}\n---\n"
#define FROM "sourceRef: {kind: GitRepository, name: self}"
#define KUST(more) \
	"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n" \
	"metadata: {name: self, namespace: flux-system}\nspec: {" FROM ", " more "}\n"

/* --- references --- */

static const struct {
	const char *name;
	const char *metadata;  // of the GitRepository
	const char *spec;
	const char *reference; // to it
	size_t sources;
	const char *revision;  // of the first
	size_t problems;
} references[] = {
#define HERE_R "{name: r, namespace: n}"
#define TO_R "{name: r}"
#define ANY "{{ any }}"
	{ "without a ref it is master", HERE_R, "{url: https://a/b}", TO_R, 1, "refs/heads/master",
	  0 },
	{ "a branch", HERE_R, "{url: https://a/b, ref: {branch: x/y}}", TO_R, 1, "refs/heads/x/y",
	  0 },
	{ "a tag before a branch", HERE_R, "{url: https://a/b, ref: {branch: x, tag: v1}}", TO_R,
	  1, "refs/tags/v1", 0 },
	{ "a range before a tag", HERE_R, "{url: https://a/b, ref: {semver: '>=1.0', tag: v1}}",
	  TO_R, 1, ">=1.0", 0 },
	{ "a name before a range", HERE_R,
	  "{url: https://a/b, ref: {semver: 1.x, name: refs/heads/q}}", TO_R, 1, "refs/heads/q", 0 },
	{ "a commit before all", HERE_R,
	  "{url: https://a/b, ref: {commit: abc, name: refs/heads/q}}", TO_R, 1, "abc", 0 },
	{ "another namespace", "{name: r, namespace: o}", "{url: https://a/b}",
	  "{name: r, namespace: o}", 1, "refs/heads/master", 0 },
	{ "its own namespace unless it says so", "{name: r, namespace: o}", "{url: https://a/b}",
	  TO_R, 1, ANY, 1 },
	{ "a namespace that is not known", "{name: r}", "{url: https://a/b}", TO_R, 1,
	  "refs/heads/master", 0 },
	{ "another name", "{name: q, namespace: n}", "{url: https://a/b}", TO_R, 1, ANY, 1 },
	{ "another kind", HERE_R, "{url: https://a/b}", "{name: r, kind: Bucket}", 0, NULL, 0 },
	{ "a repository without an address", HERE_R, "{}", TO_R, 0, NULL, 1 },
};

static void test_reference(size_t i)
{
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;
	const char *reference = references[i].reference;
	char *text = xasprintf(
		"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
		"metadata: {name: k, namespace: n}\nspec:\n  sourceRef:\n    <<: %s\n    %s\n"
		"---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: %s\n"
		"spec: %s\n", reference,
		strstr(reference, "kind") != NULL ? "x: y" : "kind: GitRepository",
		references[i].metadata, references[i].spec);

	int r = app_read_yaml(text, strlen(text), "t", &list, &problems, &err);
	if (tap_ok(r == 0 && list.count == 2, "%s: is read: %s%s", references[i].name, err.text,
		   problems.count > 0 ? problems.items[0] : "")) {
		app_link(&list, &problems);
		strvec_release(&problems);
		app_link(&list, &problems);
		const struct app *app = list.items[0];

		tap_int(app->source_count, references[i].sources, "%s: its sources",
			references[i].name);
		tap_str(app->source_count > 0 ? app->sources[0].target_revision : NULL,
			references[i].revision, "%s: its revision", references[i].name);
		tap_int(problems.count, references[i].problems, "%s: problems", references[i].name);
	}
	app_list_release(&list);
	strvec_release(&problems);
	free(text);
}

/* --- what is made from what --- */

#define OBJECT(api, kind, name) \
	"apiVersion: " api "\nkind: " kind "\nmetadata: {name: " name ", namespace: n}\nspec: "
#define SOURCES(name) OBJECT("source.toolkit.fluxcd.io/v1", "GitRepository", name)
#define KUSTOMIZATION_K OBJECT("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "k")
#define RELEASE OBJECT("helm.toolkit.fluxcd.io/v2", "HelmRelease", "h")
#define HELM_CHART OBJECT("source.toolkit.fluxcd.io/v1", "HelmChart", "c")
#define GENERATOR OBJECT("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", "g")
#define A_B SOURCES("r") "{url: https://a/b}\n---\n"
#define C_D SOURCES("q") "{url: https://c/d, ref: {branch: x}}\n---\n"

static const struct {
	const char *name;
	const char *text;      // the last document is whose sources are looked at
	const char *sources;   // "repository revision walker path", one a line
	const char *problem;   // a part of it, or NULL: none
} links[] = {
	{ "a chart in a GitRepository",
	  A_B RELEASE "{chart: {spec: {chart: ./c/../web, sourceRef: {kind: GitRepository, "
	  "name: r}}}}", "a/b refs/heads/master flux-helm web\n", NULL },
	{ "a chart by its HelmChart", A_B HELM_CHART "{chart: web, reconcileStrategy: Revision, "
	  "sourceRef: {kind: GitRepository, name: r}}\n---\n" RELEASE
	  "{chartRef: {kind: HelmChart, name: c}}", "a/b refs/heads/master flux-helm web\n", NULL },
	{ "a HelmChart that is missing", A_B RELEASE "{chartRef: {kind: HelmChart, name: x}}", "",
	  "HelmChart 'x' is not among the manifests" },
	{ "a chart from a registry", A_B RELEASE "{chartRef: {kind: OCIRepository, name: r}}", "",
	  NULL },
	{ "a chart from a Helm repository", A_B RELEASE "{chart: {spec: {chart: web, sourceRef: "
	  "{kind: HelmRepository, name: r}}}}", "", NULL },
	{ "manifests from a bucket", A_B KUSTOMIZATION_K "{sourceRef: {kind: Bucket, name: r}}", "",
	  NULL },
	{ "a GitRepository that includes another", C_D SOURCES("r") "{url: https://a/b, include: "
	  "[{repository: {name: q}, fromPath: ./deploy, toPath: x}]}\n---\n" KUSTOMIZATION_K
	  "{path: y, sourceRef: {kind: GitRepository, name: r}}",
	  "a/b refs/heads/master plain \nc/d refs/heads/x plain deploy\n", NULL },
	{ "GitRepositories that include each other", SOURCES("q") "{url: https://c/d, include: "
	  "[{repository: {name: q}}]}\n---\n" KUSTOMIZATION_K
	  "{sourceRef: {kind: GitRepository, name: q}}",
	  "c/d refs/heads/master plain \nc/d refs/heads/master plain \n"
	  "c/d refs/heads/master plain \nc/d refs/heads/master plain \n"
	  "c/d refs/heads/master plain \nc/d refs/heads/master plain \n"
	  "c/d refs/heads/master plain \nc/d refs/heads/master plain \n"
	  "c/d refs/heads/master plain \n", NULL },
	{ "what a generator copies", A_B C_D GENERATOR "{sources: [{alias: one, kind: "
	  "GitRepository, name: r}, {alias: two, kind: GitRepository, name: q}, {alias: three, "
	  "kind: Bucket, name: b}], artifacts: [{name: e, copy: [{from: '@one/a/b/**', to: "
	  "'@artifact/'}, {from: '@two/x/*.yaml'}, {from: '@two/f.yaml'}, {from: '@three/**'}]}, "
	  "{name: f, copy: [{from: '@one/**'}]}]}\n---\n" KUSTOMIZATION_K
	  "{path: z, sourceRef: {kind: ExternalArtifact, name: e}}",
	  "a/b refs/heads/master plain a/b\nc/d refs/heads/x plain x\n"
	  "c/d refs/heads/x plain f.yaml\n", NULL },
	{ "a generator that is missing", A_B KUSTOMIZATION_K
	  "{path: z, sourceRef: {kind: ExternalArtifact, name: e}}", "",
	  "ArtifactGenerator of ExternalArtifact 'e' is not among the manifests" },
	{ "a Kustomization of the same name", A_B KUSTOMIZATION_K "{path: y, sourceRef: {kind: "
	  "GitRepository, name: r}}\n---\n" KUSTOMIZATION_K "{path: z, sourceRef: {kind: "
	  "GitRepository, name: r}}",
	  "a/b refs/heads/master flux-kustomization y\n"
	  "a/b refs/heads/master flux-kustomization z\n", "was read from t:6 already" },
	{ "a part of one", A_B KUSTOMIZATION_K "{path: y, sourceRef: {kind: GitRepository, "
	  "name: r}}\n---\n" KUSTOMIZATION_K "{prune: true}",
	  "a/b refs/heads/master flux-kustomization y\n", NULL },
	{ "GitRepositories of the same name", A_B SOURCES("r") "{url: https://c/d}\n---\n"
	  KUSTOMIZATION_K "{sourceRef: {kind: GitRepository, name: r}}",
	  "a/b refs/heads/master flux-kustomization \n"
	  "c/d refs/heads/master flux-kustomization \n", NULL },
};

static char *sources_of(const struct app *app)
{
	struct buf text;

	buf_init(&text, 65536);
	for (size_t i = 0; i < app->source_count; i++) {
		const struct app_source *source = &app->sources[i];

		(void)buf_addf(&text, "%s %s %s %s\n", source->repository, source->target_revision,
			       source->walker, source->path);
	}
	return buf_detach(&text);
}

/* The first that is rung, of those with its name. */
static const struct app *find_rung(const struct app_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (app_kind_is_rung(list->items[i]->id.kind) && !list->items[i]->folded) {
			return list->items[i];
		}
	}
	return NULL;
}

/* As when it comes from a reader. */
static void through_frames(struct app_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		json_t *frame = app_to_json(list->items[i]);
		struct error err = ERROR_INIT;
		struct app *again = NULL;

		if (app_from_json(frame, list->items[i]->origin, &again, &err) == APP_OK) {
			app_free(list->items[i]);
			list->items[i] = again;
		}
		json_decref(frame);
	}
}

static void test_link(size_t i)
{
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	if (app_read_yaml(links[i].text, strlen(links[i].text), "t", &list, &problems, &err) == 0) {
		strvec_release(&problems);
		through_frames(&list);
		app_link(&list, &problems);
		strvec_release(&problems);
		app_link(&list, &problems);
	}
	const struct app *app = find_rung(&list);
	char *text = app != NULL ? sources_of(app) : NULL;
	const char *problem = problems.count > 0 ? problems.items[0] : NULL;

	tap_str(text, links[i].sources, "%s: %s", links[i].name, err.text);
	tap_ok((problem == NULL) == (links[i].problem == NULL) && problems.count <= 1 &&
		       (problem == NULL || strstr(problem, links[i].problem) != NULL),
	       "%s: said: %s", links[i].name, problem != NULL ? problem : "nothing");
	free(text);
	app_list_release(&list);
	strvec_release(&problems);
}

/* Kept in a repository, and in clusters. */
static void test_home(void)
{
	static const char text[] = KUSTOMIZATION_K
		"{sourceRef: {kind: GitRepository, name: flux-system}}\n---\n" RELEASE
		"{chart: {spec: {sourceRef: {kind: GitRepository, name: other}}}}\n---\n" A_B
		KUSTOMIZATION_K "{path: z, sourceRef: {kind: GitRepository, name: r}}";
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	(void)app_read_yaml(text, strlen(text), "t", &list, &problems, &err);
	for (size_t i = 0; i < list.count; i++) {
		list.items[i]->home_repository = "git.example.com/me";
		list.items[i]->home_ref = "refs/heads/main";
	}
	app_set_cluster(list.items[2], "two");
	app_set_cluster(list.items[3], "two");
	app_link(&list, &problems);
	char *own = sources_of(list.items[0]);
	char *other = sources_of(list.items[1]);
	char *second = sources_of(list.items[3]);
	char *name = app_full_name(list.items[3]);

	tap_str(own, "git.example.com/me refs/heads/main flux-kustomization \n",
		"Flux's own GitRepository is the one that its objects are in");
	tap_str(other, "git.example.com/me refs/heads/main flux-helm \n"
		"* {{ any }} flux-helm \n", "any other may be that or any");
	tap_str(second, "a/b refs/heads/master flux-kustomization z\n",
		"an object reads from its own cluster's");
	tap_str(name, "kustomization:n/k@two", "and has its name");
	app_set_cluster(list.items[3], "../x y");
	tap_ok(list.items[3]->id.cluster == NULL, "what is no name is none");
	free(own);
	free(other);
	free(second);
	free(name);
	app_list_release(&list);
	strvec_release(&problems);
}

static void test_frame(void)
{
	static const char text[] =
		REPO(", ignore: x, sparseCheckout: [a]") KUST("path: apps, suspend: true");
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;
	struct app *again = NULL;

	(void)app_read_yaml(text, strlen(text), "t", &list, &problems, &err);
	app_link(&list, &problems);
	json_t *frame = app_to_json(list.items[1]);
	tap_ok(app_from_json(frame, "", &again, &err) == APP_OK, "what was linked goes through a "
	       "frame: %s", err.text);
	if (again != NULL) {
		char *name = app_full_name(again);

		tap_str(name, "kustomization:flux-system/self", "with its name");
		tap_ok(again->skip_reconcile, "and that it is suspended");
		tap_ok(again->source_count == 1 &&
			       strcmp(again->sources[0].walker, "flux-kustomization") == 0 &&
			       json_equal(again->sources[0].spec, list.items[1]->sources[0].spec),
		       "and its source");
		free(name);
	}
	json_decref(frame);
	app_free(again);
	app_list_release(&list);
	strvec_release(&problems);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(references); i++) {
		test_reference(i);
	}
	for (size_t i = 0; i < COUNT(links); i++) {
		test_link(i);
	}
	test_home();
	test_frame();
	return tap_done();
}
