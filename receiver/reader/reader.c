/*
 * The pool: repositories, applications and requests.
 *
 * A repository is bound to a reader by a hash of its normalised address, so
 * that what the reader holds of it is in one place and needs no locks.  The
 * pool keeps what a new reader must be told again: the repositories, and, in
 * the caller's list, the applications.
 */
#include "receiver/reader/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <utlist.h>

#include "base/giturl.h"
#include "base/limits.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_impl.h"
#include "receiver/reader/reader_process.h"
#include "repo/isolate.h"

#define READERS_DEFAULT 2
#define TIME_DEFAULT_MS 30000
#define MEMORY_DEFAULT (1024ULL * 1024 * 1024)
#define FREE_WAIT_MS 1000

struct reader_pool {
	struct event_base *base;
	struct reader_options options;
	char *program;
	char *verb;
	struct reader **readers;
	struct reader *parser;   // of the operator's texts: no repository lives in it
	struct reader_repository *repositories;
	struct reader_repository *by_key; // the same, hashed
	uint64_t serial;         // of the latest change of paths
	const struct app_list *apps;
	uint64_t generation;
	uint64_t seed;           // of digests
	uint64_t answered;
	uint64_t died;
	uint64_t timed_out;
	uint64_t started;
	uint64_t lost;
};

struct reader_pool *reader_pool_new(struct event_base *base, const struct reader_options *options)
{
	struct reader_pool *pool = xcalloc(1, sizeof(*pool));
	struct reader_options *o = &pool->options;

	pool->base = base;
	*o = *options;
	o->count = o->count == 0 ? READERS_DEFAULT : o->count;
	o->time_limit_ms = o->time_limit_ms > 0 ? o->time_limit_ms : TIME_DEFAULT_MS;
	o->memory_bytes = o->memory_bytes > 0 ? o->memory_bytes : MEMORY_DEFAULT;
	pool->program = xstrdup(o->program != NULL ? o->program : "/proc/self/exe");
	pool->verb = xstrdup(o->verb != NULL ? o->verb : "reader");
	o->program = pool->program;
	o->verb = pool->verb;
	(void)!getrandom(&pool->seed, sizeof(pool->seed), 0);
	pool->readers = xcalloc(o->count, sizeof(*pool->readers));
	for (unsigned i = 0; i < o->count; i++) {
		pool->readers[i] = reader_new(pool, base);
	}
	pool->parser = reader_new(pool, base);
	return pool;
}

static void free_repository(struct reader_repository *repository)
{
	reader_repository_forget(repository);
	share_drop(repository->share);
	free(repository->key);
	free(repository->url);
	free(repository->path);
	free(repository->cache_directory);
	free(repository->refusal);
	free(repository);
}

/*
 * A repository that was dropped and that nobody waits for any more goes, and
 * with it the right of its reader to read it.
 */
static void remove_if_unused(struct reader_pool *pool, struct reader_repository *repository)
{
	if (!repository->dropped || repository->jobs > 0) {
		return;
	}
	HASH_DELETE(hh, pool->by_key, repository);
	LL_DELETE(pool->repositories, repository);
	reader_renew(repository->reader);
	free_repository(repository);
}

void reader_pool_release(struct reader_pool *pool, struct reader_repository *repository)
{
	repository->jobs--;
	remove_if_unused(pool, repository);
}

void reader_pool_free(struct reader_pool *pool)
{
	if (pool == NULL) {
		return;
	}
	int64_t deadline = mstime_monotonic() + FREE_WAIT_MS;
	for (unsigned i = 0; i < pool->options.count; i++) {
		(void)reader_wait_gone(pool->readers[i], deadline);
		reader_free(pool->readers[i]);
	}
	(void)reader_wait_gone(pool->parser, deadline);
	reader_free(pool->parser);
	HASH_CLEAR(hh, pool->by_key);
	for (struct reader_repository *r = pool->repositories; r != NULL;) {
		struct reader_repository *next = r->next;

		free_repository(r);
		r = next;
	}
	free(pool->readers);
	free(pool->program);
	free(pool->verb);
	free(pool);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text != '\0'; text++) {
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	}
	return hash ^ (hash >> 32);
}

static struct reader_repository *find_key(const struct reader_pool *pool, const char *key)
{
	struct reader_repository *r = NULL;

	HASH_FIND_STR(pool->by_key, key, r);
	return r;
}

struct reader_repository *reader_pool_find(const struct reader_pool *pool, const char *url,
					   struct error *err)
{
	char *key = giturl_normalise(url, err);

	if (key == NULL) {
		return NULL;
	}
	struct reader_repository *r = find_key(pool, key);
	if (r == NULL || r->dropped) {
		(void)error_set(err, -1, "repository %s is not configured", key);
		r = NULL;
	}
	free(key);
	return r;
}

/* The next application of a repository (perhaps NULL) that gets a new share. */
static void hand_to(struct reader_repository *r, const struct reader_repository *only,
		    const struct app *app, size_t i)
{
	if (r != NULL && (only == NULL || r == only) && !share_ends_with(r->coming, i)) {
		share_add(r->coming, app, i);
	}
}

