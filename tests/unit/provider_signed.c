/*
 * Signatures with an id and a time: GitLab's signing token and our own hook.
 * And telling senders apart, and their delivery ids.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/xalloc.h"
#include "provider/provider.h"
#include "push/push_native.h"
#include "tests/support/request.h"
#include "tests/support/tap.h"

#define WHSEC "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define OTHER_WHSEC "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"
#define TS INT64_C(1744578123)
#define BODY "{\"object_kind\":\"push\"}"
#define SIG "v1,Sp6eEtWPfePxY+jOOgrLYjgw2PxaWCPwmS7SqImwe6U="
#define WRONG "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static enum provider_result verify(const char *name, const struct test_request *t,
				   const struct provider_secrets *secrets)
{
	struct error err = ERROR_INIT;

	return provider_verify(provider_by_name(name), &t->request, secrets, &err);
}

static void signed_request(struct test_request *t, const char *signature)
{
	test_request_init(t, TS * 1000, BODY, strlen(BODY));
	test_request_add(t, "Content-Type", "application/json");
	test_request_add(t, "webhook-id", ID);
	test_request_add(t, "webhook-timestamp", "1744578123");
	if (signature != NULL) {
		test_request_add(t, "webhook-signature", signature);
	}
}

/* A signature of our own over any id and time. */
static char *sign(const char *id, const char *ts)
{
	const struct hmac_part parts[] = {
		{ id, strlen(id) }, { ".", 1 }, { ts, strlen(ts) }, { ".", 1 },
		{ BODY, strlen(BODY) },
	};
	uint8_t digest[HMAC_SHA256_BYTES];

	(void)hmac_sha256("0123456789abcdef0123456789abcdef", 32, parts, 5, digest);
	char *text = base64_encode(digest, sizeof(digest));
	char *value = xasprintf("v1,%s", text);
	free(text);
	return value;
}

