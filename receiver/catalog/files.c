/*
 * From a look at the operator's files to what the inventory holds.
 *
 *   something happens, or a minute is over
 *     -> a look (a thread): pieces of what is new, changed, gone, unreadable
 *        -> each text to a reader process, and its applications back
 *     -> the last piece, and no text is on its way: the look is over
 *
 * While the reader works on one piece, the thread reads the next; a third one
 * waits.  What happens during a look makes another look follow.  A text whose
 * reader died is taken for never read, and a look that tries it again follows
 * after a while; one that took too long waits for the next look, whenever that
 * is.  When a look is over its reader ends: it is needed seldom.
 *
 * When the directories are not those that are watched, the watch is made
 * anew; it calls back soon after, so what happened in a directory before it
 * was watched is not missed.
 */
#include "receiver/catalog/files.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "manifest/app_yaml.h"
#include "receiver/catalog/look.h"
#include "receiver/catalog/tree.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/watch.h"
#include "receiver/reader/reader_parse.h"

/* Seconds until another look when one could not be begun, or a reader died in it. */
#define AGAIN_SECONDS 10

/* Milliseconds that the end of the process waits for a thread that hangs in a read. */
#define END_WAIT_MS 2000

struct files {
	struct files_options o;
	struct inventory *inventory; // or NULL
	struct watch *watch;
	char watched[SHA256_HEX_MAX + 1]; // the identity of the directories that are
	struct look *look;           // under way, or NULL
	size_t *origins;             // of its roots, in the inventory
	struct look **leaving;       // dropped, their threads may not have ended
	size_t leaving_count;
	size_t leaving_capacity;
	struct event *later;         // another try
	struct parsing *parsings;    // texts that readers have
	size_t parsing_count;
	unsigned epoch;              // of the inventory: answers for older ones are dropped
	bool piece_waits;            // the look waits for look_next()
	bool last;                   // its last piece has come
	bool again;                  // something happened meanwhile
	bool changed;                // this look changed the inventory
	bool died;                   // so did a reader, with a text: another try
};

/* A text that a reader has. */
struct parsing {
	struct files *files;
	unsigned epoch;
	size_t origin;
	char *path;
	struct stamp stamp;
	struct parsing *next, *prev;
};

static void begin_look(struct files *f);

/* --- what readers say --------------------------------------------------------- */

static void parsing_free(struct parsing *p)
{
	DL_DELETE(p->files->parsings, p);
	p->files->parsing_count--;
	free(p->path);
	free(p);
}

/* Free the looks whose threads have ended. */
static void free_leaving(struct files *f, int64_t wait_ms)
{
	size_t left = 0;

	for (size_t i = 0; i < f->leaving_count; i++) {
		if (!look_free(f->leaving[i], wait_ms)) {
			f->leaving[left++] = f->leaving[i];
		}
	}
	f->leaving_count = left;
}

static void drop_look(struct files *f)
{
	free_leaving(f, 0);
	if (f->look != NULL) {
		look_drop(f->look);
		f->leaving = xgrow(f->leaving, f->leaving_count, &f->leaving_capacity,
				   sizeof(*f->leaving));
		f->leaving[f->leaving_count++] = f->look;
		f->look = NULL;
	}
	free(f->origins);
	f->origins = NULL;
}

static void end_look(struct files *f)
{
	static const struct timeval later = { .tv_sec = AGAIN_SECONDS };
	bool changed = f->changed;

	drop_look(f);
	if (f->died) {
		evtimer_add(f->later, &later);
	}
	if (f->again) {
		begin_look(f);
	} else {
		reader_parse_rest(f->o.pool);
	}
	f->o.looked(f->o.ctx, changed);
}

/* Go on with the look, or end it, as far as the readers are. */
static void go_on(struct files *f)
{
	if (f->piece_waits && f->parsing_count <= LOOK_PIECE_FILES) {
		f->piece_waits = false;
		look_next(f->look);
	}
	if (f->last && f->parsing_count == 0) {
		end_look(f);
	}
}

/* A text has no name where it was parsed: its places begin with the line. */
static void name_places(const char *path, struct manifests *found)
{
	struct strvec named = STRVEC_INIT;

	for (size_t i = 0; i < found->list.count; i++) {
		struct app *app = found->list.items[i];
		char *origin = xasprintf("%s%s", path, app->origin);

		free(app->origin);
		app->origin = origin;
	}
	for (size_t i = 0; i < found->problems.count; i++) {
		strvec_pushf(&named, "%s%s", path, found->problems.items[i]);
	}
	strvec_release(&found->problems);
	found->problems = named;
	if (found->broken.count > 0) {
		strvec_release(&found->broken);
		strvec_push(&found->broken, path);
	}
}

