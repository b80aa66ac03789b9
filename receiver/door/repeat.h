/*
 * Carrying a delivery out again: the old one is read from the journal, and a new
 * one stored that repeats it (record_delivery_repeat()).
 *
 * Loop thread only.
 */
#ifndef RECEIVER_DOOR_REPEAT_H
#define RECEIVER_DOOR_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

struct store;

enum repeat_result {
	REPEAT_STORED,  // it is carried out again
	REPEAT_NOTHING, // it holds no push, or only what failed was asked for and nothing did
	REPEAT_UNKNOWN, // there is no such delivery
	REPEAT_NOT_NOW  // the journal takes nothing
};

struct repeat_order {
	struct store *store;
	int64_t id;       // of the delivery
	bool only_failed; // only if a push of it was refused, or a trigger refused or stalled
	/* A push of the new one; borrowed for the call. */
	void (*accepted)(void *ctx, const struct record_push *push);
	void *ctx;
	/* Called once, from the loop. fresh: the new delivery, if there is one. why: in words. */
	void (*done)(void *arg, enum repeat_result result, int64_t fresh, const char *why);
	void *arg;
};

/* Begin; order is copied. done is called even if nothing could be begun, then from within. */
void repeat_delivery(const struct repeat_order *order);

#endif
