/*
 * The walls around a reader process, put up before it reads its first byte.
 *
 * A reader parses what committers, git servers and local users can shape with
 * libraries that are known to hang and to overrun (libgit2, libyaml).  Behind
 * these walls it can read the repositories it was started for, write its
 * cache, and talk over one descriptor; it has no network, starts no process,
 * and ends when its parent does.
 */
#ifndef RECEIVER_PROCESS_SANDBOX_H
#define RECEIVER_PROCESS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"

struct sandbox_options {
	int channel;             // the one descriptor beyond 0, 1 and 2 that stays open
	uint64_t memory_bytes;   // RLIMIT_DATA; 0: no limit
	struct strvec read_dirs; // may be read, with all below
	struct strvec write_dirs; // may be read and written as well
	// (a directory that cannot be opened is passed over: it stays closed)
};

/* What the kernel had to offer: for one line of log. */
struct sandbox_report {
	int landlock; // ABI version in use, 0: none, files are guarded by their modes only
	bool seccomp; // the system call filter is on
};

/*
 * Close descriptors, set limits, give up privileges, confine the file system
 * and filter system calls, in this order.  For a process with one thread.
 * Walls that the kernel lacks are left out and show in *ret_report; under a
 * sanitizer the memory limit and the filter are left out, because its runtime
 * needs more than they allow.  Returns 0, or -1 with err if a wall that the
 * kernel has could not be put up: the process must end then.
 */
int sandbox_enter(const struct sandbox_options *options, struct sandbox_report *ret_report,
		  struct error *err);

/*
 * Give this process seconds of processor time from now on (SIGXCPU, then the
 * end).  For before each request: a second line behind the parent's clock.
 */
void sandbox_allow_cpu(unsigned seconds);

#endif
