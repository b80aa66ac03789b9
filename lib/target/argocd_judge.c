/*
 * What Argo CD's answers mean: a table for all that is not success, and a look
 * into the application that a refresh gives back.
 *
 * A success is judged by what the application reports of itself: the pushed
 * commit, or that it was compared since; see argocd_call.c for why.
 */
#include "target/argocd.h"

#include <string.h>
#include <time.h>

#include "base/limits.h"

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
static const struct verdict {
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
	{ 401, 401, CODE_ANY, NULL, PROJECT_ANY, OUTCOME_RETRY, 0, 0,
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

const char *argocd_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

bool argocd_reports(const json_t *sync, const struct oid *id)
{
	const json_t *revisions = json_object_get(sync, "revisions");
	char hex[OID_HEX_MAX + 1];

	if (id->len == 0 || oid_is_zero(id)) {
		return false;
	}
	oid_to_hex(id, hex);
	if (strcmp(argocd_text(sync, "revision"), hex) == 0) {
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

void argocd_complaint(const json_t *status, char *out, size_t max)
{
	const json_t *conditions = json_object_get(status, "conditions");

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);
		const char *message = argocd_text(condition, "message");
		if (strstr(argocd_text(condition, "type"), "Error") != NULL && *message != '\0') {
			target_clean(message, strlen(message), out, max);
			return;
		}
	}
}

bool argocd_compared_since(const json_t *status, int64_t sent_ms)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(argocd_text(status, "reconciledAt"), "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end != NULL && *end == '\0' && (int64_t)timegm(&tm) >= sent_ms / 1000;
}

static bool heals_itself(const json_t *application)
{
	const json_t *policy = json_object_get(json_object_get(application, "spec"), "syncPolicy");

	return json_is_true(json_object_get(json_object_get(policy, "automated"), "selfHeal"));
}

/* A hard refreshed application came back: was it compared since, and is that all? */
static void judge_hard(const struct argocd_options *options, const struct trigger *trigger,
		       const json_t *application, struct outcome *outcome)
{
	const json_t *status = json_object_get(application, "status");
	const char *state = argocd_text(json_object_get(status, "sync"), "status");
	bool fresh = argocd_compared_since(status, trigger->sent_ms);
	bool again = !fresh && trigger_own_tries(trigger) < LOST_TRIES;
	bool out = strcmp(state, "OutOfSync") == 0 && !heals_itself(application);
	char complaint[ARGOCD_MESSAGE_MAX];

	argocd_complaint(status, complaint, sizeof(complaint));
	const char *colon = *complaint != '\0' ? ": " : "";
	if (!fresh) {
		outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_SENT,
			    "refreshed hard, but it was not compared since%s%s", colon, complaint);
		outcome->retry_after_ms = again ? LOST_WAIT_MS : 0;
		return;
	}
	if (*complaint != '\0' || (out && argocd_sync_follows(options, trigger))) {
		outcome_set(outcome, OUTCOME_SENT, "refreshed hard%s%s", colon, complaint);
		return;
	}
	bool settled = argocd_is_settled(options, trigger, state);
	outcome_set(outcome, settled ? OUTCOME_CONVERGED : OUTCOME_SENT,
		    "refreshed hard; compared since, %s%s",
		    *state != '\0' ? state : "?",
		    out && trigger->automated ? " (without selfHeal it does not sync by itself to "
						"the commit that it is at)" : "");
}

/* A refreshed application came back: does it know of the push? */
static void judge_refreshed(const struct argocd_options *options, const struct trigger *trigger,
			    const json_t *application, struct outcome *outcome)
{
	const json_t *status = json_object_get(application, "status");
	const json_t *sync = json_object_get(status, "sync");
	char complaint[ARGOCD_MESSAGE_MAX];

	if (argocd_reports(sync, &trigger->after)) {
		const char *state = argocd_text(sync, "status");
		bool settled = argocd_is_settled(options, trigger, state);

		outcome_set(outcome, settled ? OUTCOME_CONVERGED : OUTCOME_SENT,
			    "refreshed; it reports the pushed commit, %s",
			    *state != '\0' ? state : "?");
		return;
	}
	argocd_complaint(status, complaint, sizeof(complaint));
	const char *colon = *complaint != '\0' ? ": " : "";
	if (!argocd_reports(sync, &trigger->before)) {
		outcome_set(outcome, OUTCOME_SENT, "refreshed%s%s", colon, complaint);
		return;
	}
	bool again = trigger_own_tries(trigger) < LOST_TRIES;
	outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_SENT,
		    "refreshed, but it still reports the commit before the push%s%s", colon,
		    complaint);
	outcome->retry_after_ms = again ? LOST_WAIT_MS : 0;
}

/*
 * 2xx.  Argo CD's own web page answers 200 for any path that its API does not
 * have, so a success without an application in it is none.
 */
