/*
 * The journal at its limits: full, damaged, locked, foreign, misused; and the
 * lists that people ask of it.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xalloc.h"
#include "tests/support/journals.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

static void test_full(void)
{
	struct journal_options options = { .max_bytes = 512 * 1024 };
	struct journal *j = jt_open_with(options, "full");
	enum record_result result = RECORD_OK;
	struct error err = ERROR_INIT;
	struct trigger *t = NULL;
	int64_t push = 0;
	unsigned n = 0;

	while (result == RECORD_OK && n < 100000) {
		int64_t last = push;

		result = jt_add(j, ++n, NULL, &push);
		push = result == RECORD_OK ? push : last;
	}
	tap_int(result, RECORD_FULL, "at its limit the journal refuses deliveries (after %u)",
		n - 1);
	tap_int(jt_add(j, 1, NULL, NULL), RECORD_DUPLICATE, "what it has it still recognises");
	t = sample_trigger(push, "a/b");
	t->state = TRIGGER_SENT;
	tap_int(jt_plan(j, push, &t, 1, NULL, 0), RECORD_OK, "what was accepted can be finished");
	tap_ok(jt_tend(j, (struct journal_care){ .measure = true }).size > 0 && jt_count("full", "PRAGMA page_count") * 4096 <= 512 * 1024,
	       "and the file is not larger than the limit");
	tap_int(jt_count("full", "SELECT count(*) FROM delivery"), n - 1,
		"all that was accepted is there");

	/* Now fill the reserve too, with plans that are much too large. */
	for (push = 1; push < n && result != RECORD_FAILED; push++) {
		struct record_push decided = { .id = push, .state = PUSH_PLANNED };
		struct trigger *many[200];
		struct record_plan p = { .pushes = &decided, .push_count = 1, .triggers = many,
					  .trigger_count = 200 };

		for (size_t i = 0; i < 200; i++) {
			many[i] = t;
		}
		t->push = push;
		(void)journal_begin(j, &err);
		result = journal_add_plan(j, &p, &err);
		if (result == RECORD_FULL) {
			tap_int(journal_commit(j, &err), RECORD_FULL,
				"a commit after a full file is refused too");
			break;
		}
		(void)journal_commit(j, &err);
	}
	tap_int(result, RECORD_FULL, "the limit holds for plans as well");
	const struct journal_care care = { .purge_before_ms = INT64_MAX, .purge_limit = 100000 };
	size_t count = jt_tend(j, care).purged;

	tap_ok(count > 1, "what is finished can be purged (%zu)", count);
	for (push = 1; push < n; push++) {
		(void)jt_plan(j, push, NULL, 0, NULL, 0);
	}
	(void)jt_tend(j, care);
	tap_int(jt_add(j, n, NULL, NULL), RECORD_OK, "and makes room for new deliveries");
	trigger_free(t);
	journal_close(j);
}

/* Finished history makes room whatever its age: bodies first, then whole deliveries. */
static void test_forgets(void)
{
	const struct journal_care care = { .purge_limit = 100, .measure = true };
	struct journal *j = jt_open_with((struct journal_options){ .max_bytes = 1024 * 1024 }, "forgets");
	size_t dropped = 0;
	unsigned refused = 0;
	int64_t open_push = 0;

	(void)jt_add(j, 1, NULL, &open_push);
	for (unsigned n = 2; n < 2000; n++) {
		int64_t push = 0;

		if (jt_add(j, n, NULL, &push) == RECORD_OK) {
			(void)jt_plan(j, push, NULL, 0, NULL, 0);
		} else {
			refused++;
		}
		dropped += jt_tend(j, care).dropped;
	}
	tap_int(refused, 0, "finished deliveries are no reason to refuse a new one");
	tap_ok(dropped > 1000, "they go instead (%zu)", dropped);
	tap_ok(jt_count("forgets", "PRAGMA page_count") * 4096 <= 1024 * 1024, "the limit holds");
	tap_int(jt_count("forgets", "SELECT count(*) FROM delivery WHERE id = 1"), 1,
		"one that is not finished stays");
	tap_int(jt_count("forgets", "SELECT count(*) FROM delivery WHERE id = 1999"), 1,
		"and so does the newest");
	long long whole = jt_count("forgets", "SELECT count(*) FROM delivery");

	tap_ok(whole > 100 && jt_count("forgets", "SELECT count(*) FROM delivery WHERE body IS NULL") > 0,
	       "bodies go before the deliveries (%lld are left)", whole);
	journal_close(j);
}

