/*
 * Which files are patches, by what kustomizations say.
 *
 * Kustomize (api/types/kustomization.go; builtin transformers): "patches" and
 * "patchesJson6902" have a path each, "patchesStrategicMerge" is a list of
 * paths, or of patches written out; a transformer of a file of its own has
 * "path" or "paths".  A component is a kustomization, too, in a file of its own.
 *
 * Paths are compared as texts, cleaned: what a link leads to is not looked at.
 */
#include "manifest/patch.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_impl.h"
#include "manifest/template.h"

#define GROUP "kustomize.config.k8s.io/"

struct patch_file {
	char *path;           // cleaned
	char *as_read;        // as whoever reads it calls it, or NULL: it was not read
	enum app_kind kind;   // of an application in it
	bool moves;           // it may change what an application is made from
	UT_hash_handle hh;
};

struct patch_set {
	struct patch_file *files;
};

/* --- what a kustomization says --- */

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void add_file(struct strvec *files, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text != NULL && text[0] != '\0' && strlen(text) <= LIMIT_PATH_BYTES &&
	    strchr(text, '\n') == NULL) {
		strvec_push(files, text);
	}
}

/* Of each member of a list, or of what stands at a key of it. */
static void add_files(struct strvec *files, const json_t *list, const char *key)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		add_file(files, key != NULL ? json_object_get(item, key) : item);
	}
}

static bool is_kustomization(const char *version, const char *kind)
{
	return (version[0] == '\0' || strncmp(version, GROUP, strlen(GROUP)) == 0) &&
	       (kind[0] == '\0' || strcmp(kind, "Kustomization") == 0 ||
		strcmp(kind, "Component") == 0);
}

static bool is_transformer(const char *version, const char *kind)
{
	return strcmp(version, "builtin") == 0 && strncmp(kind, "Patch", 5) == 0;
}

void patch_find(const json_t *document, struct strvec *files)
{
	const char *version = text_at(document, "apiVersion");
	const char *kind = text_at(document, "kind");

	if (is_kustomization(version, kind)) {
		add_files(files, json_object_get(document, "patches"), "path");
		add_files(files, json_object_get(document, "patchesJson6902"), "path");
		add_files(files, json_object_get(document, "patchesStrategicMerge"), NULL);
	} else if (is_transformer(version, kind)) {
		add_file(files, json_object_get(document, "path"));
		add_files(files, json_object_get(document, "paths"), NULL);
	}
}

/* --- paths --- */

/* Where the last component of a cleaned path begins. */
static size_t last_component(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/') {
		len--;
	}
	return len;
}

/* Without "." and doubled slashes, and without what ".." takes back; a "/" in front stays. */
static char *clean(const char *path)
{
	char *out = xmalloc(strlen(path) + 2);
	size_t root = path[0] == '/';
	size_t len = 0;

	for (const char *p = path; *p != '\0'; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");
		size_t last = last_component(out, len);
		bool up = n == 2 && strncmp(p, "..", 2) == 0;
		bool stuck = len == 0 || (len - last == 2 && strncmp(out + last, "..", 2) == 0);

		if (up && !stuck) {
			len = last > 0 ? last - 1 : 0;
		} else if (n > 0 && !(n == 1 && p[0] == '.') && !(up && root)) {
			if (len > 0) {
				out[len++] = '/';
			}
			memcpy(out + len, p, n);
			len += n;
		}
		p += n;
	}
	memmove(out + root, out, len);
	if (root) {
		out[0] = '/';
	}
	out[root + len] = '\0';
	return out;
}

/* --- a set of them --- */

struct patch_set *patch_set_new(void)
{
	return xcalloc(1, sizeof(struct patch_set));
}

void patch_set_free(struct patch_set *set)
{
	struct patch_file *file;
	struct patch_file *next;

	if (set == NULL) {
		return;
	}
	HASH_ITER(hh, set->files, file, next) {
		HASH_DEL(set->files, file);
		free(file->path);
		free(file->as_read);
		free(file);
	}
	free(set);
}

