/*
 * What a reader says, checked field by field.
 *
 * A reader may have been taken over by what it read.  So an answer must be
 * JSON of the expected shape, to the request at hand; applications are named
 * by their number in the share that the request was asked with, in rising
 * order, each once; texts, counts and the sum of all frames have ceilings.
 * Anything else is nonsense, and the reader goes.
 */
#include "receiver/reader/reader_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_impl.h"

static enum answer_result nonsense(struct error *err, const char *what)
{
	return (enum answer_result)error_set(err, ANSWER_NONSENSE, "the reader's answer %s", what);
}

/* A string of at most max bytes at key, or NULL. */
static const char *text_at(const json_t *object, const char *key, size_t max)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) && json_string_length(value) <= max
		       ? json_string_value(value)
		       : NULL;
}

/* An integer from 0 to max: 0 with *ret_value, or -1. */
static int read_count(const json_t *value, size_t max, size_t *ret_value)
{
	json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;

	if (number < 0 || (unsigned long long)number > max) {
		return -1;
	}
	*ret_value = (size_t)number;
	return 0;
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

static int read_probe(const char *name, enum probe_kind *ret_kind)
{
	for (int k = PROBE_FILE; name != NULL && k <= PROBE_REMOTE; k++) {
		if (strcmp(name, probe_kind_name((enum probe_kind)k)) == 0) {
			*ret_kind = (enum probe_kind)k;
			return 0;
		}
	}
	return -1;
}

/* A list of links of a chain. 0, or -1. */
static int check_via(const json_t *value)
{
	const json_t *link;
	size_t i;

	if (!json_is_array(value) || json_array_size(value) > LIMIT_VIA) {
		return -1;
	}
	json_array_foreach(value, i, link) {
		if (!json_is_string(link) || json_string_length(link) > READER_TEXT_BYTES) {
			return -1;
		}
	}
	return 0;
}

/* A list of links of a chain, copied. 0, or -1. */
static int read_via(struct strvec *via, const json_t *value)
{
	const json_t *link;
	size_t i;

	if (check_via(value) < 0) {
		return -1;
	}
	json_array_foreach(value, i, link) {
		strvec_push(via, json_string_value(link));
	}
	return 0;
}

/* One reason has the members that it must have, and no other. 0, or -1. */
static int check_reason(const json_t *value)
{
	enum change_kind change;
	enum probe_kind probe;

	if (json_object_size(value) != 4 || text_at(value, "path", READER_TEXT_BYTES) == NULL ||
	    read_change(text_at(value, "change", 16), &change) < 0 ||
	    read_probe(text_at(value, "probe", 16), &probe) < 0) {
		return -1;
	}
	return check_via(json_object_get(value, "via"));
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
	    read_count(json_array_get(value, 0), job->share->count - 1, &item.app) < 0 ||
	    read_count(json_array_get(value, 2), SIZE_MAX / 2, &item.touched) < 0) {
		return -1;
	}
	size_t sources = job->share->items[item.app].sources;
	if (sources == 0 ||
	    read_count(json_array_get(value, 1), sources - 1, &item.source) < 0) {
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
	const char *repository = text_at(value, "repository", READER_TEXT_BYTES);
	const char *ref = text_at(value, "ref", READER_TEXT_BYTES);
	const char *path = text_at(value, "path", READER_TEXT_BYTES);
	const char *walker = text_at(value, "walker", READER_TEXT_BYTES);
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
		    read_count(number, job->share->count - 1, &at) < 0) {
			r = -1;
			break;
		}
		(void)json_array_append_new(names, json_string(job->share->items[at].name));
	}
	if (job->affected.remote_references == NULL) {
		job->affected.remote_references = json_array();
	}
	(void)json_array_append_new(
		job->affected.remote_references,
		json_pack("{s:s, s:s, s:s, s:s, s:o}", "repository", repository, "ref", ref,
			  "path", path, "walker", walker, "applications", names));
	return r;
}

