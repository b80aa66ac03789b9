/*
 * Journals for tests.
 */
#include "tests/support/journals.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

char *jt_path(const char *name)
{
	return xasprintf("%s/%s", tap_dir(), name);
}

struct journal *jt_open_with(struct journal_options options, const char *name)
{
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	char *path = jt_path(name);

	options.path = path;
	if (journal_open(&options, &j, &err) != RECORD_OK) {
		tap_ok(false, "the journal opens: %s", err.text);
		exit(1);
	}
	free(path);
	return j;
}

struct journal *jt_open(const char *name)
{
	return jt_open_with((struct journal_options){ .read_only = false }, name);
}

const char *jt_refusal(const char *name, bool read_only)
{
	static struct error err;
	char *path = jt_path(name);
	struct journal_options options = { .path = path, .read_only = read_only };
	struct journal *j = NULL;

	err.text[0] = '\0';
	if (journal_open(&options, &j, &err) == 0) {
		journal_close(j);
		err.text[0] = '\0';
	}
	free(path);
	return err.text;
}

enum record_result jt_add(struct journal *j, unsigned n, int64_t *ret_id, int64_t *ret_push)
{
	struct record_delivery *d = sample_delivery(n, 100);
	struct error err = ERROR_INIT;
	enum record_result result = journal_begin(j, &err);

	if (result == RECORD_OK) {
		result = journal_add_delivery(j, d, &err);
	}
	if (result == RECORD_OK) {
		result = journal_commit(j, &err);
	}
	journal_rollback(j);
	if (ret_id != NULL) {
		*ret_id = d->id;
	}
	if (ret_push != NULL) {
		*ret_push = d->pushes[0].id;
	}
	sample_delivery_free(d);
	return result;
}

enum record_result jt_plan(struct journal *j, int64_t push, struct trigger **triggers,
			    size_t count, const int64_t *superseded, size_t superseded_count)
{
	struct error err = ERROR_INIT;
	struct record_push decided = {
		.id = push, .state = PUSH_PLANNED, .reason = NULL, .base = sample_oid(1),
		.tip = sample_oid(2), .changed_paths = 4, .tracked = 10, .affected = (int64_t)count,
		.applications = 12, .attempts = 1, .decided_ms = 3000, .fallback = FALLBACK_LIMIT,
	};
	struct record_plan p = {
		.pushes = &decided, .push_count = 1, .move_ref = true,
		.repository = "https://git.example.org/infra", .ref = "refs/heads/main",
		.commit = sample_oid(2), .triggers = triggers, .trigger_count = count,
		.superseded = superseded, .superseded_count = superseded_count,
	};
	enum record_result result = journal_begin(j, &err);

	if (result == RECORD_OK) {
		result = journal_add_plan(j, &p, &err);
	}
	if (journal_commit(j, &err) != RECORD_OK) {
		tap_ok(false, "the plan's transaction commits: %s", err.text);
	}
	return result;
}

enum record_result jt_update(struct journal *j, const struct trigger *t,
			      const struct outcome *outcome)
{
	struct error err = ERROR_INIT;
	enum record_result result;

	(void)journal_begin(j, &err);
	result = journal_update_trigger(j, t, outcome, &err);
	(void)journal_commit(j, &err);
	return result;
}

struct journal_figures jt_tend(struct journal *j, struct journal_care care)
{
	struct journal_figures figures;
	struct error err = ERROR_INIT;

	if (journal_tend(j, &care, &figures, &err) != RECORD_OK) {
		tap_ok(false, "the journal is tended: %s", err.text);
	}
	return figures;
}

long long jt_count(const char *name, const char *sql)
{
	char *path = jt_path(name);
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	long long n = -1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		n = sqlite3_column_int64(st, 0);
	}
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	free(path);
	return n;
}
