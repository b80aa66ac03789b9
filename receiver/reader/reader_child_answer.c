/*
 * Answers, in frames that stay below what the parent accepts.
 *
 * Items are gathered into a frame until it is about an eighth of the ceiling,
 * so that one more never passes it.  Reasons are for people: those of one item
 * have a budget, and all together have one, after which items go without.
 * That an application is affected is never left out.
 */
#include "receiver/reader/reader_child_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "base/limits.h"
#include "base/text.h"
#include "receiver/reader/reader_impl.h"

/* Lists that one answer may have. */
#define PIECE_ARRAYS 3
#define PIECE_BYTES (READER_ANSWER_BYTES / 8)
/* What stands in a frame beside its items. */
#define AROUND_BYTES 1024
#define ITEM_BYTES (READER_ANSWER_BYTES / 16)
#define REASONS_BYTES (READER_ANSWERS_BYTES / 4)
#define ITEMS_BYTES (READER_ANSWERS_BYTES / 8 * 7)

/* The frame being gathered. */
struct piece {
	struct child *child;
	const char *names[PIECE_ARRAYS]; // of its arrays; the last ones may be NULL
	json_t *arrays[PIECE_ARRAYS];
	size_t bytes;          // in arrays
	size_t total;          // in frames sent before
};

static int send_object(struct child *child, json_t *object)
{
	(void)json_object_set_new(object, "id", json_integer(child->id));
	char *text = json_dumps(object, JSON_COMPACT);

	if (text == NULL || frame_write(child->channel, text, strlen(text)) < 0) {
		child->broken = true;
	}
	free(text);
	json_decref(object);
	return child->broken ? -1 : 0;
}

int child_answer(struct child *child, json_t *content)
{
	(void)json_object_set_new(content, "ok", json_true());
	return send_object(child, content);
}

int child_answer_stale(struct child *child)
{
	return send_object(child, json_pack("{s:b}", "stale", 1));
}

int child_answer_error(struct child *child, const char *why)
{
	json_t *object = json_object();

	(void)json_object_set_new(object, "error", text_to_json(why));
	return send_object(child, object);
}

static void piece_begin(struct piece *piece)
{
	for (size_t i = 0; i < PIECE_ARRAYS; i++) {
		piece->arrays[i] = piece->names[i] != NULL ? json_array() : NULL;
	}
	piece->bytes = 0;
}

static void piece_drop(struct piece *piece)
{
	for (size_t i = 0; i < PIECE_ARRAYS; i++) {
		json_decref(piece->arrays[i]);
	}
}

/* Move the arrays into object, empty ones too. */
static void piece_end(struct piece *piece, json_t *object)
{
	for (size_t i = 0; i < PIECE_ARRAYS && piece->names[i] != NULL; i++) {
		(void)json_object_set_new(object, piece->names[i], piece->arrays[i]);
	}
	piece->total += piece->bytes;
}

/* Add a value of so many bytes to an array; a full frame is sent before. */
static int piece_add(struct piece *piece, size_t array, json_t *value, size_t bytes)
{
	int r = 0;

	if (piece->bytes > 0 && piece->bytes + bytes > PIECE_BYTES) {
		json_t *object = json_pack("{s:b}", "more", 1);

		piece_end(piece, object);
		r = send_object(piece->child, object);
		piece_begin(piece);
	}
	(void)json_array_append_new(piece->arrays[array], value);
	piece->bytes += bytes + 1;
	return r;
}

/* --- affected --- */

static void limit_reason(json_t *reason)
{
	json_t *via = json_object_get(reason, "via");

	for (size_t i = 0; i < json_array_size(via); i++) {
		json_t *link = json_array_get(via, i);

		if (json_string_length(link) > READER_TEXT_BYTES) {
			(void)json_array_set_new(via, i, json_string("..."));
		}
	}
}

/* [number, source, touched, hard, [reason...]] with as many reasons as fit. */
static json_t *make_item(const struct affected_application *item, bool with_reasons,
			 size_t *ret_bytes)
{
	json_t *reasons = with_reasons ? affected_reasons_to_json(item) : json_array();
	size_t bytes = 0;

	while (json_array_size(reasons) > LIMIT_REASONS) {
		(void)json_array_remove(reasons, json_array_size(reasons) - 1);
	}
	for (size_t i = 0; i < json_array_size(reasons);) {
		limit_reason(json_array_get(reasons, i));
		size_t len = json_dumpb(json_array_get(reasons, i), NULL, 0, JSON_COMPACT);

		if (bytes + len > ITEM_BYTES) {
			(void)json_array_remove(reasons, i);
			continue;
		}
		bytes += len + 1;
		i++;
	}
	*ret_bytes = bytes + 48;
	return json_pack("[I, I, I, b, o]", (json_int_t)item->app, (json_int_t)item->source,
			 (json_int_t)item->touched, item->hard, reasons);
}

