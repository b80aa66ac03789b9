/*
 * Units, postings and edges: adding, replacing, forgetting.
 *
 * After a push only the units that were hit are walked again: their postings
 * and edges are taken out and put in anew, everything else stays where it is.
 * Records that were freed are used again, so an index does not grow with the
 * number of pushes; only the trie's nodes and the interned strings stay, until
 * index_compact() finds that most of them are dead.
 */
#include "index/index.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

#define TOMBSTONE UINT32_MAX
/* Waste that is not worth a compaction: nodes of the trie, and bytes of strings. */
#define NODES_SPARE 4096
#define TEXT_SPARE 262144

struct index_table *index_new(void)
{
	struct index_table *t = xcalloc(1, sizeof(*t));

	trie_init(&t->trie);
	names_init(&t->strings);
	t->unit_count = 1;
	t->posting_count = 1;
	t->edge_count = 1;
	t->units = xgrow(NULL, 0, &t->unit_capacity, sizeof(*t->units));
	t->postings = xgrow(NULL, 0, &t->posting_capacity, sizeof(*t->postings));
	t->edges = xgrow(NULL, 0, &t->edge_capacity, sizeof(*t->edges));
	memset(&t->units[0], 0, sizeof(t->units[0]));
	t->holders = 1;
	t->slot_count = 1024;
	t->slots = xcalloc(t->slot_count, sizeof(*t->slots));
	return t;
}

struct index_table *index_hold(struct index_table *t)
{
	t->holders++;
	return t;
}

void index_free(struct index_table *t)
{
	if (t == NULL || --t->holders > 0) {
		return;
	}
	trie_release(&t->trie);
	names_release(&t->strings);
	free(t->units);
	free(t->postings);
	free(t->edges);
	filters_release(&t->filters);
	free(t->always.items);
	free(t->remote.items);
	free(t->fresh.items);
	free(t->loose.items);
	free(t->free_units.items);
	free(t->slots);
	free(t);
}

size_t index_bytes(const struct index_table *t)
{
	return t->trie.capacity * sizeof(*t->trie.nodes) + t->trie.slot_count * sizeof(uint32_t) +
	       t->trie.names.capacity + t->strings.capacity +
	       t->unit_capacity * sizeof(*t->units) + t->slot_count * sizeof(*t->slots) +
	       t->posting_capacity * sizeof(*t->postings) + t->edge_capacity * sizeof(*t->edges);
}

void numbers_push(struct numbers *list, uint32_t number)
{
	list->items = xgrow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = number;
}

static uint32_t unit_hash(const struct inputs_walker *walker, uint32_t dir, uint32_t options)
{
	uint64_t h = (uint64_t)(uintptr_t)walker * 0x9e3779b97f4a7c15ULL;

	h = (h ^ dir) * 0xff51afd7ed558ccdULL;
	h = (h ^ (h >> 32) ^ options) * 0xc4ceb9fe1a85ec53ULL;
	return (uint32_t)(h >> 32);
}

static uint32_t *find_slot(struct index_table *t, const struct inputs_walker *walker,
			   uint32_t dir, uint32_t options)
{
	uint32_t *grave = NULL;

	for (uint32_t i = unit_hash(walker, dir, options);; i++) {
		uint32_t *slot = &t->slots[i & (t->slot_count - 1)];

		if (*slot == 0) {
			return grave != NULL ? grave : slot;
		}
		if (*slot == TOMBSTONE) {
			grave = grave != NULL ? grave : slot;
			continue;
		}
		const struct unit *u = &t->units[*slot];
		if (u->walker == walker && u->dir == dir && u->options == options) {
			return slot;
		}
	}
}

static void rehash(struct index_table *t)
{
	free(t->slots);
	while (t->slot_count < 4 * (t->units_used + 1)) {
		t->slot_count *= 2;
	}
	t->slots = xcalloc(t->slot_count, sizeof(*t->slots));
	t->slots_used = 0;
	for (uint32_t n = 1; n < t->unit_count; n++) {
		const struct unit *u = &t->units[n];

		if (u->used) {
			*find_slot(t, u->walker, u->dir, u->options) = n;
			t->slots_used++;
		}
	}
}

static uint32_t take_unit(struct index_table *t)
{
	if (t->free_units.count > 0) {
		return t->free_units.items[--t->free_units.count];
	}
	t->units = xgrow(t->units, t->unit_count, &t->unit_capacity, sizeof(*t->units));
	return (uint32_t)t->unit_count++;
}

uint32_t index_unit(struct index_table *t, const struct inputs_walker *walker, const char *dir,
		    const char *options)
{
	uint32_t d = names_intern(&t->strings, dir, strlen(dir));
	uint32_t o = names_intern(&t->strings, options, strlen(options));
	uint32_t *slot = find_slot(t, walker, d, o);

	if (*slot != 0 && *slot != TOMBSTONE) {
		return *slot;
	}
	t->slots_used += *slot == 0;
	uint32_t n = take_unit(t);
	*slot = n;
	t->units[n] = (struct unit){
		.walker = walker, .dir = d, .options = o, .used = true, .fresh = true,
	};
	t->units_used++;
	numbers_push(&t->fresh, n);
	if (t->slots_used * 2 > t->slot_count) {
		rehash(t);
	}
	return n;
}