static bool take_answer(const struct parsing *p, enum reader_result result,
			struct manifests *found, const char *why)
{
	struct inventory *inv = p->files->inventory;
	struct stamp stamp = p->stamp;

	if (result == READER_OK) {
		name_places(p->path, found);
		inventory_set_file(inv, p->origin, p->path, &stamp, found);
		return true;
	}
	if (result != READER_REFUSED) {
		stamp.digest[0] = '\0';
		p->files->died = p->files->died || result == READER_DIED;
	}
	char *failure = xasprintf("%s%s%s", p->path, why[0] == ':' ? "" : ": ", why);
	bool changed = inventory_fail_file(inv, p->origin, p->path, &stamp, failure);
	free(failure);
	return changed;
}

static void on_parsed(void *arg, enum reader_result result, struct manifests *found,
		      const char *why)
{
	struct parsing *p = arg;
	struct files *f = p->files;
	bool current = p->epoch == f->epoch;

	if (current) {
		f->changed = take_answer(p, result, found, why) || f->changed;
	}
	parsing_free(p);
	if (f->look != NULL) {
		go_on(f);
	}
}

/* --- what a look finds ----------------------------------------------------------- */

static void parse(struct files *f, size_t origin, struct look_found *found)
{
	struct parsing *p = xcalloc(1, sizeof(*p));

	*p = (struct parsing){ .files = f, .epoch = f->epoch, .origin = origin,
			       .path = xstrdup(found->path), .stamp = found->stamp };
	DL_APPEND(f->parsings, p);
	f->parsing_count++;
	metrics_count(f->o.metrics, METRIC_MANIFESTS_PARSED, NULL, NULL, 1);
	reader_parse_take(f->o.pool, found->text, on_parsed, p);
	found->text = NULL;
}

static void take_found(struct files *f, struct look_found *found)
{
	static const struct stamp unread = { .digest = "" };
	size_t origin = f->origins[found->root];

	switch (found->kind) {
	case LOOK_TEXT:
		metrics_count(f->o.metrics, METRIC_MANIFESTS_READ, NULL, NULL, 1);
		parse(f, origin, found);
		break;
	case LOOK_TOUCHED:
		metrics_count(f->o.metrics, METRIC_MANIFESTS_READ, NULL, NULL, 1);
		inventory_touch_file(f->inventory, origin, found->path, &found->stamp);
		break;
	case LOOK_GONE:
		inventory_remove_file(f->inventory, origin, found->path);
		f->changed = true;
		break;
	case LOOK_UNREADABLE:
		f->changed = inventory_fail_file(f->inventory, origin, found->path, &unread,
						 found->why) ||
			     f->changed;
		break;
	}
}

static void watch_directories(struct files *f, const struct look_piece *piece)
{
	if (strcmp(f->watched, piece->identity) == 0) {
		return;
	}
	memcpy(f->watched, piece->identity, sizeof(f->watched));
	watch_clear(f->watch);
	for (size_t i = 0; i < piece->directories.count; i++) {
		watch_add_directory(f->watch, piece->directories.items[i]);
	}
}

static void take_end(struct files *f, const struct look_piece *piece)
{
	const struct inventory_origin *origin = inventory_get(f->inventory, 0);
	size_t root = 0;

	for (size_t i = 0; origin != NULL; origin = inventory_get(f->inventory, ++i)) {
		if (origin->kind != INVENTORY_PLACE) {
			f->changed = inventory_set_problems(f->inventory, i,
							    &piece->problems[root++]) ||
				     f->changed;
		}
	}
	watch_directories(f, piece);
	f->last = true;
}

static void on_piece(void *ctx, struct look_piece *piece)
{
	struct files *f = ctx;

	for (size_t i = 0; i < piece->count; i++) {
		take_found(f, &piece->found[i]);
	}
	if (piece->last) {
		take_end(f, piece);
	} else {
		f->piece_waits = true;
	}
	go_on(f);
}

/* --- beginning ---------------------------------------------------------------------- */

static struct look_root make_root(const struct files *f, size_t origin)
{
	const struct inventory_origin *what = inventory_get(f->inventory, origin);
	const struct inventory_file *file = inventory_get_file(f->inventory, origin, 0);
	struct look_root root = { .path = xstrdup(what->path),
				  .is_directory = what->kind == INVENTORY_DIRECTORY };
	size_t capacity = 0;

