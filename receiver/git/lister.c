/*
 * Listing: one child, or one request to a reader.
 */
#include "receiver/git/lister.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/xalloc.h"
#include "config/config.h"
#include "receiver/git/fetch.h"
#include "receiver/git/fetch_git.h"
#include "receiver/git/resolver.h"
#include "receiver/process/spawn.h"
#include "receiver/reader/reader.h"
#include "receiver/settings/repositories.h"

/* LIMIT_LISTED_REFS lines of usual length: a tag takes two of some 80 bytes. */
#define OUTPUT_MAX (16U * 1024 * 1024)

struct list_question {
	struct lister *lister;
	int64_t time_limit_ms;
	lister_done_fn done;
	void *arg;
	struct list_question *next, *prev;
};

struct lister {
	struct spawner *spawner;
	const struct fetcher *fetcher;
	struct reader_pool *pool;
	struct list_question *questions; // without an answer
};

struct lister *lister_new(struct spawner *spawner, const struct fetcher *fetcher,
			  struct reader_pool *pool)
{
	struct lister *l = xcalloc(1, sizeof(*l));

	*l = (struct lister){ .spawner = spawner, .fetcher = fetcher, .pool = pool };
	return l;
}

static void list_question_free(struct list_question *q)
{
	DL_DELETE(q->lister->questions, q);
	free(q);
}

void lister_free(struct lister *l)
{
	if (l == NULL) {
		return;
	}
	while (l->questions != NULL) {
		list_question_free(l->questions);
	}
	free(l);
}

static void answer(struct list_question *q, const struct ref_list *listing, const char *why)
{
	lister_done_fn done = q->done;
	void *arg = q->arg;

	list_question_free(q);
	done(arg, listing, why);
}

static void on_reader(void *arg, enum reader_result result, const struct ref_list *listing,
		      const char *why)
{
	answer(arg, result == READER_OK ? listing : NULL, why);
}

/* Half a list would look like refs that were deleted. */
static void on_child(void *arg, const struct call_result *result)
{
	struct list_question *q = arg;
	struct ref_list listing = { .items = NULL };
	struct error err = ERROR_INIT;
	char why[FETCH_WHY_MAX];

	if (!result->completed || result->status != 0) {
		fetch_git_why(result, q->time_limit_ms, why);
		answer(q, NULL, why);
	} else if (result->truncated) {
		answer(q, NULL, "the list of its refs is too long");
	} else if (ref_list_parse(result->output, result->output_len, &listing, &err) < 0) {
		answer(q, NULL, err.text);
	} else {
		answer(q, &listing, NULL);
	}
	ref_list_release(&listing);
}

static void ask_origin(struct list_question *q, const struct fetch_repository *from)
{
	const struct fetch_options *options = fetch_get_options(q->lister->fetcher);
	struct strvec argv = STRVEC_INIT;
	struct strvec env = STRVEC_INIT;

	fetch_git_list_origin(from, options, &argv);
	fetch_git_environment(from, options, &env);
	const struct spawn_options child = {
		.argv = &argv,
		.environment = &env,
		.output_max = OUTPUT_MAX,
		.time_limit_ms = from->time_limit_ms,
		.file_size_max = options->file_max,
		.memory_max = options->memory_max,
		.no_new_privileges = true,
	};
	(void)spawn_start(q->lister->spawner, &child, on_child, q);
	strvec_release(&argv);
	strvec_release(&env);
}

int lister_ask(struct lister *l, const struct repository *repository,
	       const struct config *config, lister_done_fn done, void *arg, struct error *err)
{
	struct fetch_repository from = resolver_fetch_settings(repository, config);
	struct list_question *q = xcalloc(1, sizeof(*q));
	int r = 0;

	*q = (struct list_question){
		.lister = l, .time_limit_ms = from.time_limit_ms, .done = done, .arg = arg,
	};
	DL_APPEND(l->questions, q);
	if (repository->local) {
		r = reader_list(l->pool, repository->name, on_reader, q, err);
	} else if ((r = fetch_check(&from, err)) == 0) {
		ask_origin(q, &from);
	}
	if (r < 0) {
		list_question_free(q);
	}
	return r;
}
