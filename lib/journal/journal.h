/*
 * The room for the journal: deliveries, their pushes, triggers and the commit
 * processed last for each ref, kept so that no power cut loses what was
 * acknowledged.  It never decides anything and never speaks to a target.
 *
 * A journal is a set of operations (journal_ops.h) and what its maker puts
 * behind them.  There is one maker, lib/journal/sqlite: one file, one writer.
 * The receiver writes through one journal on one thread (receiver/store); the
 * command line reads through another that is read_only, beside it.  Nothing
 * else knows what is behind the operations.
 *
 * Nothing is acknowledged before journal_commit() returned RECORD_OK.
 * RECORD_FAILED from a commit means "unknown": the records may or may not be
 * there after a restart; repeats are recognised by delivery id and body, so
 * that is harmless.  A journal that failed once answers RECORD_FAILED for good.
 *
 * Ids are names: people and other machines keep them, and none is given twice.
 * What came before what is said by the field "sequence" of the records alone.
 */
#ifndef LIB_JOURNAL_JOURNAL_H
#define LIB_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/oid.h"
#include "record/history.h"
#include "record/outcome.h"
#include "record/record.h"
#include "record/trigger.h"

struct journal;

struct journal_options {
	const char *path;       // where it is kept (journal_place()); its directory must exist
	bool read_only;         // for the command line beside a running receiver
	uint64_t max_bytes;     // of its size, 0: any; new deliveries stop an eighth before it
	uint64_t min_free;      // refuse new deliveries below that much free space, 0: none
	uint64_t ballast_bytes; // kept beside it, given back to a full disk; 0: none
	size_t checkpoint_pages; // journal_tend() tidies up after that many pages, 0: 1000
	const char *vfs;        // name of the SQLite file layer, NULL: the system's
};

/* What is to be resumed after a start, each kind in the order of its sequence. All is borrowed. */
struct journal_resume {
	void (*push)(void *arg, const struct record_push *push);      // not final
	void (*trigger)(void *arg, const struct trigger *trigger);    // not final; never SENDING
	/* refers: as in struct record_plan, NULL: nothing; not checked, so perhaps no JSON. */
	void (*ref)(void *arg, const char *repository, const char *ref, const struct oid *commit,
		    const char *remote);
	/* With ref: one of which nothing was processed, and where it was at the first look. */
	void (*seen)(void *arg, const char *repository, const char *ref, const struct oid *commit);
	void *arg;
	const char *of_repository; // only of this one, normalised; NULL: of all
	const char *of_ref;        // only of this one, full name; NULL: of all
};

/* Which deliveries; NULL or 0: any. */
struct journal_filter {
	const char *source;
	const char *repository;  // normalised; a push of it
	const char *ref;         // full name; a push to it
	const char *application; // full name; a trigger of it
	const char *known_as;    // the sender's id, or 7 or more digits of a commit of it
	int64_t since_ms;        // received then or later, wall clock
	int64_t before_id;       // accepted before the delivery of that id: the next page
	unsigned statuses;       // set of (1U << enum record_status)
	bool failed;             // only with a push refused, or a trigger refused, stalled, or
	                         // WAITING or superseded after a try that failed
	size_t limit;            // at most that many; 0: none
};

/* What is to be done when there is nothing else to do. */
struct journal_care {
	bool idle;               // nothing was asked of it for a while: tidy up thoroughly
	int64_t purge_before_ms; // delete what was received before then, wall clock; 0: nothing
	size_t purge_limit;      // at most that many deliveries; 0: none, also if room is short
	bool measure;            // the figures are wanted: it costs three calls of the system
};

/* How the journal is, as journal_tend() found it. */
struct journal_figures {
	uint64_t size;       // bytes it takes on disk, 0: not measured
	uint64_t free_bytes; // free on that disk for us, UINT64_MAX: not measured or not known
	bool full;           // measured: a new delivery would be refused now
	size_t purged;       // deliveries that this call deleted because they were old
	size_t dropped;      // bodies or deliveries that it deleted because room was short
};

/* Where a receiver with that state directory keeps its journal; a new string. */
char *journal_place(const char *state_directory);

/*
 * Open the journal at options->path, or make it (not read_only).  Brings an
 * older one up to date; refuses a newer one, a damaged one, and one that
 * another receiver has open.  RECORD_OK with *ret_journal (journal_close());
 * RECORD_NOT_FOUND: read_only, and there is none; RECORD_FAILED: all else.
 * err names the journal and the cure.
 */
enum record_result journal_open(const struct journal_options *options,
				struct journal **ret_journal, struct error *err);

/* Close; an open transaction is rolled back. NULL is fine. */
void journal_close(struct journal *j);

/* Begin a transaction that takes several of the changes below. */
enum record_result journal_begin(struct journal *j, struct error *err);

/*
 * Make it durable. RECORD_FAILED: unknown, see the top. RECORD_FULL: all of it
 * was rolled back; do its parts one by one.
 */
enum record_result journal_commit(struct journal *j, struct error *err);

/* Undo it; without a transaction nothing happens. */
void journal_rollback(struct journal *j);

/*
 * Each change below happens inside a transaction, wholly or not at all: one
 * that returns RECORD_DUPLICATE, _NOT_FOUND or _INVALID leaves the others of
 * the transaction alone.  After RECORD_FULL roll back: that may have happened.
 */

/*
 * Add a delivery with its pushes. RECORD_OK sets id and sequence of d and of
 * d->pushes, and their delivery; RECORD_DUPLICATE (same source, sender_id and
 * body, or source and body if d says so) sets d->id to the one that is there and
 * writes nothing. At most LIMIT_BODY_KEPT bytes of the body are kept.
 */
enum record_result journal_add_delivery(struct journal *j, struct record_delivery *d,
					struct error *err);

/*
 * Carry out a plan; sets id and sequence of its triggers. RECORD_NOT_FOUND if
 * one of its pushes is not there or is final already. Superseded triggers that
 * are final already stay as they are.
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
 * Record one try of a trigger, or what was seen of one that is observed: state,
 * attempts, next_ms, finished_ms, hard and, with SENT, observed from t;
 * code, reason and output (at most LIMIT_OUTPUT_KEPT bytes) from outcome,
 * appended to its history; outcome NULL: no try, only the state.
 * RECORD_NOT_FOUND if it is not there or is final already.
 */
enum record_result journal_update_trigger(struct journal *j, const struct trigger *t,
					  const struct outcome *outcome, struct error *err);

/*
 * Call the callbacks (NULL: not wanted) for every ref's commit, then for all
 * unfinished triggers, then for all unfinished pushes.
 */
enum record_result journal_resume(struct journal *j, const struct journal_resume *resume,
				  struct error *err);

/* Fill *ret_list (record_list_release()) with the deliveries that pass, the newest first. */
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
 * delivery, by sequence, those above `after`, at most limit of them.
 */
enum record_result journal_get_triggers(struct journal *j, int64_t delivery, int64_t after,
					size_t limit, struct record_triggers *ret_triggers,
					struct error *err);

/*
 * Outside a transaction, between two or once a second: delete old deliveries
 * whose pushes and triggers are all final (the oldest first), and if room is
 * short younger ones, too; tidy up, and measure, if care says so.  The figures
 * are filled in whatever comes back, also while nothing can be written.
 * RECORD_FULL: there was no room even for that, later more.
 */
enum record_result journal_tend(struct journal *j, const struct journal_care *care,
				struct journal_figures *ret_figures, struct error *err);

/* Version of the SQLite library, for people. */
const char *journal_library_version(void);

#endif
