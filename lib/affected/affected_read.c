/*
 * Applications out of a repository: every manifest below a directory.
 */
#include <string.h>

#include "affected/affected_impl.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "manifest/patch.h"
#include "repo/treereader.h"

/* Ends the walk. */
#define STOP 1

struct tree_reading {
	struct treereader reader;
	const char *prefix;
	struct manifests *found;
	struct patch_set *patches;
};

static bool is_manifest(const char *name)
{
	const char *dot = strrchr(name, '.');

	return strcmp(name, "Kustomization") == 0 ||
	       (dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 ||
			       strcmp(dot, ".json") == 0));
}

static int read_one(void *arg, uint64_t parent, const struct tree_change *change)
{
	struct tree_reading *r = arg;
	struct error err = ERROR_INIT;
	struct buf text;

	(void)parent;
	if ((change->after.kind != TREE_FILE && change->after.kind != TREE_EXEC) ||
	    !is_manifest(change->path + change->name)) {
		return 0;
	}
	const char *slash = r->prefix[0] != '\0' ? "/" : "";
	char *name = xasprintf("%s%s%s", r->prefix, slash, change->path);

	buf_init(&text, LIMIT_YAML_BYTES);
	if (treereader_blob(&r->reader, &change->after.id, &text, &err) != REPO_OK) {
		strvec_pushf(&r->found->problems, "%s: %s", name, err.text);
		manifests_note_broken(r->found, name);
	} else if (manifests_read(text.data, text.len, name, r->found, &err) != 0) {
		strvec_push(&r->found->problems, err.text);
		manifests_note_broken(r->found, name);
	}
	for (size_t i = 0; i < r->found->patches.count; i++) {
		patch_set_add(r->patches, name, r->found->patches.items[i]);
	}
	strvec_release(&r->found->patches);
	if (r->found->list.count > LIMIT_PLACE_APPLICATIONS) {
		r->found->full = true;
	}
	buf_release(&text);
	free(name);
	return r->found->full ? STOP : 0;
}

/* None of too many is better than some, which nobody chose. */
static void forget_all(struct manifests *m, const char *repository, const char *directory)
{
	bool part = directory[0] != '\0';

	manifests_release(m);
	m->full = true;
	strvec_pushf(&m->problems, "%s%s%s: more than %d applications: none of them is taken, and "
		     "what was read there before counts; name a directory that holds fewer",
		     directory, part ? " of " : "", repository, LIMIT_PLACE_APPLICATIONS);
}

int affected_read_apps(struct affected_state *state, const struct oid *commit,
		       const char *directory, struct manifests *m, struct error *err)
{
	struct tree_reading r = {
		.reader = { .repo = state->repo },
		.prefix = directory,
		.found = m,
	};
	const struct treewalk_visitor visitor = { .change = read_one, .arg = &r };
	const struct oid empty = { .len = 0 };
	struct tree_entry entry;
	size_t used;

	repo_begin(state->repo);
	if (repo_peel(state->repo, commit, NULL, &r.reader.tree, err) != REPO_OK ||
	    treereader_lookup(&r.reader, directory, &entry, &used, err) != REPO_OK) {
		return -1;
	}
	if (entry.kind != TREE_DIR) {
		return 0;
	}
	r.patches = patch_set_new();
	int outcome = treewalk(state->repo, &empty, &entry.id, &visitor, err);
	patch_set_settle(r.patches, &m->list, &m->problems);
	patch_set_free(r.patches);
	if (m->full) {
		forget_all(m, state->repository, directory);
		return 0;
	}
	return outcome == REPO_OK ? 0 : -1;
}
