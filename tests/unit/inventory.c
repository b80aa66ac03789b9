/*
 * What the inventory keeps, replaces, hands over and leaves out; and when a
 * stamp is believed.
 */
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "tests/support/tap.h"

#define URL "https://git.example/org/repo"
#define REPO "git.example/org/repo"
#define BASE "git.example/org/base"

static const struct stamp unread = { .digest = "" };

/* Names separated by spaces, each an Application, or with a "!" in front a malformed one. */
static void read_text(const char *names, const char *origin, struct manifests *found)
{
	char *copy = xstrdup(names);
	char *rest = NULL;
	struct error err = ERROR_INIT;

	for (char *name = strtok_r(copy, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		bool bad = name[0] == '!';
		const char *space = strchr(name, '/');
		const char *bare = space != NULL ? space + 1 : name + bad;
		int len = (int)strcspn(bare, "=");
		const char *path = bare[len] == '=' ? bare + len + 1 : bare;
		char *text = xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: %.*s, "
				       "namespace: '%.*s'}\nspec: {source: {repoURL: '%s', path: %s}}\n",
				       len, bare, space != NULL ? (int)(space - name) : 0, name, URL,
				       bad ? "[1]" : path);

		if (manifests_read(text, strlen(text), origin, found, &err) < 0) {
			exit(2);
		}
		free(text);
	}
	free(copy);
}

static void set_file(struct inventory *inv, size_t i, const char *path, const char *names)
{
	struct manifests found = { .problems = STRVEC_INIT };

	read_text(names, path, &found);
	inventory_set_file(inv, i, path, &unread, &found);
	if (found.list.count + found.problems.count > 0) {
		exit(2);
	}
}

static void set_place(struct inventory *inv, size_t i, const char *names)
{
	struct manifests found = { .problems = STRVEC_INIT };

	read_text(names, "place", &found);
	inventory_set_place(inv, i, &found);
}

static void add_directory(struct inventory *inv, const char *path, const char *cluster)
{
	inventory_add(inv, &(struct inventory_origin){ .kind = INVENTORY_DIRECTORY, .path = path, .cluster = cluster });
}

static void add_place(struct inventory *inv, const char *ref)
{
	inventory_add(inv, &(struct inventory_origin){
		.kind = INVENTORY_PLACE, .repository = REPO, .ref = ref, .directory = "" });
}

/* The names of the list, separated by spaces, after a merge. Static. */
static const char *names_of(struct inventory *inv)
{
	static char out[1024];
	size_t len = 0;

	inventory_merge(inv);
	inventory_discard(inv);
	out[0] = '\0';
	for (size_t i = 0; i < inventory_list(inv)->count; i++) {
		char *name = app_full_name(inventory_list(inv)->items[i]);

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", i > 0 ? " " : "", name);
		free(name);
	}
	return out;
}

static const char *problem(const struct inventory *inv, size_t i)
{
	return i < inventory_problems(inv)->count ? inventory_problems(inv)->items[i] : NULL;
}

/* The same of a name, once more. */
static void what_is_said_twice_counts_once(void)
{
	struct inventory *inv = inventory_new(NULL, NULL);

	add_directory(inv, "/a", NULL);
	add_directory(inv, "/b", NULL);
	set_file(inv, 1, "/b/1.yaml", "web db");
	set_file(inv, 0, "/a/z.yaml", "late");
	set_file(inv, 0, "/a/a-b.yaml", "second");
	set_file(inv, 0, "/a/a/x.yaml", "web");
	tap_str(names_of(inv), "web second late db",
		"files stand in the order of the walk, origins in that of the configuration");
	tap_str(problem(inv, 0), "/b/1.yaml:1: application 'web' was read from /a/a/x.yaml:1 already",
		"of two of a name that say the same the first counts, and the other is a problem");
	inventory_remove_file(inv, 0, "/a/a/x.yaml");
	tap_str(names_of(inv), "second late web db", "when the first is gone, the second counts");
	tap_int(inventory_problems(inv)->count, 0, "and is no problem any more");
	inventory_remove_file(inv, 0, "/a/none.yaml");
	tap_str(names_of(inv), "second late web db", "a file that was never there cannot go");
	inventory_free(inv);
}

