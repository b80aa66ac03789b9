/*
 * What the server costs: requests a second from one client that waits for
 * each reply, processor time a request, memory of an idle connection, and how
 * long an honest client waits while a thousand others dribble.
 */
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/httpd.h"
#include "tests/support/tap.h"

#define REQUESTS 3000
#define IDLE 400
#define DRIBBLERS 1500
#define HONEST 60

struct server {
	pid_t pid;
	unsigned port;
};

static char *certificate;
static char *key;
static char request[20400];
static SSL_CTX *client_ctx;

static struct server start(const struct conn_limits *limits, bool tls)
{
	struct server s = { .pid = -1 };
	int report[2];

	fflush(stdout);
	if (pipe(report) != 0) {
		exit(2);
	}
	s.pid = fork();
	if (s.pid == 0) {
		httpd_run_forever("127.0.0.1:0", limits, tls ? certificate : NULL, key, report[1]);
		_exit(0);
	}
	if (read(report[0], &s.port, sizeof(s.port)) != sizeof(s.port)) {
		exit(2);
	}
	(void)close(report[0]);
	(void)close(report[1]);
	return s;
}

/* Stop it; its processor time in seconds. */
static double stop(struct server s)
{
	struct rusage u;

	(void)kill(s.pid, SIGTERM);
	(void)wait4(s.pid, NULL, 0, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static long resident_kb(pid_t pid)
{
	char *path = xasprintf("/proc/%d/statm", (int)pid);
	FILE *file = fopen(path, "r");
	long pages = 0;

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
		exit(2);
	}
	(void)fclose(file);
	free(path);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static SSL *open_tls(int fd)
{
	SSL *ssl = SSL_new(client_ctx);

	(void)SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1) {
		exit(2);
	}
	return ssl;
}

/* One request; true if it was accepted. */
static bool exchange(unsigned port, bool tls)
{
	int fd = client_connect(port);
	char out[512] = "";
	size_t n = 0;

	if (!tls) {
		(void)client_send(fd, request, strlen(request));
		bool ok = client_read(fd, out, sizeof(out)) == 202;
		(void)close(fd);
		return ok;
	}
	SSL *ssl = open_tls(fd);
	(void)SSL_write_ex(ssl, request, strlen(request), &n);
	(void)SSL_read_ex(ssl, out, sizeof(out) - 1, &n);
	SSL_free(ssl);
	(void)close(fd);
	return strncmp(out, "HTTP/1.1 202", 12) == 0;
}

static void bench_requests(bool tls)
{
	struct conn_limits limits = conn_limits_default;
	int accepted = 0;

	limits.per_peer = 0;
	limits.per_peer_new = 0;
	struct server s = start(&limits, tls);
	int64_t begin = mstime_nanoseconds();
	for (int i = 0; i < REQUESTS; i++) {
		accepted += exchange(s.port, tls);
	}
	double wall = (double)(mstime_nanoseconds() - begin) / 1e9;
	double cpu = stop(s);
	printf("%s, 20 KB: %d of %d accepted, %.0f requests/s, %.0f us of server CPU each\n",
	       tls ? "TLS" : "plain", accepted, REQUESTS, REQUESTS / wall, cpu * 1e6 / REQUESTS);
}

static void bench_idle(bool tls)
{
	struct conn_limits limits = conn_limits_default;
	int fds[IDLE];
	SSL *ssls[IDLE] = { NULL };

	limits.per_peer = 0;
	limits.per_peer_new = 0;
	limits.phase_ms[CONN_HEAD] = 60000;
	struct server s = start(&limits, tls);
	(void)exchange(s.port, tls);
	long before = resident_kb(s.pid);
	for (size_t i = 0; i < IDLE; i++) {
		fds[i] = client_connect(s.port);
		ssls[i] = tls ? open_tls(fds[i]) : NULL;
	}
	client_sleep_ms(200);
	long after = resident_kb(s.pid);
	printf("%s: %.1f KB resident for each idle connection\n", tls ? "TLS" : "plain",
	       (double)(after - before) / IDLE);
	for (size_t i = 0; i < IDLE; i++) {
		SSL_free(ssls[i]);
		(void)close(fds[i]);
	}
	(void)stop(s);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Each dribbler sends a byte now and then and calls again when it is ended. */
static void dribble(int *fds, unsigned port)
{
	for (size_t i = 0; i < DRIBBLERS; i++) {
		char peek;

		if (fds[i] < 0 || recv(fds[i], &peek, 1, MSG_DONTWAIT) == 0 ||
		    client_send(fds[i], "x", 1) < 0) {
			(void)close(fds[i]);
			fds[i] = client_connect(port);
			(void)client_send_text(fds[i], "POST /hook");
		}
	}
}

static void bench_dribblers(void)
{
	struct conn_limits limits = conn_limits_default;
	int64_t times[HONEST];
	int fds[DRIBBLERS];
	int accepted = 0;
	int report[2];

	limits.per_peer = 0;
	limits.per_peer_new = 0;
	struct server s = start(&limits, false);
	fflush(stdout);
	if (pipe(report) != 0) {
		exit(2);
	}
	pid_t pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < DRIBBLERS; i++) {
			fds[i] = -1;
		}
		for (;;) {
			dribble(fds, s.port);
			client_sleep_ms(200);
		}
	}
	client_sleep_ms(1000);
	for (int i = 0; i < HONEST; i++) {
		int64_t begin = mstime_nanoseconds();

		accepted += exchange(s.port, false);
		times[i] = (mstime_nanoseconds() - begin) / 1000;
		client_sleep_ms(20);
	}
	long resident = resident_kb(s.pid);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	qsort(times, HONEST, sizeof(times[0]), compare);
	printf("%d dribblers: %d of %d honest requests accepted, median %.1f ms, p99 %.1f ms, "
	       "%ld KB resident\n",
	       DRIBBLERS, accepted, HONEST, (double)times[HONEST / 2] / 1000,
	       (double)times[HONEST * 99 / 100] / 1000, resident);
	(void)stop(s);
}

int main(void)
{
	struct rlimit limit;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)signal(SIGPIPE, SIG_IGN);
	certificate = xasprintf("%s/cert.pem", tap_dir());
	key = xasprintf("%s/key.pem", tap_dir());
	tap_sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
	       "-subj /CN=a -keyout %s -out %s 2>/dev/null",
	       key, certificate);
	client_ctx = SSL_CTX_new(TLS_client_method());
	(void)snprintf(request, sizeof(request),
		       "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n%020000d", 0);
	bench_requests(false);
	bench_requests(true);
	bench_idle(false);
	bench_idle(true);
	bench_dribblers();
	SSL_CTX_free(client_ctx);
	free(certificate);
	free(key);
	return 0;
}
