/*
 * A SQLite file layer that fails when told to, and forgets what was not
 * synced: the disk of a machine that loses power.
 *
 * One at a time, one thread.  Syncs are not passed on: what survives
 * faultvfs_lose() is exactly what SQLite synced, whatever the real disk does.
 */
#ifndef TESTS_SUPPORT_FAULTVFS_H
#define TESTS_SUPPORT_FAULTVFS_H

#include <stdbool.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_IO,  // the operation fails with SQLITE_IOERR_...
	FAULT_FULL // writes fail with SQLITE_FULL, syncs with SQLITE_IOERR_FSYNC
};

/* Register the layer; the name to give to struct journal_options. */
const char *faultvfs_register(void);

/*
 * Start anew: forget all writes; the nth write, truncate, sync or delete from
 * now fails (from 1; 0: none), once or with all that follow.
 */
void faultvfs_arm(enum fault_kind kind, unsigned nth, bool forever);

/* True if a fault was given since faultvfs_arm(). */
bool faultvfs_fired(void);

/* From now on everything fails: the process has died. Close the files next. */
void faultvfs_kill(void);

/*
 * After kill and close: take back writes that were not synced. keep: how many
 * of 256 reached the disk nevertheless, chosen by seed.
 */
void faultvfs_lose(unsigned keep, unsigned seed);

#endif