static json_t *fallback_word(const struct affected *affected)
{
	return affected->fallback != FALLBACK_NONE ? json_string(fallback_name(affected->fallback))
						   : json_null();
}

static int add_items(struct piece *piece, size_t array, const struct affected_application *items,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool with_reasons = piece->total < REASONS_BYTES;
		size_t bytes = 0;
		json_t *item = make_item(&items[i], with_reasons, &bytes);

		if (piece_add(piece, array, item, bytes) < 0) {
			return -1;
		}
	}
	return 0;
}

static int add_references(struct piece *piece, size_t array, const json_t *refers)
{
	json_t *entry;
	size_t i;

	json_array_foreach(refers, i, entry) {
		size_t bytes = json_dumpb(entry, NULL, 0, JSON_COMPACT);

		if (piece_add(piece, array, json_incref(entry), bytes) < 0) {
			return -1;
		}
	}
	return 0;
}

int child_answer_affected(struct child *child, const struct affected *affected)
{
	struct piece piece = { .child = child, .names = { "items", "same", "refers" } };

	piece_begin(&piece);
	if (add_items(&piece, 0, affected->items, affected->count) < 0 ||
	    add_items(&piece, 1, affected->same, affected->same_count) < 0 ||
	    add_references(&piece, 2, affected->remote_references) < 0) {
		piece_drop(&piece);
		return -1;
	}
	json_t *last = json_pack("{s:I, s:b, s:I, s:o}", "changed_paths",
				 (json_int_t)affected->changed_paths, "exact",
				 affected->changed_paths_exact, "tracked",
				 (json_int_t)affected->tracked, "fallback",
				 fallback_word(affected));
	piece_end(&piece, last);
	return child_answer(child, last);
}

/* --- inputs --- */

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

int child_answer_inputs(struct child *child, const struct affected_inputs *inputs)
{
	struct piece piece = { .child = child, .names = { "items", NULL } };

	piece_begin(&piece);
	for (size_t i = 0; i < inputs->count; i++) {
		json_t *item = input_to_json(&inputs->items[i]);
		size_t bytes = json_dumpb(item, NULL, 0, JSON_COMPACT);

		if (bytes > PIECE_BYTES || piece.total + piece.bytes + bytes > ITEMS_BYTES) {
			json_decref(item);
			continue;
		}
		if (piece_add(&piece, 0, item, bytes) < 0) {
			piece_drop(&piece);
			return -1;
		}
	}
	json_t *last = json_pack("{s:I, s:I}", "total", (json_int_t)inputs->total, "sources",
				 (json_int_t)inputs->sources);
	piece_end(&piece, last);
	return child_answer(child, last);
}

/* --- applications --- */

static int add_problem(struct piece *piece, const char *text)
{
	char cut[2048];

	(void)snprintf(cut, sizeof(cut), "%s", text);
	return piece_add(piece, 1, text_to_json(cut), strlen(cut) + 2);
}

static int add_app(struct piece *piece, const struct app *app)
{
	json_t *value = json_object();
	char why[1024];

	(void)json_object_set_new(value, "origin", text_to_json(app->origin));
	(void)json_object_set_new(value, "application", app_to_json(app));
	size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT);
	if (bytes > 0 && bytes <= READER_ANSWER_BYTES - AROUND_BYTES &&
	    piece->total + piece->bytes + bytes < ITEMS_BYTES) {
		return piece_add(piece, 0, value, bytes);
	}
	json_decref(value);
	(void)snprintf(why, sizeof(why), "%.512s: application \"%.253s\" is too large to be read",
		       app->origin, app->id.name);
	return add_problem(piece, why);
}

int child_answer_apps(struct child *child, const struct app_list *list,
		      const struct strvec *problems)
{
	struct piece piece = { .child = child, .names = { "applications", "problems" } };
	size_t told = 0;
	int r = 0;

	piece_begin(&piece);
	for (; told < problems->count && told < READER_PROBLEMS_MAX / 2 && r == 0; told++) {
		r = add_problem(&piece, problems->items[told]);
	}
	for (size_t i = 0; i < list->count && r == 0; i++) {
		r = add_app(&piece, list->items[i]);
	}
	if (r < 0) {
		piece_drop(&piece);
		return r;
	}
	json_t *last = json_object();
	piece_end(&piece, last);
	return child_answer(child, last);
}
