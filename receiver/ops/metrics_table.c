/*
 * Which metrics there are, and every value their labels can have.
 *
 * Names follow Prometheus' rules ("one-word prefix, base units, _total for
 * counters", https://prometheus.io/docs/practices/naming/); sets are small.
 */
#include "receiver/ops/metrics_table.h"

#include "provider/provider.h"

static const char *const no_values[] = { "", NULL };
static const char *const handlers[] = { "other", "webhook", "hook", "healthz", "readyz", "metrics",
					"page", "control", NULL };
static const char *const codes[] = { "other", "200", "202", "304", "400", "401", "403", "404",
				     "405", "408", "411", "413", "414", "415", "417", "429", "431",
				     "500", "501", "503", "505", NULL };
static const char *const delivery_results[] = { "other", "accepted", "duplicate", "ignored",
						"rejected", NULL };
static const char *const reject_reasons[] = { "other", "signature", "malformed",
					      "unknown_repository", "rate", NULL };
static const char *const stages[] = { "other", "resolve", "match", "plan", "trigger", "store",
				      NULL };
static const char *const targets[] = { "other", NULL };
static const char *const trigger_results[] = { "other", "sent", "converged", "retry", "refused",
					       "superseded", "stalled", NULL };
static const char *const fallback_reasons[] = { "other", "new_ref", "deleted_ref", "reader",
						"limit", "object", "repository", NULL };
static const char *const refuse_reasons[] = { "other", "full", "busy", "failed", NULL };
static const char *const walls[] = { "other", "landlock", "filter", NULL };
static const char *const levels[] = { "other", "info", "warn", "error", NULL };

static const char *const connection_reasons[] = { "other", "address_connections",
						  "address_new_connections", "descriptors",
						  "bodies", "crowd_silent", "crowd", "proxy",
						  "handshake", "proxy_deadline",
						  "handshake_deadline", "head_deadline",
						  "body_deadline", "store_deadline",
						  "reply_deadline", NULL };

static const struct metric_label_row labels[LABEL_COUNT] = {
	[LABEL_NONE] = { "", no_values },
	[LABEL_HANDLER] = { "handler", handlers },
	[LABEL_CODE] = { "code", codes },
	[LABEL_PROVIDER] = { "provider", NULL }, // the table of providers
	[LABEL_DELIVERY_RESULT] = { "result", delivery_results },
	[LABEL_REJECT_REASON] = { "reason", reject_reasons },
	[LABEL_STAGE] = { "stage", stages },
	[LABEL_TARGET] = { "target", targets },
	[LABEL_TRIGGER_RESULT] = { "result", trigger_results },
	[LABEL_FALLBACK_REASON] = { "reason", fallback_reasons },
	[LABEL_REFUSE_REASON] = { "reason", refuse_reasons },
	[LABEL_LEVEL] = { "level", levels },
	[LABEL_CONNECTION_REASON] = { "reason", connection_reasons },
	[LABEL_WALL] = { "wall", walls },
};

static const double http_buckets[] = { .001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75,
				       1, 2.5, 5, 7.5, 10, 0 };
static const double accept_buckets[] = { .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5,
					 0 };
static const double stage_buckets[] = { .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5,
					10, 30, 60, 0 };
static const double long_buckets[] = { .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120,
				       300, 600, 1800, 0 };
static const double commit_buckets[] = { .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05,
					 .1, .25, .5, 1, 0 };
/* 0 would end the list: "none" is below a half. */
static const double count_buckets[] = { .5, 1, 2, 5, 10, 50, 100, 1000, 10000, 0 };

