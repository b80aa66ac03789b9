/*
 * The target argocd: what is asked, and what each answer is taken for.
 */
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "target/target_impl.h"
#include "tests/support/tap.h"
#include "tests/support/targets.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define OTHER "3333333333333333333333333333333333333333"
#define ERROR(code, text) \
	"{\"error\":\"" text "\",\"code\":" #code ",\"message\":\"" text "\"}"
#define APP(sync) "{\"metadata\":{\"name\":\"shop\"},\"status\":{\"sync\":" sync "}}"

static struct trigger make_trigger(void)
{
	static char application[] = "argocd/shop";
	static char project[] = "team a&b";
	static char repository[] = "git.example.org/shop";
	static char ref[] = "refs/heads/main";
	static char reasons[] = "[{\"path\":\"a\"}]";
	static char target[] = "argo";
	struct trigger t = {
		.target = target,
		.push = 7,
		.application = application,
		.project = project,
		.repository = repository,
		.ref = ref,
		.reasons = reasons,
		.attempts = 1,
	};

	(void)oid_from_hex(OLD, 40, &t.before);
	(void)oid_from_hex(NEW, 40, &t.after);
	return t;
}

/* A target of that action ("sync, prune: true"), to be released. */
static struct made_target argocd_target(const char *action)
{
	struct made_target made;

	made_target(&made, "argocd: {url: 'https://argo.example.org/root/', tokenFile: %s, "
		    "timeout: 30s, action: %s}", made_token_file(), action);
	tap_str(made.problem, "", "a target that does \"%s\"", action);
	return made;
}

enum what { REFRESH, SYNC, AUTOMATED_SYNC };

struct answer_case {
	const char *name;
	enum what what;
	unsigned attempt;
	int status; // 0: no status line
	const char *body;
	enum outcome_kind kind;
	int64_t wait_ms;    // expected retry_after_ms
	const char *reason; // a part of it
};

