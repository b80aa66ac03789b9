/*
 * Exponential back-off with jitter.
 *
 * The doubling stops at half of the ceiling: twice a wait of up to 2^62 ms
 * would overflow.
 */
#include "base/backoff.h"

int64_t backoff_delay(const struct backoff *b, unsigned attempt, uint64_t random)
{
	int64_t wait = b->first_ms;

	for (unsigned i = 1; i < attempt && wait > 0 && wait < b->max_ms; i++) {
		wait = wait > b->max_ms / 2 ? b->max_ms : wait * 2;
	}
	if (wait > b->max_ms) {
		wait = b->max_ms;
	}
	int64_t half = wait / 2;
	return half + (int64_t)(random % (uint64_t)(wait - half + 1));
}
