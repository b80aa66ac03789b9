/*
 * The inside of the daemon, shared by daemon.c (life), daemon_parts.c (what
 * is put together in which order), daemon_front.c (who comes in) and
 * daemon_reload.c.
 */
#ifndef RECEIVER_SERVE_DAEMON_IMPL_H
#define RECEIVER_SERVE_DAEMON_IMPL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/limits.h"
#include "receiver/serve/daemon.h"
#include "receiver/settings/settings.h"

struct admin;
struct catalog;
struct conn_pool;
struct delivery_decision;
struct fetcher;
struct inherited;
struct intake;
struct listener;
struct lister;
struct metrics;
struct missed;
struct outbound;
struct reader_pool;
struct resolver;
struct observer;
struct ringer;
struct spawner;
struct status;
struct store;
struct supervisor;
struct tls_context;
struct watch;
struct world;

/* Those of the setting "listen", the hook's socket, status and control. */
#define DAEMON_LISTENERS (LIMIT_LISTEN + 3)
#define DAEMON_SIGNALS 3

/* What was unfinished at the last end. */
struct daemon_leftover;

/* Pools of connections, one for each kind of caller; those with an intake first. */
enum daemon_pool {
	DAEMON_PUBLIC,  // the setting "listen"
	DAEMON_HOOK,    // the setting "socket"
	DAEMON_INTAKES,
	DAEMON_STATUS = DAEMON_INTAKES,
	DAEMON_CONTROL,
	DAEMON_POOLS
};

/* Room for the reasons why connections are refused. */
#define DAEMON_REFUSALS 32

struct daemon {
	const struct daemon_input *input;
	struct settings *settings;
	char fingerprint[SHA256_HEX_MAX + 1]; // of the configuration in use, secrets included
	struct event_base *base;
	struct event *signals[DAEMON_SIGNALS];
	struct event *tick;           // every second
	struct event *patience;       // while draining
	struct watch *watch;          // of the configuration
	struct metrics *metrics;
	struct status *status;
	struct store *store;
	struct spawner *spawner;
	struct outbound *outbound;
	struct fetcher *fetcher;
	struct reader_pool *pool;
	struct lister *lister;
	struct resolver *resolver;
	struct catalog *catalog;
	struct world *world;
	struct missed *missed;
	struct ringer *ringer;
	struct observer *observer;
	struct conn_pool *conns[DAEMON_POOLS];
	struct intake *intakes[DAEMON_INTAKES];
	struct admin *status_admin;
	struct admin *control_admin;
	struct tls_context *tls;      // or NULL
	struct inherited *inherited;  // sockets of the supervisor, until all listen
	struct supervisor *supervisor;
	struct listener *listeners[DAEMON_LISTENERS];
	size_t listener_count;
	struct daemon_leftover *leftover;
	unsigned long long refused[DAEMON_POOLS][DAEMON_REFUSALS]; // counted already
	unsigned long long log_lines[4];   // counted already, by level
	unsigned long long readers_lost;   // counted already
	bool draining;
	unsigned pools_draining;      // that still have a connection
	void (*drained)(struct daemon *d);
	int64_t drain_began_ms;
	int exit_status;
};

/* daemon_parts.c: make all parts. 0, or an exit status with err. */
int daemon_build(struct daemon *d, struct error *err);

/* daemon_parts.c: take up what was unfinished; after daemon_apply(). */
void daemon_take_up(struct daemon *d);

/* daemon_parts.c: gauges and counters that others keep; ctx is the daemon. */
void daemon_refresh_metrics(void *ctx);

/* daemon_front.c: make pools and who answers in them; store, catalog and status are there. */
void daemon_build_front(struct daemon *d);

/* daemon_front.c: give them the settings in use. */
void daemon_apply_front(struct daemon *d);

/* daemon_front.c: free all of it, with the connections. */
void daemon_free_front(struct daemon *d);

/* daemon_front.c: a push was decided: tell whoever waits for it. */
void daemon_tell_decided(struct daemon *d, const struct delivery_decision *decision);

/* daemon_front.c: count what the pools have counted. */
void daemon_refresh_connections(struct daemon *d);

/*
 * daemon_front.c: let senders that are inside have their answers, for ms at
 * most, then call done from the loop.
 */
void daemon_drain_senders(struct daemon *d, int ms, void (*done)(struct daemon *d));

/* daemon_front.c: open the listeners. 0, or an exit status with err. */
int daemon_listen(struct daemon *d, struct error *err);

/* daemon_front.c: close all listeners; open connections go on. */
void daemon_close_listeners(struct daemon *d);

/* daemon_parts.c: take apart what is there. */
void daemon_take_apart(struct daemon *d);

/* daemon_reload.c: log as a configuration says; NULL: as the defaults do. */
void daemon_setup_log(const struct config *config);

/*
 * daemon_reload.c: load the configuration. 0 with *ret_settings and its
 * fingerprint, or -1 after the problems were logged.
 */
int daemon_load(struct daemon *d, struct settings **ret_settings,
		char fingerprint[SHA256_HEX_MAX + 1]);

/* daemon_reload.c: give the settings in use to all parts. */
void daemon_apply(struct daemon *d);

/* daemon_reload.c: load again and apply if anything is different; forced: say so if not. */
void daemon_reload(struct daemon *d, bool forced);

#endif
