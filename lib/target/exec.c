/*
 * A command of the operator's, run once for each application.
 *
 * It is given as a list of arguments and started without a shell.  What it is
 * about stands in its environment (DOORBELL_KIND, DOORBELL_APPLICATION,
 * DOORBELL_NAMESPACE, DOORBELL_CLUSTER, DOORBELL_PROJECT, DOORBELL_REPOSITORY, DOORBELL_REF,
 * DOORBELL_BEFORE, DOORBELL_AFTER, DOORBELL_PUSH, DOORBELL_ATTEMPT,
 * DOORBELL_HARD) and, with the reasons, as one JSON object on its standard
 * input.  DOORBELL_KIND is
 * Application, ApplicationSet, or Flux's Kustomization or HelmRelease.  There
 * are no placeholders in the arguments: a ref is chosen by whoever pushes, and
 * must never become code, an option or a second argument.
 *
 * How it ends says what became of it:
 *
 *     0        sent
 *     65, 78   refused (EX_DATAERR, EX_CONFIG of sysexits.h): trying again cannot help
 *     others   not now: tried again, 75 (EX_TEMPFAIL) and a signal among them
 *
 * Only two statuses refuse, as most commands know nothing of sysexits.h (curl
 * says 67 or 77 for other things), and a try in vain costs less than an
 * application that is not rung.
 *
 * Why ringing twice is safe: only the command can know, and its manual says
 * that it must expect it: a command may have done its work and been killed,
 * or we may, before its exit was recorded.  DOORBELL_PUSH tells one push from
 * the next, DOORBELL_ATTEMPT the tries of one.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "target/target_impl.h"

#define STATUS_DATA 65
#define STATUS_CONFIG 78
#define STATUS_SIGNAL 128
#define SAID_MAX 160

struct exec_options {
	struct strvec command;     // argv
	struct strvec environment; // "KEY=value"
	char *directory;           // where it runs, NULL: "/"
	int64_t time_limit_ms;
};

#define AT(member) offsetof(struct exec_options, member)

static const struct config_setting settings[] = {
	{ "exec.command", CONFIG_STRINGS, AT(command), NULL, 0, 0, NULL, true,
	  "program and arguments" },
	{ "exec.environment", CONFIG_MAP, AT(environment), NULL, 0, 0, NULL, true,
	  "variables for it" },
	{ "exec.directory", CONFIG_PATH, AT(directory), NULL, 0, 0, NULL, true,
	  "where it starts" },
	{ "exec.timeLimit", CONFIG_DURATION, AT(time_limit_ms), "60s", 100 * CONFIG_MS, CONFIG_HOUR,
	  NULL, true, "then it is ended" },
};

/* What a command finds unless the configuration says otherwise. */
static const char *const defaults[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/",
	"LANG=C.UTF-8",
};

/* Length of the name in "NAME=value", 0 if there is none. */
static size_t name_length(const char *entry)
{
	size_t len = 0;

	while (isalnum((unsigned char)entry[len]) || entry[len] == '_') {
		len++;
	}
	return entry[len] == '=' && !isdigit((unsigned char)entry[0]) ? len : 0;
}

static void check_environment(struct config_place *place, const struct strvec *environment)
{
	for (size_t i = 0; i < environment->count; i++) {
		const char *entry = environment->items[i];
		size_t len = name_length(entry);

		if (len == 0) {
			config_kind_problem(place, "environment", "'%.60s' has no name of letters, "
					    "digits and '_': rename it", entry);
		} else if (strncmp(entry, "DOORBELL_", 9) == 0) {
			config_kind_problem(place, "environment", "'%.*s' is ours, as all names in "
					    "DOORBELL_: rename it", (int)len, entry);
		}
	}
}

static void exec_check(struct config_place *place, const void *data)
{
	const struct exec_options *options = data;

	if (options->command.count == 0) {
		config_kind_problem(place, NULL, "no command: add exec.command");
	} else if (options->command.items[0][0] != '/') {
		config_kind_problem(place, "command", "'%.60s' is no absolute path: give the "
				    "program's", options->command.items[0]);
	} else if (access(options->command.items[0], X_OK) != 0) {
		config_kind_doubt(place, "command", "'%.200s' cannot be run: %s: correct it",
				  options->command.items[0], strerror(errno));
	}
	if (options->directory != NULL && options->directory[0] != '/') {
		config_kind_problem(place, "directory", "'%.60s' is no absolute path: give one",
				    options->directory);
	}
	check_environment(place, &options->environment);
}

/* Does the configured environment set the name of this default? */
static bool is_overridden(const struct strvec *configured, const char *entry)
{
	size_t len = name_length(entry) + 1;

	for (size_t i = 0; i < configured->count; i++) {
		if (strncmp(configured->items[i], entry, len) == 0) {
			return true;
		}
	}
	return false;
}

