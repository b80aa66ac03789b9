/*
 * Delivering what a repository's hook has spooled.
 */
#ifndef RECEIVER_CLI_HOOK_DELIVER_H
#define RECEIVER_CLI_HOOK_DELIVER_H

#include "hooks/deliver.h"

/* How the receiver of conf is spoken to: over its socket, or over HTTP(S). Never NULL. */
hook_send_fn cli_hook_sender(const struct hook_conf *conf);

/*
 * Deliver all that is spooled in the repository at path.  With wait_id not
 * NULL that delivery goes first, what the pusher should read about it is
 * printed, and whoever reads standard output sees its end before the others
 * follow.  Returns the exit status: EX_OK, EX_UNAVAILABLE if something is left,
 * EX_NOINPUT if there is no hook.conf there that can be read.
 */
int cli_hook_deliver(const char *path, const char *wait_id);

#endif
