/*
 * Targets that are looked at: a kind of the test's own through lib/target, and
 * what Argo CD's stream is taken for.
 */
#include "target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "target/target_impl.h"
#include "tests/support/tap.h"
#include "tests/support/targets.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define SENT_MS 1700000010000
#define BEFORE "2023-11-14T22:13:29Z"
#define SINCE "2023-11-14T22:13:30Z"

/* ---- a kind of our own: a bell, which counts its strokes ---- */

struct bell_options {
	int64_t wait_ms;
};

struct bell_state {
	unsigned strokes; // a state that is fed by events
	bool broken;
};

static int bell_states;

static int64_t bell_time_ms(const void *options)
{
	return ((const struct bell_options *)options)->wait_ms;
}

static void *bell_open(const void *options)
{
	(void)options;
	bell_states++;
	return xcalloc(1, sizeof(struct bell_state));
}

static int bell_begin(const void *options, void *state, struct call *ret_call, struct error *err)
{
	(void)options;
	ret_call->url = xstrdup("https://bell.example.org/strokes");
	if (((struct bell_state *)state)->broken) {
		return error_set(err, -1, "the bell is broken");
	}
	((struct bell_state *)state)->strokes = 0;
	return 0;
}

static int bell_feed(void *data, const char *text, size_t len, target_watch_told *told, void *ctx,
		     struct error *err)
{
	struct bell_state *state = data;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '!') {
			state->broken = true;
			return error_set(err, -1, "a crack");
		}
		state->strokes++;
		told(ctx, "shop", &state->strokes);
	}
	return 0;
}

static bool bell_judge(const void *options, const struct trigger *trigger, const void *news,
		       struct outcome *ret_outcome)
{
	unsigned strokes = *(const unsigned *)news;

	(void)options;
	if (trigger->push == 0) {
		return false;
	}
	outcome_set(ret_outcome, strokes < 3 ? OUTCOME_SENT : OUTCOME_CONVERGED, "%u strokes",
		    strokes);
	return true;
}

static void bell_close(void *state)
{
	bell_states--;
	free(state);
}

static const struct target_observer bell_observer = {
	.time_ms = bell_time_ms, .open = bell_open, .begin = bell_begin, .feed = bell_feed,
	.judge = bell_judge, .close = bell_close,
};

static const struct target_kind bell = { .config = { .name = "bell" }, .observer = &bell_observer };

/* What was told: all that was judged, a line each. */
struct told {
	struct target_watch *watch;
	struct trigger trigger;
	char text[1024];
};

static void on_news(void *ctx, const char *name, const void *news)
{
	static const char *const words[] = {
		[OUTCOME_SENT] = "sent", [OUTCOME_CONVERGED] = "converged", [OUTCOME_STEP] = "step",
		[OUTCOME_RETRY] = "retry", [OUTCOME_REFUSED] = "refused",
	};
	struct told *told = ctx;
	struct outcome outcome;
	size_t used = strlen(told->text);

	if (target_watch_judge(told->watch, &told->trigger, news, &outcome)) {
		(void)snprintf(told->text + used, sizeof(told->text) - used, "%s %s: %s\n", name,
			       words[outcome.kind], outcome.reason);
	}
	outcome_release(&outcome);
}

