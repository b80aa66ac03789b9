/*
 * From a trigger to an outcome, over TLS, with a fake Argo CD on the other
 * side: target and outbound together.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mstime.h"
#include "receiver/ring/outbound_impl.h"
#include "target/target.h"
#include "tests/support/tap.h"
#include "tests/support/targets.h"

#define NEW "2222222222222222222222222222222222222222"

struct world {
	struct event_base *base;
	struct outbound *outbound;
	struct made_target made;
	const char *url, *dir;
	struct trigger trigger;
	struct outcome outcome;
};

static void on_answer(void *arg, const struct call_result *answer)
{
	struct world *w = arg;

	target_judge(&w->made.target, &w->trigger, answer, &w->outcome);
}

static void ring(struct world *w, enum outcome_kind kind, const char *reason, const char *name)
{
	struct call call;
	struct error err = ERROR_INIT;

	if (target_prepare(&w->made.target, &w->trigger, &call, &err) < 0) {
		tap_ok(false, "%s: %s", name, err.text);
		return;
	}
	(void)outbound_call(w->outbound, &call, on_answer, w);
	call_release(&call);
	while (outbound_count(w->outbound) > 0) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
	tap_ok(w->outcome.kind == kind && strstr(w->outcome.reason, reason) != NULL, "%s: %s", name,
	       w->outcome.reason);
	outcome_release(&w->outcome);
}

/* Start the fake; its standard input is the result, its address goes to url. */
static FILE *start_fake(const char *dir, char *url, size_t max)
{
	char text[1024];

	tap_sh("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	       "-days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout k.pem -out ca.pem "
	       "2>/dev/null && cat ca.pem k.pem > server.pem && echo good > token && "
	       "echo bad > wrong && chmod 600 token wrong && echo '"
	       "[{\"name\":\"auto\",\"project\":\"p\",\"automated\":true,\"revision\":\"" NEW "\"},"
	       "{\"name\":\"hand\",\"project\":\"p\",\"revision\":\"" NEW "\","
	       "\"sync_seconds\":60},"
	       "{\"name\":\"based\",\"project\":\"p\",\"revision\":\"" NEW "\",\"bases\":"
	       "[[\"https://git.example.org/base\",\"main\"]]}]' > apps", dir);
	(void)snprintf(text, sizeof(text),
		       "exec python3 tests/support/argocd.py --tls %s/server.pem --token good "
		       "%s/apps > %s/said", dir, dir, dir);
	/* With close-on-exec: the end of its input is what ends it. */
	FILE *fake = popen(text, "we");
	(void)snprintf(text, sizeof(text), "%s/said", dir);
	url[0] = '\0';
	for (int i = 0; i < 500 && strchr(url, '\n') == NULL; i++) {
		(void)usleep(20000);
		FILE *said = fopen(text, "r");
		if (said != NULL && fgets(url, (int)max, said) == NULL) {
			url[0] = '\0';
		}
		if (said != NULL) {
			(void)fclose(said);
		}
	}
	tap_ok(*url != '\0', "a fake Argo CD listens");
	url[strcspn(url, "\n")] = '\0';
	return fake;
}

/* From now on, ring a target with these settings beside its address. */
static void configure(struct world *w, const char *token, const char *ca, const char *action)
{
	made_target_release(&w->made);
	made_target(&w->made, "argocd: {url: '%s', tokenFile: %s/%s, action: %s, timeout: 10s%s%s%s}",
		    w->url, w->dir, token, action, ca != NULL ? ", caFile: " : "",
		    ca != NULL ? w->dir : "", ca != NULL ? ca : "");
	tap_str(w->made.problem, "", "the settings are fine");
}

/* What an application refers to elsewhere has changed; its own commit stays. */
static void ring_hard(struct world *w)
{
	static char based[] = "argocd/based";

	w->trigger.application = based;
	configure(w, "token", "/ca.pem", "refresh");
	ring(w, OUTCOME_CONVERGED, "Synced", "a normal refresh sees nothing of what changed");
	w->trigger.hard = true;
	w->trigger.sent_ms = mstime_wall();
	configure(w, "token", "/ca.pem", "sync");
	ring(w, OUTCOME_STEP, "refreshed hard", "a hard one does, and is the first of two calls");
	w->trigger.step = 1;
	ring(w, OUTCOME_SENT, "sync started", "the sync is the second");
	(void)usleep(100000);
	w->trigger.step = 0;
	ring(w, OUTCOME_CONVERGED, "compared since, Synced", "then there is nothing to sync");
	w->trigger.sent_ms += 60000;
	ring(w, OUTCOME_RETRY, "not compared since", "an older comparison is not ours");
	w->trigger.hard = false;
}

int main(void)
{
	static char automated[] = "argocd/auto";
	static char by_hand[] = "argocd/hand";
	static char missing[] = "argocd/missing";
	static char project[] = "p";
	static char ref[] = "refs/heads/main";
	const char *dir = tap_dir();
	char url[256];
	struct error err = ERROR_INIT;
	struct world w = { .base = event_base_new(), .url = url, .dir = dir };

	FILE *fake = start_fake(dir, url, sizeof(url));
	configure(&w, "token", "/ca.pem", "refresh");
	w.trigger = (struct trigger){ .application = automated, .project = project, .ref = ref,
				      .automated = true, .attempts = 1 };
	(void)oid_from_hex(NEW, 40, &w.trigger.after);
	tap_int(outbound_new(w.base, NULL, &w.outbound, &err), 0, "calls can be made");

	ring(&w, OUTCOME_CONVERGED, "pushed commit", "a refresh finds the pushed commit");
	configure(&w, "token", "/ca.pem", "sync");
	ring(&w, OUTCOME_CONVERGED, "refreshed", "an automated application is only refreshed");
	w.trigger.application = by_hand;
	w.trigger.automated = false;
	ring(&w, OUTCOME_SENT, "sync started", "another one is synced");
	ring(&w, OUTCOME_RETRY, "a sync of it is running", "and not twice at a time");
	ring_hard(&w);
	w.trigger.application = missing;
	ring(&w, OUTCOME_RETRY, "no such application", "a missing one is asked for again");
	w.trigger.attempts = 3;
	ring(&w, OUTCOME_REFUSED, "no such application", "but not for ever");
	configure(&w, "wrong", "/ca.pem", "sync");
	ring(&w, OUTCOME_RETRY, "/wrong", "a wrong token is named by its file");
	configure(&w, "token", NULL, "sync");
	ring(&w, OUTCOME_RETRY, "not sent: SSL", "an unknown authority is told");

	made_target_release(&w.made);
	outbound_free(w.outbound);
	event_base_free(w.base);
	(void)pclose(fake);
	return tap_done();
}
