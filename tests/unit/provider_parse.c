/*
 * What authentic requests say: pushes of each sender, events that are none,
 * members of the wrong type; and requests of our own, there and back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "provider/provider.h"
#include "tests/support/request.h"
#include "tests/support/tap.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"
#define Z "0000000000000000000000000000000000000000"
#define IDS "\"before\":\"" A "\",\"after\":\"" B "\""
#define MAIN "\"ref\":\"refs/heads/main\""
#define HUB "\"repository\":{\"clone_url\":\"https://h/o/r.git\",\"ssh_url\":\"git@h:o/r.git\"," \
	    "\"html_url\":\"https://h/o/r\",\"default_branch\":\"main\"}," \
	    "\"pusher\":{\"name\":\"ann\"}"
#define LAB "\"project\":{\"git_http_url\":\"https://h/o/r.git\"," \
	    "\"git_ssh_url\":\"git@h:o/r.git\",\"web_url\":\"https://h/o/r\"," \
	    "\"default_branch\":\"main\"},\"user_username\":\"ann\""
#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

/*
 * Pushes are written "ref before..after", one a line; ids by their first
 * digit, "-" for one that is not said.
 */
static char *describe(const struct delivery_content *c)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < c->count; i++) {
		char before[OID_HEX_MAX + 1];
		char after[OID_HEX_MAX + 1];
		char *more = xasprintf("%s%s%s %.1s..%.1s", all, i > 0 ? "\n" : "",
				       c->pushes[i].ref,
				       c->pushes[i].before.len > 0
					       ? oid_to_hex(&c->pushes[i].before, before)
					       : "-",
				       oid_to_hex(&c->pushes[i].after, after));
		free(all);
		all = more;
	}
	return all;
}

static enum provider_result parse(const char *provider, const char *event_header,
				  const char *event, const char *type, const char *body, size_t len,
				  struct delivery_content *c, struct error *err)
{
	struct test_request t;

	test_request_init(&t, 0, body, len);
	test_request_add(&t, "Content-Type", type);
	if (event != NULL) {
		test_request_add(&t, event_header, event);
	}
	enum provider_result r = provider_parse(provider_by_name(provider), &t.request, c, err);
	test_request_release(&t);
	return r;
}

static const char *event_header(const char *provider)
{
	static const char *const names[][2] = {
		{ "github", "X-GitHub-Event" }, { "gitlab", "X-Gitlab-Event" },
		{ "gitea", "X-Gitea-Event" },   { "forgejo", "X-Forgejo-Event" },
		{ "gogs", "X-Gogs-Event" },     { "native", "X-None" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(provider, names[i][0]) == 0) {
			return names[i][1];
		}
	}
	return NULL;
}

