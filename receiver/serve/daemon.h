/*
 * The room for "doorbell serve": all parts put together, run, reloaded, and taken
 * apart; and the seam between the deciding core and those who do what it asks
 * (world.h).
 *
 * The verb "serve" alone calls it.  It never decides whom a push affects or when
 * a trigger is tried, which lib/delivery does; and never reads the command line.
 */
#ifndef RECEIVER_SERVE_DAEMON_H
#define RECEIVER_SERVE_DAEMON_H

#include "base/strvec.h"

struct config;

/* Where the configuration comes from: asked at the start and at each reload. */
struct daemon_input {
	/* As config_load(): 0 with *ret_config, or -1 with problems. */
	int (*load)(void *ctx, struct config **ret_config, struct strvec *problems,
		    struct strvec *warnings);
	void *ctx;
};

/*
 * Run until a signal ends it. input must live as long. Logs to standard
 * error. Returns the exit status: 0 after SIGTERM or SIGINT, 70 when the
 * journal failed, 78 configuration, 69 an address or directory that cannot be
 * had.
 */
int daemon_run(const struct daemon_input *input);

#endif
