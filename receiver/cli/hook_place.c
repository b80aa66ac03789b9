/*
 * Asking git about a repository, and changing its hooks folder.
 *
 * Only git knows whether core.hooksPath sends hooks elsewhere.  The hook is a
 * symbolic link to the installed program, so that an upgrade of the package
 * is one of every repository too; a link that leads nowhere any more is what
 * git takes for "no hook".
 */
#include "receiver/cli/hook_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

#define ARGUMENTS 12

extern char **environ;

/*
 * The first line that "git -C path ARGS..." prints, or NULL.  Repositories on
 * a server belong to others; we only ask where things are.
 */
static char *ask_git(const char *path, const char *const args[])
{
	char *argv[ARGUMENTS] = { xstrdup("git"), xstrdup("-c"), xstrdup("safe.directory=*"),
				  xstrdup("-C"), xstrdup(path) };
	posix_spawn_file_actions_t actions;
	char line[PATH_MAX + 2] = "";
	char *answer = NULL;
	int status = -1;
	int ends[2];
	pid_t pid;

	for (size_t i = 0; args[i] != NULL && i + 6 < ARGUMENTS; i++) {
		argv[i + 5] = xstrdup(args[i]);
	}
	if (pipe2(ends, O_CLOEXEC) < 0) {
		goto out;
	}
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	int r = posix_spawnp(&pid, "git", &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	FILE *file = fdopen(ends[0], "r");
	if (r == 0 && fgets(line, sizeof(line), file) == NULL) {
		line[0] = '\0';
	}
	fclose(file);
	if (r == 0 && waitpid(pid, &status, 0) == pid && status == 0 && line[0] != '\0') {
		line[strcspn(line, "\n")] = '\0';
		answer = xstrdup(line);
	}
out:
	for (size_t i = 0; argv[i] != NULL; i++) {
		free(argv[i]);
	}
	return answer;
}

/* Our own binary, and the post-receive program beside it or below libexec. */
static int find_program(struct hook_place *place, struct error *err)
{
	char self[PATH_MAX] = "";

	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0) {
		return error_errno(err, -1, errno, "/proc/self/exe");
	}
	self[len] = '\0';
	place->doorbell = xstrdup(self);
	char *slash = strrchr(self, '/');
	*slash = '\0';
	char *const candidates[] = {
		xasprintf("%s/post-receive", self),
		xasprintf("%s/../libexec/doorbell/post-receive", self),
	};
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		char real[PATH_MAX];

		if (place->program == NULL && access(candidates[i], X_OK) == 0 &&
		    realpath(candidates[i], real) != NULL) {
			place->program = xstrdup(real);
		}
		free(candidates[i]);
	}
	if (place->program == NULL) {
		return error_set(err, -1, "no post-receive program beside %s or in "
					  "../libexec/doorbell", place->doorbell);
	}
	return 0;
}

static enum hook_state find_state(const struct hook_place *place)
{
	char target[PATH_MAX] = "";
	struct stat st;

	if (lstat(place->hook, &st) < 0) {
		return HOOK_STATE_NONE;
	}
	if (!S_ISLNK(st.st_mode) || readlink(place->hook, target, sizeof(target) - 1) < 0) {
		return HOOK_STATE_FOREIGN;
	}
	/* An earlier version of ours may have stood elsewhere. */
	if (strcmp(target, place->program) == 0 ||
	    strstr(target, "/libexec/doorbell/post-receive") != NULL) {
		return HOOK_STATE_OURS;
	}
	return HOOK_STATE_FOREIGN;
}

