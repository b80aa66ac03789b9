/*
 * A list of strings.
 */
#include "base/strvec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void strvec_release(struct strvec *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i]);
	}
	free(v->items);
	*v = (struct strvec)STRVEC_INIT;
}

void strvec_push_take(struct strvec *v, char *text)
{
	if (v->count + 1 >= v->capacity) {
		v->capacity = v->capacity > 0 ? v->capacity * 2 : 8;
		v->items = xreallocarray(v->items, v->capacity, sizeof(*v->items));
	}
	v->items[v->count++] = text;
	v->items[v->count] = NULL;
}

void strvec_push(struct strvec *v, const char *text)
{
	strvec_push_take(v, xstrdup(text));
}

void strvec_pushf(struct strvec *v, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len >= 0) {
		strvec_push_take(v, text);
	}
}

bool strvec_contains(const struct strvec *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->items[i], text) == 0) {
			return true;
		}
	}
	return false;
}

bool strvec_push_unique(struct strvec *v, const char *text)
{
	if (strvec_contains(v, text)) {
		return false;
	}
	strvec_push(v, text);
	return true;
}
