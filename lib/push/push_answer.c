/*
 * The answer is kept as JSON, and beside it the bytes that its text will
 * take: each part is measured when it is added.
 */
#include "push/push_answer.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

/* For what stands around the refs: "delivery", "decided", "more" with their numbers. */
#define FRAME_BYTES 128

/* Part of the room left that the names of one ref may take. */
#define NAMES_SHARE 12

/* A word of a decision is short; this much of it is told. */
#define REASON_BYTES 1024

struct push_answer {
	int64_t delivery;
	json_t *refs;
	size_t bytes; // of the text of refs, commas included
	size_t more;
};

struct push_answer *push_answer_new(int64_t delivery)
{
	struct push_answer *answer = xcalloc(1, sizeof(*answer));

	*answer = (struct push_answer){ .delivery = delivery, .bytes = FRAME_BYTES };
	answer->refs = json_array();
	return answer;
}

void push_answer_free(struct push_answer *answer)
{
	if (answer != NULL) {
		json_decref(answer->refs);
		free(answer);
	}
}

/* The text of json, which is given up, as a new string. */
static char *text_of(json_t *json, size_t *ret_len)
{
	size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
	char *text = xmalloc(size + 1);

	(void)json_dumpb(json, text, size, JSON_COMPACT);
	text[size] = '\0';
	json_decref(json);
	*ret_len = size;
	return text;
}

char *push_answer_about(const struct push_answer_repository *repository, bool for_push,
			size_t *ret_len)
{
	json_t *json = json_object();

	json_object_set_new(json, "repository", text_to_json(repository->address));
	json_object_set_new(json, "known", json_boolean(repository->known));
	if (repository->nearest != NULL) {
		json_object_set_new(json, "nearest", text_to_json(repository->nearest));
	}
	if (for_push) {
		json_object_set_new(json, "decided", json_true());
		json_object_set_new(json, "refs", json_array());
	}
	return text_of(json, ret_len);
}

/* Bytes of a value's text, and of the comma behind it. */
static size_t measure(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) + 1;
}

/*
 * The names for which there is room.  They may take a twelfth of what is left,
 * so that the names of one ref leave room for the other refs.
 */
static json_t *names_of(const struct push_answer_ref *ref, size_t room)
{
	json_t *names = json_array();

	for (size_t i = 0; i < ref->name_count && i < LIMIT_ANSWER_NAMES; i++) {
		json_t *name = text_to_json(ref->names[i]);
		size_t size = measure(name);

		if (size > room) {
			json_decref(name);
			break;
		}
		room -= size;
		json_array_append_new(names, name);
	}
	return names;
}

static json_t *reason_of(const char *reason)
{
	char *cut = xstrndup(reason, REASON_BYTES);
	json_t *text = text_to_json(cut);

	free(cut);
	return text;
}

void push_answer_add(struct push_answer *answer, const struct push_answer_ref *ref)
{
	size_t limit = ref->affected > 0 ? LIMIT_ANSWER_BYTES : LIMIT_ANSWER_BYTES / 2;
	size_t room = answer->bytes < limit ? limit - answer->bytes : 0;
	json_t *json = json_object();

	json_object_set_new(json, "ref", text_to_json(ref->ref));
	json_object_set_new(json, "affected", json_integer((json_int_t)ref->affected));
	json_object_set_new(json, "applications", json_integer(ref->applications));
	json_object_set_new(json, "names", json_array());
	if (ref->untaken > 0) {
		json_object_set_new(json, "untaken", json_integer((json_int_t)ref->untaken));
	}
	if (ref->reason != NULL) {
		json_object_set_new(json, "reason", reason_of(ref->reason));
	}
	size_t size = measure(json);
	if (size > room) {
		answer->more++;
		json_decref(json);
		return;
	}
	json_object_set_new(json, "names", names_of(ref, (room - size) / NAMES_SHARE));
	answer->bytes += measure(json);
	json_array_append_new(answer->refs, json);
}

char *push_answer_write(const struct push_answer *answer, bool decided, size_t *ret_len)
{
	char id[24];

	(void)snprintf(id, sizeof(id), "%lld", (long long)answer->delivery);
	json_t *body = json_pack("{s:s, s:b, s:O}", "delivery", id, "decided", decided, "refs",
				 answer->refs);
	if (answer->more > 0) {
		json_object_set_new(body, "more", json_integer((json_int_t)answer->more));
	}
	return text_of(body, ret_len);
}