static void lists_of_signatures(void)
{
	static const struct {
		const char *list;
		bool accepted;
	} cases[] = {
		{ SIG, true },
		{ WRONG " " SIG, true },
		{ SIG " " WRONG, true },
		{ "v2,abc v1a,xyz " SIG, true },
		{ "junk  " SIG, true },
		{ WRONG, false },
		{ "", false },
		{ " ", false },
		{ "v1,", false },
		{ "v1", false },
		{ "V1,Sp6eEtWPfePxY+jOOgrLYjgw2PxaWCPwmS7SqImwe6U=", false },
		{ "v1a,Sp6eEtWPfePxY+jOOgrLYjgw2PxaWCPwmS7SqImwe6U=", false },
		{ "v1,Sp6eEtWPfePxY+jOOgrLYjgw2PxaWCPwmS7SqImwe6U", false },
		{ SIG "," SIG, false },
		{ "x x x x x x x x x x x x x x x x " SIG, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_secrets secrets = test_secrets(NULL, NULL, WHSEC);
		struct test_request t;

		signed_request(&t, cases[i].list);
		tap_int(verify("gitlab", &t, &secrets) == PROVIDER_OK, cases[i].accepted,
			"list %zu: \"%.40s\"", i, cases[i].list);
		test_request_release(&t);
		provider_secrets_release(&secrets);
	}
}

static void two_schemes_do_not_weaken_each_other(void)
{
	static const struct {
		const char *name;
		bool token_configured;
		bool signing_configured;
		const char *token;
		const char *signature;
		bool accepted;
	} cases[] = {
		{ "token for token", true, false, "tok", NULL, true },
		{ "token, signature not configured", true, false, "tok", WRONG, true },
		{ "wrong token, right signature, token only", true, false, "bad", SIG, false },
		{ "signature for signature", false, true, NULL, SIG, true },
		{ "token where a signature is needed", false, true, "tok", NULL, false },
		{ "both, signed", true, true, NULL, SIG, true },
		{ "both, signed, wrong token beside it", true, true, "bad", SIG, true },
		{ "both, unsigned with the token", true, true, "tok", NULL, true },
		{ "both, wrong signature with the right token", true, true, "tok", WRONG, false },
		{ "both, empty signature with the right token", true, true, "tok", "", false },
		{ "both, unknown version with the right token", true, true, "tok", "v9,x", false },
		{ "both, neither", true, true, NULL, NULL, false },
		{ "both, wrong token", true, true, "bad", NULL, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_secrets secrets =
			test_secrets(cases[i].token_configured ? "tok" : NULL, NULL,
				     cases[i].signing_configured ? WHSEC : NULL);
		const struct provider *p = provider_by_name("gitlab");
		struct test_request t;

		signed_request(&t, cases[i].signature);
		if (cases[i].token != NULL) {
			test_request_add(&t, "X-Gitlab-Token", cases[i].token);
		}
		tap_int(verify("gitlab", &t, &secrets) == PROVIDER_OK, cases[i].accepted, "%s",
			cases[i].name);
		if (cases[i].accepted) {
			tap_int(provider_check_headers(p, &t.request, &secrets), PROVIDER_OK,
				"... and not refused early");
		}
		test_request_release(&t);
		provider_secrets_release(&secrets);
	}
}

static void signing_tokens_rotate(void)
{
	struct provider_secrets secrets = test_secrets(NULL, NULL, OTHER_WHSEC);
	struct test_request t;

	signed_request(&t, SIG);
	tap_int(verify("gitlab", &t, &secrets), PROVIDER_UNAUTHORIZED, "another token is no");
	strvec_push(&secrets.signing_tokens, "whsec_broken");
	strvec_push(&secrets.signing_tokens, WHSEC);
	tap_int(verify("gitlab", &t, &secrets), PROVIDER_OK, "one of several will do");
	test_request_release(&t);
	provider_secrets_release(&secrets);
}

/* Sign id and time properly for either scheme; is it accepted at now_ms? */
static bool accepts(const char *provider, const char *id, const char *ts, int64_t now_ms,
		    int64_t tolerance_ms)
{
	bool native = strcmp(provider, "native") == 0;
	struct provider_secrets secrets =
		native ? test_secrets("secret", NULL, NULL) : test_secrets(NULL, NULL, WHSEC);
	struct test_request t;

	secrets.tolerance_ms = tolerance_ms;
	test_request_init(&t, now_ms, BODY, strlen(BODY));
	if (native) {
		uint8_t digest[HMAC_SHA256_BYTES];
		char hex[2 * HMAC_SHA256_BYTES + 1];

		(void)push_native_sign("secret", 6, id, ts, BODY, strlen(BODY), digest);
		hex_encode(digest, sizeof(digest), hex);
		char *value = xasprintf("v1=%s", hex);
		test_request_add(&t, "Doorbell-Delivery", id);
		test_request_add(&t, "Doorbell-Timestamp", ts);
		test_request_add(&t, "Doorbell-Signature", value);
		free(value);
	} else {
		char *value = sign(id, ts);

		test_request_add(&t, "webhook-id", id);
		test_request_add(&t, "webhook-timestamp", ts);
		test_request_add(&t, "webhook-signature", value);
		free(value);
	}
	bool ok = verify(provider, &t, &secrets) == PROVIDER_OK;
	test_request_release(&t);
	provider_secrets_release(&secrets);
	return ok;
}

static void times_are_fresh(const char *provider)
{
	static const struct {
		int64_t apart_ms;
		int64_t tolerance_ms;
		bool accepted;
	} cases[] = {
		{ 0, 0, true },           { 299999, 0, true },       { 300000, 0, true },
		{ 300001, 0, false },     { -299999, 0, true },      { -300000, 0, true },
		{ -300001, 0, false },    { 999, 1000, true },       { 1000, 1000, true },
		{ 1001, 1000, false },    { -1000, 1000, true },     { -1001, 1000, false },
		{ 86400000, 90000000, true },
	};
	static const char *const odd[] = {
		"", "-1", "+1744578123", " 1744578123", "1744578123 ", "1744578123.0", "0x67fc1c4b",
		"1744578123000000000", "17445781z3", "NaN",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_int(accepts(provider, "abc", "1744578123", TS * 1000 + cases[i].apart_ms,
				cases[i].tolerance_ms),
			cases[i].accepted, "%s: %" PRId64 " ms apart, tolerance %" PRId64,
			provider, cases[i].apart_ms, cases[i].tolerance_ms);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		tap_ok(!accepts(provider, "abc", odd[i], TS * 1000, 0),
		       "%s: \"%s\" is no time, though signed", provider, odd[i]);
	}
	tap_ok(!accepts(provider, "a.b", "1744578123", TS * 1000, 0), "%s: no \".\" in an id",
	       provider);
	tap_ok(!accepts(provider, "", "1744578123", TS * 1000, 0), "%s: no empty id", provider);
}

static void the_hook_signs_all_it_says(void)
{
	static const char *const names[] = { "Doorbell-Delivery", "Doorbell-Timestamp",
					     "Doorbell-Signature" };
	struct provider_secrets secrets = test_secrets("other", "secret", NULL);
	const struct provider *p = provider_by_name("native");
	char body[] = BODY;
	uint8_t digest[HMAC_SHA256_BYTES];
	char hex[2 * HMAC_SHA256_BYTES + 1];
	struct test_request t;
	size_t accepted = 0;

	(void)push_native_sign("secret", 6, "abc", "1744578123", body, strlen(body), digest);
	hex_encode(digest, sizeof(digest), hex);
	char *signature = xasprintf("v1=%s", hex);
	test_request_init(&t, TS * 1000, body, strlen(body));
	test_request_add(&t, "Content-Type", "application/json");
	test_request_add(&t, names[0], "abc");
	test_request_add(&t, names[1], "1744578123");
	test_request_add(&t, names[2], signature);
	tap_int(provider_check_headers(p, &t.request, &secrets), PROVIDER_OK, "headers will do");
	tap_int(verify("native", &t, &secrets), PROVIDER_OK, "a hook's delivery is authentic");
	for (size_t bit = 0; bit < 8 * strlen(BODY); bit++) {
		body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
		accepted += verify("native", &t, &secrets) == PROVIDER_OK;
		body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
	}
	tap_int(accepted, 0, "no bit of its body can be flipped");
	for (size_t i = 0; i < 3; i++) {
		char *value = xstrdup(provider_header_get(&t.request, names[i]));
		size_t len = strlen(value);

		accepted = 0;
		for (size_t bit = 0; bit < 8 * len; bit++) {
			char changed[96];

			(void)snprintf(changed, sizeof(changed), "%s", value);
			changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
			test_request_set(&t, names[i], changed);
			/* "a" and "A" are one digit */
			accepted += strcasecmp(changed, value) != 0 &&
				    verify("native", &t, &secrets) == PROVIDER_OK;
		}
		tap_int(accepted, 0, "no bit of %s can be flipped", names[i]);
		test_request_set(&t, names[i], value);
		test_request_add(&t, names[i], value);
		tap_int(verify("native", &t, &secrets), PROVIDER_UNAUTHORIZED, "not %s twice",
			names[i]);
		test_request_remove(&t, names[i]);
		tap_int(verify("native", &t, &secrets), PROVIDER_UNAUTHORIZED, "not without %s",
			names[i]);
		tap_int(provider_check_headers(p, &t.request, &secrets), PROVIDER_UNAUTHORIZED,
			"... which shows early");
		test_request_add(&t, names[i], value);
		free(value);
	}
	tap_int(verify("native", &t, &secrets), PROVIDER_OK, "in any order it is authentic");
	free(signature);
	test_request_release(&t);
	provider_secrets_release(&secrets);
}

static void senders_are_told_apart(void)
{
	static const struct {
		const char *headers[6];
		const char *want;
	} cases[] = {
		{ { "x-github-event: push", "X-Hub-Signature-256: x" }, "github" },
		{ { "X-GitHub-Event: push", "X-GitHub-Enterprise-Host: h" }, "github" },
		{ { "X-GITHUB-EVENT: push", "X-Gitea-Event: push", "X-Gogs-Event: push" }, "gitea" },
		{ { "X-GitHub-Event: push", "X-Gitea-Event: push", "X-Gogs-Event: push",
		    "X-Forgejo-Event: push" },
		  "forgejo" },
		{ { "X-Github-Event: push", "X-Gogs-Event: push" }, "gogs" },
		{ { "X-Gitlab-Event: Push Hook", "webhook-id: 1", "webhook-timestamp: 2" }, "gitlab" },
		{ { "X-Gitlab-Event: System Hook" }, "gitlab" },
		{ { "Doorbell-Signature: v1=", "Doorbell-Delivery: 1" }, "native" },
		{ { "webhook-id: 1", "webhook-timestamp: 2", "webhook-signature: v1,x" }, NULL },
		{ { "X-Hub-Signature-256: sha256=" }, NULL },
		{ { "Content-Type: application/json" }, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_request t;

		test_request_init(&t, 0, "", 0);
		for (size_t h = 0; cases[i].headers[h] != NULL; h++) {
			test_request_add_line(&t, cases[i].headers[h]);
		}
		const struct provider *p = provider_detect(t.headers, t.request.header_count);
		tap_str(p != NULL ? provider_get_name(p) : NULL, cases[i].want,
			"the sender of %zu is told", i);
		test_request_release(&t);
	}
	static const char *const names[] = { "github", "gitlab", "gitea", "forgejo", "gogs", "native" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct provider *p = provider_by_name(names[i]);
		tap_str(p != NULL ? provider_get_name(p) : NULL, names[i], "%s has its name", names[i]);
	}
	tap_ok(provider_by_name("nobody") == NULL, "no other");
}

static void deliveries_have_ids(void)
{
	static const struct {
		const char *provider;
		const char *headers[3];
		const char *want;
	} cases[] = {
		{ "github", { "X-GitHub-Delivery: 72d3162e-cc78-11e3" }, "72d3162e-cc78-11e3" },
		{ "github", { "X-Gitea-Delivery: a" }, NULL },
		{ "github", { "X-GitHub-Delivery: " }, NULL },
		{ "github", { "X-GitHub-Delivery: a b" }, NULL },
		{ "github", { "X-GitHub-Delivery: \x1b[31m" }, NULL },
		{ "gitlab", { "Idempotency-Key: b", "webhook-id: a" }, "a" },
		{ "gitlab", { "Idempotency-Key: b", "X-Gitlab-Event-UUID: c" }, "b" },
		{ "gitlab", { "X-Gitlab-Event-UUID: c" }, NULL },
		{ "gitea", { "X-GitHub-Delivery: x", "X-Gitea-Delivery: g" }, "g" },
		{ "forgejo", { "X-Gitea-Delivery: g", "X-Forgejo-Delivery: f" }, "f" },
		{ "gogs", { "X-Gogs-Delivery: o" }, "o" },
		{ "native", { "Doorbell-Delivery: n" }, "n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_request t;

		test_request_init(&t, 0, "", 0);
		for (size_t h = 0; cases[i].headers[h] != NULL; h++) {
			test_request_add_line(&t, cases[i].headers[h]);
		}
		tap_str(provider_delivery_id(provider_by_name(cases[i].provider), &t.request),
			cases[i].want, "%s: id %zu of the table", cases[i].provider, i);
		test_request_release(&t);
	}
}

static void media_types_are_checked_early(void)
{
	static const struct {
		const char *provider;
		const char *type;
		enum provider_result want;
	} cases[] = {
		{ "github", "application/json", PROVIDER_OK },
		{ "github", "Application/JSON; charset=utf-8", PROVIDER_OK },
		{ "github", "application/json ;charset=utf-8", PROVIDER_OK },
		{ "github", "application/x-www-form-urlencoded", PROVIDER_OK },
		{ "github", "application/jsonx", PROVIDER_UNSUPPORTED },
		{ "github", "text/plain", PROVIDER_UNSUPPORTED },
		{ "github", "", PROVIDER_UNSUPPORTED },
		{ "github", NULL, PROVIDER_UNSUPPORTED },
		{ "gitlab", "application/x-www-form-urlencoded", PROVIDER_UNSUPPORTED },
		{ "gitea", "application/x-www-form-urlencoded", PROVIDER_OK },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_secrets secrets = test_secrets("s", NULL, NULL);
		const struct provider *p = provider_by_name(cases[i].provider);
		struct test_request t;

		test_request_init(&t, 0, "{}", 2);
		test_request_sign(&t, "X-Hub-Signature-256", "sha256=", "s");
		test_request_sign(&t, "X-Gitea-Signature", "", "s");
		test_request_add(&t, "X-Gitlab-Token", "s");
		if (cases[i].type != NULL) {
			test_request_add(&t, "Content-Type", cases[i].type);
		}
		tap_int(provider_check_headers(p, &t.request, &secrets), cases[i].want,
			"%s: media type %zu of the table", cases[i].provider, i);
		if (cases[i].type != NULL) {
			test_request_add(&t, "Content-Type", "application/json");
			tap_int(provider_check_headers(p, &t.request, &secrets),
				PROVIDER_UNSUPPORTED, "... and not two of them");
		}
		test_request_release(&t);
		provider_secrets_release(&secrets);
	}
}

int main(void)
{
	lists_of_signatures();
	two_schemes_do_not_weaken_each_other();
	signing_tokens_rotate();
	times_are_fresh("gitlab");
	times_are_fresh("native");
	the_hook_signs_all_it_says();
	senders_are_told_apart();
	deliveries_have_ids();
	media_types_are_checked_early();
	return tap_done();
}
