/*
 * A sender of GitHub pushes that is cheaper than what it measures; called by
 * accept.py.
 *
 *     load --port N --path PATH --secret TEXT --body FILE [--steps FILE]
 *          [--clients N] [--rate N] [--seconds S] [--warm S]
 *
 * A new connection for each request, one thread, epoll.  With --steps each line
 * "BEFORE AFTER" of that file gives a body, in which @BEFORE@ and @AFTER@ are
 * replaced.  Each request has a delivery id of its own, and a number of its own
 * in place of @NUMBER@, since a body that came before is a repeat; so it is signed
 * when it is sent.
 *
 * Without --rate N clients send one request after the other.  With --rate a
 * request is due every 1/N second whatever became of those before it, and its
 * time counts from when it was due: a server that stands still for a second
 * is seen by all the requests of that second, not by one ("coordinated
 * omission").  A request is timed until the status line is there.
 *
 * The result is one line of JSON; times in microseconds.  The first --warm
 * seconds are not counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mstime.h"
#include "base/xalloc.h"

#define CLIENTS_MAX 2048
#define OPEN_CLIENTS 1024  // with --rate: so many may wait at a time
#define SECOND INT64_C(1000000000)
#define PATIENCE (5 * SECOND)
#define SIGNATURE 72       // "sha256=", digits, NUL
#define DIGITS 40          // of a commit, and of the number of a request

struct message {
	char *body;
	size_t len;
	size_t number_at;    // DIGITS of the body are the number of the request
	char signature[SIGNATURE];
};

struct client {
	int fd;              // -1: free
	struct message message;
	char head[768];
	size_t head_len;
	size_t sent;         // of head and body
	int64_t due;         // nanoseconds, monotonic
	size_t got;
	char answer[512];
};

struct load {
	struct sockaddr_in address;
	const char *path;
	const char *secret;
	struct message *messages;
	size_t message_count;
	size_t client_count;
	double rate;
	double seconds;
	double warm;
	int epoll;
	struct client *clients;
	size_t *free_clients;
	size_t free_count;
	uint64_t started;
	uint64_t id;
	uint32_t *times;
	size_t time_count;
	size_t time_capacity;
	uint64_t failed;
	int64_t begin;       // of what counts
	int64_t last;        // the last answer that counts
};

static void die(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- what is sent ------------------------------------------------------ */

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = xcalloc(1, 1 << 24);

	if (file == NULL || fread(text, 1, (1 << 24) - 1, file) == 0) {
		die(path);
	}
	(void)fclose(file);
	return text;
}

/* A copy of text in which each name is replaced by 40 digits. */
static char *replace(const char *text, const char *name, const char *digits)
{
	char *out = xcalloc(1, strlen(text) * 6 + 1);
	const char *at;
	size_t len = 0;

	while ((at = strstr(text, name)) != NULL) {
		memcpy(out + len, text, (size_t)(at - text));
		len += (size_t)(at - text);
		memcpy(out + len, digits, DIGITS);
		len += DIGITS;
		text = at + strlen(name);
	}
	memcpy(out + len, text, strlen(text));
	return out;
}

static struct message make_message(const char *template, const char *before, const char *after)
{
	static const char zeros[] = "0000000000000000000000000000000000000000";
	char *half = replace(template, "@BEFORE@", before);
	char *whole = replace(half, "@AFTER@", after);
	const char *number = strstr(whole, "@NUMBER@");
	struct message m = { .body = replace(whole, "@NUMBER@", zeros), .len = 0 };

	if (number == NULL) {
		die("no @NUMBER@ in the body");
	}
	m.number_at = (size_t)(number - whole);
	m.len = strlen(m.body);
	m.body = xreallocarray(m.body, m.len + 1, 1);
	free(half);
	free(whole);
	return m;
}

/* Make to what is sent as that number: the body of from with the number, signed. */
static void sign(const struct load *l, const struct message *from, uint64_t number,
		 struct message *to)
{
	uint8_t digest[HMAC_SHA256_BYTES];
	char digits[DIGITS + 1];

