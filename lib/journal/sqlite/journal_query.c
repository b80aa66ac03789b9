/*
 * Lists and decision records for people.
 *
 * A delivery's status is worked out in the query from its pushes and
 * triggers (SQL_LIST): no push that concerns us: ignored; anything not final:
 * working; anything refused or stalled: failed; else done.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "journal/sqlite/journal_db.h"
#include "journal/sqlite/journal_rows.h"

/* Fewer digits than git itself shows are no commit. */
#define COMMIT_DIGITS 7

/* The outcome of a loop over rows that ended. */
static enum record_result end_rows(sqlite3_stmt *st, enum record_result result)
{
	journal_db_reset(st);
	return result == RECORD_NOT_FOUND ? RECORD_OK : result;
}

static void read_summary(sqlite3_stmt *st, struct record_summary *s)
{
	const char *state = (const char *)sqlite3_column_text(st, 11);

	*s = (struct record_summary){
		.id = sqlite3_column_int64(st, 0),
		.source = journal_db_text(st, 1),
		.provider = journal_db_text(st, 2),
		.event = journal_db_text(st, 3),
		.pusher = journal_db_text(st, 4),
		.ignored = journal_db_text(st, 5),
		.repository = journal_db_text(st, 6),
		.ref = journal_db_text(st, 7),
		.before = journal_db_oid(st, 8),
		.after = journal_db_oid(st, 9),
		.reason = journal_db_text(st, 10),
		.state = state != NULL ? push_state_by_name(state) : PUSH_STATES,
		.status = (enum record_status)sqlite3_column_int(st, 12),
		.received_ms = sqlite3_column_int64(st, 13),
		.pushes = journal_db_size(st, 14),
		.affected = sqlite3_column_int64(st, 15),
		.applications = sqlite3_column_int64(st, 16),
		.triggers = journal_db_size(st, 17),
		.triggers_sent = journal_db_size(st, 18),
		.triggers_open = journal_db_size(st, 19),
		.triggers_failed = journal_db_size(st, 20),
		.finished_ms = sqlite3_column_int64(st, 21),
	};
}

/* The statement that begins with what narrows the search most. */
static sqlite3_stmt *list_statement(struct journal_db *j, const struct journal_filter *filter)
{
	if (filter->application != NULL) {
		return j->statements[SQL_LIST_APPLICATION];
	}
	return j->statements[filter->failed ? SQL_LIST_FAILED : SQL_LIST];
}

/* What LIKE takes for any commit that begins so; NULL: that is no beginning of one. */
static const char *commit_pattern(const char *text, char out[OID_HEX_MAX + 2])
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len < COMMIT_DIGITS || len > OID_HEX_MAX ||
	    strspn(text, "0123456789abcdefABCDEF") != len) {
		return NULL;
	}
	(void)snprintf(out, OID_HEX_MAX + 2, "%s%%", text);
	return out;
}

enum record_result journal_db_list(struct journal *journal,
				   const struct journal_filter *filter,
				   struct record_list *ret_list, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	sqlite3_stmt *st = list_statement(j, filter);
	struct record_list list = { .items = NULL };
	size_t capacity = 0;
	enum record_result result;
	char commit[OID_HEX_MAX + 2];
	int code = journal_db_bind(st, "ttttiiiiitt", filter->source, filter->repository,
				   filter->ref, filter->application, filter->since_ms,
				   filter->before_id, (int64_t)filter->failed,
				   (int64_t)filter->statuses, (int64_t)filter->limit,
				   filter->known_as, commit_pattern(filter->known_as, commit));

	result = code == SQLITE_OK ? journal_db_step(j, st, err) : journal_db_fault(j, code, err);
	while (result == RECORD_OK) {
		list.items = xgrow(list.items, list.count, &capacity, sizeof(*list.items));
		read_summary(st, &list.items[list.count++]);
		result = journal_db_step(j, st, err);
	}
	result = end_rows(st, result);
	if (result != RECORD_OK) {
		record_list_release(&list);
		return result;
	}
	*ret_list = list;
	return RECORD_OK;
}

static void read_delivery(sqlite3_stmt *st, struct record_delivery *d)
{
	const void *body = sqlite3_column_blob(st, 8);
	int len = sqlite3_column_bytes(st, 8);

	*d = (struct record_delivery){
		.id = sqlite3_column_int64(st, 0),
		.source = journal_db_text(st, 1),
		.provider = journal_db_text(st, 2),
		.sender_id = journal_db_text(st, 3),
		.body_sha256 = journal_db_text(st, 4),
		.event = journal_db_text(st, 5),
		.pusher = journal_db_text(st, 6),
		.ignored = journal_db_text(st, 7),
		.body = body != NULL ? xmemdup(body, (size_t)len) : NULL,
		.body_len = (size_t)len,
		.body_size = sqlite3_column_int64(st, 9),
		.received_ms = sqlite3_column_int64(st, 10),
		.sequence = sqlite3_column_int64(st, 11),
	};
}

