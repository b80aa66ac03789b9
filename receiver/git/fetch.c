/*
 * One fetch, in steps, each a child:
 *
 *     INIT      only if our repository is not there: git init --bare
 *     LOOK      is the commit the tip as we know it? then the origin is not asked.
 *               A commit that we keep as an older one is no proof of anything:
 *               the branch may have been set back to it
 *     TIP       git fetch +REF:refs/doorbell/tip/KEY
 *     LOOK      is it the commit (or a tag of it), or do we have that? done
 *     WANTED    it is not (a newer push came, a replica lags): ask for the
 *               commit itself.  Protocol 2 and most hosts allow that; if not,
 *               the commit is not there yet
 *     BASE      only if another commit is worth having and none of our refs
 *               names it (the first time that a ref is seen): ask for it
 *     DEEPEN    only if that is refused (an sshd as it comes lets nobody speak
 *               protocol 2): it is among the ref's last commits, nearly always.
 *               Go on as well without
 *     CLEAN     if git failed while it spoke with the origin, after the answer:
 *               remove what it left of packs; and before the first LOOK what a
 *               receiver left that was killed
 *     LIST      every 50 fetches, after the answer: which refs do we have?
 *     PRUNE     if they are too many: git update-ref
 *     COLLECT   then, in any case: git gc
 *
 * If our own repository is found damaged (kill -9 and power failures happen)
 * it is removed, once a fetch, and the steps begin anew: it is a cache.  What
 * the last comparison stood on is lost with it; the next one finds no base,
 * says so, and takes all applications.
 *
 * fetch_keep() is the other kind of job, one git update-ref.  Jobs of one
 * repository run one after the other, so no two git ever write in it, and a
 * lock file that is found was left by one that was killed.
 */
#include "receiver/git/fetch.h"

#include <dirent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "push/push.h"
#include "receiver/git/fetch_git.h"
#include "receiver/ops/metrics.h"
#include "receiver/process/spawn.h"

#define DEFAULT_RUNNING 4
#define COLLECT_EVERY 50

/* The helper is this program: with a sanitizer in it, it maps terabytes of shadow. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEFAULT_MEMORY 0
#else
#define DEFAULT_MEMORY FETCH_MEMORY_MAX
#endif

/* So many commits of a ref are fetched if its base is not given by its id: few pushes have more. */
#define DEEPER 100

/* After a start the first collection comes soon: we do not know of earlier fetches. */
#define COLLECT_FIRST 40

#define OUTPUT_MAX 16384
/* Of the list of our refs, 60 bytes each; of more the newest are seen, and kept. */
#define LIST_MAX (4U * 1024 * 1024)
#define LOCAL_LIMIT_MS 30000
#define COLLECT_LIMIT_MS (10 * 60 * 1000)

enum fetch_step { FETCH_STEP_INIT, FETCH_STEP_LOOK, FETCH_STEP_TIP, FETCH_STEP_LOOK_AGAIN,
		  FETCH_STEP_WANTED, FETCH_STEP_BASE, FETCH_STEP_DEEPEN, FETCH_STEP_HEAL,
		  FETCH_STEP_CLEAN, FETCH_STEP_UPDATE, FETCH_STEP_LIST, FETCH_STEP_PRUNE,
		  FETCH_STEP_COLLECT };

/* Who asked. */
struct asker {
	fetch_callback *callback;
	void *arg;
	struct asker *prev, *next;
};

/*
 * One thing to be done in one repository, from the asking to the last step. A
 * fetch with askers can still be joined by others (find_same()); once it has
 * answered them it may go on to tidy up, and then nobody joins it any more,
 * since its list of askers is empty. While a job runs it is the first of its
 * place, and its child holds a pointer to it.
 */
struct fetch_job {
	struct place *place;
	struct fetch_repository repository; // strings owned
	struct fetch_want want;             // its ref too
	char key[FETCH_KEY_MAX];
	char *update;     // for update-ref; NULL: a fetch, or nothing to prune after one
	struct asker *askers;
	enum fetch_step step;
	bool asked;       // the origin was asked
	bool littered;    // and a git that asked it failed
	int64_t began_ms; // monotonic: when its turn came
	bool healed;
	struct fetch_known known;
	struct fetch_job *prev, *next;
};

