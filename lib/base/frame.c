/*
 * Frames: four bytes of length, then the content.
 */
#include "base/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int frame_put(struct buf *out, const void *data, size_t len)
{
	if (len > UINT32_MAX) {
		return -1;
	}
	uint32_t header = htonl((uint32_t)len);
	if (buf_add(out, &header, sizeof(header)) < 0) {
		return -1;
	}
	return buf_add(out, data, len);
}

static size_t frame_length(const void *header)
{
	uint32_t len;

	memcpy(&len, header, sizeof(len));
	return ntohl(len);
}

enum frame_result frame_get(const void *data, size_t len, size_t max, const char **ret_body,
			    size_t *ret_len)
{
	if (len < FRAME_HEADER) {
		return FRAME_MORE;
	}
	size_t body = frame_length(data);
	if (body > max) {
		return FRAME_TOO_LONG;
	}
	if (len - FRAME_HEADER < body) {
		return FRAME_MORE;
	}
	*ret_body = (const char *)data + FRAME_HEADER;
	*ret_len = body;
	return FRAME_OK;
}

/* Read exactly len bytes: 1, 0 at end of file before the first byte, -1. */
static int read_exactly(int fd, char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n == 0 && done == 0 ? 0 : -1;
		}
		done += (size_t)n;
	}
	return 1;
}

int frame_read(int fd, struct buf *body)
{
	char header[FRAME_HEADER];
	char chunk[65536];
	int r = read_exactly(fd, header, sizeof(header));

	buf_reset(body);
	if (r <= 0) {
		return r;
	}
	size_t left = frame_length(header);
	if (left > body->max) {
		return -1;
	}
	while (left > 0) {
		size_t n = left < sizeof(chunk) ? left : sizeof(chunk);

		if (read_exactly(fd, chunk, n) <= 0 || buf_add(body, chunk, n) < 0) {
			return -1;
		}
		left -= n;
	}
	return 1;
}

int frame_write(int fd, const void *data, size_t len)
{
	uint32_t header = htonl((uint32_t)len);
	size_t done = 0;
	size_t total = sizeof(header) + len;

	if (len > UINT32_MAX) {
		return -1;
	}
	while (done < total) {
		char head[sizeof(header)];
		size_t skip = done < sizeof(header) ? done : sizeof(header);
		size_t past = done - skip;

		memcpy(head, &header, sizeof(head));
		struct iovec parts[2] = {
			{ .iov_base = head + skip, .iov_len = sizeof(head) - skip },
			{ .iov_base = (char *)(uintptr_t)data + past, .iov_len = len - past },
		};
		ssize_t n = writev(fd, parts, 2);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -1;
		}
		done += (size_t)n;
	}
	return 0;
}
