/*
 * The engine on a pipe, for the oracle (tests/support/oracle.py).
 *
 *     oracle_walk REPOSITORY < requests > answers
 *
 * One JSON object a line each way.  {"op": "inputs", "commit", "dir",
 * "walker", "options"} walks a unit and all units it is made from; the answer
 * holds their probes, the files that these stand for, and why a unit is
 * opaque.  {"op": "affected", "ref", "before", "after", "roots", "fresh", "default"} asks
 * which of some applications, one for each root, a push affects; the state of
 * the ref is kept between requests unless it is to be fresh.  Instead of
 * "roots" there may be "manifests", a text of applications of any kinds, which
 * are then told by their full names; {"op": "application", "ref", "commit",
 * "manifests", "name"} answers for one of these as "inputs" does for a unit.
 * An answer with "error" means that the request failed.
 *
 *     oracle_walk --objects < manifests
 *
 * writes the objects of a stream of YAML in one form, each on a line, without
 * those that are empty; it fails if that is no YAML.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "affected/affected.h"
#include "affected/affected_inputs.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strvec.h"
#include "base/xalloc.h"
#include "base/yaml.h"
#include "inputs/inputs.h"
#include "manifest/app.h"
#include "repo/repo.h"
#include "repo/tree.h"
#include "repo/treereader.h"
#include "manifest/app_yaml.h"

#define MAX_UNITS 20000
#define URL "https://git.example.com/oracle/repository"

/* What is kept between requests. */
struct world {
	const char *path;
	struct repo *repo;
	struct inputs *inputs;
	struct affected_state *state;
	struct app_list apps; // of state
	json_t *asked;        // roots or manifests that apps were made for
	json_t *names;        // what each of apps is called in answers
};

/* One answer in the making. */
struct answer {
	const struct treereader *reader;
	struct inputs *inputs;
	struct strvec units; // "walker NUL dir NUL options" is flattened with tabs
	json_t *probes;
	json_t *files;       // an object used as a set
	json_t *opaque;
};

static const char *const kinds[] = {
	[PROBE_FILE] = "file",       [PROBE_ABSENT] = "absent", [PROBE_SUBTREE] = "subtree",
	[PROBE_LIST] = "list",       [PROBE_GLOB] = "glob",     [PROBE_ALWAYS] = "always",
	[PROBE_REMOTE] = "elsewhere",
};

/* A place in the tree below a probe that stands for many paths. */
struct below {
	struct answer *answer;
	const struct inputs_probe *probe;
	size_t skip;
	bool recurse;
};

static bool wanted(const struct below *b, const char *path)
{
	const struct inputs_probe *probe = b->probe;
	const char *relative = path + b->skip;
	const char *slash = strrchr(relative, '/');

	if (probe->kind == PROBE_GLOB) {
		return glob_match(probe->dialect, probe->path, path) == GLOB_MATCH;
	}
	return probe->filter == NULL ||
	       probe->filter->match(probe->argument, relative,
				    slash != NULL ? (size_t)(slash + 1 - relative) : 0);
}

static void collect(const struct below *b, const char *dir, const struct oid *id)
{
	struct repo *repo = b->answer->reader->repo;
	struct error err = ERROR_INIT;
	struct tree *tree = NULL;

	if (tree_get(repo, id, &tree, &err) != REPO_OK) {
		return;
	}
	for (uint32_t i = 0; i < tree->count; i++) {
		struct tree_entry entry = tree_entry_of(tree, &tree->items[i]);
		char *path = xasprintf("%s%s%s", dir, dir[0] != '\0' ? "/" : "",
				       tree_name(tree, &tree->items[i]));

		if (entry.kind == TREE_DIR && b->recurse) {
			collect(b, path, &entry.id);
		}
		if (entry.kind != TREE_DIR && wanted(b, path)) {
			json_object_set_new(b->answer->files, path, json_true());
		}
		free(path);
	}
	tree_put(repo, tree);
}

static void add_files(struct answer *answer, const struct inputs_probe *probe)
{
	struct below below = { .answer = answer, .probe = probe };
	const char *dir = probe->kind == PROBE_GLOB ? "" : probe->path;
	struct tree_entry entry = { .kind = TREE_ABSENT };
	struct error err = ERROR_INIT;
	size_t used = 0;

	if (probe->kind == PROBE_FILE) {
		json_object_set_new(answer->files, probe->path, json_true());
		return;
	}
	if (probe->kind == PROBE_ABSENT || probe->kind >= PROBE_ALWAYS ||
	    treereader_lookup(answer->reader, dir, &entry, &used, &err) != REPO_OK ||
	    entry.kind != TREE_DIR || used != strlen(dir)) {
		return;
	}
	below.skip = dir[0] != '\0' ? strlen(dir) + 1 : 0;
	below.recurse = probe->kind != PROBE_LIST;
	collect(&below, dir, &entry.id);
}

