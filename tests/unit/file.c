/*
 * Small files: what is read whole, and what is refused before it can hurt.
 */
#include "base/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/support/tap.h"

#define MAX 100

static void reads(void)
{
	static const struct {
		const char *name;
		const char *make; // shell, in an empty directory; the file is "f"
		int errnum;
		const char *text; // the content, or the fault
	} cases[] = {
		{ "a file is read to its end", "printf 'a\\nb' >f", 0, "a\nb" },
		{ "an empty one is empty", ": >f", 0, "" },
		{ "a link is followed", "printf x >g; ln -s g f", 0, "x" },
		{ "one as long as the ceiling is read", "printf %0100d 0 >f", 0, NULL },
		{ "one byte more is refused", "printf %0101d 0 >f", EFBIG, "longer than 100 bytes" },
		{ "so is a device without end", "ln -s /dev/zero f", EINVAL, "not a file" },
		{ "a FIFO nobody writes to holds nobody up", "mkfifo f", EINVAL, "not a file" },
		{ "a directory is no file", "mkdir f", EINVAL, "not a file" },
		{ "one that is missing is said to be", "true", ENOENT,
		  "cannot be read: No such file or directory" },
		{ "a link to itself too", "ln -s f f", ELOOP,
		  "cannot be read: Too many levels of symbolic links" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		struct buf content;

		tap_sh("rm -rf f g; %s", cases[i].make);
		buf_init(&content, MAX);
		int r = file_read_small("f", &content, NULL, &err);
		int errnum = errno;

		tap_ok(cases[i].errnum == 0 ? r == 0 : r == -1 && errnum == cases[i].errnum, "%s",
		       cases[i].name);
		if (cases[i].text != NULL) {
			tap_str(r == 0 ? content.data : err.text, cases[i].text, "%s: the text",
				cases[i].name);
		}
		buf_release(&content);
	}
}

static void modes_and_bytes(void)
{
	struct buf content;
	mode_t mode = 0;

	tap_sh("rm -rf f; printf 'a\\0b' >f; chmod 640 f");
	buf_init(&content, MAX);
	(void)buf_addstr(&content, "before ");
	tap_int(file_read_small("f", &content, &mode, NULL), 0, "no fault is asked for");
	tap_ok(content.len == 10 && memcmp(content.data, "before a\0b", 10) == 0,
	       "any bytes are appended");
	tap_int((long long)mode, 0640, "the mode is told");
	buf_release(&content);

	buf_init(&content, MAX);
	tap_int(file_read_small("/proc/self/statm", &content, NULL, NULL), 0,
		"a file of /proc, which has no size, is read");
	tap_ok(content.len > 0, "and holds something");
	buf_release(&content);
}

static void line_ends(void)
{
	static const char *const cases[][2] = {
		{ "a\n", "a" }, { "a\r\n", "a" }, { "a\n\n", "a\n" }, { "a\r", "a\r" },
		{ "\n", "" }, { "\r\n", "" }, { "", "" }, { " a ", " a " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf content;

		buf_init(&content, MAX);
		(void)buf_addstr(&content, cases[i][0]);
		file_cut_line_end(&content);
		tap_str(content.data, cases[i][1], "line end %zu is cut once", i + 1);
		buf_release(&content);
	}
}

static void tokens(void)
{
	static const struct {
		const char *name;
		const char *make;
		const char *token; // NULL: a fault
		const char *fault;
	} cases[] = {
		{ "white space around a token is none of it", "printf ' \\t a b\\r\\n\\n' >f", "a b", NULL },
		{ "an empty file holds no token", ": >f", NULL, "holds no token" },
		{ "nor does one of white space", "printf ' \\n\\r\\n' >f", NULL, "holds no token" },
		{ "two lines are none", "printf 'a\\nb' >f", NULL,
		  "holds a line end or a NUL, so no token" },
		{ "a carriage return parts lines too", "printf 'a\\rb' >f", NULL,
		  "holds a line end or a NUL, so no token" },
		{ "a NUL does not cut one short", "printf 'a\\0b' >f", NULL,
		  "holds a line end or a NUL, so no token" },
		{ "a NUL is no white space", "printf 'a\\0' >f", NULL,
		  "holds a line end or a NUL, so no token" },
		{ "a NUL at the start does not either", "printf '\\0b' >f", NULL,
		  "holds a line end or a NUL, so no token" },
		{ "one that is too long is not cut short", "printf %08193d 0 >f", NULL,
		  "longer than 8192 bytes" },
		{ "a directory is none", "mkdir f", NULL, "not a file" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;

		tap_sh("rm -rf f; %s", cases[i].make);
		char *token = file_read_token("f", &err);
		if (cases[i].token != NULL) {
			tap_str(token, cases[i].token, "%s", cases[i].name);
		} else {
			tap_ok(token == NULL, "%s", cases[i].name);
			tap_str(err.text, cases[i].fault, "%s: the fault", cases[i].name);
		}
		file_token_free(token);
	}
	tap_sh("rm -rf f; printf %%08192d 0 >f");
	char *longest = file_read_token("f", NULL);
	tap_ok(longest != NULL && strlen(longest) == LIMIT_TOKEN_BYTES, "the longest is taken whole");
	file_token_free(longest);
}

int main(void)
{
	if (chdir(tap_dir()) != 0) {
		return 2;
	}
	reads();
	modes_and_bytes();
	line_ends();
	tokens();
	return tap_done();
}
