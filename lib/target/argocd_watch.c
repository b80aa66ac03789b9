/*
 * Watching Argo CD: did what was rung converge?
 *
 *     GET /api/v1/stream/applications?fields=...      Accept: text/event-stream
 *
 * The server first tells of all applications that the token may see, as ADDED,
 * then of each change, one JSON object behind "data:" a line, and ":" each 15
 * seconds, so that a dead peer is noticed.  It loses events: those between its
 * list and its subscription, those above a buffer of a thousand, and
 * deletions it did not see (argo-cd server/application/application.go, Watch;
 * server/broadcast).  So the stream has a time limit and is begun anew: each
 * begin lists all again, and what was lost is late instead.
 *
 * A trigger has converged when its application compares with the pushed commit
 * (one that was rung hard, or for a deleted ref: was compared since our try
 * began) and, if anybody syncs it, is Synced.  An application that is healthy
 * or not is no matter of a push.
 *
 * A newer commit that somebody else made Argo CD find is not told from an older
 * one here: such a trigger is not seen to converge, and stalls.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "target/argocd.h"

/* A stream is begun anew after that long; or sooner, if there is less time to converge. */
#define STREAM_MS 60000
#define STREAM_LEAST_MS 1000
#define STREAMS_A_TRIGGER 4

/* A line is one application, and of that the fields below. */
#define LINE_MAX_BYTES (256U * 1024)

static const char *const fields[] = {
	"error",
	"result.type",
	"result.application.metadata.name",
	"result.application.metadata.namespace",
	"result.application.status.sync.status",
	"result.application.status.sync.revision",
	"result.application.status.sync.revisions",
	"result.application.status.reconciledAt",
	"result.application.status.conditions",
	"result.application.status.operationState.phase",
	"result.application.status.operationState.message",
};

/* The line that has begun. */
struct stream {
	struct buf line;
};

static int64_t watch_time_ms(const void *options)
{
	return ((const struct argocd_options *)options)->converge_ms;
}

static void *watch_open(const void *options)
{
	struct stream *stream = xcalloc(1, sizeof(*stream));

	(void)options;
	buf_init(&stream->line, LINE_MAX_BYTES);
	return stream;
}

static void watch_close(void *state)
{
	struct stream *stream = state;

	buf_release(&stream->line);
	free(stream);
}

static int64_t stream_time(const struct argocd_options *options)
{
	int64_t part = options->converge_ms / STREAMS_A_TRIGGER;

	part = part < STREAM_MS ? part : STREAM_MS;
	return part > STREAM_LEAST_MS ? part : STREAM_LEAST_MS;
}

static int watch_begin(const void *data, void *state, struct call *ret_call, struct error *err)
{
	const struct argocd_options *options = data;
	struct stream *stream = state;
	struct buf url;

	buf_reset(&stream->line);
	argocd_begin_url(&url, options, "/api/v1/stream/applications?fields=");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		(void)buf_addf(&url, "%s%s", i > 0 ? "," : "", fields[i]);
	}
	if (buf_is_full(&url)) {
		buf_release(&url);
		return error_set(err, -1, "the address of the stream does not fit");
	}
	argocd_begin_call(options, ret_call);
	ret_call->url = buf_detach(&url);
	ret_call->time_limit_ms = stream_time(options);
	strvec_push(&ret_call->headers, "Accept: text/event-stream");
	return 0;
}

/* One line without its end. 0, or -1 with err. */
static int take_line(const char *line, size_t len, target_watch_told *told, void *ctx,
		     struct error *err)
{
	static const char mark[] = "data:";
	char said[ARGOCD_MESSAGE_MAX];

	if (len >= sizeof(mark) - 1 && memcmp(line, mark, sizeof(mark) - 1) == 0) {
		line += sizeof(mark) - 1;
		len -= sizeof(mark) - 1;
	}
	while (len > 0 && (*line == ' ' || line[len - 1] == '\r' || line[len - 1] == ' ')) {
		line += *line == ' ';
		len--;
	}
	if (len == 0 || *line != '{') {
		return 0; /* a sign of life, or a field of the event that is no data */
	}
	json_t *object = target_parse(line, len);
	json_t *result = json_object_get(object, "result");
	const json_t *application = json_object_get(result, "application");
	const char *name = argocd_text(json_object_get(application, "metadata"), "name");
	int r = 0;

