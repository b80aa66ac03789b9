/*
 * All connections: opening within the limits, finding them by number, counting,
 * making room, draining.
 *
 * The number of a connection is its slot and the slot's generation: a number
 * never comes back, so an answer that comes too late finds nobody and not
 * somebody else.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/http/conn_impl.h"

/* While the pool is full and somebody waits: how often we look for who can go, and at how many. */
#define CROWD_CHECK_MS 20
#define CROWD_BATCH 64

/* Least of what a silent connection gets in a full pool. */
#define CROWD_LEAST_MS 20

/* What a connection that has sent nothing gets when we want to end. */
#define DRAIN_IDLE_MS 250

const struct conn_limits conn_limits_default = {
	.connections = 1024,
	.descriptors = 100,
	.per_peer = 0,
	.per_peer_new = 0,
	.silent_ms = 500,
	.crowd_ms = 700,
	.phase_ms = {
		[CONN_PROXY] = 5000,
		/* The longest that a sender waits for us: in a crowd it is crowd_ms that counts. */
		[CONN_HANDSHAKE] = 10000,
		[CONN_HEAD] = 5000,
		[CONN_BODY] = 20000,
		[CONN_STORE] = 8000,
		[CONN_REPLY] = 5000,
		[CONN_LINGER] = 2000,
	},
	.body_grace_ms = 3000,
	.body_rate = 1024,
	.crowd_rate = 16384,
	.bodies = LIMIT_BODIES_BYTES,
	.linger_bytes = LIMIT_BODY_BYTES,
	.requests = 1,
	.idle_ms = 60000,
};

/* Descriptors that journal, children, readers and outgoing calls need, and the least for us. */
#define DESCRIPTORS_OF_OTHERS 44
#define DESCRIPTORS_LEAST 8

/*
 * Our share of the file descriptors that the process may have: three
 * quarters, but where they are few the others come first.  A pool that is
 * full can make room; a process without descriptors cannot.
 */
static unsigned descriptors_for(unsigned percent)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > UINT32_MAX) {
		return UINT32_MAX;
	}
	unsigned all = (unsigned)limit.rlim_cur;
	unsigned rest = all > DESCRIPTORS_OF_OTHERS ? all - DESCRIPTORS_OF_OTHERS : 0;
	unsigned share = all / 4 * 3 < rest ? all / 4 * 3 : rest;
	share = (unsigned)((uint64_t)share * percent / 100);
	return share > DESCRIPTORS_LEAST ? share : DESCRIPTORS_LEAST;
}

/* The fewer places, the sooner each must be free, or the last waits for all. */
static int share_of(int ms, unsigned places, unsigned of)
{
	int share = (int)((int64_t)ms * places / of);

	return share > CROWD_LEAST_MS ? share : CROWD_LEAST_MS;
}

void conn_pool_set_limits(struct conn_pool *pool, const struct conn_limits *limits)
{
	unsigned most = descriptors_for(limits->descriptors);

	pool->limits = *limits;
	if (most < limits->connections) {
		pool->limits.connections = most;
		pool->limits.silent_ms = share_of(limits->silent_ms, most, limits->connections);
		pool->limits.crowd_ms = share_of(limits->crowd_ms, most, limits->connections);
	}
	pool->crowd.allowance_ms[CROWD_LINGER] = pool->limits.silent_ms;
	pool->crowd.allowance_ms[CROWD_SILENT] = pool->limits.silent_ms;
	pool->crowd.allowance_ms[CROWD_STILL] = pool->limits.crowd_ms;
	pool->crowd.allowance_ms[CROWD_BODY] = pool->limits.crowd_ms;
	pool->budget.max = limits->bodies;
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct conn_pool *pool = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < pool->slot_count; i++) {
		if (pool->slots[i].conn != NULL) {
			conn_free(pool->slots[i].conn);
		}
	}
	(void)event_del(pool->drain_timer);
	pool->drained(pool->drained_ctx);
}

