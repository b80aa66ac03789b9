/*
 * What an application gets from Git by addresses, though nobody walks it.
 *
 * A chart from a registry, or from a repository that is not configured, is
 * often rendered with value files at the pages of a repository that is.  Those
 * addresses stand in the Application itself, so no walk is needed to know
 * them.  (Where the source is walked, the walk tells them: lib/inputs.)
 */
#include <string.h>

#include "base/gitplace.h"
#include "base/giturl.h"
#include "base/oid.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* The references of one application, as they are found. */
struct addressed {
	struct app *app;
	const char *(*name)(void *ctx, const char *address);
	void *ctx;
	const char *walker;
	int failed; // -1: there was no room
};

/* A variable in a path is filled in by Argo CD: all of the directory before it counts. */
static char *known_part(const char *path, const char **ret_walker)
{
	size_t len = strcspn(path, "$");

	if (path[len] == '\0') {
		return xstrdup(path);
	}
	while (len > 0 && path[len - 1] != '/') {
		len--;
	}
	*ret_walker = "plain";
	return xstrndup(path, len);
}

static void add_place(void *arg, const struct gitplace *place)
{
	struct addressed *a = arg;
	char *normal = giturl_normalise(place->url, NULL);
	const char *repository = normal != NULL ? a->name(a->ctx, normal) : NULL;
	struct remote_reference reference = {
		.repository = repository, .walker = a->walker,
		.ref = strcmp(place->ref, "HEAD") != 0 ? place->ref : "",
	};
	struct oid id;

	/* A commit is never moved; a ref that is filled in is known to nobody. */
	if (repository != NULL && strchr(place->ref, '$') == NULL &&
	    oid_from_hex(place->ref, strlen(place->ref), &id) != 0) {
		char *path = known_part(place->path, &reference.walker);

		reference.path = path;
		a->failed = app_add_remote_reference(a->app, &reference) < 0 ? -1 : a->failed;
		free(path);
	}
	free(normal);
}

/* An address may have helm-secrets' own in front, with a key or a backend. */
static void add_file(struct addressed *a, const char *text, const char *walker)
{
	bool secret = strncmp(text, "secrets", 7) == 0;
	const char *at = secret ? strstr(text, "://") : text;

	a->walker = secret ? "single-raw" : walker;
	at = secret && at != NULL ? at + 3 : at;
	while (at != NULL) {
		if (gitplace_is_http(at) || gitplace_after(at, "git+") != NULL ||
		    gitplace_after(at, "git::") != NULL) {
			gitplace_of_file(at, add_place, a);
			return;
		}
		at = secret ? strpbrk(at, "?!=") : NULL;
		at = at != NULL ? at + 1 : NULL;
	}
}

static void add_files(struct addressed *a, const json_t *helm)
{
	const json_t *item = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(helm, "valueFiles"), i, item) {
		if (json_is_string(item)) {
			add_file(a, json_string_value(item), "single");
		}
	}
	json_array_foreach(json_object_get(helm, "fileParameters"), i, item) {
		const char *path = json_string_value(json_object_get(item, "path"));

		if (path != NULL) {
			add_file(a, path, "single-raw");
		}
	}
}

/* A repository of charts may be a directory in Git, or lie on its pages. */
static void add_charts(struct addressed *a, const json_t *spec)
{
	const char *chart = json_string_value(json_object_get(spec, "chart"));
	const char *url = json_string_value(json_object_get(spec, "repoURL"));
	struct gitplace place = { .url = NULL };

	if (chart == NULL || chart[0] == '\0' || url == NULL) {
		return;
	}
	a->walker = "chart-repository";
	if (gitplace_parse(url, &place)) {
		add_place(a, &place);
		gitplace_release(&place);
	}
	a->walker = "single";
	gitplace_of_index(url, add_place, a);
}

int app_add_addresses(struct app *app, const char *(*name)(void *ctx, const char *address),
		      void *ctx)
{
	struct addressed a = { .app = app, .name = name, .ctx = ctx };
	size_t count = app->id.kind == APP_APPLICATION ? app->source_count : 0;

	for (size_t i = 0; i < count; i++) {
		const char *repository = app->sources[i].repository;
		bool walked = repository != NULL &&
			      (strcmp(repository, APP_ANY_REPOSITORY) == 0 ||
			       name(ctx, repository) != NULL);

		if (walked || app->sources[i].remote) {
			continue;
		}
		/* The array of sources moves when one is added. */
		json_t *spec = app_source_spec(&app->sources[i]);

		add_files(&a, json_object_get(spec, "helm"));
		add_charts(&a, spec);
		json_decref(spec);
	}
	return a.failed;
}
