/*
 * The inside of the daemon, shared by daemon.c (life), daemon_parts.c (what
 * is put together in which order) and daemon_reload.c.
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
	struct conn_pool *conns;      // of senders
	struct conn_pool *admin_conns; // of status and control
	struct intake *intake;
	struct admin *admin;
	struct tls_context *tls;      // or NULL
	struct inherited *inherited;  // sockets of the supervisor, until all listen
	struct supervisor *supervisor;
	struct listener *listeners[DAEMON_LISTENERS];
	size_t listener_count;
	struct daemon_leftover *leftover;
	unsigned long long refused[2][32]; // likewise refusals, by pool and reason
	unsigned long long log_lines[4];   // counted already, by level
	unsigned long long readers_lost;   // counted already
	bool draining;
	int64_t drain_began_ms;
	int exit_status;
};

/* daemon_parts.c: make all parts. 0, or an exit status with err. */
int daemon_build(struct daemon *d, struct error *err);

/* daemon_parts.c: take up what was unfinished; after daemon_apply(). */
void daemon_take_up(struct daemon *d);

/* daemon_parts.c: open the listeners. 0, or an exit status with err. */
int daemon_listen(struct daemon *d, struct error *err);

/* daemon_parts.c: close all listeners; open connections go on. */
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
