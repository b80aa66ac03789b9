/*
 * The hook's configuration.
 *
 * A file of its own instead of git's configuration, because asking git means
 * a child process on every push, and because it is written by "doorbell hook
 * install" only.  A repository without the file has no hook: the program may
 * stand in a hooks folder that many repositories share.
 */
#include "hooks/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/xalloc.h"

#define FILE_MAX (64U * 1024)

char *hook_secret_read(const char *path, size_t *ret_len, struct error *err)
{
	char *secret = NULL;
	struct buf content;

	buf_init(&content, HOOK_SECRET_MAX + 2);
	if (file_read_small(path, &content, NULL, err) < 0) {
		(void)error_wrap(err, -1, "%s", path);
		goto out;
	}
	file_cut_line_end(&content);
	if (content.len == 0 || content.len > HOOK_SECRET_MAX ||
	    strlen(content.data) != content.len) {
		(void)error_set(err, -1, "%s is not a secret: empty, too long, or binary", path);
		goto out;
	}
	*ret_len = content.len;
	secret = buf_detach(&content);
out:
	if (content.capacity > 0) {
		explicit_bzero(content.data, content.capacity);
	}
	buf_release(&content);
	return secret;
}

static int check_receiver(const char *value, struct error *err)
{
	static const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);

	if (strncmp(value, "unix:", 5) == 0) {
		if (value[5] != '/' || strlen(value + 5) >= room) {
			return error_set(err, -1, "the socket is not an absolute path of at most "
						  "%zu bytes", room - 1);
		}
		return 0;
	}
	if (strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0) {
		return 0;
	}
	return error_set(err, -1, "receiver is not unix:PATH, http://... or https://...");
}

static int check_source(const char *value, struct error *err)
{
	size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-_.");

	if (len == 0 || value[len] != '\0' || len > 64 || value[0] == '.') {
		return error_set(err, -1, "source is not letters, digits, \"-\", \"_\" and \".\"");
	}
	return 0;
}

static int check_limit(const char *value, struct error *err)
{
	size_t len = strspn(value, "0123456789");

	if (len == 0 || len > 5 || value[len] != '\0' || strtol(value, NULL, 10) < 1 ||
	    strtol(value, NULL, 10) > HOOK_LIMIT_MAX_MS) {
		return error_set(err, -1, "limit is not 1 to %d milliseconds", HOOK_LIMIT_MAX_MS);
	}
	return 0;
}

static int check_bool(const char *value, struct error *err)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
		return error_set(err, -1, "verbose is not true or false");
	}
	return 0;
}

static int check_path(const char *value, struct error *err)
{
	return value[0] == '/' ? 0 : error_set(err, -1, "not an absolute path");
}

static int check_any(const char *value, struct error *err)
{
	return value[0] != '\0' ? 0 : error_set(err, -1, "empty");
}

static const struct {
	const char *key;
	int (*check)(const char *value, struct error *err);
} keys[] = {
	{ "receiver", check_receiver }, { "source", check_source }, { "secret-file", check_path },
	{ "repository", check_any },    { "limit", check_limit },   { "verbose", check_bool },
	{ "program", check_path },
};

int hook_conf_check(const char *key, const char *value, struct error *err)
{
	for (const char *c = value; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			return error_set(err, -1, "%s holds control characters", key);
		}
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].key, key) == 0) {
			return keys[i].check(value, err) < 0 ? error_wrap(err, -1, "%s", key) : 0;
		}
	}
	return error_set(err, -1, "unknown key \"%.64s\"", key);
}

static void take(struct hook_conf *conf, const char *key, const char *value)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = {
		{ "receiver", &conf->receiver },     { "source", &conf->source },
		{ "repository", &conf->repository }, { "secret-file", &conf->secret_file },
		{ "program", &conf->program },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].key, key) == 0) {
			free(*texts[i].to);
			*texts[i].to = xstrdup(value);
		}
	}
	if (strcmp(key, "limit") == 0) {
		conf->limit_ms = strtol(value, NULL, 10);
	}
	if (strcmp(key, "verbose") == 0) {
		conf->verbose = strcmp(value, "true") == 0;
	}
}

/* Cut white space off both ends of text, in place. */
static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL) {
		text[--len] = '\0';
	}
	return text;
}

static int read_line(struct hook_conf *conf, char *line, struct error *err)
{
	char *key = trim(line);

	if (key[0] == '\0' || key[0] == '#') {
		return 0;
	}
	char *equals = strchr(key, '=');
	if (equals == NULL) {
		return error_set(err, -1, "\"%.64s\" is not \"key = value\"", key);
	}
	*equals = '\0';
	key = trim(key);
	const char *value = trim(equals + 1);
	if (hook_conf_check(key, value, err) < 0) {
		return -1;
	}
	take(conf, key, value);
	return 0;
}

static int read_lines(struct hook_conf *conf, char *text, struct error *err)
{
	for (int number = 1; text != NULL; number++) {
		char *end = strchr(text, '\n');

		if (end != NULL) {
			*end++ = '\0';
		}
		if (read_line(conf, text, err) < 0) {
			return error_wrap(err, -1, "line %d", number);
		}
		text = end;
	}
	if (conf->receiver == NULL || conf->secret_file == NULL || conf->repository == NULL) {
		return error_set(err, -1, "receiver, secret-file or repository is missing");
	}
	return 0;
}

int hook_conf_read(const char *git_dir, struct hook_conf *ret_conf, struct error *err)
{
	struct hook_conf conf = {
		.folder = xasprintf("%s/doorbell", git_dir),
		.source = xstrdup(HOOK_SOURCE),
		.limit_ms = HOOK_LIMIT_MS,
	};
	char *path = xasprintf("%s/hook.conf", conf.folder);
	struct buf text;
	int r = -1;

	buf_init(&text, FILE_MAX);
	if (file_read_small(path, &text, NULL, err) < 0) {
		r = errno == ENOENT || errno == ENOTDIR ? HOOK_CONF_NONE : -1;
		(void)error_wrap(err, -1, "%s", path);
		goto out;
	}
	if (read_lines(&conf, text.data, err) < 0) {
		error_wrap(err, -1, "%s", path);
		goto out;
	}
	*ret_conf = conf;
	conf = (struct hook_conf){ .folder = NULL };
	r = HOOK_CONF_OK;
out:
	buf_release(&text);
	free(path);
	hook_conf_release(&conf);
	return r;
}

void hook_conf_release(struct hook_conf *conf)
{
	free(conf->folder);
	free(conf->receiver);
	free(conf->source);
	free(conf->secret_file);
	free(conf->repository);
	free(conf->program);
	*conf = (struct hook_conf){ .folder = NULL };
}

const char *hook_conf_socket(const struct hook_conf *conf)
{
	return strncmp(conf->receiver, "unix:", 5) == 0 ? conf->receiver + 5 : NULL;
}
