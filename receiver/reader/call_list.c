/*
 * The call "list": where are all branches and tags of a repository?
 */
#include "receiver/reader/reader_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/ref_list.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

/* What one ref takes in a frame besides its name: two ids, and the marks of JSON. */
#define REF_BYTES (2 * OID_HEX_MAX + 16)

int reader_list(struct reader_pool *pool, const char *url, reader_list_fn done, void *arg,
		struct error *err)
{
	return reader_ask(pool, url, &call_list, json_object(), (reader_done_fn)done, arg, err);
}

/* --- in the reader --- */

/* [name, id, commit]. A name that is not UTF-8 is no name that a sender can say: left out. */
static int write_ref(struct child_piece *piece, const struct ref_entry *ref)
{
	char id[OID_HEX_MAX + 1];
	char commit[OID_HEX_MAX + 1];
	json_t *value = json_pack("[s, s, s]", ref->ref, oid_to_hex(&ref->id, id),
				  oid_to_hex(&ref->commit, commit));

	return value == NULL ? 0
			     : child_piece_add(piece, 0, value, strlen(ref->ref) + REF_BYTES);
}

static int write_listing(struct child *child, const struct ref_list *listing)
{
	struct child_piece piece = { .child = child, .names = { "refs" } };
	int r = 0;

	child_piece_begin(&piece);
	for (size_t i = 0; r == 0 && i < listing->count; i++) {
		r = write_ref(&piece, &listing->items[i]);
	}
	if (r < 0) {
		child_piece_drop(&piece);
		return -1;
	}
	return child_piece_end(&piece, json_pack("{s:s?}", "head", listing->default_branch));
}

static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = child_find(child, request, err);
	struct ref_list listing = { .items = NULL };
	int status = -1;

	if (r != NULL && affected_list(r->state, &listing, err) == 0) {
		status = write_listing(child, &listing);
	}
	ref_list_release(&listing);
	return status;
}

/* --- in the receiver again --- */

static int read_ref(struct ref_list *listing, const json_t *value)
{
	const char *texts[3];
	struct oid ids[2];

	if (json_array_size(value) != 3) {
		return -1;
	}
	for (size_t i = 0; i < 3; i++) {
		texts[i] = json_string_value(json_array_get(value, i));
		if (texts[i] == NULL ||
		    (i > 0 && oid_from_hex(texts[i], strlen(texts[i]), &ids[i - 1]) < 0)) {
			return -1;
		}
	}
	return ref_list_is_of(texts[0]) ? ref_list_add(listing, texts[0], &ids[0], &ids[1], NULL)
				       : -1;
}

static int read_answer(struct reader_job *job, const json_t *answer, bool last, struct error *err)
{
	struct ref_list *listing = job->state;
	const json_t *refs = json_object_get(answer, "refs");
	const json_t *head = json_object_get(answer, "head");
	const json_t *value;
	size_t i;

	(void)err;
	if (!json_is_array(refs) || (!last && json_array_size(refs) == 0)) {
		return -1;
	}
	json_array_foreach(refs, i, value) {
		if (read_ref(listing, value) < 0) {
			return -1;
		}
	}
	if (last && json_is_string(head)) {
		const char *name = answer_text(answer, "head", LIMIT_REF_BYTES);

		listing->default_branch = xstrdup_or_null(name);
	}
	return last && !json_is_string(head) && !json_is_null(head) ? -1 : 0;
}

static void finish(struct reader_job *job, enum reader_result result, const char *why)
{
	((reader_list_fn)job->done)(job->arg, result, result == READER_OK ? job->state : NULL,
				    why);
}

static void release(void *state)
{
	ref_list_release(state);
}

const struct reader_call call_list = {
	.name = "list",
	.needs = READER_NEEDS_REPOSITORY,
	.reads_files = true,
	.tells_of_repository = true,
	.state_size = sizeof(struct ref_list),
	.write = reader_call_write,
	.handle = handle,
	.read = read_answer,
	.finish = finish,
	.release = release,
};
