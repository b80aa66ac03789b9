/*
 * The writer thread: durable before the answer, order, group commit, full and
 * failing journals, limits of the backlog, draining.
 */
#include "receiver/store/store.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/faultvfs.h"
#include "tests/support/records.h"
#include "tests/support/metrics_keep.h"
#include "tests/support/tap.h"

struct world {
	struct event_base *base;
	struct store *store;
	struct metrics *metrics;
	struct status *status;
	char *path;
	unsigned failures;      // calls of on_failed
	unsigned answers;
	unsigned results[8];    // how many of each result, FAILED is 7
	int64_t last_id;
	unsigned disordered;    // answers whose delivery has a lower id than the one before
	unsigned not_durable;   // answers whose row another connection does not see
	bool check_durable;
	size_t counted;         // deliveries, by a question
	_Atomic bool let_go;
};

/* One delivery on its way. */
struct parcel {
	struct world *world;
	struct record_delivery *d;
};

static void on_failed(void *arg, const char *why)
{
	struct world *w = arg;

	w->failures += why[0] != '\0';
}

static void start(struct world *w, const char *name, struct journal_options journal_options,
		  struct store_options options)
{
	static const struct metrics_build build = { .version = "test" };
	struct error err = ERROR_INIT;
	struct journal *j = NULL;

	*w = (struct world){ .base = event_base_new() };
	w->path = xasprintf("%s/%s", tap_dir(), name);
	w->metrics = metrics_new(&build);
	w->status = status_new(mstime_monotonic());
	journal_options.path = w->path;
	if (journal_open(&journal_options, &j, &err) != RECORD_OK) {
		tap_ok(false, "%s", err.text);
		exit(1);
	}
	if (journal_options.vfs != NULL) {
		faultvfs_arm(FAULT_IO, 3, true);
	}
	options.base = w->base;
	options.journal = j;
	options.metrics = w->metrics;
	options.status = w->status;
	options.on_failed = on_failed;
	options.arg = w;
	if (store_new(&options, &w->store, &err) < 0) {
		tap_ok(false, "%s", err.text);
		exit(1);
	}
}

static void finish(struct world *w)
{
	store_free(w->store);
	event_base_free(w->base);
	metrics_keep(w->metrics);
	metrics_free(w->metrics);
	status_free(w->status);
	free(w->path);
}

static bool is_visible(const struct world *w, int64_t id)
{
	struct journal_options options = { .path = w->path, .read_only = true };
	struct record_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	struct journal *j = NULL;

	if (journal_open(&options, &j, &err) != RECORD_OK) {
		return false;
	}
	bool found = journal_get_delivery(j, id, &d, &err) == RECORD_OK;

	record_delivery_release(&d);
	journal_close(j);
	return found;
}

static void on_delivery(void *arg, enum record_result result, const struct error *err)
{
	struct parcel *p = arg;
	struct world *w = p->world;

	w->answers++;
	w->results[(unsigned)result & 7]++;
	if (result == RECORD_OK) {
		w->disordered += p->d->id <= w->last_id;
		w->last_id = p->d->id;
		w->not_durable += w->check_durable && !is_visible(w, p->d->id);
	} else {
		w->not_durable += err->text[0] == '\0' && result != RECORD_DUPLICATE;
	}
	sample_delivery_free(p->d);
	free(p);
}

static enum store_result deliver(struct world *w, unsigned n, bool spoil)
{
	struct parcel *p = xmalloc(sizeof(*p));

	p->world = w;
	p->d = sample_delivery(n, 2000);
	if (spoil) {
		free(p->d->event);
		p->d->event = NULL;
	}
	enum store_result result = store_add_delivery(w->store, p->d, on_delivery, p);

	if (result != STORE_OK) {
		sample_delivery_free(p->d);
		free(p);
	}
	return result;
}

static void on_count(void *arg, enum record_result result, const struct error *err)
{
	struct world *w = arg;

	(void)err;
	w->answers++;
	w->results[(unsigned)result & 7]++;
}

static void run_until(struct world *w, unsigned answers)
{
	int64_t limit = mstime_monotonic() + 30000;
	struct timeval tick = { .tv_usec = 20000 };

	while (w->answers < answers && mstime_monotonic() < limit) {
		(void)event_base_loopexit(w->base, &tick);
		(void)event_base_dispatch(w->base);
	}
	tap_int(w->answers, answers, "every job is answered, once");
}

static void run_for(struct world *w, long ms)
{
	struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_base_loopexit(w->base, &time);
	(void)event_base_dispatch(w->base);
}

/* The value of one line of the metrics, -1 if it is not there. */
static long metric_value(struct world *w, const char *series)
{
	struct buf text;
	long value = -1;

	buf_init(&text, 1 << 20);
	metrics_render(w->metrics, &text);
	const char *at = strstr(text.data, series);

	if (at != NULL) {
		value = strtol(at + strlen(series), NULL, 10);
	}
	buf_release(&text);
	return value;
}