	for (size_t k = 0; file != NULL;
	     file = inventory_get_file(f->inventory, origin, ++k)) {
		root.known = xgrow(root.known, root.known_count, &capacity, sizeof(*root.known));
		root.known[root.known_count++] = (struct look_known){ xstrdup(file->path),
								      file->stamp };
	}
	return root;
}

static void begin_look(struct files *f)
{
	static const struct timeval later = { .tv_sec = AGAIN_SECONDS };
	const struct inventory_origin *origin = inventory_get(f->inventory, 0);
	struct look_root *roots = NULL;
	size_t capacity[2] = { 0 };
	size_t count = 0;

	f->again = f->changed = f->died = f->last = f->piece_waits = false;
	for (size_t i = 0; origin != NULL; origin = inventory_get(f->inventory, ++i)) {
		if (origin->kind == INVENTORY_PLACE) {
			continue;
		}
		roots = xgrow(roots, count, &capacity[0], sizeof(*roots));
		f->origins = xgrow(f->origins, count, &capacity[1], sizeof(*f->origins));
		roots[count] = make_root(f, i);
		f->origins[count++] = i;
	}
	f->look = look_new(f->o.base, roots, count, on_piece, f);
	if (f->look == NULL) {
		log_error("manifests not looked at: no thread or descriptor is to be had", NULL);
		free(f->origins);
		f->origins = NULL;
		evtimer_add(f->later, &later);
	}
}

static void on_changed(void *ctx)
{
	struct files *f = ctx;

	if (f->inventory == NULL) {
		return;
	}
	if (f->look != NULL) {
		f->again = true;
		return;
	}
	begin_look(f);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_changed(arg);
}

struct files *files_new(const struct files_options *options)
{
	struct files *f = xcalloc(1, sizeof(*f));

	f->o = *options;
	f->watch = watch_new(options->base, on_changed, f);
	f->later = evtimer_new(options->base, on_later, f);
	return f;
}

void files_free(struct files *f)
{
	if (f == NULL) {
		return;
	}
	drop_look(f);
	free_leaving(f, END_WAIT_MS);
	free(f->leaving);
	while (f->parsings != NULL) {
		parsing_free(f->parsings);
	}
	watch_free(f->watch);
	event_free(f->later);
	free(f);
}

void files_set_inventory(struct files *f, struct inventory *inv)
{
	drop_look(f);
	f->inventory = inv;
	f->epoch++;
	begin_look(f);
}

bool files_is_looking(const struct files *f)
{
	return f->look != NULL || evtimer_pending(f->later, NULL);
}

/* --- for the command line -------------------------------------------------------------- */

struct reading_now {
	struct inventory *inventory;
	size_t origin;
};

static bool read_now(void *ctx, const char *path, const struct stat *st)
{
	const struct reading_now *r = ctx;
	struct stamp stamp = { .digest = "" };
	struct manifests found = { .problems = STRVEC_INIT };
	struct error err = ERROR_INIT;
	struct buf text;

	(void)st;
	buf_init(&text, LIMIT_YAML_BYTES);
	int error = tree_read(path, &stamp, &text);
	if (error != 0) {
		(void)error_errno(&err, -1, error, "%s", path);
	}
	if (error != 0 ||
	    manifests_read(text.data, text.len, path, &found, &err) < 0) {
		(void)inventory_fail_file(r->inventory, r->origin, path, &stamp, err.text);
	} else {
		inventory_set_file(r->inventory, r->origin, path, &stamp, &found);
	}
	manifests_release(&found);
	buf_release(&text);
	return true;
}

void files_read_now(struct inventory *inv)
{
	struct reading_now reading = { .inventory = inv };
	const struct tree_visit visit = { .file = read_now, .ctx = &reading };
	const struct inventory_origin *origin = inventory_get(inv, 0);

	for (size_t i = 0; origin != NULL; origin = inventory_get(inv, ++i)) {
		struct strvec problems = STRVEC_INIT;

		reading.origin = i;
		if (origin->kind == INVENTORY_FILE) {
			(void)read_now(&reading, origin->path, NULL);
		} else if (origin->kind == INVENTORY_DIRECTORY) {
			tree_walk(origin->path, &visit, &problems);
		}
		(void)inventory_set_problems(inv, i, &problems);
		strvec_release(&problems);
	}
}