/* "NAME" reads from the path NAME, "NAME=PATH" from another. */
static void all_of_a_name_count(void)
{
	struct inventory *inv = inventory_new(NULL, NULL);

	add_place(inv, "refs/heads/main");
	add_directory(inv, "/a", NULL);
	add_directory(inv, "/b", NULL);
	set_place(inv, 0, "web=evil db");
	set_file(inv, 1, "/a/1.yaml", "web other");
	set_file(inv, 2, "/b/1.yaml", "web=more ns/web");
	tap_str(names_of(inv), "web db web other web ns/web", "all of a name are in the list");
	const struct app_list *list = inventory_list(inv);
	const struct app *first = list->items[2];
	tap_ok(list->items[0]->first == first && first->first == first && list->items[4]->first == first,
	       "they are told which says what it is: the operator's before a committer's");
	tap_ok(list->items[1]->first == NULL && list->items[5]->first == NULL,
	       "one of another namespace is another");
	tap_str(problem(inv, 0), "/a/1.yaml:1: 'web' was read from place:1 and 1 more places, too: a change of "
		"what any of them reads rings it; give their places a cluster to tell them apart, or remove one",
		"people are told where they are");
	tap_int(inventory_problems(inv)->count, 1, "once");
	inventory_remove_file(inv, 1, "/a/1.yaml");
	(void)names_of(inv);
	list = inventory_list(inv);
	tap_ok(list->items[0]->first == list->items[2], "who says what it is may go");
	inventory_remove_file(inv, 2, "/b/1.yaml");
	(void)names_of(inv);
	tap_ok(inventory_list(inv)->items[0]->first == NULL, "and leave one alone");
	inventory_free(inv);
}

static void what_cannot_be_read_keeps_what_it_held(void)
{
	struct inventory *inv = inventory_new(NULL, NULL);
	struct strvec lines = STRVEC_INIT;

	add_directory(inv, "/a", NULL);
	set_file(inv, 0, "/a/1.yaml", "web db");
	set_file(inv, 0, "/a/2.yaml", "other");
	tap_ok(inventory_fail_file(inv, 0, "/a/1.yaml", &unread, "/a/1.yaml:1:2: no"), "a file that breaks is news");
	set_file(inv, 0, "/a/2.yaml", "others");
	tap_str(names_of(inv), "web db others", "it keeps what it held, and the file beside it goes on");
	tap_str(problem(inv, 0), "/a/1.yaml:1:2: no", "what is wrong is told");
	tap_str(problem(inv, 1), "/a/1.yaml: what was read before is kept", "and what is done about it");
	tap_ok(!inventory_fail_file(inv, 0, "/a/1.yaml", &unread, "/a/1.yaml:1:2: no"), "the same once more is no news");
	tap_ok(inventory_fail_file(inv, 0, "/a/1.yaml", &unread, "/a/1.yaml: gone"), "another reason is");
	tap_ok(inventory_fail_file(inv, 0, "/a/3.yaml", &unread, "/a/3.yaml: no"), "so is a file that never was good");
	(void)names_of(inv);
	tap_int(inventory_problems(inv)->count, 3, "of which nothing can be kept");
	set_file(inv, 0, "/a/1.yaml", "web");
	inventory_remove_file(inv, 0, "/a/3.yaml");
	tap_str(names_of(inv), "web others", "a mended file counts as it is");
	tap_int(inventory_problems(inv)->count, 0, "and has no problem");
	set_file(inv, 0, "/a/1.yaml", "db !web");
	tap_str(names_of(inv), "db web others", "of a file that is YAML, a malformed application is kept as it was");
	tap_int(inventory_problems(inv)->count, 2, "with a problem");
	tap_str(problem(inv, 1), "/a/1.yaml: 1 that cannot be read now is kept as read before", "and what is done");
	tap_int(inventory_count_broken(inv), 1, "and the file is counted");
	set_file(inv, 0, "/a/1.yaml", "db !new");
	tap_str(names_of(inv), "db web others", "nobody knows that it is another");
	set_file(inv, 0, "/a/1.yaml", "db");
	tap_str(names_of(inv), "db others", "until all can be read");
	tap_int(inventory_problems(inv)->count + inventory_count_broken(inv), 0, "and nothing is broken");
	strvec_push(&lines, "/a/sub: no");
	tap_ok(inventory_set_problems(inv, 0, &lines), "a directory that cannot be read is a problem of its origin");
	tap_ok(!inventory_set_problems(inv, 0, &lines), "the same once more is no news");
	(void)names_of(inv);
	tap_str(problem(inv, 0), "/a/sub: no", "it is told");
	strvec_release(&lines);
	inventory_free(inv);
}

