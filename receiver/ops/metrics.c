/*
 * Counting and rendering.
 *
 * Every series that can ever be has its cells from the start, so counting is
 * one atomic addition and memory does not grow: cells[series] of a counter,
 * the bits of a double in cells[series] of a gauge, one cell a bucket for a
 * histogram with its sum beside it.  Buckets are made cumulative on the way
 * out, so a scrape in between shows _count equal to the last bucket.
 */
#include "receiver/ops/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/ops/metrics_table.h"

struct cells {
	size_t values[2];          // of each label
	size_t width;              // cells of one series
	_Atomic uint64_t *counts;  // counters, buckets
	_Atomic double *numbers;   // gauges, sums
};

struct metrics {
	struct metrics_build build;
	double start_seconds; // of the process
	struct cells cells[METRIC_COUNT];
	char *targets[METRIC_VALUES_MAX];
	_Atomic size_t target_count;
};

static size_t bucket_count(const struct metric_row *row)
{
	size_t n = 0;

	while (row->buckets != NULL && row->buckets[n] > 0) {
		n++;
	}
	return n;
}

static size_t value_count(enum metric_label label)
{
	size_t n = 0;

	if (label == LABEL_TARGET) {
		return METRIC_VALUES_MAX;
	}
	while (metric_label_value(label, n) != NULL) {
		n++;
	}
	return n;
}

struct metrics *metrics_new(const struct metrics_build *build)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	m->build = *build;
	m->start_seconds = (double)mstime_wall() / 1000;
	m->targets[0] = xstrdup("other");
	m->target_count = 1;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metric_row *row = metric_row((enum metric)i);
		struct cells *c = &m->cells[i];

		c->values[0] = value_count(row->labels[0]);
		c->values[1] = value_count(row->labels[1]);
		c->width = row->type == METRIC_HISTOGRAM ? bucket_count(row) + 1 : 1;
		c->counts = xcalloc(c->values[0] * c->values[1] * c->width, sizeof(*c->counts));
		c->numbers = xcalloc(c->values[0] * c->values[1], sizeof(*c->numbers));
	}
	return m;
}

void metrics_free(struct metrics *m)
{
	if (m == NULL) {
		return;
	}
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		free(m->cells[i].counts);
		free(m->cells[i].numbers);
	}
	for (size_t i = 0; i < m->target_count; i++) {
		free(m->targets[i]);
	}
	free(m);
}

static const char *value_name(const struct metrics *m, enum metric_label label, size_t value)
{
	return label == LABEL_TARGET ? m->targets[value] : metric_label_value(label, value);
}

/* How many values of a label there are now. */
static size_t values_now(struct metrics *m, enum metric_label label)
{
	return label == LABEL_TARGET ? atomic_load(&m->target_count) : value_count(label);
}

static size_t find_value(struct metrics *m, enum metric_label label, const char *name)
{
	size_t count = values_now(m, label);

	for (size_t i = 0; name != NULL && i < count; i++) {
		if (strcmp(value_name(m, label, i), name) == 0) {
			return i;
		}
	}
	return 0;
}

void metrics_add_target(struct metrics *m, const char *name)
{
	size_t count = atomic_load(&m->target_count);

	if (count < METRIC_VALUES_MAX && find_value(m, LABEL_TARGET, name) == 0 &&
	    strcmp(name, "other") != 0) {
		m->targets[count] = xstrdup(name);
		atomic_store(&m->target_count, count + 1);
	}
}

static size_t find_series(struct metrics *m, enum metric metric, const char *a, const char *b)
{
	const struct metric_row *row = metric_row(metric);

	return find_value(m, row->labels[0], a) * m->cells[metric].values[1] +
	       find_value(m, row->labels[1], b);
}

void metrics_count(struct metrics *m, enum metric metric, const char *a, const char *b, uint64_t n)
{
	if (m != NULL) {
		(void)atomic_fetch_add(&m->cells[metric].counts[find_series(m, metric, a, b)], n);
	}
}

