/*
 * The inputs of applications as they are told to people, and what their
 * annotations miss.
 */
#include "affected/affected_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "affected/affected.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define URL "https://git.example.com/team/infra"
#define MAIN "refs/heads/main"

/* An application and what of its inputs its annotation misses, "a, b". */
struct row {
	const char *name;
	const char *annotation; // NULL: none
	const char *source;     // beside repoURL and targetRevision
	const char *missed;
};

static const struct row rows[] = {
	{ "an overlay with '.' misses its base", ".", "path: overlay",
	  "base/deployment.yaml, base/kustomization.yaml" },
	{ "an overlay that names its base misses nothing", ".;../base", "path: overlay", "" },
	{ "an absolute item counts from the root", "/base;.", "path: overlay", "" },
	{ "a pattern covers one level", ".;../base/*.yaml", "path: overlay", "" },
	{ "files alone may be named", "kustomization.yaml;/base/deployment.yaml;/base/kustomization.yaml",
	  "path: overlay", "" },
	{ "without an annotation nothing is missed", NULL, "path: overlay", "" },
	{ "an annotation without an item is none", " ; ", "path: overlay", "" },
	{ "value files elsewhere are missed", ".", "path: chart, helm: {valueFiles: [../values/a.yaml]}",
	  "values/a.yaml" },
	{ "value files that are not there yet, too", ".",
	  "path: chart, helm: {valueFiles: [../values/b.yaml]}", "values/b.yaml" },
	{ "value files by a pattern", ".", "path: chart, helm: {valueFiles: [/values/*.yaml]}",
	  "values/a.yaml, values/c.yaml" },
	{ "a directory of which one file is named", "a.yaml", "path: plain", "plain/b.yaml" },
	{ "a directory all of whose files are named", "a.yaml;b.yaml", "path: plain", "" },
	{ "a plugin is believed", ".", "path: plain, plugin: {name: x}", "" },
	{ "a plugin that does not name its own directory is not", "nothing",
	  "path: plain, plugin: {name: x}", "plain/a.yaml, plain/b.yaml" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void make_applications(struct app_list *list)
{
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ROWS; i++) {
		char *note = rows[i].annotation != NULL
				     ? xasprintf("{argocd.argoproj.io/manifest-generate-paths: \"%s\"}",
						 rows[i].annotation)
				     : xstrdup("{}");
		char *text = xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
				       "metadata: {name: a%zu, annotations: %s}\n"
				       "spec: {source: {repoURL: " URL ", targetRevision: main, %s}}\n",
				       i, note, rows[i].source);

		tap_ok(app_read_yaml(text, strlen(text), "t", list, &problems, &err) == 0 &&
			       list->count == i + 1, "application %zu is read: %s", i, err.text);
		free(text);
		free(note);
	}
	strvec_release(&problems);
}

static void test_lint(struct affected_state *state, const struct oid *commit)
{
	const struct affected_inputs_request request = {
		.ref = MAIN, .default_branch = "main", .commit = *commit,
	};
	struct affected_inputs inputs = { .items = NULL };
	struct error err = ERROR_INIT;

	tap_ok(affected_inputs(state, &request, &inputs, &err) == 0, "lint runs: %s", err.text);
	tap_int(inputs.total, inputs.count, "nothing is left out");
	for (size_t i = 0; i < ROWS; i++) {
		char *missed = xstrdup("");

		for (size_t k = 0; k < inputs.count; k++) {
			if (inputs.items[k].app != i) {
				continue;
			}
			char *longer = xasprintf("%s%s%s", missed, missed[0] != '\0' ? ", " : "",
						 inputs.items[k].path);
			free(missed);
			missed = longer;
		}
		tap_str(missed, rows[i].missed, "%s", rows[i].name);
		free(missed);
	}
	affected_inputs_release(&inputs);
}

