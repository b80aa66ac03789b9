/*
 * The life of the receiver: start, run, reload, drain, end.
 *
 *   start   configuration, parts, what was unfinished, applications, listeners
 *   SIGHUP  and changes of the file: daemon_reload.c
 *   SIGTERM no more tries; those under way get drainTimeout, and deliveries are
 *           taken meanwhile; then no more connections; requests under way are
 *           answered; the journal is closed.  What is left is taken up at the
 *           next start.
 */
#include "receiver/serve/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "base/mstime.h"
#include "receiver/http/conn.h"
#include "receiver/http/inherited.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"
#include "receiver/ops/supervisor.h"
#include "receiver/ops/watch.h"
#include "receiver/serve/cache.h"
#include "receiver/serve/daemon_impl.h"
#include "receiver/serve/world.h"

/* Who is inside when the listeners close has so long at least for his answer. */
#define DRAIN_ANSWER_MS 1000

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
	supervisor_alive(d->supervisor, mstime_monotonic());
}

/* Draining, second half: the last connection is gone. Nothing is under way any more. */
static void on_connections_gone(struct daemon *d)
{
	log_info("stopped", "unfinished", LOG_INT(world_busy(d->world)), NULL);
	event_base_loopbreak(d->base);
}

/*
 * Draining, first half: what is under way is waited for, for as long as
 * drainTimeout. Nobody tells when the last try has ended, as none of those who
 * make tries knows of the others; so it is looked at every DRAIN_LOOK_MS. Then
 * nobody new is let in, and who is inside is answered.
 */
static void on_drain_look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { .tv_usec = DRAIN_LOOK_MS * 1000 };
	struct daemon *d = arg;
	int64_t left = d->drain_began_ms + d->settings->config->drain_timeout -
		       mstime_monotonic();

	(void)fd;
	(void)what;
	if (world_busy(d->world) > 0 && left > 0) {
		evtimer_add(d->patience, &again);
		return;
	}
	daemon_close_listeners(d);
	daemon_drain_senders(d, left > DRAIN_ANSWER_MS ? (int)left : DRAIN_ANSWER_MS,
			     on_connections_gone);
}

/*
 * The end begins. Readiness turns first, so that no balancer sends anybody any
 * more, and the core begins no try. But those who come nevertheless are let in:
 * a sender needs the journal alone, and many never send again. What is stored
 * now is decided, and rung after the next start. The control and status
 * listeners close with the others, so that /readyz says "stopping" until then.
 */
static void drain(struct daemon *d)
{
	static const struct timeval now = { 0 };

	d->draining = true;
	d->drain_began_ms = mstime_monotonic();
	log_info("stopping", NULL);
	status_set(d->status, STATUS_SERVING, false, "stopping");
	supervisor_stopping(d->supervisor);
	delivery_drain(world_core(d->world));
	evtimer_add(d->patience, &now);
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
		/* A supervisor that sent it waits for both words, whatever becomes of it. */
		supervisor_reloading(d->supervisor);
		daemon_reload(d, true);
		supervisor_ready(d->supervisor);
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
		supervisor_ready(d->supervisor);
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
	d.supervisor = supervisor_new();
	d.exit_status = inherited_take(&d.inherited, &err) < 0 ? EX_CONFIG : start(&d, &err);
	if (d.exit_status != 0) {
		log_error("not started", "reason", err.text, NULL);
	} else {
		event_base_dispatch(d.base);
	}
	free_events(&d);
	daemon_take_apart(&d);
	inherited_free(d.inherited);
	supervisor_free(d.supervisor);
	settings_unref(d.settings);
	event_base_free(d.base);
	return d.exit_status;
}
