/*
 * TAP output and a scratch directory.
 */
#include "tests/support/tap.h"

#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int checks;
static int failures;
static char scratch[PATH_MAX];
static pid_t owner;

static bool report(bool ok, const char *file, int line, const char *format, va_list args)
{
	checks++;
	failures += !ok;
	printf("%sok %d - ", ok ? "" : "not ", checks);
	vprintf(format, args);
	printf("\n");
	if (!ok) {
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return ok;
}

bool tap_check(bool ok, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(ok, file, line, format, args);
	va_end(args);
	return ok;
}

bool tap_check_str(const char *got, const char *want, const char *file, int line,
		   const char *format, ...)
{
	bool ok = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);
	va_list args;

	va_start(args, format);
	report(ok, file, line, format, args);
	va_end(args);
	if (!ok) {
		tap_note("  got:  %s", got != NULL ? got : "(null)");
		tap_note("  want: %s", want != NULL ? want : "(null)");
	}
	return ok;
}

bool tap_check_int(long long got, long long want, const char *file, int line,
		   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(got == want, file, line, format, args);
	va_end(args);
	if (got != want) {
		tap_note("  got:  %lld", got);
		tap_note("  want: %lld", want);
	}
	return got == want;
}

void tap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

int tap_done(void)
{
	printf("1..%d\n", checks);
	fflush(stdout);
	return failures == 0 ? 0 : 1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_scratch(void)
{
	if (getpid() == owner) {
		(void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}

const char *tap_dir(void)
{
	if (scratch[0] == '\0') {
		const char *base = getenv("TMPDIR");

		(void)snprintf(scratch, sizeof(scratch), "%s/doorbell-test-XXXXXX",
			       base != NULL ? base : "/tmp");
		if (mkdtemp(scratch) == NULL) {
			perror("mkdtemp");
			exit(2);
		}
		owner = getpid();
		(void)atexit(remove_scratch);
	}
	return scratch;
}

void tap_sh(const char *format, ...)
{
	char command[8192];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(stdout);
	if (system(command) != 0) {
		printf("Bail out! command failed: %s\n", command);
		fflush(stdout);
		exit(2);
	}
}
