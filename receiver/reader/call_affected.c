/*
 * The call "affected": which applications does a step of a ref change, and why?
 *
 * The reader counts the applications of its repository from 0 and answers with
 * those numbers.  They are good for the share (reader_share.h) that the question
 * was asked with: in rising order, each once, with a source that it has.  Only
 * when the answer is complete do they become places in the caller's list, so
 * no number of a reader is ever used on anything of ours unchecked.
 *
 * Reasons are for people: those of one item have a budget, and all together
 * have one, after which items go without.  That an application is affected is
 * never left out.
 */
#include "receiver/reader/reader_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

/* The reasons of one item, and of all. */
#define ITEM_BYTES (READER_ANSWER_BYTES / 16)
#define REASONS_BYTES (READER_ANSWERS_BYTES / 4)

/* What was answered so far. */
struct answer {
	struct affected affected;
	size_t capacity;         // of affected.items
	size_t same_capacity;    // of affected.same
};

int reader_affected(struct reader_pool *pool, const char *url,
		    const struct affected_request *request, reader_affected_fn done, void *arg,
		    struct error *err)
{
	char before[OID_HEX_MAX + 1];
	char after[OID_HEX_MAX + 1];
	json_t *question = json_pack("{s:s, s:s?, s:s, s:s, s:b}", "ref", request->ref,
				     "default_branch", request->default_branch, "before",
				     oid_to_hex(&request->before, before), "after",
				     oid_to_hex(&request->after, after), "count_all",
				     request->count_all);

	return reader_ask(pool, url, &call_affected, question, (reader_done_fn)done, arg, err);
}

/* --- in the reader --- */

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

static int add_items(struct child_piece *piece, size_t array,
		     const struct affected_application *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool with_reasons = piece->total < REASONS_BYTES;
		size_t bytes = 0;
		json_t *item = make_item(&items[i], with_reasons, &bytes);

		if (child_piece_add(piece, array, item, bytes) < 0) {
			return -1;
		}
	}
	return 0;
}

static int add_references(struct child_piece *piece, size_t array, const json_t *remote)
{
	json_t *entry;
	size_t i;

	json_array_foreach(remote, i, entry) {
		size_t bytes = json_dumpb(entry, NULL, 0, JSON_COMPACT);

		if (child_piece_add(piece, array, json_incref(entry), bytes) < 0) {
			return -1;
		}
	}
	return 0;
}

static int add_paths(struct child_piece *piece, size_t array, const struct strvec *paths)
{
	int r = 0;

	for (size_t i = 0; i < paths->count && r == 0; i++) {
		r = child_piece_add(piece, array, text_to_json(paths->items[i]),
				    6 * strlen(paths->items[i]) + 3);
	}
	return r;
}

/*
 * In as many frames as it takes. Reasons are cut to what the receiver accepts,
 * and left out once the answer as a whole becomes long.
 */
static int write_answer(struct child *child, const struct affected *affected)
{
	struct child_piece piece = { .child = child,
				     .names = { "items", "same", "refers", "paths" } };

	child_piece_begin(&piece);
	if (add_items(&piece, 0, affected->items, affected->count) < 0 ||
	    add_items(&piece, 1, affected->same, affected->same_count) < 0 ||
	    add_references(&piece, 2, affected->remote_references) < 0 ||
	    add_paths(&piece, 3, &affected->paths) < 0) {
		child_piece_drop(&piece);
		return -1;
	}
	json_t *last = json_pack("{s:I, s:b, s:I, s:o}", "changed_paths",
				 (json_int_t)affected->changed_paths, "exact",
				 affected->changed_paths_exact, "tracked",
				 (json_int_t)affected->tracked, "fallback",
				 fallback_word(affected));
	return child_piece_end(&piece, last);
}

static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = child_find(child, request, err);
	struct affected_request ask = {
		.ref = child_text(request, "ref"),
		.default_branch = json_string_value(json_object_get(request, "default_branch")),
		.before = child_oid(request, "before"),
		.after = child_oid(request, "after"),
		.count_all = json_is_true(json_object_get(request, "count_all")),
	};
	struct affected result = { .count = 0 };

	if (r == NULL || affected_compute(r->state, &ask, &result, err) < 0) {
		return -1;
	}
	int status = write_answer(child, &result);
	affected_release(&result);
	child->unsaved = true;
	return status;
}

