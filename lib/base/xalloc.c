/*
 * Allocation or the end: the one place that handles out of memory.
 */
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "doorbell: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	abort();
}

static void *checked(void *ptr)
{
	if (ptr == NULL) {
		out_of_memory();
	}
	return ptr;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
	return checked(reallocarray(ptr, count > 0 ? count : 1, size > 0 ? size : 1));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xstrdup_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

char *xstrndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

void *xmemdup(const void *data, size_t len)
{
	void *copy = xmalloc(len);

	if (len > 0) {
		memcpy(copy, data, len);
	}
	return copy;
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		out_of_memory();
	}
	return text;
}

void *xgrow(void *array, size_t used, size_t *capacity, size_t size)
{
	if (used < *capacity) {
		return array;
	}
	if (*capacity > SIZE_MAX / 2) {
		out_of_memory();
	}
	*capacity = *capacity > 0 ? *capacity * 2 : 16;
	return xreallocarray(array, *capacity, size);
}
