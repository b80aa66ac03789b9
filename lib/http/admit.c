/*
 * Admission: path, method, the route's refusal, length.  The order matters:
 * a request is told the least that it must know.
 */
#include "http/admit.h"

static const struct {
	const char *name;
	unsigned bit;
} methods[] = {
	{ "GET", HTTP_GET },
	{ "HEAD", HTTP_HEAD },
	{ "POST", HTTP_POST },
};

/* By the bits of a route. */
static const char *const allowed[] = {
	"", "GET", "HEAD", "GET, HEAD", "POST", "GET, POST", "HEAD, POST", "GET, HEAD, POST",
};

static unsigned method_bit(struct http_span method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (http_span_is(method, methods[i].name)) {
			return methods[i].bit;
		}
	}
	return 0;
}

static struct http_admission refuse(int status, const char *reason)
{
	return (struct http_admission){ .status = status, .reason = reason };
}

static struct http_admission admit_body(const struct http_head *head,
					const struct http_route *route)
{
	bool announced = head->chunked || head->content_length > 0;

	if (route->body_wanted && !head->chunked && !head->has_length) {
		return refuse(411, "neither Content-Length nor chunks");
	}
	if (head->content_length > route->body_max || (head->chunked && route->body_max == 0)) {
		return refuse(413, "the body is larger than the limit");
	}
	return (struct http_admission){
		.chunked = head->chunked,
		.need = head->content_length,
		.max = route->body_max,
		.send_continue = head->expect_continue && announced,
	};
}

struct http_admission http_admit(const struct http_head *head, const struct http_route *route)
{
	if (route->status == 404) {
		return refuse(404, "no such path");
	}
	if ((method_bit(head->method) & route->methods) == 0) {
		struct http_admission a = refuse(405, "a method that the path does not know");

		a.allow = allowed[route->methods & (HTTP_GET | HTTP_HEAD | HTTP_POST)];
		return a;
	}
	if (route->status != 0) {
		return refuse(route->status, "refused by the route");
	}
	return admit_body(head, route);
}
