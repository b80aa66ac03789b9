/*
 * The front of the receiver: pools of connections, who answers in them, and
 * the listeners that fill them.
 *
 * Strangers call at the public door, accounts of this machine at the hook's
 * socket, whoever reaches it at the status address, and the operator alone at
 * the control socket.  Each of these has a pool of its own, so that a crowd at
 * one of them takes no place from those who come in elsewhere.  A number of a
 * connection is good in its pool only: so each pool has an intake or an admin
 * of its own, too.
 */
#include "receiver/serve/daemon_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/xalloc.h"
#include "receiver/catalog/catalog.h"
#include "receiver/door/admin.h"
#include "receiver/door/intake.h"
#include "receiver/http/inherited.h"
#include "receiver/http/listen.h"
#include "receiver/http/tls.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"
#include "receiver/serve/world.h"

_Static_assert(REFUSALS <= DAEMON_REFUSALS, "there is a counter for each reason");

/*
 * Places of the pools that have no setting, and how large a part of the file
 * descriptors they may take where these are few.  A scraper or a browser asks
 * more than once on a connection; senders of deliveries may not.
 */
static const struct {
	unsigned connections;
	unsigned requests;
	unsigned descriptors;
} pool_sizes[DAEMON_POOLS] = {
	[DAEMON_PUBLIC] = { 0, 1, 100 },
	[DAEMON_HOOK] = { 256, 1, 25 },
	[DAEMON_STATUS] = { 256, 100, 25 },
	[DAEMON_CONTROL] = { 32, 100, 25 },
};

/* The hook's answers may wait for a decision: so long and this margin they stay open. */
#define HOOK_WAIT_MARGIN_MS 2000

static void on_accepted(void *ctx, const struct record_push *push)
{
	world_accept(((struct daemon *)ctx)->world, push);
}

static void on_learned(void *ctx, const char *address, const char *repository)
{
	catalog_learn_address(((struct daemon *)ctx)->catalog, address, repository);
}

void daemon_tell_decided(struct daemon *d, const struct delivery_decision *decision)
{
	for (unsigned i = 0; i < DAEMON_INTAKES; i++) {
		intake_decided(d->intakes[i], decision);
	}
}

static void count_refusals(struct daemon *d, struct conn_pool *pool, unsigned long long *counted)
{
	const struct conn_counters *counters = conn_pool_counters(pool);

	for (unsigned i = 0; i < REFUSALS; i++) {
		unsigned long long more = counters->refused[i] - counted[i];

		counted[i] = counters->refused[i];
		if (more > 0) {
			metrics_count(d->metrics, METRIC_CONNECTIONS_REFUSED,
				      conn_refusal_name((enum conn_refusal)i), NULL, more);
		}
	}
}

void daemon_refresh_connections(struct daemon *d)
{
	unsigned open = 0;

	for (unsigned i = 0; i < DAEMON_POOLS; i++) {
		count_refusals(d, d->conns[i], d->refused[i]);
		open += conn_pool_counters(d->conns[i])->open;
	}
	metrics_set(d->metrics, METRIC_CONNECTIONS, NULL, open);
}

static struct intake *build_intake(struct daemon *d, struct conn_pool *conns)
{
	struct intake_options options = {
		.base = d->base,
		.conns = conns,
		.store = d->store,
		.metrics = d->metrics,
		.accepted = on_accepted,
		.learned = on_learned,
		.ctx = d,
	};

	return intake_new(&options);
}

static struct admin *build_admin(struct daemon *d, struct conn_pool *conns)
{
	struct admin_parts parts = {
		.conns = conns,
		.store = d->store,
		.catalog = d->catalog,
		.metrics = d->metrics,
		.status = d->status,
		.refresh = daemon_refresh_metrics,
		.accepted = on_accepted,
		.ctx = d,
	};

	return admin_new(&parts);
}

/* What the configuration says of connections; NULL: nothing yet. */
static struct conn_limits limits_of(enum daemon_pool pool, const struct config *c)
{
	struct conn_limits limits = conn_limits_default;

	limits.requests = pool_sizes[pool].requests;
	limits.descriptors = pool_sizes[pool].descriptors;
	if (pool != DAEMON_PUBLIC) {
		limits.connections = pool_sizes[pool].connections;
	} else if (c != NULL) {
		limits.connections = c->max_connections;
		limits.per_peer = c->max_connections_per_address;
		limits.per_peer_new = c->new_connections_per_address;
	}
	if (c != NULL && limits.phase_ms[CONN_STORE] < (int)c->hook_wait + HOOK_WAIT_MARGIN_MS) {
		limits.phase_ms[CONN_STORE] = (int)c->hook_wait + HOOK_WAIT_MARGIN_MS;
	}
	return limits;
}

void daemon_build_front(struct daemon *d)
{
	for (unsigned i = 0; i < DAEMON_POOLS; i++) {
		struct conn_limits limits = limits_of((enum daemon_pool)i, NULL);

		d->conns[i] = conn_pool_new(d->base, &limits);
	}
	d->intakes[DAEMON_PUBLIC] = build_intake(d, d->conns[DAEMON_PUBLIC]);
	d->intakes[DAEMON_HOOK] = build_intake(d, d->conns[DAEMON_HOOK]);
	d->status_admin = build_admin(d, d->conns[DAEMON_STATUS]);
	d->control_admin = build_admin(d, d->conns[DAEMON_CONTROL]);
}