static int read_affected_end(struct reader_job *job, const json_t *answer)
{
	const json_t *exact = json_object_get(answer, "exact");
	const json_t *fallback = json_object_get(answer, "fallback");

	if (!json_is_boolean(exact) ||
	    read_count(json_object_get(answer, "changed_paths"), SIZE_MAX / 2,
		       &job->affected.changed_paths) < 0 ||
	    read_count(json_object_get(answer, "tracked"), job->share->count,
		       &job->affected.tracked) < 0) {
		return -1;
	}
	job->affected.changed_paths_exact = json_is_true(exact);
	if (json_is_null(fallback)) {
		return 0;
	}
	job->affected.fallback = fallback_by_name(json_string_value(fallback));
	return job->affected.fallback != FALLBACKS ? 0 : -1;
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

static int take_affected(struct reader_job *job, const json_t *answer, bool last)
{
	struct affected *affected = &job->affected;
	const json_t *items = json_object_get(answer, "items");
	const json_t *same = json_object_get(answer, "same");
	const json_t *refers = json_object_get(answer, "refers");
	const struct item_list items_list = {
		&affected->items, &affected->count, &job->capacity,
	};
	const struct item_list same_list = {
		&affected->same, &affected->same_count, &job->same_capacity,
	};
	size_t count = json_array_size(items) + json_array_size(same) + json_array_size(refers);

	if (!json_is_array(items) || !json_is_array(same) ||
	    (refers != NULL && !json_is_array(refers)) || (!last && count == 0) ||
	    read_items(job, &items_list, items) < 0 || read_items(job, &same_list, same) < 0 ||
	    read_references(job, refers) < 0) {
		return -1;
	}
	return last ? read_affected_end(job, answer) : 0;
}

/* {"app", "source", "kind", "flags", "path", "filter", "argument", "why", "via"}. */
static int read_input(struct reader_job *job, const json_t *value)
{
	static const char *const keys[] = { "path", "filter", "argument", "why" };
	const char *texts[4];
	struct affected_input input = { .via = STRVEC_INIT };
	size_t flags = 0;

	for (size_t i = 0; i < 4; i++) {
		texts[i] = text_at(value, keys[i], READER_TEXT_BYTES);
		if (texts[i] == NULL) {
			return -1;
		}
	}
	if (job->share->count == 0 || job->inputs.count >= AFFECTED_INPUTS_MAX ||
	    read_count(json_object_get(value, "app"), job->share->count - 1, &input.app) < 0 ||
	    read_count(json_object_get(value, "source"), LIMIT_SOURCES, &input.source) < 0 ||
	    input.source >= job->share->items[input.app].sources ||
	    read_count(json_object_get(value, "flags"), UINT8_MAX, &flags) < 0 ||
	    read_probe(text_at(value, "kind", 16), &input.kind) < 0 ||
	    read_via(&input.via, json_object_get(value, "via")) < 0) {
		strvec_release(&input.via);
		return -1;
	}
	input.flags = (unsigned)flags;
	input.path = xstrdup(texts[0]);
	input.filter = xstrdup(texts[1]);
	input.argument = xstrdup(texts[2]);
	input.why = xstrdup(texts[3]);
	job->inputs.items = xgrow(job->inputs.items, job->inputs.count, &job->inputs.capacity,
				  sizeof(input));
	job->inputs.items[job->inputs.count++] = input;
	return 0;
}

static int take_inputs(struct reader_job *job, const json_t *answer, bool last)
{
	const json_t *items = json_object_get(answer, "items");
	const json_t *item;
	size_t i;

	if (!json_is_array(items) || (!last && json_array_size(items) == 0)) {
		return -1;
	}
	json_array_foreach(items, i, item) {
		if (read_input(job, item) < 0) {
			return -1;
		}
	}
	if (last && (read_count(json_object_get(answer, "total"), SIZE_MAX / 2,
				&job->inputs.total) < 0 ||
		     read_count(json_object_get(answer, "sources"), SIZE_MAX / 2,
				&job->inputs.sources) < 0)) {
		return -1;
	}
	return 0;
}

static int take_resolve(struct reader_job *job, const json_t *answer, struct error *err)
{
	const char *commit = text_at(answer, "commit", OID_HEX_MAX);
	const char *why = text_at(answer, "why", READER_WHY_BYTES);
	const json_t *present = json_object_get(answer, "present");

	if (commit == NULL || why == NULL || !json_is_boolean(present)) {
		return -1;
	}
	job->tip.present = json_is_true(present);
	job->tip.found = commit[0] != '\0';
	(void)error_set(err, 0, "%s", why);
	return job->tip.found ? oid_from_hex(commit, strlen(commit), &job->tip.commit) : 0;
}

static int take_app(struct reader_job *job, const json_t *value)
{
	const char *origin = text_at(value, "origin", READER_TEXT_BYTES);
	struct app *app = NULL;

	if (origin == NULL || job->list.count >= LIMIT_APPLICATIONS ||
	    app_from_json(json_object_get(value, "application"), origin, &app, NULL) != APP_OK) {
		return -1;
	}
	app_list_add_take(&job->list, app);
	return 0;
}

static int take_apps(struct reader_job *job, const json_t *answer, bool last)
{
	const json_t *apps = json_object_get(answer, "applications");
	const json_t *problems = json_object_get(answer, "problems");
	const json_t *value;
	size_t i;

	if (!json_is_array(apps) || !json_is_array(problems) ||
	    (!last && json_array_size(apps) + json_array_size(problems) == 0)) {
		return -1;
	}
	json_array_foreach(apps, i, value) {
		if (take_app(job, value) < 0) {
			return -1;
		}
	}
	json_array_foreach(problems, i, value) {
		if (!json_is_string(value) || job->problems.count >= READER_PROBLEMS_MAX ||
		    json_string_length(value) > READER_TEXT_BYTES) {
			return -1;
		}
		strvec_push(&job->problems, json_string_value(value));
	}
	return 0;
}

/* The part of an answer that belongs to the kind of request. */
static int take_content(struct reader_job *job, const json_t *answer, bool last,
			struct error *err)
{
	if (job->step != STEP_ASK) {
		return last ? 0 : -1;
	}
	switch (job->kind) {
	case JOB_AFFECTED:
		return take_affected(job, answer, last);
	case JOB_RESOLVE:
		return last ? take_resolve(job, answer, err) : -1;
	case JOB_READ_APPS:
	case JOB_PARSE:
		return take_apps(job, answer, last);
	case JOB_INPUTS:
		return take_inputs(job, answer, last);
	}
	return -1;
}

static enum answer_result take_object(struct reader_job *job, uint64_t id, const json_t *answer,
				      struct error *err)
{
	const json_t *given = json_object_get(answer, "id");
	bool more = json_is_true(json_object_get(answer, "more"));

	if (!json_is_integer(given) || json_integer_value(given) != (json_int_t)id) {
		return nonsense(err, "is to another request");
	}
	if (json_object_get(answer, "stale") != NULL) {
		return job->begun || job->kind == JOB_PARSE
			       ? nonsense(err, "is taken back half-way")
			       : ANSWER_STALE;
	}
	if (json_object_get(answer, "error") != NULL) {
		const char *text = text_at(answer, "error", READER_WHY_BYTES);

		if (text == NULL) {
			return nonsense(err, "has a strange error");
		}
		return (enum answer_result)error_set(err, ANSWER_REFUSED, "%s", text);
	}
	if (!more && !json_is_true(json_object_get(answer, "ok"))) {
		return nonsense(err, "says neither more nor ok");
	}
	if (take_content(job, answer, !more, err) < 0) {
		return nonsense(err, "has a field that cannot be");
	}
	job->begun = more;
	return more ? ANSWER_MORE : ANSWER_DONE;
}

enum answer_result reader_answer_take(struct reader_job *job, uint64_t id, const char *body,
				      size_t len, struct error *err)
{
	json_t *answer = NULL;

	job->answer_bytes += len;
	if (job->answer_bytes > READER_ANSWERS_BYTES) {
		return nonsense(err, "is too long");
	}
	answer = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	if (answer == NULL) {
		return nonsense(err, "is not JSON");
	}
	enum answer_result result = take_object(job, id, answer, err);
	json_decref(answer);
	return result;
}

int reader_answer_hello(const char *body, size_t len, int *ret_landlock, bool *ret_seccomp,
			struct error *err)
{
	json_t *hello = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *seccomp = json_object_get(hello, "seccomp");
	const char *failed = text_at(hello, "failed", READER_WHY_BYTES);
	size_t landlock = 0;
	int r = -1;

	if (failed != NULL) {
		(void)error_set(err, -1, "%s", failed);
		goto out;
	}
	if (!json_is_boolean(seccomp) ||
	    read_count(json_object_get(hello, "landlock"), 1000, &landlock) < 0) {
		(void)nonsense(err, "does not begin as it should");
		goto out;
	}
	*ret_landlock = (int)landlock;
	*ret_seccomp = json_is_true(seccomp);
	r = 0;
out:
	json_decref(hello);
	return r;
}
