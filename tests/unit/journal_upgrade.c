/*
 * Journals of older schemas are opened and go on; and what newer schemas
 * brought: how hard a trigger is and what a ref's applications refer to
 * elsewhere (the second), an order that is not that of the ids (the third).
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/journals.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

/* The newest. */
#define SCHEMA 4

#define REFERS "[{\"repository\":\"example.org/base\"}]"

struct seen {
	int triggers;
	int hard;
	int refs;
	char remote[256];
};

static void saw_trigger(void *arg, const struct trigger *t)
{
	struct seen *seen = arg;

	seen->triggers++;
	seen->hard += t->hard;
}

static void saw_ref(void *arg, const char *repository, const char *ref, const struct oid *commit,
		    const char *remote)
{
	struct seen *seen = arg;

	(void)ref;
	(void)commit;
	if (strcmp(repository, "h/r") != 0) {
		return;
	}
	seen->refs++;
	(void)snprintf(seen->remote, sizeof(seen->remote), "%s", remote != NULL ? remote : "none");
}

static struct seen look(struct journal *j)
{
	struct seen seen = { .remote = "" };
	struct error err = ERROR_INIT;
	const struct journal_resume resume = {
		.trigger = saw_trigger, .ref = saw_ref, .arg = &seen
	};

	tap_int(journal_resume(j, &resume, &err), RECORD_OK, "the journal is taken up");
	return seen;
}

static void hard_is_kept(void)
{
	struct journal *j = jt_open("hard");
	struct trigger *t[2];
	int64_t push;

	(void)jt_add(j, 1, NULL, &push);
	t[0] = sample_trigger(push, "a/soft");
	t[1] = sample_trigger(push, "a/hard");
	t[1]->hard = true;
	(void)jt_plan(j, push, t, 2, NULL, 0);
	tap_int(jt_count("hard", "SELECT sum(hard * id) FROM \"trigger\""), t[1]->id,
		"a trigger that is hard is stored so");
	tap_int(look(j).hard, 1, "and is so after a restart");
	t[0]->hard = true;
	t[0]->state = TRIGGER_WAITING;
	tap_int(jt_update(j, t[0], NULL), RECORD_OK, "one that became hard is updated");
	tap_int(look(j).hard, 2, "and stays so");
	trigger_free(t[0]);
	trigger_free(t[1]);
	journal_close(j);
}

static void move_ref(struct journal *j, unsigned n, const char *remote, bool deleted)
{
	struct error err = ERROR_INIT;
	struct record_push decided = { .state = PUSH_PLANNED };
	struct record_plan plan = {
		.pushes = &decided, .push_count = 1, .move_ref = true, .repository = "h/r",
		.ref = "refs/heads/main", .commit = sample_oid(deleted ? 0 : n), .remote = remote,
	};

	if (deleted) {
		memset(plan.commit.bytes, 0, sizeof(plan.commit.bytes));
	}
	(void)jt_add(j, n, NULL, &decided.id);
	(void)journal_begin(j, &err);
	tap_int(journal_add_plan(j, &plan, &err), RECORD_OK, "a ref is moved: %s", err.text);
	(void)journal_commit(j, &err);
}

static void remote_is_kept(void)
{
	struct journal *j = jt_open("refers");

	move_ref(j, 1, NULL, false);
	tap_str(look(j).remote, "none", "at first nothing is referred to");
	move_ref(j, 2, REFERS, false);
	tap_str(look(j).remote, REFERS, "what is said is kept");
	move_ref(j, 3, NULL, false);
	tap_str(look(j).remote, REFERS, "until something else is said");
	journal_close(j);
	j = jt_open("refers");
	tap_str(look(j).remote, REFERS, "over a restart");
	move_ref(j, 4, "", false);
	tap_str(look(j).remote, "none", "nothing is something else");
	move_ref(j, 5, REFERS, false);
	move_ref(j, 6, NULL, true);
	tap_int(look(j).refs, 0, "it goes with the ref");
	move_ref(j, 7, NULL, false);
	tap_str(look(j).remote, "none", "and does not come back with it");
	journal_close(j);
}

/* Make a journal of schema 2 with a delivery in every state; more is run on it. */
static void make_older(const char *name, const char *more)
{
	tap_sh("sqlite3 %s/%s <tests/support/journal-2.sql >/dev/null && "
	       "sqlite3 %s/%s '%s'", tap_dir(), name, tap_dir(), name, more);
}

