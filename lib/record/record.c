/*
 * Records: the states of a push, and release.
 *
 *     ACCEPTED -> RESOLVING -> MATCHING -> PLANNED
 *        ^          |   ^         |
 *        |          v   |         |      any that is not final
 *        +------- WAITING <-------+      may become REFUSED or IGNORED
 *
 * RESOLVING and MATCHING are never written: a process that dies there finds
 * the push ACCEPTED (or WAITING) again.
 */
#include "record/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define TO(state) (1U << (state))
#define TO_END (TO(PUSH_REFUSED) | TO(PUSH_IGNORED))

static const struct {
	const char *name;
	unsigned moves;
} states[PUSH_STATES] = {
	[PUSH_ACCEPTED] = { "ACCEPTED", TO(PUSH_RESOLVING) | TO_END },
	[PUSH_RESOLVING] = { "RESOLVING", TO(PUSH_MATCHING) | TO(PUSH_WAITING) |
					  TO(PUSH_ACCEPTED) | TO(PUSH_PLANNED) | TO_END },
	[PUSH_MATCHING] = { "MATCHING", TO(PUSH_PLANNED) | TO(PUSH_WAITING) | TO(PUSH_ACCEPTED) |
					TO_END },
	[PUSH_WAITING] = { "WAITING", TO(PUSH_RESOLVING) | TO(PUSH_ACCEPTED) | TO_END },
	[PUSH_PLANNED] = { "PLANNED", 0 },
	[PUSH_REFUSED] = { "REFUSED", 0 },
	[PUSH_IGNORED] = { "IGNORED", 0 },
};

const char *push_state_name(enum push_state state)
{
	return (unsigned)state < PUSH_STATES ? states[state].name : "?";
}

enum push_state push_state_by_name(const char *name)
{
	for (unsigned i = 0; i < PUSH_STATES; i++) {
		if (strcmp(states[i].name, name) == 0) {
			return (enum push_state)i;
		}
	}
	return PUSH_STATES;
}

bool push_may_move(enum push_state from, enum push_state to)
{
	return (states[from].moves & TO(to)) != 0;
}

bool push_is_final(enum push_state state)
{
	return states[state].moves == 0;
}

void record_push_copy(const struct record_push *p, struct record_push *ret_copy)
{
	*ret_copy = *p;
	ret_copy->sender_id = xstrdup_or_null(p->sender_id);
	ret_copy->repository = xstrdup_or_null(p->repository);
	ret_copy->ref = xstrdup_or_null(p->ref);
	ret_copy->default_branch = xstrdup_or_null(p->default_branch);
	ret_copy->reason = NULL;
	ret_copy->found = NULL;
}

static void repeat_push(const struct record_push *old, int64_t now_ms, struct record_push *fresh)
{
	fresh->repository = xstrdup(old->repository);
	fresh->ref = xstrdup(old->ref);
	fresh->before = old->before;
	fresh->after = old->after;
	fresh->default_branch = xstrdup_or_null(old->default_branch);
	fresh->changed_paths = -1;
	fresh->accepted_ms = now_ms;
	if (old->tip.len > 0) {
		fresh->replay_of = old->id;
		fresh->base = old->base;
		fresh->tip = old->tip;
	}
}

void record_delivery_repeat(const struct record_delivery *old, int64_t now_ms,
			    struct record_delivery *ret_fresh)
{
	*ret_fresh = (struct record_delivery){
		.source = xstrdup(old->source),
		.provider = xstrdup(old->provider),
		.body_sha256 = xstrdup(old->body_sha256),
		.event = xasprintf("replay of %lld", (long long)old->id),
		.pusher = xstrdup_or_null(old->pusher),
		.received_ms = now_ms,
		.push_count = old->push_count,
		.pushes = xcalloc(old->push_count, sizeof(*ret_fresh->pushes)),
	};
	for (size_t i = 0; i < old->push_count; i++) {
		repeat_push(&old->pushes[i], now_ms, &ret_fresh->pushes[i]);
	}
}

void record_push_release(struct record_push *p)
{
	free(p->sender_id);
	free(p->repository);
	free(p->ref);
	free(p->default_branch);
	free(p->reason);
	free(p->found);
	*p = (struct record_push){ .id = 0 };
}

void record_delivery_release(struct record_delivery *d)
{
	for (size_t i = 0; i < d->push_count; i++) {
		record_push_release(&d->pushes[i]);
	}
	free(d->pushes);
	free(d->source);
	free(d->provider);
	free(d->sender_id);
	free(d->body_sha256);
	free(d->event);
	free(d->pusher);
	free(d->ignored);
	free(d->body);
	*d = (struct record_delivery){ .id = 0 };
}
