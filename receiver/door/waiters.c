/*
 * A table of waiting requests by delivery, each with a timer and the part of
 * the answer that is known; what is told is push/push_answer.c's.
 */
#include "receiver/door/waiters.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/xalloc.h"
#include "push/push_answer.h"
#include "receiver/http/conn.h"

/*
 * One request that waits. It does not hold its connection, only the number of
 * it: a hook that was killed, or a connection that ended by its deadline, makes
 * conn_reply() find nobody, and that is all. So nobody must tell the waiters
 * that a connection is gone, and a number is never given twice.
 */
struct waiter {
	struct waiters *owner;
	int64_t delivery;
	uint64_t conn;
	size_t open;        // pushes not decided
	struct push_answer *answer;
	struct event *timer;
	UT_hash_handle hh;
};

struct waiters {
	struct event_base *base;
	struct conn_pool *conns;
	struct waiter *table;
};

struct waiters *waiters_new(struct event_base *base, struct conn_pool *conns)
{
	struct waiters *w = xcalloc(1, sizeof(*w));

	*w = (struct waiters){ .base = base, .conns = conns };
	return w;
}

static void waiter_free(struct waiter *waiter)
{
	HASH_DEL(waiter->owner->table, waiter);
	event_free(waiter->timer);
	push_answer_free(waiter->answer);
	free(waiter);
}

void waiters_free(struct waiters *w)
{
	struct waiter *waiter;
	struct waiter *next;

	if (w == NULL) {
		return;
	}
	HASH_ITER(hh, w->table, waiter, next) {
		waiter_free(waiter);
	}
	free(w);
}

/*
 * Answer with what is known and be done with it: the waiter is freed here, in
 * each of the three ways that lead here (all is decided, time is over, nothing
 * to wait for). Decisions that come later find no waiter and are not told.
 */
static void answer(struct waiter *waiter)
{
	size_t len = 0;
	char *text = push_answer_write(waiter->answer, waiter->open == 0, &len);
	struct reply reply = {
		.status = 202,
		.content_type = "application/json",
		.body = text,
		.body_len = len,
	};

	(void)conn_reply(waiter->owner->conns, waiter->conn, &reply);
	free(text);
	waiter_free(waiter);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

/*
 * There is no race with the decision: intake adds the waiter before it gives
 * the pushes to the core, in one turn of the loop. A delivery has one waiter,
 * as its id is new. The time counts from here, when the delivery is durable,
 * and not from the beginning of the request; the connection's own deadline is
 * later by a margin (apply_limits() in serve/daemon_reload.c).
 */
void waiters_add(struct waiters *w, uint64_t conn, int64_t delivery, size_t pushes, int64_t ms)
{
	struct timeval time = { .tv_sec = (time_t)(ms / 1000),
				.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	*waiter = (struct waiter){ .owner = w, .delivery = delivery, .conn = conn,
				   .open = pushes };
	waiter->answer = push_answer_new(delivery);
	waiter->timer = evtimer_new(w->base, on_time, waiter);
	HASH_ADD(hh, w->table, delivery, sizeof(waiter->delivery), waiter);
	if (pushes == 0 || ms <= 0) {
		answer(waiter);
		return;
	}
	evtimer_add(waiter->timer, &time);
}

/*
 * Called for each push that is decided, most of which nobody waits for. The
 * decision is borrowed, so what is to be told is taken into the answer now;
 * names that do not fit are counted (push/push_answer.h).
 */
void waiters_decided(struct waiters *w, const struct delivery_decision *decision)
{
	struct push_answer_ref ref = {
		.ref = decision->push->ref,
		.affected = decision->name_count,
		.applications = decision->push->applications,
		.names = decision->names,
		.name_count = decision->name_count,
		.untaken = decision->untaken,
		.reason = decision->push->reason,
	};
	struct waiter *waiter = NULL;

	HASH_FIND(hh, w->table, &decision->push->delivery, sizeof(int64_t), waiter);
	if (waiter == NULL) {
		return;
	}
	push_answer_add(waiter->answer, &ref);
	if (--waiter->open == 0) {
		answer(waiter);
	}
}
