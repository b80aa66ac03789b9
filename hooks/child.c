/*
 * Children of the hook.
 *
 * git waits until nobody holds the hook's standard error any more, so a child
 * that outlives us must not have it: the delivering program gets /dev/null,
 * a pipe to us, and nothing else.
 */
#include "hooks/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"

extern char **environ;

/* Some signals are ignored here; children expect them as usual. */
static int spawn(const char *path, char *const argv[], const posix_spawn_file_actions_t *actions,
		 short flags, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	sigset_t defaults;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGHUP);
	(void)sigaddset(&defaults, SIGINT);
	(void)sigaddset(&defaults, SIGTERM);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigdefault(&attributes, &defaults);
	(void)posix_spawnattr_setflags(&attributes, (short)(flags | POSIX_SPAWN_SETSIGDEF));
	int r = posix_spawn(ret_pid, path, actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	return r;
}

/* Read fd to its end, or until deadline. True at the end. */
static bool read_until(int fd, int64_t deadline, struct buf *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char chunk[4096];

	for (;;) {
		int64_t left = deadline - mstime_monotonic();

		if (left <= 0) {
			return false;
		}
		if (poll(&p, 1, (int)left) <= 0) {
			continue;
		}
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return true;
		}
		(void)buf_add(out, chunk, (size_t)n);
	}
}

bool hook_child_deliver(const char *program, const char *id, const char *git_dir, int64_t deadline,
			struct buf *out)
{
	char *argv[] = { xstrdup(program), xstrdup("hook"), xstrdup("deliver"), xstrdup("--wait"),
			 xstrdup(id),      xstrdup(git_dir), NULL };
	posix_spawn_file_actions_t actions;
	bool ended = false;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		goto out;
	}
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	int r = spawn(program, argv, &actions, POSIX_SPAWN_SETSID, &pid);
	(void)posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r == 0) {
		ended = read_until(ends[0], deadline, out);
	}
	close(ends[0]);
out:
	for (size_t i = 0; argv[i] != NULL; i++) {
		free(argv[i]);
	}
	return ended;
}

/* A descriptor that reads as input, or -1. */
static int input_file(const char *input, size_t len)
{
	int fd = memfd_create("refs", MFD_CLOEXEC);

	while (fd >= 0 && len > 0) {
		ssize_t n = write(fd, input, len);

		if (n <= 0) {
			break;
		}
		input += n;
		len -= (size_t)n;
	}
	if (fd >= 0) {
		(void)lseek(fd, 0, SEEK_SET);
	}
	return fd;
}

/* Where a hook is kept that our hook at self came before (free it), or NULL: nowhere. */
static char *find_kept(const char *self)
{
	const char *slash = strrchr(self, '/');
	const char *name = slash != NULL ? slash + 1 : self;
	char *const candidates[] = {
		xasprintf("%.*s" HOOK_KEPT_FOLDER "/%s", (int)(name - self), self, name),
		xasprintf("%s.local", self),
	};
	char *found = NULL;

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (found == NULL && access(candidates[i], X_OK) == 0) {
			found = xstrdup(candidates[i]);
		}
		free(candidates[i]);
	}
	return found;
}

/* argv for the program at path: owned is the array only. */
static char **make_argv(char *path, char *const arguments[])
{
	size_t count = 0;

	while (arguments[count] != NULL) {
		count++;
	}
	char **argv = xcalloc(count + 2, sizeof(*argv));
	argv[0] = path;
	memcpy(argv + 1, arguments, count * sizeof(*argv));
	return argv;
}

static void run(char *path, char *const arguments[], int fd)
{
	char **argv = make_argv(path, arguments);
	posix_spawn_file_actions_t actions;
	pid_t pid;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, 0);
	int r = spawn(path, argv, &actions, 0, &pid);
	(void)posix_spawn_file_actions_destroy(&actions);
	while (r == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
	free(argv);
}

void hook_child_chain(const char *self, char *const arguments[], const char *input, size_t len)
{
	char real[PATH_MAX];

	char *path = find_kept(self);
	if (path == NULL && realpath(self, real) != NULL) {
		path = find_kept(real);
	}
	int fd = path != NULL ? input_file(input, len) : -1;
	if (fd >= 0) {
		run(path, arguments, fd);
		close(fd);
	}
	free(path);
}
