/*
 * The journal: life, transactions, room on the disk.
 *
 * Opening takes a lock file beside the database first: two receivers on one
 * journal would both resume the same triggers.  The lock is flock(2), so it
 * vanishes with the process.
 *
 * A full disk is met in three lines.  New deliveries stop while min_free
 * bytes are still there, and before the last eighth of max_bytes, so that
 * what was accepted can be finished.  If others fill the disk nevertheless,
 * the ballast file is given back to it and the changes of work under way have
 * that room.  Once there is space again, a checkpoint lays the ballast out
 * anew.
 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "journal/journal_db.h"

const char *journal_library_version(void)
{
	return sqlite3_libversion();
}

/*
 * SQLITE_OPEN_NOFOLLOW refuses links anywhere in the path; a state directory
 * may well lie behind one (/var/run), the file itself may not be one.
 */
static int resolve_path(struct journal *j, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash != NULL ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	char *real = realpath(directory, NULL);

	free(directory);
	if (real == NULL) {
		return error_errno(err, -1, errno, "its directory");
	}
	j->path = xasprintf("%s/%s", real, slash != NULL ? slash + 1 : path);
	j->wal_path = xasprintf("%s-wal", j->path);
	j->ballast_path = xasprintf("%s.ballast", j->path);
	free(real);
	return 0;
}

static int lock(struct journal *j, struct error *err)
{
	char *path = xasprintf("%s.lock", j->path);
	char text[32] = "";
	int r = -1;

	j->lock_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (j->lock_fd < 0) {
		(void)error_errno(err, r, errno, "%s", path);
		goto out;
	}
	if (flock(j->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		ssize_t n = pread(j->lock_fd, text, sizeof(text) - 1, 0);

		text[n > 0 ? strspn(text, "0123456789") : 0] = '\0';
		(void)error_set(err, r, "another doorbell (process %s) is running on it; stop that "
				"one, or give this one another state directory",
				text[0] != '\0' ? text : "unknown");
		goto out;
	}
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(j->lock_fd, 0) < 0 || pwrite(j->lock_fd, text, (size_t)len, 0) != len) {
		(void)error_errno(err, r, errno, "%s", path);
		goto out;
	}
	r = 0;
out:
	free(path);
	return r;
}

/* SQLite would create it for all to read; we hold the lock, so nobody has it open. */
static void create_private(const struct journal *j)
{
	int fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
	}
}

uint64_t journal_free_bytes(const struct journal *j)
{
	struct statvfs st;

	/* The database is there from the first moment; its directory may be searched only. */
	if (statvfs(j->path, &st) < 0) {
		return UINT64_MAX;
	}
	return (uint64_t)st.f_bavail * st.f_frsize;
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

uint64_t journal_size(const struct journal *j)
{
	return file_size(j->path) + file_size(j->wal_path);
}

size_t journal_wal_pages(const struct journal *j)
{
	return j->wal_pages;
}

static void lay_ballast(const struct journal *j)
{
	uint64_t free_bytes = journal_free_bytes(j);

	if (j->read_only || j->ballast_bytes == 0 ||
	    file_size(j->ballast_path) >= j->ballast_bytes ||
	    free_bytes / 2 < j->ballast_bytes || free_bytes - j->ballast_bytes < j->min_free) {
		return;
	}
	int fd = open(j->ballast_path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		return;
	}
	/* Half a ballast is taken back: without one we only have less room in need. */
	if (posix_fallocate(fd, 0, (off_t)j->ballast_bytes) != 0) {
		(void)unlink(j->ballast_path);
	}
	(void)close(fd);
}

void journal_drop_ballast(const struct journal *j)
{
	uint64_t floor = j->min_free > j->ballast_bytes ? j->min_free : j->ballast_bytes;

	/* The ceiling of the file is no reason: only if the disk is full. */
	if (journal_free_bytes(j) < floor) {
		(void)unlink(j->ballast_path);
	}
}

int journal_open(const struct journal_options *options, struct journal **ret_journal,
		 struct error *err)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->lock_fd = -1;
	j->read_only = options->read_only;
	j->max_bytes = options->max_bytes;
	j->min_free = options->min_free;
	j->ballast_bytes = options->ballast_bytes;
	if (resolve_path(j, options->path, err) < 0) {
		goto fail;
	}
	if (!j->read_only) {
		if (lock(j, err) < 0) {
			goto fail;
		}
		create_private(j);
	}
	if (journal_db_open(j, options->vfs, err) < 0) {
		goto fail;
	}
	lay_ballast(j);
	*ret_journal = j;
	return 0;
fail:
	journal_close(j);
	return error_wrap(err, -1, "journal %s", options->path);
}

void journal_close(struct journal *j)
{
	if (j == NULL) {
		return;
	}
	journal_rollback(j);
	journal_db_close(j);
	if (j->lock_fd >= 0) {
		(void)close(j->lock_fd);
	}
	free(j->path);
	free(j->wal_path);
	free(j->ballast_path);
	free(j);
}

enum record_result journal_begin(struct journal *j, struct error *err)
{
	enum record_result result;

	if (j->failed) {
		return error_set(err, RECORD_FAILED, "%s", j->failure.text);
	}
	result = journal_db_run(j, SQL_BEGIN, NULL, err, "");
	j->open = result == RECORD_OK;
	return result;
}

enum record_result journal_commit(struct journal *j, struct error *err)
{
	enum record_result result = journal_db_guard(j, err);

	if (result == RECORD_OK) {
		result = journal_db_run(j, SQL_COMMIT, NULL, err, "");
	}
	if (result != RECORD_OK) {
		journal_rollback(j);
	}
	j->open = false;
	return result;
}

void journal_rollback(struct journal *j)
{
	if (j->open && !sqlite3_get_autocommit(j->db)) {
		(void)sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	}
	j->open = false;
}

enum record_result journal_purge(struct journal *j, int64_t before_ms, size_t limit,
				  size_t *ret_count, struct error *err)
{
	enum record_result result;
	int count = 0;

	*ret_count = 0;
	if (j->failed) {
		return error_set(err, RECORD_FAILED, "%s", j->failure.text);
	}
	result = journal_db_run(j, SQL_PURGE, &count, err, "ii", before_ms, (int64_t)limit);
	*ret_count = (size_t)count;
	return result;
}

enum record_result journal_checkpoint(struct journal *j, bool truncate, struct error *err)
{
	int in_log = -1;
	int copied = -1;

	if (j->failed) {
		return error_set(err, RECORD_FAILED, "%s", j->failure.text);
	}
	int code = sqlite3_wal_checkpoint_v2(j->db, NULL,
					     truncate ? SQLITE_CHECKPOINT_TRUNCATE
						      : SQLITE_CHECKPOINT_PASSIVE,
					     &in_log, &copied);

	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
		return journal_db_fault(j, code, err);
	}
	if (in_log == copied) {
		j->wal_pages = 0;
	}
	lay_ballast(j);
	return RECORD_OK;
}
