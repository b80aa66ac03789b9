/*
 * Listeners: addresses, unix sockets, limits by source, a full house, and
 * what happens when the file descriptors run out.
 */
#include "receiver/http/listen.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/httpd.h"
#include "tests/support/tap.h"

#define REQUEST "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"

static void test_wrong_addresses(void)
{
	static const char *const addresses[] = {
		"127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8080",
		"", "unix:", "unix:relative", "127.0.0.1:123456789012",
		"unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct conn_limits limits = httpd_limits();
	struct event_base *base = event_base_new();
	struct conn_pool *pool = conn_pool_new(base, &limits);

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		const struct listener_settings settings = { .address = addresses[i], .mode = 0600 };
		struct error err = ERROR_INIT;
		struct listener *l = listener_new(base, pool, &settings, &err);

		tap_ok(l == NULL && err.text[0] != '\0', "address \"%s\" is wrong: %s", addresses[i],
		       err.text);
		listener_free(l);
	}
	conn_pool_free(pool);
	event_base_free(base);
}

static void test_families(void)
{
	static const char *const addresses[] = { ":0", "*:0", "localhost:0", "[::1]:0", "[::]:0" };
	struct conn_limits limits = httpd_limits();

	for (size_t i = 0; i < 3; i++) {
		struct httpd *h = httpd_start(addresses[i], &limits, NULL, NULL);
		char out[2048];

		/* localhost may be ::1 first, on a port of its own. */
		if (i < 2) {
			tap_int(client_exchange(httpd_port(h), "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n", out,
						sizeof(out)), 200, "%s can be reached", addresses[i]);
			tap_ok(strstr(out, "\r\n127.0.0.1 0 0") != NULL, "an IPv4 peer is called by its IPv4 address");
		}
		tap_ok(httpd_port(h) > 0, "%s has a port", addresses[i]);
		(void)httpd_stop(h);
	}
}

static void test_unix(void)
{
	struct conn_limits limits = httpd_limits();
	char *path = xasprintf("%s/http.sock", tap_dir());
	char *address = xasprintf("unix:%s", path);
	char *want = xasprintf("\r\n\r\nunix %u 0\n", (unsigned)getuid());
	struct error err = ERROR_INIT;
	char out[2048];
	struct stat st;

	limits.per_peer = 1;
	limits.per_peer_new = 1;
	(void)umask(022);
	struct httpd *h = httpd_start(address, &limits, NULL, NULL);
	tap_ok(lstat(path, &st) == 0 && (st.st_mode & 0777) == 0660, "the socket has its permissions");
	tap_int(umask(022), 022, "the umask is what it was");
	for (int i = 0; i < 3; i++) {
		int fd = client_connect_unix(path);

		(void)client_send_text(fd, "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n");
		tap_int(client_read(fd, out, sizeof(out)), 200, "a unix socket has no limit by source, %d", i);
		(void)close(fd);
	}
	tap_ok(strstr(out, want) != NULL, "the kernel says who calls");

	struct event_base *base = event_base_new();
	struct conn_pool *pool = conn_pool_new(base, &limits);
	struct listener_settings settings = { .address = address, .mode = 0660 };
	tap_ok(listener_new(base, pool, &settings, &err) == NULL, "a socket in use is left alone: %s", err.text);
	tap_ok(lstat(path, &st) == 0, "its file stays");
	(void)httpd_stop(h);
	tap_ok(lstat(path, &st) != 0, "the file goes with the listener");

	tap_sh("python3 -c \"import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind('%s')\"", path);
	struct listener *l = listener_new(base, pool, &settings, &err);
	tap_ok(l != NULL, "a stale socket is replaced");
	tap_sh("rm %s; touch %s", path, path);
	listener_free(l);
	tap_ok(lstat(path, &st) == 0, "somebody else's file is not removed");
	tap_ok(listener_new(base, pool, &settings, &err) == NULL, "nor replaced: %s", err.text);
	conn_pool_free(pool);
	event_base_free(base);
	free(want);
	free(address);
	free(path);
}