static void a_place_keeps_what_its_broken_files_held(void)
{
	struct inventory *inv = inventory_new(NULL, NULL);
	struct manifests found = { .problems = STRVEC_INIT };

	add_place(inv, "refs/heads/main");
	tap_ok(!inventory_knows_place(inv, 0), "a place is not known before it was read");
	read_text("web db=one", "a:b/1.yaml", &found);
	read_text("db=two gone", "2.yaml", &found);
	inventory_set_place(inv, 0, &found);
	tap_ok(inventory_knows_place(inv, 0), "then it is");
	tap_str(names_of(inv), "web db db gone", "and holds what its files say");
	read_text("!db", "2.yaml", &found);
	manifests_note_broken(&found, "a:b/1.yaml");
	manifests_note_broken(&found, "new.yaml");
	inventory_set_place(inv, 0, &found);
	tap_str(names_of(inv), "web db db gone", "what its broken files held is kept");
	tap_int(inventory_count_broken(inv), 3, "they are counted");
	read_text("web", "a:b/1.yaml", &found);
	read_text("!db", "3.yaml", &found);
	inventory_set_place(inv, 0, &found);
	tap_str(names_of(inv), "web", "what is gone from the others is gone, whatever is broken beside");
	read_text("web db", "a:b/1.yaml", &found);
	inventory_set_place(inv, 0, &found);
	strvec_push(&found.broken, "x.yaml");
	strvec_push(&found.broken, "");
	inventory_set_place(inv, 0, &found);
	tap_str(names_of(inv), "web db", "if too many are broken to be told, any is");
	inventory_set_place(inv, 0, &found);
	tap_str(names_of(inv), "", "with none broken all is as it is");
	tap_ok(inventory_holds(inv, REPO, "refs/heads/main") && !inventory_holds(inv, REPO, "refs/heads/x") &&
		       !inventory_holds(inv, BASE, "refs/heads/main"),
	       "which ref of which repository holds applications is known");
	inventory_free(inv);
}

static void a_full_place_keeps_all(void)
{
	struct inventory *inv = inventory_new(NULL, NULL);
	struct manifests full = { .full = true };

	add_place(inv, "refs/heads/main");
	add_place(inv, "refs/heads/other");
	set_place(inv, 0, "web db");
	strvec_push(&full.problems, "too many");
	inventory_set_place(inv, 0, &full);
	strvec_push(&full.problems, "too many");
	inventory_set_place(inv, 1, &full);
	tap_str(names_of(inv), "web db", "a place that has too many keeps what it held");
	tap_str(problem(inv, 0), "too many", "and says so");
	tap_ok(inventory_knows_place(inv, 1), "one that never held less is known, and holds nothing");
	tap_int(inventory_count_broken(inv), 2, "both are counted");
	set_place(inv, 0, "web");
	tap_str(names_of(inv), "web", "with fewer it is as it is again");
	tap_int(inventory_count_broken(inv), 1, "and is counted no more");
	tap_int(inventory_problems(inv)->count, 1, "nor told");
	inventory_free(inv);
}

/* A place with count applications that are called PREFIX and a number. */
static void fill(struct manifests *found, const char *prefix, int count)
{
	json_t *object = json_pack("{s:s, s:s, s:{s:s}, s:{s:{s:s, s:s}}}", "apiVersion", "argoproj.io/v1alpha1",
				   "kind", "Application", "metadata", "name", "", "spec", "source", "repoURL", URL,
				   "path", "p");
	struct error err = ERROR_INIT;

	for (int i = 0; i < count; i++) {
		char *name = xasprintf("%s-%d", prefix, i);
		struct app *app = NULL;

		json_object_set_new(json_object_get(object, "metadata"), "name", json_string(name));
		if (app_from_json(object, "x:1", &app, &err) != APP_OK) {
			exit(2);
		}
		app_list_add_take(&found->list, app);
		free(name);
	}
	json_decref(object);
}