	to->body = xreallocarray(to->body, from->len, 1);
	to->len = from->len;
	memcpy(to->body, from->body, from->len);
	(void)snprintf(digits, sizeof(digits), "%016llx%024llu", (unsigned long long)l->id,
		       (unsigned long long)number);
	memcpy(to->body + from->number_at, digits, DIGITS);
	struct hmac_part part = { .data = to->body, .len = to->len };
	if (hmac_sha256(l->secret, strlen(l->secret), &part, 1, digest) < 0) {
		die("HMAC");
	}
	memcpy(to->signature, "sha256=", 7);
	hex_encode(digest, sizeof(digest), to->signature + 7);
}

static void make_messages(struct load *l, const char *body_path, const char *steps_path)
{
	static const char one[] = "1111111111111111111111111111111111111111 "
				  "2222222222222222222222222222222222222222\n";
	char *template = read_file(body_path);
	char *steps = steps_path != NULL ? read_file(steps_path) : xstrdup(one);
	size_t capacity = 0;
	char *rest = NULL;

	for (char *before = strtok_r(steps, " \n", &rest); before != NULL;
	     before = strtok_r(NULL, " \n", &rest)) {
		const char *after = strtok_r(NULL, " \n", &rest);

		if (strlen(before) != 40 || after == NULL || strlen(after) != 40) {
			die("no line of two commits");
		}
		l->messages = xgrow(l->messages, l->message_count, &capacity,
				    sizeof(*l->messages));
		l->messages[l->message_count++] = make_message(template, before, after);
	}
	free(steps);
	free(template);
}

/* ---- one request ------------------------------------------------------- */

static void watch(const struct load *l, struct client *c, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(l->epoll, operation, c->fd, &event) < 0) {
		die("epoll_ctl");
	}
}

static void end(struct load *l, struct client *c, bool good)
{
	int64_t now = mstime_nanoseconds();

	(void)close(c->fd);
	c->fd = -1;
	l->free_clients[l->free_count++] = (size_t)(c - l->clients);
	if (c->due < l->begin) {
		return;
	}
	if (!good) {
		if (l->failed++ == 0) {
			(void)fprintf(stderr, "load: not accepted: %.60s\n", c->answer);
		}
		return;
	}
	l->last = now;
	l->times = xgrow(l->times, l->time_count, &l->time_capacity, sizeof(*l->times));
	l->times[l->time_count++] = (uint32_t)((now - c->due) / 1000);
}

static void start(struct load *l, int64_t due)
{
	struct client *c = &l->clients[l->free_clients[--l->free_count]];
	uint64_t number = l->started++;

	sign(l, &l->messages[number % l->message_count], number, &c->message);
	c->due = due;
	c->sent = 0;
	c->got = 0;
	memset(c->answer, 0, sizeof(c->answer));
	c->head_len = (size_t)snprintf(
		c->head, sizeof(c->head),
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/044aadd\r\n"
		"Content-Length: %zu\r\nAccept: */*\r\nContent-Type: application/json\r\n"
		"X-GitHub-Delivery: %08x-%04x-4000-8000-%012llx\r\nX-GitHub-Event: push\r\n"
		"X-GitHub-Hook-ID: 1\r\nX-Hub-Signature-256: %s\r\nConnection: close\r\n\r\n",
		l->path, c->message.len, (unsigned)(l->id >> 16), (unsigned)(l->id & 0xffff),
		(unsigned long long)number, c->message.signature);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		die("socket");
	}
	watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
	if (connect(c->fd, (const struct sockaddr *)&l->address, sizeof(l->address)) < 0 &&
	    errno != EINPROGRESS) {
		end(l, c, false);
	}
}

static void send_more(struct load *l, struct client *c)
{
	size_t in_body = c->sent > c->head_len ? c->sent - c->head_len : 0;
	size_t in_head = c->sent < c->head_len ? c->sent : c->head_len;
	struct iovec parts[] = {
		{ .iov_base = c->head + in_head, .iov_len = c->head_len - in_head },
		{ .iov_base = c->message.body + in_body, .iov_len = c->message.len - in_body },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN) {
		end(l, c, false);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent == c->head_len + c->message.len) {
		watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
	}
}

static void read_more(struct load *l, struct client *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got, sizeof(c->answer) - 1 - c->got, 0);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	c->got += n > 0 ? (size_t)n : 0;
	c->answer[c->got] = '\0';
	if (n > 0 && strstr(c->answer, "\r\n") == NULL) {
		return;
	}
	end(l, c, strncmp(c->answer, "HTTP/1.1 20", 11) == 0);
}

