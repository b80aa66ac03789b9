/*
 * The journal: deliveries, their pushes, triggers and the commit processed
 * last for each ref, in one SQLite file.  The only user of SQLite.
 *
 * One process writes, through one struct journal, on one thread.  Nothing is
 * acknowledged before journal_commit() returned RECORD_OK: WAL,
 * synchronous=FULL, one fdatasync a commit.  RECORD_FAILED from a commit
 * means "unknown": the rows may or may not be there after a restart; repeats
 * are recognised by delivery id and body, so that is harmless.
 */
#ifndef LIB_JOURNAL_JOURNAL_H
#define LIB_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/oid.h"
#include "record/outcome.h"
#include "record/record.h"
#include "record/trigger.h"

/* The database's name within the state directory. */
#define JOURNAL_FILE "journal.db"

struct journal;

struct journal_options {
	const char *path;       // of the database file; its directory must exist
	bool read_only;         // for the command line beside a running receiver
	uint64_t max_bytes;     // ceiling of the file, 0: none; the last eighth is for what
	                        // was accepted: new deliveries stop before it
	uint64_t min_free;      // refuse new deliveries below that much free space, 0: none
	uint64_t ballast_bytes; // file beside it, given back to a full disk; 0: none
	const char *vfs;        // name of the SQLite file layer, NULL: the system's
};

/*
 * Open or create. Migrates an older schema; refuses a newer one. Checks the
 * file (quick_check) and that WAL is really on. Takes the lock beside the
 * file, so that no second receiver can. 0 with *ret_journal, or -1 with err
 * naming the file and the cure.
 */
int journal_open(const struct journal_options *options, struct journal **ret_journal,
		 struct error *err);

/* Close; an open transaction is rolled back. NULL is fine. */
void journal_close(struct journal *j);

/* Begin a transaction that takes several of the changes below. */
enum record_result journal_begin(struct journal *j, struct error *err);

/*
 * Make it durable. RECORD_FAILED: unknown, see the top. RECORD_FULL: all of
 * the transaction was rolled back; do its parts one by one.
 */
enum record_result journal_commit(struct journal *j, struct error *err);

/* Undo it; without a transaction nothing happens. */
void journal_rollback(struct journal *j);

/*
 * Each change below happens inside a transaction, wholly or not at all: one
 * that returns RECORD_DUPLICATE, _NOT_FOUND or _INVALID leaves the others of
 * the transaction alone.  After RECORD_FULL roll back: SQLite may have.
 */

/*
 * Add a delivery with its pushes. RECORD_OK sets d->id and id and delivery
 * of d->pushes; RECORD_DUPLICATE (same source, sender_id and body) sets
 * d->id to the one that is there and writes nothing. At most LIMIT_BODY_KEPT
 * bytes of the body are kept.
 */
enum record_result journal_add_delivery(struct journal *j, struct record_delivery *d,
					 struct error *err);

/*
 * Carry out a plan. RECORD_NOT_FOUND if one of its pushes is not there or is
 * final already. Superseded triggers that are final already stay as they are.
 */
enum record_result journal_add_plan(struct journal *j, struct record_plan *plan,
				     struct error *err);

/*
 * Record a push that waits, is refused or was found to be nothing: state,
 * reason, attempts, next_ms, decided_ms. RESOLVING and MATCHING are written
 * as ACCEPTED. RECORD_NOT_FOUND if it is not there or is final already.
 */
enum record_result journal_update_push(struct journal *j, const struct record_push *push,
					struct error *err);

/*
 * Record one try of a trigger: state, attempts, next_ms, finished_ms, hard from t;
 * code, reason and output (at most LIMIT_OUTPUT_KEPT bytes) from outcome,
 * appended to its history; outcome NULL: no try, only the state.
 * RECORD_NOT_FOUND if it is not there or is final already.
 */
enum record_result journal_update_trigger(struct journal *j, const struct trigger *t,
					   const struct outcome *outcome, struct error *err);

/*
 * Delete deliveries that were received before before_ms and whose pushes and
 * triggers are all final, the oldest first, at most limit; *ret_count how
 * many. Needs no transaction around it.
 */
enum record_result journal_purge(struct journal *j, int64_t before_ms, size_t limit,
				  size_t *ret_count, struct error *err);

/*
 * Outside a transaction: copy WAL pages back into the file (truncate: and
 * shrink the WAL; readers may prevent that, which is no failure). Also lays
 * the ballast out again once there is room.
 */
enum record_result journal_checkpoint(struct journal *j, bool truncate, struct error *err);

/* Bytes of the database and its WAL on disk. */
uint64_t journal_size(const struct journal *j);

/* Pages in the WAL since it was last copied back entirely, as of the last commit. */
size_t journal_wal_pages(const struct journal *j);

/* Free bytes of the file system it is on, for us; UINT64_MAX if unknown. */
uint64_t journal_free_bytes(const struct journal *j);

/* Version of the SQLite library, for people. */
const char *journal_library_version(void);

/* What is to be resumed after a start, in the order it was accepted. All is borrowed. */
struct journal_resume {
	void (*push)(void *arg, const struct record_push *push);     // not final
	void (*trigger)(void *arg, const struct trigger *trigger);    // not final; never SENDING
	/* refers: as in struct record_plan, NULL: nothing; not checked, so perhaps no JSON. */
	void (*ref)(void *arg, const char *repository, const char *ref, const struct oid *commit,
		    const char *refers);
	void *arg;
};

/*
 * Call the callbacks (NULL: not wanted) for every ref's commit, then for all
 * unfinished triggers, then for all unfinished pushes.
 */
enum record_result journal_resume(struct journal *j, const struct journal_resume *resume,
				   struct error *err);

#endif
