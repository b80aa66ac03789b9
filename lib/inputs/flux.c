/*
 * Which files does Flux read for a Kustomization or a HelmRelease?
 *
 * kustomize-controller (internal/controller, fluxcd/pkg/kustomize): spec.path
 * of the source, in which ".." stops at the root, is a Kustomize root.  If it
 * has no kustomization file, one is made that lists every *.yaml and *.yml
 * below it; a directory with a kustomization file is listed as a root of its
 * own, and not looked into.  spec.components are added, relative to the path.
 * What restricts paths in Kustomize is off (LoadRestrictionsNone).
 *
 * source-controller leaves files out of the artifact: what the lines of
 * spec.ignore and of .sourceignore at any level say (flux_ignore.c), and what
 * is not below a directory of spec.sparseCheckout.  This counts where files are
 * listed.  A file that is left out and that a kustomization names makes the
 * build fail, and is logged as if it were there, which loses nothing; so are
 * links, which never come into an artifact.  The controller's own list of
 * things to leave out (.github/, .sops.yaml, ...) holds only if nobody says
 * anything; it is not used, so a change there counts.
 *
 * A chart from a GitRepository (source-controller, HelmChart): with the
 * strategy ChartVersion a new artifact is made only if Chart.yaml has another
 * version, so a change of what Chart.yaml means is all that counts; with
 * Revision the chart and spec.valuesFiles, from the root, count.
 */
#include "inputs/flux.h"

#include <stdlib.h>
#include <string.h>

#include "base/strvec.h"
#include "inputs/helm.h"
#include "inputs/kustomize.h"

/* Of an argument; longer, and what is left out counts, too. */
#define ARGUMENT_MAX 65536

static const char *const names[] = { "kustomization.yaml", "kustomization.yml", "Kustomization" };

static bool is_kustomization(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool kustomization_matches(const char *argument, const char *path, size_t name_at)
{
	(void)argument;
	return is_kustomization(path + name_at);
}

const struct inputs_filter inputs_filter_flux_kustomizations = {
	.name = "flux-kustomizations",
	.match = kustomization_matches,
};

static bool ignore_matches(const char *argument, const char *path, size_t name_at)
{
	(void)argument;
	return strcmp(path + name_at, ".sourceignore") == 0;
}

const struct inputs_filter inputs_filter_flux_ignores = {
	.name = "flux-ignores",
	.match = ignore_matches,
};

/* --- the argument of flux-manifests --- */

static void add_lines(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len > 0) {
			(void)buf_addf(out, "i%.*s\n", (int)len, text);
		}
		text += len + (text[len] == '\n');
	}
}

/* The lines of a .sourceignore file in dir, which is logged. */
static void add_ignore_file(struct inputs_walk *w, const char *dir, const char *path,
			    struct buf *out)
{
	struct buf text;

	buf_init(&text, ARGUMENT_MAX);
	if (inputs_read(w, path, 0, &text, NULL) == INPUTS_FILE && text.len > 0) {
		(void)buf_addf(out, "d%s\n", dir);
		add_lines(out, text.data);
	}
	buf_release(&text);
}

static const char *parent(struct inputs_walk *w, const char *path)
{
	const char *dir = inputs_join(w, path, "..");

	return dir != NULL ? dir : "";
}

/* Those above dir, from the root down. */
static void add_ignores_above(struct inputs_walk *w, const char *dir, struct buf *out)
{
	const char *slash = dir;

	if (dir[0] != '\0') {
		add_ignore_file(w, "", ".sourceignore", out);
	}
	while (dir[0] != '\0' && (slash = strchr(slash, '/')) != NULL) {
		const char *above = inputs_format(w, "%.*s", (int)(slash - dir), dir);

		add_ignore_file(w, above, inputs_format(w, "%s/.sourceignore", above), out);
		slash++;
	}
}

struct collecting {
	struct strvec paths;
};

static void collect(struct inputs_walk *w, void *arg, const char *path,
		    const struct tree_entry *entry)
{
	struct collecting *c = arg;

	(void)w;
	if (entry->kind == TREE_FILE || entry->kind == TREE_EXEC) {
		strvec_push(&c->paths, path);
	}
}

/* Is dir below one of the lines' directories? */
static bool is_below(const struct strvec *dirs, const char *dir)
{
	for (size_t i = 0; i < dirs->count; i++) {
		size_t len = strlen(dirs->items[i]);

		if (strncmp(dirs->items[i], dir, len) == 0 &&
		    (dir[len] == '/' || dir[len] == '\0')) {
			return true;
		}
	}
	return false;
}

/* Shorter paths first: a root is found before those in it. */
static int by_length(const void *a, const void *b)
{
	size_t x = strlen(*(char *const *)a);
	size_t y = strlen(*(char *const *)b);

	return (x > y) - (x < y);
}

