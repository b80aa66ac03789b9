/*
 * Who gives way when all places are taken and others wait for one.
 *
 * Members are the connections that may have to.  They are sorted by kind,
 * from the one that loses least; within a kind by when they last took a step
 * of their own.  Each kind has an allowance: so long after its last step a
 * member is left in peace.  Of those whose allowance is used up the one goes
 * whose peer has the most connections; of several, the one that waits the
 * longest.  So a sender with one connection outlasts a crowd of those with
 * many, and whoever goes on with what it does outlasts whoever does not.
 *
 * Plain data without a clock: the caller tells the time.
 */
#ifndef RECEIVER_HTTP_CROWD_H
#define RECEIVER_HTTP_CROWD_H

#include <stdint.h>
#include <sys/queue.h>

enum crowd_kind {
	CROWD_LINGER, // has its answer
	CROWD_SILENT, // has not sent a byte
	CROWD_STILL,  // has sent something, and then not what would bring it further
	CROWD_BODY,   // is sending a body
	CROWD_KINDS   // as a kind: is no member
};

struct crowd_member {
	TAILQ_ENTRY(crowd_member) link;
	enum crowd_kind kind;    // CROWD_KINDS: is not in the crowd
	int64_t step_ms;         // when it took its last step
	const unsigned *weight;  // connections of its peer; borrowed, NULL: it has none
	void *owner;             // the caller's
};

TAILQ_HEAD(crowd_list, crowd_member);

struct crowd {
	struct crowd_list lists[CROWD_KINDS]; // each by step_ms, the oldest first
	int allowance_ms[CROWD_KINDS];
};

/* Make crowd empty, with no allowance for any kind. There is nothing to free. */
void crowd_init(struct crowd *crowd);

/*
 * The member has taken a step at now_ms (monotonic milliseconds, never less
 * than at the call before) and is of that kind from now on.  CROWD_KINDS takes
 * it out.  A new member must be zeroed, with kind CROWD_KINDS.
 */
void crowd_step(struct crowd *crowd, struct crowd_member *member, enum crowd_kind kind,
		int64_t now_ms);

/* The member that must go first at now_ms, or NULL: all have time left. It stays in. */
struct crowd_member *crowd_victim(const struct crowd *crowd, int64_t now_ms);

#endif
