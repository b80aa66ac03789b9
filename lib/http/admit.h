/*
 * What becomes of a request, decided at the end of its head: before a byte
 * of the body is kept.  A pure function over plain data.
 */
#ifndef LIB_HTTP_ADMIT_H
#define LIB_HTTP_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/head.h"

/* Bits of http_route.methods. */
#define HTTP_GET 1U
#define HTTP_HEAD 2U
#define HTTP_POST 4U

/* What the application says of the path and the fields of a request. */
struct http_route {
	int status;        // 0: go on; otherwise answer this (404: no such path, 401, 429, 503)
	unsigned methods;  // HTTP_* bits that the path knows
	uint64_t body_max; // largest body in bytes; 0: a request without a body
	bool body_wanted;  // a request that announces no body is refused
	const char *name;  // what metrics call the route, a constant; NULL: "other"
};

struct http_admission {
	int status;         // 0: accepted; otherwise answer this: 401, 404, 405, 411, 413, ...
	const char *reason; // status != 0: constant text for logs
	const char *allow;  // status 405: value of Allow; otherwise NULL
	bool chunked;       // the body comes in chunks, of unknown length
	uint64_t need;      // not chunked: bytes of body to read, 0: none
	uint64_t max;       // chunked: ceiling of the decoded body
	bool send_continue; // answer "100 Continue" before reading the body
};

/*
 * Judge a parsed head by its route: path (route->status 404), then method
 * (405), then the route's own refusal, then the body (411, 413).  Nothing
 * about the body is said to who may not send one.
 */
struct http_admission http_admit(const struct http_head *head, const struct http_route *route);

#endif
