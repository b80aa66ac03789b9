/*
 * Does what was hit still mean the same?
 *
 * A push can change the inputs of a unit without changing what is rendered
 * from them: files are moved and the references follow, older names of fields
 * are replaced by newer ones.  So each unit that was hit is walked twice, at
 * the tree before and at the tree after, for its fingerprint (inputs/print.h).
 * Two units are compared by tokens, texts that are equal if the units mean the
 * same.  The token of a unit at a tree is found as follows:
 *
 *   1. The units that were hit, and all units that are made from one of them,
 *      are called touched.  A unit of the index that is not touched reads the
 *      same at both trees (that is what an index says), so its number is its
 *      token.
 *   2. The token of a touched unit is a digest of its own fingerprint and of
 *      its children's tokens, in the order of the children.  The unit has none
 *      ("unknown") if its walker gives no fingerprint, if the unit is made from
 *      itself, or if a child has no token.
 *   3. A unit with equal tokens at both trees means the same.
 *   4. A unit has a second, loose token, made in the same way from the loose
 *      fingerprints (print.h).  If only these are equal, the unit still means
 *      the same as long as no unit minds what the loose ones leave out.  Asked
 *      are the units above it and everything that those are made from.
 *
 * One rule of Kustomize cannot be seen in any single unit: a root may not refer
 * to a directory that the root itself lies in.  A unit with equal tokens can be
 * made from other directories than before, because they were moved; if one of
 * these new or former places lies above a unit that is made from this one, the
 * unit is taken for changed (is_folded()).
 *
 * Nothing of this is kept: the cost is two walks of what was hit.  A push that
 * needs more than WALKS_MAX, or more than PROCESSOR_MS_MAX of processor time,
 * is not compared any further: the rest of it rings.
 */
#include "affected/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "index/spread.h"

/* Walks of one push, and bytes of files that are read for what they mean. */
#define WALKS_MAX 20000
#define PROCESSOR_MS_MAX 2000
#define MEANT_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* Units made from units made from units ... */
#define DEPTH_MAX 64
/* Units above one whose places are looked at. */
#define ABOVE_MAX 10000
/* Units around others that are asked whether they mind, in one push. */
#define AROUND_MAX 100000

/* Directories that one unit is made from; a unit with more is not compared. */
#define PLACES_MAX 2000

/* A fingerprint and the tokens of all children. */
#define TEXT_BYTES_MAX ((size_t)16 * 1024 * 1024)

#define TOKEN_BYTES (SHA256_HEX_MAX + 1)

/* A unit at one tree. */
struct point {
	char *key;
	char token[TOKEN_BYTES]; // "" if unknown
	char loose[TOKEN_BYTES]; // of the loose fingerprints
	bool minds;              // it minds, or something that it is made from and that was walked
	bool busy;
	char *dir;               // its own place
	struct strvec places;    // the directories of all that it is made from and that was walked
	UT_hash_handle hh;
};

struct compared {
	struct treereader reader;
	struct point *points;
};

/* Units around one: those above it, and all that they are made from. */
struct reach {
	struct numbers units; // above first
	uint8_t *seen;        // by unit; all 0 between two uses
	size_t left;          // units still to be looked at
};

struct comparison {
	struct affected_state *state;
	struct ref_state *ref;
	struct match *match;
	struct numbers hits;
	uint8_t *touched;  // by unit
	uint8_t *hard;     // by unit: may change by what no walk sees
	struct reach reach;
	struct compared sides[2];
	size_t walks_left;
	int64_t until;     // mstime_processor()
};

/* What a trace says of children, kept over the next walk. */
struct known_child {
	const struct inputs_walker *walker;
	char *dir;
	char *options;
	bool listed;
};

static const struct point *point_of(struct comparison *c, struct compared *side,
				    const struct inputs_walker *walker, const char *dir,
				    const char *options, int depth);

static void mark_touched(struct comparison *c)
{
	const struct index_table *t = c->ref->table;
	struct numbers queue = { 0 };

	for (size_t i = 0; i < c->hits.count; i++) {
		c->touched[c->hits.items[i]] = 1;
		numbers_push(&queue, c->hits.items[i]);
	}
	while (queue.count > 0) {
		uint32_t unit = queue.items[--queue.count];

		for (uint32_t e = index_at(t, unit)->referrers; e != 0; e = t->edges[e].next_to) {
			uint32_t from = t->edges[e].from;

			if (!c->touched[from]) {
				c->touched[from] = 1;
				numbers_push(&queue, from);
			}
		}
	}
	free(queue.items);
}

