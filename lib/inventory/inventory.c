/*
 * The inventory: origins, each with its files, and the list that is made of
 * them.
 *
 * A file that cannot be read keeps what it gave before, and says so: half a
 * write must not make applications disappear.  What was replaced is put aside
 * ("retired") until the list that was made of it is used by nobody any more.
 *
 * The files of an origin are kept in the order in which a walk of their tree
 * meets them, so that which of two applications of one name comes first does
 * not depend on which file was changed last.
 */
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "inventory/merge.h"
#include "inventory/references.h"
#include "manifest/patch.h"

/* An origin, and what its files gave. */
struct origin {
	struct inventory_origin what; // its texts are ours
	struct inventory_file **files;
	size_t count;
	size_t capacity;
	struct strvec problems;       // of the origin as a whole
};

struct inventory {
	struct origin **origins;
	size_t count;
	size_t capacity;
	struct app_list merged;       // a view: its applications belong to the files
	struct app_list old;          // the view before it
	struct app_list *retired;     // lists that were replaced
	size_t retired_count;
	size_t retired_capacity;
	struct strvec problems;
	struct references *references;
	inventory_name_fn name;
	void *ctx;
};

struct inventory *inventory_new(inventory_name_fn name, void *ctx)
{
	struct inventory *inv = xcalloc(1, sizeof(*inv));

	inv->references = references_new();
	inv->name = name;
	inv->ctx = ctx;
	return inv;
}

void inventory_add(struct inventory *inv, const struct inventory_origin *what)
{
	struct origin *origin = xcalloc(1, sizeof(*origin));

	origin->what = (struct inventory_origin){
		.kind = what->kind,
		.path = xstrdup_or_null(what->path),
		.repository = xstrdup_or_null(what->repository),
		.ref = xstrdup_or_null(what->ref),
		.directory = xstrdup_or_null(what->directory),
		.cluster = xstrdup_or_null(what->cluster),
	};
	inv->origins = xgrow(inv->origins, inv->count, &inv->capacity, sizeof(*inv->origins));
	inv->origins[inv->count++] = origin;
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

static void file_free(struct inventory_file *file)
{
	manifests_release(&file->found);
	free(file->failure);
	free(file->path);
	free(file);
}

static void origin_free(struct origin *origin)
{
	const char *texts[] = { origin->what.path, origin->what.repository, origin->what.ref,
				origin->what.directory, origin->what.cluster };

	for (size_t k = 0; k < origin->count; k++) {
		file_free(origin->files[k]);
	}
	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		free((void *)(uintptr_t)texts[k]);
	}
	strvec_release(&origin->problems);
	free(origin->files);
	free(origin);
}

void inventory_free(struct inventory *inv)
{
	if (inv == NULL) {
		return;
	}
	inventory_discard(inv);
	for (size_t i = 0; i < inv->count; i++) {
		origin_free(inv->origins[i]);
	}
	references_free(inv->references);
	free(inv->origins);
	free(inv->merged.items);
	free(inv->retired);
	strvec_release(&inv->problems);
	free(inv);
}

const struct inventory_origin *inventory_get(const struct inventory *inv, size_t i)
{
	return i < inv->count ? &inv->origins[i]->what : NULL;
}

const struct inventory_file *inventory_get_file(const struct inventory *inv, size_t i, size_t k)
{
	return k < inv->origins[i]->count ? inv->origins[i]->files[k] : NULL;
}

bool inventory_holds(const struct inventory *inv, const char *repository, const char *ref)
{
	for (size_t i = 0; i < inv->count; i++) {
		const struct inventory_origin *what = &inv->origins[i]->what;

		if (what->kind == INVENTORY_PLACE && strcmp(what->repository, repository) == 0 &&
		    strcmp(what->ref, ref) == 0) {
			return true;
		}
	}
	return false;
}

/* --- what was read ---------------------------------------------------------- */

/* A slash comes before all else, so that "a/x" stands before "a-b". */
static int rank(char c)
{
	return c == '/' ? 1 : (unsigned char)c + (c != '\0');
}

int inventory_compare_paths(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return rank(*a) - rank(*b);
}

