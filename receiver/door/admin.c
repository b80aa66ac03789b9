/*
 * Status and control: a table of routes, one short function each.
 *
 * A replay is a delivery of its own: its pushes walk the ways that the old
 * ones went, or, where those never walked, are decided like new ones.
 */
#include "receiver/door/admin.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "affected/affected_json.h"
#include "base/buf.h"
#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/query.h"
#include "journal/journal.h"
#include "receiver/catalog/catalog.h"
#include "receiver/door/repeat.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/status.h"
#include "receiver/store/store.h"
#include "receiver/ui/assets.h"
#include "receiver/ui/page.h"
#include "record/record_json.h"

struct admin {
	struct admin_parts parts;
	struct conn_handler status;
	struct conn_handler control;
};

struct admin_call;

struct route {
	const char *path;
	const char *name; // what metrics call it
	bool is_prefix;
	unsigned methods;
	bool control_only;
	void (*run)(struct admin *a, const struct admin_call *call);
};

/* A request, as a route is asked to answer it. All is borrowed. */
struct admin_call {
	uint64_t conn;
	const struct http_head *head;
	const char *rest;               // of the path, behind what the route is called
	const struct http_query *query;
};

static void reply_text(struct admin *a, uint64_t conn, int status, const char *type,
		       const char *text)
{
	struct reply reply = {
		.status = status,
		.content_type = type,
		.body = text,
		.body_len = strlen(text),
	};

	(void)conn_reply(a->parts.conns, conn, &reply);
}

static void reply_json_take(struct admin *a, uint64_t conn, int status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	reply_text(a, conn, text != NULL ? status : 500, "application/json",
		   text != NULL ? text : "{}");
	free(text);
	json_decref(json);
}

static void reply_error(struct admin *a, uint64_t conn, int status, const char *code,
			const char *message)
{
	reply_json_take(a, conn, status,
			json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message));
}

static void get_healthz(struct admin *a, const struct admin_call *call)
{
	struct buf text;

	buf_init(&text, 65536);
	bool well = status_healthz(a->parts.status, mstime_monotonic(), &text);
	reply_text(a, call->conn, well ? 200 : 503, "text/plain", text.data);
	buf_release(&text);
}

static void get_readyz(struct admin *a, const struct admin_call *call)
{
	struct buf text;

	buf_init(&text, 65536);
	bool ready = status_readyz(a->parts.status, &text);
	reply_text(a, call->conn, ready ? 200 : 503, "text/plain", text.data);
	buf_release(&text);
}

static void get_metrics(struct admin *a, const struct admin_call *call)
{
	struct buf text;

	buf_init(&text, LIMIT_RESPONSE_BYTES);
	a->parts.refresh(a->parts.ctx);
	metrics_render(a->parts.metrics, &text);
	reply_text(a, call->conn, 200, METRICS_CONTENT_TYPE, text.data);
	buf_release(&text);
}

static void get_page(struct admin *a, const struct admin_call *call)
{
	static const struct reply_header policy = { "Content-Security-Policy",
						    PAGE_SECURITY_POLICY };
	struct page_status status = { .version = DOORBELL_VERSION };
	struct buf health;
	struct buf readiness;
	struct buf page;

	buf_init(&health, 65536);
	buf_init(&readiness, 65536);
	buf_init(&page, LIMIT_RESPONSE_BYTES);
	status.healthy = status_healthz(a->parts.status, mstime_monotonic(), &health);
	status.ready = status_readyz(a->parts.status, &readiness);
	status.health = health.data;
	status.readiness = readiness.data;
	page_status_write(&page, &status);
	struct reply reply = {
		.status = 200,
		.content_type = PAGE_CONTENT_TYPE,
		.body = page.data,
		.body_len = page.len,
		.headers = &policy,
		.header_count = 1,
	};
	(void)conn_reply(a->parts.conns, call->conn, &reply);
	buf_release(&page);
	buf_release(&readiness);
	buf_release(&health);
}