/*
 * Mark the units of which a walk cannot show that they mean the same: those hit
 * by a .gitattributes file, which changes how files are checked out and no
 * object; and those hit together at one node, which read whole directories.
 */
static void mark_hard(struct comparison *c)
{
	const struct index_table *t = c->ref->table;

	for (size_t i = 0; i < c->match->hit_count; i++) {
		const struct match_hit *hit = &c->match->hits[i];

		if (hit->unit != 0) {
			c->hard[hit->unit] = c->hard[hit->unit] || hit->hard;
			continue;
		}
		for (uint32_t n = trie_at(&t->trie, hit->node)->postings; n != 0;
		     n = t->postings[n].next) {
			uint8_t *hard = &c->hard[t->postings[n].unit];

			*hard = *hard || index_is_plain(&t->postings[n]);
		}
	}
}

static struct known_child *take_children(const struct inputs_trace *trace)
{
	struct known_child *children = xcalloc(trace->child_count + 1, sizeof(*children));

	for (size_t i = 0; i < trace->child_count; i++) {
		children[i] = (struct known_child){
			.walker = trace->children[i].walker,
			.dir = xstrdup(trace->children[i].dir),
			.options = xstrdup(trace->children[i].options),
			.listed = trace->children[i].listed,
		};
	}
	return children;
}

static void free_children(struct known_child *children, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(children[i].dir);
		free(children[i].options);
	}
	free(children);
}

/* What a unit's two tokens are made from. */
struct telling {
	struct buf text;
	struct buf loose;
	struct strvec listed; // of children that may come in any order
};

static void tell_child(struct telling *t, const struct known_child *child, const char *token,
		       const char *loose)
{
	(void)buf_addf(&t->text, " %s", token);
	if (child->listed) {
		strvec_push(&t->listed, loose);
		return;
	}
	(void)buf_addf(&t->loose, " %s", loose);
}

