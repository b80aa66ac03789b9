/*
 * What heads of requests and of answers have in common: lines, the version,
 * header fields, and how the end of the body is told.  For head.c and
 * answer.c only.  Each function that returns HTTP_REFUSED has set status and
 * reason of head.
 */
#ifndef LIB_HTTP_HEAD_IMPL_H
#define LIB_HTTP_HEAD_IMPL_H

#include "http/head.h"

/*
 * The line that begins at *pos of len bytes, without its CRLF, in *ret_line;
 * *pos moves behind it.  HTTP_OK, HTTP_MORE if its LF has not come, or
 * HTTP_REFUSED if it ends without CR.
 */
enum http_result http_head_next_line(const char *bytes, size_t len, size_t *pos,
				     struct http_span *ret_line, struct http_head *head);

/* Read "HTTP/1.1" or "HTTP/1.0" into head->minor.  HTTP_OK or HTTP_REFUSED. */
enum http_result http_head_read_version(struct http_head *head, struct http_span version);

/*
 * Read fields from pos up to the empty line into head->fields, and set
 * head->size behind it.  HTTP_OK, HTTP_MORE or HTTP_REFUSED.
 */
enum http_result http_head_read_fields(struct http_head *head, const char *bytes, size_t len,
				       size_t pos);

/*
 * Judge Transfer-Encoding and Content-Length, of which at most one may be
 * there, once: sets chunked, has_length and content_length.  HTTP_OK or
 * HTTP_REFUSED.
 */
enum http_result http_head_judge_framing(struct http_head *head);

/* How many fields have that name (any case). */
size_t http_head_count(const struct http_head *head, const char *name);

#endif
