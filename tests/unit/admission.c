/*
 * Which source a request is for, and the verdict on it: each answer that a
 * sender can get, and what the log and the metrics are told.
 */
#include "admission/admission.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/request.h"
#include "tests/support/tap.h"

#define HOUSE "https://github.example.org/acme/house"
#define GARDEN "https://github.example.org/acme/garden"
#define NOW INT64_C(1790000000000)

enum { HUB, HUB_TWO, LAB, HOOK, SOURCES };

struct world {
	struct admission_source sources[SOURCES];
	struct strvec everything;
	struct strvec bound;
	struct admission_rules rules;
};

static const void *find_repository(const void *ctx, const char *url, bool ignores_case)
{
	(void)ctx;
	(void)ignores_case;
	return strcmp(url, HOUSE) == 0 ? "house" : NULL;
}

static const char *nearest_repository(const void *ctx, const char *url)
{
	(void)ctx;
	return strstr(url, "hous") != NULL ? HOUSE : NULL;
}

static void world_init(struct world *w)
{
	*w = (struct world){ .everything = STRVEC_INIT, .bound = STRVEC_INIT };
	strvec_push(&w->bound, "github.example.org/acme/*");
	w->sources[HUB] = (struct admission_source){
		"hub", provider_by_name("github"), test_secrets("first-secret", NULL, NULL), &w->bound, 0 };
	w->sources[HUB_TWO] = (struct admission_source){
		"hub-two", provider_by_name("github"), test_secrets("second-secret", NULL, NULL),
		&w->everything, 0 };
	w->sources[LAB] = (struct admission_source){
		"lab", provider_by_name("gitlab"), test_secrets("lab-token", NULL, NULL), &w->everything, 0 };
	w->sources[HOOK] = (struct admission_source){
		"hook", provider_by_name("native"), test_secrets("hook-secret", NULL, NULL), &w->everything, 0 };
	w->rules = (struct admission_rules){ w->sources, SOURCES, LIMIT_BODY_BYTES, find_repository,
					     nearest_repository, NULL };
}

static void world_release(struct world *w)
{
	for (size_t i = 0; i < SOURCES; i++) {
		provider_secrets_release(&w->sources[i].secrets);
	}
	strvec_release(&w->everything);
	strvec_release(&w->bound);
}

/* A genuine push of a provider's, signed with secret, about url. */
struct genuine {
	struct test_request t;
	char *body;
};

static void genuine_init(struct genuine *g, const char *provider, const char *secret, const char *url)
{
	struct provider_secrets secrets = test_secrets(secret, NULL, NULL);
	struct provider_compose_options options = { .now_ms = NOW };
	struct strvec headers = STRVEC_INIT;
	struct delivery_content content;
	struct error err = ERROR_INIT;
	struct oid before;
	struct oid after;
	size_t len = 0;

	delivery_content_init(&content);
	strvec_push(&content.urls, url);
	(void)oid_from_hex("1111111111111111111111111111111111111111", 40, &before);
	(void)oid_from_hex("2222222222222222222222222222222222222222", 40, &after);
	(void)delivery_content_add(&content, "refs/heads/main", &before, &after);
	g->body = NULL;
	if (provider_compose(provider_by_name(provider), &content, &secrets, &options, &headers, &g->body,
			     &len, &err) < 0) {
		tap_ok(false, "a request of %s is made: %s", provider, err.text);
	}
	test_request_init(&g->t, NOW, g->body, len);
	for (size_t i = 0; i < headers.count; i++) {
		test_request_add_line(&g->t, headers.items[i]);
	}
	strvec_release(&headers);
	delivery_content_release(&content);
	provider_secrets_release(&secrets);
}

static void genuine_release(struct genuine *g)
{
	test_request_release(&g->t);
	free(g->body);
}

