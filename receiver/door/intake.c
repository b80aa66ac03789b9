/*
 * From a request to a stored delivery and its answer.
 *
 *   on_admit()     the head is complete: which sources could it be for?
 *   on_request()   the body is there: verify, read, look the repository up,
 *                  hand the delivery to the store
 *   on_stored()    it is durable: answer, and let the pushes be decided
 *
 * Our own hook may ask whether its repository is known (push/push_native.h);
 * that is answered from on_request() and not stored.
 *
 * Answers: 202 stored; 200 a repeat, or nothing to do; 401 not authentic; 403
 * authentic, but about a repository that this source may not speak of; 400
 * not what this sender sends; 503 not stored, send it again.
 */
#include "receiver/door/intake.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/crypto.h"
#include "base/giturl.h"
#include "base/glob.h"
#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "provider/provider.h"
#include "push/push_native.h"
#include "receiver/door/waiters.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/settings/settings.h"
#include "receiver/store/store.h"

#define HOOKS_PATH "/hooks/"
#define ANY_PATH "/api/webhook"

struct intake {
	struct intake_options o;
	struct settings *settings;
	struct waiters *waiters;
	struct conn_handler handler;
	struct log_limit unauthenticated; // lines about requests that anybody can send
};

/* A delivery on its way through the store. */
struct arrival {
	struct intake *intake;
	struct record_delivery delivery;
	uint64_t conn;
	int64_t wait_ms;           // our hook: how long it would wait to be told, 0: it does not
	int64_t came_ms;           // monotonic
	const char *provider;      // constant name
	char *told;                // what our hook is told at once; NULL: it waits. Owned
};

/* A request as providers see it, built on the stack. */
struct view {
	struct provider_header headers[LIMIT_HEADER_LINES];
	struct provider_request request;
};

static void make_view(const struct conn_request *from, struct view *view)
{
	const struct http_head *head = from->head;

	for (size_t i = 0; i < head->field_count; i++) {
		view->headers[i].name = head->fields[i].name.at;
		view->headers[i].value = head->fields[i].value.at;
	}
	view->request = (struct provider_request){
		.headers = view->headers,
		.header_count = head->field_count,
		.body = from->body != NULL && from->body->data != NULL ? from->body->data : "",
		.body_len = from->body != NULL ? from->body->len : 0,
		.now_ms = mstime_wall(),
	};
}

static struct provider_secrets secrets_of(const struct config_source *source)
{
	return (struct provider_secrets){
		.secrets = source->secrets,
		.signing_tokens = source->signing_tokens,
		.tolerance_ms = source->timestamp_tolerance,
	};
}

static bool is_for(const struct config_source *source, const char *path,
		   const struct provider *detected)
{
	if (strncmp(path, HOOKS_PATH, strlen(HOOKS_PATH)) == 0) {
		return strcmp(path + strlen(HOOKS_PATH), source->name) == 0;
	}
	return detected != NULL && strcmp(path, ANY_PATH) == 0 &&
	       provider_by_name(source->provider) == detected;
}

/*
 * The next source from index *at that a request could be for, or NULL.  There
 * is one for /hooks/<source>; /api/webhook tries all of the sender's kind.
 */
static const struct config_source *next_source(const struct intake *intake, const char *path,
					       const struct provider *detected, size_t *at)
{
	const struct config *config = intake->settings->config;

	while (*at < config->source_count) {
		const struct config_source *source = &config->sources[(*at)++];

		if (is_for(source, path, detected)) {
			return source;
		}
	}
	return NULL;
}

static const struct provider *detect(const struct conn_request *request, const struct view *view)
{
	return strcmp(request->head->path.at, ANY_PATH) == 0
		       ? provider_detect(view->request.headers, view->request.header_count)
		       : NULL;
}

static int status_of(enum provider_result result)
{
	static const int statuses[] = {
		[PROVIDER_OK] = 0,
		[PROVIDER_UNAUTHORIZED] = 401,
		[PROVIDER_MALFORMED] = 400,
		[PROVIDER_UNSUPPORTED] = 415,
	};

	return statuses[result];
}

static void count_rejected(struct intake *intake, const char *provider, const char *reason)
{
	metrics_count(intake->o.metrics, METRIC_DELIVERIES_RECEIVED, provider, "rejected", 1);
	metrics_count(intake->o.metrics, METRIC_DELIVERIES_REJECTED, provider, reason, 1);
}

