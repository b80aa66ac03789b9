/*
 * Who may ring: published signatures, and everything near them that must fail.
 */
#include "provider/provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "provider/provider_impl.h"
#include "tests/support/request.h"
#include "tests/support/tap.h"

#define SECRET "It's a Secret to Everybody"
#define HELLO "Hello, World!"
#define HELLO_256 "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HELLO_SHA1 "01dc10d0c83e72ed246219cdd91669667fe2ca59"
#define WHSEC "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define STANDARD_ID "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"
#define STANDARD_TS "1744578123"
#define STANDARD_BODY "{\"object_kind\":\"push\"}"
#define STANDARD_SIG "v1,Sp6eEtWPfePxY+jOOgrLYjgw2PxaWCPwmS7SqImwe6U="
#define STANDARD_MS (INT64_C(1744578123) * 1000)
#define FORM "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"

struct vector {
	const char *name;
	const char *provider;
	const char *secret; // or NULL
	const char *token;  // signing token or NULL
	const char *body;
	int64_t now_ms;
	const char *headers[6];
};

/* The senders' and libraries' own published values. */
static const struct vector vectors[] = {
	{ "GitHub's documented example",
	  "github", SECRET, NULL, HELLO, 0,
	  { "Content-Type: application/json", "X-GitHub-Event: push",
	    "X-Hub-Signature-256: sha256=" HELLO_256 } },
	{ "GitHub, another body",
	  "github", SECRET, NULL, "Hello World!", 0,
	  { "Content-Type: application/json",
	    "X-Hub-Signature-256: "
	    "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9" } },
	{ "GitHub signs a form as sent",
	  "github", SECRET, NULL, FORM, 0,
	  { "Content-Type: application/x-www-form-urlencoded",
	    "X-Hub-Signature-256: "
	    "sha256=720493f557150a271b7cfdd9904c5fe4697f30c44588f8b452d36abc47b8796c" } },
	{ "Gitea signs a form's payload",
	  "gitea", SECRET, NULL, FORM, 0,
	  { "Content-Type: application/x-www-form-urlencoded",
	    "X-Gitea-Signature: "
	    "6a42699496d8c4fb346af1c930df527931a321e28ada69dbc5ee82f438517fd2" } },
	{ "Forgejo signs a form's payload",
	  "forgejo", SECRET, NULL, FORM, 0,
	  { "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
	    "X-Forgejo-Signature: "
	    "6a42699496d8c4fb346af1c930df527931a321e28ada69dbc5ee82f438517fd2" } },
	{ "Gogs signs a form's payload",
	  "gogs", SECRET, NULL, FORM, 0,
	  { "Content-Type: application/x-www-form-urlencoded",
	    "X-Gogs-Signature: "
	    "6a42699496d8c4fb346af1c930df527931a321e28ada69dbc5ee82f438517fd2" } },
	{ "Gitea signs JSON as sent",
	  "gitea", SECRET, NULL, HELLO, 0,
	  { "Content-Type: application/json", "X-Gitea-Signature: " HELLO_256 } },
	{ "the Standard Webhooks libraries' example",
	  "gitlab", NULL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	  "{\"test\": 2432232314}", INT64_C(1614265330000),
	  { "Content-Type: application/json", "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
	    "webhook-timestamp: 1614265330",
	    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" } },
	{ "a GitLab signing token",
	  "gitlab", NULL, WHSEC, STANDARD_BODY, STANDARD_MS,
	  { "Content-Type: application/json", "webhook-id: " STANDARD_ID,
	    "webhook-timestamp: " STANDARD_TS, "webhook-signature: " STANDARD_SIG } },
	{ "a GitLab secret token",
	  "gitlab", SECRET, NULL, HELLO, 0,
	  { "Content-Type: application/json", "X-Gitlab-Token: " SECRET } },
};

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void load(const struct vector *v, struct test_request *t, struct provider_secrets *secrets)
{
	test_request_init(t, v->now_ms, v->body, strlen(v->body));
	for (size_t i = 0; v->headers[i] != NULL; i++) {
		test_request_add_line(t, v->headers[i]);
	}
	*secrets = test_secrets(v->secret, NULL, v->token);
}

static enum provider_result verify(const char *name, const struct test_request *t,
				   const struct provider_secrets *secrets)
{
	struct error err = ERROR_INIT;
	enum provider_result r =
		provider_verify(provider_by_name(name), &t->request, secrets, &err);

	if (r != PROVIDER_OK && err.text[0] == '\0') {
		tap_ok(false, "a refusal by %s has a reason", name);
	}
	return r;
}

static void published_values_are_accepted(void)
{
	for (size_t i = 0; i < VECTORS; i++) {
		const struct provider *p = provider_by_name(vectors[i].provider);
		struct provider_secrets secrets;
		struct test_request t;
		struct error err = ERROR_INIT;

		load(&vectors[i], &t, &secrets);
		tap_int(provider_check_secrets(p, &secrets, &err), 0, "%s: secrets are fit",
			vectors[i].name);
		tap_int(provider_check_headers(p, &t.request, &secrets), PROVIDER_OK,
			"%s: the headers will do", vectors[i].name);
		tap_int(verify(vectors[i].provider, &t, &secrets), PROVIDER_OK, "%s: authentic",
			vectors[i].name);
		test_request_release(&t);
		provider_secrets_release(&secrets);
	}
}

/* Count the single flipped bits of text (len bytes) with which it is accepted. */
static size_t accepted_flips(const struct vector *v, const struct test_request *t,
			     const struct provider_secrets *secrets, char *text, size_t len)
{
	size_t accepted = 0;

	for (size_t bit = 0; bit < 8 * len; bit++) {
		char flip = (char)(1 << bit % 8);

		text[bit / 8] = (char)(text[bit / 8] ^ flip);
		/* A NUL would cut the text: no header can hold one. */
		bool whole = strlen(text) == len;
		accepted += whole && verify(v->provider, t, secrets) == PROVIDER_OK;
		text[bit / 8] = (char)(text[bit / 8] ^ flip);
	}
	return accepted;
}

static bool is_proof(const char *name)
{
	return strcasecmp(name, "Content-Type") != 0 && strcasecmp(name, "X-GitHub-Event") != 0;
}

/*
 * Hexadecimal has two cases: "a" and "A" differ in one bit and are one digit.
 * So flips that only change the case are left out of the count.
 */
static size_t letters(const char *value)
{
	const char *hex = strchr(value, '=') != NULL && strncmp(value, "sha256=", 7) == 0
				  ? value + 7
				  : value;
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		n += *hex >= 'a' && *hex <= 'f';
	}
	return n;
}

/* What Gitea and its kin sign of a form is decoded: "%2f" and "%2F" are one. */
static size_t escape_letters(const struct vector *v)
{
	size_t n = 0;

	if (strcmp(v->provider, "github") == 0) {
		return 0;
	}
	for (const char *at = strchr(v->body, '%'); at != NULL; at = strchr(at + 1, '%')) {
		n += at[2] >= 'A' && at[2] <= 'F';
	}
	return n;
}

static void any_flipped_bit_is_refused(void)
{
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		struct provider_secrets secrets;
		struct test_request t;

		load(v, &t, &secrets);
		char *body = xstrdup(v->body);
		t.request.body = body;
		bool signs_body = v->secret == NULL || strcmp(v->provider, "gitlab") != 0;
		if (signs_body) {
			tap_int(accepted_flips(v, &t, &secrets, body, strlen(body)),
				escape_letters(v), "%s: no flipped bit of the body", v->name);
		}
		char *key = v->secret != NULL ? secrets.secrets.items[0]
					      : secrets.signing_tokens.items[0];
		size_t skip = v->secret != NULL ? 0 : strlen("whsec_");
		tap_int(accepted_flips(v, &t, &secrets, key + skip, strlen(key + skip)), 0,
			"%s: no flipped bit of the secret", v->name);
		for (size_t h = 0; h < t.request.header_count; h++) {
			char *value = xstrdup(t.headers[h].value);
			bool hex = strstr(t.headers[h].name, "-Signature") != NULL;

			t.headers[h].value = value;
			if (is_proof(t.headers[h].name)) {
				size_t want = hex ? letters(value) : 0;

				tap_int(accepted_flips(v, &t, &secrets, value, strlen(value)),
					want, "%s: no flipped bit of %s", v->name,
					t.headers[h].name);
			}
			t.headers[h].value = "";
			free(value);
			if (is_proof(t.headers[h].name)) {
				tap_int(verify(v->provider, &t, &secrets), PROVIDER_UNAUTHORIZED,
					"%s: not with an empty %s", v->name, t.headers[h].name);
			}
			test_request_release(&t);
			provider_secrets_release(&secrets);
			load(v, &t, &secrets);
			t.request.body = body;
		}
		free(body);
		test_request_release(&t);
		provider_secrets_release(&secrets);
	}
}

