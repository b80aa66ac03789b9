/*
 * SQLite: opening, settings, statements, faults.
 *
 * Every setting is set by us and, where the promise rests on it, read back:
 * "PRAGMA journal_mode=wal" may fail without an error and leave another mode.
 * The promise is SQLite's own, https://www.sqlite.org/pragma.html#pragma_synchronous:
 * "FULL synchronous [...] ensures that all content is safely written to the
 * disk surface prior to continuing"; in WAL mode that is one fdatasync of the
 * WAL at the end of each commit.
 *
 * What can fail: the file is not ours, newer, damaged, not permitted; each
 * gives a text that says what to do.  While running, SQLITE_FULL is a named
 * outcome; a broken rule of the schema is one too; everything else (I/O
 * errors, corruption, even SQLITE_BUSY, which a single writer cannot see) is
 * a journal that may not be trusted any more: it fails for good, and the
 * process is to be restarted so that recovery reads the WAL from the disk.
 */
#include "journal/sqlite/journal_db.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "journal/sqlite/journal_room.h"
#include "journal/sqlite/journal_schema.h"

#define BUSY_MS 2000
#define SEQUENCE_BLOCK 1024
#define WAL_KEPT_BYTES "16777216"
#define LENGTH_MAX (64 * 1024 * 1024)

struct setting {
	const char *sql;
	const char *expected; // what the last row must say, NULL: no matter
};

static const struct setting both[] = {
	{ "PRAGMA cell_size_check=ON", NULL },
	{ "PRAGMA trusted_schema=OFF", NULL },
	{ "PRAGMA trusted_schema", "0" },
	{ "PRAGMA mmap_size=0", NULL },
	{ "PRAGMA temp_store=MEMORY", NULL },
	{ "PRAGMA cache_size=-8192", NULL },
};

static const struct setting writer[] = {
	{ "PRAGMA journal_mode=WAL", "wal" },
	{ "PRAGMA journal_mode", "wal" },
	{ "PRAGMA synchronous=FULL", NULL },
	{ "PRAGMA synchronous", "2" },
	{ "PRAGMA fullfsync=ON", NULL },
	{ "PRAGMA foreign_keys=ON", NULL },
	{ "PRAGMA foreign_keys", "1" },
	{ "PRAGMA secure_delete=FAST", "2" },
	{ "PRAGMA wal_autocheckpoint=0", "0" },
	{ "PRAGMA journal_size_limit=" WAL_KEPT_BYTES, WAL_KEPT_BYTES },
};

static const struct setting reader[] = {
	{ "PRAGMA query_only=ON", NULL },
	{ "PRAGMA journal_mode", "wal" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int wal_hook(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct journal_db *j = arg;

	(void)db;
	(void)name;
	j->wal_pages = (size_t)pages;
	j->wal_in_use = true;
	return SQLITE_OK;
}

static int open_text(struct journal_db *j, int code, struct error *err)
{
	static const struct {
		int code;
		const char *cure;
	} cures[] = {
		{ SQLITE_NOTADB, "it is no journal of doorbell or is damaged; move it and its "
				 "-wal away, or restore a backup" },
		{ SQLITE_CORRUPT, "it is damaged; move it and its -wal away, or restore a backup" },
		{ SQLITE_CANTOPEN, "check that it exists, is no symbolic link, and that this user "
				   "may read and write it and its directory" },
		{ SQLITE_READONLY, "this user may not write it" },
		{ SQLITE_BUSY, "another program holds it locked" },
	};

	for (size_t i = 0; i < COUNT(cures); i++) {
		if ((code & 0xff) == cures[i].code) {
			return error_set(err, -1, "%s (%d): %s", sqlite3_errmsg(j->db), code,
					 cures[i].cure);
		}
	}
	return error_set(err, -1, "%s (%d)", sqlite3_errmsg(j->db), code);
}

/*
 * Run a setting to its very end: "PRAGMA journal_mode=WAL" answers "wal"
 * first and commits afterwards, where it may still fail.
 */
static int apply(struct journal_db *j, const struct setting *setting, struct error *err)
{
	char last[64] = "nothing";
	sqlite3_stmt *st = NULL;
	int r = -1;
	int code = sqlite3_prepare_v2(j->db, setting->sql, -1, &st, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(st);
		if (code == SQLITE_ROW) {
			(void)snprintf(last, sizeof(last), "%s",
				       (const char *)sqlite3_column_text(st, 0));
		}
	}
	if (code != SQLITE_DONE) {
		(void)open_text(j, code, err);
		goto out;
	}
	if (setting->expected != NULL && strcmp(last, setting->expected) != 0) {
		(void)error_set(err, r, "\"%s\" gives \"%s\" instead of \"%s\"", setting->sql, last,
				setting->expected);
		goto out;
	}
	r = 0;
out:
	(void)sqlite3_finalize(st);
	return r;
}

static int apply_all(struct journal_db *j, const struct setting *settings, size_t count,
		     struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (apply(j, &settings[i], err) < 0) {
			return -1;
		}
	}
	return 0;
}

static void harden(struct journal_db *j)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	};

	for (size_t i = 0; i < COUNT(options); i++) {
		(void)sqlite3_db_config(j->db, options[i].option, options[i].value, NULL);
	}
	(void)sqlite3_limit(j->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	(void)sqlite3_limit(j->db, SQLITE_LIMIT_ATTACHED, 0);
}

