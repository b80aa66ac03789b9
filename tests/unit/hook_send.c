/*
 * One delivery to receivers that answer well, badly, late and not at all.
 */
#include "hooks/send.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/tap.h"

#define OK_HEAD "HTTP/1.1 202 Accepted\r\n"

/* Takes one connection and plays its part. */
struct server {
	const char *path;
	const char *answer;
	int listener;
	bool reads;     // the request, before it answers
	int drip_ms;    // between two bytes of the answer; 0: at once
	bool hangs;     // keeps the connection open after the answer
	char request[4096];
};

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	size_t used = 0;

	while (s->reads && strstr(s->request, "body!") == NULL) {
		ssize_t n = read(fd, s->request + used, sizeof(s->request) - 1 - used);

		if (n <= 0) {
			break;
		}
		used += (size_t)n;
	}
	size_t len = strlen(s->answer);
	size_t step = s->drip_ms > 0 ? 1 : len;
	for (size_t at = 0; at < len; at += step) {
		if (send(fd, s->answer + at, step, MSG_NOSIGNAL) < 0) {
			break;
		}
		usleep((useconds_t)s->drip_ms * 1000);
	}
	char c;
	while (s->hangs && read(fd, &c, 1) > 0) {
	}
	close(fd);
	return NULL;
}

static void start(struct server *s, pthread_t *thread)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	(void)unlink(s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(s->listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(s->listener, 1) < 0 || pthread_create(thread, NULL, serve, s) != 0) {
		perror("server");
		exit(2);
	}
}

static void answers_are_read(struct hook_conf *conf, const char *path)
{
	static const struct {
		const char *name;
		struct server server;
		enum hook_send_result want;
		int status;
		const char *body;
	} cases[] = {
		{ "a length", { .answer = OK_HEAD "Content-Length: 2\r\n\r\n{}", .reads = true },
		  HOOK_SEND_ANSWERED, 202, "{}" },
		{ "a length, and the connection stays",
		  { .answer = OK_HEAD "Content-Length: 2\r\n\r\n{}", .reads = true, .hangs = true },
		  HOOK_SEND_ANSWERED, 202, "{}" },
		{ "a length in another case, and more than that",
		  { .answer = OK_HEAD "X: y\r\ncontent-LENGTH:2\r\n\r\n{}}}", .reads = true },
		  HOOK_SEND_ANSWERED, 202, "{}" },
		{ "no length", { .answer = OK_HEAD "\r\n{\"a\":1}", .reads = true },
		  HOOK_SEND_ANSWERED, 202, "{\"a\":1}" },
		{ "no body", { .answer = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", .reads = true,
			       .hangs = true },
		  HOOK_SEND_ANSWERED, 401, "" },
		{ "HTTP/1.0", { .answer = "HTTP/1.0 503 X\r\n\r\n", .reads = true },
		  HOOK_SEND_ANSWERED, 503, "" },
		{ "byte by byte",
		  { .answer = OK_HEAD "Content-Length: 2\r\n\r\n{}", .reads = true, .drip_ms = 2 },
		  HOOK_SEND_ANSWERED, 202, "{}" },
		{ "a body cut short",
		  { .answer = OK_HEAD "Content-Length: 20\r\n\r\n{}", .reads = true },
		  HOOK_SEND_ANSWERED, 202, "{}" },
		{ "an answer before the request was read",
		  { .answer = "HTTP/1.1 413 Big\r\nContent-Length: 0\r\n\r\n", .hangs = true },
		  HOOK_SEND_ANSWERED, 413, "" },
		{ "nothing, and closed", { .answer = "", .reads = true }, HOOK_SEND_BROKEN, 0, "" },
		{ "another protocol", { .answer = "SSH-2.0-OpenSSH\r\n\r\n", .reads = true },
		  HOOK_SEND_BROKEN, 0, "" },
		{ "half a header", { .answer = OK_HEAD "X: y\r\n", .reads = true },
		  HOOK_SEND_BROKEN, 0, "" },
		{ "an odd status", { .answer = "HTTP/1.1 20x OK\r\n\r\n", .reads = true },
		  HOOK_SEND_BROKEN, 0, "" },
		{ "HTTP/2", { .answer = "HTTP/2.0 200 OK\r\n\r\n", .reads = true },
		  HOOK_SEND_BROKEN, 0, "" },
		{ "nothing, and open", { .answer = "", .reads = true, .hangs = true },
		  HOOK_SEND_TIMEOUT, 0, "" },
		{ "too slow", { .answer = OK_HEAD "Content-Length: 0\r\n\r\n", .reads = true,
				.drip_ms = 40 },
		  HOOK_SEND_TIMEOUT, 0, "" },
		{ "half a body, and open",
		  { .answer = OK_HEAD "Content-Length: 9\r\n\r\n{}", .reads = true, .hangs = true },
		  HOOK_SEND_TIMEOUT, 0, "" },
	};
	const struct hook_delivery delivery = { .id = "abc", .body = "body!", .len = 5,
						.wait_ms = 123 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server = cases[i].server;
		struct error err = ERROR_INIT;
		struct buf answer;
		pthread_t thread;
		int status = 0;

		server.path = path;
		start(&server, &thread);
		buf_init(&answer, 4096);
		int64_t begin = mstime_monotonic();
		tap_int(hook_send(conf, &delivery, begin + 500, &status, &answer, &err),
			cases[i].want, "%s (%s)", cases[i].name, err.text);
		tap_ok(mstime_monotonic() - begin < 700, "... in time");
		tap_int(status, cases[i].status, "... its status");
		tap_str(answer.data, cases[i].body, "... its body");
		tap_ok((err.text[0] == '\0') == (cases[i].want == HOOK_SEND_ANSWERED),
		       "... a reason if and only if it failed");
		(void)pthread_join(thread, NULL);
		if (i == 0) {
			tap_ok(strncmp(server.request, "POST /hooks/local HTTP/1.1\r\nHost: localhost\r\n",
				       45) == 0, "the request is for the source");
			tap_ok(strstr(server.request, "\r\nContent-Length: 5\r\n") != NULL &&
				       strstr(server.request, "\r\nDoorbell-Wait: 123\r\n") != NULL &&
				       strstr(server.request, "\r\nDoorbell-Delivery: abc\r\n") != NULL &&
				       strstr(server.request, "\r\n\r\nbody!") != NULL,
			       "... with its headers and body");
		}
		close(server.listener);
		buf_release(&answer);
	}
}

