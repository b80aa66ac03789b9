/*
 * What does starting a child cost a process with much memory?  fork(2)
 * against posix_spawn(3) against spawn_child(); the time until the call
 * returns is time in which the loop stands still.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/process/spawn_child.h"

#define ROUNDS 50

static char *const command[] = { (char[]){ "/bin/true" }, NULL };

static pid_t by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execv(command[0], command);
		_exit(127);
	}
	return pid;
}

static pid_t by_posix_spawn(void)
{
	pid_t pid = -1;

	(void)posix_spawn(&pid, command[0], NULL, NULL, command, command + 1);
	return pid;
}

static pid_t by_spawn_child(void)
{
	struct strvec argv = STRVEC_INIT;
	struct strvec environment = STRVEC_INIT;
	const struct spawn_child_options options = { .argv = &argv, .environment = &environment,
						     .fds = { -1, -1, -1, -1 } };
	pid_t pid = -1;
	int pidfd = -1;

	strvec_push(&argv, command[0]);
	if (spawn_child(&options, &pid, &pidfd, NULL) == 0) {
		(void)close(pidfd);
	}
	strvec_release(&argv);
	return pid;
}

static void measure(const char *name, pid_t (*start)(void))
{
	int64_t total = 0;
	int64_t worst = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t begin = mstime_nanoseconds();
		pid_t pid = start();
		int64_t took = mstime_nanoseconds() - begin;
		total += took;
		worst = took > worst ? took : worst;
		(void)waitpid(pid, NULL, 0);
	}
	printf("%-14s mean %7.3f ms  worst %7.3f ms\n", name, (double)total / ROUNDS / 1e6,
	       (double)worst / 1e6);
}

int main(int argc, char **argv)
{
	size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
	char *memory = xmalloc(megabytes * 1024 * 1024);

	memset(memory, 1, megabytes * 1024 * 1024);
	printf("with %zu MB of memory in use:\n", megabytes);
	measure("fork", by_fork);
	measure("posix_spawn", by_posix_spawn);
	measure("spawn_child", by_spawn_child);
	free(memory);
	return 0;
}
