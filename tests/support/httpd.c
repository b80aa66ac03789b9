/*
 * The server runs in a thread; what others ask of it comes through a pipe and
 * is answered through another, so the pool is used by one thread only.
 */
#include "tests/support/httpd.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/http/listen.h"
#include "receiver/http/tls.h"
#include "receiver/ops/metrics.h"
#include "tests/support/metrics_keep.h"

#define LATER_MS 50

struct httpd {
	struct event_base *base;
	struct conn_pool *pool;
	struct listener *listener;
	struct tls_context *tls;
	struct conn_handler handler;
	struct event *control;
	pthread_t thread;
	int ask[2];
	int answer[2];
	unsigned port;
	unsigned requests;
	bool draining;
	struct conn_counters counters;
	struct metrics *metrics; // how requests were answered
};

struct later {
	struct httpd *httpd;
	uint64_t id;
	char text[256];
};

static const struct {
	const char *path;
	struct http_route route;
} routes[] = {
	{ "/hook", { .methods = HTTP_POST, .body_max = 25U << 20, .body_wanted = true } },
	{ "/small", { .methods = HTTP_POST, .body_max = 1000, .body_wanted = true } },
	{ "/later", { .methods = HTTP_POST, .body_max = 25U << 20, .body_wanted = true } },
	{ "/never", { .methods = HTTP_POST, .body_max = 1000 } },
	{ "/refused", { .status = 401, .methods = HTTP_POST, .body_max = 1000 } },
	{ "/peer", { .methods = HTTP_GET | HTTP_HEAD } },
	{ "/big", { .methods = HTTP_GET } },
	{ "/too-long", { .methods = HTTP_GET } },
};

static void on_admit(void *ctx, const struct conn_request *request, struct http_route *ret_route)
{
	(void)ctx;
	ret_route->status = 404;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (http_span_is(request->head->path, routes[i].path)) {
			*ret_route = routes[i].route;
		}
	}
}

/* Length and sum of a body, as text. */
static void sum_up(const struct body *body, char *text, size_t max)
{
	unsigned long sum = 0;
	size_t len = body != NULL ? body->len : 0;

	for (size_t i = 0; i < len; i++) {
		sum = sum * 31 + (unsigned char)body->data[i];
	}
	(void)snprintf(text, max, "length=%zu sum=%lx\n", len, sum);
}

static void answer_text(struct httpd *h, uint64_t id, const char *text)
{
	(void)conn_reply(h->pool, id, &(struct reply){ .status = 202, .content_type = "text/plain",
						       .body = text, .body_len = strlen(text) });
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct later *later = arg;

	(void)fd;
	(void)what;
	answer_text(later->httpd, later->id, later->text);
	free(later);
}

static void answer_later(struct httpd *h, const struct conn_request *request)
{
	struct timeval tv = { .tv_usec = LATER_MS * 1000 };
	struct later *later = xcalloc(1, sizeof(*later));

	later->httpd = h;
	later->id = request->id;
	sum_up(request->body, later->text, sizeof(later->text));
	(void)event_base_once(h->base, -1, EV_TIMEOUT, on_later, later, &tv);
}

static void answer_big(struct httpd *h, uint64_t id, size_t len)
{
	char *data = xmalloc(len);

	memset(data, 'x', len);
	(void)conn_reply(h->pool, id, &(struct reply){ .status = 200, .content_type = "text/plain",
						       .body = data, .body_len = len });
	free(data);
}

static void answer_peer(struct httpd *h, const struct conn_request *request)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s %u %d\n", request->peer->address,
		       (unsigned)request->peer->uid, request->peer->is_tls);
	(void)conn_reply(h->pool, request->id,
			 &(struct reply){ .status = 200, .content_type = "text/plain",
					  .body = text, .body_len = strlen(text) });
}

