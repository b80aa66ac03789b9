/*
 * Metrics are what Prometheus reads, whatever is counted; health and
 * readiness say what is wrong.
 */
#include "receiver/ops/status.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "receiver/ops/metrics.h"
#include "tests/support/tap.h"

static struct metrics *new_metrics(void)
{
	static const struct metrics_build build = {
		.version = "1.2.3", .libgit2 = "1.5.1", .openssl = "3", .sqlite = "3.40"
	};

	return metrics_new(&build);
}

static char *render(struct metrics *m)
{
	struct buf out;

	buf_init(&out, 4 << 20);
	metrics_render(m, &out);
	return buf_detach(&out);
}

/* What one pass over the text has seen. */
struct reading {
	char name[128]; // of the last "# TYPE"
	char type[16];
	char seen[64][128]; // names that have begun
	size_t seen_count;
	char previous[512]; // series of the last sample
	double last_bucket; // cumulative count of the last bucket
	double last_le;
	size_t samples;
	const char *wrong;
};

static size_t word(const char *text, bool name)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_' || (name && text[n] == ':')) {
		n++;
	}
	return n > 0 && !isdigit((unsigned char)text[0]) ? n : 0;
}

/* The length of "{a="b",...}", 0 if it is malformed. */
static size_t labels(const char *text)
{
	size_t at = 0;

	do {
		at++;
		size_t n = word(text + at, false);

		if (n == 0 || strncmp(text + at + n, "=\"", 2) != 0) {
			return 0;
		}
		for (at += n + 2; text[at] != '"'; at++) {
			if (text[at] == '\\') {
				at++;
				if (strchr("\\\"n", text[at]) == NULL) {
					return 0;
				}
			}
			if (text[at] == '\0') {
				return 0;
			}
		}
		at++;
	} while (text[at] == ',');
	return text[at] == '}' ? at + 1 : 0;
}

static void read_head(struct reading *r, const char *line)
{
	char name[128];
	char rest[400];

	if (sscanf(line, "# HELP %127s %399[^\n]", name, rest) == 2) {
		for (size_t i = 0; i < r->seen_count; i++) {
			if (strcmp(r->seen[i], name) == 0) {
				r->wrong = "a metric begins twice";
			}
		}
		(void)snprintf(r->seen[r->seen_count++], sizeof(r->seen[0]), "%s", name);
		return;
	}
	if (sscanf(line, "# TYPE %127s %15s", r->name, r->type) != 2 || r->seen_count == 0 ||
	    strcmp(r->seen[r->seen_count - 1], r->name) != 0) {
		r->wrong = "TYPE without its HELP before it";
	}
	bool total = strlen(r->name) > 6 && strcmp(r->name + strlen(r->name) - 6, "_total") == 0;

	if (total != (strcmp(r->type, "counter") == 0)) {
		r->wrong = "counters, and only they, end in _total";
	}
}

static void read_bucket(struct reading *r, const char *line, double value)
{
	const char *le = strstr(line, "le=\"");
	double limit = le != NULL ? strtod(le + 4, NULL) : -1;
	bool first = r->last_le < 0 || r->last_le > 1e300;

	if (le == NULL || (!first && (limit <= r->last_le || value < r->last_bucket))) {
		r->wrong = "buckets ascend and are cumulative";
	}
	r->last_le = limit;
	r->last_bucket = value;
}

/* The name's suffix belongs to the type; what it says agrees with the buckets. */
static void read_suffix(struct reading *r, const char *line, double value)
{
	const char *suffix = line + strlen(r->name);
	bool histogram = strcmp(r->type, "histogram") == 0;

	if (histogram != (*suffix == '_')) {
		r->wrong = "histograms, and only they, have suffixes";
	}
	if (strncmp(suffix, "_bucket", 7) == 0) {
		read_bucket(r, line, value);
	}
	if (strncmp(suffix, "_count", 6) == 0 &&
	    (value < r->last_bucket || value > r->last_bucket || r->last_le < 1e300)) {
		r->wrong = "_count is the bucket +Inf";
	}
}