static const struct answer_case argocd_cases[] = {
	{ "an application at the pushed commit has converged", REFRESH, 1, 200,
	  APP("{\"status\":\"Synced\",\"revision\":\"" NEW "\"}"), OUTCOME_CONVERGED, 0, "Synced" },
	{ "one of several sources at the pushed commit is enough", REFRESH, 1, 200,
	  APP("{\"revisions\":[\"" OTHER "\",\"" NEW "\"]}"), OUTCOME_CONVERGED, 0, "pushed commit" },
	{ "another commit is sent, not converged", REFRESH, 1, 200,
	  APP("{\"revision\":\"" OTHER "\"}"), OUTCOME_SENT, 0, "refreshed" },
	{ "an application without status is sent", REFRESH, 1, 200, "{\"metadata\":{}}", OUTCOME_SENT,
	  0, "refreshed" },
	{ "a lost refresh is rung again", REFRESH, 1, 200, APP("{\"revision\":\"" OLD "\"}"),
	  OUTCOME_RETRY, 5000, "before the push" },
	{ "a lost refresh is rung a third time", REFRESH, 2, 200, APP("{\"revision\":\"" OLD "\"}"),
	  OUTCOME_RETRY, 5000, "before the push" },
	{ "after three tries the old commit is accepted", REFRESH, 3, 200,
	  APP("{\"revision\":\"" OLD "\"}"), OUTCOME_SENT, 0, "before the push" },
	{ "a comparison error is passed on", REFRESH, 3, 200,
	  "{\"metadata\":{},\"status\":{\"conditions\":[{\"type\":\"ComparisonError\","
	  "\"message\":\"kustomize build failed\"}]}}", OUTCOME_SENT, 0, "kustomize build failed" },
	{ "a web page with 200 is no success", REFRESH, 1, 200, "<!doctype html>", OUTCOME_RETRY, 0,
	  "root path" },
	{ "a web page with 200 is refused in the end", REFRESH, 3, 200, "<!doctype html>",
	  OUTCOME_REFUSED, 0, "root path" },
	{ "an empty object with 200 is no success", REFRESH, 3, 200, "{}", OUTCOME_REFUSED, 0,
	  "no application" },
	{ "an array with 200 is no success", REFRESH, 3, 200, "[]", OUTCOME_REFUSED, 0,
	  "no application" },
	{ "an empty 200 is no success", SYNC, 3, 200, "", OUTCOME_REFUSED, 0, "no application" },
	{ "revisions that are no strings are passed over", REFRESH, 1, 200,
	  APP("{\"revision\":5,\"revisions\":[null,{}]}"), OUTCOME_SENT, 0, "refreshed" },
	{ "a sync is sent, whatever the old status says", SYNC, 1, 200,
	  APP("{\"revision\":\"" NEW "\"}"), OUTCOME_SENT, 0, "sync started" },
	{ "a sync is not rung again for the old commit", SYNC, 1, 200,
	  APP("{\"revision\":\"" OLD "\"}"), OUTCOME_SENT, 0, "sync started" },
	{ "a sync of an automated application is a refresh", AUTOMATED_SYNC, 1, 200,
	  APP("{\"revision\":\"" NEW "\"}"), OUTCOME_CONVERGED, 0, "refreshed" },

	{ "301 is refused", REFRESH, 1, 301, "", OUTCOME_REFUSED, 0, "https" },
	{ "307 is refused", SYNC, 1, 307, "", OUTCOME_REFUSED, 0, "https" },
	{ "304 is refused", REFRESH, 1, 304, "", OUTCOME_REFUSED, 0, "redirected" },
	{ "a running operation is waited for", SYNC, 9, 400,
	  ERROR(9, "another operation is already in progress"), OUTCOME_RETRY, 5000, "running" },
	{ "the text of a running operation may be wrapped", SYNC, 1, 400,
	  ERROR(9, "error setting app operation: another operation is already in progress"),
	  OUTCOME_RETRY, 5000, "running" },
	{ "an application being deleted is refused", SYNC, 1, 400,
	  ERROR(9, "application is deleting"), OUTCOME_REFUSED, 0, "deleted" },
	{ "a revision against auto-sync is refused", SYNC, 1, 400,
	  ERROR(9, "Cannot sync to abc: auto-sync currently set to main"), OUTCOME_REFUSED, 0,
	  "syncs by itself" },
	{ "a revision that cannot be resolved is tried again", SYNC, 1, 400,
	  ERROR(9, "unable to resolve main to a commit SHA"), OUTCOME_RETRY, 0, "commit SHA" },
	{ "an invalid argument is refused", REFRESH, 1, 400, ERROR(3, "bad name"), OUTCOME_REFUSED, 0,
	  "bad name" },
	{ "several projects are refused", REFRESH, 1, 400, ERROR(3, "multiple projects"),
	  OUTCOME_REFUSED, 0, "multiple projects" },
	{ "400 of a proxy is tried again", REFRESH, 1, 400, "<html>", OUTCOME_RETRY, 0, "before it" },
	{ "400 of a proxy is refused in the end", REFRESH, 3, 400, "<html>", OUTCOME_REFUSED, 0,
	  "before it" },
	{ "401 waits for a new token and names its file", REFRESH, 1, 401,
	  ERROR(16, "no session information"), OUTCOME_RETRY, 0, "/proc/self/fd/" },
	{ "401 of a sync too", SYNC, 20, 401, "", OUTCOME_RETRY, 0, "token" },
	{ "a sync window is waited for", SYNC, 1, 403,
	  ERROR(7, "cannot sync: blocked by sync window"), OUTCOME_RETRY, 300000, "sync windows" },
	{ "permission denied is refused and says the cure", REFRESH, 1, 403,
	  ERROR(7, "permission denied"), OUTCOME_REFUSED, 0, "argocd-rbac-cm" },
	{ "403 of a proxy is tried again slowly", REFRESH, 8, 403, "<html>", OUTCOME_RETRY, 60000,
	  "before it" },
	{ "403 with another code is tried again slowly", REFRESH, 1, 403, ERROR(16, "x"),
	  OUTCOME_RETRY, 60000, "forbidden" },
	{ "a new application may still be created", REFRESH, 1, 404, ERROR(5, "not found"),
	  OUTCOME_RETRY, 10000, "no such application" },
	{ "it may take two tries", REFRESH, 2, 404, ERROR(5, "not found"), OUTCOME_RETRY, 10000,
	  "no such application" },
	{ "no such application is refused in the end", REFRESH, 3, 404, ERROR(5, "not found"),
	  OUTCOME_REFUSED, 0, "no such application" },
	{ "404 of another server is told apart", REFRESH, 3, 404, "404 page not found",
	  OUTCOME_REFUSED, 0, "no Argo CD API" },
	{ "405 is refused", SYNC, 1, 405, "", OUTCOME_REFUSED, 0, "no Argo CD API" },
	{ "408 is tried again", REFRESH, 1, 408, ERROR(1, "canceled"), OUTCOME_RETRY, 0, "canceled" },
	{ "409 is tried again", REFRESH, 1, 409, ERROR(10, "conflict"), OUTCOME_RETRY, 0,
	  "conflict" },
	{ "410 is refused", REFRESH, 1, 410, "", OUTCOME_REFUSED, 0, "not taken" },
	{ "413 is our fault", SYNC, 1, 413, "", OUTCOME_REFUSED, 0, "report this" },
	{ "415 is our fault", SYNC, 1, 415, "Invalid content type", OUTCOME_REFUSED, 0,
	  "report this" },
	{ "418 is refused", REFRESH, 1, 418, "", OUTCOME_REFUSED, 0, "not taken" },
	{ "422 is refused", REFRESH, 1, 422, "", OUTCOME_REFUSED, 0, "not taken" },
	{ "425 is tried again", REFRESH, 1, 425, "", OUTCOME_RETRY, 0, "early" },
	{ "429 is tried again later", REFRESH, 1, 429, ERROR(8, "too large"), OUTCOME_RETRY, 1000,
	  "too large" },
	{ "500 is tried again", REFRESH, 1, 500, ERROR(2, "rpc error"), OUTCOME_RETRY, 0,
	  "rpc error" },
	{ "501 is refused", SYNC, 1, 501, ERROR(12, "unknown method"), OUTCOME_REFUSED, 0, "too old" },
	{ "502 is tried again", REFRESH, 1, 502, "<html>", OUTCOME_RETRY, 0, "not well" },
	{ "503 is tried again", REFRESH, 1, 503, ERROR(14, "unavailable"), OUTCOME_RETRY, 0,
	  "unavailable" },
	{ "504 is tried again", SYNC, 1, 504, ERROR(4, "deadline exceeded"), OUTCOME_RETRY, 0,
	  "deadline" },
	{ "599 is tried again", REFRESH, 1, 599, "", OUTCOME_RETRY, 0, "not well" },
	{ "a status below 200 is no answer", REFRESH, 1, 101, "", OUTCOME_RETRY, 0, "not an answer" },
	{ "a status above 599 is refused in the end", REFRESH, 3, 999, "", OUTCOME_REFUSED, 0,
	  "not an answer" },
	{ "control characters of an answer do not reach the reason", REFRESH, 1, 500,
	  "{\"code\":2,\"message\":\"a\\u001b[31m\\u009bb\\nc\"}", OUTCOME_RETRY, 0, "a?[31m?b c" },
	{ "only \"error\" is given", REFRESH, 1, 500, "{\"code\":2,\"error\":\"old gateway\"}",
	  OUTCOME_RETRY, 0, "old gateway" },
	{ "a code that is a string is not Argo CD's", REFRESH, 1, 403,
	  "{\"code\":\"7\",\"message\":\"permission denied\"}", OUTCOME_RETRY, 60000, "before it" },
};

