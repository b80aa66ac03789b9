/*
 * The inventory: sources, each with the applications it gave, and the list
 * that is made of them.
 *
 * A file that cannot be read keeps what it gave before, and says so: half a
 * write must not make applications disappear.
 */
#include "receiver/catalog/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "base/buf.h"
#include "base/hmac.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "receiver/catalog/references.h"
#include "receiver/ops/watch.h"

#define DIRECTORY_DEPTH 32

enum kind { KIND_FILE, KIND_DIRECTORY, KIND_PLACE };

/* Where applications come from, and those that it gave. */
struct source {
	enum kind kind;
	char *path;                   // of a file or directory
	char *repository;             // of a place, these three
	char *ref;
	char *directory;
	struct inventory_place place; // borrows the three
	char *cluster;                // where its applications run, or NULL
	bool known;                   // a place: it was read once
	char digest[SHA256_HEX_MAX + 1]; // of what was read last
	struct app_list list;
	struct strvec problems;
};

struct inventory {
	struct source **sources;
	size_t count;
	size_t capacity;
	struct app_list merged;       // a view: its applications belong to the sources
	struct app_list old;          // the view before it
	struct app_list *retired;     // lists that were replaced
	size_t retired_count;
	size_t retired_capacity;
	struct strvec problems;
	struct references *references;
	inventory_name_fn name;
	void *ctx;
};

/* What one reading of a file or directory gathers. */
struct reading {
	struct app_list list;
	struct strvec problems;
	struct buf content;           // digests of all files, one after the other
	bool failed;                  // something could not be read
};

struct inventory *inventory_new(inventory_name_fn name, void *ctx)
{
	struct inventory *inv = xcalloc(1, sizeof(*inv));

	inv->references = references_new();
	inv->name = name;
	inv->ctx = ctx;
	return inv;
}

static struct source *add_source(struct inventory *inv, enum kind kind)
{
	struct source *source = xcalloc(1, sizeof(*source));

	source->kind = kind;
	inv->sources = xgrow(inv->sources, inv->count, &inv->capacity, sizeof(*inv->sources));
	inv->sources[inv->count++] = source;
	return source;
}

void inventory_add_file(struct inventory *inv, const char *path)
{
	add_source(inv, KIND_FILE)->path = xstrdup(path);
}

void inventory_add_directory(struct inventory *inv, const char *path)
{
	add_source(inv, KIND_DIRECTORY)->path = xstrdup(path);
}

void inventory_set_cluster(struct inventory *inv, const char *cluster)
{
	struct source *last = inv->sources[inv->count - 1];

	free(last->cluster);
	last->cluster = cluster != NULL ? xstrdup(cluster) : NULL;
}

void inventory_add_place(struct inventory *inv, const struct inventory_place *place)
{
	struct source *source = add_source(inv, KIND_PLACE);

	source->repository = xstrdup(place->repository);
	source->ref = xstrdup(place->ref);
	source->directory = xstrdup(place->directory);
	source->place = (struct inventory_place){ source->repository, source->ref,
						  source->directory };
}

static void retire(struct inventory *inv, struct app_list *list)
{
	inv->retired = xgrow(inv->retired, inv->retired_count, &inv->retired_capacity,
			     sizeof(*inv->retired));
	inv->retired[inv->retired_count++] = *list;
	*list = (struct app_list){ 0 };
}

void inventory_discard(struct inventory *inv)
{
	for (size_t i = 0; i < inv->retired_count; i++) {
		app_list_release(&inv->retired[i]);
	}
	inv->retired_count = 0;
	free(inv->old.items);
	inv->old = (struct app_list){ 0 };
}

static void source_free(struct source *source)
{
	app_list_release(&source->list);
	strvec_release(&source->problems);
	free(source->path);
	free(source->repository);
	free(source->ref);
	free(source->directory);
	free(source->cluster);
	free(source);
}

void inventory_free(struct inventory *inv)
{
	if (inv == NULL) {
		return;
	}
	inventory_discard(inv);
	for (size_t i = 0; i < inv->count; i++) {
		source_free(inv->sources[i]);
	}
	references_free(inv->references);
	free(inv->sources);
	free(inv->merged.items);
	free(inv->retired);
	strvec_release(&inv->problems);
	free(inv);
}

