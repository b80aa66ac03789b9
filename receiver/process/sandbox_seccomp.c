/*
 * Which system calls a reader can make: a list of those it needs.
 *
 * Three answers (seccomp(2)).  What reading repositories needs is allowed.
 * What only an attacker would call there (sockets, new programs and processes,
 * tracing, mounting, loading) ends the process at once, so that the parent
 * sees it died.  Anything else says ENOSYS, as an older kernel would: libc
 * falls back to a call it has used before, and a newer libc does not turn
 * every push into a dead reader.  A call that changes the mode or the owner of
 * a file is in neither list: Landlock does not guard modes, and a reader needs
 * none.
 *
 * Arguments are looked at where it matters: see conditions[].  Pointers cannot
 * be followed by a filter: paths are Landlock's business.  libseccomp knows the
 * numbers of the calls on each processor, and refuses those of its other modes
 * (32 bit, x32).
 */
#include "receiver/process/sandbox_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Those that a processor does not have are left out there. */
static const char *const allowed[] = {
	"read", "write", "readv", "writev", "pread64", "pwrite64", "openat", "open", "close",
	"fstat", "newfstatat", "stat", "lstat", "statx", "statfs", "fstatfs", "lseek", "munmap",
	"mremap", "madvise", "msync", "brk", "getdents64", "readlinkat", "readlink", "faccessat",
	"faccessat2", "access", "getcwd", "renameat", "renameat2", "rename", "unlinkat", "unlink",
	"mkdirat", "mkdir", "rmdir", "linkat", "link", "fsync", "fdatasync", "ftruncate",
	"fallocate", "flock", "umask", "dup", "fadvise64", "getuid", "geteuid", "getgid", "getegid",
	"getpid", "getppid", "gettid", "clock_gettime", "clock_getres", "clock_nanosleep",
	"nanosleep", "gettimeofday", "time", "times", "futex", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group", "getrandom",
	"getrusage", "sysinfo", "uname", "sched_yield", "sched_getaffinity", "set_robust_list",
	"rseq", "poll", "ppoll", "membarrier", "arch_prctl",
};

static const char *const deadly[] = {
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto",
	"sendmsg", "sendmmsg", "recvmsg", "execve", "execveat", "fork", "vfork", "clone", "ptrace",
	"process_vm_readv", "process_vm_writev", "mount", "umount2", "pivot_root", "chroot",
	"setns", "unshare", "bpf", "perf_event_open", "init_module", "finit_module", "kexec_load",
	"keyctl", "add_key", "request_key", "userfaultfd", "io_uring_setup", "reboot", "setuid",
	"setgid", "setresuid", "setresgid", "setgroups", "iopl", "ioperm", "modify_ldt",
};

struct condition {
	const char *call;
	unsigned argument; // its place, from 0
	uint64_t mask;     // of the argument, these bits ...
	uint64_t value;    // ... must be these
};

#define ONLY(value) UINT64_MAX, (value)

/*
 * Calls that are allowed while one of their rows holds.  fcntl() has no row for
 * F_SETOWN and F_SETSIG, which make the kernel send any signal to any process of
 * this user, however Landlock's version is.
 */
static const struct condition conditions[] = {
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "prlimit64", 0, ONLY(0) },   // its own limits
	{ "utimensat", 1, ONLY(0) },   // of an open file, not of any path
	{ "fcntl", 1, ONLY(F_DUPFD) },
	{ "fcntl", 1, ONLY(F_DUPFD_CLOEXEC) },
	{ "fcntl", 1, ONLY(F_GETFD) },
	{ "fcntl", 1, ONLY(F_SETFD) },
	{ "fcntl", 1, ONLY(F_GETFL) },
	{ "fcntl", 1, ONLY(F_SETFL) },
	{ "fcntl", 1, ONLY(F_GETLK) },
	{ "fcntl", 1, ONLY(F_SETLK) },
	{ "fcntl", 1, ONLY(F_SETLKW) },
};

static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		int number = seccomp_syscall_resolve_name(calls[i]);

		r = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, number, 0);
	}
	return r;
}

static int add_conditions(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions) && r == 0; i++) {
		const struct condition *c = &conditions[i];

		int number = seccomp_syscall_resolve_name(c->call);

		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
				     SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
	}
	return r;
}

/*
 * Memory is never mapped to be executed, and none that the limit on it
 * (RLIMIT_DATA) does not count: neither memory that is shared and of no file,
 * nor a stack that grows.  A signal goes to this process alone: abort() needs
 * that.
 */
static int add_two_sided(scmp_filter_ctx filter)
{
	const uint64_t flags = MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN;
	const uint64_t kinds[] = { MAP_SHARED, MAP_ANONYMOUS, 0 };
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				 SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && r == 0; i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, flags, kinds[i]));
	}
	return r;
}

static int build(scmp_filter_ctx filter)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0) {
		/* seccomp_load() tells what the kernel said. */
		r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	}
	if (r == 0) {
		r = add_all(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(*allowed));
	}
	if (r == 0) {
		r = add_all(filter, SCMP_ACT_KILL_PROCESS, deadly,
			    sizeof(deadly) / sizeof(*deadly));
	}
	if (r == 0) {
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
	}
	if (r == 0) {
		r = add_conditions(filter);
	}
	return r != 0 ? r : add_two_sided(filter);
}

int sandbox_seccomp(bool *ret_on, struct error *err)
{
	*ret_on = false;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (filter == NULL) {
		return error_set(err, -1, "sandbox: seccomp: this processor is not known");
	}
	int r = build(filter);

	if (r == 0) {
		r = seccomp_load(filter);
	}
	seccomp_release(filter);
	/* So says a kernel that was built without filters. */
	if (r == -EINVAL || r == -ENOSYS) {
		return 0;
	}
	if (r < 0) {
		return error_errno(err, -1, -r, "sandbox: seccomp");
	}
	*ret_on = true;
	return 0;
}
