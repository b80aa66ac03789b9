/*
 * The schema, as the list of steps that led to it.
 *
 * PRAGMA user_version counts the steps that a file has seen.  Opening runs
 * those that are missing in one transaction, so a crash in between leaves the
 * old schema.  A step is never edited once released: a change is a new step.
 *
 * States are stored as words, so that a person with the sqlite3 program can
 * read them and a reordered enum cannot reinterpret old rows; "final" repeats
 * what the tables of moves say, for the partial indexes.  Ids are never used
 * again (AUTOINCREMENT): people and other machines keep them.
 *
 * Order is a column of its own, "sequence": one counter numbers deliveries,
 * pushes and triggers as they come.  A row from before it has NULL there, which
 * SQLite sorts first, and rows that are alike are in the order of their ids; so
 * "ORDER BY sequence, id" is right for old and new rows together, and bringing
 * a large journal up to date does not write it anew.
 */
#include "journal/sqlite/journal_schema.h"

#include <sqlite3.h>
#include <stdio.h>

static const char *const steps[] = {
	"CREATE TABLE delivery ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	source TEXT NOT NULL,"
	"	provider TEXT NOT NULL,"
	"	sender_id TEXT,"
	"	body_sha256 TEXT NOT NULL,"
	"	event TEXT NOT NULL,"
	"	pusher TEXT,"
	"	ignored TEXT,"
	"	body BLOB,"
	"	body_size INTEGER NOT NULL,"
	"	received_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE UNIQUE INDEX delivery_sender ON delivery (source, sender_id, body_sha256)"
	"	WHERE sender_id IS NOT NULL;"
	"CREATE INDEX delivery_received ON delivery (received_ms);"

	"CREATE TABLE push ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	delivery INTEGER NOT NULL REFERENCES delivery ON DELETE CASCADE,"
	"	repository TEXT NOT NULL,"
	"	ref TEXT NOT NULL,"
	"	before BLOB,"
	"	after BLOB,"
	"	default_branch TEXT,"
	"	replay_of INTEGER NOT NULL,"
	"	state TEXT NOT NULL,"
	"	final INTEGER NOT NULL CHECK (final IN (0, 1)),"
	"	reason TEXT,"
	"	base BLOB,"
	"	tip BLOB,"
	"	changed_paths INTEGER NOT NULL,"
	"	tracked INTEGER NOT NULL,"
	"	affected INTEGER NOT NULL,"
	"	applications INTEGER NOT NULL,"
	"	attempts INTEGER NOT NULL,"
	"	accepted_ms INTEGER NOT NULL,"
	"	next_ms INTEGER NOT NULL,"
	"	decided_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX push_delivery ON push (delivery);"
	"CREATE INDEX push_repository ON push (repository, ref);"
	"CREATE INDEX push_open ON push (id) WHERE final = 0;"
	"CREATE INDEX push_refused ON push (delivery) WHERE state = 'REFUSED';"

	"CREATE TABLE \"trigger\" ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	push INTEGER NOT NULL REFERENCES push ON DELETE CASCADE,"
	"	application TEXT NOT NULL,"
	"	project TEXT,"
	"	target TEXT NOT NULL,"
	"	before BLOB,"
	"	after BLOB,"
	"	reasons TEXT,"
	"	automated INTEGER NOT NULL,"
	"	state TEXT NOT NULL,"
	"	final INTEGER NOT NULL CHECK (final IN (0, 1)),"
	"	attempts INTEGER NOT NULL,"
	"	created_ms INTEGER NOT NULL,"
	"	next_ms INTEGER NOT NULL,"
	"	finished_ms INTEGER NOT NULL,"
	"	superseded_by INTEGER NOT NULL DEFAULT 0"
	") STRICT;"
	"CREATE INDEX trigger_push ON \"trigger\" (push);"
	"CREATE INDEX trigger_application ON \"trigger\" (application);"
	"CREATE INDEX trigger_open ON \"trigger\" (id) WHERE final = 0;"
	"CREATE INDEX trigger_failed ON \"trigger\" (push) WHERE state IN ('REFUSED', 'STALLED');"

	"CREATE TABLE attempt ("
	"	id INTEGER PRIMARY KEY,"
	"	\"trigger\" INTEGER NOT NULL REFERENCES \"trigger\" ON DELETE CASCADE,"
	"	number INTEGER NOT NULL,"
	"	at_ms INTEGER NOT NULL,"
	"	state TEXT NOT NULL,"
	"	code INTEGER NOT NULL,"
	"	reason TEXT NOT NULL,"
	"	output TEXT"
	") STRICT;"
	"CREATE INDEX attempt_trigger ON attempt (\"trigger\");"

	"CREATE TABLE ref_state ("
	"	repository TEXT NOT NULL,"
	"	ref TEXT NOT NULL,"
	"	commit_id BLOB NOT NULL,"
	"	moved_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (repository, ref)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE meta ("
	"	key TEXT PRIMARY KEY,"
	"	value TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;",

	"ALTER TABLE \"trigger\" ADD COLUMN hard INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE ref_state ADD COLUMN refers TEXT;",

	"ALTER TABLE delivery ADD COLUMN sequence INTEGER;"
	"ALTER TABLE push ADD COLUMN sequence INTEGER;"
	"ALTER TABLE push ADD COLUMN fallback TEXT;"
	"ALTER TABLE \"trigger\" ADD COLUMN sequence INTEGER;"
	"CREATE INDEX delivery_order ON delivery (sequence);"
	"DROP INDEX push_delivery;"
	"CREATE INDEX push_delivery ON push (delivery, sequence);"
	"DROP INDEX push_open;"
	"CREATE INDEX push_open ON push (sequence) WHERE final = 0;"
	"DROP INDEX trigger_open;"
	"CREATE INDEX trigger_open ON \"trigger\" (sequence) WHERE final = 0;"
	"DROP TABLE meta;"
	"CREATE TABLE counter ("
	"	name TEXT PRIMARY KEY,"
	"	value INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO counter"
	"	SELECT 'sequence', coalesce(max(seq), 0) FROM sqlite_sequence;",

	/* 0: commit_id was only seen there when the ref was looked at for the first time. */
	"ALTER TABLE ref_state ADD COLUMN processed INTEGER NOT NULL DEFAULT 1;"
	"DROP INDEX delivery_sender;"
	"CREATE INDEX delivery_body ON delivery (source, body_sha256, sender_id);"
	"ALTER TABLE push ADD COLUMN found TEXT;",
};