static int read_all(const char *path, struct buf *out)
{
	char chunk[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0 && buf_add(out, chunk, (size_t)n) < 0) {
			errno = EFBIG;
			n = -1;
		}
	}
	int saved = errno;
	if (fd >= 0) {
		close(fd);
	}
	errno = saved;
	return n < 0 ? -1 : 0;
}

static void problem(struct reading *r, const char *path, const char *why)
{
	strvec_pushf(&r->problems, "%s: %s", path, why);
	r->failed = true;
}

static void read_file(struct reading *r, const char *path)
{
	char digest[SHA256_HEX_MAX + 1];
	struct error err = ERROR_INIT;
	struct buf text;

	buf_init(&text, LIMIT_YAML_BYTES);
	if (read_all(path, &text) < 0) {
		problem(r, path, strerror(errno));
		goto out;
	}
	if (sha256_hex(text.data, text.len, digest) == 0) {
		(void)buf_addf(&r->content, "%s %s\n", digest, path);
	}
	if (app_read_yaml(text.data, text.len, path, &r->list, &r->problems, &err) < 0) {
		strvec_push(&r->problems, err.text);
		r->failed = true;
	}
out:
	buf_release(&text);
}

static bool is_manifest(const char *name)
{
	return fnmatch("*.yaml", name, 0) == 0 || fnmatch("*.yml", name, 0) == 0 ||
	       fnmatch("*.json", name, 0) == 0;
}

static void read_directory(struct reading *r, const char *path, int depth, struct watch *watch);

/* One entry: "..data" and other hidden names are left out, links are followed. */
static void read_entry(struct reading *r, const char *path, const char *name, int depth,
		       struct watch *watch)
{
	char *child = xasprintf("%s/%s", path, name);
	struct stat st;

	if (name[0] != '.' && stat(child, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			read_directory(r, child, depth + 1, watch);
		} else if (S_ISREG(st.st_mode) && is_manifest(name) && watch == NULL) {
			read_file(r, child);
		}
	}
	free(child);
}

