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
#include "record/history.h"

/* Which deliveries; NULL or 0: any. */
struct journal_filter {
	const char *source;
	const char *repository;  // normalised; a push of it
	const char *ref;         // full name; a push to it
	const char *application; // full name; a trigger of it
	int64_t since_ms;        // received then or later, wall clock
	int64_t before_id;       // ids below: the next page
	unsigned statuses;       // set of (1U << enum record_status)
	bool failed;             // only with a push refused or a trigger refused or stalled
	size_t limit;            // at most that many; 0: none
};

/* Fill *ret_list (record_list_release()) with the deliveries that pass the filter. */
enum record_result journal_list(struct journal *j, const struct journal_filter *filter,
				 struct record_list *ret_list, struct error *err);

/*
 * Fill *ret_delivery with delivery id and its pushes (record_delivery_release()), or
 * RECORD_NOT_FOUND.
 */
enum record_result journal_get_delivery(struct journal *j, int64_t id,
					 struct record_delivery *ret_delivery, struct error *err);

/*
 * Fill *ret_triggers (record_triggers_release()) with the triggers of a
 * delivery, by id, those with ids above after_id, at most limit of them.
 */
enum record_result journal_get_triggers(struct journal *j, int64_t delivery, int64_t after_id,
					 size_t limit, struct record_triggers *ret_triggers,
					 struct error *err);

#endif
