/*
 * Any text as a kustomization: a small real repository holds it, and the walk
 * ends, twice with the same result, and never with a probe outside of the
 * repository.
 *
 * The input is up to three texts with a line "%%" between them: the
 * kustomization of "app", that of "base", and a plugin's configuration.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2/blob.h>
#include <git2/common.h>
#include <git2/global.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <git2/tree.h>

#include "base/buf.h"
#include "base/strvec.h"
#include "inputs/inputs.h"
#include "repo/treereader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXTS 3
#define MAX_UNITS 200
#define MAX_RESULT (64U * 1024 * 1024)

static char directory[] = "/tmp/fuzz-kustomize-XXXXXX";

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void forget(void)
{
	char command[sizeof(directory) + 16];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) != 0) {
		perror(command);
	}
}

static git_repository *repository(void)
{
	static git_repository *repo;

	if (repo == NULL) {
		git_libgit2_init();
		git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
		require(mkdtemp(directory) != NULL && atexit(forget) == 0);
		require(git_repository_init(&repo, directory, 1) == 0);
	}
	return repo;
}

/* What is written for an input, to be removed again. */
struct written {
	git_oid ids[16];
	size_t count;
};

static void add(git_treebuilder *tree, const char *name, const git_oid *id, git_filemode_t mode)
{
	require(git_treebuilder_insert(NULL, tree, name, id, mode) == 0);
}

static void add_text(git_treebuilder *tree, const char *name, const void *data, size_t len,
		     git_filemode_t mode, struct written *written)
{
	git_oid *id = &written->ids[written->count++];

	require(git_blob_create_from_buffer(id, repository(), data, len) == 0);
	add(tree, name, id, mode);
}

static void finish(git_treebuilder *tree, struct written *written, git_oid *ret_id)
{
	require(git_treebuilder_write(ret_id, tree) == 0);
	written->ids[written->count++] = *ret_id;
	git_treebuilder_free(tree);
}

static git_treebuilder *begin(void)
{
	git_treebuilder *tree = NULL;

	require(git_treebuilder_new(&tree, repository(), NULL) == 0);
	return tree;
}

/* One of the texts of an input. */
struct text {
	const uint8_t *data;
	size_t len;
};

static void write_repository(const struct text *texts, struct written *written, git_oid *ret_root)
{
	git_oid base;
	git_oid app;
	git_treebuilder *tree = begin();

	add_text(tree, "kustomization.yaml", texts[1].data, texts[1].len, GIT_FILEMODE_BLOB,
		 written);
	add_text(tree, "a.yaml", "a: 1\n", 5, GIT_FILEMODE_BLOB, written);
	finish(tree, written, &base);
	tree = begin();
	add_text(tree, "kustomization.yaml", texts[0].data, texts[0].len, GIT_FILEMODE_BLOB,
		 written);
	add_text(tree, "plugin.yaml", texts[2].data, texts[2].len, GIT_FILEMODE_BLOB, written);
	add_text(tree, "link", "../base", 7, GIT_FILEMODE_LINK, written);
	add_text(tree, "loop", "loop/loop", 9, GIT_FILEMODE_LINK, written);
	add(tree, "charts", &base, GIT_FILEMODE_TREE);
	finish(tree, written, &app);
	tree = begin();
	add(tree, "app", &app, GIT_FILEMODE_TREE);
	add(tree, "base", &base, GIT_FILEMODE_TREE);
	finish(tree, written, ret_root);
}

static void remove_objects(const struct written *written)
{
	char hex[GIT_OID_HEXSZ + 1];
	char path[sizeof(directory) + GIT_OID_HEXSZ + 16];

	for (size_t i = 0; i < written->count; i++) {
		git_oid_tostr(hex, sizeof(hex), &written->ids[i]);
		snprintf(path, sizeof(path), "%s/objects/%.2s/%s", directory, hex, hex + 2);
		(void)unlink(path);
	}
}

static void split(const uint8_t *data, size_t size, struct text *texts)
{
	size_t used = 0;

	for (size_t i = 0; i < TEXTS; i++) {
		const uint8_t *rest = data + used;
		const uint8_t *mark = i + 1 < TEXTS && used < size ?
					      memmem(rest, size - used, "\n%%\n", 4) : NULL;

		texts[i].data = rest;
		texts[i].len = mark != NULL ? (size_t)(mark - rest) : size - used;
		used += texts[i].len + (mark != NULL ? 4 : 0);
	}
}

static void check_path(const char *path)
{
	require(path[0] != '/' && strstr(path, "//") == NULL && strcmp(path, "..") != 0);
	require(strncmp(path, "../", 3) != 0 && strstr(path, "/../") == NULL);
}

static void walk_unit(struct inputs *inputs, const struct treereader *reader, const char *dir,
		      struct strvec *dirs, struct buf *result)
{
	const struct inputs_trace *trace = NULL;
	struct error err = ERROR_INIT;

	require(inputs_walk_unit(inputs, reader, inputs_walker_find("kustomize"), dir, "", &trace,
				 &err) == 0);
	for (size_t i = 0; i < trace->probe_count; i++) {
		check_path(trace->probes[i].path);
		buf_addf(result, "%d %d %s\n", (int)trace->probes[i].kind,
			 (int)trace->probes[i].flags, trace->probes[i].path);
	}
	for (size_t i = 0; i < trace->child_count; i++) {
		check_path(trace->children[i].dir);
		buf_addf(result, "child %s\n", trace->children[i].dir);
		if (strcmp(inputs_walker_name(trace->children[i].walker), "kustomize") == 0) {
			strvec_push_unique(dirs, trace->children[i].dir);
		}
	}
	buf_addf(result, "opaque %s\n", trace->opaque != NULL ? trace->opaque : "no");
}

static void walk(struct repo *repo, const git_oid *root, struct buf *result)
{
	struct inputs *inputs = inputs_new("git.example.com/team/infra", "refs/heads/main");
	struct treereader reader = { .repo = repo };
	struct strvec dirs = STRVEC_INIT;

	reader.tree.len = GIT_OID_RAWSZ;
	memcpy(reader.tree.bytes, root->id, GIT_OID_RAWSZ);
	strvec_push(&dirs, "app");
	for (size_t i = 0; i < dirs.count && i < MAX_UNITS; i++) {
		walk_unit(inputs, &reader, dirs.items[i], &dirs, result);
	}
	strvec_release(&dirs);
	inputs_free(inputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct written written = { .count = 0 };
	struct text texts[TEXTS];
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;
	struct buf one;
	struct buf two;
	git_oid root;

	(void)repository();
	split(data, size, texts);
	write_repository(texts, &written, &root);
	require(repo_open(directory, false, &repo, &err) == 0);
	buf_init(&one, MAX_RESULT);
	buf_init(&two, MAX_RESULT);
	walk(repo, &root, &one);
	walk(repo, &root, &two);
	require(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
	buf_release(&one);
	buf_release(&two);
	repo_free(repo);
	remove_objects(&written);
	return 0;
}
