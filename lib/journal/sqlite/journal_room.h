/*
 * Room on the disk: how much there is, how much the journal takes, and the
 * ballast, a file that is given back when there is none.
 */
#ifndef LIB_JOURNAL_SQLITE_JOURNAL_ROOM_H
#define LIB_JOURNAL_SQLITE_JOURNAL_ROOM_H

#include <stdint.h>

#include "journal/sqlite/journal_db.h"

/* Free bytes of the file system it is on, for us; UINT64_MAX if unknown. */
uint64_t journal_room_free(const struct journal_db *j);

/* Bytes of its file and of its WAL. */
uint64_t journal_room_used(const struct journal_db *j);

/* Lay the ballast out, if it is not there, is wanted, and leaves room enough. */
void journal_room_lay_ballast(const struct journal_db *j);

/* If the disk (and not only the file) is full, give the ballast back to it. */
void journal_room_drop_ballast(const struct journal_db *j);

#endif