static void test_durable(void)
{
	struct world w;

	start(&w, "durable", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 0 });
	w.check_durable = true;
	for (unsigned i = 0; i < 20; i++) {
		(void)deliver(&w, i, false);
	}
	tap_int(w.answers, 0, "nothing is answered before the loop turns");
	run_until(&w, 20);
	tap_int(w.not_durable, 0, "each answer comes after another connection can see the row");
	(void)deliver(&w, 3, false);
	run_until(&w, 21);
	tap_int(w.results[RECORD_DUPLICATE], 1, "a repeat is answered as a duplicate");
	finish(&w);
}

static void test_group_commit(void)
{
	struct world w;

	start(&w, "group", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 0 });
	for (unsigned i = 0; i < 2000; i++) {
		(void)deliver(&w, i, false);
	}
	run_until(&w, 2000);
	long commits = metric_value(&w, "\ndoorbell_store_commit_duration_seconds_count ");

	tap_ok(commits > 0 && commits <= 1000, "2000 deliveries share %ld commits", commits);
	tap_int(w.disordered, 0, "and are stored and answered in their order");
	finish(&w);
}

static void test_spoiled(void)
{
	struct world w;

	start(&w, "spoiled", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 0 });
	for (unsigned i = 0; i < 100; i++) {
		(void)deliver(&w, i, i % 10 == 5);
	}
	run_until(&w, 100);
	tap_int(w.results[RECORD_INVALID], 10, "jobs that cannot be carried out are told so");
	tap_int(w.results[RECORD_OK], 90, "and the others of their batch are done");
	tap_int(w.failures, 0, "that is no failure of the journal");
	finish(&w);
}

static void test_backlog(void)
{
	unsigned busy = 0;
	struct world w;

	start(&w, "backlog", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 50 });
	for (unsigned i = 0; i < 5000; i++) {
		busy += deliver(&w, i, false) == STORE_BUSY;
	}
	tap_ok(busy > 0, "a backlog that is full refuses at once (%u of 5000)", busy);
	run_until(&w, 5000 - busy);
	tap_int(metric_value(&w, "doorbell_store_refused_total{reason=\"busy\"} "), busy,
		"and counts it");
	tap_int(deliver(&w, 9000, false), STORE_OK, "later it takes jobs again");
	run_until(&w, 5000 - busy + 1);
	finish(&w);

	start(&w, "bytes", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_bytes = 1000 });
	tap_int(deliver(&w, 1, false), STORE_BUSY, "so does one with too many bytes");
	finish(&w);
}

static void test_full(void)
{
	struct world w;

	start(&w, "full", (struct journal_options){ .max_bytes = 256 * 1024 },
	      (struct store_options){ .max_jobs = 0 });
	for (unsigned i = 0; i < 300; i++) {
		(void)deliver(&w, i, false);
	}
	run_until(&w, 300);
	tap_ok(w.results[RECORD_OK] > 10 && w.results[RECORD_FULL] > 10,
	       "a full journal takes what fits (%u) and refuses the rest (%u)",
	       w.results[RECORD_OK], w.results[RECORD_FULL]);
	tap_int(w.failures, 0, "that is no failure");
	tap_int(metric_value(&w, "doorbell_store_refused_total{reason=\"full\"} "),
		w.results[RECORD_FULL], "each is counted as refused, once");
	struct record_push push = { .id = 1, .state = PUSH_PLANNED };
	struct trigger *t = sample_trigger(1, "a/b");
	struct record_plan plan = { .pushes = &push, .push_count = 1, .triggers = &t,
				     .trigger_count = 1 };

	store_add_plan(w.store, &plan, on_count, &w);
	run_until(&w, 301);
	tap_ok(t->id > 0, "what was accepted can still be planned");
	trigger_free(t);
	finish(&w);
}

/* Fill the disk a little and look at the free space, without any job. */
static void test_free_bytes(struct world *w, const char *what)
{
	const off_t much = (off_t)512 << 20;
	char *path = xasprintf("%s/much", tap_dir());
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	run_for(w, 1500);
	long before = metric_value(w, "\ndoorbell_store_free_bytes ");

	if (posix_fallocate(fd, 0, much) == 0) {
		run_for(w, 2500);
		long after = metric_value(w, "\ndoorbell_store_free_bytes ");

		tap_ok(before > 0 && after > 0 && before - after > much / 2,
		       "the free space is measured while nothing is written: %ld, %ld: %s", before,
		       after, what);
	} else {
		tap_note("no room for half a gigabyte: the free space is not looked at");
	}
	(void)close(fd);
	(void)unlink(path);
	free(path);
}

/* The thread waits in a question until it is let go on. */
static enum record_result wait_long(struct journal *j, void *arg, struct error *err)
{
	struct world *w = arg;

	(void)j;
	(void)err;
	while (!atomic_load(&w->let_go)) {
		(void)usleep(1000);
	}
	return RECORD_OK;
}