/* Directories below dir that are roots of their own become children. */
static void find_roots(struct inputs_walk *w, const char *dir, struct buf *out)
{
	struct collecting found = { .paths = STRVEC_INIT };
	struct strvec roots = STRVEC_INIT;

	inputs_subtree(w, dir, &inputs_filter_flux_kustomizations, NULL, INPUTS_NAMES, collect,
		       &found);
	if (found.paths.count > 0) {
		qsort(found.paths.items, found.paths.count, sizeof(char *), by_length);
	}
	for (size_t i = 0; i < found.paths.count && !inputs_is_opaque(w); i++) {
		const char *root = parent(w, found.paths.items[i]);

		if (strcmp(root, dir) == 0 || is_below(&roots, root)) {
			continue;
		}
		strvec_push(&roots, root);
		(void)buf_addf(out, "r%s\n", root);
		inputs_child(w, &inputs_kustomize, root, NULL, root);
	}
	strvec_release(&roots);
	strvec_release(&found.paths);
}

static void find_ignores(struct inputs_walk *w, const char *dir, struct buf *out)
{
	struct collecting found = { .paths = STRVEC_INIT };

	inputs_subtree(w, dir, &inputs_filter_flux_ignores, NULL, 0, collect, &found);
	for (size_t i = 0; i < found.paths.count && !inputs_is_opaque(w); i++) {
		add_ignore_file(w, parent(w, found.paths.items[i]), found.paths.items[i], out);
	}
	strvec_release(&found.paths);
}

static void add_sparse(const json_t *sparse, struct buf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach(sparse, i, item) {
		const char *dir = json_string_value(item);

		dir = dir != NULL ? dir : "";
		dir += strncmp(dir, "./", 2) == 0 ? 2 : 0;
		if (dir[0] != '\0' && strchr(dir, '\n') == NULL) {
			(void)buf_addf(out, "s%s\n", dir);
		}
	}
}

/* Every manifest below dir but those of other roots and those left out. */
static void list_manifests(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const char *ignore = json_string_value(json_object_get(options, "ignore"));
	struct buf argument;

	buf_init(&argument, ARGUMENT_MAX);
	(void)buf_addf(&argument, "b%s\n", dir);
	find_roots(w, dir, &argument);
	add_sparse(json_object_get(options, "sparse"), &argument);
	add_ignores_above(w, dir, &argument);
	find_ignores(w, dir, &argument);
	if (ignore != NULL) {
		(void)buf_addstr(&argument, "d\n");
		add_lines(&argument, ignore);
	}
	if (buf_is_full(&argument)) {
		buf_reset(&argument);
		(void)buf_addf(&argument, "b%s\n", dir);
	}
	inputs_subtree(w, dir, &inputs_filter_flux_manifests, argument.data, INPUTS_MEANING, NULL,
		       NULL);
	buf_release(&argument);
}

/* --- walkers --- */

static void add_components(struct inputs_walk *w, const char *dir, const json_t *components)
{
	const json_t *item;
	size_t i;

	json_array_foreach(components, i, item) {
		const char *text = json_string_value(item);
		struct inputs_entry entry = { .found = INPUTS_NOTHING };

		if (text == NULL || text[0] == '\0' || strstr(text, "://") != NULL) {
			continue;
		}
		if (inputs_lookup(w, inputs_join(w, dir, text), &entry) == INPUTS_DIRECTORY) {
			inputs_child(w, &inputs_kustomize, entry.real, NULL, text);
		}
	}
}

static void walk_kustomization(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	bool root = false;

	if (inputs_lookup(w, dir, &entry) != INPUTS_DIRECTORY) {
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = inputs_join(w, entry.real, names[i]);

		if (inputs_lookup(w, path, NULL) == INPUTS_FILE) {
			inputs_origin(w, path);
			root = true;
		}
	}
	if (root) {
		inputs_child(w, &inputs_kustomize, entry.real, NULL, NULL);
	} else {
		list_manifests(w, entry.real, options);
	}
	add_components(w, entry.real, json_object_get(options, "components"));
}

const struct inputs_walker inputs_flux_kustomization = {
	.name = "flux-kustomization",
	.walk = walk_kustomization,
};

static void walk_helm(struct inputs_walk *w, const char *dir, const json_t *options)
{
	struct inputs_entry entry = { .found = INPUTS_NOTHING };
	const json_t *item;
	size_t i;

	if (inputs_file(w, dir, 0, &entry) != INPUTS_DIRECTORY) {
		return;
	}
	if (!inputs_true(json_object_get(options, "revision"))) {
		(void)inputs_file(w, inputs_join(w, entry.real, "Chart.yaml"), INPUTS_MEANING,
				  NULL);
		return;
	}
	/* Values are not seen here, so they may hold a template that reads any file. */
	json_t *chart = json_pack("{s:b}", "anything", 1);
	inputs_child(w, &inputs_chart, entry.real, chart, NULL);
	json_decref(chart);
	json_array_foreach(json_object_get(options, "values"), i, item) {
		const char *text = json_string_value(item);

		if (text != NULL) {
			(void)inputs_file(w, inputs_join_clamped(w, "", text), INPUTS_MEANING,
					  NULL);
		}
	}
}

const struct inputs_walker inputs_flux_helm = {
	.name = "flux-helm",
	.walk = walk_helm,
};
