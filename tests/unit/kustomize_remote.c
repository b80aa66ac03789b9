/*
 * References to repositories and to files in their web pages.
 */
#include "inputs/kustomize/kustomize_remote.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"

/* url NULL: Kustomize would take the text for a local path. */
static const struct {
	const char *text;
	const char *url;
	const char *path;
	const char *ref;
} references[] = {
	/* Where the host begins. */
	{ "https://git.example.com/team/infra", "https://git.example.com/team/infra", "", "" },
	{ "HTTPS://git.example.com/team/infra", "HTTPS://git.example.com/team/infra", "", "" },
	{ "http://git.example.com/team/infra/base", "http://git.example.com/team/infra", "base", "" },
	{ "ssh://git@git.example.com/team/infra", "ssh://git@git.example.com/team/infra", "", "" },
	{ "ssh://git.example.com:7999/team/infra", "ssh://git.example.com:7999/team/infra", "", "" },
	{ "git@git.example.com:team/infra", "git@git.example.com:team/infra", "", "" },
	{ "git@git.example.com:team/infra/base", "git@git.example.com:team/infra", "base", "" },
	{ "a-b-9@git.example.com:team/infra", "a-b-9@git.example.com:team/infra", "", "" },
	{ "git@git.example.com/team/infra", "git@git.example.com/team/infra", "", "" },
	{ "git::https://git.example.com/team/infra", "https://git.example.com/team/infra", "", "" },
	{ "GIT::git@git.example.com:team/infra", "git@git.example.com:team/infra", "", "" },
	{ "github.com/team/infra", "https://github.com/team/infra", "", "" },
	{ "GitHub.com/team/infra", "https://github.com/team/infra", "", "" },
	{ "github.com:team/infra", "https://github.com/team/infra", "", "" },
	{ "git@github.com:team/infra", "https://github.com/team/infra", "", "" },
	{ "git@github.com/team/infra", "https://github.com/team/infra", "", "" },
	{ "https://user@github.com/team/infra", "https://github.com/team/infra", "", "" },
	{ "ssh://git@github.com/team/infra", "https://github.com/team/infra", "", "" },
	/* Where the repository ends. */
	{ "https://github.com/team/infra/a/b", "https://github.com/team/infra", "a/b", "" },
	{ "https://github.com/team/infra/", "https://github.com/team/infra", "", "" },
	{ "https://github.com/team/infra.git", "https://github.com/team/infra.git", "", "" },
	{ "https://github.com/team/infra.git/a", "https://github.com/team/infra.git", "a", "" },
	{ "https://github.com/team/infra.git//a", "https://github.com/team/infra.git", "a", "" },
	{ "https://gitlab.example.com/a/b/c//d/e", "https://gitlab.example.com/a/b/c", "d/e", "" },
	{ "https://gitlab.example.com/a/b/c.git/d", "https://gitlab.example.com/a/b/c.git", "d", "" },
	{ "https://gitlab.example.com/a/b/c", "https://gitlab.example.com/a/b", "c", "" },
	{ "https://dev.azure.com/o/p/_git/r/a/b", "https://dev.azure.com/o/p/_git/r", "a/b", "" },
	{ "https://dev.azure.com/o/p/_git/r", "https://dev.azure.com/o/p/_git/r", "", "" },
	{ "https://dev.azure.com/o/p/_git/r//a", "https://dev.azure.com/o/p/_git/r", "a", "" },
	{ "github.com/team/infra///a", "https://github.com/team/infra", "a", "" },
	{ "file:///srv/git/infra", "file:///srv/git/infra", "", "" },
	{ "file:///srv/git/infra.git/base", "file:///srv/git/infra.git", "base", "" },
	{ "file:///srv/git/infra//base", "file:///srv/git/infra", "base", "" },
	{ "https://github.com/team/infra/a/../b", "https://github.com/team/infra", "a/../b", "" },
	/* Options. */
	{ "github.com/team/infra?ref=v1", "https://github.com/team/infra", "", "v1" },
	{ "github.com/team/infra/a?version=v1", "https://github.com/team/infra", "a", "v1" },
	{ "github.com/team/infra?version=v1&ref=v2", "https://github.com/team/infra", "", "v2" },
	{ "github.com/team/infra?ref=&version=v1", "https://github.com/team/infra", "", "v1" },
	{ "github.com/team/infra?ref=a%2Fb", "https://github.com/team/infra", "", "a/b" },
	{ "github.com/team/infra?ref=a/b&timeout=90s", "https://github.com/team/infra", "", "a/b" },
	{ "github.com/team/infra?submodules=false&ref=x", "https://github.com/team/infra", "", "x" },
	{ "github.com/team/infra?ref=a&ref=b", "https://github.com/team/infra", "", "a" },
	{ "github.com/team/infra?ref=a%2", "https://github.com/team/infra", "", "" },
	{ "github.com/team/infra?ref=a;b", "https://github.com/team/infra", "", "" },
	{ "github.com/team/infra?", "https://github.com/team/infra", "", "" },
	/* Local paths. */
	{ "/srv/base", NULL, NULL, NULL },
	{ "../base", NULL, NULL, NULL },
	{ "base", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "?ref=v1", NULL, NULL, NULL },
	{ "gitlab.com/team/infra", NULL, NULL, NULL },
	{ "bitbucket.org/team/infra", NULL, NULL, NULL },
	{ "vendor/github.com/team/infra", NULL, NULL, NULL },
	{ "github.com!team/infra", NULL, NULL, NULL },
	{ "ftp://git.example.com/team/infra", NULL, NULL, NULL },
	{ "9user@git.example.com:team/infra", NULL, NULL, NULL },
	{ "us.er@git.example.com:team/infra", NULL, NULL, NULL },
	{ "git::base", NULL, NULL, NULL },
	{ "https://git.example.com", NULL, NULL, NULL },
	{ "https://git.example.com/team", NULL, NULL, NULL },
	{ "https://git.example.com?ref=a/b/c", NULL, NULL, NULL },
	{ "https://github.com/team/infra.git//../x", NULL, NULL, NULL },
	{ "https://github.com/team/infra/a/../../x", NULL, NULL, NULL },
	{ "https://git.example.com///a", NULL, NULL, NULL },
};

