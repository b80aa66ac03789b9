/*
 * doorbell check: is the configuration right?
 *
 * Every problem is a line "FILE:LINE:COLUMN: what: cure".  0 if there is
 * none, 78 if there is; warnings stop nothing.  A good configuration is told
 * in its own words (check_summary.h), with "OK" behind them.  With --format
 * json one document goes to standard output in either case.
 *
 * It is stricter than the receiver, which goes on without what may come later:
 * whoever asks here wants to know that all of it works now.  --config-only
 * leaves that out, for a configuration of another machine.
 */
#include "receiver/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>

#include "base/text.h"
#include "receiver/cli/arguments.h"
#include "receiver/cli/check_summary.h"
#include "receiver/cli/settings_options.h"
#include "receiver/cli/verb.h"

/* "WHERE: what" as an object. */
static json_t *line_json(const char *line)
{
	const char *end = strstr(line, ": ");

	if (end == NULL) {
		return json_pack("{s:s, s:s}", "where", "", "message", line);
	}
	return json_pack("{s:s%, s:s}", "where", line, (size_t)(end - line), "message", end + 2);
}

static json_t *lines_json(const struct strvec *lines)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lines->count; i++) {
		json_t *one = line_json(lines->items[i]);

		/* a path that is not UTF-8 has no JSON */
		(void)json_array_append_new(list, one != NULL ? one : json_object());
	}
	return list;
}

static void print_json(const struct strvec *problems, const struct strvec *warnings,
		       const struct strvec *summary)
{
	json_t *root = json_pack("{s:s, s:b, s:o, s:o}", "schema", "check/v1", "ok",
				 problems->count == 0, "problems", lines_json(problems), "warnings",
				 lines_json(warnings));
	json_t *understood = json_array();

	for (size_t i = 0; i < summary->count; i++) {
		json_array_append_new(understood, text_to_json(summary->items[i]));
	}
	json_object_set_new(root, "summary", understood);
	if (problems->count > 0) {
		json_object_set_new(root, "error",
				    json_pack("{s:s, s:s, s:s}", "code", "config", "message",
					      problems->items[0], "hint",
					      "correct what is listed under problems"));
	}
	(void)json_dumpf(root, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(root);
}

static void print_text(const struct strvec *problems, const struct strvec *warnings,
		       const struct strvec *summary)
{
	for (size_t i = 0; i < problems->count; i++) {
		(void)printf("%s\n", problems->items[i]);
	}
	for (size_t i = 0; i < warnings->count; i++) {
		(void)printf("warning: ");
		verb_put(warnings->items[i]);
		(void)putchar('\n');
	}
	for (size_t i = 0; i < summary->count; i++) {
		verb_put(summary->items[i]);
		(void)putchar('\n');
	}
	if (problems->count == 0) {
		(void)printf("OK\n");
	}
}

/* Wrong arguments, after the text on standard error. */
static void print_usage_json(char **argv)
{
	char *problem = arguments_problem(argv);
	json_t *root = json_pack("{s:{s:s, s:s, s:s}}", "error", "code", "usage", "message",
				 problem, "hint", "\"doorbell check --help\" shows how");

	(void)json_dumpf(root, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(root);
	free(problem);
}

/* Take the option that "serve" does not have out of the arguments. True if it was there. */
static bool take_config_only(int *argc, char **argv)
{
	bool there = false;
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--config-only") == 0) {
			there = true;
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	return there;
}

int cli_check(int argc, char **argv)
{
	struct settings_options options;
	struct strvec problems = STRVEC_INIT;
	struct strvec warnings = STRVEC_INIT;
	struct strvec summary = STRVEC_INIT;
	struct config *config = NULL;
	int status = EX_USAGE;

	bool config_only = take_config_only(&argc, argv);
	bool json = arguments_want_json(argc, argv);
	enum settings_options_result r = settings_options_parse(argc, argv, &options);
	if (r == SETTINGS_OPTIONS_USAGE && json) {
		print_usage_json(argv);
	}
	if (r == SETTINGS_OPTIONS_HELP) {
		(void)printf("usage: doorbell check [--config FILE] [--format text|json] "
			     "[--config-only]\n"
			     "                      [--SETTING VALUE]...\n\n"
			     "Reads the configuration as the receiver would, and says what is "
			     "wrong, and what is\nunderstood.\n\n"
			     "  --config-only  do not refuse what is not there on this "
			     "machine: repositories,\n"
			     "                 programs, hosts; nor secrets that are weak\n");
		settings_options_help(stdout);
		status = EX_OK;
	}
	if (r == SETTINGS_OPTIONS_OK) {
		options.strict = !config_only;
		int loaded = settings_options_load(&options, &config, &problems, &warnings);

		status = loaded == 0 ? EX_OK : EX_CONFIG;
		if (loaded == 0) {
			check_summary(config, &summary, &warnings);
		}
		if (options.json) {
			print_json(&problems, &warnings, &summary);
		} else {
			print_text(&problems, &warnings, &summary);
		}
	}
	config_free(config);
	strvec_release(&problems);
	strvec_release(&warnings);
	strvec_release(&summary);
	settings_options_release(&options);
	return status;
}