/* Give each repository, or one only, a new share of the list. */
static void hand_out(struct reader_pool *pool, struct reader_repository *only)
{
	for (size_t i = 0; pool->apps != NULL && i < pool->apps->count; i++) {
		const struct app *app = pool->apps->items[i];

		for (size_t k = 0; k < app->source_count; k++) {
			const char *key = app->sources[k].repository;
			bool any = key != NULL && strcmp(key, APP_ANY_REPOSITORY) == 0;

			for (struct reader_repository *r = any ? pool->repositories : NULL;
			     r != NULL; r = r->next) {
				hand_to(r, only, app, i);
			}
			hand_to(key != NULL ? find_key(pool, key) : NULL, only, app, i);
		}
	}
}

static void share_begin(struct reader_pool *pool, struct reader_repository *r)
{
	r->coming = share_new(pool->generation, pool->seed);
}

static void share_end(struct reader_repository *r)
{
	share_drop(r->share);
	r->share = r->coming;
	r->coming = NULL;
}

static struct reader_repository *add_repository(struct reader_pool *pool, const char *key)
{
	struct reader_repository *r = xcalloc(1, sizeof(*r));

	r->key = xstrdup(key);
	r->reader = pool->readers[hash_text(key) % pool->options.count];
	r->next = pool->repositories;
	pool->repositories = r;
	HASH_ADD_KEYPTR(hh, pool->by_key, r->key, strlen(r->key), r);
	share_begin(pool, r);
	hand_out(pool, r);
	share_end(r);
	return r;
}

static void replace_text(char **text, const char *value)
{
	free(*text);
	*text = value != NULL ? xstrdup(value) : NULL;
}

static bool is_unchanged(const struct reader_repository *r,
			 const struct reader_repository_options *options)
{
	bool same_cache = (r->cache_directory == NULL) == (options->cache_directory == NULL) &&
			  (r->cache_directory == NULL ||
			   strcmp(r->cache_directory, options->cache_directory) == 0);

	return r->path != NULL && strcmp(r->path, options->path) == 0 &&
	       strcmp(r->url, options->url) == 0 && same_cache &&
	       r->cache_max_bytes == options->cache_max_bytes && r->mode == options->mode &&
	       r->allow_alternates == options->allow_alternates;
}

int reader_set_repository(struct reader_pool *pool,
			  const struct reader_repository_options *options, struct error *err)
{
	if (options->path[0] != '/' ||
	    (options->cache_directory != NULL && options->cache_directory[0] != '/')) {
		return error_set(err, -1, "repository %s: its path and cache must be absolute",
				 options->path);
	}
	char *key = giturl_normalise(options->url, err);
	if (key == NULL) {
		return -1;
	}
	struct reader_repository *r = find_key(pool, key);
	if (r == NULL) {
		r = add_repository(pool, key);
	}
	free(key);
	r->dropped = false;
	if (is_unchanged(r, options)) {
		return 0;
	}
	replace_text(&r->url, options->url);
	replace_text(&r->path, options->path);
	replace_text(&r->cache_directory, options->cache_directory);
	r->mode = options->mode;
	r->cache_max_bytes = options->cache_max_bytes;
	r->allow_alternates = options->allow_alternates;
	r->serial = ++pool->serial;
	return 0;
}

void reader_drop_repository(struct reader_pool *pool, const char *url)
{
	struct reader_repository *r = reader_pool_find(pool, url, NULL);

	if (r != NULL) {
		r->dropped = true;
		remove_if_unused(pool, r);
	}
}

uint64_t reader_set_apps(struct reader_pool *pool, const struct app_list *list)
{
	pool->apps = list;
	pool->generation++;
	for (struct reader_repository *r = pool->repositories; r != NULL; r = r->next) {
		share_begin(pool, r);
	}
	hand_out(pool, NULL);
	for (struct reader_repository *r = pool->repositories; r != NULL; r = r->next) {
		share_end(r);
	}
	return pool->generation;
}

/* --- for the other files, and numbers --- */

void reader_log(const struct reader_pool *pool, enum reader_log_level level, const char *text)
{
	if (pool->options.log != NULL) {
		pool->options.log(pool->options.log_arg, level, text);
	}
}

const struct app_list *reader_pool_apps(const struct reader_pool *pool)
{
	return pool->apps;
}

const struct reader_options *reader_pool_options(const struct reader_pool *pool)
{
	return &pool->options;
}

struct reader *reader_pool_parser(const struct reader_pool *pool)
{
	return pool->parser;
}

struct reader_repository *reader_pool_repositories(const struct reader_pool *pool,
						   uint64_t *ret_serial)
{
	*ret_serial = pool->serial;
	return pool->repositories;
}

void reader_pool_count(struct reader_pool *pool, bool started)
{
	pool->started += started;
	pool->lost += !started;
}

void reader_pool_count_answer(struct reader_pool *pool, enum reader_result result)
{
	pool->answered += result == READER_OK || result == READER_REFUSED ||
			  result == READER_UNUSABLE;
	pool->died += result == READER_DIED;
	pool->timed_out += result == READER_TIMEOUT;
}

void reader_pool_metrics(const struct reader_pool *pool, struct reader_metrics *ret_metrics)
{
	int64_t now = mstime_monotonic();

	*ret_metrics = (struct reader_metrics){
		.answered = pool->answered, .died = pool->died, .timed_out = pool->timed_out,
		.started = pool->started, .lost = pool->lost,
	};
	for (unsigned i = 0; i < pool->options.count; i++) {
		reader_talk_metrics(pool->readers[i], now, ret_metrics);
	}
	reader_talk_metrics(pool->parser, now, ret_metrics);
}

const char *reader_library_version(void)
{
	return repo_library_version();
}