static void test_argocd_statuses(void)
{
	for (size_t i = 0; i < sizeof(argocd_cases) / sizeof(argocd_cases[0]); i++) {
		const struct answer_case *c = &argocd_cases[i];
		struct trigger trigger = make_trigger();
		struct made_target made = argocd_target(c->what == REFRESH ? "refresh" : "sync");
		struct call_result answer = {
			.completed = true,
			.status = c->status,
			.output = c->body,
			.output_len = strlen(c->body),
		};
		struct outcome outcome;

		trigger.automated = c->what == AUTOMATED_SYNC;
		trigger.attempts = c->attempt;
		target_judge(&made.target, &trigger, &answer, &outcome);
		bool ok = outcome.kind == c->kind && outcome.retry_after_ms == c->wait_ms &&
			  outcome.code == c->status && strstr(outcome.reason, c->reason) != NULL;
		if (!tap_ok(ok, "%s", c->name)) {
			tap_note("kind %d, wait %lld, reason: %s", (int)outcome.kind,
				 (long long)outcome.retry_after_ms, outcome.reason);
		}
		outcome_release(&outcome);
		made_target_release(&made);
	}
}

struct broken_case {
	const char *name;
	enum what what;
	struct call_result answer;
	enum outcome_kind kind;
	const char *reason;
};