/* The path has a digest of the content in it: what a browser has kept is good for ever. */
static void get_asset(struct admin *a, const struct admin_call *call)
{
	const struct asset *asset = asset_by_path(call->head->path.at);
	const struct http_field *kept = http_head_field(call->head, "if-none-match");

	if (asset == NULL) {
		reply_error(a, call->conn, 404, "asset", "there is no such asset");
		return;
	}
	bool same = kept != NULL && http_span_is(kept->value, asset->etag);
	const struct reply_header headers[] = {
		{ "ETag", asset->etag },
		{ "Cache-Control", "public, max-age=31536000, immutable" },
	};
	struct reply reply = {
		.status = same ? 304 : 200,
		.content_type = asset->type,
		.body = asset->data,
		.body_len = asset->len,
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(headers[0]),
	};
	(void)conn_reply(a->parts.conns, call->conn, &reply);
}

/* Append a value, which is taken, as an item of a list. */
static void add_item(struct buf *out, bool first, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	(void)buf_addstr(out, first ? "" : ",");
	(void)buf_addstr(out, text != NULL ? text : "{}");
	free(text);
	json_decref(value);
}

/* Not longer than the application was in the frame of a reader, which told it: 1 MB. */
static json_t *app_summary(struct catalog *catalog, const struct app *app)
{
	char *name = app_full_name(app);
	json_t *sources = json_array();

	for (size_t i = 0; i < app->source_count; i++) {
		const struct app_source *s = &app->sources[i];

		json_array_append_new(
			sources,
			json_pack("{s:o, s:o, s:o, s:b}", "repository", text_to_json(s->url),
				  "targetRevision", text_to_json(s->target_revision),
				  "path", text_to_json(s->path), "rings",
				  catalog_rings(catalog, s)));
	}
	json_t *json = json_pack("{s:o, s:o, s:o, s:o}", "application",
				 text_to_json(name), "project",
				 text_to_json(app->project), "origin",
				 text_to_json(app->origin), "sources", sources);
	free(name);
	return json;
}

/* Applications from number from on, as many as a page has; the number of the next one. */
static size_t add_applications(struct buf *out, struct catalog *catalog, size_t from)
{
	const struct app_list *list = catalog_list(catalog);
	size_t end = out->len + ADMIN_PAGE_BYTES;
	size_t i = from;

	for (; i < list->count && i - from < ADMIN_PAGE && out->len < end; i++) {
		add_item(out, i == from, app_summary(catalog, list->items[i]));
	}
	return i;
}

/* All problems, or the first ones and how many there are beside. */
static void add_problems(struct buf *out, const struct strvec *problems)
{
	size_t end = out->len + ADMIN_PAGE_BYTES;
	size_t i = 0;

	for (; i < problems->count && i < ADMIN_PAGE && out->len < end; i++) {
		add_item(out, i == 0, text_to_json(problems->items[i]));
	}
	if (i < problems->count) {
		char *more = xasprintf("and %zu more", problems->count - i);

		add_item(out, false, json_string(more));
		free(more);
	}
}

static void get_applications(struct admin *a, const struct admin_call *call)
{
	const struct app_list *list = catalog_list(a->parts.catalog);
	uint64_t from = 0;
	struct buf out;

	if (http_query_number(call->query, "from", 0, &from) < 0) {
		reply_error(a, call->conn, 400, "query", "from is not a number");
		return;
	}
	buf_init(&out, LIMIT_RESPONSE_BYTES);
	(void)buf_addf(&out, "{\"total\":%zu,\"ready\":%s,\"applications\":[", list->count,
		       catalog_is_ready(a->parts.catalog) ? "true" : "false");
	size_t next = add_applications(&out, a->parts.catalog, from);
	(void)buf_addstr(&out, "],\"problems\":[");
	if (from == 0) {
		add_problems(&out, catalog_problems(a->parts.catalog));
	}
	(void)buf_addstr(&out, "]");
	if (next < list->count) {
		(void)buf_addf(&out, ",\"next\":%zu", next);
	}
	(void)buf_addstr(&out, "}");
	reply_text(a, call->conn, buf_is_full(&out) ? 500 : 200, "application/json", out.data);
	buf_release(&out);
}

/* Who asked for a replay. */
struct replay {
	struct admin *admin;
	uint64_t conn;
	int64_t id;
};