static void read_sample(struct reading *r, const char *line)
{
	size_t n = word(line, true);
	size_t own = strlen(r->name);
	size_t set = line[n] == '{' ? labels(line + n) : 0;
	char *end = NULL;

	if (n < own || strncmp(line, r->name, own) != 0 || (line[n] == '{' && set == 0) ||
	    line[n + set] != ' ') {
		r->wrong = "a sample is NAME{LABELS} VALUE under its own TYPE";
		return;
	}
	double value = strtod(line + n + set + 1, &end);

	if (end == line + n + set + 1 || *end != '\n' || value < 0) {
		r->wrong = "a value is a number";
	}
	read_suffix(r, line, value);
	if (n + set < sizeof(r->previous) && strncmp(r->previous, line, n + set + 1) == 0) {
		r->wrong = "a series is there twice";
	}
	(void)snprintf(r->previous, sizeof(r->previous), "%s", line);
	r->samples++;
}

/* What is wrong with the text, NULL: nothing. */
static const char *check_format(const char *text, size_t *ret_samples)
{
	struct reading r = { .last_le = -1 };
	static char problem[512];

	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		if (strchr(line, '\n') == NULL) {
			return "the last line has no end";
		}
		if (line[0] == '#') {
			read_head(&r, line);
		} else {
			read_sample(&r, line);
		}
		if (r.wrong != NULL) {
			(void)snprintf(problem, sizeof(problem), "%s: %.200s", r.wrong, line);
			return problem;
		}
	}
	*ret_samples = r.samples;
	return NULL;
}

static bool has(const char *text, const char *line)
{
	return strstr(text, line) != NULL;
}

static void test_format(void)
{
	struct metrics *m = new_metrics();
	size_t fresh = 0;
	size_t later = 0;
	char *text = render(m);

	tap_str(check_format(text, &fresh), NULL, "fresh metrics are well-formed");
	tap_ok(has(text, "doorbell_build_info{version=\"1.2.3\","), "they say which version runs");
	tap_ok(has(text, "doorbell_reader_restarts_total 0\n"), "what never happened is 0");
	tap_ok(has(text, "process_open_fds ") && has(text, "process_resident_memory_bytes "),
	       "the process shows itself");
	free(text);

	metrics_add_target(m, "a \"quoted\\\" name\nin two lines");
	metrics_add_target(m, "argocd");
	metrics_add_target(m, "argocd");
	metrics_count(m, METRIC_HTTP_REQUESTS, "webhook", "202", 3);
	metrics_count(m, METRIC_HTTP_REQUESTS, "/etc/passwd", "299", 1);
	metrics_count(m, METRIC_TRIGGERS, "argocd", "sent", 2);
	metrics_count(m, METRIC_DELIVERIES_REJECTED, "\"}\n", "signature", 1);
	metrics_set(m, METRIC_STORE_SIZE, NULL, 123456789012.0);
	metrics_observe(m, METRIC_APPLICATIONS_AFFECTED, NULL, 0);
	metrics_observe(m, METRIC_APPLICATIONS_AFFECTED, NULL, 1);
	metrics_observe(m, METRIC_APPLICATIONS_AFFECTED, NULL, 99999);
	metrics_observe(m, METRIC_PUSH_TO_TRIGGER, "argocd", 0.3);
	text = render(m);
	tap_str(check_format(text, &later), NULL, "so are they with everything counted");
	tap_ok(later > fresh, "and there are more of them");
	static const char *const lines[] = {
		"doorbell_http_requests_total{handler=\"webhook\",code=\"202\"} 3\n",
		"doorbell_http_requests_total{handler=\"other\",code=\"other\"} 1\n",
		"doorbell_deliveries_rejected_total{provider=\"other\",reason=\"signature\"} 1\n",
		"doorbell_triggers_total{target=\"argocd\",result=\"sent\"} 2\n",
		"doorbell_triggers_total{target=\"argocd\",result=\"stalled\"} 0\n",
		"doorbell_triggers_total{target=\"a \\\"quoted\\\\\\\" name\\nin two lines\","
		"result=\"sent\"} 0\n",
		"doorbell_store_size_bytes 123456789012\n",
		"doorbell_applications_affected_bucket{le=\"0.5\"} 1\n",
		"doorbell_applications_affected_bucket{le=\"1\"} 2\n",
		"doorbell_applications_affected_bucket{le=\"10000\"} 2\n",
		"doorbell_applications_affected_bucket{le=\"+Inf\"} 3\n",
		"doorbell_applications_affected_sum 100000\n",
		"doorbell_push_to_trigger_seconds_bucket{target=\"argocd\",le=\"0.25\"} 0\n",
		"doorbell_push_to_trigger_seconds_bucket{target=\"argocd\",le=\"0.5\"} 1\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		tap_ok(has(text, lines[i]), "there is %.*s", (int)strcspn(lines[i], "\n"),
		       lines[i]);
	}
	free(text);
	metrics_free(m);
}