static void on_admit(void *ctx, const struct conn_request *request, struct http_route *ret_route)
{
	struct intake *intake = ctx;
	struct view view;
	size_t at = 0;

	make_view(request, &view);
	const struct provider *detected = detect(request, &view);
	const struct config_source *source = next_source(intake, request->head->path.at,
							 detected, &at);
	*ret_route = (struct http_route){
		.methods = HTTP_POST,
		.body_max = (uint64_t)intake->settings->config->max_body_bytes,
		.body_wanted = true,
		.status = 404,
	};
	if (source == NULL && strcmp(request->head->path.at, ANY_PATH) == 0) {
		ret_route->status = 401;
	}
	for (; source != NULL && ret_route->status != 0;
	     source = next_source(intake, request->head->path.at, detected, &at)) {
		struct provider_secrets secrets = secrets_of(source);

		ret_route->status = status_of(provider_check_headers(
			provider_by_name(source->provider), &view.request, &secrets));
		if (ret_route->status != 0) {
			count_rejected(intake, source->provider, "signature");
		}
	}
}

static void reply_status_only(struct intake *intake, uint64_t conn, int status)
{
	struct reply reply = { .status = status };

	(void)conn_reply(intake->o.conns, conn, &reply);
}

static void reply_json(struct intake *intake, uint64_t conn, int status, const char *text)
{
	struct reply reply = {
		.status = status,
		.content_type = "application/json",
		.body = text,
		.body_len = strlen(text),
	};

	(void)conn_reply(intake->o.conns, conn, &reply);
}

/* The source whose secret the request proves to know, or NULL: answered 401. */
static const struct config_source *authenticate(struct intake *intake,
						const struct conn_request *request,
						const struct view *view)
{
	const struct provider *detected = detect(request, view);
	struct error err = ERROR_INIT;
	const char *tried = NULL;
	uint64_t left_out = 0;
	size_t at = 0;

	for (const struct config_source *source = next_source(intake, request->head->path.at,
							      detected, &at);
	     source != NULL;
	     source = next_source(intake, request->head->path.at, detected, &at)) {
		struct provider_secrets secrets = secrets_of(source);

		tried = source->name;
		if (provider_verify(provider_by_name(source->provider), &view->request, &secrets,
				    &err) == PROVIDER_OK) {
			return source;
		}
		count_rejected(intake, source->provider, "signature");
	}
	if (log_limit_pass(&intake->unauthenticated, mstime_monotonic(), &left_out)) {
		log_warn("delivery refused", "source", tried, "peer", request->peer->address,
			 "reason", err.text, "not_logged", left_out > 0 ? LOG_INT(left_out) : NULL,
			 NULL);
	}
	reply_status_only(intake, request->id, 401);
	return NULL;
}

/* May this source speak of that address? */
static bool is_bound_to(const struct config_source *source, const char *url)
{
	char *name = giturl_normalise(url, NULL);
	bool allowed = source->repositories.count == 0 && name != NULL;

	for (size_t i = 0; name != NULL && !allowed && i < source->repositories.count; i++) {
		const char *glob = source->repositories.items[i];

		allowed = glob_match(GLOB_GOBWAS, glob, name) == GLOB_MATCH ||
			  glob_match(GLOB_GOBWAS, glob, url) == GLOB_MATCH;
	}
	free(name);
	return allowed;
}

/* What an address means to us. */
struct lookup {
	bool allowed;                   // the source may speak of one of them
	const struct repository *found; // NULL: not configured
	const char *address;            // the address that was looked up
	const char *near;               // not found: the configured one that looks like it
};

/* Only addresses that the source is bound to are looked up at all. */
static struct lookup find_repository(const struct intake *intake,
				     const struct config_source *source,
				     const struct delivery_content *content)
{
	struct lookup lookup = { .allowed = false };

	for (size_t i = 0; i < content->urls.count && lookup.found == NULL; i++) {
		const char *url = content->urls.items[i];

		if (is_bound_to(source, url)) {
			lookup.allowed = true;
			lookup.address = lookup.address != NULL ? lookup.address : url;
			lookup.found = repositories_find(intake->settings->repositories, url);
		}
	}
	if (lookup.allowed && lookup.found == NULL) {
		lookup.near = repositories_nearest(intake->settings->repositories, lookup.address);
	}
	return lookup;
}

/* What our hook is told of the repository. A source hears of no other than its own. */
static json_t *lookup_to_json(const struct config_source *source, const struct lookup *lookup)
{
	json_t *json = json_object();

	(void)json_object_set_new(json, "repository", text_to_json(lookup->address));
	(void)json_object_set_new(json, "known", json_boolean(lookup->found != NULL));
	if (lookup->near != NULL && is_bound_to(source, lookup->near)) {
		(void)json_object_set_new(json, "nearest", text_to_json(lookup->near));
	}
	return json;
}

