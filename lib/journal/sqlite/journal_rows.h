/*
 * Rows of the journal as records: private to lib/journal/sqlite.
 */
#ifndef LIB_JOURNAL_SQLITE_JOURNAL_ROWS_H
#define LIB_JOURNAL_SQLITE_JOURNAL_ROWS_H

#include <stdint.h>

#include "record/record.h"
#include "record/trigger.h"

struct sqlite3_stmt;

/* The push in the present row of a statement made with PUSH_COLUMNS; release it. */
void journal_row_push(struct sqlite3_stmt *st, struct record_push *ret_push);

/* The trigger in the present row of one made with TRIGGER_COLUMNS; free it. */
struct trigger *journal_row_trigger(struct sqlite3_stmt *st, int64_t *ret_superseded_by);

#endif