static const struct broken_case argocd_broken[] = {
	{ "a refresh that was sent and timed out is asked for again", REFRESH, { .timed_out = true },
	  OUTCOME_RETRY, "no answer within 30 s" },
	{ "a sync that timed out is tried again", SYNC, { .timed_out = true }, OUTCOME_RETRY,
	  "no answer to the sync" },
	{ "a time-out before anything was sent is tried again", REFRESH,
	  { .timed_out = true, .never_sent = true, .failure = "connection timed out" },
	  OUTCOME_RETRY, "not sent: connection timed out" },
	{ "a refused connection is tried again", REFRESH,
	  { .never_sent = true, .failure = "connection refused" }, OUTCOME_RETRY,
	  "connection refused" },
	{ "a certificate that does not fit is tried again", REFRESH,
	  { .never_sent = true, .failure = "SSL certificate problem" }, OUTCOME_RETRY,
	  "certificate" },
	{ "an address that can never work is refused", REFRESH,
	  { .never_sent = true, .unusable = true, .failure = "bad address" }, OUTCOME_REFUSED,
	  "bad address" },
	{ "a connection lost after sending is tried again", REFRESH,
	  { .failure = "connection\nreset" }, OUTCOME_RETRY, "connection reset" },
	{ "a lost answer without a reason is tried again", SYNC, { .timed_out = false },
	  OUTCOME_RETRY, "no reason given" },
	{ "a refresh whose answer broke off is sent", REFRESH,
	  { .status = 200, .output = "{\"meta", .output_len = 6, .failure = "reset" },
	  OUTCOME_SENT, "cut short" },
	{ "a sync whose answer was too long is sent", SYNC,
	  { .completed = true, .status = 200, .truncated = true, .output = "{", .output_len = 1 },
	  OUTCOME_SENT, "cut short" },
	{ "an error whose body broke off is judged by its status", REFRESH,
	  { .status = 503, .timed_out = true, .output = "{", .output_len = 1 }, OUTCOME_RETRY,
	  "not well" },
};

static void test_argocd_broken_answers(void)
{
	for (size_t i = 0; i < sizeof(argocd_broken) / sizeof(argocd_broken[0]); i++) {
		const struct broken_case *c = &argocd_broken[i];
		struct trigger trigger = make_trigger();
		struct made_target made = argocd_target(c->what == REFRESH ? "refresh" : "sync");
		struct outcome outcome;

		target_judge(&made.target, &trigger, &c->answer, &outcome);
		tap_ok(outcome.kind == c->kind && strstr(outcome.reason, c->reason) != NULL,
		       "%s (%s)", c->name, outcome.reason);
		outcome_release(&outcome);
		made_target_release(&made);
	}
}

