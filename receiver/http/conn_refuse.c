/*
 * Who is not served, and why: one table, one counter and one kind of log line.
 *
 * Strangers decide how often that happens, so the lines are limited for each
 * reason by itself; the counters are not.
 */
#include "base/mstime.h"
#include "receiver/http/conn_impl.h"

static const struct {
	const char *name;
	enum log_level level;
} refusals[REFUSALS] = {
	[REFUSAL_PEER_OPEN] = { "address_connections", LOG_LEVEL_WARN },
	[REFUSAL_PEER_NEW] = { "address_new_connections", LOG_LEVEL_WARN },
	[REFUSAL_DESCRIPTORS] = { "descriptors", LOG_LEVEL_WARN },
	[REFUSAL_BODIES] = { "bodies", LOG_LEVEL_WARN },
	[REFUSAL_SILENT] = { "crowd_silent", LOG_LEVEL_WARN },
	[REFUSAL_CROWD] = { "crowd", LOG_LEVEL_WARN },
	[REFUSAL_PROXY] = { "proxy", LOG_LEVEL_WARN },
	/* What scanners and probes of load balancers leave behind is no news. */
	[REFUSAL_HANDSHAKE] = { "handshake", LOG_LEVEL_INFO },
	[REFUSAL_LATE + CONN_PROXY] = { "proxy_deadline", LOG_LEVEL_WARN },
	[REFUSAL_LATE + CONN_HANDSHAKE] = { "handshake_deadline", LOG_LEVEL_INFO },
	[REFUSAL_LATE + CONN_HEAD] = { "head_deadline", LOG_LEVEL_INFO },
	[REFUSAL_LATE + CONN_BODY] = { "body_deadline", LOG_LEVEL_WARN },
	[REFUSAL_LATE + CONN_STORE] = { "store_deadline", LOG_LEVEL_WARN },
	[REFUSAL_LATE + CONN_REPLY] = { "reply_deadline", LOG_LEVEL_WARN },
};

const char *conn_refusal_name(enum conn_refusal refusal)
{
	return refusals[refusal].name;
}

void conn_pool_refused(struct conn_pool *pool, enum conn_refusal refusal, const char *where,
		       const char *address)
{
	uint64_t left_out = 0;

	pool->counters.refused[refusal]++;
	if (log_limit_pass(&pool->logged[refusal], mstime_monotonic(), &left_out)) {
		log_write(refusals[refusal].level, "connection not served", "reason",
			  refusals[refusal].name, where, address, "not_logged",
			  left_out > 0 ? LOG_INT(left_out) : NULL, NULL);
	}
}

void conn_refused(struct conn *c, enum conn_refusal refusal)
{
	conn_pool_refused(c->pool, refusal, "peer", c->peer.address);
}