uint32_t index_find(struct index_table *t, const struct inputs_walker *walker, const char *dir,
		    const char *options)
{
	uint32_t d;
	uint32_t o;

	if (!names_find(&t->strings, dir, strlen(dir), &d) ||
	    !names_find(&t->strings, options, strlen(options), &o)) {
		return 0;
	}
	const uint32_t *slot = find_slot(t, walker, d, o);
	return *slot != TOMBSTONE ? *slot : 0;
}

static uint32_t take_posting(struct index_table *t)
{
	uint32_t n = t->free_posting;

	t->postings_used++;
	if (n != 0) {
		t->free_posting = t->postings[n].next;
		return n;
	}
	t->postings = xgrow(t->postings, t->posting_count, &t->posting_capacity,
			    sizeof(*t->postings));
	return (uint32_t)t->posting_count++;
}

void index_add_probe(struct index_table *t, uint32_t unit, const struct inputs_probe *probe)
{
	uint32_t node = TRIE_ROOT;
	uint16_t filter = filters_take(&t->filters, probe->filter, probe->argument);

	if (probe->kind == PROBE_GLOB) {
		node = trie_intern_glob(&t->trie, probe->dialect, probe->path);
	} else if (!index_is_placeless(probe->kind)) {
		node = trie_intern(&t->trie, probe->path);
	}
	uint32_t n = take_posting(t);
	struct posting *p = &t->postings[n];
	struct trie_node *at = trie_at(&t->trie, node);

	*p = (struct posting){
		.node = node,
		.unit = unit,
		.filter = filter,
		.kind = (uint8_t)probe->kind,
		.flags = probe->flags,
		.next_of_unit = t->units[unit].postings,
	};
	t->units[unit].postings = n;
	if (index_is_placeless(probe->kind)) {
		numbers_push(probe->kind == PROBE_ALWAYS ? &t->always : &t->remote, unit);
		return;
	}
	p->next = at->postings;
	if (p->next != 0) {
		t->postings[p->next].prev = n;
	}
	at->postings = n;
	at->kinds |= 1U << probe->kind;
	if (probe->kind == PROBE_SUBTREE || probe->kind == PROBE_GLOB) {
		at->kinds |= index_is_plain(p) ? INDEX_PLAIN : INDEX_OTHER;
	}
}

static void drop_posting(struct index_table *t, uint32_t n)
{
	struct posting *p = &t->postings[n];
	struct trie_node *at = trie_at(&t->trie, p->node);

	if (p->prev != 0) {
		t->postings[p->prev].next = p->next;
	} else if (at->postings == n) {
		at->postings = p->next;
		at->kinds = p->next != 0 ? at->kinds : 0;
	}
	if (p->next != 0) {
		t->postings[p->next].prev = p->prev;
	}
	filters_drop(&t->filters, p->filter);
	p->unit = 0;
	p->next = t->free_posting;
	t->free_posting = n;
	t->postings_used--;
}

static uint32_t take_edge(struct index_table *t)
{
	uint32_t n = t->free_edge;

	t->edges_used++;
	if (n != 0) {
		t->free_edge = t->edges[n].next_to;
		return n;
	}
	t->edges = xgrow(t->edges, t->edge_count, &t->edge_capacity, sizeof(*t->edges));
	return (uint32_t)t->edge_count++;
}

uint32_t index_add_edge(struct index_table *t, uint32_t from, uint32_t to, const char *via)
{
	uint32_t n = take_edge(t);
	struct edge *e = &t->edges[n];

	*e = (struct edge){
		.from = from,
		.to = to,
		.next_from = t->units[from].children,
		.next_to = t->units[to].referrers,
		.via = via != NULL ? names_intern(&t->strings, via, strlen(via)) : 0,
	};
	if (e->next_to != 0) {
		t->edges[e->next_to].prev_to = n;
	}
	t->units[from].children = n;
	t->units[to].referrers = n;
	return n;
}

static void queue_loose(struct index_table *t, uint32_t unit)
{
	struct unit *u = &t->units[unit];

	if (u->referrers == 0 && u->bound == 0 && !u->queued) {
		u->queued = true;
		numbers_push(&t->loose, unit);
	}
}

static void drop_edge(struct index_table *t, uint32_t n)
{
	struct edge *e = &t->edges[n];
	uint32_t to = e->to;

	if (e->prev_to != 0) {
		t->edges[e->prev_to].next_to = e->next_to;
	} else {
		t->units[to].referrers = e->next_to;
	}
	if (e->next_to != 0) {
		t->edges[e->next_to].prev_to = e->prev_to;
	}
	e->next_to = t->free_edge;
	t->free_edge = n;
	t->edges_used--;
	queue_loose(t, to);
}

