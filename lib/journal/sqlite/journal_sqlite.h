/*
 * The room for journals in one SQLite file: the only user of SQLite.  The table
 * of makers in lib/journal/journal.c calls it, and nobody else.  It never starts
 * a thread, and never answers RECORD_OK to a commit before the disk has it.
 *
 * One process writes, on one thread, under a lock beside the file: WAL,
 * synchronous=FULL, one fdatasync a commit.  Any number of others may read.
 */
#ifndef LIB_JOURNAL_SQLITE_JOURNAL_SQLITE_H
#define LIB_JOURNAL_SQLITE_JOURNAL_SQLITE_H

#include "journal/journal.h"

/* The file's name within the state directory. */
#define JOURNAL_SQLITE_FILE "journal.db"

/* As journal_open(); checks the file (quick_check) and that WAL is really on. */
enum record_result journal_sqlite_open(const struct journal_options *options,
				       struct journal **ret_journal, struct error *err);

#endif
