/*
 * The call "open": a repository is made known to its reader.
 *
 * It is what every other call of a repository needs first, once for each
 * process.  Nobody asks it for its own sake.
 */
#include "receiver/reader/reader_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

static int write_request(struct reader_job *job, uint64_t id, struct buf *out, struct error *err)
{
	const struct reader_repository *r = job->repository;

	return reader_call_write_take(
		json_pack("{s:s, s:s, s:s, s:s, s:s?, s:I, s:b}", "repository", r->key, "url",
			  r->url, "path", r->path, "mode", affected_mode_name(r->mode), "cache",
			  r->cache_directory, "cache_max", (json_int_t)r->cache_max_bytes,
			  "alternates", r->allow_alternates),
		call_open.name, id, out, err);
}

/* --- in the reader --- */

static enum affected_mode mode_of(const json_t *request)
{
	const char *name = child_text(request, "mode");

	for (int m = AFFECTED_EXACT; m <= AFFECTED_ARGOCD; m++) {
		if (strcmp(name, affected_mode_name((enum affected_mode)m)) == 0) {
			return (enum affected_mode)m;
		}
	}
	return AFFECTED_EXACT;
}

static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct affected_options options = {
		.repository_url = child_text(request, "url"),
		.path = child_text(request, "path"),
		.cache_directory = json_string_value(json_object_get(request, "cache")),
		.cache_max_bytes = json_integer_value(json_object_get(request, "cache_max")),
		.mode = mode_of(request),
		.allow_alternates = json_is_true(json_object_get(request, "alternates")),
	};
	struct affected_state *state = NULL;
	int status = affected_state_new(&options, &state, err);

	if (status != 0) {
		return status;
	}
	struct child_repository *r = xcalloc(1, sizeof(*r));
	r->key = xstrdup(child_text(request, "repository"));
	r->path = xstrdup(options.path);
	r->cache_directory = xstrdup_or_null(options.cache_directory);
	r->allow_alternates = options.allow_alternates;
	r->state = state;
	r->next = child->repositories;
	child->repositories = r;
	return child_answer(child, json_object());
}

/* --- in the receiver again --- */

/* The next reason why it cannot be read is told, whatever it is. */
static void finish(struct reader_job *job, enum reader_result result, const char *why)
{
	(void)result;
	(void)why;
	job->repository->opened = true;
	free(job->repository->refusal);
	job->repository->refusal = NULL;
}

const struct reader_call call_open = {
	.name = "open",
	.needs = READER_NEEDS_NOTHING,
	.reads_files = true,
	.tells_of_repository = true,
	.write = write_request,
	.handle = handle,
	.read = answer_empty,
	.finish = finish,
};
