/*
 * doorbell replay ID: have the running receiver do a delivery again.
 *
 * Only the receiver writes the journal, so it is asked: POST /replay/ID on
 * its control socket.  It answers {"delivery": NEW}; NEW is a delivery of its
 * own, whose pushes say which they repeat.
 */
#include "receiver/cli/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/xalloc.h"
#include "receiver/cli/control.h"
#include "receiver/cli/verb.h"

#define TIMEOUT_MS 30000

static const char usage[] =
	"usage: doorbell replay [OPTION...] ID\n"
	"\n"
	"Have the running receiver carry out a delivery again, as a new one.\n"
	"\n"
	"  --state-directory DIR  of the receiver (default: DOORBELL_STATE_DIRECTORY, the\n"
	"                         configuration's, /var/lib/doorbell)\n"
	"  --config FILE          the receiver's configuration (default: DOORBELL_CONFIG)\n"
	"  --format FORMAT        text (default) or json\n";

static int parse_arguments(struct verb_options *common, int argc, char **argv, int64_t *ret_id)
{
	static const struct option options[] = {
		VERB_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (verb_set_option(common, option, optarg) < 0) {
			return verb_bad_option(common, argv);
		}
	}
	if (common->help) {
		return 0;
	}
	if (optind + 1 != argc || verb_parse_id(argv[optind], ret_id) < 0) {
		return verb_usage(common, "it takes the id of one delivery");
	}
	return 0;
}

/* What the receiver says is wrong, from {"error":{"message"}} or the text itself. */
static int refused(const struct verb_options *common, const struct control_reply *reply)
{
	json_t *json = json_loads(reply->body, 0, NULL);
	const char *message = json_string_value(
		json_object_get(json_object_get(json, "error"), "message"));
	char *text = message != NULL ? xstrdup(message)
				     : xasprintf("the receiver answered %d", reply->status);
	int status;

	if (reply->status == 404) {
		status = verb_fail(common, VERB_ERROR, "not_found", text,
				     "\"doorbell deliveries\" lists what can be repeated");
	} else {
		status = verb_fail(common, reply->status == 503 ? EX_TEMPFAIL : VERB_ERROR,
				     "refused", text, NULL);
	}
	free(text);
	json_decref(json);
	return status;
}

static int accepted(const struct verb_options *common, int64_t id,
		    const struct control_reply *reply)
{
	json_t *json = json_loads(reply->body, 0, NULL);
	json_int_t repeat = json_integer_value(json_object_get(json, "delivery"));

	json_decref(json);
	if (repeat <= 0) {
		return verb_fail(common, VERB_ERROR, "protocol",
				   "the receiver's answer names no delivery", NULL);
	}
	if (common->json) {
		verb_print(record_json_replay(repeat, id));
		return 0;
	}
	(void)printf("delivery %lld is repeated as delivery %lld\n", (long long)id,
		     (long long)repeat);
	return 0;
}

static int replay(struct verb_options *common, int64_t id)
{
	struct control_reply reply = { .body = NULL };
	struct error err = ERROR_INIT;
	int status = verb_locate(common);

	if (status != 0) {
		return status;
	}
	char *target = xasprintf("/replay/%lld", (long long)id);

	switch (control_call(common->state_directory, "POST", target, NULL, TIMEOUT_MS, &reply,
			     &err)) {
	case CONTROL_NOT_RUNNING:
		status = verb_fail(common, EX_UNAVAILABLE, "not_running", err.text,
				     "no receiver runs there: start it, or name its "
				     "--state-directory");
		break;
	case CONTROL_FAILED:
		status = verb_fail(common, EX_UNAVAILABLE, "no_answer", err.text,
				     "run this as the user the receiver runs as, or root");
		break;
	case CONTROL_OK:
		status = reply.status / 100 == 2 ? accepted(common, id, &reply)
						 : refused(common, &reply);
		break;
	}
	control_reply_release(&reply);
	free(target);
	return status;
}

int cli_replay(int argc, char **argv)
{
	struct verb_options common;
	int64_t id = 0;

	verb_options_init(&common, argc, argv, usage);
	int status = parse_arguments(&common, argc, argv, &id);

	if (status == 0) {
		status = common.help ? verb_help(&common) : replay(&common, id);
	}
	verb_options_release(&common);
	return status;
}
