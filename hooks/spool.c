/*
 * The spool.
 *
 * A file is written under a temporary name, synced, renamed, and its folder
 * synced: then it is there as a whole or not at all.  Two processes may send
 * the same file (the lock is a courtesy): the receiver knows the id.  The
 * number of files has a ceiling so that a receiver that is down for a month
 * does not fill the disk; what is not spooled then is made up for by the next
 * push to the same ref: the receiver compares with the commit it processed last.
 */
#include "hooks/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "hooks/conf.h"
#include "hooks/refs.h"
#include "push/push_native.h"

#define SUFFIX ".json"
#define TEMPORARY ".new-"
#define REFUSED ".refused"
#define DIGITS 14
#define STALE_SECONDS 3600
/* A body can be somewhat longer than the lines it was made from. */
#define BODY_MAX (2 * HOOK_INPUT_BYTES)

/* "<14 digits>-<id>.json": the id's place in it, or 0 and false. */
static bool parse_name(const char *name, size_t *ret_id_len)
{
	size_t len = strlen(name);
	char id[PUSH_NATIVE_ID_MAX + 1];

	if (len <= DIGITS + 1 + strlen(SUFFIX) || strspn(name, "0123456789") != DIGITS ||
	    name[DIGITS] != '-' || strcmp(name + len - strlen(SUFFIX), SUFFIX) != 0) {
		return false;
	}
	size_t id_len = len - DIGITS - 1 - strlen(SUFFIX);
	if (id_len > PUSH_NATIVE_ID_MAX) {
		return false;
	}
	memcpy(id, name + DIGITS + 1, id_len);
	id[id_len] = '\0';
	*ret_id_len = id_len;
	return push_native_id_is_valid(id);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -1;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A writer that died left a temporary file: nobody else will remove it. */
static void remove_stale(int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime < time(NULL) - STALE_SECONDS) {
		(void)unlinkat(dir_fd, name, 0);
	}
}

int hook_spool_list(const char *folder, struct strvec *ret_names, struct error *err)
{
	DIR *dir = opendir(folder);
	size_t id_len;

	if (dir == NULL) {
		return errno == ENOENT ? 0 : error_errno(err, -1, errno, "%s", folder);
	}
	/* Twice the ceiling: refused files do not hide those that wait. */
	for (int seen = 0; seen < 2 * HOOK_SPOOL_FILES; seen++) {
		const struct dirent *e = readdir(dir);

		if (e == NULL) {
			break;
		}
		if (strncmp(e->d_name, TEMPORARY, strlen(TEMPORARY)) == 0) {
			remove_stale(dirfd(dir), e->d_name);
		}
		if (parse_name(e->d_name, &id_len)) {
			strvec_push(ret_names, e->d_name);
		}
	}
	closedir(dir);
	if (ret_names->count > 1) {
		qsort(ret_names->items, ret_names->count, sizeof(char *), compare);
	}
	return 0;
}

static bool is_refused(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(REFUSED) && strcmp(name + len - strlen(REFUSED), REFUSED) == 0;
}

/* Are there HOOK_SPOOL_FILES files, refused or other ones, in the folder? */
static bool is_full(const char *folder, bool refused)
{
	DIR *dir = opendir(folder);
	int count = 0;

	while (dir != NULL && count < HOOK_SPOOL_FILES) {
		const struct dirent *e = readdir(dir);

		if (e == NULL) {
			break;
		}
		count += e->d_name[0] != '.' && is_refused(e->d_name) == refused;
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return count >= HOOK_SPOOL_FILES;
}

/* Write, sync, rename within the folder open as dir_fd, and sync that. */
static int write_file(int dir_fd, const char *temporary, const char *name, const char *body,
		      size_t len)
{
	int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (fd < 0) {
		return -1;
	}
	/* Where several users push, whoever comes next sends it. */
	struct stat st;
	if (fstat(dir_fd, &st) == 0 && (st.st_mode & S_IWGRP) != 0) {
		(void)fchmod(fd, 0660);
	}
	int r = write_all(fd, body, len);
	if (r == 0) {
		r = fsync(fd);
	}
	int why = errno;
	close(fd);
	if (r == 0) {
		r = renameat(dir_fd, temporary, dir_fd, name);
		why = errno;
	}
	if (r != 0) {
		(void)unlinkat(dir_fd, temporary, 0);
		errno = why;
		return -1;
	}
	return fsync(dir_fd);
}

int hook_spool_add(const char *folder, int64_t now_ms, const char *id, const char *body, size_t len,
		   struct error *err)
{
	char *temporary = NULL;
	char *name = NULL;
	int r = -1;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
		return error_errno(err, -1, errno, "%s", folder);
	}
	if (is_full(folder, false)) {
		return HOOK_SPOOL_FULL;
	}
	int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		return error_errno(err, -1, errno, "%s", folder);
	}
	temporary = xasprintf(TEMPORARY "%s", id);
	name = xasprintf("%0*" PRId64 "-%s" SUFFIX, DIGITS, now_ms, id);
	if (write_file(dir_fd, temporary, name, body, len) < 0) {
		r = error_errno(err, -1, errno, "%s/%s", folder, name);
		goto out;
	}
	r = HOOK_SPOOL_OK;
out:
	free(temporary);
	free(name);
	close(dir_fd);
	return r;
}

int hook_spool_read(const char *folder, const char *name, char **ret_id, char **ret_body,
		    size_t *ret_len, struct error *err)
{
	size_t id_len = 0;

	if (!parse_name(name, &id_len)) {
		return error_set(err, -1, "\"%s\" is not a spooled delivery", name);
	}
	char *path = xasprintf("%s/%s", folder, name);
	struct buf body;

	buf_init(&body, BODY_MAX);
	int r = file_read_small(path, &body, NULL, err);
	if (r == 0) {
		*ret_len = body.len;
		*ret_body = buf_detach(&body);
		*ret_id = xstrndup(name + DIGITS + 1, id_len);
	} else {
		(void)error_wrap(err, r, "%s", path);
	}
	buf_release(&body);
	free(path);
	return r;
}

int hook_spool_remove(const char *folder, const char *name, struct error *err)
{
	char *path = xasprintf("%s/%s", folder, name);
	int r = 0;

	if (unlink(path) < 0 && errno != ENOENT) {
		r = error_errno(err, -1, errno, "%s", path);
	}
	free(path);
	return r;
}

int hook_spool_refuse(const char *folder, const char *name, struct error *err)
{
	/* They are kept for a person to look at; one who does not look needs no more of them. */
	if (is_full(folder, true)) {
		return hook_spool_remove(folder, name, err);
	}
	char *from = xasprintf("%s/%s", folder, name);
	char *to = xasprintf("%s" REFUSED, from);
	int r = 0;

	if (rename(from, to) < 0 && errno != ENOENT) {
		r = error_errno(err, -1, errno, "%s", from);
	}
	free(from);
	free(to);
	return r;
}

int hook_spool_lock(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