static void a_kind_may_keep_a_state(void)
{
	const struct bell_options options = { .wait_ms = 5000 };
	const struct bell_options silent = { .wait_ms = 0 };
	const struct target target = { &bell, &options };
	struct told told = { .trigger = { .push = 1 } };
	struct error err = ERROR_INIT;
	struct call call;

	tap_int(target_observe_ms(&target), 5000, "a kind says how long it looks");
	tap_int(target_observe_ms(&(struct target){ &bell, &silent }), 0, "or that it does not");
	told.watch = target_watch_new(&target, on_news, &told);
	tap_int(bell_states, 1, "a watch has a state");
	tap_int(target_watch_begin(told.watch, &call, &err), 0, "a stream begins");
	tap_str(call.url, "https://bell.example.org/strokes", "with a call of the kind's");
	call_release(&call);
	(void)target_watch_feed(told.watch, "..", 2, &err);
	(void)target_watch_feed(told.watch, ".", 1, &err);
	tap_str(told.text, "shop sent: 1 strokes\nshop sent: 2 strokes\nshop converged: 3 strokes\n",
		"the state is fed, and judged by what it has seen");
	told.text[0] = '\0';
	(void)target_watch_begin(told.watch, &call, &err);
	call_release(&call);
	(void)target_watch_feed(told.watch, ".", 1, &err);
	tap_str(told.text, "shop sent: 1 strokes\n", "a new stream begins anew");
	told.trigger.push = 0;
	told.text[0] = '\0';
	(void)target_watch_feed(told.watch, ".", 1, &err);
	tap_str(told.text, "", "news of another are none");
	tap_int(target_watch_feed(told.watch, "!", 1, &err), -1, "nonsense is told (%s)", err.text);
	tap_int(target_watch_begin(told.watch, &call, &err), -1, "so is a stream that cannot begin");
	tap_ok(call.url == NULL, "whose call is released");
	target_watch_free(told.watch);
	tap_int(bell_states, 0, "and the state is freed with the watch");
	target_watch_free(NULL);
}

/* ---- Argo CD ---- */

#define EVENT(type, namespace, status) \
	"data: {\"result\":{\"type\":\"" type "\",\"application\":{\"metadata\":{\"name\":\"shop\"," \
	"\"namespace\":\"" namespace "\"},\"status\":{" status "}}}} \n\n"
#define SYNC(revision, status) \
	"\"sync\":{\"revision\":\"" revision "\",\"status\":\"" status "\"}"
#define AT(time) "\"reconciledAt\":\"" time "\""

enum what { PLAIN, AUTOMATED, SYNCED, HARD, HARD_AUTOMATED, DELETED_REF };