static void test_in_use(void)
{
	struct conn_limits limits = httpd_limits();
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	struct event_base *base = event_base_new();
	struct conn_pool *pool = conn_pool_new(base, &limits);
	char *address = xasprintf("127.0.0.1:%u", httpd_port(h));
	struct error err = ERROR_INIT;

	tap_ok(listener_new(base, pool, &(struct listener_settings){ .address = address }, &err) == NULL,
	       "a port in use is an error: %s", err.text);
	conn_pool_free(pool);
	event_base_free(base);
	free(address);
	(void)httpd_stop(h);
}

static void test_full(void)
{
	struct conn_limits limits = httpd_limits();
	int fds[5];

	limits.connections = 5;
	limits.crowd_ms = 5000;
	limits.phase_ms[CONN_HEAD] = 5000;
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	for (size_t i = 0; i < 5; i++) {
		fds[i] = client_connect(httpd_port(h));
	}
	client_sleep_ms(50);
	int waiting = client_connect(httpd_port(h));
	(void)client_send_text(waiting, REQUEST);
	client_sleep_ms(100);
	tap_int(httpd_counters(h).open, 5, "no more connections than the limit are open");
	(void)close(fds[0]);
	tap_int(client_read(waiting, NULL, 0), 202, "who waits is served when one ends");
	(void)close(waiting);
	for (size_t i = 1; i < 5; i++) {
		(void)close(fds[i]);
	}
	(void)httpd_stop(h);
}

