/*
 * doorbell deliveries: what came in, and what became of it.
 *
 * A table for people (libsmartcols fits it to the terminal and makes control
 * characters visible), one JSON document for machines.  --exit-code answers
 * "is there any?" with status 1, as diff(1) does.
 */
#include "receiver/cli/cli.h"

#include <getopt.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/giturl.h"
#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "push/push.h"
#include "receiver/cli/verb.h"

#define LIMIT_DEFAULT 30
#define LIMIT_MOST 10000

/* A terminal of fewer columns has no room for all, but for so much of an address. */
#define NARROW 110
#define REPOSITORY_LEAST 20

static const char usage[] =
	"usage: doorbell deliveries [OPTION...] [SENDER-ID | COMMIT]\n"
	"\n"
	"List what came in and what became of it, the newest first; or only what the sender\n"
	"calls so, or of a commit (in hex, seven digits or more).\n"
	"\n"
	"  --source NAME          only of that source\n"
	"  --repository URL       only of that repository, however it is spelt\n"
	"  --ref REF              only pushes to that branch (or full ref)\n"
	"  --application NAME     only what rang that application (namespace/name)\n"
	"  --status STATUS        ignored, working, failed or done; may be repeated\n"
	"  --failed               only if something of it failed, or is tried again because\n"
	"                         it did, whatever else is under way\n"
	"  --since TIME           90s, 15m, 2h, 7d ago, or 2026-11-22T10:00Z\n"
	"  --before ID            the next page: only older ones\n"
	"  --limit N              at most N (default 30)\n"
	"  --exit-code            end with 1 if there is any\n"
	"  --state-directory DIR  of the receiver (default: DOORBELL_STATE_DIRECTORY, the\n"
	"                         configuration's, /var/lib/doorbell)\n"
	"  --config FILE          the receiver's configuration (default: DOORBELL_CONFIG)\n"
	"  --format FORMAT        text (default) or json\n";

enum column { COLUMN_ID, COLUMN_STATUS, COLUMN_RECEIVED, COLUMN_REPOSITORY, COLUMN_REF,
	      COLUMN_CHANGE, COLUMN_AFFECTED, COLUMN_TRIGGERED, COLUMN_BY, COLUMN_COUNT };

struct deliveries_request {
	struct verb_options common;
	struct journal_filter filter;
	char *repository; // normalised
	char *ref;        // full
	bool exit_code;
};

static char *change_text(const struct record_summary *s, bool narrow)
{
	char before[9];
	char after[9];

	if (narrow) {
		return xstrdup(verb_short(&s->after, after));
	}
	return xasprintf("%s..%s", verb_short(&s->before, before),
			 verb_short(&s->after, after));
}

static char *ref_text(const struct record_summary *s)
{
	if (s->pushes > 1) {
		return xasprintf("%s (+%zu)", push_ref_short(s->ref), s->pushes - 1);
	}
	return xstrdup(push_ref_short(s->ref));
}

/*
 * While something is open, or if something failed, how many of all were rung
 * ("2 of 3", "2 of 3, failed"); in the end how many, and how long it took from
 * the delivery on ("3 in 4.1 s"); "superseded" if a newer push took over all.
 */
static char *triggered_text(const struct record_summary *s)
{
	if (s->triggers == 0) {
		return xstrdup("-");
	}
	if (s->triggers_failed > 0 || s->triggers_open > 0) {
		return xasprintf("%zu of %zu%s", s->triggers_sent, s->triggers,
				 s->triggers_failed > 0 ? ", failed" : "");
	}
	if (s->triggers_sent == 0) {
		return xstrdup("superseded");
	}
	char *duration = verb_duration(s->finished_ms - s->received_ms);
	char *text = xasprintf("%zu in %s", s->triggers_sent, duration);

	free(duration);
	return text;
}

static char *affected_text(const struct record_summary *s)
{
	if (s->state != PUSH_PLANNED) {
		return xstrdup(s->ignored != NULL ? s->ignored
						  : s->reason != NULL ? s->reason : "-");
	}
	return xasprintf("%lld of %lld", (long long)s->affected, (long long)s->applications);
}

static void set_take(struct libscols_line *line, enum column column, char *text)
{
	(void)scols_line_refer_data(line, (size_t)column, text);
}

/*
 * What a repository is called stands at the end of its address: where that does not
 * fit, the host is cut, and not the name.
 */
