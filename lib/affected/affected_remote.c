/*
 * The remote references of the applications of one ref.
 *
 * The index holds a unit for each such reference (inputs/remote_reference.h).  From
 * each, all sources that are made from it are found; what only means the ref
 * at hand is left out, since it is walked here.
 */
#include <string.h>

#include "affected/affected_impl.h"
#include "base/xalloc.h"

/* Applications that one entry names; what is made from one place by more has several. */
#define APPLICATIONS_MAX 1000
/* What one ref may report; what passes that is told by an entry of no application. */
#define REFERENCES_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct gathering {
	const struct affected_state *state;
	const struct ref_state *ref;
	uint32_t *seen;       // by unit: the one that it was reached from last
	struct numbers queue;
	json_t *list;
	json_t *applications; // of the entry at hand
	size_t bytes;
	bool full;            // there was more
};

/* The same repository at the ref that is walked? */
static bool is_here(const struct gathering *g, const json_t *options)
{
	const char *repository = json_string_value(json_object_get(options, "repository"));
	const char *ref = json_string_value(json_object_get(options, "ref"));

	return repository != NULL && ref != NULL && strcmp(repository, g->state->repository) == 0 &&
	       app_revision_matches(ref, NULL, g->ref->ref, g->ref->default_branch) != REVISION_NO;
}

/* End an entry, with the applications that were gathered for it. */
static void add_entry(struct gathering *g, const json_t *options, const char *path)
{
	json_t *entry = json_copy((json_t *)(uintptr_t)options);

	(void)json_object_set_new(entry, "path", json_string(path));
	(void)json_object_set_new(entry, "applications", g->applications);
	g->applications = json_array();
	size_t bytes = json_dumpb(entry, NULL, 0, JSON_COMPACT) + 1;
	if (g->bytes + bytes > REFERENCES_BYTES_MAX) {
		(void)json_object_set_new(entry, "applications", json_array());
		bytes = g->full ? 0 : bytes;
		g->full = true;
	}
	if (bytes > 0) {
		(void)json_array_append(g->list, entry);
	}
	g->bytes += bytes;
	json_decref(entry);
}

/* All sources that are made from a unit. */
static void gather(struct gathering *g, uint32_t unit)
{
	const struct index_table *t = g->ref->table;
	json_t *options = json_loads(index_string(t, index_at(t, unit)->options), 0, NULL);
	const char *path = index_string(t, index_at(t, unit)->dir);

	g->queue.count = 0;
	if (json_is_object(options) && !is_here(g, options)) {
		numbers_push(&g->queue, unit);
		g->seen[unit] = unit;
	}
	for (size_t i = 0; i < g->queue.count; i++) {
		const struct unit *u = index_at(t, g->queue.items[i]);

		if (u->bound != 0) {
			uint32_t app = g->ref->sources.items[u->bound - 1].app;

			(void)json_array_append_new(g->applications, json_integer(app));
		}
		if (json_array_size(g->applications) >= APPLICATIONS_MAX) {
			add_entry(g, options, path);
		}
		for (uint32_t e = u->referrers; e != 0; e = t->edges[e].next_to) {
			uint32_t from = t->edges[e].from;

			if (g->seen[from] != unit) {
				g->seen[from] = unit;
				numbers_push(&g->queue, from);
			}
		}
	}
	if (json_array_size(g->applications) > 0) {
		add_entry(g, options, path);
	}
	json_decref(options);
}

static bool is_remote(const struct index_table *t, uint32_t unit)
{
	const struct unit *u = index_at(t, unit);

	for (uint32_t n = u->used ? u->postings : 0; n != 0; n = t->postings[n].next_of_unit) {
		if (t->postings[n].kind == PROBE_REMOTE) {
			return true;
		}
	}
	return false;
}

/* The list may name units that are gone, and some twice: clean it on the way. */
static void gather_all(struct gathering *g)
{
	struct numbers *units = &g->ref->table->remote;
	uint8_t *told = xcalloc(g->ref->table->unit_count, 1);
	size_t kept = 0;

	for (size_t i = 0; i < units->count; i++) {
		uint32_t unit = units->items[i];

		if (!told[unit] && is_remote(g->ref->table, unit)) {
			told[unit] = 1;
			units->items[kept++] = unit;
			gather(g, unit);
		}
	}
	units->count = kept;
	free(told);
}

json_t *remote_references_gather(const struct affected_state *state, const struct ref_state *ref)
{
	struct gathering g = { .state = state, .ref = ref };

	if (ref->table->remote.count == 0) {
		return NULL;
	}
	g.seen = xcalloc(ref->table->unit_count, sizeof(*g.seen));
	g.list = json_array();
	g.applications = json_array();
	gather_all(&g);
	free(g.seen);
	free(g.queue.items);
	json_decref(g.applications);
	if (json_array_size(g.list) == 0) {
		json_decref(g.list);
		return NULL;
	}
	return g.list;
}