#define VERSION ((int)(sizeof(steps) / sizeof(steps[0])))

static int read_number(sqlite3 *db, const char *sql, int *ret_number, struct error *err)
{
	sqlite3_stmt *st = NULL;
	int r = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		*ret_number = sqlite3_column_int(st, 0);
		r = 0;
	}
	if (r < 0) {
		(void)error_set(err, r, "%s", sqlite3_errmsg(db));
	}
	(void)sqlite3_finalize(st);
	return r;
}

static int run(sqlite3 *db, const char *sql, struct error *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		return error_set(err, -1, "%s", sqlite3_errmsg(db));
	}
	return 0;
}

/* Is the file ours, or nobody's yet? */
static int check_owner(sqlite3 *db, int version, struct error *err)
{
	int id;
	int objects;

	if (read_number(db, "PRAGMA application_id", &id, err) < 0 ||
	    read_number(db, "SELECT count(*) FROM sqlite_schema", &objects, err) < 0) {
		return -1;
	}
	if (id == JOURNAL_APPLICATION_ID || (id == 0 && version == 0 && objects == 0)) {
		return 0;
	}
	return error_set(err, -1, "it is the database of another program; name another file");
}

static int run_steps(sqlite3 *db, int from, struct error *err)
{
	char pragmas[96];

	for (int i = from; i < VERSION; i++) {
		if (run(db, steps[i], err) < 0) {
			return error_wrap(err, -1, "schema step %d", i + 1);
		}
	}
	(void)snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		       JOURNAL_APPLICATION_ID, VERSION);
	return run(db, pragmas, err);
}

static int migrate(sqlite3 *db, int from, struct error *err)
{
	if (run(db, "BEGIN IMMEDIATE", err) < 0) {
		return -1;
	}
	if (run_steps(db, from, err) < 0 || run(db, "COMMIT", err) < 0) {
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

int journal_schema_migrate(sqlite3 *db, bool read_only, struct error *err)
{
	int version;

	if (read_number(db, "PRAGMA user_version", &version, err) < 0 ||
	    check_owner(db, version, err) < 0) {
		return -1;
	}
	if (version < 0) {
		return error_set(err, -1, "it is damaged: its schema has the number %d; restore it "
				 "from a backup", version);
	}
	if (version > VERSION) {
		return error_set(err, -1, "it was written by a newer doorbell (schema %d, this "
				 "one knows %d); run that one, or use another state directory",
				 version, VERSION);
	}
	if (version < VERSION && read_only) {
		return error_set(err, -1, "it is of an older doorbell (schema %d, this one reads "
				 "%d); start the receiver once to bring it up to date",
				 version, VERSION);
	}
	return version < VERSION ? migrate(db, version, err) : 0;
}
