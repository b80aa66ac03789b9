/*
 * doorbell explain: which applications does a step from one commit to another
 * change, and why?  Without a running receiver, with the same engine in the
 * same sandboxed reader process.
 *
 * Steps: read the arguments; find out what was not given; let the reader say
 * what the two revisions mean; read the applications, from files here or from
 * the repository (at AFTER) there; ask; print.  Each question to the reader is
 * one turn of an event loop of our own.  --inputs and --lint ask another
 * question of one revision, else all is the same.
 *
 * Ways to fail: called wrongly (64), or something is not there or cannot be
 * read (2); whatever is found, it ran (0), only --lint says 1 if it found
 * anything.
 */
#include "receiver/cli/explain.h"

#include <errno.h>
#include <event2/event.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "receiver/catalog/files.h"
#include "receiver/cli/cli.h"

#define TIME_LIMIT_MS 600000
#define WARNINGS_MAX 10

/* One question to the reader, waiting for its answer. */
struct explain_question {
	struct explain *e;
	struct event_base *base;
	struct reader_pool *pool;
	struct inventory *inventory;
	const char *what;       // for the error, if it is not answered
	int r;                  // 0: answered
	struct oid commit;
	bool found;
	size_t missed;          // by annotations
	struct error why;
};

/* --- applications from files --- */

static int add_files(struct explain *e, struct inventory *inventory)
{
	for (size_t i = 0; i < e->files.count; i++) {
		const char *path = e->files.items[i];
		struct stat st;

		if (stat(path, &st) != 0) {
			return explain_fail(e, EXPLAIN_FAILED, "applications", NULL, "%s: %s", path,
					    strerror(errno));
		}
		inventory_add(inventory, &(struct inventory_origin){
			.kind = S_ISDIR(st.st_mode) ? INVENTORY_DIRECTORY : INVENTORY_FILE,
			.path = path,
		});
	}
	files_read_now(inventory);
	return 0;
}

/* People are told some, lest the answer scrolls away; programs all. */
static void print_problems(const struct explain *e, const struct inventory *inventory)
{
	const struct strvec *problems = inventory_problems(inventory);
	size_t count = problems->count;

	if (!e->json && count > WARNINGS_MAX) {
		count = WARNINGS_MAX;
	}
	for (size_t i = 0; i < count; i++) {
		struct error clean = ERROR_INIT;

		(void)error_set(&clean, 0, "%s", problems->items[i]);
		(void)fprintf(stderr, "warning: %s\n", clean.text);
	}
	if (count < problems->count) {
		(void)fprintf(stderr, "warning: and %zu more (--format json says all)\n",
			      problems->count - count);
	}
}

/* What ApplicationSets make of themselves is in the cluster, not in the repository. */
static void print_application_sets(const struct explain *e, const struct app_list *apps)
{
	size_t count = 0;

	for (size_t i = 0; i < apps->count; i++) {
		count += apps->items[i]->id.kind == APP_APPLICATION_SET;
	}
	if (!e->from_repository || count == 0) {
		return;
	}
	(void)fprintf(stderr,
		      "warning: the Applications that %zu ApplicationSet%s not in the repository; "
		      "for them give --apps the output of kubectl get applications.argoproj.io -A "
		      "-o yaml\n", count, count == 1 ? " makes are" : "s make are");
}

/* --- questions to the reader --- */

static void answered(struct explain_question *q, enum reader_result result, const char *why)
{
	static const char *const codes[] = { "", "repository", "reader-died", "reader-timeout" };

	q->r = result == READER_OK ? 0 : -1;
	if (result != READER_OK) {
		const char *hint = strstr(why, "extensions.objectformat") != NULL
					   ? "repositories with SHA-256 ids cannot be read"
					   : NULL;

		(void)explain_fail(q->e, EXPLAIN_FAILED, codes[result], hint, "%s: %s", q->what,
				   why);
	}
	(void)event_base_loopbreak(q->base);
}

static void on_resolved(void *arg, enum reader_result result, const struct reader_tip *tip,
			const char *why)
{
	struct explain_question *q = arg;

	q->found = tip != NULL && tip->found;
	if (q->found) {
		q->commit = tip->commit;
	}
	(void)error_set(&q->why, 0, "%s", why);
	answered(q, result, why);
}

static void on_apps(void *arg, enum reader_result result, struct manifests *found,
		    const char *why)
{
	struct explain_question *q = arg;

	if (found != NULL) {
		inventory_set_place(q->inventory, 0, found);
	}
	answered(q, result, why);
}

