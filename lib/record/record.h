/*
 * The room for what is recorded, as plain data: a delivery with its pushes, and
 * a plan, which is what one decision changes; and how an attempt to record it
 * ends.  Of each record it has the one form as JSON (record_json.h).
 *
 * Whoever decides, keeps or shows records includes it: the deciding core
 * (lib/delivery), the engine, the journal, the targets, the receiver and the
 * command line.  It never stores anything and never asks anybody.
 */
#ifndef LIB_RECORD_RECORD_H
#define LIB_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "record/fallback.h"
#include "record/trigger.h"

/* How an attempt to record or to read something ended. */
enum record_result {
	RECORD_OK = 0,
	RECORD_DUPLICATE = 1, // this delivery is already there
	RECORD_FULL = 2,      // over the size ceiling, or the disk is: 503, nothing was written
	RECORD_NOT_FOUND = 3, // no such record, or it is final already
	RECORD_INVALID = 4,   // the record breaks a rule of the journal (a bug): not written
	RECORD_FAILED = -1    // I/O error or corruption: stop acknowledging; sticky
};

/* States of a push; the table of moves is in push_may_move(). */
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

/* One push: a ref of a repository that was moved. */
struct record_push {
	int64_t id;
	int64_t sequence;      // rises in the order in which pushes were accepted
	int64_t delivery;
	char *sender_id;       // the sender's id of the delivery, or NULL
	char *repository;      // normalised; of the configured repository, else of the payload
	char *ref;
	struct oid before;     // as the sender says
	struct oid after;
	char *default_branch;  // as the sender says, or NULL
	int64_t replay_of;     // id of the push this repeats, 0: none
	enum push_state state;
	char *reason;          // in words, or NULL
	enum fallback fallback; // why all that follow the ref are affected, if they are
	struct oid base;       // walked from (decided pushes)
	struct oid tip;        // walked to
	int64_t changed_paths; // of the walk, -1: not walked
	/*
	 * What the walk found beside the triggers, or NULL: a JSON object of "paths",
	 * the first that changed ("M apps/web/a.yaml"), and "same", an array of
	 * {"application", "reasons"}: what reads them and is rendered as before.
	 */
	char *found;
	int64_t tracked;       // applications that follow this ref
	int64_t affected;
	int64_t applications;  // all applications known then
	unsigned attempts;
	int64_t accepted_ms;   // wall clock
	int64_t next_ms;
	int64_t decided_ms;    // 0: not yet
};

/* One delivery: what a sender sent at once. */
struct record_delivery {
	int64_t id;
	int64_t sequence;      // rises in the order in which deliveries were accepted
	char *source;          // name of the configured source
	char *provider;
	char *sender_id;       // the sender's delivery id, or NULL
	char *body_sha256;     // hex
	bool known_by_body;    // for adding: one with the same body is a repeat, whatever its id
	char *event;
	char *pusher;          // or NULL
	char *ignored;         // why it holds no push, or NULL
	char *body;            // up to LIMIT_BODY_KEPT of it, or NULL
	size_t body_len;       // bytes kept
	int64_t body_size;     // bytes received
	int64_t received_ms;   // wall clock
	struct record_push *pushes; // count; for adding: repository, ref, before, after, ... set
	size_t push_count;
};

/* What one decision changes, in one transaction. */
struct record_plan {
	const struct record_push *pushes; // decided pushes: state, reason, base, tip, figures
	size_t push_count;
	bool move_ref;                     // set the commit processed last ...
	const char *repository;            // ... of this repository
	const char *ref;                   // ... and ref
	struct oid commit;                 // ... to this; zero: forget it (the ref was deleted)
	bool only_seen;                    // that commit was not processed: it is where the ref
	                                   // was when it was looked at for the first time. Is
	                                   // kept only if nothing is known of the ref
	const char *remote;                // what its applications refer to elsewhere, as JSON,
	                                   // kept with the commit; "": nothing, NULL: as before
	struct trigger **triggers;         // new triggers; id and sequence are filled in
	size_t trigger_count;
	const int64_t *superseded;         // ids of triggers that these replace
	size_t superseded_count;
};

/* "ACCEPTED", ...; "?" for a number that is no state. */
const char *push_state_name(enum push_state state);

/* The state of that name; PUSH_STATES if there is none. */
enum push_state push_state_by_name(const char *name);

/* True if a push may go from one state to the other: the table of all moves. */
bool push_may_move(enum push_state from, enum push_state to);

/* True if no move leads out of state. */
bool push_is_final(enum push_state state);

/* Make *ret_copy a copy of a push with strings of its own, but without a reason. */
void record_push_copy(const struct record_push *p, struct record_push *ret_copy);

/*
 * What a replay of a delivery is: a delivery of the same source with the same
 * pushes, accepted at now_ms (wall clock).  A push that was decided is walked
 * again over the same range (replay_of, base and tip are set); one that was not
 * is decided as any new one.  The body stays with the old one.  *ret_fresh is
 * filled in (record_delivery_release()), without ids.
 */
void record_delivery_repeat(const struct record_delivery *old, int64_t now_ms,
			    struct record_delivery *ret_fresh);

/* Free what a delivery holds, its pushes too; it may be zeroed. */
void record_delivery_release(struct record_delivery *d);

/* Free what a push holds; it may be zeroed. */
void record_push_release(struct record_push *p);

#endif
