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
#include <sysexits.h>

#include "receiver/cli/record.h"

#define USAGE "show [--state-directory DIR] [--format text|json] [--payload] ID"

struct request {
	struct record_options common;
	int64_t id;
	bool payload; // print the body as it came, nothing else
};

static int parse_arguments(struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "state-directory", required_argument, NULL, 'd' },
		{ "format", required_argument, NULL, 'o' },
		{ "payload", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd') {
			r->common.state_directory = optarg;
			continue;
		}
		if (option == 'p') {
			r->payload = true;
			continue;
		}
		if (option == '?' || record_set_format(&r->common, optarg) < 0) {
			return record_usage(&r->common, "unknown option or value", USAGE);
		}
	}
	if (optind + 1 != argc || record_parse_id(argv[optind], &r->id) < 0) {
		return record_usage(&r->common, "it takes the id of one delivery", USAGE);
	}
	return 0;
}

static int print_payload(const struct request *r, const struct journal_delivery *d)
{
	if (d->body == NULL) {
		return record_fail(&r->common, RECORD_ERROR, "no_payload",
				   "no payload of it was kept", NULL);
	}
	(void)fwrite(d->body, 1, d->body_len, stdout);
	if ((int64_t)d->body_len < d->body_size) {
		(void)fprintf(stderr, "(cut: it had %lld bytes)\n", (long long)d->body_size);
	}
	return 0;
}

static int show(const struct request *r, struct journal *j)
{
	struct show_record record = { .triggers = { .items = NULL } };
	struct error err = ERROR_INIT;
	int status = 0;
	enum journal_result result = journal_get_delivery(j, r->id, &record.delivery, &err);

	if (result == JOURNAL_NOT_FOUND) {
		return record_fail(&r->common, RECORD_ERROR, "not_found", err.text,
				   "\"doorbell deliveries\" lists them; old ones are purged");
	}
	if (result == JOURNAL_OK) {
		result = journal_get_triggers(j, r->id, 0, SIZE_MAX, &record.triggers, &err);
	}
	if (result != JOURNAL_OK) {
		status = record_fail(&r->common, RECORD_ERROR, "journal", err.text, NULL);
	} else if (r->payload) {
		status = print_payload(r, &record.delivery);
	} else if (r->common.json) {
		show_print_json(&record);
	} else {
		show_print_text(&record);
	}
	journal_triggers_release(&record.triggers);
	journal_delivery_release(&record.delivery);
	return status;
}

int cli_show(int argc, char **argv)
{
	struct request r = { .id = 0 };
	struct journal *j = NULL;
	int status;

	record_options_init(&r.common, "show");
	status = parse_arguments(&r, argc, argv);
	if (status == 0) {
		status = record_open(&r.common, &j);
	}
	if (status == 0) {
		status = show(&r, j);
	}
	journal_close(j);
	return status;
}