static const struct {
	const char *name;
	enum what what;
	const char *stream;
	const char *want;
} cases[] = {
	{ "the pushed commit is enough where nobody syncs", PLAIN,
	  EVENT("ADDED", "argocd", SYNC(NEW, "OutOfSync")),
	  "shop converged: it reports the pushed commit, OutOfSync\n" },
	{ "another commit is not", PLAIN, EVENT("ADDED", "argocd", SYNC(OLD, "Synced")),
	  "shop sent: it does not report the pushed commit, Synced\n" },
	{ "one that syncs by itself has to be Synced", AUTOMATED,
	  ":\n" EVENT("ADDED", "argocd", SYNC(NEW, "OutOfSync"))
	  EVENT("MODIFIED", "argocd", SYNC(NEW, "Synced")),
	  "shop sent: it reports the pushed commit, OutOfSync\n"
	  "shop converged: it reports the pushed commit, Synced\n" },
	{ "so has one that we sync", SYNCED, EVENT("MODIFIED", "argocd", SYNC(NEW, "OutOfSync")),
	  "shop sent: it reports the pushed commit, OutOfSync\n" },
	{ "a sync that failed is what is seen", SYNCED,
	  EVENT("MODIFIED", "argocd", SYNC(NEW, "OutOfSync") ",\"operationState\":{\"phase\":\"Failed\","
		"\"message\":\"no\\nquota\"}"),
	  "shop sent: it reports the pushed commit, OutOfSync: no quota\n" },
	{ "so is what a comparison complains of", AUTOMATED,
	  EVENT("MODIFIED", "argocd", SYNC(OLD, "Unknown") ",\"conditions\":[{\"type\":\"ComparisonError\","
		"\"message\":\"no such path\"}]"),
	  "shop sent: it does not report the pushed commit, Unknown: no such path\n" },
	{ "one of several sources is enough", PLAIN,
	  EVENT("ADDED", "argocd", "\"sync\":{\"status\":\"Synced\",\"revisions\":[\"1.2\",\"" NEW "\"]}"),
	  "shop converged: it reports the pushed commit, Synced\n" },
	{ "a hard one was compared since", HARD, EVENT("ADDED", "argocd", SYNC(OLD, "OutOfSync") "," AT(SINCE)),
	  "shop converged: it was compared since, OutOfSync\n" },
	{ "or before", HARD, EVENT("ADDED", "argocd", SYNC(OLD, "Synced") "," AT(BEFORE)),
	  "shop sent: it was not compared since, Synced\n" },
	{ "Argo CD may not sync to a commit twice", HARD_AUTOMATED,
	  EVENT("ADDED", "argocd", SYNC(OLD, "OutOfSync") "," AT(SINCE)),
	  "shop converged: it was compared since, OutOfSync\n" },
	{ "a deleted ref has no commit", DELETED_REF,
	  EVENT("ADDED", "argocd", SYNC(OLD, "Unknown") "," AT(SINCE)),
	  "shop converged: it was compared since, Unknown\n" },
	{ "another namespace has another application", PLAIN,
	  EVENT("ADDED", "team", SYNC(NEW, "Synced")), "" },
	{ "one that is deleted never converges", PLAIN, EVENT("DELETED", "argocd", SYNC(OLD, "Synced")),
	  "shop refused: the application was deleted\n" },
	{ "plain lines are as good as events", PLAIN,
	  "{\"result\":{\"type\":\"ADDED\",\"application\":{\"metadata\":{\"name\":\"shop\",\"namespace\":"
	  "\"argocd\"},\"status\":{" SYNC(NEW, "Synced") "}}}}\r\n",
	  "shop converged: it reports the pushed commit, Synced\n" },
	{ "an error ends it", PLAIN, "data: {\"error\":{\"grpc_code\":7,\"message\":\"permission\\ndenied\"}}\n",
	  "Argo CD ends the stream: permission denied" },
	{ "so does what is no application", PLAIN, "data: {\"result\":[1]}\n",
	  "what Argo CD sends is no application" },
	{ "or no JSON", PLAIN, "data: {\"result\":\n", "what Argo CD sends is no application" },
	{ "signs of life are nothing", PLAIN, ":\n:\n\nevent: x\nid: 7\n\n", "" },
};

static struct told argocd_told(struct made_target *made, enum what what)
{
	static char application[] = "argocd/shop@prod";
	struct told told = { .trigger = { .application = application, .sent_ms = SENT_MS } };

	made_target(made, "argocd: {url: 'https://argo.example.org/root/', tokenFile: %s, "
		    "convergeTimeout: 10m, action: %s}", made_token_file(),
		    what == SYNCED ? "sync" : "refresh");
	tap_str(made->problem, "", "a target that is watched");
	told.trigger.hard = what == HARD || what == HARD_AUTOMATED;
	told.trigger.automated = what == AUTOMATED || what == HARD_AUTOMATED;
	(void)oid_from_hex(NEW, 40, &told.trigger.after);
	if (what == DELETED_REF) {
		(void)oid_from_hex("0000000000000000000000000000000000000000", 40,
				   &told.trigger.after);
	}
	return told;
}

/* Play a stream in pieces of some bytes; what was told, or why it ended. */
static void play(struct told *told, const struct target *target, const char *stream, size_t piece)
{
	struct error err = ERROR_INIT;
	struct call call;
	size_t len = strlen(stream);

	told->text[0] = '\0';
	told->watch = target_watch_new(target, on_news, told);
	(void)target_watch_begin(told->watch, &call, &err);
	call_release(&call);
	for (size_t at = 0; at < len; at += piece) {
		size_t part = len - at < piece ? len - at : piece;

		if (target_watch_feed(told->watch, stream + at, part, &err) < 0) {
			(void)snprintf(told->text, sizeof(told->text), "%s", err.text);
			break;
		}
	}
	target_watch_free(told->watch);
}

static void streams_are_judged(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made_target made;
		struct told told = argocd_told(&made, cases[i].what);

		play(&told, &made.target, cases[i].stream, strlen(cases[i].stream));
		tap_str(told.text, cases[i].want, "%s", cases[i].name);
		play(&told, &made.target, cases[i].stream, 1);
		tap_str(told.text, cases[i].want, "also byte by byte");
		made_target_release(&made);
	}
}

