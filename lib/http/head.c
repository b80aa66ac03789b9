/*
 * The head of an HTTP/1.1 request, strictly.
 *
 * The lines are read in order, each once its CRLF is there; the first fault
 * ends the reading, so a fault is reported without waiting for the rest and
 * the same fault is found however the bytes were split.  What concerns
 * several fields (length, Host) is judged when the empty line has come.
 *
 * RFC 9112 where it leaves a choice, and what we choose:
 *
 * - 2.2 "a recipient MAY recognize a single LF as a line terminator": we do
 *   not.  "a server ... SHOULD ignore at least one empty line (CRLF) received
 *   prior to the request-line": exactly one.
 * - 3.2 four forms of the target: only origin-form; the others are for
 *   proxies, CONNECT and OPTIONS.
 * - 5.1 "A server MUST reject, with a response status code of 400 (Bad
 *   Request), any received request message that contains whitespace between a
 *   header field name and colon."
 * - 5.2 obs-fold: rejected with 400.
 * - 6.1 "A server MAY reject a request that contains both Content-Length and
 *   Transfer-Encoding": we do; "A server that receives a request message with
 *   a transfer coding it does not understand SHOULD respond with 501".
 * - 6.3 repeated Content-Length with one value may be merged: we refuse it.
 *
 * Upgrade is ignored as RFC 9110 7.8 allows: clients offer "h2c" unasked, and
 * nobody is ever switched.
 */
#include "http/head.h"

#include <string.h>

#include "http/chars.h"
#include "http/head_impl.h"

#define METHOD_MAX 32
#define HOST_MAX 262 // 255 bytes of name, colon, port

static enum http_result refuse(struct http_head *head, int status, const char *reason)
{
	head->status = status;
	head->reason = reason;
	return HTTP_REFUSED;
}

bool http_span_is(struct http_span span, const char *text)
{
	if (span.len != strlen(text)) {
		return false;
	}
	return span.len == 0 || memcmp(span.at, text, span.len) == 0;
}

/* Not strncasecmp(): in a Turkish locale that finds no 'i' in 'I'. */
bool http_span_is_nocase(struct http_span span, const char *text)
{
	if (span.len != strlen(text)) {
		return false;
	}
	for (size_t i = 0; i < span.len; i++) {
		if (http_lower(span.at[i]) != http_lower(text[i])) {
			return false;
		}
	}
	return true;
}

/* The text between from and to without blanks at its ends. */
static struct http_span trim(const char *from, const char *to)
{
	while (from < to && http_is_blank(*from)) {
		from++;
	}
	while (to > from && http_is_blank(to[-1])) {
		to--;
	}
	return (struct http_span){ .at = from, .len = (size_t)(to - from) };
}

enum http_result http_head_next_line(const char *bytes, size_t len, size_t *pos,
				     struct http_span *ret_line, struct http_head *head)
{
	const char *at = bytes + *pos;
	const char *lf = memchr(at, '\n', len - *pos);

	if (lf == NULL) {
		return HTTP_MORE;
	}
	if (lf == at || lf[-1] != '\r') {
		return refuse(head, 400, "a line ends without CR");
	}
	*ret_line = (struct http_span){ .at = at, .len = (size_t)(lf - at) - 1 };
	*pos += (size_t)(lf - at) + 1;
	return HTTP_OK;
}

static enum http_result read_method(struct http_head *head, struct http_span method)
{
	for (size_t i = 0; i < method.len; i++) {
		if (!http_is_token(method.at[i])) {
			return refuse(head, 400, "the method is not a token");
		}
	}
	if (method.len == 0) {
		return refuse(head, 400, "no method");
	}
	if (method.len > METHOD_MAX || http_span_is(method, "CONNECT") ||
	    http_span_is(method, "TRACE")) {
		return refuse(head, 501, "a method that is not offered");
	}
	head->method = method;
	return HTTP_OK;
}

enum http_result http_head_read_version(struct http_head *head, struct http_span version)
{
	const char *v = version.at;

	if (version.len != 8 || memcmp(v, "HTTP/", 5) != 0 || !http_is_digit(v[5]) || v[6] != '.' ||
	    !http_is_digit(v[7])) {
		return refuse(head, 400, "not an HTTP version");
	}
	if (v[5] != '1' || v[7] > '1') {
		return refuse(head, 505, "not HTTP/1.1 or HTTP/1.0");
	}
	head->minor = v[7] - '0';
	return HTTP_OK;
}

static enum http_result read_target(struct http_head *head, struct http_span target)
{
	if (target.len > LIMIT_TARGET_BYTES) {
		return refuse(head, 414, "the target is too long");
	}
	if (target.len == 0 || target.at[0] != '/') {
		return refuse(head, 400, "the target does not begin with a slash");
	}
	for (size_t i = 0; i < target.len; i++) {
		if (!http_is_visible(target.at[i]) || target.at[i] == '#') {
			return refuse(head, 400, "a character that a target must not have");
		}
	}
	head->path = target;
	const char *mark = memchr(target.at, '?', target.len);
	if (mark != NULL) {
		head->path.len = (size_t)(mark - target.at);
		head->query.at = mark + 1;
		head->query.len = target.len - head->path.len - 1;
	}
	return HTTP_OK;
}

