/*
 * What is asked of Argo CD, through its HTTP API.
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
 * push, and we ring again, a few times (argocd_judge.c).
 *
 * The address is the operator's; redirects are refused, as a plain port 80
 * that sends us to https would have seen the token already.
 */
#include "target/argocd.h"

#include <string.h>

#include "base/percent.h"

/* An application that syncs by itself is refreshed, and what is hard is at first, see above. */
bool argocd_is_sync(const struct argocd_options *options, const struct trigger *trigger)
{
	return options->action == ARGOCD_SYNC &&
	       (trigger->hard ? trigger->step > 0 : !trigger->automated);
}

bool argocd_sync_follows(const struct argocd_options *options, const struct trigger *trigger)
{
	return options->action == ARGOCD_SYNC && trigger->hard && trigger->step == 0;
}

bool argocd_is_settled(const struct argocd_options *options, const struct trigger *trigger,
		       const char *sync)
{
	/* autoSync() passes over a commit that it knows: a hard refresh may change nothing. */
	bool synced = options->action == ARGOCD_SYNC || (trigger->automated && !trigger->hard);

	return options->converge_ms == 0 || !synced || strcmp(sync, "Synced") == 0;
}

bool argocd_has_project(const struct trigger *trigger)
{
	return trigger->project != NULL && *trigger->project != '\0';
}

void argocd_begin_url(struct buf *url, const struct argocd_options *options, const char *path)
{
	size_t root = strlen(options->url);

	while (root > 0 && options->url[root - 1] == '/') {
		root--;
	}
	buf_init(url, ARGOCD_URL_MAX);
	(void)buf_add(url, options->url, root);
	(void)buf_addstr(url, path);
}

void argocd_begin_call(const struct argocd_options *options, struct call *call)
{
	call->type = CALL_HTTP;
	call->time_limit_ms = options->time_limit_ms;
	call->token_file = options->token_file;
	call->ca_file = options->ca_file;
	call->insecure = options->insecure;
	call->method = "GET";
}

static int make_url(const struct argocd_options *options, const struct trigger *trigger,
		    const struct target_application *app, char **ret_url, struct error *err)
{
	struct buf url;

	argocd_begin_url(&url, options, "/api/v1/applications/");
	(void)percent_encode(&url, app->name, strlen(app->name));
	if (argocd_is_sync(options, trigger)) {
		(void)buf_addstr(&url, "/sync");
	} else {
		(void)buf_addstr(&url, "?refresh=");
		bool hard = trigger->hard || options->action == ARGOCD_HARD_REFRESH;
		(void)buf_addstr(&url, hard ? "hard" : "normal");
		if (argocd_has_project(trigger)) {
			(void)buf_addstr(&url, "&project=");
			(void)percent_encode(&url, trigger->project, strlen(trigger->project));
		}
		if (*app->space != '\0') {
			(void)buf_addstr(&url, "&appNamespace=");
			(void)percent_encode(&url, app->space, strlen(app->space));
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
static char *make_body(const struct argocd_options *options, const struct trigger *trigger,
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
	if (argocd_has_project(trigger)) {
		(void)json_object_set_new(body, "project", json_string(trigger->project));
	}
	if (*app->space != '\0') {
		(void)json_object_set_new(body, "appNamespace", json_string(app->space));
	}
	char *text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return text;
}

int argocd_prepare(const void *data, const struct trigger *trigger, struct call *ret_call,
		   struct error *err)
{
	const struct argocd_options *options = data;
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
	argocd_begin_call(options, ret_call);
	strvec_push(&ret_call->headers, "Accept: application/json");
	if (argocd_is_sync(options, trigger)) {
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
