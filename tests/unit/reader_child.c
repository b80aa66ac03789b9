/*
 * Real readers: this program in the role of a reader, sandbox and all, on a
 * real repository.
 */
#include "receiver/reader/reader_child.h"

#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_child_impl.h"
#include "tests/support/asker.h"
#include "tests/support/tap.h"

static struct asker asker;
static char repo[256];
static char before_id[OID_HEX_MAX + 1];
static char after_id[OID_HEX_MAX + 1];
static char tag_id[OID_HEX_MAX + 1];

static void read_line(const char *name, char out[OID_HEX_MAX + 1])
{
	char *path = xasprintf("%s/%s", tap_dir(), name);
	FILE *file = fopen(path, "re");

	if (file == NULL || fgets(out, OID_HEX_MAX + 1, file) == NULL) {
		exit(2);
	}
	out[strcspn(out, "\n")] = '\0';
	(void)fclose(file);
	free(path);
}

static void make_repository(void)
{
	(void)snprintf(repo, sizeof(repo), "%s/repo", tap_dir());
	tap_sh("cd %s && git init -q -b main repo && cd repo && git config user.name t && "
	       "git config user.email t@t && mkdir a b apps && echo 'kind: A' > a/x.yaml && "
	       "echo 'kind: B' > b/x.yaml && printf 'apiVersion: argoproj.io/v1alpha1\\nkind: "
	       "Application\\nmetadata: {name: inside}\\nspec: {source: {repoURL: "
	       "\"https://git.example/org/repo\", path: a}}\\n---\\napiVersion: "
	       "argoproj.io/v1alpha1\\nkind: Application\\n' > apps/apps.yaml && git add . && "
	       "git commit -q -m one && git rev-parse HEAD > ../before && echo 'kind: C' > a/x.yaml "
	       "&& git commit -qam two && git rev-parse HEAD > ../after && "
	       "git tag -a -m x stable && git rev-parse stable > ../tag",
	       tap_dir());
	read_line("before", before_id);
	read_line("after", after_id);
	read_line("tag", tag_id);
}

static void a_real_reader_answers(void)
{
	struct app_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	struct asked asked;
	struct oid after;
	struct oid tag;

	asker_add_app(&list, "elsewhere", ASKER_OTHER, "a");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_open(&asker, "reader", 10000);
	asker_set_repository(&asker, ASKER_URL, repo);
	(void)reader_set_apps(asker.pool, &list);
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asked.fallback[0] == '\0',
	       "a real reader answers (%s%s)", asked.why, asked.fallback);
	tap_int(asked.count, 1, "one application is affected");
	tap_str(asked.names[0], "argocd/a", "the one whose file changed");
	tap_int(asked.apps[0], 2, "by its number in our list");
	tap_str(asked.path, "a/x.yaml", "because of that file");

	asked = (struct asked){ .answers = 0 };
	(void)oid_from_hex(after_id, 40, &after);
	(void)reader_resolve(asker.pool, ASKER_URL, "refs/heads/main", &after, asker_on_resolve, &asked, &err);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asked.found && asked.present, "it finds a ref's tip");
	tap_str(asked.commit, after_id, "and names its commit");
	asked = (struct asked){ .answers = 0 };
	(void)oid_from_hex(tag_id, 40, &tag);
	(void)reader_resolve(asker.pool, ASKER_URL, "refs/tags/stable", &tag, asker_on_resolve, &asked, &err);
	asker_wait(&asker, &asked);
	tap_str(asked.commit, after_id, "a tag means its commit");
	tap_str(asked.asked_commit, after_id, "and so does the tag's own id");
	asked = (struct asked){ .answers = 0 };
	after.bytes[0] ^= 1;
	(void)reader_resolve(asker.pool, ASKER_URL, "refs/heads/absent", &after, asker_on_resolve, &asked, &err);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && !asked.found && !asked.present && asked.why[0] != '\0',
	       "it says that a ref and a commit are not there: %s", asked.why);

	asked = (struct asked){ .answers = 0 };
	(void)oid_from_hex(after_id, 40, &after);
	(void)reader_read_apps(asker.pool, ASKER_URL, &after, "apps", asker_on_apps, &asked, &err);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asked.list.count == 1 && asked.problems == 1 && asked.broken == 1,
	       "it reads applications from the repository, and problems (%s)", asked.why);
	if (asked.list.count == 1) {
		tap_str(asked.list.items[0]->id.name, "inside", "with their names");
		tap_str(asked.list.items[0]->origin, "apps/apps.yaml:1", "and origins");
	}
	app_list_release(&asked.list);
	asked = (struct asked){ .answers = 0 };
	(void)reader_read_apps(asker.pool, ASKER_URL, &after, "gone", asker_on_apps, &asked, &err);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asked.list.count == 0 && asked.problems == 0,
	       "a directory that is not in the commit has no applications (%s)", asked.why);
	app_list_release(&asked.list);
	asker_close(&asker);
	app_list_release(&list);
}