static void tell_watchers(struct conn_pool *pool)
{
	for (size_t i = 0; i < pool->watcher_count; i++) {
		pool->watchers[i].callback(pool->watchers[i].ctx);
	}
}

/* Some time has passed: those who wait may try again. */
static void on_crowd(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell_watchers(arg);
}

/*
 * All places are taken and somebody waits.  Nobody ends but those whose
 * allowance is used up, one for each that waits.
 */
bool conn_pool_make_room(struct conn_pool *pool)
{
	struct timeval soon = { .tv_usec = CROWD_CHECK_MS * 1000 };
	int64_t now = mstime_monotonic();

	for (int i = 0; i < CROWD_BATCH && !pool->draining && !conn_pool_has_room(pool); i++) {
		struct crowd_member *victim = crowd_victim(&pool->crowd, now);

		if (victim == NULL) {
			break;
		}
		conn_give_way(victim->owner);
	}
	if (!pool->draining && !conn_pool_has_room(pool)) {
		(void)evtimer_add(pool->crowd_timer, &soon);
	}
	return conn_pool_has_room(pool);
}

struct conn_pool *conn_pool_new(struct event_base *base, const struct conn_limits *limits)
{
	struct conn_pool *pool = xcalloc(1, sizeof(*pool));

	pool->base = base;
	pool->peers = peers_new();
	pool->drain_timer = evtimer_new(base, on_drain, pool);
	pool->crowd_timer = evtimer_new(base, on_crowd, pool);
	if (pool->drain_timer == NULL || pool->crowd_timer == NULL) {
		abort();
	}
	crowd_init(&pool->crowd);
	conn_pool_set_limits(pool, limits);
	return pool;
}

void conn_pool_free(struct conn_pool *pool)
{
	if (pool == NULL) {
		return;
	}
	pool->watcher_count = 0;
	pool->draining = false;
	for (size_t i = 0; i < pool->slot_count; i++) {
		if (pool->slots[i].conn != NULL) {
			conn_free(pool->slots[i].conn);
		}
	}
	event_free(pool->drain_timer);
	event_free(pool->crowd_timer);
	peers_free(pool->peers);
	free(pool->proxies);
	free(pool->watchers);
	free(pool->slots);
	free(pool);
}

const struct conn_counters *conn_pool_counters(struct conn_pool *pool)
{
	pool->counters.bodies = pool->budget.used;
	return &pool->counters;
}

bool conn_pool_has_room(const struct conn_pool *pool)
{
	return !pool->draining && pool->counters.open < pool->limits.connections;
}

void conn_pool_watch(struct conn_pool *pool, void (*callback)(void *ctx), void *ctx)
{
	pool->watchers = xgrow(pool->watchers, pool->watcher_count, &pool->watcher_capacity,
			       sizeof(*pool->watchers));
	pool->watchers[pool->watcher_count++] =
		(struct conn_watcher){ .callback = callback, .ctx = ctx };
}

void conn_pool_unwatch(struct conn_pool *pool, const void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < pool->watcher_count; i++) {
		if (pool->watchers[i].ctx != ctx) {
			pool->watchers[kept++] = pool->watchers[i];
		}
	}
	pool->watcher_count = kept;
}

void conn_pool_count_descriptor(struct conn_pool *pool, const char *address)
{
	conn_pool_refused(pool, REFUSAL_DESCRIPTORS, "listener", address);
}

/* Give c a slot, and by that its number. */
static void take_slot(struct conn_pool *pool, struct conn *c)
{
	size_t i = 0;

	while (i < pool->slot_count && pool->slots[i].conn != NULL) {
		i++;
	}
	if (i == pool->slot_count) {
		pool->slots = xgrow(pool->slots, pool->slot_count, &pool->slot_capacity,
				    sizeof(*pool->slots));
		pool->slots[pool->slot_count++] = (struct conn_slot){ .generation = 0 };
	}
	pool->slots[i].conn = c;
	pool->slots[i].generation++;
	c->id = (uint64_t)pool->slots[i].generation << 32 | i;
}

