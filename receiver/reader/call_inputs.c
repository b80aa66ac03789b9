/*
 * The call "inputs": what does an application read, or its annotation miss?
 *
 * An answer for people ("doorbell explain"): what is too long is cut or left
 * out, and only counted.  Numbers of applications are as in call_affected.c.
 */
#include "base/text.h"
#include "receiver/reader/reader_call.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

int reader_inputs(struct reader_pool *pool, const char *url,
		  const struct affected_inputs_request *request, reader_inputs_fn done, void *arg,
		  struct error *err)
{
	char commit[OID_HEX_MAX + 1];
	json_t *question = json_pack("{s:s, s:s?, s:s, s:s?}", "ref", request->ref,
				     "default_branch", request->default_branch, "commit",
				     oid_to_hex(&request->commit, commit), "application",
				     request->application);

	return reader_ask(pool, url, &call_inputs, question, (reader_done_fn)done, arg, err);
}

/* --- in the reader --- */

/* Texts and the chain are cut to what the parent accepts. */
static json_t *input_to_json(const struct affected_input *input)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "path", input->path }, { "filter", input->filter },
		      { "argument", input->argument }, { "why", input->why } };
	json_t *value = json_pack("{s:I, s:I, s:s, s:i}", "app", (json_int_t)input->app, "source",
				  (json_int_t)input->source, "kind", probe_kind_name(input->kind),
				  "flags", (int)input->flags);
	json_t *via = json_array();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char cut[LIMIT_PATH_BYTES + 1];

		(void)snprintf(cut, sizeof(cut), "%s", texts[i].text);
		(void)json_object_set_new(value, texts[i].name, text_to_json(cut));
	}
	for (size_t i = 0; i < input->via.count; i++) {
		char cut[LIMIT_PATH_BYTES + 1];

		(void)snprintf(cut, sizeof(cut), "%s", input->via.items[i]);
		(void)json_array_append_new(via, text_to_json(cut));
	}
	(void)json_object_set_new(value, "via", via);
	return value;
}

/* In as many frames as it takes. What is too long for one is counted only. */
static int write_answer(struct child *child, const struct affected_inputs *inputs)
{
	struct child_piece piece = { .child = child, .names = { "items", NULL } };

	child_piece_begin(&piece);
	for (size_t i = 0; i < inputs->count; i++) {
		json_t *item = input_to_json(&inputs->items[i]);
		size_t bytes = json_dumpb(item, NULL, 0, JSON_COMPACT);

		if (bytes > PIECE_BYTES || piece.total + piece.bytes + bytes > PIECES_BYTES) {
			json_decref(item);
			continue;
		}
		if (child_piece_add(&piece, 0, item, bytes) < 0) {
			child_piece_drop(&piece);
			return -1;
		}
	}
	json_t *last = json_pack("{s:I, s:I}", "total", (json_int_t)inputs->total, "sources",
				 (json_int_t)inputs->sources);
	return child_piece_end(&piece, last);
}

static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = child_find(child, request, err);
	const struct affected_inputs_request ask = {
		.ref = child_text(request, "ref"),
		.default_branch = json_string_value(json_object_get(request, "default_branch")),
		.commit = child_oid(request, "commit"),
		.application = json_string_value(json_object_get(request, "application")),
	};
	struct affected_inputs inputs = { .items = NULL };

	if (r == NULL || affected_inputs(r->state, &ask, &inputs, err) < 0) {
		return -1;
	}
	int status = write_answer(child, &inputs);
	affected_inputs_release(&inputs);
	return status;
}

/* --- in the receiver again --- */

/* {"app", "source", "kind", "flags", "path", "filter", "argument", "why", "via"}. */
static int read_input(const struct reader_job *job, const json_t *value)
{
	struct affected_inputs *inputs = job->state;
	static const char *const keys[] = { "path", "filter", "argument", "why" };
	const char *texts[4];
	struct affected_input input = { .via = STRVEC_INIT };
	size_t flags = 0;

	for (size_t i = 0; i < 4; i++) {
		texts[i] = answer_text(value, keys[i], READER_TEXT_BYTES);
		if (texts[i] == NULL) {
			return -1;
		}
	}
	if (job->share->count == 0 || inputs->count >= AFFECTED_INPUTS_MAX ||
	    answer_count(json_object_get(value, "app"), job->share->count - 1, &input.app) < 0 ||
	    answer_count(json_object_get(value, "source"), LIMIT_SOURCES, &input.source) < 0 ||
	    input.source >= job->share->items[input.app].sources ||
	    answer_count(json_object_get(value, "flags"), UINT8_MAX, &flags) < 0 ||
	    answer_probe(value, "kind", &input.kind) < 0 ||
	    answer_via(json_object_get(value, "via"), &input.via) < 0) {
		strvec_release(&input.via);
		return -1;
	}
	input.flags = (unsigned)flags;
	input.path = xstrdup(texts[0]);
	input.filter = xstrdup(texts[1]);
	input.argument = xstrdup(texts[2]);
	input.why = xstrdup(texts[3]);
	inputs->items = xgrow(inputs->items, inputs->count, &inputs->capacity,
				  sizeof(input));
	inputs->items[inputs->count++] = input;
	return 0;
}

static int read_answer(struct reader_job *job, const json_t *answer, bool last, struct error *err)
{
	struct affected_inputs *inputs = job->state;
	const json_t *items = json_object_get(answer, "items");
	const json_t *item;
	size_t i;

	(void)err;
	if (!json_is_array(items) || (!last && json_array_size(items) == 0)) {
		return -1;
	}
	json_array_foreach(items, i, item) {
		if (read_input(job, item) < 0) {
			return -1;
		}
	}
	if (last && (answer_count(json_object_get(answer, "total"), SIZE_MAX / 2,
				  &inputs->total) < 0 ||
		     answer_count(json_object_get(answer, "sources"), SIZE_MAX / 2,
				  &inputs->sources) < 0)) {
		return -1;
	}
	return 0;
}

/* From the reader's numbers of applications to places in the caller's list. */
static void finish(struct reader_job *job, enum reader_result result, const char *why)
{
	reader_inputs_fn done = (reader_inputs_fn)job->done;
	struct affected_inputs *inputs = job->state;

	if (result != READER_OK) {
		done(job->arg, result, NULL, 0, why);
		return;
	}
	for (size_t i = 0; i < inputs->count; i++) {
		inputs->items[i].app = job->share->items[inputs->items[i].app].index;
	}
	done(job->arg, READER_OK, inputs, job->share->generation, why);
}

static void release(void *state)
{
	affected_inputs_release(state);
}

const struct reader_call call_inputs = {
	.name = "inputs",
	.needs = READER_NEEDS_APPS,
	.reads_files = true,
	.state_size = sizeof(struct affected_inputs),
	.write = reader_call_write,
	.handle = handle,
	.read = read_answer,
	.finish = finish,
	.release = release,
};