static bool has(struct inventory *inv, const char *name)
{
	for (size_t i = 0; i < inventory_list(inv)->count; i++) {
		if (strcmp(inventory_list(inv)->items[i]->id.name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Five places of 50,000 each are more than the list has room for. */
static void a_crowd_leaves_room_for_others(void)
{
	static const char *const refs[] = { "refs/heads/a", "refs/heads/b", "refs/heads/c", "refs/heads/d",
					    "refs/heads/e" };
	struct inventory *inv = inventory_new(NULL, NULL);
	char prefix[] = "a";

	for (size_t i = 0; i < 5; i++, prefix[0]++) {
		struct manifests found = { .problems = STRVEC_INIT };

		add_place(inv, refs[i]);
		fill(&found, prefix, i < 4 ? LIMIT_PLACE_APPLICATIONS : 3);
		inventory_set_place(inv, i, &found);
	}
	add_directory(inv, "/a", NULL);
	set_file(inv, 5, "/a/1.yaml", "own");
	inventory_merge(inv);
	inventory_discard(inv);
	tap_ok(has(inv, "own") && has(inv, "e-2"), "the operator's own and a small place are in the list");
	tap_ok(has(inv, "a-39998") && !has(inv, "a-39999"), "large ones with as many as there is room for");
	tap_int(inventory_problems(inv)->count, 4, "with one line for each");
	tap_ok(strstr(problem(inv, 0), "10001 of its 50000 applications are left out") != NULL, "%s", problem(inv, 0));
	inventory_free(inv);
}

static void a_reload_hands_over(void)
{
	struct inventory *old = inventory_new(NULL, NULL);
	struct inventory *inv = inventory_new(NULL, NULL);

	add_directory(old, "/gone", NULL);
	add_directory(old, "/a", NULL);
	add_place(old, "refs/heads/main");
	set_file(old, 0, "/gone/1.yaml", "gone");
	set_file(old, 1, "/a/1.yaml", "web");
	set_place(old, 2, "place");
	(void)names_of(old);
	add_place(inv, "refs/heads/main");
	add_place(inv, "refs/heads/other");
	add_directory(inv, "/a", "east");
	add_directory(inv, "/new", NULL);
	inventory_take_over(inv, old);
	tap_str(names_of(inv), "place web@east", "what stays in the configuration stays in the list, wherever it stands");
	tap_ok(inventory_knows_place(inv, 0) && !inventory_knows_place(inv, 1), "a place that was read is known, a new one is not");
	tap_str(inventory_get_file(inv, 2, 0)->path, "/a/1.yaml", "a file is known with its stamp, so it is not read again");
	inventory_free(old);
	tap_str(names_of(inv), "place web@east", "and outlives the old inventory");
	inventory_free(inv);
}

/* Each row: clusters of a directory that is listed several times, before and after a reload. */
static void a_directory_listed_twice_is_handed_over_once(void)
{
	static const struct {
		const char *what;
		const char *before[3];
		const char *after[3];
		const char *want;
	} rows[] = {
		{ "twice before and after", { "", "" }, { "", "" }, "first second" },
		{ "twice before", { "", "" }, { "" }, "first" },
		{ "twice after", { "" }, { "", "" }, "first" },
		{ "two clusters that change places", { "a", "b" }, { "b", "a" }, "second@b first@a" },
		{ "a cluster that gets another name", { "a", "b" }, { "a", "c" }, "first@a second@c" },
		{ "one that is gone", { "a", "b" }, { "b" }, "second@b" },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		static const char *const names[] = { "first", "second" };
		struct inventory *old = inventory_new(NULL, NULL);
		struct inventory *inv = inventory_new(NULL, NULL);

		for (size_t i = 0; rows[r].before[i] != NULL; i++) {
			add_directory(old, "/a", rows[r].before[i]);
			set_file(old, i, "/a/1.yaml", names[i]);
		}
		for (size_t i = 0; rows[r].after[i] != NULL; i++) {
			add_directory(inv, "/a", rows[r].after[i]);
		}
		inventory_take_over(inv, old);
		inventory_free(old);
		tap_str(names_of(inv), rows[r].want, "%s: nothing is lost, nothing has two owners", rows[r].what);
		inventory_free(inv);
	}
}

static const char *name_of(void *ctx, const char *address)
{
	(void)ctx;
	return strcmp(address, BASE) == 0 || strcmp(address, "alias.example/org/base") == 0 ? BASE : NULL;
}

/* "repository ref path" of the linked sources of application i. Static. */
static const char *links_of(const struct inventory *inv, size_t i)
{
	static char out[512];
	const struct app *app = inventory_list(inv)->items[i];
	size_t len = 0;

	out[0] = '\0';
	for (size_t k = 0; k < app->source_count; k++) {
		const struct app_source *s = &app->sources[k];

		if (s->remote) {
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s %s %s", len > 0 ? ", " : "", s->repository,
						s->target_revision, s->path);
		}
	}
	return out;
}

static void references_are_looked_up(void)
{
	static const char remote[] =
		"[{\"repository\":\"alias.example/org/base\",\"ref\":\"v1\",\"path\":\"web\",\"walker\":\"kustomize\","
		"\"applications\":[\"web\",\"not-known\"]},"
		"{\"repository\":\"git.example/not/configured\",\"ref\":\"\",\"path\":\"x\",\"walker\":\"plain\",\"applications\":[\"db\"]}]";
	struct inventory *inv = inventory_new(name_of, NULL);
	struct inventory *fresh = inventory_new(name_of, NULL);

	add_directory(inv, "/a", NULL);
	set_file(inv, 0, "/a/1.yaml", "web db");
	tap_ok(!inventory_set_remote(inv, REPO, "refs/heads/main", NULL), "to refer to nothing, as before, is no news");
	tap_ok(!inventory_set_remote(inv, REPO, "refs/heads/main", "{ this is no JSON"), "nor is what cannot be read");
	tap_ok(inventory_set_remote(inv, REPO, "refs/heads/main", remote), "to refer to something is");
	tap_ok(!inventory_set_remote(inv, REPO, "refs/heads/main", remote), "the same once more is not");
	(void)names_of(inv);
	tap_str(links_of(inv, 0), BASE " v1 web", "an application follows what it refers to, by the name of an alias");
	tap_str(links_of(inv, 1), "", "what is not configured is followed by nobody");
	set_file(inv, 0, "/a/1.yaml", "web db");
	(void)names_of(inv);
	tap_str(links_of(inv, 0), BASE " v1 web", "an application that is read again still follows it");
	add_directory(fresh, "/a", NULL);
	inventory_take_over(fresh, inv);
	inventory_free(inv);
	(void)names_of(fresh);
	tap_str(links_of(fresh, 0), BASE " v1 web", "and after a reload");
	tap_ok(inventory_set_remote(fresh, REPO, "refs/heads/main", ""), "to refer to nothing any more is news");
	(void)names_of(fresh);
	tap_str(links_of(fresh, 0), "", "and it does not follow");
	inventory_free(fresh);
}

static void stamps_are_believed_when_they_are_old_enough(void)
{
	static const int64_t second = INT64_C(1000000000);
	const struct stamp base = { 1, 2, 3, 100 * second, 100 * second, 110 * second, "digest" };
	const struct {
		const char *what;
		size_t offset;   // of a number that is another one now, SIZE_MAX: none
		int64_t read;    // seconds, when it was read
		bool digest;
		bool want;
	} rows[] = {
		{ "the same file, left alone long before it was read", SIZE_MAX, 110, true, true },
		{ "read as soon as it was written", SIZE_MAX, 100, true, false },
		{ "read just before it was old enough", SIZE_MAX, 102, true, false },
		{ "read by a clock that is behind", SIZE_MAX, 50, true, false },
		{ "never read", SIZE_MAX, 110, false, false },
		{ "another device", offsetof(struct stamp, device), 110, true, false },
		{ "another file renamed over it", offsetof(struct stamp, inode), 110, true, false },
		{ "another length", offsetof(struct stamp, size), 110, true, false },
		{ "written again", offsetof(struct stamp, modified_ns), 110, true, false },
		{ "written again with its time put back", offsetof(struct stamp, changed_ns), 110, true, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stamp known = base;
		struct stamp now = base;

		known.read_ns = rows[i].read * second;
		known.digest[0] = rows[i].digest ? 'd' : '\0';
		now.digest[0] = '\0';
		if (rows[i].offset != SIZE_MAX) {
			int64_t other = 7;

			memcpy((char *)&now + rows[i].offset, &other, sizeof(other));
		}
		tap_ok(stamp_is_unchanged(&known, &now) == rows[i].want, "%s: %s", rows[i].what,
		       rows[i].want ? "it need not be read" : "it is read");
	}
}

static void paths_are_ordered_as_a_walk_meets_them(void)
{
	static const char *const order[] = { "/a", "/a/b", "/a/b/c", "/a/b-c", "/a/b.yaml", "/a/bc", "/b" };
	size_t wrong = 0;

	for (size_t i = 0; i < 7; i++) {
		for (size_t k = 0; k < 7; k++) {
			int got = inventory_compare_paths(order[i], order[k]);

			wrong += (got < 0) != (i < k) || (got > 0) != (i > k);
		}
	}
	tap_int(wrong, 0, "a directory's files stand together, where its name belongs");
}

int main(void)
{
	what_is_said_twice_counts_once();
	all_of_a_name_count();
	what_cannot_be_read_keeps_what_it_held();
	a_place_keeps_what_its_broken_files_held();
	a_full_place_keeps_all();
	a_crowd_leaves_room_for_others();
	a_reload_hands_over();
	a_directory_listed_twice_is_handed_over_once();
	references_are_looked_up();
	stamps_are_believed_when_they_are_old_enough();
	paths_are_ordered_as_a_walk_meets_them();
	return tap_done();
}