void conn_renumber(struct conn *c)
{
	size_t i = c->id & UINT32_MAX;

	c->pool->slots[i].generation++;
	c->id = (uint64_t)c->pool->slots[i].generation << 32 | i;
}

static struct conn *find(const struct conn_pool *pool, uint64_t id)
{
	size_t i = id & UINT32_MAX;

	if (i >= pool->slot_count || pool->slots[i].generation != id >> 32) {
		return NULL;
	}
	return pool->slots[i].conn;
}

int conn_open(struct conn_pool *pool, int fd, const struct sockaddr *address,
	      struct tls_context *tls, const struct conn_handler *handler)
{
	struct tls *session = NULL;
	const int on = 1;

	if (conn_pool_has_room(pool) && tls != NULL) {
		session = tls_new(tls, fd);
	}
	if (!conn_pool_has_room(pool) || (tls != NULL && session == NULL)) {
		if (conn_pool_has_room(pool)) {
			conn_pool_refused(pool, REFUSAL_HANDSHAKE, "peer", "(no memory for TLS)");
		}
		(void)close(fd);
		return -1;
	}
	struct conn *c = xcalloc(1, sizeof(*c));
	c->pool = pool;
	c->fd = fd;
	c->tls = session;
	c->handler = handler;
	c->crowd = (struct crowd_member){ .kind = CROWD_KINDS, .owner = c };
	c->peer.is_tls = tls != NULL;
	conn_meet(c, address);
	if (!c->peer.is_unix) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	buf_init(&c->out, LIMIT_RESPONSE_BYTES + REPLY_HEADER_BYTES);
	c->route = CONN_NO_ROUTE;
	take_slot(pool, c);
	pool->counters.accepted++;
	pool->counters.open++;
	conn_start(c);
	return 0;
}

/* Tell who waits that there is room, or that nobody is left. */
static void tell(struct conn_pool *pool)
{
	struct timeval now = { .tv_sec = 0 };

	if (pool->draining && pool->counters.open == 0) {
		(void)evtimer_add(pool->drain_timer, &now);
		return;
	}
	if (conn_pool_has_room(pool)) {
		tell_watchers(pool);
	}
}

void conn_free(struct conn *c)
{
	struct conn_pool *pool = c->pool;

	crowd_step(&pool->crowd, &c->crowd, CROWD_KINDS, 0);
	pool->counters.handshakes -= c->state == CONN_HANDSHAKE;
	if (c->wanted != 0) {
		(void)event_del(&c->io);
	}
	(void)evtimer_del(&c->timer);
	conn_part(c);
	pool->slots[c->id & UINT32_MAX].conn = NULL;
	pool->counters.open--;
	tls_free(c->tls);
	(void)close(c->fd);
	body_free(c->body);
	buf_release(&c->out);
	free(c);
	tell(pool);
}

int conn_reply(struct conn_pool *pool, uint64_t id, const struct reply *reply)
{
	struct conn *c = find(pool, id);

	if (c == NULL || c->state != CONN_STORE) {
		pool->counters.answers_dropped++;
		return -1;
	}
	conn_answer(c, reply);
	return 0;
}

static bool is_idle(const struct conn *c)
{
	return c->state < CONN_HEAD || (c->state == CONN_HEAD && c->header_len == 0);
}

void conn_pool_drain(struct conn_pool *pool, int ms, void (*done)(void *ctx), void *ctx)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	pool->draining = true;
	pool->drained = done;
	pool->drained_ctx = ctx;
	(void)evtimer_add(pool->drain_timer, &tv);
	for (size_t i = 0; i < pool->slot_count; i++) {
		struct conn *c = pool->slots[i].conn;

		if (c != NULL && is_idle(c)) {
			conn_hurry(c, DRAIN_IDLE_MS);
		}
	}
	if (pool->counters.open == 0) {
		tell(pool);
	}
}
