/*
 * Bodies within bounds: the skimmer and the form decoder.
 */
#include "provider/payload.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "provider/payload_impl.h"
#include "provider/provider.h"
#include "tests/support/request.h"
#include "tests/support/tap.h"

/* What a large payload may cost; ThreadSanitizer's own tables grow with what is read. */
#ifdef __SANITIZE_THREAD__
#define MOST_KB 262144
#else
#define MOST_KB 1024
#endif

static const char *const keep[] = { "ref", "repository", "pusher.name", "pusher.id.n", NULL };

static void what_nobody_reads_is_dropped(void)
{
	static const struct {
		const char *text;
		const char *want; // NULL: refused
	} cases[] = {
		{ "{}", "{}" },
		{ " { } ", "{}" },
		{ "{\"ref\":\"a\"}", "{\"ref\":\"a\"}" },
		{ "{\"ref\" : \"a\" , \"x\" : [1,{\"y\":[]}] }", "{\"ref\":\"a\"}" },
		{ "{\"x\":0,\"ref\":\"a\",\"y\":[{}],\"z\":1}", "{\"ref\":\"a\"}" },
		{ "{\"commits\":[{\"m\":\"]}\\\"\\\\\"}],\"ref\":1}", "{\"ref\":1}" },
		{ "{\"x\":\"\\\\\",\"ref\":-1e5}", "{\"ref\":-1e5}" },
		{ "{\"repository\":{\"x\":[1, 2]}}", "{\"repository\":{\"x\":[1, 2]}}" },
		{ "{\"a\":true,\"b\":null,\"c\":0}", "{}" },
		{ "{\"re\":1,\"reff\":2,\"\":3}", "{}" },
		{ "{\"re\\u0066\":{\"a\":1},\"ref\":2}", "{\"re\\u0066\":null,\"ref\":2}" },
		{ "{\"pusher\":{\"x\":{\"name\":1},\"name\":\"ann\",\"y\":2},\"name\":3}",
		  "{\"pusher\":{\"name\":\"ann\"}}" },
		{ "{\"pusher\" : { } , \"ref\":1}", "{\"pusher\":{},\"ref\":1}" },
		{ "{\"pusher\":{\"id\":{\"m\":1,\"n\":2},\"name\":[ 3 ]}}",
		  "{\"pusher\":{\"id\":{\"n\":2},\"name\":[ 3 ]}}" },
		{ "{\"pusher\":{\"na\\u006de\":1}}", "{\"pusher\":{\"na\\u006de\":null}}" },
		{ "{\"pusher\":\"ann\"}", "{\"pusher\":\"ann\"}" },
		{ "{\"pusher\":[{\"name\":1}]}", "{\"pusher\":[{\"name\":1}]}" },
		{ "{\"ref\":{\"name\":1}}", "{\"ref\":{\"name\":1}}" },
		/* A dot in a key is no step down. */
		{ "{\"pusher.name\":1,\"name\":2}", "{}" },
		{ "{\"pusher.id\":{\"n\":1},\"pusher\":{\"id.n\":2}}", "{\"pusher\":{}}" },
		{ "{\"pusher\":{", NULL },
		{ "{\"pusher\":{]}", NULL },
		{ "{\"pusher\":{}", NULL },
		{ "{\"pusher\":{\"name\":1}]", NULL },
		{ "", NULL },
		{ "[]", NULL },
		{ "{", NULL },
		{ "{\"", NULL },
		{ "{\"\\", NULL },
		{ "{\"a", NULL },
		{ "{\"a\"", NULL },
		{ "{\"a\":", NULL },
		{ "{\"a\":}", NULL },
		{ "{\"a\":1", NULL },
		{ "{\"a\":1,", NULL },
		{ "{\"a\":1,}", NULL },
		{ "{,}", NULL },
		{ "{\"a\":[}", NULL },
		{ "{\"a\":[}]}", NULL },
		{ "{\"a\":{]}}", NULL },
		{ "{\"a\":\"x}", NULL },
		{ "{\"a\":\"x\\\"}", NULL },
		{ "{\"a\":\"\\", NULL },
		{ "{\"ref\":\"\\\"\\\\\\\"\",\"x\":\"\\\\\"}", "{\"ref\":\"\\\"\\\\\\\"\"}" },
		{ "{\"a\":1}}", NULL },
		{ "{\"a\":1}{", NULL },
		{ "{\"a\":1 2}", NULL },
		{ "{a:1}", NULL },
		{ "{\"a\" 1}", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* An exact allocation, so that a sanitizer sees a read past the end. */
		size_t len = strlen(cases[i].text);
		char *text = xmemdup(cases[i].text, len);
		struct error err = ERROR_INIT;
		struct buf out;

		buf_init(&out, 4096);
		int r = payload_skim(text, len, keep, &out, &err);
		tap_str(r == 0 ? out.data : NULL, cases[i].want, "%s (%s)", cases[i].text, err.text);
		buf_release(&out);
		free(text);
	}
}

static void whoever_wants_all_gets_all(void)
{
	static const char text[] = "{\"a\":{\"b\":1,\"c\":2}}";
	static const char *const orders[][3] = { { "a", "a.b", NULL }, { "a.b", "a", NULL } };

	for (size_t i = 0; i < 2; i++) {
		struct buf out;

		buf_init(&out, 4096);
		(void)payload_skim(text, sizeof(text) - 1, orders[i], &out, NULL);
		tap_str(out.data, text, "a member is wanted, and one in it: order %zu", i);
		buf_release(&out);
	}
}

static void a_key_may_hold_any_byte(void)
{
	char text[] = "{\"ref\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\":1,\"ref\":2}";
	struct buf out;

	buf_init(&out, 4096);
	tap_int(payload_skim(text, sizeof(text) - 1, keep, &out, NULL), 0, "NULs in a key");
	tap_str(out.data, "{\"ref\":2}", "... do not make it another");
	buf_release(&out);
}

static char *nested(const char *key, int levels)
{
	struct buf b;

	buf_init(&b, 1U << 24);
	(void)buf_addf(&b, "{\"%s\":", key);
	for (int i = 0; i < levels; i++) {
		(void)buf_addch(&b, '[');
	}
	for (int i = 0; i < levels; i++) {
		(void)buf_addch(&b, ']');
	}
	(void)buf_addch(&b, '}');
	return buf_detach(&b);
}

static int skim(const char *text, size_t len)
{
	struct error err = ERROR_INIT;
	struct buf out;

	buf_init(&out, PAYLOAD_KEPT_BYTES);
	int r = payload_skim(text, len, keep, &out, &err);
	buf_release(&out);
	return r;
}

static void depth_and_number_have_ceilings(void)
{
	static const char *const keys[] = { "ref", "dropped", "pusher" };

	for (size_t i = 0; i < 3; i++) {
		char *good = nested(keys[i], LIMIT_JSON_DEPTH - 1);
		char *bad = nested(keys[i], LIMIT_JSON_DEPTH);
		char *worse = nested(keys[i], 1000000);

		tap_int(skim(good, strlen(good)), 0, "%s: %d levels", keys[i], LIMIT_JSON_DEPTH);
		tap_int(skim(bad, strlen(bad)), -1, "%s: one more is refused", keys[i]);
		tap_int(skim(worse, strlen(worse)), -1, "%s: a million are refused", keys[i]);
		free(good);
		free(bad);
		free(worse);
	}
	for (int over = 0; over < 2; over++) {
		for (size_t i = 0; i < 2; i++) {
			struct buf b;

			buf_init(&b, 1U << 24);
			(void)buf_addf(&b, "{\"%s\":[0", keys[i]);
			for (int n = 3; n < LIMIT_JSON_NODES + over; n++) {
				(void)buf_addstr(&b, ",0");
			}
			(void)buf_addstr(&b, "]}");
			tap_int(skim(b.data, b.len), over > 0 && i == 0 ? -1 : 0, "%s: %d values",
				keys[i], LIMIT_JSON_NODES + over);
			buf_release(&b);
		}
	}
}

static void the_largest_push_costs_little(void)
{
	static const char commit[] = "{\"id\":\"x\",\"added\":[\"a/b/c\"],\"message\":\"\\\"}]\"},";
	static const char end[] = "{}],\"ref\":\"refs/heads/main\","
				  "\"before\":\"1111111111111111111111111111111111111111\","
				  "\"after\":\"2222222222222222222222222222222222222222\","
				  "\"repository\":{\"clone_url\":\"https://h/r\"}}";
	struct delivery_content c = { .count = 0 };
	struct error err = ERROR_INIT;
	struct rusage before;
	struct rusage after;
	struct test_request t;
	struct buf body;

	buf_init(&body, LIMIT_BODY_BYTES);
	(void)buf_addstr(&body, "{\"commits\":[");
	while (body.len + sizeof(commit) + sizeof(end) < LIMIT_BODY_BYTES) {
		(void)buf_addstr(&body, commit);
	}
	(void)buf_addstr(&body, end);
	test_request_init(&t, 0, body.data, body.len);
	test_request_add(&t, "X-GitHub-Event", "push");
	test_request_add(&t, "Content-Type", "application/json");
	(void)getrusage(RUSAGE_SELF, &before);
	tap_int(provider_parse(provider_by_name("github"), &t.request, &c, &err), PROVIDER_OK,
		"a push of %zu bytes is read (%s)", body.len, err.text);
	(void)getrusage(RUSAGE_SELF, &after);
	tap_int(c.count, 1, "... as one push");
	tap_ok(after.ru_maxrss - before.ru_maxrss < MOST_KB, "... in less than 1 MB more");
	tap_note("%ld KB more, %ld us", after.ru_maxrss - before.ru_maxrss,
		 (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
			 after.ru_utime.tv_usec - before.ru_utime.tv_usec);
	delivery_content_release(&c);
	test_request_release(&t);
	buf_release(&body);
}

static void forms_have_one_field(void)
{
	static const struct {
		const char *body;
		const char *want; // NULL: refused
	} cases[] = {
		{ "payload=", "" },
		{ "payload=%7B%7d", "{}" },
		{ "payload=a+b%2Bc", "a b+c" },
		{ "payload=a=b", "a=b" },
		{ "payload=%C3%BC", "\xc3\xbc" },
		{ "payload=%25", "%" },
		{ "", NULL },
		{ "payload", NULL },
		{ "Payload=x", NULL },
		{ "payloads=x", NULL },
		{ "p%61yload=x", NULL },
		{ "&payload=x", NULL },
		{ "a=1&payload=x", NULL },
		{ "payload=x&a=1", NULL },
		{ "payload=x&payload=y", NULL },
		{ "payload=x&", NULL },
		{ "payload=%", NULL },
		{ "payload=%7", NULL },
		{ "payload=%7g", NULL },
		{ "payload=%%7B", NULL },
		{ "payload=a b", NULL },
		{ "payload=a\n", NULL },
		{ "payload=\xc3\xbc", NULL },
		{ "payload=\x7f", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].body);
		char *body = xmemdup(cases[i].body, len);
		struct error err = ERROR_INIT;
		struct buf out;

		buf_init(&out, len);
		int r = payload_form_decode(body, len, &out, &err);
		tap_str(r == 0 ? out.data : NULL, cases[i].want, "form %zu of the table (%s)", i,
			err.text);
		buf_release(&out);
		free(body);
	}
	char every[255];
	for (size_t i = 0; i < sizeof(every); i++) {
		every[i] = (char)(i + 1);
	}
	struct error err = ERROR_INIT;
	struct buf form;
	struct buf back;
	buf_init(&form, 4096);
	buf_init(&back, 4096);
	payload_form_encode(every, sizeof(every), &form);
	tap_int(payload_form_decode(form.data, form.len, &back, &err), 0, "any bytes can be sent");
	tap_ok(back.len == sizeof(every) && memcmp(back.data, every, sizeof(every)) == 0,
	       "and come back");
	buf_release(&form);
	buf_release(&back);
}

int main(void)
{
	what_nobody_reads_is_dropped();
	whoever_wants_all_gets_all();
	a_key_may_hold_any_byte();
	depth_and_number_have_ceilings();
	the_largest_push_costs_little();
	forms_have_one_field();
	return tap_done();
}
