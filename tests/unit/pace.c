/*
 * How fast a source may send: a burst at once, then its rate; each source for itself.
 */
#include "receiver/door/pace.h"

#include "tests/support/tap.h"

/* So many of count tries at now are allowed. */
static int taken(struct pace *pace, const char *source, double rate, int64_t now, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++) {
		sum += pace_take(pace, source, rate, now);
	}
	return sum;
}

int main(void)
{
	struct pace *pace = pace_new();

	tap_int(taken(pace, "hub", 5, 1000, 1000), 50, "what ten seconds allow comes at once");
	tap_int(taken(pace, "lab", 2, 1000, 1000), 20, "another source has a rate of its own");
	tap_int(taken(pace, "hub", 5, 1100, 1000), 0, "half of what one costs buys none");
	tap_int(taken(pace, "hub", 5, 1200, 1000), 1, "the whole buys one");
	tap_int(taken(pace, "hub", 5, 4200, 1000), 15, "three seconds buy fifteen");
	tap_int(taken(pace, "hub", 50, 4200, 1000), 0, "a higher rate does not forgive what is owed");
	tap_int(taken(pace, "hub", 50, 4400, 1000), 10, "but pays it sooner");
	tap_int(taken(pace, "hub", 5, 1000000, 1000), 50, "who was silent for long saves no more than a burst");
	tap_int(taken(pace, "hub", 0, 1000000, 1000), 1000, "0 is any number");
	tap_int(taken(pace, "new", 0.1, 2000000, 1000), 1, "one in ten seconds");
	tap_int(taken(pace, "new", 0.1, 2009000, 1000), 0, "is not two");
	pace_free(pace);
	pace_free(NULL);
	return tap_done();
}
