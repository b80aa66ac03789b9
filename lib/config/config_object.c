/*
 * Mappings by a table, and the four lists of mappings.
 *
 * Each list has a row with the size of its items and a check of one item;
 * names and addresses that may be there only once are compared with those of
 * the items before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/giturl.h"
#include "base/kubernetes_name.h"
#include "base/xalloc.h"
#include "config/config_impl.h"

#define NAME_MAX_BYTES 63

/* ---- one mapping ------------------------------------------------------- */

/* The words that may stand at a level of a mapping: heads of keys, and kinds. */
static void list_words(const struct config_shape *shape, const char *prefix, struct strvec *words)
{
	size_t len = strlen(prefix);

	for (size_t i = 0; i < shape->count; i++) {
		if (strncmp(shape->table[i].key, prefix, len) == 0) {
			const char *rest = shape->table[i].key + len;
			char *head = xstrndup(rest, strcspn(rest, "."));

			(void)strvec_push_unique(words, head);
			free(head);
		}
	}
	for (size_t i = 0; shape->kind != NULL && shape->kind(i) != NULL; i++) {
		strvec_push(words, shape->kind(i)->name);
	}
}

static void unknown_key(struct config_loader *l, const struct config_shape *shape,
			const char *prefix, const json_t *node, const char *key)
{
	struct strvec words = STRVEC_INIT;

	list_words(shape, prefix, &words);
	const char **names = xcalloc(words.count + 1, sizeof(*names));
	for (size_t i = 0; i < words.count; i++) {
		names[i] = words.items[i];
	}
	const char *near = config_suggest(key, names);
	if (near != NULL) {
		config_problem(l, node, key, "unknown key '%.60s': did you mean '%s'?", key, near);
	} else {
		config_problem(l, node, key, "unknown key '%.60s': remove it", key);
	}
	strvec_release(&words);
	free(names);
}

static const struct config_setting *find(const struct config_shape *shape, const char *key,
					 bool *ret_prefix)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < shape->count; i++) {
		const char *known = shape->table[i].key;

		if (strcmp(known, key) == 0) {
			return &shape->table[i];
		}
		*ret_prefix |= strncmp(known, key, len) == 0 && known[len] == '.';
	}
	return NULL;
}

/* One key of node, full with its prefix. */
static void set_key(struct config_loader *l, const struct config_shape *shape, void *base,
		    const json_t *node, const char *prefix, const char *key, const json_t *value)
{
	char *full = xasprintf("%s%s", prefix, key);
	bool is_prefix = false;
	const struct config_setting *s = find(shape, full, &is_prefix);
	const struct config_kind *kind = config_kind_find(shape->kind, full);

	if (s != NULL && strchr(key, '.') == NULL) {
		config_set(l, s, base, node, key, value);
		if (base == l->config) {
			config_note_origin(l, s, node, key, value);
		}
	} else if (kind != NULL) {
		config_kind_set(l, kind, (void *)((char *)base + shape->choice), node, value);
	} else if (is_prefix && json_is_object(value)) {
		char *inner = xasprintf("%s.", full);

		config_set_all(l, shape, base, value, inner);
		free(inner);
	} else if (is_prefix) {
		config_problem(l, node, key, "'%s' is no mapping: give its keys", full);
	} else {
		unknown_key(l, shape, prefix, node, key);
	}
	free(full);
}

void config_set_all(struct config_loader *l, const struct config_shape *shape, void *base,
		    const json_t *node, const char *prefix)
{
	const char *key;
	json_t *value;

	/* jansson's macro takes no const; nothing is changed. No table nests deeper than two. */
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		set_key(l, shape, base, node, prefix, key, value);
	}
}

/* ---- checks of one item ------------------------------------------------ */

static const char *shown(const char *name)
{
	return name != NULL && name[0] != '\0' ? name : "(no name)";
}

