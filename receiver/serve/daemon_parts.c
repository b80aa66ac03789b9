/*
 * The parts of the receiver, in the order in which they are made; they are
 * taken apart in reverse.
 */
#include "receiver/serve/daemon_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/limits.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "delivery/missed.h"
#include "journal/journal.h"
#include "receiver/catalog/catalog.h"
#include "receiver/catalog/kept.h"
#include "receiver/git/fetch.h"
#include "receiver/git/lister.h"
#include "receiver/git/resolver.h"
#include "receiver/http/tls.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"
#include "receiver/ops/watch.h"
#include "receiver/process/spawn.h"
#include "receiver/reader/reader.h"
#include "receiver/ring/outbound.h"
#include "receiver/ring/observer.h"
#include "receiver/ring/ringer.h"
#include "receiver/serve/missed.h"
#include "receiver/serve/world.h"
#include "receiver/store/store.h"

/* Exit status when the journal failed: EX_SOFTWARE, so that a supervisor starts us again. */
#define JOURNAL_STATUS EX_SOFTWARE

/* Given back to a full disk, so that what was accepted can still be finished. */
#define BALLAST_BYTES (16U << 20)

/* What the journal holds that is unfinished, kept until the core is there. */
struct daemon_leftover {
	struct record_push *pushes;
	size_t push_count, push_capacity;
	struct trigger **triggers;
	size_t trigger_count, trigger_capacity;
	struct leftover_ref {
		char *repository;
		char *ref;
		struct oid commit;
		bool seen;    // nothing of it was processed: there it was at the first look
		char *remote; // JSON, or NULL
	} *refs;
	size_t ref_count, ref_capacity;
};

static void keep_push(void *arg, const struct record_push *push)
{
	struct daemon_leftover *l = arg;

	l->pushes = xgrow(l->pushes, l->push_count, &l->push_capacity, sizeof(*l->pushes));
	record_push_copy(push, &l->pushes[l->push_count++]);
}

static void keep_trigger(void *arg, const struct trigger *trigger)
{
	struct daemon_leftover *l = arg;

	l->triggers = xgrow(l->triggers, l->trigger_count, &l->trigger_capacity,
			    sizeof(struct trigger *));
	l->triggers[l->trigger_count++] = trigger_copy(trigger);
}

static void keep_ref(void *arg, const char *repository, const char *ref, const struct oid *commit,
		     const char *remote)
{
	struct daemon_leftover *l = arg;

	l->refs = xgrow(l->refs, l->ref_count, &l->ref_capacity, sizeof(*l->refs));
	l->refs[l->ref_count++] = (struct leftover_ref){
		.repository = xstrdup(repository),
		.ref = xstrdup(ref),
		.commit = *commit,
		.remote = xstrdup_or_null(remote),
	};
}

static void keep_seen(void *arg, const char *repository, const char *ref,
		      const struct oid *commit)
{
	struct daemon_leftover *l = arg;

	keep_ref(l, repository, ref, commit, NULL);
	l->refs[l->ref_count - 1].seen = true;
}

static void take_up_ref(struct daemon *d, const struct leftover_ref *ref)
{
	struct delivery_core *core = world_core(d->world);

	if (ref->seen) {
		delivery_resume_seen(core, ref->repository, ref->ref, &ref->commit);
		return;
	}
	delivery_resume_ref(core, ref->repository, ref->ref, &ref->commit);
	catalog_set_remote(d->catalog, ref->repository, ref->ref, ref->remote);
}

/*
 * Refs, then triggers, then pushes: a ref's commit is what its triggers and
 * pushes build upon, and a trigger must stand before a push is decided that
 * could replace it. Pushes go the way of new ones, into the line of the world,
 * which begins with them when the applications are known.
 */