int hook_place_find(const char *path, struct hook_place *ret_place, struct error *err)
{
	static const char *const git_dir[] = { "rev-parse", "--absolute-git-dir", NULL };
	static const char *const hooks[] = { "rev-parse", "--path-format=absolute", "--git-path",
					     "hooks", NULL };
	struct hook_place place = { .git_dir = NULL };
	struct stat st;
	int r = -1;

	(void)unsetenv("GIT_DIR");
	(void)unsetenv("GIT_WORK_TREE");
	place.git_dir = ask_git(path, git_dir);
	if (place.git_dir == NULL) {
		r = error_set(err, -1, "%s is not a git repository", path);
		goto out;
	}
	place.hooks = ask_git(place.git_dir, hooks);
	if (place.hooks == NULL) {
		r = error_set(err, -1, "git does not say where the hooks of %s are", path);
		goto out;
	}
	place.hook = xasprintf("%s/post-receive", place.hooks);
	place.local = xasprintf("%s/post-receive.local", place.hooks);
	if (find_program(&place, err) < 0) {
		goto out;
	}
	place.state = find_state(&place);
	place.is_shared = strncmp(place.hooks, place.git_dir, strlen(place.git_dir)) != 0;
	place.has_local = lstat(place.local, &st) == 0;
	*ret_place = place;
	place = (struct hook_place){ .git_dir = NULL };
	r = 0;
out:
	hook_place_release(&place);
	return r;
}

void hook_place_release(struct hook_place *place)
{
	free(place->git_dir);
	free(place->hooks);
	free(place->hook);
	free(place->local);
	free(place->doorbell);
	free(place->program);
	*place = (struct hook_place){ .git_dir = NULL };
}

char *hook_place_repository(const struct hook_place *place)
{
	static const char *const origin[] = { "config", "--get", "remote.origin.url", NULL };
	char *url = ask_git(place->git_dir, origin);

	if (url == NULL) {
		return xasprintf("file://%s", place->git_dir);
	}
	char *host = strstr(url, "://");
	if (host == NULL) {
		return url;
	}
	host += 3;
	char *at = memchr(host, '@', strcspn(host, "/"));
	if (at != NULL) {
		memmove(host, at + 1, strlen(at + 1) + 1);
	}
	return url;
}

/* Give path to whoever owns the repository, if we may. */
static void give(const struct hook_place *place, const char *path)
{
	struct stat st;

	if (geteuid() == 0 && stat(place->git_dir, &st) == 0) {
		(void)!lchown(path, st.st_uid, st.st_gid);
	}
}

int hook_place_link(const struct hook_place *place, struct error *err)
{
	char *temporary = xasprintf("%s/.post-receive.%ld", place->hooks, (long)getpid());
	int r = 0;

	(void)unlink(temporary);
	if (symlink(place->program, temporary) < 0 || rename(temporary, place->hook) < 0) {
		r = error_errno(err, -1, errno, "%s", place->hook);
		(void)unlink(temporary);
	} else {
		give(place, place->hook);
	}
	free(temporary);
	return r;
}

int hook_place_folder(const struct hook_place *place, const char *path, struct error *err)
{
	char *objects = xasprintf("%s/objects", place->git_dir);
	struct stat st;
	mode_t mode = stat(objects, &st) == 0 ? st.st_mode & 07770 : 0700;

	free(objects);
	if (mkdir(path, 0700) < 0) {
		return errno == EEXIST ? 0 : error_errno(err, -1, errno, "%s", path);
	}
	give(place, path);
	if (chmod(path, mode) < 0) {
		return error_errno(err, -1, errno, "%s", path);
	}
	return 0;
}

int hook_place_write(const struct hook_place *place, const char *path, const char *text,
		     struct error *err)
{
	char *temporary = xasprintf("%s.new", path);
	FILE *file = fopen(temporary, "we");
	int r = 0;

	if (file == NULL) {
		r = error_errno(err, -1, errno, "%s", temporary);
		goto out;
	}
	/* Whoever may push reads it; the secret is elsewhere. */
	(void)fchmod(fileno(file), 0644);
	bool written = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	written &= fclose(file) == 0;
	if (!written || rename(temporary, path) < 0) {
		r = error_errno(err, -1, errno, "%s", path);
		(void)unlink(temporary);
		goto out;
	}
	give(place, path);
out:
	free(temporary);
	return r;
}
