/*
 * The target exec: what a command is given, and what its end is taken for.
 */
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "target/target_impl.h"
#include "tests/support/tap.h"
#include "tests/support/targets.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"

static struct trigger make_trigger(void)
{
	static char application[] = "argocd/shop@prod";
	static char project[] = "team a&b";
	static char repository[] = "git.example.org/shop";
	static char ref[] = "refs/heads/main";
	static char reasons[] = "[{\"path\":\"a\"}]";
	struct trigger t = {
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

static void test_exec_request(void)
{
	struct trigger trigger = make_trigger();
	struct made_target made;
	struct error err = ERROR_INIT;

	trigger.hard = true;
	made_target(&made, "exec: {command: [/usr/local/bin/ring, --for, $(reboot)], "
		    "environment: {LANG: de_DE.UTF-8, KUBECONFIG: /etc/kube}}");
	tap_str(made.problem, "", "a command is fine");
	check_call(&made.target, &trigger,
		   "[/usr/local/bin/ring]\n[--for]\n[$(reboot)]\n"
		   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOME=/\n"
		   "LANG=de_DE.UTF-8\nKUBECONFIG=/etc/kube\n"
		   "DOORBELL_KIND=Application\nDOORBELL_APPLICATION=shop\nDOORBELL_NAMESPACE="
		   "argocd\nDOORBELL_CLUSTER=prod\n"
		   "DOORBELL_PROJECT=team a&b\nDOORBELL_REPOSITORY=git.example.org/shop\n"
		   "DOORBELL_REF=refs/heads/main\nDOORBELL_BEFORE=" OLD "\nDOORBELL_AFTER=" NEW
		   "\nDOORBELL_PUSH=7\nDOORBELL_ATTEMPT=1\nDOORBELL_HARD=true\n\n"
		   "{\"kind\":\"Application\",\"application\":\"shop\",\"namespace\":\"argocd\","
		   "\"cluster\":\"prod\",\"project\":\"team a&b\","
		   "\"repository\":\"git.example.org/shop\",\"ref\":\"refs/heads/main\","
		   "\"before\":\"" OLD "\",\"after\":\"" NEW "\",\"push\":7,\"attempt\":1,"
		   "\"automated\":false,\"hard\":true,\"reasons\":[{\"path\":\"a\"}]}\n",
		   "a command gets its arguments as they are, and the push as data");

	static char ref[] = "refs/heads/\xff\x1b";
	trigger.ref = ref;
	struct call call;
	tap_int(target_prepare(&made.target, &trigger, &call, &err), 0,
		"a ref that is not UTF-8 is no obstacle");
	tap_ok(strstr(call.input, "\"refs/heads/\xef\xbf\xbd\\u001B\"") != NULL, "and is UTF-8 in the JSON");
	call_release(&call);
	made_target_release(&made);
}

static void test_exec_check(void)
{
	static const struct {
		const char *settings;
		const char *problem; // a part of it, NULL: none
	} cases[] = {
		{ "command: [/bin/true]", NULL },
		{ "command: /bin/true", NULL },
		{ "command: [/bin/true], environment: {A: b}", NULL },
		{ "command: [/bin/true], environment: {A: }, directory: /tmp", NULL },
		{ "command: [true]", "'true' is no absolute path" },
		{ "directory: /tmp", "no command: add exec.command" },
		{ "command: []", "no command: add exec.command" },
		{ "command: [/bin/true], environment: [A]", "is no mapping" },
		{ "command: [/bin/true], environment: {1A: b}", "'1A=b' has no name of letters" },
		{ "command: [/bin/true], environment: {A-B: c}", "'A-B=c' has no name of letters" },
		{ "command: [/bin/true], environment: {DOORBELL_REF: x}", "'DOORBELL_REF' is ours" },
		{ "command: [/bin/true], directory: tmp", "'tmp' is no absolute path" },
	};
	struct made_target made;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		made_target(&made, "exec: {%s}", cases[i].settings);
		tap_ok(cases[i].problem == NULL ? made.problem[0] == '\0'
						: strstr(made.problem, cases[i].problem) != NULL,
		       "exec: {%s} is %s (%s)", cases[i].settings,
		       cases[i].problem == NULL ? "fine" : "refused", made.problem);
		made_target_release(&made);
	}
}

#define SAYS(text) .output = text, .output_len = sizeof(text) - 1

static void test_exec_answers(void)
{
	static const struct {
		const char *name;
		struct call_result answer;
		enum outcome_kind kind;
		const char *reason;
	} cases[] = {
		{ "0 is sent", { .completed = true, SAYS("one\ntwo\n\n") }, OUTCOME_SENT,
		  "the command exited with 0: two" },
		{ "1 is tried again", { .completed = true, .status = 1 }, OUTCOME_RETRY,
		  "the command exited with 1" },
		{ "2 is tried again", { .completed = true, .status = 2, SAYS("\x1b[31mno") },
		  OUTCOME_RETRY, "the command exited with 2: ?[31mno" },
		{ "64 is tried again", { .completed = true, .status = 64 }, OUTCOME_RETRY, "64" },
		{ "65 is refused", { .completed = true, .status = 65 }, OUTCOME_REFUSED, "65" },
		{ "75 is tried again", { .completed = true, .status = 75 }, OUTCOME_RETRY, "75" },
		{ "77 is tried again", { .completed = true, .status = 77 }, OUTCOME_RETRY, "77" },
		{ "78 is refused", { .completed = true, .status = 78 }, OUTCOME_REFUSED, "78" },
		{ "127 is tried again", { .completed = true, .status = 127 }, OUTCOME_RETRY, "127" },
		{ "a signal is tried again", { .completed = true, .status = 128 + 11 }, OUTCOME_RETRY,
		  "the command ended by signal 11" },
		{ "a time-out is tried again", { .timed_out = true, .status = 128 + 15 },
		  OUTCOME_RETRY, "the command was killed after 1500 ms" },
		{ "no such command is refused",
		  { .never_sent = true, .unusable = true, .failure = "/x: No such file" },
		  OUTCOME_REFUSED, "the command cannot be started: /x: No such file" },
		{ "too many processes are tried again",
		  { .never_sent = true, .failure = "Resource temporarily unavailable" },
		  OUTCOME_RETRY, "the command cannot be started: Resource temporarily unavailable" },
		{ "a lost command is tried again", { .failure = "cancelled" }, OUTCOME_RETRY,
		  "the command was lost: cancelled" },
	};
	struct trigger trigger = make_trigger();
	struct made_target made;

	made_target(&made, "exec: {command: [/bin/true], timeLimit: 1500ms}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome outcome;
		target_judge(&made.target, &trigger, &cases[i].answer, &outcome);
		tap_ok(outcome.kind == cases[i].kind && strstr(outcome.reason, cases[i].reason) != NULL,
		       "%s (%s)", cases[i].name, outcome.reason);
		outcome_release(&outcome);
	}
	made_target_release(&made);
}

static void test_clean(void)
{
	static const struct {
		const char *in;
		size_t max;
		const char *out;
	} cases[] = {
		{ "plain", 64, "plain" },
		{ "", 64, "" },
		{ "  two\n\n lines\t", 64, "two lines" },
		{ "gr\xc3\xbc\xc3\x9f", 64, "gr\xc3\xbc\xc3\x9f" },
		{ "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 9, "\xc3\xbc\xc3\xbc..." },
		{ "\xff\xc3[\xed\xa0\x80", 64, "??[???" },
		{ "a\x7f\x01\xc2\x85z", 64, "a???z" },
		{ "0123456789", 8, "0123..." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[64];
		target_clean(cases[i].in, strlen(cases[i].in), out, cases[i].max);
		tap_str(out, cases[i].out, "text %zu is made safe to show", i);
	}
}

int main(void)
{
	test_exec_request();
	test_exec_check();
	test_exec_answers();
	test_clean();
	return tap_done();
}
