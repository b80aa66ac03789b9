/*
 * From rows to records, and what is to be resumed after a start.
 *
 * What was SENT and is still open was observed: nothing else says so in a row.
 * A trigger that was SENDING when the process died comes back PENDING:
 * whether it arrived is unknown, and every target is safe to ring twice.
 * A word that is no state (a damaged or foreign row) reads as the first one:
 * doing a thing again is safe, forgetting it is not.
 */
#include "journal/sqlite/journal_rows.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/journal_db.h"

void journal_row_push(sqlite3_stmt *st, struct record_push *ret_push)
{
	const char *state = (const char *)sqlite3_column_text(st, 8);
	enum push_state number = push_state_by_name(state != NULL ? state : "");
	enum fallback fallback = fallback_by_name((const char *)sqlite3_column_text(st, 21));

	*ret_push = (struct record_push){
		.id = sqlite3_column_int64(st, 0),
		.delivery = sqlite3_column_int64(st, 1),
		.repository = journal_db_text(st, 2),
		.ref = journal_db_text(st, 3),
		.before = journal_db_oid(st, 4),
		.after = journal_db_oid(st, 5),
		.default_branch = journal_db_text(st, 6),
		.replay_of = sqlite3_column_int64(st, 7),
		.state = number != PUSH_STATES ? number : PUSH_ACCEPTED,
		.reason = journal_db_text(st, 9),
		.base = journal_db_oid(st, 10),
		.tip = journal_db_oid(st, 11),
		.changed_paths = sqlite3_column_int64(st, 12),
		.tracked = sqlite3_column_int64(st, 13),
		.affected = sqlite3_column_int64(st, 14),
		.applications = sqlite3_column_int64(st, 15),
		.attempts = (unsigned)sqlite3_column_int(st, 16),
		.accepted_ms = sqlite3_column_int64(st, 17),
		.next_ms = sqlite3_column_int64(st, 18),
		.decided_ms = sqlite3_column_int64(st, 19),
		.sequence = sqlite3_column_int64(st, 20),
		.fallback = fallback != FALLBACKS ? fallback : FALLBACK_NONE,
		.found = journal_db_text(st, 22),
		.sender_id = journal_db_text(st, 23),
	};
}

struct trigger *journal_row_trigger(sqlite3_stmt *st, int64_t *ret_superseded_by)
{
	struct trigger *t = trigger_new();
	const char *state = (const char *)sqlite3_column_text(st, 11);
	enum trigger_state number = trigger_state_by_name(state != NULL ? state : "");

	t->id = sqlite3_column_int64(st, 0);
	t->push = sqlite3_column_int64(st, 1);
	t->application = journal_db_text(st, 2);
	t->project = journal_db_text(st, 3);
	t->target = journal_db_text(st, 4);
	t->repository = journal_db_text(st, 5);
	t->ref = journal_db_text(st, 6);
	t->before = journal_db_oid(st, 7);
	t->after = journal_db_oid(st, 8);
	t->reasons = journal_db_text(st, 9);
	t->automated = sqlite3_column_int(st, 10) != 0;
	t->state = number != TRIGGER_STATES ? number : TRIGGER_PENDING;
	t->attempts = (unsigned)sqlite3_column_int(st, 12);
	t->created_ms = sqlite3_column_int64(st, 13);
	t->next_ms = sqlite3_column_int64(st, 14);
	t->finished_ms = sqlite3_column_int64(st, 15);
	*ret_superseded_by = sqlite3_column_int64(st, 16);
	t->hard = sqlite3_column_int(st, 17) != 0;
	t->sequence = sqlite3_column_int64(st, 18);
	/* What its target goes on looking at is the one that is SENT and yet open. */
	t->observed = t->state == TRIGGER_SENT && sqlite3_column_int(st, 19) == 0;
	t->pushed_ms = sqlite3_column_int64(st, 20);
	t->delivery = sqlite3_column_int64(st, 21);
	t->sender_id = journal_db_text(st, 22);
	return t;
}

typedef void (*row_visit)(const struct journal_resume *resume, sqlite3_stmt *st);

static void visit_ref(const struct journal_resume *resume, sqlite3_stmt *st)
{
	const char *repository = (const char *)sqlite3_column_text(st, 0);
	const char *ref = (const char *)sqlite3_column_text(st, 1);
	struct oid commit = journal_db_oid(st, 2);

	if (sqlite3_column_int(st, 4) != 0) {
		resume->ref(resume->arg, repository, ref, &commit,
			    (const char *)sqlite3_column_text(st, 3));
	} else if (resume->seen != NULL) {
		resume->seen(resume->arg, repository, ref, &commit);
	}
}

static void visit_trigger(const struct journal_resume *resume, sqlite3_stmt *st)
{
	int64_t superseded_by;
	struct trigger *t = journal_row_trigger(st, &superseded_by);

	if (t->state == TRIGGER_SENDING) {
		t->state = TRIGGER_PENDING;
	}
	resume->trigger(resume->arg, t);
	trigger_free(t);
}

static void visit_push(const struct journal_resume *resume, sqlite3_stmt *st)
{
	struct record_push push;

	journal_row_push(st, &push);
	resume->push(resume->arg, &push);
	record_push_release(&push);
}

static enum record_result visit_rows(struct journal_db *j, enum journal_sql sql, row_visit visit,
				      const struct journal_resume *resume, struct error *err)
{
	sqlite3_stmt *st = j->statements[sql];
	int code = journal_db_bind(st, "tt", resume->of_repository, resume->of_ref);
	enum record_result result = code == SQLITE_OK ? journal_db_step(j, st, err)
						      : journal_db_fault(j, code, err);

	while (result == RECORD_OK) {
		visit(resume, st);
		result = journal_db_step(j, st, err);
	}
	journal_db_reset(st);
	return result == RECORD_NOT_FOUND ? RECORD_OK : result;
}

enum record_result journal_db_resume(struct journal *journal,
				     const struct journal_resume *resume, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum record_result result = RECORD_OK;

	if (resume->ref != NULL) {
		result = visit_rows(j, SQL_REFS, visit_ref, resume, err);
	}
	if (result == RECORD_OK && resume->trigger != NULL) {
		result = visit_rows(j, SQL_OPEN_TRIGGERS, visit_trigger, resume, err);
	}
	if (result == RECORD_OK && resume->push != NULL) {
		result = visit_rows(j, SQL_OPEN_PUSHES, visit_push, resume, err);
	}
	return result;
}
