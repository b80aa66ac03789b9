/*
 * Breadth first along "is made from", backwards.
 *
 * Each hit is spread on its own, so that every application can be told all
 * that touched it.  A push that hits many shared bases of many applications
 * would make that a product; past a budget a unit that was seen once is not
 * entered again: the applications are then still all found, only some of
 * their reasons are not.
 *
 * A unit that was hit but means the same (affected/fingerprint.h) is where a hit
 * ends: what is made from it is not touched by what is behind it.
 */
#include "index/spread.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define STEPS_MAX 20000000
/* Chains shorter than this are followed to their end even past the budget. */
#define CHAIN_MAX 64
/* The links at either end of a chain that are told, with room for three more. */
#define CHAIN_END ((LIMIT_VIA - 4) / 2)

struct spreading {
	struct index_table *table;
	const uint8_t *same; // match.same
	spread_reach reach;
	void *arg;
	struct numbers queue;
	uint32_t first_epoch;
	size_t steps;
};

static void enqueue(struct spreading *s, uint32_t unit, uint32_t edge)
{
	struct unit *u = index_at(s->table, unit);
	bool seen = u->seen == s->first_epoch;

	if ((s->same != NULL && s->same[unit]) || u->mark == s->table->epoch ||
	    (seen && s->steps > STEPS_MAX)) {
		return;
	}
	u->mark = s->table->epoch;
	u->seen = s->first_epoch;
	u->pred = edge;
	numbers_push(&s->queue, unit);
}

/* Go on from what is queued until nothing is left. */
static void run(struct spreading *s, const struct match_hit *hit)
{
	struct index_table *t = s->table;

	for (size_t i = 0; i < s->queue.count; i++) {
		uint32_t unit = s->queue.items[i];
		const struct unit *u = index_at(t, unit);

		if (u->bound != 0) {
			s->reach(s->arg, u->bound - 1, unit, hit);
		}
		for (uint32_t e = u->referrers; e != 0; e = t->edges[e].next_to) {
			s->steps++;
			enqueue(s, t->edges[e].from, e);
		}
	}
	s->steps += s->queue.count;
	s->queue.count = 0;
	t->epoch++;
}

/*
 * Call found for each unit that a hit stands for: the one that it names, or, of
 * a hit of a whole node, all units with a plain probe there (match.h).
 */
static void for_each_unit(const struct index_table *t, const struct match_hit *hit,
			  void (*found)(void *arg, uint32_t unit), void *arg)
{
	if (hit->unit != 0) {
		found(arg, hit->unit);
		return;
	}
	for (uint32_t n = trie_at(&t->trie, hit->node)->postings; n != 0; n = t->postings[n].next) {
		if (index_is_plain(&t->postings[n])) {
			found(arg, t->postings[n].unit);
		}
	}
}

static void seed(void *arg, uint32_t unit)
{
	enqueue(arg, unit, 0);
}

static bool is_always(const struct index_table *t, uint32_t unit)
{
	for (uint32_t n = index_at(t, unit)->postings; n != 0; n = t->postings[n].next_of_unit) {
		if (t->postings[n].kind == PROBE_ALWAYS) {
			return true;
		}
	}
	return false;
}

/* The list may name units that are gone or changed, and some twice: clean it on the way. */
static void spread_always(struct spreading *s)
{
	struct numbers *always = &s->table->always;
	size_t kept = 0;

	s->steps = 0;
	s->same = NULL;
	for (size_t i = 0; i < always->count; i++) {
		uint32_t unit = always->items[i];

		if (index_at(s->table, unit)->used &&
		    index_at(s->table, unit)->mark != s->table->epoch &&
		    is_always(s->table, unit)) {
			always->items[kept++] = unit;
			enqueue(s, unit, 0);
		}
	}
	always->count = kept;
	run(s, NULL);
}

