/*
 * doorbell hook: put the hook into a repository, take it out, see how it is.
 *
 * install writes GIT_DIR/doorbell/hook.conf, makes the spool, and writes a
 * script that ends as our program: as hooks/post-receive, or into the folder
 * whose programs a forge's own hook runs (hook_place.h).  A hook that was there
 * is kept and run by ours with the same input; uninstall puts it back.  Both
 * can be repeated.  install and status ask the receiver whether it knows the
 * repository.
 *
 * install finds out all that can go wrong (arguments, the secret, what is in the
 * way, permissions) before it changes anything; what it is about to change is
 * what --dry-run prints.  uninstall takes hook.conf away last: a hook without it
 * is silent, so one that is left in a folder of several repositories harms none.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "hooks/conf.h"
#include "hooks/deliver.h"
#include "hooks/spool.h"
#include "receiver/cli/cli.h"
#include "receiver/cli/hook_ask.h"
#include "receiver/cli/hook_change.h"
#include "receiver/cli/hook_deliver.h"
#include "receiver/cli/hook_keep.h"
#include "receiver/cli/hook_place.h"
#include "receiver/cli/verb.h"

static const char usage[] =
	"usage: doorbell hook install REPO (--socket PATH | --url URL) --secret-file FILE\n"
	"                             [--repository URL] [--source NAME] [--limit 2s]\n"
	"                             [--verbose] [--dry-run]\n"
	"       doorbell hook uninstall REPO [--dry-run]\n"
	"       doorbell hook status REPO\n"
	"       doorbell hook deliver [REPO] [--wait ID]\n"
	"  --socket PATH       the receiver's Unix socket\n"
	"  --url URL           the receiver's address, with its path: https://host/hooks/NAME\n"
	"  --secret-file FILE  read at each push; what the receiver's source is configured with\n"
	"  --repository URL    as the applications spell it; else remote.origin.url or file://\n"
	"  --source NAME       of the receiver, with --socket (\"local\")\n"
	"  --limit TIME        a push is held no longer: 2s, 500ms\n"
	"  --verbose           the pusher is told too when nothing is affected\n"
	"  --dry-run           say what would be done, and do nothing\n"
	"  --wait ID           deliver that one first, and print what the pusher should see\n"
	"  --format FORMAT     text (default) or json; not for deliver\n";

struct wishes {
	struct verb_options common; // the verb's name, --format
	json_t *said;                 // with --format json: what say() said, owned
	bool failed;                  // fail() told why
	const char *path;
	const char *socket;
	const char *url;
	const char *secret_file;
	const char *repository;
	const char *source;
	const char *limit;
	const char *wait;
	bool verbose;
	bool dry_run;
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "url", required_argument, NULL, 'u' },
	{ "secret-file", required_argument, NULL, 'k' },
	{ "repository", required_argument, NULL, 'r' },
	{ "source", required_argument, NULL, 'n' },
	{ "limit", required_argument, NULL, 'l' },
	{ "wait", required_argument, NULL, 'w' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "dry-run", no_argument, NULL, 'd' },
	{ "format", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int fail(struct wishes *a, int status, const char *text)
{
	a->failed = true;
	return status == EX_USAGE ? verb_usage(&a->common, text)
				  : verb_fail(&a->common, status, "hook", text, NULL);
}

/* Print a line; with --format json keep value under key for the end. */
static void say(const struct wishes *a, const char *key, const char *value, const char *format,
		...) __attribute__((format(printf, 4, 5)));

static void say(const struct wishes *a, const char *key, const char *value, const char *format,
		...)
{
	va_list args;

	if (a->said != NULL) {
		(void)json_object_set_new(a->said, key, text_to_json(value));
		return;
	}
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
}

/* As say(), for a number. */
static void say_number(const struct wishes *a, const char *key, int64_t value,
		       const char *name, const char *unit)
{
	if (a->said != NULL) {
		(void)json_object_set_new(a->said, key, json_integer(value));
		return;
	}
	(void)printf("%-11s %lld%s\n", name, (long long)value, unit);
}

/* 0, or the exit status plus one. */
static int read_arguments(struct wishes *a, int argc, char **argv)
{
	const struct {
		int code;
		const char **to;
	} texts[] = {
		{ 's', &a->socket }, { 'u', &a->url },   { 'k', &a->secret_file },
		{ 'r', &a->repository }, { 'n', &a->source }, { 'l', &a->limit },
		{ 'w', &a->wait },
	};

	optind = 0;
	opterr = 0;
	for (int code; (code = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (code == 'h') {
			return verb_help(&a->common) + 1;
		}
		if (code == '?' ||
		    (code == 'o' && verb_set_option(&a->common, code, optarg) < 0)) {
			return verb_bad_option(&a->common, argv) + 1;
		}
		a->verbose |= code == 'v';
		a->dry_run |= code == 'd';
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			if (texts[i].code == code) {
				*texts[i].to = optarg;
			}
		}
	}
	if (argc - optind > 1) {
		return fail(a, EX_USAGE, "one repository at a time") + 1;
	}
	a->path = optind < argc ? argv[optind] : NULL;
	return 0;
}

