/*
 * Keeping the list of applications current.
 *
 * Making the list, telling it from the one before, and giving it to the
 * readers costs time in proportion to all applications (a second for 100,000),
 * so it is done once for all changes of a turn of the loop.  While much is on
 * its way (a look at the operator's files, the places at the start) it waits
 * for the end of that, or for a second.
 *
 * A place in a repository is read at a commit: at the start at the ref's tip
 * (asked again with back-off until it can be), later at the commit of the
 * push that is being decided, before its applications are matched, so that a
 * push that adds an application and its files finds the application.
 *
 * A place that was never read and may still be holds up all pushes: nobody
 * knows whom they affect.  One that was read before does not, by this process or
 * one before it (kept.h): while its repository is out of reach, or holds what
 * cannot be read, it goes on with its last list.  It is waited for a little all the
 * same, since mostly it can be read, and may have changed.
 */
#include "receiver/catalog/catalog.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/giturl.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "receiver/catalog/files.h"
#include "receiver/catalog/kept.h"
#include "receiver/catalog/learned.h"
#include "receiver/catalog/unrung.h"
#include "receiver/git/resolver.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"
#include "receiver/reader/reader.h"
#include "receiver/settings/places.h"
#include "receiver/settings/settings.h"

/* Seconds between tries of places that could not be read: the first, and at most. */
#define RETRY_SECONDS 10
#define RETRY_SECONDS_MAX 320

/* Seconds that pushes wait for places whose last list is known. */
#define PATIENCE_SECONDS 10

/* Seconds that changes wait to be published while more are on their way. */
#define GATHER_SECONDS 1

struct catalog {
	struct catalog_options o;
	struct settings *settings;
	struct inventory *inventory;
	struct learned *learned;
	struct files *files;
	struct event *publish;  // the list is to be made anew
	struct event *retry;    // places that could not be read at the start
	struct event *patience; // goes on without those whose last list is known
	char *kept;             // folder of last lists, or NULL
	unsigned retry_seconds; // until the next try
	struct loading *loads;  // under way
	struct refresh *refreshes;
	uint64_t generation;
	unsigned epoch;         // of the settings: answers to older ones are dropped
	bool dirty;             // the inventory holds more than the list
	bool looked;            // files and directories were read with these settings
	bool unfound;           // a place is in no configured repository: pushes wait for a reload
	size_t unrung;          // applications that no push rings (unrung.h), as told last
	bool missing;           // a place was never read and may be yet: pushes wait for it
	bool ready;
};

/*
 * One place being read, first resolved, then read. While it is under way a
 * reload can replace the inventory, in which its number would then mean another
 * place: so it remembers the epoch it began in, and an answer from an older one
 * is dropped. It still ends properly, because a refresh, and behind it a push,
 * waits for it.
 */
struct loading {
	struct catalog *catalog;
	unsigned epoch;
	size_t origin;           // in the inventory
	struct refresh *refresh; // it is part of, or NULL: the start
	struct loading *next, *prev;
};

/*
 * The places of one ref being read again for a push. It counts those that are
 * open, and one for catalog_refresh() itself while that still begins them: a
 * place that fails at once must not end it before the others were begun.
 */
struct refresh {
	struct catalog *catalog;
	size_t open;
	void (*done)(void *arg);
	void *arg;
	struct refresh *next, *prev;
};

static const char *name_of(void *ctx, const char *address)
{
	const struct catalog *c = ctx;
	const struct repository *repository =
		repositories_find_source(c->settings->repositories, address);
	const char *learned = repository == NULL ? learned_find(c->learned, address) : NULL;

	if (learned != NULL) {
		repository = repositories_find_name(c->settings->repositories, learned);
	}
	return repository != NULL ? repository->name : NULL;
}

