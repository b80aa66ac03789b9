/*
 * Speaking HTTP/1.1 to the receiver next door.
 *
 * The whole hook has to cost a push a few milliseconds, so it does not load
 * an HTTP library: one request, "Connection: close", one answer, over a
 * non-blocking socket polled against an absolute deadline.  The receiver is
 * ours, yet what comes back is bounded and checked like anything else.
 */
#include "hooks/send.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/limits.h"
#include "base/mstime.h"
#include "http/answer.h"
#include "push/push_native.h"

#define RETRY_MS 10

int hook_send_proof(const struct hook_conf *conf, const struct hook_delivery *delivery,
		    int64_t now_ms, struct buf *out, struct error *err)
{
	char hex[2 * HMAC_SHA256_BYTES + 1];
	uint8_t digest[HMAC_SHA256_BYTES];
	char timestamp[24];
	size_t len = 0;

	char *secret = hook_secret_read(conf->secret_file, &len, err);
	if (secret == NULL) {
		return HOOK_SEND_NO_SECRET;
	}
	(void)snprintf(timestamp, sizeof(timestamp), "%" PRId64, now_ms / 1000);
	int r = push_native_sign(secret, len, delivery->id, timestamp, delivery->body,
				 delivery->len, digest);
	explicit_bzero(secret, len);
	free(secret);
	if (r < 0) {
		return error_set(err, HOOK_SEND_NO_SECRET, "HMAC failed");
	}
	hex_encode(digest, sizeof(digest), hex);
	(void)buf_addf(out, PUSH_NATIVE_DELIVERY ": %s\r\n", delivery->id);
	(void)buf_addf(out, PUSH_NATIVE_TIMESTAMP ": %s\r\n", timestamp);
	(void)buf_addf(out, PUSH_NATIVE_SIGNATURE ": " PUSH_NATIVE_SCHEME "%s\r\n", hex);
	return 0;
}

/* Wait for events on fd. 0, or HOOK_SEND_TIMEOUT. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - mstime_monotonic();

		if (left <= 0) {
			return HOOK_SEND_TIMEOUT;
		}
		if (poll(&p, 1, (int)left) > 0) {
			return 0;
		}
	}
}

/* A connected socket in *ret_fd; a full backlog is tried again. */
static int dial(const char *path, int64_t deadline, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return error_errno(err, HOOK_SEND_UNREACHABLE, errno, "socket");
	}
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EINTR) {
			continue;
		}
		if (errno != EAGAIN) {
			error_errno(err, 0, errno, "%s", path);
			close(fd);
			return HOOK_SEND_UNREACHABLE;
		}
		if (mstime_monotonic() + RETRY_MS >= deadline) {
			close(fd);
			return error_set(err, HOOK_SEND_TIMEOUT, "%s: too busy", path);
		}
		(void)poll(NULL, 0, RETRY_MS);
	}
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const char *data, size_t len, int64_t deadline, struct error *err)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EPIPE) {
			return 0; /* It may have answered early: a refusal is worth reading. */
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return error_errno(err, HOOK_SEND_BROKEN, errno, "send");
		}
		if (wait_for(fd, POLLOUT, deadline) != 0) {
			return error_set(err, HOOK_SEND_TIMEOUT, "the receiver does not read");
		}
	}
	return 0;
}

/* Take what is there of the answer. 0, or a hook_send_result. */
static int receive_some(int fd, struct http_answer *reply, int64_t deadline, struct error *err)
{
	char chunk[8192];

	if (wait_for(fd, POLLIN, deadline) != 0) {
		return error_set(err, HOOK_SEND_TIMEOUT, "no answer in time");
	}
	ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (n < 0) {
		return error_errno(err, HOOK_SEND_BROKEN, errno, "receive");
	}
	if (n > 0) {
		(void)http_answer_feed(reply, chunk, (size_t)n);
	} else {
		(void)http_answer_end(reply);
	}
	return 0;
}

/*
 * The status alone says whether the delivery was taken; of the body, which is
 * for people, whatever came is used.
 */
static int receive(int fd, int64_t deadline, int *ret_status, struct buf *answer, struct error *err)
{
	struct http_answer reply;
	int r = 0;

	http_answer_init(&reply, HOOK_ANSWER_BYTES);
	while (r == 0 && reply.state == HTTP_MORE) {
		r = receive_some(fd, &reply, deadline, err);
	}
	if (r == 0 && reply.status == 0) {
		r = error_set(err, HOOK_SEND_BROKEN, "the answer is not HTTP: %s", reply.reason);
	}
	if (r == 0) {
		(void)buf_add(answer, reply.body.data, reply.body.len);
		*ret_status = reply.status;
	}
	http_answer_release(&reply);
	return r;
}

enum hook_send_result hook_send(const struct hook_conf *conf, const struct hook_delivery *delivery,
				int64_t deadline, int *ret_status, struct buf *answer,
				struct error *err)
{
	struct buf head;
	int fd = -1;
	int r;

	buf_init(&head, LIMIT_HEADER_BYTES);
	(void)buf_addf(&head, "POST /hooks/%s HTTP/1.1\r\n", conf->source);
	(void)buf_addstr(&head, "Host: localhost\r\nConnection: close\r\n"
				"User-Agent: doorbell-hook/" DOORBELL_VERSION "\r\n"
				"Content-Type: application/json\r\n");
	(void)buf_addf(&head, "Content-Length: %zu\r\n", delivery->len);
	if (delivery->wait_ms > 0) {
		(void)buf_addf(&head, PUSH_NATIVE_WAIT ": %" PRId64 "\r\n", delivery->wait_ms);
	}
	r = hook_send_proof(conf, delivery, mstime_wall(), &head, err);
	if (r != 0) {
		goto out;
	}
	(void)buf_addstr(&head, "\r\n");
	r = dial(hook_conf_socket(conf), deadline, &fd, err);
	if (r != 0) {
		goto out;
	}
	r = send_all(fd, head.data, head.len, deadline, err);
	if (r == 0) {
		r = send_all(fd, delivery->body, delivery->len, deadline, err);
	}
	if (r == 0) {
		r = receive(fd, deadline, ret_status, answer, err);
	}
out:
	if (fd >= 0) {
		close(fd);
	}
	buf_release(&head);
	return (enum hook_send_result)r;
}