/* "2s", "500ms" or "2000" to milliseconds as text (free it), or NULL. */
static char *milliseconds(const char *text)
{
	char *end = NULL;
	long value = strtol(text, &end, 10);

	if (end == text || value < 1 || value > HOOK_LIMIT_MAX_MS) {
		return NULL;
	}
	if (strcmp(end, "s") == 0) {
		return xasprintf("%ld000", value);
	}
	return *end == '\0' || strcmp(end, "ms") == 0 ? xasprintf("%ld", value) : NULL;
}

/* Add "key = value" to text if the value is one that the hook takes. */
static int add_line(struct buf *text, const char *key, const char *value, struct error *err)
{
	if (value == NULL) {
		return error_set(err, -1, "%s is not valid", key);
	}
	if (hook_conf_check(key, value, err) < 0) {
		return -1;
	}
	(void)buf_addf(text, "%s = %s\n", key, value);
	return 0;
}

/* An absolute path, also of what is not there yet (free it). */
static char *absolute(const char *path)
{
	char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *result = folder == NULL ? xstrdup(path) : xasprintf("%s/%s", folder, path);

	free(folder);
	return result;
}

static int make_conf(const struct wishes *a, const struct hook_place *place, struct buf *text,
		     struct error *err)
{
	char *socket = a->socket != NULL ? absolute(a->socket) : NULL;
	char *receiver = socket != NULL ? xasprintf("unix:%s", socket) : xstrdup(a->url);
	char *repository = a->repository != NULL ? xstrdup(a->repository)
						 : hook_place_repository(place);
	char *secret_file = absolute(a->secret_file);
	char *limit = milliseconds(a->limit != NULL ? a->limit : "2s");
	int r = -1;

	(void)buf_addstr(text, "# written by \"doorbell hook install\"\n");
	if (add_line(text, "receiver", receiver, err) == 0 &&
	    add_line(text, "source", a->source != NULL ? a->source : HOOK_SOURCE, err) == 0 &&
	    add_line(text, "secret-file", secret_file, err) == 0 &&
	    add_line(text, "repository", repository, err) == 0 &&
	    add_line(text, "limit", limit, err) == 0 &&
	    add_line(text, "verbose", a->verbose ? "true" : "false", err) == 0 &&
	    add_line(text, "program", place->doorbell, err) == 0) {
		r = 0;
	}
	free(limit);
	free(secret_file);
	free(repository);
	free(receiver);
	free(socket);
	return r;
}

static int check_secret(const char *path, struct error *err)
{
	size_t len = 0;
	char *secret = hook_secret_read(path, &len, err);

	if (secret == NULL) {
		return -1;
	}
	explicit_bzero(secret, len);
	free(secret);
	return 0;
}

/* Say what an installation changes. */
static void say_changes(const struct wishes *a, const struct hook_place *place, const char *conf)
{
	if (hook_change_is_misplaced(place) && place->before != NULL) {
		say(a, "put_back", place->hook, "%s -> %s\n", place->before, place->hook);
	} else if (place->folder == NULL && place->before != NULL &&
		   strcmp(place->before, place->kept) != 0) {
		say(a, "kept", place->kept, "%s -> %s\n", place->before, place->kept);
	}
	say(a, "hook", place->own, "%s: runs %s\n", place->own, place->program);
	say(a, "conf", conf, "%s/doorbell/hook.conf:\n%s", place->git_dir, conf);
}

/* Ask the receiver that hook.conf names, and say what it answers. */
static enum hook_answer ask(const struct wishes *a, const struct hook_conf *conf)
{
	char *text = NULL;
	enum hook_answer answer = hook_ask(conf, &text);

	say(a, "answer", hook_answer_word(answer), "answer      %s\n", text);
	if (a->said != NULL) {
		(void)json_object_set_new(a->said, "answer_text", text_to_json(text));
	}
	free(text);
	return answer;
}

