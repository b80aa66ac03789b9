/*
 * Start one child process with exactly what it is given: descriptors,
 * environment, limits, a process group of its own, nothing inherited.
 *
 * The low half of spawn.h, for those who speak with a child themselves.
 */
#ifndef RECEIVER_PROCESS_SPAWN_CHILD_H
#define RECEIVER_PROCESS_SPAWN_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strvec.h"

#define SPAWN_CHILD_FDS 4

struct spawn_child_options {
	const struct strvec *argv;        // argv[0] with a "/", or looked for in its PATH
	const struct strvec *environment; // the whole environment, "NAME=value"
	const char *directory;            // where it runs, NULL: "/"
	int fds[SPAWN_CHILD_FDS];         // become its 0..3; -1: /dev/null, for 3: closed
	int64_t file_size_max;            // bytes of a file it writes (RLIMIT_FSIZE), 0: no limit
	int64_t memory_max;               // bytes of data it maps (RLIMIT_DATA), 0: no limit
	bool no_new_privileges;           // set-uid programs do not help it
};

enum spawn_child_result {
	SPAWN_CHILD_UNUSABLE = 1 // no such program or directory, or not executable
};

/*
 * Start it. Returns 0 with its process id and a descriptor for it (pidfd, readable
 * once it ended; the caller's to close) when the program runs; then the caller
 * must reap it. SPAWN_CHILD_UNUSABLE with err: trying again cannot help. -1 with
 * err: no process to be had. In both cases no child is left.
 *
 * The child has a process group of its own (its id), all signals at their
 * defaults and unblocked, no other descriptors, no core file, and is killed
 * when the calling thread ends. The caller is suspended until the program is
 * entered, some hundred microseconds, whatever the size of its memory.
 */
int spawn_child(const struct spawn_child_options *options, pid_t *ret_pid, int *ret_pidfd,
		struct error *err);

#endif
