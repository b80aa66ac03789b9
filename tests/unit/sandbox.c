/*
 * What a process behind the walls can and cannot do: each attempt is made by a
 * child of its own.
 */
#include "receiver/process/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"

static const char *allowed_dir;
static const char *forbidden_dir;

static int try_open(const char *directory, const char *name, int flags)
{
	char *path = xasprintf("%s/%s", directory, name);
	int fd = open(path, flags, 0600);

	free(path);
	return fd < 0 ? errno : 0;
}

static int try_exec(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return pid < 0 ? errno : 0;
}

static int try_shadow(void)
{
	return try_open("/etc", "shadow", O_RDONLY);
}

static int try_secret(void)
{
	return try_open(forbidden_dir, "secret", O_RDONLY);
}

static int try_read(void)
{
	return try_open(allowed_dir, "file", O_RDONLY);
}

static int try_write_read_only(void)
{
	return try_open(allowed_dir, "new", O_WRONLY | O_CREAT);
}

static int try_write_outside(void)
{
	return try_open(forbidden_dir, "new", O_WRONLY | O_CREAT);
}

static int try_write_cache(void)
{
	char *path = xasprintf("%s/cache", tap_dir());
	int r = try_open(path, "new", O_WRONLY | O_CREAT);

	free(path);
	return r;
}

static int try_old_descriptor(void)
{
	return fcntl(9, F_GETFD) < 0 ? errno : 0;
}

static int try_signal_parent(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static int told(long result)
{
	return result < 0 ? errno : 0;
}

/* A file of this user, which no directory grants. */
static char *secret_path(void)
{
	return xasprintf("%s/secret", forbidden_dir);
}

static int try_chmod(void)
{
	return told(chmod(secret_path(), 04777));
}

static int try_fchmodat(void)
{
	return told(fchmodat(AT_FDCWD, secret_path(), 04777, 0));
}

static int try_fchmod(void)
{
	char *path = xasprintf("%s/file", allowed_dir);

	return told(fchmod(open(path, O_RDONLY | O_CLOEXEC), 04777));
}

static int try_chown(void)
{
	return told(chown(secret_path(), getuid(), getgid()));
}

static int try_set_times(void)
{
	return told(utimensat(AT_FDCWD, secret_path(), NULL, 0));
}

static int try_set_times_of_cache(void)
{
	char *path = xasprintf("%s/cache/kept", tap_dir());

	return told(futimens(open(path, O_RDONLY | O_CLOEXEC), NULL));
}

static int try_kill_thread(void)
{
	pid_t parent = getppid();

	return told(syscall(SYS_tgkill, parent, parent, 0));
}

static int try_own_signal(void)
{
	return told(fcntl(3, F_SETOWN, getppid()));
}

static int try_choose_signal(void)
{
	return told(fcntl(3, F_SETSIG, SIGKILL));
}

static int try_abort(void)
{
	abort();
}

static int try_mapping(int flags)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ? errno : 0;
}

static int try_shared_memory(void)
{
	return try_mapping(MAP_SHARED | MAP_ANONYMOUS);
}

static int try_second_stack(void)
{
	return try_mapping(MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN);
}

static int try_own_memory(void)
{
	return try_mapping(MAP_PRIVATE | MAP_ANONYMOUS);
}

