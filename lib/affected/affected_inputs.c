/*
 * Inputs told to people.
 *
 * The index holds what each unit reads.  From a source's unit all units that
 * it is made from are visited, breadth first, so that the chain told for a
 * unit is a shortest one.
 *
 * Lint: what the walkers found is held against what Argo CD makes of the
 * annotation manifest-generate-paths.  A file that is read counts, a file that
 * would be read if it were there, and, for directories and patterns, the files
 * that are there now.  Names that a renderer only tries (three spellings of
 * kustomization.yaml, .argocd-source.yaml) do not count where they are absent,
 * nor does the mere existence of a directory: nobody writes these down.  Where
 * a walker does not know what is read, the annotation is all there is.
 */
#include "affected/affected_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "affected/affected_impl.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "index/spread.h"

/* Files looked at for one source's directories and patterns. */
#define FILES_MAX 200000
/* Links followed to tell chains in full; past it, what is near the input. */
#define LINKS_MAX 20000000

struct outline {
	struct affected_state *state;
	struct ref_state *ref;
	struct affected_inputs *out;
	const struct tracked *source;  // at hand
	uint32_t *reached;             // by unit: the edge it was reached by plus 1, 0: not seen
	uint32_t *root;                // by unit: the one that the source refers to, on its way
	struct numbers queue;          // units of the source at hand
	const struct inputs_trace *annotation; // lint: what Argo CD goes by, else NULL
	size_t missed;                 // lint: paths of the source at hand
	size_t files;
	size_t links_left;             // to tell chains in full
	const struct posting *posting; // lint: being enumerated
	uint32_t unit;
	const char *dir;               // its directory; "" is the root
};

/* --- chains --- */

/* From what reads the path up to the root that the source itself refers to. */
static void add_chain(struct outline *l, uint32_t unit, const char *path, struct strvec *via)
{
	const struct index_table *t = l->ref->table;
	struct numbers links = { .items = NULL };
	uint32_t at = unit;

	for (size_t n = 0; l->reached[at] > 1 && (n < LIMIT_VIA / 2 || l->links_left > 0); n++) {
		const struct edge *e = &t->edges[l->reached[at] - 1];

		if (e->via != 0) {
			numbers_push(&links, e->via);
		}
		l->links_left -= l->links_left > 0;
		at = e->from;
	}
	spread_tell(t, &links, path, via);
	if (l->reached[at] > 1) {
		strvec_push(via, "...");
	}
	spread_tell_origin(t, l->root[unit], path, via);
	free(links.items);
}

static void add(struct outline *l, uint32_t unit, const struct posting *p, const char *path,
		enum glob_dialect dialect, const char *why)
{
	const struct index_table *t = l->ref->table;
	struct affected_inputs *out = l->out;

	out->total++;
	if (out->count >= AFFECTED_INPUTS_MAX) {
		return;
	}
	out->items = xgrow(out->items, out->count, &out->capacity, sizeof(*out->items));
	struct affected_input *input = &out->items[out->count++];
	*input = (struct affected_input){
		.app = l->source->app,
		.source = l->source->source,
		.kind = (enum probe_kind)p->kind,
		.flags = p->flags,
		.path = xstrdup(path),
		.dialect = dialect,
		.filter = xstrdup(p->filter != 0 ? filters_name(&t->filters, p->filter) : ""),
		.argument = xstrdup(p->filter != 0 ? filters_argument(&t->filters, p->filter) : ""),
		.why = xstrdup(why),
		.via = STRVEC_INIT,
	};
	add_chain(l, unit, path, &input->via);
}

/* The path of a posting's node, or its pattern and *dialect, as a new string. */
static char *path_of(const struct trie *trie, uint32_t node, enum glob_dialect *dialect)
{
	const char *pattern;
	char *path = xstrdup("");

	if (trie_glob(trie, node, dialect, &pattern)) {
		free(path);
		return xstrdup(pattern);
	}
	for (; node > TRIE_ROOT; node = trie_at(trie, node)->parent) {
		const char *name = names_text(&trie->names, trie_at(trie, node)->name);
		char *longer = xasprintf("%s%s%s", name, path[0] != '\0' ? "/" : "", path);

		free(path);
		path = longer;
	}
	return path;
}

