/*
 * The verbs that ask the journal: what people and machines get to read, and
 * how they end.
 */
#include "receiver/cli/verb.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/cli/cli.h"
#include "receiver/cli/control.h"
#include "tests/support/records.h"
#include "tests/support/tap.h"

typedef int (*verb)(int argc, char **argv);

static char out[65536];
static char errors[8192];

static void read_file(const char *name, char *text, size_t size)
{
	char *path = xasprintf("%s/%s", tap_dir(), name);
	FILE *file = fopen(path, "re");
	size_t n = file != NULL ? fread(text, 1, size - 1, file) : 0;

	text[n] = '\0';
	if (file != NULL) {
		(void)fclose(file);
	}
	free(path);
}

static const char *name_of(verb function)
{
	if (function == cli_show) {
		return "show";
	}
	return function == cli_replay ? "replay" : "deliveries";
}

/* Run a verb in a child with "--state-directory <scratch>/<state>" and up to three arguments. */
static int run(verb function, const char *state, const char *a, const char *b, const char *c)
{
	char *directory = xasprintf("%s/%s", tap_dir(), state);
	char *to = xasprintf("%s/out", tap_dir());
	char *err_to = xasprintf("%s/err", tap_dir());
	const char *const given[] = { name_of(function), "--state-directory", directory, a, b,
				      c };
	char *argv[7] = { NULL };
	int argc = 0;
	int status = 0;

	for (size_t i = 0; i < 6 && given[i] != NULL; i++) {
		argv[argc++] = xstrdup(given[i]);
	}
	(void)fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen(to, "we", stdout) == NULL || freopen(err_to, "we", stderr) == NULL) {
			_exit(99);
		}
		status = function(argc, argv);
		(void)fflush(NULL);
		_exit(status);
	}
	(void)waitpid(pid, &status, 0);
	for (int i = 0; i < argc; i++) {
		free(argv[i]);
	}
	free(directory);
	free(to);
	free(err_to);
	read_file("out", out, sizeof(out));
	read_file("err", errors, sizeof(errors));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has(const char *text)
{
	return strstr(out, text) != NULL;
}

static void add(struct journal *j, struct record_delivery *d)
{
	struct error err = ERROR_INIT;

	(void)journal_begin(j, &err);
	if (journal_add_delivery(j, d, &err) != RECORD_OK ||
	    journal_commit(j, &err) != RECORD_OK) {
		tap_ok(false, "%s", err.text);
	}
}

static void plan_and_try(struct journal *j, const struct record_delivery *d)
{
	struct record_push decided = {
		.id = d->pushes[0].id, .state = PUSH_PLANNED, .base = sample_oid(1),
		.tip = sample_oid(2), .changed_paths = 4, .tracked = 10, .affected = 1,
		.applications = 12, .decided_ms = d->received_ms + 12,
	};
	struct trigger *t = sample_trigger(decided.id, "argocd/web");

	t->hard = true;
	struct record_plan plan = { .pushes = &decided, .push_count = 1, .triggers = &t,
				     .trigger_count = 1 };
	struct outcome outcome = { .code = 503 };
	struct error err = ERROR_INIT;

	(void)journal_begin(j, &err);
	(void)journal_add_plan(j, &plan, &err);
	t->state = TRIGGER_WAITING;
	t->attempts = 1;
	outcome_set(&outcome, OUTCOME_RETRY, "HTTP 503: try later");
	(void)journal_update_trigger(j, t, &outcome, &err);
	t->state = TRIGGER_SENT;
	t->attempts = 2;
	t->finished_ms = d->received_ms + 340;
	outcome.code = 200;
	outcome_set(&outcome, OUTCOME_SENT, "HTTP 200");
	(void)journal_update_trigger(j, t, &outcome, &err);
	(void)journal_commit(j, &err);
	trigger_free(t);
}

