/*
 * Exponential back-off with jitter.
 */
#include "base/backoff.h"

int64_t backoff_delay(const struct backoff *b, unsigned attempt, uint64_t random)
{
	int64_t wait = b->first_ms;

	for (unsigned i = 1; i < attempt && wait < b->max_ms; i++) {
		wait *= 2;
	}
	if (wait > b->max_ms) {
		wait = b->max_ms;
	}
	int64_t half = wait / 2;
	return half + (int64_t)(random % (uint64_t)(wait - half + 1));
}
