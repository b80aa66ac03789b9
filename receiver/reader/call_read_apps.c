/*
 * The call "read_apps": the applications written in a repository at a commit.
 */
#include "receiver/reader/reader_call.h"

#include "receiver/reader/reader_apps.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"

int reader_read_apps(struct reader_pool *pool, const char *url, const struct oid *commit,
		     const char *directory, reader_apps_fn done, void *arg, struct error *err)
{
	char hex[OID_HEX_MAX + 1];
	json_t *question = json_pack("{s:s, s:s}", "commit", oid_to_hex(commit, hex), "directory",
				     directory);

	return reader_ask(pool, url, &call_read_apps, question, (reader_done_fn)done, arg, err);
}

/* --- in the reader --- */

static int handle(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = child_find(child, request, err);
	struct oid commit = child_oid(request, "commit");
	struct manifests found = { .problems = STRVEC_INIT };
	int status = -1;

	if (r != NULL &&
	    affected_read_apps(r->state, &commit, child_text(request, "directory"), &found,
			       err) == 0) {
		status = apps_answer_write(child, &found);
	}
	manifests_release(&found);
	return status;
}

const struct reader_call call_read_apps = {
	.name = "read_apps",
	.needs = READER_NEEDS_REPOSITORY,
	.reads_files = true,
	.state_size = sizeof(struct apps_answer),
	.write = reader_call_write,
	.handle = handle,
	.read = apps_answer_read,
	.finish = apps_answer_finish,
	.release = apps_answer_release,
};