static void fill(void)
{
	char *state = xasprintf("%s/state", tap_dir());
	char *path = journal_place(state);
	struct journal_options options = { .path = path };
	struct record_delivery *d = sample_delivery(1, 50);
	struct error err = ERROR_INIT;
	struct journal *j = NULL;

	tap_sh("mkdir %s/state %s/empty", tap_dir(), tap_dir());
	if (journal_open(&options, &j, &err) != RECORD_OK) {
		tap_ok(false, "%s", err.text);
		exit(1);
	}
	d->received_ms = mstime_wall() - 600000;
	free(d->pushes[0].repository);
	d->pushes[0].repository = xstrdup("git.example.org/infra");
	add(j, d);
	plan_and_try(j, d);
	sample_delivery_free(d);

	d = sample_delivery(2, 0);
	d->received_ms = mstime_wall() - 30000;
	free(d->pusher);
	d->pusher = xstrdup("evil\033[31m\xff");
	add(j, d);
	sample_delivery_free(d);
	journal_close(j);
	free(state);
	free(path);
}

static void test_list(void)
{
	tap_int(run(cli_deliveries, "state", NULL, NULL, NULL), 0, "deliveries are listed");
	tap_ok(has("RECEIVED") && has("AFFECTED"), "with a heading");
	tap_ok(has("1 of 12") && has("1 in 340 ms"), "with what became of them");
	tap_ok(has("01010101..02020202"), "with the commits");
	tap_ok(strchr(out, '\033') == NULL, "nobody's name controls the terminal");
	tap_ok(strstr(out, "working") < strstr(out, "done"), "the newest first");
	tap_int(run(cli_deliveries, "state", "--status", "done", NULL), 0, "by status");
	tap_ok(has("done") && !has("working"), "only that");
	tap_int(run(cli_deliveries, "state", "--since", "5m", NULL), 0, "by time");
	tap_ok(!has("done") && has("working"), "only younger ones");
	tap_int(run(cli_deliveries, "state", "--repository", "https://git.example.org/infra.git",
		    NULL), 0, "by repository, however it is spelt");
	tap_ok(has("done") && !has("working"), "only that one");
	tap_int(run(cli_deliveries, "state", "--failed", "--exit-code", NULL), 0,
		"no failed ones: status 0");
	tap_str(out, "", "and nothing on standard output");
	tap_int(run(cli_deliveries, "state", "--ref", "main", "--exit-code"), 1,
		"with --exit-code there are some: status 1");
}

static void test_list_json(void)
{
	tap_int(run(cli_deliveries, "state", "--format", "json", NULL), 0, "a list as JSON");
	json_t *json = json_loads(out, 0, NULL);
	const json_t *list = json_object_get(json, "deliveries");
	const json_t *first = json_array_get(list, 1);

	tap_int(json_array_size(list), 2, "is one document with all of them");
	tap_str(json_string_value(json_object_get(json, "schema")), "deliveries/v1",
		"that says what it is");
	tap_int(json_integer_value(json_object_get(json_object_get(first, "triggers"), "sent")), 1,
		"with figures");
	tap_str(json_string_value(json_object_get(json_array_get(list, 0), "pusher")),
		"evil\033[31m\xef\xbf\xbd", "bytes that are no UTF-8 do not break it");
	json_decref(json);
}

static void test_show(void)
{
	tap_int(run(cli_show, "state", "1", NULL, NULL), 0, "a decision record is shown");
	static const char *const lines[] = {
		"delivery 1 from source forge (github push), 20",
		"\n  sent by ann, sender's id sender-1, 50 bytes\n",
		"\npush 1: git.example.org/infra refs/heads/main 01010101..02020202\n",
		"\n  PLANNED after 12 ms: 1 of 10 applications that follow this ref (12 known)\n",
		"\n  walked 01010101..02020202: 4 changed paths\n",
		"\n  trigger 1: argocd/web at argocd, hard: SENT after 340 ms\n",
		"\n    apps/web/values.yaml modified (file), read by apps/web\n",
		"\n    try 1, WAITING after 10.0 min: HTTP 503: try later\n",
		"\n    try 2, SENT after 10.0 min: HTTP 200\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *line = lines[i] + (lines[i][0] == '\n');

		tap_ok(has(lines[i]), "it says: %.*s", (int)strcspn(line, "\n"), line);
	}
	tap_int(run(cli_show, "state", "delivery/2", NULL, NULL), 0, "by its name in lists too");
	tap_ok(has("ACCEPTED\n") && strchr(out, '\033') == NULL, "an open one says so");
	tap_int(run(cli_show, "state", "--payload", "1", NULL), 0, "a payload");
	tap_str(out, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "comes as it was");
	tap_int(run(cli_show, "state", "--payload", "2", NULL), 2, "one that was not kept is told");
}

