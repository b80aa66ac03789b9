/*
 * The statements.
 *
 * The order of columns is read by number in journal_rows.c and
 * journal_query.c: PUSH_COLUMNS and TRIGGER_COLUMNS stand for both.
 */
#include "journal/sqlite/journal_sql.h"

#define PUSH_COLUMNS \
	"id, delivery, repository, ref, before, after, default_branch, replay_of, state, reason, " \
	"base, tip, changed_paths, tracked, affected, applications, attempts, accepted_ms, " \
	"next_ms, decided_ms, coalesce(sequence, id), fallback, found, " \
	"(SELECT sender_id FROM delivery d WHERE d.id = push.delivery)"

#define TRIGGER_COLUMNS \
	"t.id, t.push, t.application, t.project, t.target, p.repository, p.ref, t.before, " \
	"t.after, t.reasons, t.automated, t.state, t.attempts, t.created_ms, t.next_ms, " \
	"t.finished_ms, t.superseded_by, t.hard, coalesce(t.sequence, t.id), " \
	"t.final, p.accepted_ms, p.delivery, " \
	"(SELECT sender_id FROM delivery d WHERE d.id = p.delivery)"

#define TRIGGERS "\"trigger\" t JOIN push p ON p.id = t.push"

/* Trigger t was tried, and no try of it succeeded: what took its place has yet to. */
#define IN_VAIN \
	"(t.attempts > 0 AND EXISTS (SELECT 1 FROM attempt a WHERE a.\"trigger\" = t.id " \
	"AND a.state = 'WAITING') AND NOT EXISTS (SELECT 1 FROM attempt a WHERE " \
	"a.\"trigger\" = t.id AND a.state IN ('SENT', 'CONVERGED')))"

/* Deliveries of application ?4, and those of which something failed; both by an index. */
#define OF_APPLICATION "SELECT p.delivery FROM " TRIGGERS " WHERE t.application = ?4"
#define FAILED \
	"SELECT delivery FROM push WHERE state = 'REFUSED' UNION ALL " \
	"SELECT p.delivery FROM " TRIGGERS " WHERE t.state IN ('REFUSED', 'STALLED') UNION ALL " \
	"SELECT p.delivery FROM " TRIGGERS " WHERE t.state = 'SUPERSEDED' AND " IN_VAIN \
	" UNION ALL " \
	"SELECT p.delivery FROM " TRIGGERS " WHERE t.final = 0 AND t.state = 'WAITING'"

/* Only what belongs to repository ?1 and ref ?2, each NULL for any; of table t. */
#define OF_REF(t) "(?1 IS NULL OR " t "repository = ?1) AND (?2 IS NULL OR " t "ref = ?2)"

/* How many pushes, or triggers, of delivery d. */
#define PUSHES(of) "(SELECT " of " FROM push p WHERE p.delivery = d.id"
#define COUNT(where) "(SELECT count(*) FROM " TRIGGERS " WHERE p.delivery = d.id" where ")"

/*
 * Where delivery ?6 stands, or stood: one that was purged is followed by the
 * next of those that had lower ids.
 */
#define PLACE \
	"coalesce((SELECT coalesce(sequence, id) FROM delivery WHERE id = ?6), " \
	"(SELECT max(coalesce(sequence, id)) + 1 FROM delivery WHERE id < ?6), 0)"

/*
 * What a person filters by: ?1 source, ?2 repository, ?3 ref, ?4 application,
 * ?5 since, ?6 before id, ?7 failed, ?8 set of statuses, ?9 limit, ?10 what it is
 * known as, ?11 that as a pattern of commits, NULL if it can be none.  First
 * comes what narrows the search to an index; the rest is tried row by row
 * from the newest on, until the limit is reached.
 */