static void fill_push(const struct delivery_content *content, const struct push *from,
		      const struct lookup *lookup, struct record_push *push)
{
	const struct repository *r = lookup->found;

	push->ref = xstrdup(from->ref);
	push->before = from->before;
	push->after = from->after;
	push->changed_paths = -1;
	push->accepted_ms = mstime_wall();
	push->default_branch = xstrdup_or_null(r != NULL && r->config->default_branch != NULL
						       ? r->config->default_branch
						       : content->default_branch);
	if (r != NULL) {
		push->repository = xstrdup(r->name);
		return;
	}
	push->repository = giturl_normalise(lookup->address, NULL);
	push->state = PUSH_IGNORED;
	push->decided_ms = push->accepted_ms;
	push->reason = lookup->near != NULL
			       ? xasprintf("the repository is not configured; the nearest is %s",
					   lookup->near)
			       : xstrdup("the repository is not configured");
}

static void fill_delivery(const struct config_source *source, const struct view *view,
			  const struct delivery_content *content, const struct lookup *lookup,
			  struct record_delivery *d)
{
	const struct provider *provider = provider_by_name(source->provider);
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(view->request.body, view->request.body_len, digest);
	d->source = xstrdup(source->name);
	d->provider = xstrdup(source->provider);
	d->sender_id = xstrdup_or_null(provider_delivery_id(provider, &view->request));
	d->body_sha256 = xstrdup(digest);
	d->event = xstrdup(content->event);
	d->pusher = xstrdup_or_null(content->pusher);
	d->ignored = xstrdup_or_null(content->ignored);
	d->body_size = (int64_t)view->request.body_len;
	d->body_len = view->request.body_len < LIMIT_BODY_KEPT ? view->request.body_len
							       : LIMIT_BODY_KEPT;
	d->body = xmemdup(view->request.body, d->body_len);
	d->received_ms = mstime_wall();
	d->push_count = content->count;
	d->pushes = xcalloc(content->count, sizeof(*d->pushes));
	for (size_t i = 0; i < content->count; i++) {
		fill_push(content, &content->pushes[i], lookup, &d->pushes[i]);
	}
}

static void arrival_free(struct arrival *a)
{
	record_delivery_release(&a->delivery);
	free(a->told);
	free(a);
}

static void log_delivery(const struct arrival *a, const char *result)
{
	const struct record_delivery *d = &a->delivery;

	log_info("delivery", "delivery", LOG_INT(d->id), "result", result, "source", d->source,
		 "event", d->event, "repo", d->push_count > 0 ? d->pushes[0].repository : NULL,
		 "ref", d->push_count > 0 ? d->pushes[0].ref : NULL, "refs",
		 LOG_INT(d->push_count), "reason", d->ignored, "time_ms",
		 LOG_INT(mstime_monotonic() - a->came_ms), NULL);
}

/* It is durable. Answer first, then let it be decided. */
static void accepted(struct arrival *a)
{
	struct intake *intake = a->intake;
	const struct record_delivery *d = &a->delivery;
	size_t open = 0;

	for (size_t i = 0; i < d->push_count; i++) {
		open += d->pushes[i].state == PUSH_ACCEPTED;
	}
	if (a->told != NULL) {
		reply_json(intake, a->conn, 202, a->told);
	} else if (a->wait_ms > 0) {
		waiters_add(intake->waiters, a->conn, d->id, open, a->wait_ms);
	} else {
		reply_status_only(intake, a->conn, d->push_count > 0 ? 202 : 200);
	}
	metrics_count(intake->o.metrics, METRIC_DELIVERIES_RECEIVED, a->provider,
		      open > 0 ? "accepted" : "ignored", 1);
	metrics_observe(intake->o.metrics, METRIC_ACCEPT_DURATION, a->provider,
			(double)(mstime_monotonic() - a->came_ms) / 1000);
	log_delivery(a, open > 0 ? "accepted" : "ignored");
	for (size_t i = 0; i < d->push_count; i++) {
		if (d->pushes[i].state == PUSH_ACCEPTED) {
			intake->o.accepted(intake->o.ctx, &d->pushes[i]);
		}
	}
}

static void on_stored(void *arg, enum record_result result, const struct error *err)
{
	struct arrival *a = arg;
	struct intake *intake = a->intake;

	if (result == RECORD_OK) {
		accepted(a);
	} else if (result == RECORD_DUPLICATE) {
		reply_status_only(intake, a->conn, 200);
		metrics_count(intake->o.metrics, METRIC_DELIVERIES_RECEIVED, a->provider,
			      "duplicate", 1);
		log_delivery(a, "duplicate");
	} else {
		log_error("delivery not stored", "source", a->delivery.source, "reason", err->text,
			  NULL);
		reply_status_only(intake, a->conn, 503);
	}
	arrival_free(a);
}

