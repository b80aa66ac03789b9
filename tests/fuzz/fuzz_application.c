/*
 * Any text: reading its Applications, writing each as a frame holds it and
 * reading that again gives the same application, and never a path that leaves
 * its repository.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strvec.h"
#include "manifest/app.h"
#include "manifest/app_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void check_path(const char *path)
{
	require(path[0] != '/' && strstr(path, "//") == NULL && strcmp(path, "..") != 0);
	require(strncmp(path, "../", 3) != 0 && strstr(path, "/../") == NULL);
}

static void compare(const struct app *a, const struct app *b)
{
	require(same_text(a->id.name, b->id.name) && same_text(a->id.namespace, b->id.namespace));
	require(same_text(a->project, b->project));
	require(same_text(a->generate_paths, b->generate_paths));
	require(a->skip_reconcile == b->skip_reconcile && a->automated == b->automated);
	require(a->source_count == b->source_count && a->id.kind == b->id.kind);
	require((a->spec == NULL) == (b->spec == NULL));
	require(a->spec == NULL || json_equal(a->spec, b->spec));
	require(a->source_count > 0 || a->id.kind != APP_APPLICATION);
	for (size_t i = 0; i < a->source_count; i++) {
		const struct app_source *x = &a->sources[i];
		const struct app_source *y = &b->sources[i];

		require(same_text(x->url, y->url) && same_text(x->repository, y->repository));
		require(same_text(x->target_revision, y->target_revision));
		require(same_text(x->path, y->path) && same_text(x->ref, y->ref));
		require(x->annotation_applies == y->annotation_applies);
		require(same_text(x->walker, y->walker));
		require(json_equal(x->spec, y->spec));
		check_path(x->path);
	}
}

static void round_trip(const struct app *app)
{
	struct error err = ERROR_INIT;
	struct app *again = NULL;
	json_t *tree = app_to_json(app);
	char *text = json_dumps(tree, JSON_COMPACT);

	require(text != NULL);
	json_t *parsed = json_loads(text, 0, NULL);
	require(parsed != NULL);
	require(app_from_json(parsed, app->origin, &again, &err) == APP_OK);
	compare(app, again);
	app_free(again);
	json_decref(parsed);
	json_decref(tree);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifests m = { .problems = STRVEC_INIT };
	const struct app_list *list = &m.list;
	struct error err = ERROR_INIT;

	(void)manifests_read((const char *)data, size, "fuzz.yaml", &m, &err);
	for (size_t i = 0; i < list->count; i++) {
		round_trip(list->items[i]);
	}
	app_link(list, &m.problems);
	for (size_t i = 0; i < list->count; i++) {
		const struct app *app = list->items[i];

		round_trip(app);
		for (size_t k = 0; k < app->source_count; k++) {
			(void)app_revision_matches(app->sources[k].target_revision, NULL,
						   "refs/tags/v1.2.3", "main");
		}
	}
	manifests_release(&m);
	return 0;
}