static void test_references(void)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		struct kustomize_remote remote = { .url = NULL };
		bool found = kustomize_remote_parse(references[i].text, &remote);

		tap_str(remote.url, references[i].url, "\"%s\": the repository", references[i].text);
		tap_str(remote.path, references[i].path, "\"%s\": the path", references[i].text);
		tap_str(remote.ref, references[i].ref, "\"%s\": the ref", references[i].text);
		tap_ok(found == (references[i].url != NULL), "\"%s\" is %s", references[i].text,
		       references[i].url != NULL ? "cloned" : "a local path");
		kustomize_remote_release(&remote);
	}
}

static const struct {
	const char *text;
	const char *repository;
	const char *ref;
	bool ours;
} owners[] = {
	{ "github.com/team/infra/base", "github.com/team/infra", "refs/heads/main", true },
	{ "git@github.com:Team/Infra.git", "github.com/team/infra", "refs/heads/main", true },
	{ "ssh://git@git.example.com:22/a/b.git", "git.example.com/a/b", "refs/heads/main", true },
	{ "github.com/team/infra?ref=main", "github.com/team/infra", "refs/heads/main", true },
	{ "github.com/team/infra?ref=HEAD", "github.com/team/infra", "refs/heads/main", true },
	{ "github.com/team/infra?ref=refs/heads/main", "github.com/team/infra", "refs/heads/main",
	  true },
	{ "github.com/team/infra?ref=heads/main", "github.com/team/infra", "refs/heads/main", true },
	{ "github.com/team/infra?ref=v1", "github.com/team/infra", "refs/tags/v1", true },
	{ "github.com/team/infra?ref=v1", "github.com/team/infra", "refs/heads/main", false },
	{ "github.com/team/infra?ref=mai", "github.com/team/infra", "refs/heads/main", false },
	{ "github.com/team/infra?ref=v1", "github.com/team/infra", NULL, true },
	{ "github.com/team/other", "github.com/team/infra", "refs/heads/main", false },
	{ "github.com/team/infra", NULL, "refs/heads/main", false },
};

static void test_owners(void)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct kustomize_remote remote = { .url = NULL };

		tap_ok(kustomize_remote_parse(owners[i].text, &remote) &&
			       kustomize_remote_is_ours(&remote, owners[i].repository,
							owners[i].ref) == owners[i].ours,
		       "\"%s\" is %s%s at %s", owners[i].text, owners[i].ours ? "" : "not ",
		       owners[i].repository != NULL ? owners[i].repository : "an unknown one",
		       owners[i].ref != NULL ? owners[i].ref : "any ref");
		kustomize_remote_release(&remote);
	}
}

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
	{ "https://github.com/team/infra/raw/main/%zz", "github.com/team/infra", "refs/heads/main",
	  NULL },
};

/* The file of one repository at one ref. */
struct wanted {
	const char *repository;
	const char *ref;
	char *path;
};

static void take_ours(void *arg, const struct kustomize_remote *remote)
{
	struct wanted *w = arg;

	if (kustomize_remote_is_ours(remote, w->repository, w->ref)) {
		free(w->path);
		w->path = strdup(remote->path);
	}
}

static void test_files(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct wanted w = { .repository = files[i].repository, .ref = files[i].ref };

		kustomize_remote_files(files[i].url, take_ours, &w);
		tap_str(w.path, files[i].path, "the file behind \"%s\"", files[i].url);
		free(w.path);
	}
}

static void list_one(void *arg, const struct kustomize_remote *remote)
{
	char *all = arg;
	size_t len = strlen(all);

	(void)snprintf(all + len, 1024 - len, "%s %s:%s\n", remote->url, remote->ref, remote->path);
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
		{ "https://raw.githubusercontent.com/team/infra/a", "" },
		{ "https://raw.githubusercontent.com/team", "" },
		{ "https://raw.githubusercontent.com//infra/a/b", "" },
		{ "https://git.example.com/raw/main/a.yaml", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char all[1024] = "";

		kustomize_remote_files(cases[i].url, list_one, all);
		tap_str(all, cases[i].all, "all that \"%s\" may mean", cases[i].url);
	}
}

int main(void)
{
	test_references();
	test_owners();
	test_files();
	test_ambiguous_files();
	return tap_done();
}
