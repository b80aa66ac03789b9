/*
 * What a reader says, checked field by field.
 *
 * A reader may have been taken over by what it read.  So an answer must be
 * JSON of the expected shape, to the request at hand; texts, counts and the
 * sum of all frames have ceilings.  This file reads what all answers have, and
 * the call (reader_call.h) the rest.  Anything else is nonsense, and the reader
 * goes.
 *
 * Staleness.  The kernel ties what a sandbox grants to directories, not to their
 * names, so a reader cannot open a repository that was made, moved or made anew
 * after it was started; nor can that be mended from outside.  The reader
 * compares before it begins (reader_child_grant.c) and says "stale": the one
 * answer that is about the reader and not about the request.  It is believed
 * only as the first frame of an answer.  After a part of an answer it would have
 * the same applications counted twice when the next reader is asked.
 */
#include "receiver/reader/reader_answer.h"

#include <string.h>

#include "base/limits.h"
#include "receiver/reader/reader_impl.h"

static enum answer_result nonsense(struct error *err, const char *what)
{
	return (enum answer_result)error_set(err, ANSWER_NONSENSE, "the reader's answer %s", what);
}

/* --- fields --- */

const char *answer_text(const json_t *object, const char *key, size_t max)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) && json_string_length(value) <= max
		       ? json_string_value(value)
		       : NULL;
}

int answer_count(const json_t *value, size_t max, size_t *ret_value)
{
	json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;

	if (number < 0 || (unsigned long long)number > max) {
		return -1;
	}
	*ret_value = (size_t)number;
	return 0;
}

int answer_probe(const json_t *object, const char *key, enum probe_kind *ret_kind)
{
	const char *name = answer_text(object, key, 16);

	for (int k = PROBE_FILE; name != NULL && k <= PROBE_REMOTE; k++) {
		if (strcmp(name, probe_kind_name((enum probe_kind)k)) == 0) {
			*ret_kind = (enum probe_kind)k;
			return 0;
		}
	}
	return -1;
}

int answer_check_via(const json_t *value)
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

int answer_via(const json_t *value, struct strvec *via)
{
	const json_t *link;
	size_t i;

	if (answer_check_via(value) < 0) {
		return -1;
	}
	json_array_foreach(value, i, link) {
		strvec_push(via, json_string_value(link));
	}
	return 0;
}

/* --- frames --- */

static enum answer_result take_object(struct reader_job *job, uint64_t id, const json_t *answer,
				      struct error *err)
{
	const json_t *given = json_object_get(answer, "id");
	bool more = json_is_true(json_object_get(answer, "more"));

	if (!json_is_integer(given) || json_integer_value(given) != (json_int_t)id) {
		return nonsense(err, "is to another request");
	}
	if (json_object_get(answer, "stale") != NULL) {
		return job->begun || !job->asked->reads_files
			       ? nonsense(err, "is taken back half-way")
			       : ANSWER_STALE;
	}
	if (json_object_get(answer, "error") != NULL) {
		const char *text = answer_text(answer, "error", READER_WHY_BYTES);

		if (text == NULL) {
			return nonsense(err, "has a strange error");
		}
		bool lasting = json_is_true(json_object_get(answer, "lasting"));

		return (enum answer_result)error_set(
			err, lasting ? ANSWER_UNUSABLE : ANSWER_REFUSED, "%s", text);
	}
	if (!more && !json_is_true(json_object_get(answer, "ok"))) {
		return nonsense(err, "says neither more nor ok");
	}
	if (job->asked->read(job, answer, !more, err) < 0) {
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
	const char *failed = answer_text(hello, "failed", READER_WHY_BYTES);
	size_t landlock = 0;
	int r = -1;

	if (failed != NULL) {
		(void)error_set(err, -1, "%s", failed);
		goto out;
	}
	if (!json_is_boolean(seccomp) ||
	    answer_count(json_object_get(hello, "landlock"), 1000, &landlock) < 0) {
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

int answer_empty(struct reader_job *job, const json_t *answer, bool last, struct error *err)
{
	(void)job;
	(void)answer;
	(void)err;
	return last ? 0 : -1;
}
