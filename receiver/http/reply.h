/*
 * Replies: one table of statuses, constant bodies, always the same header.
 *
 * Two requests with the same outcome get the same bytes but for Date: an
 * unknown path and one whose sender may not know of it look alike.
 */
#ifndef RECEIVER_HTTP_REPLY_H
#define RECEIVER_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Seconds that a sender is asked to wait when we have too much to do. */
#define REPLY_RETRY_AFTER 5

/* More than the statuses of the table: for arrays by reply_index(). */
#define REPLY_STATUSES 32

struct reply {
	int status;               // of the table; another becomes 500
	const char *content_type; // of body; NULL: plain text
	const char *body;         // NULL: the constant body of the status
	size_t body_len;
	const char *allow;        // value of Allow (405), or NULL
	unsigned retry_after;     // seconds; 0: REPLY_RETRY_AFTER with 429 and 503, none otherwise
};

/*
 * Append the whole reply to out.  without_body: the request was HEAD, so
 * the header announces a body that is not sent.  Never fails if out has room
 * for LIMIT_RESPONSE_BYTES and 1 KB; a body over LIMIT_RESPONSE_BYTES becomes
 * a 500.
 */
void reply_write(struct buf *out, const struct reply *reply, bool without_body);

/* How many statuses the table has. */
size_t reply_count(void);

/* Status i of the table; i below reply_count(). */
int reply_status(size_t i);

/* Index of a status in the table; that of 500 if it is not there. */
size_t reply_index(int status);

#endif