static void on_repeated(void *arg, enum repeat_result result, int64_t fresh, const char *why)
{
	static const struct {
		int status;
		const char *code;
	} answers[] = {
		[REPEAT_NOTHING] = { 400, "no_push" },
		[REPEAT_UNKNOWN] = { 404, "journal" },
		[REPEAT_NOT_NOW] = { 503, "journal" },
	};
	struct replay *r = arg;

	if (result == REPEAT_STORED) {
		reply_json_take(r->admin, r->conn, 200, record_json_replay(fresh, r->id));
	} else {
		reply_error(r->admin, r->conn, answers[result].status, answers[result].code, why);
	}
	free(r);
}

static void post_replay(struct admin *a, const struct admin_call *call)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	*r = (struct replay){ .admin = a, .conn = call->conn, .id = strtoll(call->rest, NULL, 10) };
	const struct repeat_order order = {
		.store = a->parts.store,
		.id = r->id,
		.accepted = a->parts.accepted,
		.ctx = a->parts.ctx,
		.done = on_repeated,
		.arg = r,
	};
	repeat_delivery(&order);
}

static const struct route routes[] = {
	{ "/", "page", false, HTTP_GET | HTTP_HEAD, false, get_page },
	{ ASSETS_PATH, "page", true, HTTP_GET | HTTP_HEAD, false, get_asset },
	{ "/healthz", "healthz", false, HTTP_GET | HTTP_HEAD, false, get_healthz },
	{ "/readyz", "readyz", false, HTTP_GET | HTTP_HEAD, false, get_readyz },
	{ "/metrics", "metrics", false, HTTP_GET | HTTP_HEAD, false, get_metrics },
	{ "/applications", "control", false, HTTP_GET, true, get_applications },
	{ "/replay/", "control", true, HTTP_POST, true, post_replay },
};

static const struct route *find(const struct conn_request *request, bool control)
{
	const char *path = request->head->path.at;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		bool same = routes[i].is_prefix
				    ? strncmp(path, routes[i].path, strlen(routes[i].path)) == 0
				    : strcmp(path, routes[i].path) == 0;

		if (same && (control || !routes[i].control_only)) {
			return &routes[i];
		}
	}
	return NULL;
}

static void admit(const struct conn_request *request, bool control, struct http_route *ret_route)
{
	const struct route *route = find(request, control);

	*ret_route = (struct http_route){
		.status = route != NULL ? 0 : 404,
		.methods = route != NULL ? route->methods : HTTP_GET,
		.name = route != NULL ? route->name : NULL,
	};
}

static void run(struct admin *a, const struct conn_request *request, bool control)
{
	const struct route *route = find(request, control);
	struct http_query query;
	struct admin_call call = {
		.conn = request->id,
		.head = request->head,
		.rest = request->head->path.at + strlen(route->path),
		.query = &query,
	};

	if (http_query_parse(request->head->query.at, &query) < 0) {
		reply_error(a, call.conn, 400, "query", "the query cannot be read");
	} else {
		route->run(a, &call);
	}
	http_query_release(&query);
}

static void on_status_admit(void *ctx, const struct conn_request *request,
			    struct http_route *ret_route)
{
	(void)ctx;
	admit(request, false, ret_route);
}

static void on_status_request(void *ctx, const struct conn_request *request)
{
	run(ctx, request, false);
}

static void on_control_admit(void *ctx, const struct conn_request *request,
			     struct http_route *ret_route)
{
	(void)ctx;
	admit(request, true, ret_route);
}

static void on_control_request(void *ctx, const struct conn_request *request)
{
	run(ctx, request, true);
}

static void on_answered(void *ctx, const char *route, int status, int64_t took_ms)
{
	metrics_count_answer(((struct admin *)ctx)->parts.metrics, route, status, took_ms);
}

struct admin *admin_new(const struct admin_parts *parts)
{
	struct admin *a = xcalloc(1, sizeof(*a));

	a->parts = *parts;
	a->status = (struct conn_handler){ on_status_admit, on_status_request, on_answered, a };
	a->control = (struct conn_handler){ on_control_admit, on_control_request, on_answered, a };
	return a;
}

void admin_free(struct admin *a)
{
	free(a);
}

const struct conn_handler *admin_status_handler(const struct admin *a)
{
	return &a->status;
}

const struct conn_handler *admin_control_handler(const struct admin *a)
{
	return &a->control;
}
