/*
 * Flux: several clusters in one repository. Which GitRepository is whose?
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FILES_MAX 8

#define OBJECT(api, kind, name) \
	"apiVersion: " api "\nkind: " kind "\nmetadata: {name: " name ", namespace: n}\nspec: "
#define REPO(name, url, branch) \
	OBJECT("source.toolkit.fluxcd.io/v1", "GitRepository", name) \
	"{url: 'https://" url "', ref: {branch: " branch "}}\n---\n"
#define KUST(name, path, of) \
	OBJECT("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name) \
	"{path: " path ", sourceRef: {kind: GitRepository, name: " of "}}\n---\n"
/* A Kustomization that puts values into what it applies. */
#define PARENT(name, path, values, more) \
	OBJECT("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name) \
	"{path: " path ", postBuild: {substitute: " values more "}, sourceRef: {kind: " \
	"GitRepository, name: flux-system}}\n---\n"
#define RELEASE(name, of) \
	OBJECT("helm.toolkit.fluxcd.io/v2", "HelmRelease", name) \
	"{chart: {spec: {chart: c, sourceRef: {kind: GitRepository, name: " of "}}}}\n---\n"
#define OWN(branch) REPO("flux-system", "h/me", branch)
/* As "flux bootstrap" makes them. */
#define BOOTSTRAP(cluster, branch) \
	OWN(branch) KUST("flux-system", "./clusters/" cluster, "flux-system")
#define DEV "h/me refs/heads/dev c\n"
#define MAIN "h/me refs/heads/main c\n"
#define MAYBE_DEV "h/me refs/heads/dev c in doubt\n"
#define MAYBE_MAIN "h/me refs/heads/main c in doubt\n"

static const struct {
	const char *name;
	const char *files[FILES_MAX]; // a path and its text, one after the other
	const char *sources;          // of "me": "repository revision path [in doubt]", one a line
	const char *problem;          // a part of the first, or NULL: none
} rows[] = {
	{ "each in the tree of its bootstrap",
	  { "clusters/dev/flux-system/gotk.yaml", BOOTSTRAP("dev", "dev"),
	    "clusters/prod/flux-system/gotk.yaml", BOOTSTRAP("prod", "main"),
	    "clusters/prod/apps/me.yaml", KUST("me", "c", "flux-system") }, MAIN, "flux-system" },
	{ "in a directory that one of them applies",
	  { "clusters/dev/flux-system/gotk.yaml", BOOTSTRAP("dev", "dev"),
	    "clusters/prod/flux-system/gotk.yaml", BOOTSTRAP("prod", "main"),
	    "clusters/prod/apps.yaml", KUST("apps", "./apps/prod", "flux-system"),
	    "apps/prod/me.yaml", RELEASE("me", "flux-system") }, MAIN, "flux-system" },
	{ "in a directory that both apply",
	  { "clusters/dev/gotk.yaml", BOOTSTRAP("dev", "dev") KUST("apps", "./apps", "flux-system"),
	    "clusters/prod/gotk.yaml", BOOTSTRAP("prod", "main") KUST("web", "./apps", "flux-system"),
	    "apps/me.yaml", RELEASE("me", "flux-system") }, MAYBE_DEV MAYBE_MAIN, "flux-system" },
	{ "the only one is of another tree",
	  { "clusters/dev/flux-system/gotk.yaml", BOOTSTRAP("dev", "dev"),
	    "clusters/prod/me.yaml", KUST("me", "c", "flux-system") }, MAYBE_DEV MAYBE_MAIN,
	  "clusters/prod/me.yaml:1: GitRepository 'flux-system' is only in "
	  "clusters/dev/flux-system/gotk.yaml:1" },
	{ "the only one is beside somebody else",
	  { "dev/flux.yaml", OWN("dev") KUST("a", "c", "flux-system"),
	    "prod/me.yaml", KUST("me", "c", "flux-system") }, MAYBE_DEV MAYBE_MAIN, "'cluster'" },
	{ "the only one is beside somebody else, in a file",
	  { "clusters/dev.yaml", OWN("dev") KUST("a", "c", "flux-system"),
	    "clusters/prod.yaml", KUST("me", "c", "flux-system") }, DEV MAYBE_MAIN,
	  "'cluster'" },
	{ "the only one, of another repository, is in another file",
	  { "dev.yaml", REPO("r", "a/b", "dev") KUST("a", "c", "r"),
	    "prod.yaml", KUST("me", "c", "r") }, "a/b refs/heads/dev c\n", NULL },
	{ "the only one, of another repository, is beside somebody else",
	  { "dev/flux.yaml", REPO("r", "a/b", "dev") KUST("a", "c", "r"),
	    "prod/me.yaml", KUST("me", "c", "r") },
	  "a/b refs/heads/dev c in doubt\na/b {{ any }} c in doubt\n", "'cluster'" },
	{ "it follows what the manifests are in",
	  { "prod/flux.yaml", OWN("main") KUST("a", "c", "flux-system"),
	    "base/me.yaml", KUST("me", "c", "flux-system") }, MAYBE_MAIN, NULL },
	{ "sources in a directory of their own",
	  { "sources/r.yaml", REPO("r", "a/b", "dev"), "apps/me.yaml", KUST("me", "c", "r") },
	  "a/b refs/heads/dev c\n", NULL },
	{ "two in no tree",
	  { "dev/flux.yaml", OWN("dev") KUST("a", "c", "flux-system"),
	    "prod/flux/gotk.yaml", OWN("main"), "prod/me.yaml", KUST("me", "c", "flux-system") },
	  MAIN MAYBE_DEV, NULL },
	{ "two in files of one directory",
	  { "dev.yaml", OWN("dev") KUST("a", "c", "flux-system"),
	    "prod.yaml", OWN("main") KUST("me", "c", "flux-system") }, MAYBE_DEV MAYBE_MAIN,
	  NULL },
	{ "a value that what applies it gives",
	  { "clusters/prod/k.yaml", OWN("main") PARENT("apps", "./apps", "{x: c}", ""),
	    "apps/me.yaml", KUST("me", "'./${x}'", "flux-system") }, MAIN, NULL },
	{ "a value that what applies that gives",
	  { "clusters/prod/k.yaml", OWN("main")
	    PARENT("flux-system", "./clusters/prod", "{y: c}", "") PARENT("apps", "./apps",
	    "{x: '${y}'}", ""), "apps/me.yaml", KUST("me", "'./${x}'", "flux-system") }, MAIN, NULL },
	{ "several values",
	  { "clusters/k.yaml", OWN("main") PARENT("one", "./apps", "{x: c}", "") PARENT("two",
	    "./apps", "{x: d}", ""), "apps/me.yaml", KUST("me", "'./${x}'", "flux-system") },
	  "h/me refs/heads/main d in doubt\nh/me refs/heads/main c in doubt\n", NULL },
	{ "values in the cluster",
	  { "clusters/k.yaml", OWN("main") PARENT("one", "./apps", "{y: c}",
	    ", substituteFrom: [{kind: ConfigMap, name: v}]"),
	    "apps/me.yaml", KUST("me", "'./${x:=c}'", "flux-system") },
	  "h/me refs/heads/main  in doubt\n", "apps/me.yaml:1: a template that makes a Kustomization: "
	  "spec.path is only known" },
	{ "the branch of a GitRepository",
	  { "clusters/prod/k.yaml", PARENT("flux-system", "./clusters/prod", "{b: main}", "")
	    OWN("'${b}'"), "clusters/prod/me.yaml", KUST("me", "c", "flux-system") }, MAIN, NULL },
	{ "the branch of a GitRepository that nobody knows",
	  { "clusters/prod/k.yaml", OWN("'${b}'"), "clusters/prod/me.yaml",
	    KUST("me", "c", "flux-system") }, "h/me refs/heads/${b} c in doubt\n", "spec.ref.branch" },
	{ "the kind of a source",
	  { "me.yaml", REPO("r", "a/b", "main")
	    OBJECT("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "me")
	    "{path: c, sourceRef: {kind: '${kind}', name: r}}" }, "a/b refs/heads/main c\n", NULL },
	{ "files that are left out, nobody knows which",
	  { "me.yaml", OBJECT("source.toolkit.fluxcd.io/v1", "GitRepository", "r")
	    "{url: 'https://a/b', ref: {branch: main}, sparseCheckout: ['${x}']}\n---\n"
	    KUST("me", "c", "r") }, "a/b refs/heads/main  in doubt\n", "spec.sparseCheckout" },
	{ "applied in a circle",
	  { "a/k.yaml", OWN("main") KUST("a", "./b", "flux-system"),
	    "b/k.yaml", KUST("me", "a/../c", "flux-system") KUST("b", "./a", "flux-system") },
	  MAYBE_MAIN, NULL },
};

static char *sources_of(const struct app_list *list)
{
	struct buf text;

	buf_init(&text, 65536);
	for (size_t i = 0; i < list->count; i++) {
		const struct app *app = list->items[i];

		for (size_t k = 0; strcmp(app->id.name, "me") == 0 && k < app->source_count; k++) {
			const struct app_source *source = &app->sources[k];
			bool doubt = json_object_get(source->spec, "why") != NULL;

			(void)buf_addf(&text, "%s %s %s%s\n", source->repository,
				       source->target_revision, source->path,
				       doubt ? " in doubt" : "");
		}
	}
	return buf_detach(&text);
}

/* The list as it is read from a repository, or from the disk below a directory. */
static void test_row(size_t i, const char *above)
{
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	for (size_t k = 0; k < FILES_MAX && rows[i].files[k] != NULL; k += 2) {
		const char *text = rows[i].files[k + 1];
		char *path = xasprintf("%s%s", above, rows[i].files[k]);

		(void)app_read_yaml(text, strlen(text), path, &list, &problems, &err);
		free(path);
	}
	for (size_t k = 0; above[0] == '\0' && k < list.count; k++) {
		list.items[k]->home_repository = "h/me";
		list.items[k]->home_ref = "refs/heads/main";
	}
	app_link(&list, &problems);
	char *text = sources_of(&list);
	const char *problem = problems.count > 0 ? problems.items[0] : NULL;

	if (above[0] != '\0') {
		bool sure = strstr(rows[i].sources, "in doubt") == NULL;
		tap_ok(!sure || strcmp(text, rows[i].sources) == 0, "%s: on the disk: %s",
		       rows[i].name, text);
	} else {
		tap_str(text, rows[i].sources, "%s", rows[i].name);
		tap_ok((problem == NULL) == (rows[i].problem == NULL) &&
			       (problem == NULL || strstr(problem, rows[i].problem) != NULL),
		       "%s: said: %s", rows[i].name, problem != NULL ? problem : "nothing");
	}
	free(text);
	app_list_release(&list);
	strvec_release(&problems);
}

/* Who gives the clusters names has no doubts. */
static void test_named(void)
{
	static const char dev[] = OWN("dev") KUST("a", "c", "flux-system");
	static const char prod[] = KUST("me", "c", "flux-system");
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	(void)app_read_yaml(dev, strlen(dev), "dev/a.yaml", &list, &problems, &err);
	(void)app_read_yaml(prod, strlen(prod), "prod/a.yaml", &list, &problems, &err);
	for (size_t i = 0; i < list.count; i++) {
		app_set_cluster(list.items[i], "one");
	}
	app_link(&list, &problems);
	char *text = sources_of(&list);
	tap_str(text, DEV, "in a cluster that has a name");
	tap_int(problems.count, 0, "nothing is said");
	free(text);
	app_list_release(&list);
	strvec_release(&problems);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		test_row(i, "");
		test_row(i, "/srv/gitops/");
	}
	test_named();
	return tap_done();
}