static const struct metric_row rows[METRIC_COUNT] = {
	[METRIC_HTTP_REQUESTS] = { "doorbell_http_requests_total",
		"HTTP requests answered.", METRIC_COUNTER, { LABEL_HANDLER, LABEL_CODE }, NULL,
		true },
	[METRIC_DELIVERIES_RECEIVED] = { "doorbell_deliveries_received_total",
		"Deliveries and what became of them at the door.", METRIC_COUNTER,
		{ LABEL_PROVIDER, LABEL_DELIVERY_RESULT }, NULL, true },
	[METRIC_DELIVERIES_REJECTED] = { "doorbell_deliveries_rejected_total",
		"Deliveries that were not taken.", METRIC_COUNTER,
		{ LABEL_PROVIDER, LABEL_REJECT_REASON }, NULL, true },
	[METRIC_TRIGGERS] = { "doorbell_triggers_total",
		"Tries of triggers by what became of them.", METRIC_COUNTER,
		{ LABEL_TARGET, LABEL_TRIGGER_RESULT }, NULL, false },
	[METRIC_TRIGGER_RETRIES] = { "doorbell_trigger_retries_total",
		"Tries of triggers that were not the first.", METRIC_COUNTER,
		{ LABEL_TARGET, LABEL_NONE }, NULL, false },
	[METRIC_READER_RESTARTS] = { "doorbell_reader_restarts_total",
		"Reader processes that died or overran and were replaced.", METRIC_COUNTER,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_AFFECTED_FALLBACK] = { "doorbell_affected_fallback_total",
		"Pushes for which every application of the ref was taken for affected.",
		METRIC_COUNTER, { LABEL_FALLBACK_REASON, LABEL_NONE }, NULL, false },
	[METRIC_STORE_REFUSED] = { "doorbell_store_refused_total",
		"Deliveries answered 503 because they could not be stored.", METRIC_COUNTER,
		{ LABEL_REFUSE_REASON, LABEL_NONE }, NULL, false },
	[METRIC_STORE_DROPPED] = { "doorbell_store_dropped_total",
		"Bodies and finished deliveries deleted before their time because room was short.",
		METRIC_COUNTER, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_LOG_MESSAGES] = { "doorbell_log_messages_total", "Log lines.", METRIC_COUNTER,
		{ LABEL_LEVEL, LABEL_NONE }, NULL, false },
	[METRIC_FETCH_ERRORS] = { "doorbell_repository_fetch_errors_total",
		"Fetches that failed.", METRIC_COUNTER, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_LOOKS] = { "doorbell_repository_looks_total",
		"Looks at repositories, for pushes that were missed, that succeeded.",
		METRIC_COUNTER, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_LOOK_ERRORS] = { "doorbell_repository_look_errors_total",
		"Looks at repositories, for pushes that were missed, that failed.",
		METRIC_COUNTER, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_MISSED_PUSHES] = { "doorbell_missed_pushes_total",
		"Pushes that nobody told of, found by looking at a repository.", METRIC_COUNTER,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_CONNECTIONS_REFUSED] = { "doorbell_connections_refused_total",
		"Connections that were not served, or not to the end.", METRIC_COUNTER,
		{ LABEL_CONNECTION_REASON, LABEL_NONE }, NULL, false },
	[METRIC_MANIFESTS_READ] = { "doorbell_manifest_files_read_total",
		"Files of applications read from disk.", METRIC_COUNTER,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_MANIFESTS_PARSED] = { "doorbell_manifest_files_parsed_total",
		"Files of applications parsed because their content was new.", METRIC_COUNTER,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },

	[METRIC_CONNECTIONS] = { "doorbell_connections", "Connections open now.", METRIC_GAUGE,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_QUEUE_DEPTH] = { "doorbell_queue_depth", "Things that wait or are under way.",
		METRIC_GAUGE, { LABEL_STAGE, LABEL_NONE }, NULL, false },
	[METRIC_QUEUE_OLDEST_TIMESTAMP] = { "doorbell_queue_oldest_timestamp_seconds",
		"When the oldest of them came, 0 if there is none.", METRIC_GAUGE,
		{ LABEL_STAGE, LABEL_NONE }, NULL, false },
	[METRIC_APPLICATIONS] = { "doorbell_applications", "Applications known.", METRIC_GAUGE,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_APPLICATIONS_UNRUNG] = { "doorbell_applications_unrung",
		"Applications with a source in a repository that is not configured: no push there "
		"rings them.", METRIC_GAUGE, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_APPLICATIONS_UNTAKEN] = { "doorbell_applications_untaken",
		"Applications that no target takes: pushes that affect them fail.", METRIC_GAUGE,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_MANIFESTS_BROKEN] = { "doorbell_manifests_broken",
		"Files of applications, and places of them, that cannot be read as they are now.",
		METRIC_GAUGE, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_STORE_SIZE] = { "doorbell_store_size_bytes", "Size of the journal and its WAL.",
		METRIC_GAUGE, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_STORE_FREE] = { "doorbell_store_free_bytes", "Free bytes on the journal's disk.",
		METRIC_GAUGE, { LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_TARGET_DOWN] = { "doorbell_target_down",
		"1 while a target as a whole cannot be rung and is probed.", METRIC_GAUGE,
		{ LABEL_TARGET, LABEL_NONE }, NULL, false },
	[METRIC_READERS_WITHOUT] = { "doorbell_readers_without_wall",
		"Reader processes that lack a wall of their sandbox.", METRIC_GAUGE,
		{ LABEL_WALL, LABEL_NONE }, NULL, false },
	[METRIC_CONFIG_RELOAD_OK] = { "doorbell_config_last_reload_successful",
		"1 if the configuration in use is the newest.", METRIC_GAUGE,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },
	[METRIC_CONFIG_RELOAD_TIMESTAMP] = {
		"doorbell_config_last_reload_success_timestamp_seconds",
		"When the configuration in use was read.", METRIC_GAUGE,
		{ LABEL_NONE, LABEL_NONE }, NULL, false },

	[METRIC_HTTP_DURATION] = { "doorbell_http_request_duration_seconds",
		"From the first byte of a request to the last of the answer.", METRIC_HISTOGRAM,
		{ LABEL_HANDLER, LABEL_NONE }, http_buckets, true },
	[METRIC_ACCEPT_DURATION] = { "doorbell_delivery_accept_duration_seconds",
		"From the first byte of a delivery to its durable acceptance.", METRIC_HISTOGRAM,
		{ LABEL_PROVIDER, LABEL_NONE }, accept_buckets, true },
	[METRIC_STAGE_DURATION] = { "doorbell_stage_duration_seconds",
		"Time that a push spent in a stage.", METRIC_HISTOGRAM,
		{ LABEL_STAGE, LABEL_NONE }, stage_buckets, true },
	[METRIC_APPLICATIONS_AFFECTED] = { "doorbell_applications_affected",
		"Applications that a push affected.", METRIC_HISTOGRAM,
		{ LABEL_NONE, LABEL_NONE }, count_buckets, false },
	[METRIC_TRIGGER_DURATION] = { "doorbell_trigger_duration_seconds",
		"Duration of one call to a target, of which a try has one or two.",
		METRIC_HISTOGRAM,
		{ LABEL_TARGET, LABEL_NONE }, stage_buckets, true },
	[METRIC_PUSH_TO_TRIGGER] = { "doorbell_push_to_trigger_seconds",
		"From the acceptance of a push until the target took its trigger.",
		METRIC_HISTOGRAM, { LABEL_TARGET, LABEL_NONE }, long_buckets, true },
	[METRIC_FETCH_DURATION] = { "doorbell_repository_fetch_duration_seconds",
		"Duration of fetches.", METRIC_HISTOGRAM, { LABEL_NONE, LABEL_NONE },
		stage_buckets, false },
	[METRIC_STORE_COMMIT_DURATION] = { "doorbell_store_commit_duration_seconds",
		"Duration of commits of the journal.", METRIC_HISTOGRAM,
		{ LABEL_NONE, LABEL_NONE }, commit_buckets, false },
};

const struct metric_row *metric_row(enum metric metric)
{
	return &rows[metric];
}

const struct metric_label_row *metric_label_row(enum metric_label label)
{
	return &labels[label];
}

const char *metric_label_value(enum metric_label label, size_t i)
{
	const char *const *values = labels[label].values;

	if (values == NULL) {
		return i == 0 ? "other" : provider_name_at(i - 1);
	}
	return values[i];
}
