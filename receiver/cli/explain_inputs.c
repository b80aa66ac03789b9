/*
 * "explain --inputs" and "explain --lint": what applications read.
 *
 * --inputs lists the probes of one application: what they are, where, and by
 * which chain of files the application came to read them.  --lint names what
 * an application reads and its manifest-generate-paths annotation does not
 * name: a change there leaves Argo CD stale until it polls without the
 * annotation.
 */
#include <stdlib.h>
#include <string.h>

#include "affected/affected_json.h"
#include "base/buf.h"
#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "receiver/cli/explain.h"
#include "receiver/cli/verb.h"

static const struct {
	unsigned flag;
	const char *name;
} flags[] = {
	{ PROBE_MEANING, "meaning" }, { PROBE_NAMES, "names" }, { PROBE_DIRS, "directories" },
	{ PROBE_EXEC, "mode" },       { PROBE_BELOW, "below" },
	{ PROBE_NO_FILES, "no-files" },
};

/* The names of the applications that are called so, as they are to be written. */
static void fail_ambiguous(struct explain *e, const struct app_list *apps)
{
	struct buf hint;

	buf_init(&hint, ERROR_TEXT_MAX);
	(void)buf_addstr(&hint, "name one of them in full:");
	for (size_t i = 0; i < apps->count; i++) {
		if (strcmp(apps->items[i]->id.name, e->inputs) == 0) {
			char *full = app_full_name(apps->items[i]);

			(void)buf_addf(&hint, " %s", full);
			free(full);
		}
	}
	(void)explain_fail(e, EXPLAIN_FAILED, "application", hint.data,
			   "there is more than one application %s", e->inputs);
	buf_release(&hint);
}

const struct app *explain_find_app(struct explain *e, const struct app_list *apps)
{
	const struct app *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < apps->count; i++) {
		const struct app *app = apps->items[i];
		char *full = app_full_name(app);
		bool exact = strcmp(full, e->inputs) == 0;

		free(full);
		if (exact) {
			return app;
		}
		if (strcmp(app->id.name, e->inputs) == 0) {
			found = app;
			count++;
		}
	}
	if (count > 1) {
		fail_ambiguous(e, apps);
		return NULL;
	}
	if (count == 0) {
		(void)explain_fail(e, EXPLAIN_FAILED, "application",
				   "name it as explain does: NAME, NAMESPACE/NAME or, of Flux and "
				   "ApplicationSets, KIND:NAMESPACE/NAME",
				   "there is no application %s among the %zu that were read",
				   e->inputs, apps->count);
	}
	return found;
}

static json_t *flags_to_json(unsigned set)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (set & flags[i].flag) {
			(void)json_array_append_new(array, json_string(flags[i].name));
		}
	}
	return array;
}

static json_t *via_to_json(const struct strvec *via)
{
	json_t *array = json_array();

	for (size_t i = 0; i < via->count; i++) {
		(void)json_array_append_new(array, text_to_json(via->items[i]));
	}
	return array;
}

static json_t *input_to_json(const struct affected_input *input)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
			 (json_int_t)input->source, "probe", probe_kind_name(input->kind), "path",
			 text_to_json(input->path), "filter",
			 text_to_json(input->filter), "argument",
			 text_to_json(input->argument), "flags",
			 flags_to_json(input->flags), "via", via_to_json(&input->via), "why",
			 text_to_json(input->why));
}

static json_t *missed_to_json(const struct affected_input *input, const char *name)
{
	return json_pack("{s:s, s:I, s:s, s:o, s:o}", "application", name, "source",
			 (json_int_t)input->source, "probe", probe_kind_name(input->kind), "path",
			 text_to_json(input->path), "via", via_to_json(&input->via));
}

static void print_json(const struct explain *e, const struct app_list *apps,
		       const struct affected_inputs *inputs)
{
	char hex[OID_HEX_MAX + 1];
	json_t *items = json_array();
	double elapsed = (double)(mstime_nanoseconds() - e->started_ns) / 1e6;

	for (size_t i = 0; i < inputs->count; i++) {
		char *name = app_full_name(apps->items[inputs->items[i].app]);

		(void)json_array_append_new(items, e->lint
							   ? missed_to_json(&inputs->items[i], name)
							   : input_to_json(&inputs->items[i]));
		free(name);
	}
	json_t *tree = json_pack("{s:o, s:s, s:o}", "repository",
				 text_to_json(e->repository), "revision",
				 oid_to_hex(&e->after, hex), "ref", text_to_json(e->ref));
	if (!e->lint) {
		char *name = inputs->count > 0 ? app_full_name(apps->items[inputs->items[0].app])
					       : NULL;

		(void)json_object_set_new(tree, "application",
					  text_to_json(name != NULL ? name : e->inputs));
		free(name);
	}
	(void)json_object_set_new(tree, "sources", json_integer((json_int_t)inputs->sources));
	(void)json_object_set_new(tree, "total", json_integer((json_int_t)inputs->total));
	(void)json_object_set_new(tree, e->lint ? "missed" : "inputs", items);
	(void)json_object_set_new(tree, "elapsed_ms", json_real(elapsed));
	explain_put_json(tree);
}

/* What a filter takes, for people. Others are named, with what they were given. */
static const struct {
	const char *filter;
	const char *text;
} filter_texts[] = {
	{ "type", "kustomization.yaml, Chart.yaml: by these the tool is chosen" },
	{ "chart", "what Helm takes of a chart" },
	{ "flux-excluded", "what Flux leaves out of an artifact" },
	{ "flux-kustomizations", "kustomization.yaml" },
	{ "flux-ignores", ".sourceignore" },
	{ "flux-manifests", "YAML" },
};