/* Epochs are numbers of runs; before they could wrap, all marks are cleared. */
static void renew_epochs(struct index_table *t, size_t runs)
{
	if (t->epoch < UINT32_MAX - runs - 2) {
		t->epoch++;
		return;
	}
	for (size_t i = 0; i < t->unit_count; i++) {
		t->units[i].mark = 0;
		t->units[i].seen = 0;
	}
	t->epoch = 1;
}

void spread(struct match *m, spread_reach reach, void *arg)
{
	struct spreading s = { .table = m->table, .same = m->same, .reach = reach, .arg = arg };

	renew_epochs(m->table, m->hit_count);
	s.first_epoch = m->table->epoch;
	for (size_t i = 0; i < m->hit_count; i++) {
		for_each_unit(m->table, &m->hits[i], seed, &s);
		run(&s, &m->hits[i]);
	}
	spread_always(&s);
	free(s.queue.items);
}

/*
 * Append one link to a chain.  A link that is empty says nothing, and one that
 * is equal to the link before it (the path itself, for the first) says it
 * twice: neither is appended.
 */
static void tell(const char *path, const char *text, struct strvec *via)
{
	const char *last = via->count > 0 ? via->items[via->count - 1] : path;

	if (text[0] != '\0' && strcmp(text, last) != 0) {
		strvec_push(via, text);
	}
}

void spread_tell(const struct index_table *t, const struct numbers *links, const char *path,
		 struct strvec *via)
{
	for (size_t i = 0; i < links->count; i++) {
		if (i == CHAIN_END && links->count > 2 * CHAIN_END) {
			strvec_push(via, "...");
			i = links->count - CHAIN_END;
		}
		tell(path, index_string(t, links->items[i]), via);
	}
}

void spread_tell_origin(const struct index_table *t, uint32_t root, const char *path,
			struct strvec *via)
{
	tell(path, index_string(t, index_at(t, root)->origin), via);
}

static void turn_round(struct numbers *list)
{
	for (size_t i = 0; i < list->count / 2; i++) {
		uint32_t other = list->items[list->count - 1 - i];

		list->items[list->count - 1 - i] = list->items[i];
		list->items[i] = other;
	}
}

void spread_chain(const struct index_table *t, uint32_t unit, const char *path, size_t *budget,
		  struct strvec *via)
{
	struct numbers links = { .items = NULL };
	uint32_t first = index_at(t, unit)->pred;
	uint32_t e = first;

	for (size_t n = 0; e != 0 && (n < CHAIN_MAX || *budget > 0); n++) {
		if (t->edges[e].via != 0) {
			numbers_push(&links, t->edges[e].via);
		}
		*budget -= *budget > 0;
		unit = t->edges[e].to;
		e = index_at(t, unit)->pred;
	}
	/* Where the chain was followed to its end, this is the unit that was hit. */
	const char *opaque = index_string(t, index_at(t, unit)->opaque);
	if (opaque[0] != '\0') {
		strvec_pushf(via, "the whole repository: %s", opaque);
	}
	if (e != 0) {
		strvec_push(via, "...");
	}
	turn_round(&links);
	spread_tell(t, &links, path, via);
	/* The first edge leads from the source to the root: what the source itself names. */
	if (first != 0) {
		spread_tell_origin(t, t->edges[first].to, path, via);
	}
	free(links.items);
}

struct unit_list {
	struct index_table *table;
	struct numbers *units;
};

static void collect(void *arg, uint32_t unit)
{
	struct unit_list *c = arg;
	struct unit *u = index_at(c->table, unit);

	if (u->mark != c->table->epoch) {
		u->mark = c->table->epoch;
		numbers_push(c->units, unit);
	}
}

void spread_units(struct match *m, struct numbers *units)
{
	struct unit_list c = { .table = m->table, .units = units };

	renew_epochs(m->table, 0);
	for (size_t i = 0; i < m->hit_count; i++) {
		for_each_unit(m->table, &m->hits[i], collect, &c);
	}
}
