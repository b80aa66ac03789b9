/*
 * From here to there without a copy of our memory.
 *
 * fork(2) copies the page tables: with 1 GB of index in memory 14 ms
 * in which the loop stands still (tests/bench/spawn.c).  posix_spawn(3) does
 * not, but knows neither resource limits nor PR_SET_PDEATHSIG.  So we do what
 * it does inside: clone(2) with CLONE_VM and CLONE_VFORK.  The child runs a
 * function of ours on a stack of its own, in our memory, while we are
 * suspended, until it execs or exits.  There it may do little:
 *
 *  - only raw system calls: locks of libc (and the tables of a sanitizer)
 *    belong to the suspended parent;
 *  - no signal handler may run there: all signals are blocked before, set to
 *    their defaults in the child, and only then unblocked;
 *  - errors come back in a struct on its stack, which is shared.
 */
#include "receiver/process/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)64 * 1024)

/*
 * ThreadSanitizer loses track of who waited for whom once a child has run in
 * its memory, so there the child gets a copy; only the report is shared.
 */
#ifdef __SANITIZE_THREAD__
#define CLONE_HOW (CLONE_VFORK | CLONE_PIDFD | SIGCHLD)
#else
#define CLONE_HOW (CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD)
#endif
#define SIGNAL_MAX 64
#define SIGNAL_SET_BYTES 8
#define FIRST_FREE_FD 10

/* What parent and child share while the parent is suspended. */
struct handover {
	char *const *argv;
	char *const *environment;
	const char *path;
	const char *directory;
	int fds[SPAWN_CHILD_FDS]; // all >= FIRST_FREE_FD, or -1
	struct rlimit64 file_size;
	struct rlimit64 memory;
	bool no_new_privileges;
	pid_t parent;
	struct child_report *report;
};

/* What failed in the child; at the low end of its stack, which is shared in any case. */
struct child_report {
	const char *step; // NULL: nothing
	int error;        // errno of it
};

#define CHILD_CODE \
	__attribute__((noinline, no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))

/* Note what failed; the parent reads it. */
CHILD_CODE static int child_fail(struct handover *h, const char *step)
{
	h->report->step = step;
	h->report->error = errno;
	return 127;
}

CHILD_CODE static long child_limit(int which, const struct rlimit64 *limit)
{
	return syscall(SYS_prlimit64, 0, which, limit, NULL);
}

CHILD_CODE static void child_reset_signals(void)
{
	/* All zero is SIG_DFL with no flags, on every architecture's layout. */
	static const unsigned char by_default[128];

	for (int i = 1; i <= SIGNAL_MAX; i++) {
		(void)syscall(SYS_rt_sigaction, i, by_default, NULL, SIGNAL_SET_BYTES);
	}
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, by_default, NULL, SIGNAL_SET_BYTES);
}

CHILD_CODE static int child_main(void *arg)
{
	static const struct rlimit64 none = { .rlim_cur = 0, .rlim_max = 0 };
	struct handover *h = arg;

	(void)syscall(SYS_setpgid, 0, 0);
	(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (syscall(SYS_getppid) != h->parent) {
		return child_fail(h, "parent");
	}
	for (int i = 0; i < SPAWN_CHILD_FDS; i++) {
		if (h->fds[i] >= 0 && syscall(SYS_dup3, h->fds[i], i, 0) < 0) {
			return child_fail(h, "descriptors");
		}
	}
	unsigned first = h->fds[3] >= 0 ? 4 : 3;
	(void)syscall(SYS_close_range, first, ~0U, 0);
	if (syscall(SYS_chdir, h->directory) < 0) {
		return child_fail(h, h->directory);
	}
	if (child_limit(RLIMIT_CORE, &none) < 0 || child_limit(RLIMIT_FSIZE, &h->file_size) < 0 ||
	    child_limit(RLIMIT_DATA, &h->memory) < 0) {
		return child_fail(h, "limits");
	}
	if (h->no_new_privileges && syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return child_fail(h, "no_new_privs");
	}
	child_reset_signals();
	(void)syscall(SYS_execve, h->path, h->argv, h->environment);
	return child_fail(h, h->path);
}

/* Our own limit, or max if that is lower: a hard limit cannot be raised. */
static struct rlimit64 limit_of(__rlimit_resource_t which, int64_t max)
{
	struct rlimit64 limit = { .rlim_cur = RLIM64_INFINITY, .rlim_max = RLIM64_INFINITY };

	(void)getrlimit64(which, &limit);
	if (max > 0 && (rlim64_t)max < limit.rlim_max) {
		limit.rlim_cur = (rlim64_t)max;
		limit.rlim_max = (rlim64_t)max;
	}
	return limit;
}

/* The value of NAME in a list of "NAME=value", or NULL. */
static const char *find_variable(const struct strvec *environment, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < environment->count; i++) {
		const char *entry = environment->items[i];
		if (strncmp(entry, name, len) == 0 && entry[len] == '=') {
			return entry + len + 1;
		}
	}
	return NULL;
}

