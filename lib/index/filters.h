/*
 * The filters that probes of one index have, each kept once.
 *
 * A filter of a probe is a function of the code (struct inputs_filter) and an
 * argument that comes from a repository: a pattern, or the text of an ignore
 * file.  Many probes have an equal one, so a posting holds its number only.
 * Each number is counted: when the last posting that has it lets go, the
 * filter is forgotten and its number is free for another one.
 */
#ifndef LIB_INDEX_FILTERS_H
#define LIB_INDEX_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inputs_filter;
struct filter_entry;

/*
 * Different filters at a time: a number is 16 bits of a posting, and 0 is no
 * filter.
 */
#define FILTERS_MAX 65535

/* Zeroed is empty. */
struct filters {
	struct filter_entry **items; // by number; NULL: free
	size_t count;                // of numbers ever used, number 0 included
	size_t capacity;
	size_t used;                 // filters that are there
	uint16_t *free;              // numbers below count that are free
	size_t free_count;
	size_t free_capacity;
	struct filter_entry *table;  // by text (uthash)
	uint16_t last;               // the one asked for last: neighbours are alike
};

/* Free all; usable as empty afterwards. */
void filters_release(struct filters *filters);

/*
 * The number of a filter with an argument (copied), counted once more.  0 if
 * filter is NULL, or if FILTERS_MAX others are in use: the caller's probe
 * then takes every path, which is more than needed and never less.
 */
uint16_t filters_take(struct filters *filters, const struct inputs_filter *filter,
		      const char *argument);

/* Count number once less; at 0 it is forgotten. Number 0 is fine. */
void filters_drop(struct filters *filters, uint16_t number);

/* The name of a filter in use, as in struct inputs_filter. */
const char *filters_name(const struct filters *filters, uint16_t number);

/* Its argument; borrowed until the filter is dropped. */
const char *filters_argument(const struct filters *filters, uint16_t number);

/*
 * Does it take path (relative to the probe's directory, the last component at
 * name_at)? number is in use and not 0.
 */
bool filters_match(const struct filters *filters, uint16_t number, const char *path,
		   size_t name_at);

#endif
