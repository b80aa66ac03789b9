/*
 * A reader process: sandbox first, then requests one after the other.
 *
 * It holds the repositories of its group, each with its applications and the
 * indexes that lib/app builds of them.  The parent is trusted, what is read on
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
#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "manifest/app_yaml.h"
#include "receiver/process/sandbox.h"
#include "receiver/reader/reader_child_impl.h"
#include "receiver/reader/reader_impl.h"
#include "repo/closed.h"
#include "repo/isolate.h"

#define IDLE_MS 1000

struct request {
	const char *op;
	bool reads_files; // those of its repository, which must be granted
	int (*serve)(struct child *child, const json_t *request, struct error *err);
};

static const char *text_of(const json_t *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request, key));

	return text != NULL ? text : "";
}

static struct oid oid_of(const json_t *request, const char *key)
{
	const char *hex = text_of(request, key);
	struct oid id = { .len = 0 };

	(void)oid_from_hex(hex, strlen(hex), &id);
	return id;
}

static struct child_repository *find(struct child *child, const json_t *request,
				     struct error *err)
{
	const char *key = text_of(request, "repository");
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
static bool is_granted(struct child *child, const json_t *request)
{
	struct child_repository *r = find(child, request, NULL);

	if (child->grants == NULL) {
		return true;
	}
	if (r != NULL) {
		return child_is_granted(child->grants, r->path, r->cache_directory,
					r->allow_alternates);
	}
	return child_is_granted(child->grants, text_of(request, "path"),
				json_string_value(json_object_get(request, "cache")),
				json_is_true(json_object_get(request, "alternates")));
}

static enum affected_mode mode_of(const json_t *request)
{
	const char *name = text_of(request, "mode");

	for (int m = AFFECTED_EXACT; m <= AFFECTED_ARGOCD; m++) {
		if (strcmp(name, affected_mode_name((enum affected_mode)m)) == 0) {
			return (enum affected_mode)m;
		}
	}
	return AFFECTED_EXACT;
}

static int serve_open(struct child *child, const json_t *request, struct error *err)
{
	struct affected_options options = {
		.repository_url = text_of(request, "url"),
		.path = text_of(request, "path"),
		.cache_directory = json_string_value(json_object_get(request, "cache")),
		.cache_max_bytes = json_integer_value(json_object_get(request, "cache_max")),
		.mode = mode_of(request),
		.allow_alternates = json_is_true(json_object_get(request, "alternates")),
	};
	struct affected_state *state = NULL;

	if (affected_state_new(&options, &state, err) < 0) {
		return -1;
	}
	struct child_repository *r = xcalloc(1, sizeof(*r));
	r->key = xstrdup(text_of(request, "repository"));
	r->path = xstrdup(options.path);
	r->cache_directory = xstrdup_or_null(options.cache_directory);
	r->allow_alternates = options.allow_alternates;
	r->state = state;
	r->next = child->repositories;
	child->repositories = r;
	return child_answer(child, json_object());
}

/* Which repository each source means is the parent's to say: it knows the aliases. */
static void set_repositories(struct app *app, const json_t *repositories)
{
	for (size_t i = 0; i < app->source_count; i++) {
		const char *name = json_string_value(json_array_get(repositories, i));

		free(app->sources[i].repository);
		app->sources[i].repository = name != NULL ? xstrdup(name) : NULL;
	}
}

/* Give up what was to come; what is in use stays. */
static void drop_coming(struct child_repository *r)
{
	for (size_t i = 0; i < r->coming_count; i++) {
		if (r->coming[i].old == 0) {
			app_free(r->coming[i].app);
		}
	}
	free(r->coming);
	r->coming = NULL;
	r->coming_count = r->coming_capacity = r->old_next = 0;
}

/* One application: whole, or the number of one in use. */
static int add_coming(struct child_repository *r, const json_t *value, struct error *err)
{
	struct coming coming = { .old = 0 };

	if (json_is_integer(value)) {
		json_int_t number = json_integer_value(value);

		if (number < (json_int_t)r->old_next || number >= (json_int_t)r->apps.count) {
			return error_set(err, -1, "there is no application %lld",
					 (long long)number);
		}
		r->old_next = coming.old = (size_t)number + 1;
		coming.app = r->apps.items[number];
	} else if (app_from_json(value, "", &coming.app, err) == APP_OK) {
		set_repositories(coming.app, json_object_get(value, "repositories"));
		coming.app = app_pack_take(coming.app);
	} else {
		return error_wrap(err, -1, "application %zu", r->coming_count);
	}
	r->coming = xgrow(r->coming, r->coming_count, &r->coming_capacity, sizeof(*r->coming));
	r->coming[r->coming_count++] = coming;
	return 0;
}

/* What was to come is there: use it, and free what is left of the old. */
static void use_coming(struct child_repository *r)
{
	struct app_list old = r->apps;

	r->apps = (struct app_list){ .items = NULL };
	for (size_t i = 0; i < r->coming_count; i++) {
		app_list_add_take(&r->apps, r->coming[i].app);
		if (r->coming[i].old > 0) {
			old.items[r->coming[i].old - 1] = NULL;
			r->coming[i].old = 0;
		}
	}
	r->coming_count = 0;
	drop_coming(r);
	affected_set_apps(r->state, &r->apps);
	app_list_release(&old);
}

/*
 * One piece of the applications. They are ours only when the last has come;
 * until then the ones before stay in use.
 */
