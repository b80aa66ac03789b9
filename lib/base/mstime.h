/*
 * Time in milliseconds.
 */
#ifndef LIB_BASE_MSTIME_H
#define LIB_BASE_MSTIME_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps (CLOCK_MONOTONIC): for durations. */
int64_t mstime_monotonic(void);

/* Milliseconds since 1970 (CLOCK_REALTIME): for records and other machines. */
int64_t mstime_wall(void);

/* Milliseconds of processor time that this thread has taken. */
int64_t mstime_processor(void);

/* Nanoseconds of the monotonic clock: for benchmarks. */
int64_t mstime_nanoseconds(void);

/*
 * Write wall as RFC 3339 in UTC with milliseconds
 * ("2026-11-22T16:00:00.123Z") into out (32 bytes) and return out.
 */
char *mstime_format(int64_t wall, char out[32]);

#endif
