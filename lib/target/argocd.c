/*
 * Argo CD, through its HTTP API.
 *
 *     refresh   GET  /api/v1/applications/NAME?project=P&appNamespace=N&refresh=normal|hard
 *     sync      POST /api/v1/applications/NAME/sync  {"infos": [...], ...}
 *
 * A refresh makes the controller resolve the revision anew, past its caches,
 * and compare.  The server writes the annotation argocd.argoproj.io/refresh
 * and then holds the answer until the controller has taken it away (argo-cd
 * server/application/application.go, Get), with no time limit of its own: so
 * our time-out comes after the deed and is no failure.  For an application
 * that syncs by itself a refresh is all: the controller's autoSync() follows
 * it, in its windows.  A sync is asked for only where nobody else would, and
 * never with a revision: "Cannot sync to X: auto-sync currently set to Y".
 *
 * Why ringing twice is safe: a refresh changes nothing in the cluster, and
 * the second one finds the comparison done.  A second sync is refused while
 * the first runs ("another operation is already in progress", we come back),
 * and after it applies what is applied already.
 *
 * A hard trigger (trigger.h) tells of a change that moves no revision of the
 * application's own.  The manifests in Argo CD's cache go by that revision, so
 * it is always refreshed hard, and two more things follow from it:
 *
 *   - A sync looks into that cache (controller/sync.go, CompareAppState with
 *     noCache false), so it comes after the hard refresh, in a call of its
 *     own.  autoSync() passes over a revision that was synced already, unless
 *     selfHeal is set (alreadyAttemptedSync()): where a sync is asked for, and
 *     the application came back OutOfSync without selfHeal, it is synced, too,
 *     though it syncs by itself.
 *   - The pushed commit is of another repository, or of another ref, and is
 *     never reported.  What counts is status.reconciledAt, which is set when a
 *     comparison begins: not before our try did.  It has whole seconds and
 *     Argo CD's clock; if that is behind ours, we ring a few times in vain.
 *
 * A refresh can be lost: up to Argo CD 3.5 one that arrives while a
 * reconciliation runs is erased with that one's annotation (argo-cd issue
 * 28306).  The application then still reports the commit it was at before the
 * push, and we ring again, a few times.
 *
 * The address is the operator's; redirects are refused, as a plain port 80
 * that sends us to https would have seen the token already.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "target/target_impl.h"

#define URL_MAX 4096
#define BODY_MAX 8192
#define MESSAGE_MAX 160

/* The longest that a server may send us away for. */
#define RETRY_AFTER_MAX_MS (60 * 60 * 1000)

/* Tries in all while the application still reports the commit before the push. */
#define LOST_TRIES 3
#define LOST_WAIT_MS 5000

/* Codes of gRPC that Argo CD puts into the body of an error. */
enum grpc_code {
	CODE_ANY = -2,
	CODE_NONE = -1, // the body is not Argo CD's
	CODE_NOT_FOUND = 5,
	CODE_PERMISSION_DENIED = 7,
	CODE_FAILED_PRECONDITION = 9
};

enum about_project { PROJECT_ANY, PROJECT_NAMED, PROJECT_UNNAMED };

