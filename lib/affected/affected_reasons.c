/*
 * From a match to the answer: applications, each with its reasons.
 *
 * An application can be reached from many hits.  Its reasons are taken as
 * they come, a limited number; the paths that touched it are counted without
 * doubles, by marking each change once for each application, as long as that
 * is not too much work (then the largest single count stands).
 */
#include <stdlib.h>
#include <string.h>

#include "affected/affected_impl.h"
#include "base/xalloc.h"
#include "index/spread.h"

/* Reasons of one answer beyond the first of each application. */
#define REASONS_MAX 100000
/* Marks set to count paths without doubles. */
#define MARKS_MAX 20000000
/* Links followed to tell chains in full. */
#define LINKS_MAX 20000000

/* A hit that reached an application; a list for each. */
struct reached {
	const struct match_hit *hit;
	uint32_t next;
};

struct result_builder {
	const struct ref_state *ref;
	struct match *match;
	struct affected *result;
	uint32_t *item_of_app;   // number in items plus 1
	uint32_t *reached_of_item;
	struct reached *reached; // number 0 is none
	size_t reached_count;
	size_t reached_capacity;
	size_t item_capacity;
	size_t head_capacity;
	size_t reasons;
	size_t links_left;
};

static struct affected_application *item_for(struct result_builder *b, const struct tracked *t)
{
	struct affected *a = b->result;
	uint32_t *number = &b->item_of_app[t->app];

	if (*number == 0) {
		b->reached_of_item = xgrow(b->reached_of_item, a->count, &b->head_capacity,
					   sizeof(*b->reached_of_item));
		b->reached_of_item[a->count] = 0;
		a->items = xgrow(a->items, a->count, &b->item_capacity, sizeof(*a->items));
		a->items[a->count++] = (struct affected_application){
			.app = t->app, .source = t->source,
		};
		*number = (uint32_t)a->count;
	}
	struct affected_application *item = &a->items[*number - 1];

	if (t->source < item->source) {
		item->source = t->source;
	}
	item->hard |= t->remote;
	return item;
}