/* Some failures are of Argo CD as a whole: then its other applications need not be tried. */
static void test_argocd_down(void)
{
	static const struct {
		const char *name;
		struct call_result answer;
		bool whole;
	} cases[] = {
		{ "a refused connection", { .never_sent = true, .failure = "refused" }, true },
		{ "a connection that is lost", { .failure = "reset" }, true },
		{ "a token that is not accepted", { .completed = true, .status = 401 }, true },
		{ "too many requests", { .completed = true, .status = 429 }, true },
		{ "a gateway without a server", { .completed = true, .status = 502 }, true },
		{ "a gateway that waited in vain", { .completed = true, .status = 504 }, true },
		{ "an error of the server", { .completed = true, .status = 500 }, false },
		{ "an application that is not there", { .completed = true, .status = 404 }, false },
		{ "a refresh without an answer", { .timed_out = true }, false },
		{ "an address that can never work",
		  { .never_sent = true, .unusable = true, .failure = "bad" }, false },
	};
	struct made_target made = argocd_target("refresh");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trigger trigger = make_trigger();
		struct outcome outcome = { .whole = true };

		target_judge(&made.target, &trigger, &cases[i].answer, &outcome);
		tap_int(outcome.whole, cases[i].whole, "%s is %sof Argo CD as a whole",
			cases[i].name, cases[i].whole ? "" : "not ");
		outcome_release(&outcome);
	}
	made_target_release(&made);
}

/* Nobody who is silent has taken a ring; tries that found him down do not count elsewhere. */
static void test_argocd_hangs(void)
{
	const struct call_result hangs = { .timed_out = true };
	const struct call_result nowhere = { .completed = true, .status = 404 };
	struct made_target made = argocd_target("refresh");
	struct trigger trigger = make_trigger();
	struct outcome outcome;

	trigger.attempts = 50;
	target_judge(&made.target, &trigger, &hangs, &outcome);
	tap_int(outcome.kind, OUTCOME_RETRY, "a refresh that is never answered is never SENT");
	tap_ok(outcome.silent && !outcome.whole, "and may be the application's fault or the server's");
	outcome_release(&outcome);
	trigger.attempts = 9;
	target_judge(&made.target, &trigger, &nowhere, &outcome);
	tap_int(outcome.kind, OUTCOME_REFUSED, "an application that is not there is refused in the end");
	outcome_release(&outcome);
	trigger.in_vain = 8;
	target_judge(&made.target, &trigger, &nowhere, &outcome);
	tap_int(outcome.kind, OUTCOME_RETRY, "but not because Argo CD was away before");
	outcome_release(&outcome);
	made_target_release(&made);
}

static void test_argocd_special_answers(void)
{
	struct made_target made = argocd_target("refresh");
	struct trigger trigger = make_trigger();
	struct call_result answer = { .completed = true, .status = 403 };
	struct outcome outcome;

	trigger.project = NULL;
	answer.output = ERROR(7, "permission denied");
	answer.output_len = strlen(answer.output);
	target_judge(&made.target, &trigger, &answer, &outcome);
	tap_int(outcome.kind, OUTCOME_RETRY, "without a project 403 may mean that it is not there yet");
	tap_str(outcome.output, answer.output, "what Argo CD answered is kept");
	outcome_release(&outcome);

	answer.status = 503;
	answer.retry_after_ms = 90 * 1000;
	target_judge(&made.target, &trigger, &answer, &outcome);
	tap_int(outcome.retry_after_ms, 90 * 1000, "Retry-After is obeyed");
	outcome_release(&outcome);

	answer.retry_after_ms = INT64_MAX;
	target_judge(&made.target, &trigger, &answer, &outcome);
	tap_int(outcome.retry_after_ms, 3600 * 1000, "Retry-After of centuries becomes an hour");
	outcome_release(&outcome);

	size_t len = 2 * 1024 * 1024;
	char *bomb = xmalloc(len);
	memset(bomb, '[', len);
	answer = (struct call_result){ .completed = true, .status = 500, .output = bomb,
					 .output_len = len };
	target_judge(&made.target, &trigger, &answer, &outcome);
	tap_int(outcome.kind, OUTCOME_RETRY, "2 MB of [ are not parsed");
	tap_int(strlen(outcome.output), LIMIT_OUTPUT_KEPT, "what is kept of an answer has its ceiling");
	outcome_release(&outcome);
	made_target_release(&made);
	free(bomb);
}

