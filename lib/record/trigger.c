/*
 * Triggers: names of states, the table of moves, life and death.
 *
 *     PENDING -> SENDING -> SENT | CONVERGED | REFUSED | STALLED
 *                 ^  |
 *                 |  v
 *                WAITING
 *
 *     SENT, if it is observed -> CONVERGED | STALLED
 *
 * PENDING, WAITING and what is observed may become SUPERSEDED, the first two
 * REFUSED as well, when their target is gone.  A trigger that was SENDING when
 * the process died is PENDING again: whether it arrived is unknown, and every
 * target is safe to ring twice.
 */
#include "record/trigger.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define TO(state) (1U << (state))

static const struct {
	const char *name;
	unsigned moves;
} states[TRIGGER_STATES] = {
	[TRIGGER_PENDING] = { "PENDING", TO(TRIGGER_SENDING) | TO(TRIGGER_SUPERSEDED) |
					 TO(TRIGGER_REFUSED) },
	[TRIGGER_SENDING] = { "SENDING", TO(TRIGGER_SENT) | TO(TRIGGER_CONVERGED) |
					 TO(TRIGGER_REFUSED) | TO(TRIGGER_WAITING) |
					 TO(TRIGGER_STALLED) | TO(TRIGGER_PENDING) },
	[TRIGGER_WAITING] = { "WAITING", TO(TRIGGER_SENDING) | TO(TRIGGER_SUPERSEDED) |
					 TO(TRIGGER_REFUSED) },
	[TRIGGER_SENT] = { "SENT", TO(TRIGGER_CONVERGED) | TO(TRIGGER_STALLED) |
				   TO(TRIGGER_SUPERSEDED) },
	[TRIGGER_CONVERGED] = { "CONVERGED", 0 },
	[TRIGGER_REFUSED] = { "REFUSED", 0 },
	[TRIGGER_SUPERSEDED] = { "SUPERSEDED", 0 },
	[TRIGGER_STALLED] = { "STALLED", 0 },
};

const char *trigger_state_name(enum trigger_state state)
{
	return (unsigned)state < TRIGGER_STATES ? states[state].name : "?";
}

enum trigger_state trigger_state_by_name(const char *name)
{
	for (unsigned i = 0; i < TRIGGER_STATES; i++) {
		if (strcmp(states[i].name, name) == 0) {
			return (enum trigger_state)i;
		}
	}
	return TRIGGER_STATES;
}

bool trigger_may_move(enum trigger_state from, enum trigger_state to)
{
	return (states[from].moves & TO(to)) != 0;
}

const char *trigger_waits_for(const struct trigger *t, int64_t now_ms)
{
	const char *words = NULL;

	if (t->state == TRIGGER_WAITING) {
		words = "its next try, after one that failed";
	} else if (t->state == TRIGGER_PENDING && t->next_ms > now_ms) {
		words = "newer pushes that may take its place";
	} else if (t->state == TRIGGER_PENDING) {
		words = "its turn: its target is busy, or down (doorbell_target_down)";
	}
	return words;
}

bool trigger_is_over(const struct trigger *t)
{
	return states[t->state].moves == 0 || (t->state == TRIGGER_SENT && !t->observed);
}

unsigned trigger_own_tries(const struct trigger *t)
{
	return t->attempts - t->in_vain;
}

struct trigger *trigger_new(void)
{
	return xcalloc(1, sizeof(struct trigger));
}

struct trigger *trigger_copy(const struct trigger *t)
{
	struct trigger *copy = trigger_new();

	*copy = *t;
	copy->sender_id = xstrdup_or_null(t->sender_id);
	copy->application = xstrdup_or_null(t->application);
	copy->project = xstrdup_or_null(t->project);
	copy->target = xstrdup_or_null(t->target);
	copy->repository = xstrdup_or_null(t->repository);
	copy->ref = xstrdup_or_null(t->ref);
	copy->reasons = xstrdup_or_null(t->reasons);
	return copy;
}

void trigger_free(struct trigger *t)
{
	if (t == NULL) {
		return;
	}
	free(t->sender_id);
	free(t->application);
	free(t->project);
	free(t->target);
	free(t->repository);
	free(t->ref);
	free(t->reasons);
	free(t);
}
