/*
 * The index of one ref: chosen sources, walked units, the tree they stand at.
 *
 * A source is a unit whose options are a digest of all that decides what it
 * reads.  When the list of applications is replaced, sources with an equal
 * digest keep their unit and are not walked again; the others are new, and
 * units that no source needs any more go.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/affected_impl.h"
#include "app/index_store.h"
#include "base/hmac.h"
#include "base/xalloc.h"

/* Units of one ref; what would be more depends on the whole repository instead. */
#define UNITS_MAX 4000000

void tracked_choose(const struct affected_state *state, const char *ref,
		    const char *default_branch, struct tracked_list *list)
{
	list->count = 0;
	for (size_t i = 0; i < state->here.count; i++) {
		const struct tracked *t = &state->here.items[i];
		const struct app_source *source =
			&state->apps->items[t->app]->sources[t->source];
		const char *prefix = json_string_value(json_object_get(source->spec, "tagPrefix"));
		enum revision_match r = app_revision_matches(source->target_revision, prefix, ref,
							     default_branch);

		if (r != REVISION_NO && r != REVISION_PINNED) {
			list->items = xgrow(list->items, list->count, &list->capacity,
					    sizeof(*list->items));
			list->items[list->count++] = *t;
		}
	}
}

size_t tracked_apps(const struct tracked_list *list)
{
	size_t apps = 0;

	for (size_t i = 0; i < list->count; i++) {
		apps += i == 0 || list->items[i].app != list->items[i - 1].app;
	}
	return apps;
}

static void clear(struct ref_state *ref)
{
	index_free(ref->table);
	ref->table = NULL;
	ref->sources.count = 0;
	ref->apps_generation = 0;
	memset(&ref->commit, 0, sizeof(ref->commit));
	memset(&ref->tree, 0, sizeof(ref->tree));
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
		char *path = index_store_path(state->cache_directory, state->repository, name);

		ref->table = index_store_read(path, &ref->commit, &ref->tree);
		free(path);
	}
	ref->looked = true;
	return ref;
}

