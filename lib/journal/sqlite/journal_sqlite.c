/*
 * A journal in a SQLite file: life, transactions, care.
 *
 * Opening takes a lock file beside the database first: two receivers on one
 * journal would both resume the same triggers.  The lock is flock(2), so it
 * vanishes with the process.
 *
 * Tending copies the WAL back into the file when it has grown by 1000 pages,
 * empties it when nothing was asked for a while, and deletes what is old, or is
 * in the way, in small bites (journal_purge.c).
 */
#include "journal/sqlite/journal_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "journal/sqlite/journal_db.h"
#include "journal/sqlite/journal_purge.h"
#include "journal/sqlite/journal_room.h"

/* The WAL is copied back when it has grown by so many pages. */
#define CHECKPOINT_PAGES 1000

const char *journal_library_version(void)
{
	return sqlite3_libversion();
}

/*
 * SQLITE_OPEN_NOFOLLOW refuses links anywhere in the path; a state directory
 * may well lie behind one (/var/run), the file itself may not be one.
 */
static int resolve_path(struct journal_db *j, const char *path, struct error *err)
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

static int lock(struct journal_db *j, struct error *err)
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
static void create_private(const struct journal_db *j)
{
	int fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
	}
}

/*
 * The ballast is laid out only once a journal was opened, so beside one an empty
 * file is a journal that was lost, not a new one.
 */
static int check_emptied(const struct journal_db *j, struct error *err)
{
	struct stat st;
	bool is_empty = stat(j->path, &st) == 0 && st.st_size == 0;

	if (is_empty && stat(j->wal_path, &st) == 0 && st.st_size > 0) {
		is_empty = false; /* the first transaction is in the WAL still */
	}
	if (!is_empty || stat(j->ballast_path, &st) != 0) {
		return 0;
	}
	return error_set(err, -1, "it is empty, but there was a journal before: restore it, or "
			 "remove %s to begin anew", j->ballast_path);
}

/* Is there a journal to read? RECORD_OK, or RECORD_NOT_FOUND with err. */
static enum record_result find(const struct journal_options *options, struct error *err)
{
	const char *slash = strrchr(options->path, '/');

	if (access(options->path, F_OK) == 0 || errno != ENOENT) {
		return RECORD_OK;
	}
	return error_set(err, RECORD_NOT_FOUND, "there is no journal in %.*s",
			 slash != NULL ? (int)(slash - options->path) : 1,
			 slash != NULL ? options->path : ".");
}

static void dispose(struct journal_db *j)
{
	journal_db_close(j);
	if (j->lock_fd >= 0) {
		(void)close(j->lock_fd);
	}
	free(j->path);
	free(j->wal_path);
	free(j->ballast_path);
	free(j);
}

static enum record_result begin(struct journal *journal, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);

	if (j->failed) {
		return error_set(err, RECORD_FAILED, "%s", j->failure.text);
	}
	enum record_result result = journal_db_run(j, SQL_BEGIN, NULL, err, "");

	j->open = result == RECORD_OK;
	return result;
}

static void rollback(struct journal *journal)
{
	struct journal_db *j = journal_db_of(journal);

	if (j->open && !sqlite3_get_autocommit(j->db)) {
		(void)sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	}
	journal_db_reserved(j, false);
	j->open = false;
}

static enum record_result commit(struct journal *journal, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum record_result result = journal_db_guard(j, err);

	if (result == RECORD_OK) {
		result = journal_db_run(j, SQL_COMMIT, NULL, err, "");
	}
	if (result != RECORD_OK) {
		rollback(journal);
	}
	journal_db_reserved(j, true);
	j->open = false;
	return result;
}

static void close_journal(struct journal *journal)
{
	rollback(journal);
	dispose(journal_db_of(journal));
}

/* Copy WAL pages back; truncate: and shrink the WAL. Readers may prevent it: no failure. */
static enum record_result checkpoint(struct journal_db *j, bool truncate, struct error *err)
{
	int in_log = -1;
	int copied = -1;
	int code = sqlite3_wal_checkpoint_v2(j->db, NULL,
					     truncate ? SQLITE_CHECKPOINT_TRUNCATE
						      : SQLITE_CHECKPOINT_PASSIVE,
					     &in_log, &copied);

	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
		return journal_db_fault(j, code, err);
	}
	j->tended_pages = j->wal_pages;
	if (in_log >= 0 && in_log == copied) {
		j->wal_pages = 0;
	}
	if (truncate && code == SQLITE_OK) {
		j->wal_in_use = false;
	}
	journal_room_lay_ballast(j);
	return RECORD_OK;
}

static enum record_result tidy_up(struct journal_db *j, bool idle, struct error *err)
{
	/* Readers may keep the WAL from beginning anew: then it is its growth that counts. */
	if (j->wal_pages < j->tended_pages) {
		j->tended_pages = 0;
	}
	if ((idle && j->wal_in_use) || j->wal_pages - j->tended_pages >= j->checkpoint_pages) {
		return checkpoint(j, idle, err);
	}
	return RECORD_OK;
}

static enum record_result tend(struct journal *journal, const struct journal_care *care,
			       struct journal_figures *ret_figures, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum record_result result = RECORD_OK;

	*ret_figures = (struct journal_figures){ .free_bytes = UINT64_MAX };
	if (j->failed) {
		result = error_set(err, RECORD_FAILED, "%s", j->failure.text);
	} else {
		enum record_result tidied = tidy_up(j, care->idle, err);

		result = tidied == RECORD_FAILED ? tidied
						 : journal_purge(j, care, ret_figures, err);
		result = result == RECORD_OK ? tidied : result;
	}
	if (care->measure) {
		ret_figures->size = journal_room_used(j);
		ret_figures->free_bytes = journal_room_free(j);
	}
	return result;
}

static const struct journal_ops ops = {
	.close = close_journal,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.add_delivery = journal_db_add_delivery,
	.add_plan = journal_db_add_plan,
	.update_push = journal_db_update_push,
	.update_trigger = journal_db_update_trigger,
	.resume = journal_db_resume,
	.list = journal_db_list,
	.get_delivery = journal_db_get_delivery,
	.get_triggers = journal_db_get_triggers,
	.tend = tend,
};

static struct journal_db *make(const struct journal_options *options)
{
	struct journal_db *j = xcalloc(1, sizeof(*j));

	j->journal.ops = &ops;
	j->lock_fd = -1;
	j->read_only = options->read_only;
	j->max_bytes = options->max_bytes;
	j->min_free = options->min_free;
	j->ballast_bytes = options->ballast_bytes;
	j->checkpoint_pages = options->checkpoint_pages != 0 ? options->checkpoint_pages
							     : CHECKPOINT_PAGES;
	j->wal_in_use = true; /* by whoever had it open before, perhaps */
	return j;
}

enum record_result journal_sqlite_open(const struct journal_options *options,
				       struct journal **ret_journal, struct error *err)
{
	struct journal_db *j;

	if (options->read_only && find(options, err) != RECORD_OK) {
		return RECORD_NOT_FOUND;
	}
	j = make(options);
	if (resolve_path(j, options->path, err) < 0) {
		goto fail;
	}
	if (!j->read_only) {
		if (lock(j, err) < 0) {
			goto fail;
		}
		create_private(j);
		if (check_emptied(j, err) < 0) {
			goto fail;
		}
	}
	if (journal_db_open(j, options->vfs, err) < 0) {
		goto fail;
	}
	journal_room_lay_ballast(j);
	*ret_journal = &j->journal;
	return RECORD_OK;
fail:
	dispose(j);
	return error_wrap(err, RECORD_FAILED, "journal %s", options->path);
}
