/*
 * Is the receiver alive, and may it be sent deliveries?
 *
 * /healthz asks for its life: the loop and the writer thread move and the
 * journal can be trusted; a supervisor restarts what is not healthy.
 * /readyz asks whether to send it work.  Any thread may report.
 */
#ifndef RECEIVER_OPS_STATUS_H
#define RECEIVER_OPS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct status;

/* What has to keep moving. */
enum status_part {
	STATUS_LOOP,
	STATUS_WRITER,
	STATUS_PARTS
};

/* What has to be so. */
enum status_check {
	STATUS_JOURNAL,      // it can be written; also of /healthz
	STATUS_ROOM,         // there is room for a delivery: status_set_room()
	STATUS_LISTENERS,    // all are open
	STATUS_APPLICATIONS, // they have been loaded
	STATUS_SERVING,      // not draining
	STATUS_CHECKS
};

/* A part that did not move for so long is stuck. */
#define STATUS_STUCK_MS 10000

/* New: all parts moved at now (monotonic ms), the journal is good, nothing else is yet. */
struct status *status_new(int64_t now);

/* Free; NULL is fine. */
void status_free(struct status *s);

/* A part moved. To be called every second or so. s may be NULL. */
void status_beat(struct status *s, enum status_part part, int64_t now);

/*
 * A check holds, or does not and why not: a constant text, kept by reference
 * (NULL where it holds). s may be NULL.
 */
void status_set(struct status *s, enum status_check check, bool holds, const char *why);

/*
 * The check STATUS_ROOM: may a delivery be stored, and how many bytes are free
 * on the journal's disk (UINT64_MAX: not known)? s may be NULL.
 */
void status_set_room(struct status *s, bool holds, uint64_t free_bytes);

/*
 * Append a line for each part or check ("ok journal", "failed journal: ...")
 * and return whether all hold: 200, else 503.
 */
bool status_healthz(struct status *s, int64_t now, struct buf *out);
bool status_readyz(struct status *s, struct buf *out);

#endif
