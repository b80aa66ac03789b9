/*
 * Which files do addresses name?
 */
#include "base/gitplace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"

static const struct {
	const char *url;
	const char *repository;
	const char *ref;
	const char *path; // NULL: no file of that repository at that ref
} files[] = {
	{ "https://raw.githubusercontent.com/team/infra/main/a/b.yaml", "github.com/team/infra",
	  "refs/heads/main", "a/b.yaml" },
	{ "https://raw.githubusercontent.com/team/infra/refs/heads/main/a.yaml",
	  "github.com/team/infra", "refs/heads/main", "a.yaml" },
	{ "https://raw.githubusercontent.com/team/infra/HEAD/a.yaml", "github.com/team/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://raw.githubusercontent.com/team/infra/feature/x/a.yaml", "github.com/team/infra",
	  "refs/heads/feature/x", "a.yaml" },
	{ "https://raw.githubusercontent.com/team/infra/main/a%20b.yaml?token=x",
	  "github.com/team/infra", "refs/heads/main", "a b.yaml" },
	{ "https://raw.githubusercontent.com/Team/Infra/v1/a.yaml", "github.com/team/infra",
	  "refs/tags/v1", "a.yaml" },
	{ "https://raw.githubusercontent.com/team/infra/v1/a.yaml", "github.com/team/infra",
	  "refs/heads/main", NULL },
	{ "https://raw.githubusercontent.com/team/infrastructure/main/a.yaml",
	  "github.com/team/infra", "refs/heads/main", NULL },
	{ "https://raw.githubusercontent.com/team/infra/main/a.yaml", "gitlab.com/team/infra",
	  "refs/heads/main", NULL },
	{ "https://github.com/team/infra/raw/main/a.yaml", "github.com/team/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://github.com/team/infra/blob/main/a.yaml", "github.com/team/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://gitlab.com/group/sub/infra/-/raw/main/a.yaml", "gitlab.com/group/sub/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://git.example.com/team/infra/raw/branch/main/a.yaml",
	  "git.example.com/team/infra", "refs/heads/main", "a.yaml" },
	{ "https://git.example.com/team/infra/src/tag/v1/a.yaml", "git.example.com/team/infra",
	  "refs/tags/v1", "a.yaml" },
	{ "https://user:pass@git.example.com/team/infra/raw/branch/main/a.yaml",
	  "git.example.com/team/infra", "refs/heads/main", "a.yaml" },
	{ "https://bitbucket.org/team/infra/raw/main/a.yaml", "bitbucket.org/team/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://github.com/team/infra/releases/download/v1/a.yaml", "github.com/team/infra",
	  "refs/heads/main", NULL },
	{ "https://example.com/a.yaml", "github.com/team/infra", "refs/heads/main", NULL },
	{ "https://", "github.com/team/infra", "refs/heads/main", NULL },
	{ "a.yaml", "github.com/team/infra", "refs/heads/main", NULL },
	{ "https://github.com/team/infra/raw/main/a.yaml", NULL, "refs/heads/main", NULL },
	/* The interfaces for programs, where one component holds a whole path. */
	{ "https://gitlab.com/api/v4/projects/group%2Fsub%2Finfra/repository/files/a%2Fb.yaml/raw"
	  "?ref=main&private_token=x", "gitlab.com/group/sub/infra", "refs/heads/main",
	  "a/b.yaml" },
	{ "https://gitlab.com/api/v4/projects/1/repository/files/a.yaml/raw?ref=main",
	  "gitlab.com/group/infra", "refs/heads/main", "a.yaml" },
	{ "https://gitlab.com/api/v4/projects/1/repository/files/a.yaml/raw?ref=main",
	  "gitlab.example.com/group/infra", "refs/heads/main", NULL },
	{ "https://example.com/gitlab/api/v4/projects/group%2Finfra/repository/files/a.yaml/raw?ref=main",
	  "example.com/gitlab/group/infra", "refs/heads/main", "a.yaml" },
	{ "https://git.example.com/api/v1/repos/team/infra/raw/main/a.yaml",
	  "git.example.com/team/infra", "refs/heads/main", "a.yaml" },
	{ "https://git.example.com/users/bob/repos/infra/raw/a.yaml?at=main",
	  "git.example.com/scm/~bob/infra", "refs/heads/main", "a.yaml" },
	{ "https://raw.githubusercontent.com/team/infra/main//a/b.yaml", "github.com/team/infra",
	  "refs/heads/main", "a/b.yaml" },
	{ "https://git.example.com/api/v1/repos/team/infra/raw/a/raw?ref=main",
	  "git.example.com/team/infra", "refs/heads/main", "a/raw" },
	{ "https://git.example.com/api/v1/repos/team/infra/raw/a.yaml", "git.example.com/team/infra",
	  "refs/heads/any", "a.yaml" },
	{ "https://api.bitbucket.org/2.0/repositories/team/infra/src/main/a.yaml",
	  "bitbucket.org/team/infra", "refs/heads/main", "a.yaml" },
	{ "https://git.example.com/projects/OPS/repos/infra/raw/a/b.yaml?at=refs%2Fheads%2Fmain",
	  "git.example.com/scm/ops/infra", "refs/heads/main", "a/b.yaml" },
	{ "https://git.example.com/projects/OPS/repos/infra/raw/a.yaml?at=main",
	  "git.example.com/ops/infra", "refs/heads/main", "a.yaml" },
	{ "https://dev.azure.com/o/p/_apis/git/repositories/infra/items?path=%2Fa.yaml"
	  "&versionDescriptor.version=main", "dev.azure.com/o/p/infra", "refs/heads/main", "a.yaml" },
	/* GitHub Enterprise Server, and files that LFS holds */
	{ "https://raw.github.example.com/team/infra/main/a.yaml", "github.example.com/team/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://github.example.com/raw/team/infra/main/a.yaml", "github.example.com/team/infra",
	  "refs/heads/main", "a.yaml" },
	{ "https://media.githubusercontent.com/media/team/infra/main/a.yaml",
	  "github.com/team/infra", "refs/heads/main", "a.yaml" },
	{ "https://git.example.com/team/infra/media/branch/main/a.yaml",
	  "git.example.com/team/infra", "refs/heads/main", "a.yaml" },
	/* Downloaders that clone. */
	{ "git+https://git.example.com/team/infra@a/b.yaml?ref=main&sparse=0",
	  "git.example.com/team/infra", "refs/heads/main", "a/b.yaml" },
	{ "git+https://git.example.com/team/infra/b.yaml?ref=main", "git.example.com/team/infra",
	  "refs/heads/main", "b.yaml" },
	{ "git+ssh://git@git.example.com/team/infra@b.yaml", "git.example.com/team/infra",
	  "refs/heads/any", "b.yaml" },
	{ "git::https://git.example.com/team/infra.git//a/b.yaml?ref=main",
	  "git.example.com/team/infra", "refs/heads/main", "a/b.yaml" },
	{ "git::https://git.example.com/team/infra.git@a/b.yaml?ref=main",
	  "git.example.com/team/infra", "refs/heads/main", "a/b.yaml" },
	{ "git::git@git.example.com:team/infra.git//b.yaml?ref=v1", "git.example.com/team/infra",
	  "refs/tags/v1", "b.yaml" },
	{ "git::https://git.example.com/team/infra.git/a.yaml?ref=v1", "git.example.com/team/infra",
	  "refs/heads/main", NULL },
	{ "git+https://", "git.example.com/team/infra", "refs/heads/main", NULL },
	{ "git+x", "git.example.com/team/infra", "refs/heads/main", NULL },
	{ "git::", "git.example.com/team/infra", "refs/heads/main", NULL },
	/* Nothing of Git's. */
	{ "s3://bucket/team/infra/raw/branch/main/a.yaml", "bucket/team/infra", "refs/heads/main",
	  NULL },
	{ "s3::https://git.example.com/team/infra/raw/branch/main/a.yaml",
	  "git.example.com/team/infra", "refs/heads/main", NULL },
	{ "oci://git.example.com/team/infra", "git.example.com/team/infra", "refs/heads/main", NULL },
	{ "https://github.com/team/infra/raw/main/%zz", "github.com/team/infra", "refs/heads/main",
	  NULL },
};

