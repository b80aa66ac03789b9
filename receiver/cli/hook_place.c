/*
 * Asking git about a repository, and changing its hooks folder.
 *
 * Only git knows whether core.hooksPath sends hooks elsewhere.  Where a forge
 * has a script of its own there, that script runs every program in a folder,
 * and our hook is one of those; else it is the hook itself.
 */
#include "receiver/cli/hook_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "hooks/child.h"

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

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool hook_place_is_shared(const struct hook_place *place, const char *path)
{
	size_t len = strlen(place->git_dir);

	return strncmp(path, place->git_dir, len) != 0 || path[len] != '/';
}

/*
 * gitolite keeps hooks in hooks/common and makes links to them in all
 * repositories, again and again.  What stands there is the hook; a link that
 * we replaced would not last.  The folder (free it), or NULL: not gitolite.
 */
static char *common_folder(const char *hooks)
{
	static const char end[] = "/hooks/common";
	char *hook = xasprintf("%s/post-receive", hooks);
	char target[PATH_MAX] = "";
	char *folder = NULL;

	ssize_t len = readlink(hook, target, sizeof(target) - 1);
	char *slash = len > 0 ? strrchr(target, '/') : NULL;
	if (slash != NULL && target[0] == '/' && strcmp(slash, "/post-receive") == 0) {
		*slash = '\0';
		size_t n = strlen(target);
		if (n > strlen(end) && strcmp(target + n - strlen(end), end) == 0 &&
		    is_folder(target)) {
			folder = xstrdup(target);
		}
	}
	free(hook);
	return folder;
}

/*
 * The folder whose programs somebody else runs after a push (free it), or NULL:
 * Gitaly's, or the one beside a script that runs what is in it.  Gogs has a
 * custom_hooks, too, and runs no folder in it; there a script of its own is
 * what git runs, and in Gitaly's repositories there is none.
 */
static char *find_folder(const struct hook_place *place)
{
	char *gitaly = xasprintf("%s/custom_hooks", place->git_dir);
	char *beside = xasprintf("%s/post-receive.d", place->hooks);
	char *folder = NULL;

	if (is_folder(gitaly) && place->state != POST_RECEIVE_FOREIGN) {
		folder = xasprintf("%s/post-receive.d", gitaly);
	} else if (is_folder(beside) && place->before != NULL &&
		   (place->generated || hook_script_is_delegating(place->before))) {
		folder = xstrdup(beside);
	}
	free(beside);
	free(gitaly);
	return folder;
}

/*
 * Whose hook is there, and where does ours go? git_dir, hooks and program are known.
 *
 * "before" is the hook that somebody else wants to be run.  What git runs is
 * that, unless it is ours or there is none; then it is what an installation
 * kept, where this version keeps it, or where earlier ones did.  Whether a forge
 * has a folder for us is asked of that script, which would run the folder; only
 * Gitaly, which runs its folder itself, has no script.
 */
static void look(struct hook_place *place)
{
	char *common = common_folder(place->hooks);

	if (common != NULL) {
		free(place->hooks);
		place->hooks = common;
	}
	place->hook = xasprintf("%s/post-receive", place->hooks);
	place->kept = xasprintf("%s/" HOOK_KEPT_FOLDER "/post-receive", place->hooks);
	place->local = xasprintf("%s/post-receive.local", place->hooks);
	place->state = hook_script_state(place->hook, place->program);
	if (place->state == POST_RECEIVE_FOREIGN) {
		place->before = place->hook;
	} else if (is_there(place->kept)) {
		place->before = place->kept;
	} else if (is_there(place->local)) {
		place->before = place->local;
	}
	place->has_kept = is_there(place->kept) || is_there(place->local);
	place->generated = place->before != NULL && hook_script_is_generated(place->before);
	place->folder = find_folder(place);
	place->own = place->folder != NULL ? xasprintf("%s/doorbell", place->folder)
					   : xstrdup(place->hook);
	place->own_state = hook_script_state(place->own, place->program);
}