static int prepare_all(struct journal_db *j, struct error *err)
{
	for (unsigned i = 0; i < SQL_COUNT; i++) {
		int code = sqlite3_prepare_v3(j->db, journal_sql_text((enum journal_sql)i), -1,
					      SQLITE_PREPARE_PERSISTENT, &j->statements[i], NULL);

		if (code != SQLITE_OK) {
			return open_text(j, code, err);
		}
	}
	return 0;
}

static int set_ceiling(struct journal_db *j, struct error *err)
{
	const struct setting page_size = { "PRAGMA page_size=4096", NULL };
	char sql[64];

	j->page_size = 4096;
	if (j->max_bytes == 0) {
		return apply(j, &page_size, err);
	}
	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%llu",
		       (unsigned long long)(j->max_bytes / j->page_size + 1));
	return apply(j, &(struct setting){ sql, NULL }, err);
}

static int open_writer(struct journal_db *j, struct error *err)
{
	const struct setting check = { "PRAGMA quick_check(1)", "ok" };

	if (set_ceiling(j, err) < 0) {
		return -1;
	}
	if (apply(j, &check, err) < 0) {
		return error_wrap(err, -1, "it is damaged; move it and its -wal away, or restore "
				  "a backup");
	}
	if (apply_all(j, writer, COUNT(writer), err) < 0) {
		return -1;
	}
	(void)sqlite3_wal_hook(j->db, wal_hook, j);
	return 0;
}

int journal_db_open(struct journal_db *j, const char *vfs, struct error *err)
{
	int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_FULLMUTEX |
		    (j->read_only ? SQLITE_OPEN_READONLY
				  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	int code = sqlite3_open_v2(j->path, &j->db, flags, vfs);

	if (code != SQLITE_OK) {
		return open_text(j, code, err);
	}
	(void)sqlite3_busy_timeout(j->db, BUSY_MS);
	harden(j);
	if (apply_all(j, both, COUNT(both), err) < 0) {
		return -1;
	}
	if (j->read_only ? apply_all(j, reader, COUNT(reader), err) < 0
			 : open_writer(j, err) < 0) {
		return -1;
	}
	if (journal_schema_migrate(j->db, j->read_only, err) < 0 || prepare_all(j, err) < 0) {
		return -1;
	}
	/* A reader that recovers the WAL may hold the lock while we open; later nobody may. */
	(void)sqlite3_busy_timeout(j->db, j->read_only ? BUSY_MS : 0);
	return 0;
}

struct journal_db *journal_db_of(struct journal *j)
{
	return (struct journal_db *)(void *)j;
}

void journal_db_close(struct journal_db *j)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		(void)sqlite3_finalize(j->statements[i]);
		j->statements[i] = NULL;
	}
	(void)sqlite3_close_v2(j->db);
	j->db = NULL;
}

enum record_result journal_db_fault(struct journal_db *j, int code, struct error *err)
{
	struct error text = ERROR_INIT;
	int errnum = sqlite3_system_errno(j->db);
	int io = (code & 0xff) == SQLITE_IOERR && errnum != 0;

	(void)error_set(&text, 0, "%s: %s (%d)%s%s", j->path, sqlite3_errmsg(j->db), code,
			io ? ": " : "", io ? strerrordesc_np(errnum) : "");
	(void)error_set(err, 0, "%s", text.text);
	switch (code & 0xff) {
	case SQLITE_FULL:
		journal_room_drop_ballast(j);
		return RECORD_FULL;
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
		return RECORD_INVALID;
	default:
		break;
	}
	if (!j->failed) {
		j->failed = true;
		j->failure = text;
	}
	return RECORD_FAILED;
}

enum record_result journal_db_guard(const struct journal_db *j, struct error *err)
{
	if (j->failed) {
		return error_set(err, RECORD_FAILED, "%s", j->failure.text);
	}
	if (!j->open) {
		return error_set(err, RECORD_INVALID, "%s: no transaction is open", j->path);
	}
	if (sqlite3_get_autocommit(j->db)) {
		return error_set(err, RECORD_FULL, "%s: the transaction was rolled back", j->path);
	}
	return RECORD_OK;
}

