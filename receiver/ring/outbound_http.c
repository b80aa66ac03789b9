/*
 * One HTTP call: what libcurl is told, and what its answer is.
 *
 * The server is the operator's, but may be broken, taken over, or another one
 * than meant.  So: no redirects (a token goes nowhere else), only the scheme
 * of the address, TLS 1.2 with the certificate checked, no proxy from the
 * environment, no .netrc, no cookies, no decompression (a kilobyte can become
 * a gigabyte), ceilings on header and body, and a time limit for each phase.
 *
 * CURLOPT_MAXFILESIZE: "Before curl 8.4.0, the limit was not applied to
 * transfers in progress" (its manual): the ceiling is kept in our own
 * callback, as is that of the header.
 *
 * The token is read from its file at each call, as it may be replaced at any
 * time, lives in one string of ours, and is wiped.
 */
#include "receiver/ring/outbound_http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* A JWT with many groups is 2 KB; a header line of 8 KB is what servers take. */

/* Header of an answer: proxies add much, but not this. */
#define HEADER_BYTES_MAX 65536
#define HEADER_LINES_MAX 200

/* A transfer slower than this for that long is dead. */
#define SLOW_BYTES 1L
#define SLOW_SECONDS 60L

/* Retry-After in days is as good as never. */
#define RETRY_AFTER_MAX_S 86400

/* Connections that idle longer, or are older, are not used again. */
#define IDLE_SECONDS 60L
#define AGE_SECONDS 300L

#define HIDDEN_TOKEN_MIN 8
#define AUTHORIZATION "Authorization: Bearer "

struct outbound_http {
	CURL *easy;
	struct curl_slist *headers; // as given, without the token
	struct curl_slist token;    // the last of them; its data is ours
	char *authorization;        // "Authorization: Bearer ...", to be wiped
	struct buf body;
	struct outbound_taker taker;
	size_t header_bytes;
	size_t header_lines;
	bool header_flood;
	char curl_error[CURL_ERROR_SIZE];
	struct error failure;
	struct call_result answer;
};

static void fail(struct outbound_http *http, bool unusable)
{
	http->answer.failure = http->failure.text;
	http->answer.never_sent = true;
	http->answer.unusable = unusable;
}