void daemon_apply_front(struct daemon *d)
{
	for (unsigned i = 0; i < DAEMON_POOLS; i++) {
		struct conn_limits limits =
			limits_of((enum daemon_pool)i, d->settings->config);

		conn_pool_set_limits(d->conns[i], &limits);
	}
	for (unsigned i = 0; i < DAEMON_INTAKES; i++) {
		intake_set_settings(d->intakes[i], d->settings);
	}
}

/* One more listener, whose connections go to a pool. */
static int listen_at(struct daemon *d, enum daemon_pool pool, const char *address,
		     struct listener_settings settings, struct error *err)
{
	settings.address = address;
	settings.inherited = d->inherited;
	if (d->listener_count == DAEMON_LISTENERS) {
		return error_set(err, EX_CONFIG, "more than %d listeners", DAEMON_LISTENERS);
	}
	struct listener *l = listener_new(d->base, d->conns[pool], &settings, err);
	if (l == NULL) {
		return EX_UNAVAILABLE;
	}
	d->listeners[d->listener_count++] = l;
	log_info("listening", "address", address, "port", LOG_INT(listener_port(l)), NULL);
	return 0;
}

static int listen_unix(struct daemon *d, enum daemon_pool pool, const char *path,
		       struct listener_settings settings, struct error *err)
{
	char *address = xasprintf("unix:%s", path);
	int r = listen_at(d, pool, address, settings, err);

	free(address);
	return r;
}

/* Where senders call. */
static int listen_for_senders(struct daemon *d, struct error *err)
{
	const struct config *c = d->settings->config;
	struct listener_settings settings = {
		.mode = c->socket_mode, .handler = intake_handler(d->intakes[DAEMON_PUBLIC])
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->listen.count; i++) {
		bool is_unix = strncmp(c->listen.items[i], "unix:", 5) == 0;

		settings.tls = is_unix ? NULL : d->tls;
		r = listen_at(d, DAEMON_PUBLIC, c->listen.items[i], settings, err);
	}
	if (r == 0 && c->socket != NULL && c->socket[0] != '\0') {
		settings.tls = NULL;
		settings.handler = intake_handler(d->intakes[DAEMON_HOOK]);
		r = listen_unix(d, DAEMON_HOOK, c->socket, settings, err);
	}
	return r;
}

/* Where operators and probes call. */
static int listen_for_operators(struct daemon *d, struct error *err)
{
	const struct config *c = d->settings->config;
	struct listener_settings status = {
		.mode = c->socket_mode, .handler = admin_status_handler(d->status_admin)
	};
	struct listener_settings control = {
		.mode = 0600, .handler = admin_control_handler(d->control_admin)
	};
	char *path = xasprintf("%s/control.sock", c->state_directory);
	int r = listen_unix(d, DAEMON_CONTROL, path, control, err);

	if (r == 0 && c->status_listen[0] != '\0') {
		r = listen_at(d, DAEMON_STATUS, c->status_listen, status, err);
	}
	free(path);
	return r;
}

int daemon_listen(struct daemon *d, struct error *err)
{
	const struct config *c = d->settings->config;
	int r = 0;

	if (c->tls_cert_file != NULL) {
		d->tls = tls_context_new(c->tls_cert_file, c->tls_key_file, err);
		r = d->tls != NULL ? 0 : EX_CONFIG;
	}
	r = r == 0 ? listen_for_senders(d, err) : r;
	r = r == 0 ? listen_for_operators(d, err) : r;
	if (r == 0 && inherited_check_all_given(d->inherited, err) < 0) {
		r = EX_CONFIG;
	}
	if (r == 0) {
		status_set(d->status, STATUS_LISTENERS, true, NULL);
	}
	return r;
}

void daemon_close_listeners(struct daemon *d)
{
	while (d->listener_count > 0) {
		listener_free(d->listeners[--d->listener_count]);
	}
}

static void on_pool_drained(void *ctx)
{
	struct daemon *d = ctx;

	if (--d->pools_draining == 0) {
		d->drained(d);
	}
}

void daemon_drain_senders(struct daemon *d, int ms, void (*done)(struct daemon *d))
{
	d->drained = done;
	d->pools_draining = DAEMON_INTAKES;
	for (unsigned i = 0; i < DAEMON_INTAKES; i++) {
		conn_pool_drain(d->conns[i], ms, on_pool_drained, d);
	}
}

void daemon_free_front(struct daemon *d)
{
	for (unsigned i = 0; i < DAEMON_INTAKES; i++) {
		intake_free(d->intakes[i]);
	}
	admin_free(d->status_admin);
	admin_free(d->control_admin);
	for (unsigned i = 0; i < DAEMON_POOLS; i++) {
		conn_pool_free(d->conns[i]);
	}
}
