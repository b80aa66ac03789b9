/*
 * All connections: opening within the limits, finding them by number, counting,
 * making room, draining.
 *
 * The number of a connection is its slot and the slot's generation: a number
 * never comes back, so an answer that comes too late finds nobody and not
 * somebody else.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/conn_impl.h"

/* While the pool is full: how often we look for who can go, and how many at once. */
#define CROWD_CHECK_MS 20
#define CROWD_BATCH 64

/* Least of what a silent connection gets in a full pool. */
#define CROWD_LEAST_MS 20

/* What a connection that has sent nothing gets when we want to end. */
#define DRAIN_IDLE_MS 250

const struct conn_limits conn_limits_default = {
	.connections = 1024,
	.per_source = 32,
	.per_source_new = 64,
	.handshakes = 64,
	.crowd_ms = 1000,
	.phase_ms = {
		[CONN_HANDSHAKE] = 5000,
		[CONN_HEAD] = 5000,
		[CONN_BODY] = 20000,
		[CONN_STORE] = 8000,
		[CONN_REPLY] = 5000,
		[CONN_LINGER] = 2000,
	},
	.body_grace_ms = 3000,
	.body_rate = 1024,
	.bodies = LIMIT_BODIES_BYTES,
	.linger_bytes = 65536,
};

/* Descriptors that journal, children, readers and outgoing calls need, and the least for us. */
#define DESCRIPTORS_OF_OTHERS 44
#define DESCRIPTORS_LEAST 8

/*
 * Our share of the file descriptors that the process may have: three
 * quarters, but where they are few the others come first.  A pool that is
 * full can make room; a process without descriptors cannot.
 */
static unsigned descriptors_for_us(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > UINT32_MAX) {
		return UINT32_MAX;
	}
	unsigned all = (unsigned)limit.rlim_cur;
	unsigned rest = all > DESCRIPTORS_OF_OTHERS ? all - DESCRIPTORS_OF_OTHERS : 0;
	unsigned share = all / 4 * 3 < rest ? all / 4 * 3 : rest;
	return share > DESCRIPTORS_LEAST ? share : DESCRIPTORS_LEAST;
}