static int bind_oid(sqlite3_stmt *st, int i, const struct oid *id)
{
	if (id->len == 0) {
		return sqlite3_bind_null(st, i);
	}
	return sqlite3_bind_blob(st, i, id->bytes, id->len, SQLITE_TRANSIENT);
}

static int bind_one(sqlite3_stmt *st, int i, char type, va_list *args)
{
	if (type == 't') {
		return sqlite3_bind_text(st, i, va_arg(*args, const char *), -1, SQLITE_STATIC);
	}
	if (type == 'i') {
		return sqlite3_bind_int64(st, i, va_arg(*args, int64_t));
	}
	if (type == 'o') {
		return bind_oid(st, i, va_arg(*args, const struct oid *));
	}
	const void *data = va_arg(*args, const void *);

	return sqlite3_bind_blob64(st, i, data, va_arg(*args, size_t), SQLITE_STATIC);
}

static int bind_all(sqlite3_stmt *st, const char *types, va_list *args)
{
	for (int i = 0; types[i] != '\0'; i++) {
		int code = bind_one(st, i + 1, types[i], args);

		if (code != SQLITE_OK) {
			return code;
		}
	}
	return SQLITE_OK;
}

int journal_db_bind(sqlite3_stmt *st, const char *types, ...)
{
	va_list args;

	va_start(args, types);
	int code = bind_all(st, types, &args);

	va_end(args);
	return code;
}

enum record_result journal_db_run(struct journal_db *j, enum journal_sql sql, int *ret_changes,
				   struct error *err, const char *types, ...)
{
	enum record_result result = RECORD_OK;
	sqlite3_stmt *st = j->statements[sql];
	va_list args;

	va_start(args, types);
	int code = bind_all(st, types, &args);

	va_end(args);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(st);
	}
	if (code != SQLITE_DONE) {
		result = journal_db_fault(j, code, err);
	}
	journal_db_reset(st);
	if (result == RECORD_OK && ret_changes != NULL) {
		*ret_changes = sqlite3_changes(j->db);
	}
	return result;
}

enum record_result journal_db_number(struct journal_db *j, enum journal_sql sql,
				     int64_t *ret_number, struct error *err, const char *types, ...)
{
	sqlite3_stmt *st = j->statements[sql];
	enum record_result result;
	va_list args;

	va_start(args, types);
	int code = bind_all(st, types, &args);

	va_end(args);
	result = code == SQLITE_OK ? journal_db_step(j, st, err) : journal_db_fault(j, code, err);
	if (result == RECORD_OK) {
		*ret_number = sqlite3_column_int64(st, 0);
	}
	journal_db_reset(st);
	return result;
}

enum record_result journal_db_step(struct journal_db *j, sqlite3_stmt *st, struct error *err)
{
	int code = sqlite3_step(st);

	if (code == SQLITE_ROW) {
		return RECORD_OK;
	}
	return code == SQLITE_DONE ? RECORD_NOT_FOUND : journal_db_fault(j, code, err);
}

enum record_result journal_db_sequence(struct journal_db *j, int64_t *ret_sequence,
				       struct error *err)
{
	enum record_result result = RECORD_OK;

	if (j->sequence == j->reserved) {
		result = journal_db_number(j, SQL_RESERVE, &j->reserved, err, "i",
					   (int64_t)SEQUENCE_BLOCK);
		j->sequence = result == RECORD_OK ? j->reserved - SEQUENCE_BLOCK : j->reserved;
		j->reserving = true;
	}
	if (result == RECORD_OK) {
		*ret_sequence = ++j->sequence;
	}
	return result;
}

void journal_db_reserved(struct journal_db *j, bool committed)
{
	if (j->reserving && !committed) {
		j->reserved = j->sequence;
	}
	j->reserving = false;
}

void journal_db_reset(sqlite3_stmt *st)
{
	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st);
}

char *journal_db_text(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	return xstrdup_or_null(text);
}

struct oid journal_db_oid(sqlite3_stmt *st, int column)
{
	const void *data = sqlite3_column_blob(st, column);
	int len = sqlite3_column_bytes(st, column);
	struct oid id = { .len = 0 };

	if (data != NULL && (len == 20 || len == 32)) {
		id.len = (uint8_t)len;
		memcpy(id.bytes, data, (size_t)len);
	}
	return id;
}

size_t journal_db_size(sqlite3_stmt *st, int column)
{
	int64_t n = sqlite3_column_int64(st, column);

	return n > 0 ? (size_t)n : 0;
}