/* Only what a header may hold; no white space in the middle. */
static bool is_token(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

/* Read a token file into http->authorization. 0, or -1 with the failure. */
static int read_token(struct outbound_http *http, const char *path)
{
	char *token = file_read_token(path, &http->failure);
	int r = -1;

	if (token == NULL) {
		return error_wrap(&http->failure, -1, "token file %s", path);
	}
	if (is_token(token)) {
		http->authorization = xasprintf(AUTHORIZATION "%s", token);
		r = 0;
	} else {
		r = error_set(&http->failure, -1, "token file %s: it holds no token", path);
	}
	file_token_free(token);
	return r;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct outbound_http *http = arg;

	(void)data;
	http->header_bytes += size * count;
	http->header_lines++;
	if (http->header_bytes > HEADER_BYTES_MAX || http->header_lines > HEADER_LINES_MAX) {
		http->header_flood = true;
		return 0;
	}
	return size * count;
}

/* Is the status 2xx? Of a stream, another one's body is an answer like any. */
static bool is_good(const struct outbound_http *http)
{
	long status = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct outbound_http *http = arg;
	size_t len = size * count;
	size_t room = http->body.max - http->body.len;

	if (http->taker.take != NULL && is_good(http)) {
		return http->taker.take(http->taker.arg, data, len) ? len : CURL_WRITEFUNC_PAUSE;
	}

	(void)buf_add(&http->body, data, len < room ? len : room);
	if (len > room) {
		http->answer.truncated = true;
		return 0;
	}
	return len;
}

static void set_text(struct outbound_http *http, CURLoption option, const char *value)
{
	(void)curl_easy_setopt(http->easy, option, value);
}

static void set_long(struct outbound_http *http, CURLoption option, int64_t value)
{
	(void)curl_easy_setopt(http->easy, option, (long)value);
}

static void set_safety(struct outbound_http *http, const struct call *call)
{
	bool plain = strncasecmp(call->url, "http://", 7) == 0;

	set_text(http, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
	set_text(http, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	set_text(http, CURLOPT_DEFAULT_PROTOCOL, "https");
	set_long(http, CURLOPT_FOLLOWLOCATION, 0);
	set_long(http, CURLOPT_UNRESTRICTED_AUTH, 0);
	set_long(http, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_long(http, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_long(http, CURLOPT_SSL_VERIFYPEER, call->insecure ? 0 : 1);
	set_long(http, CURLOPT_SSL_VERIFYHOST, call->insecure ? 0 : 2);
	/* Argo CD takes HTTP/2 for gRPC. */
	set_long(http, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	if (call->ca_file != NULL) {
		set_text(http, CURLOPT_CAINFO, call->ca_file);
		set_text(http, CURLOPT_CAPATH, NULL);
	}
}

static void set_limits(struct outbound_http *http, const struct call *call,
		       int64_t connect_limit_ms)
{
	set_long(http, CURLOPT_NOSIGNAL, 1);
	set_long(http, CURLOPT_CONNECTTIMEOUT_MS, connect_limit_ms);
	set_long(http, CURLOPT_TIMEOUT_MS, call->time_limit_ms);
	if (http->taker.take == NULL) {
		/* A stream may be silent, and its time limit is near. */
		set_long(http, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
		set_long(http, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	}
	set_long(http, CURLOPT_TCP_KEEPALIVE, 1);
	set_long(http, CURLOPT_MAXAGE_CONN, IDLE_SECONDS);
	set_long(http, CURLOPT_MAXLIFETIME_CONN, AGE_SECONDS);
	set_long(http, CURLOPT_BUFFERSIZE, 16384);
}

/* The request proper. False: one of its headers could not be taken. */
static bool set_request(struct outbound_http *http, const struct call *call)
{
	/* A body above 1 MB would wait a second for "100 Continue". */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; list != NULL && i < call->headers.count; i++) {
		struct curl_slist *longer = curl_slist_append(list, call->headers.items[i]);
		if (longer == NULL) {
			curl_slist_free_all(list);
		}
		list = longer;
	}
	if (list == NULL) {
		return false;
	}
	http->headers = list;
	if (http->authorization != NULL) {
		/* First, so that freeing the list behind it is simple. */
		http->token = (struct curl_slist){ .data = http->authorization, .next = list };
		list = &http->token;
	}
	(void)curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, list);
	set_text(http, CURLOPT_USERAGENT, "doorbell/" DOORBELL_VERSION);
	if (call->body != NULL) {
		(void)curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)call->body_len);
		set_text(http, CURLOPT_POSTFIELDS, call->body);
	}
	set_text(http, CURLOPT_CUSTOMREQUEST, call->method);
	return curl_easy_setopt(http->easy, CURLOPT_URL, call->url) == CURLE_OK;
}

struct outbound_http *outbound_http_new(const struct call *call, int64_t connect_limit_ms,
					const char *proxy, const struct outbound_taker *taker)
{
	struct outbound_http *http = xcalloc(1, sizeof(*http));

	http->taker = *taker;
	buf_init(&http->body, LIMIT_RESPONSE_BYTES);
	if (call->token_file != NULL && read_token(http, call->token_file) < 0) {
		fail(http, false);
		return http;
	}
	http->easy = curl_easy_init();
	if (http->easy == NULL || !set_request(http, call)) {
		(void)error_set(&http->failure, -1, "libcurl does not take the request");
		fail(http, http->easy != NULL);
		curl_easy_cleanup(http->easy);
		http->easy = NULL;
		return http;
	}
	set_safety(http, call);
	set_limits(http, call, connect_limit_ms);
	set_text(http, CURLOPT_PROXY, proxy == NULL ? "" : proxy);
	(void)curl_easy_setopt(http->easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, http);
	(void)curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, http);
	(void)curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, http->curl_error);
	return http;
}

void *outbound_http_handle(const struct outbound_http *http)
{
	return http->easy;
}

static int64_t retry_after_ms(CURL *easy)
{
	curl_off_t seconds = 0;

	/* libcurl reads both forms, seconds and a date (RFC 9110, 10.2.3). */
	if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0) {
		return 0;
	}
	return (seconds < RETRY_AFTER_MAX_S ? (int64_t)seconds : RETRY_AFTER_MAX_S) * 1000;
}

/*
 * What a target answers is recorded and shown, and some send back what they were
 * sent (a proxy's error page, a server that debugs).  A shorter token is none that
 * hides anything, and could stand in any answer.
 */
static void hide_token(struct outbound_http *http)
{
	const char *token = http->authorization != NULL
				    ? http->authorization + strlen(AUTHORIZATION) : "";
	size_t len = strlen(token);
	char *at = len >= HIDDEN_TOKEN_MIN ? http->body.data : NULL;
	const char *end = at != NULL ? at + http->body.len : NULL;

	while (at != NULL && (at = memmem(at, (size_t)(end - at), token, len)) != NULL) {
		memset(at, '*', len);
		at += len;
	}
}

void outbound_http_finish(struct outbound_http *http, int code)
{
	struct call_result *a = &http->answer;
	long status = 0;
	long sent = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &sent);
	/* A header that floods us is no answer, whatever its first line says. */
	a->status = http->header_flood || status < 0 || status > 999 ? 0 : (int)status;
	a->completed = a->status > 0 && (code == CURLE_OK || a->truncated);
	a->timed_out = !a->completed && code == CURLE_OPERATION_TIMEDOUT;
	a->never_sent = !a->completed && sent == 0;
	a->unusable = a->never_sent &&
		      (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL);
	a->retry_after_ms = retry_after_ms(http->easy);
	hide_token(http);
	a->output = http->body.data;
	a->output_len = http->body.len;
	if (a->completed) {
		return;
	}
	const char *why = *http->curl_error != '\0' ? http->curl_error :
						      curl_easy_strerror((CURLcode)code);
	(void)error_set(&http->failure, -1, "%s",
			http->header_flood ? "the header of the answer has no end" : why);
	a->failure = http->failure.text;
}

const struct call_result *outbound_http_answer(const struct outbound_http *http)
{
	return &http->answer;
}

void outbound_http_free(struct outbound_http *http)
{
	if (http == NULL) {
		return;
	}
	curl_easy_cleanup(http->easy);
	curl_slist_free_all(http->headers);
	if (http->authorization != NULL) {
		explicit_bzero(http->authorization, strlen(http->authorization));
	}
	free(http->authorization);
	buf_release(&http->body);
	free(http);
}