static void a_real_reader_is_killed_and_stopped(void)
{
	struct app_list list = { .items = NULL };
	struct asked asked;

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_open(&asker, "reader", 1500);
	asker_set_repository(&asker, ASKER_URL, repo);
	(void)reader_set_apps(asker.pool, &list);
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asker_reader_pid() > 0, "a reader runs");
	(void)kill(asker_reader_pid(), SIGKILL);
	asker_turn(&asker, 100);
	tap_int(asker_reader_pid(), 0, "killed from outside while idle, it is missed");
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_int(asked.result, READER_OK, "and the next request has a new one");

	(void)kill(asker_reader_pid(), SIGSTOP);
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_TIMEOUT, "stopped, it is killed at the deadline: %s",
	       asked.why);
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_int(asked.result, READER_OK, "and the next request has a new one");

	asker_set_repository(&asker, ASKER_OTHER, "/srv/elsewhere");
	pid_t pid = asker_reader_pid();
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asker_reader_pid() == pid,
	       "a new repository does not disturb the readers of others");
	asker_set_repository(&asker, ASKER_URL, tap_dir());
	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_REFUSED && asker_reader_pid() != pid,
	       "a repository that cannot be opened is refused with the reason: %s", asked.why);
	asker_close(&asker);
	app_list_release(&list);
}

/* Which of 40 applications are affected after each change of the list. */
static void lists_change(void)
{
	static const struct {
		const char *what;
		int from;       // applications app-FROM to app-TO
		int to;
		int moved;      // this one reads directory a, the others b
		long long want; // its number, -1: none
	} rows[] = {
		{ "first", 0, 40, 7, 7 },           { "nothing", 0, 40, 7, 7 },
		{ "another one moved", 0, 40, 9, 9 }, { "some gone in front", 8, 40, 9, 1 },
		{ "some back", 2, 40, 9, 7 },       { "some gone behind", 2, 12, 9, 7 },
		{ "all others", 50, 90, 60, 10 },   { "none that reads it", 50, 90, 0, -1 },
		{ "an empty list", 0, 0, 0, -1 },   { "all again", 0, 40, 39, 39 },
	};
	struct app_list lists[2] = { { .items = NULL } };
	struct asked asked;

	asker_open(&asker, "reader", 20000);
	asker_set_repository(&asker, ASKER_URL, repo);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct app_list *list = &lists[i % 2];

		for (int k = rows[i].from; k < rows[i].to; k++) {
			char name[32];

			(void)snprintf(name, sizeof(name), "app-%d", k);
			asker_add_app(list, name, ASKER_URL, k == rows[i].moved ? "a" : "b");
		}
		(void)reader_set_apps(asker.pool, list);
		app_list_release(&lists[(i + 1) % 2]);
		asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
		asker_wait(&asker, &asked);
		tap_ok(asked.result == READER_OK && asked.fallback[0] == '\0' &&
			       (rows[i].want < 0 ? asked.count == 0
						 : asked.count == 1 &&
							   (long long)asked.apps[0] == rows[i].want),
		       "the list changes: %s (%s)", rows[i].what, asked.why);
	}
	struct reader_metrics metrics;
	reader_pool_metrics(asker.pool, &metrics);
	tap_int(metrics.started, 1, "all with one reader");
	asker_close(&asker);
	app_list_release(&lists[0]);
	app_list_release(&lists[1]);
}

