/*
 * Sample records.
 */
#include "tests/support/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct oid sample_oid(unsigned n)
{
	struct oid id = { .len = 20 };

	memset(id.bytes, (int)(n & 0xff), 20);
	return id;
}

struct record_delivery *sample_delivery(unsigned n, size_t body_len)
{
	struct record_delivery *d = xcalloc(1, sizeof(*d));

	d->source = xstrdup("forge");
	d->provider = xstrdup("github");
	d->sender_id = xasprintf("sender-%u", n);
	d->body_sha256 = xasprintf("%064u", n);
	d->event = xstrdup("push");
	d->pusher = xstrdup("ann");
	if (body_len > 0) {
		d->body = xmalloc(body_len);
		memset(d->body, 'a' + (int)(n % 26), body_len);
	}
	d->body_len = body_len;
	d->body_size = (int64_t)body_len;
	d->received_ms = 1000 + (int64_t)n;
	d->push_count = 1;
	d->pushes = xcalloc(1, sizeof(*d->pushes));
	d->pushes[0] = (struct record_push){
		.repository = xstrdup("https://git.example.org/infra"),
		.ref = xstrdup("refs/heads/main"),
		.before = sample_oid(n),
		.after = sample_oid(n + 1),
		.default_branch = xstrdup("main"),
		.state = PUSH_ACCEPTED,
		.changed_paths = -1,
		.accepted_ms = 1000 + (int64_t)n,
	};
	return d;
}

void sample_delivery_free(struct record_delivery *d)
{
	if (d != NULL) {
		record_delivery_release(d);
		free(d);
	}
}

struct trigger *sample_trigger(int64_t push, const char *application)
{
	struct trigger *t = trigger_new();

	t->push = push;
	t->application = xstrdup(application);
	t->project = xstrdup("default");
	t->target = xstrdup("argocd");
	t->repository = xstrdup("https://git.example.org/infra");
	t->ref = xstrdup("refs/heads/main");
	t->before = sample_oid(1);
	t->after = sample_oid(2);
	t->reasons = xstrdup("[{\"path\":\"apps/web/values.yaml\",\"change\":\"modified\","
			     "\"probe\":\"file\",\"via\":[\"apps/web\"]}]");
	t->created_ms = 2000;
	return t;
}
