/*
 * The call "parse": the applications written in a text of the operator's.
 *
 * It is of no repository and goes to a reader of its own (reader_parse.h), which
 * is granted no directory; so it needs nothing and can never be stale.  The text
 * has no name there: the receiver knows it.
 */
#include "receiver/reader/reader_parse.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "receiver/reader/reader_apps.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"
#include "receiver/reader/reader_process.h"

struct parse {
	struct apps_answer answer;
	char *text;              // in base64
};

void reader_parse_take(struct reader_pool *pool, char *text, reader_apps_fn done, void *arg)
{
	struct reader_job *job = reader_job_new(pool, &call_parse, (reader_done_fn)done, arg);

	((struct parse *)job->state)->text = text;
	reader_talk_enqueue(reader_pool_parser(pool), job);
}

void reader_parse_rest(struct reader_pool *pool)
{
	reader_renew(reader_pool_parser(pool));
}

/* Without a tree of JSON: base64 needs no escapes, and there may be 5 MB of it. */
static int write_request(struct reader_job *job, uint64_t id, struct buf *out, struct error *err)
{
	const struct parse *parse = job->state;

	(void)buf_addf(out, "{\"op\":\"%s\",\"id\":%llu,\"text\":\"", call_parse.name,
		       (unsigned long long)id);
	(void)buf_addstr(out, parse->text);
	(void)buf_addstr(out, "\"}");
	return buf_is_full(out) ? error_set(err, -1, "the text is too long") : 0;
}

/* --- in the reader --- */

static int handle(struct child *child, const json_t *request, struct error *err)
{
	const json_t *text = json_object_get(request, "text");
	size_t len = json_string_length(text);
	uint8_t *bytes = xmalloc(len + 1);
	struct manifests found = { .problems = STRVEC_INIT };
	int status = -1;

	int count = base64_decode(child_text(request, "text"), len, bytes, len);
	if (count < 0) {
		(void)error_set(err, -1, "the text is not base64");
	} else if (manifests_read((const char *)bytes, (size_t)count, "", &found, err) == 0) {
		status = apps_answer_write(child, &found);
	}
	manifests_release(&found);
	free(bytes);
	child->unsaved = true; // free memory is given back when nobody asks for a while
	return status;
}

/* --- in the receiver again --- */

static void release(void *state)
{
	struct parse *parse = state;

	apps_answer_release(&parse->answer);
	free(parse->text);
}

const struct reader_call call_parse = {
	.name = "parse",
	.needs = READER_NEEDS_NOTHING,
	.state_size = sizeof(struct parse),
	.write = write_request,
	.handle = handle,
	.read = apps_answer_read,
	.finish = apps_answer_finish,
	.release = release,
};