/* Print a call for comparison with a text. */
static char *call_text(const struct call *call)
{
	struct buf b;

	buf_init(&b, 65536);
	if (call->type == CALL_HTTP) {
		(void)buf_addf(&b, "%s %s\n", call->method, call->url);
	}
	for (size_t i = 0; i < call->argv.count; i++) {
		(void)buf_addf(&b, "[%s]\n", call->argv.items[i]);
	}
	for (size_t i = 0; i < call->headers.count; i++) {
		(void)buf_addf(&b, "%s\n", call->headers.items[i]);
	}
	for (size_t i = 0; i < call->environment.count; i++) {
		(void)buf_addf(&b, "%s\n", call->environment.items[i]);
	}
	if (call->body != NULL) {
		(void)buf_addf(&b, "\n%.*s", (int)call->body_len, call->body);
	}
	if (call->input != NULL) {
		(void)buf_addf(&b, "\n%.*s", (int)call->input_len, call->input);
	}
	return buf_detach(&b);
}

static void check_call(const struct target *target, const struct trigger *trigger,
		       const char *want, const char *name)
{
	struct call call;
	struct error err = ERROR_INIT;

	int r = target_prepare(target, trigger, &call, &err);
	char *text = r == 0 ? call_text(&call) : xstrdup(err.text);
	tap_str(text, want, "%s", name);
	free(text);
	call_release(&call);
}

static void test_argocd_requests(void)
{
	static char plain[] = "shop";
	struct made_target refresh = argocd_target("refresh");
	struct made_target hard = argocd_target("hard");
	struct made_target sync = argocd_target("sync");
	struct made_target prune = argocd_target("sync, prune: true");
	struct trigger trigger = make_trigger();

	check_call(&refresh.target, &trigger,
		   "GET https://argo.example.org/root/api/v1/applications/shop"
		   "?refresh=normal&project=team%20a%26b&appNamespace=argocd\n"
		   "Accept: application/json\n", "a refresh is a GET with all names encoded");
	check_call(&sync.target, &trigger,
		   "POST https://argo.example.org/root/api/v1/applications/shop/sync\n"
		   "Accept: application/json\nContent-Type: application/json\n\n"
		   "{\"infos\":[{\"name\":\"doorbell\",\"value\":\"push of " NEW
		   " to refs/heads/main\"}],\"project\":\"team a&b\",\"appNamespace\":\"argocd\"}",
		   "a sync is a POST without a revision");
	trigger.application = plain;
	trigger.project = NULL;
	check_call(&prune.target, &trigger,
		   "POST https://argo.example.org/root/api/v1/applications/shop/sync\n"
		   "Accept: application/json\nContent-Type: application/json\n\n"
		   "{\"infos\":[{\"name\":\"doorbell\",\"value\":\"push of " NEW
		   " to refs/heads/main\"}],\"prune\":true}", "a sync that prunes says so");
	check_call(&hard.target, &trigger,
		   "GET https://argo.example.org/root/api/v1/applications/shop?refresh=hard\n"
		   "Accept: application/json\n", "a hard refresh without project and namespace");
	trigger.automated = true;
	check_call(&sync.target, &trigger,
		   "GET https://argo.example.org/root/api/v1/applications/shop?refresh=normal\n"
		   "Accept: application/json\n", "an automated application is refreshed, not synced");
	made_target_release(&refresh);
	made_target_release(&hard);
	made_target_release(&sync);
	made_target_release(&prune);
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{ "shop", true }, { "a/shop-1.x", true }, { "", false }, { "/shop", false },
		{ "a/", false }, { "a/b/c", false }, { "..%2f", false }, { "Shop", false },
		{ "a b", false }, { "shop?refresh=hard", false }, { "shop\n", false },
		{ "a/shop@prod-1", true }, { "a/shop@", false }, { "a/shop@x/y", false },
		{ "a/shop@x@y", false }, { "a@b/shop", false }, { "applicationset:a/shop", true }, { "kustomization:shop", true },
		{ "other:a/shop", false }, { "applicationset:", false },
		{ "a.very.long.namespace.0123456789.0123456789.0123456789.012345678/x", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target_application app;
		struct error err = ERROR_INIT;
		tap_ok((target_split(cases[i].name, &app, &err) == 0) == cases[i].ok,
		       "the application %zu is %s", i, cases[i].ok ? "taken" : "refused");
	}
	struct made_target made = argocd_target("refresh");
	struct trigger trigger = make_trigger();
	static char elsewhere[] = "argocd/shop@prod";
	trigger.application = elsewhere;
	char *same = NULL;
	struct call call;
	struct error why = ERROR_INIT;
	if (target_prepare(&made.target, &trigger, &call, &why) == 0) {
		same = xstrdup(call.url);
		call_release(&call);
	}
	tap_ok(same != NULL && strstr(same, "/shop?") != NULL && strchr(same, '@') == NULL,
	       "the cluster is not a part of the address: %s", same != NULL ? same : why.text);
	free(same);
	static char bad[] = "../../session";
	trigger.application = bad;
	check_call(&made.target, &trigger,
		   "target argo: no Kubernetes object has a namespace like \"..\"",
		   "a name cannot leave its place in the address");
	static char set[] = "applicationset:argocd/fleet";
	trigger.application = set;
	check_call(&made.target, &trigger,
		   "target argo: Argo CD's API refreshes no ApplicationSet",
		   "an ApplicationSet is not asked for as an application");
	made_target_release(&made);
}