/* Read what is below path; with a watch only watch it. */
static void read_directory(struct reading *r, const char *path, int depth, struct watch *watch)
{
	struct dirent **entries = NULL;

	if (depth > DIRECTORY_DEPTH) {
		problem(r, path, "directories nest too deeply");
		return;
	}
	if (watch != NULL) {
		watch_add_directory(watch, path);
	}
	int count = scandir(path, &entries, NULL, alphasort);
	if (count < 0) {
		problem(r, path, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		read_entry(r, path, entries[i]->d_name, depth, watch);
		free(entries[i]);
	}
	free(entries);
}

static bool read_source(struct inventory *inv, struct source *source)
{
	char digest[SHA256_HEX_MAX + 1] = "";
	struct reading r = { .failed = false };

	buf_init(&r.content, SIZE_MAX / 2);
	if (source->kind == KIND_FILE) {
		read_file(&r, source->path);
	} else {
		read_directory(&r, source->path, 0, NULL);
	}
	for (size_t i = 0; i < r.problems.count; i++) {
		(void)buf_addstr(&r.content, r.problems.items[i]);
	}
	(void)sha256_hex(r.content.data, r.content.len, digest);
	buf_release(&r.content);
	if (strcmp(digest, source->digest) == 0) {
		app_list_release(&r.list);
		strvec_release(&r.problems);
		return false;
	}
	memcpy(source->digest, digest, sizeof(digest));
	strvec_release(&source->problems);
	source->problems = r.problems;
	if (r.failed && source->list.count > 0) {
		strvec_pushf(&source->problems, "%s: what was read before is kept", source->path);
		app_list_release(&r.list);
		return true;
	}
	retire(inv, &source->list);
	source->list = r.list;
	return true;
}

bool inventory_read_files(struct inventory *inv)
{
	bool changed = false;

	for (size_t i = 0; i < inv->count; i++) {
		if (inv->sources[i]->kind != KIND_PLACE) {
			changed = read_source(inv, inv->sources[i]) || changed;
		}
	}
	return changed;
}

void inventory_watch(const struct inventory *inv, struct watch *watch)
{
	for (size_t i = 0; i < inv->count; i++) {
		const struct source *source = inv->sources[i];
		struct reading r = { .failed = false };

		if (source->kind == KIND_FILE) {
			watch_add_file(watch, source->path);
		} else if (source->kind == KIND_DIRECTORY) {
			read_directory(&r, source->path, 0, watch);
			strvec_release(&r.problems);
		}
	}
}

static struct source *place_at(const struct inventory *inv, size_t wanted)
{
	for (size_t i = 0; i < inv->count; i++) {
		if (inv->sources[i]->kind == KIND_PLACE && wanted-- == 0) {
			return inv->sources[i];
		}
	}
	return NULL;
}

const struct inventory_place *inventory_get_place(const struct inventory *inv, size_t i)
{
	const struct source *source = place_at(inv, i);

	return source != NULL ? &source->place : NULL;
}

bool inventory_knows_place(const struct inventory *inv, size_t i)
{
	const struct source *source = place_at(inv, i);

	return source != NULL && source->known;
}

bool inventory_holds(const struct inventory *inv, const char *repository, const char *ref)
{
	for (size_t i = 0; i < inv->count; i++) {
		const struct source *source = inv->sources[i];

		if (source->kind == KIND_PLACE && strcmp(source->repository, repository) == 0 &&
		    strcmp(source->ref, ref) == 0) {
			return true;
		}
	}
	return false;
}

/* A name that was seen, and where. */
struct seen {
	char *name;
	const char *origin;
	UT_hash_handle hh;
};

/* By what an application is known where it is kept. */
static char *name_here(const struct app *app)
{
	return xasprintf("%d %s/%s", (int)app->kind, app->namespace, app->name);
}

static void see(struct seen **seen, char *name, const char *origin)
{
	struct seen *one = xcalloc(1, sizeof(*one));

	one->name = name;
	one->origin = origin;
	HASH_ADD_KEYPTR(hh, *seen, one->name, strlen(one->name), one);
}

static void forget_seen(struct seen **seen)
{
	struct seen *one;
	struct seen *next;

	HASH_ITER(hh, *seen, one, next) {
		HASH_DEL(*seen, one);
		free(one->name);
		free(one);
	}
}

/*
 * What could not be read may hold what is missing now: move that over from the
 * old list, so that a slip in a manifest does not silence its application.
 */
static void keep_missing(struct app_list *list, struct app_list *old)
{
	struct seen *seen = NULL;
	struct seen *found;
	size_t left = 0;

	for (size_t i = 0; i < list->count; i++) {
		see(&seen, name_here(list->items[i]), "");
	}
	for (size_t i = 0; i < old->count; i++) {
		struct app *app = old->items[i];
		char *name = name_here(app);

		HASH_FIND_STR(seen, name, found);
		free(name);
		if (found == NULL) {
			app_list_add_take(list, app);
		} else {
			old->items[left++] = app;
		}
	}
	old->count = left;
	forget_seen(&seen);
}

void inventory_set_place(struct inventory *inv, size_t i, struct app_list *list,
			 struct strvec *problems)
{
	struct source *source = place_at(inv, i);

	if (source == NULL) {
		return;
	}
	if (problems->count > 0) {
		keep_missing(list, &source->list);
	}
	source->known = true;
	retire(inv, &source->list);
	strvec_release(&source->problems);
	source->list = *list;
	source->problems = *problems;
	*list = (struct app_list){ 0 };
	*problems = (struct strvec)STRVEC_INIT;
}

bool inventory_set_refers(struct inventory *inv, const char *repository, const char *ref,
			  const char *refers)
{
	return references_set(inv->references, repository, ref, refers);
}

static bool same_source(const struct source *a, const struct source *b)
{
	if (a->kind != b->kind) {
		return false;
	}
	if (a->kind != KIND_PLACE) {
		return strcmp(a->path, b->path) == 0;
	}
	return strcmp(a->repository, b->repository) == 0 && strcmp(a->ref, b->ref) == 0 &&
	       strcmp(a->directory, b->directory) == 0;
}

void inventory_take_over(struct inventory *inv, struct inventory *old)
{
	struct references *none = inv->references;

	inv->references = old->references;
	old->references = none;
	for (size_t i = 0; i < inv->count; i++) {
		for (size_t k = 0; k < old->count; k++) {
			struct source *from = old->sources[k];

			if (same_source(inv->sources[i], from)) {
				inv->sources[i]->list = from->list;
				inv->sources[i]->problems = from->problems;
				inv->sources[i]->known = from->known;
				from->list = (struct app_list){ 0 };
				from->problems = (struct strvec)STRVEC_INIT;
			}
		}
	}
}

/* An alias becomes the name of the repository it stands for. */
static void canonicalise(const struct inventory *inv, struct app *app)
{
	for (size_t i = 0; inv->name != NULL && i < app->source_count; i++) {
		struct app_source *source = &app->sources[i];
		const char *name = source->repository != NULL
					   ? inv->name(inv->ctx, source->repository)
					   : NULL;

		if (name != NULL && strcmp(name, source->repository) != 0) {
			free(source->repository);
			source->repository = xstrdup(name);
		}
	}
}

/* Flux's objects of one name are put together when they are linked. */
static bool may_repeat(const struct app *app)
{
	return app->kind != APP_APPLICATION && app->kind != APP_APPLICATION_SET;
}

static void merge_app(struct inventory *inv, struct seen **seen, struct app *app)
{
	char *name = app_full_name(app);
	struct seen *found = NULL;

	HASH_FIND_STR(*seen, name, found);
	if (found != NULL && !may_repeat(app)) {
		strvec_pushf(&inv->problems, "%s: application '%s' was read from %s already",
			     app->origin, name, found->origin);
		free(name);
		return;
	}
	if (inv->merged.count >= LIMIT_APPLICATIONS) {
		strvec_pushf(&inv->problems, "%s: more than %d applications: '%s' is left out",
			     app->origin, LIMIT_APPLICATIONS, name);
		free(name);
		return;
	}
	app_list_add_take(&inv->merged, app); /* a view: never released as a list */
	if (found != NULL) {
		free(name);
		return;
	}
	see(seen, name, app->origin);
}

/* Where it was read says where it runs. */
static void place_app(const struct source *source, struct app *app)
{
	app_set_cluster(app, source->cluster);
	app->home_repository = source->repository;
	app->home_ref = source->ref;
}

/*
 * Flux's objects get their sources from the GitRepositories, which are not
 * applications themselves.
 */
static void link_all(struct inventory *inv)
{
	struct app_list *list = &inv->merged;
	size_t kept = 0;

	app_link(list, &inv->problems);
	for (size_t i = 0; i < list->count; i++) {
		struct app *app = list->items[i];

		if (app_kind_is_rung(app->kind) && !app->folded) {
			canonicalise(inv, app);
			list->items[kept++] = app;
		}
	}
	list->count = kept;
}

void inventory_merge(struct inventory *inv)
{
	struct seen *seen = NULL;

	free(inv->old.items);
	inv->old = inv->merged;
	inv->merged = (struct app_list){ 0 };
	strvec_release(&inv->problems);
	for (size_t i = 0; i < inv->count; i++) {
		struct source *source = inv->sources[i];

		for (size_t k = 0; k < source->list.count; k++) {
			place_app(source, source->list.items[k]);
			merge_app(inv, &seen, source->list.items[k]);
		}
		for (size_t k = 0; k < source->problems.count; k++) {
			strvec_push(&inv->problems, source->problems.items[k]);
		}
	}
	forget_seen(&seen);
	link_all(inv);
	references_link(inv->references, &inv->merged, inv->name, inv->ctx, &inv->problems);
}

const struct app_list *inventory_list(const struct inventory *inv)
{
	return &inv->merged;
}

const struct strvec *inventory_problems(const struct inventory *inv)
{
	return &inv->problems;
}
