/*
 * Which system calls a reader can make: a list of those it needs.
 *
 * Three answers (seccomp(2)).  What reading repositories needs is allowed.
 * What only an attacker would call there (sockets, new programs and processes,
 * tracing, mounting, loading) ends the process at once, so that the parent
 * sees it died.  Anything else says ENOSYS, as an older kernel would: libc
 * falls back to a call it has used before, and a newer libc does not turn
 * every push into a dead reader.
 *
 * Arguments are looked at where it matters: memory is never mapped or made
 * executable, limits are changed for this process only.  Pointers cannot be
 * followed by a filter: paths are Landlock's business.
 */
#include "receiver/process/sandbox_impl.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define LAST_NUMBER 0x3fffffffU // above: the x32 numbers
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#define LAST_NUMBER 0xffffffffU
#else
#define FILTER_ARCH 0
#define LAST_NUMBER 0U
#endif

#define PROGRAM_MAX 400

/* Calls that not every architecture has are listed where they exist. */
static const int allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_openat,
	SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_lseek,
	SYS_munmap, SYS_mremap, SYS_madvise, SYS_msync, SYS_brk, SYS_getdents64,
	SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_fcntl, SYS_getcwd, SYS_renameat,
	SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_linkat, SYS_fsync, SYS_fdatasync,
	SYS_ftruncate, SYS_fallocate, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_flock,
	SYS_umask, SYS_dup, SYS_fadvise64, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getpid, SYS_getppid, SYS_gettid, SYS_tgkill, SYS_clock_gettime, SYS_clock_getres,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_times, SYS_futex,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_getrandom, SYS_getrusage,
	SYS_sysinfo, SYS_uname, SYS_sched_yield, SYS_sched_getaffinity, SYS_set_robust_list,
	SYS_rseq, SYS_ppoll, SYS_membarrier,
#if defined(__x86_64__)
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_rename, SYS_unlink,
	SYS_mkdir, SYS_rmdir, SYS_link, SYS_chmod, SYS_poll, SYS_time, SYS_arch_prctl,
#endif
};

static const int deadly[] = {
	SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
	SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvmsg, SYS_execve, SYS_execveat, SYS_ptrace,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount, SYS_umount2, SYS_pivot_root,
	SYS_chroot, SYS_setns, SYS_unshare, SYS_bpf, SYS_perf_event_open, SYS_init_module,
	SYS_finit_module, SYS_kexec_load, SYS_keyctl, SYS_add_key, SYS_request_key,
	SYS_userfaultfd, SYS_io_uring_setup, SYS_reboot, SYS_setuid, SYS_setgid, SYS_setresuid,
	SYS_setresgid, SYS_setgroups, SYS_clone,
#if defined(__x86_64__)
	SYS_fork, SYS_vfork, SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

struct program {
	struct sock_filter steps[PROGRAM_MAX];
	size_t count;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->count < PROGRAM_MAX) {
		p->steps[p->count] = (struct sock_filter){ code, yes, no, k };
	}
	p->count++;
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct program *p, uint32_t action)
{
	add(p, BPF_RET | BPF_K, action, 0, 0);
}

/* If the call is number, answer with action; else go on. */
static void on_call(struct program *p, int number, uint32_t action)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
	answer(p, action);
}

/* Allow call number unless its third argument asks for executable memory. */
static void on_mapping(struct program *p, int number)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4);
	load(p, offsetof(struct seccomp_data, args[2]));
	add(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	answer(p, SECCOMP_RET_ERRNO | EACCES);
	answer(p, SECCOMP_RET_ALLOW);
}

/* Allow call number if the low half of its first argument is value. */
static void on_first_argument(struct program *p, int number, uint32_t value)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4);
	load(p, offsetof(struct seccomp_data, args[0]));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	answer(p, SECCOMP_RET_ALLOW);
	answer(p, SECCOMP_RET_ERRNO | EPERM);
}

static void build(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0);
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	add(p, BPF_JMP | BPF_JGT | BPF_K, LAST_NUMBER, 0, 1);
	answer(p, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		on_call(p, allowed[i], SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		on_call(p, deadly[i], SECCOMP_RET_KILL_PROCESS);
	}
	on_call(p, SYS_ioctl, SECCOMP_RET_ERRNO | ENOTTY);
	on_mapping(p, SYS_mmap);
	on_mapping(p, SYS_mprotect);
	on_first_argument(p, SYS_prlimit64, 0);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
}

int sandbox_seccomp(bool *ret_on, struct error *err)
{
	struct program program = { .count = 0 };

	*ret_on = false;
	if (FILTER_ARCH == 0) {
		return 0;
	}
	build(&program);
	if (program.count > PROGRAM_MAX) {
		return error_set(err, -1, "sandbox: the filter has %zu steps", program.count);
	}
	struct sock_fprog filter = {
		.len = (unsigned short)program.count, .filter = program.steps,
	};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) {
		return errno == EINVAL || errno == ENOSYS
			       ? 0
			       : error_errno(err, -1, errno, "sandbox: seccomp");
	}
	*ret_on = true;
	return 0;
}
