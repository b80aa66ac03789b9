/*
 * Whose turn is it?  The order in which one target's triggers are tried.
 *
 * Triggers wait until they are due, then stand in the queue of their push.
 * The push with the fewest ready triggers goes first, so that one that
 * affects 5,000 applications does not delay one that affects one; every
 * fourth turn belongs to the oldest push, so that nobody starves.  A token
 * bucket limits the rate, a counter the tries under way.
 */
#ifndef LIB_DELIVERY_SCHEDULE_H
#define LIB_DELIVERY_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule;
struct schedule_group; // the ready entries of one push

/* Part of whatever is scheduled; zeroed before its first use. */
struct schedule_entry {
	int64_t push;   // set by the user: entries of one push stand in one queue
	int64_t sequence; // likewise: those of an older push have lower ones
	int64_t due_ms; // read only
	size_t heap;    // place in the heap of those not due, from 1; 0: not there
	struct schedule_group *group;      // queue it stands in, NULL: none
	struct schedule_entry *next, *prev; // neighbours in that queue
};

#define SCHEDULE_NEVER INT64_MAX

/* A schedule that allows rate tries a second (0: any), burst at once, concurrency under way. */
struct schedule *schedule_new(double rate, unsigned burst, unsigned concurrency, int64_t now);

/* Free it; entries are not touched. NULL is fine. */
void schedule_free(struct schedule *s);

/* Change the limits; the tries under way stay counted. */
void schedule_set_limits(struct schedule *s, double rate, unsigned burst, unsigned concurrency);

/* Put an entry in, to be tried at due or later. It must not be in a schedule. */
void schedule_add(struct schedule *s, struct schedule_entry *entry, int64_t due);

/* Take an entry out that was not yet taken by schedule_next(). Not there: nothing. */
void schedule_remove(struct schedule *s, struct schedule_entry *entry);

/* The next entry to try at `now`, taken out and counted as under way, or NULL. */
struct schedule_entry *schedule_next(struct schedule *s, int64_t now);

/* A try has ended. */
void schedule_done(struct schedule *s);

/* When schedule_next() may have one without any other event, or SCHEDULE_NEVER. */
int64_t schedule_wake(const struct schedule *s, int64_t now);

/* Entries waiting or ready, and tries under way. */
size_t schedule_count(const struct schedule *s);
size_t schedule_active(const struct schedule *s);

#endif
