/*
 * What verbs share: how they fail, find the receiver's state directory, open
 * its journal, and read and write ids, times and text from outside.
 *
 * Verbs read through a journal of their own, which is read-only, beside the
 * running receiver's: one may write while any number read.  Whoever asked for
 * JSON gets JSON from wrong arguments on, so --format is looked for before the
 * options are read one by one.
 */
#include "receiver/cli/verb.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/strvec.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "receiver/cli/arguments.h"
#include "target/target.h"

#define DEFAULT_STATE_DIRECTORY "/var/lib/doorbell"

void verb_options_init(struct verb_options *options, int argc, char **argv, const char *usage)
{
	*options = (struct verb_options){
		.verb = argv[0],
		.usage = usage,
		.json = arguments_want_json(argc, argv),
		.config = getenv("DOORBELL_CONFIG"),
	};
}

void verb_options_release(struct verb_options *options)
{
	free(options->found);
	options->found = NULL;
}

int verb_set_option(struct verb_options *options, int option, const char *value)
{
	switch (option) {
	case 'd':
		options->state_directory = value;
		return 0;
	case 'c':
		options->config = value;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	case 'o':
		options->json = strcmp(value, "json") == 0;
		return options->json || strcmp(value, "text") == 0 ? 0 : -1;
	default:
		return -1;
	}
}

/*
 * The state directory as the configuration has it.  Nothing else of it is
 * needed, so what is wrong elsewhere in the file is a warning: a mistake of
 * today must not hide the record of yesterday.
 */
static int read_config(struct verb_options *options)
{
	const struct config_input input = {
		.path = options->config,
		.environment = environ,
		.target_kind = target_config_kind,
	};
	struct strvec problems = STRVEC_INIT;
	int status = 0;

	options->found = config_find_state(&input, &problems);
	options->state_directory = options->found;
	if (options->found == NULL) {
		status = verb_fail(options, EX_CONFIG, "config",
				   problems.count > 0 ? problems.items[0] : options->config,
				   "or name the state directory with --state-directory");
	} else if (problems.count > 0) {
		(void)fprintf(stderr, "doorbell %s: warning: %s\n", options->verb,
			      problems.items[0]);
	}
	strvec_release(&problems);
	return status;
}

int verb_locate(struct verb_options *options)
{
	const char *directory = getenv("DOORBELL_STATE_DIRECTORY");

	if (options->state_directory != NULL) {
		return 0;
	}
	if (directory != NULL && directory[0] != '\0') {
		options->state_directory = directory;
		return 0;
	}
	if (options->config != NULL && options->config[0] != '\0') {
		return read_config(options);
	}
	options->state_directory = DEFAULT_STATE_DIRECTORY;
	return 0;
}

int verb_fail(const struct verb_options *options, int status, const char *code,
		const char *message, const char *hint)
{
	if (options->json) {
		verb_print(json_pack("{s:{s:s,s:o,s:o}}", "error", "code", code, "message",
				       text_to_json(message), "hint", text_to_json(hint)));
		return status;
	}
	(void)fprintf(stderr, "doorbell %s: %s\n", options->verb, message);
	if (hint != NULL) {
		(void)fprintf(stderr, "  %s\n", hint);
	}
	return status;
}

int verb_usage(const struct verb_options *options, const char *message)
{
	char *hint = xasprintf("\"doorbell %s --help\" shows how", options->verb);
	int status = verb_fail(options, EX_USAGE, "usage", message, hint);

	free(hint);
	return status;
}

int verb_bad_option(const struct verb_options *options, char **argv)
{
	char *text = arguments_problem(argv);
	int status = verb_usage(options, text);

	free(text);
	return status;
}

int verb_help(const struct verb_options *options)
{
	(void)fputs(options->usage, stdout);
	return 0;
}

int verb_open(struct verb_options *options, struct journal **ret_journal)
{
	struct error err = ERROR_INIT;
	int status = verb_locate(options);

	if (status != 0) {
		return status;
	}
	char *path = journal_place(options->state_directory);
	struct journal_options journal = { .path = path, .read_only = true };
	enum record_result result = journal_open(&journal, ret_journal, &err);

	if (result == RECORD_NOT_FOUND) {
		status = verb_fail(options, EX_UNAVAILABLE, "no_journal", err.text,
				   "name the receiver's state directory with --state-directory");
	} else if (result != RECORD_OK) {
		status = verb_fail(options, EX_UNAVAILABLE, "journal", err.text,
				   "run this as the user the receiver runs as");
	}
	free(path);
	return status;
}

int verb_parse_id(const char *text, int64_t *ret_id)
{
	static const char prefix[] = "delivery/";
	char *end = NULL;

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
		text += sizeof(prefix) - 1;
	}
	errno = 0;
	long long id = strtoll(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || id < 1) {
		return -1;
	}
	*ret_id = id;
	return 0;
}

static int parse_span(const char *text, int64_t now, int64_t *ret_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	char *end = NULL;
	long count = strtol(text, &end, 10);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (end[0] == units[i].unit && end[1] == '\0' && count >= 0 && count <= 1000000) {
			*ret_ms = now - count * units[i].ms;
			return 0;
		}
	}
	return -1;
}

int verb_parse_since(const char *text, int64_t now, int64_t *ret_ms)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d" };

	if (!isdigit((unsigned char)text[0])) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_mday = 1 };
		const char *end = strptime(text, forms[i], &tm);

		if (end != NULL && *end == '\0') {
			*ret_ms = (int64_t)timegm(&tm) * 1000;
			return 0;
		}
	}
	return parse_span(text, now, ret_ms);
}

char *verb_duration(int64_t ms)
{
	static const struct {
		int64_t below;
		double unit;
		const char *name;
	} scales[] = {
		{ 60000, 1000, "s" }, { 3600000, 60000, "min" }, { 86400000, 3600000, "h" },
		{ INT64_MAX, 86400000, "d" },
	};
	size_t i = 0;

	if (ms < 1000) {
		return xasprintf("%lld ms", (long long)ms);
	}
	while (ms >= scales[i].below && i < 3) {
		i++;
	}
	return xasprintf("%.1f %s", (double)ms / scales[i].unit, scales[i].name);
}

/* A pipe may end in a terminal, and some characters beyond ASCII are commands to one. */
void verb_print(json_t *document)
{
	(void)json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(document);
}

void verb_put(const char *text)
{
	if (text != NULL) {
		verb_fput(stdout, text);
	}
}

void verb_fput(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t n = utf8_length_of(text);

		if (n == 0 || utf8_is_control(text, n)) {
			(void)fputc('?', out);
		} else {
			(void)fwrite(text, 1, n, out);
		}
		text += n > 0 ? n : 1;
	}
}

char *verb_short(const struct oid *id, char out[9])
{
	char hex[OID_HEX_MAX + 1];

	(void)snprintf(out, 9, "%.8s", oid_is_zero(id) ? "-" : oid_to_hex(id, hex));
	return out;
}
