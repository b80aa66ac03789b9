/*
 * One HTTP call as libcurl makes it; the inner half of outbound.h, used in
 * its thread only.
 */
#ifndef RECEIVER_RING_OUTBOUND_HTTP_H
#define RECEIVER_RING_OUTBOUND_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/call.h"

struct outbound_http; // one call

/*
 * Where the body of a good answer (2xx) goes piece by piece, data being
 * borrowed for the call.  False: not now; the transfer stands still, and the
 * same piece comes again after curl_easy_pause(..., CURLPAUSE_CONT).
 */
struct outbound_taker {
	bool (*take)(void *arg, const char *data, size_t len); // NULL: the answer holds the body
	void *arg;
};

/*
 * Prepare a call, which must live as long: read the token, set all options.
 * Never NULL; if it cannot be made, outbound_http_handle() is NULL and the
 * answer says why.  connect_limit_ms and proxy as in outbound.h; taker is copied.
 */
struct outbound_http *outbound_http_new(const struct call *call, int64_t connect_limit_ms,
					const char *proxy, const struct outbound_taker *taker);

/* The CURL handle for curl_multi_add_handle(), with the call as its private pointer; or NULL. */
void *outbound_http_handle(const struct outbound_http *http);

/* Say how the transfer ended: a CURLcode. */
void outbound_http_finish(struct outbound_http *http, int code);

/* What came back; borrowed from the call. */
const struct call_result *outbound_http_answer(const struct outbound_http *http);

/* Wipe the token and free. The handle must be out of its multi. NULL is fine. */
void outbound_http_free(struct outbound_http *http);

#endif
