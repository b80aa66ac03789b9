/*
 * Replies: one table of statuses, constant bodies, and the same header but for
 * what a handler adds.
 *
 * Two requests with the same outcome get the same bytes but for Date: an
 * unknown path and one whose sender may not know of it look alike.
 */
#ifndef RECEIVER_HTTP_REPLY_H
#define RECEIVER_HTTP_REPLY_H

#include <stddef.h>

#include "base/buf.h"

/* Seconds that a sender is asked to wait when we have too much to do, as text. */
#define REPLY_RETRY_AFTER "5"

/* Room for the header of a reply. */
#define REPLY_HEADER_BYTES 4096

/* More than the statuses of the table: for arrays by reply_index(). */
#define REPLY_STATUSES 32

/*
 * One line of a header.  A value with a control character is left out with
 * its name: nobody writes a line of ours.
 */
struct reply_header {
	const char *name;
	const char *value;
};

struct reply {
	int status;               // of the table; another becomes 500
	const char *content_type; // of body; NULL: plain text
	const char *body;         // NULL: the constant body of the status
	size_t body_len;
	/*
	 * More lines; one of a name that would be sent anyway (Cache-Control,
	 * Retry-After with 429 and 503) takes its place.
	 */
	const struct reply_header *headers;
	size_t header_count;
};

/* How a reply is written; any of them together. */
enum reply_options {
	REPLY_WHOLE = 0,
	REPLY_WITHOUT_BODY = 1, // the request was HEAD: the body is announced and not sent
	REPLY_KEEP = 2          // the connection goes on after it
};

/*
 * Append the whole reply to out, as options (enum reply_options) say.  Never
 * fails if out has room for LIMIT_RESPONSE_BYTES and REPLY_HEADER_BYTES; a
 * body over LIMIT_RESPONSE_BYTES becomes a 500, and lines of headers that do
 * not fit into REPLY_HEADER_BYTES are left out.  304 has neither a body nor
 * its length (RFC 9110, 15.4.5).  Returns the status that was written.
 */
int reply_write(struct buf *out, const struct reply *reply, unsigned options);

/* Index of a status in the table; that of 500 if it is not there. */
size_t reply_index(int status);

#endif
