/*
 * Repository addresses: every spelling that senders and applications use,
 * and those that must not be taken for one another.
 */
#include "base/giturl.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"

struct row {
	const char *url;
	const char *want; // NULL: refused
};

static const struct row rows[] = {
	/* schemes */
	{ "https://github.com/org/repo", "github.com/org/repo" },
	{ "http://github.com/org/repo", "github.com/org/repo" },
	{ "ssh://git@github.com/org/repo", "github.com/org/repo" },
	{ "git://github.com/org/repo", "github.com/org/repo" },
	{ "git+ssh://git@github.com/org/repo", "github.com/org/repo" },
	{ "ssh+git://git@github.com/org/repo", "github.com/org/repo" },
	{ "HTTPS://github.com/org/repo", "github.com/org/repo" },
	{ "github.com/org/repo", "github.com/org/repo" },
	{ "git@github.com/org/repo", "github.com/org/repo" },
	/* scp */
	{ "git@github.com:org/repo", "github.com/org/repo" },
	{ "git@github.com:org/repo.git", "github.com/org/repo" },
	{ "git@github.com:/org/repo.git", "github.com/org/repo" },
	{ "github.com:org/repo", "github.com/org/repo" },
	{ "org-12345@github.com:org/repo.git", "github.com/org/repo" },
	{ "git@git.example.com:group/sub/repo.git", "git.example.com/group/sub/repo" },
	{ "git@git.example.com:repo", "git.example.com/repo" },
	{ "git@git.example.com:~me/repo", "git.example.com/~me/repo" },
	{ "git@git.example.com:3000/org/repo", "git.example.com/3000/org/repo" },
	{ "git.example.com:a:b/c", "git.example.com/a:b/c" },
	{ "[git@git.example.com:2222]:org/repo", "git.example.com/org/repo" },
	{ "[git.example.com:2222]:org/repo", "git.example.com/org/repo" },
	/* ends */
	{ "https://github.com/org/repo.git", "github.com/org/repo" },
	{ "https://github.com/org/repo/", "github.com/org/repo" },
	{ "https://github.com/org/repo.git/", "github.com/org/repo" },
	{ "https://github.com/org/repo///", "github.com/org/repo" },
	{ "https://github.com//org//repo", "github.com/org/repo" },
	{ "https://github.com/./org/./repo/.", "github.com/org/repo" },
	{ "https://git.example.com/org/repo.git.git", "git.example.com/org/repo" },
	{ "https://git.example.com/org/repo/.git", "git.example.com/org/repo" },
	{ "https://git.example.com/org/repo/..git", "git.example.com/org/repo" },
	{ "https://git.example.com/org/repogit", "git.example.com/org/repogit" },
	{ "https://git.example.com/org/.github", "git.example.com/org/.github" },
	{ "https://git.example.com/org/a.b-c_d", "git.example.com/org/a.b-c_d" },
	/* users and ports */
	{ "https://user@git.example.com/org/repo", "git.example.com/org/repo" },
	{ "https://user:pass@git.example.com/org/repo", "git.example.com/org/repo" },
	{ "https://user:p%40ss@git.example.com/org/repo", "git.example.com/org/repo" },
	{ "https://a@b:c@git.example.com/org/repo", "git.example.com/org/repo" },
	{ "https://good.example.com:443@evil.example.com/org/repo", "evil.example.com/org/repo" },
	{ "https://git.example.com:8443/org/repo", "git.example.com/org/repo" },
	{ "ssh://git@git.example.com:2222/org/repo.git", "git.example.com/org/repo" },
	{ "ssh://git@git.example.com:/org/repo.git", "git.example.com/org/repo" },
	{ "ssh://git@git.example.com:7999/~me/repo.git", "git.example.com/~me/repo" },
	{ "https://oauth2:glpat-x@gitlab.com/org/repo.git", "gitlab.com/org/repo" },
	/* hosts */
	{ "https://GitHub.COM/org/repo", "github.com/org/repo" },
	{ "https://github.com./org/repo", "github.com/org/repo" },
	{ "ssh://git@ssh.github.com:443/org/repo.git", "github.com/org/repo" },
	{ "git@ssh.github.com:org/repo.git", "github.com/org/repo" },
	{ "ssh://git@altssh.gitlab.com:443/org/repo.git", "gitlab.com/org/repo" },
	{ "ssh://git@altssh.bitbucket.org:443/team/repo.git", "bitbucket.org/team/repo" },
	{ "ssh://git@ssh.git.example.com/org/repo", "git.example.com/org/repo" },
	{ "https://localhost/org/repo", "localhost/org/repo" },
	{ "http://127.0.0.1:3000/org/repo.git", "127.0.0.1/org/repo" },
	{ "http://[::1]:3000/org/repo.git", "[::1]/org/repo" },
	{ "http://[0:0:0:0:0:0:0:1]/org/repo", "[::1]/org/repo" },
	{ "ssh://git@[2001:DB8::1]:22/org/repo", "[2001:db8::1]/org/repo" },
	{ "git@[2001:db8::1]:org/repo.git", "[2001:db8::1]/org/repo" },
	{ "[::1]:org/repo", "[::1]/org/repo" },
	{ "https://b\xc3\xbc" "cher.example/org/repo", "b\xc3\xbc" "cher.example/org/repo" },
	/* case */
	{ "https://github.com/Org/Repo", "github.com/org/repo" },
	{ "git@gitlab.com:Group/Sub/Repo.git", "gitlab.com/group/sub/repo" },
	{ "https://bitbucket.org/Team/Repo", "bitbucket.org/team/repo" },
	{ "https://Git.Example.com/Org/Repo", "git.example.com/Org/Repo" },
	{ "https://github.com/org/repo.GIT", "github.com/org/repo" },
	/* escapes */
	{ "https://git.example.com/my%20org/repo", "git.example.com/my org/repo" },
	{ "https://git.example.com/my org/repo", "git.example.com/my org/repo" },
	{ "https://git.example.com/%7Eme/repo", "git.example.com/~me/repo" },
	{ "https://git.example.com/org%2Frepo", "git.example.com/org/repo" },
	{ "https://git.example.com/caf%C3%A9/r", "git.example.com/caf\xc3\xa9/r" },
	{ "https://git.example.com/100%/r", "git.example.com/100%25/r" },
	{ "https://git.example.com/100%25/r", "git.example.com/100%25/r" },
	{ "https://git.example.com/a%zz/r", "git.example.com/a%25zz/r" },
	{ "https://git.example.com/a%2", "git.example.com/a%252" },
	/* Azure DevOps */
	{ "https://dev.azure.com/org/project/_git/repo", "dev.azure.com/org/project/repo" },
	{ "https://org@dev.azure.com/org/project/_git/repo", "dev.azure.com/org/project/repo" },
	{ "https://org.visualstudio.com/project/_git/repo", "dev.azure.com/org/project/repo" },
	{ "https://org.visualstudio.com/DefaultCollection/project/_git/repo",
	  "dev.azure.com/org/project/repo" },
	{ "git@ssh.dev.azure.com:v3/org/project/repo", "dev.azure.com/org/project/repo" },
	{ "ssh://git@ssh.dev.azure.com:22/v3/org/project/repo", "dev.azure.com/org/project/repo" },
	{ "org@vs-ssh.visualstudio.com:v3/org/project/repo", "dev.azure.com/org/project/repo" },
	{ "https://dev.azure.com/org/_git/repo", "dev.azure.com/org/repo/repo" },
	{ "https://org.visualstudio.com/_git/repo", "dev.azure.com/org/repo/repo" },
	{ "https://dev.azure.com/Org/My%20Project/_git/Repo", "dev.azure.com/org/my project/repo" },
	{ "git@ssh.dev.azure.com:v3/Org/My%20Project/Repo", "dev.azure.com/org/my project/repo" },
	{ "https://dev.azure.com/org/project/_git/_full/repo", "dev.azure.com/org/project/repo" },
	{ "https://dev.azure.com/org/_git/_optimized/repo", "dev.azure.com/org/repo/repo" },
	{ "https://dev.azure.com/v3/project/_git/repo", "dev.azure.com/v3/project/repo" },
	{ "https://dev.azure.com/org", "dev.azure.com/org" },
	{ "https://org.visualstudio.com/x/y", "org.visualstudio.com/x/y" },
	{ "https://tfs.example.com/tfs/C/p/_git/r", "tfs.example.com/tfs/C/p/_git/r" },
	/* this machine */
	{ "/srv/git/repo.git", "file:///srv/git/repo" },
	{ "/srv/git/repo.git/", "file:///srv/git/repo" },
	{ "/srv/tree/.git", "file:///srv/tree" },
	{ "file:///srv/git/repo.git", "file:///srv/git/repo" },
	{ "file://localhost/srv/git/repo", "file:///srv/git/repo" },
	{ "file:///srv/my%20repo", "file:///srv/my repo" },
	{ "/srv/my%20repo", "file:///srv/my%2520repo" },
	{ "/srv/Repo", "file:///srv/Repo" },
	{ "/srv/a:b", "file:///srv/a:b" },
	/* refused */
	{ "", NULL },
	{ "/", NULL },
	{ "https://", NULL },
	{ "https:///org/repo", NULL },
	{ "https://github.com", NULL },
	{ "https://github.com/", NULL },
	{ "https://github.com/.git", NULL },
	{ "github.com", NULL },
	{ "git@github.com:", NULL },
	{ ":org/repo", NULL },
	{ "../repo", NULL },
	{ "./repo", NULL },
	{ "https://github.com/org/../repo", NULL },
	{ "https://github.com/org/%2e%2e/repo", NULL },
	{ "https://github.com/org%2f..%2frepo", NULL },
	{ "/srv/../etc", NULL },
	{ "/srv/...git", NULL },
	{ "file://host/srv/repo", NULL },
	{ "oci://registry.example.com/org/chart", NULL },
	{ "ext::sh -c id", NULL },
	{ "javascript://github.com/org/repo", NULL },
	{ "https://git hub.com/org/repo", NULL },
	{ "https://-oProxyCommand=id/org/repo", NULL },
	{ "ssh://-oProxyCommand=id/org/repo", NULL },
	{ "-oProxyCommand=id:org/repo", NULL },
	{ "https://git.example.com:x/org/repo", NULL },
	{ "https://[::1/org/repo", NULL },
	{ "https://[::1]x/org/repo", NULL },
	{ "https://[::zz]/org/repo", NULL },
	{ "https://github.com\\@evil/org/repo", NULL },
	{ "https://github.com/org/re\npo", NULL },
	{ "https://github.com/org/re%0apo", NULL },
	{ "https://github.com/org/re%00po", NULL },
	{ "https://github.com/org/re\x7fpo", NULL },
	{ "https://git%68ub.com/org/repo", NULL },
};

