/*
 * The observer, with real streams from a fake Argo CD: who is told of what,
 * when streams are open, and that all of it can change or end at any moment.
 */
#include "receiver/ring/observer.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/ring/outbound.h"
#include "receiver/settings/settings.h"
#include "tests/support/tap.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define TRIGGERS 6

struct world {
	struct event_base *base;
	struct outbound *outbound;
	struct observer *observer;
	const char *dir;
	char url[256];
	bool forget;               // what has converged or is refused is forgotten, as the core does
	int told[TRIGGERS];        // by id
	enum outcome_kind last[TRIGGERS];
};

static void on_seen(void *ctx, int64_t trigger, const struct outcome *outcome)
{
	struct world *w = ctx;

	w->told[trigger]++;
	w->last[trigger] = outcome->kind;
	if (w->forget && outcome->kind != OUTCOME_SENT) {
		observer_forget(w->observer, trigger);
	}
}

/* Start the fake; its standard input is the result. */
static FILE *start_fake(struct world *w)
{
	char text[1024];

	tap_sh("cd %s && echo good > token && chmod 600 token && echo '"
	       "[{\"name\":\"shop\",\"namespace\":\"a\",\"revision\":\"" NEW "\"},"
	       "{\"name\":\"shop\",\"namespace\":\"b\",\"revision\":\"" OLD "\"},"
	       "{\"name\":\"web\",\"namespace\":\"a\",\"revision\":\"" NEW "\"}]' > apps", w->dir);
	(void)snprintf(text, sizeof(text), "exec python3 tests/support/argocd.py --token good "
		       "%s/apps > %s/said", w->dir, w->dir);
	/* With close-on-exec: the end of its input is what ends it. */
	FILE *fake = popen(text, "we");
	(void)snprintf(text, sizeof(text), "%s/said", w->dir);
	for (int i = 0; i < 500 && strchr(w->url, '\n') == NULL; i++) {
		FILE *said = fopen(text, "r");

		(void)usleep(20000);
		if (said != NULL && fgets(w->url, sizeof(w->url), said) == NULL) {
			w->url[0] = '\0';
		}
		if (said != NULL) {
			(void)fclose(said);
		}
	}
	tap_ok(w->url[0] != '\0', "a fake Argo CD listens");
	w->url[strcspn(w->url, "\n")] = '\0';
	return fake;
}

/* How many streams the fake was asked for. */
static int streams(const struct world *w)
{
	char line[4096];
	int count = 0;

	(void)snprintf(line, sizeof(line), "%s/said", w->dir);
	FILE *said = fopen(line, "r");
	while (said != NULL && fgets(line, sizeof(line), said) != NULL) {
		count += strstr(line, "\"action\": \"watch\"") != NULL;
	}
	if (said != NULL) {
		(void)fclose(said);
	}
	return count;
}

/* Use settings with these targets, each a name and settings beside those that all have. */
static void configure(struct world *w, const char *const *targets)
{
	struct config *config = NULL;
	struct settings *settings = NULL;
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;
	struct buf text;

	buf_init(&text, 4096);
	(void)buf_addstr(&text, "DOORBELL_TARGETS=[");
	for (; targets[0] != NULL; targets += 2) {
		(void)buf_addf(&text, "{name: %s, argocd: {url: '%s', insecure: true, tokenFile: "
			       "%s/token%s}},", targets[0], w->url, w->dir, targets[1]);
	}
	(void)buf_addstr(&text, "]");
	char *const environment[] = { text.data, NULL };
	const struct config_input input = {
		.environment = environment, .target_kind = target_config_kind,
	};
	if (config_load(&input, &config, &problems, NULL) < 0 ||
	    settings_new_take(config, &settings, &err) < 0) {
		printf("Bail out! %s %s\n", problems.count > 0 ? problems.items[0] : "", err.text);
		exit(2);
	}
	observer_set_settings(w->observer, settings);
	settings_unref(settings);
	strvec_release(&problems);
	buf_release(&text);
}