void metrics_set(struct metrics *m, enum metric metric, const char *a, double value)
{
	if (m != NULL) {
		atomic_store(&m->cells[metric].numbers[find_series(m, metric, a, NULL)], value);
	}
}

void metrics_observe(struct metrics *m, enum metric metric, const char *a, double value)
{
	const double *buckets = metric_row(metric)->buckets;
	size_t i = 0;

	if (m == NULL) {
		return;
	}
	struct cells *c = &m->cells[metric];
	size_t series = find_series(m, metric, a, NULL);

	while (buckets[i] > 0 && value > buckets[i]) {
		i++;
	}
	(void)atomic_fetch_add(&c->counts[series * c->width + i], 1);
	double sum = atomic_load(&c->numbers[series]);

	while (!atomic_compare_exchange_weak(&c->numbers[series], &sum, sum + value)) {
	}
}

/* The label value of an HTTP status ("202"), "other" if we never answer so. */
static const char *code_of(int status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", status);
	for (size_t i = 1; metric_label_value(LABEL_CODE, i) != NULL; i++) {
		const char *value = metric_label_value(LABEL_CODE, i);

		if (strcmp(value, text) == 0) {
			return value;
		}
	}
	return metric_label_value(LABEL_CODE, 0);
}

/* Text format 0.0.4: in a label value backslash, quote and line feed are escaped. */
static void add_label(struct buf *out, const char *name, const char *value, char *separator)
{
	(void)buf_addf(out, "%c%s=\"", *separator, name);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"') {
			(void)buf_addch(out, '\\');
		}
		(void)buf_addstr(out, *p == '\n' ? "\\n" : (char[]){ *p, '\0' });
	}
	(void)buf_addch(out, '"');
	*separator = ',';
}

/* Append the name and labels of one series, le too if it is not NULL. */
static void add_series(struct metrics *m, struct buf *out, const struct metric_row *row,
		       const char *suffix, const size_t values[2], const char *le)
{
	char separator = '{';

	(void)buf_addf(out, "%s%s", row->name, suffix);
	for (size_t i = 0; i < 2; i++) {
		if (row->labels[i] != LABEL_NONE) {
			add_label(out, metric_label_row(row->labels[i])->name,
				  value_name(m, row->labels[i], values[i]), &separator);
		}
	}
	if (le != NULL) {
		add_label(out, "le", le, &separator);
	}
	(void)buf_addstr(out, separator == ',' ? "} " : " ");
}

static void add_histogram(struct metrics *m, struct buf *out, const struct metric_row *row,
			  const struct cells *c, size_t series, const size_t values[2])
{
	uint64_t total = 0;
	char le[32];

	for (size_t i = 0; i < c->width; i++) {
		total += atomic_load(&c->counts[series * c->width + i]);
		(void)snprintf(le, sizeof(le), "%g", row->buckets[i]);
		add_series(m, out, row, "_bucket", values, i + 1 < c->width ? le : "+Inf");
		(void)buf_addf(out, "%" PRIu64 "\n", total);
	}
	add_series(m, out, row, "_sum", values, NULL);
	(void)buf_addf(out, "%.9g\n", atomic_load(&c->numbers[series]));
	add_series(m, out, row, "_count", values, NULL);
	(void)buf_addf(out, "%" PRIu64 "\n", total);
}

static bool was_counted(const struct cells *c, size_t series)
{
	for (size_t i = 0; i < c->width; i++) {
		if (atomic_load(&c->counts[series * c->width + i]) > 0) {
			return true;
		}
	}
	return false;
}