static size_t count_readers(const struct explain *e, const struct app_list *apps)
{
	size_t count = 0;

	for (size_t i = 0; i < apps->count; i++) {
		for (size_t k = 0; k < apps->items[i]->source_count; k++) {
			if (app_source_reads(&apps->items[i]->sources[k], e->repository)) {
				count++;
				break;
			}
		}
	}
	return count;
}

/* Is there one of its name among the first count items? */
static bool is_repeated(const struct app_list *apps, const struct affected_application *items,
			size_t count, const struct app *app)
{
	for (size_t i = 0; app->first != NULL && i < count; i++) {
		if (apps->items[items[i].app]->first == app->first) {
			return true;
		}
	}
	return false;
}

/*
 * Several applications of one name are told as one: copies of the items, whose
 * parts are borrowed, without those that repeat one of these or of others.
 */
static struct affected_application *tell_once(const struct app_list *apps,
					      const struct affected_application *items,
					      size_t *count, const struct affected *others)
{
	struct affected_application *kept = xcalloc(*count + 1, sizeof(*kept));
	size_t left = 0;

	for (size_t i = 0; i < *count; i++) {
		const struct app *app = apps->items[items[i].app];

		if (!is_repeated(apps, kept, left, app) &&
		    (others == NULL || !is_repeated(apps, others->items, others->count, app))) {
			kept[left++] = items[i];
		}
	}
	*count = left;
	return kept;
}

static void print_affected(struct explain_question *q, const struct affected *affected)
{
	struct affected told = *affected;
	struct explain_result all = {
		.apps = inventory_list(q->inventory), .affected = &told,
	};

	told.items = tell_once(all.apps, affected->items, &told.count, NULL);
	told.same = tell_once(all.apps, affected->same, &told.same_count, &told);
	all.readers = count_readers(q->e, all.apps);
	if (all.readers == 0 && all.apps->count > 0) {
		explain_print_candidates(q->e, all.apps);
	}
	explain_print(q->e, &all);
	free(told.items);
	free(told.same);
}

static void on_affected(void *arg, enum reader_result result,
			const struct reader_affected *answer, const char *why)
{
	struct explain_question *q = arg;

	if (answer != NULL) {
		print_affected(q, answer->affected);
	}
	answered(q, result, why);
}

static void on_inputs(void *arg, enum reader_result result, const struct affected_inputs *inputs,
		      uint64_t generation, const char *why)
{
	struct explain_question *q = arg;

	(void)generation;
	answered(q, result, why);
	if (inputs == NULL) {
		return;
	}
	if (q->e->inputs != NULL && inputs->sources == 0) {
		q->r = explain_fail(q->e, EXPLAIN_FAILED, "application",
				    "--url names the repository as the application does, --ref "
				    "the ref that it follows", "%s has no source that follows %s "
				    "of %s", q->e->inputs, q->e->ref, q->e->repository);
		return;
	}
	q->missed = q->e->lint ? inputs->total : 0;
	explain_print_inputs(q->e, inventory_list(q->inventory), inputs);
}

/* The one repository that is known here, for inventory_new(). */
static const char *name_of(void *ctx, const char *address)
{
	const struct explain *e = ctx;

	return e->repository != NULL && strcmp(address, e->repository) == 0 ? e->repository : NULL;
}

/* Turn the loop until the question asked with result r is answered. */
static int wait_answer(struct explain_question *q, int r, const struct error *err)
{
	if (r < 0) {
		return explain_fail(q->e, EXPLAIN_FAILED, "reader", NULL, "%s: %s", q->what,
				    err->text);
	}
	q->r = -1;
	(void)event_base_dispatch(q->base);
	return q->r;
}

static int resolve(struct explain_question *q, const char *name, const char *revision,
		   struct oid *ret_commit)
{
	struct explain *e = q->e;
	struct error err = ERROR_INIT;
	const char *asked = revision[0] != '\0' ? revision : "HEAD";

	q->what = asked;
	int r = reader_resolve(q->pool, e->url, asked, NULL, on_resolved, q, &err);
	if (wait_answer(q, r, &err) < 0) {
		return -1;
	}
	if (!q->found) {
		const char *hint = "both commits must be in the repository named with --repo; "
				   "git fetch may bring them";

		if (explain_is_shallow(e)) {
			hint = "the clone is shallow: git fetch --unshallow brings older commits "
			       "(in CI, a fetch depth of 0)";
		}

		return explain_fail(e, EXPLAIN_FAILED, "revision", hint,
				    "%s (%s) is not a commit here: %s", name, asked, q->why.text);
	}
	*ret_commit = q->commit;
	return 0;
}

