/*
 * What an application gets from Git by addresses that stand in itself.
 *
 * A chart from a registry, or from a repository that is not configured, is
 * often rendered with value files at the pages of a repository that is.  No
 * walk is needed to know them.
 *
 * Where the source is walked, the walk tells the same (lib/inputs), with
 * variables filled in, and knows which of these files are in its own tree.
 * But its ref may be pinned and never pushed to: so what is surely at another
 * place is told here as well.
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
	const struct app_source *walked; // where a walk tells the rest, or NULL
	int failed; // -1: there was no room
};

/* What may begin a variable, which Argo CD fills in, or a template. */
static const char open_marks[] = "${<";

/* A ref without what says that it is a branch or a tag. */
static const char *short_ref(const char *ref)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(ref, prefixes[i], strlen(prefixes[i])) == 0) {
			return ref + strlen(prefixes[i]);
		}
	}
	return ref;
}

/*
 * Is it for the walk of the source to say what is there?  A ref with a "/" is
 * one of several guesses.
 */
static bool is_left_to_walk(const struct app_source *walked, const struct gitplace *place,
			    const char *repository)
{
	const char *ref = place->ref;

	if (walked == NULL) {
		return false;
	}
	return strpbrk(place->path, open_marks) != NULL || ref[0] == '\0' ||
	       strcmp(ref, "HEAD") == 0 || (strchr(ref, '/') != NULL && short_ref(ref) == ref) ||
	       (strcmp(repository, walked->repository) == 0 &&
		strcmp(short_ref(ref), short_ref(walked->target_revision)) == 0);
}

/* Of a path with a variable all of the directory before it counts. */
static char *known_part(const char *path, const char **ret_walker)
{
	size_t len = strcspn(path, open_marks);

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
	if (repository != NULL && strpbrk(place->ref, open_marks) == NULL &&
	    !is_left_to_walk(a->walked, place, repository) &&
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

/* Does anybody walk it, for what it is? */
static bool is_walked(const struct addressed *a, const struct app_source *source)
{
	return source->repository != NULL && (strcmp(source->repository, APP_ANY_REPOSITORY) == 0 ||
					      a->name(a->ctx, source->repository) != NULL);
}

int app_add_addresses(struct app *app, const char *(*name)(void *ctx, const char *address),
		      void *ctx)
{
	struct addressed a = { .app = app, .name = name, .ctx = ctx };
	size_t count = app->id.kind == APP_APPLICATION ? app->source_count : 0;

	for (size_t i = 0; i < count; i++) {
		/* The array of sources moves when one is added. */
		const struct app_source source = app->sources[i];

		if (source.remote) {
			continue;
		}
		json_t *spec = app_source_spec(&source);
		a.walked = is_walked(&a, &source) ? &source : NULL;
		add_files(&a, json_object_get(spec, "helm"));
		add_charts(&a, spec);
		a.walked = NULL;
		json_decref(spec);
	}
	return a.failed;
}