static bool has_path(const struct affected_application *item, const char *path)
{
	for (size_t i = 0; i < item->reason_count; i++) {
		if (strcmp(item->reasons[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

static void add_reason(struct result_builder *b, struct affected_application *item, uint32_t unit,
		       const char *path, enum change_kind change, enum probe_kind probe)
{
	size_t n = item->reason_count;

	/* Most have one reason: grow at 0, 1, 2, 4. */
	if ((n & (n - 1)) == 0) {
		item->reasons = xreallocarray(item->reasons, n == 0 ? 1 : 2 * n,
					      sizeof(*item->reasons));
	}
	struct affected_reason *reason = &item->reasons[item->reason_count++];

	b->reasons++;
	memset(reason, 0, sizeof(*reason));
	reason->path = xstrdup(path);
	reason->change = change;
	reason->probe = probe;
	spread_chain(b->match->table, unit, path, &b->links_left, &reason->via);
}

static void add_reasons(struct result_builder *b, struct affected_application *item, uint32_t unit,
			const struct match_hit *hit)
{
	for (size_t i = 0; i < hit->changes.count && i < LIMIT_REASONS; i++) {
		const struct match_change *change = &b->match->changes[hit->changes.items[i]];

		if (item->reason_count >= LIMIT_REASONS ||
		    (item->reason_count > 0 && b->reasons > REASONS_MAX)) {
			return;
		}
		if (!has_path(item, change->path)) {
			add_reason(b, item, unit, change->path, change->kind,
				   (enum probe_kind)hit->probes[i]);
		}
	}
}

static void reach(void *arg, uint32_t bound, uint32_t unit, const struct match_hit *hit)
{
	struct result_builder *b = arg;
	struct affected_application *item = item_for(b, &b->ref->sources.items[bound]);
	size_t number = (size_t)(item - b->result->items);

	if (hit == NULL) {
		if (item->reason_count < LIMIT_REASONS) {
			add_reason(b, item, unit, "", CHANGE_MODIFIED, PROBE_ALWAYS);
		}
		return;
	}
	b->reached = xgrow(b->reached, b->reached_count, &b->reached_capacity,
			   sizeof(*b->reached));
	b->reached[b->reached_count] = (struct reached){
		.hit = hit, .next = b->reached_of_item[number],
	};
	b->reached_of_item[number] = (uint32_t)b->reached_count++;
	add_reasons(b, item, unit, hit);
}

/*
 * Argo CD renders nothing of a repository with a link that leads out of it
 * (util/app/path, CheckOutOfBoundsSymlinks): where one comes or goes, all that
 * it renders here may turn into an error, or from one.
 */
static void reach_all(struct result_builder *b, const struct affected_state *state)
{
	const struct match_change *change = &b->match->changes[b->match->outside - 1];

	for (size_t i = 0; i < b->ref->sources.count; i++) {
		const struct tracked *t = &b->ref->sources.items[i];

		if (!source_is_argocd(state, t)) {
			continue;
		}
		struct affected_application *item = item_for(b, t);
		if (item->reason_count < LIMIT_REASONS && !has_path(item, change->path)) {
			add_reason(b, item, 0, change->path, change->kind, PROBE_FILE);
			strvec_push(&item->reasons[item->reason_count - 1].via,
				    "a link that leads out of the repository");
		}
		item->touched += item->touched == 0;
	}
}

/* Changed paths that touched an item, each once. */
static size_t count_touched(struct result_builder *b, size_t number, size_t *marks)
{
	size_t largest = 0;
	size_t distinct = 0;
	uint32_t first = b->reached_of_item[number];

	if (first != 0 && b->reached[first].next == 0) {
		return b->reached[first].hit->changes.count;
	}
	for (uint32_t n = first; n != 0; n = b->reached[n].next) {
		const struct numbers *changes = &b->reached[n].hit->changes;

		largest = changes->count > largest ? changes->count : largest;
		if (*marks > MARKS_MAX) {
			continue;
		}
		*marks += changes->count;
		for (size_t i = 0; i < changes->count; i++) {
			struct match_change *change = &b->match->changes[changes->items[i]];

			distinct += change->mark != number + 1;
			change->mark = (uint32_t)number + 1;
		}
	}
	return distinct > largest ? distinct : largest;
}

static int by_app(const void *a, const void *b)
{
	const struct affected_application *x = a;
	const struct affected_application *y = b;

	return (x->app > y->app) - (x->app < y->app);
}

static void sort_items(struct affected *result)
{
	if (result->count > 1) {
		qsort(result->items, result->count, sizeof(*result->items), by_app);
	}
}

static void builder_begin(struct result_builder *b, const struct affected_state *state)
{
	size_t apps = state->apps != NULL ? state->apps->count : 0;

	b->item_of_app = xcalloc(apps + 1, sizeof(*b->item_of_app));
	b->reached = xgrow(NULL, 0, &b->reached_capacity, sizeof(*b->reached));
	b->reached_count = 1;
}

/* Spread the match and count what touched each application. */
static void builder_run(struct result_builder *b)
{
	size_t marks = 0;

	spread(b->match, reach, b);
	for (size_t i = 0; i < b->result->count; i++) {
		b->result->items[i].touched = count_touched(b, i, &marks);
	}
}

static void builder_end(struct result_builder *b)
{
	free(b->item_of_app);
	free(b->reached_of_item);
	free(b->reached);
}

/* --- what is the same --- */

/* Add a hit of unit: by all changes of hit or, if that is NULL, by that of spared. */
static void add_same(struct match *told, uint32_t unit, const struct match_hit *hit,
		     const struct match_spared *spared)
{
	told->hits = xgrow(told->hits, told->hit_count, &told->hit_capacity, sizeof(*told->hits));
	struct match_hit *added = &told->hits[told->hit_count++];

	*added = (struct match_hit){ .unit = unit };
	for (size_t i = 0; hit != NULL && i < hit->changes.count; i++) {
		numbers_push(&added->changes, hit->changes.items[i]);
	}
	if (hit != NULL) {
		memcpy(added->probes, hit->probes, sizeof(added->probes));
	} else {
		numbers_push(&added->changes, spared->change);
		added->probes[0] = spared->probe;
	}
}

/*
 * Make a match of the opposite: told has as its hits the units that read a
 * changed path and are rendered to the same all the same.  There are two kinds
 * of these: units that were hit and then found to mean the same, and units that
 * were spared because the changed file itself means the same.  A hit of a whole
 * node is left out, since its units are never found to mean the same
 * (fingerprint.c, mark_hard()).  The marks of changes begin anew.
 */
static void turn_over(const struct match *match, struct match *told)
{
	*told = (struct match){ .table = match->table, .changes = match->changes };
	for (size_t i = 0; i < match->hit_count; i++) {
		const struct match_hit *hit = &match->hits[i];

		if (hit->unit != 0 && match->same != NULL && match->same[hit->unit]) {
			add_same(told, hit->unit, hit, NULL);
		}
	}
	for (size_t i = 0; i < match->spared_count; i++) {
		add_same(told, match->spared[i].unit, NULL, &match->spared[i]);
	}
	for (size_t i = 0; i < match->change_count; i++) {
		match->changes[i].mark = 0;
	}
}

/*
 * Applications that were reached from what means the same, and are not affected
 * by anything else, become result->same.  reached loses them.
 */
static void take_same(struct affected *result, struct affected *reached)
{
	size_t at = 0;

	sort_items(reached);
	result->same = xcalloc(reached->count + 1, sizeof(*result->same));
	for (size_t i = 0; i < reached->count; i++) {
		struct affected_application *item = &reached->items[i];

		while (at < result->count && result->items[at].app < item->app) {
			at++;
		}
		if (at == result->count || result->items[at].app != item->app) {
			result->same[result->same_count++] = *item;
			*item = (struct affected_application){ 0 };
		}
	}
}

static void fill_same(const struct affected_state *state, const struct ref_state *ref,
		      const struct match *match, struct affected *result)
{
	struct affected reached = { 0 };
	struct match told;
	struct result_builder b = {
		.ref = ref, .match = &told, .result = &reached, .links_left = LINKS_MAX,
	};

	turn_over(match, &told);
	builder_begin(&b, state);
	builder_run(&b);
	builder_end(&b);
	take_same(result, &reached);
	for (size_t i = 0; i < told.hit_count; i++) {
		free(told.hits[i].changes.items);
	}
	free(told.hits);
	affected_release(&reached);
}

void result_fill(const struct affected_state *state, const struct ref_state *ref,
		 struct match *match, struct affected *result)
{
	struct result_builder b = {
		.ref = ref, .match = match, .result = result, .links_left = LINKS_MAX,
	};

	builder_begin(&b, state);
	builder_run(&b);
	if (match->outside != 0) {
		reach_all(&b, state);
	}
	builder_end(&b);
	sort_items(result);
	if (match->options.told) {
		fill_same(state, ref, match, result);
	}
	result->paths = match->paths;
	match->paths = (struct strvec)STRVEC_INIT;
	result->tracked = ref->sources.apps;
	result->changed_paths = match->changed_paths;
	result->changed_paths_exact = match->options.count_all || match->options.outside;
}

void result_fill_all(const struct tracked_list *list, struct affected *result)
{
	result->tracked = list->apps;
	result->items = xcalloc(result->tracked + 1, sizeof(*result->items));
	for (size_t i = 0; i < list->count; i++) {
		if (i == 0 || list->items[i].app != list->items[i - 1].app) {
			result->items[result->count++] = (struct affected_application){
				.app = list->items[i].app, .source = list->items[i].source,
			};
		}
		result->items[result->count - 1].hard |= list->items[i].remote;
	}
}