void daemon_take_up(struct daemon *d)
{
	struct daemon_leftover *l = d->leftover;
	struct delivery_core *core = world_core(d->world);

	if (l == NULL) {
		return;
	}
	log_info("taken up", "refs", LOG_INT(l->ref_count), "triggers", LOG_INT(l->trigger_count),
		 "pushes", LOG_INT(l->push_count), NULL);
	for (size_t i = 0; i < l->ref_count; i++) {
		take_up_ref(d, &l->refs[i]);
		free(l->refs[i].repository);
		free(l->refs[i].ref);
		free(l->refs[i].remote);
	}
	for (size_t i = 0; i < l->trigger_count; i++) {
		delivery_resume_trigger(core, l->triggers[i]);
		trigger_free(l->triggers[i]);
	}
	for (size_t i = 0; i < l->push_count; i++) {
		world_accept(d->world, &l->pushes[i]);
		record_push_release(&l->pushes[i]);
	}
	free(l->refs);
	free(l->triggers);
	free(l->pushes);
	free(l);
	d->leftover = NULL;
}

static int make_directory(const char *state, const char *name, struct error *err)
{
	char *path = name != NULL ? xasprintf("%s/%s", state, name) : xstrdup(state);
	int r = 0;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		r = error_errno(err, EX_UNAVAILABLE, errno, "state directory '%s'", path);
	}
	free(path);
	return r;
}

static int make_directories(const struct config *c, struct error *err)
{
	static const char *const names[] = { NULL, "repositories", "cache", "home",
					   KEPT_FOLDER };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		r = make_directory(c->state_directory, names[i], err);
	}
	return r;
}

/*
 * What is on the disk is unknown, so nothing more may be acknowledged, and
 * nothing in memory may be trusted to match it. There is no mending that in
 * place: the process ends, its supervisor starts it anew, and that start reads
 * what is really there. One second is left, so that those who wait get their
 * 503.
 */
static void on_journal_failed(void *arg, const char *why)
{
	static const struct timeval soon = { .tv_sec = 1 };
	struct daemon *d = arg;

	log_error("the journal failed: ending, so that a new start reads what is on disk",
		  "reason", why, NULL);
	d->exit_status = JOURNAL_STATUS;
	event_base_loopexit(d->base, &soon);
}

/*
 * What is unfinished is read before the writer thread exists: until then the
 * journal is the loop's alone, and needs no lock. From store_new() on it
 * belongs to the store, which closes it when that thread has ended. The rows
 * are kept aside as leftovers, because the core that they are for is made later
 * and needs the readers that are made in between.
 */
static int build_store(struct daemon *d, struct error *err)
{
	const struct config *c = d->settings->config;
	char *path = journal_place(c->state_directory);
	struct journal_options options = {
		.path = path,
		.max_bytes = (uint64_t)c->journal_max_bytes,
		.min_free = (uint64_t)c->min_free_bytes,
		.ballast_bytes = BALLAST_BYTES,
	};
	struct journal *journal = NULL;
	int r = EX_UNAVAILABLE;

	if (journal_open(&options, &journal, err) != RECORD_OK) {
		goto out;
	}
	d->leftover = xcalloc(1, sizeof(*d->leftover));
	struct journal_resume resume = {
		.push = keep_push, .trigger = keep_trigger, .ref = keep_ref, .seen = keep_seen,
		.arg = d->leftover,
	};
	if (journal_resume(journal, &resume, err) != RECORD_OK) {
		goto out;
	}
	struct store_options store = {
		.base = d->base,
		.journal = journal,
		.metrics = d->metrics,
		.status = d->status,
		.retention_ms = c->retention,
		.on_failed = on_journal_failed,
		.arg = d,
	};
	if (store_new(&store, &d->store, err) == 0) {
		journal = NULL;
		r = 0;
	}
out:
	journal_close(journal);
	free(path);
	return r;
}

static void on_reader_log(void *arg, enum reader_log_level level, const char *text)
{
	(void)arg;
	log_write(level == READER_LOG_WARNING ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "reader", "event",
		  text, NULL);
}

