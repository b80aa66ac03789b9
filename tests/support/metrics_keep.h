/*
 * What a unit test has brought about of the metrics, kept for metrics_seen.py.
 */
#ifndef TESTS_SUPPORT_METRICS_KEEP_H
#define TESTS_SUPPORT_METRICS_KEEP_H

#include "receiver/ops/metrics.h"

/*
 * Append the metrics to a file of this process in metrics-seen below $BUILD
 * (build if it is not set), where receivers of the end-to-end tests leave
 * theirs; ends the test if it cannot.
 */
void metrics_keep(struct metrics *m);

#endif