	if (json_object_get(object, "error") != NULL) {
		const char *message = argocd_text(json_object_get(object, "error"), "message");

		target_clean(message, strlen(message), said, sizeof(said));
		r = error_set(err, -1, "Argo CD ends the stream: %s",
			      *said != '\0' ? said : "no reason given");
	} else if (*name == '\0') {
		r = error_set(err, -1, "what Argo CD sends is no application");
	} else {
		told(ctx, name, result);
	}
	json_decref(object);
	return r;
}

static int watch_feed(void *state, const char *data, size_t len, target_watch_told *told,
		      void *ctx, struct error *err)
{
	struct stream *stream = state;

	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t part = end != NULL ? (size_t)(end - data) : len;

		if (buf_add(&stream->line, data, part) < 0) {
			return error_set(err, -1, "a line of the stream has more than %u bytes",
					 LINE_MAX_BYTES);
		}
		if (end == NULL) {
			return 0;
		}
		int r = take_line(stream->line.data, stream->line.len, told, ctx, err);
		buf_reset(&stream->line);
		if (r < 0) {
			return r;
		}
		data = end + 1;
		len -= part + 1;
	}
	return 0;
}

/* Is the pushed commit none that the application would report? */
static bool goes_by_time(const struct trigger *trigger)
{
	return trigger->hard || oid_is_zero(&trigger->after);
}

/* Does the application compare with what was pushed? */
static bool is_fresh(const struct trigger *trigger, const json_t *status)
{
	if (goes_by_time(trigger)) {
		return argocd_compared_since(status, trigger->sent_ms);
	}
	return argocd_reports(json_object_get(status, "sync"), &trigger->after);
}

/* What keeps it, for whoever reads why it stalled. */
static void find_obstacle(const json_t *status, char *out, size_t max)
{
	const json_t *operation = json_object_get(status, "operationState");
	const char *phase = argocd_text(operation, "phase");

	argocd_complaint(status, out, max);
	if (*out == '\0' && (strcmp(phase, "Failed") == 0 || strcmp(phase, "Error") == 0)) {
		const char *message = argocd_text(operation, "message");

		target_clean(message, strlen(message), out, max);
	}
}

static bool watch_judge(const void *data, const struct trigger *trigger, const void *news,
			struct outcome *ret_outcome)
{
	const struct argocd_options *options = data;
	const json_t *application = json_object_get(news, "application");
	const json_t *metadata = json_object_get(application, "metadata");
	const json_t *status = json_object_get(application, "status");
	const char *sync = argocd_text(json_object_get(status, "sync"), "status");
	struct target_application asked;
	char obstacle[ARGOCD_MESSAGE_MAX];

	if (target_split(trigger->application, &asked, NULL) < 0 ||
	    (*asked.space != '\0' &&
	     strcmp(asked.space, argocd_text(metadata, "namespace")) != 0)) {
		return false;
	}
	if (strcmp(argocd_text(news, "type"), "DELETED") == 0) {
		outcome_set(ret_outcome, OUTCOME_REFUSED, "the application was deleted");
		return true;
	}
	bool fresh = is_fresh(trigger, status);
	bool settled = argocd_is_settled(options, trigger, sync);
	bool time = goes_by_time(trigger);
	const char *how = time ? "it was compared since" : "it reports the pushed commit";
	sync = *sync != '\0' ? sync : "?";
	if (fresh && settled) {
		outcome_set(ret_outcome, OUTCOME_CONVERGED, "%s, %.40s", how, sync);
		return true;
	}
	find_obstacle(status, obstacle, sizeof(obstacle));
	outcome_set(ret_outcome, OUTCOME_SENT, "%s, %.40s%s%s",
		    fresh ? how
		    : time ? "it was not compared since"
			   : "it does not report the pushed commit",
		    sync, *obstacle != '\0' ? ": " : "", obstacle);
	return true;
}

const struct target_observer argocd_observer = {
	.time_ms = watch_time_ms,
	.open = watch_open,
	.begin = watch_begin,
	.feed = watch_feed,
	.judge = watch_judge,
	.close = watch_close,
};
