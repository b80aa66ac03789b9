/*
 * The wait after a failure: what the contract says of it, at its edges.
 */
#include "base/backoff.h"

#include "tests/support/tap.h"

static const struct {
	const char *name;
	struct backoff backoff;
	unsigned attempt;
	int64_t least, most;
} cases[] = {
	{ "the first wait", { 1000, 60000 }, 1, 500, 1000 },
	{ "the second is twice as long", { 1000, 60000 }, 2, 1000, 2000 },
	{ "the third four times", { 1000, 60000 }, 3, 2000, 4000 },
	{ "the ceiling holds", { 1000, 60000 }, 7, 30000, 60000 },
	{ "for ever", { 1000, 60000 }, UINT32_MAX, 30000, 60000 },
	{ "for the first wait, too", { 5000, 1000 }, 1, 500, 1000 },
	{ "an odd wait is halved downwards", { 3, 60000 }, 1, 1, 3 },
	{ "no wait stays none", { 0, 60000 }, UINT32_MAX, 0, 0 },
	{ "nothing overflows", { INT64_MAX / 3, INT64_MAX }, 64, INT64_MAX / 2, INT64_MAX },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct backoff *b = &cases[i].backoff;
		uint64_t span = (uint64_t)(cases[i].most - cases[i].least);

		tap_int(backoff_delay(b, cases[i].attempt, 0), cases[i].least, "%s: at least",
			cases[i].name);
		tap_int(backoff_delay(b, cases[i].attempt, span), cases[i].most, "%s: at most",
			cases[i].name);
		tap_int(backoff_delay(b, cases[i].attempt, span + 1), cases[i].least,
			"%s: and no more than that", cases[i].name);
	}
	return tap_done();
}
