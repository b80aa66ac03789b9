/*
 * The index of one ref: chosen sources, walked units, the tree they stand at.
 *
 * A source is a unit whose options are the digest of all that decides what it
 * reads (affected_apps.c).  When the list of applications is replaced, sources
 * with an equal digest keep their unit and are not walked again; the others
 * are new, and units that no source needs any more go.
 *
 * Tags come by the hundred, often several at one commit, and hardly ever move.
 * A tag whose applications are those of another ref at the same commit holds
 * that ref's index instead of one of its own, as long as no unit of it depends
 * on what the ref is called.  Whoever moves takes the index along; the others
 * then have it on disk, if there is a cache, or build it when they are asked.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "affected/affected_impl.h"
#include "base/xalloc.h"
#include "index/index_cache.h"
#include "index/index_store.h"

/* Units of one ref; what would be more depends on the whole repository instead. */
#define UNITS_MAX 4000000

/*
 * Refs whose indexes are held at a time (every tag that is pushed is a ref), and
 * what these may take together, unless one takes more.
 */
#define REFS_MAX 64
#define MEMORY_MAX ((size_t)384 * 1024 * 1024)

static void clear(struct ref_state *ref)
{
	index_free(ref->table);
	ref->table = NULL;
	ref->sources.count = 0;
	ref->sources.apps = 0;
	ref->apps_generation = 0;
	ref->unsaved = 0;
	ref->stored = false;
	memset(&ref->commit, 0, sizeof(ref->commit));
	memset(&ref->tree, 0, sizeof(ref->tree));
}