/* The applications that no push rings, in one line, if they are others in number than before. */
static void tell_unrung(struct catalog *c)
{
	struct unrung one = { .app = NULL };
	struct unrung first = { .app = NULL };
	size_t count = 0;
	size_t at = 0;

	while (unrung_next(inventory_list(c->inventory), &at, name_of, c, &one)) {
		first = count++ == 0 ? one : first;
	}
	metrics_set(c->o.metrics, METRIC_APPLICATIONS_UNRUNG, NULL, (double)count);
	if (count > 0 && count != c->unrung) {
		char *name = app_full_name(first.app);

		log_warn("applications of repositories that are not configured", "count",
			 LOG_INT(count), "first", name, "repository", first.source->repository,
			 "nearest", repositories_nearest(c->settings->repositories,
							 first.source->repository),
			 "effect", "no push there rings them", NULL);
		free(name);
	}
	c->unrung = count;
}

/*
 * Make the list anew and give it to the readers. The readers' pool borrows the
 * old list until the new one is in its place: so the old one is discarded after
 * that. The generation is how answers of readers that were given the old list
 * are recognised (on_matched() in serve/world.c).
 */
static void publish(struct catalog *c)
{
	const struct strvec *problems;

	c->dirty = false;
	(void)event_del(c->publish);
	inventory_merge(c->inventory);
	c->generation = reader_set_apps(c->o.pool, inventory_list(c->inventory));
	inventory_discard(c->inventory);
	problems = inventory_problems(c->inventory);
	for (size_t i = 0; i < problems->count && i < 100; i++) {
		log_warn("application not read", "problem", problems->items[i], NULL);
	}
	metrics_set(c->o.metrics, METRIC_APPLICATIONS, NULL,
		    (double)inventory_list(c->inventory)->count);
	metrics_set(c->o.metrics, METRIC_MANIFESTS_BROKEN, NULL,
		    (double)inventory_count_broken(c->inventory));
	log_info("applications", "count", LOG_INT(inventory_list(c->inventory)->count),
		 "problems", LOG_INT(problems->count), NULL);
	tell_unrung(c);
	if (c->o.published != NULL) {
		c->o.published(c->o.ctx, inventory_list(c->inventory));
	}
}

static void publish_changes(struct catalog *c)
{
	if (c->dirty) {
		publish(c);
	}
}

static void on_publish(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	publish_changes(arg);
}

/* The inventory has changed: the list follows at the end of this turn, or a little later. */
static void note_change(struct catalog *c)
{
	static const struct timeval later = { .tv_sec = GATHER_SECONDS };

	c->dirty = true;
	if (c->ready && !files_is_looking(c->files)) {
		event_active(c->publish, EV_TIMEOUT, 0);
	} else if (!evtimer_pending(c->publish, NULL)) {
		evtimer_add(c->publish, &later);
	}
}

void catalog_learn_address(struct catalog *c, const char *address, const char *repository)
{
	char *name = giturl_normalise(address, NULL);

	if (name != NULL && repositories_find_source(c->settings->repositories, name) == NULL &&
	    learned_add(c->learned, name, repository)) {
		log_info("another address of a repository", "address", name, "repo", repository,
			 NULL);
		note_change(c);
	}
	free(name);
}

/* Is a place being read that pushes have to wait for? */
static bool is_waiting(const struct catalog *c)
{
	bool patient = evtimer_pending(c->patience, NULL) != 0;
	const struct loading *l = NULL;
	bool waits = false;

	DL_FOREACH(c->loads, l) {
		waits = waits || l->epoch != c->epoch || patient ||
			!inventory_knows_place(c->inventory, l->origin);
	}
	return waits;
}

/*
 * Everything was read once: pushes may begin. It is called wherever one of the
 * conditions may have become true, and does nothing if another one is missing.
 * The list is published before anybody is told, so the first push finds it
 * whole.
 */
static void check_ready(struct catalog *c)
{
	if (c->ready || !c->looked || is_waiting(c) || c->missing || c->unfound) {
		return;
	}
	publish_changes(c);
	c->ready = true;
	if (inventory_list(c->inventory)->count == 0) {
		log_warn("no application is known: no push affects anything", NULL);
	}
	status_set(c->o.status, STATUS_APPLICATIONS, true, NULL);
	c->o.ready(c->o.ctx);
}

/* All places of a ref were read again: who waits for that finds what was read in the list. */
static void finish_refresh(struct refresh *refresh)
{
	publish_changes(refresh->catalog);
	DL_DELETE(refresh->catalog->refreshes, refresh);
	refresh->done(refresh->arg);
	free(refresh);
}

