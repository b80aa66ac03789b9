/*
 * References between repositories.
 *
 * Applications are replaced whenever they are read again, so what they refer
 * to is kept by their names and put to them each time a list is made.
 */
#include "inventory/references.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/xalloc.h"

/* What the applications of one ref refer to. */
struct remote {
	char *key; // "repository at ref"
	json_t *list;
	UT_hash_handle hh;
};

struct references {
	struct remote *remote;
};

/* An application by its full name. */
struct named {
	char *name;
	struct app *app;
	UT_hash_handle hh;
};

struct linking {
	struct named *named;
	const char *(*name)(void *ctx, const char *address);
	void *ctx;
	struct strvec *problems;
};

struct references *references_new(void)
{
	return xcalloc(1, sizeof(struct references));
}

static void drop(struct references *references, struct remote *remote)
{
	HASH_DEL(references->remote, remote);
	json_decref(remote->list);
	free(remote->key);
	free(remote);
}

void references_free(struct references *references)
{
	while (references != NULL && references->remote != NULL) {
		drop(references, references->remote);
	}
	free(references);
}

bool references_set(struct references *references, const char *repository, const char *ref,
		    const char *text)
{
	json_t *list = text != NULL ? json_loads(text, 0, NULL) : NULL;
	char *key = xasprintf("%s at %s", repository, ref);
	struct remote *remote = NULL;

	HASH_FIND_STR(references->remote, key, remote);
	bool same = remote != NULL ? json_equal(remote->list, list) : json_array_size(list) == 0;
	if (!same && remote != NULL) {
		drop(references, remote);
	}
	if (!same && json_array_size(list) > 0) {
		remote = xcalloc(1, sizeof(*remote));
		remote->key = xstrdup(key);
		remote->list = json_incref(list);
		HASH_ADD_KEYPTR(hh, references->remote, remote->key, strlen(remote->key), remote);
	}
	json_decref(list);
	free(key);
	return !same;
}

static struct named *name_all(const struct app_list *list)
{
	struct named *all = NULL;

	for (size_t i = 0; i < list->count; i++) {
		char *name = app_full_name(list->items[i]);
		struct named *named = NULL;

		/* Of several of one name one is enough: they are rung as one. */
		HASH_FIND_STR(all, name, named);
		if (named != NULL) {
			free(name);
			continue;
		}
		named = xcalloc(1, sizeof(*named));
		named->name = name;
		named->app = list->items[i];
		HASH_ADD_KEYPTR(hh, all, named->name, strlen(named->name), named);
	}
	return all;
}

static void forget_names(struct named *all)
{
	struct named *named;
	struct named *next;

	HASH_ITER(hh, all, named, next) {
		HASH_DEL(all, named);
		free(named->name);
		free(named);
	}
}

static const char *text_of(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text != NULL ? text : "";
}

/* One place elsewhere, for all applications that are made from it. */
static void link_entry(const struct linking *l, const json_t *entry)
{
	const struct remote_reference link = {
		.repository = l->name(l->ctx, text_of(entry, "repository")),
		.ref = text_of(entry, "ref"),
		.path = text_of(entry, "path"),
		.walker = text_of(entry, "walker"),
	};
	const json_t *name;
	size_t i;

	if (link.repository == NULL) {
		return;
	}
	json_array_foreach(json_object_get(entry, "applications"), i, name) {
		const char *text = json_string_value(name);
		struct named *named = NULL;

		if (text != NULL) {
			HASH_FIND_STR(l->named, text, named);
		}
		if (named != NULL && app_add_remote_reference(named->app, &link) < 0) {
			strvec_pushf(l->problems,
				     "%s: application '%s' refers to %s, too: pushes there do not "
				     "ring it", named->app->origin, text, link.repository);
		}
	}
}

void references_link(const struct references *references, const struct app_list *list,
		     const char *(*name)(void *ctx, const char *address), void *ctx,
		     struct strvec *problems)
{
	struct linking l = { .name = name, .ctx = ctx, .problems = problems };
	const json_t *entry;
	size_t k;

	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];

		app_drop_remote_references(app);
		if (name != NULL && app_add_addresses(app, name, ctx) < 0) {
			strvec_pushf(problems, "%s: application '%s' gets more by addresses than "
				     "can be followed", app->origin, app->id.name);
		}
	}
	if (references->remote == NULL || name == NULL) {
		return;
	}
	l.named = name_all(list);
	for (const struct remote *r = references->remote; r != NULL; r = r->hh.next) {
		json_array_foreach(r->list, k, entry) {
			link_entry(&l, entry);
			if (json_array_size(json_object_get(entry, "applications")) == 0) {
				strvec_pushf(problems, "%s: applications refer to more places "
					     "elsewhere than can be followed", r->key);
			}
		}
	}
	forget_names(l.named);
}
