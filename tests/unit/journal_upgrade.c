/*
 * The journal's second schema: how hard a trigger is, what a ref's applications
 * refer to elsewhere, and how a journal of the first schema comes by them.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tests/support/journals.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

#define REFERS "[{\"repository\":\"example.org/base\"}]"

struct seen {
	int triggers;
	int hard;
	int refs;
	char refers[256];
};

static void saw_trigger(void *arg, const struct trigger *t)
{
	struct seen *seen = arg;

	seen->triggers++;
	seen->hard += t->hard;
}

static void saw_ref(void *arg, const char *repository, const char *ref, const struct oid *commit,
		    const char *refers)
{
	struct seen *seen = arg;

	(void)ref;
	(void)commit;
	if (strcmp(repository, "h/r") != 0) {
		return;
	}
	seen->refs++;
	(void)snprintf(seen->refers, sizeof(seen->refers), "%s", refers != NULL ? refers : "none");
}

static struct seen look(struct journal *j)
{
	struct seen seen = { .refers = "" };
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

static void move_ref(struct journal *j, unsigned n, const char *refers, bool deleted)
{
	struct error err = ERROR_INIT;
	struct record_push decided = { .state = PUSH_PLANNED };
	struct record_plan plan = {
		.pushes = &decided, .push_count = 1, .move_ref = true, .repository = "h/r",
		.ref = "refs/heads/main", .commit = sample_oid(deleted ? 0 : n), .refers = refers,
	};

	if (deleted) {
		memset(plan.commit.bytes, 0, sizeof(plan.commit.bytes));
	}
	(void)jt_add(j, n, NULL, &decided.id);
	(void)journal_begin(j, &err);
	tap_int(journal_add_plan(j, &plan, &err), RECORD_OK, "a ref is moved: %s", err.text);
	(void)journal_commit(j, &err);
}

static void refers_are_kept(void)
{
	struct journal *j = jt_open("refers");

	move_ref(j, 1, NULL, false);
	tap_str(look(j).refers, "none", "at first nothing is referred to");
	move_ref(j, 2, REFERS, false);
	tap_str(look(j).refers, REFERS, "what is said is kept");
	move_ref(j, 3, NULL, false);
	tap_str(look(j).refers, REFERS, "until something else is said");
	journal_close(j);
	j = jt_open("refers");
	tap_str(look(j).refers, REFERS, "over a restart");
	move_ref(j, 4, "", false);
	tap_str(look(j).refers, "none", "nothing is something else");
	move_ref(j, 5, REFERS, false);
	move_ref(j, 6, NULL, true);
	tap_int(look(j).refs, 0, "it goes with the ref");
	move_ref(j, 7, NULL, false);
	tap_str(look(j).refers, "none", "and does not come back with it");
	journal_close(j);
}

static void an_older_journal_is_brought_up_to_date(void)
{
	struct journal *j = jt_open("older");
	struct trigger *t;
	int64_t push;

	(void)jt_add(j, 1, NULL, &push);
	t = sample_trigger(push, "a/b");
	(void)jt_plan(j, push, &t, 1, NULL, 0);
	trigger_free(t);
	move_ref(j, 2, NULL, false);
	journal_close(j);
	tap_sh("sqlite3 %s/older 'ALTER TABLE \"trigger\" DROP COLUMN hard; "
	       "ALTER TABLE ref_state DROP COLUMN refers; PRAGMA user_version=1'", tap_dir());
	tap_int(jt_count("older", "SELECT count(*) FROM pragma_table_info('trigger') "
			 "WHERE name = 'hard'"), 0, "a journal of the first schema");
	tap_ok(strstr(jt_refusal("older", true), "older doorbell (schema 1") != NULL,
	       "is not read by a reader: %s", jt_refusal("older", true));
	j = jt_open("older");
	struct seen seen = look(j);

	tap_ok(seen.triggers == 1 && seen.hard == 0, "its trigger is there, and not hard");
	tap_ok(seen.refs == 1 && strcmp(seen.refers, "none") == 0,
	       "its ref is there and refers to nothing");
	move_ref(j, 3, REFERS, false);
	tap_str(look(j).refers, REFERS, "and can from now on");
	journal_close(j);
	tap_int(jt_count("older", "PRAGMA user_version"), 2, "it is of the second schema now");
}

int main(void)
{
	hard_is_kept();
	refers_are_kept();
	an_older_journal_is_brought_up_to_date();
	return tap_done();
}