static void clear_unit(struct index_table *t, uint32_t unit)
{
	struct unit *u = &t->units[unit];

	for (uint32_t n = u->postings; n != 0;) {
		uint32_t next = t->postings[n].next_of_unit;

		drop_posting(t, n);
		n = next;
	}
	for (uint32_t n = u->children; n != 0;) {
		uint32_t next = t->edges[n].next_from;

		drop_edge(t, n);
		n = next;
	}
	u->postings = 0;
	u->children = 0;
}

void index_set_trace(struct index_table *t, uint32_t unit, const struct inputs_trace *trace)
{
	clear_unit(t, unit);
	for (size_t i = 0; i < trace->probe_count; i++) {
		index_add_probe(t, unit, &trace->probes[i]);
	}
	/* From the last: edges are put in front, so they come out in order. */
	for (size_t i = trace->child_count; i > 0; i--) {
		const struct inputs_child *c = &trace->children[i - 1];
		uint32_t to = index_unit(t, c->walker, c->dir, c->options);

		index_add_edge(t, unit, to, c->via);
	}
	const char *origin = trace->origin != NULL ? trace->origin : "";
	const char *opaque = trace->opaque != NULL   ? trace->opaque
			     : trace->always != NULL ? trace->always
						     : "";
	struct unit *u = &t->units[unit];

	u->origin = names_intern(&t->strings, origin, strlen(origin));
	u->opaque = names_intern(&t->strings, opaque, strlen(opaque));
	u->fresh = false;
	t->asks_ref |= trace->asks_ref;
}

void index_bind(struct index_table *t, uint32_t unit, long number)
{
	t->units[unit].bound = (uint32_t)(number + 1);
	queue_loose(t, unit);
}

static void remove_unit(struct index_table *t, uint32_t unit)
{
	struct unit *u = &t->units[unit];

	clear_unit(t, unit);
	*find_slot(t, u->walker, u->dir, u->options) = TOMBSTONE;
	memset(u, 0, sizeof(*u));
	numbers_push(&t->free_units, unit);
	t->units_used--;
}

void index_collect(struct index_table *t)
{
	while (t->loose.count > 0) {
		uint32_t unit = t->loose.items[--t->loose.count];
		struct unit *u = &t->units[unit];

		if (!u->queued) {
			continue;
		}
		u->queued = false;
		if (u->used && u->referrers == 0 && u->bound == 0) {
			remove_unit(t, unit);
		}
	}
}

/* Only the nodes that a posting stands at, and those above them, are taken along. */
static void compact_trie(struct index_table *t)
{
	struct trie fresh;
	uint32_t *map = xcalloc(t->trie.count, sizeof(*map));

	trie_init(&fresh);
	for (uint32_t n = 1; n < t->posting_count; n++) {
		struct posting *p = &t->postings[n];

		if (p->unit == 0 || index_is_placeless(p->kind)) {
			continue;
		}
		uint32_t node = trie_copy_node(&fresh, &t->trie, p->node, map);

		fresh.nodes[node].postings = t->trie.nodes[p->node].postings;
		fresh.nodes[node].kinds = t->trie.nodes[p->node].kinds;
		p->node = node;
	}
	trie_release(&t->trie);
	t->trie = fresh;
	free(map);
}

static void move_string(struct names *to, const struct names *from, uint32_t *number)
{
	const char *text = names_text(from, *number);

	*number = names_intern(to, text, strlen(text));
}

/* Only the strings of units and edges that are there are taken along. */
static void compact_strings(struct index_table *t)
{
	struct names fresh;

	names_init(&fresh);
	for (uint32_t n = 1; n < t->unit_count; n++) {
		struct unit *u = &t->units[n];

		if (!u->used) {
			continue;
		}
		move_string(&fresh, &t->strings, &u->dir);
		move_string(&fresh, &t->strings, &u->options);
		move_string(&fresh, &t->strings, &u->origin);
		move_string(&fresh, &t->strings, &u->opaque);
		for (uint32_t e = u->children; e != 0; e = t->edges[e].next_from) {
			move_string(&fresh, &t->strings, &t->edges[e].via);
		}
	}
	names_release(&t->strings);
	t->strings = fresh;
	/* Units are found by the numbers of their strings. */
	rehash(t);
}

/* Has either grown to twice what was needed, or has most of what needed it gone? */
static bool is_wasteful(const struct index_table *t)
{
	const struct index_size *was = &t->compact;
	bool shrunk = t->postings_used < was->postings / 4 || t->units_used < was->units / 4;

	return (shrunk && (was->nodes > NODES_SPARE || was->text > TEXT_SPARE)) ||
	       t->trie.count > 2 * was->nodes + t->postings_used / 16 + NODES_SPARE ||
	       t->strings.len > 2 * was->text + TEXT_SPARE;
}

void index_compact(struct index_table *t)
{
	bool complete = t->compact.nodes != 0;

	if (complete && !is_wasteful(t)) {
		return;
	}
	if (complete) {
		compact_trie(t);
		compact_strings(t);
	}
	/* What was just built, or read from disk, is all in use. */
	t->compact = (struct index_size){
		.nodes = t->trie.count,
		.text = t->strings.len,
		.postings = t->postings_used,
		.units = t->units_used,
	};
}
