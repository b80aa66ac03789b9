/*
 * The target argocd and hard triggers: what an application refers to elsewhere
 * changed, and its own revision did not.
 */
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"
#include "tests/support/targets.h"

#define NEW "2222222222222222222222222222222222222222"
#define OLD "1111111111111111111111111111111111111111"
/* 2026-08-22T18:31:32Z, and half a second. */
#define SENT_MS 1787423492500
#define SELF_HEAL "\"spec\":{\"syncPolicy\":{\"automated\":{\"selfHeal\":true}}},"
#define APP(spec, at, sync, more) \
	"{\"metadata\":{}," spec "\"status\":{\"reconciledAt\":\"2026-08-22T18:31:" at \
	"\",\"sync\":{\"status\":\"" sync "\",\"revision\":\"" OLD "\"}" more "}}"
#define COMPLAINT ",\"conditions\":[{\"type\":\"ComparisonError\",\"message\":\"no build\"}]"

enum what { REFRESH, SYNC, AUTOMATED, AUTOMATED_SYNC };

static struct trigger make_trigger(enum what what)
{
	static char application[] = "argocd/shop";
	static char repository[] = "git.example.org/base";
	static char ref[] = "refs/heads/main";
	struct trigger t = {
		.application = application, .repository = repository, .ref = ref, .attempts = 1,
		.sent_ms = SENT_MS, .hard = true,
		.automated = what == AUTOMATED || what == AUTOMATED_SYNC,
	};

	(void)oid_from_hex(OLD, 40, &t.before);
	(void)oid_from_hex(NEW, 40, &t.after);
	return t;
}

static struct made_target make_target(enum what what)
{
	struct made_target made;

	made_target(&made, "argocd: {url: 'https://argo.example.org', tokenFile: %s, action: %s, "
		    "timeout: 30s}", made_token_file(),
		    what == SYNC || what == AUTOMATED_SYNC ? "sync" : "refresh");
	return made;
}

static void asked(enum what what, unsigned step, const char *method, const char *url,
		  const char *body, const char *name)
{
	struct trigger trigger = make_trigger(what);
	struct made_target made = make_target(what);
	struct call call;
	struct error err = ERROR_INIT;

	trigger.step = step;
	if (target_prepare(&made.target, &trigger, &call, &err) < 0) {
		tap_ok(false, "%s: %s", name, err.text);
		return;
	}
	tap_str(call.method, method, "%s", name);
	tap_str(call.url, url, "at this address");
	tap_str(call.body, body, "with this body");
	call_release(&call);
	made_target_release(&made);
}

static void requests(void)
{
	static const char refresh[] = "https://argo.example.org/api/v1/applications/shop"
				      "?refresh=hard&appNamespace=argocd";
	static const char sync[] = "https://argo.example.org/api/v1/applications/shop/sync";
	static const char body[] =
		"{\"infos\":[{\"name\":\"doorbell\",\"value\":\"push of " NEW
		" to refs/heads/main of git.example.org/base\"}],\"appNamespace\":\"argocd\"}";

	asked(REFRESH, 0, "GET", refresh, NULL, "a hard trigger is refreshed hard");
	asked(AUTOMATED, 0, "GET", refresh, NULL, "one that syncs by itself, too");
	asked(SYNC, 0, "GET", refresh, NULL, "before a sync");
	asked(SYNC, 1, "POST", sync, body, "which follows without a revision");
	asked(AUTOMATED_SYNC, 1, "POST", sync, body, "as for one that syncs by itself");
}

