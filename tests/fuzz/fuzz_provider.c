/*
 * Requests of every sender.  The first byte chooses the sender and whether
 * the proof is right, the second the event and the media type; the rest is
 * the body.  Whatever is read must hold what push.h promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/xalloc.h"
#include "provider/provider.h"
#include "push/push_json.h"

#define NOW_MS (INT64_C(1744578123) * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const events[] = { "push",      "create",        "delete",      "ping",
				      "Push Hook", "Tag Push Hook", "System Hook", "issues" };

struct fuzz_request {
	struct provider_header headers[16];
	struct provider_request request;
	char hex[2 * HMAC_SHA256_BYTES + 1];
	char prefixed[80];
};

static void add(struct fuzz_request *f, const char *name, const char *value)
{
	f->headers[f->request.header_count++] = (struct provider_header){ name, value };
}

static void sign(struct fuzz_request *f, bool native, const void *body, size_t len)
{
	const struct hmac_part parts[] = {
		{ "abc.1744578123.", native ? 15 : 0 },
		{ body, len },
	};
	uint8_t digest[HMAC_SHA256_BYTES];

	if (hmac_sha256("secret", 6, parts, 2, digest) < 0) {
		abort();
	}
	hex_encode(digest, sizeof(digest), f->hex);
	(void)snprintf(f->prefixed, sizeof(f->prefixed), "%s%s", native ? "v1=" : "sha256=",
		       f->hex);
}

static void fill(struct fuzz_request *f, bool native, bool form, const char *event)
{
	add(f, "Content-Type", form ? "application/x-www-form-urlencoded" : "application/json");
	add(f, "X-GitHub-Event", event);
	add(f, "X-Gitea-Event", event);
	add(f, "X-Forgejo-Event", event);
	add(f, "X-Gogs-Event", event);
	add(f, "X-Gitlab-Event", event);
	add(f, native ? "Doorbell-Signature" : "X-Hub-Signature-256", f->prefixed);
	add(f, "X-Gitea-Signature", f->hex);
	add(f, "X-Forgejo-Signature", f->hex);
	add(f, "X-Gogs-Signature", f->hex);
	add(f, "X-Gitlab-Token", "secret");
	add(f, "Doorbell-Delivery", "abc");
	add(f, "Doorbell-Timestamp", "1744578123");
}

static void check(const struct delivery_content *c)
{
	struct delivery_content back;

	if (c->event == NULL || (c->count == 0) != (c->ignored != NULL)) {
		abort();
	}
	for (size_t i = 0; i < c->count; i++) {
		if (!push_ref_is_valid(c->pushes[i].ref) || c->pushes[i].after.len == 0) {
			abort();
		}
	}
	json_t *json = push_json_write(c);
	if (push_json_read(json, &back, NULL) < 0 || back.count != c->count) {
		abort();
	}
	delivery_content_release(&back);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "github", "gitlab", "gitea", "forgejo", "gogs", "native" };
	struct provider_secrets secrets = { .tolerance_ms = 0 };
	struct fuzz_request f = { .request = { .now_ms = NOW_MS } };
	struct delivery_content c;
	struct error err = ERROR_INIT;

	if (size < 2) {
		return 0;
	}
	const struct provider *p = provider_by_name(names[data[0] % 6]);
	bool native = strcmp(provider_get_name(p), "native") == 0;
	/* An exact allocation, so that a read past the end is seen. */
	char *body = xmemdup(data + 2, size - 2);
	f.request.headers = f.headers;
	f.request.body = body;
	f.request.body_len = size - 2;
	sign(&f, native, body, size - 2);
	fill(&f, native, (data[1] & 0x80) != 0, events[data[1] % 8]);
	strvec_push(&secrets.secrets, "secret");
	(void)provider_check_headers(p, &f.request, &secrets);
	(void)provider_verify(p, &f.request, &secrets, &err);
	if (provider_parse(p, &f.request, &c, &err) == PROVIDER_OK) {
		check(&c);
		delivery_content_release(&c);
	}
	free(body);
	provider_secrets_release(&secrets);
	return 0;
}
