/*
 * The walking machine: one walk after the other, by the walkers in the table.
 *
 * This is the top of the frame: it alone knows the table of renderers and
 * hands it to the machine.  What a walk collects is trace.c's.
 */
#include "inputs/inputs.h"

#include <string.h>

#include "base/xalloc.h"
#include "inputs/print.h"
#include "inputs/renderers.h"
#include "inputs/source.h"
#include "inputs/walk.h"

struct inputs *inputs_new(const char *repository, const char *ref)
{
	struct inputs *inputs = xcalloc(1, sizeof(*inputs));

	inputs->repository = repository != NULL ? xstrdup(repository) : NULL;
	inputs->ref = ref != NULL ? xstrdup(ref) : NULL;
	inputs->slot_count = 256;
	inputs->slots = xcalloc(inputs->slot_count, sizeof(*inputs->slots));
	inputs->walkers = inputs_walkers;
	return inputs;
}

void inputs_free(struct inputs *inputs)
{
	if (inputs == NULL) {
		return;
	}
	parse_forget(inputs, 0);
	print_forget(inputs);
	arena_release(&inputs->arena);
	free(inputs->walk.trace.probes);
	free(inputs->walk.trace.children);
	free(inputs->slots);
	free(inputs->repository);
	free(inputs->ref);
	free(inputs);
}

/* Everything of the last walk goes, its allocations stay. */
static struct inputs_walk *begin(struct inputs *inputs, const struct treereader *reader)
{
	struct inputs_walk *w = &inputs->walk;

	arena_reset(&inputs->arena);
	parse_forget(inputs, (size_t)2 << 20);
	inputs->generation++;
	if (inputs->generation == 0 || inputs->slot_count > 65536) {
		free(inputs->slots);
		inputs->slot_count = 256;
		inputs->slots = xcalloc(inputs->slot_count, sizeof(*inputs->slots));
		inputs->generation = 1;
	}
	w->machine = inputs;
	w->reader = reader;
	w->trace.probe_count = 0;
	w->trace.child_count = 0;
	w->trace.origin = NULL;
	w->trace.opaque = NULL;
	w->trace.always = NULL;
	w->trace.asks_ref = false;
	w->entries = 0;
	w->joined = 0;
	w->failed = 0;
	print_begin(w);
	return w;
}

static int finish(struct inputs_walk *w, bool prints, const struct inputs_trace **ret_trace,
		  struct error *err)
{
	print_end(w, prints);
	if (w->failed != 0) {
		return error_set(err, w->failed, "%s", w->err.text);
	}
	*ret_trace = &w->trace;
	return 0;
}

int inputs_walk_unit(struct inputs *inputs, const struct treereader *reader,
		     const struct inputs_walker *walker, const char *dir, const char *options,
		     const struct inputs_trace **ret_trace, struct error *err)
{
	struct inputs_walk *w = begin(inputs, reader);
	json_t *value = NULL;

	if (options[0] != '\0') {
		value = json_loads(options, JSON_DECODE_ANY, NULL);
	}
	if (options[0] != '\0' && value == NULL) {
		inputs_opaque(w, "its options could not be read");
	}
	walker->walk(w, inputs_keep(w, dir), value);
	json_decref(value);
	return finish(w, walker->prints, ret_trace, err);
}

int inputs_walk_source(struct inputs *inputs, const struct treereader *reader,
		       const struct inputs_source *source, const struct inputs_trace **ret_trace,
		       struct error *err)
{
	struct inputs_walk *w = begin(inputs, reader);

	source_walk(w, source);
	return finish(w, true, ret_trace, err);
}

const char *inputs_walker_name(const struct inputs_walker *walker)
{
	return walker->name;
}

bool inputs_walker_prints(const struct inputs_walker *walker)
{
	return walker->prints;
}

const struct inputs_walker *inputs_walker_find(const char *name)
{
	for (size_t i = 0; inputs_walkers[i] != NULL; i++) {
		if (strcmp(inputs_walkers[i]->name, name) == 0) {
			return inputs_walkers[i];
		}
	}
	return NULL;
}

const struct inputs_filter *inputs_filter_find(const char *name)
{
	for (size_t i = 0; inputs_filters[i] != NULL; i++) {
		if (strcmp(inputs_filters[i]->name, name) == 0) {
			return inputs_filters[i];
		}
	}
	return NULL;
}
