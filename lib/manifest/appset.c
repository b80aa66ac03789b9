/*
 * ApplicationSets: what their git generators read.
 *
 * Argo CD (applicationset/generators/git.go, matrix.go, merge.go): a git
 * generator has directories or files, patterns of which some exclude;
 * directories win if both are there.  matrix and merge combine generators and
 * may stand in one another once.  All other generators (list, clusters, scm,
 * pull requests, plugins) do not follow a push.  The template says what the
 * applications look like that are made, which is not read from git.
 *
 * Each git generator becomes a source whose walker is lib/inputs/appset/appset.c,
 * with "+pattern" and "-pattern" for what is included and excluded.  In a
 * matrix, strings may be templates that another generator fills in: what a
 * template may become, matches (app_impl.h, revision.c, inputs/appset/appset.c).
 *
 * Ways to fail: a field of the wrong type; too many generators.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* Generators in a matrix in a merge: no more is allowed. */
#define DEPTH_MAX 3
#define WHERE_MAX 160

struct generation {
	struct app *app;
	size_t capacity;
	struct error *err;
};

/* Add "+path" or "-path" of each entry at key of git to patterns. 0, or -1 with err. */
static int read_patterns(const json_t *git, const char *where, const char *key, json_t *patterns,
			 struct error *err)
{
	const json_t *list = json_object_get(git, key);
	const json_t *entry;
	size_t i;

	if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
		return error_set(err, -1, "%s.%s is not a list", where, key);
	}
	json_array_foreach(list, i, entry) {
		char *path = json_is_object(entry)
				     ? app_take_text(entry, where, "path", APP_TEXT_BYTES, err)
				     : NULL;

		if (!json_is_object(entry)) {
			return error_set(err, -1, "%s.%s[%zu] is not a mapping", where, key, i);
		}
		if (path == NULL) {
			return -1;
		}
		char sign = app_get_bool(entry, "exclude") == 1 ? '-' : '+';
		char *signed_path = xasprintf("%c%s", sign, path);
		(void)json_array_append_new(patterns, json_string(signed_path));
		free(signed_path);
		free(path);
	}
	return 0;
}

/* The options of lib/inputs/appset/appset.c, or NULL with err. */
static json_t *read_options(const json_t *git, const char *where, struct error *err)
{
	json_t *directories = json_array();
	json_t *files = json_array();
	json_t *options = NULL;

	if (read_patterns(git, where, "directories", directories, err) == 0 &&
	    read_patterns(git, where, "files", files, err) == 0) {
		bool by_name = json_array_size(directories) > 0;

		options = json_pack("{s:O}", by_name ? "directories" : "files",
				    by_name ? directories : files);
	}
	json_decref(directories);
	json_decref(files);
	return options;
}

static int read_git(struct generation *r, const json_t *git, const char *where)
{
	struct app *app = r->app;
	json_t *options = NULL;
	json_t *spec = NULL;

	if (!json_is_object(git)) {
		return error_set(r->err, -1, "%s is not a mapping", where);
	}
	if (app->source_count >= LIMIT_SOURCES) {
		return error_set(r->err, -1, "spec has over %d git generators", LIMIT_SOURCES);
	}
	char *url = app_take_text(git, where, "repoURL", APP_TEXT_BYTES, r->err);
	char *revision = app_take_text(git, where, "revision", LIMIT_REF_BYTES, r->err);
	int result = -1;
	if (url == NULL || revision == NULL ||
	    (options = read_options(git, where, r->err)) == NULL) {
		goto out;
	}
	spec = json_pack("{s:s, s:s, s:s, s:O}", "repoURL", url, "targetRevision", revision,
			 "walker", "appset", "options", options);
	app->sources = xgrow(app->sources, app->source_count, &r->capacity, sizeof(*app->sources));
	struct app_source *source = &app->sources[app->source_count++];
	memset(source, 0, sizeof(*source));
	result = app_read_made_source(source, spec, where, r->err);
out:
	json_decref(spec);
	json_decref(options);
	free(url);
	free(revision);
	return result;
}

static int read_generators(struct generation *r, const json_t *list, const char *where,
			   unsigned depth)
{
	static const char *const nests[] = { "matrix", "merge" };
	const json_t *generator;
	size_t i;

	if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
		return error_set(r->err, -1, "%s is not a list", where);
	}
	if (depth > DEPTH_MAX && json_array_size(list) > 0) {
		return error_set(r->err, -1, "%s: generators are nested too deeply", where);
	}
	json_array_foreach(list, i, generator) {
		const json_t *git = json_object_get(generator, "git");
		char below[WHERE_MAX];

		(void)snprintf(below, sizeof(below), "%.100s[%zu].git", where, i);
		if (git != NULL && !json_is_null(git) && read_git(r, git, below) < 0) {
			return -1;
		}
		for (size_t k = 0; k < sizeof(nests) / sizeof(nests[0]); k++) {
			const json_t *nest = json_object_get(generator, nests[k]);

			(void)snprintf(below, sizeof(below), "%.100s[%zu].%s.generators", where, i,
				       nests[k]);
			if (read_generators(r, json_object_get(nest, "generators"), below,
					    depth + 1) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

int appset_read(struct app *app, const json_t *spec, struct error *err)
{
	struct generation r = { .app = app, .err = err };

	if (read_generators(&r, json_object_get(spec, "generators"), "spec.generators", 1) < 0) {
		return -1;
	}
	return app_sources_fit(app) ? 0 : error_set(err, -1, "spec.generators is too large");
}