static int build_children(struct daemon *d, struct error *err)
{
	const struct config *c = d->settings->config;
	char *home = xasprintf("%s/home", c->state_directory);
	struct fetch_options fetch = {
		.helper = "/proc/self/exe", .home = home, .metrics = d->metrics
	};
	struct reader_options readers = {
		.count = c->readers,
		.time_limit_ms = c->reader_time_limit,
		.memory_bytes = (uint64_t)c->reader_memory_limit,
		.log = on_reader_log,
	};
	char *self = realpath("/proc/self/exe", NULL);

	fetch.helper = self != NULL ? self : "doorbell";
	d->spawner = spawner_new(d->base);
	d->fetcher = fetch_new(d->base, d->spawner, &fetch);
	d->pool = reader_pool_new(d->base, &readers);
	d->resolver = resolver_new(d->base, d->pool, d->fetcher);
	d->lister = lister_new(d->spawner, d->fetcher, d->pool);
	free(self);
	free(home);
	return outbound_new(d->base, NULL, &d->outbound, err) < 0 ? EX_UNAVAILABLE : 0;
}

static void on_decided(void *ctx, const struct delivery_decision *decision)
{
	daemon_tell_decided(ctx, decision);
}

static void on_known(void *ctx)
{
	struct daemon *d = ctx;

	world_go_on(d->world);
	missed_go_on(d->missed);
}

static void on_reached(void *ctx, const char *repository, bool reached)
{
	missed_reached(((struct daemon *)ctx)->missed, repository, reached);
}

static void on_published(void *ctx, const struct app_list *apps)
{
	const struct daemon *d = ctx;

	if (d->world != NULL) {
		world_tell_untaken(d->world, apps);
	}
}

/* On the writer thread, which may wait for the disk. */
static enum record_result write_list(struct journal *j, void *arg, struct error *err)
{
	(void)j;
	return kept_text_write(arg, err) == 0 ? RECORD_OK : RECORD_INVALID;
}

static void on_list_written(void *arg, enum record_result result, const struct error *err)
{
	if (result != RECORD_OK) {
		log_warn("last list of applications not kept", "reason", err->text, NULL);
	}
	kept_text_free(arg);
}

/* If the store is too busy, the next time that the place is read will do. */
static void keep_list(void *ctx, struct kept_text *text)
{
	struct daemon *d = ctx;

	if (store_read(d->store, write_list, on_list_written, text) != STORE_OK) {
		kept_text_free(text);
	}
}

static void build_core(struct daemon *d)
{
	char *kept = xasprintf("%s/%s", d->settings->config->state_directory, KEPT_FOLDER);
	struct catalog_options catalog = {
		.base = d->base,
		.pool = d->pool,
		.resolver = d->resolver,
		.metrics = d->metrics,
		.status = d->status,
		.ready = on_known,
		.published = on_published,
		.kept = kept,
		.keep = keep_list,
		.ctx = d,
	};

	d->catalog = catalog_new(&catalog);
	free(kept);
	struct world_parts parts = {
		.base = d->base,
		.store = d->store,
		.pool = d->pool,
		.resolver = d->resolver,
		.catalog = d->catalog,
		.metrics = d->metrics,
		.decided = on_decided,
		.reached = on_reached,
		.ctx = d,
	};
	d->world = world_new(&parts, d->settings);
	const struct missed_parts missed = {
		.base = d->base,
		.lister = d->lister,
		.store = d->store,
		.world = d->world,
		.metrics = d->metrics,
	};
	d->missed = missed_new(&missed);
	const struct ringer_parts ring = {
		.base = d->base,
		.outbound = d->outbound,
		.spawner = d->spawner,
		.metrics = d->metrics,
		.done = world_rung,
		.ctx = d->world,
	};
	d->ringer = ringer_new(&ring);
	d->observer = observer_new(d->base, d->outbound, world_seen, d->world);
	world_set_ringer(d->world, d->ringer, d->observer);
}

