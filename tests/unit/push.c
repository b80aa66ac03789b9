/*
 * Ref updates, which of them git would have, and their JSON.
 */
#include "push/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "push/push_json.h"
#include "push/push_native.h"
#include "tests/support/tap.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"
#define Z "0000000000000000000000000000000000000000"
#define B64 "3333333333333333333333333333333333333333333333333333333333333333"

static void refs_are_what_git_takes(void)
{
	static const struct {
		const char *ref;
		bool valid;
	} cases[] = {
		{ "refs/heads/main", true },
		{ "refs/tags/v1.0", true },
		{ "refs/heads/feature/a-b_c", true },
		{ "refs/heads/gr\xc3\xbc\xc3\x9f", true },
		{ "refs/heads/@", true },
		{ "refs/heads/a@b", true },
		{ "refs/heads/a.lockx", true },
		{ "refs/heads/-x", true },
		{ "refs/heads", true },
		{ "", false },
		{ "main", false },
		{ "HEAD", false },
		{ "refs", false },
		{ "refs/", false },
		{ "refs/heads/", false },
		{ "refs//heads", false },
		{ "refs/heads//a", false },
		{ "/refs/heads/a", false },
		{ "refs/heads/.a", false },
		{ "refs/.heads/a", false },
		{ "refs/heads/a..b", false },
		{ "refs/heads/a.", false },
		{ "refs/heads/a.lock", false },
		{ "refs/heads/a.lock/b", false },
		{ "refs/heads/a@{1}", false },
		{ "refs/heads/a b", false },
		{ "refs/heads/a~1", false },
		{ "refs/heads/a^", false },
		{ "refs/heads/a:b", false },
		{ "refs/heads/a?", false },
		{ "refs/heads/a*", false },
		{ "refs/heads/a[", false },
		{ "refs/heads/a\\b", false },
		{ "refs/heads/a\x7f", false },
		{ "refs/heads/a\n", false },
		{ "refs/heads/a\x1b[31m", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_int(push_ref_is_valid(cases[i].ref), cases[i].valid, "ref %zu of the table", i);
	}
	char longest[LIMIT_REF_BYTES + 2] = "refs/heads/";
	memset(longest + 11, 'a', LIMIT_REF_BYTES - 11);
	tap_ok(push_ref_is_valid(longest), "a ref of %d bytes is taken", LIMIT_REF_BYTES);
	longest[LIMIT_REF_BYTES] = 'a';
	tap_ok(!push_ref_is_valid(longest), "a longer one is not");
}

static void short_names(void)
{
	tap_str(push_ref_short("refs/heads/a/b"), "a/b", "a branch");
	tap_str(push_ref_short("refs/tags/v1"), "v1", "a tag");
	tap_str(push_ref_short("refs/notes/x"), "notes/x", "anything else");
	tap_str(push_ref_short("refs/heads/refs/heads/a"), "refs/heads/a", "only once");
}

static struct oid id(const char *hex)
{
	struct oid oid = { .len = 0 };

	(void)oid_from_hex(hex, strlen(hex), &oid);
	return oid;
}

static void updates_must_say_something(void)
{
	static const struct {
		const char *before;
		const char *after;
		int want;
		const char *name;
	} cases[] = {
		{ A, B, 0, "an update" },
		{ A, A, 0, "a test delivery's update to the same" },
		{ Z, A, 0, "a creation" },
		{ A, Z, 0, "a deletion" },
		{ "", Z, 0, "a deletion of something unsaid" },
		{ "", A, 0, "an update from something unsaid" },
		{ Z, Z, -1, "nothing to nothing" },
		{ A, "", 0, "no after" },
		{ "", "", 0, "no ids" },
		{ A, B64, -1, "two kinds of hash" },
	};
	struct delivery_content c;

	delivery_content_init(&c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oid before = id(cases[i].before);
		struct oid after = id(cases[i].after);

		tap_int(delivery_content_add(&c, "refs/heads/a", &before, &after), cases[i].want,
			"%s", cases[i].name);
	}
	tap_int(c.count, 8, "those that were taken are there");
	struct oid a = id(A);
	while (c.count < LIMIT_REFS) {
		if (delivery_content_add(&c, "refs/heads/b", &a, &a) < 0) {
			break;
		}
	}
	tap_int(c.count, LIMIT_REFS, "up to the limit");
	tap_int(delivery_content_add(&c, "refs/heads/b", &a, &a), -1, "and no further");
	tap_str(c.pushes[LIMIT_REFS - 1].ref, "refs/heads/b", "the last one is kept");
	delivery_content_release(&c);
	delivery_content_release(&c);
}

#define UPDATE "{\"ref\":\"refs/heads/a\",\"before\":\"" A "\",\"after\":\"" B "\"}"

static void json_goes_round(void)
{
	static const char text[] =
		"{\"event\":\"push\",\"repository\":\"https://h/r.git\",\"urls\":[\"git@h:r\"],"
		"\"default_branch\":\"main\",\"pusher\":\"ann\",\"refs\":[" UPDATE ","
		"{\"ref\":\"refs/tags/v1\",\"before\":\"\",\"after\":\"" Z "\"}],"
		"\"ignored\":\"because\"}";
	struct error err = ERROR_INIT;
	struct delivery_content c;

	json_t *json = json_loads(text, 0, NULL);
	tap_int(push_json_read(json, &c, &err), 0, "an object is read");
	json_t *again = push_json_write(&c);
	char *got = json_dumps(again, JSON_COMPACT);
	tap_str(got, text, "and written as it was");
	tap_int(c.pushes[1].before.len, 0, "an unsaid id stays unsaid");
	tap_str(c.urls.items[1], "git@h:r", "addresses keep their order");
	char *body = push_native_body(&c, &err);
	tap_ok(strstr(body, "\"version\":1") != NULL, "a native body has its version");
	free(body);
	free(got);
	json_decref(json);
	json_decref(again);
	delivery_content_release(&c);
}

static void json_of_the_wrong_kind_is_refused(void)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "[]", "not an object" },
		{ "{}", "\"refs\" is not a list" },
		{ "{\"refs\":{}}", "\"refs\" is not a list" },
		{ "{\"refs\":[1]}", "an update has no \"ref\"" },
		{ "{\"refs\":[{\"ref\":1}]}", "an update has no \"ref\"" },
		{ "{\"refs\":[{\"ref\":\"refs/heads/a\",\"after\":\"\"}]}",
		  "\"after\" of refs/heads/a is not an object id" },
		{ "{\"refs\":[{\"ref\":\"refs/heads/a\",\"before\":null,\"after\":\"" A "\"}]}",
		  "\"before\" of refs/heads/a is not an object id" },
		{ "{\"refs\":[{\"ref\":\"refs/heads/a\",\"before\":\"1\",\"after\":\"" A "\"}]}",
		  "\"before\" of refs/heads/a is not an object id" },
		{ "{\"refs\":[{\"ref\":\"a\",\"after\":\"" A "\"}]}",
		  "\"a\" is not an update of a full ref name" },
		{ "{\"event\":1,\"refs\":[]}", "\"event\" is not a short string" },
		{ "{\"pusher\":[],\"refs\":[]}", "\"pusher\" is not a short string" },
		{ "{\"urls\":1,\"refs\":[]}", "\"urls\" is not a list" },
		{ "{\"urls\":[1],\"refs\":[]}", "an address is not a plain string" },
		{ "{\"repository\":\"\",\"refs\":[]}", "an address is not a plain string" },
		{ "{\"repository\":\"http://h/\\u000a\",\"refs\":[]}",
		  "an address is not a plain string" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct delivery_content c = { .count = 77 };
		struct error err = ERROR_INIT;
		json_t *json = json_loads(cases[i].text, 0, NULL);

		tap_int(push_json_read(json, &c, &err), -1, "%s is refused", cases[i].text);
		tap_str(err.text, cases[i].why, "... with that reason");
		tap_int(c.count, 77, "... and nothing is written");
		json_decref(json);
	}
}

