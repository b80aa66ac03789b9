/*
 * Children: real ones.
 */
#include "receiver/process/spawn.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/process/spawn_child.h"
#include "tests/support/tap.h"

struct world {
	struct event_base *base;
	int idle; // events when no child runs
	struct spawner *spawner;
};

/* A copy of an answer. */
struct seen {
	int count;
	struct call_result answer;
	char output[8192];
	char failure[512];
	struct spawn *cancel; // cancelled in the callback
};

static void on_answer(void *arg, const struct call_result *answer)
{
	struct seen *seen = arg;

	seen->count++;
	seen->answer = *answer;
	(void)snprintf(seen->output, sizeof(seen->output), "%.*s", (int)answer->output_len,
		       answer->output);
	(void)snprintf(seen->failure, sizeof(seen->failure), "%s",
		       answer->failure ? answer->failure : "");
	if (seen->cancel != NULL) {
		spawn_cancel(seen->cancel);
	}
}

/* Until nothing happens but what always does: no child runs, no timer waits. */
static void run_loop(const struct world *w)
{
	while (event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED) > w->idle) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
}

struct job {
	struct strvec argv;
	struct strvec environment;
	struct spawn_options options;
};

/* "/bin/sh -c script" with 10 s and 4 KB. */
static struct job *shell(const char *script)
{
	struct job *job = xcalloc(1, sizeof(*job));

	strvec_push(&job->argv, "/bin/sh");
	strvec_push(&job->argv, "-c");
	strvec_push(&job->argv, script);
	strvec_push(&job->environment, "PATH=/usr/bin:/bin");
	strvec_push(&job->environment, "ONLY=this");
	job->options = (struct spawn_options){
		.argv = &job->argv,
		.environment = &job->environment,
		.output_max = 4096,
		.time_limit_ms = 10000,
		.grace_ms = 300,
	};
	return job;
}

static void job_free(struct job *job)
{
	strvec_release(&job->argv);
	strvec_release(&job->environment);
	free(job);
}

static struct seen run(const struct world *w, struct job *job)
{
	struct seen seen = { .count = 0 };

	(void)spawn_start(w->spawner, &job->options, on_answer, &seen);
	job_free(job);
	run_loop(w);
	return seen;
}

static void test_plain(const struct world *w)
{
	struct seen seen = run(w, shell("echo out; echo err >&2; exit 3"));

	tap_int(seen.count, 1, "one answer comes");
	tap_ok(seen.answer.completed, "the command ended by itself");
	tap_int(seen.answer.status, 3, "its exit status is told");
	tap_str(seen.output, "out\nerr\n", "both outputs are kept in their order");

	seen = run(w, shell("kill -9 $$"));
	tap_int(seen.answer.status, 128 + 9, "a signal is told as 128 and its number");
	tap_ok(seen.answer.completed && !seen.answer.timed_out, "a crash is no time-out");
}

static void test_exactly_what_is_given(const struct world *w)
{
	int leaked = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	struct job *job = shell("ls -l /proc/self/fd | grep -c ' -> ' ; env | sort");
	struct seen seen = run(w, job);
	/* 0, 1, 2 and the one that ls reads the directory through. */
	tap_str(seen.output, "4\nONLY=this\nPATH=/usr/bin:/bin\nPWD=/\n",
		"no descriptor and no variable is inherited");
	(void)close(leaked);

	job = shell("pwd; ulimit -c; cat");
	job->options.directory = "/tmp";
	job->options.input = "hello";
	job->options.input_len = 5;
	seen = run(w, job);
	tap_str(seen.output, "/tmp\n0\nhello", "directory, no core files, and input are as asked");

	seen = run(w, shell("cat; echo end"));
	tap_str(seen.output, "end\n", "without input standard input is empty");

	(void)signal(SIGPIPE, SIG_IGN);
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	seen = run(w, shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"));
	tap_str(seen.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n",
		"signals are at their defaults and unblocked");
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);

	seen = run(w, shell("test $(ps -o pgid= -p $$) = $$ || cut -d' ' -f5 /proc/$$/stat"));
	char pgid[32];
	(void)snprintf(pgid, sizeof(pgid), "%d\n", (int)getpgrp());
	tap_ok(strcmp(seen.output, pgid) != 0, "it has a process group of its own");
}

