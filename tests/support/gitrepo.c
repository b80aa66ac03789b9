/*
 * Real Git repositories for tests.
 */
#include "tests/support/gitrepo.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/tap.h"

static const char environment[] =
	"export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent "
	"GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t "
	"GIT_COMMITTER_EMAIL=t@example.com GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' "
	"GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'";

static void die(const char *what)
{
	printf("Bail out! %s\n", what);
	(void)fflush(stdout);
	exit(2);
}

char *gitrepo_output(const char *repo, const char *format, ...)
{
	char script[16384];
	char *command = NULL;
	struct buf b;
	char piece[4096];
	va_list args;
	size_t n;

	va_start(args, format);
	(void)vsnprintf(script, sizeof(script), format, args);
	va_end(args);
	if (asprintf(&command, "%s; cd '%s' && set -e\n%s", environment, repo, script) < 0) {
		die("memory");
	}
	(void)fflush(stdout);
	FILE *f = popen(command, "re");
	if (f == NULL) {
		die("popen");
	}
	buf_init(&b, (size_t)64 << 20);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0) {
		(void)buf_add(&b, piece, n);
	}
	if (pclose(f) != 0) {
		die(command);
	}
	free(command);
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

void gitrepo_sh(const char *repo, const char *format, ...)
{
	char script[16384];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(script, sizeof(script), format, args);
	va_end(args);
	free(gitrepo_output(repo, "{ %s\n} >/dev/null 2>&1", script));
}

const char *gitrepo_new(const char *name)
{
	static char paths[8][PATH_MAX];
	static int next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, PATH_MAX, "%s/%s", tap_dir(), name);
	tap_sh("rm -rf '%s' && mkdir -p '%s'", path, path);
	gitrepo_sh(path, "git init -q -b main .\ngit config gc.auto 0\ngit config core.fsync none");
	return path;
}

struct oid gitrepo_rev(const char *repo, const char *revision)
{
	char *text = gitrepo_output(repo, "git rev-parse '%s'", revision);
	struct oid id = { 0 };

	if (oid_from_hex(text, strcspn(text, "\n"), &id) != 0) {
		die(text);
	}
	free(text);
	return id;
}

struct oid gitrepo_commit(const char *repo)
{
	gitrepo_sh(repo, "git add -A\ngit commit -q --allow-empty -m c");
	return gitrepo_rev(repo, "HEAD");
}
