/*
 * Several requests on one connection, where a pool allows it: when the
 * connection goes on, and everything that must end it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mstime.h"
#include "tests/support/httpd.h"
#include "tests/support/tap.h"

#define LINE(what) what " HTTP/1.1\r\nHost: a\r\n"
#define PEER LINE("GET /peer") "\r\n"
#define CLOSE LINE("GET /peer") "Connection: close\r\n\r\n"

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what)) {
		n++;
	}
	return n;
}

static struct httpd *start(unsigned requests, int idle_ms)
{
	struct conn_limits limits = httpd_limits();

	limits.requests = requests;
	limits.idle_ms = idle_ms;
	return httpd_start("127.0.0.1:0", &limits, NULL, NULL);
}

/* One reply of the server, which keeps the connection open: read until its body is there. */
static bool read_one(int fd, const char *body)
{
	char text[4096];
	size_t len = 0;

	text[0] = '\0';
	while (len + 1 < sizeof(text) && strstr(text, body) == NULL) {
		ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);

		if (n <= 0) {
			return false;
		}
		len += (size_t)n;
		text[len] = '\0';
	}
	return strstr(text, "Connection: keep-alive\r\n") != NULL;
}

static void one_after_the_other(void)
{
	struct httpd *h = start(3, 10000);
	int fd = client_connect(httpd_port(h));
	char out[4096];

	for (int i = 1; i <= 2; i++) {
		(void)client_send_text(fd, PEER);
		tap_ok(read_one(fd, "127.0.0.1 0 0"), "reply %d says that the connection goes on", i);
	}
	(void)client_send_text(fd, PEER);
	(void)client_read(fd, out, sizeof(out));
	tap_ok(strstr(out, "Connection: close\r\n") != NULL, "the third of three is the last");
	(void)close(fd);
	struct conn_counters c = httpd_stop(h);
	tap_int((long long)c.accepted, 1, "all on one connection");
	tap_int((long long)c.replies[reply_index(200)], 3, "each was answered");
}

/* What ends the connection after its first reply, though more were allowed. */
static void what_ends_it(void)
{
	static const struct {
		const char *what;
		const char *request;
		int status;
	} cases[] = {
		{ "the peer's wish", CLOSE, 200 },
		{ "a wish that is not understood", LINE("GET /peer") "Connection: upgrade\r\n\r\n", 200 },
		{ "HTTP/1.0", "GET /peer HTTP/1.0\r\nHost: a\r\n\r\n", 200 },
		{ "a body", LINE("POST /hook") "Content-Length: 5\r\n\r\nhello", 202 },
		{ "a body in chunks", LINE("POST /hook") "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 202 },
		{ "bytes behind the request", PEER "GET /peer", 200 },
		{ "a second request that did not wait for the first", PEER PEER, 200 },
		{ "a refused body", LINE("POST /small") "Content-Length: 1001\r\n\r\n", 413 },
		{ "a broken head", "GET /peer HTTP/1.1\nHost: a\n\n", 400 },
	};
	struct httpd *h = start(100, 10000);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[4096];

		tap_int(client_exchange(httpd_port(h), cases[i].request, out, sizeof(out)), cases[i].status,
			"%s: the request is answered", cases[i].what);
		tap_int((long long)count(out, "HTTP/1.1 "), 1, "%s: and no other", cases[i].what);
		tap_ok(strstr(out, "Connection: close\r\n") != NULL, "%s ends the connection", cases[i].what);
	}
	(void)httpd_stop(h);
}

static void refusals_without_a_body_do_not_end_it(void)
{
	struct httpd *h = start(100, 10000);
	int fd = client_connect(httpd_port(h));

	(void)client_send_text(fd, LINE("GET /nowhere") "\r\n");
	tap_ok(read_one(fd, "not found"), "404 leaves the connection open");
	(void)client_send_text(fd, PEER);
	tap_ok(read_one(fd, "127.0.0.1 0 0"), "the next request is served");
	(void)close(fd);
	(void)httpd_stop(h);
}

static void idle_connections(void)
{
	struct httpd *h = start(100, 300);
	int fd = client_connect(httpd_port(h));
	char out[4096];

	(void)client_send_text(fd, PEER);
	tap_ok(read_one(fd, "127.0.0.1 0 0"), "a first request");
	int64_t since = mstime_monotonic();
	tap_int(client_read(fd, out, sizeof(out)), 0, "who asks nothing more is closed without a word");
	tap_ok(mstime_monotonic() - since >= 250, "but not at once");
	(void)close(fd);
	struct conn_counters c = httpd_stop(h);
	tap_int((long long)c.refused[REFUSAL_LATE + CONN_HEAD], 0, "which is no refusal");
}

static void a_drain_ends_them(void)
{
	struct httpd *h = start(100, 10000);
	int fd = client_connect(httpd_port(h));
	char out[4096];

	(void)client_send_text(fd, PEER);
	tap_ok(read_one(fd, "127.0.0.1 0 0"), "a connection that waits for its next request");
	int64_t since = mstime_monotonic();
	httpd_drain(h, 5000);
	tap_int(client_read(fd, out, sizeof(out)), 0, "is closed when the server ends");
	tap_ok(mstime_monotonic() - since < 4000, "long before the drain would be over");
	(void)close(fd);
	(void)httpd_stop(h);
}

int main(void)
{
	one_after_the_other();
	what_ends_it();
	refusals_without_a_body_do_not_end_it();
	idle_connections();
	a_drain_ends_them();
	return tap_done();
}