static void test_output_limits(const struct world *w)
{
	struct seen seen = run(w, shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; exit 4"));

	tap_int(seen.answer.output_len, 4096, "output is kept up to its ceiling");
	tap_ok(seen.answer.truncated, "and what was cut is said");
	tap_int(seen.answer.status, 4, "the command was not blocked by what we do not keep");

	size_t len = 1000000;
	char *big = xmalloc(len);
	memset(big, 'y', len);
	struct job *job = shell("sleep 0.1; wc -c");
	job->options.input = big;
	job->options.input_len = len;
	seen = run(w, job);
	free(big);
	tap_int(strtol(seen.output, NULL, 10), 1000000, "1 MB of input arrives");

	job = shell("exit 0");
	job->options.input = "unread";
	job->options.input_len = 6;
	seen = run(w, job);
	tap_int(seen.answer.status, 0, "input that nobody reads is no fault");
}

static void test_time_limit(const struct world *w)
{
	struct job *job = shell("echo started; sleep 60");
	job->options.time_limit_ms = 200;
	int64_t begin = mstime_monotonic();
	struct seen seen = run(w, job);
	tap_ok(seen.answer.timed_out && !seen.answer.completed, "a slow command is ended");
	tap_str(seen.output, "started\n", "what it wrote before is kept");
	tap_int(seen.answer.status, 128 + SIGTERM, "by SIGTERM");

	job = shell("trap '' TERM; sleep 60 & wait; sleep 60");
	job->options.time_limit_ms = 200;
	seen = run(w, job);
	tap_int(seen.answer.status, 128 + SIGKILL, "one that ignores SIGTERM by SIGKILL");
	tap_ok(mstime_monotonic() - begin < 5000, "both without waiting for their sleep");
}

static void test_grandchildren(const struct world *w)
{
	int64_t begin = mstime_monotonic();
	struct seen seen = run(w, shell("sleep 60 & echo $!"));
	pid_t left = (pid_t)strtol(seen.output, NULL, 10);

	tap_ok(mstime_monotonic() - begin < 5000, "a child left in the background is not waited for");
	for (int i = 0; i < 100 && kill(left, 0) == 0; i++) {
		(void)usleep(10000);
	}
	char state[64] = "";
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)left);
	FILE *f = fopen(path, "r");
	if (f != NULL) {
		if (fscanf(f, "%*d %*s %63s", state) != 1) {
			tap_note("%s cannot be read", path);
		}
		(void)fclose(f);
	}
	tap_ok(left > 1 && (f == NULL || *state == 'Z'), "and is killed");

	begin = mstime_monotonic();
	seen = run(w, shell("setsid sh -c 'echo $$; exec sleep 3' & sleep 0.3; echo gone"));
	tap_ok(mstime_monotonic() - begin < 2500,
	       "one that fled to its own session and holds the output does not hang us");
	tap_ok(strstr(seen.output, "gone") != NULL, "what was written until then is read");
	(void)kill((pid_t)strtol(seen.output, NULL, 10), SIGKILL);

	seen = run(w, shell("exec >&- 2>&-; sleep 0.2; exit 9"));
	tap_int(seen.answer.status, 9, "a command that closes its outputs is waited for");
}

