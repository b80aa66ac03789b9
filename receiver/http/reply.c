/*
 * Replies.
 *
 * No 410 and no 3xx in the table: some senders drop a hook for good on 410,
 * none follows a redirection.  No Server header: it helps nobody but who
 * looks for a version.  RFC 9110 6.6.1 wants a Date, 15.5.2 a
 * WWW-Authenticate with 401, 15.5.6 an Allow with 405.
 */
#include "receiver/http/reply.h"

#include <string.h>
#include <time.h>

#include "base/limits.h"

static const struct {
	int status;
	const char *phrase;
	const char *body;
} table[] = {
	{ 200, "OK", "ok\n" },
	{ 202, "Accepted", "accepted\n" },
	{ 400, "Bad Request", "bad request\n" },
	{ 401, "Unauthorized", "unauthorized\n" },
	{ 403, "Forbidden", "forbidden\n" },
	{ 404, "Not Found", "not found\n" },
	{ 405, "Method Not Allowed", "method not allowed\n" },
	{ 408, "Request Timeout", "request timeout\n" },
	{ 411, "Length Required", "length required\n" },
	{ 413, "Content Too Large", "content too large\n" },
	{ 414, "URI Too Long", "uri too long\n" },
	{ 415, "Unsupported Media Type", "unsupported media type\n" },
	{ 417, "Expectation Failed", "expectation failed\n" },
	{ 422, "Unprocessable Content", "unprocessable content\n" },
	{ 429, "Too Many Requests", "too many requests\n" },
	{ 431, "Request Header Fields Too Large", "request header fields too large\n" },
	{ 500, "Internal Server Error", "internal server error\n" },
	{ 501, "Not Implemented", "not implemented\n" },
	{ 503, "Service Unavailable", "service unavailable\n" },
	{ 505, "HTTP Version Not Supported", "http version not supported\n" },
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

_Static_assert(TABLE_COUNT <= REPLY_STATUSES, "arrays by reply_index() are large enough");

size_t reply_count(void)
{
	return TABLE_COUNT;
}

int reply_status(size_t i)
{
	return table[i].status;
}

static size_t find(int status)
{
	size_t i = 0;

	while (i < TABLE_COUNT && table[i].status != status) {
		i++;
	}
	return i;
}

size_t reply_index(int status)
{
	size_t i = find(status);

	return i < TABLE_COUNT ? i : find(500);
}

/* RFC 9110 5.6.7, in English whatever the locale. */
static void add_date(struct buf *out)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL) {
		return;
	}
	(void)buf_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday],
		       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		       tm.tm_sec);
}

static unsigned retry_after(const struct reply *reply, int status)
{
	if (reply->retry_after > 0) {
		return reply->retry_after;
	}
	return status == 429 || status == 503 ? REPLY_RETRY_AFTER : 0;
}

void reply_write(struct buf *out, const struct reply *reply, bool without_body)
{
	bool too_long = reply->body != NULL && reply->body_len > LIMIT_RESPONSE_BYTES;
	size_t i = reply_index(too_long ? 500 : reply->status);
	bool own = reply->body == NULL || too_long;
	const char *body = own ? table[i].body : reply->body;
	size_t len = own ? strlen(body) : reply->body_len;
	bool typed = !own && reply->content_type != NULL;
	const char *type = typed ? reply->content_type : "text/plain; charset=utf-8";
	unsigned wait = retry_after(reply, table[i].status);

	(void)buf_addf(out, "HTTP/1.1 %d %s\r\n", table[i].status, table[i].phrase);
	add_date(out);
	(void)buf_addf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, len);
	(void)buf_addstr(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (wait > 0) {
		(void)buf_addf(out, "Retry-After: %u\r\n", wait);
	}
	if (reply->allow != NULL && table[i].status == 405) {
		(void)buf_addf(out, "Allow: %s\r\n", reply->allow);
	}
	if (table[i].status == 401) {
		(void)buf_addstr(out, "WWW-Authenticate: Signature realm=\"webhook\"\r\n");
	}
	(void)buf_addstr(out, "Connection: close\r\n\r\n");
	if (!without_body) {
		(void)buf_add(out, body, len);
	}
}