static void on_request(void *ctx, const struct conn_request *request)
{
	struct httpd *h = ctx;
	const char *path = request->head->path.at;
	char text[256];

	h->requests++;
	if (strcmp(path, "/later") == 0) {
		answer_later(h, request);
	} else if (strcmp(path, "/big") == 0) {
		answer_big(h, request->id, HTTPD_BIG);
	} else if (strcmp(path, "/too-long") == 0) {
		answer_big(h, request->id, LIMIT_RESPONSE_BYTES + 1);
	} else if (strcmp(path, "/peer") == 0) {
		answer_peer(h, request);
	} else if (strcmp(path, "/never") != 0) {
		sum_up(request->body, text, sizeof(text));
		answer_text(h, request->id, text);
	}
}

static void on_answered(void *ctx, const char *route, int status, int64_t took_ms)
{
	struct httpd *h = ctx;

	metrics_count_answer(h->metrics, route, status, took_ms);
}

struct conn_limits httpd_limits(void)
{
	struct conn_limits limits = conn_limits_default;

	limits.per_peer = 0;
	limits.per_peer_new = 0;
	limits.phase_ms[CONN_HANDSHAKE] = 400;
	limits.phase_ms[CONN_HEAD] = 400;
	limits.phase_ms[CONN_BODY] = 5000;
	limits.phase_ms[CONN_STORE] = 400;
	limits.phase_ms[CONN_REPLY] = 400;
	limits.phase_ms[CONN_LINGER] = 400;
	return limits;
}

static void on_drained(void *ctx)
{
	struct httpd *h = ctx;

	(void)event_base_loopbreak(h->base);
}

static void tell(struct httpd *h, const void *data, size_t len)
{
	if (write(h->answer[1], data, len) != (ssize_t)len) {
		abort();
	}
}

static void drain(struct httpd *h)
{
	int ms = 0;

	if (read(h->ask[0], &ms, sizeof(ms)) != sizeof(ms)) {
		abort();
	}
	listener_free(h->listener);
	h->listener = NULL;
	conn_pool_drain(h->pool, ms, on_drained, h);
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
	struct httpd *h = arg;
	char command = 0;
	int r;

	(void)what;
	if (read(fd, &command, 1) != 1) {
		abort();
	}
	switch (command) {
	case 'c':
		tell(h, conn_pool_counters(h->pool), sizeof(struct conn_counters));
		break;
	case 'n':
		tell(h, &h->requests, sizeof(h->requests));
		break;
	case 'r':
		r = tls_context_reload(h->tls, NULL, NULL, NULL);
		tell(h, &r, sizeof(r));
		break;
	case 'd':
		drain(h);
		break;
	default:
		(void)event_base_loopbreak(h->base);
		break;
	}
}

static void fail(const char *what, const struct error *err)
{
	printf("Bail out! %s: %s\n", what, err != NULL ? err->text : "");
	exit(2);
}

/* All but the thread. */
static struct httpd *make(const char *address, const struct conn_limits *limits,
			  const char *certificate, const char *key)
{
	static const struct metrics_build build = { .version = "test" };
	struct httpd *h = xcalloc(1, sizeof(*h));
	struct error err = ERROR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	h->base = event_base_new();
	h->pool = conn_pool_new(h->base, limits);
	h->handler = (struct conn_handler){
		.admit = on_admit, .request = on_request, .answered = on_answered, .ctx = h,
	};
	h->metrics = metrics_new(&build);
	if (certificate != NULL) {
		h->tls = tls_context_new(certificate, key, &err);
		if (h->tls == NULL) {
			fail("tls", &err);
		}
	}
	h->listener = listener_new(h->base, h->pool,
				   &(struct listener_settings){ .address = address, .mode = 0660,
								.tls = h->tls,
								.handler = &h->handler },
				   &err);
	if (h->listener == NULL) {
		fail("listen", &err);
	}
	h->port = listener_port(h->listener);
	return h;
}

static void *serve(void *arg)
{
	struct httpd *h = arg;

	(void)event_base_dispatch(h->base);
	h->counters = *conn_pool_counters(h->pool);
	return NULL;
}

struct httpd *httpd_start(const char *address, const struct conn_limits *limits,
			  const char *certificate, const char *key)
{
	struct httpd *h = make(address, limits, certificate, key);

	if (pipe(h->ask) != 0 || pipe(h->answer) != 0) {
		fail("pipe", NULL);
	}
	h->control = event_new(h->base, h->ask[0], EV_READ | EV_PERSIST, on_control, h);
	(void)event_add(h->control, NULL);
	if (pthread_create(&h->thread, NULL, serve, h) != 0) {
		fail("thread", NULL);
	}
	return h;
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
	struct httpd *h = arg;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(h->base);
}

