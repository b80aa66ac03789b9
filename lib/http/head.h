/*
 * The room for HTTP as bytes, requests and answers; and of this header: the head
 * of an HTTP/1.1 request, its request line and header fields.
 *
 * Connections (receiver/http) read requests with it; the hook and the verbs that
 * call a receiver read answers.  It never opens a connection and never waits:
 * bytes come in, meanings go out.
 *
 * A pure function over the bytes received so far: no allocation, no state
 * between calls; the result points into the caller's bytes.  It is stricter
 * than RFC 9112 asks: whatever two programs could read in two ways is
 * refused, so that a proxy in front of us and we never disagree.
 */
#ifndef LIB_HTTP_HEAD_H
#define LIB_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

/* Digits of the largest Content-Length that is read at all. */
#define HTTP_LENGTH_DIGITS 10

enum http_result {
	HTTP_OK = 0,     // complete
	HTTP_MORE = 1,   // all right so far, more bytes are needed
	HTTP_REFUSED = 2 // answer with the status and close
};

/* Bytes of somebody else. Not NUL-terminated before http_head_terminate(). */
struct http_span {
	const char *at; // NULL: absent
	size_t len;
};

struct http_field {
	struct http_span name;  // as sent, any case
	struct http_span value; // white space around it removed, may be empty
};

struct http_head {
	struct http_span method;
	struct http_span path;    // begins with '/', not decoded
	struct http_span query;   // what follows '?'; at is NULL without one
	int minor;                // 1: HTTP/1.1, 0: HTTP/1.0
	struct http_field fields[LIMIT_HEADER_LINES];
	size_t field_count;
	uint64_t content_length;  // 0 without Content-Length
	bool has_length;          // there was a Content-Length
	bool chunked;             // Transfer-Encoding: chunked
	bool expect_continue;     // the peer waits for "100 Continue"
	size_t size;              // bytes of the head with its empty line: the body follows
	int status;               // HTTP_REFUSED: 400, 413, 414, 415, 417, 431, 501 or 505
	const char *reason;       // HTTP_REFUSED: constant text for logs, without peer data
};

/*
 * Read a head from the first len of bytes.  Call it with all bytes received
 * since the connection began, each time some more have come; calls that saw
 * no new LF, and are not the first, can be left out while len is below
 * LIMIT_HEADER_BYTES.  The result does not depend on how the bytes were split.
 *
 * HTTP_OK: *ret_head is filled in and points into bytes.  HTTP_MORE: never
 * returned once len reaches LIMIT_HEADER_BYTES.  HTTP_REFUSED: status and
 * reason are set; the rest of *ret_head is not to be used.
 */
enum http_result http_head_parse(const char *bytes, size_t len, struct http_head *ret_head);

/*
 * Write a NUL after each span of the head, over the separator that stood
 * there, so that the spans are C strings too.  bytes is what head was parsed
 * from; the body behind the head is not touched.
 */
void http_head_terminate(char *bytes, const struct http_head *head);

/* The first field of that name (any case), or NULL. Borrowed from head. */
const struct http_field *http_head_field(const struct http_head *head, const char *name);

/* True if the span holds exactly text. */
bool http_span_is(struct http_span span, const char *text);

/* True if the span holds text in any case of ASCII letters. */
bool http_span_is_nocase(struct http_span span, const char *text);

#endif