static void judge_success(const struct argocd_options *options, const struct trigger *trigger,
			  const struct call_result *answer, struct outcome *outcome)
{
	bool sync = argocd_is_sync(options, trigger);

	if (!answer->completed || answer->truncated) {
		outcome_set(outcome, OUTCOME_SENT, "%s; the answer was cut short",
			    sync ? "sync started" : "refreshed");
		return;
	}
	json_t *application = target_parse(answer->output, answer->output_len);
	if (application == NULL || json_object_get(application, "metadata") == NULL) {
		bool again = trigger_own_tries(trigger) < LOST_TRIES;
		outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_REFUSED,
			    "the answer holds no application: no Argo CD API at this address; is "
			    "its root path in the url?");
		target_keep_output(outcome, answer);
	} else if (sync) {
		outcome_set(outcome, OUTCOME_SENT, "sync started");
	} else if (trigger->hard) {
		judge_hard(options, trigger, application, outcome);
	} else {
		judge_refreshed(options, trigger, application, outcome);
	}
	json_decref(application);
}

static bool rule_fits(const struct verdict *rule, const struct trigger *trigger, int status,
		      int code, const char *message)
{
	if (status < rule->from || status > rule->to) {
		return false;
	}
	if (rule->code != CODE_ANY && rule->code != code) {
		return false;
	}
	if (rule->project != PROJECT_ANY &&
	    rule->project != (argocd_has_project(trigger) ? PROJECT_NAMED : PROJECT_UNNAMED)) {
		return false;
	}
	return rule->text == NULL || strcasestr(message, rule->text) != NULL;
}

static int64_t longest_wait(int64_t ours, int64_t theirs)
{
	int64_t capped = theirs > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : theirs;

	return capped > ours ? capped : ours;
}

/* Does a status speak of Argo CD as a whole, or of what stands before it? */
static bool is_of_all(int status)
{
	return status == 401 || status == 429 || (status >= 502 && status <= 504);
}

/* Any status but 2xx: the table says. */
static void judge_failure(const struct argocd_options *options, const struct trigger *trigger,
			  const struct call_result *answer, struct outcome *outcome)
{
	json_t *body = answer->truncated ? NULL : target_parse(answer->output, answer->output_len);
	const json_t *code = json_object_get(body, "code");
	const char *message = argocd_text(body, "message");
	char said[ARGOCD_MESSAGE_MAX];

	if (*message == '\0') {
		message = argocd_text(body, "error");
	}
	bool foreign = body == NULL || !json_is_integer(code);
	int number = foreign ? CODE_NONE : (int)json_integer_value(code);
	const struct verdict *rule = rules;
	while (!rule_fits(rule, trigger, answer->status, number, message)) {
		rule++; /* the last row fits everything */
	}
	enum outcome_kind kind = rule->kind;

	outcome->whole = is_of_all(answer->status);
	if (rule->tries > 0) {
		kind = trigger_own_tries(trigger) < rule->tries ? OUTCOME_RETRY : OUTCOME_REFUSED;
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
static void judge_silence(const struct argocd_options *options, const struct trigger *trigger,
			  const struct call_result *answer, struct outcome *outcome)
{
	char why[ARGOCD_MESSAGE_MAX] = "no reason given";
	long long seconds = (long long)(options->time_limit_ms / 1000);

	if (answer->failure != NULL) {
		target_clean(answer->failure, strlen(answer->failure), why, sizeof(why));
	}
	if (answer->never_sent) {
		outcome_set(outcome, answer->unusable ? OUTCOME_REFUSED : OUTCOME_RETRY,
			    "not sent: %s", why);
		outcome->whole = !answer->unusable;
		return;
	}
	if (answer->timed_out && !argocd_is_sync(options, trigger)) {
		/*
		 * It may have been taken, or all of the server hangs: who asks again does
		 * no harm, and who does not may have lost the ring. A hard refresh costs
		 * much, and a sync may have to follow it: it is asked for three times.
		 */
		bool again = !trigger->hard || trigger_own_tries(trigger) < LOST_TRIES;

		outcome_set(outcome, again ? OUTCOME_RETRY : OUTCOME_SENT,
			    "refresh asked for; no answer within %lld s", seconds);
		outcome->silent = again;
		return;
	}
	if (answer->timed_out) {
		outcome_set(outcome, OUTCOME_RETRY, "no answer to the sync within %lld s", seconds);
		outcome->silent = true;
		return;
	}
	outcome_set(outcome, OUTCOME_RETRY, "sent, but no answer: %s", why);
	outcome->whole = true;
}

void argocd_judge(const void *data, const struct trigger *trigger,
			 const struct call_result *answer, struct outcome *ret_outcome)
{
	const struct argocd_options *options = data;

	if (answer->status == 0) {
		judge_silence(options, trigger, answer, ret_outcome);
	} else if (answer->status >= 200 && answer->status < 300) {
		judge_success(options, trigger, answer, ret_outcome);
	} else {
		judge_failure(options, trigger, answer, ret_outcome);
	}
	if (ret_outcome->kind == OUTCOME_SENT && argocd_sync_follows(options, trigger)) {
		ret_outcome->kind = OUTCOME_STEP;
	}
}
