/*
 * Expanding: what a Kustomization with postBuild makes of the objects below it.
 *
 * What an object becomes is a copy of it that shares everything but its spec.
 * The values of a Kustomization may hold variables themselves, which its own
 * parents put in.  An object that nothing is known to apply stays as it is.
 */
#include "manifest/flux_expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "manifest/app_impl.h"
#include "manifest/flux_tree.h"
#include "manifest/flux_variables.h"
#include "manifest/template.h"

/* Parents of parents, and what one object becomes. */
#define DEPTH_MAX 4
#define VARIANTS_MAX 16

struct flux_expanded {
	const struct app_list *from;
	struct app_list list;
	size_t *firsts;        // by number in from, and one more
	struct app **copies;
	size_t copy_count;
	size_t copy_capacity;
};

/* Objects of one file with templates that are left. */
struct left {
	size_t count;
	char *field;           // of the first, and its kind and origin
	enum app_kind kind;
	const char *origin;
};

static void add_variant(json_t *variants, json_t *spec)
{
	const json_t *known;
	size_t i;

	json_array_foreach(variants, i, known) {
		if (json_equal(known, spec)) {
			json_decref(spec);
			return;
		}
	}
	(void)json_array_append_new(variants, spec);
}

/* The specs that one becomes, as a new array. */
static json_t *find_variants(struct flux_trees *trees, const struct app *app, int depth)
{
	json_t *variants = json_array();
	const struct app_list *parents = flux_has_variables(app->spec) && depth < DEPTH_MAX
						 ? flux_trees_parents(trees, app)
						 : NULL;

	for (size_t i = 0; parents != NULL && i < parents->count; i++) {
		const struct app *parent = parents->items[i];
		const json_t *spec;
		size_t k;

		if (json_object_get(parent->spec, "postBuild") == NULL) {
			continue;
		}
		json_t *specs = find_variants(trees, parent, parent == app ? DEPTH_MAX : depth + 1);
		json_array_foreach(specs, k, spec) {
			if (json_array_size(variants) < VARIANTS_MAX) {
				const json_t *build = json_object_get(spec, "postBuild");

				add_variant(variants, flux_fill(app->spec, build));
			}
		}
		json_decref(specs);
	}
	if (json_array_size(variants) == 0 || json_array_size(variants) == VARIANTS_MAX) {
		json_array_clear(variants);
		(void)json_array_append(variants, app->spec);
	}
	return variants;
}

static void add_copies(struct flux_expanded *e, struct flux_trees *trees, struct app *app)
{
	json_t *variants = find_variants(trees, app, 0);
	json_t *spec;
	size_t i;

	json_array_foreach(variants, i, spec) {
		struct app *copy = xmemdup(app, sizeof(*app));

		copy->spec = json_incref(app_fits(spec) ? spec : app->spec);
		e->copies = xgrow(e->copies, e->copy_count, &e->copy_capacity, sizeof(*e->copies));
		e->copies[e->copy_count++] = copy;
		app_list_add_take(&e->list, copy);
	}
	json_decref(variants);
}

/* --- what is left --- */

static void say_left(struct left *left, struct strvec *problems)
{
	if (left->count == 0) {
		return;
	}
	char *advice = template_advice(left->kind);
	char *more = left->count > 1 ? xasprintf(" (so it is in %zu more here)", left->count - 1)
				     : xstrdup("");

	strvec_pushf(problems, "%s: a template that makes a%s %s: %s is only known when it is "
		     "filled in%s, so any push to its repository may ring it; %s", left->origin,
		     app_kind_name(left->kind)[0] == 'A' ? "n" : "", app_kind_name(left->kind),
		     left->field, more, advice);
	free(more);
	free(advice);
	free(left->field);
	left->count = 0;
}

static void note_left(struct left *left, const struct app *app, struct strvec *problems)
{
	size_t len = left->count > 0 ? strcspn(left->origin, ":") : 0;
	json_t *object = json_pack("{s:O}", "spec", app->spec);
	char *field = template_find(object, app->id.kind);

	json_decref(object);
	if (field == NULL) {
		return;
	}
	if (left->count > 0 && (strncmp(left->origin, app->origin, len) != 0 ||
				app->origin[len] != ':')) {
		say_left(left, problems);
	}
	if (left->count++ > 0) {
		free(field);
		return;
	}
	left->field = field;
	left->kind = app->id.kind;
	left->origin = app->origin;
}

/* --- all of a list --- */

struct flux_expanded *flux_expand(const struct app_list *list, struct strvec *problems)
{
	struct flux_expanded *e = xcalloc(1, sizeof(*e));
	struct flux_trees *trees = NULL;
	struct left left = { .count = 0 };

	e->from = list;
	e->firsts = xcalloc(list->count + 1, sizeof(*e->firsts));
	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];
		size_t first = e->list.count;

		e->firsts[i] = first;
		if (app->spec == NULL || !flux_has_variables(app->spec)) {
			app_list_add_take(&e->list, app);
		} else {
			trees = trees != NULL ? trees : flux_trees_new(list, list);
			add_copies(e, trees, app);
		}
		for (size_t k = first; app->spec != NULL && k < e->list.count; k++) {
			note_left(&left, e->list.items[k], problems);
		}
	}
	e->firsts[list->count] = e->list.count;
	say_left(&left, problems);
	if (trees != NULL) {
		flux_trees_free(trees);
	}
	return e;
}

const struct app_list *flux_expanded_list(const struct flux_expanded *expanded)
{
	return &expanded->list;
}

size_t flux_expanded_find(const struct flux_expanded *expanded, size_t i, size_t *ret_first)
{
	*ret_first = expanded->firsts[i];
	return expanded->firsts[i + 1] - expanded->firsts[i];
}

void flux_expanded_free(struct flux_expanded *expanded)
{
	for (size_t i = 0; i < expanded->copy_count; i++) {
		json_decref(expanded->copies[i]->spec);
		free(expanded->copies[i]); /* the rest is the list's */
	}
	free(expanded->copies);
	free(expanded->list.items);
	free(expanded->firsts);
	free(expanded);
}