/* What an answer other than success means; the first row that fits decides. */
static const struct rule {
	int from, to;               // HTTP status
	int code;                   // of gRPC
	const char *text;           // in the message, NULL: any
	enum about_project project; // did we send the project?
	enum outcome_kind kind;
	unsigned tries;             // refused from this try on, 0: never
	int64_t wait_ms;            // at least, 0: by the caller's back-off
	const char *reason;
} rules[] = {
	{ 300, 399, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "redirected: configure the final (https) address" },
	{ 400, 400, CODE_FAILED_PRECONDITION, "another operation is already in progress",
	  PROJECT_ANY, OUTCOME_RETRY, 0, 5000, "a sync of it is running" },
	{ 400, 400, CODE_FAILED_PRECONDITION, "application is deleting", PROJECT_ANY,
	  OUTCOME_REFUSED, 0, 0, "the application is being deleted" },
	{ 400, 400, CODE_FAILED_PRECONDITION, "cannot sync to", PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "the application syncs by itself to another revision" },
	{ 400, 400, CODE_ANY, "multiple projects", PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "Argo CD did not take the request" },
	{ 400, 400, CODE_FAILED_PRECONDITION, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 0,
	  "Argo CD could not do it now" },
	{ 400, 400, CODE_NONE, NULL, PROJECT_ANY, OUTCOME_RETRY, 3, 0,
	  "bad request, not said by Argo CD itself: what stands before it?" },
	{ 400, 400, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "Argo CD did not take the request" },
	{ 401, 401, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 60 * 1000,
	  "the token is not accepted" },
	{ 403, 403, CODE_ANY, "blocked by sync window", PROJECT_ANY, OUTCOME_RETRY, 0, 300000,
	  "outside its sync windows" },
	{ 403, 403, CODE_PERMISSION_DENIED, NULL, PROJECT_NAMED, OUTCOME_REFUSED, 0, 0,
	  "permission denied: allow this account \"applications, get\" (for a sync also "
	  "\"applications, sync\") in argocd-rbac-cm" },
	{ 403, 403, CODE_PERMISSION_DENIED, NULL, PROJECT_UNNAMED, OUTCOME_RETRY, 3, 10 * 1000,
	  "permission denied, or no such application (without a project Argo CD does not say)" },
	{ 403, 403, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 60 * 1000,
	  "forbidden, not said by Argo CD itself: what stands before it?" },
	{ 404, 404, CODE_NOT_FOUND, NULL, PROJECT_ANY, OUTCOME_RETRY, 3, 10 * 1000,
	  "no such application" },
	{ 404, 404, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 3, 10 * 1000,
	  "no Argo CD API at this address: is its root path in the url?" },
	{ 405, 405, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "method not allowed: no Argo CD API at this address" },
	{ 408, 409, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 0,
	  "Argo CD could not do it now" },
	{ 413, 415, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "our request was not understood: please report this" },
	{ 425, 425, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 0, "too early" },
	{ 429, 429, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 1000, "too many requests" },
	{ 400, 499, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_REFUSED, 0, 0, "not taken" },
	{ 501, 501, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_REFUSED, 0, 0,
	  "Argo CD does not know this request: too old?" },
	{ 500, 599, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 0, "Argo CD is not well" },
	{ 0, 9999, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 3, 0, "not an answer of HTTP" },
};

/* An application that syncs by itself is refreshed, and what is hard is at first, see above. */
static bool is_sync(const struct target_options *options, const struct trigger *trigger)
{
	return options->action == TARGET_SYNC &&
	       (trigger->hard ? trigger->step > 0 : !trigger->automated);
}

/* May a sync follow this refresh? */
static bool sync_follows(const struct target_options *options, const struct trigger *trigger)
{
	return options->action == TARGET_SYNC && trigger->hard && trigger->step == 0;
}

static bool has_project(const struct trigger *trigger)
{
	return trigger->project != NULL && *trigger->project != '\0';
}

static int argocd_check(const struct target_options *options, struct error *err)
{
	const char *url = options->url == NULL ? "" : options->url;
	bool plain = strncmp(url, "http://", 7) == 0;

	if (!plain && strncmp(url, "https://", 8) != 0) {
		return error_set(err, -1, "url: give Argo CD's address as https://HOST[/ROOT]");
	}
	if (plain && !options->insecure) {
		return error_set(err, -1, "url: http:// shows the token to the network; "
				 "use https://, or say insecure: true");
	}
	for (const char *p = url; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~' || strchr("?#@\\\"<>", *p) != NULL) {
			return error_set(err, -1, "url: only https://HOST[:PORT][/ROOT], without "
					 "user, query or fragment");
		}
	}
	size_t host = strcspn(url + (plain ? 7 : 8), "/:");
	if (host == 0 || strlen(url) > URL_MAX / 2) {
		return error_set(err, -1, "url: no host in it, or longer than %d bytes",
				 URL_MAX / 2);
	}
	if (options->token_file == NULL || *options->token_file == '\0') {
		return error_set(err, -1, "tokenFile: name the file with the API token "
				 "(argocd account generate-token)");
	}
	return 0;
}