static char *repository_text(const char *repository, size_t width)
{
	size_t len = strlen(repository);
	const char *end = repository + len - (len < width ? len : width - 1);

	while (len > width && ((unsigned char)*end & 0xc0) == 0x80) {
		end++;
	}
	return len <= width ? xstrdup(repository) : xasprintf("…%s", end);
}

/* "2026-11-22T10:00:01Z", or "11-22 10:00:01". */
static char *received_text(int64_t received_ms, bool narrow)
{
	char text[32];

	(void)mstime_format(received_ms, text);
	return narrow ? xasprintf("%.5s %.8s", text + 5, text + 11) : xasprintf("%.19sZ", text);
}

static void add_line(struct libscols_table *table, const struct record_summary *s, size_t width,
		     bool narrow)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	set_take(line, COLUMN_ID, xasprintf("%lld", (long long)s->id));
	set_take(line, COLUMN_STATUS, xstrdup(record_status_name(s->status)));
	set_take(line, COLUMN_RECEIVED, received_text(s->received_ms, narrow));
	set_take(line, COLUMN_BY, xasprintf("%s%s%s", s->source, s->pusher != NULL ? ": " : "",
				     s->pusher != NULL ? s->pusher : ""));
	set_take(line, COLUMN_AFFECTED, affected_text(s));
	set_take(line, COLUMN_TRIGGERED, triggered_text(s));
	if (s->repository != NULL && s->ref != NULL) {
		set_take(line, COLUMN_REPOSITORY, repository_text(s->repository, width));
		set_take(line, COLUMN_REF, ref_text(s));
		set_take(line, COLUMN_CHANGE, change_text(s, narrow));
	}
}

/*
 * Widths below 1 are shares of the terminal, and such columns are cut before
 * lines are broken; the others hold what they always hold: an id, a status, a
 * time, two commits.  Where there is no room for that the time has no year and
 * there is one commit, so that a repository can still be told by its name.
 */
struct column_row {
	const char *name;
	double width;
	int flags;
};

static const struct column_row columns[COLUMN_COUNT] = {
	[COLUMN_ID] = { "ID", 4, SCOLS_FL_RIGHT },
	[COLUMN_STATUS] = { "STATUS", 7, 0 },
	[COLUMN_RECEIVED] = { "RECEIVED", 20, 0 },
	[COLUMN_REPOSITORY] = { "REPOSITORY", 0.2, SCOLS_FL_TRUNC },
	[COLUMN_REF] = { "REF", 0.1, SCOLS_FL_TRUNC },
	[COLUMN_CHANGE] = { "CHANGE", 18, 0 },
	[COLUMN_AFFECTED] = { "AFFECTED", 0.15, SCOLS_FL_TRUNC },
	[COLUMN_TRIGGERED] = { "TRIGGERED", 0.1, SCOLS_FL_TRUNC },
	[COLUMN_BY] = { "BY", 0.1, SCOLS_FL_TRUNC },
};

static const struct column_row narrow_columns[COLUMN_COUNT] = {
	[COLUMN_ID] = { "ID", 4, SCOLS_FL_RIGHT },
	[COLUMN_STATUS] = { "STATUS", 7, 0 },
	[COLUMN_RECEIVED] = { "RECEIVED", 14, 0 },
	[COLUMN_REPOSITORY] = { "REPOSITORY", REPOSITORY_LEAST, 0 },
	[COLUMN_REF] = { "REF", 0.1, SCOLS_FL_TRUNC },
	[COLUMN_CHANGE] = { "COMMIT", 8, 0 },
	[COLUMN_AFFECTED] = { "AFFECTED", 0.12, SCOLS_FL_TRUNC },
	[COLUMN_TRIGGERED] = { "TRIGGERED", 0.1, SCOLS_FL_TRUNC },
	[COLUMN_BY] = { "BY", 0.05, SCOLS_FL_TRUNC },
};

static void print_table(const struct record_list *list)
{
	struct libscols_table *table = scols_new_table();
	bool terminal = isatty(STDOUT_FILENO) != 0;
	size_t all = scols_table_get_termwidth(table);
	bool narrow = terminal && all < NARROW;
	const struct column_row *rows = narrow ? narrow_columns : columns;
	size_t width = !terminal ? SIZE_MAX
		       : narrow	 ? REPOSITORY_LEAST
				 : (size_t)((double)all * rows[COLUMN_REPOSITORY].width);

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		(void)scols_table_new_column(table, rows[i].name, rows[i].width, rows[i].flags);
	}
	for (size_t i = 0; i < list->count; i++) {
		add_line(table, &list->items[i], width, narrow);
	}
	(void)scols_print_table(table);
	scols_unref_table(table);
}

