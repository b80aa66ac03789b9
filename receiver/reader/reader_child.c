/*
 * A reader process: sandbox first, then requests one after the other.
 *
 * It holds the repositories of its group, each with its applications and the
 * indexes that lib/affected builds of them.  The parent is trusted, what is read on
 * its behalf is not; so this process may be killed at any time and keeps
 * nothing that cannot be made again.  It speaks only when asked, one answer
 * for each request, in several frames where it is long.
 *
 * A request that cannot be done is answered with an error.  One for a
 * repository whose directories are not those that the sandbox grants is not
 * begun: the answer says so, and the parent starts another reader.  A frame
 * that is no request ends the process.
 */
#include "receiver/reader/reader_child.h"

#include <errno.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "receiver/process/sandbox.h"
#include "receiver/reader/reader_child_impl.h"
#include "repo/repo.h"
#include "repo/isolate.h"

#define IDLE_MS 1000

const char *child_text(const json_t *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request, key));

	return text != NULL ? text : "";
}

struct oid child_oid(const json_t *request, const char *key)
{
	const char *hex = child_text(request, key);
	struct oid id = { .len = 0 };

	(void)oid_from_hex(hex, strlen(hex), &id);
	return id;
}

struct child_repository *child_find(const struct child *child, const json_t *request,
				    struct error *err)
{
	const char *key = child_text(request, "repository");
	struct child_repository *r = child->repositories;

	while (r != NULL && strcmp(r->key, key) != 0) {
		r = r->next;
	}
	if (r == NULL) {
		(void)error_set(err, -1, "repository %s was not opened", key);
	}
	return r;
}

/* Does the sandbox grant what the repository of a request, open or to be opened, needs? */
static bool is_granted(const struct child *child, const json_t *request)
{
	const struct child_repository *r = child_find(child, request, NULL);

	if (child->grants == NULL) {
		return true;
	}
	if (r != NULL) {
		return child_is_granted(child->grants, r->path, r->cache_directory,
					r->allow_alternates);
	}
	return child_is_granted(child->grants, child_text(request, "path"),
				json_string_value(json_object_get(request, "cache")),
				json_is_true(json_object_get(request, "alternates")));
}

/* 0 if the request was answered, -1 if the channel broke or it was none. */
static int serve(struct child *child, const json_t *request)
{
	const struct reader_call *call = reader_call_find(child_text(request, "op"));
	struct error err = ERROR_INIT;

	child->id = json_integer_value(json_object_get(request, "id"));
	child->broken = false;
	if (call == NULL) {
		return -1;
	}
	if (call->reads_files && !is_granted(child, request)) {
		return child_answer_stale(child);
	}
	int status = call->handle(child, request, &err);

	if (status == 0 || child->broken) {
		return status == 0 ? 0 : -1;
	}
	return child_answer_error(child, err.text, status == REPO_UNSUPPORTED);
}

static void release(struct child *child)
{
	while (child->repositories != NULL) {
		struct child_repository *r = child->repositories;

		child->repositories = r->next;
		affected_state_free(r->state);
		child_drop_coming(r);
		app_list_release(&r->apps);
		free(r->key);
		free(r->path);
		free(r->cache_directory);
		free(r);
	}
}

/* Give back what reading applications and walking units has left of free memory. */
static void trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

/*
 * Writing an index takes half a second for 100,000 applications, and whoever
 * asks in that time waits: it is done when nobody has asked for a while.
 */
static void save_when_idle(struct child *child)
{
	struct pollfd fd = { .fd = child->channel, .events = POLLIN };

	if (!child->unsaved || poll(&fd, 1, IDLE_MS) != 0) {
		return;
	}
	for (struct child_repository *r = child->repositories; r != NULL; r = r->next) {
		affected_save(r->state);
	}
	child->unsaved = false;
	trim();
}

int child_serve(int channel, unsigned seconds, const struct child_grants *grants)
{
	struct child child = { .channel = channel, .grants = grants };
	struct buf frame;
	int r;

	buf_init(&frame, LIMIT_FRAME_BYTES);
	while ((r = frame_read(channel, &frame)) > 0) {
		json_t *request = json_loadb(frame.data, frame.len, JSON_REJECT_DUPLICATES, NULL);

		if (seconds > 0) {
			sandbox_allow_cpu(seconds);
		}
		r = serve(&child, request);
		json_decref(request);
		if (r < 0) {
			break;
		}
		save_when_idle(&child);
	}
	buf_release(&frame);
	release(&child);
	return r;
}

/* --- start --- */

struct arguments {
	struct sandbox_options sandbox;
	struct child_grants grants;
	unsigned seconds;
};

static int read_arguments(struct arguments *a, int argc, char **argv, struct error *err)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *name = argv[i];
		const char *value = argv[i + 1];

		if (strcmp(name, "--memory") == 0) {
			a->sandbox.memory_bytes = strtoull(value, NULL, 10);
		} else if (strcmp(name, "--seconds") == 0) {
			a->seconds = (unsigned)strtoul(value, NULL, 10);
		} else if (strcmp(name, "--read") == 0) {
			child_grant_repository(&a->grants, &a->sandbox.read_dirs, value, false);
		} else if (strcmp(name, "--read-alternates") == 0) {
			child_grant_repository(&a->grants, &a->sandbox.read_dirs, value, true);
		} else if (strcmp(name, "--write") == 0) {
			child_grant(&a->grants, &a->sandbox.write_dirs, value);
		} else {
			return error_set(err, -1, "unknown argument %s", name);
		}
	}
	return 0;
}

static void say_hello(const struct sandbox_report *report, const char *failed)
{
	json_t *hello = json_pack("{s:i, s:b}", "landlock", report->landlock, "seccomp",
				  report->seccomp);

	if (failed != NULL) {
		(void)json_object_set_new(hello, "failed", text_to_json(failed));
	}
	char *text = json_dumps(hello, JSON_COMPACT);
	(void)frame_write(READER_CHANNEL, text, strlen(text));
	free(text);
	json_decref(hello);
}

/* _exit: there is nothing to flush, and less to go wrong. */
_Noreturn void reader_child_main(int argc, char **argv)
{
	struct arguments arguments = { .sandbox.channel = READER_CHANNEL };
	struct sandbox_report report = { .landlock = 0 };
	struct error err = ERROR_INIT;

	/* What libraries read of the machine, they read before the walls are up. */
	json_object_seed(0);
	repo_isolate();
	if (read_arguments(&arguments, argc, argv, &err) < 0 ||
	    sandbox_enter(&arguments.sandbox, &report, &err) < 0) {
		say_hello(&report, err.text);
		_exit(EXIT_FAILURE);
	}
	say_hello(&report, NULL);
	int r = child_serve(READER_CHANNEL, arguments.seconds, &arguments.grants);
	free(arguments.grants.items);
	strvec_release(&arguments.sandbox.read_dirs);
	strvec_release(&arguments.sandbox.write_dirs);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
