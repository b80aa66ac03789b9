/*
 * doorbell show ID: why did this push ring that application - or not?
 *
 * The whole decision record: what came and from whom, for each push the
 * commits walked and what was decided, for each trigger the file that hit and
 * the chain it hit through, each try with its answer, all times counted from
 * the moment the delivery came.
 */
#include "receiver/cli/show.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "receiver/cli/cli.h"
#include "receiver/cli/verb.h"

static const char usage[] =
	"usage: doorbell show [OPTION...] ID | SENDER-ID | COMMIT\n"
	"\n"
	"Show the decision record of a delivery: what came, what was decided and why, each\n"
	"trigger with its tries.  It is named by its id, by the id that its sender gave it, or\n"
	"by the commit of a push of it, if that is of no other (in hex, seven digits or more).\n"
	"\n"
	"  --payload              print what was received instead, as it came\n"
	"  --state-directory DIR  of the receiver (default: DOORBELL_STATE_DIRECTORY, the\n"
	"                         configuration's, /var/lib/doorbell)\n"
	"  --config FILE          the receiver's configuration (default: DOORBELL_CONFIG)\n"
	"  --format FORMAT        text (default) or json\n";

/* So many deliveries are named if more than one is meant. */
#define NAMED 10

struct show_request {
	struct verb_options common;
	int64_t id;             // 0: not known yet, ...
	const char *known_as;   // ... but what it is known as
	bool payload; // print the body as it came, nothing else
};

static int parse_arguments(struct show_request *r, int argc, char **argv)
{
	static const struct option options[] = {
		VERB_OPTIONS,
		{ "payload", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p') {
			r->payload = true;
		} else if (verb_set_option(&r->common, option, optarg) < 0) {
			return verb_bad_option(&r->common, argv);
		}
	}
	if (r->common.help) {
		return 0;
	}
	if (optind + 1 != argc) {
		return verb_usage(&r->common, "it takes the id of one delivery");
	}
	r->known_as = argv[optind];
	if (verb_parse_id(r->known_as, &r->id) < 0) {
		r->id = 0;
	}
	return 0;
}

static int print_payload(const struct show_request *r, const struct record_delivery *d)
{
	if (d->body == NULL) {
		return verb_fail(&r->common, VERB_ERROR, "no_payload",
				   "no payload of it was kept", NULL);
	}
	(void)fwrite(d->body, 1, d->body_len, stdout);
	if ((int64_t)d->body_len < d->body_size) {
		(void)fprintf(stderr, "(cut: it had %lld bytes)\n", (long long)d->body_size);
	}
	return 0;
}

/* "12, 9, 3 and more" */
static void add_ids(const struct record_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count && i < NAMED; i++) {
		(void)buf_addf(out, "%s%lld", i > 0 ? ", " : "", (long long)list->items[i].id);
	}
	if (list->count > NAMED) {
		(void)buf_addstr(out, " and more");
	}
}

/*
 * Find the delivery that is known as something else than its id; digits may be a
 * sender's id or a commit, too, if no delivery has them.  0, or the exit status.
 */
static int find(struct show_request *r, struct journal *j)
{
	const struct journal_filter filter = { .known_as = r->known_as, .limit = NAMED + 1 };
	struct record_delivery there = { .id = 0 };
	struct record_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	struct buf text;
	int status = 0;
	bool has_id = r->id > 0 && journal_get_delivery(j, r->id, &there, &err) == RECORD_OK;

	record_delivery_release(&there);
	if (has_id) {
		return 0;
	}
	buf_init(&text, 1024);
	if (journal_list(j, &filter, &list, &err) != RECORD_OK) {
		status = verb_fail(&r->common, VERB_ERROR, "journal", err.text, NULL);
	} else if (list.count > 1) {
		(void)buf_addf(&text, "'%s' is known of more than one delivery: ", r->known_as);
		add_ids(&list, &text);
		status = verb_fail(&r->common, VERB_ERROR, "ambiguous", text.data,
				     "name one by its id");
	} else if (list.count == 0) {
		(void)buf_addf(&text, "no delivery is known as '%s'", r->known_as);
		status = verb_fail(&r->common, VERB_ERROR, "not_found", text.data,
				     "\"doorbell deliveries\" lists them; old ones are purged");
	} else {
		r->id = list.items[0].id;
	}
	buf_release(&text);
	record_list_release(&list);
	return status;
}

static int show(const struct show_request *r, struct journal *j)
{
	struct record_history record = { .triggers = { .items = NULL } };
	struct error err = ERROR_INIT;
	int status = 0;
	enum record_result result = journal_get_delivery(j, r->id, &record.delivery, &err);

	if (result == RECORD_NOT_FOUND) {
		return verb_fail(&r->common, VERB_ERROR, "not_found", err.text,
				   "\"doorbell deliveries\" lists them; old ones are purged");
	}
	if (result == RECORD_OK) {
		result = journal_get_triggers(j, r->id, 0, SIZE_MAX, &record.triggers, &err);
	}
	if (result != RECORD_OK) {
		status = verb_fail(&r->common, VERB_ERROR, "journal", err.text, NULL);
	} else if (r->payload) {
		status = print_payload(r, &record.delivery);
	} else if (r->common.json) {
		verb_print(record_json_history(&record));
	} else {
		show_print_text(&record);
	}
	record_history_release(&record);
	return status;
}

int cli_show(int argc, char **argv)
{
	struct show_request r = { .id = 0 };
	struct journal *j = NULL;
	int status;

	verb_options_init(&r.common, argc, argv, usage);
	status = parse_arguments(&r, argc, argv);
	if (status == 0 && r.common.help) {
		return verb_help(&r.common);
	}
	if (status == 0) {
		status = verb_open(&r.common, &j);
	}
	if (status == 0) {
		status = find(&r, j);
	}
	if (status == 0) {
		status = show(&r, j);
	}
	journal_close(j);
	verb_options_release(&r.common);
	return status;
}
