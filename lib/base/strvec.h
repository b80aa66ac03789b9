/*
 * A growing list of owned strings.
 */
#ifndef LIB_BASE_STRVEC_H
#define LIB_BASE_STRVEC_H

#include <stdbool.h>
#include <stddef.h>

struct strvec {
	char **items;    // count strings, then a NULL; NULL while empty and new
	size_t count;
	size_t capacity; // slots allocated, the final NULL included
};

/* Static initialiser of an empty list. */
#define STRVEC_INIT { .items = NULL }

/* Free the strings and the list; v is empty and usable afterwards. */
void strvec_release(struct strvec *v);

/* Append a copy of text. */
void strvec_push(struct strvec *v, const char *text);

/* Append text itself, which v owns from now on (malloc'ed). */
void strvec_push_take(struct strvec *v, char *text);

/* Append a new string made from a printf format. */
void strvec_pushf(struct strvec *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* True if text is in the list. */
bool strvec_contains(const struct strvec *v, const char *text);

/* Append a copy of text unless the list has it. True if it was added. */
bool strvec_push_unique(struct strvec *v, const char *text);

#endif
