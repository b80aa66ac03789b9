/*
 * The call "resolve": what does a revision mean now, and is a commit there?
 */
#include "base/text.h"
#include "receiver/reader/reader_call.h"

#include <string.h>

#include "receiver/reader/reader_answer.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"
#include "repo/closed.h"

int reader_resolve(struct reader_pool *pool, const char *url, const char *revision,
		   const struct oid *commit, reader_resolve_fn done, void *arg,
		   struct error *err)
{
	struct oid none = { .len = 0 };
	char hex[OID_HEX_MAX + 1];
	json_t *question = json_pack("{s:s, s:s}", "revision", revision, "commit",
				     oid_to_hex(commit != NULL ? commit : &none, hex));

	return reader_ask(pool, url, &call_resolve, question, (reader_done_fn)done, arg, err);
}

/* --- in the reader --- */

static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = child_find(child, request, err);
	const char *commit = child_text(request, "commit");
	struct error why = ERROR_INIT;
	struct oid found = { .len = 0 };
	struct oid present = { .len = 0 };
	char hex[OID_HEX_MAX + 1];
	char present_hex[OID_HEX_MAX + 1];

	if (r == NULL) {
		return -1;
	}
	if (affected_resolve(r->state, child_text(request, "revision"), &found, &why) < 0) {
		found = (struct oid){ .len = 0 };
	}
	bool there = commit[0] != '\0' &&
		     affected_resolve(r->state, commit, &present, NULL) == 0;
	if (commit[0] != '\0' && !there) {
		struct oid id = child_oid(request, "commit");

		/* To wait until it comes would be to wait for ever. */
		if (closed_object(r->path, &id, err)) {
			return -1;
		}
	}
	if (!there) {
		present = (struct oid){ .len = 0 };
	}
	return child_answer(child, json_pack("{s:s, s:o, s:s}", "commit", oid_to_hex(&found, hex),
					     "why", text_to_json(why.text), "present",
					     oid_to_hex(&present, present_hex)));
}

/* --- in the receiver again --- */

/* Why there is no such revision goes with the answer. */
static int read_answer(struct reader_job *job, const json_t *answer, bool last, struct error *err)
{
	struct reader_tip *tip = job->state;
	const char *commit = answer_text(answer, "commit", OID_HEX_MAX);
	const char *why = answer_text(answer, "why", READER_WHY_BYTES);
	const char *present = answer_text(answer, "present", OID_HEX_MAX);

	if (!last || commit == NULL || why == NULL || present == NULL) {
		return -1;
	}
	tip->present = present[0] != '\0';
	if (tip->present && oid_from_hex(present, strlen(present), &tip->asked) < 0) {
		return -1;
	}
	tip->found = commit[0] != '\0';
	(void)error_set(err, 0, "%s", why);
	return tip->found ? oid_from_hex(commit, strlen(commit), &tip->commit) : 0;
}

static void finish(struct reader_job *job, enum reader_result result, const char *why)
{
	((reader_resolve_fn)job->done)(job->arg, result, result == READER_OK ? job->state : NULL,
				       why);
}

const struct reader_call call_resolve = {
	.name = "resolve",
	.needs = READER_NEEDS_REPOSITORY,
	.reads_files = true,
	.tells_of_repository = true,
	.state_size = sizeof(struct reader_tip),
	.write = reader_call_write,
	.handle = handle,
	.read = read_answer,
	.finish = finish,
};
