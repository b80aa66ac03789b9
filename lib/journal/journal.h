/*
 * The journal: deliveries, their pushes, triggers and the commit processed
 * last for each ref, in one SQLite file.  The only user of SQLite.
 *
 * One process writes, through one struct journal, on one thread.  Nothing is
 * acknowledged before journal_commit() returned JOURNAL_OK: WAL,
 * synchronous=FULL, one fdatasync a commit.  JOURNAL_FAILED from a commit
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
#include "push/outcome.h"
#include "push/push.h"
#include "push/trigger.h"

struct journal;

enum journal_result {
	JOURNAL_OK = 0,
	JOURNAL_DUPLICATE = 1, // this delivery is already there
	JOURNAL_FULL = 2,      // over the size ceiling, or the disk is: 503, nothing was written
	JOURNAL_NOT_FOUND = 3,
	JOURNAL_FAILED = -1    // I/O error or corruption: stop acknowledging
};

struct journal_options {
	const char *path;      // of the database file; its directory must exist
	bool read_only;        // for the command line beside a running receiver
	uint64_t max_bytes;    // ceiling of the file, 0: none
	uint64_t min_free;     // refuse new deliveries below that much free space, 0: none
};

/* States of a push; the table of moves is in journal_push_may_move(). */
enum push_state {
	PUSH_ACCEPTED,  // stored
	PUSH_RESOLVING, // its repository is being asked (not durable: ACCEPTED after a restart)
	PUSH_MATCHING,  // the engine computes (not durable either)
	PUSH_WAITING,   // repository unreachable or the commit is not there yet; again at next_ms
	PUSH_PLANNED,   // decided; its triggers are stored (final)
	PUSH_REFUSED,   // cannot be decided; the reason says why (final)
	PUSH_IGNORED,   // nothing to do by rule (final)
	PUSH_STATES
};

struct journal_push {
	int64_t id;
	int64_t delivery;
	char *repository;      // normalised; of the configured repository, else of the payload
	char *ref;
	struct oid before;     // as the sender says
	struct oid after;
	char *default_branch;  // as the sender says, or NULL
	int64_t replay_of;     // id of the push this repeats, 0: none
	enum push_state state;
	char *reason;          // in words, or NULL
	struct oid base;       // walked from (decided pushes)
	struct oid tip;        // walked to
	int64_t changed_paths; // of the walk, -1: not walked
	int64_t tracked;       // applications that follow this ref
	int64_t affected;
	int64_t applications;  // all applications known then
	unsigned attempts;
	int64_t accepted_ms;   // wall clock
	int64_t next_ms;
	int64_t decided_ms;    // 0: not yet
};

struct journal_delivery {
	int64_t id;
	char *source;          // name of the configured source
	char *provider;
	char *sender_id;       // the sender's delivery id, or NULL
	char *body_sha256;     // hex
	char *event;
	char *pusher;          // or NULL
	char *ignored;         // why it holds no push, or NULL
	char *body;            // up to LIMIT_BODY_KEPT of it, or NULL
	size_t body_len;       // bytes kept
	int64_t body_size;     // bytes received
	int64_t received_ms;   // wall clock
	struct journal_push *pushes; // count; for adding: repository, ref, before, after, ... set
	size_t push_count;
};

/* What one decision changes, in one transaction. */
struct journal_plan {
	const struct journal_push *pushes; // decided pushes: state, reason, base, tip, figures
	size_t push_count;
	bool move_ref;                     // set the commit processed last ...
	const char *repository;            // ... of this repository
	const char *ref;                   // ... and ref
	struct oid commit;                 // ... to this; zero: forget it (the ref was deleted)
	struct trigger **triggers;         // new triggers; their ids are filled in
	size_t trigger_count;
	const int64_t *superseded;         // ids of triggers that these replace
	size_t superseded_count;
};

/* Names of push states ("ACCEPTED"), the table of moves, and its ends. */
const char *push_state_name(enum push_state state);
bool push_may_move(enum push_state from, enum push_state to);
bool push_is_final(enum push_state state);

/*
 * Open or create. Migrates an older schema; refuses a newer one. Checks the
 * file (quick_check) and that WAL is really on. 0 with *ret_journal, or -1
 * with err naming the file and the cure.
 */
int journal_open(const struct journal_options *options, struct journal **ret_journal,
		 struct error *err);

/* Close; an open transaction is rolled back. NULL is fine. */
void journal_close(struct journal *j);

/* Begin a transaction that takes several of the changes below. */
enum journal_result journal_begin(struct journal *j, struct error *err);

/* Make it durable. JOURNAL_FAILED: unknown, see the top. JOURNAL_FULL: rolled back. */
enum journal_result journal_commit(struct journal *j, struct error *err);

/* Undo it. */
void journal_rollback(struct journal *j);

/*
 * Add a delivery with its pushes, inside a transaction. JOURNAL_OK sets
 * d->id and the ids of d->pushes; JOURNAL_DUPLICATE (same source, sender_id
 * and body) sets d->id to the one that is there and writes nothing.
 */
enum journal_result journal_add_delivery(struct journal *j, struct journal_delivery *d,
					 struct error *err);

/* Carry out a plan, inside a transaction. */
enum journal_result journal_add_plan(struct journal *j, struct journal_plan *plan,
				     struct error *err);

/* Record a push that waits, is refused or was found to be nothing: state, reason, attempts, next_ms. */
enum journal_result journal_update_push(struct journal *j, const struct journal_push *push,
					struct error *err);

/*
 * Record one try of a trigger: state, attempts, next_ms, finished_ms from t;
 * code, reason and output from outcome (may be NULL), appended to its history.
 */
enum journal_result journal_update_trigger(struct journal *j, const struct trigger *t,
					   const struct outcome *outcome, struct error *err);

/* Delete finished deliveries received before wall, at most limit of them; *ret_count how many. */
enum journal_result journal_purge(struct journal *j, int64_t before_ms, size_t limit,
				  size_t *ret_count, struct error *err);

/* Copy WAL pages back into the file (truncate: and shrink the WAL). Cheap to call when idle. */
enum journal_result journal_checkpoint(struct journal *j, bool truncate, struct error *err);

/* Bytes of the database and its WAL on disk. */
uint64_t journal_size(const struct journal *j);

/* What is to be resumed after a start, in the order it was accepted. All borrowed in the callbacks. */
struct journal_resume {
	void (*push)(void *arg, const struct journal_push *push);     // not final
	void (*trigger)(void *arg, const struct trigger *trigger);    // not final
	void (*ref)(void *arg, const char *repository, const char *ref, const struct oid *commit);
	void *arg;
};

/* Call the callbacks for all that is unfinished and for every ref's commit. */
enum journal_result journal_resume(struct journal *j, const struct journal_resume *resume,
				   struct error *err);

/* Fill *ret_delivery with delivery id and its pushes (journal_delivery_release()), or JOURNAL_NOT_FOUND. */
enum journal_result journal_get_delivery(struct journal *j, int64_t id,
					 struct journal_delivery *ret_delivery, struct error *err);

/* Free what a delivery holds; it may be zeroed. */
void journal_delivery_release(struct journal_delivery *d);

/* Free what a push holds; it may be zeroed. */
void journal_push_release(struct journal_push *p);

#endif