void httpd_run_forever(const char *address, const struct conn_limits *limits,
		       const char *certificate, const char *key, int fd)
{
	struct httpd *h = make(address, limits, certificate, key);

	h->control = evsignal_new(h->base, SIGTERM, on_term, h);
	(void)evsignal_add(h->control, NULL);
	if (write(fd, &h->port, sizeof(h->port)) != sizeof(h->port)) {
		exit(2);
	}
	(void)event_base_dispatch(h->base);
	listener_free(h->listener);
	conn_pool_free(h->pool);
	tls_context_free(h->tls);
	event_free(h->control);
	event_base_free(h->base);
	metrics_free(h->metrics);
	free(h);
}

unsigned httpd_port(const struct httpd *h)
{
	return h->port;
}

static void ask(struct httpd *h, char command, void *answer, size_t len)
{
	if (write(h->ask[1], &command, 1) != 1 || read(h->answer[0], answer, len) != (ssize_t)len) {
		fail("control", NULL);
	}
}

int httpd_reload(struct httpd *h)
{
	int r = 0;

	ask(h, 'r', &r, sizeof(r));
	return r;
}

struct conn_counters httpd_counters(struct httpd *h)
{
	struct conn_counters counters;

	ask(h, 'c', &counters, sizeof(counters));
	return counters;
}

unsigned httpd_requests(struct httpd *h)
{
	unsigned requests = 0;

	ask(h, 'n', &requests, sizeof(requests));
	return requests;
}

void httpd_drain(struct httpd *h, int ms)
{
	char command = 'd';

	h->draining = true;
	if (write(h->ask[1], &command, 1) != 1 || write(h->ask[1], &ms, sizeof(ms)) < 0) {
		fail("control", NULL);
	}
}

struct conn_counters httpd_stop(struct httpd *h)
{
	char command = 'q';

	if (!h->draining && write(h->ask[1], &command, 1) != 1) {
		fail("control", NULL);
	}
	(void)pthread_join(h->thread, NULL);
	struct conn_counters counters = h->counters;
	listener_free(h->listener);
	conn_pool_free(h->pool);
	tls_context_free(h->tls);
	event_free(h->control);
	event_base_free(h->base);
	for (int i = 0; i < 2; i++) {
		(void)close(h->ask[i]);
		(void)close(h->answer[i]);
	}
	metrics_keep(h->metrics);
	metrics_free(h->metrics);
	free(h);
	return counters;
}

static int with_limit(int fd)
{
	struct timeval tv = { .tv_sec = 10 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

int client_connect(unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
		fail("connect", NULL);
	}
	return with_limit(fd);
}

int client_connect_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
		fail("connect", NULL);
	}
	return with_limit(fd);
}

int client_send(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0) {
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int client_send_text(int fd, const char *text)
{
	return client_send(fd, text, strlen(text));
}

int client_read(int fd, char *out, size_t size)
{
	char own[4096];
	char rest[65536];
	size_t len = 0;
	ssize_t n;

	if (out == NULL) {
		out = own;
		size = sizeof(own);
	}
	do {
		bool room = len < size - 1;

		n = recv(fd, room ? out + len : rest, room ? size - 1 - len : sizeof(rest), 0);
		len += room && n > 0 ? (size_t)n : 0;
	} while (n > 0);
	out[len] = '\0';
	if (n < 0) {
		return -1;
	}
	return strncmp(out, "HTTP/1.1 ", 9) == 0 ? (int)strtol(out + 9, NULL, 10) : 0;
}

int client_exchange(unsigned port, const char *text, char *out, size_t size)
{
	int fd = client_connect(port);

	(void)client_send_text(fd, text);
	int status = client_read(fd, out, size);
	(void)close(fd);
	return status;
}

void client_sleep_ms(int ms)
{
	(void)usleep((useconds_t)ms * 1000);
}