static enum record_result read_pushes(struct journal_db *j, struct record_delivery *d,
				       struct error *err)
{
	sqlite3_stmt *st = j->statements[SQL_GET_PUSHES];
	size_t capacity = 0;
	enum record_result result;
	int code = journal_db_bind(st, "i", d->id);

	result = code == SQLITE_OK ? journal_db_step(j, st, err) : journal_db_fault(j, code, err);
	while (result == RECORD_OK) {
		d->pushes = xgrow(d->pushes, d->push_count, &capacity, sizeof(*d->pushes));
		journal_row_push(st, &d->pushes[d->push_count++]);
		result = journal_db_step(j, st, err);
	}
	return end_rows(st, result);
}

enum record_result journal_db_get_delivery(struct journal *journal, int64_t id,
					   struct record_delivery *ret_delivery,
					   struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	sqlite3_stmt *st = j->statements[SQL_GET_DELIVERY];
	struct record_delivery d = { .id = 0 };
	enum record_result result;
	int code = journal_db_bind(st, "i", id);

	result = code == SQLITE_OK ? journal_db_step(j, st, err) : journal_db_fault(j, code, err);
	if (result == RECORD_OK) {
		read_delivery(st, &d);
	}
	journal_db_reset(st);
	if (result == RECORD_NOT_FOUND) {
		return error_set(err, result, "there is no delivery %lld", (long long)id);
	}
	if (result == RECORD_OK) {
		result = read_pushes(j, &d, err);
	}
	if (result != RECORD_OK) {
		record_delivery_release(&d);
		return result;
	}
	*ret_delivery = d;
	return RECORD_OK;
}

static void read_attempt(sqlite3_stmt *st, struct record_attempt *a)
{
	*a = (struct record_attempt){
		.number = (unsigned)sqlite3_column_int(st, 0),
		.at_ms = sqlite3_column_int64(st, 1),
		.state = journal_db_text(st, 2),
		.code = sqlite3_column_int(st, 3),
		.reason = journal_db_text(st, 4),
		.output = journal_db_text(st, 5),
	};
}

static enum record_result read_attempts(struct journal_db *j, struct record_trigger *t,
					 struct error *err)
{
	sqlite3_stmt *st = j->statements[SQL_GET_ATTEMPTS];
	size_t capacity = 0;
	enum record_result result;
	int code = journal_db_bind(st, "i", t->trigger->id);

	result = code == SQLITE_OK ? journal_db_step(j, st, err) : journal_db_fault(j, code, err);
	while (result == RECORD_OK) {
		t->attempts = xgrow(t->attempts, t->attempt_count, &capacity, sizeof(*t->attempts));
		read_attempt(st, &t->attempts[t->attempt_count++]);
		result = journal_db_step(j, st, err);
	}
	return end_rows(st, result);
}

enum record_result journal_db_get_triggers(struct journal *journal, int64_t delivery,
					   int64_t after, size_t limit,
					   struct record_triggers *ret_triggers,
					   struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	sqlite3_stmt *st = j->statements[SQL_GET_TRIGGERS];
	struct record_triggers list = { .items = NULL };
	size_t capacity = 0;
	enum record_result result;
	int64_t rows = limit < INT64_MAX ? (int64_t)limit : INT64_MAX;
	int code = journal_db_bind(st, "iii", delivery, after, rows);

	result = code == SQLITE_OK ? journal_db_step(j, st, err) : journal_db_fault(j, code, err);
	while (result == RECORD_OK) {
		list.items = xgrow(list.items, list.count, &capacity, sizeof(*list.items));
		struct record_trigger *t = &list.items[list.count++];

		*t = (struct record_trigger){ .attempts = NULL };
		t->trigger = journal_row_trigger(st, &t->superseded_by);
		result = journal_db_step(j, st, err);
	}
	result = end_rows(st, result);
	for (size_t i = 0; result == RECORD_OK && i < list.count; i++) {
		result = read_attempts(j, &list.items[i], err);
	}
	if (result != RECORD_OK) {
		record_triggers_release(&list);
		return result;
	}
	*ret_triggers = list;
	return RECORD_OK;
}