/* Many applications go in pieces, and a cache is written and read again. */
static void many_applications_and_a_cache(void)
{
	char *cache = xasprintf("%s/cache", tap_dir());
	char *used = xasprintf("test -n \"$(ls %s)\"", cache);
	struct reader_repository_options options = {
		.url = ASKER_URL, .path = repo, .cache_directory = cache,
	};
	struct app_list list = { .items = NULL };
	struct error err = ERROR_INIT;
	struct asked asked;

	tap_sh("mkdir %s", cache);
	for (int i = 0; i < 3000; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "app-%d", i);
		asker_add_app(&list, name, ASKER_URL, i == 2900 ? "a" : "b");
	}
	for (int round = 0; round < 2; round++) {
		asker_open(&asker, "reader", 20000);
		tap_int(reader_set_repository(asker.pool, &options, &err), 0, "with a cache");
		(void)reader_set_apps(asker.pool, &list);
		asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
		asker_wait(&asker, &asked);
		tap_ok(asked.result == READER_OK && asked.count == 1 && asked.apps[0] == 2900,
		       "round %d: one of 3,000 applications (%s%s)", round, asked.why,
		       asked.fallback);
		tap_ok(round > 0 || system(used) != 0, "the cache is not written at once");
		for (int i = 0; i < 500 && system(used) != 0; i++) {
			(void)usleep(10000);
		}
		tap_int(system(used), 0, "but when nobody asks for a while");
		asker_close(&asker);
	}
	app_list_release(&list);
	free(used);
	free(cache);
}

/* Ask for the step of "a" in the repository; it must be found, exactly, without a lost reader. */
static void ask_exactly(const char *what)
{
	struct reader_metrics metrics;
	struct asked asked;

	asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
	asker_wait(&asker, &asked);
	reader_pool_metrics(asker.pool, &metrics);
	tap_ok(asked.result == READER_OK && asked.count == 1 && asked.fallback[0] == '\0' &&
		       metrics.lost == 0 && asker.warnings == 0,
	       "%s, and it is read (%s%s)", what, asked.why, asked.fallback);
}

/* Have the one reader run, with all repositories that are configured now. */
static pid_t start_reader(void)
{
	struct error err = ERROR_INIT;
	struct asked asked = { .answers = 0 };

	(void)reader_resolve(asker.pool, ASKER_OTHER, "refs/heads/main", NULL, asker_on_resolve,
			     &asked, &err);
	asker_wait(&asker, &asked);
	return asker_reader_pid();
}