/* --- in the receiver again --- */

static struct affected *affected_of(const struct reader_job *job)
{
	return &((struct answer *)job->state)->affected;
}

static int read_change(const char *name, enum change_kind *ret_kind)
{
	for (int k = CHANGE_ADDED; name != NULL && k <= CHANGE_REMOVED; k++) {
		if (strcmp(name, change_kind_name((enum change_kind)k)) == 0) {
			*ret_kind = (enum change_kind)k;
			return 0;
		}
	}
	return -1;
}

/* One reason has the members that it must have, and no other. 0, or -1. */
static int check_reason(const json_t *value)
{
	enum change_kind change;
	enum probe_kind probe;

	if (json_object_size(value) != 4 || answer_text(value, "path", READER_TEXT_BYTES) == NULL ||
	    read_change(answer_text(value, "change", 16), &change) < 0 ||
	    answer_probe(value, "probe", &probe) < 0) {
		return -1;
	}
	return answer_check_via(json_object_get(value, "via"));
}

/* Reasons are kept as the text that they came as, once they are well-formed. 0, or -1. */
static int read_reasons(const json_t *reasons, char **ret_text)
{
	const json_t *reason;
	size_t i;

	if (!json_is_array(reasons) || json_array_size(reasons) > LIMIT_REASONS) {
		return -1;
	}
	json_array_foreach(reasons, i, reason) {
		if (check_reason(reason) < 0) {
			return -1;
		}
	}
	*ret_text = i > 0 ? json_dumps(reasons, JSON_COMPACT) : NULL;
	return 0;
}

/* A list of affected applications that grows. */
struct item_list {
	struct affected_application **items;
	size_t *count;
	size_t *capacity;
};

/* [number, source, touched, hard, [reason...]] as the next item of a list. */
static int read_item(const struct reader_job *job, const struct item_list *list,
		     const json_t *value)
{
	const json_t *hard = json_array_get(value, 3);
	struct affected_application item = { .hard = json_is_true(hard) };

	if (json_array_size(value) != 5 || !json_is_boolean(hard) || job->share->count == 0 ||
	    answer_count(json_array_get(value, 0), job->share->count - 1, &item.app) < 0 ||
	    answer_count(json_array_get(value, 2), SIZE_MAX / 2, &item.touched) < 0) {
		return -1;
	}
	size_t sources = job->share->items[item.app].sources;
	if (sources == 0 ||
	    answer_count(json_array_get(value, 1), sources - 1, &item.source) < 0) {
		return -1;
	}
	if (*list->count > 0 && (*list->items)[*list->count - 1].app >= item.app) {
		return -1;
	}
	if (read_reasons(json_array_get(value, 4), &item.told) < 0) {
		return -1;
	}
	*list->items = xgrow(*list->items, *list->count, list->capacity, sizeof(**list->items));
	(*list->items)[(*list->count)++] = item;
	return 0;
}

/*
 * What some applications refer to elsewhere: their numbers become names, by
 * which whoever holds this will know them in another list.
 */
static int read_reference(struct reader_job *job, const json_t *value)
{
	const json_t *numbers = json_object_get(value, "applications");
	const char *repository = answer_text(value, "repository", READER_TEXT_BYTES);
	const char *ref = answer_text(value, "ref", READER_TEXT_BYTES);
	const char *path = answer_text(value, "path", READER_TEXT_BYTES);
	const char *walker = answer_text(value, "walker", READER_TEXT_BYTES);
	const json_t *number;
	size_t i;

	if (repository == NULL || ref == NULL || path == NULL || walker == NULL ||
	    !json_is_array(numbers)) {
		return -1;
	}
	json_t *names = json_array();
	int r = 0;
	json_array_foreach(numbers, i, number) {
		size_t at = 0;

		if (job->share->count == 0 ||
		    answer_count(number, job->share->count - 1, &at) < 0) {
			r = -1;
			break;
		}
		(void)json_array_append_new(names, json_string(job->share->items[at].name));
	}
	if (affected_of(job)->remote_references == NULL) {
		affected_of(job)->remote_references = json_array();
	}
	(void)json_array_append_new(
		affected_of(job)->remote_references,
		json_pack("{s:s, s:s, s:s, s:s, s:o}", "repository", repository, "ref", ref,
			  "path", path, "walker", walker, "applications", names));
	return r;
}

