/*
 * Questions that people ask of the journal: lists and decision records.
 *
 * All read-only.  Through the writer's journal on its thread, or through one
 * opened read_only beside it.
 */
#ifndef LIB_JOURNAL_JOURNAL_QUERY_H
#define LIB_JOURNAL_JOURNAL_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "journal/journal.h"

/* How a delivery stands, over all its pushes and triggers. */
enum journal_status {
	JOURNAL_IGNORED, // it holds no push, or none that concerns us
	JOURNAL_WORKING, // something of it is not final
	JOURNAL_FAILING, // a push was refused, a trigger refused or stalled; the rest is final
	JOURNAL_DONE,
	JOURNAL_STATUSES
};

/* Which deliveries; NULL or 0: any. */
struct journal_filter {
	const char *source;
	const char *repository;  // normalised; a push of it
	const char *ref;         // full name; a push to it
	const char *application; // full name; a trigger of it
	int64_t since_ms;        // received then or later, wall clock
	int64_t before_id;       // ids below: the next page
	unsigned statuses;       // set of (1U << enum journal_status)
	bool failed;             // only with a push refused or a trigger refused or stalled
	size_t limit;            // at most that many; 0: none
};

/* One line of a list. */
struct journal_summary {
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
	enum journal_status status;
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

struct journal_list {
	struct journal_summary *items; // newest first
	size_t count;
};

/* One try of a trigger. */
struct journal_attempt {
	unsigned number;      // from 1
	int64_t at_ms;        // when its outcome was recorded, wall clock
	char *state;          // name of the trigger's state after it
	int code;             // as in struct outcome
	char *reason;
	char *output;         // or NULL
};

/* A trigger with its history. */
struct journal_trigger {
	struct trigger *trigger;
	int64_t superseded_by; // id of the push whose plan replaced it, 0: none
	struct journal_attempt *attempts;
	size_t attempt_count;
};

struct journal_triggers {
	struct journal_trigger *items; // by id
	size_t count;
};

/* "ignored", "working", "failed", "done". */
const char *journal_status_name(enum journal_status status);

/* The status of that name, or JOURNAL_STATUSES. */
enum journal_status journal_status_by_name(const char *name);

/* Fill *ret_list (journal_list_release()) with the deliveries that pass the filter. */
enum journal_result journal_list(struct journal *j, const struct journal_filter *filter,
				 struct journal_list *ret_list, struct error *err);

/*
 * Fill *ret_delivery with delivery id and its pushes (journal_delivery_release()), or
 * JOURNAL_NOT_FOUND.
 */
enum journal_result journal_get_delivery(struct journal *j, int64_t id,
					 struct journal_delivery *ret_delivery, struct error *err);

/*
 * Fill *ret_triggers (journal_triggers_release()) with the triggers of a
 * delivery, by id, those with ids above after_id, at most limit of them.
 */
enum journal_result journal_get_triggers(struct journal *j, int64_t delivery, int64_t after_id,
					 size_t limit, struct journal_triggers *ret_triggers,
					 struct error *err);

/* Free what they hold; they may be zeroed. */
void journal_list_release(struct journal_list *list);
void journal_triggers_release(struct journal_triggers *triggers);

#endif
