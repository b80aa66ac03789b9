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
 * Answers: 202 stored, or a repeat of what failed; 200 another repeat, or nothing
 * to do; 401 not authentic; 403 authentic, but about a repository that this source
 * may not speak of; 400 not what this sender sends; 429 it sends too much; 503 not
 * stored, send it again.
 */
#include "receiver/door/intake.h"

#include <stdlib.h>
#include <string.h>

#include "admission/admission.h"
#include "base/giturl.h"
#include "base/crypto.h"
#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "provider/provider.h"
#include "push/push_answer.h"
#include "receiver/door/pace.h"
#include "receiver/door/repeat.h"
#include "receiver/door/turned_away.h"
#include "receiver/door/waiters.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/settings/settings.h"
#include "receiver/store/store.h"

/* A delivery that failed and is sent again and again is carried out so often at most. */
#define REPEAT_EVERY_MS 60000

/* So many are remembered for that. */
#define LATELY 64

struct lately {
	int64_t id;    // of a delivery, 0: none
	int64_t at_ms; // monotonic: when it was sent again
};

struct intake {
	struct intake_options o;
	struct lately lately[LATELY];
	struct settings *settings;
	struct waiters *waiters;
	struct conn_handler handler;
	struct pace *pace;
	struct turned_away turned_away;   // requests that are refused by their head
	struct log_limit unauthenticated; // lines about requests that anybody can send
	struct log_limit too_many;        // lines about a source that sends too much
};

