/*
 * Those who wait to be told which applications a delivery affects: calls of
 * our own hook, whose answer the person who pushed reads.
 *
 * A waiter is answered when all pushes of its delivery were decided, or with
 * what is known when its time is up (push/push_answer.h).
 *
 * Loop thread only.
 */
#ifndef RECEIVER_DOOR_WAITERS_H
#define RECEIVER_DOOR_WAITERS_H

#include <stddef.h>
#include <stdint.h>

#include "delivery/delivery.h"

struct conn_pool;
struct event_base;
struct waiters;

/* No waiters yet; answers go out through conns. Never NULL. */
struct waiters *waiters_new(struct event_base *base, struct conn_pool *conns);

/* Free it; nobody is answered. NULL is fine. */
void waiters_free(struct waiters *w);

/*
 * Let the request of connection conn wait for `pushes` decisions of delivery,
 * at most ms. With none, or no time, it is answered at once.
 */
void waiters_add(struct waiters *w, uint64_t conn, int64_t delivery, size_t pushes, int64_t ms);

/* A push was decided. */
void waiters_decided(struct waiters *w, const struct delivery_decision *decision);

#endif
