/*
 * The journal: what is written is read, duplicates, plans, tries, resume,
 * purge, checkpoints.
 */
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/journals.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

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
	struct journal *j = jt_open("round");
	struct record_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;

	tap_int(jt_add(j, 7, &id, &push), RECORD_OK, "a delivery is added");
	tap_ok(id > 0 && push > 0, "its ids and those of its pushes are set");
	tap_int(journal_get_delivery(j, id, &d, &err), RECORD_OK, "it can be read");
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
	record_delivery_release(&d);
	tap_int(journal_get_delivery(j, 999, &d, &err), RECORD_NOT_FOUND,
		"a delivery that is not there is not found");
	tap_ok(strstr(err.text, "999") != NULL, "and the text names it");
	journal_close(j);

	struct stat st;
	char *path = jt_path("round");

	tap_ok(stat(path, &st) == 0 && (st.st_mode & 077) == 0, "the file is private");
	free(path);
}

static void test_body_is_cut(void)
{
	struct journal *j = jt_open("cut");
	struct record_delivery *d = sample_delivery(1, LIMIT_BODY_KEPT + 5000);
	struct record_delivery read = { .id = 0 };
	struct error err = ERROR_INIT;

	(void)journal_begin(j, &err);
	(void)journal_add_delivery(j, d, &err);
	(void)journal_commit(j, &err);
	(void)journal_get_delivery(j, d->id, &read, &err);
	tap_int(read.body_len, LIMIT_BODY_KEPT, "of a long body the beginning is kept");
	tap_int(read.body_size, LIMIT_BODY_KEPT + 5000, "and how long it was");
	record_delivery_release(&read);
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
		enum record_result expected;
	} cases[] = {
		{ "the same again is a duplicate", "a", "1", "forge", RECORD_DUPLICATE },
		{ "the same id with another body is new", "a", "2", "forge", RECORD_OK },
		{ "another id with the same body is new", "b", "1", "forge", RECORD_OK },
		{ "the same from another source is new", "a", "1", "other", RECORD_OK },
		{ "without an id nothing is a duplicate", NULL, "1", "forge", RECORD_OK },
		{ "not even the second time", NULL, "1", "forge", RECORD_OK },
	};
	struct journal *j = jt_open("duplicates");
	struct error err = ERROR_INIT;
	int64_t first = 0;

	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		size_t c = i > 0 ? i - 1 : 0;
		struct record_delivery *d = sample_delivery(1, 10);

		free(d->sender_id);
		free(d->body_sha256);
		free(d->source);
		d->sender_id = cases[c].sender_id != NULL ? xstrdup(cases[c].sender_id) : NULL;
		d->body_sha256 = xstrdup(cases[c].sha);
		d->source = xstrdup(cases[c].source);
		(void)journal_begin(j, &err);
		enum record_result result = journal_add_delivery(j, d, &err);

		(void)journal_commit(j, &err);
		if (i == 0) {
			first = d->id;
		} else {
			tap_int(result, cases[c].expected, "%s", cases[c].what);
			tap_ok((d->id == first) == (result == RECORD_DUPLICATE),
			       "its id is that of the first only if it is a duplicate");
		}
		sample_delivery_free(d);
	}
	journal_close(j);
	tap_int(jt_count("duplicates", "SELECT count(*) FROM push"), 6,
		"a duplicate adds no push");
}