/* Where path stands among the files of an origin, or would; the last place is looked at first. */
static size_t find_file(const struct origin *origin, const char *path, bool *ret_found)
{
	size_t low = 0;
	size_t high = origin->count;

	*ret_found = false;
	if (high > 0 && inventory_compare_paths(origin->files[high - 1]->path, path) < 0) {
		return high;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = inventory_compare_paths(origin->files[middle]->path, path);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		low = order < 0 ? middle + 1 : low;
		high = order < 0 ? high : middle;
	}
	return low;
}

/* The file at path, made if there is none. */
static struct inventory_file *need_file(struct origin *origin, const char *path)
{
	bool found = false;
	size_t at = find_file(origin, path, &found);

	if (found) {
		return origin->files[at];
	}
	struct inventory_file *file = xcalloc(1, sizeof(*file));
	file->path = xstrdup(path);
	origin->files = xgrow(origin->files, origin->count, &origin->capacity,
			      sizeof(*origin->files));
	memmove(origin->files + at + 1, origin->files + at,
		(origin->count - at) * sizeof(*origin->files));
	origin->files[at] = file;
	origin->count++;
	return file;
}

static void set_failure(struct inventory_file *file, const char *failure)
{
	free(file->failure);
	file->failure = xstrdup_or_null(failure);
}

/* A slip in a manifest does not make its application disappear. */
static void keep_broken(const struct inventory_origin *what, struct inventory_file *file,
			struct manifests *found)
{
	size_t before = found->list.count;

	if (found->broken.count == 0) {
		return;
	}
	merge_keep_missing(&found->list, &file->found.list, &found->broken);
	if (found->list.count > before) {
		strvec_pushf(&found->problems,
			     "%s: %zu that cannot be read now %s kept as read before",
			     what->kind == INVENTORY_PLACE ? what->repository : file->path,
			     found->list.count - before,
			     found->list.count - before == 1 ? "is" : "are");
	}
}

void inventory_set_file(struct inventory *inv, size_t i, const char *path,
			const struct stamp *stamp, struct manifests *found)
{
	struct inventory_file *file = need_file(inv->origins[i], path);

	keep_broken(&inv->origins[i]->what, file, found);
	retire(inv, &file->found.list);
	manifests_release(&file->found);
	set_failure(file, NULL);
	file->full = false;
	file->stamp = *stamp;
	file->found = *found;
	*found = (struct manifests){ .problems = STRVEC_INIT };
}

bool inventory_fail_file(struct inventory *inv, size_t i, const char *path,
			 const struct stamp *stamp, const char *failure)
{
	struct inventory_file *file = need_file(inv->origins[i], path);
	bool same = file->failure != NULL && strcmp(file->failure, failure) == 0;

	if (!same) {
		set_failure(file, failure);
		strvec_release(&file->found.problems);
	}
	file->stamp = *stamp;
	return !same;
}

void inventory_touch_file(struct inventory *inv, size_t i, const char *path,
			  const struct stamp *stamp)
{
	bool found = false;
	size_t at = find_file(inv->origins[i], path, &found);

	if (found) {
		inv->origins[i]->files[at]->stamp = *stamp;
	}
}

void inventory_remove_file(struct inventory *inv, size_t i, const char *path)
{
	struct origin *origin = inv->origins[i];
	bool found = false;
	size_t at = find_file(origin, path, &found);

	if (!found) {
		return;
	}
	retire(inv, &origin->files[at]->found.list);
	file_free(origin->files[at]);
	origin->count--;
	memmove(origin->files + at, origin->files + at + 1,
		(origin->count - at) * sizeof(*origin->files));
}

static bool same_lines(const struct strvec *a, const struct strvec *b)
{
	bool same = a->count == b->count;

	for (size_t k = 0; same && k < a->count; k++) {
		same = strcmp(a->items[k], b->items[k]) == 0;
	}
	return same;
}

bool inventory_set_problems(struct inventory *inv, size_t i, const struct strvec *problems)
{
	struct strvec *own = &inv->origins[i]->problems;

	if (same_lines(own, problems)) {
		return false;
	}
	strvec_release(own);
	for (size_t k = 0; k < problems->count; k++) {
		strvec_push(own, problems->items[k]);
	}
	return true;
}

