/*
 * Text that lives as long as the walk.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "inputs/walk.h"

const char *inputs_keep(struct inputs_walk *w, const char *text)
{
	return arena_text(&w->machine->arena, text, strlen(text));
}

const char *inputs_format(struct inputs_walk *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		return "";
	}
	char *text = arena_alloc(&w->machine->arena, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}
