/*
 * Queries: parts between "&", each a name and a value around the first "=".
 */
#include "http/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/percent.h"
#include "http/query_impl.h"

/* Append len bytes decoded and a NUL; the offset of the first, or -1. */
static int64_t add_text(struct http_query *query, const char *text, size_t len)
{
	size_t at = query->text.len;

	if (percent_decode(&query->text, text, len, PERCENT_PLUS) < 0) {
		return -1;
	}
	for (size_t i = at; i < query->text.len; i++) {
		unsigned char c = (unsigned char)query->text.data[i];

		if (c < 0x20 || c == 0x7f) {
			return -1;
		}
	}
	return buf_add(&query->text, "", 1) < 0 ? -1 : (int64_t)at;
}

static int add_parameter(struct http_query *query, const char *part, size_t len)
{
	const char *equals = memchr(part, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - part) : len;
	size_t skip = equals != NULL ? name_len + 1 : len;
	int64_t name = add_text(query, part, name_len);
	int64_t value = name >= 0 ? add_text(query, part + skip, len - skip) : -1;

	if (value < 0 || query->count == HTTP_QUERY_PARAMETERS ||
	    http_query_get(query, query->text.data + name) != NULL) {
		return -1;
	}
	query->parameters[query->count].name = (size_t)name;
	query->parameters[query->count].value = (size_t)value;
	query->count++;
	return 0;
}

int http_query_parse(const char *query, struct http_query *ret_query)
{
	int r = 0;

	*ret_query = (struct http_query){ .count = 0 };
	buf_init(&ret_query->text, 2 * LIMIT_TARGET_BYTES);
	while (query != NULL && *query != '\0' && r == 0) {
		size_t len = strcspn(query, "&");

		if (len > 0) {
			r = add_parameter(ret_query, query, len);
		}
		query += query[len] == '&' ? len + 1 : len;
	}
	if (r < 0) {
		ret_query->count = 0;
	}
	return r;
}

void http_query_release(struct http_query *query)
{
	buf_release(&query->text);
	query->count = 0;
}

const char *http_query_get(const struct http_query *query, const char *name)
{
	for (size_t i = 0; i < query->count; i++) {
		if (strcmp(query->text.data + query->parameters[i].name, name) == 0) {
			return query->text.data + query->parameters[i].value;
		}
	}
	return NULL;
}

int http_query_number(const struct http_query *query, const char *name, uint64_t otherwise,
		      uint64_t *ret_number)
{
	const char *text = http_query_get(query, name);

	*ret_number = otherwise;
	if (text == NULL) {
		return 0;
	}
	errno = 0;
	long long number = strtoll(text, NULL, 10);
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0) {
		return -1;
	}
	*ret_number = (uint64_t)number;
	return 0;
}
