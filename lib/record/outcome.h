/*
 * What became of one try to ring a target.
 */
#ifndef LIB_RECORD_OUTCOME_H
#define LIB_RECORD_OUTCOME_H

#include <stdint.h>

enum outcome_kind {
	OUTCOME_SENT,      // the target took it
	OUTCOME_CONVERGED, // it took it and reports the pushed revision, or what stands for it
	OUTCOME_STEP,      // it took one of several calls: now the next, with trigger->step + 1
	OUTCOME_RETRY,     // not now: try again, not before retry_after_ms from now if > 0
	OUTCOME_REFUSED    // never: trying again cannot help
};

#define OUTCOME_REASON_MAX 256

struct outcome {
	enum outcome_kind kind;
	int64_t retry_after_ms;          // 0: by our own back-off
	int code;                        // HTTP status or exit status; 0: none
	char reason[OUTCOME_REASON_MAX]; // in words, no secrets, no control characters
	char *output;                    // what came back, cut to LIMIT_OUTPUT_KEPT, or NULL; owned
};

/* Free what an outcome holds; it may be zeroed. */
void outcome_release(struct outcome *outcome);

/* Set kind and reason (printf format, cleaned of control characters). */
void outcome_set(struct outcome *outcome, enum outcome_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
