/*
 * Merging: names that were seen, in a hash table.
 */
#include "inventory/merge.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/limits.h"
#include "base/xalloc.h"

/* A name that was seen, and of whom. */
struct seen {
	char *name;
	struct app *app;          // NULL where only the name counts
	struct app_list repeated; // a view: all of that name, if they are several
	UT_hash_handle hh;
};

/* The text that an application was read from: how much of its origin. */
static int text_of(const struct app *app)
{
	const char *colon = strrchr(app->origin, ':');

	return colon != NULL ? (int)(colon - app->origin) : (int)strlen(app->origin);
}

/* By what an application is known where it is kept. */
static char *name_here(const struct app *app)
{
	return xasprintf("%d %s/%s\n%.*s", (int)app->id.kind, app->id.namespace, app->id.name,
			 text_of(app), app->origin);
}

/* Remember a name, which is taken, unless it is there. */
static struct seen *see(struct seen **seen, char *name, struct app *app)
{
	struct seen *found = NULL;

	HASH_FIND_STR(*seen, name, found);
	if (found != NULL) {
		free(name);
		return found;
	}
	struct seen *one = xcalloc(1, sizeof(*one));

	one->name = name;
	one->app = app;
	HASH_ADD_KEYPTR(hh, *seen, one->name, strlen(one->name), one);
	return one;
}

static void forget_seen(struct seen **seen)
{
	struct seen *one;
	struct seen *next;

	HASH_ITER(hh, *seen, one, next) {
		HASH_DEL(*seen, one);
		free(one->repeated.items);
		free(one->name);
		free(one);
	}
}

static bool is_broken(const struct seen *broken, const struct app *app)
{
	struct seen *found = NULL;

	HASH_FIND(hh, broken, app->origin, (size_t)text_of(app), found);
	if (found == NULL) {
		HASH_FIND_STR(broken, "", found);
	}
	return found != NULL;
}

void merge_keep_missing(struct app_list *list, struct app_list *old, const struct strvec *broken)
{
	struct seen *texts = NULL;
	struct seen *seen = NULL;
	struct seen *found;
	size_t left = 0;

	for (size_t i = 0; i < broken->count; i++) {
		(void)see(&texts, xstrdup(broken->items[i]), NULL);
	}
	for (size_t i = 0; i < list->count; i++) {
		(void)see(&seen, name_here(list->items[i]), NULL);
	}
	for (size_t i = 0; i < old->count; i++) {
		struct app *app = old->items[i];
		char *name = name_here(app);

		HASH_FIND_STR(seen, name, found);
		free(name);
		if (found == NULL && is_broken(texts, app)) {
			app_list_add_take(list, app);
		} else {
			old->items[left++] = app;
		}
	}
	old->count = left;
	forget_seen(&texts);
	forget_seen(&seen);
}

/* A list being made. */
struct merge {
	struct app_list *list;
	struct strvec *problems;
	struct seen *seen;
	struct app_list patches; // a view, waiting for their namesakes
	size_t left_out;         // for want of room
};

struct merge *merge_begin(struct app_list *list, struct strvec *problems)
{
	struct merge *m = xcalloc(1, sizeof(*m));

	*m = (struct merge){ .list = list, .problems = problems };
	return m;
}

/* Flux's objects of one name are put together when they are linked. */
static bool is_linked(const struct app *app)
{
	return app->id.kind != APP_APPLICATION && app->id.kind != APP_APPLICATION_SET;
}

/*
 * Another of a name that was seen. True if it counts: not if it says the same
 * again.
 */
static bool repeat(struct merge *m, struct seen *seen, struct app *app)
{
	if (is_linked(app)) {
		return true;
	}
	if (app_is_same(seen->app, app)) {
		strvec_pushf(m->problems, "%s: application '%s' was read from %s already",
			     app->origin, seen->name, seen->app->origin);
		return false;
	}
	if (seen->repeated.count == 0) {
		app_list_add_take(&seen->repeated, seen->app);
	}
	app_list_add_take(&seen->repeated, app);
	/* What the operator keeps says more than what somebody committed. */
	if (seen->app->home_repository != NULL && app->home_repository == NULL) {
		seen->app = app;
	}
	return true;
}

static void add(struct merge *m, struct app *app)
{
	char *name = app_full_name(app);
	struct seen *found = NULL;

	HASH_FIND_STR(m->seen, name, found);
	app->first = NULL;
	if (m->list->count >= LIMIT_APPLICATIONS) {
		m->left_out++;
	} else if (found == NULL || repeat(m, found, app)) {
		app_list_add_take(m->list, app); /* a view: never released as a list */
		(void)see(&m->seen, xstrdup(name), app);
	}
	free(name);
}

/* Several of one name are rung as one: let them know by whom, and people, too. */
static void link_repeated(const struct merge *m)
{
	for (const struct seen *one = m->seen; one != NULL; one = one->hh.next) {
		const struct app_list *all = &one->repeated;
		bool patched = false;

		for (size_t i = 0; i < all->count; i++) {
			all->items[i]->first = one->app;
			patched = patched || all->items[i]->patch;
		}
		if (all->count < 2 || patched) {
			continue;
		}
		char *more = all->count > 2 ? xasprintf(" and %zu more places", all->count - 2)
					    : xstrdup("");
		strvec_pushf(m->problems, "%s: '%s' was read from %s%s, too: a change of what any "
			     "of them reads rings it; give their places a cluster to tell them "
			     "apart, or remove one", all->items[1]->origin, one->name,
			     all->items[0]->origin, more);
		free(more);
	}
}

void merge_add(struct merge *m, struct app *app)
{
	if (app->patch) {
		app_list_add_take(&m->patches, app);
	} else {
		add(m, app);
	}
}

/* By what a patch may know its object: it often leaves the namespace out. */
static char *name_in_patch(const struct app *app)
{
	const char *cluster = app->id.cluster != NULL ? app->id.cluster : "";

	return xasprintf("%d %s@%s", (int)app->id.kind, app->id.name, cluster);
}

/*
 * A patch of nothing that is known has a name that nobody bears.  One that has
 * a namesake, and says itself what is read, may be what is deployed: then it
 * counts beside the other, under the other's name.
 */
static void add_patches(struct merge *m)
{
	struct seen *seen = NULL;
	struct seen *found = NULL;

	for (size_t i = 0; i < m->list->count && m->patches.count > 0; i++) {
		struct app *app = m->list->items[i];

		(void)see(&seen, name_in_patch(app), app);
	}
	for (size_t i = 0; i < m->patches.count; i++) {
		struct app *app = m->patches.items[i];
		char *name = name_in_patch(app);

		HASH_FIND_STR(seen, name, found);
		free(name);
		if (found != NULL) {
			free(app->id.namespace);
			app->id.namespace = xstrdup(found->app->id.namespace);
			add(m, app);
		}
	}
	forget_seen(&seen);
	free(m->patches.items);
}

void merge_end(struct merge *m)
{
	size_t kept = 0;

	add_patches(m);
	link_repeated(m);
	if (m->left_out > 0) {
		strvec_pushf(m->problems, "more than %d applications: %zu are left out",
			     LIMIT_APPLICATIONS, m->left_out);
	}
	app_link(m->list, m->problems);
	for (size_t i = 0; i < m->list->count; i++) {
		struct app *app = m->list->items[i];

		if (app_kind_is_rung(app->id.kind) && !app->folded) {
			m->list->items[kept++] = app;
		}
	}
	m->list->count = kept;
	forget_seen(&m->seen);
	free(m);
}