static int parse_number(const char *text, long most, int64_t *ret_number)
{
	int64_t n = 0;

	if (verb_parse_id(text, &n) < 0 || n > most) {
		return -1;
	}
	*ret_number = n;
	return 0;
}

static int set_status(struct deliveries_request *r, const char *name)
{
	enum record_status status = record_status_by_name(name);

	if (status == RECORD_STATUSES) {
		return -1;
	}
	r->filter.statuses |= 1U << status;
	return 0;
}

static int set_repository(struct deliveries_request *r, const char *url)
{
	free(r->repository);
	r->repository = giturl_normalise(url, NULL);
	r->filter.repository = r->repository;
	return r->repository != NULL ? 0 : -1;
}

static void set_ref(struct deliveries_request *r, const char *ref)
{
	free(r->ref);
	r->ref = strncmp(ref, "refs/", 5) == 0 ? xstrdup(ref) : xasprintf("refs/heads/%s", ref);
	r->filter.ref = r->ref;
}

static int set_option(struct deliveries_request *r, int option, const char *value)
{
	int64_t number = 0;
	int ret = 0;

	switch (option) {
	case 's':
		r->filter.source = value;
		break;
	case 'r':
		return set_repository(r, value);
	case 'R':
		set_ref(r, value);
		break;
	case 'a':
		r->filter.application = value;
		break;
	case 'S':
		return set_status(r, value);
	case 'f':
		r->filter.failed = true;
		break;
	case 't':
		return verb_parse_since(value, mstime_wall(), &r->filter.since_ms);
	case 'b':
		return verb_parse_id(value, &r->filter.before_id);
	case 'l':
		ret = parse_number(value, LIMIT_MOST, &number);
		r->filter.limit = (size_t)number;
		return ret;
	case 'x':
		r->exit_code = true;
		break;
	default:
		return verb_set_option(&r->common, option, value);
	}
	return 0;
}

static int parse_arguments(struct deliveries_request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "source", required_argument, NULL, 's' },
		{ "repository", required_argument, NULL, 'r' },
		{ "ref", required_argument, NULL, 'R' },
		{ "application", required_argument, NULL, 'a' },
		{ "status", required_argument, NULL, 'S' },
		{ "failed", no_argument, NULL, 'f' },
		{ "since", required_argument, NULL, 't' },
		{ "before", required_argument, NULL, 'b' },
		{ "limit", required_argument, NULL, 'l' },
		{ "exit-code", no_argument, NULL, 'x' },
		VERB_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	int option;
	int index = 0;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (option == '?') {
			return verb_bad_option(&r->common, argv);
		}
		if (set_option(r, option, optarg) < 0) {
			char *text = xasprintf("--%s: not a valid value: %s", options[index].name,
					       optarg);
			int status = verb_usage(&r->common, text);

			free(text);
			return status;
		}
	}
	r->filter.known_as = optind < argc ? argv[optind++] : NULL;
	return optind < argc ? verb_usage(&r->common, "it takes one sender's id or commit") : 0;
}

static int list_deliveries(struct deliveries_request *r)
{
	struct record_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	int status = verb_open(&r->common, &j);

	if (status != 0) {
		return status;
	}
	if (journal_list(j, &r->filter, &list, &err) != RECORD_OK) {
		status = verb_fail(&r->common, VERB_ERROR, "journal", err.text, NULL);
		goto out;
	}
	if (r->common.json) {
		verb_print(record_json_list(&list));
	} else if (list.count > 0) {
		print_table(&list);
	} else {
		(void)fprintf(stderr, "no deliveries match\n");
	}
	status = r->exit_code && list.count > 0 ? VERB_YES : 0;
out:
	record_list_release(&list);
	journal_close(j);
	return status;
}

int cli_deliveries(int argc, char **argv)
{
	struct deliveries_request r = { .filter = { .limit = LIMIT_DEFAULT } };
	int status;

	verb_options_init(&r.common, argc, argv, usage);
	status = parse_arguments(&r, argc, argv);
	if (status == 0) {
		status = r.common.help ? verb_help(&r.common) : list_deliveries(&r);
	}
	verb_options_release(&r.common);
	free(r.repository);
	free(r.ref);
	return status;
}
