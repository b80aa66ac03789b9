/*
 * Frames from a reader that was taken over: taken or refused, and what was
 * taken keeps its promises to whoever asked.  The first byte chooses the call,
 * a row of the protocol's table; frames are separated by a zero byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_impl.h"
#include "base/ref_list.h"

#define ID 7
#define APPS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good) {
		abort();
	}
}

/* Reasons are handed on as they are: there may be none, else each has its four members. */
static void check_told(const char *told)
{
	json_t *reasons = told != NULL ? json_loads(told, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *reason;
	size_t i;

	require(told == NULL || json_array_size(reasons) > 0);
	require(json_array_size(reasons) <= LIMIT_REASONS);
	json_array_foreach(reasons, i, reason) {
		require(json_object_size(reason) == 4);
		require(json_is_string(json_object_get(reason, "path")));
		require(json_array_size(json_object_get(reason, "via")) <= LIMIT_VIA);
	}
	json_decref(reasons);
}

static void check_affected(const struct affected *affected)
{
	require(affected->count <= APPS);
	for (size_t i = 0; i < affected->count; i++) {
		const struct affected_application *item = &affected->items[i];

		require(item->app < APPS && item->source <= item->app);
		require(i == 0 || affected->items[i - 1].app < item->app);
		require(item->reason_count == 0);
		check_told(item->told);
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

/* --- what the callers of reader.h may rely on --- */

static void on_affected(void *arg, enum reader_result result, const struct reader_affected *answer,
			const char *why)
{
	require(arg == NULL && result == READER_OK && why != NULL && answer->generation == 1);
	check_affected(answer->affected);
	require(answer->affected->tracked <= APPS);
	for (size_t i = 0; i < answer->affected->count; i++) {
		require(answer->names[i] != NULL);
	}
}

static void on_inputs(void *arg, enum reader_result result, const struct affected_inputs *inputs,
		      uint64_t generation, const char *why)
{
	require(arg == NULL && result == READER_OK && why != NULL && generation == 1);
	for (size_t i = 0; i < inputs->count; i++) {
		const struct affected_input *input = &inputs->items[i];

		require(input->app < APPS && input->source <= input->app);
		require(input->path != NULL && input->why != NULL);
		require(input->via.count <= LIMIT_VIA);
		require(probe_kind_name(input->kind) != NULL);
	}
}

static void on_resolve(void *arg, enum reader_result result, const struct reader_tip *tip,
		       const char *why)
{
	require(arg == NULL && result == READER_OK && why != NULL);
	require(!tip->found || tip->commit.len == 20 || tip->commit.len == 32);
}

static void on_apps(void *arg, enum reader_result result, struct manifests *found,
		    const char *why)
{
	require(arg == NULL && result == READER_OK && why != NULL);
	for (size_t i = 0; i < found->list.count; i++) {
		require(found->list.items[i] != NULL && found->list.items[i]->origin != NULL);
	}
}

static void on_list(void *arg, enum reader_result result, const struct ref_list *listing,
		    const char *why)
{
	require(arg == NULL && result == READER_OK && why != NULL);
	for (size_t i = 0; i < listing->count; i++) {
		require(ref_list_is_of(listing->items[i].ref) && listing->items[i].id.len > 0);
	}
}

/* A row without a callback here is read and released all the same. */
static reader_done_fn done_of(const struct reader_call *call)
{
	static const struct {
		const struct reader_call *call;
		reader_done_fn done;
	} rows[] = {
		{ &call_affected, (reader_done_fn)on_affected },
		{ &call_inputs, (reader_done_fn)on_inputs },
		{ &call_resolve, (reader_done_fn)on_resolve },
		{ &call_read_apps, (reader_done_fn)on_apps },
		{ &call_parse, (reader_done_fn)on_apps },
		{ &call_list, (reader_done_fn)on_list },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].call == call) {
			return rows[i].done;
		}
	}
	return NULL;
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
	if (result == ANSWER_DONE && job->done != NULL) {
		job->call->finish(job, READER_OK, err.text);
	}
}

/* The row of the table that the first byte chooses: '0' is the first. */
static const struct reader_call *choose(uint8_t byte)
{
	size_t count = 0;

	while (reader_calls[count] != NULL) {
		count++;
	}
	return reader_calls[(uint8_t)(byte - '0') % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int landlock = 0;
	bool seccomp = false;

	if (size == 0) {
		return 0;
	}
	const struct reader_call *call = choose(data[0]);
	struct reader_job job = {
		.call = call,
		.asked = call,
		.done = done_of(call),
		.share = make_share(),
		.state = call->state_size > 0 ? xcalloc(1, call->state_size) : NULL,
	};
	feed(&job, (const char *)data + 1, size - 1);
	(void)reader_answer_hello((const char *)data + 1, size - 1, &landlock, &seccomp, NULL);
	if (call->release != NULL) {
		call->release(job.state);
	}
	free(job.state);
	share_drop(job.share);
	return 0;
}
