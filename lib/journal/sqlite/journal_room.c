/*
 * Room on the disk.
 *
 * A full disk is met in three lines.  New deliveries stop while min_free
 * bytes are still there, and before the last eighth of max_bytes, so that
 * what was accepted can be finished.  If others fill the disk nevertheless,
 * the ballast file is given back to it and the changes of work under way have
 * that room.  Once there is space again, a checkpoint lays the ballast out
 * anew.
 */
#include "journal/sqlite/journal_room.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

uint64_t journal_room_free(const struct journal_db *j)
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

uint64_t journal_room_used(const struct journal_db *j)
{
	return file_size(j->path) + file_size(j->wal_path);
}

void journal_room_lay_ballast(const struct journal_db *j)
{
	uint64_t free_bytes = journal_room_free(j);

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

void journal_room_drop_ballast(const struct journal_db *j)
{
	uint64_t floor = j->min_free > j->ballast_bytes ? j->min_free : j->ballast_bytes;

	/* The ceiling of the file is no reason: only if the disk is full. */
	if (journal_room_free(j) < floor) {
		(void)unlink(j->ballast_path);
	}
}