#define LIST(first) \
	"WITH wanted AS (SELECT d.*, " \
	PUSHES("p.id") " ORDER BY p.sequence, p.id LIMIT 1) AS first, " \
	PUSHES("count(*)") ") AS pushes, " \
	PUSHES("count(*)") " AND p.final = 0) AS waiting, " \
	PUSHES("count(*)") " AND p.state = 'REFUSED') AS refused, " \
	PUSHES("count(*)") " AND p.state = 'IGNORED') AS passed, " \
	PUSHES("total(p.affected)") ") AS affected, " \
	COUNT("") " AS triggers, " \
	COUNT(" AND t.state IN ('SENT', 'CONVERGED')") " AS sent, " \
	COUNT(" AND t.final = 0") " AS busy, " \
	COUNT(" AND (t.state IN ('REFUSED', 'STALLED') OR (t.state = 'SUPERSEDED' AND " \
	      IN_VAIN "))") " AS broken, " \
	"(SELECT max(t.finished_ms) FROM " TRIGGERS " WHERE p.delivery = d.id) AS ended " \
	"FROM delivery d WHERE " first "(?1 IS NULL OR d.source = ?1) AND d.received_ms >= ?5 " \
	"AND (?6 = 0 OR coalesce(d.sequence, d.id) < " PLACE ") " \
	"AND ((?2 IS NULL AND ?3 IS NULL) OR EXISTS (" \
	"SELECT 1 FROM push p WHERE p.delivery = d.id AND (?2 IS NULL OR p.repository = ?2) " \
	"AND (?3 IS NULL OR p.ref = ?3))) AND (?4 IS NULL OR d.id IN (" OF_APPLICATION ")) " \
	"AND (?7 = 0 OR d.id IN (" FAILED ")) AND (?10 IS NULL OR d.sender_id = ?10 OR EXISTS (" \
	"SELECT 1 FROM push p WHERE p.delivery = d.id AND (hex(p.after) LIKE ?11 " \
	"OR hex(p.tip) LIKE ?11)))), " \
	"judged AS (SELECT w.*, CASE WHEN pushes = passed THEN 0 " \
	"WHEN waiting + busy > 0 THEN 1 WHEN refused + broken > 0 THEN 2 ELSE 3 END " \
	"AS status FROM wanted w) " \
	"SELECT j.id, source, provider, event, pusher, ignored, p.repository, p.ref, " \
	"p.before, p.after, p.reason, p.state, status, received_ms, pushes, " \
	"CAST(j.affected AS INTEGER), p.applications, triggers, sent, busy, broken, " \
	"CASE WHEN waiting + busy > 0 THEN 0 ELSE ended END " \
	"FROM judged j LEFT JOIN push p ON p.id = j.first " \
	"WHERE ?8 = 0 OR ?8 & (1 << status) ORDER BY j.sequence DESC, j.id DESC LIMIT ?9"

/* All pushes of delivery d and their triggers have come to an end. */
#define FINISHED \
	"NOT EXISTS (SELECT 1 FROM push p WHERE p.delivery = d.id AND (p.final = 0 OR EXISTS (" \
	"SELECT 1 FROM \"trigger\" t WHERE t.push = p.id AND t.final = 0))) "