static void heads(void)
{
	static const struct {
		const char *what;
		const char *provider;
		const char *path;
		const char *removed; // header that is left out, or NULL
		int status;
		uint64_t body_max;
	} cases[] = {
		{ "its own path", "github", "/hooks/hub", NULL, 0, LIMIT_BODY_BYTES },
		{ "the path for all", "github", "/api/webhook", NULL, 0, LIMIT_ANY_BODY_BYTES },
		{ "a path that does not exist", "github", "/hooks/nobody", NULL, 404, LIMIT_BODY_BYTES },
		{ "a path longer than a source's name", "github", "/hooks/hub/", NULL, 404, LIMIT_BODY_BYTES },
		{ "no path of ours", "github", "/", NULL, 404, LIMIT_BODY_BYTES },
		{ "the path for all with something behind", "github", "/api/webhook/", NULL, 404,
		  LIMIT_BODY_BYTES },
		{ "another sender's path", "github", "/hooks/lab", NULL, 401, LIMIT_BODY_BYTES },
		{ "no signature", "github", "/hooks/hub", "X-Hub-Signature-256", 401, LIMIT_BODY_BYTES },
		{ "no signature, at the path for all", "github", "/api/webhook", "X-Hub-Signature-256", 401,
		  LIMIT_ANY_BODY_BYTES },
		{ "a sender that is not configured", "gitea", "/api/webhook", NULL, 401, LIMIT_ANY_BODY_BYTES },
		{ "our own hook", "native", "/hooks/hook", NULL, 0, LIMIT_BODY_BYTES },
	};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct admission_head head;
		struct genuine g;

		genuine_init(&g, cases[i].provider, "first-secret", HOUSE);
		if (cases[i].removed != NULL) {
			test_request_remove(&g.t, cases[i].removed);
		}
		g.t.request.body_len = 0;
		admission_judge_head(&w.rules, cases[i].path, &g.t.request, &head);
		tap_int(head.status, cases[i].status, "head: %s", cases[i].what);
		tap_int((long long)head.body_max, (long long)cases[i].body_max, "room for the body: %s",
			cases[i].what);
		tap_ok((head.source != NULL) == (head.status != 404 && strcmp(cases[i].provider, "gitea") != 0),
		       "a source is named where one was asked: %s", cases[i].what);
		genuine_release(&g);
	}
	world_release(&w);
}

static void a_small_setting_holds_for_both_paths(void)
{
	struct admission_head head;
	struct genuine g;
	struct world w;

	world_init(&w);
	w.rules.body_max = 4096;
	genuine_init(&g, "github", "first-secret", HOUSE);
	admission_judge_head(&w.rules, "/api/webhook", &g.t.request, &head);
	tap_int((long long)head.body_max, 4096, "the path for all never takes more than is configured");
	genuine_release(&g);
	world_release(&w);
}

static void whole_requests(void)
{
	static const struct {
		const char *what;
		const char *provider;
		const char *secret;
		const char *url;
		const char *path;
		int status;
		const char *label;  // of the metric
		const char *source; // NULL: none
		bool found;
		const char *ignored;
	} cases[] = {
		{ "stored", "github", "first-secret", HOUSE, "/hooks/hub", 0, NULL, "hub", true, NULL },
		{ "the first of two secrets at the path for all", "github", "first-secret", HOUSE,
		  "/api/webhook", 0, NULL, "hub", true, NULL },
		{ "the second of two", "github", "second-secret", HOUSE, "/api/webhook", 0, NULL, "hub-two",
		  true, NULL },
		{ "neither of two", "github", "third-secret", HOUSE, "/api/webhook", 401, "signature",
		  "hub-two", false, NULL },
		{ "another source's secret", "github", "second-secret", HOUSE, "/hooks/hub", 401, "signature",
		  "hub", false, NULL },
		{ "GitLab's token", "gitlab", "lab-token", HOUSE, "/api/webhook", 0, NULL, "lab", true, NULL },
		{ "our hook", "native", "hook-secret", HOUSE, "/hooks/hook", 0, NULL, "hook", true, NULL },
		{ "a repository that the source is not bound to", "github", "first-secret",
		  "https://github.example.org/other/house", "/hooks/hub", 403, "unknown_repository", "hub",
		  false, NULL },
		{ "a repository nobody configured", "github", "first-secret", GARDEN, "/hooks/hub", 0, NULL,
		  "hub", false, "the repository is not configured" },
		{ "a misspelt repository", "github", "first-secret", HOUSE "s", "/hooks/hub", 0, NULL, "hub",
		  false, "the repository is not configured; the nearest is " HOUSE },
	};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct admission_verdict v;
		struct error err = ERROR_INIT;
		struct genuine g;

		genuine_init(&g, cases[i].provider, cases[i].secret, cases[i].url);
		admission_judge(&w.rules, cases[i].path, &g.t.request, &v, &err);
		tap_int(v.status, cases[i].status, "status: %s", cases[i].what);
		tap_str(v.label, cases[i].label, "label: %s", cases[i].what);
		tap_str(v.source != NULL ? v.source->name : NULL, cases[i].source, "source: %s",
			cases[i].what);
		tap_ok((v.repository_count > 0) == cases[i].found, "repository: %s", cases[i].what);
		tap_str(v.ignored, cases[i].ignored, "ignored: %s", cases[i].what);
		tap_ok(v.status == 0 || err.text[0] != '\0', "a refusal has a reason: %s", cases[i].what);
		tap_ok(v.status != 0 || v.content.count == 1, "its push is read: %s", cases[i].what);
		admission_verdict_release(&v);
		genuine_release(&g);
	}
	world_release(&w);
}