static int make_url(const struct target_options *options, const struct trigger *trigger,
		    const struct target_application *app, char **ret_url, struct error *err)
{
	size_t root = strlen(options->url);
	struct buf url;

	while (root > 0 && options->url[root - 1] == '/') {
		root--;
	}
	buf_init(&url, URL_MAX);
	(void)buf_add(&url, options->url, root);
	(void)buf_addstr(&url, "/api/v1/applications/");
	target_encode(&url, app->name);
	if (is_sync(options, trigger)) {
		(void)buf_addstr(&url, "/sync");
	} else {
		(void)buf_addstr(&url, "?refresh=");
		bool hard = trigger->hard || options->action == TARGET_HARD_REFRESH;
		(void)buf_addstr(&url, hard ? "hard" : "normal");
		if (has_project(trigger)) {
			(void)buf_addstr(&url, "&project=");
			target_encode(&url, trigger->project);
		}
		if (*app->space != '\0') {
			(void)buf_addstr(&url, "&appNamespace=");
			target_encode(&url, app->space);
		}
	}
	if (buf_is_full(&url)) {
		buf_release(&url);
		return error_set(err, -1, "the address of the application does not fit");
	}
	*ret_url = buf_detach(&url);
	return 0;
}

/*
 * The body of a sync; appNamespace and project stand in it, as the gateway
 * takes no query with a body ("body: *").  Infos are shown with the operation.
 */
static char *make_body(const struct target_options *options, const struct trigger *trigger,
		       const struct target_application *app)
{
	char after[OID_HEX_MAX + 1];
	char what[512];
	char ref[256];
	json_t *body = json_object();

	const char *pushed = trigger->ref == NULL ? "" : trigger->ref;
	target_clean(pushed, strlen(pushed), ref, sizeof(ref));
	const char *other = trigger->hard && trigger->repository != NULL ? trigger->repository : "";
	(void)snprintf(what, sizeof(what), "push of %s to %s%s%.128s",
		       oid_to_hex(&trigger->after, after), ref, *other != '\0' ? " of " : "",
		       other);
	(void)json_object_set_new(body, "infos",
				  json_pack("[{s:s, s:s}]", "name", "doorbell", "value", what));
	if (options->prune) {
		(void)json_object_set_new(body, "prune", json_true());
	}
	if (has_project(trigger)) {
		(void)json_object_set_new(body, "project", json_string(trigger->project));
	}
	if (*app->space != '\0') {
		(void)json_object_set_new(body, "appNamespace", json_string(app->space));
	}
	char *text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return text;
}

static int argocd_prepare(const struct target_options *options, const struct trigger *trigger,
			  struct call *ret_call, struct error *err)
{
	struct target_application app;

	if (target_split(trigger->application, &app, err) < 0) {
		return -1;
	}
	if (app.kind != APP_APPLICATION) {
		return error_set(err, -1, "Argo CD's API refreshes no %s",
				 app_kind_name(app.kind));
	}
	if (make_url(options, trigger, &app, &ret_call->url, err) < 0) {
		return -1;
	}
	ret_call->type = CALL_HTTP;
	ret_call->token_file = options->token_file;
	ret_call->ca_file = options->ca_file;
	ret_call->insecure = options->insecure;
	ret_call->method = "GET";
	strvec_push(&ret_call->headers, "Accept: application/json");
	if (is_sync(options, trigger)) {
		/* "exactly one of --api-content-types": a charset would be refused with 415. */
		strvec_push(&ret_call->headers, "Content-Type: application/json");
		ret_call->method = "POST";
		ret_call->body = make_body(options, trigger, &app);
		if (ret_call->body == NULL) {
			return error_set(err, -1, "the project's name is not UTF-8");
		}
		ret_call->body_len = strlen(ret_call->body);
	}
	return 0;
}

static const char *string_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

/* Does the application compare with this commit (in one of its sources)? */
static bool reports(const json_t *sync, const struct oid *id)
{
	const json_t *revisions = json_object_get(sync, "revisions");
	char hex[OID_HEX_MAX + 1];

	if (id->len == 0 || oid_is_zero(id)) {
		return false;
	}
	oid_to_hex(id, hex);
	if (strcmp(string_at(sync, "revision"), hex) == 0) {
		return true;
	}
	for (size_t i = 0; i < json_array_size(revisions); i++) {
		const char *revision = json_string_value(json_array_get(revisions, i));
		if (revision != NULL && strcmp(revision, hex) == 0) {
			return true;
		}
	}
	return false;
}