bool inventory_knows_place(const struct inventory *inv, size_t i)
{
	return inv->origins[i]->count > 0;
}

void inventory_set_place(struct inventory *inv, size_t i, struct manifests *found)
{
	static const struct stamp none = { .digest = "" };

	if (found->full) {
		struct inventory_file *file = need_file(inv->origins[i], "");

		file->full = true;
		strvec_release(&file->found.problems);
		file->found.problems = found->problems;
		found->problems = (struct strvec)STRVEC_INIT;
		return;
	}
	inventory_set_file(inv, i, "", &none, found);
}

size_t inventory_count_broken(const struct inventory *inv)
{
	size_t count = 0;

	for (size_t i = 0; i < inv->count; i++) {
		for (size_t k = 0; k < inv->origins[i]->count; k++) {
			const struct inventory_file *file = inv->origins[i]->files[k];

			count += file->full || file->failure != NULL;
			count += file->found.broken.count;
		}
	}
	return count;
}

bool inventory_set_remote(struct inventory *inv, const char *repository, const char *ref,
			  const char *remote)
{
	return references_set(inv->references, repository, ref, remote);
}

/* --- a new inventory in place of an old one ---------------------------------- */

/* An origin of the old inventory, by what it reads from. */
struct giver {
	char *key;
	struct origin *origin;
	UT_hash_handle hh;
};

/*
 * What an origin reads from, as one text: no part of it holds the line break
 * that is between them, since the configuration takes no control characters.
 */
static char *key_of(const struct inventory_origin *what, bool with_cluster)
{
	const char *cluster = with_cluster && what->cluster != NULL ? what->cluster : "";

	if (what->kind != INVENTORY_PLACE) {
		return xasprintf("%d\n%s\n%s", (int)what->kind, what->path, cluster);
	}
	return xasprintf("%d\n%s\n%s\n%s\n%s", (int)what->kind, what->repository, what->ref,
			 what->directory, cluster);
}

static struct giver *index_givers(const struct inventory *old, bool with_cluster)
{
	struct giver *givers = NULL;

	for (size_t i = 0; i < old->count; i++) {
		struct giver *giver = xcalloc(1, sizeof(*giver));
		struct giver *found = NULL;

		giver->origin = old->origins[i];
		giver->key = key_of(&giver->origin->what, with_cluster);
		HASH_FIND_STR(givers, giver->key, found);
		if (found != NULL || giver->origin->count == 0) {
			free(giver->key);
			free(giver);
			continue;
		}
		HASH_ADD_KEYPTR(hh, givers, giver->key, strlen(giver->key), giver);
	}
	return givers;
}

static void give(struct origin *to, struct origin *from)
{
	free(to->files);
	to->files = from->files;
	to->count = from->count;
	to->capacity = from->capacity;
	from->files = NULL;
	from->count = from->capacity = 0;
}

static void take_files(struct inventory *inv, const struct inventory *old, bool with_cluster)
{
	struct giver *givers = index_givers(old, with_cluster);
	struct giver *giver;
	struct giver *next;

	for (size_t i = 0; i < inv->count; i++) {
		struct origin *origin = inv->origins[i];
		char *key = key_of(&origin->what, with_cluster);

		HASH_FIND_STR(givers, key, giver);
		if (giver != NULL && origin->count == 0) {
			give(origin, giver->origin);
		}
		if (giver != NULL && giver->origin->count == 0) {
			HASH_DEL(givers, giver);
			free(giver->key);
			free(giver);
		}
		free(key);
	}
	HASH_ITER(hh, givers, giver, next) {
		HASH_DEL(givers, giver);
		free(giver->key);
		free(giver);
	}
}

void inventory_take_over(struct inventory *inv, struct inventory *old)
{
	struct references *none = inv->references;

	inv->references = old->references;
	old->references = none;
	take_files(inv, old, true);
	take_files(inv, old, false);
}

/* --- the list ----------------------------------------------------------------- */

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

/* Where it was read says where it runs. */
static void place_app(const struct inventory_origin *what, struct app *app)
{
	app_set_cluster(app, what->cluster);
	app->home_repository = what->repository;
	app->home_ref = what->ref;
	/* Of a place it was known when all of it was read. */
	app->patch = app->patch && what->kind == INVENTORY_PLACE;
}

