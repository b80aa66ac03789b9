/*
 * The answer to one request, read as it arrives.
 *
 * For those who ask over a socket of this machine and do without a library:
 * the hook, and the verbs that talk to the running receiver.  Read as
 * strictly as requests are: status line, fields, and a body that ends with
 * its Content-Length, with its last chunk, or with the connection.
 */
#ifndef LIB_HTTP_ANSWER_H
#define LIB_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/chunk.h"
#include "http/head.h"

/* Interim answers (100 to 199) that may come before the answer. */
#define HTTP_INTERIM_MAX 8

struct http_answer {
	int status;             // 200 to 599 once the head is read, 0 before
	struct buf body;        // what came of the body, decoded
	const char *reason;     // HTTP_REFUSED: constant text, without the peer's data
	enum http_result state; // what http_answer_feed() returned last; HTTP_MORE at first
	struct buf head; // private, as the rest
	struct http_chunk chunk;
	bool chunked;
	bool has_length;
	uint64_t left; // bytes of the body still to come, with has_length
	unsigned interim;
};

/* Start an answer whose body has at most max bytes.  To be released. */
void http_answer_init(struct http_answer *a, size_t max);

/* Free what the answer holds. */
void http_answer_release(struct http_answer *a);

/*
 * Take the next len bytes.  HTTP_MORE: the answer goes on.  HTTP_OK: it is
 * complete; what follows in bytes is ignored.  HTTP_REFUSED: it is not HTTP,
 * or its body is broken or over the ceiling, as a->reason says; a->status is
 * not 0 then if the head was in order, and a->body holds what came before.
 * Once HTTP_OK or HTTP_REFUSED was returned, further calls return the same.
 */
enum http_result http_answer_feed(struct http_answer *a, const char *bytes, size_t len);

/*
 * The connection has ended.  HTTP_OK: the answer is complete, because it was
 * before or because its body ends here.  HTTP_REFUSED: it is not.
 */
enum http_result http_answer_end(struct http_answer *a);

#endif