/* The first thing Argo CD complains about in the application's status, or "". */
static void find_complaint(const json_t *status, char *out, size_t max)
{
	const json_t *conditions = json_object_get(status, "conditions");

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);
		const char *message = string_at(condition, "message");
		if (strstr(string_at(condition, "type"), "Error") != NULL && *message != '\0') {
			target_clean(message, strlen(message), out, max);
			return;
		}
	}
}

/* Did the last comparison begin when the try had begun, to the second? */
static bool compared_since(const json_t *status, int64_t sent_ms)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(string_at(status, "reconciledAt"), "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end != NULL && *end == '\0' && (int64_t)timegm(&tm) >= sent_ms / 1000;
}

static bool heals_itself(const json_t *application)
{
	const json_t *policy = json_object_get(json_object_get(application, "spec"), "syncPolicy");

	return json_is_true(json_object_get(json_object_get(policy, "automated"), "selfHeal"));
}

/* A hard refreshed application came back: was it compared since, and is that all? */
static void judge_hard(const struct target_options *options, const struct trigger *trigger,
		       const json_t *application, struct outcome *outcome)
{
	const json_t *status = json_object_get(application, "status");
	const char *state = string_at(json_object_get(status, "sync"), "status");
	bool fresh = compared_since(status, trigger->sent_ms);
	bool again = !fresh && trigger->attempts < LOST_TRIES;
	bool out = strcmp(state, "OutOfSync") == 0 && !heals_itself(application);
	char complaint[MESSAGE_MAX];

	find_complaint(status, complaint, sizeof(complaint));
	const char *colon = *complaint != '\0' ? ": " : "";
	if (!fresh) {
		outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_SENT,
			    "refreshed hard, but it was not compared since%s%s", colon, complaint);
		outcome->retry_after_ms = again ? LOST_WAIT_MS : 0;
		return;
	}
	if (*complaint != '\0' || (out && sync_follows(options, trigger))) {
		outcome_set(outcome, OUTCOME_SENT, "refreshed hard%s%s", colon, complaint);
		return;
	}
	outcome_set(outcome, OUTCOME_CONVERGED, "refreshed hard; compared since, %s%s",
		    *state != '\0' ? state : "?",
		    out && trigger->automated ? " (without selfHeal it does not sync by itself to "
						"the commit that it is at)" : "");
}

/* A refreshed application came back: does it know of the push? */
static void judge_refreshed(const struct trigger *trigger, const json_t *application,
			    struct outcome *outcome)
{
	const json_t *status = json_object_get(application, "status");
	const json_t *sync = json_object_get(status, "sync");
	char complaint[MESSAGE_MAX];

	if (reports(sync, &trigger->after)) {
		outcome_set(outcome, OUTCOME_CONVERGED,
			    "refreshed; it reports the pushed commit, %s",
			    *string_at(sync, "status") != '\0' ? string_at(sync, "status") : "?");
		return;
	}
	find_complaint(status, complaint, sizeof(complaint));
	const char *colon = *complaint != '\0' ? ": " : "";
	if (!reports(sync, &trigger->before)) {
		outcome_set(outcome, OUTCOME_SENT, "refreshed%s%s", colon, complaint);
		return;
	}
	bool again = trigger->attempts < LOST_TRIES;
	outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_SENT,
		    "refreshed, but it still reports the commit before the push%s%s", colon,
		    complaint);
	outcome->retry_after_ms = again ? LOST_WAIT_MS : 0;
}

/*
 * 2xx.  Argo CD's own web page answers 200 for any path that its API does not
 * have, so a success without an application in it is none.
 */
static void judge_success(const struct target_options *options, const struct trigger *trigger,
			  const struct call_result *answer, struct outcome *outcome)
{
	bool sync = is_sync(options, trigger);

	if (!answer->completed || answer->truncated) {
		outcome_set(outcome, OUTCOME_SENT, "%s; the answer was cut short",
			    sync ? "sync started" : "refreshed");
		return;
	}
	json_t *application = target_parse(answer->output, answer->output_len);
	if (application == NULL || json_object_get(application, "metadata") == NULL) {
		bool again = trigger->attempts < LOST_TRIES;
		outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_REFUSED,
			    "the answer holds no application: no Argo CD API at this address; is "
			    "its root path in the url?");
		target_keep_output(outcome, answer);
	} else if (sync) {
		outcome_set(outcome, OUTCOME_SENT, "sync started");
	} else if (trigger->hard) {
		judge_hard(options, trigger, application, outcome);
	} else {
		judge_refreshed(trigger, application, outcome);
	}
	json_decref(application);
}