/* One repository of ours. */
struct place {
	struct fetcher *fetcher;
	char *directory;
	struct fetch_job *jobs;      // the first is running if active
	struct spawn *child;
	bool active;
	unsigned fetches;      // since the last collection
	UT_hash_handle hh;
};

struct fetcher {
	struct event_base *base;
	struct spawner *spawner;
	struct fetch_options options; // strings owned
	struct place *places;
	size_t active;
	struct event *kick;           // starts jobs from the loop
};

static void take_step(struct fetcher *f, struct fetch_job *job, enum fetch_step step);

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

static struct fetch_job *job_new(struct place *place, const struct fetch_repository *r,
				 const char *ref)
{
	struct fetch_job *job = xcalloc(1, sizeof(*job));

	job->place = place;
	job->want.ref = xstrdup(ref);
	fetch_git_copy(r, &job->repository);
	fetch_git_key(ref, job->key);
	DL_APPEND(place->jobs, job);
	return job;
}

static void job_free(struct fetch_job *job)
{
	struct asker *asker = NULL;
	struct asker *next = NULL;

	DL_DELETE(job->place->jobs, job);
	DL_FOREACH_SAFE(job->askers, asker, next) {
		free(asker);
	}
	fetch_git_release(&job->repository);
	free_text(job->want.ref);
	free(job->update);
	free(job);
}

static struct place *find_place(struct fetcher *f, const char *directory)
{
	struct place *place = NULL;

	HASH_FIND_STR(f->places, directory, place);
	if (place != NULL) {
		return place;
	}
	place = xcalloc(1, sizeof(*place));
	place->fetcher = f;
	place->directory = xstrdup(directory);
	place->fetches = COLLECT_FIRST;
	HASH_ADD_KEYPTR(hh, f->places, place->directory, strlen(place->directory), place);
	return place;
}

static void kick(struct fetcher *f)
{
	const struct timeval now = { .tv_sec = 0 };

	(void)event_add(f->kick, &now);
}

/*
 * The first job of a place is over: the next may run. It is started from the
 * loop, not from here: a chain of jobs that fail without a child would
 * otherwise call deeper and deeper, and an asker could be answered before it
 * had finished asking.
 */
static void leave(struct fetcher *f, struct fetch_job *job)
{
	job->place->active = false;
	f->active--;
	job_free(job);
	kick(f);
}

/*
 * Answer all who asked; a collection may follow before the job is over. The
 * list is taken off the job before the first is called, because he may ask
 * again from in there: what he then gets must be newer than this answer, so he
 * may not join this job any more. The place stays busy through the collection,
 * so no fetch runs beside it.
 */
static void finish(struct fetcher *f, struct fetch_job *job, enum fetch_outcome outcome,
		   const char *why)
{
	const struct fetch_result result = { .outcome = outcome, .tip = job->known.tip,
					     .tip_is_wanted = job->known.tip_is_wanted,
					     .asked = job->asked, .why = why };

	if (job->asked) {
		metrics_observe(f->options.metrics, METRIC_FETCH_DURATION, NULL,
				(double)(mstime_monotonic() - job->began_ms) / 1000);
	}
	struct asker *askers = job->askers;

	job->askers = NULL;
	while (askers != NULL) {
		struct asker *asker = askers;

		DL_DELETE(askers, asker);
		asker->callback(asker->arg, &result);
		free(asker);
	}
	if (job->littered) {
		take_step(f, job, FETCH_STEP_CLEAN);
		return;
	}
	if (job->asked && outcome == FETCH_OK && ++job->place->fetches >= COLLECT_EVERY) {
		job->place->fetches = 0;
		take_step(f, job, FETCH_STEP_LIST);
		return;
	}
	leave(f, job);
}

static void finish_failed(struct fetcher *f, struct fetch_job *job,
			  const struct call_result *answer,
			  enum fetch_outcome outcome)
{
	char why[FETCH_WHY_MAX];

	fetch_git_why(answer, job->repository.time_limit_ms, why);
	finish(f, job, outcome, why);
}

/* ---- the ends of the steps ---- */

static bool wants_any(const struct fetch_job *job)
{
	return job->want.after.len == 0;
}