static void add_probe(struct answer *answer, const struct inputs_probe *probe)
{
	json_array_append_new(
		answer->probes,
		json_pack("{s:s, s:i, s:s, s:s, s:s}", "kind", kinds[probe->kind], "flags",
			  (int)probe->flags, "path", probe->path, "filter",
			  probe->filter != NULL ? probe->filter->name : "", "argument",
			  probe->argument != NULL ? probe->argument : ""));
	add_files(answer, probe);
}

static void queue(struct answer *answer, const char *walker, const char *dir, const char *options)
{
	char *unit = xasprintf("%s\t%s\t%s", walker, dir, options);

	if (answer->units.count < MAX_UNITS) {
		strvec_push_unique(&answer->units, unit);
	}
	free(unit);
}

static int walk_unit(struct answer *answer, const char *unit, struct error *err)
{
	char *walker = xstrdup(unit);
	char *dir = strchr(walker, '\t') + 1;
	char *options = strchr(dir, '\t') + 1;
	const struct inputs_trace *trace = NULL;
	int r = -1;

	dir[-1] = '\0';
	options[-1] = '\0';
	if (inputs_walker_find(walker) == NULL) {
		error_set(err, -1, "no walker \"%s\"", walker);
		goto out;
	}
	r = inputs_walk_unit(answer->inputs, answer->reader, inputs_walker_find(walker), dir,
			     options, &trace, err);
	if (r != 0) {
		goto out;
	}
	for (size_t i = 0; i < trace->probe_count; i++) {
		add_probe(answer, &trace->probes[i]);
	}
	for (size_t i = 0; i < trace->child_count; i++) {
		const struct inputs_child *child = &trace->children[i];

		queue(answer, inputs_walker_name(child->walker), child->dir, child->options);
	}
	if (trace->opaque != NULL) {
		json_array_append_new(answer->opaque, json_string(trace->opaque));
	}
out:
	free(walker);
	return r;
}

static void answer_init(struct answer *answer)
{
	answer->probes = json_array();
	answer->files = json_object();
	answer->opaque = json_array();
}

/* The answer as JSON; it is released. NULL if it failed. */
static json_t *answer_end(struct answer *answer, int units, int r)
{
	json_t *result = NULL;

	if (r == 0) {
		result = json_pack("{s:i, s:O, s:O, s:O}", "units", units, "probes", answer->probes,
				   "files", answer->files, "opaque", answer->opaque);
	}
	json_decref(answer->probes);
	json_decref(answer->files);
	json_decref(answer->opaque);
	strvec_release(&answer->units);
	return result;
}

static json_t *inputs_answer(struct inputs *inputs, struct repo *repo, const json_t *request,
			     struct error *err)
{
	struct answer answer = { .inputs = inputs };
	struct treereader reader = { .repo = repo };
	struct oid commit;
	const char *revision = json_string_value(json_object_get(request, "commit"));
	const char *dir = json_string_value(json_object_get(request, "dir"));
	const char *walker = json_string_value(json_object_get(request, "walker"));
	const json_t *given = json_object_get(request, "options");
	char *options = json_is_object(given) ? json_dumps(given, JSON_COMPACT) : NULL;

	if (revision == NULL || dir == NULL || walker == NULL ||
	    repo_resolve(repo, revision, &commit, err) != REPO_OK ||
	    repo_peel(repo, &commit, NULL, &reader.tree, err) != REPO_OK) {
		free(options);
		return NULL;
	}
	answer.reader = &reader;
	answer_init(&answer);
	queue(&answer, walker, dir, options != NULL ? options : "");
	int r = 0;
	for (size_t i = 0; i < answer.units.count && r == 0; i++) {
		r = walk_unit(&answer, answer.units.items[i], err);
	}
	free(options);
	return answer_end(&answer, (int)answer.units.count, r);
}

/* A root is a path, or that of a chart, "|", and that of a value file or nothing. */
static json_t *make_source(const char *root)
{
	const char *bar = strchr(root, '|');
	size_t len = bar != NULL ? (size_t)(bar - root) : strlen(root);
	json_t *source = json_pack("{s:s, s:s%, s:s}", "repoURL", URL, "path", root, len,
				   "targetRevision", "HEAD");

	if (bar != NULL) {
		char *values = xasprintf("/%s", bar + 1);
		json_t *helm = json_pack("{s:s}", "releaseName", "release");

		if (bar[1] != '\0') {
			json_object_set_new(helm, "valueFiles", json_pack("[s]", values));
		}
		json_object_set_new(source, "helm", helm);
		free(values);
	}
	return source;
}

