/*
 * The life of the receiver: start, run, reload, drain, end.
 *
 *   start   configuration, parts, what was unfinished, applications, listeners
 *   SIGHUP  and changes of the file: daemon_reload.c
 *   SIGTERM no more connections; requests under way are answered; tries under
 *           way get drainTimeout; the journal is closed.  What is left is taken
 *           up at the next start.
 */
#include "receiver/serve/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "base/mstime.h"
#include "receiver/http/conn.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"
#include "receiver/ops/watch.h"
#include "receiver/serve/cache.h"
#include "receiver/serve/daemon_impl.h"
#include "receiver/serve/world.h"

/* How often to look whether the last try has ended while draining. */
#define DRAIN_LOOK_MS 50

static void on_config_changed(void *ctx)
{
	daemon_reload(ctx, false);
}

/*
 * The pulse of the loop, which /healthz looks at: a loop that is stuck in
 * something cannot give it.
 */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	status_beat(d->status, STATUS_LOOP, mstime_monotonic());
}

/*
 * Draining, second half: connections are gone, and now what is under way is
 * waited for, for as long as drainTimeout from the beginning of it all. Nobody
 * tells when the last try has ended, as none of those who make tries knows of
 * the others; so it is looked at every DRAIN_LOOK_MS.
 */
static void on_drain_look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { .tv_usec = DRAIN_LOOK_MS * 1000 };
	struct daemon *d = arg;
	size_t busy = world_busy(d->world);

	(void)fd;
	(void)what;
	if (busy == 0 ||
	    mstime_monotonic() - d->drain_began_ms > d->settings->config->drain_timeout) {
		log_info("stopped", "unfinished", LOG_INT(busy), NULL);
		event_base_loopbreak(d->base);
		return;
	}
	evtimer_add(d->patience, &again);
}

static void on_connections_gone(void *ctx)
{
	static const struct timeval now = { 0 };
	struct daemon *d = ctx;

	evtimer_add(d->patience, &now);
}

/*
 * The end begins. The order matters: readiness turns first, so that no balancer
 * sends anybody any more; the core begins no try; then nobody new is let in.
 * Connections that are open are answered, which may still store deliveries and
 * ask the core, and only when the last is gone (on_connections_gone()) are
 * tries waited for. The control and status listeners close with the others; the
 * connections that they have are served until the end.
 */
static void drain(struct daemon *d)
{
	int64_t limit = d->settings->config->drain_timeout;

	d->draining = true;
	d->drain_began_ms = mstime_monotonic();
	log_info("stopping", NULL);
	status_set(d->status, STATUS_SERVING, false, "stopping");
	delivery_drain(world_core(d->world));
	daemon_close_listeners(d);
	conn_pool_drain(d->conns, (int)limit, on_connections_gone, d);
}

/*
 * Signals arrive as events of the loop, so whatever they bring about happens
 * between two requests, never in one. SIGHUP reloads even if the file is as it
 * was: whoever sends it wants to read in the log that it was done.
 */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	if (number == SIGHUP) {
		daemon_reload(d, true);
	} else if (!d->draining) {
		drain(d);
	} else {
		/* Asked twice: now. */
		event_base_loopbreak(d->base);
	}
}

static void add_events(struct daemon *d)
{
	static const int numbers[DAEMON_SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	static const struct timeval second = { .tv_sec = 1 };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < DAEMON_SIGNALS; i++) {
		d->signals[i] = evsignal_new(d->base, numbers[i], on_signal, d);
		event_add(d->signals[i], NULL);
	}
	d->tick = event_new(d->base, -1, EV_PERSIST, on_tick, d);
	event_add(d->tick, &second);
	d->patience = evtimer_new(d->base, on_drain_look, d);
	d->watch = watch_new(d->base, on_config_changed, d);
}

static void free_events(struct daemon *d)
{
	for (size_t i = 0; i < DAEMON_SIGNALS; i++) {
		event_free(d->signals[i]);
	}
	event_free(d->tick);
	event_free(d->patience);
}

/* As many descriptors as we may have: connections need them. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/*
 * From nothing to serving. The settings are applied before what was unfinished
 * is taken up, since refs, triggers and pushes are handed to parts that must
 * know their repositories and targets by then. The listeners come last: whoever
 * can connect finds everything in its place. Returns 0, or an exit status with
 * err; what was made is taken apart by the caller in both cases.
 */
static int start(struct daemon *d, struct error *err)
{
	int r = daemon_build(d, err);

	if (r != 0) {
		return r;
	}
	cache_remove_others(d->settings->config->state_directory, d->settings->repositories);
	daemon_apply(d);
	daemon_take_up(d);
	r = daemon_listen(d, err);
	if (r == 0) {
		status_set(d->status, STATUS_SERVING, true, NULL);
	}
	return r;
}

int daemon_run(const struct daemon_input *input)
{
	struct daemon d = { .input = input };
	struct error err = ERROR_INIT;

	daemon_setup_log(NULL);
	if (daemon_load(&d, &d.settings, d.fingerprint) < 0) {
		return EX_CONFIG;
	}
	daemon_setup_log(d.settings->config);
	raise_descriptors();
	d.base = event_base_new();
	add_events(&d);
	log_info("doorbell", "version", DOORBELL_VERSION, "configuration",
		 d.settings->config->file, NULL);
	d.exit_status = start(&d, &err);
	if (d.exit_status != 0) {
		log_error("not started", "reason", err.text, NULL);
	} else {
		event_base_dispatch(d.base);
	}
	free_events(&d);
	daemon_take_apart(&d);
	settings_unref(d.settings);
	event_base_free(d.base);
	return d.exit_status;
}