static void after_init(struct fetcher *f, struct fetch_job *job)
{
	take_step(f, job, job->update != NULL ? FETCH_STEP_UPDATE : FETCH_STEP_LOOK);
}

/* Before the first step, or when the askers were answered: then it was the last. */
static void after_clean(struct fetcher *f, struct fetch_job *job)
{
	if (job->littered) {
		leave(f, job);
	} else {
		after_init(f, job);
	}
}

/* The commit is here. */
static void found(struct fetcher *f, struct fetch_job *job)
{
	const struct oid *base = &job->want.base;

	if (base->len > 0 && !oid_is_zero(base) && !job->known.has_base) {
		take_step(f, job, FETCH_STEP_BASE);
		return;
	}
	finish(f, job, FETCH_OK, NULL);
}

/*
 * The first look may end the job only if the wanted commit is the tip as we
 * know it. That we have the commit as an older one says nothing about where the
 * ref is now. The second look follows a fetch of the tip, so there it is enough
 * to have the commit at all, and whoever wants no particular one has what he
 * came for.
 */
static void after_look(struct fetcher *f, struct fetch_job *job, const struct call_result *answer)
{
	bool first = job->step == FETCH_STEP_LOOK;

	fetch_git_read(answer->output, answer->output_len, job->key, &job->want, &job->known);
	if (job->known.tip_is_wanted || (!first && (job->known.has_wanted || wants_any(job)))) {
		found(f, job);
		return;
	}
	take_step(f, job, first ? FETCH_STEP_TIP : FETCH_STEP_WANTED);
}

static void after_list(struct fetcher *f, struct fetch_job *job, const struct call_result *answer)
{
	job->update = fetch_git_surplus(answer->output, answer->output_len, FETCH_REFS_KEPT);
	take_step(f, job, job->update != NULL ? FETCH_STEP_PRUNE : FETCH_STEP_COLLECT);
}

/* A step went well. */
static void advance(struct fetcher *f, struct fetch_job *job, const struct call_result *answer)
{
	switch (job->step) {
	case FETCH_STEP_INIT:
		after_init(f, job);
		break;
	case FETCH_STEP_LOOK:
	case FETCH_STEP_LOOK_AGAIN:
		after_look(f, job, answer);
		break;
	case FETCH_STEP_TIP:
		take_step(f, job, FETCH_STEP_LOOK_AGAIN);
		break;
	case FETCH_STEP_WANTED:
		found(f, job);
		break;
	case FETCH_STEP_BASE:
	case FETCH_STEP_DEEPEN:
		finish(f, job, FETCH_OK, NULL);
		break;
	case FETCH_STEP_HEAL:
		take_step(f, job, FETCH_STEP_INIT);
		break;
	case FETCH_STEP_CLEAN:
		after_clean(f, job);
		break;
	case FETCH_STEP_LIST:
		after_list(f, job, answer);
		break;
	case FETCH_STEP_PRUNE:
		take_step(f, job, FETCH_STEP_COLLECT);
		break;
	case FETCH_STEP_UPDATE:
	case FETCH_STEP_COLLECT:
		leave(f, job);
		break;
	}
}

/* Is it a step that a fetch is well without? Then what follows it is done. */
static bool go_on_without(struct fetcher *f, struct fetch_job *job,
			  const struct call_result *answer)
{
	switch (job->step) {
	case FETCH_STEP_BASE:
		if (answer->completed) {
			take_step(f, job, FETCH_STEP_DEEPEN);
			return true;
		}
		finish(f, job, FETCH_OK, NULL);
		return true;
	case FETCH_STEP_DEEPEN:
		finish(f, job, FETCH_OK, NULL);
		return true;
	case FETCH_STEP_CLEAN:
		after_clean(f, job);
		return true;
	case FETCH_STEP_LIST:
	case FETCH_STEP_PRUNE:
		take_step(f, job, FETCH_STEP_COLLECT);
		return true;
	case FETCH_STEP_UPDATE:
	case FETCH_STEP_COLLECT:
		leave(f, job);
		return true;
	case FETCH_STEP_INIT:
	case FETCH_STEP_LOOK:
	case FETCH_STEP_TIP:
	case FETCH_STEP_LOOK_AGAIN:
	case FETCH_STEP_WANTED:
	case FETCH_STEP_HEAL:
		return false;
	}
	return false;
}