static void finish_load(struct loading *l)
{
	struct catalog *c = l->catalog;
	struct refresh *refresh = l->refresh;

	DL_DELETE(c->loads, l);
	free(l);
	if (refresh != NULL && --refresh->open == 0) {
		finish_refresh(refresh);
	}
	check_ready(c);
}

/* The last list of a place counts, though it cannot be read as it is now. */
static void note_stale(struct catalog *c, size_t origin, const char *why)
{
	static const struct stamp none = { .digest = "" };
	const struct inventory_origin *place = inventory_get(c->inventory, origin);
	char *text = xasprintf("%s: cannot be read now: %s", place->repository, why);

	if (inventory_fail_file(c->inventory, origin, "", &none, text)) {
		note_change(c);
	}
	free(text);
}

/*
 * A place could not be read; again: it may be later. A place that gave
 * applications before keeps them, and nobody waits. One that never did holds up
 * all pushes, but only if trying again can help: a path that is wrong would
 * hold them for ever. A refresh does not try again by itself, as the push that
 * wanted it goes on with what is known.
 */
static void load_failed(struct loading *l, bool again, const char *why)
{
	struct catalog *c = l->catalog;
	const struct timeval later = { .tv_sec = c->retry_seconds };

	if (l->epoch == c->epoch) {
		const struct inventory_origin *place = inventory_get(c->inventory, l->origin);
		bool known = inventory_knows_place(c->inventory, l->origin);

		again = again && l->refresh == NULL;
		log_warn("applications not read", "repository", place->repository, "ref",
			 place->ref, "reason", why, "effect",
			 known   ? "its last list counts until they are"
			 : again ? "all pushes wait until they are"
				 : NULL, NULL);
		c->missing = c->missing || (again && !known);
		if (known) {
			note_stale(c, l->origin, why);
		}
		if (again && !evtimer_pending(c->retry, NULL)) {
			evtimer_add(c->retry, &later);
		}
	}
	finish_load(l);
}

/* A place without applications may be meant, or a directory that is not called so. */
static void note_empty(const struct catalog *c, size_t origin, const struct manifests *found)
{
	const struct inventory_origin *place = inventory_get(c->inventory, origin);

	if (found->list.count == 0 && found->problems.count == 0) {
		log_warn("no applications are kept there", "repository", place->repository, "ref",
			 place->ref, "directory", place->directory, NULL);
	}
}

/* Hand out what a place holds now, to be kept for a start without its repository. */
static void keep_list(const struct catalog *c, size_t origin)
{
	const struct inventory_file *file = inventory_get_file(c->inventory, origin, 0);
	struct kept_text *text = NULL;

	if (c->kept != NULL && file != NULL) {
		text = kept_text_new(c->kept, inventory_get(c->inventory, origin),
				     &file->found.list);
	}
	if (text != NULL) {
		c->o.keep(c->o.ctx, text);
	}
}

static void on_apps(void *arg, enum reader_result result, struct manifests *found,
		    const char *why)
{
	struct loading *l = arg;
	struct catalog *c = l->catalog;

	if (result != READER_OK) {
		load_failed(l, true, why);
		return;
	}
	if (l->epoch == c->epoch) {
		note_empty(c, l->origin, found);
		inventory_set_place(c->inventory, l->origin, found);
		keep_list(c, l->origin);
		note_change(c);
	}
	finish_load(l);
}

/* Read a place at a commit. */
static void load_at(struct loading *l, const struct oid *commit)
{
	const struct inventory_origin *place = inventory_get(l->catalog->inventory, l->origin);
	struct error err = ERROR_INIT;

	if (reader_read_apps(l->catalog->o.pool, place->repository, commit, place->directory,
			     on_apps, l, &err) < 0) {
		load_failed(l, false, err.text);
	}
}

static void on_resolved(void *arg, const struct delivery_resolved *answer)
{
	struct loading *l = arg;

	if (l->epoch != l->catalog->epoch) {
		finish_load(l);
	} else if (answer->result == RESOLVE_TIP) {
		load_at(l, &answer->tip);
	} else {
		bool again = answer->result == RESOLVE_FAILED || answer->result == RESOLVE_NOT_YET;

		load_failed(l, again, answer->why);
	}
}