/* Silent callers take all places; an honest one comes through. */
static void test_crowd(void)
{
	struct conn_limits limits = httpd_limits();
	int fds[60];

	limits.connections = 20;
	limits.crowd_ms = 300;
	limits.crowd_rate = 1;
	limits.phase_ms[CONN_HEAD] = 60000;
	limits.phase_ms[CONN_BODY] = 60000;
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	int busy = client_connect(httpd_port(h));
	(void)client_send_text(busy, "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
	client_sleep_ms(50);
	for (size_t i = 0; i < 60; i++) {
		fds[i] = client_connect(httpd_port(h));
		(void)client_send_text(fds[i], "POST");
	}
	int64_t begin = mstime_monotonic();
	tap_int(client_exchange(httpd_port(h), REQUEST, NULL, 0), 202, "an honest caller is served in a crowd");
	int64_t ms = mstime_monotonic() - begin;
	tap_ok(ms > 300 && ms < 2500, "after those before it had their time (%lld ms)", (long long)ms);
	(void)client_send_text(busy, "lo");
	tap_int(client_read(busy, NULL, 0), 202, "who has sent a head is left in peace");
	(void)close(busy);
	for (size_t i = 0; i < 60; i++) {
		(void)close(fds[i]);
	}
	struct conn_counters c = httpd_stop(h);
	tap_ok(c.refused[REFUSAL_CROWD] >= 40, "those that did not go on were ended (%llu)",
	       (unsigned long long)c.refused[REFUSAL_CROWD]);
}

/* Bodies that do not come take all places; an honest caller comes through, they are told. */
static void test_slow_bodies(void)
{
	struct conn_limits limits = httpd_limits();
	int fds[4];

	limits.connections = 4;
	limits.silent_ms = 50;
	limits.crowd_ms = 300;
	limits.crowd_rate = 1000;
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	for (size_t i = 0; i < 4; i++) {
		fds[i] = client_connect(httpd_port(h));
		(void)client_send_text(fds[i], "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
	}
	client_sleep_ms(50);
	tap_int(client_exchange(httpd_port(h), REQUEST, NULL, 0), 202, "an honest caller is served among slow bodies");
	tap_int(client_read(fds[0], NULL, 0), 503, "the slowest is told to come again");
	for (size_t i = 0; i < 4; i++) {
		(void)close(fds[i]);
	}
	tap_ok(httpd_stop(h).refused[REFUSAL_CROWD] >= 1, "it is counted");
}

static void test_sources(void)
{
	struct conn_limits limits = httpd_limits();
	char answer[2048];
	int fds[3];

	limits.per_peer = 3;
	limits.phase_ms[CONN_HEAD] = 5000;
	struct httpd *h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	for (size_t i = 0; i < 3; i++) {
		fds[i] = client_connect(httpd_port(h));
	}
	client_sleep_ms(50);
	tap_int(client_exchange(httpd_port(h), REQUEST, answer, sizeof(answer)), 429, "one more of a source is told to wait");
	tap_ok(strstr(answer, "\r\nRetry-After: ") != NULL, "and how long");
	(void)close(fds[0]);
	client_sleep_ms(50);
	tap_int(client_exchange(httpd_port(h), REQUEST, NULL, 0), 202, "until one of them ends");
	(void)close(fds[1]);
	(void)close(fds[2]);
	tap_int(httpd_stop(h).refused[REFUSAL_PEER_OPEN], 1, "it is counted");

	limits.per_peer = 0;
	limits.per_peer_new = 4;
	h = httpd_start("127.0.0.1:0", &limits, NULL, NULL);
	int served = 0;
	for (int i = 0; i < 6; i++) {
		served += client_exchange(httpd_port(h), REQUEST, NULL, 0) == 202;
	}
	tap_int(served, 4, "so many new ones of a source are served in ten seconds");
	tap_int(httpd_stop(h).refused[REFUSAL_PEER_NEW], 2, "the others are counted");
}

/* In a child: 64 descriptors, of which 48 are gone, so that the limit of
 * connections (20) cannot be reached. */
static void serve_starved(int report, const char *log)
{
	struct conn_limits limits = httpd_limits();
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };

	limits.phase_ms[CONN_HEAD] = 60000;
	if (freopen(log, "w", stderr) == NULL || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		_exit(2);
	}
	for (int i = 0; i < 48; i++) {
		(void)open("/dev/null", O_RDONLY);
	}
	httpd_run_forever("127.0.0.1:0", &limits, NULL, NULL, report);
	exit(0);
}

static int count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	int lines = 0;

	for (int c = file != NULL ? fgetc(file) : EOF; c != EOF; c = fgetc(file)) {
		lines += c == '\n';
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return lines;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void test_descriptors(void)
{
	char *log = xasprintf("%s/log", tap_dir());
	struct rusage usage;
	unsigned port = 0;
	int fds[200];
	int report[2];
	int status;

	if (pipe(report) != 0) {
		exit(2);
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		serve_starved(report[1], log);
	}
	tap_ok(read(report[0], &port, sizeof(port)) == sizeof(port), "a server with 64 descriptors starts");
	int64_t begin = mstime_monotonic();
	for (size_t i = 0; i < 200; i++) {
		fds[i] = client_connect(port);
	}
	client_sleep_ms(2500);
	int dropped = 0;
	for (size_t i = 0; i < 200; i++) {
		char peek;

		dropped += recv(fds[i], &peek, 1, MSG_DONTWAIT) == 0;
		(void)close(fds[i]);
	}
	tap_int(dropped, 0, "nobody is turned away, all wait");
	client_sleep_ms(300);
	tap_int(client_exchange(port, REQUEST, NULL, 0), 202, "it serves again when the flood is over");
	double wall = (double)(mstime_monotonic() - begin) / 1000;
	(void)kill(pid, SIGTERM);
	(void)wait4(pid, &status, 0, &usage);
	tap_int(status, 0, "it ends well");
	double cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	tap_ok(cpu < 0.2 * wall, "without descriptors it does not spin (%.3f s of %.1f s)", cpu, wall);
	int lines = count_lines(log);
	tap_ok(lines >= 1 && lines <= 6, "it says so a few times only (%d lines)", lines);
	(void)close(report[0]);
	(void)close(report[1]);
	free(log);
}

int main(void)
{
	test_wrong_addresses();
	test_families();
	test_unix();
	test_in_use();
	test_full();
	test_crowd();
	test_slow_bodies();
	test_sources();
	test_descriptors();
	return tap_done();
}
