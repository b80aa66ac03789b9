/*
 * A receiver that is killed at any moment has lost nothing that it answered
 * with yes: the same journal through many lives, each ended by SIGKILL.
 */
#include "receiver/store/store.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/journals.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

#define LIVES 40
#define UNDER_WAY 30

/* One life, in the child. */
struct life {
	struct store *store;
	int out;       // where numbers go that were answered with yes
	unsigned next; // number of the next delivery
};

struct parcel {
	struct life *life;
	struct record_delivery *d;
	unsigned n;
};

static void deliver(struct life *life);

static void on_delivery(void *arg, enum record_result result, const struct error *err)
{
	struct parcel *p = arg;
	struct life *life = p->life;

	(void)err;
	if (result == RECORD_OK && write(life->out, &p->n, sizeof(p->n)) < 0) {
		_exit(3);
	}
	sample_delivery_free(p->d);
	free(p);
	deliver(life);
}

static void deliver(struct life *life)
{
	struct parcel *p = xmalloc(sizeof(*p));

	p->life = life;
	p->n = life->next++;
	p->d = sample_delivery(p->n, 1500);
	if (store_add_delivery(life->store, p->d, on_delivery, p) != STORE_OK) {
		_exit(4);
	}
}

static void live(int out, unsigned first)
{
	struct event_base *base = event_base_new();
	struct store_options options = { .base = base, .journal = jt_open("killed"),
					 .idle_ms = 1 };
	struct life life = { .out = out, .next = first };
	struct error err = ERROR_INIT;

	if (store_new(&options, &life.store, &err) < 0) {
		_exit(5);
	}
	for (int i = 0; i < UNDER_WAY; i++) {
		deliver(&life);
	}
	(void)event_base_dispatch(base);
	_exit(6);
}

/* Start a life, kill it after a while; the numbers it answered with yes, at least one. */
static size_t end_life(unsigned first, unsigned *answered, size_t most)
{
	int pipe_fds[2];
	size_t count = 0;

	if (pipe(pipe_fds) < 0) {
		return 0;
	}
	(void)fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		(void)close(pipe_fds[0]);
		live(pipe_fds[1], first);
	}
	(void)close(pipe_fds[1]);
	while (count < most && read(pipe_fds[0], &answered[count], sizeof(*answered)) ==
				       (ssize_t)sizeof(*answered)) {
		count++;
		if (count == 1) {
			/* Some time within the next hundred answers or so. */
			(void)usleep((useconds_t)((unsigned)mstime_nanoseconds() % 20000));
			(void)kill(pid, SIGKILL);
		}
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(pipe_fds[0]);
	return count;
}

int main(void)
{
	static unsigned answered[1000000];
	size_t most = sizeof(answered) / sizeof(answered[0]);
	unsigned first = 0;
	size_t total = 0;
	size_t missing = 0;
	unsigned lives = 0;

	(void)tap_dir(); /* one for all lives */
	for (int i = 0; i < LIVES; i++) {
		size_t count = end_life(first, answered + total, most - total);

		lives += count > 0;
		total += count;
		first += (unsigned)count + UNDER_WAY + 1000;
	}
	tap_int(lives, LIVES, "each life begins where the last was killed");
	struct journal *j = jt_open("killed");

	for (size_t i = 0; i < total; i++) {
		missing += jt_add(j, answered[i], NULL, NULL) != RECORD_DUPLICATE;
	}
	tap_int(missing, 0, "of %zu deliveries that were answered with yes none is missing", total);
	journal_close(j);
	return tap_done();
}
