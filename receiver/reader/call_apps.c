/*
 * The call "apps": a reader is given the applications of a repository.
 *
 * There may be 100,000 of them, so they are sent in pieces, each a frame and an
 * answer, and those that the reader has already are called by their number
 * there (reader_share.c writes a piece).  They are in use when the last piece
 * has come; until then the ones before stay in use, so that a list that is
 * given up half-way, because a newer one came or a frame was refused, leaves
 * both sides with what they agreed on before.  Nobody asks this call for its
 * own sake.
 */
#include "receiver/reader/reader_call.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

/* In the reader, one of the list to come: new, or number old - 1 of the one in use. */
struct child_coming {
	struct app *app;
	size_t old;
};

bool call_apps_are_there(const struct reader_repository *repository)
{
	return repository->has != NULL && repository->has->digest == repository->share->digest;
}

void call_apps_stop(struct reader_repository *repository)
{
	share_set(&repository->sending, NULL);
}

/*
 * Go on with what was begun if it is still what we want: of the same content,
 * though it may stand elsewhere in a newer list. Else begin.
 */
static void begin_or_go_on(struct reader_repository *repository)
{
	if (repository->sending == NULL ||
	    repository->sending->digest != repository->share->digest) {
		repository->sent = (struct share_cursor){ .next = 0 };
	}
	share_set(&repository->sending, repository->share);
}

static int write_request(struct reader_job *job, uint64_t id, struct buf *out, struct error *err)
{
	struct reader_repository *repository = job->repository;

	begin_or_go_on(repository);
	share_piece(repository->sending, repository->has, reader_pool_apps(job->pool),
		    repository->key, id, &repository->sent, out);
	return buf_is_full(out) ? error_set(err, -1, "an application is too large") : 0;
}

/* --- in the reader --- */

/* Which repository each source means is the parent's to say: it knows the aliases. */
static void set_repositories(struct app *app, const json_t *repositories)
{
	for (size_t i = 0; i < app->source_count; i++) {
		const char *name = json_string_value(json_array_get(repositories, i));

		free(app->sources[i].repository);
		app->sources[i].repository = name != NULL ? xstrdup(name) : NULL;
	}
}

void child_drop_coming(struct child_repository *r)
{
	for (size_t i = 0; i < r->coming_count; i++) {
		if (r->coming[i].old == 0) {
			app_free(r->coming[i].app);
		}
	}
	free(r->coming);
	r->coming = NULL;
	r->coming_count = r->coming_capacity = r->old_next = 0;
}

/* One application: whole, or the number of one in use. */
static int add_coming(struct child_repository *r, const json_t *value, struct error *err)
{
	struct child_coming coming = { .old = 0 };

	if (json_is_integer(value)) {
		json_int_t number = json_integer_value(value);

		if (number < (json_int_t)r->old_next || number >= (json_int_t)r->apps.count) {
			return error_set(err, -1, "there is no application %lld",
					 (long long)number);
		}
		r->old_next = coming.old = (size_t)number + 1;
		coming.app = r->apps.items[number];
	} else if (app_from_json(value, "", &coming.app, err) == APP_OK) {
		set_repositories(coming.app, json_object_get(value, "repositories"));
		coming.app = app_pack_take(coming.app);
	} else {
		return error_wrap(err, -1, "application %zu", r->coming_count);
	}
	r->coming = xgrow(r->coming, r->coming_count, &r->coming_capacity, sizeof(*r->coming));
	r->coming[r->coming_count++] = coming;
	return 0;
}

/* What was to come is there: use it, and free what is left of the old. */
static void use_coming(struct child_repository *r)
{
	struct app_list old = r->apps;

	r->apps = (struct app_list){ .items = NULL };
	for (size_t i = 0; i < r->coming_count; i++) {
		app_list_add_take(&r->apps, r->coming[i].app);
		if (r->coming[i].old > 0) {
			old.items[r->coming[i].old - 1] = NULL;
			r->coming[i].old = 0;
		}
	}
	r->coming_count = 0;
	child_drop_coming(r);
	affected_set_apps(r->state, &r->apps);
	app_list_release(&old);
}

/* One piece of the applications. */
static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = child_find(child, request, err);
	const json_t *value;
	size_t i;

	if (r == NULL) {
		return -1;
	}
	if (json_is_true(json_object_get(request, "reset"))) {
		child_drop_coming(r);
	}
	json_array_foreach(json_object_get(request, "applications"), i, value) {
		if (add_coming(r, value, err) < 0) {
			return -1;
		}
	}
	if (json_is_true(json_object_get(request, "last"))) {
		use_coming(r);
	}
	return child_answer(child, json_object());
}

/* --- in the receiver again --- */

/* A piece has come; if it was the last, what was sent is in use. */
static void finish(struct reader_job *job, enum reader_result result, const char *why)
{
	struct reader_repository *repository = job->repository;

	(void)result;
	(void)why;
	if (repository->sent.next == repository->sending->count) {
		share_set(&repository->has, repository->sending);
		call_apps_stop(repository);
	}
}

const struct reader_call call_apps = {
	.name = "apps",
	.needs = READER_NEEDS_REPOSITORY,
	.reads_files = true,
	.tells_of_repository = true,
	.write = write_request,
	.handle = handle,
	.read = answer_empty,
	.finish = finish,
};