static int try_map_file(void)
{
	char *path = xasprintf("%s/file", allowed_dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? errno : 0;
}

static int try_run_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return told(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int try_larger_stack(void)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	return told(setrlimit(RLIMIT_STACK, &limit));
}

/* How one attempt behind the walls ended: errno, 0, or 1000 + signal. */
static int behind_walls(int (*attempt)(void), struct sandbox_report *ret_report)
{
	struct sandbox_options options = { .channel = 3 };
	struct error err = ERROR_INIT;
	int ends[2];
	int status = 0;

	(void)!pipe(ends);
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox_report report = { .landlock = 0 };
		char *cache = xasprintf("%s/cache", tap_dir());

		strvec_push(&options.read_dirs, allowed_dir);
		strvec_push(&options.write_dirs, cache);
		(void)dup2(ends[1], 3);
		(void)dup2(ends[1], 9);
		if (sandbox_enter(&options, &report, &err) < 0) {
			(void)!write(2, err.text, strlen(err.text));
			_exit(255);
		}
		(void)!write(3, &report, sizeof(report));
		_exit(attempt());
	}
	close(ends[1]);
	(void)!read(ends[0], ret_report, sizeof(*ret_report));
	close(ends[0]);
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void the_walls_hold(void)
{
	enum wall { ALWAYS, LANDLOCK, SECCOMP };
	static const struct {
		const char *what;
		int (*attempt)(void);
		enum wall wall;
		int want;
	} rows[] = {
		{ "can read its repository", try_read, ALWAYS, 0 },
		{ "can write its cache", try_write_cache, ALWAYS, 0 },
		{ "has no other descriptor", try_old_descriptor, ALWAYS, EBADF },
		{ "cannot read /etc/shadow", try_shadow, LANDLOCK, EACCES },
		{ "cannot read a secret", try_secret, LANDLOCK, EACCES },
		{ "cannot write its repository", try_write_read_only, LANDLOCK, EACCES },
		{ "cannot write elsewhere", try_write_outside, LANDLOCK, EACCES },
		{ "cannot run a program", try_exec, LANDLOCK, EACCES },
		{ "dies if it runs a program", try_exec, SECCOMP, 1000 + SIGSYS },
		{ "dies if it opens a socket", try_socket, SECCOMP, 1000 + SIGSYS },
		{ "dies if it forks", try_fork, SECCOMP, 1000 + SIGSYS },
		{ "cannot signal its parent", try_signal_parent, SECCOMP, ENOSYS },
		{ "cannot signal its parent as a thread", try_kill_thread, SECCOMP, ENOSYS },
		{ "cannot let the kernel signal another", try_own_signal, SECCOMP, ENOSYS },
		{ "cannot choose that signal", try_choose_signal, SECCOMP, ENOSYS },
		{ "can end itself", try_abort, ALWAYS, 1000 + SIGABRT },
		{ "cannot change the mode of a file", try_chmod, SECCOMP, ENOSYS },
		{ "cannot do it by its directory", try_fchmodat, SECCOMP, ENOSYS },
		{ "cannot do it to what it may read", try_fchmod, SECCOMP, ENOSYS },
		{ "cannot change the owner of a file", try_chown, SECCOMP, ENOSYS },
		{ "cannot change the times of a file", try_set_times, SECCOMP, ENOSYS },
		{ "can note that it used its cache", try_set_times_of_cache, ALWAYS, 0 },
		{ "can have memory of its own", try_own_memory, ALWAYS, 0 },
		{ "can map a file", try_map_file, ALWAYS, 0 },
		{ "cannot share memory, which no limit counts", try_shared_memory, SECCOMP, ENOSYS },
		{ "cannot have another stack, nor that", try_second_stack, SECCOMP, ENOSYS },
		{ "cannot make memory a program", try_run_memory, SECCOMP, ENOSYS },
		{ "cannot have a larger stack", try_larger_stack, SECCOMP, EPERM },
	};
	char *allowed = xasprintf("%s/allowed", tap_dir());
	char *forbidden = xasprintf("%s/forbidden", tap_dir());

	tap_sh("cd %s && mkdir -p allowed forbidden cache && echo f > allowed/file && touch cache/kept && "
	       "echo s > forbidden/secret", tap_dir());
	allowed_dir = allowed;
	forbidden_dir = forbidden;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sandbox_report report = { .landlock = 0 };
		int got = behind_walls(rows[i].attempt, &report);
		bool there = rows[i].wall == ALWAYS ||
			     (rows[i].wall == LANDLOCK && report.landlock > 0) ||
			     (rows[i].wall == SECCOMP && report.seccomp);

		if (!there || (rows[i].attempt == try_exec && rows[i].wall == LANDLOCK &&
			       report.seccomp)) {
			tap_ok(true, "a reader %s # SKIP not with these walls", rows[i].what);
			continue;
		}
		tap_int(got, rows[i].want, "a reader %s (Landlock %d, filter %d)", rows[i].what,
			report.landlock, report.seccomp);
	}
	free(allowed);
	free(forbidden);
}

int main(void)
{
	the_walls_hold();
	return tap_done();
}