static const struct affected_input *find(const struct affected_inputs *inputs,
					 enum probe_kind kind, const char *path, bool exists)
{
	for (size_t i = 0; i < inputs->count; i++) {
		const struct affected_input *input = &inputs->items[i];

		if (input->kind == kind && strcmp(input->path, path) == 0 &&
		    !(input->flags & PROBE_NAMES) == !exists) {
			return input;
		}
	}
	return NULL;
}

static void test_list(struct affected_state *state, const struct oid *commit)
{
	struct affected_inputs_request request = {
		.ref = MAIN, .default_branch = "main", .commit = *commit, .application = "a0",
	};
	struct affected_inputs inputs = { .items = NULL };
	struct error err = ERROR_INIT;

	tap_ok(affected_inputs(state, &request, &inputs, &err) == 0 && inputs.sources == 1,
	       "the inputs of an application are told: %s", err.text);
	const struct affected_input *input =
		find(&inputs, PROBE_FILE, "base/deployment.yaml", false);
	tap_ok(input != NULL && input->via.count == 2 &&
		       strcmp(input->via.items[0], "../base") == 0 &&
		       strcmp(input->via.items[1], "overlay/kustomization.yaml") == 0,
	       "with the chain from the file to the root");
	tap_ok(find(&inputs, PROBE_ABSENT, "base/kustomization.yml", false) != NULL,
	       "with what is not there");
	tap_ok(find(&inputs, PROBE_FILE, "base", true) != NULL,
	       "and with what only has to be there");
	bool sorted = true;
	for (size_t i = 1; i < inputs.count; i++) {
		sorted = sorted && strcmp(inputs.items[i - 1].path, inputs.items[i].path) <= 0;
	}
	tap_ok(sorted && inputs.count == inputs.total, "in the order of their paths");
	affected_inputs_release(&inputs);

	request.application = "a13";
	tap_ok(affected_inputs(state, &request, &inputs, &err) == 0 && inputs.sources == 1,
	       "the inputs of a plugin are told");
	tap_ok(inputs.count > 0 && find(&inputs, PROBE_SUBTREE, "plain", false) != NULL,
	       "what its annotation and its path say");
	affected_inputs_release(&inputs);

	request.application = "other";
	tap_ok(affected_inputs(state, &request, &inputs, &err) == 0 && inputs.sources == 0,
	       "an application that is not there has no sources");
	affected_inputs_release(&inputs);

	request.application = "a0";
	request.ref = "refs/heads/dev";
	tap_ok(affected_inputs(state, &request, &inputs, &err) == 0 && inputs.sources == 0,
	       "neither has one that follows another ref");
	affected_inputs_release(&inputs);

	request.commit = (struct oid){ .len = 20, .bytes = { 1 } };
	tap_ok(affected_inputs(state, &request, &inputs, &err) == -1 && err.text[0] != '\0',
	       "a commit that is not there is an error: %s", err.text);
}

int main(void)
{
	struct app_list list = { .items = NULL };
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;
	const char *repo = gitrepo_new("infra");

	gitrepo_sh(repo, "mkdir base overlay plain chart values && "
			 "echo 'resources: [deployment.yaml]' > base/kustomization.yaml && "
			 "echo 'kind: Deployment' > base/deployment.yaml && "
			 "echo 'resources: [../base]' > overlay/kustomization.yaml && "
			 "echo 'a: 1' > plain/a.yaml && echo 'b: 1' > plain/b.yaml && "
			 "echo 'name: c' > chart/Chart.yaml && echo 'a: 1' > values/a.yaml && "
			 "echo 'a: 1' > values/c.yaml && echo 'a: 1' > values/readme.md");
	struct oid commit = gitrepo_commit(repo);
	const struct affected_options options = { .repository_url = URL, .path = repo };

	make_applications(&list);
	if (tap_ok(affected_state_new(&options, &state, &err) == 0, "the repository opens: %s",
		   err.text)) {
		affected_set_apps(state, &list);
		test_lint(state, &commit);
		test_list(state, &commit);
	}
	affected_state_free(state);
	app_list_release(&list);
	return tap_done();
}