/* The longest answer that the receiver writes is read whole: LIMIT_ANSWER_BYTES, not one less. */
static void the_longest_answer_is_read(struct hook_conf *conf, const char *path)
{
	const struct hook_delivery delivery = { .id = "abc", .body = "body!", .len = 5 };
	char *body = xmalloc(LIMIT_ANSWER_BYTES + 1);
	struct error err = ERROR_INIT;
	struct buf answer;
	pthread_t thread;
	int status = 0;

	memset(body, 'a', LIMIT_ANSWER_BYTES);
	body[LIMIT_ANSWER_BYTES] = '\0';
	char *text = xasprintf(OK_HEAD "Content-Length: %u\r\n\r\n%s", LIMIT_ANSWER_BYTES, body);
	struct server server = { .path = path, .answer = text, .reads = true, .hangs = true };
	start(&server, &thread);
	buf_init(&answer, HOOK_ANSWER_BYTES);
	tap_int(hook_send(conf, &delivery, mstime_monotonic() + 5000, &status, &answer, &err),
		HOOK_SEND_ANSWERED, "the longest answer is taken (%s)", err.text);
	tap_ok(answer.len == LIMIT_ANSWER_BYTES && memcmp(answer.data, body, answer.len) == 0,
	       "and read whole, %zu bytes", answer.len);
	(void)pthread_join(thread, NULL);
	close(server.listener);
	buf_release(&answer);
	free(text);
	free(body);
}

static void large_answers_are_cut(struct hook_conf *conf, const char *path)
{
	const struct hook_delivery delivery = { .id = "abc", .body = "body!", .len = 5 };
	size_t len = 2U * 1024 * 1024;
	char *text = xmalloc(len + 1);
	struct error err = ERROR_INIT;
	struct buf answer;
	pthread_t thread;
	int status = 0;

	memset(text, 'x', len);
	text[len] = '\0';
	memcpy(text, OK_HEAD "\r\n", strlen(OK_HEAD "\r\n"));
	struct server server = { .path = path, .answer = text, .reads = true };
	start(&server, &thread);
	buf_init(&answer, HOOK_ANSWER_BYTES);
	tap_int(hook_send(conf, &delivery, mstime_monotonic() + 2000, &status, &answer, &err),
		HOOK_SEND_ANSWERED, "2 MB of answer");
	tap_ok(answer.len <= HOOK_ANSWER_BYTES, "... are not all kept");
	(void)pthread_join(thread, NULL);
	close(server.listener);
	buf_release(&answer);
	free(text);
}

static void nobody_is_told_apart_from_somebody(struct hook_conf *conf, const char *path)
{
	const struct hook_delivery delivery = { .id = "abc", .body = "body!", .len = 5 };
	struct error err = ERROR_INIT;
	struct buf answer;
	int status = 0;

	buf_init(&answer, 4096);
	tap_int(hook_send(conf, &delivery, mstime_monotonic() + 500, &status, &answer, &err),
		HOOK_SEND_UNREACHABLE, "a socket nobody listens on (%s)", err.text);
	(void)unlink(path);
	tap_int(hook_send(conf, &delivery, mstime_monotonic() + 500, &status, &answer, &err),
		HOOK_SEND_UNREACHABLE, "no socket (%s)", err.text);
	char *secret = conf->secret_file;
	char nowhere[] = "/nowhere";
	conf->secret_file = nowhere;
	tap_int(hook_send(conf, &delivery, mstime_monotonic() + 500, &status, &answer, &err),
		HOOK_SEND_NO_SECRET, "no secret (%s)", err.text);
	conf->secret_file = secret;
	buf_release(&answer);
}

int main(void)
{
	char *path = xasprintf("%s/sock", tap_dir());
	char *receiver = xasprintf("unix:%s", path);
	char *secret = xasprintf("%s/secret", tap_dir());
	char source[] = "local";
	struct hook_conf conf = { .receiver = receiver, .secret_file = secret, .source = source };

	tap_sh("echo secret > %s", secret);
	answers_are_read(&conf, path);
	the_longest_answer_is_read(&conf, path);
	large_answers_are_cut(&conf, path);
	nobody_is_told_apart_from_somebody(&conf, path);
	free(path);
	free(receiver);
	free(secret);
	return tap_done();
}