void ref_state_drop(struct affected_state *state, struct ref_state *ref, bool erase)
{
	if (erase && state->cache_directory != NULL) {
		char *path = index_store_path(state->cache_directory, state->repository, ref->ref);

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

void ref_state_save(struct affected_state *state, struct ref_state *ref, bool always)
{
	bool due = ref->unsaved > 1000 || (always && ref->unsaved > 0);

	if (state->cache_directory == NULL || ref->table == NULL || !due) {
		return;
	}
	char *path = index_store_path(state->cache_directory, state->repository, ref->ref);

	/* A cache: if it cannot be written, the next start takes longer. */
	(void)index_store_write(path, ref->table, &ref->commit, &ref->tree, NULL);
	ref->unsaved = 0;
	free(path);
}

static enum inputs_mode inputs_mode_of(enum affected_mode mode)
{
	static const enum inputs_mode modes[] = {
		[AFFECTED_EXACT] = INPUTS_EXACT,
		[AFFECTED_UNION] = INPUTS_UNION,
		[AFFECTED_ARGOCD] = INPUTS_ARGOCD,
	};

	return modes[mode];
}

/* source becomes what lib/inputs wants; its siblings are malloc'ed. */
static void fill_source(const struct affected_state *state, const struct tracked *t,
			struct inputs_source *source)
{
	const struct app *app = state->apps->items[t->app];
	const struct app_source *s = &app->sources[t->source];
	const json_t **siblings = NULL;
	size_t count = 0;

	if (app->source_count > 1) {
		siblings = xcalloc(app->source_count, sizeof(*siblings));
		for (size_t i = 0; i < app->source_count; i++) {
			if (i != t->source) {
				siblings[count++] = app->sources[i].spec;
			}
		}
	}
	*source = (struct inputs_source){
		.app_name = app->name,
		.app_namespace = app->namespace,
		.app_project = app->project,
		.path = s->path,
		.ref = s->ref,
		.spec = s->spec,
		.siblings = siblings,
		.sibling_count = count,
		.generate_paths = app->generate_paths,
		.annotation_applies = s->annotation_applies,
		.mode = inputs_mode_of(state->mode),
	};
}

static void free_source(struct inputs_source *source)
{
	free((void *)(uintptr_t)source->siblings);
}

static int dump_to_buf(const char *data, size_t len, void *arg)
{
	return buf_add(arg, data, len);
}

static void add_json(struct buf *b, const json_t *value)
{
	(void)buf_addch(b, '\0');
	(void)json_dump_callback(value, dump_to_buf, b, JSON_COMPACT | JSON_SORT_KEYS);
}

static void add_text(struct buf *b, const char *text)
{
	(void)buf_addch(b, text != NULL);
	(void)buf_add(b, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 0);
}

/* Everything that decides what a source reads, as 32 hexadecimal digits in out. */
static void digest(const struct inputs_source *s, uint32_t number, struct buf *b,
		   char out[SHA256_HEX_MAX + 1])
{
	buf_reset(b);
	(void)buf_addf(b, "%u %d %d", number, (int)s->mode, s->annotation_applies);
	add_text(b, s->app_name);
	add_text(b, s->app_namespace);
	add_text(b, s->app_project);
	add_text(b, s->path);
	add_text(b, s->ref);
	add_text(b, s->generate_paths);
	add_json(b, s->spec);
	for (size_t i = 0; i < s->sibling_count; i++) {
		add_json(b, s->siblings[i]);
	}
	if (buf_is_full(b) || sha256_hex(b->data, b->len, out) != 0) {
		/* Never equal to another: walked anew each time, which is safe. */
		(void)snprintf(out, SHA256_HEX_MAX + 1, "%p", (const void *)s->spec);
	}
	out[32] = '\0';
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
		fill_source(state, &ref->sources.items[u->bound - 1], &source);
		r = inputs_walk_source(ref->inputs, &reader, &source, &trace, err);
		free_source(&source);
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

/* Bind each chosen source to its unit, and unbind the units of those that left. */
static void bind_all(struct affected_state *state, struct ref_state *ref)
{
	struct index_table *t = ref->table;
	char id[SHA256_HEX_MAX + 1];
	struct buf b;

	for (uint32_t n = 1; n < t->unit_count; n++) {
		if (t->units[n].used && t->units[n].bound != 0) {
			index_bind(t, n, -1);
		}
	}
	buf_init(&b, 16U * 1024 * 1024);
	for (size_t i = 0; i < ref->sources.count; i++) {
		struct tracked *s = &ref->sources.items[i];
		struct inputs_source source;

		fill_source(state, s, &source);
		digest(&source, s->source, &b, id);
		/*
		 * The same source twice (an application listed twice) has one
		 * digest: the second gets a unit of its own.
		 */
		s->unit = index_unit(t, NULL, source.path, id);
		while (index_at(t, s->unit)->bound != 0) {
			(void)snprintf(id + 32, sizeof(id) - 32, "-%zu", i);
			s->unit = index_unit(t, NULL, source.path, id);
		}
		index_bind(t, s->unit, (long)i);
		free_source(&source);
	}
	buf_release(&b);
}

static bool same_branch(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int ref_state_bind(struct affected_state *state, struct ref_state *ref,
		   const char *default_branch, struct error *err)
{
	if (ref->apps_generation == state->apps_generation &&
	    same_branch(ref->default_branch, default_branch)) {
		return 0;
	}
	if (!same_branch(ref->default_branch, default_branch)) {
		free(ref->default_branch);
		ref->default_branch = default_branch != NULL ? xstrdup(default_branch) : NULL;
	}
	tracked_choose(state, ref->ref, default_branch, &ref->sources);
	ref->apps_generation = state->apps_generation;
	bind_all(state, ref);
	return walk_fresh(state, ref, err);
}

int ref_state_build(struct affected_state *state, struct ref_state *ref,
		    const struct oid *commit, const struct oid *tree,
		    const char *default_branch, struct error *err)
{
	clear(ref);
	ref->table = index_new();
	ref->commit = *commit;
	ref->tree = *tree;
	int r = ref_state_bind(state, ref, default_branch, err);
	if (r != 0) {
		clear(ref);
	}
	return r;
}

int ref_state_advance(struct affected_state *state, struct ref_state *ref,
		      const struct numbers *units, const struct oid *commit,
		      const struct oid *tree, struct error *err)
{
	struct index_table *t = ref->table;

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
