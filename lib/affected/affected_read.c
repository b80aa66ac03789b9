/*
 * Applications out of a repository: every manifest below a directory.
 */
#include <string.h>

#include "affected/affected_impl.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "repo/treereader.h"

struct tree_reading {
	struct treereader reader;
	const char *prefix;
	struct app_list *list;
	struct strvec *problems;
};

static bool is_manifest(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 ||
			       strcmp(dot, ".json") == 0);
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
		strvec_pushf(r->problems, "%s: %s", name, err.text);
	} else if (app_read_yaml(text.data, text.len, name, r->list, r->problems, &err) != 0) {
		strvec_push(r->problems, err.text);
	}
	buf_release(&text);
	free(name);
	return 0;
}

int affected_read_apps(struct affected_state *state, const struct oid *commit,
		       const char *directory, struct app_list *list, struct strvec *problems,
		       struct error *err)
{
	struct tree_reading r = {
		.reader = { .repo = state->repo },
		.prefix = directory,
		.list = list,
		.problems = problems,
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
		return error_set(err, -1, "%s: no such directory in that commit", directory);
	}
	return treewalk(state->repo, &empty, &entry.id, &visitor, err) == REPO_OK ? 0 : -1;
}