/*
 * A step of a fetch failed. In this order: steps that are only worth having are
 * left out; a repository that seems damaged is removed and made anew, once a
 * job, so that a disk that always fails does not make us fetch for ever; what
 * the origin has said clearly (no such ref, not this commit) is an answer of
 * its own, which is waited for; the rest is a failure. A git that was killed by
 * its time limit is a failure, too: it has not said that anything is damaged or
 * missing.
 */
static void fail(struct fetcher *f, struct fetch_job *job, const struct call_result *answer)
{
	enum fetch_trouble trouble = fetch_git_trouble(answer);
	bool local = job->step == FETCH_STEP_LOOK || job->step == FETCH_STEP_LOOK_AGAIN;

	if (go_on_without(f, job, answer)) {
		return;
	}
	if (answer->completed && !job->healed && job->step != FETCH_STEP_INIT &&
	    (local || trouble == FETCH_TROUBLE_BROKEN)) {
		job->healed = true;
		take_step(f, job, FETCH_STEP_HEAL);
		return;
	}
	if (job->step == FETCH_STEP_TIP && trouble == FETCH_TROUBLE_NO_REF) {
		char why[FETCH_WHY_MAX];
		(void)snprintf(why, sizeof(why), "the origin has no %.300s", job->want.ref);
		finish(f, job, FETCH_REF_GONE, why);
		return;
	}
	if (job->step == FETCH_STEP_WANTED && answer->completed && trouble != FETCH_TROUBLE_OTHER) {
		finish(f, job, FETCH_NOT_THERE_YET,
		       "the ref is at another commit, and the origin does not give this one");
		return;
	}
	finish_failed(f, job, answer, FETCH_FAILED);
}

/* ---- the steps ---- */

static bool asks_origin(enum fetch_step step)
{
	return step == FETCH_STEP_TIP || step == FETCH_STEP_WANTED || step == FETCH_STEP_BASE ||
	       step == FETCH_STEP_DEEPEN;
}

static void on_child(void *arg, const struct call_result *answer)
{
	struct fetch_job *job = arg;
	struct fetcher *f = job->place->fetcher;

	job->place->child = NULL;
	bool well = answer->completed && answer->status == 0;

	job->littered = job->littered || (asks_origin(job->step) && !well);
	if (well) {
		advance(f, job, answer);
	} else {
		fail(f, job, answer);
	}
}

/* The command of a step, and how long it may take. */
static int64_t make_command(const struct fetcher *f, const struct fetch_job *job,
			    struct strvec *argv)
{
	const struct fetch_repository *r = &job->repository;
	char hex[OID_HEX_MAX + 1];

	switch (job->step) {
	case FETCH_STEP_INIT:
		fetch_git_init(r, job->want.after.len == 32, argv);
		return LOCAL_LIMIT_MS;
	case FETCH_STEP_LOOK:
	case FETCH_STEP_LOOK_AGAIN:
		fetch_git_look(r, job->key, argv);
		return LOCAL_LIMIT_MS;
	case FETCH_STEP_TIP:
		fetch_git_fetch(r, &f->options, job->want.ref, 1, "tip", job->key, argv);
		return r->time_limit_ms;
	case FETCH_STEP_WANTED:
		fetch_git_fetch(r, &f->options, oid_to_hex(&job->want.after, hex), 1, "wanted",
				job->key, argv);
		return r->time_limit_ms;
	case FETCH_STEP_BASE:
		fetch_git_fetch(r, &f->options, oid_to_hex(&job->want.base, hex), 1, "base",
				job->key, argv);
		return r->time_limit_ms;
	case FETCH_STEP_DEEPEN:
		fetch_git_fetch(r, &f->options, job->want.ref, DEEPER, "base", job->key, argv);
		return r->time_limit_ms;
	case FETCH_STEP_HEAL:
		fetch_git_remove(r, argv);
		return COLLECT_LIMIT_MS;
	case FETCH_STEP_CLEAN:
		fetch_git_clean(r, argv);
		return COLLECT_LIMIT_MS;
	case FETCH_STEP_LIST:
		fetch_git_list(r, argv);
		return LOCAL_LIMIT_MS;
	case FETCH_STEP_UPDATE:
	case FETCH_STEP_PRUNE:
		fetch_git_update(r, argv);
		return LOCAL_LIMIT_MS;
	case FETCH_STEP_COLLECT:
		fetch_git_collect(r, argv);
		return COLLECT_LIMIT_MS;
	}
	return LOCAL_LIMIT_MS;
}

