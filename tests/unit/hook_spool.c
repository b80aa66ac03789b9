/*
 * The spool: whole files in order, with a ceiling, whatever else lies there.
 */
#include "hooks/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "hooks/deliver.h"
#include "tests/support/tap.h"

static char *folder;

static int add(int64_t now, const char *id, const char *body)
{
	struct error err = ERROR_INIT;

	return hook_spool_add(folder, now, id, body, strlen(body), &err);
}

static size_t waiting(void)
{
	struct strvec names = STRVEC_INIT;
	struct error err = ERROR_INIT;

	(void)hook_spool_list(folder, &names, &err);
	size_t count = names.count;
	strvec_release(&names);
	return count;
}

static void files_come_back_in_order(void)
{
	static const char *const bodies[] = { "one", "two", "" };
	struct strvec names = STRVEC_INIT;
	struct error err = ERROR_INIT;

	tap_int(hook_spool_list(folder, &names, &err), 0, "no folder is an empty one");
	tap_int(names.count, 0, "... with nothing in it");
	tap_ok(hook_spool_lock(folder) < 0, "... and no lock");
	tap_int(add(2000, "bb", "two"), HOOK_SPOOL_OK, "the folder is made");
	tap_int(add(1000, "cc", "one"), HOOK_SPOOL_OK, "an earlier one");
	tap_int(add(3000, "aa", ""), HOOK_SPOOL_OK, "a later one, empty");
	tap_int(hook_spool_list(folder, &names, &err), 0, "they are listed");
	for (size_t i = 0; i < 3 && i < names.count; i++) {
		char *id = NULL;
		char *body = NULL;
		size_t len = 0;

		tap_int(hook_spool_read(folder, names.items[i], &id, &body, &len, &err), 0,
			"%s is read", names.items[i]);
		tap_str(body, bodies[i], "... oldest first");
		tap_int(len, strlen(bodies[i]), "... as long as it was");
		tap_ok(strstr(names.items[i], id) != NULL, "... with its id");
		free(id);
		free(body);
	}
	tap_int(hook_spool_remove(folder, names.items[0], &err), 0, "one is removed");
	tap_int(hook_spool_remove(folder, names.items[0], &err), 0, "and it is fine that it is gone");
	tap_int(hook_spool_refuse(folder, names.items[1], &err), 0, "one is put aside");
	tap_int(waiting(), 1, "one is left");
	strvec_release(&names);
}

static void other_files_are_left_alone(void)
{
	static const char *const odd[] = {
		"x", "00000000001000-.json", "00000000001000-a.json.refused", "0000000000100-a.json",
		"00000000001000-a.b.json", "00000000001000a.json", ".new-recent", "00000000001000-a.jso",
	};
	struct strvec names = STRVEC_INIT;
	struct error err = ERROR_INIT;
	size_t before = waiting();
	char *id = NULL;
	char *body = NULL;
	size_t len = 0;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		tap_sh("touch %s/%s", folder, odd[i]);
		tap_int(hook_spool_read(folder, odd[i], &id, &body, &len, &err), -1,
			"%s is not a delivery", odd[i]);
	}
	tap_int(hook_spool_read(folder, "../x", &id, &body, &len, &err), -1, "nor is ../x");
	tap_sh("touch -d '2 hours ago' %s/.new-stale", folder);
	tap_int(waiting(), before, "none of them waits");
	tap_sh("test ! -e %s/.new-stale && test -e %s/.new-recent", folder, folder);
	tap_ok(true, "a dead writer's file is removed, a living one's is not");
	strvec_release(&names);
}

static void the_lock_is_for_one(void)
{
	int first = hook_spool_lock(folder);

	tap_ok(first >= 0, "one has the lock");
	tap_ok(hook_spool_lock(folder) < 0, "another has not");
	close(first);
	int again = hook_spool_lock(folder);
	tap_ok(again >= 0, "until it is given back");
	close(again);
}

static void groups_share_what_they_push(void)
{
	char *shared = xasprintf("%s/shared", tap_dir());
	struct strvec names = STRVEC_INIT;
	struct error err = ERROR_INIT;
	struct stat st = { .st_mode = 0 };

	tap_sh("mkdir -m 2770 %s", shared);
	tap_int(hook_spool_add(shared, 1, "a", "x", 1, &err), 0, "a spool of a group");
	(void)hook_spool_list(shared, &names, &err);
	char *path = xasprintf("%s/%s", shared, names.items[0]);
	(void)stat(path, &st);
	tap_int(st.st_mode & 0777, 0660, "... has files for the group");
	(void)unlink(path);
	free(path);
	free(shared);
	strvec_release(&names);
}