static void add_one(struct metrics *m, struct buf *out, const struct metric_row *row,
		    const struct cells *c, const size_t values[2])
{
	size_t series = values[0] * c->values[1] + values[1];
	/* "other" is of use only where it was needed. */
	bool other = (row->labels[0] != LABEL_NONE && values[0] == 0) ||
		     (row->labels[1] != LABEL_NONE && values[1] == 0);

	if ((row->sparse || other) && !was_counted(c, series)) {
		return;
	}
	if (row->type == METRIC_HISTOGRAM) {
		add_histogram(m, out, row, c, series, values);
		return;
	}
	add_series(m, out, row, "", values, NULL);
	if (row->type == METRIC_COUNTER) {
		(void)buf_addf(out, "%" PRIu64 "\n", atomic_load(&c->counts[series]));
		return;
	}
	(void)buf_addf(out, "%.17g\n", atomic_load(&c->numbers[series]));
}

static void add_head(struct buf *out, const char *name, const char *help, const char *type)
{
	(void)buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_metric(struct metrics *m, struct buf *out, enum metric metric)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct metric_row *row = metric_row(metric);
	size_t values[2];

	add_head(out, row->name, row->help, types[row->type]);
	for (values[0] = 0; values[0] < values_now(m, row->labels[0]); values[0]++) {
		for (values[1] = 0; values[1] < values_now(m, row->labels[1]); values[1]++) {
			add_one(m, out, row, &m->cells[metric], values);
		}
	}
}

static void add_build(const struct metrics *m, struct buf *out)
{
	const struct {
		const char *name;
		const char *value;
	} labels[] = {
		{ "version", m->build.version },
		{ "libgit2", m->build.libgit2 },
		{ "openssl", m->build.openssl },
		{ "sqlite", m->build.sqlite },
	};
	char separator = '{';

	add_head(out, "doorbell_build_info", "Versions of this program and its libraries.",
		 "gauge");
	(void)buf_addstr(out, "doorbell_build_info");
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		add_label(out, labels[i].name, labels[i].value != NULL ? labels[i].value : "",
			  &separator);
	}
	(void)buf_addstr(out, "} 1\n");
}

static double count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	double n = -3; /* ".", ".." and the directory itself */

	if (dir == NULL) {
		return 0;
	}
	while (readdir(dir) != NULL) {
		n++;
	}
	(void)closedir(dir);
	return n;
}

static double resident_bytes(void)
{
	unsigned long total = 0;
	unsigned long resident = 0;
	struct buf text;

	buf_init(&text, 4096);
	if (file_read_small("/proc/self/statm", &text, NULL, NULL) < 0 ||
	    sscanf(text.data, "%lu %lu", &total, &resident) != 2) {
		resident = 0;
	}
	buf_release(&text);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void add_process(const struct metrics *m, struct buf *out)
{
	struct rlimit files = { 0 };
	struct timespec cpu = { 0 };

	(void)getrlimit(RLIMIT_NOFILE, &files);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	const struct {
		const char *name;
		const char *help;
		const char *type;
		double value;
	} rows[] = {
		{ "process_cpu_seconds_total", "CPU time used.", "counter",
		  (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9 },
		{ "process_resident_memory_bytes", "Memory in use.", "gauge", resident_bytes() },
		{ "process_open_fds", "Open file descriptors.", "gauge", count_fds() },
		{ "process_max_fds", "Most file descriptors allowed.", "gauge",
		  (double)files.rlim_cur },
		{ "process_start_time_seconds", "When the process started.", "gauge",
		  m->start_seconds },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_head(out, rows[i].name, rows[i].help, rows[i].type);
		(void)buf_addf(out, "%s %.17g\n", rows[i].name, rows[i].value);
	}
}

void metrics_count_answer(struct metrics *m, const char *route, int status, int64_t took_ms)
{
	metrics_count(m, METRIC_HTTP_REQUESTS, route, code_of(status), 1);
	metrics_observe(m, METRIC_HTTP_DURATION, route, (double)took_ms / 1000);
}

void metrics_render(struct metrics *m, struct buf *out)
{
	add_build(m, out);
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		add_metric(m, out, (enum metric)i);
	}
	add_process(m, out);
}
