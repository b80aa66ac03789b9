/*
 * The proof of "durable before yes": every write, truncate, sync and delete
 * of a life of the journal fails once or for ever, the process dies, power is
 * lost with none or some of the unsynced writes on the disk - and whatever
 * was answered RECORD_OK is there, whatever was RECORD_FULL is not.
 */
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "tests/support/faultvfs.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

#define STEPS 4
#define ROWS 2 /* deliveries in one commit */

enum known {
	UNKNOWN,
	THERE,
	NOT_THERE
};

/* What the outside world was told. */
struct told {
	enum known delivery[STEPS];
	enum known plan[STEPS];
	unsigned failed; // the journal said so, at this step (from 1)
	bool opened;
};

static enum known known_by(enum record_result result)
{
	return result == RECORD_OK ? THERE : result == RECORD_FULL ? NOT_THERE : UNKNOWN;
}

static enum record_result add_batch(struct journal *j, unsigned step, int64_t *ret_push)
{
	struct error err = ERROR_INIT;
	enum record_result result = journal_begin(j, &err);

	for (unsigned i = 0; result == RECORD_OK && i < ROWS; i++) {
		struct record_delivery *d = sample_delivery(step * ROWS + i, 2000);

		result = journal_add_delivery(j, d, &err);
		*ret_push = d->pushes[0].id;
		sample_delivery_free(d);
	}
	if (result == RECORD_OK) {
		return journal_commit(j, &err);
	}
	journal_rollback(j);
	return result;
}

static enum record_result add_plan(struct journal *j, int64_t push)
{
	struct error err = ERROR_INIT;
	struct trigger *t = sample_trigger(push, "argocd/web");
	struct record_push decided = { .id = push, .state = PUSH_PLANNED };
	struct record_plan plan = { .pushes = &decided, .push_count = 1, .triggers = &t,
				     .trigger_count = 1 };
	enum record_result result = journal_begin(j, &err);

	if (result == RECORD_OK) {
		result = journal_add_plan(j, &plan, &err);
	}
	if (result == RECORD_OK) {
		result = journal_commit(j, &err);
	}
	journal_rollback(j);
	trigger_free(t);
	return result;
}

static void live(struct journal *j, struct told *told)
{
	struct error err = ERROR_INIT;

	for (unsigned step = 0; step < STEPS; step++) {
		int64_t push = 0;
		enum record_result result = add_batch(j, step, &push);

		told->delivery[step] = known_by(result);
		if (result == RECORD_OK) {
			result = add_plan(j, push);
			told->plan[step] = known_by(result);
		}
		if (result != RECORD_FAILED && step % 2 == 1) {
			const struct journal_care care = { .idle = step == 3 };
			struct journal_figures figures;

			result = journal_tend(j, &care, &figures, &err);
		}
		if (result == RECORD_FAILED) {
			told->failed = step + 1;
			return;
		}
	}
}

static enum record_result look_up(struct journal *j, unsigned n, int64_t *ret_id)
{
	struct record_delivery *d = sample_delivery(n, 2000);
	struct error err = ERROR_INIT;

	(void)journal_begin(j, &err);
	enum record_result result = journal_add_delivery(j, d, &err);

	*ret_id = d->id;
	journal_rollback(j);
	sample_delivery_free(d);
	return result;
}

static unsigned check_plan(struct journal *j, int64_t delivery, enum known plan)
{
	struct record_triggers triggers = { .items = NULL };
	struct record_delivery d = { .id = 0 };
	struct error err = ERROR_INIT;
	unsigned wrong = 0;

	if (journal_get_delivery(j, delivery, &d, &err) != RECORD_OK ||
	    journal_get_triggers(j, delivery, 0, 10, &triggers, &err) != RECORD_OK) {
		return 1;
	}
	bool decided = d.pushes[0].state == PUSH_PLANNED;

	wrong += decided != (triggers.count == 1); /* never half a plan */
	wrong += plan == THERE && !decided;
	wrong += plan == NOT_THERE && decided;
	record_triggers_release(&triggers);
	record_delivery_release(&d);
	return wrong;
}