/* A name that can stand in a URL, a file name and a log line. */
static void check_name(struct config_loader *l, const json_t *node, const char *what,
		       const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";

	if (name == NULL || name[0] == '\0') {
		config_problem(l, node, NULL, "a %s without a name: add name", what);
	} else if (strlen(name) > NAME_MAX_BYTES || strspn(name, good) != strlen(name) ||
		   name[0] == '.' || name[0] == '-') {
		config_problem(l, json_object_get(node, "name"), NULL,
			       "%s '%.60s': a name of other characters than letters, digits "
			       "and '-_.', or of more than %d: choose another", what, name,
			       NAME_MAX_BYTES);
	}
}

/* Put the names of all providers into names. True if wanted is among them. */
static bool list_providers(const struct config_input *input, const char **names, const char *wanted)
{
	bool found = false;

	for (size_t i = 0; i < CONFIG_NAMES_MAX && input->provider_name_at(i) != NULL; i++) {
		names[i] = input->provider_name_at(i);
		found |= strcmp(names[i], wanted) == 0;
	}
	return found;
}

static void check_provider(struct config_loader *l, const json_t *node,
			   const struct config_source *s)
{
	const char *names[CONFIG_NAMES_MAX + 1] = { NULL };

	if (s->provider == NULL || s->provider[0] == '\0') {
		config_problem(l, node, NULL, "source '%s': no provider: add provider",
			       shown(s->name));
		return;
	}
	if (l->input->provider_name_at == NULL || list_providers(l->input, names, s->provider)) {
		return;
	}
	const char *near = config_suggest(s->provider, names);
	char *all = config_join_names(names);

	config_problem(l, json_object_get(node, "provider"), NULL,
		       near != NULL ? "source '%s': unknown provider '%.60s': did you mean '%s'?"
				    : "source '%s': unknown provider '%.60s': give one of %s",
		       shown(s->name), s->provider, near != NULL ? near : all);
	free(all);
}

static void check_source(struct config_loader *l, const json_t *node, const void *item)
{
	static const char *const keys[] = {
		"secrets", "secretFiles", "signingTokens", "signingTokenFiles",
	};
	const struct config_source *s = item;
	bool tried = false; /* then what was wrong with it has been said */

	check_name(l, node, "source", s->name);
	check_provider(l, node, s);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *list = json_object_get(node, keys[i]);

		tried |= list != NULL && !(json_is_array(list) && json_array_size(list) == 0);
	}
	if (!tried) {
		config_problem(l, node, NULL, "source '%s': no secret: add secretFiles",
			       shown(s->name));
	}
}

/* True if text is an address; what is wrong with it is noted at node. */
static bool check_address(struct config_loader *l, const json_t *node, const char *key,
			  const char *text)
{
	struct error err = ERROR_INIT;
	char *normal = giturl_normalise(text, &err);

	if (normal == NULL) {
		config_problem(l, node, NULL, "'%s': %s: correct it", key, err.text);
	}
	free(normal);
	return normal != NULL;
}

/* What is named may come later: a warning. loss: what is missed until then. */
static void check_there(struct config_loader *l, const json_t *node, const char *key,
			const char *path, const char *loss)
{
	if (path != NULL && access(path, R_OK) != 0) {
		config_warning(l, json_object_get(node, key), NULL,
			       "'%s' is '%.200s': %s: %s until that is mended", key, path,
			       strerror(errno), loss);
	}
}

/* Where the objects come from: a path, or an address with a host. */
static void check_reach(struct config_loader *l, const json_t *node,
			const struct config_repository *r)
{
	const char *key = r->fetch_url != NULL ? "fetchUrl" : "url";

	if (r->path != NULL) {
		config_check_place(l, node, r);
	} else if (r->url != NULL) {
		config_check_host(l, json_object_get(node, key), key,
				  r->fetch_url != NULL ? r->fetch_url : r->url);
	}
}

