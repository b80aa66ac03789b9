/*
 * doorbell apps: what the running receiver knows, and where it was read.
 *
 * The receiver is asked page by page over its control socket.
 */
#include "receiver/cli/cli.h"

#include <getopt.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/xalloc.h"
#include "receiver/cli/control.h"
#include "receiver/cli/record.h"

#define TIMEOUT_MS 10000
#define PAGES_MAX 1000

static const char usage[] =
	"usage: doorbell apps [--state-directory DIR | --config FILE] [--format text|json]\n\n"
	"The applications that the running receiver knows, where each was read, and what\n"
	"could not be read (on standard error).\n\n"
	"  --state-directory DIR  the receiver's (else from the configuration)\n"
	"  --config FILE          the receiver's configuration\n"
	"  --format text|json     a table, or one JSON document\n\n"
	"Exit status: 0, 2 failed, 64 wrong arguments, 69 no receiver runs there.\n";

static int parse(struct record_options *common, int argc, char **argv)
{
	static const struct option options[] = { RECORD_OPTIONS, { NULL, 0, NULL, 0 } };
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (record_set_option(common, option, optarg) < 0) {
			return record_bad_option(common, argv);
		}
	}
	return optind == argc ? 0 : record_usage(common, "it takes no arguments");
}

static int failed(const struct record_options *common, enum control_result result,
		  const char *message)
{
	return result == CONTROL_NOT_RUNNING
		       ? record_fail(common, EX_UNAVAILABLE, "not_running", message,
				     "no receiver runs there: start it, or name its "
				     "--state-directory")
		       : record_fail(common, EX_UNAVAILABLE, "no_answer", message,
				     "run this as the user the receiver runs as, or root");
}

/* Ask for all pages and put them together in *ret_all. An exit status. */
static int ask(const struct record_options *common, json_t **ret_all)
{
	json_t *all = NULL;
	json_int_t next = 0;
	int status = 0;

	for (int page = 0; status == 0 && page < PAGES_MAX && (all == NULL || next > 0); page++) {
		struct control_reply reply = { .body = NULL };
		struct error err = ERROR_INIT;
		char target[64];

		(void)snprintf(target, sizeof(target), "/applications?from=%lld", (long long)next);
		enum control_result result = control_call(common->state_directory, "GET", target,
							  NULL, TIMEOUT_MS, &reply, &err);
		json_t *part = result == CONTROL_OK ? json_loads(reply.body, 0, NULL) : NULL;
		if (part == NULL) {
			status = failed(common, result, err.text);
		} else if (all == NULL) {
			all = json_incref(part);
		} else {
			json_array_extend(json_object_get(all, "applications"),
					  json_object_get(part, "applications"));
		}
		next = json_integer_value(json_object_get(part, "next"));
		json_decref(part);
		control_reply_release(&reply);
	}
	*ret_all = all;
	return status;
}

/* "path @ revision of repository" for the first source, and how many more. */
static char *source_text(const json_t *sources)
{
	const json_t *first = json_array_get(sources, 0);
	size_t more = json_array_size(sources);

	if (first == NULL) {
		return xstrdup("");
	}
	const char *path = json_string_value(json_object_get(first, "path"));
	const char *revision = json_string_value(json_object_get(first, "targetRevision"));
	return xasprintf("%s @ %s%s", path[0] != '\0' ? path : ".",
			 revision[0] != '\0' ? revision : "HEAD",
			 more > 1 ? " and more" : "");
}

static void print_table(const json_t *all)
{
	struct libscols_table *table = scols_new_table();
	size_t i;
	json_t *app;

	(void)scols_table_new_column(table, "APPLICATION", 0, 0);
	(void)scols_table_new_column(table, "PROJECT", 0, 0);
	(void)scols_table_new_column(table, "SOURCE", 0, SCOLS_FL_TRUNC);
	(void)scols_table_new_column(table, "READ FROM", 0, SCOLS_FL_TRUNC);
	json_array_foreach (json_object_get(all, "applications"), i, app) {
		struct libscols_line *line = scols_table_new_line(table, NULL);
		const json_t *sources = json_object_get(app, "sources");
		char *source = source_text(sources);

		(void)scols_line_set_data(line, 0,
					  json_string_value(json_object_get(app, "application")));
		(void)scols_line_set_data(line, 1,
					  json_string_value(json_object_get(app, "project")));
		(void)scols_line_refer_data(line, 2, source);
		(void)scols_line_set_data(line, 3,
					  json_string_value(json_object_get(app, "origin")));
	}
	(void)scols_print_table(table);
	scols_unref_table(table);
}

static void print_problems(const json_t *all)
{
	size_t i;
	json_t *line;

	json_array_foreach (json_object_get(all, "problems"), i, line) {
		(void)fprintf(stderr, "! %s\n", json_string_value(line));
	}
	if (!json_is_true(json_object_get(all, "ready"))) {
		(void)fprintf(stderr, "! not all places were read yet\n");
	}
}

int cli_apps(int argc, char **argv)
{
	struct record_options common;
	json_t *all = NULL;

	record_options_init(&common, argc, argv, usage);
	int status = parse(&common, argc, argv);
	if (status == 0 && common.help) {
		status = record_help(&common);
		goto out;
	}
	if (status == 0) {
		status = record_locate(&common);
	}
	if (status == 0) {
		status = ask(&common, &all);
	}
	if (status == 0 && common.json) {
		json_object_del(all, "next");
		record_print(json_incref(all));
	} else if (status == 0) {
		print_table(all);
		print_problems(all);
	}
out:
	json_decref(all);
	record_options_release(&common);
	return status;
}
