/*
 * What became of deliveries, as people are told: how one stands, a list of
 * them, and all that is known of one with each try of each trigger.
 */
#ifndef LIB_RECORD_HISTORY_H
#define LIB_RECORD_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "record/record.h"
#include "record/trigger.h"

/* How a delivery stands, over all its pushes and triggers. */
enum record_status {
	RECORD_IGNORED, // it holds no push, or none that concerns us
	RECORD_WORKING, // something of it is not final
	RECORD_FAILING, // a push was refused, a trigger refused or stalled; the rest is final
	RECORD_DONE,
	RECORD_STATUSES
};

/* One line of a list. */
struct record_summary {
	int64_t id;
	char *source;
	char *provider;
	char *event;
	char *pusher;         // or NULL
	char *ignored;        // or NULL
	char *repository;     // of its first push, this and the next five; NULL: no push
	char *ref;
	struct oid before;
	struct oid after;
	char *reason;         // or NULL
	enum push_state state;
	enum record_status status;
	int64_t received_ms;
	size_t pushes;
	int64_t affected;     // summed over its pushes
	int64_t applications; // known then, of its first push
	size_t triggers;      // all
	size_t triggers_sent; // SENT, CONVERGED
	size_t triggers_open; // not final
	size_t triggers_failed; // REFUSED, STALLED
	int64_t finished_ms;  // of the trigger that ended last, 0: none or not all ended
};

struct record_list {
	struct record_summary *items; // newest first
	size_t count;
};

/* One try of a trigger. */
struct record_attempt {
	unsigned number;      // from 1
	int64_t at_ms;        // when its outcome was recorded, wall clock
	char *state;          // name of the trigger's state after it
	int code;             // as in struct outcome
	char *reason;
	char *output;         // or NULL
};

/* A trigger with its history. */
struct record_trigger {
	struct trigger *trigger;
	int64_t superseded_by; // id of the push whose plan replaced it, 0: none
	struct record_attempt *attempts;
	size_t attempt_count;
};

struct record_triggers {
	struct record_trigger *items; // in the order they were planned
	size_t count;
};

/* All that is known of one delivery. */
struct record_history {
	struct record_delivery delivery;
	struct record_triggers triggers; // of all its pushes, in the order they were planned
};

/* "ignored", "working", "failed", "done". */
const char *record_status_name(enum record_status status);

/* The status of that name, or RECORD_STATUSES. */
enum record_status record_status_by_name(const char *name);

/* Free what they hold; they may be zeroed. */
void record_list_release(struct record_list *list);
void record_triggers_release(struct record_triggers *triggers);
void record_history_release(struct record_history *history);

#endif
