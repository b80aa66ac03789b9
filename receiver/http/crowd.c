/*
 * The crowd: one list for each kind.  A step moves a member to the end of its
 * list, so the lists are in the order of time; the search looks at those whose
 * allowance is used up only, at most all connections that may be open.
 */
#include "receiver/http/crowd.h"

#include <stddef.h>

void crowd_init(struct crowd *crowd)
{
	for (unsigned i = 0; i < CROWD_KINDS; i++) {
		TAILQ_INIT(&crowd->lists[i]);
		crowd->allowance_ms[i] = 0;
	}
}

void crowd_step(struct crowd *crowd, struct crowd_member *member, enum crowd_kind kind,
		int64_t now_ms)
{
	if (member->kind != CROWD_KINDS) {
		TAILQ_REMOVE(&crowd->lists[member->kind], member, link);
	}
	member->kind = kind;
	member->step_ms = now_ms;
	if (kind != CROWD_KINDS) {
		TAILQ_INSERT_TAIL(&crowd->lists[kind], member, link);
	}
}

static unsigned weight_of(const struct crowd_member *member)
{
	return member->weight != NULL ? *member->weight : 0;
}

/* The heaviest member of a list whose last step was at until_ms or before. */
static struct crowd_member *heaviest(const struct crowd_list *list, int64_t until_ms)
{
	struct crowd_member *found = NULL;
	struct crowd_member *member;

	TAILQ_FOREACH(member, list, link) {
		if (member->step_ms > until_ms) {
			break;
		}
		if (found == NULL || weight_of(member) > weight_of(found)) {
			found = member;
		}
	}
	return found;
}

struct crowd_member *crowd_victim(const struct crowd *crowd, int64_t now_ms)
{
	struct crowd_member *found = NULL;

	for (unsigned i = 0; i < CROWD_KINDS && found == NULL; i++) {
		found = heaviest(&crowd->lists[i], now_ms - crowd->allowance_ms[i]);
	}
	return found;
}
