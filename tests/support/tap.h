/*
 * Test Anything Protocol for the unit tests: one line a check, read by prove.
 *
 * A test program is one main() that calls its tests and ends with
 * "return tap_done();".  Checks go on after a failure.
 */
#ifndef TESTS_SUPPORT_TAP_H
#define TESTS_SUPPORT_TAP_H

#include <stdbool.h>
#include <stddef.h>

/* Report one check, named by a printf format that is a sentence. Returns ok. */
#define tap_ok(ok, ...) tap_check((ok), __FILE__, __LINE__, __VA_ARGS__)

/* Check that two strings (either may be NULL) are equal; prints both if not. */
#define tap_str(got, want, ...) tap_check_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* Check that two integers are equal; prints both if not. */
#define tap_int(got, want, ...) \
	tap_check_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)

/* The functions behind the macros above; file and line say where. */
bool tap_check(bool ok, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool tap_check_str(const char *got, const char *want, const char *file, int line,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
bool tap_check_int(long long got, long long want, const char *file, int line,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Print a diagnostic line. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print the plan; the exit status of the program: 0 if all checks passed. */
int tap_done(void);

/*
 * Make an empty directory of our own below $TMPDIR or /tmp; it and all below
 * it is removed when the program ends. The path belongs to the tap module.
 */
const char *tap_dir(void);

/* Run a shell command made from a printf format; end the test if it fails. */
void tap_sh(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
