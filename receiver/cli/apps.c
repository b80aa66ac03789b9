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
#include "receiver/cli/verb.h"

#define TIMEOUT_MS 10000

static const char usage[] =
	"usage: doorbell apps [--state-directory DIR | --config FILE] [--format text|json]\n\n"
	"The applications that the running receiver knows, where each was read, and what\n"
	"could not be read (on standard error).\n\n"
	"  --state-directory DIR  the receiver's (else from the configuration)\n"
	"  --config FILE          the receiver's configuration\n"
	"  --format text|json     a table, or one JSON document\n\n"
	"Exit status: 0, 2 failed, 64 wrong arguments, 69 no receiver runs there.\n";

static int parse(struct verb_options *common, int argc, char **argv)
{
	static const struct option options[] = { VERB_OPTIONS, { NULL, 0, NULL, 0 } };
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (verb_set_option(common, option, optarg) < 0) {
			return verb_bad_option(common, argv);
		}
	}
	return optind == argc ? 0 : verb_usage(common, "it takes no arguments");
}

static int failed(const struct verb_options *common, enum control_result result,
		  const char *message)
{
	return result == CONTROL_NOT_RUNNING
		       ? verb_fail(common, EX_UNAVAILABLE, "not_running", message,
				     "no receiver runs there: start it, or name its "
				     "--state-directory")
		       : verb_fail(common, EX_UNAVAILABLE, "no_answer", message,
				     "run this as the user the receiver runs as, or root");
}

/* The page that begins at application from, or NULL with *ret_status, after it was said why. */
static json_t *ask_page(const struct verb_options *common, json_int_t from, int *ret_status)
{
	struct control_reply reply = { .body = NULL };
	struct error err = ERROR_INIT;
	char target[64];
	json_t *page = NULL;

	(void)snprintf(target, sizeof(target), "/applications?from=%lld", (long long)from);
	enum control_result result = control_call(common->state_directory, "GET", target, NULL,
						  TIMEOUT_MS, &reply, &err);
	if (result == CONTROL_OK) {
		page = reply.status == 200 ? json_loads(reply.body, 0, NULL) : NULL;
		(void)error_set(&err, 0, "the receiver's answer is no list of applications "
				"(status %d)", reply.status);
	}
	if (page == NULL) {
		*ret_status = failed(common, result, err.text);
	}
	control_reply_release(&reply);
	return page;
}

/*
 * Ask for all pages and put them together in *ret_all. An exit status. Each
 * page begins behind the one before it, so there is an end.
 */
static int ask(const struct verb_options *common, json_t **ret_all)
{
	json_t *all = NULL;
	json_int_t from = 0;
	json_int_t next = 0;
	int status = 0;

	do {
		from = next;
		json_t *page = ask_page(common, from, &status);

		next = json_integer_value(json_object_get(page, "next"));
		if (all == NULL) {
			all = json_incref(page);
		} else {
			json_array_extend(json_object_get(all, "applications"),
					  json_object_get(page, "applications"));
		}
		json_decref(page);
	} while (status == 0 && next > from);
	*ret_all = all;
	return status;
}

/*
 * The repository of the source that no push rings, else of the first one, with
 * what is to be known of it in front, as the column is cut at its end.
 */
static char *repository_text(const json_t *sources)
{
	const json_t *shown = json_array_get(sources, 0);
	size_t i;
	json_t *source;

	json_array_foreach (sources, i, source) {
		if (json_is_false(json_object_get(source, "rings"))) {
			shown = source;
			break;
		}
	}
	const char *url = json_string_value(json_object_get(shown, "repository"));
	return xasprintf("%s%s", json_is_false(json_object_get(shown, "rings"))
					 ? "(not configured) " : "", url != NULL ? url : "");
}

/* "path @ revision" of the first source, and whether there are more. */
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
	(void)scols_table_new_column(table, "REPOSITORY", 0, SCOLS_FL_TRUNC);
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
		(void)scols_line_refer_data(line, 2, repository_text(sources));
		(void)scols_line_refer_data(line, 3, source);
		(void)scols_line_set_data(line, 4,
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
	struct verb_options common;
	json_t *all = NULL;

	verb_options_init(&common, argc, argv, usage);
	int status = parse(&common, argc, argv);
	if (status == 0 && common.help) {
		status = verb_help(&common);
		goto out;
	}
	if (status == 0) {
		status = verb_locate(&common);
	}
	if (status == 0) {
		status = ask(&common, &all);
	}
	if (status == 0 && common.json) {
		json_object_del(all, "next");
		verb_print(json_incref(all));
	} else if (status == 0) {
		print_table(all);
		print_problems(all);
	}
out:
	json_decref(all);
	verb_options_release(&common);
	return status;
}