static bool same_branch(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool ref_state_is_bound(const struct affected_state *state, const char *name,
			const char *default_branch)
{
	struct ref_state *ref = NULL;

	HASH_FIND_STR(state->refs, name, ref);
	return ref != NULL && ref->apps_generation == state->apps_generation &&
	       same_branch(ref->default_branch, default_branch) && ref->sources.count > 0;
}

/* The one that was asked for longest ago. */
static struct ref_state *oldest(const struct affected_state *state)
{
	struct ref_state *found = state->refs;

	for (struct ref_state *ref = state->refs; ref != NULL; ref = ref->hh.next) {
		found = ref->used < found->used ? ref : found;
	}
	return found;
}

/* What the indexes take; one that several refs hold counts once. */
static size_t memory_of(const struct affected_state *state)
{
	size_t bytes = 0;

	for (struct ref_state *ref = state->refs; ref != NULL; ref = ref->hh.next) {
		bytes += ref->table != NULL ? index_bytes(ref->table) / ref->table->holders : 0;
	}
	return bytes;
}

void ref_state_limit(struct affected_state *state)
{
	while (HASH_COUNT(state->refs) > REFS_MAX ||
	       (HASH_COUNT(state->refs) > 1 && memory_of(state) > MEMORY_MAX)) {
		struct ref_state *ref = oldest(state);

		ref_state_save(state, ref, true);
		ref_state_drop(state, ref, false);
	}
}

static char *path_of(const struct affected_state *state, const struct ref_state *ref)
{
	return index_cache_path(state->cache_directory, state->repository, ref->ref);
}

struct ref_state *ref_state_get(struct affected_state *state, const char *name)
{
	struct ref_state *ref = NULL;

	HASH_FIND_STR(state->refs, name, ref);
	if (ref == NULL) {
		ref = xcalloc(1, sizeof(*ref));
		ref->ref = xstrdup(name);
		ref->inputs = inputs_new(state->repository, name);
		HASH_ADD_KEYPTR(hh, state->refs, ref->ref, strlen(ref->ref), ref);
	}
	if (!ref->looked && state->cache_directory != NULL) {
		char *path = path_of(state, ref);

		ref->table = index_store_read(path, &ref->commit, &ref->tree);
		ref->stored = ref->table != NULL;
		free(path);
	}
	ref->looked = true;
	ref->used = ++state->uses;
	return ref;
}

void ref_state_drop(struct affected_state *state, struct ref_state *ref, bool erase)
{
	if (erase && state->cache_directory != NULL) {
		char *path = path_of(state, ref);

		(void)unlink(path);
		free(path);
	}
	HASH_DEL(state->refs, ref);
	clear(ref);
	inputs_free(ref->inputs);
	free(ref->sources.items);
	free(ref->default_branch);
	free(ref->ref);
	free(ref);
}

/* The file at path, just written for ref, is also that of all others that hold its index. */
static void share_file(const struct affected_state *state, const struct ref_state *ref,
		       const char *path)
{
	for (struct ref_state *o = state->refs; o != NULL; o = o->hh.next) {
		if (o != ref && o->table == ref->table && o->unsaved > 0) {
			char *other = path_of(state, o);

			o->stored = index_cache_share(path, other);
			o->unsaved = 0;
			free(other);
		}
	}
}

/* Is the index stored already, under the name of another ref that holds it? */
static bool find_file(const struct affected_state *state, const struct ref_state *ref,
		      const char *path)
{
	bool found = false;

	for (struct ref_state *o = state->refs; o != NULL && !found; o = o->hh.next) {
		if (o != ref && o->table == ref->table && o->stored && o->unsaved == 0) {
			char *stored = path_of(state, o);

			found = index_cache_share(stored, path);
			free(stored);
		}
	}
	return found;
}

/* A cache: if it cannot be written, the next start takes longer. */
static void store(struct affected_state *state, struct ref_state *ref, const char *path)
{
	ref->stored = find_file(state, ref, path);
	if (!ref->stored &&
	    index_store_write(path, ref->table, &ref->commit, &ref->tree, NULL) == 0) {
		ref->stored = true;
		share_file(state, ref, path);
	}
	ref->unsaved = 0;
	state->cache_changed = true;
}

void ref_state_save(struct affected_state *state, struct ref_state *ref, bool always)
{
	if (state->cache_directory == NULL || ref->table == NULL) {
		return;
	}
	char *path = path_of(state, ref);
	if (ref->unsaved > 0 && (always || ref->unsaved >= 1000 + ref->table->units_used / 8)) {
		store(state, ref, path);
	} else if (ref->used > ref->touched) {
		index_cache_touch(path);
	}
	ref->touched = ref->used;
	free(path);
}

/* Forget the index of a ref in memory; it is looked for on disk when it is asked for. */
static void forget(struct ref_state *ref)
{
	clear(ref);
	ref->looked = false;
}

/*
 * Let the others that hold this ref's index go, with what they know on disk if
 * it is good (complete).
 */
static void take_from_others(struct affected_state *state, struct ref_state *ref, bool good)
{
	for (struct ref_state *o = state->refs; o != NULL; o = o->hh.next) {
		if (o == ref || o->table != ref->table) {
			continue;
		}
		if (good) {
			ref_state_save(state, o, true);
		}
		forget(o);
	}
}

static int walk_one(struct affected_state *state, struct ref_state *ref, uint32_t unit,
		    struct error *err)
{
	const struct treereader reader = { .repo = state->repo, .tree = ref->tree };
	const struct unit *u = index_at(ref->table, unit);
	const struct inputs_trace *trace = NULL;
	struct inputs_source source;
	int r;

	if (u->walker != NULL) {
		r = inputs_walk_unit(ref->inputs, &reader, u->walker,
				     index_string(ref->table, u->dir),
				     index_string(ref->table, u->options), &trace, err);
	} else {
		source_fill(state, &ref->sources.items[u->bound - 1], &source);
		r = inputs_walk_source(ref->inputs, &reader, &source, &trace, err);
		source_release(&source);
	}
	if (r != 0) {
		return r;
	}
	struct inputs_probe whole = { .kind = PROBE_SUBTREE, .path = "", .argument = "" };
	const struct inputs_trace opaque = {
		.probes = &whole, .probe_count = 1, .opaque = "there are too many units",
	};
	index_set_trace(ref->table, unit,
			ref->table->units_used < UNITS_MAX ? trace : &opaque);
	ref->unsaved++;
	return 0;
}

static int walk_fresh(struct affected_state *state, struct ref_state *ref, struct error *err)
{
	struct index_table *t = ref->table;

	while (t->fresh.count > 0) {
		uint32_t unit = t->fresh.items[--t->fresh.count];
		const struct unit *u = index_at(t, unit);

		if (!u->used || !u->fresh || (u->walker == NULL && u->bound == 0)) {
			continue;
		}
		int r = walk_one(state, ref, unit, err);
		if (r != 0) {
			return r;
		}
	}
	index_collect(t);
	index_compact(t);
	return 0;
}

/*
 * Bind each chosen source to its unit; the units of those that left, and of
 * those in a stored index that nobody knows any more, are let go.
 */
static void bind_all(struct affected_state *state, struct ref_state *ref)
{
	struct index_table *t = ref->table;

	for (uint32_t n = 1; n < t->unit_count; n++) {
		if (t->units[n].used && t->units[n].walker == NULL) {
			index_bind(t, n, -1);
		}
	}
	for (size_t i = 0; i < ref->sources.count; i++) {
		struct tracked *s = &ref->sources.items[i];
		const struct app *app = state->apps->items[s->app];
		const char *path = app->sources[s->source].path;
		char id[SOURCE_ID_BYTES + 24];

		/* An application that is listed twice: the second gets a unit of its own. */
		(void)snprintf(id, sizeof(id), "%s", state->ids[s->here].text);
		s->unit = index_unit(t, NULL, path, id);
		if (index_at(t, s->unit)->bound != 0) {
			(void)snprintf(id, sizeof(id), "%s-%zu", state->ids[s->here].text, i);
			s->unit = index_unit(t, NULL, path, id);
		}
		index_bind(t, s->unit, (long)i);
	}
}

static bool same_sources(const struct tracked_list *a, const struct tracked_list *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i].here != b->items[i].here) {
			return false;
		}
	}
	return true;
}