static bool rule_fits(const struct rule *rule, const struct trigger *trigger, int status, int code,
		      const char *message)
{
	if (status < rule->from || status > rule->to) {
		return false;
	}
	if (rule->code != CODE_ANY && rule->code != code) {
		return false;
	}
	if (rule->project != PROJECT_ANY &&
	    rule->project != (has_project(trigger) ? PROJECT_NAMED : PROJECT_UNNAMED)) {
		return false;
	}
	return rule->text == NULL || strcasestr(message, rule->text) != NULL;
}

static int64_t longest_wait(int64_t ours, int64_t theirs)
{
	int64_t capped = theirs > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : theirs;

	return capped > ours ? capped : ours;
}

/* Any status but 2xx: the table says. */
static void judge_failure(const struct target_options *options, const struct trigger *trigger,
			  const struct call_result *answer, struct outcome *outcome)
{
	json_t *body = answer->truncated ? NULL : target_parse(answer->output, answer->output_len);
	const json_t *code = json_object_get(body, "code");
	const char *message = string_at(body, "message");
	char said[MESSAGE_MAX];

	if (*message == '\0') {
		message = string_at(body, "error");
	}
	bool foreign = body == NULL || !json_is_integer(code);
	int number = foreign ? CODE_NONE : (int)json_integer_value(code);
	const struct rule *rule = rules;
	while (!rule_fits(rule, trigger, answer->status, number, message)) {
		rule++; /* the last row fits everything */
	}
	enum outcome_kind kind = rule->kind;
	if (rule->tries > 0) {
		kind = trigger->attempts < rule->tries ? OUTCOME_RETRY : OUTCOME_REFUSED;
	}
	target_clean(message, strlen(message), said, sizeof(said));
	outcome_set(outcome, kind, "%d: %s%s%s%s%s%s", answer->status, rule->reason,
		    answer->status == 401 ? ": look at " : "",
		    answer->status == 401 ? options->token_file : "", *said != '\0' ? " (" : "",
		    said, *said != '\0' ? ")" : "");
	if (kind == OUTCOME_RETRY) {
		outcome->retry_after_ms = longest_wait(rule->wait_ms, answer->retry_after_ms);
	}
	target_keep_output(outcome, answer);
	json_decref(body);
}

/* No status line came. */
static void judge_silence(const struct target_options *options, const struct trigger *trigger,
			  const struct call_result *answer, struct outcome *outcome)
{
	char why[MESSAGE_MAX] = "no reason given";
	long long seconds = (long long)(options->time_limit_ms / 1000);

	if (answer->failure != NULL) {
		target_clean(answer->failure, strlen(answer->failure), why, sizeof(why));
	}
	if (answer->never_sent) {
		outcome_set(outcome, answer->unusable ? OUTCOME_REFUSED : OUTCOME_RETRY,
			    "not sent: %s", why);
		return;
	}
	if (answer->timed_out && !is_sync(options, trigger)) {
		/* A normal one that comes after a hard one that waits takes its place. */
		bool again = trigger->hard && trigger->attempts < LOST_TRIES;
		outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_SENT,
			    "refresh asked for; no answer within %lld s", seconds);
		return;
	}
	if (answer->timed_out) {
		outcome_set(outcome, OUTCOME_RETRY, "no answer to the sync within %lld s", seconds);
		return;
	}
	outcome_set(outcome, OUTCOME_RETRY, "sent, but no answer: %s", why);
}

static void argocd_judge(const struct target_options *options, const struct trigger *trigger,
			 const struct call_result *answer, struct outcome *ret_outcome)
{
	if (answer->status == 0) {
		judge_silence(options, trigger, answer, ret_outcome);
	} else if (answer->status >= 200 && answer->status < 300) {
		judge_success(options, trigger, answer, ret_outcome);
	} else {
		judge_failure(options, trigger, answer, ret_outcome);
	}
	if (ret_outcome->kind == OUTCOME_SENT && sync_follows(options, trigger)) {
		ret_outcome->kind = OUTCOME_STEP;
	}
}

const struct target_kind target_argocd = {
	.name = "argocd",
	.check = argocd_check,
	.prepare = argocd_prepare,
	.judge = argocd_judge,
};
