/*
 * What one walk collects: the trace of its unit.
 *
 * An equal probe is logged once, with flags that let the stricter of two
 * readers win.  Where something cannot be known, the unit becomes opaque: it
 * gets a probe on the whole repository, so that a limit or a damaged object
 * never means fewer probes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/gitplace.h"
#include "base/xalloc.h"
#include "inputs/print.h"
#include "inputs/walk.h"

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
	const unsigned excuses = PROBE_EXCUSES;

	return (uint8_t)((a & b & excuses) | ((a | b) & ~excuses));
}

void inputs_probe_add(struct inputs_walk *w, const struct inputs_probe *probe)
{
	struct inputs *inputs = w->machine;
	struct inputs_trace *t = &w->trace;
	struct inputs_probe copy = *probe;

	/* Who only cares for names does not care for bytes either. */
	if (copy.flags & PROBE_NAMES) {
		copy.flags |= PROBE_MEANING;
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

const struct inputs_walker *inputs_renderer(const struct inputs_walk *w, const char *type)
{
	const struct inputs_walker *const *walkers = w->machine->walkers;

	while (strcmp((*walkers)->name, type) != 0) {
		walkers++;
	}
	return *walkers;
}

/* What is written may be an address with a password, and is for people. */
static const char *keep_shown(struct inputs_walk *w, const char *via)
{
	char *shown = gitplace_shown(via);
	const char *kept = inputs_keep(w, shown);

	free(shown);
	return kept;
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
			.via = via != NULL ? keep_shown(w, via) : NULL,
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