/* A hook that is not heard is installed all the same: the receiver may come later. */
static void ask_installed(const struct wishes *a, const struct hook_place *place)
{
	struct hook_conf conf = { .folder = NULL };

	if (hook_conf_read(place->git_dir, &conf, NULL) == HOOK_CONF_OK) {
		enum hook_answer answer = ask(a, &conf);

		if (hook_answer_status(answer) != EX_OK) {
			fprintf(stderr, "doorbell hook: installed, but not heard by the receiver "
					"yet (%s)\n", hook_answer_word(answer));
		}
	}
	hook_conf_release(&conf);
}

static int install(struct wishes *a, const struct hook_place *place)
{
	struct error err = ERROR_INIT;
	struct buf conf;
	int r = EX_CONFIG;

	if ((a->socket == NULL) == (a->url == NULL) || a->secret_file == NULL) {
		return fail(a, EX_USAGE, "--socket or --url, and --secret-file are needed");
	}
	buf_init(&conf, 65536);
	char *obstacle = hook_change_obstacle(place);
	if (obstacle != NULL) {
		r = fail(a, EX_CONFIG, obstacle);
		goto out;
	}
	if (check_secret(a->secret_file, &err) < 0 || make_conf(a, place, &conf, &err) < 0) {
		r = fail(a, EX_CONFIG, err.text);
		goto out;
	}
	if (hook_place_check(place, &err) < 0) {
		r = fail(a, EX_CANTCREAT, err.text);
		goto out;
	}
	say_changes(a, place, conf.data);
	if (a->dry_run) {
		r = EX_OK;
		goto out;
	}
	r = hook_change(place, conf.data, &err) < 0 ? fail(a, EX_CANTCREAT, err.text) : EX_OK;
	if (r == EX_OK) {
		ask_installed(a, place);
	}
out:
	free(obstacle);
	buf_release(&conf);
	return r;
}

/* Take the hook that git runs away, and put back what was there before. */
static int remove_hook(const struct wishes *a, const struct hook_place *place,
		       struct error *err)
{
	static const char *const others[] = {
		[POST_RECEIVE_NONE] = "not there",
		[POST_RECEIVE_FOREIGN] = "not ours, left alone",
	};

	if (place->state != POST_RECEIVE_OURS) {
		say(a, "hook", others[place->state], "%s: %s\n", place->hook,
		    others[place->state]);
		return 0;
	}
	if (hook_place_is_shared(place, place->hook)) {
		say(a, "hook", "shared", "%s: shared, left there: silent without hook.conf\n",
		    place->hook);
		return 0;
	}
	const char *what = place->before != NULL ? "put back" : "removed";
	say(a, "hook", what, "%s: %s\n", place->hook, what);
	return a->dry_run ? 0 : hook_keep_return(place, err);
}

/* Take our program out of a folder whose programs a forge runs. */
static int remove_program(const struct wishes *a, const struct hook_place *place,
			  struct error *err)
{
	if (place->folder == NULL || place->own_state != POST_RECEIVE_OURS) {
		return 0;
	}
	if (hook_place_is_shared(place, place->own)) {
		say(a, "program", "shared", "%s: shared, left there: silent without hook.conf\n",
		    place->own);
		return 0;
	}
	say(a, "program", "removed", "%s: removed\n", place->own);
	if (!a->dry_run && unlink(place->own) < 0) {
		return error_errno(err, -1, errno, "%s", place->own);
	}
	return 0;
}

static int remove_conf(const struct hook_place *place, struct error *err)
{
	char *folder = xasprintf("%s/doorbell", place->git_dir);
	char *spool = xasprintf("%s/spool", folder);
	char *file = xasprintf("%s/hook.conf", folder);
	int r = 0;

	if (unlink(file) < 0 && errno != ENOENT) {
		r = error_errno(err, -1, errno, "%s", file);
		goto out;
	}
	if (rmdir(spool) < 0 && errno == ENOTEMPTY) {
		fprintf(stderr, "doorbell hook: %s holds deliveries: left there\n", spool);
	}
	(void)rmdir(folder);
out:
	free(file);
	free(spool);
	free(folder);
	return r;
}

static int uninstall(struct wishes *a, const struct hook_place *place)
{
	struct error err = ERROR_INIT;

	if (remove_program(a, place, &err) < 0 || remove_hook(a, place, &err) < 0 ||
	    (!a->dry_run && remove_conf(place, &err) < 0)) {
		return fail(a, EX_CANTCREAT, err.text);
	}
	return EX_OK;
}