static struct loading *loading_new(struct catalog *c, size_t origin, struct refresh *refresh)
{
	struct loading *l = xcalloc(1, sizeof(*l));

	*l = (struct loading){ .catalog = c, .epoch = c->epoch, .origin = origin,
			       .refresh = refresh };
	DL_APPEND(c->loads, l);
	return l;
}

/*
 * Read every place at the tip of its ref: at the start, after a reload, and
 * every RETRY_SECONDS as long as one fails. Those that could be read are read
 * again with it.
 */
static void load_places(struct catalog *c)
{
	const struct inventory_origin *place = inventory_get(c->inventory, 0);

	c->missing = false;
	for (size_t i = 0; place != NULL; place = inventory_get(c->inventory, ++i)) {
		struct resolver_question question = { .repository = place->repository,
						      .ref = place->ref };

		if (place->kind != INVENTORY_PLACE) {
			continue;
		}
		resolver_ask(c->o.resolver, &question, on_resolved, loading_new(c, i, NULL));
	}
	check_ready(c);
}

/* What stays unreadable is tried more and more rarely: a try may cost a reader seconds. */
static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct catalog *c = arg;

	(void)fd;
	(void)what;
	c->retry_seconds = c->retry_seconds < RETRY_SECONDS_MAX ? c->retry_seconds * 2
								 : RETRY_SECONDS_MAX;
	load_places(c);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	check_ready(arg);
}

void catalog_refresh(struct catalog *c, const char *repository, const char *ref,
		     const struct oid *commit, void (*done)(void *arg), void *arg)
{
	const struct inventory_origin *place = inventory_get(c->inventory, 0);
	struct refresh *refresh;

	if (!inventory_holds(c->inventory, repository, ref)) {
		done(arg);
		return;
	}
	refresh = xcalloc(1, sizeof(*refresh));
	*refresh = (struct refresh){ .catalog = c, .open = 1, .done = done, .arg = arg };
	DL_APPEND(c->refreshes, refresh);
	for (size_t i = 0; place != NULL; place = inventory_get(c->inventory, ++i)) {
		if (place->kind == INVENTORY_PLACE &&
		    strcmp(place->repository, repository) == 0 && strcmp(place->ref, ref) == 0) {
			refresh->open++;
			load_at(loading_new(c, i, refresh), commit);
		}
	}
	if (--refresh->open == 0) {
		finish_refresh(refresh);
	}
}

static void on_looked(void *ctx, bool changed)
{
	struct catalog *c = ctx;

	c->looked = true;
	c->dirty = c->dirty || changed;
	publish_changes(c);
	check_ready(c);
}

struct catalog *catalog_new(const struct catalog_options *options)
{
	struct catalog *c = xcalloc(1, sizeof(*c));

	c->o = *options;
	c->learned = learned_new();
	c->inventory = inventory_new(NULL, NULL);
	struct files_options files = {
		.base = options->base,
		.pool = options->pool,
		.metrics = options->metrics,
		.looked = on_looked,
		.ctx = c,
	};
	c->files = files_new(&files);
	c->publish = evtimer_new(options->base, on_publish, c);
	c->retry = evtimer_new(options->base, on_retry, c);
	c->patience = evtimer_new(options->base, on_patience, c);
	c->kept = xstrdup_or_null(options->kept);
	return c;
}

void catalog_free(struct catalog *c)
{
	if (c == NULL) {
		return;
	}
	while (c->loads != NULL) {
		struct loading *l = c->loads;

		DL_DELETE(c->loads, l);
		free(l);
	}
	while (c->refreshes != NULL) {
		struct refresh *refresh = c->refreshes;

		DL_DELETE(c->refreshes, refresh);
		free(refresh);
	}
	files_free(c->files);
	event_free(c->publish);
	event_free(c->retry);
	event_free(c->patience);
	free(c->kept);
	inventory_free(c->inventory);
	learned_free(c->learned);
	settings_unref(c->settings);
	free(c);
}