struct pair {
	const char *a;
	const char *b;
};

/* Different repositories. */
static const struct pair strangers[] = {
	{ "https://github.com/org/repo", "https://github.com/org/repo2" },
	{ "https://github.com/org/repo", "https://github.com/xorg/repo" },
	{ "https://github.com/org/repo", "https://github.com/org/sub/repo" },
	{ "https://github.com/org/repo", "https://github.com/org" },
	{ "https://github.com/org/repo", "https://github.com.evil.example/org/repo" },
	{ "https://github.com/org/repo", "https://xgithub.com/org/repo" },
	{ "https://github.com/org/repo", "https://gist.github.com/org/repo" },
	{ "https://github.com/org/repo", "https://githubXcom/org/repo" },
	{ "https://github.com/org/repo", "https://gitlab.com/org/repo" },
	{ "https://github.com/org/repo", "https://evil.example/github.com/org/repo" },
	{ "https://github.com/org/repo", "https://github.com@evil.example/org/repo" },
	{ "https://git.example.com/org/repo", "https://git.example.com/Org/repo" },
	{ "https://git.example.com/org/repo", "https://git.example.com/org/repo.wiki.git" },
	{ "https://dev.azure.com/org/a/_git/repo", "https://dev.azure.com/org/b/_git/repo" },
	{ "https://dev.azure.com/org/a/_git/repo", "https://org2.visualstudio.com/a/_git/repo" },
	{ "https://org.visualstudio.com/a/_git/repo", "https://dev.azure.com/a/org/_git/repo" },
	{ "/srv/git/repo", "https://srv/git/repo" },
	{ "/srv/git/repo", "/srv/git/repo2" },
	{ "https://[::1]/org/repo", "https://[::2]/org/repo" },
	{ "not an address", "not an address" },
};

