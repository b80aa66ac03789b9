/*
 * When to try again: exponential back-off with a ceiling, half of it by chance.
 *
 * Half of each wait is certain, so that what is ill is really left alone, and
 * half is random ("equal jitter"), so that what failed together does not come
 * back together.
 */
#ifndef LIB_BASE_BACKOFF_H
#define LIB_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ms; // the wait after the first failure, 0 or more
	int64_t max_ms;   // no wait is longer, also not the first; 0 or more
};

/*
 * Milliseconds to wait after the attempt-th failure (from 1; 0 is taken for
 * 1).  With w for min(max_ms, first_ms * 2^(attempt-1)) it is between w/2
 * (rounded down) and w, both included, each as likely as the other; random is
 * any 64-bit number.
 */
int64_t backoff_delay(const struct backoff *b, unsigned attempt, uint64_t random);

#endif
