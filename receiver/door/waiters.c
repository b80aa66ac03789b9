/*
 * A table of waiting requests by delivery, each with a timer and the part of
 * the answer that is known.
 */
#include "receiver/door/waiters.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <uthash.h>

#include "affected/affected_json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "receiver/http/conn.h"

struct waiter {
	struct waiters *owner;
	int64_t delivery;
	uint64_t conn;
	size_t open;        // pushes not decided
	json_t *refs;
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
	json_decref(waiter->refs);
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

static void answer(struct waiter *waiter)
{
	char id[24];
	(void)snprintf(id, sizeof(id), "%lld", (long long)waiter->delivery);
	json_t *body = json_pack("{s:s, s:b, s:O}", "delivery", id, "decided", waiter->open == 0,
				 "refs", waiter->refs);
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	struct reply reply = {
		.status = 202,
		.content_type = "application/json",
		.body = text,
		.body_len = text != NULL ? strlen(text) : 0,
	};

	(void)conn_reply(waiter->owner->conns, waiter->conn, &reply);
	free(text);
	json_decref(body);
	waiter_free(waiter);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

void waiters_add(struct waiters *w, uint64_t conn, int64_t delivery, size_t pushes, int64_t ms)
{
	struct timeval time = { .tv_sec = (time_t)(ms / 1000),
				.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	*waiter = (struct waiter){ .owner = w, .delivery = delivery, .conn = conn,
				   .open = pushes };
	waiter->refs = json_array();
	waiter->timer = evtimer_new(w->base, on_time, waiter);
	HASH_ADD(hh, w->table, delivery, sizeof(waiter->delivery), waiter);
	if (pushes == 0 || ms <= 0) {
		answer(waiter);
		return;
	}
	evtimer_add(waiter->timer, &time);
}

static json_t *ref_to_json(const struct delivery_decision *d)
{
	json_t *names = json_array();
	json_t *ref = json_object();

	for (size_t i = 0; i < d->name_count && i < WAITERS_NAMES_MAX; i++) {
		json_array_append_new(names, text_to_json(d->names[i]));
	}
	json_object_set_new(ref, "ref", text_to_json(d->push->ref));
	json_object_set_new(ref, "affected", json_integer((json_int_t)d->name_count));
	json_object_set_new(ref, "applications", json_integer(d->push->applications));
	json_object_set_new(ref, "names", names);
	if (d->push->reason != NULL) {
		json_object_set_new(ref, "reason", text_to_json(d->push->reason));
	}
	return ref;
}

void waiters_decided(struct waiters *w, const struct delivery_decision *decision)
{
	struct waiter *waiter = NULL;

	HASH_FIND(hh, w->table, &decision->push->delivery, sizeof(int64_t), waiter);
	if (waiter == NULL) {
		return;
	}
	json_array_append_new(waiter->refs, ref_to_json(decision));
	if (--waiter->open == 0) {
		answer(waiter);
	}
}
