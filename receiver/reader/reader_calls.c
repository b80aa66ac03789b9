/*
 * The table of calls: to add one, write its file and put it here.
 */
#include "receiver/reader/reader_call.h"

#include <stdlib.h>
#include <string.h>

#include "receiver/reader/reader_impl.h"

/* The order means nothing but to the corpus of tests/fuzz/fuzz_reader_answer.c: append. */
const struct reader_call *const reader_calls[] = {
	&call_affected,
	&call_resolve,
	&call_read_apps,
	&call_inputs,
	&call_open,
	&call_apps,
	&call_parse,
	&call_list,
	NULL,
};

const struct reader_call *reader_call_find(const char *name)
{
	const struct reader_call *const *call = reader_calls;

	while (*call != NULL && strcmp((*call)->name, name) != 0) {
		call++;
	}
	return *call;
}

/* Write content, which has all its members but those that every question has. */
static int write_content(json_t *content, const char *name, uint64_t id, struct buf *out,
			 struct error *err)
{
	(void)json_object_set_new(content, "op", json_string(name));
	(void)json_object_set_new(content, "id", json_integer((json_int_t)id));
	char *text = json_dumps(content, JSON_COMPACT);
	int r = text != NULL ? buf_addstr(out, text) : -1;

	free(text);
	return r < 0 ? error_set(err, -1, "the request is too long") : 0;
}

int reader_call_write(struct reader_job *job, uint64_t id, struct buf *out, struct error *err)
{
	return write_content(job->request, job->call->name, id, out, err);
}

int reader_call_write_take(json_t *content, const char *name, uint64_t id, struct buf *out,
			   struct error *err)
{
	if (content == NULL) {
		return error_set(err, -1, "the repository's url or path is not UTF-8");
	}
	int r = write_content(content, name, id, out, err);

	json_decref(content);
	return r;
}
