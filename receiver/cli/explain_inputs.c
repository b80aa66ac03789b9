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

#include "app/affected_json.h"
#include "base/mstime.h"
#include "receiver/cli/explain.h"

static const struct {
	unsigned flag;
	const char *name;
} flags[] = {
	{ INPUTS_MEANING, "meaning" }, { INPUTS_NAMES, "names" }, { INPUTS_DIRS, "directories" },
	{ INPUTS_EXEC, "mode" },       { INPUTS_BELOW, "below" },
	{ INPUTS_NO_FILES, "no-files" },
};

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
		if (strcmp(app->name, e->inputs) == 0) {
			found = app;
			count++;
		}
	}
	if (count != 1) {
		(void)explain_fail(e, EXPLAIN_FAILED, "application",
				   "name it as NAMESPACE/NAME, as explain does",
				   count == 0 ? "there is no application %s"
					      : "there is more than one application %s",
				   e->inputs);
		return NULL;
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
		(void)json_array_append_new(array, affected_text_to_json(via->items[i]));
	}
	return array;
}

static json_t *input_to_json(const struct affected_input *input)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
			 (json_int_t)input->source, "probe", probe_kind_name(input->kind), "path",
			 affected_text_to_json(input->path), "filter",
			 affected_text_to_json(input->filter), "argument",
			 affected_text_to_json(input->argument), "flags",
			 flags_to_json(input->flags), "via", via_to_json(&input->via), "why",
			 affected_text_to_json(input->why));
}

static json_t *missed_to_json(const struct affected_input *input, const char *name)
{
	return json_pack("{s:s, s:I, s:s, s:o, s:o}", "application", name, "source",
			 (json_int_t)input->source, "probe", probe_kind_name(input->kind), "path",
			 affected_text_to_json(input->path), "via", via_to_json(&input->via));
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
				 affected_text_to_json(e->repository), "revision",
				 oid_to_hex(&e->after, hex), "ref", affected_text_to_json(e->ref));
	if (!e->lint) {
		char *name = inputs->count > 0 ? app_full_name(apps->items[inputs->items[0].app])
					       : NULL;

		(void)json_object_set_new(tree, "application",
					  affected_text_to_json(name != NULL ? name : e->inputs));
		free(name);
	}
	(void)json_object_set_new(tree, "sources", json_integer((json_int_t)inputs->sources));
	(void)json_object_set_new(tree, "total", json_integer((json_int_t)inputs->total));
	(void)json_object_set_new(tree, e->lint ? "missed" : "inputs", items);
	(void)json_object_set_new(tree, "elapsed_ms", json_real(elapsed));
	explain_put_json(tree);
}

/* Which paths below a directory count, for people. */
static void print_filter(const struct affected_input *input)
{
	if (input->filter[0] != '\0') {
		(void)printf("  [");
		explain_put_text(stdout, input->filter);
		(void)printf("%s", input->argument[0] != '\0' ? " " : "");
		explain_put_text(stdout, input->argument);
		(void)printf("]");
	}
	if (input->why[0] != '\0') {
		(void)printf("  (all of it: ");
		explain_put_text(stdout, input->why);
		(void)printf(")");
	}
}

static void print_inputs(const struct explain *e, const struct app_list *apps,
			 const struct affected_inputs *inputs)
{
	char hex[OID_HEX_MAX + 1];
	char *name = inputs->count > 0 ? app_full_name(apps->items[inputs->items[0].app]) : NULL;

	(void)printf("%zu input%s of ", inputs->total, inputs->total == 1 ? "" : "s");
	explain_put_text(stdout, name != NULL ? name : e->inputs);
	(void)printf(" at %.10s of ", oid_to_hex(&e->after, hex));
	explain_put_text(stdout, e->repository);
	(void)printf("\n");
	free(name);
	for (size_t i = 0; i < inputs->count; i++) {
		const struct affected_input *input = &inputs->items[i];

		if (i == 0 || input->source != inputs->items[i - 1].source) {
			(void)printf("\nsource %zu\n", input->source);
		}
		bool exists = input->kind == PROBE_FILE && input->flags & INPUTS_NAMES;

		(void)printf("    %-8s ", exists ? "exists" : probe_kind_name(input->kind));
		bool root = input->path[0] == '\0' && input->kind != PROBE_ALWAYS;
		explain_put_chain(root ? "." : input->path, &input->via);
		print_filter(input);
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
			explain_put_text(stdout, name);
			(void)printf("  (");
			explain_put_text(stdout, app->generate_paths != NULL ? app->generate_paths
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