static void the_first_schema_is_brought_up_to_date(void)
{
	make_older("first", "ALTER TABLE \"trigger\" DROP COLUMN hard; "
		   "ALTER TABLE ref_state DROP COLUMN refers; "
		   "UPDATE ref_state SET repository = \"h/r\"; PRAGMA user_version=1");
	tap_int(jt_count("first", "SELECT count(*) FROM pragma_table_info('trigger') "
			 "WHERE name = 'hard'"), 0, "a journal of the first schema");
	tap_ok(strstr(jt_refusal("first", true), "older doorbell (schema 1") != NULL,
	       "is not read by a reader: %s", jt_refusal("first", true));
	struct journal *j = jt_open("first");
	struct seen seen = look(j);

	tap_ok(seen.triggers == 3 && seen.hard == 0, "its triggers are there, and not hard");
	tap_ok(seen.refs == 1 && strcmp(seen.remote, "none") == 0,
	       "its ref is there and refers to nothing");
	move_ref(j, 33, REFERS, false);
	tap_str(look(j).remote, REFERS, "and can from now on");
	journal_close(j);
	tap_int(jt_count("first", "PRAGMA user_version"), SCHEMA, "it is of the newest schema now");
}

static void note_push(void *arg, const struct record_push *p)
{
	(void)buf_addf(arg, "p%lld:%s ", (long long)p->id, push_state_name(p->state));
}

static void note_trigger(void *arg, const struct trigger *t)
{
	(void)buf_addf(arg, "t%lld:%s%s ", (long long)t->id, trigger_state_name(t->state),
		       t->hard ? "!" : "");
}

static void note_ref(void *arg, const char *repository, const char *ref, const struct oid *commit,
		     const char *remote)
{
	(void)repository;
	(void)buf_addf(arg, "%s=%u%s ", ref, commit->bytes[0], remote != NULL ? remote : "");
}

/* What a start takes up of a repository and ref (NULL: all) must be `expected`. */
static void expect_resume(struct journal *j, const char *repository, const char *ref,
			  const char *expected, const char *what)
{
	struct buf text;
	struct error err = ERROR_INIT;
	const struct journal_resume resume = {
		.push = note_push, .trigger = note_trigger, .ref = note_ref, .arg = &text,
		.of_repository = repository, .of_ref = ref,
	};

	buf_init(&text, 4096);
	tap_int(journal_resume(j, &resume, &err), RECORD_OK, "it is taken up: %s", err.text);
	tap_str(text.data, expected, "%s", what);
	buf_release(&text);
}

static void expect_list(struct journal *j, int64_t before, size_t limit, const char *expected,
			const char *what)
{
	const struct journal_filter filter = { .before_id = before, .limit = limit };
	struct record_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	struct buf text;

	buf_init(&text, 4096);
	(void)journal_list(j, &filter, &list, &err);
	for (size_t i = 0; i < list.count; i++) {
		(void)buf_addf(&text, "%lld:%s ", (long long)list.items[i].id,
			       record_status_name(list.items[i].status));
	}
	tap_str(text.data, expected, "%s", what);
	record_list_release(&list);
	buf_release(&text);
}

#define OPEN "refs/heads/main=12" REFERS_2 " t6:PENDING t7:WAITING! t8:PENDING " \
	     "p11:WAITING p12:ACCEPTED p13:ACCEPTED p14:ACCEPTED "
#define REFERS_2 "[{\"repository\":\"example.org/base\"}]"
#define LISTED "14:working 13:working 12:working 11:working 10:working 9:working 8:done " \
	       "7:failed 6:failed 5:done 4:done 3:failed 2:ignored 1:ignored "