static void test_show_json(void)
{
	tap_int(run(cli_show, "state", "--format", "json", "1"), 0, "a decision record as JSON");
	json_t *json = json_loads(out, 0, NULL);
	const json_t *delivery = json_object_get(json, "delivery");
	const json_t *push = json_array_get(json_object_get(delivery, "pushes"), 0);
	const json_t *trigger = json_array_get(json_object_get(push, "triggers"), 0);
	const json_t *reason = json_array_get(json_object_get(trigger, "reasons"), 0);

	tap_ok(json_is_true(json_object_get(trigger, "hard")), "says that a trigger is hard");

	tap_str(json_string_value(json_object_get(json, "schema")), "delivery/v1",
		"says what it is");
	tap_int(json_integer_value(json_object_get(json_object_get(push, "decision"), "after_ms")),
		12, "counts from the delivery");
	tap_str(json_string_value(json_object_get(reason, "path")), "apps/web/values.yaml",
		"names the path");
	tap_str(json_string_value(json_array_get(json_object_get(reason, "via"), 0)), "apps/web",
		"and the chain");
	tap_int(json_array_size(json_object_get(trigger, "attempts")), 2, "and each try");
	tap_int(json_integer_value(json_object_get(trigger, "after_ms")), 340, "and its end");
	json_decref(json);
}