/* True for the probe that stands for all of an opaque unit. */
static bool is_opaque(const struct index_table *t, uint32_t unit, const struct posting *p)
{
	return index_at(t, unit)->opaque != 0 && p->kind == PROBE_SUBTREE &&
	       p->node == TRIE_ROOT && p->filter == 0;
}

/* --- lint --- */

/* Does Argo CD refresh when this file changes? */
static bool is_annotated(const struct outline *l, const char *path)
{
	for (size_t i = 0; i < l->annotation->probe_count; i++) {
		const struct inputs_probe *p = &l->annotation->probes[i];
		size_t len = strlen(p->path);
		bool below = len == 0 || (strncmp(p->path, path, len) == 0 && path[len] == '/');
		bool self = !(p->flags & PROBE_BELOW) && strcmp(p->path, path) == 0;
		bool glob = p->kind == PROBE_GLOB &&
			    glob_match(p->dialect, p->path, path) == GLOB_MATCH;

		if (p->kind == PROBE_ALWAYS || glob ||
		    (p->kind == PROBE_SUBTREE && (below || self))) {
			return true;
		}
	}
	return false;
}

/* Is everything below a directory annotated by one item? */
static bool holds_all(const struct outline *l, const char *dir)
{
	for (size_t i = 0; i < l->annotation->probe_count; i++) {
		const struct inputs_probe *p = &l->annotation->probes[i];
		size_t len = strlen(p->path);

		if (p->kind == PROBE_ALWAYS ||
		    (p->kind == PROBE_SUBTREE &&
		     (len == 0 || (strncmp(p->path, dir, len) == 0 &&
				   (dir[len] == '/' || dir[len] == '\0'))))) {
			return true;
		}
	}
	return false;
}

/* Names that are only tried. */
static bool is_guess(const char *path)
{
	static const char *const names[] = {
		"kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml",
		"requirements.yaml", "values.yaml", "Chart.lock", ".helmignore",
	};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return strncmp(name, ".argocd-source", 14) == 0;
}

static void miss(struct outline *l, uint32_t unit, const struct posting *p, const char *path)
{
	for (size_t i = l->out->count; i > 0 && i + l->missed > l->out->count; i--) {
		if (strcmp(l->out->items[i - 1].path, path) == 0) {
			return;
		}
	}
	if (l->missed < LIMIT_REASONS) {
		add(l, unit, p, path, GLOB_GO, "");
		l->missed++;
	}
}

static bool takes(const struct outline *l, const char *path, const char *relative,
		  size_t name_at)
{
	const struct index_table *t = l->ref->table;
	const struct posting *p = l->posting;
	enum glob_dialect dialect;
	const char *pattern;

	if (p->kind == PROBE_GLOB) {
		return trie_glob(&t->trie, p->node, &dialect, &pattern) &&
		       glob_match(dialect, pattern, path) == GLOB_MATCH;
	}
	return p->filter == 0 || filters_match(&t->filters, p->filter, relative, name_at);
}

static int visit_file(void *arg, uint64_t parent, const struct tree_change *change)
{
	struct outline *l = arg;

	(void)parent;
	if (change->directory) {
		return 0;
	}
	const char *slash = l->dir[0] != '\0' ? "/" : "";
	char *path = xasprintf("%s%s%s", l->dir, slash, change->path);
	if (takes(l, path, change->path, change->name) && !is_annotated(l, path)) {
		miss(l, l->unit, l->posting, path);
	}
	free(path);
	l->files++;
	return l->files > FILES_MAX || l->missed >= LIMIT_REASONS;
}