static const struct answer_case {
	const char *name;
	enum what what;
	unsigned step;
	unsigned attempt;
	const char *body; // NULL: no answer in time
	enum outcome_kind kind;
	int64_t wait_ms;
	const char *reason; // a part of it
} cases[] = {
	{ "compared since, it has converged, though at its old commit", REFRESH, 0, 1,
	  APP("", "33Z", "OutOfSync", ""), OUTCOME_CONVERGED, 0, "compared since, OutOfSync" },
	{ "the second in which it was rung counts", REFRESH, 0, 1,
	  APP("", "32Z", "Synced", ""), OUTCOME_CONVERGED, 0, "compared since, Synced" },
	{ "compared before, the refresh was lost", REFRESH, 0, 1, APP("", "31Z", "Synced", ""),
	  OUTCOME_RETRY, 5000, "not compared since" },
	{ "a third time", REFRESH, 0, 2, APP("", "31Z", "Synced", ""), OUTCOME_RETRY, 5000,
	  "not compared since" },
	{ "after three tries that is accepted", REFRESH, 0, 3, APP("", "31Z", "Synced", ""),
	  OUTCOME_SENT, 0, "not compared since" },
	{ "without a time it was not compared", REFRESH, 0, 1,
	  "{\"metadata\":{},\"status\":{}}", OUTCOME_RETRY, 5000, "not compared since" },
	{ "a time that is none is none", REFRESH, 0, 1, APP("", "33", "Synced", ""),
	  OUTCOME_RETRY, 5000, "not compared since" },
	{ "what Argo CD complains about is told", REFRESH, 0, 1,
	  APP("", "33Z", "Unknown", COMPLAINT), OUTCOME_SENT, 0, "refreshed hard: no build" },
	{ "no answer in time is no proof", REFRESH, 0, 1, NULL, OUTCOME_RETRY, 0, "no answer" },
	{ "after three tries it is accepted", REFRESH, 0, 3, NULL, OUTCOME_SENT, 0, "no answer" },

	{ "out of sync, the sync follows", SYNC, 0, 1, APP("", "33Z", "OutOfSync", ""),
	  OUTCOME_STEP, 0, "refreshed hard" },
	{ "in sync there is nothing to do", SYNC, 0, 1, APP("", "33Z", "Synced", ""),
	  OUTCOME_CONVERGED, 0, "Synced" },
	{ "in doubt the sync follows", SYNC, 0, 3, APP("", "31Z", "Synced", ""), OUTCOME_STEP, 0,
	  "not compared since" },
	{ "also without an answer", SYNC, 0, 3, NULL, OUTCOME_STEP, 0, "no answer" },
	{ "a lost refresh before a sync is rung again", SYNC, 0, 1,
	  APP("", "31Z", "OutOfSync", ""), OUTCOME_RETRY, 5000, "not compared since" },
	{ "the sync is the end", SYNC, 1, 1, APP("", "31Z", "OutOfSync", ""), OUTCOME_SENT, 0,
	  "sync started" },
	{ "a sync without an answer is tried again", SYNC, 1, 9, NULL, OUTCOME_RETRY, 0,
	  "no answer to the sync" },

	{ "what heals itself is synced by Argo CD", AUTOMATED_SYNC, 0, 1,
	  APP(SELF_HEAL, "33Z", "OutOfSync", ""), OUTCOME_CONVERGED, 0, "OutOfSync" },
	{ "what does not is not synced twice to one commit, so we do", AUTOMATED_SYNC, 0, 1,
	  APP("", "33Z", "OutOfSync", ""), OUTCOME_STEP, 0, "refreshed hard" },
	{ "if only a refresh is asked for, that is said", AUTOMATED, 0, 1,
	  APP("", "33Z", "OutOfSync", ""), OUTCOME_CONVERGED, 0, "without selfHeal" },
	{ "but not of what heals itself", AUTOMATED, 0, 1,
	  APP(SELF_HEAL, "33Z", "OutOfSync", ""), OUTCOME_CONVERGED, 0, "since, OutOfSync" },
};

static void answers(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct answer_case *c = &cases[i];
		struct trigger trigger = make_trigger(c->what);
		struct made_target made = make_target(c->what);
		struct call_result answer = {
			.completed = c->body != NULL, .timed_out = c->body == NULL,
			.status = c->body != NULL ? 200 : 0, .output = c->body,
			.output_len = c->body != NULL ? strlen(c->body) : 0,
		};
		struct outcome outcome;

		trigger.step = c->step;
		trigger.attempts = c->attempt;
		target_judge(&made.target, &trigger, &answer, &outcome);
		bool ok = outcome.kind == c->kind && outcome.retry_after_ms == c->wait_ms &&
			  strstr(outcome.reason, c->reason) != NULL;
		if (!tap_ok(ok, "%s", c->name)) {
			tap_note("kind %d, wait %lld, reason: %s", (int)outcome.kind,
				 (long long)outcome.retry_after_ms, outcome.reason);
		}
		outcome_release(&outcome);
		made_target_release(&made);
	}
}

int main(void)
{
	requests();
	answers();
	return tap_done();
}
