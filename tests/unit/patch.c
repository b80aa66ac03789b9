/*
 * Patches of Kustomize among manifests: which files are, and what becomes of
 * what stands in them.
 */
#include "manifest/patch.h"

#include <string.h>

#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "tests/support/tap.h"

#define ARGO "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
#define SOURCE "source: {repoURL: 'https://git.example/org/repo', path: "
#define FLUX "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
#define BASE ARGO "metadata: {name: web, namespace: argocd}\nspec: {" SOURCE "a}}\n"
#define FLUX_BASE FLUX "metadata: {name: apps, namespace: n}\nspec: {path: a, " \
		  "sourceRef: {kind: GitRepository, name: r}}\n"

static const struct {
	const char *what;
	const char *kustomization; // at over/prod/kustomization.yaml
	const char *patch;         // at over/prod/p.yaml
	const char *names;         // of what is left
	const char *told;          // a part of what is said; NULL: nothing is
} rows[] = {
	{ "no patch", "resources: [p.yaml]",
	  ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}", "argocd/web x", NULL },
	{ "a patch of a part", "patches: [{path: p.yaml}]",
	  ARGO "metadata: {name: web}\nspec: {source: {path: b}}", "argocd/web",
	  "prod/p.yaml:1:1: a patch of a kustomization, and no Application of its own" },
	{ "a patch with a name that nobody has",
	  "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: [{path: ./p.yaml, "
	  "target: {kind: Application}}]",
	  ARGO "metadata: {name: not-used}\nspec: {" SOURCE "b}}", "argocd/web",
	  "kubectl get applications.argoproj.io -A -o yaml" },
	{ "the older way", "patchesStrategicMerge: [\"a: inline\\n\", ../prod/p.yaml]",
	  ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}", "argocd/web", "a patch" },
	{ "a component's", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
	  "patches: [{path: p.yaml}]", ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}",
	  "argocd/web", "a patch" },
	{ "a transformer's", "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\n"
	  "path: p.yaml", ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}", "argocd/web",
	  "a patch" },
	{ "a patch of what is not read", "patches: [{path: p.yaml}]",
	  ARGO "metadata: {name: web}\nspec: {syncPolicy: {automated: {}}}", "argocd/web", NULL },
	{ "a patch of what an ApplicationSet makes", "patches: [{path: p.yaml}]",
	  "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\n"
	  "spec: {template: {spec: {project: x}}}", "argocd/web", NULL },
	{ "a patch of another kind", "patches: [{path: p.yaml}]",
	  "apiVersion: v1\nkind: Service\nmetadata: {name: web}", "argocd/web", NULL },
	{ "another's object with patches", "apiVersion: v1\nkind: List\npatches: [{path: p.yaml}]",
	  ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}", "argocd/web x", NULL },
	{ "a patch elsewhere", "patches: [{path: ../p.yaml}, {path: 'https://x/p.yaml'}]",
	  ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}", "argocd/web x", NULL },
	{ "a patch of a Kustomization that reads nothing else", "patches: [{path: p.yaml}]",
	  FLUX "metadata: {name: all}\nspec: {prune: true}", "argocd/web", NULL },
	{ "one that does", "patches: [{path: p.yaml}]",
	  FLUX "metadata: {name: all}\nspec: {path: b}", "argocd/web", "no Kustomization of" },
};

static void set_file(struct inventory *inv, const char *path, const char *text)
{
	static const struct stamp unread = { .digest = "" };
	struct manifests found = { .problems = STRVEC_INIT };
	struct error err = ERROR_INIT;

	tap_int(manifests_read(text, strlen(text), path, &found, &err), 0, "%s%s", path, err.text);
	inventory_set_file(inv, 0, path, &unread, &found);
}

static char *names_of(struct inventory *inv)
{
	char *names = xstrdup("");

	inventory_merge(inv);
	inventory_discard(inv);
	for (size_t i = 0; i < inventory_list(inv)->count; i++) {
		char *name = app_full_name(inventory_list(inv)->items[i]);
		char *more = xasprintf("%s%s%s", names, i > 0 ? " " : "", name);

		free(names);
		free(name);
		names = more;
	}
	return names;
}

static struct inventory *new_inventory(void)
{
	struct inventory *inv = inventory_new(NULL, NULL);