static void test_argocd_check(void)
{
	static const struct {
		const char *settings; // tokenFile is put behind, unless it is there
		const char *problem;  // a part of it, NULL: none
	} cases[] = {
		{ "url: 'https://argo.example.org'", NULL },
		{ "url: 'https://argo.example.org:8443/root'", NULL },
		{ "url: 'http://argo.example.org'", "http:// shows the token" },
		{ "url: 'http://argo.example.org', insecure: true", NULL },
		{ "url: 'https://'", "without a host" },
		{ "url: 'https:///x'", "without a host" },
		{ "url: 'https://user:pw@argo.example.org'", "with a user" },
		{ "url: 'https://argo.example.org/?a=b'", "a query" },
		{ "url: \"https://argo.example.org/\\r\\nX: y\"", "control character" },
		{ "url: 'https://argo.example.org/x y'", "strange character" },
		{ "url: 'ftp://argo.example.org'", "is no address" },
		{ "url: 'argo.example.org'", "is no address" },
		{ "insecure: true", "no address: add argocd.url" },
		{ "url: 'https://a', action: dance", "give refresh, hard or sync" },
		{ "url: 'https://a', prune: true", "without a sync" },
		{ "url: 'https://a', timeout: 1ms", "give 100ms to 1h" },
	};
	struct made_target made;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		made_target(&made, "argocd: {tokenFile: %s, %s}", made_token_file(),
			    cases[i].settings);
		tap_ok(cases[i].problem == NULL ? made.problem[0] == '\0'
						: strstr(made.problem, cases[i].problem) != NULL,
		       "argocd: {%s} is %s (%s)", cases[i].settings,
		       cases[i].problem == NULL ? "fine" : "refused", made.problem);
		made_target_release(&made);
	}
	made_target(&made, "argocd: {url: 'https://argo.example.org'}");
	tap_ok(strstr(made.problem, "no token: add argocd.tokenFile") != NULL, "a token is needed");
	made_target_release(&made);
}

int main(void)
{
	tap_ok(target_kind_by_name("argocd") != NULL, "argocd is a kind");
	tap_ok(target_kind_by_name("exec") != NULL, "exec is a kind");
	tap_ok(target_kind_by_name("smoke signals") == NULL, "other names are not");
	test_argocd_statuses();
	test_argocd_broken_answers();
	test_argocd_down();
	test_argocd_hangs();
	test_argocd_special_answers();
	test_argocd_requests();
	test_names();
	test_argocd_check();
	return tap_done();
}