/* A delivery on its way through the store. */
struct arrival {
	struct intake *intake;
	struct record_delivery delivery;
	uint64_t conn;
	int64_t wait_ms;           // our hook: how long it would wait to be told, 0: it does not
	int64_t came_ms;           // monotonic: its first byte
	int64_t handed_ms;         // monotonic: it was handed to the store
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

static void count_rejected(struct intake *intake, const struct admission_source *source,
			   const char *label)
{
	const char *provider = provider_get_name(source->provider);

	metrics_count(intake->o.metrics, METRIC_DELIVERIES_RECEIVED, provider, "rejected", 1);
	metrics_count(intake->o.metrics, METRIC_DELIVERIES_REJECTED, provider, label, 1);
}

static bool is_post(const struct http_head *head)
{
	return head->method.len == 4 && memcmp(head->method.at, "POST", 4) == 0;
}

/*
 * Judged by the head alone, before a byte of the body is kept: which methods,
 * how large a body, or an answer at once. It costs no digest, so a stranger
 * buys nothing with it. Settings may change between this and on_request(),
 * which therefore judges anew and takes nothing over from here.
 */
static void on_admit(void *ctx, const struct conn_request *request, struct http_route *ret_route)
{
	struct intake *intake = ctx;
	struct admission_head verdict;
	struct view view;

	make_view(request, &view);
	admission_judge_head(&intake->settings->admission, request->head->path.at, &view.request,
			     &verdict);
	*ret_route = (struct http_route){
		.methods = HTTP_POST,
		.body_max = verdict.body_max,
		.body_wanted = true,
		.status = verdict.status,
		.name = request->peer->is_unix ? "hook" : "webhook",
	};
	if (verdict.status != 0 && verdict.source != NULL) {
		count_rejected(intake, verdict.source, "signature");
	}
	int status = verdict.status != 0 ? verdict.status : is_post(request->head) ? 0 : 405;
	if (status != 0) {
		turned_away_tell(&intake->turned_away, status, verdict.source, &view.request,
				 request->head->path.at, request->peer->address);
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

/* r: the repository that it is of, or NULL: none that is configured. */
static void fill_push(const struct push *from, const struct admission_verdict *verdict,
		      const struct repository *r, struct record_push *push)
{
	push->ref = xstrdup(from->ref);
	push->before = from->before;
	push->after = from->after;
	push->changed_paths = -1;
	push->accepted_ms = mstime_wall();
	push->default_branch = xstrdup_or_null(r != NULL && r->config->default_branch != NULL
						       ? r->config->default_branch
						       : verdict->content.default_branch);
	if (r != NULL) {
		push->repository = xstrdup(r->name);
		return;
	}
	push->repository = giturl_normalise(verdict->address, NULL);
	push->state = PUSH_IGNORED;
	push->decided_ms = push->accepted_ms;
	push->reason = xstrdup(verdict->ignored);
}

/* What is said of one repository is believed only if it means one: else who is who? */
static void learn_addresses(struct intake *intake, const struct admission_verdict *verdict)
{
	const struct strvec *urls = &verdict->content.urls;
	const struct repository *r = verdict->repositories[0];

	for (size_t i = 0; verdict->repository_count == 1 && i < urls->count; i++) {
		if (admission_may_name(verdict->source, urls->items[i])) {
			intake->o.learned(intake->o.ctx, urls->items[i], r->name);
		}
	}
}

/* Each push once for each repository that it is of. */
static void fill_pushes(const struct admission_verdict *verdict, struct record_delivery *d)
{
	size_t count = verdict->content.count;
	size_t repositories = verdict->repository_count > 0 ? verdict->repository_count : 1;

	d->push_count = count * repositories;
	d->pushes = xcalloc(d->push_count, sizeof(*d->pushes));
	for (size_t i = 0; i < d->push_count; i++) {
		fill_push(&verdict->content.pushes[i % count], verdict,
			  verdict->repositories[i / count], &d->pushes[i]);
	}
}

static void fill_delivery(const struct admission_verdict *verdict, const struct view *view,
			  struct record_delivery *d)
{
	const struct provider *provider = verdict->source->provider;
	const struct delivery_content *content = &verdict->content;
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(view->request.body, view->request.body_len, digest);
	d->source = xstrdup(verdict->source->name);
	d->provider = xstrdup(provider_get_name(provider));
	d->sender_id = xstrdup_or_null(provider_delivery_id(provider, &view->request));
	d->body_sha256 = xstrdup(digest);
	d->known_by_body = provider_signs_body_only(provider);
	d->event = xstrdup(content->event);
	d->pusher = xstrdup_or_null(content->pusher);
	d->ignored = xstrdup_or_null(content->ignored);
	d->body_size = (int64_t)view->request.body_len;
	d->body_len = view->request.body_len < LIMIT_BODY_KEPT ? view->request.body_len
							       : LIMIT_BODY_KEPT;
	d->body = xmemdup(view->request.body, d->body_len);
	d->received_ms = mstime_wall();
	fill_pushes(verdict, d);
	for (size_t i = 0; i < d->push_count; i++) {
		d->pushes[i].sender_id = xstrdup_or_null(d->sender_id);
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

	log_info("delivery", "delivery", LOG_INT(d->id), "sender_id", d->sender_id, "result",
		 result, "source", d->source,
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

static void on_repeated(void *arg, enum repeat_result result, int64_t fresh, const char *why)
{
	struct arrival *a = arg;
	struct intake *intake = a->intake;

	(void)fresh;
	(void)why;
	reply_status_only(intake, a->conn, result == REPEAT_STORED ? 202 : 200);
	metrics_count(intake->o.metrics, METRIC_DELIVERIES_RECEIVED, a->provider, "duplicate", 1);
	log_delivery(a, "duplicate");
	arrival_free(a);
}

/* Was this delivery carried out again just now? It is noted that it is, else. */
static bool repeated_lately(struct intake *intake, int64_t id)
{
	int64_t now = mstime_monotonic();
	struct lately *oldest = &intake->lately[0];

	for (size_t i = 0; i < LATELY; i++) {
		struct lately *l = &intake->lately[i];

		if (l->id == id && now - l->at_ms < REPEAT_EVERY_MS) {
			return true;
		}
		oldest = l->at_ms < oldest->at_ms ? l : oldest;
	}
	*oldest = (struct lately){ .id = id, .at_ms = now };
	return false;
}

/*
 * A repeat is answered with 200, and its pushes are not given to the core, which
 * has them. But who presses "Redeliver" because something failed wants it done:
 * then it is carried out again, and answered with 202.
 */
static void duplicate(struct arrival *a)
{
	const struct repeat_order order = {
		.store = a->intake->o.store,
		.id = a->delivery.id,
		.only_failed = true,
		.accepted = a->intake->o.accepted,
		.ctx = a->intake->o.ctx,
		.done = on_repeated,
		.arg = a,
	};

	if (a->delivery.push_count == 0 || repeated_lately(a->intake, a->delivery.id)) {
		on_repeated(a, REPEAT_NOTHING, 0, "");
		return;
	}
	repeat_delivery(&order);
}

/*
 * The store has answered, and with that the arrival ends. The connection may be
 * gone by now; the delivery counts all the same, since its sender, unanswered,
 * sends it again and that is recognised as a repeat.
 */
static void on_stored(void *arg, enum record_result result, const struct error *err)
{
	struct arrival *a = arg;
	struct intake *intake = a->intake;

	metrics_observe(intake->o.metrics, METRIC_STAGE_DURATION, "store",
			(double)(mstime_monotonic() - a->handed_ms) / 1000);

	if (result == RECORD_OK) {
		accepted(a);
	} else if (result == RECORD_DUPLICATE) {
		duplicate(a);
		return;
	} else {
		log_error("delivery not stored", "source", a->delivery.source, "reason", err->text,
			  NULL);
		reply_status_only(intake, a->conn, 503);
	}
	arrival_free(a);
}

/* How long the sender may wait to be told; 0: it does not ask. */
static int64_t wait_of(const struct intake *intake, const struct admission_source *source,
		       const struct view *view)
{
	int64_t most = intake->settings->config->hook_wait;
	int64_t asked = provider_wait_ms(source->provider, &view->request);

	return asked < most ? asked : most;
}

/* What our hook is told of the repository, as text. A source hears of no other than its own. */
static char *tell_repository(const struct admission_verdict *verdict, bool for_push)
{
	const char *nearest = verdict->nearest;
	bool may_hear = nearest != NULL && admission_may_name(verdict->source, nearest);
	struct push_answer_repository repository = {
		.address = verdict->address,
		.known = verdict->repository_count > 0,
		.nearest = may_hear ? nearest : NULL,
	};
	size_t len = 0;

	return push_answer_about(&repository, for_push, &len);
}

/*
 * Everything that outlives this call is copied into the arrival: head, body and
 * verdict are the connection's and gone when this returns. The delivery in it
 * is lent to the store until on_stored(), so the arrival stays where it is even
 * if the connection ends. A store that has no room says so at once, and then
 * nothing was taken.
 */
static void store(struct intake *intake, const struct conn_request *request,
		  const struct view *view, const struct admission_verdict *verdict)
{
	struct arrival *a = xcalloc(1, sizeof(*a));

	*a = (struct arrival){
		.intake = intake,
		.conn = request->id,
		.came_ms = request->began_ms,
		.handed_ms = mstime_monotonic(),
		.provider = provider_get_name(verdict->source->provider),
		.wait_ms = wait_of(intake, verdict->source, view),
	};
	if (a->wait_ms > 0 && verdict->ignored != NULL && verdict->content.count > 0) {
		a->told = tell_repository(verdict, true);
	}
	learn_addresses(intake, verdict);
	fill_delivery(verdict, view, &a->delivery);
	if (store_add_delivery(intake->o.store, &a->delivery, on_stored, a) != STORE_OK) {
		reply_status_only(intake, request->id, 503);
		arrival_free(a);
	}
}

static void answer_question(struct intake *intake, const struct conn_request *request,
			    const struct admission_verdict *verdict)
{
	char *text = tell_repository(verdict, false);

	log_info("question", "source", verdict->source->name, "repo", verdict->address, "result",
		 verdict->repository_count > 0 ? "known" : "unknown", NULL);
	reply_json(intake, request->id, 200, text);
	free(text);
}

/*
 * What is refused leaves a metric and a line in the log, and nothing on disk.
 * The sender reads only the status: why a signature did not fit, or which
 * repositories a source may speak of, is for the operator.
 */
static void refuse(struct intake *intake, const struct conn_request *request,
		   const struct admission_verdict *verdict, const char *why)
{
	const struct strvec *urls = &verdict->content.urls;
	const struct admission_source *source = verdict->source;
	uint64_t left_out = 0;

	if (source != NULL) {
		count_rejected(intake, source, verdict->label);
	}
	/* Anybody can be unauthenticated, as often as he likes. */
	if (verdict->status != 401 ||
	    log_limit_pass(&intake->unauthenticated, mstime_monotonic(), &left_out)) {
		log_warn("delivery refused", "source", source != NULL ? source->name : NULL,
			 "peer", request->peer->address, "repo",
			 urls->count > 0 ? urls->items[0] : NULL, "reason", why, "not_logged",
			 left_out > 0 ? LOG_INT(left_out) : NULL, NULL);
	}
	reply_status_only(intake, request->id, verdict->status);
}

/* It is genuine, but there are too many of this source; it may send it again later. */
static void refuse_rate(struct intake *intake, const struct conn_request *request,
			const struct admission_source *source)
{
	uint64_t left_out = 0;

	count_rejected(intake, source, "rate");
	if (log_limit_pass(&intake->too_many, mstime_monotonic(), &left_out)) {
		log_warn("delivery refused", "source", source->name, "peer",
			 request->peer->address, "reason",
			 "it sends more than its ratePerSecond", "not_logged",
			 left_out > 0 ? LOG_INT(left_out) : NULL, NULL);
	}
	reply_status_only(intake, request->id, 429);
}

/*
 * The body is there. All that follows from it is decided by lib/admission in
 * one go; what remains here is to carry it out.
 */
static void on_request(void *ctx, const struct conn_request *request)
{
	struct intake *intake = ctx;
	struct admission_verdict verdict;
	struct error err = ERROR_INIT;
	struct view view;

	make_view(request, &view);
	admission_judge(&intake->settings->admission, request->head->path.at, &view.request,
			&verdict, &err);
	if (verdict.status != 0) {
		refuse(intake, request, &verdict, err.text);
	} else if (!pace_take(intake->pace, verdict.source->name, verdict.source->rate_per_second,
			      mstime_monotonic())) {
		refuse_rate(intake, request, verdict.source);
	} else if (verdict.question) {
		answer_question(intake, request, &verdict);
	} else {
		store(intake, request, &view, &verdict);
	}
	admission_verdict_release(&verdict);
}

static void on_answered(void *ctx, const char *route, int status, int64_t took_ms)
{
	metrics_count_answer(((struct intake *)ctx)->o.metrics, route, status, took_ms);
}

struct intake *intake_new(const struct intake_options *options)
{
	struct intake *intake = xcalloc(1, sizeof(*intake));

	intake->o = *options;
	intake->waiters = waiters_new(options->base, options->conns);
	intake->pace = pace_new();
	intake->handler = (struct conn_handler){ .admit = on_admit, .request = on_request,
						 .answered = on_answered, .ctx = intake };
	return intake;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL) {
		return;
	}
	waiters_free(intake->waiters);
	pace_free(intake->pace);
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