static void pushes_are_read(void)
{
	static const struct {
		const char *name;
		const char *provider;
		const char *event;
		const char *body;
		const char *pushes;
	} cases[] = {
		{ "a push", "github", "push",
		  "{" MAIN "," IDS ",\"commits\":[{\"id\":\"x\"}]," HUB "}",
		  "refs/heads/main 1..2" },
		{ "a tag", "github", "push",
		  "{\"ref\":\"refs/tags/v1\",\"before\":\"" Z "\",\"after\":\"" B "\"," HUB "}",
		  "refs/tags/v1 0..2" },
		{ "a deleted branch", "github", "push",
		  "{\"ref\":\"refs/heads/x\",\"before\":\"" A "\",\"after\":\"" Z
		  "\",\"head_commit\":null," HUB "}",
		  "refs/heads/x 1..0" },
		{ "a test push to the same", "gitea", "push",
		  "{" MAIN ",\"before\":\"" A "\",\"after\":\"" A "\"," HUB "}",
		  "refs/heads/main 1..1" },
		{ "a push", "gitea", "push", "{" MAIN "," IDS "," HUB "}", "refs/heads/main 1..2" },
		{ "a push", "forgejo", "push", "{" MAIN "," IDS "," HUB "}",
		  "refs/heads/main 1..2" },
		{ "a push", "gogs", "push", "{" MAIN "," IDS "," HUB "}", "refs/heads/main 1..2" },
		{ "who says only which ref", "github", "push", "{" MAIN "," HUB "}",
		  "refs/heads/main -.." },
		{ "a deleted branch is only told so", "gitea", "delete",
		  "{\"ref\":\"a/b\",\"ref_type\":\"branch\"," HUB "}", "refs/heads/a/b -..0" },
		{ "a deleted branch is only told so", "forgejo", "delete",
		  "{\"ref\":\"a/b\",\"ref_type\":\"branch\"," HUB "}", "refs/heads/a/b -..0" },
		{ "a deleted branch is only told so", "gogs", "delete",
		  "{\"ref\":\"b\",\"ref_type\":\"branch\"," HUB "}", "refs/heads/b -..0" },
		{ "a deleted tag is only told so", "gogs", "delete",
		  "{\"ref\":\"v1\",\"ref_type\":\"tag\"," HUB "}", "refs/tags/v1 -..0" },
		{ "a created tag is only told so", "gogs", "create",
		  "{\"ref\":\"v1\",\"ref_type\":\"tag\",\"sha\":\"" B "\"," HUB "}",
		  "refs/tags/v1 0..2" },
		{ "a push", "gitlab", "Push Hook",
		  "{\"object_kind\":\"push\"," MAIN "," IDS "," LAB "}", "refs/heads/main 1..2" },
		{ "an annotated tag keeps its own id", "gitlab", "Tag Push Hook",
		  "{\"object_kind\":\"tag_push\",\"ref\":\"refs/tags/v1\",\"before\":\"" Z
		  "\",\"after\":\"" B "\",\"checkout_sha\":\"" A "\"," LAB "}",
		  "refs/tags/v1 0..2" },
		{ "a deleted branch", "gitlab", "Push Hook",
		  "{\"object_kind\":\"push\"," MAIN ",\"before\":\"" A "\",\"after\":\"" Z
		  "\",\"checkout_sha\":null," LAB "}",
		  "refs/heads/main 1..0" },
		{ "a system hook's push", "gitlab", "System Hook",
		  "{\"event_name\":\"push\"," MAIN "," IDS "," LAB "}", "refs/heads/main 1..2" },
		{ "a system hook's tag", "gitlab", "System Hook",
		  "{\"event_name\":\"tag_push\",\"ref\":\"refs/tags/v\"," IDS "," LAB "}",
		  "refs/tags/v 1..2" },
		{ "all refs of a push", "gitlab", "System Hook",
		  "{\"event_name\":\"repository_update\",\"changes\":[{" MAIN "," IDS "},"
		  "{\"ref\":\"refs/tags/v1\",\"before\":\"" Z "\",\"after\":\"" B "\"},"
		  "{\"ref\":\"refs/heads/x\",\"before\":\"" A "\",\"after\":\"" Z "\"}],"
		  "\"refs\":[\"refs/heads/main\"]," LAB "}",
		  "refs/heads/main 1..2\nrefs/tags/v1 0..2\nrefs/heads/x 1..0" },
		{ "a push of two refs", "native", NULL,
		  "{\"version\":1,\"repository\":\"https://h/o/r.git\",\"urls\":[\"git@h:o/r.git\","
		  "\"https://h/o/r\"],\"default_branch\":\"main\",\"pusher\":\"ann\",\"refs\":["
		  "{" MAIN "," IDS "},{\"ref\":\"refs/tags/v1\"," IDS "}],\"more\":[1,{}]}",
		  "refs/heads/main 1..2\nrefs/tags/v1 1..2" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *p = cases[i].provider;
		struct delivery_content c = { .count = 0 };
		struct error err = ERROR_INIT;

		int r = parse(p, event_header(p), cases[i].event, JSON, cases[i].body,
			      strlen(cases[i].body), &c, &err);
		char *got = describe(&c);
		tap_int(r, PROVIDER_OK, "%s: %s is read (%s)", p, cases[i].name, err.text);
		tap_str(got, cases[i].pushes, "... as those updates");
		tap_ok(c.ignored == NULL, "... and is not ignored");
		tap_int(c.urls.count, 3, "... with every address once");
		tap_str(c.default_branch, "main", "... the default branch");
		tap_str(c.pusher, "ann", "... and who pushed");
		free(got);
		delivery_content_release(&c);
	}
}

static void other_events_are_ignored_with_a_reason(void)
{
	static const struct {
		const char *provider;
		const char *event;
		const char *body;
		const char *why;
	} cases[] = {
		{ "github", "ping", "{\"zen\":\"x\"}", "a ping: the webhook works" },
		{ "github", "create", "{}", "a push event says the same" },
		{ "github", "delete", "{}", "a push event says the same" },
		{ "github", "issues", "not even JSON", "event 'issues' is not a push" },
		{ "github", "\x1b[31m\xff", "{}", "event '\x1b[31m\xff' is not a push" },
		{ "gitea", "create", "{\"ref\":\"b\",\"ref_type\":\"branch\"," HUB "}",
		  "a push event says the same" },
		{ "gitea", "create", "{\"ref\":\"v\",\"ref_type\":\"tag\"," HUB "}",
		  "a push event says the same" },
		{ "gitea", "delete", "{\"ref\":\"v\",\"ref_type\":\"tag\"," HUB "}",
		  "a push event says the same" },
		{ "gogs", "create", "{\"ref\":\"b\",\"ref_type\":\"branch\"," HUB "}",
		  "a push event says the same" },
		{ "gitea", "release", "{}", "event 'release' is not a push" },
		{ "gitlab", "Issue Hook", "{\"object_kind\":\"issue\"}",
		  "event 'issue' is not a push" },
		{ "gitlab", "System Hook", "{\"event_name\":\"project_create\"}",
		  "event 'project_create' is not a push" },
		{ "gitlab", "Push Hook", "{\"object_kind\":\"pipeline\"}",
		  "event 'pipeline' is not a push" },
		{ "gitlab", "System Hook",
		  "{\"event_name\":\"repository_update\",\"changes\":[]," LAB "}",
		  "the event names no ref" },
		{ "native", NULL, "{\"version\":1,\"repository\":\"https://h/r\",\"refs\":[]}",
		  "the delivery names no ref" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *p = cases[i].provider;
		struct delivery_content c = { .count = 0 };
		struct error err = ERROR_INIT;

		tap_int(parse(p, event_header(p), cases[i].event, JSON, cases[i].body,
			      strlen(cases[i].body), &c, &err),
			PROVIDER_OK, "%s: event %zu is understood (%s)", p, i, err.text);
		if (strchr(cases[i].why, '\x1b') == NULL) {
			tap_str(c.ignored, cases[i].why, "... and ignored with its reason");
		} else {
			tap_str(c.ignored, "event '?[31m?' is not a push",
				"... and nothing unprintable is repeated");
			tap_str(c.event, "?[31m?", "... not even its name");
		}
		tap_int(c.count, 0, "... with no pushes");
		delivery_content_release(&c);
	}
}

/* Each member of a good push replaced by each odd value: is it still read? */
static void members_of_the_wrong_type_are_refused(void)
{
	static const char *const odd[] = {
		"null", "true", "0", "1.5", "[]", "{}", "\"\"", "\"x\"", "[\"refs/heads/main\"]",
		"{\"name\":{}}", "-1e400", "\"" A A "\"",
	};
	static const struct {
		const char *provider;
		const char *event;
		const char *before; // the member's value comes between these
		const char *after;
		bool optional; // odd values are taken for "not said"
	} cases[] = {
		{ "github", "push", "{\"ref\":", "," IDS "," HUB "}", false },
		{ "github", "push", "{\"after\":", "," MAIN ",\"before\":\"" A "\"," HUB "}", false },
		{ "github", "push", "{\"repository\":", "," MAIN "," IDS "}", false },
		{ "github", "push", "{\"repository\":{\"clone_url\":", "}," MAIN "," IDS "}", false },
		{ "github", "push", "{\"pusher\":",
		  "," MAIN "," IDS ",\"repository\":{\"url\":\"https://h/r\"}}", true },
		{ "github", "push", "{\"repository\":{\"url\":\"https://h/r\",\"default_branch\":",
		  "}," MAIN "," IDS "}", true },
		{ "github", "push", "{\"commits\":", "," MAIN "," IDS "," HUB "}", true },
		{ "gitea", "delete", "{\"ref\":", ",\"ref_type\":\"branch\"," HUB "}", false },
		{ "gitea", "delete", "{\"ref_type\":", ",\"ref\":\"b\"," HUB "}", false },
		{ "gogs", "create", "{\"sha\":", ",\"ref\":\"b\",\"ref_type\":\"tag\"," HUB "}", false },
		{ "gitlab", "Push Hook", "{\"ref\":", ",\"object_kind\":\"push\"," IDS "," LAB "}",
		  false },
		{ "gitlab", "Push Hook", "{\"project\":", ",\"object_kind\":\"push\"," IDS "," MAIN
		  "}", false },
		{ "gitlab", "System Hook", "{\"changes\":",
		  ",\"event_name\":\"repository_update\"," LAB "}", false },
		{ "gitlab", "System Hook", "{\"changes\":[",
		  "],\"event_name\":\"repository_update\"," LAB "}", false },
		{ "native", NULL, "{\"version\":", ",\"repository\":\"https://h/r\",\"refs\":[]}",
		  false },
		{ "native", NULL, "{\"version\":1,\"repository\":", ",\"refs\":[{" MAIN "," IDS "}]}",
		  false },
		{ "native", NULL, "{\"version\":1,\"repository\":\"https://h/r\",\"refs\":", "}",
		  false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *p = cases[i].provider;
		size_t read = 0;
		size_t silent = 0;

		for (size_t j = 0; j < sizeof(odd) / sizeof(odd[0]); j++) {
			struct delivery_content c = { .count = 99 };
			struct error err = ERROR_INIT;
			char *body = xasprintf("%s%s%s", cases[i].before, odd[j], cases[i].after);

			int r = parse(p, event_header(p), cases[i].event, JSON, body, strlen(body),
				      &c, &err);
			silent += r == PROVIDER_MALFORMED && (err.text[0] == '\0' || c.count != 99);
			if (r == PROVIDER_OK && c.count > 0) {
				read++;
			}
			if (r == PROVIDER_OK) {
				delivery_content_release(&c);
			}
			free(body);
		}
		/* "x" and the like are addresses as good as any; what they name is not ours. */
		size_t most = strstr(cases[i].before, "clone_url") != NULL ||
					      strcmp(cases[i].before, "{\"version\":1,\"repository\":") == 0
				      ? 2
				      : 0;
		if (strcmp(cases[i].before, "{\"ref\":") == 0 && strcmp(p, "gitea") == 0) {
			most = 2;
		}
		if (cases[i].optional) {
			/* -1e400 is no JSON number, but nobody reads it there */
			tap_ok(read >= 11, "%s %s: odd values are left out", p, cases[i].before);
		} else {
			tap_ok(read <= most, "%s %s: %zu odd values are refused", p, cases[i].before,
			       sizeof(odd) / sizeof(odd[0]) - read);
		}
		tap_int(silent, 0, "... each with its reason, and nothing written");
	}
}

static void broken_bodies_are_refused(void)
{
	static const struct {
		const char *type;
		const char *body;
		enum provider_result want;
	} cases[] = {
		{ JSON, "", PROVIDER_MALFORMED },
		{ JSON, "null", PROVIDER_MALFORMED },
		{ JSON, "[]", PROVIDER_MALFORMED },
		{ JSON, "{" MAIN "," IDS "," HUB, PROVIDER_MALFORMED },
		{ JSON, "{" MAIN "," IDS "," HUB "}x", PROVIDER_MALFORMED },
		{ JSON, "{" MAIN "," MAIN "," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "{" MAIN ",\"\\u0072ef\":\"refs/heads/x\"," IDS "," HUB "}",
		  PROVIDER_MALFORMED },
		{ JSON, "{\"\\u0072ef\":\"refs/heads/main\"," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "{" MAIN "," IDS ",\"repository\":{\"clone_url\":\"https://h/r\","
			"\"clone_\\u0075rl\":\"https://h/x\"}}", PROVIDER_MALFORMED },
		{ JSON, "{\"ref\":\"refs/heads/\xff\"," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "{\"ref\":\"refs/heads/a\\u0000b\"," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "{\"ref\":\"main\"," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "{\"ref\":\"refs/heads/../x\"," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "\xef\xbb\xbf{" MAIN "," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ FORM, "payload=%7B%7D", PROVIDER_MALFORMED },
		{ FORM, "{" MAIN "," IDS "," HUB "}", PROVIDER_MALFORMED },
		{ JSON, "payload=%7B%7D", PROVIDER_MALFORMED },
		{ "text/plain", "{" MAIN "," IDS "," HUB "}", PROVIDER_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct delivery_content c = { .count = 0 };
		struct error err = ERROR_INIT;

		tap_int(parse("github", "X-GitHub-Event", "push", cases[i].type, cases[i].body,
			      strlen(cases[i].body), &c, &err),
			cases[i].want, "body %zu of the table is refused: %s", i, err.text);
	}
	struct delivery_content c = { .count = 0 };
	struct error err = ERROR_INIT;
	tap_int(parse("github", "", NULL, JSON, "{}", 2, &c, &err), PROVIDER_MALFORMED,
		"GitHub without an event");
	tap_int(parse("gitea", "", NULL, JSON, "{}", 2, &c, &err), PROVIDER_MALFORMED,
		"Gitea without an event");
	tap_int(parse("gitlab", "X-Gitlab-Event", "Push Hook", FORM, "payload=%7B%7D", 14, &c, &err),
		PROVIDER_UNSUPPORTED, "GitLab sends no forms");
	static const char later[] = "{\"version\":2,\"repository\":\"https://h/r\",\"refs\":[]}";
	tap_int(parse("native", "", NULL, JSON, later, strlen(later), &c, &err), PROVIDER_MALFORMED,
		"a later version of our own delivery");
	tap_str(err.text, "version 2 is not understood: upgrade the receiver", "... names the cure");
}

static void refs_have_a_ceiling(void)
{
	for (int over = 0; over < 2; over++) {
		struct delivery_content c = { .count = 0 };
		struct error err = ERROR_INIT;
		struct buf body;

		buf_init(&body, LIMIT_BODY_BYTES);
		(void)buf_addstr(&body, "{\"event_name\":\"repository_update\"," LAB ",\"changes\":[");
		for (int i = 0; i < LIMIT_REFS + over; i++) {
			(void)buf_addf(&body, "%s{\"ref\":\"refs/heads/%d\"," IDS "}", i > 0 ? "," : "",
				       i);
		}
		(void)buf_addstr(&body, "]}");
		tap_int(parse("gitlab", "X-Gitlab-Event", "System Hook", JSON, body.data, body.len,
			      &c, &err),
			over > 0 ? PROVIDER_MALFORMED : PROVIDER_OK, "%d refs: %s",
			LIMIT_REFS + over, err.text);
		tap_int(c.count, over > 0 ? 0 : LIMIT_REFS, "... all or none are there");
		delivery_content_release(&c);
		buf_release(&body);
	}
}

static void content_of(struct delivery_content *c, size_t refs)
{
	struct oid a = { .len = 0 };
	struct oid b = { .len = 0 };

	(void)oid_from_hex(A, 40, &a);
	(void)oid_from_hex(B, 40, &b);
	delivery_content_init(c);
	strvec_push(&c->urls, "https://h/o/r.git");
	strvec_push(&c->urls, "git@h:o/r.git");
	c->default_branch = xstrdup("main");
	c->pusher = xstrdup("ann");
	(void)delivery_content_add(c, "refs/heads/gr\xc3\xbcn & 100%", &a, &b);
	(void)delivery_content_add(c, "refs/tags/v1", &a, &b);
	(void)delivery_content_add(c, "refs/heads/main", &a, &b);
	while (c->count > refs) {
		free(c->pushes[--c->count].ref);
	}
}

static void round_trip(const char *provider, size_t refs, bool form, bool token)
{
	const struct provider *p = provider_by_name(provider);
	struct provider_secrets secrets =
		token ? test_secrets(NULL, NULL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
		      : test_secrets("secret", "other", NULL);
	const struct provider_compose_options options = { .now_ms = 1234567, .form = form };
	struct strvec headers = STRVEC_INIT;
	struct delivery_content c;
	struct delivery_content back = { .count = 0 };
	struct error err = ERROR_INIT;
	struct test_request t;
	char *body = NULL;
	size_t len = 0;

	content_of(&c, refs);
	tap_int(provider_compose(p, &c, &secrets, &options, &headers, &body, &len, &err), 0,
		"%s: %zu refs%s are composed (%s)", provider, refs, form ? " as a form" : "",
		err.text);
	test_request_init(&t, options.now_ms, body, len);
	for (size_t i = 0; i < headers.count; i++) {
		test_request_add_line(&t, headers.items[i]);
	}
	tap_ok(provider_detect(t.headers, t.request.header_count) == p, "... told as that sender's");
	tap_int(provider_check_headers(p, &t.request, &secrets), PROVIDER_OK, "... with its headers");
	tap_int(provider_verify(p, &t.request, &secrets, &err), PROVIDER_OK, "... authentic");
	tap_ok(provider_delivery_id(p, &t.request) != NULL, "... with an id");
	tap_int(provider_parse(p, &t.request, &back, &err), PROVIDER_OK, "... and read (%s)",
		err.text);
	char *want = describe(&c);
	char *got = describe(&back);
	tap_str(got, want, "... as what was said");
	tap_ok(back.urls.count == 2 && strcmp(back.urls.items[0], c.urls.items[0]) == 0 &&
		       strcmp(back.urls.items[1], c.urls.items[1]) == 0,
	       "... of the same repository");
	free(want);
	free(got);
	free(body);
	strvec_release(&headers);
	delivery_content_release(&c);
	delivery_content_release(&back);
	test_request_release(&t);
	provider_secrets_release(&secrets);
}

static void what_we_send_we_read(void)
{
	static const char *const hubs[] = { "github", "gitea", "forgejo", "gogs" };

	for (size_t i = 0; i < sizeof(hubs) / sizeof(hubs[0]); i++) {
		round_trip(hubs[i], 1, false, false);
		round_trip(hubs[i], 1, true, false);
	}
	round_trip("gitlab", 1, false, false);
	round_trip("gitlab", 1, false, true);
	round_trip("gitlab", 3, false, true);
	round_trip("native", 1, false, false);
	round_trip("native", 3, false, false);
}

static void what_cannot_be_sent_is_said(void)
{
	static const struct {
		const char *provider;
		size_t refs;
		bool form;
		const char *secret;
		const char *id;
	} cases[] = {
		{ "github", 2, false, "s", NULL }, { "gitlab", 1, true, "s", NULL },
		{ "native", 1, true, "s", NULL },  { "github", 0, false, "s", NULL },
		{ "github", 1, false, NULL, NULL }, { "gitlab", 1, false, NULL, NULL },
		{ "native", 1, false, "", NULL },  { "gitea", 1, false, "", NULL },
		{ "github", 1, false, "s", "a\r\nX: y" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_secrets secrets = test_secrets(cases[i].secret, NULL, NULL);
		const struct provider_compose_options options = { .form = cases[i].form,
								  .delivery_id = cases[i].id };
		struct strvec headers = STRVEC_INIT;
		struct error err = ERROR_INIT;
		struct delivery_content c;
		char *body = NULL;
		size_t len = 0;

		content_of(&c, cases[i].refs);
		tap_int(provider_compose(provider_by_name(cases[i].provider), &c, &secrets, &options,
					 &headers, &body, &len, &err),
			-1, "%s: %s", cases[i].provider, err.text);
		tap_ok(body == NULL && headers.count == 0 && err.text[0] != '\0',
		       "... and nothing is made");
		delivery_content_release(&c);
		provider_secrets_release(&secrets);
	}
}

int main(void)
{
	pushes_are_read();
	other_events_are_ignored_with_a_reason();
	members_of_the_wrong_type_are_refused();
	broken_bodies_are_refused();
	refs_have_a_ceiling();
	what_we_send_we_read();
	what_cannot_be_sent_is_said();
	return tap_done();
}
