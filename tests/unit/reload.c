/*
 * A change of the configuration is noticed, whenever it comes: while the file
 * is being read, and while its directory is not watched.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "receiver/ops/watch.h"
#include "receiver/serve/daemon_impl.h"
#include "tests/support/tap.h"

static char *path;

static void write_config(const char *quiet, const char *secret)
{
	tap_sh("printf 'quietWindow: %s\\nsources: [{name: s, provider: native, secretFiles: [secret]}]\\n' > %s.new && "
	       "mv %s.new %s && printf '%s' > %s/secret && chmod 600 %s/secret",
	       quiet, path, path, path, secret, tap_dir(), tap_dir());
}

/* A loader after whose work somebody writes the file, and a secret, once. */
struct loading {
	const char *quiet; // NULL: nobody does
	const char *secret;
};

static int load(void *ctx, struct config **ret_config, struct strvec *problems, struct strvec *warnings)
{
	struct loading *l = ctx;
	struct config_input input = { .path = path };
	int r = config_load(&input, ret_config, problems, warnings);

	if (l->quiet != NULL) {
		write_config(l->quiet, l->secret);
		l->quiet = NULL;
	}
	return r;
}

static void what_is_written_during_a_load_is_noticed(void)
{
	static const struct {
		const char *what;
		const char *quiet;
		const char *secret;
		bool differs;
	} rows[] = {
		{ "nothing", NULL, NULL, false },
		{ "another configuration", "30ms", "one", true },
		{ "another secret", "20ms", "two", true },
		{ "the same again", "20ms", "one", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct loading loading = { rows[i].quiet, rows[i].secret };
		struct daemon_input input = { load, &loading };
		struct daemon d = { .input = &input };
		struct settings *settings[2] = { NULL };
		char fingerprint[2][SHA256_HEX_MAX + 1] = { "", "" };

		write_config("20ms", "one");
		for (size_t k = 0; k < 2; k++) {
			if (daemon_load(&d, &settings[k], fingerprint[k]) < 0) {
				exit(2);
			}
		}
		tap_ok(settings[0]->config->quiet_window == 20, "%s written while the file is read: what was read is used",
		       rows[i].what);
		tap_ok((strcmp(fingerprint[0], fingerprint[1]) != 0) == rows[i].differs, "%s: the next load %s", rows[i].what,
		       rows[i].differs ? "sees that it is another one" : "sees no difference");
		settings_unref(settings[0]);
		settings_unref(settings[1]);
	}
}

static unsigned calls;

static void on_changed(void *ctx)
{
	(void)ctx;
	calls++;
}

static void turn(struct event_base *base, int ms)
{
	struct timeval time = { .tv_usec = ms * 1000 };

	(void)event_base_loopexit(base, &time);
	(void)event_base_dispatch(base);
}

static void what_happens_while_paths_are_exchanged_is_told(void)
{
	struct event_base *base = event_base_new();
	struct watch *watch = watch_new(base, on_changed, NULL);
	char *other = xasprintf("%s/other", tap_dir());

	tap_sh("mkdir %s", other);
	watch_add_file(watch, path);
	turn(base, 3 * WATCH_QUIET_MS);
	tap_int(calls, 0, "nothing happens, nothing is told");
	write_config("40ms", "one");
	watch_clear(watch);
	watch_add_file(watch, path);
	turn(base, 3 * WATCH_QUIET_MS);
	tap_int(calls, 1, "what happened just before the paths were exchanged is told");
	watch_clear(watch);
	tap_sh("echo 1 > %s/file", other);
	watch_add_directory(watch, other);
	turn(base, 3 * WATCH_QUIET_MS);
	tap_int(calls, 2, "so is what happened to a new path just before it was watched");
	tap_sh("echo 2 > %s/file", other);
	turn(base, 3 * WATCH_QUIET_MS);
	tap_int(calls, 3, "and what happens then");
	turn(base, 3 * WATCH_QUIET_MS);
	tap_int(calls, 3, "once");
	watch_free(watch);
	event_base_free(base);
	free(other);
}

int main(void)
{
	path = xasprintf("%s/doorbell.yaml", tap_dir());
	what_is_written_during_a_load_is_noticed();
	what_happens_while_paths_are_exchanged_is_told();
	free(path);
	return tap_done();
}