void patch_set_add(struct patch_set *set, const char *file, const char *written)
{
	int folder = written[0] == '/' ? 0 : (int)last_component(file, strlen(file));
	char *joined = xasprintf("%.*s%s", folder, file, written);
	char *path = clean(joined);
	struct patch_file *patch = NULL;

	free(joined);
	HASH_FIND_STR(set->files, path, patch);
	if (patch != NULL) {
		free(path);
		return;
	}
	patch = xcalloc(1, sizeof(*patch));
	patch->path = path;
	HASH_ADD_KEYPTR(hh, set->files, patch->path, strlen(patch->path), patch);
}

struct patch_file *patch_set_find(const struct patch_set *set, const char *path)
{
	struct patch_file *patch = NULL;

	if (set->files == NULL) {
		return NULL;
	}
	char *cleaned = clean(path);
	HASH_FIND_STR(set->files, cleaned, patch);
	free(cleaned);
	if (patch != NULL && patch->as_read == NULL) {
		patch->as_read = xstrdup(path);
	}
	return patch;
}

/* --- what is in them --- */

/*
 * May it change which files are read?  A part of one of Flux's objects seldom
 * says so; one that names its source counts itself.
 */
static bool moves(const struct app *app)
{
	const json_t *chart = json_object_get(json_object_get(app->spec, "chart"), "spec");

	if (app->id.kind == APP_APPLICATION || app->id.kind == APP_APPLICATION_SET) {
		return app->source_count > 0;
	}
	return text_at(app->spec, "path")[0] != '\0' || text_at(chart, "chart")[0] != '\0' ||
	       json_array_size(json_object_get(chart, "valuesFiles")) > 0;
}

void patch_note_app(struct patch_file *patch, struct app *app)
{
	app->patch = true;
	if (moves(app) && !patch->moves) {
		patch->moves = true;
		patch->kind = app->id.kind;
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);
	size_t m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

void patch_note_problem(struct patch_file *patch, const char *problem)
{
	if (!ends_with(problem, APP_NO_SOURCE) && !ends_with(problem, APP_NO_SPEC)) {
		patch->moves = true;
	}
}

void patch_set_say(struct patch_set *set, struct strvec *problems)
{
	struct patch_file *patch;
	struct patch_file *next;

	HASH_ITER(hh, set->files, patch, next) {
		char *advice = template_advice(patch->kind);

		if (patch->moves) {
			strvec_pushf(problems, "%s:1:1: a patch of a kustomization, and no %s of "
				     "its own: what Kustomize makes of it is not known here; %s",
				     patch->as_read, app_kind_name(patch->kind), advice);
		}
		free(advice);
		patch->moves = false;
		patch->kind = APP_APPLICATION;
	}
}

/* The patch that a line ("path:line:...") or an origin is about, or NULL. */
static struct patch_file *find_of_line(const struct patch_set *set, const char *line)
{
	struct patch_file *patch = NULL;
	unsigned tries = 0;

	/* A path may hold colons, but hardly many. */
	for (const char *p = strchr(line, ':'); p != NULL && patch == NULL && tries++ < 4;
	     p = strchr(p + 1, ':')) {
		char *path = xstrndup(line, (size_t)(p - line));

		patch = patch_set_find(set, path);
		free(path);
	}
	return patch;
}

void patch_set_settle(struct patch_set *set, const struct app_list *list,
		      struct strvec *problems)
{
	struct strvec kept = STRVEC_INIT;

	if (set->files == NULL) {
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct patch_file *patch = find_of_line(set, list->items[i]->origin);

		if (patch != NULL) {
			patch_note_app(patch, list->items[i]);
		}
	}
	for (size_t i = 0; i < problems->count; i++) {
		struct patch_file *patch = find_of_line(set, problems->items[i]);

		if (patch != NULL) {
			patch_note_problem(patch, problems->items[i]);
		} else {
			strvec_push(&kept, problems->items[i]);
		}
	}
	patch_set_say(set, &kept);
	strvec_release(problems);
	*problems = kept;
}