static bool enter_none(void *arg, uint64_t parent, const char *path, size_t len, size_t name,
		       uint64_t *ret_cookie)
{
	(void)arg, (void)parent, (void)path, (void)len, (void)name, (void)ret_cookie;
	return false;
}

/* Hold the files below dir, which is a directory, against the annotation. */
static void visit_directory(struct outline *l, const char *dir)
{
	const struct treereader reader = { .repo = l->state->repo, .tree = l->ref->tree };
	const struct oid empty = { .len = 0 };
	struct treewalk_visitor visitor = { .change = visit_file, .arg = l };
	struct tree_entry entry;
	size_t used;

	if (treereader_lookup(&reader, dir, &entry, &used, NULL) != REPO_OK ||
	    entry.kind != TREE_DIR) {
		return;
	}
	l->dir = dir;
	visitor.enter = l->posting->kind == PROBE_LIST ? enter_none : NULL;
	/* What cannot be read now is not what the annotation is blamed for. */
	(void)treewalk(l->state->repo, &empty, &entry.id, &visitor, NULL);
}

/* The directory in front of a pattern's first special character. */
static void cut_pattern(char *pattern)
{
	pattern[strcspn(pattern, "*?[{\\!")] = '\0';
	char *slash = strrchr(pattern, '/');

	*(slash != NULL ? slash : pattern) = '\0';
}

static void lint_posting(struct outline *l, uint32_t unit, const struct posting *p, char *path)
{
	l->posting = p;
	l->unit = unit;
	if (p->flags & PROBE_NAMES || is_opaque(l->ref->table, unit, p)) {
		return;
	}
	switch ((enum probe_kind)p->kind) {
	case PROBE_FILE:
	case PROBE_ABSENT:
		if (!is_annotated(l, path) && !(p->kind == PROBE_ABSENT && is_guess(path))) {
			miss(l, unit, p, path);
		}
		break;
	case PROBE_SUBTREE:
	case PROBE_LIST:
		if (!holds_all(l, path)) {
			visit_directory(l, path);
		}
		break;
	case PROBE_GLOB:
		cut_pattern(path);
		if (!holds_all(l, path)) {
			visit_directory(l, path);
		}
		break;
	case PROBE_ALWAYS:
	case PROBE_REMOTE:
		break;
	}
}

/* --- walking the index --- */

/* What a unit of inputs/remote_reference.h stands for, as Kustomize would write it. */
static char *address_of(const struct index_table *t, uint32_t unit)
{
	json_t *options = json_loads(index_string(t, index_at(t, unit)->options), 0, NULL);
	const char *repository = json_string_value(json_object_get(options, "repository"));
	const char *ref = json_string_value(json_object_get(options, "ref"));
	bool named = ref != NULL && ref[0] != '\0';
	char *address = xasprintf("%s//%s%s%s", repository != NULL ? repository : "",
				  index_string(t, index_at(t, unit)->dir),
				  named ? "?ref=" : "", named ? ref : "");

	json_decref(options);
	return address;
}

static void list_unit(struct outline *l, uint32_t unit)
{
	const struct index_table *t = l->ref->table;

	for (uint32_t n = index_at(t, unit)->postings; n != 0; n = t->postings[n].next_of_unit) {
		const struct posting *p = &t->postings[n];
		enum glob_dialect dialect = GLOB_GO;
		char *path = p->kind == PROBE_REMOTE
				     ? address_of(t, unit)
				     : path_of(&t->trie, index_is_placeless(p->kind) ? TRIE_ROOT
										     : p->node,
					       &dialect);

		if (l->annotation != NULL) {
			lint_posting(l, unit, p, path);
		} else {
			bool said = is_opaque(t, unit, p) || p->kind == PROBE_ALWAYS;

			add(l, unit, p, path, dialect,
			    said ? index_string(t, index_at(t, unit)->opaque) : "");
		}
		free(path);
	}
}

