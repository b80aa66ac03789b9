/*
 * What became of one try to ring a target.
 */
#ifndef LIB_RECORD_OUTCOME_H
#define LIB_RECORD_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
	OUTCOME_SENT,      // the target accepted the request; more is not known
	OUTCOME_CONVERGED, // it did, and reports that the application is at the pushed revision
	OUTCOME_STEP,      // one of several calls went well: make the next, trigger->step + 1
	OUTCOME_RETRY,     // it failed in a way that may pass: try again after retry_after_ms
	OUTCOME_REFUSED    // it failed for good: trying again cannot help
};

#define OUTCOME_REASON_MAX 256

struct outcome {
	enum outcome_kind kind;
	int64_t retry_after_ms;          // as the target asked, from now; 0: by our own back-off
	bool whole;                      // with OUTCOME_RETRY: the target as a whole cannot be
	                                 // rung now, whatever the application
	bool silent;                     // with OUTCOME_RETRY: it took the request and did not
	                                 // answer in time; whose fault that is one cannot know
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