/* Append a child's token to those of its parent. False if the child has none. */
static bool add_child(struct comparison *c, struct compared *side, struct point *parent,
		      const struct known_child *child, int depth, struct telling *t)
{
	uint32_t unit = index_find(c->ref->table, child->walker, child->dir, child->options);
	char number[16];

	if (unit != 0 && !c->touched[unit]) {
		(void)snprintf(number, sizeof(number), "%u", unit);
		tell_child(t, child, number, number);
		return true;
	}
	if (unit != 0 && c->hard[unit]) {
		return false;
	}
	const struct point *p = point_of(c, side, child->walker, child->dir, child->options,
					 depth + 1);
	if (p == NULL || p->token[0] == '\0') {
		return false;
	}
	(void)strvec_push_unique(&parent->places, p->dir);
	for (size_t i = 0; i < p->places.count; i++) {
		(void)strvec_push_unique(&parent->places, p->places.items[i]);
	}
	parent->minds = parent->minds || p->minds;
	tell_child(t, child, p->token, p->loose);
	return parent->places.count <= PLACES_MAX;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void finish_tokens(struct telling *t, struct point *point)
{
	if (t->listed.count > 0) {
		qsort(t->listed.items, t->listed.count, sizeof(*t->listed.items), by_text);
	}
	for (size_t i = 0; i < t->listed.count; i++) {
		(void)buf_addf(&t->loose, " %s", t->listed.items[i]);
	}
	if (!buf_is_full(&t->text) && !buf_is_full(&t->loose)) {
		(void)sha256_hex(t->text.data, t->text.len, point->token);
		(void)sha256_hex(t->loose.data, t->loose.len, point->loose);
	}
}

/* From a finished walk: the children, then the tokens. */
static void set_token(struct comparison *c, struct compared *side, struct point *point,
		      const struct inputs_trace *trace, int depth)
{
	struct telling t = { .listed = STRVEC_INIT };

	point->minds = trace->minds || trace->opaque != NULL;
	if (trace->print == NULL || trace->loose == NULL) {
		return;
	}
	size_t count = trace->child_count;
	struct known_child *children = take_children(trace);
	bool known = true;

	buf_init(&t.text, TEXT_BYTES_MAX);
	buf_init(&t.loose, TEXT_BYTES_MAX);
	(void)buf_addstr(&t.text, trace->print);
	(void)buf_addstr(&t.loose, trace->loose);
	for (size_t i = 0; known && i < count; i++) {
		known = add_child(c, side, point, &children[i], depth, &t);
	}
	if (known) {
		finish_tokens(&t, point);
	}
	buf_release(&t.text);
	buf_release(&t.loose);
	strvec_release(&t.listed);
	free_children(children, count);
}

static struct point *new_point(struct compared *side, char *key, const char *dir)
{
	struct point *p = xcalloc(1, sizeof(*p));

	p->key = key;
	p->dir = xstrdup(dir);
	HASH_ADD_KEYPTR(hh, side->points, p->key, strlen(p->key), p);
	return p;
}

/* May one more be walked? */
static bool take_walk(struct comparison *c)
{
	if (c->walks_left == 0 || mstime_processor() > c->until) {
		return false;
	}
	c->walks_left--;
	return true;
}

/* A unit at a tree; NULL if it is unknown. */
static const struct point *point_of(struct comparison *c, struct compared *side,
				    const struct inputs_walker *walker, const char *dir,
				    const char *options, int depth)
{
	const struct inputs_trace *trace = NULL;
	struct point *p = NULL;

	if (!inputs_walker_prints(walker)) {
		return NULL;
	}
	char *key = xasprintf("%s\n%s\n%s", inputs_walker_name(walker), dir, options);

	HASH_FIND_STR(side->points, key, p);
	if (p != NULL || depth > DEPTH_MAX || !take_walk(c)) {
		free(key);
		return p == NULL || p->busy ? NULL : p;
	}
	p = new_point(side, key, dir);
	p->busy = true;
	if (inputs_walk_unit(c->ref->inputs, &side->reader, walker, dir, options, &trace,
			     NULL) == 0) {
		set_token(c, side, p, trace, depth);
	}
	p->busy = false;
	return p;
}

/* A source at a tree; points of sources have a key that no other unit has. */
static const struct point *source_point(struct comparison *c, struct compared *side, uint32_t bound)
{
	const struct inputs_trace *trace = NULL;
	struct inputs_source source;
	struct point *p = NULL;
	char *key = xasprintf("%u", bound);

	HASH_FIND_STR(side->points, key, p);
	if (p != NULL || !take_walk(c)) {
		free(key);
		return p;
	}
	source_fill(c->state, &c->ref->sources.items[bound - 1], &source);
	p = new_point(side, key, source.path);
	if (inputs_walk_source(c->ref->inputs, &side->reader, &source, &trace, NULL) == 0) {
		set_token(c, side, p, trace, 0);
	}
	source_release(&source);
	return p;
}

static const struct point *hit_point(struct comparison *c, struct compared *side, uint32_t unit)
{
	const struct index_table *t = c->ref->table;
	const struct unit *u = index_at(t, unit);

	if (u->walker == NULL) {
		return u->bound != 0 ? source_point(c, side, u->bound) : NULL;
	}
	char *dir = xstrdup(index_string(t, u->dir));
	char *options = xstrdup(index_string(t, u->options));
	const struct point *p = point_of(c, side, u->walker, dir, options, 0);

	free(dir);
	free(options);
	return p;
}

static bool is_above(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return strncmp(dir, path, len) == 0 && (len == 0 || path[len] == '/' || path[len] == '\0');
}

/* Is path at or below one of the directories that a is made from and b is not? */
static bool any_above(const struct point *a, const struct point *b, const char *path)
{
	for (size_t i = 0; i < a->places.count; i++) {
		if (!strvec_contains(&b->places, a->places.items[i]) &&
		    is_above(a->places.items[i], path)) {
			return true;
		}
	}
	return false;
}

static bool same_places(const struct point *a, const struct point *b)
{
	bool same = a->places.count == b->places.count;

	for (size_t i = 0; same && i < a->places.count; i++) {
		same = strcmp(a->places.items[i], b->places.items[i]) == 0;
	}
	return same;
}

/*
 * Is the unit made from a directory at one of the trees only, and does that
 * directory lie above the unit or above something that is made from it?  Then
 * Kustomize may refuse at one tree what it takes at the other.
 */
static bool is_folded(struct comparison *c, uint32_t unit, const struct point *a,
		      const struct point *b)
{
	struct index_table *t = c->ref->table;
	struct numbers queue = { 0 };
	uint8_t *seen = NULL;
	bool found = false;

	if (same_places(a, b)) {
		return false;
	}
	seen = xcalloc(t->unit_count, 1);
	numbers_push(&queue, unit);
	seen[unit] = 1;
	for (size_t i = 0; i < queue.count && !found; i++) {
		const struct unit *u = index_at(t, queue.items[i]);
		const char *dir = index_string(t, u->dir);

		found = i > ABOVE_MAX ||
			(u->walker != NULL && (any_above(a, b, dir) || any_above(b, a, dir)));
		for (uint32_t e = u->referrers; e != 0; e = t->edges[e].next_to) {
			uint32_t from = t->edges[e].from;

			if (!seen[from]) {
				seen[from] = 1;
				numbers_push(&queue, from);
			}
		}
	}
	free(queue.items);
	free(seen);
	return found;
}

/*
 * Does a unit mind (print.h) the order of objects, or how they get their names?
 * A unit without a fingerprint cannot be asked.  above says that it is made
 * from the unit that is compared: it may then do anything with the objects that
 * it gets from there, and is taken to mind.  Else it only stands beside the
 * unit, and whatever it does with its own objects is the same at both trees.
 */
static bool unit_minds(struct comparison *c, uint32_t unit, bool above)
{
	const struct unit *u = index_at(c->ref->table, unit);

	if (u->walker != NULL && !inputs_walker_prints(u->walker)) {
		return above;
	}
	const struct point *p = hit_point(c, &c->sides[0], unit);
	return p == NULL || p->minds;
}

static void reach_unit(struct reach *r, uint32_t unit)
{
	if (!r->seen[unit]) {
		r->seen[unit] = 1;
		numbers_push(&r->units, unit);
	}
}

/* Does anyone mind who sees the objects of a unit? */
static bool anyone_minds(struct comparison *c, uint32_t unit)
{
	const struct index_table *t = c->ref->table;
	struct reach *r = &c->reach;
	bool minds = false;

	reach_unit(r, unit);
	for (size_t i = 0; i < r->units.count; i++) {
		for (uint32_t e = index_at(t, r->units.items[i])->referrers; e != 0;
		     e = t->edges[e].next_to) {
			reach_unit(r, t->edges[e].from);
		}
	}
	size_t above = r->units.count;
	for (size_t i = 0; i < r->units.count && !minds; i++) {
		minds = r->left == 0 || unit_minds(c, r->units.items[i], i < above);
		r->left -= r->left > 0;
		for (uint32_t e = index_at(t, r->units.items[i])->children; e != 0;
		     e = t->edges[e].next_from) {
			reach_unit(r, t->edges[e].to);
		}
	}
	for (size_t i = 0; i < r->units.count; i++) {
		r->seen[r->units.items[i]] = 0;
	}
	r->units.count = 0;
	return minds;
}

static bool is_same(struct comparison *c, uint32_t unit)
{
	if (c->hard[unit]) {
		return false;
	}
	const struct point *a = hit_point(c, &c->sides[0], unit);
	if (a == NULL || a->token[0] == '\0') {
		return false;
	}
	const struct point *b = hit_point(c, &c->sides[1], unit);
	if (b == NULL || b->token[0] == '\0' || strcmp(a->loose, b->loose) != 0) {
		return false;
	}
	bool equal = strcmp(a->token, b->token) == 0 ||
		     (!a->minds && !b->minds && !anyone_minds(c, unit));
	return equal && !is_folded(c, unit, a, b);
}

static void release_side(struct compared *side)
{
	struct point *p;
	struct point *next;

	HASH_ITER(hh, side->points, p, next) {
		HASH_DEL(side->points, p);
		strvec_release(&p->places);
		free(p->key);
		free(p->dir);
		free(p);
	}
}

void fingerprint_compare(struct affected_state *state, struct ref_state *ref,
			 struct match *match, const struct oid *tree)
{
	struct comparison c = {
		.state = state, .ref = ref, .match = match, .walks_left = WALKS_MAX,
		.until = mstime_processor() + PROCESSOR_MS_MAX,
		.sides = { { .reader = { .repo = state->repo, .tree = ref->tree } },
			   { .reader = { .repo = state->repo, .tree = *tree } } },
		.reach.left = AROUND_MAX,
	};

	if (match->hit_count == 0) {
		return;
	}
	spread_units(match, &c.hits);
	c.touched = xcalloc(ref->table->unit_count, 1);
	c.hard = xcalloc(ref->table->unit_count, 1);
	c.reach.seen = xcalloc(ref->table->unit_count, 1);
	uint8_t *same = xcalloc(ref->table->unit_count, 1);
	mark_touched(&c);
	mark_hard(&c);
	inputs_take_prints(ref->inputs, true, MEANT_BYTES_MAX);
	for (size_t i = 0; i < c.hits.count; i++) {
		same[c.hits.items[i]] = is_same(&c, c.hits.items[i]);
	}
	inputs_take_prints(ref->inputs, false, 0);
	match->same = same;
	release_side(&c.sides[0]);
	release_side(&c.sides[1]);
	free(c.hits.items);
	free(c.touched);
	free(c.hard);
	free(c.reach.seen);
	free(c.reach.units.items);
}
