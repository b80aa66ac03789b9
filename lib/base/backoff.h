/*
 * When to try again: exponential back-off with full jitter and a ceiling.
 */
#ifndef LIB_BASE_BACKOFF_H
#define LIB_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ms; // the wait after the first failure
	int64_t max_ms;   // no wait is longer
};

/*
 * Milliseconds to wait after the attempt-th failure (from 1): between half
 * and all of min(max, first * 2^(attempt-1)); random is any 64-bit number.
 */
int64_t backoff_delay(const struct backoff *b, unsigned attempt, uint64_t random);

#endif