static int serve_apps(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = find(child, request, err);
	const json_t *value;
	size_t i;

	if (r == NULL) {
		return -1;
	}
	if (json_is_true(json_object_get(request, "reset"))) {
		drop_coming(r);
	}
	json_array_foreach(json_object_get(request, "applications"), i, value) {
		if (add_coming(r, value, err) < 0) {
			return -1;
		}
	}
	if (json_is_true(json_object_get(request, "last"))) {
		use_coming(r);
	}
	return child_answer(child, json_object());
}

static int serve_affected(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = find(child, request, err);
	struct affected_request ask = {
		.ref = text_of(request, "ref"),
		.default_branch = json_string_value(json_object_get(request, "default_branch")),
		.before = oid_of(request, "before"),
		.after = oid_of(request, "after"),
		.count_all = json_is_true(json_object_get(request, "count_all")),
	};
	struct affected result = { .count = 0 };

	if (r == NULL || affected_compute(r->state, &ask, &result, err) < 0) {
		return -1;
	}
	int status = child_answer_affected(child, &result);
	affected_release(&result);
	child->unsaved = true;
	return status;
}

static int serve_inputs(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = find(child, request, err);
	const struct affected_inputs_request ask = {
		.ref = text_of(request, "ref"),
		.default_branch = json_string_value(json_object_get(request, "default_branch")),
		.commit = oid_of(request, "commit"),
		.application = json_string_value(json_object_get(request, "application")),
	};
	struct affected_inputs inputs = { .items = NULL };

	if (r == NULL || affected_inputs(r->state, &ask, &inputs, err) < 0) {
		return -1;
	}
	int status = child_answer_inputs(child, &inputs);
	affected_inputs_release(&inputs);
	return status;
}

static int serve_resolve(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = find(child, request, err);
	const char *commit = text_of(request, "commit");
	struct error why = ERROR_INIT;
	struct oid found = { .len = 0 };
	struct oid present = { .len = 0 };
	char hex[OID_HEX_MAX + 1];

	if (r == NULL) {
		return -1;
	}
	if (affected_resolve(r->state, text_of(request, "revision"), &found, &why) < 0) {
		found = (struct oid){ .len = 0 };
	}
	bool there = commit[0] != '\0' &&
		     affected_resolve(r->state, commit, &present, NULL) == 0;
	if (commit[0] != '\0' && !there) {
		struct oid id = oid_of(request, "commit");

		/* To wait until it comes would be to wait for ever. */
		if (closed_object(r->path, &id, err)) {
			return -1;
		}
	}
	return child_answer(child, json_pack("{s:s, s:o, s:b}", "commit", oid_to_hex(&found, hex),
					     "why", text_to_json(why.text), "present",
					     there));
}

static int serve_read_apps(struct child *child, const json_t *request, struct error *err)
{
	struct child_repository *r = find(child, request, err);
	struct oid commit = oid_of(request, "commit");
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	int status = -1;

	if (r != NULL && affected_read_apps(r->state, &commit, text_of(request, "directory"), &list,
					    &problems, err) == 0) {
		status = child_answer_apps(child, &list, &problems);
	}
	app_list_release(&list);
	strvec_release(&problems);
	return status;
}

/* A text of the operator's: it has no name here, the parent knows it. */
static int serve_parse(struct child *child, const json_t *request, struct error *err)
{
	const json_t *text = json_object_get(request, "text");
	size_t len = json_string_length(text);
	uint8_t *bytes = xmalloc(len + 1);
	struct app_list list = { .items = NULL };
	struct strvec problems = STRVEC_INIT;
	int status = -1;

	int count = base64_decode(text_of(request, "text"), len, bytes, len);
	if (count < 0) {
		(void)error_set(err, -1, "the text is not base64");
	} else if (app_read_yaml((const char *)bytes, (size_t)count, "", &list, &problems,
				 err) == 0) {
		status = child_answer_apps(child, &list, &problems);
	}
	app_list_release(&list);
	strvec_release(&problems);
	free(bytes);
	child->unsaved = true; /* free memory is given back when nobody asks for a while */
	return status;
}

static const struct request requests[] = {
	{ "open", true, serve_open },
	{ "apps", true, serve_apps },
	{ "affected", true, serve_affected },
	{ "inputs", true, serve_inputs },
	{ "resolve", true, serve_resolve },
	{ "read_apps", true, serve_read_apps },
	{ "parse", false, serve_parse },
};

/* 0 if the request was answered, -1 if the channel broke or it was none. */
static int serve(struct child *child, const json_t *request)
{
	const char *op = text_of(request, "op");
	struct error err = ERROR_INIT;

	child->id = json_integer_value(json_object_get(request, "id"));
	child->broken = false;
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		if (strcmp(op, requests[i].op) != 0) {
			continue;
		}
		if (requests[i].reads_files && !is_granted(child, request)) {
			return child_answer_stale(child);
		}
		if (requests[i].serve(child, request, &err) == 0) {
			return 0;
		}
		return child->broken ? -1 : child_answer_error(child, err.text);
	}
	return -1;
}

static void release(struct child *child)
{
	while (child->repositories != NULL) {
		struct child_repository *r = child->repositories;

		child->repositories = r->next;
		affected_state_free(r->state);
		drop_coming(r);
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

/* As reader_child_serve(), behind a sandbox that grants what grants says (NULL: without one). */
static int serve_all(int channel, unsigned seconds, const struct child_grants *grants)
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

int reader_child_serve(int channel, unsigned seconds)
{
	return serve_all(channel, seconds, NULL);
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
	int r = serve_all(READER_CHANNEL, arguments.seconds, &arguments.grants);
	free(arguments.grants.items);
	strvec_release(&arguments.sandbox.read_dirs);
	strvec_release(&arguments.sandbox.write_dirs);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
