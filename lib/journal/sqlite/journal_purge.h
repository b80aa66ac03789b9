/*
 * What goes to make room, and whether there is room.
 */
#ifndef LIB_JOURNAL_SQLITE_JOURNAL_PURGE_H
#define LIB_JOURNAL_SQLITE_JOURNAL_PURGE_H

#include "journal/sqlite/journal_db.h"

/*
 * Is there room for a new delivery, and for finishing all that was accepted?
 * RECORD_OK, or RECORD_FULL with err, which names the setting; RECORD_FAILED.
 */
enum record_result journal_purge_check_room(struct journal_db *j, struct error *err);

/*
 * Outside a transaction: delete what care calls old; then, if room is short,
 * finished deliveries whatever their age, the oldest first and their bodies
 * before themselves.  Each in a bite of care->purge_limit at most.  Sets purged
 * and dropped of *figures.  RECORD_OK, RECORD_FULL (no room even for that) or
 * RECORD_FAILED, with err.
 */
enum record_result journal_purge(struct journal_db *j, const struct journal_care *care,
				 struct journal_figures *figures, struct error *err);

#endif