	inventory_add(inv, &(struct inventory_origin){
		.kind = INVENTORY_DIRECTORY, .path = "/m/" });
	return inv;
}

static void test_row(size_t i)
{
	struct inventory *inv = new_inventory();

	set_file(inv, "/m//base/web.yaml", BASE);
	set_file(inv, "/m//over/prod/p.yaml", rows[i].patch);
	set_file(inv, "/m//over/prod/kustomization.yaml", rows[i].kustomization);
	for (int again = 0; again < 2; again++) {
		char *names = names_of(inv);
		const struct strvec *problems = inventory_problems(inv);

		tap_str(names, rows[i].names, "%s", rows[i].what);
		if (tap_int(problems->count, rows[i].told != NULL, "what is said: %s",
			    problems->count > 0 ? problems->items[0] : "") &&
		    rows[i].told != NULL) {
			tap_ok(strstr(problems->items[0], rows[i].told) != NULL, "%s", rows[i].told);
		}
		free(names);
	}
	inventory_free(inv);
}

/* What of Flux's is put together from parts has the inputs of all. */
static void parts_of_one_count(void)
{
	struct inventory *inv = new_inventory();

	set_file(inv, "/m/base/apps.yaml", FLUX_BASE);
	set_file(inv, "/m/over/p.yaml", FLUX "metadata: {name: apps}\nspec: {path: b, sourceRef: "
		 "{kind: GitRepository, name: r}}\n");
	set_file(inv, "/m/over/Kustomization", "patches: [{path: p.yaml}]\n");
	char *names = names_of(inv);
	if (tap_str(names, "kustomization:n/apps", "a patch has its object's name")) {
		const struct app *app = inventory_list(inv)->items[0];

		tap_int(app->source_count, 2, "and its inputs count, too");
	}
	free(names);
	inventory_free(inv);
}

static void a_patch_no_more_is_an_object(void)
{
	struct inventory *inv = new_inventory();

	set_file(inv, "/m/k.yaml", "patches: [{path: x.yaml}]\n");
	set_file(inv, "/m/x.yaml", ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}\n");
	char *names = names_of(inv);
	tap_str(names, "", "a patch is no object");
	free(names);
	inventory_remove_file(inv, 0, "/m/k.yaml");
	names = names_of(inv);
	tap_str(names, "x", "without its kustomization it is one");
	free(names);
	inventory_free(inv);
}

/* Of a place in a repository, all of which is read at once. */
static void a_place_is_settled(void)
{
	static const char *const texts[][2] = {
		{ "base/web.yaml", BASE },
		{ "over/a:b/p.yaml", ARGO "metadata: {name: x}\nspec: {" SOURCE "b}}\n---\n" ARGO },
		{ "over/a:b/kustomization.yaml", "patches: [{path: ../../over/a:b/p.yaml}]" },
		{ "bad.yaml", ARGO },
	};
	struct manifests m = { .problems = STRVEC_INIT };
	struct patch_set *set = patch_set_new();
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)manifests_read(texts[i][1], strlen(texts[i][1]), texts[i][0], &m, &err);
		for (size_t k = 0; k < m.patches.count; k++) {
			patch_set_add(set, texts[i][0], m.patches.items[k]);
		}
		strvec_release(&m.patches);
	}
	patch_set_settle(set, &m.list, &m.problems);
	if (tap_int(m.list.count, 2, "all are in the list")) {
		json_t *frame = app_to_json(m.list.items[1]);
		struct app *again = NULL;

		tap_ok(!m.list.items[0]->patch && m.list.items[1]->patch, "that of a patch is marked");
		(void)app_from_json(frame, "x", &again, &err);
		tap_ok(again != NULL && again->patch, "and is, when it came through a frame");
		app_free(again);
		json_decref(frame);
	}
	if (tap_int(m.problems.count, 2, "what was said of a patch is one line")) {
		tap_ok(strncmp(m.problems.items[0], "bad.yaml:", 9) == 0, "beside what is wrong");
		tap_ok(strncmp(m.problems.items[1], "over/a:b/p.yaml:1:1: a patch", 28) == 0, "%s",
		       m.problems.items[1]);
	}
	manifests_release(&m);
	patch_set_free(set);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row(i);
	}
	parts_of_one_count();
	a_patch_no_more_is_an_object();
	a_place_is_settled();
	return tap_done();
}
