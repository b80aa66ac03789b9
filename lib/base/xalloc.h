/*
 * Allocation that does not fail: out of memory ends the process.
 *
 * Every size that a peer can influence has a ceiling, so a peer cannot
 * provoke this; the journal makes a crash safe and a supervisor restarts us.
 * All results are freed with free().
 */
#ifndef LIB_BASE_XALLOC_H
#define LIB_BASE_XALLOC_H

#include <stddef.h>

/* size bytes, not initialised; size 0 gives a unique pointer. Never NULL. */
void *xmalloc(size_t size);

/* count elements of size bytes, all zero. Overflow ends the process. */
void *xcalloc(size_t count, size_t size);

/* Resize ptr (may be NULL) to count elements of size bytes. Never NULL. */
void *xreallocarray(void *ptr, size_t count, size_t size);

/* A copy of text (not NULL). */
char *xstrdup(const char *text);

/* A copy of text, or NULL of NULL. */
char *xstrdup_or_null(const char *text);

/* A NUL-terminated copy of at most len bytes of text. */
char *xstrndup(const char *text, size_t len);

/* A copy of len bytes of data. */
void *xmemdup(const void *data, size_t len);

/* A new string from a printf format. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Make room for one more element in a growing array: if used == *capacity,
 * double it (from 16).  Returns the array, perhaps moved.
 */
void *xgrow(void *array, size_t used, size_t *capacity, size_t size);

#endif
