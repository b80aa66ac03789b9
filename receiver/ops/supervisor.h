/*
 * What a supervisor, such as systemd, is told of our life: by the protocol of
 * sd_notify(3), which is a datagram to the socket that $NOTIFY_SOCKET names.
 * Without that variable nothing is told.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_OPS_SUPERVISOR_H
#define RECEIVER_OPS_SUPERVISOR_H

#include <stdint.h>

struct supervisor;

/*
 * Read and remove $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, so that no
 * child speaks for us. Never NULL.
 */
struct supervisor *supervisor_new(void);

/* Free it. NULL is fine. */
void supervisor_free(struct supervisor *s);

/* Everything is in place: who connects is served. */
void supervisor_ready(struct supervisor *s);

/* The configuration is read again; supervisor_ready() follows. */
void supervisor_reloading(struct supervisor *s);

/* The end has begun. */
void supervisor_stopping(struct supervisor *s);

/*
 * The loop turns.  Told on if the supervisor wants to know, at most once in half
 * of the time after which it would take us for dead. now_ms: monotonic.
 */
void supervisor_alive(struct supervisor *s, int64_t now_ms);

#endif
