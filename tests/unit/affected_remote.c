/*
 * Linked sources: what an application refers to here from elsewhere.  It is
 * affected like by a source of its own, and rung hard.
 */
#include "affected/affected.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "tests/support/engine.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

/* libpcre2, brought in by libgit2's configuration reader, keeps its own caches. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

#define URL "https://git.example.com/infra.git"
#define ELSEWHERE "https://git.example.com/other.git"
#define LINKED \
	"\"linked\":[{\"repoURL\":\"" URL "\",\"path\":\"base\",\"targetRevision\":\"main\"," \
	"\"walker\":\"kustomize\"}],"

static void add_app(struct app_list *list, const char *name, const char *url, const char *linked)
{
	char *text = xasprintf("{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Application\","
			       "%s\"metadata\":{\"name\":\"%s\"},\"spec\":{\"source\":{\"repoURL\":"
			       "\"%s\",\"path\":\"own\",\"targetRevision\":\"main\"}}}",
			       linked, name, url);
	json_t *object = json_loads(text, 0, NULL);
	struct error err = ERROR_INIT;
	struct app *app = NULL;

	tap_int(app_from_json(object, "test", &app, &err), APP_OK, "%s is read (%s)", name,
		err.text);
	app_list_add_take(list, app_pack_take(app));
	json_decref(object);
	free(text);
}

/* "a,b!": the affected applications, "!": hard; "all: " before a fall-back. */
static void check(struct affected_state *state, const struct app_list *list,
		  const struct oid *after, const char *want, const char *name)
{
	const struct affected_request request = {
		.ref = "refs/heads/main", .default_branch = "main", .after = *after,
	};
	struct affected a = { 0 };
	struct error err = ERROR_INIT;
	struct buf got;

	tap_int(affected_compute(state, &request, &a, &err), 0, "%s (%s)", name, err.text);
	buf_init(&got, 4096);
	(void)buf_addstr(&got, a.fallback != FALLBACK_NONE ? "all: " : "");
	for (size_t i = 0; i < a.count; i++) {
		(void)buf_addf(&got, "%s%s%s", i > 0 ? "," : "", list->items[a.items[i].app]->id.name,
			       a.items[i].hard ? "!" : "");
	}
	tap_str(got.data, want, "%s", name);
	buf_release(&got);
	affected_release(&a);
}

int main(void)
{
	const char *repo = gitrepo_new("linked");
	const struct affected_options options = { .repository_url = URL, .path = repo };
	struct app_list list = { 0 };
	struct oid commit;

	gitrepo_sh(repo, "%s", "mkdir -p own base; echo 'kind: Own' >own/x.yaml; echo 'kind: Base' "
		   ">base/x.yaml; echo 'resources: [x.yaml]' >base/kustomization.yaml");
	commit = gitrepo_commit(repo);
	add_app(&list, "own", URL, "");
	add_app(&list, "both", URL, LINKED);
	add_app(&list, "linked", ELSEWHERE, LINKED);
	add_app(&list, "other", ELSEWHERE, "");
	struct affected_state *state = engine_open(&options, &list);

	check(state, &list, &commit, "all: own,both!,linked!", "if all are affected, those are hard "
	      "that are linked");
	gitrepo_sh(repo, "%s", "echo 'kind: Base2' >base/x.yaml");
	commit = gitrepo_commit(repo);
	check(state, &list, &commit, "both!,linked!", "through a linked source it is hard");
	gitrepo_sh(repo, "%s", "echo 'kind: Own2' >own/x.yaml");
	commit = gitrepo_commit(repo);
	check(state, &list, &commit, "own,both", "through its own source it is not");
	gitrepo_sh(repo, "%s", "echo 'kind: Own3' >own/x.yaml; echo 'kind: Base3' >base/x.yaml");
	commit = gitrepo_commit(repo);
	check(state, &list, &commit, "own,both!,linked!", "through both it is");
	gitrepo_sh(repo, "%s", "echo 'kind: Unread' >base/unread.yaml");
	commit = gitrepo_commit(repo);
	check(state, &list, &commit, "", "what the linked walker does not read touches nobody");
	affected_state_free(state);
	app_list_release(&list);
	return tap_done();
}