static void a_proof_must_be_there_once(void)
{
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		const struct provider *p = provider_by_name(v->provider);

		for (size_t h = 0; v->headers[h] != NULL; h++) {
			struct provider_secrets secrets;
			struct test_request t;

			load(v, &t, &secrets);
			char *name = xstrdup(t.headers[h].name);
			if (is_proof(name)) {
				test_request_add(&t, name, t.headers[h].value);
				tap_int(verify(v->provider, &t, &secrets), PROVIDER_UNAUTHORIZED,
					"%s: not with %s twice", v->name, name);
				tap_int(provider_check_headers(p, &t.request, &secrets),
					PROVIDER_UNAUTHORIZED, "... which shows early");
				test_request_remove(&t, name);
				tap_int(verify(v->provider, &t, &secrets), PROVIDER_UNAUTHORIZED,
					"%s: not without %s", v->name, name);
				tap_int(provider_check_headers(p, &t.request, &secrets),
					PROVIDER_UNAUTHORIZED, "... which shows early");
			}
			free(name);
			test_request_release(&t);
			provider_secrets_release(&secrets);
		}
	}
}

static void weaker_proofs_are_not_enough(void)
{
	static const struct {
		const char *name;
		const char *provider;
		const char *header;
	} cases[] = {
		{ "SHA-1 only", "github", "X-Hub-Signature: sha1=" HELLO_SHA1 },
		{ "SHA-1 in SHA-256's header", "github", "X-Hub-Signature-256: sha1=" HELLO_SHA1 },
		{ "SHA-256 in SHA-1's header", "github", "X-Hub-Signature: sha256=" HELLO_256 },
		{ "an empty digest", "github", "X-Hub-Signature-256: sha256=" },
		{ "no scheme", "github", "X-Hub-Signature-256: " HELLO_256 },
		{ "a scheme in capitals", "github", "X-Hub-Signature-256: SHA256=" HELLO_256 },
		{ "a digest too short", "github", "X-Hub-Signature-256: sha256=757107" },
		{ "a digest too long", "github", "X-Hub-Signature-256: sha256=" HELLO_256 "00" },
		{ "two digests", "github",
		  "X-Hub-Signature-256: sha256=" HELLO_256 ",sha256=" HELLO_256 },
		{ "GitHub's header for Gitea", "gitea", "X-Hub-Signature-256: sha256=" HELLO_256 },
		{ "Gogs' header for Gitea", "gitea", "X-Gogs-Signature: " HELLO_256 },
		{ "a scheme in Gitea's header", "gitea", "X-Gitea-Signature: sha256=" HELLO_256 },
		{ "Gitea without a secret", "gitea", "X-Gitea-Signature: " },
		{ "Gitea's header for Gogs", "gogs", "X-Gitea-Signature: " HELLO_256 },
		{ "GitHub's header for GitLab", "gitlab", "X-Hub-Signature-256: sha256=" HELLO_256 },
		{ "an abandoned GitLab design", "gitlab", "X-Gitlab-Signature: " HELLO_256 },
		{ "an empty token", "gitlab", "X-Gitlab-Token: " },
		{ "a token's beginning", "gitlab", "X-Gitlab-Token: It's a Secret to Everybod" },
		{ "a token and more", "gitlab", "X-Gitlab-Token: It's a Secret to Everybody!" },
		{ "GitHub's header for the hook", "native", "X-Hub-Signature-256: sha256=" HELLO_256 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_secrets secrets = test_secrets(SECRET, NULL, NULL);
		struct test_request t;

		test_request_init(&t, 0, HELLO, strlen(HELLO));
		test_request_add(&t, "Content-Type", "application/json");
		test_request_add_line(&t, cases[i].header);
		tap_int(verify(cases[i].provider, &t, &secrets), PROVIDER_UNAUTHORIZED,
			"%s is refused", cases[i].name);
		test_request_release(&t);
		provider_secrets_release(&secrets);
	}
}

static void a_newer_forgejo_header_counts_first(void)
{
	struct provider_secrets secrets = test_secrets(SECRET, NULL, NULL);
	struct test_request t;

	test_request_init(&t, 0, HELLO, strlen(HELLO));
	test_request_add(&t, "X-Gitea-Signature", HELLO_256);
	tap_int(verify("forgejo", &t, &secrets), PROVIDER_OK, "an older Forgejo has Gitea's header");
	test_request_add(&t, "X-Forgejo-Signature", "");
	tap_int(verify("forgejo", &t, &secrets), PROVIDER_UNAUTHORIZED,
		"its own header, once there, is the one that counts");
	test_request_release(&t);
	provider_secrets_release(&secrets);
}

static void empty_secrets_never_match(void)
{
	static const char *const names[] = { "github", "gitea", "gogs", "gitlab", "native" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct provider *p = provider_by_name(names[i]);
		struct provider_secrets secrets = test_secrets("", NULL, NULL);
		struct error err = ERROR_INIT;
		struct test_request t;

		test_request_init(&t, 0, HELLO, strlen(HELLO));
		test_request_sign(&t, "X-Hub-Signature-256", "sha256=", "");
		test_request_sign(&t, "X-Gitea-Signature", "", "");
		test_request_sign(&t, "X-Gogs-Signature", "", "");
		test_request_add(&t, "X-Gitlab-Token", "");
		tap_int(verify(names[i], &t, &secrets), PROVIDER_UNAUTHORIZED,
			"%s: an empty secret proves nothing", names[i]);
		tap_int(provider_check_secrets(p, &secrets, &err), -1,
			"%s: and cannot be configured", names[i]);
		provider_secrets_release(&secrets);
		tap_int(verify(names[i], &t, &secrets), PROVIDER_UNAUTHORIZED,
			"%s: no secret proves nothing", names[i]);
		tap_int(provider_check_secrets(p, &secrets, &err), -1,
			"%s: and cannot be configured", names[i]);
		test_request_release(&t);
	}
}

static void any_of_several_secrets_will_do(void)
{
	for (int right = 0; right < 2; right++) {
		struct provider_secrets secrets = test_secrets(right == 0 ? SECRET : "old",
							       right == 1 ? SECRET : "old", NULL);

		for (size_t i = 0; i < VECTORS; i++) {
			struct provider_secrets own;
			struct test_request t;

			if (vectors[i].secret == NULL) {
				continue;
			}
			load(&vectors[i], &t, &own);
			tap_int(verify(vectors[i].provider, &t, &secrets), PROVIDER_OK,
				"%s: secret %d of two", vectors[i].name, right + 1);
			test_request_release(&t);
			provider_secrets_release(&own);
		}
		provider_secrets_release(&secrets);
	}
}

static void configured_secrets_are_checked(void)
{
	static const struct {
		const char *provider;
		const char *secret;
		const char *token;
		int want;
	} cases[] = {
		{ "gitlab", "s", NULL, 0 },
		{ "gitlab", NULL, WHSEC, 0 },
		{ "gitlab", "s", WHSEC, 0 },
		{ "gitlab", NULL, "whsec_", -1 },
		{ "gitlab", NULL, "whsec_Zm9v", -1 },
		{ "gitlab", NULL, "whsec_not base64", -1 },
		{ "gitlab", NULL, "", -1 },
		{ "github", "s", WHSEC, -1 },
		{ "native", "s", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_secrets secrets =
			test_secrets(cases[i].secret, NULL, cases[i].token);
		struct error err = ERROR_INIT;

		tap_int(provider_check_secrets(provider_by_name(cases[i].provider), &secrets, &err),
			cases[i].want, "secrets %zu of the table (%s)", i, err.text);
		provider_secrets_release(&secrets);
	}
}

int main(void)
{
	published_values_are_accepted();
	any_flipped_bit_is_refused();
	a_proof_must_be_there_once();
	weaker_proofs_are_not_enough();
	a_newer_forgejo_header_counts_first();
	empty_secrets_never_match();
	any_of_several_secrets_will_do();
	configured_secrets_are_checked();
	return tap_done();
}
