/*
 * Remote references of an application, as sources that are not its own.
 *
 * Kustomize clones what "resources: [https://github.com/org/base//web]" names.
 * For a push to org/base to reach the application, it has to be among those
 * that follow org/base: so it is given a source more there, which is walked
 * like any other, and is not sent to anybody.
 *
 * An application that refers to very many places is taken to be made from all
 * of those repositories: too many pushes ring it, never too few.
 */
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* Places of one application; what comes after is the whole repository. */
#define PLACES_MAX 64

static size_t count_remote(const struct app *app)
{
	size_t count = 0;

	for (size_t i = 0; i < app->source_count; i++) {
		count += app->sources[i].remote;
	}
	return count;
}

static bool is_same(const struct app_source *source, const struct remote_reference *reference)
{
	return source->remote && strcmp(source->repository, reference->repository) == 0 &&
	       strcmp(source->target_revision, reference->ref) == 0 &&
	       strcmp(source->path, reference->path) == 0 &&
	       strcmp(source->walker != NULL ? source->walker : "", reference->walker) == 0;
}

static int add(struct app *app, const struct remote_reference *reference)
{
	char *url = xasprintf("https://%s", reference->repository);
	json_t *spec = json_pack("{s:s, s:s, s:s, s:s}", "repoURL", url, "targetRevision",
				 reference->ref, "path", reference->path, "walker",
				 reference->walker);
	struct app_source source = { .remote = false };

	free(url);
	int r = app_read_made_source(&source, spec, "linked", NULL);
	json_decref(spec);
	if (r < 0 || source.repository == NULL) {
		app_release_source(&source);
		return -1;
	}
	/* The address as it was normalised says which repository, whatever its alias is. */
	free(source.repository);
	source.repository = xstrdup(reference->repository);
	source.remote = true;
	app->sources = xreallocarray(app->sources, app->source_count + 1, sizeof(*app->sources));
	app->sources[app->source_count++] = source;
	if (!app_sources_fit(app)) {
		app_release_source(&app->sources[--app->source_count]);
		return -1;
	}
	return 0;
}

int app_add_remote_reference(struct app *app, const struct remote_reference *reference)
{
	const struct remote_reference all = {
		.repository = reference->repository, .ref = reference->ref, .path = "",
		.walker = "plain",
	};

	if (count_remote(app) >= PLACES_MAX) {
		reference = &all;
	}
	for (size_t i = 0; i < app->source_count; i++) {
		if (is_same(&app->sources[i], reference) || is_same(&app->sources[i], &all)) {
			return 0;
		}
	}
	return app->source_count < LIMIT_SOURCES ? add(app, reference) : -1;
}

void app_drop_remote_references(struct app *app)
{
	while (app->source_count > 0 && app->sources[app->source_count - 1].remote) {
		app_release_source(&app->sources[--app->source_count]);
	}
}