/* The sandbox grants directories, not names: one that comes later is seen all the same. */
static void directories_come_later(void)
{
	struct app_list list = { .items = NULL };
	char *later = xasprintf("%s/later.git", tap_dir());
	struct asked asked;

	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_open(&asker, "reader", 10000);
	asker.warnings = 0;
	asker_set_repository(&asker, ASKER_OTHER, repo);
	asker_set_repository(&asker, ASKER_URL, later);
	(void)reader_set_apps(asker.pool, &list);
	pid_t pid = start_reader();
	tap_sh("cd %s && git clone -q --bare repo later.git", tap_dir());
	ask_exactly("a repository is made after its reader was started");
	tap_ok(asker_reader_pid() != pid, "by another reader");
	pid = asker_reader_pid();
	ask_exactly("it is asked once more");
	tap_int(asker_reader_pid(), pid, "the same reader answers");
	tap_sh("cd %s && rm -rf later.git && git clone -q --bare repo later.git", tap_dir());
	ask_exactly("it is removed and made anew");
	tap_sh("cd %s && git clone -q --bare repo moved.git && mv later.git gone.git && "
	       "ln -s moved.git later.git", tap_dir());
	ask_exactly("it is moved behind a link");

	asker_close(&asker);
	asker_open(&asker, "reader", 10000);
	asker_set_repository(&asker, ASKER_URL, "/nonexistent");
	for (unsigned i = 0; i < 2; i++) {
		asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
		asker_wait(&asker, &asked);
	}
	tap_ok(asked.result == READER_REFUSED && asker.warnings == 1,
	       "that it is not there is the answer, and logged once (%s)", asked.why);
	asker_close(&asker);
	app_list_release(&list);
	free(later);
}

static void a_directory_is_made_empty_first(void)
{
	struct app_list list = { .items = NULL };
	char *empty = xasprintf("%s/empty.git", tap_dir());

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_open(&asker, "reader", 10000);
	asker.warnings = 0;
	asker_set_repository(&asker, ASKER_OTHER, repo);
	asker_set_repository(&asker, ASKER_URL, empty);
	(void)reader_set_apps(asker.pool, &list);
	tap_sh("mkdir %s", empty);
	pid_t pid = start_reader();
	tap_sh("cd %s && git init -q --bare empty.git && git -C empty.git fetch -q ../repo "
	       "main:main", tap_dir());
	ask_exactly("a repository is made in a directory that was empty");
	tap_int(asker_reader_pid(), pid, "without another reader");
	asker_close(&asker);
	app_list_release(&list);
	free(empty);
}

static void objects_are_borrowed_later(void)
{
	struct app_list list = { .items = NULL };
	char *fork = xasprintf("%s/fork.git", tap_dir());
	struct reader_repository_options options = { .url = ASKER_URL, .path = fork,
						     .allow_alternates = true };
	struct error err = ERROR_INIT;

	asker_add_app(&list, "a", ASKER_URL, "a");
	tap_sh("cd %s && git clone -q --bare repo fork.git", tap_dir());
	asker_open(&asker, "reader", 10000);
	asker.warnings = 0;
	(void)reader_set_repository(asker.pool, &options, &err);
	(void)reader_set_apps(asker.pool, &list);
	ask_exactly("a repository has all its objects");
	tap_sh("cd %s && git clone -q --bare repo pool.git && echo $PWD/pool.git/objects "
	       ">fork.git/objects/info/alternates && git -C fork.git repack -qadl", tap_dir());
	ask_exactly("it begins to borrow them");
	asker_close(&asker);
	app_list_release(&list);
	free(fork);
}

static void work_trees_are_linked(void)
{
	struct app_list list = { .items = NULL };
	char *tree = xasprintf("%s/tree", tap_dir());

	asker_add_app(&list, "a", ASKER_URL, "a");
	tap_sh("cd %s && git clone -q --bare repo trees.git && "
	       "git -C trees.git worktree add -q --detach ../tree", tap_dir());
	asker_open(&asker, "reader", 10000);
	asker.warnings = 0;
	asker_set_repository(&asker, ASKER_URL, tree);
	(void)reader_set_apps(asker.pool, &list);
	ask_exactly("a path is that of a linked work tree");
	asker_close(&asker);
	app_list_release(&list);
	free(tree);
}

/* Without it readers may read what the user may. */
static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

/* A directory that cannot even be opened is nothing to the other repositories. */
static void one_closed_directory_stops_nobody(void)
{
	struct app_list list = { .items = NULL };
	char *loop = xasprintf("%s/loop.git", tap_dir());

	asker_add_app(&list, "a", ASKER_URL, "a");
	tap_sh("ln -s loop.git %s", loop);
	asker_open(&asker, "reader", 10000);
	asker.warnings = 0;
	asker_set_repository(&asker, ASKER_OTHER, loop);
	asker_set_repository(&asker, ASKER_URL, repo);
	(void)reader_set_apps(asker.pool, &list);
	ask_exactly("another repository of the reader cannot be opened");
	asker_close(&asker);
	app_list_release(&list);
	free(loop);
}