static void test_not_startable(const struct world *w)
{
	static const struct {
		const char *command, *directory, *why;
	} cases[] = {
		{ "/no/such/program", NULL, "/no/such/program: No such file or directory" },
		{ "/etc/passwd", NULL, "/etc/passwd: Permission denied" },
		{ "no-such-program", NULL, "no-such-program: not found" },
		{ "/bin/true", "/no/such/directory", "/no/such/directory: No such file" },
		{ "/", NULL, "/: Permission denied" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job *job = shell("");
		free(job->argv.items[0]);
		job->argv.items[0] = xstrdup(cases[i].command);
		job->options.directory = cases[i].directory;
		struct seen seen = run(w, job);
		tap_ok(seen.count == 1 && seen.answer.never_sent && seen.answer.unusable &&
		       strstr(seen.failure, cases[i].why) != NULL, "it says why: %s", seen.failure);
	}
	struct job *job = shell("");
	free(job->argv.items[0]);
	job->argv.items[0] = xstrdup("sh");
	struct seen seen = run(w, job);
	tap_ok(seen.answer.completed, "a bare name is found in the PATH it is given");
	tap_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
}

static void test_limits(const struct world *w)
{
	struct job *job = shell("head -c 100000 /dev/zero > big; echo $?; wc -c < big; rm big");
	job->options.directory = tap_dir();
	job->options.file_size_max = 4096;
	struct seen seen = run(w, job);
	tap_ok(strstr(seen.output, "\n4096\n") != NULL, "a file stops at its limit");

	job = shell("ulimit -d; grep NoNewPrivs /proc/self/status");
	job->options.memory_max = 64 * 1024 * 1024;
	job->options.no_new_privileges = true;
	seen = run(w, job);
	tap_str(seen.output, "65536\nNoNewPrivs:\t1\n", "memory and privileges are limited");
}

static void test_cancel(const struct world *w)
{
	struct seen seen = { .count = 0 };
	struct job *job = shell("sleep 60");

	struct spawn *child = spawn_start(w->spawner, &job->options, on_answer, &seen);
	spawn_cancel(child);
	run_loop(w);
	tap_int(seen.count, 0, "after cancel no answer comes");

	job->options.argv = &job->argv;
	free(job->argv.items[0]);
	job->argv.items[0] = xstrdup("/no/such");
	child = spawn_start(w->spawner, &job->options, on_answer, &seen);
	spawn_cancel(child);
	run_loop(w);
	tap_int(seen.count, 0, "nor for a command that could not be started");
	child = spawn_start(w->spawner, &job->options, on_answer, &seen);
	seen.cancel = child;
	run_loop(w);
	tap_int(seen.count, 1, "cancel from its own callback is harmless");
	job_free(job);

	struct spawner *other = spawner_new(w->base);
	job = shell("trap '' TERM; sleep 60");
	(void)spawn_start(other, &job->options, on_answer, &seen);
	(void)spawn_start(other, &job->options, on_answer, &seen);
	job_free(job);
	int64_t begin = mstime_monotonic();
	spawner_free(other);
	tap_ok(mstime_monotonic() - begin < 2000, "freeing the spawner ends all children at once");
	tap_int(waitpid(-1, NULL, WNOHANG), -1, "and reaps them");
}

static void test_many(const struct world *w)
{
	struct seen seen[40] = { { .count = 0 } };
	int good = 0;

	for (int i = 0; i < 40; i++) {
		char script[64];
		(void)snprintf(script, sizeof(script), "echo %d; exit %d", i, i);
		struct job *job = shell(script);
		(void)spawn_start(w->spawner, &job->options, on_answer, &seen[i]);
		job_free(job);
	}
	run_loop(w);
	for (int i = 0; i < 40; i++) {
		good += seen[i].count == 1 && seen[i].answer.status == i &&
			strtol(seen[i].output, NULL, 10) == i;
	}
	tap_int(good, 40, "40 children at once get their own answers");
}

int main(void)
{
	struct world w = { .base = event_base_new() };

	w.spawner = spawner_new(w.base);
	w.idle = event_base_get_num_events(w.base, EVENT_BASE_COUNT_ADDED);
	test_plain(&w);
	test_exactly_what_is_given(&w);
	test_output_limits(&w);
	test_time_limit(&w);
	test_grandchildren(&w);
	test_not_startable(&w);
	test_limits(&w);
	test_cancel(&w);
	test_many(&w);
	spawner_free(w.spawner);
	event_base_free(w.base);
	return tap_done();
}
