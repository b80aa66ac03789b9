/*
 * The listeners that are not for senders: status (health and metrics, for
 * loopback and Prometheus) and control (a unix socket that only the owner of
 * the state directory may open, for the command line).
 *
 *   status   GET /healthz, GET /readyz, GET /metrics
 *   control  those, and
 *            POST /replay/ID            {"delivery": NEW}
 *            GET /applications?from=N   {"total": N, "ready": B, "applications": [...],
 *                                       "problems": [...], "next": N}
 *
 * Applications come in pages, bounded in number and bytes; "next" is where the
 * page after this one begins, and is missing in the last.  Problems are in the
 * first.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_DOOR_ADMIN_H
#define RECEIVER_DOOR_ADMIN_H

#include "receiver/http/conn.h"
#include "record/record.h"

struct admin;
struct catalog;
struct metrics;
struct status;
struct store;

/*
 * Applications in one answer, and bytes of them; as many of problems.  One more
 * of each may begin below the ceiling: an answer of LIMIT_RESPONSE_BYTES (4 MB)
 * has room for all of that.
 */
#define ADMIN_PAGE 2000
#define ADMIN_PAGE_BYTES (1024U * 1024)

struct admin_parts {
	struct conn_pool *conns;
	struct store *store;
	struct catalog *catalog;
	struct metrics *metrics;
	struct status *status;
	/* Before metrics are rendered: bring gauges up to date. */
	void (*refresh)(void *ctx);
	/* A repeat was stored; borrowed for the call. */
	void (*accepted)(void *ctx, const struct record_push *push);
	void *ctx;
};

/* An admin; its parts must outlive it. Never NULL. */
struct admin *admin_new(const struct admin_parts *parts);

/* Free it; the store was freed before. NULL is fine. */
void admin_free(struct admin *a);

/* The handlers for the two listeners; they live as long as the admin. */
const struct conn_handler *admin_status_handler(const struct admin *a);
const struct conn_handler *admin_control_handler(const struct admin *a);

#endif
