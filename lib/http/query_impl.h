/*
 * The inside of a query, for query.c and its tests.
 */
#ifndef LIB_HTTP_QUERY_IMPL_H
#define LIB_HTTP_QUERY_IMPL_H

#include "http/query.h"

/* The value of a parameter, borrowed, or NULL: it is not there. */
const char *http_query_get(const struct http_query *query, const char *name);

#endif
