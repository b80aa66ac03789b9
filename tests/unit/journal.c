/*
 * The journal: what is written is read, duplicates, plans, resume, purge,
 * limits, and every way a file can be refused.
 */
#include "journal/journal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "journal/journal_query.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", tap_dir(), name);
}

static struct journal *open_with(struct journal_options options, const char *name)
{
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	char *path = path_of(name);

	options.path = path;
	if (journal_open(&options, &j, &err) < 0) {
		tap_ok(false, "the journal opens: %s", err.text);
		exit(1);
	}
	free(path);
	return j;
}

static struct journal *open_new(const char *name)
{
	return open_with((struct journal_options){ .read_only = false }, name);
}

/* The text of the failure to open it, "" if it opened. */
static const char *refusal(const char *name, bool read_only)
{
	static struct error err;
	char *path = path_of(name);
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

/* Add delivery n with one push; its result, and the ids if wanted. */
static enum journal_result add(struct journal *j, unsigned n, int64_t *ret_id, int64_t *ret_push)
{
	struct journal_delivery *d = sample_delivery(n, 100);
	struct error err = ERROR_INIT;
	enum journal_result result = journal_begin(j, &err);

	if (result == JOURNAL_OK) {
		result = journal_add_delivery(j, d, &err);
	}
	if (result == JOURNAL_OK) {
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

/* Plan push with the given triggers; ids of triggers land in them. */
static enum journal_result plan(struct journal *j, int64_t push, struct trigger **triggers,
				size_t count, const int64_t *superseded, size_t superseded_count)
{
	struct error err = ERROR_INIT;
	struct journal_push decided = {
		.id = push, .state = PUSH_PLANNED, .reason = NULL, .base = sample_oid(1),
		.tip = sample_oid(2), .changed_paths = 4, .tracked = 10, .affected = (int64_t)count,
		.applications = 12, .attempts = 1, .decided_ms = 3000,
	};
	struct journal_plan p = {
		.pushes = &decided, .push_count = 1, .move_ref = true,
		.repository = "https://git.example.org/infra", .ref = "refs/heads/main",
		.commit = sample_oid(2), .triggers = triggers, .trigger_count = count,
		.superseded = superseded, .superseded_count = superseded_count,
	};
	enum journal_result result = journal_begin(j, &err);

	if (result == JOURNAL_OK) {
		result = journal_add_plan(j, &p, &err);
	}
	/* Committed even if the plan was refused: it must have left nothing. */
	if (journal_commit(j, &err) != JOURNAL_OK) {
		tap_ok(false, "the plan's transaction commits: %s", err.text);
	}
	return result;
}

static enum journal_result update(struct journal *j, const struct trigger *t,
				  const struct outcome *outcome)
{
	struct error err = ERROR_INIT;
	enum journal_result result;

	(void)journal_begin(j, &err);
	result = journal_update_trigger(j, t, outcome, &err);
	(void)journal_commit(j, &err);
	return result;
}

static long long count_rows(const char *name, const char *sql)
{
	char *path = path_of(name);
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

static void test_states(void)
{
	static const char *const moves[PUSH_STATES] = {
		[PUSH_ACCEPTED] = "RESOLVING REFUSED IGNORED ",
		[PUSH_RESOLVING] = "ACCEPTED MATCHING WAITING PLANNED REFUSED IGNORED ",
		[PUSH_MATCHING] = "ACCEPTED WAITING PLANNED REFUSED IGNORED ",
		[PUSH_WAITING] = "ACCEPTED RESOLVING REFUSED IGNORED ",
		[PUSH_PLANNED] = "",
		[PUSH_REFUSED] = "",
		[PUSH_IGNORED] = "",
	};

	for (unsigned from = 0; from < PUSH_STATES; from++) {
		char got[256] = "";
		const char *name = push_state_name((enum push_state)from);

		for (unsigned to = 0; to < PUSH_STATES; to++) {
			size_t len = strlen(got);

			if (push_may_move((enum push_state)from, (enum push_state)to)) {
				(void)snprintf(got + len, sizeof(got) - len, "%s ",
					       push_state_name((enum push_state)to));
			}
		}
		tap_str(got, moves[from], "a push that is %s may go there only", name);
		tap_ok(push_is_final((enum push_state)from) == (moves[from][0] == '\0'),
		       "%s is final exactly if no move leads out of it", name);
		tap_ok(push_state_by_name(name) == (enum push_state)from, "%s is found by name",
		       name);
	}
	tap_ok(push_state_by_name("NONE") == PUSH_STATES, "an unknown name is no state");
}

static void test_round_trip(void)
{
	struct journal *j = open_new("round");
	struct journal_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;

	tap_int(add(j, 7, &id, &push), JOURNAL_OK, "a delivery is added");
	tap_ok(id > 0 && push > 0, "its ids and those of its pushes are set");
	tap_int(journal_get_delivery(j, id, &d, &err), JOURNAL_OK, "it can be read");
	tap_str(d.source, "forge", "its source is kept");
	tap_str(d.sender_id, "sender-7", "the sender's id is kept");
	tap_ok(d.ignored == NULL, "what was NULL is NULL");
	tap_int(d.body_len, 100, "its body is kept");
	tap_ok(d.body != NULL && d.body[99] == 'a' + 7, "byte by byte");
	tap_int(d.push_count, 1, "its push is there");
	tap_str(d.pushes[0].ref, "refs/heads/main", "with its ref");
	struct oid after = sample_oid(8);

	tap_ok(oid_equal(&d.pushes[0].after, &after), "and its ids");
	tap_int(d.pushes[0].base.len, 0, "no id stays no id");
	tap_int(d.pushes[0].changed_paths, -1, "and its figures");
	journal_delivery_release(&d);
	tap_int(journal_get_delivery(j, 999, &d, &err), JOURNAL_NOT_FOUND,
		"a delivery that is not there is not found");
	tap_ok(strstr(err.text, "999") != NULL, "and the text names it");
	journal_close(j);

	struct stat st;
	char *path = path_of("round");

	tap_ok(stat(path, &st) == 0 && (st.st_mode & 077) == 0, "the file is private");
	free(path);
}

static void test_body_is_cut(void)
{
	struct journal *j = open_new("cut");
	struct journal_delivery *d = sample_delivery(1, LIMIT_BODY_KEPT + 5000);
	struct journal_delivery read = { .id = 0 };
	struct error err = ERROR_INIT;

	(void)journal_begin(j, &err);
	(void)journal_add_delivery(j, d, &err);
	(void)journal_commit(j, &err);
	(void)journal_get_delivery(j, d->id, &read, &err);
	tap_int(read.body_len, LIMIT_BODY_KEPT, "of a long body the beginning is kept");
	tap_int(read.body_size, LIMIT_BODY_KEPT + 5000, "and how long it was");
	journal_delivery_release(&read);
	sample_delivery_free(d);
	journal_close(j);
}

static void test_duplicates(void)
{
	static const struct {
		const char *what;
		const char *sender_id;
		const char *sha;
		const char *source;
		enum journal_result expected;
	} cases[] = {
		{ "the same again is a duplicate", "a", "1", "forge", JOURNAL_DUPLICATE },
		{ "the same id with another body is new", "a", "2", "forge", JOURNAL_OK },
		{ "another id with the same body is new", "b", "1", "forge", JOURNAL_OK },
		{ "the same from another source is new", "a", "1", "other", JOURNAL_OK },
		{ "without an id nothing is a duplicate", NULL, "1", "forge", JOURNAL_OK },
		{ "not even the second time", NULL, "1", "forge", JOURNAL_OK },
	};
	struct journal *j = open_new("duplicates");
	struct error err = ERROR_INIT;
	int64_t first = 0;

	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		size_t c = i > 0 ? i - 1 : 0;
		struct journal_delivery *d = sample_delivery(1, 10);

		free(d->sender_id);
		free(d->body_sha256);
		free(d->source);
		d->sender_id = cases[c].sender_id != NULL ? xstrdup(cases[c].sender_id) : NULL;
		d->body_sha256 = xstrdup(cases[c].sha);
		d->source = xstrdup(cases[c].source);
		(void)journal_begin(j, &err);
		enum journal_result result = journal_add_delivery(j, d, &err);

		(void)journal_commit(j, &err);
		if (i == 0) {
			first = d->id;
		} else {
			tap_int(result, cases[c].expected, "%s", cases[c].what);
			tap_ok((d->id == first) == (result == JOURNAL_DUPLICATE),
			       "its id is that of the first only if it is a duplicate");
		}
		sample_delivery_free(d);
	}
	journal_close(j);
	tap_int(count_rows("duplicates", "SELECT count(*) FROM push"), 6,
		"a duplicate adds no push");
}

static void test_plan(void)
{
	struct journal *j = open_new("plan");
	struct trigger *first[2] = { NULL };
	struct trigger *second[1] = { NULL };
	struct journal_triggers read = { .items = NULL };
	struct journal_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;
	int64_t push2;

	(void)add(j, 1, &id, &push);
	first[0] = sample_trigger(push, "argocd/web");
	first[1] = sample_trigger(push, "argocd/db");
	tap_int(plan(j, push, first, 2, NULL, 0), JOURNAL_OK, "a plan is carried out");
	tap_ok(first[0]->id > 0 && first[1]->id > first[0]->id, "its triggers have ids");
	(void)journal_get_delivery(j, id, &d, &err);
	tap_int(d.pushes[0].state, PUSH_PLANNED, "the push is decided");
	tap_int(d.pushes[0].tracked, 10, "with its figures");
	journal_delivery_release(&d);
	tap_int(plan(j, push, first, 2, NULL, 0), JOURNAL_NOT_FOUND,
		"a push that is decided cannot be decided again");
	tap_int(count_rows("plan", "SELECT count(*) FROM \"trigger\""), 2,
		"and nothing of that plan was kept");

	(void)add(j, 2, NULL, &push2);
	second[0] = sample_trigger(424242, "argocd/web");
	tap_int(plan(j, push2, second, 1, &first[0]->id, 1), JOURNAL_INVALID,
		"a trigger of a push that does not exist is invalid");
	tap_int(count_rows("plan", "SELECT count(*) FROM push WHERE state = 'PLANNED'"), 1,
		"the push of that plan is as it was");
	tap_int(count_rows("plan", "SELECT count(*) FROM \"trigger\" WHERE state = 'SUPERSEDED'"),
		0, "and so is the trigger it would replace");

	second[0]->push = push2;
	first[1]->state = TRIGGER_SENT;
	first[1]->finished_ms = 1;
	tap_int(update(j, first[1], NULL), JOURNAL_OK, "a trigger is updated");
	int64_t both[] = { first[0]->id, first[1]->id };

	tap_int(plan(j, push2, second, 1, both, 2), JOURNAL_OK, "a newer plan replaces triggers");
	(void)journal_get_triggers(j, id, 0, 100, &read, &err);
	tap_int(read.count, 2, "both triggers of the first delivery are still told");
	tap_int(read.items[0].trigger->state, TRIGGER_SUPERSEDED, "the waiting one is superseded");
	tap_int(read.items[0].superseded_by, push2, "by the push that asks now");
	tap_int(read.items[1].trigger->state, TRIGGER_SENT, "the one that was sent stays so");
	first[0]->state = TRIGGER_SENDING;
	tap_int(update(j, first[0], NULL), JOURNAL_NOT_FOUND, "and no later news changes that");
	journal_triggers_release(&read);
	for (size_t i = 0; i < 2; i++) {
		trigger_free(first[i]);
	}
	trigger_free(second[0]);
	journal_close(j);
	tap_int(count_rows("plan", "SELECT count(*) FROM ref_state WHERE commit_id = "
			   "x'0202020202020202020202020202020202020202'"), 1,
		"the ref is at the commit of the plan");
}

static void test_deleted_ref(void)
{
	struct journal *j = open_new("deleted");
	struct error err = ERROR_INIT;
	struct journal_plan p = {
		.move_ref = true, .repository = "r", .ref = "refs/heads/x", .commit = sample_oid(3),
	};

	for (int i = 0; i < 2; i++) {
		(void)journal_begin(j, &err);
		(void)journal_add_plan(j, &p, &err);
		(void)journal_commit(j, &err);
		tap_int(count_rows("deleted", "SELECT count(*) FROM ref_state"), 1 - i,
			i == 0 ? "a ref is remembered" : "a deleted ref is forgotten");
		p.commit = sample_oid(0);
	}
	journal_close(j);
}

static void test_attempts(void)
{
	struct journal *j = open_new("attempts");
	struct trigger *t = NULL;
	struct journal_triggers read = { .items = NULL };
	struct outcome outcome = { .code = 503 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;

	(void)add(j, 1, &id, &push);
	t = sample_trigger(push, "argocd/web");
	(void)plan(j, push, &t, 1, NULL, 0);
	t->state = TRIGGER_WAITING;
	t->attempts = 1;
	t->next_ms = 5000;
	outcome_set(&outcome, OUTCOME_RETRY, "HTTP 503");
	outcome.output = xmalloc(LIMIT_OUTPUT_KEPT + 101);
	memset(outcome.output, 'x', LIMIT_OUTPUT_KEPT + 100);
	outcome.output[LIMIT_OUTPUT_KEPT + 100] = '\0';
	tap_int(update(j, t, &outcome), JOURNAL_OK, "a failed try is recorded");
	outcome_release(&outcome);
	t->state = TRIGGER_SENT;
	t->attempts = 2;
	t->finished_ms = 6000;
	outcome.code = 200;
	outcome_set(&outcome, OUTCOME_SENT, "HTTP 200");
	tap_int(update(j, t, &outcome), JOURNAL_OK, "a good try is recorded");
	tap_int(journal_get_triggers(j, id, 0, 100, &read, &err), JOURNAL_OK,
		"the history can be read");
	tap_int(read.count == 1 ? read.items[0].attempt_count : 0, 2, "it has both tries");
	tap_str(read.items[0].attempts[0].reason, "HTTP 503", "the first with its reason");
	tap_str(read.items[0].attempts[0].state, "WAITING", "and what followed from it");
	tap_int(strlen(read.items[0].attempts[0].output), LIMIT_OUTPUT_KEPT,
		"and what came back, cut");
	tap_int(read.items[0].attempts[1].code, 200, "the second with its code");
	tap_int(read.items[0].trigger->finished_ms, 6000, "and the trigger when it ended");
	journal_triggers_release(&read);
	tap_int(journal_get_triggers(j, id, t->id, 100, &read, &err), JOURNAL_OK,
		"the next page can be read");
	tap_int(read.count, 0, "and is empty");
	journal_triggers_release(&read);
	trigger_free(t);
	journal_close(j);
}

struct seen {
	char text[512];
};

static void note(struct seen *seen, const char *what, long long id, const char *state)
{
	size_t len = strlen(seen->text);

	(void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s%lld:%s ", what, id, state);
}

static void saw_push(void *arg, const struct journal_push *push)
{
	note(arg, "p", push->id, push_state_name(push->state));
}

static void saw_trigger(void *arg, const struct trigger *trigger)
{
	note(arg, "t", trigger->id, trigger_state_name(trigger->state));
}

static void saw_ref(void *arg, const char *repository, const char *ref, const struct oid *commit)
{
	(void)repository;
	note(arg, "r", commit->bytes[0], ref);
}

static void test_resume(void)
{
	struct journal *j = open_new("resume");
	struct trigger *triggers[3];
	struct error err = ERROR_INIT;
	struct seen seen = { .text = "" };
	const struct journal_resume resume = {
		.push = saw_push, .trigger = saw_trigger, .ref = saw_ref, .arg = &seen
	};
	struct journal_push waiting = { .state = PUSH_WAITING, .next_ms = 9, .attempts = 2 };
	int64_t push[4];

	for (unsigned i = 0; i < 4; i++) {
		(void)add(j, i, NULL, &push[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		triggers[i] = sample_trigger(push[1], i == 0 ? "a/one" : i == 1 ? "a/two" : "a/3");
	}
	(void)plan(j, push[1], triggers, 3, NULL, 0);
	triggers[0]->state = TRIGGER_SENDING;
	(void)update(j, triggers[0], NULL);
	triggers[1]->state = TRIGGER_REFUSED;
	(void)update(j, triggers[1], NULL);
	triggers[2]->state = TRIGGER_WAITING;
	(void)update(j, triggers[2], NULL);
	waiting.id = push[2];
	(void)journal_begin(j, &err);
	tap_int(journal_update_push(j, &waiting, &err), JOURNAL_OK, "a push may wait");
	waiting.id = push[3];
	waiting.state = PUSH_MATCHING;
	tap_int(journal_update_push(j, &waiting, &err), JOURNAL_OK, "a push may be computed");
	waiting.id = push[1];
	tap_int(journal_update_push(j, &waiting, &err), JOURNAL_NOT_FOUND,
		"a push that is decided may not wait");
	(void)journal_commit(j, &err);
	journal_close(j);

	j = open_new("resume");
	tap_int(journal_resume(j, &resume, &err), JOURNAL_OK, "what is unfinished is told");
	tap_str(seen.text, "r2:refs/heads/main t1:PENDING t3:WAITING p1:ACCEPTED p3:WAITING "
		"p4:ACCEPTED ", "refs, then triggers, then pushes, each in their order; a try "
		"that was under way is to be done again");
	journal_close(j);
	for (unsigned i = 0; i < 3; i++) {
		trigger_free(triggers[i]);
	}
}

static void test_purge(void)
{
	struct journal *j = open_new("purge");
	struct error err = ERROR_INIT;
	struct trigger *t = NULL;
	int64_t push[5];
	size_t count;

	for (unsigned i = 0; i < 5; i++) {
		(void)add(j, i, NULL, &push[i]);
	}
	/* 1 undecided, 2 planned with an open trigger, 3 to 5 finished. */
	t = sample_trigger(push[1], "a/b");
	(void)plan(j, push[1], &t, 1, NULL, 0);
	for (unsigned i = 2; i < 5; i++) {
		(void)plan(j, push[i], NULL, 0, NULL, 0);
	}
	tap_int(journal_purge(j, 1004, 1, &count, &err), JOURNAL_OK, "a bite is purged");
	tap_int(count, 1, "it is as large as asked");
	tap_int(count_rows("purge", "SELECT count(*) FROM delivery WHERE id = 3"), 0,
		"it is the oldest that is finished");
	(void)journal_purge(j, 1004, 100, &count, &err);
	tap_int(count, 1, "what is unfinished or young is kept");
	tap_int(count_rows("purge", "SELECT sum(id) FROM delivery"), 1 + 2 + 5,
		"undecided, open trigger, young");
	t->state = TRIGGER_SENT;
	(void)update(j, t, NULL);
	(void)journal_purge(j, INT64_MAX, 100, &count, &err);
	tap_int(count, 2, "what has ended since goes too");
	tap_int(count_rows("purge", "SELECT count(*) FROM \"trigger\""), 0,
		"and takes its triggers along");
	tap_int(count_rows("purge", "SELECT count(*) FROM push"), 1, "and its pushes");
	int64_t id;

	(void)add(j, 50, &id, NULL);
	tap_int(id, 6, "ids are not used again");
	trigger_free(t);
	journal_close(j);
}

static void test_full(void)
{
	struct journal_options options = { .max_bytes = 512 * 1024 };
	struct journal *j = open_with(options, "full");
	enum journal_result result = JOURNAL_OK;
	struct error err = ERROR_INIT;
	struct trigger *t = NULL;
	int64_t push = 0;
	unsigned n = 0;

	while (result == JOURNAL_OK && n < 100000) {
		int64_t last = push;

		result = add(j, ++n, NULL, &push);
		push = result == JOURNAL_OK ? push : last;
	}
	tap_int(result, JOURNAL_FULL, "at its limit the journal refuses deliveries (after %u)",
		n - 1);
	tap_int(add(j, 1, NULL, NULL), JOURNAL_DUPLICATE, "what it has it still recognises");
	t = sample_trigger(push, "a/b");
	t->state = TRIGGER_SENT;
	tap_int(plan(j, push, &t, 1, NULL, 0), JOURNAL_OK, "what was accepted can be finished");
	tap_ok(journal_size(j) > 0 && count_rows("full", "PRAGMA page_count") * 4096 <= 512 * 1024,
	       "and the file is not larger than the limit");
	tap_int(count_rows("full", "SELECT count(*) FROM delivery"), n - 1,
		"all that was accepted is there");

	/* Now fill the reserve too, with plans that are much too large. */
	for (push = 1; push < n && result != JOURNAL_FAILED; push++) {
		struct journal_push decided = { .id = push, .state = PUSH_PLANNED };
		struct trigger *many[200];
		struct journal_plan p = { .pushes = &decided, .push_count = 1, .triggers = many,
					  .trigger_count = 200 };

		for (size_t i = 0; i < 200; i++) {
			many[i] = t;
		}
		t->push = push;
		(void)journal_begin(j, &err);
		result = journal_add_plan(j, &p, &err);
		if (result == JOURNAL_FULL) {
			tap_int(journal_commit(j, &err), JOURNAL_FULL,
				"a commit after a full file is refused too");
			break;
		}
		(void)journal_commit(j, &err);
	}
	tap_int(result, JOURNAL_FULL, "the limit holds for plans as well");
	size_t count;

	(void)journal_purge(j, INT64_MAX, 100000, &count, &err);
	tap_ok(count > 1, "what is finished can be purged (%zu)", count);
	for (push = 1; push < n; push++) {
		(void)plan(j, push, NULL, 0, NULL, 0);
	}
	(void)journal_purge(j, INT64_MAX, 100000, &count, &err);
	tap_int(add(j, n, NULL, NULL), JOURNAL_OK, "and makes room for new deliveries");
	trigger_free(t);
	journal_close(j);
}

static void test_floor(void)
{
	struct journal_options options = { .min_free = UINT64_MAX / 2 };
	struct journal *j = open_with(options, "floor");

	tap_int(add(j, 1, NULL, NULL), JOURNAL_FULL, "below the floor of free space it refuses");
	journal_close(j);
	tap_int(count_rows("floor", "SELECT count(*) FROM delivery"), 0, "and writes nothing");

	char *ballast = path_of("ballast.ballast");
	struct stat st;

	options = (struct journal_options){ .ballast_bytes = 1024 * 1024 };
	j = open_with(options, "ballast");
	tap_ok(stat(ballast, &st) == 0 && st.st_blocks * 512 >= 1024 * 1024,
	       "the ballast really takes room");
	journal_close(j);
	free(ballast);
}

static void test_refusals(void)
{
	struct journal *j = open_new("refused");

	tap_ok(strstr(refusal("refused", false), "another doorbell (process ") != NULL,
	       "a second receiver is refused: %s", refusal("refused", false));
	tap_str(refusal("refused", true), "", "a reader beside the receiver is not");
	journal_close(j);
	tap_str(refusal("refused", false), "", "once it has ended the next may run");
	tap_sh("sqlite3 %s/refused 'PRAGMA user_version=99'", tap_dir());
	tap_ok(strstr(refusal("refused", false), "newer doorbell (schema 99") != NULL,
	       "a newer schema is refused: %s", refusal("refused", false));
	tap_sh("sqlite3 %s/foreign 'CREATE TABLE t (x)'", tap_dir());
	tap_ok(strstr(refusal("foreign", false), "another program") != NULL,
	       "another program's database is refused: %s", refusal("foreign", false));
	tap_sh("yes | head -c 100000 > %s/text", tap_dir());
	tap_ok(strstr(refusal("text", false), "restore a backup") != NULL,
	       "a file that is no database is refused: %s", refusal("text", false));
	tap_sh("ln -s %s/elsewhere %s/link", tap_dir(), tap_dir());
	tap_ok(refusal("link", false)[0] != '\0', "a symbolic link is refused: %s",
	       refusal("link", false));
	tap_ok(strstr(refusal("none/journal", false), "No such file") != NULL,
	       "a directory that does not exist is told: %s", refusal("none/journal", false));
	tap_ok(strstr(refusal("absent", true), "check that it exists") != NULL,
	       "a reader does not create it: %s", refusal("absent", true));
	tap_sh("mkdir %s/real && ln -s real %s/behind", tap_dir(), tap_dir());
	tap_str(refusal("behind/journal", false), "", "its directory may lie behind a link");
}

static void test_damage(void)
{
	struct journal *j = open_new("damaged");

	for (unsigned i = 0; i < 200; i++) {
		(void)add(j, i, NULL, NULL);
	}
	journal_close(j);
	tap_sh("cp %s/damaged %s/damaged2", tap_dir(), tap_dir());
	tap_sh("dd if=/dev/zero of=%s/damaged bs=4096 seek=20 count=4 conv=notrunc 2>/dev/null",
	       tap_dir());
	tap_ok(strstr(refusal("damaged", false), "restore a backup") != NULL,
	       "a damaged file is refused at the start: %s", refusal("damaged", false));

	/* Damage that comes while it runs; a reader has nothing of it in its cache yet. */
	struct journal_delivery d = { .id = 0 };
	enum journal_result result = JOURNAL_OK;
	struct error err = ERROR_INIT;

	j = open_with((struct journal_options){ .read_only = true }, "damaged2");
	tap_sh("dd if=/dev/zero of=%s/damaged2 bs=4096 seek=15 count=20 conv=notrunc 2>/dev/null",
	       tap_dir());
	for (int64_t id = 1; result == JOURNAL_OK && id <= 200; id++) {
		result = journal_get_delivery(j, id, &d, &err);
		journal_delivery_release(&d);
	}
	tap_int(result, JOURNAL_FAILED, "damage while it runs makes it fail: %s", err.text);
	tap_int(journal_begin(j, &err), JOURNAL_FAILED, "for good");
	journal_close(j);
}

static void test_misuse(void)
{
	struct journal *j = open_new("misuse");
	struct journal_delivery *d = sample_delivery(1, 0);
	struct journal_delivery *bad = sample_delivery(2, 0);
	struct error err = ERROR_INIT;

	tap_int(journal_add_delivery(j, d, &err), JOURNAL_INVALID,
		"a change outside a transaction is refused");
	(void)journal_begin(j, &err);
	free(bad->event);
	bad->event = NULL;
	tap_int(journal_add_delivery(j, d, &err), JOURNAL_OK, "a good record is taken");
	tap_int(journal_add_delivery(j, bad, &err), JOURNAL_INVALID,
		"one that breaks the schema is not: %s", err.text);
	tap_int(journal_commit(j, &err), JOURNAL_OK, "and does not hinder the good one");
	journal_close(j);
	tap_int(count_rows("misuse", "SELECT count(*) FROM delivery"), 1, "which is there");
	sample_delivery_free(d);
	sample_delivery_free(bad);
}

static char *list_ids(struct journal *j, const struct journal_filter *filter)
{
	struct journal_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	char *text = xstrdup("");

	if (journal_list(j, filter, &list, &err) != JOURNAL_OK) {
		free(text);
		return xstrdup(err.text);
	}
	for (size_t i = 0; i < list.count; i++) {
		char *longer = xasprintf("%s%lld:%s ", text, (long long)list.items[i].id,
					 journal_status_name(list.items[i].status));

		free(text);
		text = longer;
	}
	journal_list_release(&list);
	return text;
}

static void fill_for_lists(struct journal *j)
{
	struct error err = ERROR_INIT;
	struct trigger *t = NULL;
	int64_t push[4];

	/* 1 done, 2 failed, 3 working, 4 undecided, 5 without a push, of another source. */
	for (unsigned i = 0; i < 4; i++) {
		(void)add(j, i, NULL, &push[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		t = sample_trigger(push[i], i == 1 ? "a/db" : "a/web");
		(void)plan(j, push[i], &t, 1, NULL, 0);
		t->state = i == 0 ? TRIGGER_SENT : i == 1 ? TRIGGER_STALLED : TRIGGER_WAITING;
		t->finished_ms = i < 2 ? 7000 : 0;
		(void)update(j, t, NULL);
		trigger_free(t);
	}
	struct journal_delivery *d = sample_delivery(9, 0);

	journal_push_release(&d->pushes[0]);
	d->push_count = 0;
	free(d->source);
	d->source = xstrdup("mirror");
	d->ignored = xstrdup("a ping");
	(void)journal_begin(j, &err);
	(void)journal_add_delivery(j, d, &err);
	(void)journal_commit(j, &err);
	sample_delivery_free(d);
}

static void test_list(void)
{
	static const struct {
		const char *what;
		struct journal_filter filter;
		const char *expected;
	} cases[] = {
		{ "all, the newest first", { .limit = 10 },
		  "5:ignored 4:working 3:working 2:failed 1:done " },
		{ "the first page", { .limit = 2 }, "5:ignored 4:working " },
		{ "the next page", { .limit = 2, .before_id = 4 }, "3:working 2:failed " },
		{ "those of a source", { .limit = 10, .source = "mirror" }, "5:ignored " },
		{ "those of an application", { .limit = 10, .application = "a/web" },
		  "3:working 1:done " },
		{ "those of a repository and ref",
		  { .limit = 10, .repository = "https://git.example.org/infra",
		    .ref = "refs/heads/main" }, "4:working 3:working 2:failed 1:done " },
		{ "those of no such repository", { .limit = 10, .repository = "x" }, "" },
		{ "those of no such ref", { .limit = 10, .ref = "refs/heads/x" }, "" },
		{ "those that failed", { .limit = 10, .failed = true }, "2:failed " },
		{ "those since then", { .limit = 10, .since_ms = 1003 }, "5:ignored 4:working " },
		{ "by status", { .limit = 10, .statuses = 1U << JOURNAL_DONE |
							  1U << JOURNAL_WORKING },
		  "4:working 3:working 1:done " },
	};
	struct journal *writer = open_new("list");
	struct journal *j = NULL;
	struct journal_list list = { .items = NULL };
	struct error err = ERROR_INIT;

	fill_for_lists(writer);
	j = open_with((struct journal_options){ .read_only = true }, "list");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = list_ids(j, &cases[i].filter);

		tap_str(got, cases[i].expected, "a list shows %s", cases[i].what);
		free(got);
	}
	tap_int(journal_list(j, &(struct journal_filter){ .limit = 10 }, &list, &err), JOURNAL_OK,
		"a list through a reader beside the writer");
	tap_int(list.items[4].triggers_sent, 1, "it counts triggers");
	tap_int(list.items[4].affected, 1, "and applications");
	tap_int(list.items[4].finished_ms, 7000, "and knows when all had ended");
	tap_int(list.items[2].finished_ms, 0, "which is never while some are open");
	tap_ok(list.items[0].repository == NULL && list.items[0].pushes == 0,
	       "a delivery without a push has no repository");
	journal_list_release(&list);
	tap_ok(journal_begin(j, &err) != JOURNAL_OK, "a reader cannot write: %s", err.text);
	journal_close(j);
	journal_close(writer);
}

static void test_checkpoint(void)
{
	struct journal *j = open_new("checkpoint");
	struct error err = ERROR_INIT;
	char *wal = path_of("checkpoint-wal");
	struct stat st;

	for (unsigned i = 0; i < 300; i++) {
		(void)add(j, i, NULL, NULL);
	}
	tap_ok(journal_wal_pages(j) > 1000, "commits alone do not copy the WAL back (%zu pages)",
	       journal_wal_pages(j));
	tap_int(journal_checkpoint(j, false, &err), JOURNAL_OK, "a checkpoint does");
	tap_int(journal_wal_pages(j), 0, "then no page is left");
	(void)add(j, 1000, NULL, NULL);
	tap_ok(journal_wal_pages(j) < 50, "and the WAL begins anew");
	tap_int(journal_checkpoint(j, true, &err), JOURNAL_OK, "a truncating checkpoint");
	tap_ok(stat(wal, &st) == 0 && st.st_size == 0, "empties the file");
	free(wal);
	journal_close(j);
}

int main(void)
{
	test_states();
	test_round_trip();
	test_body_is_cut();
	test_duplicates();
	test_plan();
	test_deleted_ref();
	test_attempts();
	test_resume();
	test_purge();
	test_full();
	test_floor();
	test_refusals();
	test_damage();
	test_misuse();
	test_list();
	test_checkpoint();
	return tap_done();
}