/* ---- all of them ------------------------------------------------------- */

static void wait_events(struct load *l, int64_t until)
{
	struct epoll_event events[256];
	int64_t left = until - mstime_nanoseconds();
	int64_t wait = left > 0 ? left : 0;
	struct timespec limit = { .tv_sec = wait / SECOND, .tv_nsec = wait % SECOND };
	int n = epoll_pwait2(l->epoll, events, 256, &limit, NULL);

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (c->sent < c->head_len + c->message.len) {
			send_more(l, c);
		} else {
			read_more(l, c);
		}
	}
}

static void run(struct load *l)
{
	int64_t now = mstime_nanoseconds();
	int64_t stop = now + (int64_t)((l->warm + l->seconds) * 1e9);
	double due = (double)now;

	l->begin = now + (int64_t)(l->warm * 1e9);
	while (now < stop) {
		while (l->free_count > 0 && (l->rate == 0 || due <= (double)now)) {
			start(l, l->rate > 0 ? (int64_t)due : now);
			due += l->rate > 0 ? 1e9 / l->rate : 0;
		}
		wait_events(l, l->rate > 0 && l->free_count > 0 ? (int64_t)due : stop);
		now = mstime_nanoseconds();
	}
	while (l->free_count < l->client_count && now < stop + PATIENCE) {
		wait_events(l, stop + PATIENCE);
		now = mstime_nanoseconds();
	}
	l->failed += l->client_count - l->free_count;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t quantile(const struct load *l, double q)
{
	return l->time_count > 0 ? l->times[(size_t)(q * (double)(l->time_count - 1))] : 0;
}

static void report(struct load *l)
{
	double seconds = (double)(l->last - l->begin) / 1e9;
	struct rusage own;

	(void)getrusage(RUSAGE_SELF, &own);
	if (l->time_count > 0) {
		qsort(l->times, l->time_count, sizeof(*l->times), by_size);
	}
	(void)printf("{\"accepted\": %zu, \"failed\": %llu, \"seconds\": %.3f, \"rate\": %.1f, "
		     "\"p50\": %u, \"p99\": %u, \"p999\": %u, \"max\": %u, "
		     "\"sent\": %llu, \"own_cpu\": %.6f}\n",
		     l->time_count, (unsigned long long)l->failed, seconds,
		     l->time_count > 0 ? (double)l->time_count / seconds : 0, quantile(l, 0.5),
		     quantile(l, 0.99), quantile(l, 0.999), quantile(l, 1),
		     (unsigned long long)l->started,
		     (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
			     (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
}

static const char *option(char **argv, const char *name, const char *initial)
{
	for (argv++; argv[0] != NULL && argv[1] != NULL; argv += 2) {
		if (strcmp(argv[0], name) == 0) {
			return argv[1];
		}
	}
	return initial;
}

static double number(char **argv, const char *name, const char *initial)
{
	return strtod(option(argv, name, initial), NULL);
}

int main(int argc, char **argv)
{
	struct load l = {
		.path = option(argv, "--path", "/"),
		.secret = option(argv, "--secret", ""),
		.client_count = (size_t)number(argv, "--clients", "1"),
		.rate = number(argv, "--rate", "0"),
		.seconds = number(argv, "--seconds", "5"),
		.warm = number(argv, "--warm", "0.5"),
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.address = { .sin_family = AF_INET,
			     .sin_port = htons((uint16_t)number(argv, "--port", "0")),
			     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
	};

	if (argc < 2 || option(argv, "--body", NULL) == NULL || random_bytes(&l.id, 6) < 0) {
		(void)fprintf(stderr, "load: see the beginning of tests/bench/load.c\n");
		return 64;
	}
	l.client_count = l.rate > 0 ? OPEN_CLIENTS : l.client_count;
	l.client_count = l.client_count < CLIENTS_MAX ? l.client_count : CLIENTS_MAX;
	l.clients = xcalloc(l.client_count, sizeof(*l.clients));
	l.free_clients = xcalloc(l.client_count, sizeof(*l.free_clients));
	for (; l.free_count < l.client_count; l.free_count++) {
		l.free_clients[l.free_count] = l.free_count;
	}
	make_messages(&l, option(argv, "--body", NULL), option(argv, "--steps", NULL));
	run(&l);
	report(&l);
	return l.time_count > 0 ? 0 : 1;
}