/* method SP target SP version, with exactly these two spaces. */
static enum http_result read_request_line(struct http_head *head, struct http_span line)
{
	const char *end = line.at + line.len;
	const char *first = memchr(line.at, ' ', line.len);
	const char *last = memrchr(line.at, ' ', line.len);

	if (first == NULL || first == last) {
		return refuse(head, 400, "the request line has not three parts");
	}
	if (memchr(first + 1, ' ', (size_t)(last - first) - 1) != NULL) {
		return refuse(head, 400, "the request line has more than three parts");
	}
	struct http_span method = { .at = line.at, .len = (size_t)(first - line.at) };
	struct http_span target = { .at = first + 1, .len = (size_t)(last - first) - 1 };
	struct http_span version = { .at = last + 1, .len = (size_t)(end - last) - 1 };
	enum http_result r = read_method(head, method);
	if (r == HTTP_OK) {
		r = http_head_read_version(head, version);
	}
	return r == HTTP_OK ? read_target(head, target) : r;
}

static enum http_result read_field(struct http_head *head, struct http_span line)
{
	const char *end = line.at + line.len;
	const char *p = line.at;

	if (head->field_count == LIMIT_HEADER_LINES) {
		return refuse(head, 431, "too many header fields");
	}
	while (p < end && http_is_token(*p)) {
		p++;
	}
	if (p == end || *p != ':') {
		return refuse(head, 400, http_is_blank(line.at[0]) ? "a folded header line"
								  : "a field name is not a token");
	}
	if (p == line.at) {
		return refuse(head, 400, "a header field without a name");
	}
	for (const char *q = p + 1; q < end; q++) {
		if (!http_is_value(*q)) {
			return refuse(head, 400, "a control character in a header field");
		}
	}
	head->fields[head->field_count++] = (struct http_field){
		.name = { .at = line.at, .len = (size_t)(p - line.at) },
		.value = trim(p + 1, end),
	};
	return HTTP_OK;
}

/* RFC 3986 3.2.2, by its characters only. */
static bool host_char_ok(char c, bool bracket)
{
	return http_is_alpha(c) || http_is_digit(c) ||
	       (c != '\0' && strchr("-._~%!$&'()*+,;=", c) != NULL) || (bracket && c == ':');
}

/* uri-host [ ":" port ] */
static bool host_ok(struct http_span host)
{
	const char *end = host.at + host.len;
	const char *p = host.at;
	bool bracket = host.len > 0 && *p == '[';

	if (host.len > HOST_MAX) {
		return false;
	}
	p += bracket;
	const char *name = p;
	while (p < end && host_char_ok(*p, bracket)) {
		p++;
	}
	if (p == name || (bracket && (p == end || *p++ != ']'))) {
		return false;
	}
	if (p < end && *p != ':') {
		return false;
	}
	for (p += p < end; p < end; p++) {
		if (!http_is_digit(*p)) {
			return false;
		}
	}
	return true;
}

static enum http_result judge_host(struct http_head *head)
{
	const struct http_field *host = http_head_field(head, "Host");
	size_t count = http_head_count(head, "Host");

	if (count > 1) {
		return refuse(head, 400, "more than one Host");
	}
	if (count == 0) {
		return head->minor == 0 ? HTTP_OK : refuse(head, 400, "no Host");
	}
	return host_ok(host->value) ? HTTP_OK : refuse(head, 400, "not a host in Host");
}

static enum http_result judge_length(struct http_head *head)
{
	const struct http_field *field = http_head_field(head, "Content-Length");

	if (field == NULL) {
		return HTTP_OK;
	}
	if (http_head_count(head, "Content-Length") > 1) {
		return refuse(head, 400, "more than one Content-Length");
	}
	for (size_t i = 0; i < field->value.len; i++) {
		if (!http_is_digit(field->value.at[i])) {
			return refuse(head, 400, "Content-Length is not a number");
		}
	}
	if (field->value.len == 0) {
		return refuse(head, 400, "Content-Length is empty");
	}
	if (field->value.len > HTTP_LENGTH_DIGITS) {
		return refuse(head, 413, "Content-Length is too large");
	}
	for (size_t i = 0; i < field->value.len; i++) {
		head->content_length =
			head->content_length * 10 + (uint64_t)(field->value.at[i] - '0');
	}
	head->has_length = true;
	return HTTP_OK;
}

static enum http_result judge_transfer(struct http_head *head)
{
	const struct http_field *field = http_head_field(head, "Transfer-Encoding");