/* Where the program is: its own path, or the first in PATH. 0, or -1. */
static int find_program(const struct spawn_child_options *options, char out[PATH_MAX])
{
	const char *name = options->argv->items[0];
	const char *path = find_variable(options->environment, "PATH");

	if (strchr(name, '/') != NULL) {
		return snprintf(out, PATH_MAX, "%s", name) < PATH_MAX ? 0 : -1;
	}
	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		int n = snprintf(out, PATH_MAX, "%.*s/%s", (int)len, path, name);
		if (*path == '/' && n < PATH_MAX && access(out, X_OK) == 0) {
			return 0;
		}
		path += len + (path[len] == ':' ? 1 : 0);
	}
	return -1;
}

/*
 * Copies of the descriptors above all that the child will have, so that no
 * dup3() there overwrites one still needed. 0, or -1 with errno.
 */
static int raise_fds(const int fds[SPAWN_CHILD_FDS], int ret_fds[SPAWN_CHILD_FDS])
{
	int null = -1;
	int r = 0;

	for (int i = 0; i < SPAWN_CHILD_FDS; i++) {
		ret_fds[i] = -1;
	}
	for (int i = 0; i < SPAWN_CHILD_FDS && r == 0; i++) {
		int from = fds[i];
		if (from < 0 && i < 3) {
			if (null < 0) {
				null = open("/dev/null", O_RDWR | O_CLOEXEC);
			}
			from = null;
		}
		if (from >= 0) {
			ret_fds[i] = fcntl(from, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		}
		if (ret_fds[i] < 0 && i < 3) {
			r = -1;
		}
	}
	if (null >= 0) {
		(void)close(null);
	}
	return r;
}

/*
 * clone(2) with all signals blocked. The process id, or -1 with errno; what
 * failed in the child is in *ret_report.
 */
static pid_t clone_child(struct handover *h, int *ret_pidfd, struct child_report *ret_report)
{
	sigset_t all;
	sigset_t before;

	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED) {
		return -1;
	}
	h->report = (struct child_report *)(void *)stack;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	pid_t pid = clone(child_main, stack + STACK_BYTES, CLONE_HOW, h, ret_pidfd);
	int saved = errno;
	*ret_report = *h->report;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)munmap(stack, STACK_BYTES);
	errno = saved;
	return pid;
}

/* Is it the program or directory that is at fault, and not the moment? */
static bool is_lasting(int error)
{
	static const int lasting[] = { ENOENT, EACCES, ENOTDIR, ENOEXEC, EISDIR, ELOOP,
				       ENAMETOOLONG, EPERM, E2BIG };

	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
		if (lasting[i] == error) {
			return true;
		}
	}
	return false;
}

int spawn_child(const struct spawn_child_options *options, pid_t *ret_pid, int *ret_pidfd,
		struct error *err)
{
	char path[PATH_MAX];
	static char *const nothing[] = { NULL };
	struct handover h = {
		.path = path,
		.argv = options->argv->items,
		.environment = options->environment->count > 0 ? options->environment->items
							       : nothing,
		.directory = options->directory == NULL ? "/" : options->directory,
		.file_size = limit_of(RLIMIT_FSIZE, options->file_size_max),
		.memory = limit_of(RLIMIT_DATA, options->memory_max),
		.no_new_privileges = options->no_new_privileges,
		.parent = getpid(),
	};
	struct child_report report = { .step = NULL };
	int pidfd = -1;
	pid_t pid = -1;
	int r = -1;

	if (find_program(options, path) < 0) {
		return error_set(err, SPAWN_CHILD_UNUSABLE, "%s: not found",
				 options->argv->items[0]);
	}
	if (raise_fds(options->fds, h.fds) < 0) {
		r = error_errno(err, -1, errno, "descriptors for %s", path);
		goto out;
	}
	pid = clone_child(&h, &pidfd, &report);
	if (pid < 0) {
		r = error_errno(err, -1, errno, "start of %s", path);
		goto out;
	}
	if (report.step != NULL) {
		(void)waitpid(pid, NULL, 0);
		(void)close(pidfd);
		r = error_errno(err, is_lasting(report.error) ? SPAWN_CHILD_UNUSABLE : -1,
				report.error, "%s", report.step);
		goto out;
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	r = 0;
out:
	for (int i = 0; i < SPAWN_CHILD_FDS; i++) {
		if (h.fds[i] >= 0) {
			(void)close(h.fds[i]);
		}
	}
	return r;
}