/* The file of one repository at one ref. */
struct wanted {
	const char *repository;
	const char *ref;
	char *path;
};

static void take_ours(void *arg, const struct gitplace *place)
{
	struct wanted *w = arg;

	if (gitplace_is_at(place, w->repository, w->ref)) {
		free(w->path);
		w->path = strdup(place->path);
	}
}

static void test_files(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct wanted w = { .repository = files[i].repository, .ref = files[i].ref };

		gitplace_of_file(files[i].url, take_ours, &w);
		tap_str(w.path, files[i].path, "the file behind \"%s\"", files[i].url);
		free(w.path);
	}
}

static void list_one(void *arg, const struct gitplace *place)
{
	char *all = arg;
	size_t len = strlen(all);

	(void)snprintf(all + len, 1024 - len, "%s %s:%s\n", place->url, place->ref, place->path);
}

static void test_ambiguous_files(void)
{
	static const struct {
		const char *url, *all;
	} cases[] = {
		{ "https://raw.githubusercontent.com/team/infra/a/b/c.yaml",
		  "https://github.com/team/infra a:b/c.yaml\n"
		  "https://github.com/team/infra a/b:c.yaml\n" },
		{ "https://raw.githubusercontent.com/team/infra/refs/heads/a/b.yaml",
		  "https://github.com/team/infra refs/heads/a:b.yaml\n" },
		{ "https://github.com/team/infra/blob/a/raw/b.yaml",
		  "https://github.com/team/infra a:raw/b.yaml\n"
		  "https://github.com/team/infra a/raw:b.yaml\n" },
		{ "https://raw.githubusercontent.com/team/infra/a/b/c/d/e/f/g.yaml",
		  "https://github.com/team/infra a:b/c/d/e/f/g.yaml\n"
		  "https://github.com/team/infra a/b:c/d/e/f/g.yaml\n"
		  "https://github.com/team/infra a/b/c:d/e/f/g.yaml\n"
		  "https://github.com/team/infra a/b/c/d:e/f/g.yaml\n" },
		{ "https://git.example.com/projects/OPS/repos/infra/raw/a.yaml",
		  "https://git.example.com/scm/ops/infra :a.yaml\n"
		  "https://git.example.com/ops/infra :a.yaml\n" },
		{ "https://gitlab.com/api/v4/projects/a%2Fb/repository/files/c/raw/d", "" },
		{ "https://raw.githubusercontent.com/team/infra/a", "" },
		{ "https://raw.githubusercontent.com/team", "" },
		{ "https://raw.githubusercontent.com//infra/a/b", "" },
		{ "https://git.example.com/raw/main/a.yaml", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char all[1024] = "";

		gitplace_of_file(cases[i].url, list_one, all);
		tap_str(all, cases[i].all, "all that \"%s\" may mean", cases[i].url);
	}
}

static void test_shown(void)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "../base", "../base" },
		{ "git@git.example.com:team/infra.git", "git@git.example.com:team/infra.git" },
		{ "https://user:secret@git.example.com/a@b?ref=main&token=secret#x",
		  "https://git.example.com/a@b?ref=main" },
		{ "git::https://se@cret@git.example.com/a.git//b?token=secret&ref=v1",
		  "git::https://git.example.com/a.git//b?ref=v1" },
		{ "https://git.example.com/a?href=x&at=main&version=1&private_token=secret",
		  "https://git.example.com/a?version=1&at=main" },
		{ "https://secret@", "https://" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *shown = gitplace_shown(cases[i].text);

		tap_str(shown, cases[i].shown, "what is shown of \"%s\"", cases[i].text);
		free(shown);
	}
}

int main(void)
{
	test_shown();
	test_files();
	test_ambiguous_files();
	return tap_done();
}