static void check_repository(struct config_loader *l, const json_t *node, const void *item)
{
	static const char *const remote[] = {
		"fetchUrl", "tokenFile", "username", "sshKeyFile", "knownHostsFile", "caFile",
	};
	const struct config_repository *r = item;
	const json_t *aliases = json_object_get(node, "aliases");
	size_t i;
	json_t *alias;

	if (r->url == NULL || r->url[0] == '\0') {
		config_problem(l, node, NULL, "a repository without an address: add url");
	} else {
		(void)check_address(l, json_object_get(node, "url"), "url", r->url);
	}
	if (r->fetch_url != NULL) {
		(void)check_address(l, json_object_get(node, "fetchUrl"), "fetchUrl", r->fetch_url);
	}
	json_array_foreach(aliases, i, alias) {
		if (json_is_string(alias)) {
			(void)check_address(l, alias, "aliases", json_string_value(alias));
		}
	}
	check_reach(l, node, r);
	for (i = 0; r->path != NULL && i < sizeof(remote) / sizeof(remote[0]); i++) {
		if (json_object_get(node, remote[i]) != NULL) {
			config_problem(l, node, remote[i], "'%s' beside path: from a path "
				       "nothing is fetched: remove one", remote[i]);
		}
	}
	if (r->username != NULL && r->token_file == NULL) {
		config_problem(l, node, "username", "'username' without a password: add tokenFile");
	}
}

static bool leaves(const char *path)
{
	return path[0] == '/' || strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 ||
	       strstr(path, "/../") != NULL ||
	       (strlen(path) >= 3 && strcmp(path + strlen(path) - 3, "/..") == 0);
}

static void check_applications(struct config_loader *l, const json_t *node, const void *item)
{
	const struct config_applications *a = item;
	int kinds = (a->file != NULL) + (a->directory != NULL) + (a->repository != NULL);

	if (kinds != 1) {
		config_problem(l, node, NULL, "applications from %s: give one of file, directory "
			       "and repository", kinds == 0 ? "nowhere" : "several places");
		return;
	}
	check_there(l, node, "directory", a->directory, "no application is read");
	check_there(l, node, "file", a->file, "no application is read");
	if (a->repository != NULL) {
		(void)check_address(l, json_object_get(node, "repository"), "repository",
				    a->repository);
	}
	if (a->repository == NULL && (a->ref != NULL || a->path != NULL)) {
		config_problem(l, node, a->ref != NULL ? "ref" : "path",
			       "'%s' without a repository: remove it",
			       a->ref != NULL ? "ref" : "path");
	}
	if (a->repository != NULL && a->path != NULL && leaves(a->path)) {
		config_problem(l, json_object_get(node, "path"), NULL,
			       "'path' leaves the repository: give a path below its root");
	}
	if (a->cluster != NULL && !kubernetes_name_is_cluster(a->cluster, strlen(a->cluster))) {
		config_problem(l, json_object_get(node, "cluster"), NULL,
			       "'cluster' is '%.60s': give a name of a-z, 0-9, '-' and '.'",
			       a->cluster);
	}
}

static void check_target(struct config_loader *l, const json_t *node, const void *item)
{
	const struct config_target *t = item;

	check_name(l, node, "target", t->name);
	config_kind_check(l, l->input->target_kind, &t->kind, node, "target", t->name);
}

/* ---- lists ------------------------------------------------------------- */

#define NO_KIND SIZE_MAX

struct list {
	const char *key;
	const char *one;      // the word for an item
	const char *unique;   // key of an item's name or address, or NULL
	size_t size;          // of an item
	size_t items;         // offset of the array in struct config
	size_t count;         // offset of its length
	size_t choice;        // offset of the struct config_choice in an item, or NO_KIND
	void (*check)(struct config_loader *l, const json_t *node, const void *item);
};