static void test_closed(void)
{
	struct metrics *m = new_metrics();
	size_t before = 0;
	size_t after = 0;
	char *text;

	for (int i = 0; i < 200; i++) {
		char *name = xasprintf("target-%d", i);

		metrics_add_target(m, name);
		free(name);
	}
	metrics_count(m, METRIC_HTTP_REQUESTS, "x", "y", 1);
	text = render(m);
	tap_str(check_format(text, &before), NULL, "with very many targets it is well-formed");
	free(text);
	for (int i = 0; i < 1000; i++) {
		char *name = xasprintf("/scan/%d.php", i);

		metrics_count(m, METRIC_HTTP_REQUESTS, name, name, 1);
		metrics_count(m, METRIC_TRIGGERS, name, "sent", 1);
		metrics_count(m, METRIC_TRIGGERS, "target-1", "sent", 1);
		free(name);
	}
	text = render(m);
	tap_str(check_format(text, &after), NULL, "and after a thousand unknown names");
	tap_ok(after <= before + 1, "no name from outside makes a series (%zu, then %zu)", before,
	       after);
	free(text);
	metrics_count(NULL, METRIC_TRIGGERS, "a", "b", 1);
	metrics_free(m);
}

static void *count_much(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		metrics_count(arg, METRIC_READER_RESTARTS, NULL, NULL, 1);
		metrics_observe(arg, METRIC_FETCH_DURATION, NULL, 0.5);
	}
	return NULL;
}

static void test_threads(void)
{
	struct metrics *m = new_metrics();
	pthread_t threads[4];
	size_t samples;
	char *text;

	for (size_t i = 0; i < 4; i++) {
		(void)pthread_create(&threads[i], NULL, count_much, m);
	}
	for (int i = 0; i < 20; i++) {
		text = render(m);
		if (check_format(text, &samples) != NULL) {
			tap_ok(false, "a scrape in between is well-formed");
		}
		free(text);
	}
	for (size_t i = 0; i < 4; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	text = render(m);
	tap_ok(has(text, "doorbell_reader_restarts_total 80000\n"), "no count of a thread is lost");
	tap_ok(has(text, "doorbell_repository_fetch_duration_seconds_sum 40000\n"), "nor a sum");
	free(text);
	metrics_free(m);
}

static void test_status(void)
{
	struct status *s = status_new(1000);
	struct buf out;

	buf_init(&out, 4096);
	tap_ok(status_healthz(s, 1000, &out), "a new receiver is healthy");
	tap_str(out.data, "ok loop\nok writer\nok journal\n", "and says of what");
	buf_reset(&out);
	tap_ok(!status_readyz(s, &out), "but not ready");
	tap_ok(has(out.data, "failed applications: not loaded yet\n"), "and says why");
	status_set(s, STATUS_LISTENERS, true, NULL);
	status_set(s, STATUS_APPLICATIONS, true, NULL);
	status_set(s, STATUS_SERVING, true, NULL);
	buf_reset(&out);
	tap_ok(status_readyz(s, &out), "once all is there it is ready");
	status_set(s, STATUS_SERVING, false, "it is ending");
	buf_reset(&out);
	tap_ok(!status_readyz(s, &out) && has(out.data, "failed serving: it is ending\n"),
	       "while it ends it is not");
	tap_ok(status_healthz(s, 11000, &out), "ten seconds without a move are tolerated");
	buf_reset(&out);
	status_beat(s, STATUS_LOOP, 11001);
	tap_ok(!status_healthz(s, 11001, &out) && has(out.data, "ok loop\nfailed writer: "),
	       "more are not, and it says who is stuck");
	status_beat(s, STATUS_WRITER, 11001);
	status_set(s, STATUS_JOURNAL, false, "it failed");
	buf_reset(&out);
	tap_ok(!status_healthz(s, 11001, &out), "a journal that failed is unhealthy");
	buf_release(&out);
	status_free(s);
}

int main(void)
{
	test_format();
	test_closed();
	test_threads();
	test_status();
	return tap_done();
}