static void test_figures(void)
{
	struct store_stats stats;
	struct world w;

	start(&w, "figures", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 0 });
	store_get_stats(w.store, &stats);
	tap_ok(stats.jobs == 0 && stats.oldest_ms == 0, "an idle store has no oldest job");
	int64_t begun = mstime_wall();

	(void)store_read(w.store, wait_long, on_count, &w);
	(void)usleep(100000); /* the thread has it now */
	(void)deliver(&w, 1, false);
	store_get_stats(w.store, &stats);
	tap_int(stats.jobs, 2, "what the thread works on counts");
	tap_ok(stats.oldest_ms >= begun - 5 && stats.oldest_ms <= begun + 50,
	       "and is the oldest, by the wall clock (%lld ms after)",
	       (long long)(stats.oldest_ms - begun));
	atomic_store(&w.let_go, true);
	run_until(&w, 2);
	store_get_stats(w.store, &stats);
	tap_ok(stats.jobs == 0 && stats.oldest_ms == 0, "then there is none again");
	test_free_bytes(&w, "in a store that is idle");
	finish(&w);
}

static void test_failure(void)
{
	struct world w;
	struct buf text;

	start(&w, "failure", (struct journal_options){ .vfs = faultvfs_register() },
	      (struct store_options){ .max_jobs = 0 });
	unsigned taken = 1;

	for (unsigned i = 0; i < 100; i++) {
		taken += deliver(&w, i, false) == STORE_OK;
	}
	struct record_push push = { .id = 1, .state = PUSH_WAITING };

	store_update_push(w.store, &push, on_count, &w);
	run_until(&w, taken);
	tap_int(w.results[7], taken, "when the journal fails every job is answered so");
	tap_int(w.failures, 1, "main is told once");
	tap_int(metric_value(&w, "doorbell_store_refused_total{reason=\"failed\"} "), 100,
		"each delivery is counted as refused, and no update is");
	tap_int(deliver(&w, 7, false), STORE_FAILED, "later deliveries are refused at once");
	tap_int(metric_value(&w, "doorbell_store_refused_total{reason=\"failed\"} "), 101,
		"and counted, too");
	test_free_bytes(&w, "which goes on after the journal failed");
	store_update_push(w.store, &push, on_count, &w);
	run_until(&w, taken + 1);
	tap_int(w.results[7], taken + 1, "later updates are answered as failed");
	buf_init(&text, 4096);
	tap_ok(!status_healthz(w.status, mstime_monotonic(), &text) &&
	       strstr(text.data, "failed journal") != NULL, "and health is red");
	buf_release(&text);
	faultvfs_kill();
	finish(&w);
	faultvfs_lose(256, 1);
}

static void test_drain(void)
{
	struct world w;

	start(&w, "drain", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 0 });
	for (unsigned i = 0; i < 500; i++) {
		(void)deliver(&w, i, false);
	}
	struct store *store = w.store;

	w.store = NULL;
	store_free(store);
	tap_int(w.answers, 500, "ending carries out and answers all that is queued");
	tap_int(w.results[RECORD_OK], 500, "with success");
	tap_ok(is_visible(&w, 500), "and it is there");
	finish(&w);
}

static enum record_result count_deliveries(struct journal *j, void *arg, struct error *err)
{
	struct record_list list = { .items = NULL };
	enum record_result result =
		journal_list(j, &(struct journal_filter){ .limit = 1000 }, &list, err);
	struct world *w = arg;

	w->counted = list.count;
	record_list_release(&list);
	return result;
}

static void test_read(void)
{
	struct world w;

	start(&w, "read", (struct journal_options){ .max_bytes = 0 },
	      (struct store_options){ .max_jobs = 0 });
	for (unsigned i = 0; i < 10; i++) {
		(void)deliver(&w, i, false);
	}
	run_until(&w, 10);
	(void)deliver(&w, 10, false);
	tap_int(store_read(w.store, count_deliveries, on_count, &w), STORE_OK,
		"a question is taken");
	run_until(&w, 12);
	tap_int(w.counted, 11, "it sees what was handed over before it");
	finish(&w);
}

static void test_house(void)
{
	struct store_options options = { .retention_ms = 1, .purge_every_ms = 200, .idle_ms = 100 };
	struct record_push push = { .id = 1, .state = PUSH_IGNORED };
	struct world w;
	struct stat st = { .st_size = -1 };

	start(&w, "house", (struct journal_options){ .max_bytes = 0 }, options);
	for (unsigned i = 0; i < 3; i++) {
		(void)deliver(&w, i, false);
	}
	run_until(&w, 3);
	store_update_push(w.store, &push, on_count, &w);
	run_until(&w, 4);
	run_for(&w, 3500);
	tap_ok(!is_visible(&w, 1), "old finished deliveries are purged");
	tap_ok(is_visible(&w, 2), "unfinished ones are kept");
	char *wal = xasprintf("%s-wal", w.path);

	(void)stat(wal, &st);
	tap_int(st.st_size, 0, "the WAL is emptied when idle");
	free(wal);
	tap_ok(metric_value(&w, "\ndoorbell_store_size_bytes ") > 4096, "the size is shown");
	finish(&w);
}

int main(void)
{
	test_durable();
	test_group_commit();
	test_spoiled();
	test_backlog();
	test_full();
	test_failure();
	test_drain();
	test_read();
	test_house();
	test_figures();
	return tap_done();
}
