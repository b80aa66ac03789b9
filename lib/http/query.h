/*
 * The query of a request's target, read once.
 *
 * "from=200&name=a%20b+c" has two parameters: from is "200", name is "a b c"
 * (WHATWG URL, application/x-www-form-urlencoded parsing).
 */
#ifndef LIB_HTTP_QUERY_H
#define LIB_HTTP_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* More parameters than any path of ours has. */
#define HTTP_QUERY_PARAMETERS 16

struct http_query {
	struct buf text; // names and values, each with a NUL; owned
	struct {
		size_t name;  // offsets in text
		size_t value;
	} parameters[HTTP_QUERY_PARAMETERS];
	size_t count;
};

/*
 * Read query, what stands behind the "?" of a target, or NULL: no parameters.
 * A name without "=" has an empty value; an empty part is nothing.  0; or -1
 * with no parameters: more than HTTP_QUERY_PARAMETERS of them, one name twice
 * (who is right is anyone's guess), a broken percent escape, or a control
 * character, NUL included.  http_query_release() it in both cases.
 */
int http_query_parse(const char *query, struct http_query *ret_query);

/* Free what a query holds; it may be zeroed. */
void http_query_release(struct http_query *query);

/*
 * The value of a parameter as a number of decimal digits alone into
 * *ret_number. 0, also if it is not there (then *ret_number is otherwise);
 * -1 if it is no number or above 2^63 - 1.
 */
int http_query_number(const struct http_query *query, const char *name, uint64_t otherwise,
		      uint64_t *ret_number);

#endif