static void make_environment(const struct exec_options *options, const struct trigger *trigger,
			     const struct target_application *app, struct strvec *env)
{
	const struct strvec *configured = &options->environment;
	char hex[OID_HEX_MAX + 1];

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (!is_overridden(configured, defaults[i])) {
			strvec_push(env, defaults[i]);
		}
	}
	for (size_t i = 0; i < configured->count; i++) {
		strvec_push(env, configured->items[i]);
	}
	strvec_pushf(env, "DOORBELL_KIND=%s", app_kind_name(app->kind));
	strvec_pushf(env, "DOORBELL_APPLICATION=%s", app->name);
	strvec_pushf(env, "DOORBELL_NAMESPACE=%s", app->space);
	strvec_pushf(env, "DOORBELL_CLUSTER=%s", app->cluster);
	strvec_pushf(env, "DOORBELL_PROJECT=%s", trigger->project ? trigger->project : "");
	strvec_pushf(env, "DOORBELL_REPOSITORY=%s", trigger->repository ? trigger->repository : "");
	strvec_pushf(env, "DOORBELL_REF=%s", trigger->ref ? trigger->ref : "");
	strvec_pushf(env, "DOORBELL_BEFORE=%s", oid_to_hex(&trigger->before, hex));
	strvec_pushf(env, "DOORBELL_AFTER=%s", oid_to_hex(&trigger->after, hex));
	strvec_pushf(env, "DOORBELL_PUSH=%lld", (long long)trigger->push);
	strvec_pushf(env, "DOORBELL_ATTEMPT=%u", trigger->attempts);
	strvec_pushf(env, "DOORBELL_HARD=%s", trigger->hard ? "true" : "false");
}

static int exec_prepare(const void *data, const struct trigger *trigger, struct call *ret_call,
			struct error *err)
{
	const struct exec_options *options = data;
	struct target_application app;

	if (target_split(trigger->application, &app, err) < 0) {
		return -1;
	}
	ret_call->type = CALL_COMMAND;
	ret_call->time_limit_ms = options->time_limit_ms;
	ret_call->directory = options->directory == NULL ? "/" : options->directory;
	for (size_t i = 0; i < options->command.count; i++) {
		strvec_push(&ret_call->argv, options->command.items[i]);
	}
	make_environment(options, trigger, &app, &ret_call->environment);

	json_t *about = target_describe(trigger, &app);
	char *text = json_dumps(about, JSON_COMPACT);
	json_decref(about);
	if (text == NULL) {
		return error_set(err, -1, "the push cannot be written as JSON");
	}
	ret_call->input = xasprintf("%s\n", text);
	ret_call->input_len = strlen(ret_call->input);
	free(text);
	return 0;
}

/* The last line that the command printed, for the reason. */
static void last_line(const struct call_result *answer, char *out, size_t max)
{
	const char *text = answer->output;
	size_t end = text == NULL ? 0 : answer->output_len;

	while (end > 0 && isspace((unsigned char)text[end - 1])) {
		end--;
	}
	size_t start = end;
	while (start > 0 && text[start - 1] != '\n') {
		start--;
	}
	target_clean(end > 0 ? text + start : "", end - start, out, max);
}

static void judge_exit(const struct call_result *answer, struct outcome *outcome)
{
	char said[SAID_MAX];
	bool never = answer->status == STATUS_DATA || answer->status == STATUS_CONFIG;

	last_line(answer, said, sizeof(said));
	const char *colon = *said != '\0' ? ": " : "";
	if (answer->status == 0) {
		outcome_set(outcome, OUTCOME_SENT, "the command exited with 0%s%s", colon, said);
		return;
	}
	if (answer->status > STATUS_SIGNAL) {
		outcome_set(outcome, OUTCOME_RETRY, "the command ended by signal %d%s%s",
			    answer->status - STATUS_SIGNAL, colon, said);
		return;
	}
	outcome_set(outcome, never ? OUTCOME_REFUSED : OUTCOME_RETRY,
		    "the command exited with %d%s%s", answer->status, colon, said);
}

static void exec_judge(const void *data, const struct trigger *trigger,
		       const struct call_result *answer, struct outcome *ret_outcome)
{
	const struct exec_options *options = data;
	char why[SAID_MAX] = "no reason given";

	(void)trigger;
	if (answer->failure != NULL) {
		target_clean(answer->failure, strlen(answer->failure), why, sizeof(why));
	}
	if (answer->timed_out) {
		outcome_set(ret_outcome, OUTCOME_RETRY, "the command was killed after %lld ms",
			    (long long)options->time_limit_ms);
	} else if (answer->never_sent) {
		outcome_set(ret_outcome, answer->unusable ? OUTCOME_REFUSED : OUTCOME_RETRY,
			    "the command cannot be started: %s", why);
		ret_outcome->whole = !answer->unusable;
	} else if (!answer->completed) {
		outcome_set(ret_outcome, OUTCOME_RETRY, "the command was lost: %s", why);
	} else {
		judge_exit(answer, ret_outcome);
	}
	target_keep_output(ret_outcome, answer);
}

const struct target_kind target_exec = {
	.config = {
		.name = "exec",
		.settings = settings,
		.setting_count = sizeof(settings) / sizeof(settings[0]),
		.options_size = sizeof(struct exec_options),
		.check = exec_check,
	},
	.prepare = exec_prepare,
	.judge = exec_judge,
};
