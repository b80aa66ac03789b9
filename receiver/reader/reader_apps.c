/*
 * Applications and problems as an answer.
 *
 * Applications come back as the JSON of their manifests and are read again in
 * the receiver (app_from_json()), so that what a reader says passes the same
 * checks as what an operator wrote.
 */
#include "receiver/reader/reader_apps.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

#define PROBLEMS_MAX 10000

/* What stands in a frame beside its items. */
#define AROUND_BYTES 1024

/* --- in the reader --- */

static int add_text(struct child_piece *piece, size_t array, const char *text)
{
	char cut[2048];

	(void)snprintf(cut, sizeof(cut), "%s", text);
	return child_piece_add(piece, array, text_to_json(cut), strlen(cut) + 2);
}

static int add_app(struct child_piece *piece, const struct app *app)
{
	json_t *value = json_object();
	char why[1024];

	(void)json_object_set_new(value, "origin", text_to_json(app->origin));
	(void)json_object_set_new(value, "application", app_to_json(app));
	size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT);
	if (bytes > 0 && bytes <= READER_ANSWER_BYTES - AROUND_BYTES &&
	    piece->total + piece->bytes + bytes < PIECES_BYTES) {
		return child_piece_add(piece, 0, value, bytes);
	}
	json_decref(value);
	(void)snprintf(why, sizeof(why), "%.512s: application \"%.253s\" is too large to be read",
		       app->origin, app->id.name);
	return add_text(piece, 1, why);
}

static int add_texts(struct child_piece *piece, size_t array, const struct strvec *texts)
{
	int r = 0;

	for (size_t i = 0; i < texts->count && i < PROBLEMS_MAX / 2 && r == 0; i++) {
		r = add_text(piece, array, texts->items[i]);
	}
	return r;
}

int apps_answer_write(struct child *child, const struct manifests *found)
{
	const struct app_list *list = &found->list;
	struct child_piece piece = { .child = child,
				     .names = { "applications", "problems", "patches", "broken" } };
	int r = 0;

	child_piece_begin(&piece);
	r = add_texts(&piece, 1, &found->problems);
	r = r < 0 ? r : add_texts(&piece, 2, &found->patches);
	r = r < 0 ? r : add_texts(&piece, 3, &found->broken);
	for (size_t i = 0; i < list->count && r == 0; i++) {
		r = add_app(&piece, list->items[i]);
	}
	if (r < 0) {
		child_piece_drop(&piece);
		return r;
	}
	return child_piece_end(&piece, json_pack("{s:b}", "full", found->full));
}

/* --- in the receiver --- */

static int read_app(struct apps_answer *state, const json_t *value)
{
	const char *origin = answer_text(value, "origin", READER_TEXT_BYTES);
	struct app *app = NULL;

	if (origin == NULL || state->found.list.count >= LIMIT_APPLICATIONS ||
	    app_from_json(json_object_get(value, "application"), origin, &app, NULL) != APP_OK) {
		return -1;
	}
	app_list_add_take(&state->found.list, app);
	return 0;
}

static int read_texts(struct strvec *texts, const json_t *list)
{
	const json_t *value;
	size_t i;

	json_array_foreach(list, i, value) {
		if (!json_is_string(value) || texts->count >= PROBLEMS_MAX ||
		    json_string_length(value) > READER_TEXT_BYTES) {
			return -1;
		}
		strvec_push(texts, json_string_value(value));
	}
	return 0;
}

int apps_answer_read(struct reader_job *job, const json_t *answer, bool last, struct error *err)
{
	struct apps_answer *state = job->state;
	const json_t *apps = json_object_get(answer, "applications");
	const json_t *problems = json_object_get(answer, "problems");
	const json_t *patches = json_object_get(answer, "patches");
	const json_t *broken = json_object_get(answer, "broken");
	const json_t *value;
	size_t i;

	(void)err;
	if (!json_is_array(apps) || !json_is_array(problems) ||
	    (!last && json_array_size(apps) + json_array_size(problems) +
		      json_array_size(patches) + json_array_size(broken) == 0)) {
		return -1;
	}
	json_array_foreach(apps, i, value) {
		if (read_app(state, value) < 0) {
			return -1;
		}
	}
	state->found.full = json_is_true(json_object_get(answer, "full"));
	if (read_texts(&state->found.problems, problems) < 0 ||
	    read_texts(&state->found.broken, broken) < 0) {
		return -1;
	}
	return read_texts(&state->found.patches, patches);
}

void apps_answer_finish(struct reader_job *job, enum reader_result result, const char *why)
{
	reader_apps_fn done = (reader_apps_fn)job->done;
	struct apps_answer *state = job->state;

	done(job->arg, result, result == READER_OK ? &state->found : NULL, why);
}

void apps_answer_release(void *state)
{
	struct apps_answer *answer = state;

	manifests_release(&answer->found);
}
