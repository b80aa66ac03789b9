/*
 * What the hook reads: its configuration, its secret, and git's lines.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "hooks/conf.h"
#include "hooks/refs.h"
#include "tests/support/tap.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"
#define A64 "1111111111111111111111111111111111111111111111111111111111111111"
#define B64 "2222222222222222222222222222222222222222222222222222222222222222"
#define BASE "receiver = unix:/run/x.sock\nsecret-file = /etc/x\nrepository = https://h/r\n"

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
		perror(path);
		exit(2);
	}
}

static int read_conf(const char *text, struct hook_conf *conf, struct error *err)
{
	char *path = xasprintf("%s/doorbell/hook.conf", tap_dir());

	write_file(path, text, strlen(text));
	int r = hook_conf_read(tap_dir(), conf, err);
	free(path);
	return r;
}

static void a_good_file_is_read(void)
{
	struct hook_conf conf = { .folder = NULL };
	struct error err = ERROR_INIT;

	tap_int(hook_conf_read(tap_dir(), &conf, &err), HOOK_CONF_NONE, "no file, no hook");
	tap_sh("mkdir %s/doorbell", tap_dir());
	tap_int(read_conf(BASE, &conf, &err), HOOK_CONF_OK, "three keys will do (%s)", err.text);
	tap_str(hook_conf_socket(&conf), "/run/x.sock", "the socket");
	tap_str(conf.source, "local", "the source has a default");
	tap_int(conf.limit_ms, 2000, "the limit has a default");
	tap_ok(!conf.verbose && conf.program == NULL, "the rest is off");
	hook_conf_release(&conf);
	hook_conf_release(&conf);
	tap_int(read_conf("# comment\n\n  receiver=https://h/hooks/a?b=c\r\nsecret-file =/s \n"
			  "repository = git@h:r with spaces\nlimit = 60000\nverbose = true\n"
			  "program = /usr/bin/doorbell\nsource = a-b_c.d\nlimit = 1",
			  &conf, &err),
		HOOK_CONF_OK, "all keys, in any layout (%s)", err.text);
	tap_str(conf.receiver, "https://h/hooks/a?b=c", "an address, \"=\" and all");
	tap_ok(hook_conf_socket(&conf) == NULL, "is no socket");
	tap_str(conf.repository, "git@h:r with spaces", "inner spaces stay");
	tap_int(conf.limit_ms, 1, "the last one counts");
	tap_ok(conf.verbose && strcmp(conf.program, "/usr/bin/doorbell") == 0, "and the others");
	hook_conf_release(&conf);
}

static void a_bad_file_says_where(void)
{
	static const struct {
		const char *text;
		const char *why; // the end of the error
	} cases[] = {
		{ "", "receiver, secret-file or repository is missing" },
		{ "receiver = unix:/x\n", "receiver, secret-file or repository is missing" },
		{ BASE "x\n", "line 4: \"x\" is not \"key = value\"" },
		{ BASE "x = 1\n", "line 4: unknown key \"x\"" },
		{ "receiver = unix:x\n", "the socket is not an absolute path of at most 107 bytes" },
		{ "receiver = ftp://h/\n", "receiver is not unix:PATH, http://... or https://..." },
		{ "secret-file = x\n", "line 1: secret-file: not an absolute path" },
		{ "repository =\n", "line 1: repository: empty" },
		{ "limit = 0\n", "limit is not 1 to 60000 milliseconds" },
		{ "limit = 60001\n", "limit is not 1 to 60000 milliseconds" },
		{ "limit = 2s\n", "limit is not 1 to 60000 milliseconds" },
		{ "limit = 99999999999999999999\n", "limit is not 1 to 60000 milliseconds" },
		{ "verbose = yes\n", "verbose is not true or false" },
		{ "source = ../x\n", "source is not letters, digits, \"-\", \"_\" and \".\"" },
		{ "source = a/b\n", "source is not letters, digits, \"-\", \"_\" and \".\"" },
		{ "source = a HTTP/1.1\n", "source is not letters, digits, \"-\", \"_\" and \".\"" },
		{ "repository = a\x1b[31m\n", "repository holds control characters" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_conf conf = { .limit_ms = 77 };
		struct error err = ERROR_INIT;

		tap_int(read_conf(cases[i].text, &conf, &err), -1, "file %zu is refused", i);
		size_t len = strlen(err.text);
		size_t want = strlen(cases[i].why);
		tap_str(len > want ? err.text + len - want : err.text, cases[i].why, "... saying why");
		tap_int(conf.limit_ms, 77, "... and nothing is written");
	}
}

static void secrets_are_read_with_care(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want; // NULL: refused
	} cases[] = {
		{ "abc", 3, "abc" }, { "abc\n", 4, "abc" }, { "abc\r\n", 5, "abc" },
		{ "abc\n\n", 5, "abc\n" }, { " abc ", 5, " abc " }, { "", 0, NULL },
		{ "\n", 1, NULL }, { "a\0b", 3, NULL },
	};
	char *path = xasprintf("%s/secret", tap_dir());
	struct error err = ERROR_INIT;
	size_t len = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(path, cases[i].text, cases[i].len);
		char *secret = hook_secret_read(path, &len, &err);
		tap_str(secret, cases[i].want, "secret %zu of the table", i);
		tap_ok(secret == NULL || len == strlen(secret), "... of that length");
		free(secret);
	}
	char big[HOOK_SECRET_MAX + 1];
	memset(big, 'x', sizeof(big));
	write_file(path, big, sizeof(big));
	tap_ok(hook_secret_read(path, &len, &err) == NULL, "a secret has a ceiling");
	write_file(path, big, HOOK_SECRET_MAX);
	char *secret = hook_secret_read(path, &len, &err);
	tap_int(secret != NULL ? len : 0, HOOK_SECRET_MAX, "up to which it is read");
	free(secret);
	tap_sh("rm -f %s; mkfifo %s", path, path);
	tap_ok(hook_secret_read(path, &len, &err) == NULL, "a FIFO holds nobody");
	tap_sh("rm -f %s", path);
	tap_ok(hook_secret_read(path, &len, &err) == NULL, "no file, no secret");
	free(path);
}

static void lines_become_updates(void)
{
	static const struct {
		const char *input;
		size_t updates;
		size_t skipped;
	} cases[] = {
		{ "", 0, 0 },
		{ A " " B " refs/heads/main\n", 1, 0 },
		{ A " " B " refs/heads/main", 1, 0 },
		{ A " " B " refs/heads/a\n" B " " A " refs/tags/v\n", 2, 0 },
		{ A64 " " B64 " refs/heads/a\n", 1, 0 },
		{ A64 " " B " refs/heads/a\n", 0, 1 },
		{ A " " B " refs/heads/gr\xc3\xbcn\n", 1, 0 },
		{ A " " B " refs/heads/gr\xfcn\n", 0, 1 },
		{ A " " B " refs/heads/a\r\n", 0, 1 },
		{ A " " B "\n", 0, 1 },
		{ A " " B " \n", 0, 1 },
		{ " " A " " B " refs/heads/a\n", 0, 1 },
		{ A "\t" B " refs/heads/a\n", 0, 1 },
		{ A " " B " main\n", 0, 1 },
		{ "\n\n" A " " B " refs/heads/a\n", 1, 2 },
		{ A " " A "x refs/heads/a\n", 0, 1 },
		{ "x y z\n" A " " B " refs/heads/a\nx y z", 1, 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].input);
		char *input = xmemdup(cases[i].input, len);
		struct delivery_content c;
		struct hook_refs refs;

		delivery_content_init(&c);
		hook_refs_parse(input, len, &c, &refs);
		tap_int(c.count, cases[i].updates, "input %zu: updates", i);
		tap_int(refs.skipped, cases[i].skipped, "... and skipped lines");
		tap_int(refs.over, 0, "... none over");
		delivery_content_release(&c);
		free(input);
	}
}

static void input_is_read_to_its_end(void)
{
	struct buf input;
	int ends[2];

	buf_init(&input, 100);
	tap_sh("head -c 300000 /dev/zero > %s/zeros", tap_dir());
	char *path = xasprintf("%s/zeros", tap_dir());
	FILE *file = fopen(path, "r");
	hook_refs_read(fileno(file), &input);
	tap_ok(input.len <= 100 && fgetc(file) == EOF, "what is over the ceiling is read and dropped");
	fclose(file);
	free(path);
	buf_reset(&input);
	if (pipe(ends) == 0) {
		(void)!write(ends[1], "abc", 3);
		close(ends[1]);
		hook_refs_read(ends[0], &input);
		close(ends[0]);
	}
	tap_str(input.data, "abc", "a pipe is read");
	hook_refs_read(-1, &input);
	tap_str(input.data, "abc", "no standard input is an empty one");
	buf_release(&input);
}

int main(void)
{
	a_good_file_is_read();
	a_bad_file_says_where();
	secrets_are_read_with_care();
	lines_become_updates();
	input_is_read_to_its_end();
	return tap_done();
}
