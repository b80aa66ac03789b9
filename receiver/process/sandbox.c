/*
 * The order in which the walls go up: descriptors, limits, privileges, files,
 * system calls.  Each step narrows what the next may still need, so the filter
 * is last.
 *
 * Ways to fail: a kernel without Landlock or seccomp leaves that wall out (the
 * report says so); a kernel that has them and refuses is an error.
 */
#include "receiver/process/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "receiver/process/sandbox_impl.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER true
#else
#define UNDER_SANITIZER false
#endif

/* Index and cache of one repository; packs are mapped, not written. */
#define FILE_BYTES_MAX (512ULL * 1024 * 1024)

/* What the kernel gives by default; RLIMIT_DATA does not count it. */
#define STACK_BYTES_MAX (8ULL * 1024 * 1024)

/* libgit2 keeps the packs of its repositories open. */
#define FILES_MAX 256

/* Everything after the channel, and between it and standard error. */
static int close_others(int channel, struct error *err)
{
	unsigned keep = (unsigned)channel;

	if (keep > 3 && syscall(SYS_close_range, 3U, keep - 1, 0) != 0) {
		return error_errno(err, -1, errno, "sandbox: close_range");
	}
	if (syscall(SYS_close_range, keep + 1, ~0U, 0) != 0) {
		return error_errno(err, -1, errno, "sandbox: close_range");
	}
	return 0;
}

static int set_limits(const struct sandbox_options *options, struct error *err)
{
	bool limit_memory = options->memory_bytes > 0 && !UNDER_SANITIZER;
	const struct {
		int resource;
		uint64_t value;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_NOFILE, FILES_MAX },
		{ RLIMIT_FSIZE, FILE_BYTES_MAX },
		{ RLIMIT_STACK, STACK_BYTES_MAX },
		{ RLIMIT_DATA, limit_memory ? options->memory_bytes : RLIM_INFINITY },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct rlimit now;

		if (getrlimit((__rlimit_resource_t)limits[i].resource, &now) != 0) {
			return error_errno(err, -1, errno, "sandbox: limits");
		}
		if (now.rlim_max > limits[i].value) {
			now.rlim_max = limits[i].value;
		}
		now.rlim_cur = now.rlim_max;
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &now) != 0) {
			return error_errno(err, -1, errno, "sandbox: limits");
		}
	}
	return 0;
}

/*
 * A daemon run as root reads repositories of other users: that one capability
 * stays, if it was there.
 */
static int drop_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 0 } };
	uint32_t reading = 1U << CAP_DAC_READ_SEARCH;

	if (syscall(SYS_capget, &header, data) != 0) {
		return error_errno(err, -1, errno, "sandbox: capabilities");
	}
	data[0].effective &= reading;
	data[0].permitted &= reading;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){ .effective = 0 };
	if (syscall(SYS_capset, &header, data) != 0) {
		return error_errno(err, -1, errno, "sandbox: capabilities");
	}
	return 0;
}

static int give_up_privileges(struct error *err)
{
	pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0) {
		return error_errno(err, -1, errno, "sandbox: prctl");
	}
	if (getppid() != parent) {
		return error_set(err, -1, "sandbox: the parent is gone");
	}
	return drop_capabilities(err);
}

int sandbox_enter(const struct sandbox_options *options, struct sandbox_report *ret_report,
		  struct error *err)
{
	struct sandbox_report report = { .landlock = 0 };

	if (close_others(options->channel, err) < 0 || set_limits(options, err) < 0 ||
	    give_up_privileges(err) < 0 ||
	    sandbox_landlock(options, &report.landlock, err) < 0) {
		return -1;
	}
	if (!UNDER_SANITIZER && sandbox_seccomp(&report.seccomp, err) < 0) {
		return -1;
	}
	*ret_report = report;
	return 0;
}

void sandbox_allow_cpu(unsigned seconds)
{
	struct rusage used;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0) {
		return;
	}
	limit.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + seconds;
	if (limit.rlim_cur > limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
	}
	(void)setrlimit(RLIMIT_CPU, &limit);
}
