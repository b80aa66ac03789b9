/*
 * References to repositories, as Kustomize takes them apart.
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
		struct gitplace remote = { .url = NULL };
		bool found = kustomize_remote_parse(references[i].text, &remote);

		tap_str(remote.url, references[i].url, "\"%s\": the repository", references[i].text);
		tap_str(remote.path, references[i].path, "\"%s\": the path", references[i].text);
		tap_str(remote.ref, references[i].ref, "\"%s\": the ref", references[i].text);
		tap_ok(found == (references[i].url != NULL), "\"%s\" is %s", references[i].text,
		       references[i].url != NULL ? "cloned" : "a local path");
		gitplace_release(&remote);
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
		struct gitplace remote = { .url = NULL };

		tap_ok(kustomize_remote_parse(owners[i].text, &remote) &&
			       gitplace_is_at(&remote, owners[i].repository,
					      owners[i].ref) == owners[i].ours,
		       "\"%s\" is %s%s at %s", owners[i].text, owners[i].ours ? "" : "not ",
		       owners[i].repository != NULL ? owners[i].repository : "an unknown one",
		       owners[i].ref != NULL ? owners[i].ref : "any ref");
		gitplace_release(&remote);
	}
}

int main(void)
{
	test_references();
	test_owners();
	return tap_done();
}
