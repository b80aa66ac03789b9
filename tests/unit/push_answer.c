/*
 * What a hook is told: its form, and that it always fits, at the edge of
 * every ceiling at once.
 */
#include "push/push_answer.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/tap.h"

static void the_form(void)
{
	static const char *const names[] = { "argocd/web", "argocd/api" };
	struct push_answer *a = push_answer_new(42);
	size_t len = 0;

	char *text = push_answer_write(a, false, &len);
	tap_str(text, "{\"delivery\":\"42\",\"decided\":false,\"refs\":[]}", "nothing is known yet");
	free(text);
	push_answer_add(a, &(struct push_answer_ref){ "refs/heads/main", 2, 40, names, 2, "walked", 1 });
	push_answer_add(a, &(struct push_answer_ref){ "refs/heads/\xff", 0, 40, NULL, 0, NULL, 0 });
	text = push_answer_write(a, true, &len);
	tap_str(text,
		"{\"delivery\":\"42\",\"decided\":true,\"refs\":[{\"ref\":\"refs/heads/main\",\"affected\":2,"
		"\"applications\":40,\"names\":[\"argocd/web\",\"argocd/api\"],\"untaken\":1,\"reason\":\"walked\"},"
		"{\"ref\":\"refs/heads/\xef\xbf\xbd\",\"affected\":0,\"applications\":40,\"names\":[]}]}",
		"two refs, one of them not UTF-8");
	tap_int((long long)len, (long long)strlen(text), "and its length");
	free(text);
	push_answer_free(a);
	push_answer_free(NULL);
}

static void about_a_repository(void)
{
	struct push_answer_repository r = { "https://h/typo", false, "https://h/house" };
	size_t len = 0;

	char *text = push_answer_about(&r, true, &len);
	tap_str(text,
		"{\"repository\":\"https://h/typo\",\"known\":false,\"nearest\":\"https://h/house\","
		"\"decided\":true,\"refs\":[]}",
		"a push of a repository that is not known");
	free(text);
	r = (struct push_answer_repository){ "https://h/house", true, NULL };
	text = push_answer_about(&r, false, &len);
	tap_str(text, "{\"repository\":\"https://h/house\",\"known\":true}", "a question");
	free(text);
}

/* A name of the longest kind: kind, namespace, name and cluster of 63 to 253 bytes. */
static char *long_name(size_t i)
{
	char filler[400];

	memset(filler, 'n', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	return xasprintf("%s%zu", filler, i);
}

struct told {
	json_t *json;
	size_t len;
};

/* An answer about `refs` refs, each with `names` long names, and read back as the hook reads it. */
static struct told tell(size_t refs, size_t affected, size_t names)
{
	struct push_answer *a = push_answer_new(INT64_MAX);
	char **list = xcalloc(names, sizeof(*list));
	char reason[4096];
	struct told told = { NULL, 0 };

	memset(reason, '"', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	for (size_t i = 0; i < names; i++) {
		list[i] = long_name(i);
	}
	for (size_t i = 0; i < refs; i++) {
		char *ref = xasprintf("refs/heads/%01000zu", i);
		struct push_answer_ref row = { ref, affected, INT64_MAX, (const char *const *)list, names,
					       reason, 0 };

		push_answer_add(a, &row);
		free(ref);
	}
	char *text = push_answer_write(a, true, &told.len);
	told.json = json_loadb(text, told.len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	for (size_t i = 0; i < names; i++) {
		free(list[i]);
	}
	free(list);
	push_answer_free(a);
	return told;
}

static void at_the_edge(void)
{
	static const struct {
		const char *what;
		size_t refs;
		size_t affected;
		size_t names;
	} cases[] = {
		{ "every ref with every name", LIMIT_REFS, LIMIT_ANSWER_NAMES, LIMIT_ANSWER_NAMES },
		{ "more names than are told", 30, 5000, 5000 },
		{ "refs that affect nothing", LIMIT_REFS, 0, 0 },
		{ "one ref", 1, LIMIT_ANSWER_NAMES, LIMIT_ANSWER_NAMES },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told = tell(cases[i].refs, cases[i].affected, cases[i].names);
		const json_t *refs = json_object_get(told.json, "refs");
		size_t more = (size_t)json_integer_value(json_object_get(told.json, "more"));

		tap_ok(told.json != NULL, "%s: what is told is JSON", cases[i].what);
		tap_ok(told.len <= LIMIT_ANSWER_BYTES, "%s: %zu bytes fit into what a hook reads",
		       cases[i].what, told.len);
		tap_int((long long)(json_array_size(refs) + more), (long long)cases[i].refs,
			"%s: each ref is told or counted", cases[i].what);
		tap_ok(json_array_size(refs) >= 20 || json_array_size(refs) == cases[i].refs,
		       "%s: as many refs as a hook prints (%zu)", cases[i].what, json_array_size(refs));
		tap_int(json_integer_value(json_object_get(json_array_get(refs, 0), "affected")),
			(long long)cases[i].affected, "%s: the number is whole", cases[i].what);
		json_decref(told.json);
	}
}

static void those_that_matter_come_first(void)
{
	struct push_answer *a = push_answer_new(1);
	static const char *const names[] = { "web" };
	size_t len = 0;

	for (size_t i = 0; i < LIMIT_REFS - 1; i++) {
		char *ref = xasprintf("refs/tags/v%zu", i);

		push_answer_add(a, &(struct push_answer_ref){ ref, 0, 1, NULL, 0, NULL, 0 });
		free(ref);
	}
	push_answer_add(a, &(struct push_answer_ref){ "refs/heads/main", 1, 1, names, 1, NULL, 0 });
	char *text = push_answer_write(a, true, &len);
	tap_ok(strstr(text, "{\"ref\":\"refs/heads/main\",\"affected\":1") != NULL,
	       "the one ref that affects something is told after 9,999 that do not");
	free(text);
	push_answer_free(a);
}

int main(void)
{
	the_form();
	about_a_repository();
	at_the_edge();
	those_that_matter_come_first();
	return tap_done();
}