int hook_place_find(const char *path, struct hook_place *ret_place, struct error *err)
{
	static const char *const git_dir[] = { "rev-parse", "--absolute-git-dir", NULL };
	static const char *const hooks[] = { "rev-parse", "--path-format=absolute", "--git-path",
					     "hooks", NULL };
	struct hook_place place = { .git_dir = NULL };
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
	if (find_program(&place, err) < 0) {
		goto out;
	}
	look(&place);
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
	free(place->folder);
	free(place->own);
	free(place->kept);
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

/*
 * Give path to whoever owns the folder it is in, if we may: in a repository
 * that is who runs git there, in a shared folder who keeps it for all.
 */
static void give(const char *path)
{
	char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct stat st;

	if (geteuid() == 0 && stat(folder, &st) == 0) {
		(void)!lchown(path, st.st_uid, st.st_gid);
	}
	free(folder);
}

bool hook_place_is_current(const struct hook_place *place)
{
	char *script = hook_script_text(place->program);
	bool keeps = place->folder != NULL || place->before == NULL ||
		     strcmp(place->before, place->kept) == 0;
	bool current = keeps && hook_script_is(place->own, script);

	free(script);
	return current;
}

/* The nearest folder at or above path that is there; path is changed. */
static void climb(char *path)
{
	for (char *slash = strrchr(path, '/'); slash != NULL && slash != path && !is_there(path);
	     slash = strrchr(path, '/')) {
		*slash = '\0';
	}
}

/* May this user write to folder, or make it? If it is not there, its nearest parent says so. */
static int check_folder(const char *folder, struct error *err)
{
	char *path = xstrdup(folder);
	struct stat st;
	int r = 0;

	climb(path);
	if (access(path, W_OK | X_OK) < 0) {
		int number = errno;
		const struct passwd *owner = stat(path, &st) == 0 ? getpwuid(st.st_uid) : NULL;

		r = error_errno(err, -1, number, "%s cannot be changed", path);
		if (number == EACCES && st.st_uid != geteuid() && owner != NULL) {
			r = error_wrap(err, -1, "run this as %s", owner->pw_name);
		}
	}
	free(path);
	return r;
}

int hook_place_check(const struct hook_place *place, struct error *err)
{
	char *ours = xasprintf("%s/doorbell", place->git_dir);
	char *folder = xstrndup(place->own, (size_t)(strrchr(place->own, '/') - place->own));
	int r = check_folder(ours, err);

	if (r == 0 && !hook_place_is_current(place)) {
		r = check_folder(folder, err);
	}
	/* What is ours in git's own place has to go from there. */
	if (r == 0 && place->folder != NULL && place->state == POST_RECEIVE_OURS &&
	    !hook_place_is_shared(place, place->hook)) {
		r = check_folder(place->hooks, err);
	}
	free(folder);
	free(ours);
	return r;
}

int hook_place_folder(const char *path, const char *like, mode_t mask, struct error *err)
{
	struct stat st;
	mode_t mode = stat(like, &st) == 0 ? st.st_mode & mask : 0700;

	if (mkdir(path, 0700) < 0) {
		return errno == EEXIST ? 0 : error_errno(err, -1, errno, "%s", path);
	}
	give(path);
	if (chmod(path, mode) < 0) {
		return error_errno(err, -1, errno, "%s", path);
	}
	return 0;
}

int hook_place_write(const char *path, const char *text, mode_t mode, struct error *err)
{
	const char *name = strrchr(path, '/') + 1;
	/* A hidden name: a folder's programs may be run at any moment. */
	char *temporary = xasprintf("%.*s.%s.new", (int)(name - path), path, name);
	int r = 0;

	(void)unlink(temporary);
	FILE *file = fopen(temporary, "wxe");
	if (file == NULL) {
		r = error_errno(err, -1, errno, "%s", temporary);
		goto out;
	}
	bool written = fputs(text, file) >= 0 && fflush(file) == 0 &&
		       fchmod(fileno(file), mode) == 0 && fsync(fileno(file)) == 0;
	written &= fclose(file) == 0;
	give(temporary);
	if (!written || rename(temporary, path) < 0) {
		r = error_errno(err, -1, errno, "%s", path);
		(void)unlink(temporary);
	}
out:
	free(temporary);
	return r;
}
