/*
 * doorbell serve: all parts put together, run, and taken apart.
 */
#ifndef RECEIVER_DAEMON_H
#define RECEIVER_DAEMON_H

#include "config/config.h"

/*
 * Run until a signal ends it. input is where the configuration comes from,
 * also at each reload; it must live as long. Logs to standard error. Returns
 * the exit status: 0 after SIGTERM or SIGINT, 70 when the journal failed, 78
 * configuration, 69 an address or directory that cannot be had.
 */
int daemon_run(const struct config_input *input);

#endif
