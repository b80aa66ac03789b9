/*
 * A trigger: one application to be refreshed or synced at one target because
 * of a push.  Plain data, shared by the journal, the core and the targets.
 */
#ifndef LIB_RECORD_TRIGGER_H
#define LIB_RECORD_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/oid.h"

enum trigger_state {
	TRIGGER_PENDING,    // planned, not yet tried
	TRIGGER_SENDING,    // being tried now (after a restart: unknown, tried again)
	TRIGGER_WAITING,    // failed for now, tried again at next_ms
	TRIGGER_SENT,       // the target took it (the end, unless it is observed)
	TRIGGER_CONVERGED,  // the application reports the pushed revision, or, if rung hard,
	                    // that it was compared since (final)
	TRIGGER_REFUSED,    // cannot work (final)
	TRIGGER_SUPERSEDED, // a newer push took its place (final)
	TRIGGER_STALLED,    // given up (final)
	TRIGGER_STATES
};

struct trigger {
	int64_t id;          // in the journal; 0: not stored yet
	int64_t sequence;    // rises in the order in which triggers were planned
	int64_t push;        // id of the push that asks for it
	int64_t delivery;    // id of the delivery of that push
	char *sender_id;     // the sender's id of that delivery, or NULL
	char *application;   // "namespace/name" or "name"
	char *project;       // Argo CD project
	char *target;        // name of the target
	char *repository;    // normalised address
	char *ref;           // full name
	struct oid before;   // what the application was at, may be none
	struct oid after;    // what was pushed, zero: the ref was deleted
	char *reasons;       // JSON array as in "explain", or NULL
	bool automated;      // the application syncs by itself once refreshed
	/*
	 * Its manifests changed though its own revision may not have (what they
	 * refer to elsewhere did): the target must not answer from a cache.
	 */
	bool hard;
	/*
	 * SENT is not its end: its target tells later whether it converged, until
	 * next_ms. Set when it becomes SENT, and stays then.
	 */
	bool observed;
	enum trigger_state state;
	unsigned attempts;   // tries begun
	int64_t created_ms;  // wall clock, all four
	int64_t pushed_ms;   // when the oldest push came that it answers; 0: not known
	int64_t next_ms;     // not to be tried before; of one that is observed: until when
	int64_t finished_ms; // 0: not finished
	/* Of the running process alone, not kept: */
	int64_t sent_ms;     // wall clock when the present try began
	unsigned in_vain;    // tries that found all of the target down
	unsigned step;       // calls that are done of a target that needs several
};

/* "PENDING", ... */
const char *trigger_state_name(enum trigger_state state);

/* The state of that name; TRIGGER_STATES if there is none. */
enum trigger_state trigger_state_by_name(const char *name);

/* True if a trigger may go from one state to the other: the table of all moves. */
bool trigger_may_move(enum trigger_state from, enum trigger_state to);

/*
 * True if nothing more can become of it: no move leads out of its state, or it
 * is SENT and not observed.
 */
bool trigger_is_over(const struct trigger *t);

/* What one waits for that is to be tried, at now_ms (wall clock): constant words, or NULL. */
const char *trigger_waits_for(const struct trigger *t, int64_t now_ms);

/* Tries begun that its target answered, or that failed for this application alone. */
unsigned trigger_own_tries(const struct trigger *t);

/* A zeroed trigger; free with trigger_free(). */
struct trigger *trigger_new(void);

/* A copy, with strings of its own; free with trigger_free(). */
struct trigger *trigger_copy(const struct trigger *t);

/* Free a trigger and its strings; NULL is fine. */
void trigger_free(struct trigger *t);

#endif