static void test_floor(void)
{
	struct journal_options options = { .min_free = UINT64_MAX / 2 };
	struct journal *j = jt_open_with(options, "floor");

	tap_int(jt_add(j, 1, NULL, NULL), RECORD_FULL, "below the floor of free space it refuses");
	journal_close(j);
	tap_int(jt_count("floor", "SELECT count(*) FROM delivery"), 0, "and writes nothing");

	char *ballast = jt_path("ballast.ballast");
	struct stat st;

	options = (struct journal_options){ .ballast_bytes = 1024 * 1024 };
	j = jt_open_with(options, "ballast");
	tap_ok(stat(ballast, &st) == 0 && st.st_blocks * 512 >= 1024 * 1024,
	       "the ballast really takes room");
	journal_close(j);
	free(ballast);
}

static void test_refusals(void)
{
	struct journal *j = jt_open("refused");

	tap_ok(strstr(jt_refusal("refused", false), "another doorbell (process ") != NULL,
	       "a second receiver is refused: %s", jt_refusal("refused", false));
	tap_str(jt_refusal("refused", true), "", "a reader beside the receiver is not");
	journal_close(j);
	tap_str(jt_refusal("refused", false), "", "once it has ended the next may run");
	tap_sh("sqlite3 %s/refused 'PRAGMA user_version=99'", tap_dir());
	tap_ok(strstr(jt_refusal("refused", false), "newer doorbell (schema 99") != NULL,
	       "a newer schema is refused: %s", jt_refusal("refused", false));
	tap_sh("sqlite3 %s/refused 'PRAGMA user_version=-1'", tap_dir());
	tap_ok(strstr(jt_refusal("refused", false), "damaged") != NULL &&
		       strstr(jt_refusal("refused", true), "damaged") != NULL,
	       "a schema with a negative number is refused: %s", jt_refusal("refused", false));
	tap_sh(": > %s/emptied; : > %s/emptied.ballast", tap_dir(), tap_dir());
	tap_ok(strstr(jt_refusal("emptied", false), "begin anew") != NULL,
	       "an empty file where a journal was is refused: %s", jt_refusal("emptied", false));
	tap_sh("rm %s/emptied.ballast", tap_dir());
	tap_str(jt_refusal("emptied", false), "", "without a trace of one it is a new journal");
	tap_sh("sqlite3 %s/foreign 'CREATE TABLE t (x)'", tap_dir());
	tap_ok(strstr(jt_refusal("foreign", false), "another program") != NULL,
	       "another program's database is refused: %s", jt_refusal("foreign", false));
	tap_sh("yes | head -c 100000 > %s/text", tap_dir());
	tap_ok(strstr(jt_refusal("text", false), "restore a backup") != NULL,
	       "a file that is no database is refused: %s", jt_refusal("text", false));
	tap_sh("ln -s %s/elsewhere %s/link", tap_dir(), tap_dir());
	tap_ok(jt_refusal("link", false)[0] != '\0', "a symbolic link is refused: %s",
	       jt_refusal("link", false));
	tap_ok(strstr(jt_refusal("none/journal", false), "No such file") != NULL,
	       "a directory that does not exist is told: %s", jt_refusal("none/journal", false));
	tap_ok(strstr(jt_refusal("absent", true), "there is no journal in ") != NULL,
	       "a reader does not create it: %s", jt_refusal("absent", true));
	tap_sh("mkdir %s/real && ln -s real %s/behind", tap_dir(), tap_dir());
	tap_str(jt_refusal("behind/journal", false), "", "its directory may lie behind a link");
}

