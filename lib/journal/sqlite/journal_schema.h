/*
 * The journal's tables and how they came to be.
 */
#ifndef LIB_JOURNAL_SQLITE_JOURNAL_SCHEMA_H
#define LIB_JOURNAL_SQLITE_JOURNAL_SCHEMA_H

#include <stdbool.h>

#include "base/error.h"

struct sqlite3;

/* Marks a file as ours (PRAGMA application_id): "bell". */
#define JOURNAL_APPLICATION_ID 0x62656c6c

/*
 * Bring the schema of db to our version, in one transaction; a new file gets
 * all of it.  read_only: only check.  0; or -1 with err (without the name of
 * the file): it is another program's, newer than we are or, read_only, older.
 */
int journal_schema_migrate(struct sqlite3 *db, bool read_only, struct error *err);

#endif