static void test_plan(void)
{
	struct journal *j = jt_open("plan");
	struct trigger *first[2] = { NULL };
	struct trigger *second[1] = { NULL };
	struct record_triggers read = { .items = NULL };
	struct record_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;
	int64_t push2;

	(void)jt_add(j, 1, &id, &push);
	first[0] = sample_trigger(push, "argocd/web");
	first[1] = sample_trigger(push, "argocd/db");
	tap_int(jt_plan(j, push, first, 2, NULL, 0), RECORD_OK, "a plan is carried out");
	tap_ok(first[0]->id > 0 && first[1]->id > first[0]->id, "its triggers have ids");
	(void)journal_get_delivery(j, id, &d, &err);
	tap_int(d.pushes[0].state, PUSH_PLANNED, "the push is decided");
	tap_int(d.pushes[0].tracked, 10, "with its figures");
	tap_int(d.pushes[0].fallback, FALLBACK_LIMIT, "and why all were taken");
	record_delivery_release(&d);
	tap_int(jt_plan(j, push, first, 2, NULL, 0), RECORD_NOT_FOUND,
		"a push that is decided cannot be decided again");
	tap_int(jt_count("plan", "SELECT count(*) FROM \"trigger\""), 2,
		"and nothing of that plan was kept");

	(void)jt_add(j, 2, NULL, &push2);
	second[0] = sample_trigger(424242, "argocd/web");
	tap_int(jt_plan(j, push2, second, 1, &first[0]->id, 1), RECORD_INVALID,
		"a trigger of a push that does not exist is invalid");
	tap_int(jt_count("plan", "SELECT count(*) FROM push WHERE state = 'PLANNED'"), 1,
		"the push of that plan is as it was");
	tap_int(jt_count("plan", "SELECT count(*) FROM \"trigger\" WHERE state = 'SUPERSEDED'"),
		0, "and so is the trigger it would replace");

	second[0]->push = push2;
	first[1]->state = TRIGGER_SENT;
	first[1]->finished_ms = 1;
	tap_int(jt_update(j, first[1], NULL), RECORD_OK, "a trigger is updated");
	int64_t both[] = { first[0]->id, first[1]->id };

	tap_int(jt_plan(j, push2, second, 1, both, 2), RECORD_OK, "a newer plan replaces triggers");
	(void)journal_get_triggers(j, id, 0, 100, &read, &err);
	tap_int(read.count, 2, "both triggers of the first delivery are still told");
	tap_int(read.items[0].trigger->state, TRIGGER_SUPERSEDED, "the waiting one is superseded");
	tap_int(read.items[0].superseded_by, push2, "by the push that asks now");
	tap_int(read.items[1].trigger->state, TRIGGER_SENT, "the one that was sent stays so");
	first[0]->state = TRIGGER_SENDING;
	tap_int(jt_update(j, first[0], NULL), RECORD_NOT_FOUND, "and no later news changes that");
	record_triggers_release(&read);
	for (size_t i = 0; i < 2; i++) {
		trigger_free(first[i]);
	}
	trigger_free(second[0]);
	journal_close(j);
	tap_int(jt_count("plan", "SELECT count(*) FROM ref_state WHERE commit_id = "
			   "x'0202020202020202020202020202020202020202'"), 1,
		"the ref is at the commit of the plan");
}

static void test_deleted_ref(void)
{
	struct journal *j = jt_open("deleted");
	struct error err = ERROR_INIT;
	struct record_plan p = {
		.move_ref = true, .repository = "r", .ref = "refs/heads/x", .commit = sample_oid(3),
	};

	for (int i = 0; i < 2; i++) {
		(void)journal_begin(j, &err);
		(void)journal_add_plan(j, &p, &err);
		(void)journal_commit(j, &err);
		tap_int(jt_count("deleted", "SELECT count(*) FROM ref_state"), 1 - i,
			i == 0 ? "a ref is remembered" : "a deleted ref is forgotten");
		p.commit = sample_oid(0);
	}
	journal_close(j);
}

