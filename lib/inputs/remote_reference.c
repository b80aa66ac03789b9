/*
 * Remote references: they leave the tree being walked.
 *
 * A unit of this kind changes only when the reference itself does, which is
 * seen where it is written.  Its one probe, PROBE_REMOTE, is touched by
 * nothing; it tells the index which units to report
 * (affected/affected_result.h: remote_references).
 */
#include "inputs/remote_reference.h"

#include <string.h>

#include "base/giturl.h"
#include "base/oid.h"

static void walk_remote_reference(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const struct inputs_probe probe = {
		.kind = PROBE_REMOTE, .path = "", .argument = "",
	};

	(void)dir;
	(void)options;
	inputs_probe_add(w, &probe);
}

/* The unit that holds the reference has its address in the fingerprint. */
const struct inputs_walker inputs_remote_reference = {
	.name = "elsewhere",
	.walk = walk_remote_reference,
	.prints = true,
};

static void walk_single(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)options;
	(void)inputs_file(w, dir, PROBE_MEANING, NULL);
}

const struct inputs_walker inputs_single = {
	.name = "single",
	.walk = walk_single,
};

void remote_reference_add(struct inputs_walk *w, const char *url, const char *ref,
			  const char *path, const struct inputs_walker *walker, const char *via)
{
	const char *clean = inputs_join(w, "", path);
	char *repository = giturl_normalise(url, NULL);
	struct oid id;

	if (clean != NULL && repository != NULL && oid_from_hex(ref, strlen(ref), &id) != 0) {
		json_t *options = json_pack("{s:s, s:s, s:s}", "repository", repository, "ref",
					    strcmp(ref, "HEAD") != 0 ? ref : "", "walker",
					    walker->name);

		if (options != NULL) { /* NULL: not UTF-8 */
			inputs_child(w, &inputs_remote_reference, clean, options, via);
		}
		json_decref(options);
	}
	free(repository);
}