static void streams_are_asked_for(void)
{
	struct made_target made;
	struct told told = argocd_told(&made, PLAIN);
	struct error err = ERROR_INIT;
	struct call call;
	char *flood = xmalloc(1024U * 1024);

	told.watch = target_watch_new(&made.target, on_news, &told);
	(void)target_watch_begin(told.watch, &call, &err);
	tap_ok(strncmp(call.url, "https://argo.example.org/root/api/v1/stream/applications?fields="
		       "error,result.type,result.application.metadata.name,", 100) == 0,
	       "only what is looked at is asked for: %s", call.url);
	tap_str(call.headers.items[0], "Accept: text/event-stream", "as events, with signs of life");
	tap_int(call.time_limit_ms, 60000, "for a minute, as streams lose things");
	call_release(&call);
	memset(flood, 'x', 1024U * 1024);
	tap_int(target_watch_feed(told.watch, flood, 1024U * 1024, &err), -1,
		"a line without end is cut off (%s)", err.text);
	(void)target_watch_begin(told.watch, &call, &err);
	call_release(&call);
	tap_int(target_watch_feed(told.watch, ":\n", 2, &err), 0, "and forgotten by the next stream");
	target_watch_free(told.watch);
	made_target_release(&made);
	made_target(&made, "argocd: {url: 'https://a', tokenFile: %s, convergeTimeout: 2s}",
		    made_token_file());
	told.watch = target_watch_new(&made.target, on_news, &told);
	(void)target_watch_begin(told.watch, &call, &err);
	tap_int(call.time_limit_ms, 1000, "or shorter, if there is less time");
	call_release(&call);
	target_watch_free(told.watch);
	made_target_release(&made);
	free(flood);
}

/* With a look at what follows, a refresh that found the commit is not yet the end. */
static void refreshes_go_on(void)
{
	static const char body[] = "{\"metadata\":{\"name\":\"shop\"},\"status\":{"
				   SYNC(NEW, "OutOfSync") "}}";
	const struct call_result result = {
		.completed = true, .status = 200, .output = body, .output_len = sizeof(body) - 1,
	};
	struct made_target made;
	struct outcome outcome;
	struct told told = argocd_told(&made, AUTOMATED);

	told.trigger.attempts = 1;
	target_judge(&made.target, &told.trigger, &result, &outcome);
	tap_int(outcome.kind, OUTCOME_SENT, "found, but not synced: %s", outcome.reason);
	outcome_release(&outcome);
	told.trigger.automated = false;
	target_judge(&made.target, &told.trigger, &result, &outcome);
	tap_int(outcome.kind, OUTCOME_CONVERGED, "nobody syncs it: %s", outcome.reason);
	outcome_release(&outcome);
	made_target_release(&made);
	made_target(&made, "argocd: {url: 'https://a', tokenFile: %s}", made_token_file());
	told.trigger.automated = true;
	target_judge(&made.target, &told.trigger, &result, &outcome);
	tap_int(outcome.kind, OUTCOME_CONVERGED, "nobody looks on: %s", outcome.reason);
	outcome_release(&outcome);
	tap_int(target_observe_ms(&made.target), 0, "as nothing says that one should");
	made_target_release(&made);
}

static void names_are_plain(void)
{
	static char full[] = "argocd/shop@prod";
	static char bad[] = "argocd/Shop";
	struct trigger trigger = { .application = full };
	char *name = target_watch_name(&trigger);

	tap_str(name, "shop", "news come by the plain name");
	free(name);
	trigger.application = bad;
	tap_ok(target_watch_name(&trigger) == NULL, "which one that cannot be has not");
}

int main(void)
{
	a_kind_may_keep_a_state();
	streams_are_judged();
	streams_are_asked_for();
	refreshes_go_on();
	names_are_plain();
	return tap_done();
}