/* What only the last frame has. */
static int read_end(struct reader_job *job, const json_t *answer)
{
	const json_t *exact = json_object_get(answer, "exact");
	const json_t *fallback = json_object_get(answer, "fallback");

	if (!json_is_boolean(exact) ||
	    answer_count(json_object_get(answer, "changed_paths"), SIZE_MAX / 2,
			 &affected_of(job)->changed_paths) < 0 ||
	    answer_count(json_object_get(answer, "tracked"), job->share->count,
			 &affected_of(job)->tracked) < 0) {
		return -1;
	}
	affected_of(job)->changed_paths_exact = json_is_true(exact);
	if (json_is_null(fallback)) {
		return 0;
	}
	affected_of(job)->fallback = fallback_by_name(json_string_value(fallback));
	return affected_of(job)->fallback != FALLBACKS ? 0 : -1;
}

static int read_items(const struct reader_job *job, const struct item_list *list,
		      const json_t *values)
{
	const json_t *value;
	size_t i;

	json_array_foreach(values, i, value) {
		if (read_item(job, list, value) < 0) {
			return -1;
		}
	}
	return 0;
}

static int read_references(struct reader_job *job, const json_t *values)
{
	const json_t *value;
	size_t i;

	json_array_foreach(values, i, value) {
		if (read_reference(job, value) < 0) {
			return -1;
		}
	}
	return 0;
}

/* "A", "M" or "D", and a path. */
static int read_paths(struct strvec *paths, const json_t *values)
{
	const json_t *value;
	size_t i;

	json_array_foreach(values, i, value) {
		const char *text = json_string_value(value);

		if (text == NULL || json_string_length(value) > 3 * LIMIT_PATH_BYTES ||
		    paths->count >= LIMIT_PATHS_KEPT || strchr("AMD", text[0]) == NULL ||
		    text[0] == '\0' || text[1] != ' ') {
			return -1;
		}
		strvec_push(paths, text);
	}
	return 0;
}

static int read_answer(struct reader_job *job, const json_t *answer, bool last, struct error *err)
{
	struct answer *state = job->state;
	struct affected *affected = &state->affected;
	const json_t *items = json_object_get(answer, "items");
	const json_t *same = json_object_get(answer, "same");
	const json_t *remote = json_object_get(answer, "refers");
	const json_t *paths = json_object_get(answer, "paths");
	const struct item_list items_list = {
		&affected->items, &affected->count, &state->capacity,
	};
	const struct item_list same_list = {
		&affected->same, &affected->same_count, &state->same_capacity,
	};
	(void)err;
	size_t count = json_array_size(items) + json_array_size(same) + json_array_size(remote) +
		       json_array_size(paths);

	if (!json_is_array(items) || !json_is_array(same) ||
	    (remote != NULL && !json_is_array(remote)) || (!last && count == 0) ||
	    read_items(job, &items_list, items) < 0 || read_items(job, &same_list, same) < 0 ||
	    read_references(job, remote) < 0 || read_paths(&affected->paths, paths) < 0) {
		return -1;
	}
	return last ? read_end(job, answer) : 0;
}

/* From the reader's numbers of applications to places in the caller's list. */
static void place(const struct share *share, struct affected_application *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		items[i].app = share->items[items[i].app].index;
	}
}

static void finish(struct reader_job *job, enum reader_result result, const char *why)
{
	reader_affected_fn done = (reader_affected_fn)job->done;
	struct affected *affected = affected_of(job);

	if (result != READER_OK) {
		done(job->arg, result, NULL, why);
		return;
	}
	const char **names = xcalloc(affected->count, sizeof(*names));
	for (size_t i = 0; i < affected->count; i++) {
		names[i] = job->share->items[affected->items[i].app].name;
	}
	place(job->share, affected->items, affected->count);
	place(job->share, affected->same, affected->same_count);
	const struct reader_affected answer = {
		.affected = affected, .generation = job->share->generation, .names = names,
	};
	done(job->arg, READER_OK, &answer, why);
	free(names);
}

static void release(void *state)
{
	affected_release(&((struct answer *)state)->affected);
}

const struct reader_call call_affected = {
	.name = "affected",
	.needs = READER_NEEDS_APPS,
	.reads_files = true,
	.state_size = sizeof(struct answer),
	.write = reader_call_write,
	.handle = handle,
	.read = read_answer,
	.finish = finish,
	.release = release,
};