/* ref follows the same sources as another, whose units are known. */
static void copy_sources(struct ref_state *ref, const struct ref_state *from)
{
	free(ref->sources.items);
	ref->sources = from->sources;
	ref->sources.capacity = ref->sources.count;
	ref->sources.items = xmemdup(from->sources.items,
				     from->sources.count * sizeof(*from->sources.items));
	ref->apps_generation = from->apps_generation;
}

/* Of those that hold this ref's index, only those keep it that still follow the same. */
static void bind_others(struct affected_state *state, struct ref_state *ref)
{
	for (struct ref_state *o = state->refs; o != NULL; o = o->hh.next) {
		if (o == ref || o->table != ref->table) {
			continue;
		}
		tracked_choose(state, o->ref, o->default_branch, &o->sources);
		if (same_sources(&o->sources, &ref->sources)) {
			copy_sources(o, ref);
			continue;
		}
		ref_state_save(state, o, true);
		forget(o);
	}
}

static void choose_sources(struct affected_state *state, struct ref_state *ref,
			   const char *default_branch)
{
	if (!same_branch(ref->default_branch, default_branch)) {
		free(ref->default_branch);
		ref->default_branch = default_branch != NULL ? xstrdup(default_branch) : NULL;
	}
	tracked_choose(state, ref->ref, default_branch, &ref->sources);
	ref->apps_generation = state->apps_generation;
}

/* The sources of a ref were chosen: bind them, and walk those that are new. */
static int bind_chosen(struct affected_state *state, struct ref_state *ref, struct error *err)
{
	bind_all(state, ref);
	int r = walk_fresh(state, ref, err);
	if (r != 0) {
		/* Half an index would know of too little: it is built anew when asked for. */
		take_from_others(state, ref, false);
		clear(ref);
		return r;
	}
	bind_others(state, ref);
	return 0;
}

int ref_state_bind(struct affected_state *state, struct ref_state *ref,
		   const char *default_branch, struct error *err)
{
	if (ref->apps_generation == state->apps_generation &&
	    same_branch(ref->default_branch, default_branch)) {
		return 0;
	}
	choose_sources(state, ref, default_branch);
	return bind_chosen(state, ref, err);
}

/* Hold the index of another ref that would be built in the same way. */
static bool share_index(const struct affected_state *state, struct ref_state *ref)
{
	if (strncmp(ref->ref, "refs/tags/", 10) != 0) {
		return false;
	}
	for (const struct ref_state *o = state->refs; o != NULL; o = o->hh.next) {
		if (o != ref && o->table != NULL && !o->table->asks_ref &&
		    o->apps_generation == state->apps_generation &&
		    oid_equal(&o->commit, &ref->commit) &&
		    same_sources(&o->sources, &ref->sources)) {
			ref->table = index_hold(o->table);
			copy_sources(ref, o);
			ref->unsaved = ref->table->units_used;
			return true;
		}
	}
	return false;
}

int ref_state_build(struct affected_state *state, struct ref_state *ref,
		    const struct oid *commit, const struct oid *tree,
		    const char *default_branch, struct error *err)
{
	clear(ref);
	ref->commit = *commit;
	ref->tree = *tree;
	choose_sources(state, ref, default_branch);
	if (share_index(state, ref)) {
		return 0;
	}
	ref->table = index_new();
	return bind_chosen(state, ref, err);
}

int ref_state_advance(struct affected_state *state, struct ref_state *ref,
		      const struct numbers *units, const struct oid *commit,
		      const struct oid *tree, struct error *err)
{
	struct index_table *t = ref->table;

	if (t->holders > 1) {
		take_from_others(state, ref, true);
	}
	ref->commit = *commit;
	ref->tree = *tree;
	ref->unsaved++;
	for (size_t i = 0; i < units->count; i++) {
		struct unit *u = index_at(t, units->items[i]);

		if (u->used && !u->fresh) {
			u->fresh = true;
			numbers_push(&t->fresh, units->items[i]);
		}
	}
	int r = walk_fresh(state, ref, err);
	if (r != 0) {
		clear(ref);
	}
	return r;
}