static void test_attempts(void)
{
	struct journal *j = jt_open("attempts");
	struct trigger *t = NULL;
	struct record_triggers read = { .items = NULL };
	struct outcome outcome = { .code = 503 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;

	(void)jt_add(j, 1, &id, &push);
	t = sample_trigger(push, "argocd/web");
	(void)jt_plan(j, push, &t, 1, NULL, 0);
	t->state = TRIGGER_WAITING;
	t->attempts = 1;
	t->next_ms = 5000;
	outcome_set(&outcome, OUTCOME_RETRY, "HTTP 503");
	outcome.output = xmalloc(LIMIT_OUTPUT_KEPT + 101);
	memset(outcome.output, 'x', LIMIT_OUTPUT_KEPT + 100);
	outcome.output[LIMIT_OUTPUT_KEPT + 100] = '\0';
	tap_int(jt_update(j, t, &outcome), RECORD_OK, "a failed try is recorded");
	outcome_release(&outcome);
	t->state = TRIGGER_SENT;
	t->attempts = 2;
	t->finished_ms = 6000;
	outcome.code = 200;
	outcome_set(&outcome, OUTCOME_SENT, "HTTP 200");
	tap_int(jt_update(j, t, &outcome), RECORD_OK, "a good try is recorded");
	tap_int(journal_get_triggers(j, id, 0, 100, &read, &err), RECORD_OK,
		"the history can be read");
	tap_int(read.count == 1 ? read.items[0].attempt_count : 0, 2, "it has both tries");
	tap_str(read.items[0].attempts[0].reason, "HTTP 503", "the first with its reason");
	tap_str(read.items[0].attempts[0].state, "WAITING", "and what followed from it");
	tap_int(strlen(read.items[0].attempts[0].output), LIMIT_OUTPUT_KEPT,
		"and what came back, cut");
	tap_int(read.items[0].attempts[1].code, 200, "the second with its code");
	tap_int(read.items[0].trigger->finished_ms, 6000, "and the trigger when it ended");
	record_triggers_release(&read);
	tap_int(journal_get_triggers(j, id, t->sequence, 100, &read, &err), RECORD_OK,
		"the next page can be read");
	tap_int(read.count, 0, "and is empty");
	record_triggers_release(&read);
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

static void saw_push(void *arg, const struct record_push *push)
{
	note(arg, "p", push->id, push_state_name(push->state));
}

static void saw_trigger(void *arg, const struct trigger *trigger)
{
	note(arg, trigger->observed ? "observed t" : "t", trigger->id,
	     trigger_state_name(trigger->state));
}

static void saw_time(void *arg, const struct trigger *trigger)
{
	*(struct trigger *)arg = (struct trigger){
		.pushed_ms = trigger->pushed_ms, .next_ms = trigger->next_ms,
	};
}

/* What was taken is over, unless its target goes on looking. */
static void test_observed(void)
{
	struct journal *j = jt_open("observed");
	struct trigger *t[2] = { NULL };
	struct trigger times = { .id = 0 };
	struct seen seen = { .text = "" };
	const struct journal_resume resume = { .trigger = saw_trigger, .arg = &seen };
	const struct journal_resume when = { .trigger = saw_time, .arg = &times };
	struct outcome outcome = { .code = 200 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;

	(void)jt_add(j, 1, &id, &push);
	t[0] = sample_trigger(push, "argocd/web");
	t[1] = sample_trigger(push, "argocd/api");
	(void)jt_plan(j, push, t, 2, NULL, 0);
	outcome_set(&outcome, OUTCOME_SENT, "refreshed");
	for (size_t i = 0; i < 2; i++) {
		t[i]->state = TRIGGER_SENT;
		t[i]->attempts = 1;
		t[i]->observed = i == 0;
		t[i]->next_ms = 90000;
		(void)jt_update(j, t[i], &outcome);
	}
	(void)journal_resume(j, &resume, &err);
	tap_str(seen.text, "observed t1:SENT ", "what is observed is resumed, what is SENT is not");
	(void)journal_resume(j, &when, &err);
	tap_int(times.next_ms, 90000, "with the end of its time");
	tap_ok(times.pushed_ms > 0, "and with when its push came");
	tap_int(jt_update(j, t[1], NULL), RECORD_NOT_FOUND, "what is over is recorded no more");
	t[0]->state = TRIGGER_CONVERGED;
	tap_int(jt_update(j, t[0], &outcome), RECORD_OK, "what is observed is, when it has converged");
	seen.text[0] = '\0';
	(void)journal_resume(j, &resume, &err);
	tap_str(seen.text, "", "and is over then");
	trigger_free(t[0]);
	trigger_free(t[1]);
	journal_close(j);
}

static void saw_ref(void *arg, const char *repository, const char *ref, const struct oid *commit,
		    const char *remote)
{
	(void)repository;
	(void)remote;
	note(arg, "r", commit->bytes[0], ref);
}

static void test_resume(void)
{
	struct journal *j = jt_open("resume");
	struct trigger *triggers[3];
	struct error err = ERROR_INIT;
	struct seen seen = { .text = "" };
	const struct journal_resume resume = {
		.push = saw_push, .trigger = saw_trigger, .ref = saw_ref, .arg = &seen
	};
	struct record_push waiting = { .state = PUSH_WAITING, .next_ms = 9, .attempts = 2 };
	int64_t push[4];

	for (unsigned i = 0; i < 4; i++) {
		(void)jt_add(j, i, NULL, &push[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		triggers[i] = sample_trigger(push[1], i == 0 ? "a/one" : i == 1 ? "a/two" : "a/3");
	}
	(void)jt_plan(j, push[1], triggers, 3, NULL, 0);
	triggers[0]->state = TRIGGER_SENDING;
	(void)jt_update(j, triggers[0], NULL);
	triggers[1]->state = TRIGGER_REFUSED;
	(void)jt_update(j, triggers[1], NULL);
	triggers[2]->state = TRIGGER_WAITING;
	(void)jt_update(j, triggers[2], NULL);
	waiting.id = push[2];
	(void)journal_begin(j, &err);
	tap_int(journal_update_push(j, &waiting, &err), RECORD_OK, "a push may wait");
	waiting.id = push[3];
	waiting.state = PUSH_MATCHING;
	tap_int(journal_update_push(j, &waiting, &err), RECORD_OK, "a push may be computed");
	waiting.id = push[1];
	tap_int(journal_update_push(j, &waiting, &err), RECORD_NOT_FOUND,
		"a push that is decided may not wait");
	(void)journal_commit(j, &err);
	journal_close(j);

	j = jt_open("resume");
	tap_int(journal_resume(j, &resume, &err), RECORD_OK, "what is unfinished is told");
	tap_str(seen.text, "r2:refs/heads/main t1:PENDING t3:WAITING p1:ACCEPTED p3:WAITING "
		"p4:ACCEPTED ", "refs, then triggers, then pushes, each in their order; a try "
		"that was under way is to be done again");
	journal_close(j);
	for (unsigned i = 0; i < 3; i++) {
		trigger_free(triggers[i]);
	}
}

static long long purge(struct journal *j, int64_t before_ms, size_t limit)
{
	struct journal_care care = { .purge_before_ms = before_ms, .purge_limit = limit };

	return (long long)jt_tend(j, care).purged;
}

static void test_purge(void)
{
	struct journal *j = jt_open("purge");
	struct trigger *t = NULL;
	int64_t push[5];

	for (unsigned i = 0; i < 5; i++) {
		(void)jt_add(j, i, NULL, &push[i]);
	}
	/* 1 undecided, 2 planned with an open trigger, 3 to 5 finished. */
	t = sample_trigger(push[1], "a/b");
	(void)jt_plan(j, push[1], &t, 1, NULL, 0);
	for (unsigned i = 2; i < 5; i++) {
		(void)jt_plan(j, push[i], NULL, 0, NULL, 0);
	}
	tap_int(purge(j, 1004, 1), 1, "a bite is purged, as large as asked");
	tap_int(jt_count("purge", "SELECT count(*) FROM delivery WHERE id = 3"), 0,
		"it is the oldest that is finished");
	tap_int(purge(j, 1004, 100), 1, "what is unfinished or young is kept");
	tap_int(jt_count("purge", "SELECT sum(id) FROM delivery"), 1 + 2 + 5,
		"undecided, open trigger, young");
	t->state = TRIGGER_SENT;
	(void)jt_update(j, t, NULL);
	tap_int(purge(j, INT64_MAX, 100), 2, "what has ended since goes too");
	tap_int(jt_count("purge", "SELECT count(*) FROM \"trigger\""), 0,
		"and takes its triggers along");
	tap_int(jt_count("purge", "SELECT count(*) FROM push"), 1, "and its pushes");
	int64_t id;

	(void)jt_add(j, 50, &id, NULL);
	tap_int(id, 6, "ids are not used again");
	trigger_free(t);
	journal_close(j);
}

/* Pages that a WAL file of that name has room for: a frame is a page and 24 bytes. */
static long long wal_pages(const char *name)
{
	char *path = jt_path(name);
	struct stat st = { .st_size = 0 };

	(void)stat(path, &st);
	free(path);
	return (long long)st.st_size / (4096 + 24);
}

/*
 * Each commit is followed by care, as in the store.  The file stays as it was
 * made until the WAL has grown by 1000 pages, and the WAL never grows beyond
 * that and what one more commit adds.
 */
static void test_checkpoint_limit(void)
{
	struct journal *j = jt_open("limit");
	char *path = jt_path("limit");
	long long most = 0;
	long long first = 0;
	struct stat made;
	struct stat now;

	(void)jt_tend(j, (struct journal_care){ .idle = true });
	(void)stat(path, &made);
	for (unsigned i = 0; i < 1500; i++) {
		(void)jt_add(j, i, NULL, NULL);
		long long pages = wal_pages("limit-wal");

		most = pages > most ? pages : most;
		(void)jt_tend(j, (struct journal_care){ .idle = false });
		(void)stat(path, &now);
		if (first == 0 && now.st_size != made.st_size) {
			first = pages;
		}
	}
	tap_ok(first >= 1000, "the WAL is copied back after 1000 pages (%lld)", first);
	tap_ok(most >= 1000 && most < 1050, "and is never much longer (%lld)", most);
	journal_close(j);
	free(path);
}

static void test_checkpoint(void)
{
	struct journal *j = jt_open("checkpoint");

	for (unsigned i = 0; i < 300; i++) {
		(void)jt_add(j, i, NULL, NULL);
	}
	long long before = wal_pages("checkpoint-wal");

	tap_ok(before > 1000, "commits alone do not copy the WAL back (%lld pages)", before);
	(void)jt_tend(j, (struct journal_care){ .idle = false });
	(void)jt_add(j, 1000, NULL, NULL);
	tap_int(wal_pages("checkpoint-wal"), before, "care does, and the WAL begins anew");
	struct journal_care thorough = { .idle = true, .measure = true };
	struct journal_figures figures = jt_tend(j, thorough);

	tap_int(wal_pages("checkpoint-wal"), 0, "care of an idle journal empties it");
	char *path = jt_path("checkpoint");
	struct stat st;

	(void)stat(path, &st);
	tap_int((long long)figures.size, st.st_size, "the size is that of what is left");
	tap_ok(figures.free_bytes > 0 && figures.free_bytes < UINT64_MAX,
	       "the free space is known");
	free(path);
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
	test_checkpoint();
	test_checkpoint_limit();
	test_observed();
	return tap_done();
}