/*
 * Start the child of a step. spawn_start() answers from the loop and exactly
 * once, also when nothing could be started, so the job cannot be left without
 * an end. What the child is told (arguments, environment, input) is copied by
 * then.
 */
static void take_step(struct fetcher *f, struct fetch_job *job, enum fetch_step step)
{
	struct strvec argv = STRVEC_INIT;
	struct strvec env = STRVEC_INIT;
	bool updates = step == FETCH_STEP_UPDATE || step == FETCH_STEP_PRUNE;

	job->step = step;
	job->asked = job->asked || asks_origin(step);
	int64_t limit = make_command(f, job, &argv);
	fetch_git_environment(&job->repository, &f->options, &env);
	const struct spawn_options options = {
		.argv = &argv,
		.environment = &env,
		.input = updates ? job->update : NULL,
		.input_len = updates ? strlen(job->update) : 0,
		.output_max = step == FETCH_STEP_LIST ? LIST_MAX : OUTPUT_MAX,
		.time_limit_ms = limit,
		.file_size_max = f->options.file_max,
		.memory_max = f->options.memory_max,
		.no_new_privileges = true,
	};
	job->place->child = spawn_start(f->spawner, &options, on_child, job);
	strvec_release(&argv);
	strvec_release(&env);
}

/*
 * Whoever held these is dead: we are the only one to start git here, one at a
 * time, and children end with us. Without this one kill -9 would leave a
 * repository that can never be written again.
 */
static void remove_locks(const struct fetch_job *job)
{
	static const char *const names[] = { "shallow.lock", "packed-refs.lock", "config.lock",
					     "HEAD.lock", "gc.pid", "gc.pid.lock" };
	static const char *const roles[] = { "tip", "wanted", "processed", "base" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xasprintf("%s/%s", job->repository.directory, names[i]);
		(void)unlink(path);
		free(path);
	}
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		char *path = xasprintf("%s/refs/doorbell/%s/%s.lock", job->repository.directory,
				       roles[i], job->key);
		(void)unlink(path);
		free(path);
	}
}

/* Did a git that was killed with its receiver leave a part of a pack? */
static bool has_litter(const struct fetch_job *job)
{
	char *path = xasprintf("%s/objects/pack", job->repository.directory);
	DIR *dir = opendir(path);
	bool has = false;

	for (const struct dirent *e = NULL; dir != NULL && !has && (e = readdir(dir)) != NULL;) {
		has = strncmp(e->d_name, "tmp_", 4) == 0;
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	free(path);
	return has;
}

static void begin(struct fetcher *f, struct fetch_job *job)
{
	struct error err = ERROR_INIT;
	char *head = NULL;

	if (fetch_check(&job->repository, &err) < 0) {
		finish(f, job, FETCH_FAILED, err.text);
		return;
	}
	if (!push_ref_is_valid(job->want.ref)) {
		finish(f, job, FETCH_FAILED, "not the full name of a ref");
		return;
	}
	remove_locks(job);
	head = xasprintf("%s/HEAD", job->repository.directory);
	bool there = access(head, F_OK) == 0;
	free(head);
	if (!there && job->update != NULL) {
		leave(f, job);
	} else if (!there) {
		take_step(f, job, FETCH_STEP_INIT);
	} else if (has_litter(job)) {
		take_step(f, job, FETCH_STEP_CLEAN);
	} else {
		after_init(f, job);
	}
}

/*
 * Start what may run: one job a place, max_running in all. A place that is
 * begun goes to the end of the order, so that one with many jobs does not keep
 * those behind it waiting. begin() may end a job at once, which kicks again; it
 * never frees a place, so walking on is safe.
 */
static void on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct fetcher *f = arg;
	struct place *place = NULL;
	struct place *next = NULL;

	(void)fd;
	(void)what;
	HASH_ITER(hh, f->places, place, next) {
		if (f->active >= f->options.max_running) {
			return;
		}
		if (place->active || place->jobs == NULL) {
			continue;
		}
		/* To the end of the hash's order: each place has its turn. */
		HASH_DEL(f->places, place);
		HASH_ADD_KEYPTR(hh, f->places, place->directory, strlen(place->directory), place);
		place->active = true;
		f->active++;
		place->jobs->began_ms = mstime_monotonic();
		begin(f, place->jobs);
	}
}