void conn_pool_set_limits(struct conn_pool *pool, const struct conn_limits *limits)
{
	unsigned most = descriptors_for_us();

	pool->limits = *limits;
	if (most < limits->connections) {
		/* The fewer places, the sooner each must be free, or the last waits for all. */
		int share = (int)((int64_t)limits->crowd_ms * most / limits->connections);

		pool->limits.connections = most;
		pool->limits.crowd_ms = share > CROWD_LEAST_MS ? share : CROWD_LEAST_MS;
	}
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

/* The connection that has waited the longest in HANDSHAKE or HEAD, or NULL. */
static struct conn *longest_waiting(const struct conn_pool *pool)
{
	struct conn *handshake = TAILQ_FIRST(&pool->waiting[CONN_HANDSHAKE]);
	struct conn *head = TAILQ_FIRST(&pool->waiting[CONN_HEAD]);

	if (handshake == NULL || head == NULL) {
		return handshake != NULL ? handshake : head;
	}
	return handshake->since < head->since ? handshake : head;
}

static void check_crowd_soon(struct conn_pool *pool)
{
	struct timeval tv = { .tv_usec = CROWD_CHECK_MS * 1000 };

	(void)evtimer_add(pool->crowd_timer, &tv);
}

/*
 * The pool is full: end those that have not said what they want, the longest
 * first.  An honest sender has done so after a round trip or two.
 */
static void on_crowd(evutil_socket_t fd, short what, void *arg)
{
	struct conn_pool *pool = arg;
	int64_t since = mstime_monotonic() - pool->limits.crowd_ms;

	(void)fd;
	(void)what;
	if (pool->draining || conn_pool_has_room(pool)) {
		return;
	}
	check_crowd_soon(pool);
	for (int i = 0; i < CROWD_BATCH; i++) {
		struct conn *c = longest_waiting(pool);

		if (c == NULL || c->since > since) {
			return;
		}
		pool->counters.crowded_out++;
		conn_free(c);
	}
}

struct conn_pool *conn_pool_new(struct event_base *base, const struct conn_limits *limits)
{
	struct conn_pool *pool = xcalloc(1, sizeof(*pool));

	pool->base = base;
	pool->sources = sources_new();
	pool->drain_timer = evtimer_new(base, on_drain, pool);
	pool->crowd_timer = evtimer_new(base, on_crowd, pool);
	if (pool->drain_timer == NULL || pool->crowd_timer == NULL) {
		abort();
	}
	TAILQ_INIT(&pool->waiting[CONN_HANDSHAKE]);
	TAILQ_INIT(&pool->waiting[CONN_HEAD]);
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
	sources_free(pool->sources);
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

void conn_pool_count_descriptor(struct conn_pool *pool)
{
	pool->counters.refused_descriptors++;
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

static struct conn *find(const struct conn_pool *pool, uint64_t id)
{
	size_t i = id & UINT32_MAX;

	if (i >= pool->slot_count || pool->slots[i].generation != id >> 32) {
		return NULL;
	}
	return pool->slots[i].conn;
}

static void describe_unix(struct conn_peer *peer, int fd)
{
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(cred);

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)snprintf(peer->address, sizeof(peer->address), "unix");
	peer->is_unix = true;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
}

static void describe_peer(struct conn_peer *peer, int fd, const struct sockaddr *address)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	const int on = 1;

	if (address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof(in));
		(void)inet_ntop(AF_INET, &in.sin_addr, peer->address, sizeof(peer->address));
		peer->port = ntohs(in.sin_port);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof(in6));
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);

		(void)inet_ntop(mapped ? AF_INET : AF_INET6,
				in6.sin6_addr.s6_addr + (mapped ? 12 : 0), peer->address,
				sizeof(peer->address));
		peer->port = ntohs(in6.sin6_port);
	} else {
		describe_unix(peer, fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Count the connection at its source; false if that has enough. */
static bool enter_source(struct conn_pool *pool, const struct sockaddr *address,
			 struct source_key *ret_key, bool *ret_has_source)
{
	*ret_has_source = source_key_from(address, ret_key) == 0;
	if (!*ret_has_source) {
		return true;
	}
	switch (sources_enter(pool->sources, ret_key, pool->limits.per_source,
			      pool->limits.per_source_new, mstime_monotonic())) {
	case SOURCES_TOO_MANY:
		pool->counters.refused_source++;
		return false;
	case SOURCES_TOO_FAST:
		pool->counters.refused_rate++;
		return false;
	case SOURCES_OK:
		break;
	}
	return true;
}

void conn_list_enter(struct conn *c)
{
	if (c->state <= CONN_HEAD) {
		TAILQ_INSERT_TAIL(&c->pool->waiting[c->state], c, waiting_link);
		c->pool->counters.handshakes += c->state == CONN_HANDSHAKE;
	}
}

void conn_list_leave(struct conn *c)
{
	if (c->state <= CONN_HEAD) {
		TAILQ_REMOVE(&c->pool->waiting[c->state], c, waiting_link);
		c->pool->counters.handshakes -= c->state == CONN_HANDSHAKE;
	}
}

/*
 * One more is there.  Over the limit of handshakes the oldest ends: it had
 * the most time, and an honest one takes a fraction of a second.
 */
static void make_room(struct conn_pool *pool)
{
	if (pool->counters.handshakes > pool->limits.handshakes) {
		pool->counters.crowded_out++;
		conn_free(TAILQ_FIRST(&pool->waiting[CONN_HANDSHAKE]));
	}
	if (!conn_pool_has_room(pool)) {
		check_crowd_soon(pool);
	}
}

int conn_open(struct conn_pool *pool, int fd, const struct sockaddr *address,
	      struct tls_context *tls, const struct conn_handler *handler)
{
	struct source_key key;
	bool has_source;

	if (!conn_pool_has_room(pool) || !enter_source(pool, address, &key, &has_source)) {
		(void)close(fd);
		return -1;
	}
	struct tls *session = tls != NULL ? tls_new(tls, fd) : NULL;
	if (tls != NULL && session == NULL) {
		if (has_source) {
			sources_leave(pool->sources, &key);
		}
		(void)close(fd);
		return -1;
	}
	struct conn *c = xcalloc(1, sizeof(*c));
	c->pool = pool;
	c->fd = fd;
	c->tls = session;
	c->handler = handler;
	c->source = key;
	c->has_source = has_source;
	c->peer.is_tls = tls != NULL;
	describe_peer(&c->peer, fd, address);
	buf_init(&c->out, LIMIT_RESPONSE_BYTES + 1024);
	take_slot(pool, c);
	pool->counters.accepted++;
	pool->counters.open++;
	conn_start(c);
	make_room(pool);
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
	for (size_t i = 0; conn_pool_has_room(pool) && i < pool->watcher_count; i++) {
		pool->watchers[i].callback(pool->watchers[i].ctx);
	}
}

void conn_free(struct conn *c)
{
	struct conn_pool *pool = c->pool;

	conn_list_leave(c);
	if (c->wanted != 0) {
		(void)event_del(&c->io);
	}
	(void)evtimer_del(&c->timer);
	if (c->has_source) {
		sources_leave(pool->sources, &c->source);
	}
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

struct body *conn_keep_body(struct conn_pool *pool, uint64_t id)
{
	struct conn *c = find(pool, id);
	struct body *body = c != NULL ? c->body : NULL;

	if (body != NULL) {
		c->body = NULL;
	}
	return body;
}

static bool is_idle(const struct conn *c)
{
	return c->state == CONN_HANDSHAKE || (c->state == CONN_HEAD && c->header_len == 0);
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