/* How long the sender would wait to be told: only our own hook asks. */
static int64_t wait_of(const struct intake *intake, const struct config_source *source,
		       const struct view *view)
{
	const char *text = strcmp(source->provider, "native") == 0
				   ? provider_header_get(&view->request, PUSH_NATIVE_WAIT)
				   : NULL;
	int64_t most = intake->settings->config->hook_wait;
	int64_t asked = text != NULL ? strtoll(text, NULL, 10) : 0;

	return asked < most ? asked : most;
}

/* What our hook is told at once of a repository that is not known, else NULL. A new string. */
static char *tell_unknown(const struct config_source *source,
			  const struct delivery_content *content, const struct lookup *lookup)
{
	if (content->count == 0 || lookup->found != NULL) {
		return NULL;
	}
	json_t *json = lookup_to_json(source, lookup);
	(void)json_object_set_new(json, "decided", json_true());
	(void)json_object_set_new(json, "refs", json_array());
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static void store(struct intake *intake, const struct conn_request *request,
		  const struct config_source *source, const struct view *view,
		  const struct delivery_content *content, const struct lookup *lookup)
{
	struct arrival *a = xcalloc(1, sizeof(*a));

	*a = (struct arrival){
		.intake = intake,
		.conn = request->id,
		.came_ms = mstime_monotonic(),
		.provider = provider_get_name(provider_by_name(source->provider)),
		.wait_ms = wait_of(intake, source, view),
	};
	a->told = a->wait_ms > 0 ? tell_unknown(source, content, lookup) : NULL;
	fill_delivery(source, view, content, lookup, &a->delivery);
	if (store_add_delivery(intake->o.store, &a->delivery, on_stored, a) != STORE_OK) {
		reply_status_only(intake, request->id, 503);
		arrival_free(a);
	}
}

/* Our hook asks whether its repository is known, and reports no push. */
static bool is_question(const struct config_source *source, const struct delivery_content *content)
{
	return strcmp(source->provider, "native") == 0 && content->count == 0 &&
	       strcmp(content->event, PUSH_NATIVE_PING) == 0;
}

static void answer_question(struct intake *intake, const struct conn_request *request,
			    const struct config_source *source, const struct lookup *lookup)
{
	json_t *json = lookup_to_json(source, lookup);
	char *text = json_dumps(json, JSON_COMPACT);

	log_info("question", "source", source->name, "repo", lookup->address, "result",
		 lookup->found != NULL ? "known" : "unknown", NULL);
	if (text != NULL) {
		reply_json(intake, request->id, 200, text);
	} else {
		reply_status_only(intake, request->id, 503);
	}
	free(text);
	json_decref(json);
}

static void on_request(void *ctx, const struct conn_request *request)
{
	struct intake *intake = ctx;
	struct delivery_content content = { .event = NULL };
	struct error err = ERROR_INIT;
	struct view view;

	make_view(request, &view);
	const struct config_source *source = authenticate(intake, request, &view);
	if (source == NULL) {
		return;
	}
	enum provider_result parsed = provider_parse(provider_by_name(source->provider),
						     &view.request, &content, &err);
	if (parsed != PROVIDER_OK) {
		count_rejected(intake, source->provider, "malformed");
		log_warn("delivery refused", "source", source->name, "reason", err.text, NULL);
		reply_status_only(intake, request->id, status_of(parsed));
		goto out;
	}
	struct lookup lookup = find_repository(intake, source, &content);
	bool question = is_question(source, &content);
	if ((content.count > 0 || question) && !lookup.allowed) {
		count_rejected(intake, source->provider, "unknown_repository");
		log_warn("delivery refused", "source", source->name, "repo",
			 content.urls.count > 0 ? content.urls.items[0] : "", "reason",
			 "this source may not speak of that repository (sources.repositories)",
			 NULL);
		reply_status_only(intake, request->id, 403);
		goto out;
	}
	if (question) {
		answer_question(intake, request, source, &lookup);
		goto out;
	}
	store(intake, request, source, &view, &content, &lookup);
out:
	delivery_content_release(&content);
}

struct intake *intake_new(const struct intake_options *options)
{
	struct intake *intake = xcalloc(1, sizeof(*intake));

	intake->o = *options;
	intake->waiters = waiters_new(options->base, options->conns);
	intake->handler = (struct conn_handler){ .admit = on_admit, .request = on_request,
						 .ctx = intake };
	return intake;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL) {
		return;
	}
	waiters_free(intake->waiters);
	settings_unref(intake->settings);
	free(intake);
}

void intake_set_settings(struct intake *intake, struct settings *settings)
{
	settings_unref(intake->settings);
	intake->settings = settings_ref(settings);
}

const struct conn_handler *intake_handler(const struct intake *intake)
{
	return &intake->handler;
}

void intake_decided(struct intake *intake, const struct delivery_decision *decision)
{
	waiters_decided(intake->waiters, decision);
}
