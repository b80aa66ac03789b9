/*
 * Frames from a reader that was taken over: taken or refused, and what was
 * taken keeps its promises.  The first byte chooses the request; frames are
 * separated by a zero byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_impl.h"

/* A fuzz target is linked with lib/ only. */
#include "receiver/reader/reader_answer.c"
#include "receiver/reader/reader_share.c"

#define ID 7
#define APPS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good) {
		abort();
	}
}

static void check_affected(const struct affected *affected)
{
	require(affected->count <= APPS);
	for (size_t i = 0; i < affected->count; i++) {
		const struct affected_application *item = &affected->items[i];

		require(item->app < APPS && item->source <= item->app);
		require(i == 0 || affected->items[i - 1].app < item->app);
		require(item->reason_count <= LIMIT_REASONS);
		for (size_t k = 0; k < item->reason_count; k++) {
			require(item->reasons[k].path != NULL);
			require(item->reasons[k].via.count <= LIMIT_VIA);
			require(change_kind_name(item->reasons[k].change) != NULL);
			require(probe_kind_name(item->reasons[k].probe) != NULL);
		}
	}
}

/* Application i has i + 1 sources. */
static struct share *make_share(void)
{
	struct app_source none[APPS] = { { .url = NULL } };
	struct share *share = share_new(1, 0);

	for (size_t i = 0; i < APPS; i++) {
		char name[] = "a";
		char empty[] = "";
		struct app app = { .id.name = name, .id.namespace = empty, .project = empty };

		app.sources = none;
		share_add(share, &app, i);
		share->items[i].sources = i + 1;
	}
	return share;
}

static void feed(struct reader_job *job, const char *text, size_t size)
{
	struct error err = ERROR_INIT;
	enum answer_result result = ANSWER_MORE;

	while (size > 0 && result == ANSWER_MORE) {
		size_t len = strnlen(text, size);

		result = reader_answer_take(job, ID, text, len, &err);
		len += len < size;
		text += len;
		size -= len;
	}
	if (result == ANSWER_DONE && job->kind == JOB_AFFECTED && job->step == STEP_ASK) {
		check_affected(&job->affected);
		require(job->affected.tracked <= APPS);
	}
	for (size_t i = 0; i < job->inputs.count; i++) {
		const struct affected_input *input = &job->inputs.items[i];

		require(input->app < APPS && input->source <= input->app);
		require(input->path != NULL && input->why != NULL);
		require(input->via.count <= LIMIT_VIA);
		require(probe_kind_name(input->kind) != NULL);
	}
	if (result == ANSWER_DONE && job->kind == JOB_RESOLVE && job->tip.found) {
		require(job->tip.commit.len == 20 || job->tip.commit.len == 32);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int landlock = 0;
	bool seccomp = false;

	if (size == 0) {
		return 0;
	}
	struct reader_job job = {
		.kind = (enum job_kind)(data[0] % 4),
		.step = data[0] & 0x80 ? STEP_OPEN : STEP_ASK,
		.share = make_share(),
	};
	feed(&job, (const char *)data + 1, size - 1);
	(void)reader_answer_hello((const char *)data + 1, size - 1, &landlock, &seccomp, NULL);
	share_drop(job.share);
	affected_release(&job.affected);
	affected_inputs_release(&job.inputs);
	app_list_release(&job.list);
	strvec_release(&job.problems);
	return 0;
}
