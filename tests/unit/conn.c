/*
 * Connections over real sockets: requests, refusals, deadlines, the budget of
 * bodies, peers that do not read, draining.
 */
#include "receiver/http/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/httpd.h"
#include "tests/support/metrics_keep.h"
#include "tests/support/tap.h"

#define LINE(method_and_path) method_and_path " HTTP/1.1\r\nHost: a\r\n"

static struct httpd *start(void)
{
	struct conn_limits limits = httpd_limits();

	return httpd_start("127.0.0.1:0", &limits, NULL, NULL);
}

/* Why connections were not served in this program, as a receiver counts it. */
static void keep_refusals(const struct conn_counters *counters)
{
	static const struct metrics_build build = { .version = "test" };
	struct metrics *m = metrics_new(&build);

	for (unsigned i = 0; i < REFUSALS; i++) {
		metrics_count(m, METRIC_CONNECTIONS_REFUSED, conn_refusal_name((enum conn_refusal)i), NULL,
			      counters->refused[i]);
	}
	metrics_keep(m);
	metrics_free(m);
}

static void test_requests(void)
{
	static const struct {
		const char *name;
		const char *request;
		int status;
		const char *reply; // somewhere in it
	} cases[] = {
		{ "a body of known length", LINE("POST /hook") "Content-Length: 5\r\n\r\nhello", 202, "length=5 " },
		{ "an empty body", LINE("POST /hook") "Content-Length: 0\r\n\r\n", 202, "length=0 " },
		{ "a chunked body", LINE("POST /hook") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 202, "length=5 " },
		{ "an empty chunked body", LINE("POST /hook") "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 202, "length=0 " },
		{ "a request behind the body is not served",
		  LINE("POST /hook") "Content-Length: 5\r\n\r\nhelloPOST /never HTTP/1.1\r\nHost: a\r\n\r\n", 202, "length=5 " },
		{ "an answer that comes later", LINE("POST /later") "Content-Length: 5\r\n\r\nhello", 202, "length=5 " },
		{ "no body", LINE("GET /peer") "\r\n", 200, "127.0.0.1 0 0" },
		{ "every reply ends the connection", LINE("GET /peer") "Connection: keep-alive\r\n\r\n", 200, "\r\nConnection: close\r\n" },
		{ "replies have a date", LINE("GET /peer") "\r\n", 200, "\r\nDate: " },
		{ "HEAD has a length and no body", LINE("HEAD /peer") "\r\n", 200, "Connection: close\r\n\r\n" },
		{ "an unknown path", LINE("POST /nowhere") "Content-Length: 5\r\n\r\nhello", 404, "\r\n\r\nnot found\n" },
		{ "another method", LINE("GET /hook") "\r\n", 405, "\r\nAllow: POST\r\n" },
		{ "no length", LINE("POST /hook") "\r\n", 411, NULL },
		{ "the route refuses", LINE("POST /refused") "Content-Length: 5\r\n\r\nhello", 401, "\r\nWWW-Authenticate: " },
		{ "a length over the route's limit", LINE("POST /small") "Content-Length: 1001\r\n\r\n", 413, NULL },
		{ "a chunk over the route's limit", LINE("POST /small") "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413, NULL },
		{ "a bad chunk", LINE("POST /hook") "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", 400, NULL },
		{ "a bad head", "GET /peer HTTP/1.1\nHost: a\n\n", 400, NULL },
		{ "a header without end", "", 431, NULL },
		{ "TLS on a plain port", "\x16\x03\x01\x02", 400, NULL },
		{ "another HTTP", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, NULL },
		{ "gzip", LINE("POST /hook") "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 415, NULL },
		{ "no answer in time", LINE("POST /never") "Content-Length: 0\r\n\r\n", 503, "\r\nRetry-After: 5\r\n" },
		{ "nothing at all is closed without a word", "", 0, NULL },
		{ "half a head is too late", "POST /hook HT", 408, NULL },
	};
	struct httpd *h = start();
	char long_head[9000];

	(void)snprintf(long_head, sizeof(long_head), LINE("GET /peer") "X: %08500d", 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[4096];
		const char *request = cases[i].status == 431 ? long_head : cases[i].request;

		tap_int(client_exchange(httpd_port(h), request, out, sizeof(out)), cases[i].status,
			"%s: the status is right", cases[i].name);
		if (cases[i].reply != NULL) {
			tap_ok(strstr(out, cases[i].reply) != NULL, "%s: the reply is right",
			       cases[i].name);
		}
		if (strncmp(request, "HEAD", 4) == 0) {
			tap_str(strstr(out, "\r\n\r\n"), "\r\n\r\n", "nothing follows");
		}
	}
	struct conn_counters c = httpd_stop(h);
	keep_refusals(&c);
	tap_int(c.accepted, sizeof(cases) / sizeof(cases[0]), "all connections are counted");
	tap_int(c.refused[REFUSAL_LATE + CONN_STORE], 1, "the late answer is counted");
	tap_int(c.refused[REFUSAL_LATE + CONN_HEAD], 2, "the late heads are counted");
	tap_int(c.replies[reply_index(413)], 2, "the replies are counted by status");
	tap_int(c.bodies, 0, "no body is left in memory");
}

static void test_same_404(void)
{
	struct httpd *h = start();
	char one[2048];
	char two[2048];

	(void)client_exchange(httpd_port(h), LINE("GET /x") "\r\n", one, sizeof(one));
	(void)client_exchange(httpd_port(h), LINE("POST /y?z") "Content-Length: 0\r\n\r\n", two, sizeof(two));
	char *date = strstr(one, "Date: ");
	char *other = strstr(two, "Date: ");
	if (tap_ok(date != NULL && other != NULL, "404 has a date")) {
		memset(date, ' ', 35);
		memset(other, ' ', 35);
	}
	tap_str(one, two, "all 404 are the same but for their date");
	(void)httpd_stop(h);
}

/* Every byte alone, head and body, plain and chunked. */
static void test_dribble(void)
{
	static const char *const requests[] = {
		"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
		"POST /hook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX: y\r\n\r\n",
	};
	struct httpd *h = start();

	for (size_t i = 0; i < 2; i++) {
		int fd = client_connect(httpd_port(h));
		const int on = 1;
		char out[2048];

		(void)setsockopt(fd, 6 /* TCP */, 1 /* NODELAY */, &on, sizeof(on));
		for (const char *p = requests[i]; *p != '\0'; p++) {
			(void)client_send(fd, p, 1);
			client_sleep_ms(1);
		}
		tap_int(client_read(fd, out, sizeof(out)), 202, "a request byte by byte, %zu", i);
		tap_ok(strstr(out, "length=11 ") != NULL, "its body is complete");
		(void)close(fd);
	}
	(void)httpd_stop(h);
}

static int64_t timed_exchange(struct httpd *h, const char *text, int *ret_status)
{
	int64_t begin = mstime_monotonic();

	*ret_status = client_exchange(httpd_port(h), text, NULL, 0);
	return mstime_monotonic() - begin;
}

/* Send one byte each 20 ms until the server ends it; its status, and when. */
static int drip(struct httpd *h, const char *begin, int64_t *ret_ms)
{
	int64_t start_ms = mstime_monotonic();
	int fd = client_connect(httpd_port(h));
	int status;

	(void)client_send_text(fd, begin);
	for (int i = 0; i < 250; i++) {
		char peek;

		if (client_send(fd, "x", 1) < 0 ||
		    recv(fd, &peek, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
			break;
		}
		client_sleep_ms(20);
	}
	*ret_ms = mstime_monotonic() - start_ms;
	status = client_read(fd, NULL, 0);
	(void)close(fd);
	return status;
}

static void test_deadlines(void)
{
	struct conn_limits limits = httpd_limits();
	int64_t ms;
	int status;

	limits.phase_ms[CONN_BODY] = 600;
	limits.body_grace_ms = 200;
	limits.body_rate = 1;
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	ms = timed_exchange(h, "", &status);
	tap_ok(ms >= 380 && ms < 1000, "silence ends at the deadline (%lld ms)", (long long)ms);
	tap_int(drip(h, "GET /", &ms), 408, "a dribbled head is too late");
	tap_ok(ms >= 380 && ms < 1000, "dribbling does not move its deadline (%lld ms)", (long long)ms);
	tap_int(drip(h, LINE("POST /hook") "Content-Length: 1000\r\n\r\n", &ms), 408,
		"a dribbled body is too late");
	tap_ok(ms >= 560 && ms < 1200, "at the deadline of bodies (%lld ms)", (long long)ms);
	(void)httpd_stop(h);

	limits.phase_ms[CONN_BODY] = 20000;
	limits.body_rate = 1024;
	h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	tap_int(drip(h, LINE("POST /hook") "Content-Length: 1000\r\n\r\n", &ms), 408,
		"a body below the rate is ended");
	tap_ok(ms >= 180 && ms < 900, "after the time of grace (%lld ms)", (long long)ms);
	struct conn_counters c = httpd_stop(h);
	keep_refusals(&c);
	tap_int(c.refused[REFUSAL_LATE + CONN_BODY], 1, "it is counted");
}

static void test_continue(void)
{
	struct httpd *h = start();
	char out[2048] = "";
	int fd = client_connect(httpd_port(h));

	(void)client_send_text(fd, LINE("POST /hook") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	ssize_t n = recv(fd, out, 25, MSG_WAITALL);
	tap_ok(n == 25 && strcmp(out, "HTTP/1.1 100 Continue\r\n\r\n") == 0, "an accepted head gets 100 Continue");
	(void)client_send_text(fd, "hello");
	tap_int(client_read(fd, out, sizeof(out)), 202, "then the body gets its reply");
	(void)close(fd);
	tap_int(client_exchange(httpd_port(h), LINE("POST /small") "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
				out, sizeof(out)), 413, "a refused head does not get 100 Continue");
	tap_int(client_exchange(httpd_port(h), LINE("POST /refused") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
				out, sizeof(out)), 401, "nor one that the route refuses");
	tap_int(client_exchange(httpd_port(h), LINE("POST /hook") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
				out, sizeof(out)), 202, "a body that does not wait gets none");
	(void)httpd_stop(h);
}

static void test_large_body(void)
{
	struct httpd *h = start();
	size_t len = 25U << 20;
	char *data = xcalloc(1, len);
	char head[256];
	char out[2048];
	int fd = client_connect(httpd_port(h));

	(void)snprintf(head, sizeof(head), LINE("POST /later") "Content-Length: %zu\r\n\r\n", len);
	(void)client_send_text(fd, head);
	tap_int(client_send(fd, data, len), 0, "25 MB are taken");
	tap_int(client_read(fd, out, sizeof(out)), 202, "and accepted");
	tap_ok(strstr(out, "length=26214400 ") != NULL, "all of them arrived");
	(void)close(fd);
	free(data);
	struct conn_counters c = httpd_stop(h);
	keep_refusals(&c);
	tap_int(c.bodies, 0, "the budget is free again");
}

#define SLOW_SENDERS 200

/* Announce 25 MB each, send kilobytes of it, and stop. */
static void open_slow(struct httpd *h, int *fds, const char *framing, size_t kilobytes)
{
	static char kilobyte[1024];

	for (size_t i = 0; i < SLOW_SENDERS; i++) {
		fds[i] = client_connect(httpd_port(h));
		(void)client_send_text(fds[i], framing);
		for (size_t j = 0; j < kilobytes; j++) {
			if (client_send(fds[i], kilobyte, sizeof(kilobyte)) < 0) {
				break;
			}
		}
	}
}

static void test_starvation(void)
{
	static const char framing[] = LINE("POST /hook") "Content-Length: 26214400\r\n\r\n";
	struct conn_limits limits = httpd_limits();
	int fds[SLOW_SENDERS];
	int refused = 0;
	int served = 0;

	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	open_slow(h, fds, framing, 16);
	struct conn_counters c = httpd_counters(h);
	tap_ok(c.bodies < 8U << 20, "announced bodies take no memory (%zu bytes)", c.bodies);
	tap_int(c.replies[reply_index(503)], 0, "nobody is refused for what he announces");
	for (size_t i = 0; i < SLOW_SENDERS; i++) {
		(void)close(fds[i]);
	}
	open_slow(h, fds, framing, 1024);
	for (int i = 0; i < 500 && httpd_counters(h).refused[REFUSAL_BODIES] == 0; i++) {
		client_sleep_ms(10); /* what was sent may still be on its way */
	}
	c = httpd_counters(h);
	tap_ok(c.bodies <= limits.bodies / 10 * 8, "large bodies stay within their share (%zu bytes)",
	       c.bodies);
	tap_ok(c.refused[REFUSAL_BODIES] > 0, "large bodies over their share get 503 (%llu)",
	       (unsigned long long)c.refused[REFUSAL_BODIES]);
	for (int i = 0; i < 20; i++) {
		char *request = xasprintf(LINE("POST /hook") "Content-Length: 20000\r\n\r\n%020000d", 0);

		served += client_exchange(httpd_port(h), request, NULL, 0) == 202;
		free(request);
	}
	tap_int(served, 20, "small pushes are served meanwhile");
	for (size_t i = 0; i < SLOW_SENDERS; i++) {
		char peek;

		refused += recv(fds[i], &peek, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
		(void)close(fds[i]);
	}
	tap_note("%d of %d large bodies refused", refused, SLOW_SENDERS);
	for (int i = 0; i < 100 && httpd_counters(h).open > 0; i++) {
		client_sleep_ms(10);
	}
	c = httpd_stop(h);
	tap_int(c.bodies, 0, "all memory came back");
}

/* The peer asks for 4 MB and does not read. */
static void test_unread_reply(void)
{
	struct httpd *h = start();
	int fd = client_connect(httpd_port(h));
	int small = 4096;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	(void)client_send_text(fd, LINE("GET /big") "\r\n");
	client_sleep_ms(100);
	tap_int(httpd_counters(h).open, 1, "an unread reply keeps the connection");
	client_sleep_ms(600);
	struct conn_counters c = httpd_counters(h);
	tap_int(c.open, 0, "until its deadline");
	tap_int(c.refused[REFUSAL_LATE + CONN_REPLY], 1, "which is counted");
	(void)close(fd);

	fd = client_connect(httpd_port(h));
	(void)client_send_text(fd, LINE("GET /big") "\r\n");
	tap_int(client_read(fd, NULL, 0), 200, "a reply that is read comes whole");
	(void)close(fd);
	(void)httpd_stop(h);
}

/* A refused body that is still being sent must not cost the peer the reply. */
static void test_refused_sender(void)
{
	static char data[40000];
	struct httpd *h = start();
	int replies = 0;

	for (int i = 0; i < 20; i++) {
		int fd = client_connect(httpd_port(h));

		(void)client_send_text(fd, LINE("POST /small") "Content-Length: 40000\r\n\r\n");
		client_sleep_ms(2);
		(void)client_send(fd, data, sizeof(data));
		replies += client_read(fd, NULL, 0) == 413;
		(void)close(fd);
	}
	tap_int(replies, 20, "a sender that goes on sending reads its 413");
	int fd = client_connect(httpd_port(h));
	(void)client_send_text(fd, LINE("POST /small") "Content-Length: 40000\r\n\r\n");
	int sent = 0;
	while (sent < 1000 && client_send(fd, data, sizeof(data)) == 0) {
		sent++;
	}
	tap_ok(sent < 1000, "one that never stops is cut off (%d blocks)", sent);
	(void)close(fd);
	(void)httpd_stop(h);
}

static void test_half_close(void)
{
	struct httpd *h = start();
	int fd = client_connect(httpd_port(h));

	(void)client_send_text(fd, LINE("POST /later") "Content-Length: 5\r\n\r\nhello");
	(void)shutdown(fd, SHUT_WR);
	tap_int(client_read(fd, NULL, 0), 202, "a peer that closed its side gets its reply");
	(void)close(fd);
	fd = client_connect(httpd_port(h));
	(void)client_send_text(fd, LINE("POST /hook") "Content-Length: 5\r\n\r\nhell");
	(void)shutdown(fd, SHUT_WR);
	tap_int(client_read(fd, NULL, 0), 0, "a cut body gets none");
	(void)close(fd);
	fd = client_connect(httpd_port(h));
	(void)client_send_text(fd, LINE("POST /later") "Content-Length: 5\r\n\r\nhello");
	struct linger reset = { .l_onoff = 1 };
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(fd);
	client_sleep_ms(150);
	struct conn_counters c = httpd_stop(h);
	keep_refusals(&c);
	tap_int(c.open, 0, "a peer that is gone leaves nothing");
}

/*
 * A comes too late; B has its place when the answer to A arrives.
 */
static void test_late_answer(void)
{
	struct conn_limits limits = httpd_limits();

	limits.phase_ms[CONN_STORE] = 40; /* the answer comes after 50 */
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	tap_int(client_exchange(httpd_port(h), LINE("POST /later") "Content-Length: 5\r\n\r\nhello", NULL, 0),
		503, "an answer after the time of STORE is not waited for");
	tap_int(client_exchange(httpd_port(h), LINE("POST /never") "Content-Length: 0\r\n\r\n", NULL, 0), 503,
		"it does not go to the next connection");
	client_sleep_ms(50);
	tap_int(httpd_stop(h).answers_dropped, 1, "it is dropped and counted");
}

/* What cannot be sent is answered 500, and is counted as what was sent. */
static void test_too_long(void)
{
	struct httpd *h = start();

	tap_int(client_exchange(httpd_port(h), LINE("GET /too-long") "\r\n", NULL, 0), 500,
		"an answer over the limit becomes 500");
	struct conn_counters c = httpd_stop(h);
	tap_int(c.replies[reply_index(500)], 1, "which is counted");
	tap_int(c.replies[reply_index(200)], 0, "and what was meant is not");
}

static void test_drain(void)
{
	struct conn_limits limits = httpd_limits();

	limits.phase_ms[CONN_HEAD] = 10000;
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	int idle = client_connect(httpd_port(h));
	int fd = client_connect(httpd_port(h));
	int64_t begin = mstime_monotonic();

	(void)client_send_text(fd, LINE("POST /hook") "Content-Length: 5\r\n\r\nhel");
	client_sleep_ms(50);
	httpd_drain(h, 3000);
	client_sleep_ms(100);
	(void)client_send_text(fd, "lo");
	tap_int(client_read(fd, NULL, 0), 202, "a request that has begun is finished");
	(void)close(fd);
	tap_int(client_read(idle, NULL, 0), 0, "an idle connection is closed");
	struct conn_counters c = httpd_stop(h);
	keep_refusals(&c);
	tap_ok(mstime_monotonic() - begin < 1500, "draining ends when the last is gone");
	(void)close(idle);
	tap_int(c.open, 0, "nothing is open");

	h = start();
	fd = client_connect(httpd_port(h));
	(void)client_send_text(fd, LINE("POST /hook") "Content-Length: 5\r\n\r\nhel");
	client_sleep_ms(50);
	begin = mstime_monotonic();
	httpd_drain(h, 300);
	c = httpd_stop(h);
	int64_t ms = mstime_monotonic() - begin;
	tap_ok(ms >= 280 && ms < 1000, "draining ends at its deadline (%lld ms)", (long long)ms);
	tap_int(client_read(fd, NULL, 0), 0, "what is not finished then is closed");
	(void)close(fd);
	h = start();
	httpd_drain(h, 3000);
	(void)httpd_stop(h);
	tap_ok(true, "draining nothing ends at once");
}

int main(void)
{
	test_requests();
	test_same_404();
	test_dribble();
	test_deadlines();
	test_continue();
	test_large_body();
	test_starvation();
	test_unread_reply();
	test_refused_sender();
	test_half_close();
	test_late_answer();
	test_too_long();
	test_drain();
	return tap_done();
}