/* Read manifests of any kinds; *ret_names gets a new array of their full names. */
static int read_apps(const char *manifests, struct app_list *list, json_t **ret_names,
		     struct error *err)
{
	struct manifests m = { .list = *list };
	int r = manifests_read(manifests, strlen(manifests), "oracle", &m, err);

	app_link(&m.list, &m.problems);
	if (r == 0 && m.problems.count > 0) {
		error_set(err, -1, "%s", m.problems.items[0]);
		r = -1;
	}
	*list = m.list;
	m.list = (struct app_list){ .items = NULL };
	manifests_release(&m);
	if (r != 0) {
		return r;
	}
	*ret_names = json_array();
	for (size_t i = 0; i < list->count; i++) {
		char *name = app_full_name(list->items[i]);

		json_array_append_new(*ret_names, json_string(name));
		free(name);
	}
	return 0;
}

static int make_apps(const json_t *roots, struct app_list *list, struct error *err)
{
	const json_t *root = NULL;
	size_t i = 0;

	json_array_foreach(roots, i, root) {
		char *name = xasprintf("app-%zu", i);
		json_t *app = json_pack("{s:s, s:s, s:{s:s}, s:{s:o}}", "apiVersion",
					"argoproj.io/v1alpha1", "kind", "Application", "metadata",
					"name", name, "spec", "source",
					make_source(json_string_value(root)));
		struct app *made = NULL;
		int r = app_from_json(app, "oracle", &made, err);

		json_decref(app);
		free(name);
		if (r != APP_OK) {
			return -1;
		}
		app_list_add_take(list, made);
	}
	return 0;
}

static void forget_state(struct world *world)
{
	affected_state_free(world->state);
	world->state = NULL;
	app_list_release(&world->apps);
	json_decref(world->asked);
	json_decref(world->names);
	world->asked = NULL;
	world->names = NULL;
}

/* Have a state whose applications are those that the request names. */
static int want_state(struct world *world, const json_t *request, struct error *err)
{
	const struct affected_options options = {
		.repository_url = URL,
		.path = world->path,
		.allow_alternates = true,
	};
	json_t *roots = json_object_get(request, "roots");
	json_t *manifests = json_object_get(request, "manifests");
	json_t *asked = roots != NULL ? roots : manifests;

	if (world->state != NULL && json_equal(world->asked, asked)) {
		return 0;
	}
	forget_state(world);
	world->asked = json_incref(asked);
	int r = roots != NULL ? make_apps(roots, &world->apps, err)
			      : read_apps(json_string_value(manifests), &world->apps,
					  &world->names, err);
	if (r == 0 && roots != NULL) {
		world->names = json_incref(roots);
	}
	if (r != 0 || affected_state_new(&options, &world->state, err) != 0) {
		forget_state(world);
		return -1;
	}
	affected_set_apps(world->state, &world->apps);
	return 0;
}

/* As add_probe(), of what an application reads. */
static void add_input(struct answer *answer, const struct affected_input *input)
{
	const struct inputs_probe probe = {
		.kind = input->kind,
		.flags = (uint8_t)input->flags,
		.dialect = input->dialect,
		.path = input->path,
		.filter = input->filter[0] != '\0' ? inputs_filter_find(input->filter) : NULL,
		.argument = input->argument,
	};

	add_probe(answer, &probe);
	if (input->why[0] != '\0') {
		json_array_append_new(answer->opaque, json_string(input->why));
	}
}

static json_t *application_answer(struct world *world, const json_t *request, struct error *err)
{
	struct treereader reader = { .repo = world->repo };
	struct affected_inputs inputs = { .items = NULL };
	struct affected_inputs_request wanted = {
		.ref = json_string_value(json_object_get(request, "ref")),
		.default_branch = "main",
		.application = json_string_value(json_object_get(request, "name")),
	};
	struct answer answer = { .reader = &reader };
	const char *commit = json_string_value(json_object_get(request, "commit"));

	if (commit == NULL || wanted.ref == NULL || wanted.application == NULL ||
	    repo_resolve(world->repo, commit, &wanted.commit, err) != REPO_OK ||
	    repo_peel(world->repo, &wanted.commit, NULL, &reader.tree, err) != REPO_OK ||
	    want_state(world, request, err) != 0) {
		return NULL;
	}
	int r = affected_inputs(world->state, &wanted, &inputs, err);
	answer_init(&answer);
	for (size_t i = 0; i < inputs.count; i++) {
		add_input(&answer, &inputs.items[i]);
	}
	int sources = (int)inputs.sources;
	affected_inputs_release(&inputs);
	return answer_end(&answer, sources, r);
}

