/*
 * Clocks.
 */
#include "base/mstime.h"

#include <stdio.h>
#include <time.h>

static struct timespec now(clockid_t clock)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(clock, &ts);
	return ts;
}

static int64_t milliseconds(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t mstime_monotonic(void)
{
	return milliseconds(now(CLOCK_MONOTONIC));
}

int64_t mstime_processor(void)
{
	return milliseconds(now(CLOCK_THREAD_CPUTIME_ID));
}

int64_t mstime_wall(void)
{
	return milliseconds(now(CLOCK_REALTIME));
}

int64_t mstime_nanoseconds(void)
{
	struct timespec ts = now(CLOCK_MONOTONIC);

	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

char *mstime_format(int64_t wall, char out[32])
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL) {
		out[0] = '\0';
		return out;
	}
	size_t len = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + len, 32 - len, ".%03dZ", (int)(wall % 1000));
	return out;
}