static const struct list lists[] = {
	{ "sources", "source", "name", sizeof(struct config_source),
	  offsetof(struct config, sources), offsetof(struct config, source_count), NO_KIND,
	  check_source },
	{ "repositories", "repository", "url", sizeof(struct config_repository),
	  offsetof(struct config, repositories), offsetof(struct config, repository_count),
	  NO_KIND, check_repository },
	{ "applications", "place", NULL, sizeof(struct config_applications),
	  offsetof(struct config, applications), offsetof(struct config, application_count),
	  NO_KIND, check_applications },
	{ "targets", "target", "name", sizeof(struct config_target),
	  offsetof(struct config, targets), offsetof(struct config, target_count),
	  offsetof(struct config_target, kind), check_target },
};

static const struct list *list_of(const char *key)
{
	size_t i = 0;

	while (strcmp(lists[i].key, key) != 0) {
		i++;
	}
	return &lists[i];
}

/* Note if name (an address is normalised) was there before. */
static void check_unique(struct config_loader *l, const struct list *list, const json_t *node,
			 struct strvec *seen)
{
	const json_t *value = list->unique != NULL ? json_object_get(node, list->unique) : NULL;
	const char *text = json_string_value(value);

	if (text == NULL || text[0] == '\0') {
		return;
	}
	char *name = strcmp(list->unique, "url") == 0 ? giturl_normalise(text, NULL)
						      : xstrdup(text);
	if (name != NULL && !strvec_push_unique(seen, name)) {
		config_problem(l, value, NULL, "%s '%.200s' is there twice: remove one", list->one,
			       name);
	}
	free(name);
}

void config_clear_objects(struct config *config, const char *key)
{
	const struct list *list = list_of(key);
	char **items = (char **)((char *)config + list->items);
	size_t *count = (size_t *)((char *)config + list->count);
	size_t rows = 0;
	const struct config_setting *table = config_object_settings(key, &rows);

	for (size_t i = 0; i < *count; i++) {
		for (size_t row = 0; row < rows; row++) {
			config_clear(&table[row], *items + i * list->size);
		}
		if (list->choice != NO_KIND) {
			config_kind_clear((void *)(*items + i * list->size + list->choice));
		}
	}
	free(*items);
	*items = NULL;
	*count = 0;
}

static void set_item(struct config_loader *l, const struct config_shape *shape, void *item,
		     const json_t *node)
{
	for (size_t row = 0; row < shape->count; row++) {
		config_set_initial(l, &shape->table[row], item);
	}
	config_set_all(l, shape, item, node, "");
}

void config_set_objects(struct config_loader *l, const char *key, const json_t *parent,
			const json_t *value)
{
	const struct list *list = list_of(key);
	const struct config_setting *own = config_find(key);
	struct config_shape shape = { .choice = list->choice };
	struct strvec seen = STRVEC_INIT;
	size_t i;
	json_t *node;

	shape.table = config_object_settings(key, &shape.count);
	shape.kind = list->choice != NO_KIND ? l->input->target_kind : NULL;
	config_clear_objects(l->config, key);
	if (json_is_null(value)) {
		return;
	}
	if (!json_is_array(value) || json_array_size(value) > (size_t)own->max) {
		config_problem(l, parent, parent != NULL ? key : NULL,
			       "'%s' is no list of at most %lld mappings: give '- ' and keys", key,
			       (long long)own->max);
		return;
	}
	char *items = xcalloc(json_array_size(value), list->size);
	*(char **)((char *)l->config + list->items) = items;
	*(size_t *)((char *)l->config + list->count) = json_array_size(value);
	json_array_foreach(value, i, node) {
		if (!json_is_object(node)) {
			config_problem(l, json_is_null(node) ? parent : node,
				       json_is_null(node) && parent != NULL ? key : NULL,
				       "'%s' has an item that is no mapping: give its keys", key);
			continue;
		}
		set_item(l, &shape, items + i * list->size, node);
		if (strcmp(key, "repositories") == 0 && json_object_get(node, "mode") == NULL) {
			l->config->repositories[i].mode = CONFIG_MODE_INHERITED;
		}
		list->check(l, node, items + i * list->size);
		check_unique(l, list, node, &seen);
	}
	strvec_release(&seen);
}