static void a_body_that_is_not_the_senders(void)
{
	static const char body[] = "{\"ref\": 7}";
	struct error err = ERROR_INIT;
	struct admission_verdict v;
	struct test_request t;
	struct world w;

	world_init(&w);
	test_request_init(&t, NOW, body, strlen(body));
	test_request_add(&t, "Content-Type", "application/json");
	test_request_add(&t, "X-GitHub-Event", "push");
	test_request_sign(&t, "X-Hub-Signature-256", "sha256=", "first-secret");
	admission_judge(&w.rules, "/hooks/hub", &t.request, &v, &err);
	tap_int(v.status, 400, "a signed body that is no push is refused as malformed");
	tap_str(v.label, "malformed", "and counted so");
	tap_ok(v.content.event == NULL && v.content.count == 0, "nothing of it is kept");
	admission_verdict_release(&v);
	test_request_release(&t);
	world_release(&w);
}

static void bindings(void)
{
	struct world w;

	world_init(&w);
	tap_ok(admission_may_name(&w.sources[HUB], "git@github.example.org:acme/house.git"),
	       "another spelling of an address it is bound to");
	tap_ok(!admission_may_name(&w.sources[HUB], "https://github.example.org/acme/../other/x"),
	       "a way out of what it is bound to");
	tap_ok(!admission_may_name(&w.sources[HUB], "no address"), "what is no address is named by nobody");
	tap_ok(!admission_may_name(&w.sources[LAB], "no address"), "not even by who may name all");
	tap_ok(admission_may_name(&w.sources[LAB], "https://elsewhere.example.org/x"),
	       "who is bound to nothing may name all");
	world_release(&w);
}

static void bindings_and_case(void)
{
	static const struct {
		const char *pattern;
		const char *url;
		bool may;
	} cases[] = {
		{ "github.com/ACME/*", "https://github.com/acme/gitops.git", true },
		{ "github.com/acme/*", "git@GitHub.com:ACME/gitops.git", true },
		{ "GitHub.com/Acme/*", "https://github.com/aCME/gitops", true },
		{ "https://github.com/Acme/*", "https://GitHub.com/acme/gitops", true },
		{ "git@github.com:Acme/*", "git@GITHUB.com:acme/gitops", true },
		{ "{github.com,gitlab.com}/Acme/*", "https://gitlab.com/acme/gitops", true },
		{ "github.com/[A-B]cme/*", "https://github.com/acme/gitops", true },
		{ "Git.Example.org/acme/*", "https://git.example.org/acme/gitops", true },
		{ "git.example.org/Acme/*", "https://git.example.org/Acme/gitops", true },
		{ "git.example.org/Acme/*", "https://git.example.org/acme/gitops", false },
		{ "git.example.org/acme/*", "https://git.example.org/Acme/x://y", false },
		{ "git@git.example.org:acme/*", "git@git.example.org:Acme/gitops", false },
		{ "github.com/ACME/*", "https://github.com/evil/gitops", false },
		{ "github.com/ACME/*", "https://git.example.org/github.com/acme/x", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strvec bound = STRVEC_INIT;
		const struct admission_source source = { .provider = provider_by_name("native"),
							 .repositories = &bound };

		strvec_push(&bound, cases[i].pattern);
		tap_ok(admission_may_name(&source, cases[i].url) == cases[i].may, "%s %s %s",
		       cases[i].pattern, cases[i].may ? "takes" : "does not take", cases[i].url);
		strvec_release(&bound);
	}
}

static void waiting(void)
{
	static const struct {
		const char *provider;
		const char *value;
		long long want;
	} cases[] = {
		{ "native", "1800", 1800 }, { "native", "-5", 0 }, { "native", "soon", 0 },
		{ "native", NULL, 0 },      { "github", "1800", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_request t;

		test_request_init(&t, NOW, "", 0);
		if (cases[i].value != NULL) {
			test_request_add(&t, "Doorbell-Wait", cases[i].value);
		}
		tap_int(provider_wait_ms(provider_by_name(cases[i].provider), &t.request), cases[i].want,
			"%s that asks to wait \"%s\"", cases[i].provider,
			cases[i].value != NULL ? cases[i].value : "");
		test_request_release(&t);
	}
}

int main(void)
{
	heads();
	a_small_setting_holds_for_both_paths();
	whole_requests();
	a_body_that_is_not_the_senders();
	bindings();
	bindings_and_case();
	waiting();
	return tap_done();
}