/* ---- from outside ---- */

struct fetcher *fetch_new(struct event_base *base, struct spawner *spawner,
			  const struct fetch_options *options)
{
	struct fetcher *f = xcalloc(1, sizeof(*f));

	f->base = base;
	f->spawner = spawner;
	f->options = (struct fetch_options){
		.helper = xstrdup_or_null(options->helper),
		.home = xstrdup_or_null(options->home),
		.path = xstrdup_or_null(options->path),
		.max_running = options->max_running > 0 ? options->max_running : DEFAULT_RUNNING,
		.file_max = options->file_max > 0 ? options->file_max : FETCH_FILE_MAX,
		.memory_max = options->memory_max > 0 ? options->memory_max : DEFAULT_MEMORY,
		.metrics = options->metrics,
	};
	f->kick = event_new(base, -1, 0, on_kick, f);
	return f;
}

const struct fetch_options *fetch_get_options(const struct fetcher *f)
{
	return &f->options;
}

/*
 * Children are cancelled before their jobs go, so none of them answers a job
 * that is not there. Askers are not answered: whoever frees the fetcher has no
 * more use for it.
 */
void fetch_free(struct fetcher *f)
{
	struct place *place = NULL;
	struct place *next = NULL;

	if (f == NULL) {
		return;
	}
	HASH_ITER(hh, f->places, place, next) {
		spawn_cancel(place->child);
		while (place->jobs != NULL) {
			job_free(place->jobs);
		}
		HASH_DEL(f->places, place);
		free(place->directory);
		free(place);
	}
	event_free(f->kick);
	free_text(f->options.helper);
	free_text(f->options.home);
	free_text(f->options.path);
	free(f);
}

/*
 * A fetch of the same that has not been answered. It may be running already.
 * Its answer fits whoever joins, because the commit that is wanted is part of
 * what is compared. The address is compared as well: after a reload the same
 * directory may have another origin.
 */
static struct fetch_job *find_same(struct place *place, const struct fetch_repository *r,
			     const struct fetch_want *want)
{
	struct fetch_job *job = NULL;

	DL_FOREACH(place->jobs, job) {
		if (job->askers != NULL && strcmp(job->want.ref, want->ref) == 0 &&
		    strcmp(job->repository.url, r->url) == 0 &&
		    oid_equal(&job->want.after, &want->after) &&
		    oid_equal(&job->want.base, &want->base)) {
			return job;
		}
	}
	return NULL;
}

void fetch_ref(struct fetcher *f, const struct fetch_repository *repository,
	       const struct fetch_want *want, fetch_callback *callback, void *arg)
{
	struct place *place = find_place(f, repository->directory);
	struct fetch_job *job = find_same(place, repository, want);
	struct asker *asker = xcalloc(1, sizeof(*asker));

	if (job == NULL) {
		job = job_new(place, repository, want->ref);
		job->want.after = want->after;
		job->want.base = want->base;
	}
	*asker = (struct asker){ .callback = callback, .arg = arg };
	DL_APPEND(job->askers, asker);
	kick(f);
}

void fetch_keep(struct fetcher *f, const struct fetch_repository *repository, const char *ref,
		const struct oid *processed)
{
	struct fetch_job *job = job_new(find_place(f, repository->directory), repository, ref);
	char hex[OID_HEX_MAX + 1];

	if (processed->len > 0 && !oid_is_zero(processed)) {
		job->update = xasprintf("update refs/doorbell/processed/%s %s\n"
					"delete refs/doorbell/base/%s\n",
					job->key, oid_to_hex(processed, hex), job->key);
	} else {
		job->update = xasprintf("delete refs/doorbell/processed/%s\n"
					"delete refs/doorbell/wanted/%s\n"
					"delete refs/doorbell/base/%s\n"
					"delete refs/doorbell/tip/%s\n",
					job->key, job->key, job->key, job->key);
	}
	kick(f);
}
