/*
 * What "explain" can find out about a repository by itself.
 *
 * Asked of the git program, in the user's own name: where the repository is
 * (a work tree's subdirectory or a linked work tree will do), what it was
 * cloned from, which branch HEAD is.  Nothing of the repository's content is
 * read here.
 */
#include "receiver/cli/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/giturl.h"
#include "base/xalloc.h"

/* git with only what it needs to find itself and the user's settings. */
static void fill_environment(struct strvec *env)
{
	const char *path = getenv("PATH");
	const char *home = getenv("HOME");

	strvec_pushf(env, "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
	if (home != NULL) {
		strvec_pushf(env, "HOME=%s", home);
	}
	strvec_push(env, "GIT_TERMINAL_PROMPT=0");
	strvec_push(env, "LC_ALL=C");
}

static int spawn_git(const struct strvec *argv, int output, pid_t *ret_pid)
{
	struct strvec env = STRVEC_INIT;
	posix_spawn_file_actions_t files;

	fill_environment(&env);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, output, 1);
	(void)posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	int r = posix_spawnp(ret_pid, "git", &files, NULL, argv->items, env.items);
	(void)posix_spawn_file_actions_destroy(&files);
	strvec_release(&env);
	return r == 0 ? 0 : -1;
}

/* Read the first line; the rest is drained and dropped. */
static char *read_line(int fd)
{
	char text[PATH_MAX + 1];
	char rest[4096];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 &&
	       ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0 ||
		(n < 0 && errno == EINTR))) {
		len += n > 0 ? (size_t)n : 0;
	}
	while (read(fd, rest, sizeof(rest)) > 0) {
		;
	}
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return xstrdup(text);
}

/*
 * The first line that "git ..." prints, or NULL if it fails or prints nothing.
 * The directory is the user's word: who owns it does not matter to questions
 * that run nothing.
 */
static char *ask_git(const char *directory, const char *const *words)
{
	struct strvec argv = STRVEC_INIT;
	char *line = NULL;
	int ends[2];
	int status = 0;
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		return NULL;
	}
	strvec_push(&argv, "git");
	strvec_push(&argv, "-c");
	strvec_push(&argv, "safe.directory=*");
	strvec_push(&argv, "-C");
	strvec_push(&argv, directory);
	for (; *words != NULL; words++) {
		strvec_push(&argv, *words);
	}
	int r = spawn_git(&argv, ends[1], &pid);
	close(ends[1]);
	if (r == 0) {
		line = read_line(ends[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
			;
		}
	}
	close(ends[0]);
	strvec_release(&argv);
	if (line != NULL && (status != 0 || line[0] == '\0')) {
		free(line);
		line = NULL;
	}
	return line;
}

static bool exists(const char *directory, const char *name, mode_t type)
{
	char *path = xasprintf("%s/%s", directory, name);
	struct stat st;
	bool found = stat(path, &st) == 0 && (type == 0 || (st.st_mode & S_IFMT) == type);

	free(path);
	return found;
}

bool explain_is_shallow(const struct explain *e)
{
	return exists(e->path, "shallow", S_IFREG) || exists(e->path, ".git/shallow", S_IFREG);
}

/* A root that the reader can open as it stands, or what git says it belongs to. */
static int find_path(struct explain *e)
{
	static const char *const words[] = { "rev-parse", "--path-format=absolute",
					     "--git-common-dir", NULL };
	char *real = realpath(e->directory, NULL);

	if (real == NULL) {
		return explain_fail(e, EXPLAIN_FAILED, "repository", NULL, "%s: %s", e->directory,
				    strerror(errno));
	}
	if (exists(real, ".git", S_IFDIR) ||
	    (exists(real, "HEAD", S_IFREG) && exists(real, "objects", S_IFDIR))) {
		e->path = real;
		return 0;
	}
	free(real);
	e->path = ask_git(e->directory, words);
	if (e->path == NULL || e->path[0] != '/') {
		return explain_fail(e, EXPLAIN_FAILED, "repository",
				    "name a Git repository, bare or with a work tree, with --repo",
				    "%s is not a Git repository", e->directory);
	}
	return 0;
}

static int find_url(struct explain *e)
{
	static const char *const words[] = { "config", "--get", "remote.origin.url", NULL };
	struct error why = ERROR_INIT;
	bool given = e->url != NULL;

	if (!given) {
		e->url = ask_git(e->directory, words);
	}
	if (e->url != NULL) {
		e->repository = giturl_normalise(e->url, &why);
	}
	if (e->repository == NULL && !given) {
		free(e->url);
		e->url = xasprintf("file://%s", e->path);
		e->repository = giturl_normalise(e->url, &why);
	}
	if (e->repository == NULL) {
		return explain_fail(e, given ? EXPLAIN_USAGE : EXPLAIN_FAILED, "url",
				    "give the address as the applications' repoURL spells it, "
				    "with --url", "the repository's address: %s", why.text);
	}
	return 0;
}

/* The branch of HEAD decides what is not given. */
static int find_branch(struct explain *e)
{
	static const char *const words[] = { "symbolic-ref", "--quiet", "HEAD", NULL };

	if (e->default_branch == NULL) {
		char *head = ask_git(e->directory, words);

		if (head != NULL && strncmp(head, "refs/heads/", 11) == 0) {
			e->default_branch = xstrdup(head + 11);
		}
		free(head);
	}
	if (e->ref != NULL) {
		return 0;
	}
	if (e->default_branch == NULL) {
		return explain_fail(e, EXPLAIN_FAILED, "branch",
				    "say which ref the step would be pushed to, with --ref",
				    "HEAD of the repository is no branch");
	}
	e->ref = xasprintf("refs/heads/%s", e->default_branch);
	return 0;
}

int explain_find_repository(struct explain *e)
{
	if (find_path(e) < 0 || find_url(e) < 0) {
		return -1;
	}
	return find_branch(e);
}