static void addresses_have_a_ceiling(void)
{
	struct delivery_content c;

	delivery_content_init(&c);
	for (int i = 0; i < LIMIT_URLS + 5; i++) {
		char *url = xasprintf("https://h/%d", i);

		(void)push_add_url(&c, url);
		tap_ok(!push_add_url(&c, url), "address %d is not there twice", i);
		free(url);
	}
	tap_int(c.urls.count, LIMIT_URLS, "no more than %d addresses", LIMIT_URLS);
	delivery_content_release(&c);
}

static void native_ids(void)
{
	char a[37];
	char b[37];

	tap_ok(push_native_id(a) == 0 && push_native_id(b) == 0 && strcmp(a, b) != 0,
	       "ids differ");
	tap_ok(push_native_id_is_valid(a) && strlen(a) == 36 && a[14] == '4', "an id is a UUID");
	tap_ok(!push_native_id_is_valid("") && !push_native_id_is_valid("a.b") &&
		       !push_native_id_is_valid("../x") && !push_native_id_is_valid("a\nb"),
	       "an id has no dots, slashes or line ends");
}

int main(void)
{
	refs_are_what_git_takes();
	short_names();
	updates_must_say_something();
	json_goes_round();
	json_of_the_wrong_kind_is_refused();
	addresses_have_a_ceiling();
	native_ids();
	return tap_done();
}
