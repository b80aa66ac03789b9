/*
 * How many deliveries a second does the journal take, and how long is a
 * commit?  By size of the group commit, with bodies of 8 KB, on the disk of
 * $TMPDIR (default /tmp).
 */
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

#define BODY 8192
#define SECONDS 2
#define ROWS_MOST 200000

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static struct journal *open_journal(const char *name)
{
	char *path = xasprintf("%s/%s", tap_dir(), name);
	struct journal_options options = { .path = path };
	struct error err = ERROR_INIT;
	struct journal *j = NULL;

	if (journal_open(&options, &j, &err) != RECORD_OK) {
		(void)fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	free(path);
	return j;
}

static void must(enum record_result result, const struct error *err)
{
	if (result != RECORD_OK) {
		(void)fprintf(stderr, "%s\n", err->text);
		exit(2);
	}
}

/* One group commit; nanoseconds of journal_commit() alone. */
static int64_t add_batch(struct journal *j, unsigned first, unsigned count)
{
	struct journal_figures figures;
	struct error err = ERROR_INIT;

	must(journal_begin(j, &err), &err);
	for (unsigned i = 0; i < count; i++) {
		struct record_delivery *d = sample_delivery(first + i, BODY);

		must(journal_add_delivery(j, d, &err), &err);
		sample_delivery_free(d);
	}
	int64_t begin = mstime_nanoseconds();

	must(journal_commit(j, &err), &err);
	int64_t taken = mstime_nanoseconds() - begin;

	must(journal_tend(j, &(struct journal_care){ .idle = false }, &figures, &err), &err);
	return taken;
}

static void measure(unsigned batch)
{
	char *name = xasprintf("batch-%u", batch);
	struct journal *j = open_journal(name);
	int64_t *commits = xcalloc(ROWS_MOST, sizeof(*commits));
	int64_t begin = mstime_nanoseconds();
	int64_t end = begin + (int64_t)SECONDS * 1000000000;
	unsigned rows = 0;
	size_t count = 0;

	while (mstime_nanoseconds() < end && rows + batch <= ROWS_MOST) {
		commits[count++] = add_batch(j, rows, batch);
		rows += batch;
	}
	double seconds = (double)(mstime_nanoseconds() - begin) / 1e9;

	qsort(commits, count, sizeof(*commits), by_size);
	(void)printf("%6u %10.0f %10zu %12.3f %12.3f %12.3f\n", batch, rows / seconds, count,
		     (double)commits[count / 2] / 1e6, (double)commits[count * 99 / 100] / 1e6,
		     (double)commits[count - 1] / 1e6);
	free(commits);
	journal_close(j);
	free(name);
}

/* What a person who lists a large journal waits for. */
static void measure_list(void)
{
	struct journal *j = open_journal("batch-64");
	struct record_list list = { .items = NULL };
	struct journal_figures figures;
	struct error err = ERROR_INIT;
	const struct journal_filter filters[] = {
		{ .limit = 30 },
		{ .limit = 30, .failed = true },
		{ .limit = 30, .application = "argocd/none" },
	};
	static const char *const names[] = { "newest 30", "failed (none)", "application (none)" };

	must(journal_tend(j, &(struct journal_care){ .idle = true }, &figures, &err), &err);
	(void)printf("\nlist of %llu MB, ms\n", (unsigned long long)(figures.size >> 20));
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		int64_t begin = mstime_nanoseconds();

		must(journal_list(j, &filters[i], &list, &err), &err);
		(void)printf("%-20s %10.2f\n", names[i],
			     (double)(mstime_nanoseconds() - begin) / 1e6);
		record_list_release(&list);
	}
	journal_close(j);
}

int main(void)
{
	static const unsigned batches[] = { 1, 16, 64 };

	(void)printf("%6s %10s %10s %12s %12s %12s\n", "batch", "rows/s", "commits", "p50 ms",
		     "p99 ms", "worst ms");
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		measure(batches[i]);
	}
	measure_list();
	return 0;
}