static int answer_with;

static enum hook_send_result fake_send(const struct hook_conf *conf,
				       const struct hook_delivery *delivery, int64_t deadline,
				       int *ret_status, struct buf *answer, struct error *err)
{
	(void)conf;
	(void)delivery;
	(void)deadline;
	if (answer_with == 0) {
		return (enum hook_send_result)error_set(err, HOOK_SEND_UNREACHABLE, "down");
	}
	(void)buf_addstr(answer, "answer");
	*ret_status = answer_with;
	return HOOK_SEND_ANSWERED;
}

static void answers_decide_what_stays(void)
{
	static const struct {
		int status;
		enum hook_deliver_result result;
		size_t taken;
		size_t left;
	} cases[] = {
		{ 202, HOOK_DELIVER_TAKEN, 3, 0 },  { 200, HOOK_DELIVER_TAKEN, 3, 0 },
		{ 400, HOOK_DELIVER_TAKEN, 0, 0 },  { 413, HOOK_DELIVER_TAKEN, 0, 0 },
		{ 401, HOOK_DELIVER_KEPT, 0, 3 },   { 404, HOOK_DELIVER_KEPT, 0, 3 },
		{ 429, HOOK_DELIVER_KEPT, 0, 3 },   { 503, HOOK_DELIVER_KEPT, 0, 3 },
		{ 301, HOOK_DELIVER_KEPT, 0, 3 },   { 0, HOOK_DELIVER_KEPT, 0, 3 },
	};
	char *base = xasprintf("%s/doorbell", tap_dir());
	const struct hook_conf conf = { .folder = base };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		size_t taken = 0;

		tap_sh("rm -rf %s", folder);
		(void)add(1, "a", "x");
		(void)add(2, "b", "x");
		(void)add(3, "c", "x");
		answer_with = cases[i].status;
		int64_t deadline = mstime_monotonic() + 10000;
		tap_int(hook_deliver_all(&conf, fake_send, 10, deadline, &taken, &err),
			cases[i].result, "answer %d", cases[i].status);
		tap_int(taken, cases[i].taken, "... takes");
		tap_int(waiting(), cases[i].left, "... and leaves");
	}
	struct error err = ERROR_INIT;
	size_t taken = 0;
	answer_with = 202;
	tap_int(hook_deliver_all(&conf, fake_send, 2, mstime_monotonic() + 10000, &taken, &err),
		HOOK_DELIVER_TAKEN, "two at most");
	tap_int(taken, 2, "... are two");
	tap_int(hook_deliver_all(&conf, fake_send, 2, mstime_monotonic(), &taken, &err),
		HOOK_DELIVER_TAKEN, "no time");
	tap_int(taken, 0, "... is none");
	free(base);
}

static void the_spool_has_a_ceiling(void)
{
	tap_sh("rm -rf %s; mkdir %s; cd %s && seq 1 %d | xargs touch", folder, folder, folder,
	       HOOK_SPOOL_FILES - 1);
	tap_int(add(1, "a", "x"), HOOK_SPOOL_OK, "the last one fits");
	tap_int(add(2, "b", "x"), HOOK_SPOOL_FULL, "the next does not");
	tap_sh("rm -rf %s; echo > %s", folder, folder);
	tap_int(add(2, "b", "x"), -1, "a file where the folder should be is an error");
}

static void refused_ones_do_not_fill_the_spool(void)
{
	struct error err = ERROR_INIT;

	tap_sh("rm -rf %s && mkdir %s", folder, folder);
	tap_sh("cd %s && seq -f '%%014.0f-x.json.refused' %d | xargs touch", folder,
	       HOOK_SPOOL_FILES);
	tap_int(add(1, "a", "x"), HOOK_SPOOL_OK, "a thousand that were refused leave room");
	tap_int(hook_spool_refuse(folder, "00000000000001-a.json", &err), 0,
		"one more is refused");
	tap_sh("test $(ls %s | wc -l) -eq %d", folder, HOOK_SPOOL_FILES);
	tap_ok(true, "and is not kept: there is a ceiling for them too");
}

int main(void)
{
	tap_sh("mkdir %s/doorbell", tap_dir());
	folder = xasprintf("%s/doorbell/spool", tap_dir());
	files_come_back_in_order();
	other_files_are_left_alone();
	the_lock_is_for_one();
	groups_share_what_they_push();
	answers_decide_what_stays();
	the_spool_has_a_ceiling();
	refused_ones_do_not_fill_the_spool();
	free(folder);
	return tap_done();
}