	if (field == NULL) {
		return HTTP_OK;
	}
	if (http_head_count(head, "Transfer-Encoding") > 1) {
		return refuse(head, 400, "more than one Transfer-Encoding");
	}
	if (head->minor == 0) {
		return refuse(head, 400, "Transfer-Encoding in HTTP/1.0");
	}
	if (http_head_count(head, "Content-Length") > 0) {
		return refuse(head, 400, "both Transfer-Encoding and Content-Length");
	}
	if (field->value.len == 0) {
		return refuse(head, 400, "Transfer-Encoding is empty");
	}
	if (!http_span_is_nocase(field->value, "chunked")) {
		return refuse(head, 501, "a transfer coding other than chunked");
	}
	head->chunked = true;
	return HTTP_OK;
}

enum http_result http_head_judge_framing(struct http_head *head)
{
	/* Both fields together are 400 whatever the length says. */
	enum http_result r = judge_transfer(head);

	return r == HTTP_OK ? judge_length(head) : r;
}

/* Content-Encoding, Content-Type, Expect. */
static enum http_result judge_content(struct http_head *head)
{
	const struct http_field *expect = http_head_field(head, "Expect");

	for (size_t i = 0; i < head->field_count; i++) {
		if (http_span_is_nocase(head->fields[i].name, "Content-Encoding") &&
		    !http_span_is_nocase(head->fields[i].value, "identity")) {
			return refuse(head, 415, "a content coding; only identity is read");
		}
	}
	if (http_head_count(head, "Content-Type") > 1) {
		return refuse(head, 400, "more than one Content-Type");
	}
	if (expect == NULL) {
		return HTTP_OK;
	}
	if (http_head_count(head, "Expect") > 1 ||
	    !http_span_is_nocase(expect->value, "100-continue")) {
		return refuse(head, 417, "an expectation other than 100-continue");
	}
	/* RFC 9110 10.1.1: in HTTP/1.0 it is to be ignored. */
	head->expect_continue = head->minor == 1;
	return HTTP_OK;
}

static enum http_result judge(struct http_head *head)
{
	enum http_result r = judge_host(head);

	if (r == HTTP_OK) {
		r = http_head_judge_framing(head);
	}
	return r == HTTP_OK ? judge_content(head) : r;
}

enum http_result http_head_read_fields(struct http_head *head, const char *bytes, size_t len,
				       size_t pos)
{
	for (;;) {
		struct http_span line;
		enum http_result r = http_head_next_line(bytes, len, &pos, &line, head);

		if (r != HTTP_OK) {
			return r;
		}
		if (line.len == 0) {
			head->size = pos;
			return HTTP_OK;
		}
		r = read_field(head, line);
		if (r != HTTP_OK) {
			return r;
		}
	}
}

/* Not a letter first: not HTTP; say so without waiting for a line. */
static bool first_byte_ok(char c)
{
	return c == '\r' || c == '\n' || http_is_token(c);
}

static enum http_result read_head(struct http_head *head, const char *bytes, size_t len)
{
	struct http_span line;
	size_t pos = 0;

	if (len > 0 && !first_byte_ok(bytes[0])) {
		return refuse(head, 400, "not HTTP");
	}
	enum http_result r = http_head_next_line(bytes, len, &pos, &line, head);
	if (r == HTTP_OK && line.len == 0) {
		r = http_head_next_line(bytes, len, &pos, &line, head);
	}
	if (r == HTTP_MORE && len == LIMIT_HEADER_BYTES) {
		return refuse(head, 414, "the request line is too long");
	}
	if (r == HTTP_OK) {
		r = read_request_line(head, line);
	}
	if (r == HTTP_OK) {
		r = http_head_read_fields(head, bytes, len, pos);
	}
	if (r == HTTP_OK) {
		r = judge(head);
	}
	if (r == HTTP_MORE && len == LIMIT_HEADER_BYTES) {
		return refuse(head, 431, "the header is too long");
	}
	return r;
}

enum http_result http_head_parse(const char *bytes, size_t len, struct http_head *ret_head)
{
	*ret_head = (struct http_head){ .minor = 1 };
	return read_head(ret_head, bytes, len < LIMIT_HEADER_BYTES ? len : LIMIT_HEADER_BYTES);
}

static void terminate(char *bytes, struct http_span span)
{
	if (span.at != NULL) {
		bytes[(span.at - bytes) + (ptrdiff_t)span.len] = '\0';
	}
}

void http_head_terminate(char *bytes, const struct http_head *head)
{
	terminate(bytes, head->method);
	terminate(bytes, head->path);
	terminate(bytes, head->query);
	for (size_t i = 0; i < head->field_count; i++) {
		terminate(bytes, head->fields[i].name);
		terminate(bytes, head->fields[i].value);
	}
}

const struct http_field *http_head_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (http_span_is_nocase(head->fields[i].name, name)) {
			return &head->fields[i];
		}
	}
	return NULL;
}

size_t http_head_count(const struct http_head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		count += http_span_is_nocase(head->fields[i].name, name);
	}
	return count;
}
