/*
 * Answers, in frames that stay below what the parent accepts.
 *
 * Items are gathered into a frame until it is about an eighth of the ceiling,
 * so that one more never passes it.
 */
#include "base/text.h"
#include "receiver/reader/reader_child_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/frame.h"

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

int child_answer_error(struct child *child, const char *why, bool lasting)
{
	json_t *object = json_pack("{s:b}", "lasting", lasting);

	(void)json_object_set_new(object, "error", text_to_json(why));
	return send_object(child, object);
}

void child_piece_begin(struct child_piece *piece)
{
	for (size_t i = 0; i < PIECE_ARRAYS; i++) {
		piece->arrays[i] = piece->names[i] != NULL ? json_array() : NULL;
	}
	piece->bytes = 0;
}

void child_piece_drop(struct child_piece *piece)
{
	for (size_t i = 0; i < PIECE_ARRAYS; i++) {
		json_decref(piece->arrays[i]);
	}
}

/* Move the arrays into object, empty ones too. */
static void move_arrays(struct child_piece *piece, json_t *object)
{
	for (size_t i = 0; i < PIECE_ARRAYS && piece->names[i] != NULL; i++) {
		(void)json_object_set_new(object, piece->names[i], piece->arrays[i]);
	}
	piece->total += piece->bytes;
}

int child_piece_add(struct child_piece *piece, size_t array, json_t *value, size_t bytes)
{
	int r = 0;

	if (piece->bytes > 0 && piece->bytes + bytes > PIECE_BYTES) {
		json_t *object = json_pack("{s:b}", "more", 1);

		move_arrays(piece, object);
		r = send_object(piece->child, object);
		child_piece_begin(piece);
	}
	(void)json_array_append_new(piece->arrays[array], value);
	piece->bytes += bytes + 1;
	return r;
}

int child_piece_end(struct child_piece *piece, json_t *content)
{
	move_arrays(piece, content);
	return child_answer(piece->child, content);
}