static void test_refusals(void)
{
	static const struct {
		const char *what;
		verb verb;
		const char *state;
		const char *args[3];
		int status;
		const char *text; // on standard error, or in JSON's error.code
	} cases[] = {
		{ "a time that is none", cli_deliveries, "state", { "--since", "soon" }, 64,
		  "--since: not a valid value: soon" },
		{ "an option that is none", cli_deliveries, "state", { "--fail-ed" }, 64,
		  "--help" },
		{ "a status that is none", cli_deliveries, "state", { "--status", "x" }, 64,
		  "--status" },
		{ "a repository that is none", cli_deliveries, "state", { "--repository", "" }, 64,
		  "--repository" },
		{ "a limit of nothing", cli_deliveries, "state", { "--limit", "0" }, 64,
		  "--limit" },
		{ "an argument too many", cli_deliveries, "state", { "7", "8" }, 64,
		  "one sender's id or commit" },
		{ "no journal", cli_deliveries, "empty", { NULL }, 69, "--state-directory" },
		{ "no id", cli_show, "state", { NULL }, 64, "the id of one delivery" },
		{ "an id that is none", cli_show, "state", { "-1x" }, 64, "doorbell show --help" },
		{ "a delivery that is not there", cli_show, "state", { "77" }, 2,
		  "no delivery is known as '77'" },
		{ "no receiver", cli_replay, "state", { "1" }, 69, "no receiver runs there" },
		{ "no such directory", cli_replay, "none", { "1" }, 69, "No such file" },
		{ "the same in JSON", cli_show, "state", { "--format", "json", "77" }, 2,
		  NULL },
		{ "no journal in JSON", cli_show, "empty", { "--format", "json", "1" }, 69, NULL },
		{ "no receiver in JSON", cli_replay, "state", { "--format", "json", "1" }, 69,
		  NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_int(run(cases[i].verb, cases[i].state, cases[i].args[0], cases[i].args[1],
			    cases[i].args[2]), cases[i].status, "%s ends with its status",
			cases[i].what);
		if (cases[i].text != NULL) {
			tap_ok(strstr(errors, cases[i].text) != NULL && out[0] == '\0',
			       "and is told on standard error: %s", cases[i].text);
			continue;
		}
		json_t *json = json_loads(out, 0, NULL);

		tap_ok(json_is_string(json_object_get(json_object_get(json, "error"), "message")) &&
		       errors[0] == '\0', "and is told as one document");
		json_decref(json);
	}
}

static void test_config(void)
{
	char *file = xasprintf("%s/config.yaml", tap_dir());
	char *none = xasprintf("%s/none.yaml", tap_dir());
	char *text = xasprintf("{\"stateDirectory\": \"%s/state\"}", tap_dir());
	FILE *out_file = fopen(file, "we");

	(void)fputs(text, out_file);
	(void)fclose(out_file);
	(void)setenv("DOORBELL_CONFIG", file, 1);
	char name[] = "deliveries";
	char *argv[] = { name, NULL };
	struct verb_options options;
	struct journal *j = NULL;

	verb_options_init(&options, 1, argv, "");
	tap_int(verb_open(&options, &j), 0, "the configuration names the state directory");
	journal_close(j);
	verb_options_release(&options);
	out_file = fopen(file, "we");
	(void)fprintf(out_file, "{\"stateDirectory\": \"%s/state\", \"sources\": 5}", tap_dir());
	(void)fclose(out_file);
	verb_options_init(&options, 1, argv, "");
	tap_int(verb_open(&options, &j), 0, "also if something else in it is wrong");
	journal_close(j);
	verb_options_release(&options);
	out_file = fopen(file, "we");
	(void)fputs("{\"stateDirectory: \"/\"", out_file);
	(void)fclose(out_file);
	verb_options_init(&options, 1, argv, "");
	tap_int(verb_open(&options, &j), 78, "one that cannot be parsed names none");
	verb_options_release(&options);
	(void)setenv("DOORBELL_CONFIG", none, 1);
	verb_options_init(&options, 1, argv, "");
	tap_int(verb_open(&options, &j), 78, "one that is not there ends so");
	verb_options_release(&options);
	(void)unsetenv("DOORBELL_CONFIG");
	tap_int(run(cli_show, "state", "--help", NULL, NULL), 0, "there is help");
	tap_ok(has("usage: doorbell show"), "on standard output");
	free(file);
	free(none);
	free(text);
}

static void test_times(void)
{
	static const struct {
		const char *text;
		int64_t expected; // with now = 1e12; -1: refused
	} cases[] = {
		{ "90s", 999999910000 }, { "2h", 999992800000 }, { "7d", 999395200000 },
		{ "0s", 1000000000000 }, { "2026-11-22", 1795305600000 },
		{ "2026-11-22T10:00Z", 1795341600000 }, { "2026-11-22T10:00:05Z", 1795341605000 },
		{ "", -1 }, { "h", -1 }, { "-2h", -1 }, { "2", -1 }, { "2hh", -1 },
		{ "99999999999h", -1 }, { "2026-11-22T10:00", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = -1;
		int r = verb_parse_since(cases[i].text, 1000000000000, &ms);

		tap_ok((r == 0) == (cases[i].expected >= 0) && ms == cases[i].expected,
		       "\"%s\" is %lld", cases[i].text, (long long)cases[i].expected);
	}
}

/* Answer one request on the control socket of a state directory with raw bytes; NULL: never. */
static pid_t serve(const char *state, const char *answer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *directory = xasprintf("%s/%s", tap_dir(), state);
	char request[4096];

	if (chdir(directory) < 0) {
		exit(1);
	}
	(void)unlink(CONTROL_SOCKET);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", CONTROL_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 5) < 0 || chdir("/") < 0) {
		exit(1);
	}
	pid_t pid = fork();

	if (pid == 0) {
		int peer = accept(fd, NULL, NULL);
		ssize_t n = read(peer, request, sizeof(request) - 1);

		request[n > 0 ? n : 0] = '\0';
		bool right = strncmp(request, "POST /replay/12 HTTP/1.1\r\nHost: localhost\r\n",
				     40) == 0;

		if (answer == NULL) {
			(void)pause();
		}
		if (right) {
			(void)!write(peer, answer, strlen(answer));
		}
		_exit(0);
	}
	(void)close(fd);
	free(directory);
	return pid;
}

static void test_replay(void)
{
	static const struct {
		const char *what;
		const char *answer;
		int status;
		const char *out;
		const char *errors;
	} cases[] = {
		{ "accepted", "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n"
			      "{\"delivery\": 57}", 0,
		  "delivery 12 is repeated as delivery 57\n", "" },
		{ "accepted, without a length", "HTTP/1.1 202 Accepted\r\n\r\n{\"delivery\": 57}",
		  0, "delivery 12 is repeated as delivery 57\n", "" },
		{ "not found", "HTTP/1.1 404 Not Found\r\n\r\n"
			       "{\"error\":{\"message\":\"no delivery 12\"}}", 2, "",
		  "doorbell replay: no delivery 12\n" },
		{ "not now", "HTTP/1.1 503 Busy\r\n\r\n", 75, "",
		  "doorbell replay: the receiver answered 503\n" },
		{ "half an answer", "HTTP/1.1 202 Accepted\r\nContent-Length: 17\r\n\r\n"
				    "{\"delivery\": 57}", 69, "",
		  "doorbell replay: reading the receiver's answer: the answer is incomplete\n" },
		{ "nothing", "", 69, "", "doorbell replay: reading the receiver's answer: "
					 "the connection was closed without an answer\n" },
		{ "nonsense", "SSH-2.0-x\r\n\r\n", 69, "",
		  "doorbell replay: reading the receiver's answer: not a status line\n" },
		{ "no id in it", "HTTP/1.1 202 Accepted\r\n\r\n{}", 2, "",
		  "doorbell replay: the receiver's answer names no delivery\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = serve("state", cases[i].answer);

		tap_int(run(cli_replay, "state", "12", NULL, NULL), cases[i].status,
			"a replay that is answered with %s ends so", cases[i].what);
		tap_str(out, cases[i].out, "and tells");
		errors[strlen(cases[i].errors)] = '\0';
		tap_str(errors, cases[i].errors, "and complains");
		(void)waitpid(pid, NULL, 0);
	}
}

static void test_control(void)
{
	struct control_reply reply = { .body = NULL };
	struct error err = ERROR_INIT;
	char name[200];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	tap_sh("mkdir %s/%s", tap_dir(), name);
	pid_t pid = serve(name, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
	char *directory = xasprintf("%s/%s", tap_dir(), name);

	tap_int(control_call(directory, "POST", "/replay/12", "{}", 5000, &reply, &err), CONTROL_OK,
		"a long state directory is no hindrance %s", err.text);
	tap_str(reply.body, "ok", "the answer's body is given");
	control_reply_release(&reply);
	(void)waitpid(pid, NULL, 0);

	pid = serve(name, NULL);
	int64_t begin = mstime_monotonic();

	tap_int(control_call(directory, "POST", "/replay/12", NULL, 200, &reply, &err),
		CONTROL_FAILED, "a receiver that is silent: %s", err.text);
	tap_ok(mstime_monotonic() - begin < 5000, "does not hold us");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	tap_int(control_call(directory, "POST", "/replay/12", NULL, 200, &reply, &err),
		CONTROL_NOT_RUNNING, "a socket without a receiver: %s", err.text);
	free(directory);
}

int main(void)
{
	fill();
	test_list();
	test_list_json();
	test_show();
	test_show_json();
	test_refusals();
	test_config();
	test_times();
	test_replay();
	test_control();
	return tap_done();
}