/* How many promises were broken. */
static unsigned check(const char *path, const struct told *told)
{
	struct journal_options options = { .path = path, .vfs = faultvfs_register(),
					   .checkpoint_pages = 1 };
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	unsigned wrong = 0;

	if (journal_open(&options, &j, &err) != RECORD_OK) {
		/* Where even creating it failed nothing was promised; a clear text is owed. */
		if (told->opened || strstr(err.text, "move it") == NULL) {
			tap_note("%s", err.text);
			return 1000;
		}
		return 0;
	}
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned found = 0;
		int64_t id = 0;

		for (unsigned i = 0; i < ROWS; i++) {
			found += look_up(j, step * ROWS + i, &id) == RECORD_DUPLICATE;
		}
		wrong += found != 0 && found != ROWS; /* a commit is one */
		wrong += told->delivery[step] == THERE && found != ROWS;
		wrong += told->delivery[step] == NOT_THERE && found != 0;
		if (found == ROWS) {
			wrong += check_plan(j, id, told->plan[step]);
		}
	}
	journal_close(j);
	return wrong;
}

struct scene {
	const char *what;
	enum fault_kind kind;
	bool forever;
	unsigned keep; // of 256 unsynced writes
};

struct tally {
	unsigned lives;
	unsigned failed;
	unsigned wrong;
};

/* One life with the nth operation failing; false if it had fewer operations. */
static bool run(const struct scene *scene, unsigned nth, struct tally *tally)
{
	char *path = xasprintf("%s/journal", tap_dir());
	struct journal_options options = { .path = path, .vfs = faultvfs_register(),
					   .checkpoint_pages = 1 };
	struct told told = { .failed = 0 };
	struct error err = ERROR_INIT;
	struct journal *j = NULL;

	faultvfs_arm(scene->kind, nth, scene->forever);
	told.opened = journal_open(&options, &j, &err) == 0;
	if (told.opened) {
		live(j, &told);
	}
	bool fired = faultvfs_fired();

	faultvfs_kill();
	journal_close(j);
	faultvfs_lose(scene->keep, nth);
	tally->lives++;
	tally->failed += told.failed > 0;
	unsigned wrong = check(path, &told);

	if (wrong > 0) {
		tap_note("%s: operation %u: %u promises broken", scene->what, nth, wrong);
	}
	tally->wrong += wrong;
	for (const char *const *suffix = (const char *const[]){ "", "-wal", "-shm", NULL };
	     *suffix != NULL; suffix++) {
		char *name = xasprintf("%s%s", path, *suffix);

		(void)unlink(name);
		free(name);
	}
	free(path);
	return fired;
}

int main(void)
{
	static const struct scene scenes[] = {
		{ "one operation fails, then power is lost", FAULT_IO, false, 0 },
		{ "one operation fails, half of the unsynced writes survive", FAULT_IO, false,
		  128 },
		{ "one operation fails, the process dies", FAULT_IO, false, 256 },
		{ "everything fails from there, power is lost", FAULT_IO, true, 0 },
		{ "everything fails from there, a quarter survives", FAULT_IO, true, 64 },
		{ "everything fails from there, the process dies", FAULT_IO, true, 256 },
		{ "the disk is full once, power is lost", FAULT_FULL, false, 0 },
		{ "the disk is full once, half survives", FAULT_FULL, false, 128 },
		{ "the disk stays full, power is lost", FAULT_FULL, true, 0 },
		{ "the disk stays full, the process dies", FAULT_FULL, true, 256 },
	};

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct tally tally = { .lives = 0 };
		unsigned nth = 1;

		while (run(&scenes[i], nth, &tally) && nth < 10000) {
			nth++;
		}
		tap_int(tally.wrong, 0, "%s: at each of %u operations, all that was promised is "
			"there", scenes[i].what, nth - 1);
		tap_ok(nth > 50 && tally.failed > 10,
		       "%s: the faults were real (%u of %u lives ended by one)", scenes[i].what,
		       tally.failed, tally.lives);
	}
	return tap_done();
}