static void list_source(struct outline *l)
{
	const struct index_table *t = l->ref->table;

	l->reached[l->source->unit] = 1;
	l->root[l->source->unit] = l->source->unit;
	numbers_push(&l->queue, l->source->unit);
	for (size_t i = 0; i < l->queue.count; i++) {
		uint32_t unit = l->queue.items[i];

		list_unit(l, unit);
		for (uint32_t e = index_at(t, unit)->children; e != 0; e = t->edges[e].next_from) {
			uint32_t to = t->edges[e].to;

			if (l->reached[to] == 0) {
				l->reached[to] = e + 1;
				l->root[to] = i == 0 ? to : l->root[unit];
				numbers_push(&l->queue, to);
			}
		}
	}
	for (size_t i = 0; i < l->queue.count; i++) {
		l->reached[l->queue.items[i]] = 0;
	}
	l->queue.count = 0;
	l->out->sources++;
}

/* 0, or -1 with err. */
static int lint_source(struct outline *l, struct error *err)
{
	const struct treereader reader = { .repo = l->state->repo, .tree = l->ref->tree };
	struct inputs_source source;

	source_fill(l->state, l->source, &source);
	bool applies = source.annotation_applies && source.generate_paths != NULL;
	source.mode = INPUTS_ARGOCD;
	int r = applies ? inputs_walk_source(l->ref->inputs, &reader, &source, &l->annotation, err)
			: 0;
	source_release(&source);
	if (r == 0 && applies) {
		l->missed = 0;
		l->files = 0;
		list_source(l);
	}
	return r;
}

static int list_all(struct outline *l, const struct affected_inputs_request *request,
		    struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < l->ref->sources.count && r == 0; i++) {
		l->source = &l->ref->sources.items[i];
		if (request->application == NULL) {
			r = lint_source(l, err);
			continue;
		}
		char *name = app_full_name(l->state->apps->items[l->source->app]);
		if (strcmp(name, request->application) == 0) {
			list_source(l);
		}
		free(name);
	}
	return r;
}

static int by_path(const void *a, const void *b)
{
	const struct affected_input *x = a;
	const struct affected_input *y = b;

	if (x->app != y->app || x->source != y->source) {
		return x->app != y->app ? (x->app < y->app ? -1 : 1)
					: (x->source < y->source ? -1 : 1);
	}
	int order = strcmp(x->path, y->path);
	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

int affected_inputs(struct affected_state *state, const struct affected_inputs_request *request,
		    struct affected_inputs *ret_inputs, struct error *err)
{
	struct affected_inputs found = { .items = NULL };
	struct outline l = { .state = state, .out = &found, .links_left = LINKS_MAX };
	struct oid commit;
	struct oid tree;

	repo_begin(state->repo);
	int r = repo_peel(state->repo, &request->commit, &commit, &tree, err);
	if (r != REPO_OK) {
		return -1;
	}
	l.ref = ref_state_get(state, request->ref);
	r = ref_state_build(state, l.ref, &commit, &tree, request->default_branch, err);
	if (r == 0) {
		l.reached = xcalloc(l.ref->table->unit_count + 1, sizeof(*l.reached));
		l.root = xcalloc(l.ref->table->unit_count + 1, sizeof(*l.root));
		r = list_all(&l, request, err);
	}
	free(l.reached);
	free(l.root);
	free(l.queue.items);
	if (r != 0) {
		affected_inputs_release(&found);
		return -1;
	}
	if (found.count > 0) {
		qsort(found.items, found.count, sizeof(*found.items), by_path);
	}
	*ret_inputs = found;
	return 0;
}

void affected_inputs_release(struct affected_inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		struct affected_input *input = &inputs->items[i];

		free(input->path);
		free(input->filter);
		free(input->argument);
		free(input->why);
		strvec_release(&input->via);
	}
	free(inputs->items);
	*inputs = (struct affected_inputs){ .items = NULL };
}