static unsigned long long grown(unsigned long long *counted, unsigned long long now)
{
	unsigned long long more = now - *counted;

	*counted = now;
	return more;
}

/* How many stand in a queue, and since when: seconds since 1970, 0 if nobody does. */
static void set_queue(struct daemon *d, const char *stage, size_t count, int64_t oldest_ms)
{
	metrics_set(d->metrics, METRIC_QUEUE_DEPTH, stage, (double)count);
	metrics_set(d->metrics, METRIC_QUEUE_OLDEST_TIMESTAMP, stage, (double)oldest_ms / 1000);
}

static void count_log_lines(struct daemon *d)
{
	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		enum log_level level = (enum log_level)i;
		unsigned long long more = grown(&d->log_lines[i], log_lines(level));

		metrics_count(d->metrics, METRIC_LOG_MESSAGES, log_level_name(level), NULL, more);
	}
}

/* Gauges and counters that others keep. */
void daemon_refresh_metrics(void *ctx)
{
	static const char *const stages[DELIVERY_STAGES] = {
		[DELIVERY_RESOLVE] = "resolve", [DELIVERY_MATCH] = "match",
		[DELIVERY_PLAN] = "plan", [DELIVERY_TRIGGER] = "trigger",
	};
	struct daemon *d = ctx;
	struct delivery_stats core;
	struct store_stats store;
	struct reader_metrics readers;

	daemon_refresh_connections(d);
	count_log_lines(d);
	world_get_stats(d->world, &core);
	for (size_t i = 0; i < DELIVERY_STAGES; i++) {
		set_queue(d, stages[i], core.stages[i].count, core.stages[i].oldest_ms);
	}
	store_get_stats(d->store, &store);
	set_queue(d, "store", store.jobs, store.oldest_ms);
	reader_pool_metrics(d->pool, &readers);
	metrics_count(d->metrics, METRIC_READER_RESTARTS, NULL, NULL,
		      grown(&d->readers_lost, readers.lost));
	metrics_set(d->metrics, METRIC_READERS_WITHOUT, "landlock", (double)readers.no_landlock);
	metrics_set(d->metrics, METRIC_READERS_WITHOUT, "filter", (double)readers.no_filter);
}

int daemon_build(struct daemon *d, struct error *err)
{
	struct metrics_build build = {
		.version = DOORBELL_VERSION,
		.libgit2 = reader_library_version(),
		.openssl = tls_library_version(),
		.sqlite = journal_library_version(),
	};
	int r = make_directories(d->settings->config, err);

	d->metrics = metrics_new(&build);
	d->status = status_new(mstime_monotonic());
	if (r == 0) {
		r = build_store(d, err);
	}
	if (r == 0) {
		r = build_children(d, err);
	}
	if (r == 0) {
		build_core(d);
		daemon_build_front(d);
	}
	return r;
}

/*
 * The store goes first, although much uses it: while it ends it answers every
 * job that it holds, and those answers reach intake, the world and connections,
 * which must all be there. After it nothing new can be stored, and nothing that
 * follows tries to. Then those who call back (calls, fetches, readers,
 * children) are ended, and none of them answers any more; only then go those
 * who asked, and what they hold is freed with them.
 */
void daemon_take_apart(struct daemon *d)
{
	daemon_close_listeners(d);
	watch_free(d->watch);
	/* The journal first: what it answers still finds everybody. */
	store_free(d->store);
	outbound_free(d->outbound);
	fetch_free(d->fetcher);
	reader_pool_free(d->pool);
	spawner_free(d->spawner);
	daemon_free_front(d);
	missed_free(d->missed);
	world_free(d->world);
	ringer_free(d->ringer);
	observer_free(d->observer);
	catalog_free(d->catalog);
	resolver_free(d->resolver);
	lister_free(d->lister);
	tls_context_free(d->tls);
	status_free(d->status);
	metrics_free(d->metrics);
}
