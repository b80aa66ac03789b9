/*
 * Readers that die, hang, and say what they should not: each request has
 * exactly one answer, and the next one works.  The readers are this program
 * in another role.
 */
#include "receiver/reader/reader.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/asker.h"
#include "tests/support/tap.h"

#define CHANNEL 3

static struct asker asker;

static void say(const char *text)
{
	(void)frame_write(CHANNEL, text, strlen(text));
}

static void say_answer(json_int_t id, const char *members)
{
	char *text = xasprintf("{\"id\":%lld,%s}", (long long)id, members);

	say(text);
	free(text);
}

static void misbehave(const char *role, json_int_t id)
{
	static const struct {
		const char *role;
		const char *members;
	} lies[] = {
		{ "index", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			   "\"fallback\":null,\"same\":[],\"items\":[[2,0,1,false,[]]]" },
		{ "negative", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			      "\"fallback\":null,\"same\":[],\"items\":[[-1,0,1,false,[]]]" },
		{ "source", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			    "\"fallback\":null,\"same\":[],\"items\":[[0,1,1,false,[]]]" },
		{ "twice", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			   "\"fallback\":null,\"same\":[],"
			   "\"items\":[[0,0,1,false,[]],[0,0,1,false,[]]]" },
		{ "same", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			  "\"fallback\":null,\"items\":[],\"same\":[[2,0,1,false,[]]]" },
		{ "tracked", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":3,"
			     "\"fallback\":null,\"same\":[],\"items\":[]" },
		{ "kind", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			  "\"fallback\":null,\"same\":[],"
			  "\"items\":[[0,0,1,false,[{\"path\":\"x\",\"change\":"
			  "\"eaten\",\"probe\":\"file\",\"via\":[]}]]]" },
		{ "via", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			 "\"fallback\":null,\"same\":[],"
			 "\"items\":[[0,0,1,false,[{\"path\":\"x\",\"change\":"
			 "\"added\",\"probe\":\"file\",\"via\":[1]}]]]" },
		{ "more-said", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			       "\"fallback\":null,\"same\":[],"
			       "\"items\":[[0,0,1,false,[{\"path\":\"x\",\"change\":\"added\","
			       "\"probe\":\"file\",\"via\":[],\"and\":\"more\"}]]]" },
		{ "fallback", "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":1,"
			      "\"fallback\":\"the moon\",\"same\":[],\"items\":[]" },
		{ "missing", "\"ok\":true,\"items\":[]" },
		{ "types", "\"ok\":true,\"changed_paths\":\"1\",\"exact\":1,\"tracked\":1,"
			   "\"fallback\":null,\"same\":[],\"items\":{}" },
		{ "neither", "\"items\":[]" },
		{ "empty-more", "\"more\":true,\"same\":[],\"items\":[]" },
		{ "strange-error", "\"error\":[]" },
		{ "duplicate", "\"ok\":true,\"ok\":true" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		if (strcmp(role, lies[i].role) == 0) {
			say_answer(id, lies[i].members);
			pause();
		}
	}
	if (strcmp(role, "garbage") == 0) {
		say("this is not JSON");
	} else if (strcmp(role, "half") == 0) {
		(void)!write(CHANNEL, "\0\0\0\100{\"id\"", 9);
		_exit(0);
	} else if (strcmp(role, "half-hang") == 0) {
		(void)!write(CHANNEL, "\0\0\0\100{\"id\"", 9);
	} else if (strcmp(role, "huge") == 0) {
		(void)!write(CHANNEL, "\377\377\377\377{\"id\"", 9);
	} else if (strcmp(role, "wrong-id") == 0) {
		say_answer(id - 1, "\"ok\":true");
	} else if (strcmp(role, "stale") == 0) {
		say_answer(id, "\"stale\":true");
	} else if (strcmp(role, "half-stale") == 0) {
		say_answer(id, "\"more\":true,\"same\":[],\"items\":[[0,0,1,false,[]]]");
		say_answer(id, "\"stale\":true");
	} else if (strcmp(role, "exit") == 0) {
		_exit(3);
	} else if (strcmp(role, "abort") == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		abort();
	} else if (strcmp(role, "close") == 0) {
		close(CHANNEL);
	}
	pause();
}

#define GOOD "\"changed_paths\":7,\"exact\":false,\"tracked\":2,\"fallback\":null,\"same\":[],"

static void behave(const char *role, const json_t *request, json_int_t id)
{
	const char *op = json_string_value(json_object_get(request, "op"));

	if (strcmp(op, "affected") != 0) {
		say_answer(id, "\"ok\":true");
		return;
	}
	if (strcmp(role, "same-as-before") == 0) {
		say_answer(id, "\"ok\":true,\"changed_paths\":1,\"exact\":true,\"tracked\":2,"
			       "\"fallback\":null,\"items\":[],"
			       "\"same\":[[0,0,1,false,[]],[1,0,1,false,[]]]");
		return;
	}
	say_answer(id, "\"more\":true,\"same\":[],\"items\":[[0,0,1,false,[]]]");
	say_answer(id, "\"ok\":true," GOOD "\"items\":[[1,0,2,true,[{\"path\":\"p\",\"change\":"
		       "\"removed\",\"probe\":\"glob\",\"via\":[\"a\",\"b\"]}]]]");
	if (strcmp(role, "talk") == 0) {
		say_answer(id, "\"ok\":true");
	}
}

/* Misbehaves when the ref is refs/heads/evil, else answers as it should. */
static _Noreturn void fake_reader(const char *role)
{
	struct buf frame;

	buf_init(&frame, LIMIT_FRAME_BYTES);
	if (strcmp(role, "no-hello") != 0) {
		say("{\"landlock\":9,\"seccomp\":true}");
	}
	while (frame_read(CHANNEL, &frame) > 0) {
		json_t *request = json_loadb(frame.data, frame.len, 0, NULL);
		json_int_t id = json_integer_value(json_object_get(request, "id"));
		const char *ref = json_string_value(json_object_get(request, "ref"));

		if ((ref != NULL && strcmp(ref, "refs/heads/evil") == 0) ||
		    strcmp(role, "no-hello") == 0) {
			misbehave(role, id);
		}
		behave(role, request, id);
		json_decref(request);
	}
	_exit(0);
}

/* A request that ends its reader, one waiting behind it, and one after. */
static void one_bad_reader(const char *role, enum reader_result want, const char *why)
{
	struct app_list list = { .items = NULL };
	struct asked evil;
	struct asked behind;
	struct asked later;
	struct reader_metrics metrics;

	asker_add_app(&list, "unrelated", ASKER_OTHER, "x");
	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "unrelated-too", ASKER_OTHER, "x");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_open(&asker, role, want == READER_TIMEOUT ? 300 : 10000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	uint64_t generation = reader_set_apps(asker.pool, &list);
	asker_ask(&asker, &evil, "refs/heads/evil");
	asker_ask(&asker, &behind, "refs/heads/main");
	asker_wait(&asker, &evil);
	tap_ok(evil.answers == 1 && evil.result == want && strstr(evil.why, why) != NULL,
	       "a reader with %s: \"%s\"", role, evil.why);
	asker_wait(&asker, &behind);
	tap_ok(behind.answers == 1 && behind.result == READER_OK && behind.count == 2,
	       "the request behind it is answered by the next reader");
	tap_ok(behind.apps[0] == 1 && behind.apps[1] == 3 && behind.generation == generation,
	       "with our numbers");
	asker_ask(&asker, &later, "refs/heads/main");
	asker_wait(&asker, &later);
	asker_turn(&asker, 20);
	reader_pool_metrics(asker.pool, &metrics);
	tap_ok(later.result == READER_OK && evil.answers == 1 && behind.answers == 1 &&
		       later.answers == 1,
	       "each has exactly one answer");
	tap_ok(metrics.lost == 1 && metrics.started == 2 && metrics.queued == 0 &&
		       metrics.running == 0 && metrics.answered == 2,
	       "one reader was lost");
	asker_close(&asker);
	app_list_release(&list);
}

static void bad_readers_are_replaced(void)
{
	static const struct {
		const char *role;
		enum reader_result want;
		const char *why; // part of it
	} rows[] = {
		{ "garbage", READER_DIED, "not JSON" },
		{ "half", READER_DIED, "ended" },
		{ "half-hang", READER_TIMEOUT, "killed after 300 ms" },
		{ "hang", READER_TIMEOUT, "killed after 300 ms" },
		{ "huge", READER_DIED, "too long" },
		{ "wrong-id", READER_DIED, "another request" },
		{ "half-stale", READER_DIED, "taken back" },
		{ "exit", READER_DIED, "exit status 3" },
		{ "abort", READER_DIED, "signal 6" },
		{ "close", READER_DIED, "ended" },
		{ "index", READER_DIED, "cannot be" },
		{ "negative", READER_DIED, "cannot be" },
		{ "source", READER_DIED, "cannot be" },
		{ "twice", READER_DIED, "cannot be" },
		{ "same", READER_DIED, "cannot be" },
		{ "tracked", READER_DIED, "cannot be" },
		{ "kind", READER_DIED, "cannot be" },
		{ "via", READER_DIED, "cannot be" },
		{ "more-said", READER_DIED, "cannot be" },
		{ "fallback", READER_DIED, "cannot be" },
		{ "missing", READER_DIED, "cannot be" },
		{ "types", READER_DIED, "cannot be" },
		{ "neither", READER_DIED, "neither" },
		{ "empty-more", READER_DIED, "cannot be" },
		{ "strange-error", READER_DIED, "strange error" },
		{ "duplicate", READER_DIED, "not JSON" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		one_bad_reader(rows[i].role, rows[i].want, rows[i].why);
	}
}

/* A reader that always says that it may not read is not believed for ever. */
static void stale_without_end(void)
{
	struct app_list list = { .items = NULL };
	struct asked evil;
	struct asked behind;
	struct reader_metrics metrics;

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_open(&asker, "stale", 10000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	(void)reader_set_apps(asker.pool, &list);
	asker_ask(&asker, &evil, "refs/heads/evil");
	asker_ask(&asker, &behind, "refs/heads/main");
	asker_wait(&asker, &evil);
	tap_ok(evil.answers == 1 && evil.result == READER_DIED &&
		       strstr(evil.why, "made anew each time") != NULL,
	       "a directory that changes without end has an end: \"%s\"", evil.why);
	asker_wait(&asker, &behind);
	tap_ok(behind.answers == 1 && behind.result == READER_OK && behind.count == 2,
	       "the request behind it is answered");
	reader_pool_metrics(asker.pool, &metrics);
	tap_ok(metrics.started == 5 && metrics.lost == 1,
	       "three more readers were tried, and one was lost (%llu, %llu)",
	       (unsigned long long)metrics.started, (unsigned long long)metrics.lost);
	asker_close(&asker);
	app_list_release(&list);
}

/* A repository that is dropped: what was asked is answered, what it knew goes. */
static void dropped_repositories(void)
{
	struct app_list list = { .items = NULL };
	struct affected_request request = { .ref = "refs/heads/main" };
	struct asked first;
	struct asked second;
	struct asked none = { .answers = 0 };
	struct error err = ERROR_INIT;

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_open(&asker, "good", 10000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	asker_set_repository(&asker, ASKER_OTHER, "/elsewhere");
	(void)reader_set_apps(asker.pool, &list);
	asker_ask(&asker, &first, "refs/heads/main");
	asker_ask(&asker, &second, "refs/heads/main");
	reader_drop_repository(asker.pool, ASKER_URL);
	reader_drop_repository(asker.pool, "https://git.example/org/unknown.git");
	tap_ok(reader_affected(asker.pool, ASKER_URL, &request, asker_on_affected, &none, &err) < 0,
	       "a dropped repository is asked no more: %s", err.text);
	asker_wait(&asker, &first);
	asker_wait(&asker, &second);
	tap_ok(first.result == READER_OK && second.result == READER_OK && second.count == 2,
	       "what was asked before is answered");
	asker_turn(&asker, 200);
	tap_int(asker_reader_pid(), 0, "then its idle reader ends");
	reader_drop_repository(asker.pool, ASKER_URL);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	asker_ask(&asker, &first, "refs/heads/main");
	asker_wait(&asker, &first);
	tap_ok(first.result == READER_OK && first.count == 2, "it can be added again");
	asker_ask(&asker, &first, "refs/heads/main");
	reader_drop_repository(asker.pool, ASKER_URL);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	asker_wait(&asker, &first);
	pid_t pid = asker_reader_pid();
	asker_turn(&asker, 200);
	tap_ok(first.result == READER_OK && pid > 0 && asker_reader_pid() == pid,
	       "one that is added again at once keeps its reader");
	asker_ask(&asker, &first, "refs/heads/main");
	reader_drop_repository(asker.pool, ASKER_URL);
	asker_close(&asker);
	tap_int(first.answers, 0, "and may be dropped when all ends");
	app_list_release(&list);
}

static void readers_killed_while_they_work(void)
{
	struct asked asked;

	asker_open(&asker, "hang", 10000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	asker_ask(&asker, &asked, "refs/heads/evil");
	asker_turn(&asker, 200);
	tap_ok(asked.answers == 0 && asker_reader_pid() > 0, "a reader works");
	(void)kill(asker_reader_pid(), SIGKILL);
	asker_wait(&asker, &asked);
	tap_ok(asked.answers == 1 && asked.result == READER_DIED &&
		       strstr(asked.why, "signal 9") != NULL,
	       "killed from outside, its request is answered so: %s", asked.why);
	asker_close(&asker);
}

/* Each evil request costs a reader; the one behind them waits for three, not for four. */
static void waiting_has_an_end(void)
{
	struct asked evil[6];
	struct asked behind;
	struct app_list list = { .items = NULL };

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_open(&asker, "exit", 1000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	(void)reader_set_apps(asker.pool, &list);
	for (size_t i = 0; i < 3; i++) {
		asker_ask(&asker, &evil[i], "refs/heads/evil");
	}
	asker_ask(&asker, &behind, "refs/heads/main");
	asker_wait(&asker, &behind);
	tap_ok(behind.result == READER_OK, "behind three lost readers a request is still asked");
	for (size_t i = 0; i < 4; i++) {
		asker_ask(&asker, &evil[i], "refs/heads/evil");
	}
	asker_ask(&asker, &behind, "refs/heads/main");
	asker_wait(&asker, &behind);
	tap_ok(behind.result == READER_DIED, "behind four it is given up: %s", behind.why);
	asker_turn(&asker, 100);
	tap_ok(behind.answers == 1 && evil[0].answers == 1 && evil[3].answers == 1,
	       "each has one answer");
	asker_close(&asker);
	app_list_release(&list);
}

static void answers_are_mapped_and_named(void)
{
	struct app_list list = { .items = NULL };
	struct asked asked;

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "unrelated", ASKER_OTHER, "x");
	asker_add_app(&list, "b", "git@git.example:org/repo", "b");
	asker_open(&asker, "good", 2000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	(void)reader_set_apps(asker.pool, &list);
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asked.apps[1] == 2, "numbers are those of our list");
	tap_str(asked.names[1], "argocd/b", "names are the applications'");
	tap_str(asked.path, "p", "the reason has its path");
	tap_str(asked.via, "a", "and its chain");

	struct app_list shorter = { .items = NULL };
	asker_add_app(&shorter, "b", ASKER_URL, "b");
	asker_add_app(&shorter, "c", ASKER_URL, "c");
	uint64_t generation = reader_set_apps(asker.pool, &shorter);
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_OK && asked.apps[1] == 1 && asked.generation == generation,
	       "after new applications, numbers are those of the new list");
	app_list_release(&list);
	asker_close(&asker);
	app_list_release(&shorter);
}

struct same {
	unsigned answers;
	size_t count;
	size_t apps[2];
};

static void on_same(void *arg, enum reader_result result, const struct reader_affected *answer,
		    const char *why)
{
	struct same *same = arg;

	(void)why;
	same->answers++;
	same->count = result == READER_OK ? answer->affected->same_count : 0;
	for (size_t i = 0; i < same->count && i < 2; i++) {
		same->apps[i] = answer->affected->same[i].app;
	}
}

/* Those that are rendered to the same as before are named by "explain": by our numbers, too. */
static void unchanged_applications_are_mapped(void)
{
	struct app_list list = { .items = NULL };
	struct affected_request request = { .ref = "refs/heads/main", .count_all = true };
	struct error err = ERROR_INIT;
	struct same same = { .answers = 0 };

	asker_add_app(&list, "unrelated", ASKER_OTHER, "x");
	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "unrelated-too", ASKER_OTHER, "x");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_open(&asker, "same-as-before", 2000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	(void)reader_set_apps(asker.pool, &list);
	(void)reader_affected(asker.pool, ASKER_URL, &request, on_same, &same, &err);
	for (int i = 0; i < 200 && same.answers == 0; i++) {
		asker_turn(&asker, 10);
	}
	tap_ok(same.count == 2 && same.apps[0] == 1 && same.apps[1] == 3,
	       "numbers of applications that are the same are those of our list, too (%zu, %zu)",
	       same.apps[0], same.apps[1]);
	asker_close(&asker);
	app_list_release(&list);
}

static void readers_that_say_too_much_go(void)
{
	struct asked asked;
	struct app_list list = { .items = NULL };

	asker_add_app(&list, "a", ASKER_URL, "a");
	asker_add_app(&list, "b", ASKER_URL, "b");
	asker_open(&asker, "talk", 2000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	(void)reader_set_apps(asker.pool, &list);
	asker.warnings = 0;
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_wait(&asker, &asked);
	asker_turn(&asker, 100);
	tap_ok(asked.result == READER_OK && asked.answers == 1 && asker.warnings == 1,
	       "a frame nobody asked for costs the reader, not the request");
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_wait(&asker, &asked);
	tap_int(asked.result, READER_OK, "and the next request has a new one");
	asker_close(&asker);
	app_list_release(&list);

	asker_open(&asker, "no-hello", 300);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_wait(&asker, &asked);
	tap_ok(asked.result == READER_TIMEOUT || asked.result == READER_DIED,
	       "a reader that never says hello is given up");
	asker_close(&asker);
}

static void programs_that_cannot_start(void)
{
	struct asked asked;
	struct reader_options options = { .count = 1, .program = "/nonexistent/doorbell" };

	asker.pool = reader_pool_new(asker.base, &options);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_wait(&asker, &asked);
	tap_ok(asked.answers == 1 && asked.result == READER_DIED &&
		       strstr(asked.why, "can be started") != NULL,
	       "a request is answered when no reader can be started: %s", asked.why);
	asker_ask(&asker, &asked, "refs/heads/main");
	asker_close(&asker);
	asker_turn(&asker, 50);
	tap_int(asked.answers, 0, "no callback comes after the asker.pool is freed");
}

/* From here on fcntl(F_SETFL) fails with ENOLCK, which nothing else does here. */
static bool forbid_flags(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETFL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void keep_log(void *arg, enum reader_log_level level, const char *text)
{
	(void)level;
	(void)snprintf(arg, 256, "%s", text);
}

/* In a child, because a filter of system calls stays until the end. */
static _Noreturn void start_without_flags(void)
{
	char text[256] = "";
	struct event_base *base = event_base_new();
	struct reader_options options = { .count = 1, .program = "/bin/true", .log = keep_log,
					  .log_arg = text };
	struct error err = ERROR_INIT;
	struct asked asked = { .answers = 0 };

	if (!forbid_flags()) {
		_exit(2);
	}
	asker.base = base;
	asker.pool = reader_pool_new(base, &options);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	(void)reader_resolve(asker.pool, ASKER_URL, "main", NULL, asker_on_resolve, &asked, &err);
	(void)event_base_loop(base, EVLOOP_ONCE);
	tap_note("log: %s", text);
	_exit(strstr(text, strerror(ENOLCK)) != NULL ? 0 : 1);
}

static void the_error_of_a_channel_is_its_own(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		start_without_flags();
	}
	(void)waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	       "why a channel could not be made is told as it was (%d)", status);
}

static void requests_that_cannot_be_made(void)
{
	struct affected_request request = { .ref = "refs/heads/\xff" };
	struct reader_repository_options relative = { .url = ASKER_URL, .path = "a/b" };
	struct error err = ERROR_INIT;
	struct asked asked = { .answers = 0 };

	asker_open(&asker, "good", 1000);
	asker_set_repository(&asker, ASKER_URL, "/nowhere");
	tap_ok(reader_affected(asker.pool, ASKER_URL, &request, asker_on_affected, &asked, &err) < 0,
	       "a ref that is not UTF-8 is refused: %s", err.text);
	tap_ok(reader_resolve(asker.pool, ASKER_OTHER, "main", NULL, asker_on_resolve, &asked, &err) < 0,
	       "an unknown repository is refused: %s", err.text);
	tap_ok(reader_resolve(asker.pool, "https://", "main", NULL, asker_on_resolve, &asked, &err) < 0,
	       "an address that is none is refused: %s", err.text);
	tap_ok(reader_set_repository(asker.pool, &relative, &err) < 0,
	       "a relative path is refused: %s", err.text);
	asker_turn(&asker, 20);
	tap_int(asked.answers, 0, "and no callback comes");
	asker_close(&asker);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		fake_reader(argv[1]);
	}
	asker_init(&asker);
	bad_readers_are_replaced();
	stale_without_end();
	dropped_repositories();
	readers_killed_while_they_work();
	waiting_has_an_end();
	answers_are_mapped_and_named();
	unchanged_applications_are_mapped();
	readers_that_say_too_much_go();
	programs_that_cannot_start();
	the_error_of_a_channel_is_its_own();
	requests_that_cannot_be_made();
	asker_release(&asker);
	return tap_done();
}
