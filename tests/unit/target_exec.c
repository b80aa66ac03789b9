/*
 * The target exec: what a command is given, and what its end is taken for.
 */
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "target/target_impl.h"
#include "tests/support/tap.h"

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

static void check_call(const struct target_kind *kind, const struct target_options *options,
		       const struct trigger *trigger, const char *want, const char *name)
{
	struct call call;
	struct error err = ERROR_INIT;

	int r = target_prepare(kind, options, trigger, &call, &err);
	char *text = r == 0 ? call_text(&call) : xstrdup(err.text);
	tap_str(text, want, "%s", name);
	free(text);
	call_release(&call);
}

static struct strvec command_of(const char *first)
{
	struct strvec v = STRVEC_INIT;

	strvec_push(&v, first);
	strvec_push(&v, "--for");
	strvec_push(&v, "$(reboot)");
	return v;
}

static void test_exec_request(void)
{
	struct strvec command = command_of("/usr/local/bin/ring");
	struct strvec environment = STRVEC_INIT;
	struct trigger trigger = make_trigger();
	struct target_options options = {
		.name = "ring",
		.command = &command,
		.environment = &environment,
		.time_limit_ms = 1000,
	};
	struct error err = ERROR_INIT;

	trigger.hard = true;
	strvec_push(&environment, "LANG=de_DE.UTF-8");
	strvec_push(&environment, "KUBECONFIG=/etc/kube");
	tap_int(target_check(&target_exec, &options, &err), 0, "a command is fine (%s)", err.text);
	check_call(&target_exec, &options, &trigger,
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
	tap_int(target_prepare(&target_exec, &options, &trigger, &call, &err), 0,
		"a ref that is not UTF-8 is no obstacle");
	tap_ok(strstr(call.input, "\"refs/heads/??\"") != NULL, "and is cleaned in the JSON");
	call_release(&call);
	strvec_release(&command);
	strvec_release(&environment);
}

static void test_exec_check(void)
{
	static const struct {
		const char *command, *environment, *directory;
		bool ok;
	} cases[] = {
		{ "/bin/true", "A=b", NULL, true }, { "/bin/true", "A=", "/tmp", true },
		{ "true", "A=b", NULL, false },     { "/bin/true", "A", NULL, false },
		{ "/bin/true", "=b", NULL, false }, { "/bin/true", "1A=b", NULL, false },
		{ "/bin/true", "A-B=c", NULL, false },
		{ "/bin/true", "DOORBELL_REF=x", NULL, false },
		{ "/bin/true", "A=b", "tmp", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strvec command = command_of(cases[i].command);
		struct strvec environment = STRVEC_INIT;
		struct target_options options = {
			.name = "ring",
			.command = &command,
			.environment = &environment,
			.directory = cases[i].directory,
			.time_limit_ms = 1,
		};
		struct error err = ERROR_INIT;

		strvec_push(&environment, cases[i].environment);
		tap_ok((target_check(&target_exec, &options, &err) == 0) == cases[i].ok,
		       "command setting %zu is %s (%s)", i, cases[i].ok ? "fine" : "refused", err.text);
		strvec_release(&command);
		strvec_release(&environment);
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
	struct target_options options = { .name = "ring", .time_limit_ms = 1500 };
	struct trigger trigger = make_trigger();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome outcome;
		target_judge(&target_exec, &options, &trigger, &cases[i].answer, &outcome);
		tap_ok(outcome.kind == cases[i].kind && strstr(outcome.reason, cases[i].reason) != NULL,
		       "%s (%s)", cases[i].name, outcome.reason);
		outcome_release(&outcome);
	}
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
