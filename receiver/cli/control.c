/*
 * A small HTTP/1.1 client for one request to a local socket.
 *
 * The answer is used only if it is complete, so that a receiver that dies
 * half-way is not taken at its word.
 */
#include "receiver/cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "http/answer.h"

#define REPLY_MAX ((size_t)64 * 1024 * 1024)

/*
 * The socket's name, through its directory's descriptor: sun_path holds 107
 * bytes, a state directory may be longer.
 */
static int connect_to(const char *state_directory, int64_t timeout_ms, int *ret_fd,
		      struct error *err)
{
	/* connect() waits while the backlog is full. */
	struct timeval limit = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = -1;
	int result = CONTROL_NOT_RUNNING;
	int directory = open(state_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0) {
		return error_errno(err, CONTROL_NOT_RUNNING, errno, "state directory %s",
				   state_directory);
	}
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
		       CONTROL_SOCKET);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		result = error_errno(err, CONTROL_FAILED, errno, "socket");
		goto out;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		result = errno == ENOENT || errno == ECONNREFUSED ? CONTROL_NOT_RUNNING
								 : CONTROL_FAILED;
		(void)error_errno(err, result, errno, "%s/%s", state_directory, CONTROL_SOCKET);
		goto out;
	}
	*ret_fd = fd;
	fd = -1;
	result = CONTROL_OK;
out:
	if (fd >= 0) {
		(void)close(fd);
	}
	(void)close(directory);
	return result;
}

/* Wait for events on fd until the deadline. 0 or -1 with err. */
static int wait_for(int fd, short events, int64_t deadline, struct error *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - mstime_monotonic();

		if (left <= 0) {
			return error_set(err, -1, "the receiver did not answer in time");
		}
		int n = poll(&p, 1, left < 60000 ? (int)left : 60000);

		if (n > 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return error_errno(err, -1, errno, "poll");
		}
	}
}

static int send_all(int fd, const char *data, size_t len, int64_t deadline, struct error *err)
{
	while (len > 0) {
		if (wait_for(fd, POLLOUT, deadline, err) < 0) {
			return -1;
		}
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return error_errno(err, -1, errno, "sending to the receiver");
		}
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Read until the answer is complete. */
static int receive(int fd, struct http_answer *answer, int64_t deadline, struct error *err)
{
	enum http_result state = HTTP_MORE;
	char chunk[16384];

	while (state == HTTP_MORE) {
		if (wait_for(fd, POLLIN, deadline, err) < 0) {
			return -1;
		}
		ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return error_errno(err, -1, errno, "reading the receiver's answer");
		}
		if (n == 0) {
			state = http_answer_end(answer);
		} else if (n > 0) {
			state = http_answer_feed(answer, chunk, (size_t)n);
		}
	}
	return state == HTTP_OK ? 0 : error_set(err, -1, "reading the receiver's answer: %s",
						answer->reason);
}

enum control_result control_call(const char *state_directory, const char *method,
				 const char *target, const char *body, int64_t timeout_ms,
				 struct control_reply *ret_reply, struct error *err)
{
	int64_t deadline = mstime_monotonic() + timeout_ms;
	char *request = xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
				  "Connection: close\r\n\r\n%s", method, target,
				  body != NULL ? strlen(body) : 0, body != NULL ? body : "");
	struct http_answer answer;
	int fd = -1;
	int result;

	http_answer_init(&answer, REPLY_MAX);
	result = connect_to(state_directory, timeout_ms, &fd, err);
	if (result != CONTROL_OK) {
		goto out;
	}
	result = CONTROL_FAILED;
	if (send_all(fd, request, strlen(request), deadline, err) < 0 ||
	    receive(fd, &answer, deadline, err) < 0) {
		goto out;
	}
	ret_reply->status = answer.status;
	ret_reply->body = buf_detach(&answer.body);
	ret_reply->body_len = strlen(ret_reply->body);
	result = CONTROL_OK;
out:
	if (fd >= 0) {
		(void)close(fd);
	}
	http_answer_release(&answer);
	free(request);
	return (enum control_result)result;
}

void control_reply_release(struct control_reply *reply)
{
	free(reply->body);
	*reply = (struct control_reply){ .status = 0 };
}