/* Applications kept in a repository, at a ref or at its default branch. */
static void add_place(struct catalog *c, struct inventory *inv,
		      const struct config_applications *from)
{
	const struct repository *repository = NULL;
	char *ref = NULL;
	const char *missing = places_find(c->settings->repositories, from, &repository, &ref);

	if (missing != NULL) {
		const char *near = repositories_nearest(c->settings->repositories,
							from->repository);

		log_error("applications cannot be read", "repository", from->repository, "reason",
			  missing, "nearest", near, "effect",
			  "all pushes wait until that is mended", NULL);
		c->unfound = true;
		return;
	}
	char *directory = places_directory(from);

	inventory_add(inv, &(struct inventory_origin){
		.kind = INVENTORY_PLACE,
		.repository = repository->name,
		.ref = ref,
		.directory = directory,
		.cluster = from->cluster,
	});
	free(directory);
	free(ref);
}

static void add_configured(struct catalog *c, struct inventory *inv)
{
	const struct config *config = c->settings->config;

	for (size_t i = 0; i < config->application_count; i++) {
		const struct config_applications *from = &config->applications[i];

		if (from->repository != NULL) {
			add_place(c, inv, from);
			continue;
		}
		inventory_add(inv, &(struct inventory_origin){
			.kind = from->file != NULL ? INVENTORY_FILE : INVENTORY_DIRECTORY,
			.path = from->file != NULL ? from->file : from->directory,
			.cluster = from->cluster,
		});
	}
}

/* Places that this process has not read yet begin with what was kept of them. */
static void take_kept(struct catalog *c)
{
	const struct inventory_origin *place = inventory_get(c->inventory, 0);

	for (size_t i = 0; place != NULL; place = inventory_get(c->inventory, ++i)) {
		struct manifests found = { .problems = STRVEC_INIT };
		struct error err = ERROR_INIT;
		int r = c->kept == NULL || place->kind != INVENTORY_PLACE ||
					inventory_knows_place(c->inventory, i)
				? 1
				: kept_read(c->kept, place, &found, &err);

		if (r == 0) {
			inventory_set_place(c->inventory, i, &found);
		} else if (r < 0) {
			log_warn("last list not read", "repository", place->repository, "reason",
				 err.text, NULL);
		}
	}
}

/*
 * A new inventory, with what the old one knew of places, files and directories
 * that are configured still: so a reload does not forget applications because a
 * repository is out of reach just now. The list is published at once, before
 * anything is read, because applications that are configured no more must not
 * be rung any more. The old inventory is freed after that, as its list is in
 * use until then. Answers that are under way belong to the old epoch.
 */
void catalog_set_settings(struct catalog *c, struct settings *settings)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	struct inventory *old = c->inventory;

	settings_unref(c->settings);
	c->settings = settings_ref(settings);
	c->epoch++;
	c->inventory = inventory_new(name_of, c);
	c->unfound = false;
	c->unrung = 0;
	add_configured(c, c->inventory);
	if (c->unfound) {
		status_set(c->o.status, STATUS_APPLICATIONS, false,
			   "a place of applications is in no configured repository");
	}
	inventory_take_over(c->inventory, old);
	take_kept(c);
	publish(c);
	inventory_free(old);
	/* Pushes wait for them; senders need not be sent away (readiness) meanwhile. */
	c->ready = c->looked = false;
	c->retry_seconds = RETRY_SECONDS;
	(void)event_del(c->retry);
	evtimer_add(c->patience, &patience);
	files_set_inventory(c->files, c->inventory);
	load_places(c);
}

void catalog_set_remote(struct catalog *c, const char *repository, const char *ref,
			const char *remote)
{
	if (inventory_set_remote(c->inventory, repository, ref, remote)) {
		note_change(c);
	}
}

bool catalog_rings(struct catalog *c, const struct app_source *source)
{
	return !unrung_is(source, name_of, c);
}

bool catalog_is_ready(const struct catalog *c)
{
	return c->ready;
}

const struct app_list *catalog_list(const struct catalog *c)
{
	return inventory_list(c->inventory);
}

uint64_t catalog_generation(const struct catalog *c)
{
	return c->generation;
}

const struct strvec *catalog_problems(const struct catalog *c)
{
	return inventory_problems(c->inventory);
}

bool catalog_holds(const struct catalog *c, const char *repository, const char *ref)
{
	return inventory_holds(c->inventory, repository, ref);
}
