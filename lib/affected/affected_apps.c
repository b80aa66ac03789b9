/*
 * The applications of a repository: which of their sources are here, and what
 * each source is, as a digest.
 *
 * The list is replaced whenever anything about any application changes, and
 * most of it is the same objects as before.  An object that was in the old
 * list and is in the new one at the same address has not changed, since both
 * lists are alive while they are compared: its digest is kept.
 */
#include <stdio.h>
#include <string.h>

#include "affected/affected_impl.h"
#include "base/crypto.h"
#include "base/xalloc.h"

void tracked_choose(const struct affected_state *state, const char *ref,
		    const char *default_branch, struct tracked_list *list)
{
	list->count = 0;
	list->apps = 0;
	for (size_t i = 0; i < state->here.count; i++) {
		const struct tracked *t = &state->here.items[i];
		const struct app_source *source =
			&state->apps->items[t->app]->sources[t->source];
		enum revision_match r = app_revision_matches(source->target_revision,
							     source->tag_prefix, ref,
							     default_branch);

		if (r != REVISION_NO && r != REVISION_PINNED) {
			list->items = xgrow(list->items, list->count, &list->capacity,
					    sizeof(*list->items));
			list->apps += list->count == 0 ||
				      list->items[list->count - 1].app != t->app;
			list->items[list->count++] = *t;
		}
	}
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

/* A remote reference is no sibling: nothing is read through it, nor by it. */
static bool is_sibling(const struct app *app, size_t source, size_t other)
{
	return other != source && !app->sources[source].remote && !app->sources[other].remote;
}

void source_fill(const struct affected_state *state, const struct tracked *t,
		 struct inputs_source *source)
{
	const struct app *app = state->apps->items[t->app];
	const struct app_source *s = &app->sources[t->source];
	json_t **siblings = NULL;
	size_t count = 0;

	if (app->source_count > 1) {
		siblings = xcalloc(app->source_count, sizeof(*siblings));
		for (size_t i = 0; i < app->source_count; i++) {
			if (is_sibling(app, t->source, i)) {
				siblings[count++] = app_source_spec(&app->sources[i]);
			}
		}
	}
	*source = (struct inputs_source){
		.app_name = app->id.name,
		.app_namespace = app->id.namespace,
		.app_project = app->project,
		.path = s->path,
		.ref = s->ref,
		.spec = app_source_spec(s),
		.siblings = (const json_t *const *)siblings,
		.sibling_count = count,
		.generate_paths = app->generate_paths,
		.annotation_applies = s->annotation_applies,
		.walker = s->walker != NULL ? inputs_walker_find(s->walker) : NULL,
		.mode = inputs_mode_of(state->mode),
	};
}

bool source_is_argocd(const struct affected_state *state, const struct tracked *t)
{
	return state->apps->items[t->app]->sources[t->source].walker == NULL;
}

static void drop(const json_t *value)
{
	json_decref((json_t *)(uintptr_t)value);
}

void source_release(struct inputs_source *source)
{
	drop(source->spec);
	for (size_t i = 0; i < source->sibling_count; i++) {
		drop(source->siblings[i]);
	}
	free((void *)(uintptr_t)source->siblings);
}

static int dump_to_buf(const char *data, size_t len, void *arg)
{
	return buf_add(arg, data, len);
}

static void add_spec(struct buf *b, const struct app_source *source)
{
	(void)buf_addch(b, '\0');
	if (source->spec_text != NULL) {
		(void)buf_addstr(b, source->spec_text);
		return;
	}
	(void)json_dump_callback(source->spec, dump_to_buf, b, JSON_COMPACT | JSON_SORT_KEYS);
}

static void add_text(struct buf *b, const char *text)
{
	(void)buf_addch(b, text != NULL);
	(void)buf_add(b, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 0);
}

/* Everything that decides what a source reads, as 32 hexadecimal digits. */
static void digest(const struct affected_state *state, const struct tracked *t, struct buf *b,
		   struct source_id *ret_id)
{
	const struct app *app = state->apps->items[t->app];
	const struct app_source *s = &app->sources[t->source];
	char hex[SHA256_HEX_MAX + 1];

	buf_reset(b);
	(void)buf_addf(b, "%u %d %d", t->source, (int)inputs_mode_of(state->mode),
		       s->annotation_applies);
	add_text(b, app->id.name);
	add_text(b, app->id.namespace);
	add_text(b, app->project);
	add_text(b, s->path);
	add_text(b, s->ref);
	add_text(b, app->generate_paths);
	add_text(b, s->walker);
	add_spec(b, s);
	for (size_t i = 0; i < app->source_count; i++) {
		if (is_sibling(app, t->source, i)) {
			add_spec(b, &app->sources[i]);
		}
	}
	if (buf_is_full(b) || sha256_hex(b->data, b->len, hex) != 0) {
		/* Equal to no other: walked anew, which is safe. */
		(void)snprintf(hex, sizeof(hex), "%p", (const void *)s);
	}
	(void)snprintf(ret_id->text, sizeof(ret_id->text), "%.32s", hex);
}

static int by_address(const void *a, const void *b)
{
	const struct source_id *x = a;
	const struct source_id *y = b;

	if (x->app != y->app) {
		return (uintptr_t)x->app < (uintptr_t)y->app ? -1 : 1;
	}
	return (x->source > y->source) - (x->source < y->source);
}

static void identify(struct affected_state *state, const struct tracked *t,
		     const struct source_id *old, size_t old_count, struct buf *b)
{
	struct source_id *id = &state->ids[t->here];

	id->app = state->apps->items[t->app];
	id->source = t->source;
	const struct source_id *known =
		old_count > 0 ? bsearch(id, old, old_count, sizeof(*old), by_address) : NULL;
	if (known != NULL) {
		*id = *known;
		return;
	}
	digest(state, t, b, id);
}

static void find_here(struct affected_state *state)
{
	struct tracked_list *here = &state->here;

	here->count = 0;
	for (size_t i = 0; i < state->apps->count; i++) {
		const struct app *app = state->apps->items[i];

		for (size_t k = 0; k < app->source_count; k++) {
			if (!app_source_reads(&app->sources[k], state->repository)) {
				continue;
			}
			here->items = xgrow(here->items, here->count, &here->capacity,
					    sizeof(*here->items));
			here->items[here->count] = (struct tracked){
				.app = (uint32_t)i, .source = (uint32_t)k,
				.here = (uint32_t)here->count,
				.remote = app->sources[k].remote,
			};
			here->count++;
		}
	}
}

void affected_set_apps(struct affected_state *state, const struct app_list *list)
{
	struct source_id *old = state->ids;
	size_t old_count = state->here.count;
	struct buf b;

	if (old_count > 0) {
		qsort(old, old_count, sizeof(*old), by_address);
	}
	state->apps = list;
	state->apps_generation++;
	find_here(state);
	state->ids = xcalloc(state->here.count + 1, sizeof(*state->ids));
	buf_init(&b, 16U * 1024 * 1024);
	for (size_t i = 0; i < state->here.count; i++) {
		identify(state, &state->here.items[i], old, old_count, &b);
	}
	buf_release(&b);
	free(old);
}