static json_t *result_json(const struct affected *result, const json_t *all)
{
	json_t *names = json_array();
	json_t *reasons = json_object();

	for (size_t i = 0; i < result->count; i++) {
		const struct affected_application *item = &result->items[i];
		json_t *name = json_array_get(all, item->app);

		json_array_append(names, name);
		if (item->reason_count > 0) {
			json_object_set_new(reasons, json_string_value(name),
					    json_string(item->reasons[0].path));
		}
	}
	return json_pack("{s:o, s:o, s:s?}", "roots", names, "reasons", reasons, "fallback",
			 result->fallback != FALLBACK_NONE ? fallback_text(result->fallback) : NULL);
}

static json_t *affected_answer(struct world *world, const json_t *request, struct error *err)
{
	const char *before = json_string_value(json_object_get(request, "before"));
	const char *after = json_string_value(json_object_get(request, "after"));
	bool fresh = json_is_true(json_object_get(request, "fresh"));
	struct affected_request push = {
		.ref = json_string_value(json_object_get(request, "ref")),
		.default_branch = json_string_value(json_object_get(request, "default")),
	};
	struct affected result = { .count = 0 };
	struct world once = { .path = world->path };
	json_t *answer = NULL;

	if (before == NULL || after == NULL || push.ref == NULL ||
	    repo_resolve(world->repo, before, &push.before, err) != REPO_OK ||
	    repo_resolve(world->repo, after, &push.after, err) != REPO_OK) {
		return NULL;
	}
	struct world *used = fresh ? &once : world;
	if (want_state(used, request, err) == 0 &&
	    affected_compute(used->state, &push, &result, err) == 0) {
		answer = result_json(&result, used->names);
	}
	affected_release(&result);
	forget_state(&once);
	return answer;
}

static json_t *answer_to(struct world *world, const json_t *request, struct error *err)
{
	const char *op = json_string_value(json_object_get(request, "op"));

	if (op != NULL && strcmp(op, "inputs") == 0) {
		return inputs_answer(world->inputs, world->repo, request, err);
	}
	if (op != NULL && strcmp(op, "application") == 0) {
		return application_answer(world, request, err);
	}
	if (op != NULL && strcmp(op, "affected") == 0) {
		return affected_answer(world, request, err);
	}
	error_set(err, -1, "no such operation");
	return NULL;
}

static void serve(struct world *world)
{
	char *line = NULL;
	size_t capacity = 0;

	while (getline(&line, &capacity, stdin) > 0) {
		struct error err = ERROR_INIT;
		json_t *request = json_loads(line, 0, NULL);

		repo_begin(world->repo);
		json_t *answer = answer_to(world, request, &err);
		if (answer == NULL) {
			answer = json_pack("{s:s}", "error", err.text);
		}
		json_dumpf(answer, stdout, JSON_COMPACT);
		fputc('\n', stdout);
		fflush(stdout);
		json_decref(answer);
		json_decref(request);
	}
	free(line);
}

static int write_objects(void)
{
	const struct yaml_options options = { .mark_plain = true };
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;
	struct buf text;
	char block[65536];

	buf_init(&text, LIMIT_YAML_BYTES);
	for (size_t n; (n = fread(block, 1, sizeof(block), stdin)) > 0;) {
		(void)buf_add(&text, block, n);
	}
	int r = buf_is_full(&text) ||
		yaml_parse(text.data, text.len, &options, &stream, &err) != YAML_OK;
	for (size_t i = 0; r == 0 && i < yaml_stream_count(stream); i++) {
		const json_t *object = yaml_stream_document(stream, i);

		if (object != NULL && !json_is_null(object)) {
			json_dumpf(object, stdout, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
			fputc('\n', stdout);
		}
	}
	yaml_stream_free(stream);
	buf_release(&text);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct world world = { .path = argc == 2 ? argv[1] : NULL };

	if (world.path != NULL && strcmp(world.path, "--objects") == 0) {
		return write_objects();
	}
	if (world.path == NULL) {
		fprintf(stderr, "usage: oracle_walk REPOSITORY | --objects\n");
		return 2;
	}
	if (repo_open(world.path, true, &world.repo, &err) != 0) {
		fprintf(stderr, "oracle_walk: %s\n", err.text);
		return 1;
	}
	world.inputs = inputs_new(NULL, NULL);
	serve(&world);
	forget_state(&world);
	inputs_free(world.inputs);
	repo_free(world.repo);
	return 0;
}
