/*
 * The answer to one request.
 *
 * The head is gathered until its empty line is there, then the body is taken
 * by the rule that the head names (RFC 9112, 6.3).  Section 8: "A client that
 * receives an incomplete response message ... MUST record the message as
 * incomplete": that is HTTP_REFUSED with a status.  Interim answers are
 * passed over; nobody here asks for a change of protocol, so 101 is refused.
 */
#include "http/answer.h"

#include <string.h>

#include "http/chars.h"
#include "http/head_impl.h"

#define STATUS_LINE_MIN 13 // "HTTP/1.1 200 "
#define VERSION_LEN 8

void http_answer_init(struct http_answer *a, size_t max)
{
	*a = (struct http_answer){ .state = HTTP_MORE };
	buf_init(&a->body, max);
	buf_init(&a->head, LIMIT_HEADER_BYTES);
}

void http_answer_release(struct http_answer *a)
{
	buf_release(&a->body);
	buf_release(&a->head);
}

static enum http_result refuse(struct http_answer *a, const char *reason)
{
	a->reason = reason;
	return HTTP_REFUSED;
}

static enum http_result refuse_head(struct http_head *head, const char *reason)
{
	head->reason = reason;
	return HTTP_REFUSED;
}

/* "HTTP/1.1 202 Accepted", without its line end; the code in *ret_code. */
static enum http_result read_status_line(struct http_head *head, struct http_span line,
					 int *ret_code)
{
	const char *code = line.at + VERSION_LEN + 1;

	if (line.len < STATUS_LINE_MIN || line.at[VERSION_LEN] != ' ' || code[3] != ' ') {
		return refuse_head(head, "not a status line");
	}
	if (code[0] < '1' || code[0] > '5' || !http_is_digit(code[1]) || !http_is_digit(code[2])) {
		return refuse_head(head, "not a status code");
	}
	for (size_t i = STATUS_LINE_MIN; i < line.len; i++) {
		if (!http_is_value(line.at[i])) {
			return refuse_head(head, "a control character in the status line");
		}
	}
	*ret_code = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
	return http_head_read_version(head, (struct http_span){ line.at, VERSION_LEN });
}

static enum http_result read_head(const struct buf *in, struct http_head *head, int *ret_code)
{
	struct http_span line;
	size_t pos = 0;
	enum http_result r = http_head_next_line(in->data, in->len, &pos, &line, head);

	if (r == HTTP_OK) {
		r = read_status_line(head, line, ret_code);
	}
	if (r == HTTP_OK) {
		r = http_head_read_fields(head, in->data, in->len, pos);
	}
	if (r == HTTP_OK) {
		r = http_head_judge_framing(head);
	}
	if (r == HTTP_MORE && in->len == LIMIT_HEADER_BYTES) {
		return refuse_head(head, "the head is too long");
	}
	return r;
}

/* The head is there: what is known of the body? */
static enum http_result begin_body(struct http_answer *a, const struct http_head *head, int code)
{
	if (code < 200) {
		if (code == 101 || ++a->interim > HTTP_INTERIM_MAX) {
			return refuse(a, "interim answers that nobody asked for");
		}
		return HTTP_MORE;
	}
	a->status = code;
	a->chunked = head->chunked;
	a->has_length = head->has_length;
	a->left = head->content_length;
	http_chunk_init(&a->chunk, a->body.max);
	bool empty = code == 204 || code == 304 || (a->has_length && a->left == 0);
	return empty ? HTTP_OK : HTTP_MORE;
}

static enum http_result take_head(struct http_answer *a, const char *bytes, size_t len,
				  size_t *ret_used)
{
	struct http_head head = { .minor = 1 };
	size_t before = a->head.len;
	size_t room = LIMIT_HEADER_BYTES - before;
	int code = 0;

	*ret_used = len < room ? len : room;
	(void)buf_add(&a->head, bytes, *ret_used);
	enum http_result r = read_head(&a->head, &head, &code);
	if (r == HTTP_REFUSED) {
		return refuse(a, head.reason);
	}
	if (r == HTTP_OK) {
		/* Without the last bytes it was no whole head, so these are some of them. */
		*ret_used = head.size - before;
		r = begin_body(a, &head, code);
		buf_reset(&a->head);
	}
	return r;
}

/* Keep what fits of len bytes of the body. */
static enum http_result keep(struct http_answer *a, const char *bytes, size_t len)
{
	size_t room = a->body.max - a->body.len;

	(void)buf_add(&a->body, bytes, len < room ? len : room);
	return len <= room ? HTTP_MORE : refuse(a, "the body is too long");
}

static enum http_result take_chunks(struct http_answer *a, const char *bytes, size_t len,
				    size_t *ret_used)
{
	char piece[4096];
	size_t data = 0;

	len = len < sizeof(piece) ? len : sizeof(piece);
	memcpy(piece, bytes, len);
	enum http_result r = http_chunk_decode(&a->chunk, piece, len, &data, ret_used);
	if (r == HTTP_REFUSED) {
		return refuse(a, a->chunk.reason);
	}
	enum http_result kept = keep(a, piece, data);
	return kept == HTTP_REFUSED ? kept : r;
}

static enum http_result take_body(struct http_answer *a, const char *bytes, size_t len,
				  size_t *ret_used)
{
	if (a->chunked) {
		return take_chunks(a, bytes, len, ret_used);
	}
	*ret_used = a->has_length && a->left < len ? (size_t)a->left : len;
	enum http_result r = keep(a, bytes, *ret_used);
	a->left -= a->has_length ? *ret_used : 0;
	return r == HTTP_MORE && a->has_length && a->left == 0 ? HTTP_OK : r;
}

enum http_result http_answer_feed(struct http_answer *a, const char *bytes, size_t len)
{
	while (a->state == HTTP_MORE && len > 0) {
		size_t used = 0;

		a->state = a->status == 0 ? take_head(a, bytes, len, &used)
					  : take_body(a, bytes, len, &used);
		bytes += used;
		len -= used;
	}
	return a->state;
}

enum http_result http_answer_end(struct http_answer *a)
{
	if (a->state != HTTP_MORE) {
		return a->state;
	}
	if (a->status == 0) {
		a->state = refuse(a, a->head.len == 0
					     ? "the connection was closed without an answer"
					     : "the answer ends within its head");
	} else if (a->chunked || a->has_length) {
		a->state = refuse(a, "the answer is incomplete");
	} else {
		a->state = HTTP_OK;
	}
	return a->state;
}
