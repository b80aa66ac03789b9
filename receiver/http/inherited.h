/*
 * Listening sockets that a supervisor opened for us (socket activation, as
 * sd_listen_fds(3) says): callers wait in them while we are started anew.
 *
 * Each belongs to the address of the configuration that it is bound to; the
 * names that a supervisor gives them are not looked at.  Loop thread only.
 */
#ifndef RECEIVER_HTTP_INHERITED_H
#define RECEIVER_HTTP_INHERITED_H

#include <stddef.h>

#include "base/error.h"

/* More than there are addresses to listen at is a mistake. */
#define INHERITED_MAX 128

struct inherited;

/*
 * Take over the sockets that $LISTEN_FDS counts, if $LISTEN_PID means us, and
 * remove these variables. *ret_inherited (inherited_free()) may hold none.  0,
 * or -1 with err: one of them does not listen for streams, or they are too many.
 */
int inherited_take(struct inherited **ret_inherited, struct error *err);

/* Close those that nobody took. NULL is fine. */
void inherited_free(struct inherited *inherited);

/*
 * Give away those that are bound to address (as listener_new() takes it), at most
 * max: they are the caller's.  How many are in ret_fds; 0: none is.  A name is
 * looked up, which may take time. inherited may be NULL.
 */
size_t inherited_give(struct inherited *inherited, const char *address, int *ret_fds, size_t max);

/* 0, or -1 with err that names the first one that nobody took. NULL is fine. */
int inherited_check_all_given(const struct inherited *inherited, struct error *err);

#endif