static const char *const texts[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_SAVEPOINT] = "SAVEPOINT change",
	[SQL_RELEASE] = "RELEASE change",
	[SQL_ROLLBACK_TO] = "ROLLBACK TO change",
	[SQL_PAGE_COUNT] = "PRAGMA page_count",
	[SQL_FREE_PAGES] = "PRAGMA freelist_count",

	[SQL_RESERVE] =
		"UPDATE counter SET value = value + ?1 WHERE name = 'sequence' RETURNING value",
	[SQL_FIND_DELIVERY] =
		"SELECT id FROM delivery WHERE source = ?1 AND body_sha256 = ?3 "
		"AND (sender_id = ?2 OR ?4) ORDER BY sequence DESC LIMIT 1",
	[SQL_ADD_DELIVERY] =
		"INSERT INTO delivery (source, provider, sender_id, body_sha256, event, pusher, "
		"ignored, body, body_size, received_ms, sequence) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_ADD_PUSH] =
		"INSERT INTO push (delivery, repository, ref, before, after, default_branch, "
		"replay_of, state, final, reason, base, tip, changed_paths, tracked, affected, "
		"applications, attempts, accepted_ms, next_ms, decided_ms, sequence) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_DECIDE_PUSH] =
		"UPDATE push SET state = ?2, final = ?3, reason = ?4, base = ?5, tip = ?6, "
		"changed_paths = ?7, tracked = ?8, affected = ?9, applications = ?10, "
		"attempts = ?11, next_ms = ?12, decided_ms = ?13, fallback = ?14, found = ?15 "
		"WHERE id = ?1 AND final = 0",
	[SQL_UPDATE_PUSH] =
		"UPDATE push SET state = ?2, final = ?3, reason = ?4, attempts = ?5, next_ms = ?6, "
		"decided_ms = ?7 WHERE id = ?1 AND final = 0",
	[SQL_SET_REF] =
		"INSERT INTO ref_state (repository, ref, commit_id, moved_ms, refers) "
		"VALUES (?1, ?2, ?3, ?4, nullif(?5, '')) ON CONFLICT (repository, ref) "
		"DO UPDATE SET commit_id = ?3, moved_ms = ?4, processed = 1, "
		"refers = CASE WHEN ?5 IS NULL THEN refers ELSE nullif(?5, '') END",
	[SQL_SEE_REF] =
		"INSERT INTO ref_state (repository, ref, commit_id, moved_ms, processed) "
		"VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (repository, ref) DO NOTHING",
	[SQL_FORGET_REF] = "DELETE FROM ref_state WHERE repository = ?1 AND ref = ?2",
	[SQL_ADD_TRIGGER] =
		"INSERT INTO \"trigger\" (push, application, project, target, before, after, "
		"reasons, automated, hard, state, final, attempts, created_ms, next_ms, "
		"finished_ms, sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_SUPERSEDE] =
		"UPDATE \"trigger\" SET state = 'SUPERSEDED', final = 1, superseded_by = ?2, "
		"finished_ms = ?3 WHERE id = ?1 AND final = 0",
	[SQL_UPDATE_TRIGGER] =
		"UPDATE \"trigger\" SET state = ?2, final = ?3, attempts = ?4, next_ms = ?5, "
		"finished_ms = ?6, hard = ?7 WHERE id = ?1 AND final = 0",
	[SQL_ADD_ATTEMPT] =
		"INSERT INTO attempt (\"trigger\", number, at_ms, state, code, reason, output) "
		"VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_PURGE] =
		"DELETE FROM delivery WHERE id IN ("
		"SELECT d.id FROM delivery d WHERE d.received_ms < ?1 AND " FINISHED
		"ORDER BY d.received_ms LIMIT ?2)",
	[SQL_FIND_BODIES] =
		"SELECT max(received_ms) FROM (SELECT d.received_ms FROM delivery d WHERE "
		"d.received_ms >= ?1 AND d.body IS NOT NULL AND " FINISHED
		"ORDER BY d.received_ms LIMIT ?2)",
	[SQL_DROP_BODIES] =
		"UPDATE delivery AS d SET body = NULL WHERE d.received_ms BETWEEN ?1 AND ?2 "
		"AND d.body IS NOT NULL AND " FINISHED,

	[SQL_OPEN_PUSHES] =
		"SELECT " PUSH_COLUMNS " FROM push WHERE final = 0 AND " OF_REF("")
		" ORDER BY sequence, id",
	[SQL_OPEN_TRIGGERS] =
		"SELECT " TRIGGER_COLUMNS " FROM " TRIGGERS " WHERE t.final = 0 AND " OF_REF("p.")
		" ORDER BY t.sequence, t.id",
	[SQL_REFS] = "SELECT repository, ref, commit_id, refers, processed FROM ref_state "
		     "WHERE " OF_REF(""),

	[SQL_GET_DELIVERY] =
		"SELECT id, source, provider, sender_id, body_sha256, event, pusher, ignored, "
		"body, body_size, received_ms, coalesce(sequence, id) FROM delivery WHERE id = ?1",
	[SQL_GET_PUSHES] = "SELECT " PUSH_COLUMNS " FROM push WHERE delivery = ?1 "
		"ORDER BY sequence, id",
	[SQL_GET_TRIGGERS] =
		"SELECT " TRIGGER_COLUMNS " FROM " TRIGGERS
		" WHERE p.delivery = ?1 AND coalesce(t.sequence, t.id) > ?2 "
		"ORDER BY t.sequence, t.id LIMIT ?3",
	[SQL_GET_ATTEMPTS] =
		"SELECT number, at_ms, state, code, reason, output FROM attempt "
		"WHERE \"trigger\" = ?1 ORDER BY id",

	[SQL_LIST] = LIST(""),
	[SQL_LIST_APPLICATION] = LIST("d.id IN (" OF_APPLICATION ") AND "),
	[SQL_LIST_FAILED] = LIST("d.id IN (" FAILED ") AND "),
};

const char *journal_sql_text(enum journal_sql sql)
{
	return texts[sql];
}
