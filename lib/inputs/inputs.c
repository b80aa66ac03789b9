/*
 * The walking machine: the trace of one unit.
 *
 * A walk collects probes and children; an equal probe is logged once, with
 * flags that let the stricter of two readers win.  Where something cannot be
 * known, the unit becomes opaque: it gets a probe on the whole repository, so
 * that a limit or a damaged object never means fewer probes.
 */
#include "inputs/inputs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "inputs/print.h"
#include "inputs/renderers.h"
#include "inputs/walk.h"

struct inputs *inputs_new(const char *repository, const char *ref)
{
	struct inputs *inputs = xcalloc(1, sizeof(*inputs));

	inputs->repository = repository != NULL ? xstrdup(repository) : NULL;
	inputs->ref = ref != NULL ? xstrdup(ref) : NULL;
	inputs->slot_count = 256;
	inputs->slots = xcalloc(inputs->slot_count, sizeof(*inputs->slots));
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

const char *inputs_keep(struct inputs_walk *w, const char *text)
{
	return arena_text(&w->machine->arena, text, strlen(text));
}

const char *inputs_format(struct inputs_walk *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		return "";
	}
	char *text = arena_alloc(&w->machine->arena, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

static uint32_t hash_text(uint32_t h, const char *text)
{
	for (; *text != '\0'; text++) {
		h = (h ^ (unsigned char)*text) * 16777619U;
	}
	return h;
}

static bool same(const struct inputs_probe *a, const struct inputs_probe *b)
{
	return a->kind == b->kind && a->filter == b->filter && a->dialect == b->dialect &&
	       strcmp(a->path, b->path) == 0 && strcmp(a->argument, b->argument) == 0;
}

/* The slot of an equal probe, or the free one where it belongs. */
static struct walk_slot *find_slot(struct inputs *inputs, const struct inputs_probe *probe)
{
	uint32_t h = hash_text(2166136261U + (uint32_t)probe->kind, probe->path);

	for (size_t i = h;; i++) {
		struct walk_slot *slot = &inputs->slots[i & (inputs->slot_count - 1)];

		if (slot->generation != inputs->generation ||
		    same(&inputs->walk.trace.probes[slot->probe], probe)) {
			return slot;
		}
	}
}

static void grow_slots(struct inputs *inputs)
{
	free(inputs->slots);
	inputs->slot_count *= 4;
	inputs->slots = xcalloc(inputs->slot_count, sizeof(*inputs->slots));
	inputs->generation = 1;
	for (size_t i = 0; i < inputs->walk.trace.probe_count; i++) {
		struct walk_slot *slot = find_slot(inputs, &inputs->walk.trace.probes[i]);

		slot->generation = 1;
		slot->probe = (uint32_t)i;
	}
}

/* What touches either touches both: a flag that excuses must be in both. */
static uint8_t merge_flags(unsigned a, unsigned b)
{
	const unsigned excuses = INPUTS_EXCUSES;

	return (uint8_t)((a & b & excuses) | ((a | b) & ~excuses));
}

void inputs_probe_add(struct inputs_walk *w, const struct inputs_probe *probe)
{
	struct inputs *inputs = w->machine;
	struct inputs_trace *t = &w->trace;
	struct inputs_probe copy = *probe;

	/* Who only cares for names does not care for bytes either. */
	if (copy.flags & INPUTS_NAMES) {
		copy.flags |= INPUTS_MEANING;
	}
	struct walk_slot *slot = find_slot(inputs, &copy);
	if (slot->generation == inputs->generation) {
		struct inputs_probe *old = &t->probes[slot->probe];

		old->flags = merge_flags(old->flags, copy.flags);
		return;
	}
	if (t->probe_count >= WALK_PROBES_MAX) {
		inputs_opaque(w, "it has more than 100,000 inputs");
		return;
	}
	copy.path = inputs_keep(w, probe->path);
	copy.argument = inputs_keep(w, probe->argument);
	slot->generation = inputs->generation;
	slot->probe = (uint32_t)t->probe_count;
	t->probes = xgrow(t->probes, t->probe_count, &w->probe_capacity, sizeof(copy));
	t->probes[t->probe_count++] = copy;
	if (t->probe_count * 2 > inputs->slot_count) {
		grow_slots(inputs);
	}
}

void walk_probe(struct inputs_walk *w, enum probe_kind kind, const char *path, unsigned flags,
		const struct inputs_filter *filter, const char *argument)
{
	const struct inputs_probe probe = {
		.kind = kind,
		.flags = (uint8_t)flags,
		.path = path,
		.filter = filter,
		.argument = argument != NULL ? argument : "",
	};

	inputs_probe_add(w, &probe);
}

void inputs_always(struct inputs_walk *w, const char *why)
{
	w->trace.always = inputs_keep(w, why);
	walk_probe(w, PROBE_ALWAYS, "", 0, NULL, NULL);
}

void inputs_opaque(struct inputs_walk *w, const char *why)
{
	struct inputs_trace *t = &w->trace;

	if (t->opaque != NULL) {
		return;
	}
	t->opaque = inputs_keep(w, why);
	/* Nothing can be added to the others' table when it is full: take its first place. */
	if (t->probe_count >= WALK_PROBES_MAX) {
		t->probes[0] = (struct inputs_probe){
			.kind = PROBE_SUBTREE, .path = "", .argument = ""
		};
		return;
	}
	walk_probe(w, PROBE_SUBTREE, "", 0, NULL, NULL);
}

bool inputs_is_opaque(const struct inputs_walk *w)
{
	return w->trace.opaque != NULL;
}

void walk_trouble(struct inputs_walk *w, int outcome, const struct error *err)
{
	if (outcome < 0) {
		w->failed = outcome;
		w->err = *err;
	}
	inputs_opaque(w, err->text);
}

void inputs_child(struct inputs_walk *w, const struct inputs_walker *walker, const char *dir,
		  const json_t *options, const char *via)
{
	struct inputs_trace *t = &w->trace;
	char *text = options != NULL && json_object_size(options) + json_array_size(options) > 0
			? json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS)
			: NULL;

	if (t->child_count >= WALK_CHILDREN_MAX) {
		inputs_opaque(w, "it refers to more than 10,000 others");
	} else if (text != NULL && strlen(text) > WALK_OPTIONS_BYTES_MAX) {
		inputs_opaque(w, "its options are longer than 65,536 bytes");
	} else {
		t->children = xgrow(t->children, t->child_count, &w->child_capacity,
				    sizeof(*t->children));
		t->children[t->child_count++] = (struct inputs_child){
			.walker = walker,
			.dir = inputs_keep(w, dir),
			.options = text != NULL ? inputs_keep(w, text) : "",
			.via = via != NULL ? inputs_keep(w, via) : NULL,
			.listed = w->listing,
		};
		inputs_print(w, 'C', walker->name);
		inputs_print(w, 'O', text != NULL ? text : "");
	}
	free(text);
}

void inputs_origin(struct inputs_walk *w, const char *path)
{
	w->trace.origin = inputs_keep(w, path);
}

const char *inputs_repository(const struct inputs_walk *w)
{
	return w->machine->repository;
}

const char *inputs_ref(struct inputs_walk *w)
{
	w->trace.asks_ref = true;
	return w->machine->ref;
}

bool inputs_true(const json_t *value)
{
	static const char *const words[] = { "true", "yes", "on", "y" };
	const char *text = json_string_value(value);

	for (size_t i = 0; text != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			return true;
		}
	}
	return json_is_true(value);
}