static void the_second_schema_goes_on(void)
{
	make_older("second", "");
	tap_ok(strstr(jt_refusal("second", true), "older doorbell (schema 2") != NULL,
	       "a journal of the second schema is not read by a reader");
	struct journal *j = jt_open("second");
	struct record_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	int64_t id;
	int64_t push;

	expect_resume(j, NULL, NULL, OPEN, "all that was unfinished, in its order");
	expect_list(j, 0, 30, LISTED, "all that it holds, in its order");
	(void)jt_add(j, 40, &id, &push);
	tap_int(id, 15, "ids go on where they were");
	(void)journal_get_delivery(j, id, &d, &err);
	tap_ok(d.sequence > 14, "a new delivery is later than all that were there");
	record_delivery_release(&d);
	struct trigger *t = sample_trigger(12, "argocd/web");

	tap_int(jt_plan(j, 12, &t, 1, (int64_t[]){ 6 }, 1), RECORD_OK, "an old push is planned");
	expect_resume(j, NULL, NULL,
		      "refs/heads/main=2" REFERS_2 " t7:WAITING! t8:PENDING t9:PENDING "
		      "p11:WAITING p13:ACCEPTED p14:ACCEPTED p15:ACCEPTED ",
		      "what is new comes after what is old");
	expect_list(j, 0, 3, "15:working 14:working 13:working ", "so it does in lists");
	expect_list(j, 15, 2, "14:working 13:working ", "and pages");
	expect_list(j, 3, 9, "2:ignored 1:ignored ", "down to the oldest");
	trigger_free(t);
	journal_close(j);
	tap_int(jt_count("second", "PRAGMA user_version"), SCHEMA, "it is of the newest schema now");
	tap_int(jt_count("second", "SELECT count(*) FROM delivery WHERE sequence IS NULL"), 14,
		"and its old rows were not written anew");
	tap_sh("sqlite3 %s/second 'DELETE FROM delivery WHERE id IN (8, 15)'", tap_dir());
	j = jt_open("second");
	expect_list(j, 15, 1, "14:working ", "a page goes on where a purged one stood");
	expect_list(j, 8, 2, "7:failed 6:failed ", "among old ones, too");
	journal_close(j);
}

static void only_one_ref_is_taken_up(void)
{
	static const char infra[] = "https://git.example.org/infra";

	make_older("one", "");
	struct journal *j = jt_open("one");

	expect_resume(j, infra, "refs/heads/next", "p13:ACCEPTED ",
		      "what belongs to one ref can be taken up alone");
	expect_resume(j, infra, NULL, OPEN, "and what belongs to one repository");
	expect_resume(j, "elsewhere", NULL, "", "of another there is nothing");
	journal_close(j);
}

static void order_is_not_that_of_ids(void)
{
	struct journal *j = jt_open("order");
	int64_t push[3];
	struct trigger *t[2];

	for (unsigned i = 0; i < 3; i++) {
		(void)jt_add(j, i, NULL, &push[i]);
	}
	t[0] = sample_trigger(push[2], "a/one");
	t[1] = sample_trigger(push[2], "a/two");
	(void)jt_plan(j, push[2], t, 2, NULL, 0);
	tap_ok(t[0]->sequence < t[1]->sequence, "triggers are numbered as they are planned");
	journal_close(j);
	tap_sh("sqlite3 %s/order 'UPDATE delivery SET sequence = 10 - sequence; "
	       "UPDATE push SET sequence = 10 - sequence; "
	       "UPDATE \"trigger\" SET sequence = 10 - sequence'", tap_dir());
	j = jt_open("order");
	expect_resume(j, NULL, NULL, "refs/heads/main=2 t2:PENDING t1:PENDING p2:ACCEPTED "
		      "p1:ACCEPTED ", "a start goes by the order, not by the ids");
	expect_list(j, 0, 9, "1:working 2:working 3:working ", "so do lists");
	expect_list(j, 1, 1, "2:working ", "and pages");
	trigger_free(t[0]);
	trigger_free(t[1]);
	journal_close(j);
}

/* Numbers are reserved in blocks; no end of a process or of a transaction may repeat one. */
static void order_outlives_processes(void)
{
	int64_t last = 0;
	unsigned wrong = 0;

	for (unsigned life = 0; life < 4; life++) {
		struct journal *j = jt_open("lives");
		struct error err = ERROR_INIT;

		for (unsigned i = 0; i < 700; i++) {
			struct record_delivery *d = sample_delivery(life * 1000 + i, 10);

			(void)journal_begin(j, &err);
			if (i % 10 == 0) { /* undone, perhaps with a reservation */
				(void)journal_add_delivery(j, d, &err);
				journal_rollback(j);
				(void)journal_begin(j, &err);
			}
			(void)journal_add_delivery(j, d, &err);
			(void)journal_commit(j, &err);
			wrong += d->sequence <= last || d->pushes[0].sequence <= d->sequence;
			last = d->pushes[0].sequence;
			sample_delivery_free(d);
		}
		journal_close(j);
	}
	tap_int(wrong, 0, "each record is later than the one before it");
	tap_int(jt_count("lives", "SELECT count(*) - count(DISTINCT sequence) FROM delivery"), 0,
		"and no number was given twice");
}

int main(void)
{
	hard_is_kept();
	remote_is_kept();
	the_first_schema_is_brought_up_to_date();
	the_second_schema_goes_on();
	only_one_ref_is_taken_up();
	order_is_not_that_of_ids();
	order_outlives_processes();
	return tap_done();
}
