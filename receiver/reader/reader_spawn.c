/*
 * Starting a reader: the program, its arguments and its end of the channel.
 *
 * The arguments name the directories that its sandbox leaves open; no secret
 * is among them.  The environment is emptied.  The channel is descriptor
 * READER_CHANNEL there; all others of ours close at exec, and the reader
 * closes whatever is left.
 */
#include "receiver/reader/reader_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver/reader/reader_impl.h"

static void add_directories(struct strvec *argv, struct reader_pool *pool,
			    const struct reader *reader)
{
	uint64_t serial;

	for (const struct reader_repository *r = reader_pool_repositories(pool, &serial);
	     r != NULL; r = r->next) {
		if (r->reader != reader) {
			continue;
		}
		strvec_push(argv, r->allow_alternates ? "--read-alternates" : "--read");
		strvec_push(argv, r->path);
		if (r->cache_directory != NULL) {
			strvec_push(argv, "--write");
			strvec_push(argv, r->cache_directory);
		}
	}
}

/* Nothing of our environment but what names a time zone, a language, a path. */
static void fill_environment(struct strvec *env)
{
	static const char *const kept[] = { "TZ", "LANG" };

	strvec_push(env, "PATH=/usr/bin:/bin");
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		const char *value = getenv(kept[i]);

		if (value != NULL) {
			strvec_pushf(env, "%s=%s", kept[i], value);
		}
	}
}

static void fill_arguments(struct strvec *argv, struct reader_pool *pool,
			   const struct reader *reader)
{
	const struct reader_options *options = reader_pool_options(pool);

	strvec_push(argv, "doorbell");
	strvec_push(argv, options->verb);
	strvec_push(argv, "--memory");
	strvec_pushf(argv, "%llu", (unsigned long long)options->memory_bytes);
	strvec_push(argv, "--seconds");
	strvec_pushf(argv, "%lld", (long long)options->time_limit_ms / 1000 + 1);
	add_directories(argv, pool, reader);
}

/* Run the program with its end of the channel. 0, or an errno value. */
static int spawn(struct reader_pool *pool, const struct reader *reader, int channel,
		 pid_t *ret_pid)
{
	const struct reader_options *options = reader_pool_options(pool);
	struct strvec argv = STRVEC_INIT;
	struct strvec env = STRVEC_INIT;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t all;

	fill_arguments(&argv, pool, reader);
	fill_environment(&env);
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	if (!options->keep_stderr) {
		(void)posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	}
	(void)posix_spawn_file_actions_adddup2(&files, channel, READER_CHANNEL);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETPGROUP);
	int r = posix_spawn(ret_pid, options->program, &files, &attributes, argv.items,
			    env.items);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	strvec_release(&argv);
	strvec_release(&env);
	return r;
}

/* A channel whose far end is out of the way of the descriptors 0 to 3. */
static int make_channel(int *ret_near, int *ret_far)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		return errno;
	}
	int r = 0;
	int far = fcntl(ends[1], F_DUPFD_CLOEXEC, READER_CHANNEL + 1);
	if (far < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		r = errno;
	}
	close(ends[1]);
	if (r != 0) {
		close(ends[0]);
		if (far >= 0) {
			close(far);
		}
		return r;
	}
	*ret_near = ends[0];
	*ret_far = far;
	return 0;
}

int reader_spawn(struct reader_pool *pool, const struct reader *reader, pid_t *ret_pid, int *ret_fd)
{
	int near = -1;
	int far = -1;
	int r = make_channel(&near, &far);

	if (r != 0) {
		return r;
	}
	r = spawn(pool, reader, far, ret_pid);
	close(far);
	if (r != 0) {
		close(near);
		*ret_pid = 0;
		return r;
	}
	*ret_fd = near;
	return 0;
}