static int read_applications(struct explain_question *q)
{
	struct explain *e = q->e;
	struct inventory_origin place = {
		.kind = INVENTORY_PLACE, .repository = e->repository, .ref = e->ref,
		.directory = "",
	};
	struct error err = ERROR_INIT;

	if (!e->from_repository) {
		return add_files(e, q->inventory);
	}
	inventory_add(q->inventory, &place);
	q->what = "the applications of the repository";
	int r = reader_read_apps(q->pool, e->url, &e->after, "", on_apps, q, &err);
	return wait_answer(q, r, &err);
}

/* Ask for the inputs at AFTER. */
static int ask_inputs(struct explain_question *q)
{
	struct explain *e = q->e;
	struct error err = ERROR_INIT;
	struct affected_inputs_request request = {
		.ref = e->ref, .default_branch = e->default_branch, .commit = e->after,
	};
	char *name = NULL;

	if (e->inputs != NULL) {
		const struct app *app = explain_find_app(e, inventory_list(q->inventory));

		if (app == NULL) {
			return -1;
		}
		name = app_full_name(app);
	}
	request.application = name;
	q->what = "the inputs";
	int r = reader_inputs(q->pool, e->url, &request, on_inputs, q, &err);
	r = wait_answer(q, r, &err);
	free(name);
	return r;
}

static int ask(struct explain_question *q)
{
	struct explain *e = q->e;
	struct error err = ERROR_INIT;
	struct affected_request request = {
		.ref = e->ref, .default_branch = e->default_branch, .count_all = true,
	};

	if ((e->before_text != NULL && resolve(q, "BEFORE", e->before_text, &e->before) < 0) ||
	    resolve(q, "AFTER", e->after_text, &e->after) < 0 || read_applications(q) < 0) {
		return -1;
	}
	inventory_merge(q->inventory);
	print_problems(e, q->inventory);
	print_application_sets(e, inventory_list(q->inventory));
	(void)reader_set_apps(q->pool, inventory_list(q->inventory));
	if (e->lint || e->inputs != NULL) {
		return ask_inputs(q);
	}
	request.before = e->before;
	request.after = e->after;
	q->what = "the affected applications";
	int r = reader_affected(q->pool, e->url, &request, on_affected, q, &err);
	return wait_answer(q, r, &err);
}

static int run(struct explain *e)
{
	struct reader_options options = { .count = 1, .time_limit_ms = TIME_LIMIT_MS };
	struct reader_repository_options repository = { .allow_alternates = true };
	struct explain_question q = { .e = e };
	struct error err = ERROR_INIT;
	int r = -1;

	if (explain_find_repository(e) < 0) {
		return -1;
	}
	q.base = event_base_new();
	q.pool = reader_pool_new(q.base, &options);
	q.inventory = inventory_new(name_of, e);
	repository.url = e->url;
	repository.path = e->path;
	(void)explain_mode(e->mode, &repository.mode);
	if (reader_set_repository(q.pool, &repository, &err) < 0) {
		(void)explain_fail(e, EXPLAIN_FAILED, "repository", NULL, "%s", err.text);
	} else {
		r = ask(&q);
	}
	e->found = q.missed > 0;
	reader_pool_free(q.pool);
	inventory_free(q.inventory);
	event_base_free(q.base);
	return r;
}

static void release(struct explain *e)
{
	free(e->path);
	free(e->url);
	free(e->repository);
	strvec_release(&e->files);
	free(e->inputs);
	free(e->before_text);
	free(e->after_text);
	free(e->ref);
	free(e->default_branch);
}

int cli_explain(int argc, char **argv)
{
	struct explain e = { .mode = "exact", .started_ns = mstime_nanoseconds() };

	(void)setlocale(LC_CTYPE, "");
	int r = explain_read_arguments(&e, argc, argv);
	if (r > 0) {
		release(&e);
		return EXPLAIN_OK;
	}
	if (r == 0) {
		r = run(&e);
	}
	if (r < 0) {
		explain_print_failure(&e);
	}
	release(&e);
	return r < 0 ? e.failure.status : e.found ? EXPLAIN_FOUND : EXPLAIN_OK;
}