static void test_damage(void)
{
	struct journal *j = jt_open("damaged");

	for (unsigned i = 0; i < 200; i++) {
		(void)jt_add(j, i, NULL, NULL);
	}
	journal_close(j);
	tap_sh("cp %s/damaged %s/damaged2", tap_dir(), tap_dir());
	tap_sh("dd if=/dev/zero of=%s/damaged bs=4096 seek=20 count=4 conv=notrunc 2>/dev/null",
	       tap_dir());
	tap_ok(strstr(jt_refusal("damaged", false), "restore a backup") != NULL,
	       "a damaged file is refused at the start: %s", jt_refusal("damaged", false));

	/* Damage that comes while it runs; a reader has nothing of it in its cache yet. */
	struct record_delivery d = { .id = 0 };
	enum record_result result = RECORD_OK;
	struct error err = ERROR_INIT;

	j = jt_open_with((struct journal_options){ .read_only = true }, "damaged2");
	tap_sh("dd if=/dev/zero of=%s/damaged2 bs=4096 seek=15 count=20 conv=notrunc 2>/dev/null",
	       tap_dir());
	for (int64_t id = 1; result == RECORD_OK && id <= 200; id++) {
		result = journal_get_delivery(j, id, &d, &err);
		record_delivery_release(&d);
	}
	tap_int(result, RECORD_FAILED, "damage while it runs makes it fail: %s", err.text);
	tap_int(journal_begin(j, &err), RECORD_FAILED, "for good");
	journal_close(j);
}

static void test_misuse(void)
{
	struct journal *j = jt_open("misuse");
	struct record_delivery *d = sample_delivery(1, 0);
	struct record_delivery *bad = sample_delivery(2, 0);
	struct error err = ERROR_INIT;

	tap_int(journal_add_delivery(j, d, &err), RECORD_INVALID,
		"a change outside a transaction is refused");
	(void)journal_begin(j, &err);
	free(bad->event);
	bad->event = NULL;
	tap_int(journal_add_delivery(j, d, &err), RECORD_OK, "a good record is taken");
	tap_int(journal_add_delivery(j, bad, &err), RECORD_INVALID,
		"one that breaks the schema is not: %s", err.text);
	tap_int(journal_commit(j, &err), RECORD_OK, "and does not hinder the good one");
	journal_close(j);
	tap_int(jt_count("misuse", "SELECT count(*) FROM delivery"), 1, "which is there");
	sample_delivery_free(d);
	sample_delivery_free(bad);
}

static char *list_ids(struct journal *j, const struct journal_filter *filter)
{
	struct record_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	char *text = xstrdup("");

	if (journal_list(j, filter, &list, &err) != RECORD_OK) {
		free(text);
		return xstrdup(err.text);
	}
	for (size_t i = 0; i < list.count; i++) {
		char *longer = xasprintf("%s%lld:%s ", text, (long long)list.items[i].id,
					 record_status_name(list.items[i].status));

		free(text);
		text = longer;
	}
	record_list_release(&list);
	return text;
}