/* "include\nexclude" of a directory of manifests, either may be empty. */
static void print_manifests(const struct affected_input *input)
{
	const char *argument = input->argument;
	size_t include = strcspn(argument, "\n");

	(void)printf("%s", strcmp(input->filter, "manifests") == 0 ? "YAML, JSON, Jsonnet"
								   : "any file");
	if (include > 0) {
		char *text = xstrndup(argument, include);

		(void)printf("; include ");
		verb_fput(stdout, text);
		free(text);
	}
	if (argument[include] != '\0' && argument[include + 1] != '\0') {
		(void)printf("; exclude ");
		verb_fput(stdout, argument + include + 1);
	}
}

static void print_filter(const struct affected_input *input)
{
	for (size_t i = 0; i < sizeof(filter_texts) / sizeof(filter_texts[0]); i++) {
		if (strcmp(input->filter, filter_texts[i].filter) == 0) {
			(void)printf("%s", filter_texts[i].text);
			return;
		}
	}
	if (strcmp(input->filter, "manifests") == 0 ||
	    strcmp(input->filter, "any-manifests") == 0) {
		print_manifests(input);
		return;
	}
	verb_fput(stdout, input->filter);
	(void)printf("%s", input->argument[0] != '\0' ? " " : "");
	verb_fput(stdout, input->argument);
}

/* Which paths below a directory count, and what else is to be said of an input. */
static void print_notes(const struct affected_input *input, const struct app *app)
{
	if (input->filter[0] != '\0') {
		(void)printf("  [");
		print_filter(input);
		(void)printf("]");
	}
	if (input->why[0] != '\0') {
		(void)printf(input->kind == PROBE_ALWAYS ? "  (" : "  (all of it: ");
		verb_fput(stdout, input->why);
		(void)printf(")");
	}
	if (input->kind == PROBE_ABSENT && input->via.count == 0 &&
	    strcmp(input->path, app->sources[input->source].path) == 0) {
		(void)printf("  (the path of the source: it is not there)");
	}
}

/* Does an input read like the one before it? Programs are told all, people once. */
static bool is_repeated(const struct affected_input *input, const struct affected_input *last)
{
	bool same = input->source == last->source && input->kind == last->kind &&
		    ((input->flags ^ last->flags) & PROBE_NAMES) == 0 &&
		    strcmp(input->path, last->path) == 0 &&
		    strcmp(input->filter, last->filter) == 0 &&
		    strcmp(input->argument, last->argument) == 0 &&
		    strcmp(input->why, last->why) == 0 && input->via.count == last->via.count;

	for (size_t i = 0; same && i < input->via.count; i++) {
		same = strcmp(input->via.items[i], last->via.items[i]) == 0;
	}
	return same;
}

static void print_inputs(const struct explain *e, const struct app_list *apps,
			 const struct affected_inputs *inputs)
{
	char hex[OID_HEX_MAX + 1];
	char *name = inputs->count > 0 ? app_full_name(apps->items[inputs->items[0].app]) : NULL;

	(void)printf("%zu input%s of ", inputs->total, inputs->total == 1 ? "" : "s");
	verb_fput(stdout, name != NULL ? name : e->inputs);
	(void)printf(" at %.10s of ", oid_to_hex(&e->after, hex));
	verb_fput(stdout, e->repository);
	(void)printf("\n");
	free(name);
	for (size_t i = 0; i < inputs->count; i++) {
		const struct affected_input *input = &inputs->items[i];

		if (i == 0 || input->source != inputs->items[i - 1].source) {
			(void)printf("\nsource %zu\n", input->source);
		}
		if (i > 0 && is_repeated(input, &inputs->items[i - 1])) {
			continue;
		}
		bool exists = input->kind == PROBE_FILE && input->flags & PROBE_NAMES;

		(void)printf("    %-8s ", exists ? "exists" : probe_kind_name(input->kind));
		bool root = input->path[0] == '\0' && input->kind != PROBE_ALWAYS;
		explain_put_chain(root ? "." : input->path, &input->via);
		print_notes(input, apps->items[input->app]);
		(void)printf("\n");
	}
}

static void print_missed(const struct app_list *apps, const struct affected_inputs *inputs)
{
	size_t count = 0;

	for (size_t i = 0; i < inputs->count; i++) {
		count += i == 0 || inputs->items[i].app != inputs->items[i - 1].app;
	}
	if (count == 0) {
		(void)printf("no annotation misses an input (%zu source%s with "
			     "manifest-generate-paths)\n", inputs->sources,
			     inputs->sources == 1 ? "" : "s");
		return;
	}
	(void)printf("%zu application%s with inputs that manifest-generate-paths misses\n", count,
		     count == 1 ? "" : "s");
	for (size_t i = 0; i < inputs->count; i++) {
		const struct affected_input *input = &inputs->items[i];
		const struct app *app = apps->items[input->app];

		if (i == 0 || input->app != inputs->items[i - 1].app) {
			char *name = app_full_name(app);

			(void)printf("\n");
			verb_fput(stdout, name);
			(void)printf("  (");
			verb_fput(stdout, app->generate_paths != NULL ? app->generate_paths
									     : "");
			(void)printf(")\n");
			free(name);
		}
		(void)printf("    ");
		explain_put_chain(input->path, &input->via);
		(void)printf("%s\n", input->kind == PROBE_ABSENT ? "  (not there yet)" : "");
	}
}

void explain_print_inputs(const struct explain *e, const struct app_list *apps,
			  const struct affected_inputs *inputs)
{
	if (e->json) {
		print_json(e, apps, inputs);
	} else if (e->lint) {
		print_missed(apps, inputs);
	} else {
		print_inputs(e, apps, inputs);
	}
}
