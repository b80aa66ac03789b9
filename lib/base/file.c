/*
 * Small files, read whole.
 *
 * A file is opened without waiting, because a FIFO that somebody put there
 * would hold us for ever, and never becomes our terminal.  What is no regular
 * file is refused before a byte of it is read.  Its size is not asked: it may
 * change while we read, and files of /proc have none.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"

static const char white_space[] = " \t\r\n";

/* error_set() that leaves its errno to the caller of the caller. */
static int fail(struct error *err, int errnum, const char *text)
{
	(void)error_set(err, -1, "%s", text);
	errno = errnum;
	return -1;
}

static int fail_errno(struct error *err)
{
	int saved = errno;

	(void)error_errno(err, -1, saved, "cannot be read");
	errno = saved;
	return -1;
}

static int read_all(int fd, struct buf *content, struct error *err)
{
	char piece[8192];
	ssize_t n = 0;
	int r = 0;

	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0) {
			r = buf_add(content, piece, (size_t)n);
		}
	} while (r == 0 && (n > 0 || (n < 0 && errno == EINTR)));
	if (n < 0) {
		r = fail_errno(err);
	} else if (r < 0) {
		r = error_set(err, -1, "longer than %zu bytes", content->max);
		errno = EFBIG;
	}
	explicit_bzero(piece, sizeof(piece));
	return r;
}

int file_read_small(const char *path, struct buf *content, mode_t *ret_mode, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r = -1;

	if (fd < 0) {
		return fail_errno(err);
	}
	if (fstat(fd, &st) != 0) {
		r = fail_errno(err);
	} else if (!S_ISREG(st.st_mode)) {
		r = fail(err, EINVAL, "not a file");
	} else {
		r = read_all(fd, content, err);
	}
	if (r == 0 && ret_mode != NULL) {
		*ret_mode = st.st_mode & 07777;
	}
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return r;
}

void file_cut_line_end(struct buf *content)
{
	if (content->len > 0 && content->data[content->len - 1] == '\n') {
		content->data[--content->len] = '\0';
		if (content->len > 0 && content->data[content->len - 1] == '\r') {
			content->data[--content->len] = '\0';
		}
	}
}

char *file_read_token(const char *path, struct error *err)
{
	char *token = NULL;
	struct buf content;

	buf_init(&content, LIMIT_TOKEN_BYTES);
	if (file_read_small(path, &content, NULL, err) < 0) {
		goto out;
	}
	const char *start = content.data + strspn(content.data, white_space);
	size_t len = content.len - (size_t)(start - content.data);
	while (len > 0 && memchr(white_space, start[len - 1], strlen(white_space)) != NULL) {
		len--;
	}
	if (len == 0) {
		(void)error_set(err, -1, "holds no token");
	} else if (memchr(start, '\0', len) != NULL || memchr(start, '\n', len) != NULL ||
		   memchr(start, '\r', len) != NULL) {
		(void)error_set(err, -1, "holds a line end or a NUL, so no token");
	} else {
		token = xstrndup(start, len);
	}
out:
	if (content.capacity > 0) {
		explicit_bzero(content.data, content.capacity);
	}
	buf_release(&content);
	return token;
}

void file_token_free(char *token)
{
	if (token != NULL) {
		explicit_bzero(token, strlen(token));
		free(token);
	}
}