/* Say what stands where our hook should, and what it runs besides. */
static void say_hook(const struct wishes *a, const struct hook_place *place)
{
	static const char *const states[] = {
		[POST_RECEIVE_NONE] = "not installed",
		[POST_RECEIVE_OURS] = "installed",
		[POST_RECEIVE_FOREIGN] = "another one",
	};
	bool shared = place->own_state != POST_RECEIVE_OURS && place->state == POST_RECEIVE_OURS;
	const char *path = shared ? place->hook : place->own;
	enum hook_state state = shared ? place->state : place->own_state;
	bool keeps = path == place->hook || place->folder == NULL;
	const char *kept = keeps && place->has_kept ? place->before : NULL;
	char *script = hook_script_text(place->program);

	say(a, "hook", states[state], "hook        %s (%s)%s%s\n", states[state], path,
	    kept != NULL ? ", with " : "", kept != NULL ? kept : "");
	if (state == POST_RECEIVE_OURS && !hook_script_is(path, script)) {
		say(a, "outdated", path, "            by another version or as a link: install it "
		    "again\n");
	}
	if (hook_change_is_misplaced(place)) {
		say(a, "misplaced", place->hook, "            %s stands in the way of the forge's "
		    "own: install it again\n", place->hook);
	}
	free(script);
}

/* The exit status for an answer; in JSON one that is not well is an error, as with other verbs. */
static int judge_answer(const struct wishes *a, enum hook_answer answer)
{
	int status = hook_answer_status(answer);

	if (status != EX_OK && a->said != NULL) {
		(void)json_object_set_new(a->said, "error",
					  json_pack("{s:s,s:O,s:n}", "code",
						    hook_answer_word(answer), "message",
						    json_object_get(a->said, "answer_text"),
						    "hint"));
	}
	return status;
}

static int status(struct wishes *a, const struct hook_place *place)
{
	struct strvec names = STRVEC_INIT;
	struct hook_conf conf = { .folder = NULL };
	struct error err = ERROR_INIT;

	say_hook(a, place);
	int r = hook_conf_read(place->git_dir, &conf, &err);
	if (r != HOOK_CONF_OK) {
		const char *why = r == HOOK_CONF_NONE ? "none" : err.text;

		say(a, "conf", why, "conf        %s\n", why);
		return 1;
	}
	say(a, "receiver", conf.receiver, "receiver    %s\n", conf.receiver);
	say(a, "source", conf.source, "source      %s\n", conf.source);
	say(a, "repository", conf.repository, "repository  %s\n", conf.repository);
	say_number(a, "limit_ms", conf.limit_ms, "limit", " ms");
	bool secret = check_secret(conf.secret_file, &err) == 0;
	const char *where = secret ? conf.secret_file : err.text;
	say(a, "secret", where, "secret      %s\n", where);
	char *folder = hook_deliver_folder(&conf);
	if (hook_spool_list(folder, &names, &err) == 0) {
		say_number(a, "spooled", (int64_t)names.count, "spooled", "");
	}
	free(folder);
	strvec_release(&names);
	bool installed = place->own_state == POST_RECEIVE_OURS ||
			 place->state == POST_RECEIVE_OURS;
	r = installed && secret ? judge_answer(a, ask(a, &conf)) : 1;
	hook_conf_release(&conf);
	return r;
}

static int with_place(int (*verb)(struct wishes *, const struct hook_place *),
		      struct wishes *a)
{
	struct hook_place place = { .git_dir = NULL };
	struct error err = ERROR_INIT;

	if (a->path == NULL) {
		return fail(a, EX_USAGE, "which repository?");
	}
	if (hook_place_find(a->path, &place, &err) < 0) {
		return fail(a, EX_NOINPUT, err.text);
	}
	a->said = a->common.json ? json_pack("{s:s}", "schema", "hook/v1") : NULL;
	int r = verb(a, &place);
	if (a->said != NULL && !a->failed) {
		verb_print(json_incref(a->said));
	}
	json_decref(a->said);
	hook_place_release(&place);
	return r;
}

int cli_hook(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*verb)(struct wishes *, const struct hook_place *);
	} verbs[] = {
		{ "install", install },
		{ "uninstall", uninstall },
		{ "status", status },
	};
	struct wishes a = { .path = NULL };

	verb_options_init(&a.common, argc, argv, usage);
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? EX_USAGE : EX_OK;
	}
	int r = read_arguments(&a, argc - 1, argv + 1);
	if (r != 0) {
		return r - 1;
	}
	if (strcmp(argv[1], "deliver") == 0) {
		return cli_hook_deliver(a.path != NULL ? a.path : ".", a.wait);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0) {
			return with_place(verbs[i].verb, &a);
		}
	}
	char *text = xasprintf("%.100s: install, uninstall, status or deliver?", argv[1]);
	r = fail(&a, EX_USAGE, text);
	free(text);
	return r;
}
