/*
 * The inside of the deciding core, shared by its own files only:
 * lane.c (pushes), missed.c (those that nobody told of), plan.c (the decision),
 * ring.c (triggers), delivery.c.
 */
#ifndef LIB_DELIVERY_CORE_H
#define LIB_DELIVERY_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "delivery/delivery.h"
#include "delivery/followers.h"
#include "delivery/schedule.h"

enum lane_step {
	LANE_IDLE,      // nothing to do
	LANE_RESOLVING, // io->resolve was asked
	LANE_MATCHING,  // io->match was asked
	LANE_PLANNING,  // io->plan was asked
	LANE_WAITING    // until due_ms
};

/* The pushes to one ref of one repository. */
struct lane {
	char *key;                  // repository, newline, ref
	char *repository;
	char *ref;
	struct oid last;            // commit processed last, none: first sight
	struct oid seen;            // with none: where it was when it was first looked at, ...
	bool seen_earlier;          // ... which was before this start
	uint64_t looked;            // the number of the last look that found it listed
	enum lane_step step;
	uint64_t ticket;            // of the question under way
	struct record_push *queue; // came since the work began, oldest first, owned
	size_t count;
	size_t capacity;
	struct record_push *work;  // being decided, oldest first, owned; fixed while planning
	size_t work_count;
	size_t work_capacity;
	size_t overdue;             // at the head of the queue: waited for in vain before
	size_t alone;               // at the head of the queue: to be decided one by one
	unsigned attempts;          // of resolving this work
	int64_t since_ms;           // when the first attempt began
	int64_t newest_ms;          // when the newest push joined the work
	int64_t due_ms;             // while LANE_WAITING
	struct oid base;            // the walk
	struct oid tip;
	char *note;                 // what resolving found worth saying, or NULL
	struct plan *plan;          // while LANE_PLANNING
	struct lane *next, *prev;   // among those that wait
	UT_hash_handle hh;          // by key
	UT_hash_handle hh_ticket;   // by ticket, while a question is under way
};

/* A decision on its way to the journal. */
struct plan {
	struct record_plan journal;
	struct rung *rung;          // of several of one name, which are in it (plan.c)
	struct strvec names;        // full names of the affected applications
	size_t untaken;             // of those, how many no target takes
	char *remote;               // the text of journal.refers, or NULL
	struct job **jobs;          // one for each trigger of journal, in order
	struct job **replaced;      // held jobs that these replace
	size_t replaced_count;
	size_t replaced_capacity;
	size_t job_capacity;
	size_t trigger_capacity;
	size_t superseded_capacity;
};

/* A trigger that is not finished. */
struct job {
	struct schedule_entry entry; // first: the scheduler hands it back
	struct trigger *trigger;     // owned
	char *key;                   // target, application, repository, ref
	int64_t first_ms;            // since when pushes to it are coalesced
	bool held;                   // a plan that replaces it is on its way
	bool outdated;               // being tried while a newer one waits behind it
	char *seen;                  // while it is observed: what was seen last, or NULL
	struct job *successor;       // that newer one
	struct job *predecessor;     // the other way round
	struct job *hard_next, *hard_prev; // while a hard one is being tried
	UT_hash_handle hh;           // by trigger id
	UT_hash_handle hh_key;       // by key: the newest one only
};

/* One target and its schedule. */
struct ring_target {
	char *name;
	struct delivery_target options;
	bool gone;                   // not in the configuration any more
	struct schedule *schedule;
	struct schedule *observed;   // jobs that are SENT, due when their time ends
	unsigned failures;           // tries in a row that found all of it down; 0: it is up
	int64_t probe_ms;            // while it is down: not to be tried before
	unsigned silent;             // tries in a row that it did not answer
	UT_hash_handle hh;           // by name
};

/* The target of a trigger that no target takes; none can be called so. */
#define RING_NO_TARGET "-"

struct delivery_core {
	struct delivery_options options;
	struct delivery_io io;
	struct lane *lanes;          // by key
	struct lane *lanes_asked;    // by ticket
	struct lane *waiting;        // list
	uint64_t next_ticket;
	uint64_t looks;              // at repositories, so far
	struct ring_target *targets; // by name
	struct job *jobs;            // by id
	struct job *jobs_newest;     // by key
	struct job *hard;            // list: hard ones that are being tried
	struct followers *followers; // of the applications of that generation, or NULL
	uint64_t generation;
	int64_t wake_ms;             // asked for last, SCHEDULE_NEVER: not
	bool draining;
};

/* lane.c: begin work on a lane that is idle or whose wait is over, if it has any. */
void lane_start(struct delivery_core *core, struct lane *lane);

/* lane.c: the lane of a repository and ref, made if it is not there. */
struct lane *lane_get(struct delivery_core *core, const char *repository, const char *ref);

/* lane.c: does an application follow this ref, or is one kept there? */
bool lane_is_followed(struct delivery_core *core, const char *repository, const char *ref,
		      const char *default_branch);

/* lane.c: append a copy of a push. */
void lane_append(struct lane *lane, const struct record_push *push);

/* lane.c: start every lane whose wait is over; the earliest due time of the others. */
int64_t lane_tick(struct delivery_core *core, int64_t now);

/* lane.c: free a lane. */
void lane_free(struct delivery_core *core, struct lane *lane);

/* From what a plan is made. */
struct plan_basis {
	const struct affected *affected; // the engine's answer; NULL: all that follow the ref
	const struct app_list *apps;     // the list that its indices mean
	const char *why;                 // what is to be said beside that, or NULL
	enum fallback fallback;          // with affected NULL: why there is no answer
};

/* plan.c: decide the lane's work. The plan is the caller's. */
struct plan *plan_new(struct delivery_core *core, struct lane *lane,
		      const struct plan_basis *basis);

/* plan.c: free a plan; jobs that were not taken over are freed, held ones let go. */
void plan_free(struct plan *plan);

/* ring.c: a job for a trigger (taken over). */
struct job *job_new(struct trigger *trigger);

/* ring.c: free a job and its trigger. */
void job_free(struct job *job);

/* ring.c: the newest unfinished job of a target, application, repository and ref, or NULL. */
struct job *ring_find(struct delivery_core *core, const char *target, const char *application,
		      const char *repository, const char *ref);

/* ring.c: true if a job waits for its turn: a plan may replace it. */
bool ring_waits(const struct job *job);

/*
 * ring.c: put a stored trigger in line, not before due; an older one of its
 * key is handled.  One that is SENT is observed until then instead.
 */
void ring_add(struct delivery_core *core, struct job *job, int64_t due);

/* ring.c: take out a job that a stored plan replaces, and free it. */
void ring_drop(struct delivery_core *core, struct job *job);

/* ring.c: let a job go on whose replacement failed. */
void ring_unhold(struct delivery_core *core, struct job *job);

/* ring.c: take a job out of turn while a plan that replaces it is on its way. */
void ring_hold(struct delivery_core *core, struct job *job);

/* ring.c: begin the tries whose turn it is; when to look again. */
int64_t ring_tick(struct delivery_core *core, int64_t now);

/* ring.c: the targets of new options; those that are no more are marked. */
void ring_set_targets(struct delivery_core *core);

/* ring.c: free all jobs and targets. */
void ring_free(struct delivery_core *core);

/* ring.c: have delivery_tick() called soon. */
void core_touch(struct delivery_core *core);

#endif