static void fill_for_lists(struct journal *j)
{
	struct error err = ERROR_INIT;
	struct trigger *t = NULL;
	int64_t push[4];

	/* 1 done, 2 failed, 3 working, 4 undecided, 5 without a push, of another source. */
	for (unsigned i = 0; i < 4; i++) {
		(void)jt_add(j, i, NULL, &push[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		t = sample_trigger(push[i], i == 1 ? "a/db" : "a/web");
		(void)jt_plan(j, push[i], &t, 1, NULL, 0);
		t->state = i == 0 ? TRIGGER_SENT : i == 1 ? TRIGGER_STALLED : TRIGGER_WAITING;
		t->finished_ms = i < 2 ? 7000 : 0;
		(void)jt_update(j, t, NULL);
		trigger_free(t);
	}
	struct record_delivery *d = sample_delivery(9, 0);

	record_push_release(&d->pushes[0]);
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
		{ "those before one that is not there", { .limit = 2, .before_id = 99 },
		  "5:ignored 4:working " },
		{ "those of a source", { .limit = 10, .source = "mirror" }, "5:ignored " },
		{ "those of an application", { .limit = 10, .application = "a/web" },
		  "3:working 1:done " },
		{ "those of a repository and ref",
		  { .limit = 10, .repository = "https://git.example.org/infra",
		    .ref = "refs/heads/main" }, "4:working 3:working 2:failed 1:done " },
		{ "those of no such repository", { .limit = 10, .repository = "x" }, "" },
		{ "those of no such ref", { .limit = 10, .ref = "refs/heads/x" }, "" },
		{ "those that failed, and those tried again because they did", { .limit = 10, .failed = true }, "3:working 2:failed " },
		{ "those since then", { .limit = 10, .since_ms = 1003 }, "5:ignored 4:working " },
		{ "that of a sender's id", { .limit = 10, .known_as = "sender-2" }, "3:working " },
		{ "those of a commit", { .limit = 10, .known_as = "0303030" }, "3:working " },
		{ "nothing for fewer digits", { .limit = 10, .known_as = "030303" }, "" },
		{ "nothing for a pattern", { .limit = 10, .known_as = "%%%%%%%%" }, "" },
		{ "by status", { .limit = 10, .statuses = 1U << RECORD_DONE |
							  1U << RECORD_WORKING },
		  "4:working 3:working 1:done " },
	};
	struct journal *writer = jt_open("list");
	struct journal *j = NULL;
	struct record_list list = { .items = NULL };
	struct error err = ERROR_INIT;

	fill_for_lists(writer);
	j = jt_open_with((struct journal_options){ .read_only = true }, "list");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = list_ids(j, &cases[i].filter);

		tap_str(got, cases[i].expected, "a list shows %s", cases[i].what);
		free(got);
	}
	tap_int(journal_list(j, &(struct journal_filter){ .limit = 10 }, &list, &err), RECORD_OK,
		"a list through a reader beside the writer");
	tap_int(list.items[4].triggers_sent, 1, "it counts triggers");
	tap_int(list.items[4].affected, 1, "and applications");
	tap_int(list.items[4].finished_ms, 7000, "and knows when all had ended");
	tap_int(list.items[2].finished_ms, 0, "which is never while some are open");
	tap_ok(list.items[0].repository == NULL && list.items[0].pushes == 0,
	       "a delivery without a push has no repository");
	record_list_release(&list);
	tap_ok(journal_begin(j, &err) != RECORD_OK, "a reader cannot write: %s", err.text);
	journal_close(j);
	journal_close(writer);
}

/* What failed before a newer push took its place is not done: nobody was rung for it. */
static void test_superseded(void)
{
	const struct outcome failed = { .kind = OUTCOME_RETRY, .reason = "no answer" };
	struct journal *j = jt_open("superseded");
	int64_t push[3];

	for (unsigned i = 0; i < 3; i++) {
		struct trigger *t = NULL;

		(void)jt_add(j, i, NULL, &push[i]);
		t = sample_trigger(push[i], "a/web");
		(void)jt_plan(j, push[i], &t, 1, NULL, 0);
		if (i == 0) {
			t->attempts = 1;
			t->state = TRIGGER_WAITING;
			(void)jt_update(j, t, &failed);
		}
		t->state = i < 2 ? TRIGGER_SUPERSEDED : TRIGGER_SENT;
		t->finished_ms = 7000;
		(void)jt_update(j, t, NULL);
		trigger_free(t);
	}
	char *got = list_ids(j, &(struct journal_filter){ .limit = 10 });

	tap_str(got, "3:done 2:done 1:failed ", "superseded after a try that failed is failed");
	free(got);
	got = list_ids(j, &(struct journal_filter){ .limit = 10, .failed = true });
	tap_str(got, "1:failed ", "and is among those that failed");
	free(got);
	journal_close(j);
}

int main(void)
{
	test_superseded();
	test_full();
	test_forgets();
	test_floor();
	test_refusals();
	test_damage();
	test_misuse();
	test_list();
	return tap_done();
}