/* One repository. */
static const struct pair twins[] = {
	{ "https://github.com/Org/Repo.git", "git@ssh.github.com:org/repo" },
	{ "https://gitlab.com/a/b/c", "ssh://git@altssh.gitlab.com:443/a/b/c.git" },
	{ "https://org@dev.azure.com/org/p/_git/r", "git@ssh.dev.azure.com:v3/org/p/r" },
	{ "org@vs-ssh.visualstudio.com:v3/org/p/r", "https://org.visualstudio.com/DefaultCollection/p/_git/r" },
	{ "file:///srv/git/r.git", "/srv/git/r/" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		char *got = giturl_normalise(rows[i].url, &err);
		struct error name = ERROR_INIT; /* makes control characters visible */

		(void)error_set(&name, 0, "%s", rows[i].url);
		tap_str(got, rows[i].want, "'%s' is %s", name.text,
			rows[i].want != NULL ? rows[i].want : "refused");
		if (rows[i].want == NULL) {
			tap_ok(err.text[0] != '\0', "and the reason is given: %s", err.text);
		}
		if (got != NULL) {
			char *again = giturl_normalise(got, &err);

			tap_str(again, got, "and that stays as it is");
			free(again);
		}
		free(got);
	}
}

/* Are both addresses of one repository? */
static bool same(const char *a, const char *b)
{
	char *left = giturl_normalise(a, NULL);
	char *right = giturl_normalise(b, NULL);
	bool equal = left != NULL && right != NULL && strcmp(left, right) == 0;

	free(left);
	free(right);
	return equal;
}

static void test_pairs(void)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		tap_ok(!same(strangers[i].a, strangers[i].b), "%s is not %s", strangers[i].a,
		       strangers[i].b);
	}
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
		tap_ok(same(twins[i].a, twins[i].b), "%s is %s", twins[i].a, twins[i].b);
	}
}

static void test_length(void)
{
	struct error err = ERROR_INIT;
	char url[GITURL_MAX + 2] = "https://h/";
	size_t start = strlen(url);

	memset(url + start, 'a', sizeof(url) - 1 - start);
	tap_ok(giturl_normalise(url, &err) == NULL, "an address over the ceiling is refused");
	tap_str(err.text, "an address of more than 2048 bytes", "and the ceiling is named");
	url[GITURL_MAX] = '\0';
	char *got = giturl_normalise(url, &err);
	tap_ok(got != NULL, "one at the ceiling is not");
	free(got);
	(void)giturl_normalise("https://user:hunter2@/x", &err);
	tap_ok(strstr(err.text, "hunter2") == NULL, "no password in the error");
}

int main(void)
{
	test_rows();
	test_pairs();
	test_length();
	return tap_done();
}