/* An object that is there and closed is not one that is still to come. */
static void the_object_is_closed(const char *path)
{
	struct error err = ERROR_INIT;
	struct asked asked;
	struct oid after;

	(void)oid_from_hex(after_id, 40, &after);
	tap_sh("cd %s && mv objects/%.2s ../closed && ln -s ../../closed objects/%.2s", path,
	       after_id, after_id);
	asker.warnings = 0;
	asker_close(&asker);
	asker_open(&asker, "reader", 10000);
	asker_set_repository(&asker, ASKER_URL, path);
	for (unsigned i = 0; i < 3; i++) {
		asked = (struct asked){ .answers = 0 };
		(void)reader_resolve(asker.pool, ASKER_URL, "refs/heads/main", &after,
				     asker_on_resolve, &asked, &err);
		asker_wait(&asker, &asked);
	}
	bool told = asked.result == READER_REFUSED && asker.warnings == 1 &&
		    strstr(asked.why, "leads out of") != NULL;
	tap_ok(told || !has_landlock(), "an object that is closed is named, and logged once: %s",
	       asked.why);
	tap_sh("cd %s && rm objects/%.2s && mv ../closed objects/%.2s", path, after_id, after_id);
	after.bytes[19] ^= 1;
	asked = (struct asked){ .answers = 0 };
	(void)reader_resolve(asker.pool, ASKER_URL, "refs/heads/main", &after, asker_on_resolve,
			     &asked, &err);
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && !asked.present, "one that is not there is still to come");
}

/* What is closed to the reader is said, and once in the log. */
static void closed_directories_are_told(void)
{
	struct app_list list = { .items = NULL };
	char *linked = xasprintf("%s/linked.git", tap_dir());
	struct asked asked;

	asker_add_app(&list, "a", ASKER_URL, "a");
	tap_sh("cd %s && git clone -q --bare repo linked.git && mv linked.git/objects away && "
	       "ln -s ../away linked.git/objects", tap_dir());
	asker_open(&asker, "reader", 10000);
	asker.warnings = 0;
	asker_set_repository(&asker, ASKER_URL, linked);
	(void)reader_set_apps(asker.pool, &list);
	for (unsigned i = 0; i < 3; i++) {
		asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
		asker_wait(&asker, &asked);
	}
	bool told = asked.result == READER_REFUSED && asker.warnings == 1 &&
		    strstr(asked.why, "linked.git/objects: leads out of") != NULL;
	tap_ok(told || !has_landlock(), "a directory outside of what the reader may read is named, "
	       "and logged once: %s", asked.why);
	tap_sh("cd %s && rm linked.git/objects && mv away linked.git/objects", tap_dir());
	asker.warnings = 0;
	ask_exactly("the link is gone");
	the_object_is_closed(linked);
	if (geteuid() != 0) {
		tap_sh("chmod 0 %s", linked);
		asker.warnings = 0;
		asker_close(&asker);
		asker_open(&asker, "reader", 10000);
		asker_set_repository(&asker, ASKER_URL, linked);
		asker_ask_step(&asker, &asked, "refs/heads/main", before_id, after_id);
		asker_wait(&asker, &asked);
		tap_sh("chmod 700 %s", linked);
		tap_ok(asked.result == READER_REFUSED && asker.warnings == 1 &&
			       strstr(asked.why, "needs the right") != NULL,
		       "so is one that the user may not read: %s", asked.why);
	}
	asker_close(&asker);
	app_list_release(&list);
	free(linked);
}