/* The patches among an origin's files, by what the files themselves say. */
static struct patch_set *find_patches(const struct origin *origin)
{
	struct patch_set *patches = patch_set_new();

	for (size_t k = 0; k < origin->count; k++) {
		const struct inventory_file *file = origin->files[k];

		for (size_t i = 0; i < file->found.patches.count; i++) {
			patch_set_add(patches, file->path, file->found.patches.items[i]);
		}
	}
	return patches;
}

/* How many applications an origin holds. */
static size_t count_held(const struct origin *origin)
{
	size_t count = 0;

	for (size_t k = 0; k < origin->count; k++) {
		count += origin->files[k]->found.list.count;
	}
	return count;
}

/*
 * How many a place may bring to the list. Only if there are too many in all is
 * that less than it holds: then the operator's own come first, and all places
 * have the same share of what room is left, so that none is crowded out.
 */
static size_t room_of_places(const struct inventory *inv)
{
	size_t places = 0;
	size_t all = 0;
	size_t own = 0;

	for (size_t i = 0; i < inv->count; i++) {
		size_t held = count_held(inv->origins[i]);
		bool place = inv->origins[i]->what.kind == INVENTORY_PLACE;

		all += held;
		own += place ? 0 : held;
		places += place;
	}
	if (all <= LIMIT_APPLICATIONS || places == 0) {
		return LIMIT_APPLICATIONS;
	}
	return own < LIMIT_APPLICATIONS ? (LIMIT_APPLICATIONS - own) / places : 0;
}

static void merge_file(struct inventory *inv, struct merge *m, const struct origin *origin,
		       const struct inventory_file *file, const struct patch_set *patches)
{
	const struct strvec *problems = &file->found.problems;
	struct patch_file *patch = patch_set_find(patches, file->path);
	size_t room = origin->what.kind == INVENTORY_PLACE ? room_of_places(inv) : SIZE_MAX;
	size_t count = file->found.list.count;

	if (count > room) {
		strvec_pushf(&inv->problems, "%s: %zu of its %zu applications are left out: "
			     "there is no room for them beside those of others",
			     origin->what.repository, count - room, count);
		count = room;
	}
	for (size_t k = 0; k < count; k++) {
		struct app *app = file->found.list.items[k];

		place_app(&origin->what, app);
		if (patch != NULL) {
			patch_note_app(patch, app);
		}
		merge_add(m, app);
	}
	for (size_t k = 0; k < problems->count && patch == NULL; k++) {
		strvec_push(&inv->problems, problems->items[k]);
	}
	for (size_t k = 0; k < problems->count && patch != NULL; k++) {
		patch_note_problem(patch, problems->items[k]);
	}
	if (file->failure != NULL) {
		strvec_push(&inv->problems, file->failure);
	}
	if (file->failure != NULL && file->found.list.count > 0) {
		strvec_pushf(&inv->problems, "%s: what was read before is kept",
			     origin->what.kind == INVENTORY_PLACE ? origin->what.repository
								  : file->path);
	}
}

static void merge_origin(struct inventory *inv, struct merge *m, const struct origin *origin)
{
	struct patch_set *patches = find_patches(origin);

	for (size_t k = 0; k < origin->problems.count; k++) {
		strvec_push(&inv->problems, origin->problems.items[k]);
	}
	for (size_t k = 0; k < origin->count; k++) {
		merge_file(inv, m, origin, origin->files[k], patches);
	}
	patch_set_say(patches, &inv->problems);
	patch_set_free(patches);
}

void inventory_merge(struct inventory *inv)
{
	free(inv->old.items);
	inv->old = inv->merged;
	inv->merged = (struct app_list){ 0 };
	strvec_release(&inv->problems);
	struct merge *m = merge_begin(&inv->merged, &inv->problems);
	for (size_t i = 0; i < inv->count; i++) {
		merge_origin(inv, m, inv->origins[i]);
	}
	merge_end(m);
	for (size_t i = 0; i < inv->merged.count; i++) {
		canonicalise(inv, inv->merged.items[i]);
	}
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
