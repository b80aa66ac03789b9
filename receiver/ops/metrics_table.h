/*
 * The table of metrics: private to receiver/ops/metrics*.c.
 */
#ifndef RECEIVER_OPS_METRICS_TABLE_H
#define RECEIVER_OPS_METRICS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "receiver/ops/metrics.h"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM
};

enum metric_label {
	LABEL_NONE,
	LABEL_HANDLER,
	LABEL_CODE,
	LABEL_PROVIDER,
	LABEL_DELIVERY_RESULT,
	LABEL_REJECT_REASON,
	LABEL_STAGE,
	LABEL_TARGET, // its values come from the configuration
	LABEL_TRIGGER_RESULT,
	LABEL_FALLBACK_REASON,
	LABEL_REFUSE_REASON,
	LABEL_LEVEL,
	LABEL_CONNECTION_REASON,
	LABEL_WALL,
	LABEL_COUNT
};

/* Values of a label, "other" among them. */
#define METRIC_VALUES_MAX 64
/* Limits of a histogram's buckets, +Inf not counted. */
#define METRIC_BUCKETS_MAX 20

struct metric_row {
	const char *name;
	const char *help;
	enum metric_type type;
	enum metric_label labels[2];
	const double *buckets; // ascending, ends with 0
	bool sparse;           // series that were never counted are left out
};

struct metric_label_row {
	const char *name;
	const char *const *values; // ends with NULL; NULL: as metric_label_value() says
};

/* The rows. */
const struct metric_row *metric_row(enum metric metric);
const struct metric_label_row *metric_label_row(enum metric_label label);

/*
 * The value of a label in place i; NULL in the place behind the last, beyond
 * which nobody may ask.  The one in place 0 is what unknown ones count as.  The
 * values of LABEL_TARGET that come from the configuration are not here.  A
 * constant.
 */
const char *metric_label_value(enum metric_label label, size_t i);

#endif
