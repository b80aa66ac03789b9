/*
 * Replies.
 *
 * No 410 and no redirection in the table: some senders drop a hook for good on
 * 410, none follows a redirection.  304 is for browsers, which keep our style
 * sheets.  No Server header: it helps nobody but who looks for a version.  RFC
 * 9110 6.6.1 wants a Date, 15.5.2 a WWW-Authenticate with 401, 15.5.6 an Allow
 * with 405.
 */
#include "receiver/http/reply.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/limits.h"

/* The end of a header. */
#define KEEP "Connection: keep-alive\r\n\r\n"
#define CLOSE "Connection: close\r\n\r\n"

static const struct {
	int status;
	const char *phrase;
	const char *body;
} table[] = {
	{ 200, "OK", "ok\n" },
	{ 202, "Accepted", "accepted\n" },
	{ 304, "Not Modified", "" },
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
	{ 429, "Too Many Requests", "too many requests\n" },
	{ 431, "Request Header Fields Too Large", "request header fields too large\n" },
	{ 500, "Internal Server Error", "internal server error\n" },
	{ 501, "Not Implemented", "not implemented\n" },
	{ 503, "Service Unavailable", "service unavailable\n" },
	{ 505, "HTTP Version Not Supported", "http version not supported\n" },
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

_Static_assert(TABLE_COUNT <= REPLY_STATUSES, "arrays by reply_index() are large enough");

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

/* What is always sent, or always with a status, unless the reply has its own. */
static const struct {
	int status; // 0: any
	struct reply_header header;
} defaults[] = {
	{ 0, { "Cache-Control", "no-store" } },
	{ 0, { "X-Content-Type-Options", "nosniff" } },
	{ 401, { "WWW-Authenticate", "Signature realm=\"webhook\"" } },
	{ 429, { "Retry-After", REPLY_RETRY_AFTER } },
	{ 503, { "Retry-After", REPLY_RETRY_AFTER } },
};

static bool has_header(const struct reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcasecmp(reply->headers[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void add_header(struct buf *out, size_t room_end, const struct reply_header *header)
{
	size_t len = strlen(header->name) + strlen(header->value) + strlen(": \r\n");

	for (const char *p = header->value; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			return;
		}
	}
	if (out->len + len <= room_end) {
		(void)buf_addf(out, "%s: %s\r\n", header->name, header->value);
	}
}

static void add_headers(struct buf *out, size_t room_end, const struct reply *reply, int status)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		bool wanted = defaults[i].status == 0 || defaults[i].status == status;

		if (wanted && !has_header(reply, defaults[i].header.name)) {
			add_header(out, room_end, &defaults[i].header);
		}
	}
	for (size_t i = 0; i < reply->header_count; i++) {
		add_header(out, room_end, &reply->headers[i]);
	}
}

int reply_write(struct buf *out, const struct reply *reply, unsigned options)
{
	bool too_long = reply->body != NULL && reply->body_len > LIMIT_RESPONSE_BYTES;
	size_t i = reply_index(too_long ? 500 : reply->status);
	bool own = reply->body == NULL || too_long;
	const char *body = own ? table[i].body : reply->body;
	size_t len = own ? strlen(body) : reply->body_len;
	bool typed = !own && reply->content_type != NULL;
	bool bodiless = table[i].status == 304;
	size_t room_end = out->len + REPLY_HEADER_BYTES - strlen(KEEP);

	(void)buf_addf(out, "HTTP/1.1 %d %s\r\n", table[i].status, table[i].phrase);
	add_date(out);
	if (!bodiless) {
		(void)buf_addf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
			       typed ? reply->content_type : "text/plain; charset=utf-8", len);
	}
	add_headers(out, room_end, reply, table[i].status);
	(void)buf_addstr(out, (options & REPLY_KEEP) != 0 ? KEEP : CLOSE);
	if (!bodiless && (options & REPLY_WITHOUT_BODY) == 0) {
		(void)buf_add(out, body, len);
	}
	return table[i].status;
}
