/*
 * The text that travels with a failure; and, as every room begins with it,
 * the door of lib/base.
 *
 * The room for what has nothing to do with deliveries: texts, bytes, times, ids
 * of objects, globs, YAML, digests, memory.  All other rooms call it.  It never
 * includes another room, never logs and never opens a connection.
 *
 * Functions of this project return 0 for success, a negative number for an
 * unexpected failure (pass it up untouched) and, where their header names
 * them, positive numbers for outcomes that the caller must tell apart.
 * Whoever sees the fault first fills in a struct error; each layer above may
 * put its own context in front once.
 */
#ifndef LIB_BASE_ERROR_H
#define LIB_BASE_ERROR_H

#define ERROR_TEXT_MAX 512

struct error {
	char text[ERROR_TEXT_MAX]; // NUL-terminated, cut if longer, one line
};

/* Static initialiser: no text. */
#define ERROR_INIT { .text = "" }

/*
 * Set the text of err from a printf format and return code, so that a fault
 * is reported and returned in one statement.  err may be NULL: then only the
 * code is passed on.  Control characters become '?': the text may hold data
 * from outside and ends up in logs and terminals.
 */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Put "context: " in front of the text of err and return code.  The end of
 * the old text is lost if both do not fit.  err may be NULL.
 */
int error_wrap(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set(), with ": " and the text of errno value errnum appended. */
int error_errno(struct error *err, int code, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
