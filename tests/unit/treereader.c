/*
 * Looking paths up in a tree: the same as git ls-tree, in any order, also when
 * not all trees fit in memory; and objects that are not what they should be.
 */
#include "repo/treereader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/xalloc.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define PACKS 130

static struct repo *open_repo(const char *path)
{
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;

	if (repo_open(path, false, &repo, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	return repo;
}

static void paths_are_found_or_not(void)
{
	static const struct {
		const char *path;
		enum tree_kind kind;
		size_t used;
	} rows[] = {
		{ "", TREE_DIR, 0 },
		{ "a", TREE_FILE, 1 },
		{ "run", TREE_EXEC, 3 },
		{ "link", TREE_LINK, 4 },
		{ "sub", TREE_GITLINK, 3 },
		{ "d", TREE_DIR, 1 },
		{ "d/e", TREE_DIR, 3 },
		{ "d/e/f", TREE_FILE, 5 },
		{ "d/e/f", TREE_FILE, 5 },
		{ "d/e/g", TREE_ABSENT, 5 },
		{ "d.e", TREE_FILE, 3 },
		{ "d0", TREE_DIR, 2 },
		{ "d0/x", TREE_FILE, 4 },
		{ "d/e", TREE_DIR, 3 },
		{ "none", TREE_ABSENT, 4 },
		{ "none/below/it", TREE_ABSENT, 4 },
		{ "d/none/below", TREE_ABSENT, 6 },
		{ "a/below", TREE_FILE, 1 },
		{ "d/e/f/below", TREE_FILE, 5 },
		{ "link/below", TREE_LINK, 4 },
		{ "sub/below", TREE_GITLINK, 3 },
		{ "d/e/", TREE_DIR, 3 },
	};
	const char *path = gitrepo_new("kinds");

	gitrepo_sh(path, "mkdir -p d/e d0; echo 1 >a; echo 2 >d/e/f; echo 3 >d.e; echo 4 >d0/x\n"
			 "echo 5 >run; chmod +x run; ln -s a link; mkdir sub; git add -A\n"
			 "git update-index --add --cacheinfo "
			 "160000,1111111111111111111111111111111111111111,sub\n"
			 "git commit -qm one");
	struct repo *repo = open_repo(path);
	const struct treereader reader = { .repo = repo, .tree = gitrepo_rev(path, "HEAD^{tree}") };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tree_entry entry;
		struct error err = ERROR_INIT;
		size_t used = 99;
		int r = treereader_lookup(&reader, rows[i].path, &entry, &used, &err);

		tap_ok(r == REPO_OK && entry.kind == rows[i].kind && used == rows[i].used,
		       "\"%s\" is of kind %d, found after %zu bytes (%d, %zu)", rows[i].path,
		       (int)rows[i].kind, rows[i].used, (int)entry.kind, used);
	}
	repo_free(repo);
}

static void directories_of_two_commits_are_told_apart(void)
{
	const char *path = gitrepo_new("two");

	gitrepo_sh(path, "mkdir -p d/e; echo 1 >d/e/f; git add -A; git commit -qm one; git tag one\n"
			 "echo 2 >d/e/f; git add -A; git commit -qm two");
	struct repo *repo = open_repo(path);
	const struct treereader readers[] = {
		{ .repo = repo, .tree = gitrepo_rev(path, "one^{tree}") },
		{ .repo = repo, .tree = gitrepo_rev(path, "HEAD^{tree}") },
	};
	const struct oid want[] = { gitrepo_rev(path, "one:d/e/f"),
				    gitrepo_rev(path, "HEAD:d/e/f") };
	bool ok = true;

	for (size_t i = 0; i < 6; i++) {
		struct tree_entry entry;
		size_t used;

		ok = ok && treereader_lookup(&readers[i % 2], "d/e/f", &entry, &used, NULL) == 0 &&
		     oid_equal(&entry.id, &want[i % 2]);
	}
	tap_ok(ok, "one path at two commits, by turns, is two files");
	repo_free(repo);
}

/* 24 directories whose trees take 4 MB each: more than are held. */
static void more_trees_than_are_held(void)
{
	const char *path = gitrepo_new("wide");
	size_t wrong = 0;

	gitrepo_sh(path, "b=$(echo 1 | git hash-object -w --stdin)\n"
			 "c=$(echo 2 | git hash-object -w --stdin)\n"
			 "for d in $(seq 10 33); do awk -v b=$b -v c=$c -v d=$d 'BEGIN { "
			 "s = sprintf(\"%%3900s\", \"\"); gsub(/ /, \"x\", s); "
			 "for (i = 1000; i < 2000; i++) printf(\"100644 blob %%s\\t%%d-%%d-%%s\\n\", "
			 "i == 1000 + d ? c : b, i, d, s) }' | git mktree >tree\n"
			 "printf '040000 tree %%s\\t%%s\\n' $(cat tree) d$d >>top; done\n"
			 "git mktree <top >root; git update-ref refs/tags/root $(cat root)\n"
			 "git update-ref refs/tags/common $b");
	struct repo *repo = open_repo(path);
	const struct treereader reader = { .repo = repo, .tree = gitrepo_rev(path, "root^{tree}") };
	const struct oid common = gitrepo_rev(path, "common");
	char rest[3901];

	memset(rest, 'x', sizeof(rest) - 1);
	rest[sizeof(rest) - 1] = '\0';
	for (int i = 0; i < 200; i++) {
		int d = 10 + rand() % 24;
		int n = rand() % 2 == 0 ? 1000 + d : 1000 + rand() % 1000;
		char *name = xasprintf("d%d/%d-%d-%s", d, n, d, rest);
		struct tree_entry entry = { .kind = TREE_ABSENT };
		size_t used = 0;

		wrong += treereader_lookup(&reader, name, &entry, &used, NULL) != REPO_OK ||
			 entry.kind != TREE_FILE ||
			 oid_equal(&entry.id, &common) != (n != 1000 + d);
		free(name);
	}
	tap_int(wrong, 0, "lookups all over a repository whose trees do not fit in memory");
	repo_free(repo);
}

static void blobs_are_read_up_to_a_limit(void)
{
	const char *path = gitrepo_new("blobs");

	gitrepo_sh(path, "printf 12345678 >a; git add a; git commit -qm one");
	struct repo *repo = open_repo(path);
	const struct treereader reader = { .repo = repo, .tree = gitrepo_rev(path, "HEAD^{tree}") };
	const struct oid id = gitrepo_rev(path, "HEAD:a");
	struct error err = ERROR_INIT;
	struct buf out;

	buf_init(&out, 20);
	tap_int(treereader_blob(&reader, &id, &out, &err), REPO_OK, "a blob is read");
	tap_int(treereader_blob(&reader, &id, &out, &err), REPO_OK, "and appended");
	tap_int(treereader_blob(&reader, &id, &out, &err), REPO_LIMIT, "what does not fit is not");
	tap_int(out.len, 16, "not even in part");
	tap_int(treereader_blob(&reader, &reader.tree, &out, &err), REPO_CORRUPT,
		"a tree is no blob: %s", err.text);
	buf_release(&out);
	repo_free(repo);
}

/* An object that lies under another's id, as a damaged disk might have it. */
static void objects_are_what_their_ids_say(void)
{
	const char *path = gitrepo_new("damaged");

	gitrepo_sh(path, "mkdir d; echo 1 >d/a; echo 2 >d/b; git add -A; git commit -qm one\n"
			 "git commit -q --allow-empty -m two");
	const struct oid commit = gitrepo_rev(path, "HEAD");
	const struct oid b = gitrepo_rev(path, "HEAD:d/b");
	struct treereader reader = { .tree = gitrepo_rev(path, "HEAD^{tree}") };

	gitrepo_sh(path, "chmod -R u+w .git/objects\n"
			 "git rev-parse HEAD^ HEAD HEAD^{tree} HEAD:d HEAD:d/a HEAD:d/b | "
			 "sed 's|^..|.git/objects/&/|' | xargs -n 2 cp");
	struct repo *repo = open_repo(path);
	struct error err = ERROR_INIT;
	struct repo_object object = { .data = NULL };
	struct tree_entry entry;
	struct oid found;
	size_t used;

	reader.repo = repo;
	tap_int(repo_read(repo, &b, REPO_BLOB, 100, &object, &err), REPO_CORRUPT,
		"a blob that is another is found out: %s", err.text);
	tap_int(treereader_lookup(&reader, "d/a", &entry, &used, &err), REPO_CORRUPT,
		"so is a tree: %s", err.text);
	tap_int(repo_peel(repo, &commit, &found, NULL, &err), REPO_CORRUPT,
		"so is a commit: %s", err.text);
	tap_int(treereader_lookup(&reader, "", &entry, &used, &err), REPO_OK,
		"what is whole can be read");
	repo_free(repo);
}

/* Each fetch brings a pack: a reader that lives long sees more of them than it may open files. */
static void more_packs_than_files(void)
{
	const char *path = gitrepo_new("packs");
	const struct rlimit few = { PACKS - 30, PACKS - 30 };
	struct rlimit before;
	size_t read = 0;

	gitrepo_sh(path, "for i in $(seq %d); do echo $i >a; git add a; git commit -qm $i\n"
			 "git repack -q; git prune-packed -q; done", PACKS);
	char *list = gitrepo_output(path, "git rev-list HEAD");
	struct repo *repo = open_repo(path);
	(void)getrlimit(RLIMIT_NOFILE, &before);
	(void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){ few.rlim_cur, before.rlim_max });
	char *rest = NULL;
	for (char *hex = strtok_r(list, "\n", &rest); hex != NULL; hex = strtok_r(NULL, "\n", &rest)) {
		struct error err = ERROR_INIT;
		struct oid commit;
		struct oid tree;
		struct oid id;

		(void)oid_from_hex(hex, strlen(hex), &id);
		repo_begin(repo);
		read += repo_peel(repo, &id, &commit, &tree, &err) == REPO_OK;
	}
	(void)setrlimit(RLIMIT_NOFILE, &before);
	tap_int((long long)read, PACKS, "commits of more packs than files may be open are read");
	repo_free(repo);
	free(list);
}

int main(void)
{
	more_packs_than_files();
	paths_are_found_or_not();
	directories_of_two_commits_are_told_apart();
	more_trees_than_are_held();
	blobs_are_read_up_to_a_limit();
	objects_are_what_their_ids_say();
	return tap_done();
}
