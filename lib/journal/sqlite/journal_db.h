/*
 * SQLite as the journal wants it: private to lib/journal/sqlite.
 *
 * Opening with every setting that durability and hostile files ask for, the
 * kept statements, binding, and the one place that turns SQLite's result
 * codes into ours.
 */
#ifndef LIB_JOURNAL_SQLITE_JOURNAL_DB_H
#define LIB_JOURNAL_SQLITE_JOURNAL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "journal/journal_ops.h"
#include "journal/sqlite/journal_sql.h"

struct sqlite3;
struct sqlite3_stmt;

/* A journal in a file. */
struct journal_db {
	struct journal journal; // first: what its users hold
	struct sqlite3 *db;
	char *path;            // with its directory resolved
	char *wal_path;
	char *ballast_path;
	int lock_fd;           // -1: read_only
	bool read_only;
	bool open;             // between journal_begin() and its end
	bool failed;           // sticky
	struct error failure;  // why
	uint64_t max_bytes;    // of struct journal_options, as the next two
	uint64_t min_free;
	uint64_t ballast_bytes;
	size_t page_size;
	size_t wal_pages;      // in the WAL since it was last copied back, as of the last commit
	size_t checkpoint_pages; // of struct journal_options, not 0
	size_t tended_pages;   // in the WAL at the last checkpoint
	int64_t sequence;      // the number given last ...
	int64_t reserved;      // ... of those that are ours to give
	bool reserving;        // by the transaction that is open: not ours if it fails
	bool is_short;         // of room, as of the last look at it
	int64_t bodies_ms;     // bodies that are in the way are looked for from there on
	bool wal_in_use;       // something was written since the WAL was emptied
	struct sqlite3_stmt *statements[SQL_COUNT];
};

/*
 * Open j->db at j->path and prepare the statements: settings, schema and
 * quick_check included. 0, or -1 with err (without the name of the file).
 */
int journal_db_open(struct journal_db *j, const char *vfs, struct error *err);

/* Finalise and close; a j without a database is fine. */
void journal_db_close(struct journal_db *j);

/*
 * Turn the result code of a failed SQLite call into ours and fill err. I/O
 * errors, corruption and whatever should not happen make the journal fail
 * for good.
 */
enum record_result journal_db_fault(struct journal_db *j, int code, struct error *err);

/*
 * Before a change: RECORD_OK; RECORD_FAILED if the journal failed earlier;
 * RECORD_FULL if SQLite rolled the transaction back by itself;
 * RECORD_INVALID outside a transaction.
 */
enum record_result journal_db_guard(const struct journal_db *j, struct error *err);

/*
 * Bind the parameters of a statement in order. types has one letter each:
 *   t  const char *, NULL allowed     i  int64_t
 *   o  const struct oid *, none: NULL b  const void * and size_t, NULL allowed
 * Text and bytes are borrowed until the statement is reset. 0 or a SQLite code.
 */
int journal_db_bind(struct sqlite3_stmt *st, const char *types, ...);

/*
 * The next number of the order in which records come; within a transaction.
 * Numbers are reserved in blocks, so that few transactions write the counter;
 * what is left of a block when the process ends is never given.
 */
enum record_result journal_db_sequence(struct journal_db *j, int64_t *ret_sequence,
				       struct error *err);

/* The reservation was committed; or it was rolled back, and is to be made anew. */
void journal_db_reserved(struct journal_db *j, bool committed);

/*
 * Run statement number sql to its end, with parameters as above, and reset
 * it. *ret_changes (may be NULL): rows changed.
 */
enum record_result journal_db_run(struct journal_db *j, enum journal_sql sql, int *ret_changes,
				   struct error *err, const char *types, ...);

/* The first column of the first row as a number, or RECORD_NOT_FOUND. Parameters as above. */
enum record_result journal_db_number(struct journal_db *j, enum journal_sql sql,
				     int64_t *ret_number, struct error *err,
				     const char *types, ...);

/*
 * One row of a statement that was bound: RECORD_OK, RECORD_NOT_FOUND after
 * the last. Reset it with journal_db_reset() when done, whatever happened.
 */
enum record_result journal_db_step(struct journal_db *j, struct sqlite3_stmt *st,
				   struct error *err);

/* Reset a statement and let go of what was bound. */
void journal_db_reset(struct sqlite3_stmt *st);

/* Columns: a copy of text (NULL stays NULL); an id (none if NULL or of odd length); a size. */
char *journal_db_text(struct sqlite3_stmt *st, int column);
struct oid journal_db_oid(struct sqlite3_stmt *st, int column);
size_t journal_db_size(struct sqlite3_stmt *st, int column);

/* What a journal's users hold is the beginning of this. */
struct journal_db *journal_db_of(struct journal *j);

/* The operations; their contracts are in journal/journal.h. */
enum record_result journal_db_add_delivery(struct journal *j, struct record_delivery *d,
					   struct error *err);
enum record_result journal_db_add_plan(struct journal *j, struct record_plan *plan,
				       struct error *err);
enum record_result journal_db_update_push(struct journal *j, const struct record_push *push,
					  struct error *err);
enum record_result journal_db_update_trigger(struct journal *j, const struct trigger *t,
					     const struct outcome *outcome, struct error *err);
enum record_result journal_db_resume(struct journal *j, const struct journal_resume *resume,
				     struct error *err);
enum record_result journal_db_list(struct journal *j, const struct journal_filter *filter,
				   struct record_list *ret_list, struct error *err);
enum record_result journal_db_get_delivery(struct journal *j, int64_t id,
					   struct record_delivery *ret_delivery,
					   struct error *err);
enum record_result journal_db_get_triggers(struct journal *j, int64_t delivery, int64_t after,
					   size_t limit, struct record_triggers *ret_triggers,
					   struct error *err);

#endif
