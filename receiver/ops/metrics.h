/*
 * Metrics in Prometheus' text format.
 *
 * All metrics stand in one table (metrics_table.c) with their labels, and each
 * label has a closed set of values there: whatever else is given counts as
 * "other".  So no request can make a series.  Names of targets come from the
 * configuration.  Counting is lock-free; any thread.
 */
#ifndef RECEIVER_OPS_METRICS_H
#define RECEIVER_OPS_METRICS_H

#include <stdint.h>

#include "base/buf.h"

struct metrics;

enum metric {
	/* Counters. Labels in the order of the arguments. */
	METRIC_HTTP_REQUESTS,       // handler, code
	METRIC_DELIVERIES_RECEIVED, // provider, result: accepted duplicate ignored rejected
	METRIC_DELIVERIES_REJECTED, // provider, reason: signature malformed ...
	METRIC_TRIGGERS,            // target, result: sent converged retry refused superseded ...
	METRIC_TRIGGER_RETRIES,     // target
	METRIC_READER_RESTARTS,
	METRIC_AFFECTED_FALLBACK,   // reason: deleted_ref new_ref reader limit object ...
	METRIC_STORE_REFUSED,       // reason: full busy failed
	METRIC_STORE_DROPPED,       // bodies and deliveries
	METRIC_LOG_MESSAGES,        // level
	METRIC_FETCH_ERRORS,
	METRIC_LOOKS,               // at a repository, for pushes that were missed
	METRIC_LOOK_ERRORS,
	METRIC_MISSED_PUSHES,       // found by such a look
	METRIC_CONNECTIONS_REFUSED, // reason: conn_refusal_name()
	METRIC_MANIFESTS_READ,      // files of the operator's
	METRIC_MANIFESTS_PARSED,    // of those, not what they were before
	/* Gauges. */
	METRIC_CONNECTIONS,            // open now
	METRIC_QUEUE_DEPTH,            // stage: resolve match plan trigger store
	METRIC_QUEUE_OLDEST_TIMESTAMP, // stage, seconds since 1970, 0: none
	METRIC_APPLICATIONS,           // known
	METRIC_APPLICATIONS_UNRUNG,    // of a repository that is not configured
	METRIC_APPLICATIONS_UNTAKEN,   // that no target takes
	METRIC_MANIFESTS_BROKEN,       // files, and places, that cannot be read as they are now
	METRIC_STORE_SIZE,             // bytes
	METRIC_STORE_FREE,             // bytes
	METRIC_TARGET_DOWN,            // target: 1 or 0
	METRIC_READERS_WITHOUT,        // wall: landlock filter
	METRIC_CONFIG_RELOAD_OK,       // 1 or 0
	METRIC_CONFIG_RELOAD_TIMESTAMP,
	/* Histograms, in seconds but for the count of applications. */
	METRIC_HTTP_DURATION,          // handler
	METRIC_ACCEPT_DURATION,        // provider
	METRIC_STAGE_DURATION,         // stage
	METRIC_APPLICATIONS_AFFECTED,
	METRIC_TRIGGER_DURATION,       // target
	METRIC_PUSH_TO_TRIGGER,        // target
	METRIC_FETCH_DURATION,
	METRIC_STORE_COMMIT_DURATION,
	METRIC_COUNT
};

/* Versions for doorbell_build_info; all constants. */
struct metrics_build {
	const char *version;
	const char *libgit2;
	const char *openssl;
	const char *sqlite;
};

/* New, all zero. What build points to must live as long. */
struct metrics *metrics_new(const struct metrics_build *build);

/* Free; NULL is fine. No thread may count any more. */
void metrics_free(struct metrics *m);

/*
 * Make a target of the configuration a value of the label "target"; once it
 * is there, nothing happens. There is room for 63, later ones count as
 * "other". One thread; others may count meanwhile.
 */
void metrics_add_target(struct metrics *m, const char *name);

/*
 * Add n to a counter. a and b are the values of its labels, NULL where it has
 * none. m may be NULL: nothing is counted.
 */
void metrics_count(struct metrics *m, enum metric metric, const char *a, const char *b, uint64_t n);

/* Set a gauge. a as above. */
void metrics_set(struct metrics *m, enum metric metric, const char *a, double value);

/* Count a value in a histogram. a as above. */
void metrics_observe(struct metrics *m, enum metric metric, const char *a, double value);

/* An HTTP request of that route (label "handler") was answered; m may be NULL. */
void metrics_count_answer(struct metrics *m, const char *route, int status, int64_t took_ms);

/* Append everything, process_* included, in the text format 0.0.4. */
void metrics_render(struct metrics *m, struct buf *out);

/* The content type that goes with it. */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