static void ask_raw(int fd, struct buf *answer, const char *text)
{
	(void)frame_write(fd, text, strlen(text));
	(void)frame_read(fd, answer);
}

/* The protocol without walls, so that the leak checker sees this code. */
static void the_serving_loop_frees_all(void)
{
	int ends[2];
	struct buf answer;
	int status = 0;
	char *open_text = xasprintf("{\"op\":\"open\",\"id\":1,\"repository\":\"r\",\"url\":\"%s\","
				    "\"path\":\"%s\",\"mode\":\"exact\",\"cache\":null,"
				    "\"alternates\":false}", ASKER_URL, repo);

	(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		exit(child_serve(ends[1], 0, NULL) == 0 ? 0 : 1);
	}
	close(ends[1]);
	buf_init(&answer, LIMIT_FRAME_BYTES);
	(void)frame_write(ends[0], open_text, strlen(open_text));
	(void)frame_read(ends[0], &answer);
	tap_str(answer.data, "{\"ok\":true,\"id\":1}", "a repository is opened");
	ask_raw(ends[0], &answer, "{\"op\":\"affected\",\"id\":2,\"repository\":\"x\"}");
	tap_ok(strstr(answer.data, "was not opened") != NULL && strstr(answer.data, "\"id\":2"),
	       "another one is answered with an error: %s", answer.data);
	ask_raw(ends[0], &answer, "{\"op\":\"apps\",\"id\":3,\"repository\":\"r\",\"reset\":true,"
		"\"applications\":[{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Application\","
		"\"metadata\":{\"name\":\"a\"},\"spec\":{\"source\":{\"repoURL\":\"https://h/alias\","
		"\"path\":\"a\"}},\"repositories\":[\"git.example/org/repo\"]}],\"last\":true}");
	ask_raw(ends[0], &answer, "{\"op\":\"apps\",\"id\":3,\"repository\":\"r\",\"reset\":true,"
		"\"applications\":[0,0],\"last\":true}");
	tap_ok(strstr(answer.data, "no application 0") != NULL, "a number is good once: %s",
	       answer.data);
	ask_raw(ends[0], &answer, "{\"op\":\"apps\",\"id\":3,\"repository\":\"r\",\"reset\":true,"
		"\"applications\":[0],\"last\":true}");
	tap_str(answer.data, "{\"ok\":true,\"id\":3}", "and calls the application in use");
	char *text = xasprintf("{\"op\":\"affected\",\"id\":4,\"repository\":\"r\",\"ref\":"
			       "\"refs/heads/main\",\"default_branch\":\"main\",\"before\":\"%s\","
			       "\"after\":\"%s\",\"count_all\":true}", before_id, after_id);
	ask_raw(ends[0], &answer, text);
	free(text);
	tap_ok(strstr(answer.data, "a/x.yaml") != NULL &&
		       strstr(answer.data, "[[0,0,1,false,") != NULL,
	       "an application under an alias is found: %s", answer.data);
	text = xasprintf("{\"op\":\"read_apps\",\"id\":5,\"repository\":\"r\",\"commit\":"
			 "\"%s\",\"directory\":\"\"}", after_id);
	ask_raw(ends[0], &answer, text);
	free(text);
	tap_ok(strstr(answer.data, "apps/apps.yaml:1") != NULL, "applications are read");
	close(ends[0]);
	(void)waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the loop ends with its channel");
	buf_release(&answer);
	free(open_text);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		reader_child_main(argc, argv);
	}
	asker_init(&asker);
	make_repository();
	a_real_reader_answers();
	a_real_reader_is_killed_and_stopped();
	lists_change();
	many_applications_and_a_cache();
	directories_come_later();
	a_directory_is_made_empty_first();
	objects_are_borrowed_later();
	work_trees_are_linked();
	one_closed_directory_stops_nobody();
	closed_directories_are_told();
	the_serving_loop_frees_all();
	asker_release(&asker);
	return tap_done();
}