static void add(struct world *w, int64_t id, const char *application, const char *target)
{
	struct trigger t = { .id = id, .state = TRIGGER_SENT, .observed = true };

	t.application = xstrdup(application);
	t.target = xstrdup(target);
	(void)oid_from_hex(NEW, 40, &t.after);
	w->told[id] = 0;
	observer_add(w->observer, &t);
	free(t.application);
	free(t.target);
}

/* Run until something was told of a trigger, or time is over. */
static void run(struct world *w, int64_t id, int64_t limit_ms)
{
	int64_t end = mstime_monotonic() + limit_ms;
	const struct timeval tick = { .tv_usec = 10000 };

	while ((id == 0 || w->told[id] == 0) && mstime_monotonic() < end) {
		(void)event_base_loopexit(w->base, &tick);
		(void)event_base_dispatch(w->base);
	}
}

static void who_is_told(struct world *w)
{
	add(w, 1, "a/shop", "argo");
	add(w, 2, "b/shop@prod", "argo");
	add(w, 3, "a/web", "argo");
	add(w, 4, "a/nobody", "argo");
	add(w, 5, "a/web", "other");
	run(w, 5, 10000);
	run(w, 3, 10000);
	tap_ok(w->last[1] == OUTCOME_CONVERGED && w->last[2] == OUTCOME_SENT,
	       "of two of one name each is told its own, by namespace");
	tap_ok(w->told[1] == 1 && w->told[2] == 1, "and once");
	tap_int(w->last[3], OUTCOME_CONVERGED, "so is one of another name");
	tap_int(w->last[5], OUTCOME_CONVERGED, "and one at another target");
	tap_int(w->told[4], 0, "what Argo CD does not know is not told of");
	tap_int(streams(w), 2, "there is one stream for each target");
}

static void streams_follow_triggers(struct world *w)
{
	static const char *const changed[] = { "argo", ", convergeTimeout: 4s", "other", "", NULL };
	static const char *const none[] = { NULL };

	observer_forget(w->observer, 4);
	observer_forget(w->observer, 2);
	observer_forget(w->observer, 2);
	add(w, 1, "a/shop", "argo");
	run(w, 1, 300);
	tap_int(streams(w), 2, "what comes while a stream is open opens no other");
	configure(w, changed);
	run(w, 1, 10000);
	tap_ok(w->told[1] == 1 && streams(w) == 3, "new settings begin the streams that are needed");
	add(w, 2, "b/shop", "argo");
	run(w, 0, 3500);
	tap_ok(w->told[2] >= 1 && streams(w) >= 4, "a stream is begun anew when its time is over");
	configure(w, none);
	w->told[2] = 0;
	int before = streams(w);
	run(w, 2, 1500);
	tap_ok(w->told[2] == 0 && streams(w) == before, "without its target nothing is told");
	configure(w, changed);
	run(w, 2, 10000);
	tap_ok(w->told[2] == 1, "until it is there again");
}

static void trouble_is_waited_for(struct world *w, FILE **fake)
{
	(void)pclose(*fake);
	w->told[2] = 0;
	run(w, 2, 2500);
	tap_int(w->told[2], 0, "nothing is told while the target is away");
	add(w, 3, "a/web", "argo");
	observer_forget(w->observer, 3);
}

int main(void)
{
	static const char *const targets[] = { "argo", ", convergeTimeout: 10m", "other",
					       ", convergeTimeout: 10m", NULL };
	struct world w = { .base = event_base_new(), .dir = tap_dir(), .forget = true };
	struct error err = ERROR_INIT;

	FILE *fake = start_fake(&w);
	tap_int(outbound_new(w.base, NULL, &w.outbound, &err), 0, "calls can be made");
	w.observer = observer_new(w.base, w.outbound, on_seen, &w);
	configure(&w, targets);
	who_is_told(&w);
	streams_follow_triggers(&w);
	trouble_is_waited_for(&w, &fake);
	outbound_free(w.outbound);
	observer_free(w.observer);
	observer_free(NULL);
	event_base_free(w.base);
	return tap_done();
}
