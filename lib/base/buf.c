/*
 * A byte buffer that knows its ceiling.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static char empty[1] = "";

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .data = empty, .max = max };
}

void buf_release(struct buf *b)
{
	if (b->capacity > 0) {
		free(b->data);
	}
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->capacity > 0) {
		b->data[0] = '\0';
	}
}

static int reserve(struct buf *b, size_t more)
{
	if (b->full || more > b->max - b->len) {
		b->full = true;
		return -1;
	}
	size_t need = b->len + more + 1;
	if (need <= b->capacity) {
		return 0;
	}
	size_t capacity = b->capacity > 0 ? b->capacity : 64;
	while (capacity < need) {
		capacity *= 2;
	}
	b->data = xreallocarray(b->capacity > 0 ? b->data : NULL, capacity, 1);
	b->capacity = capacity;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	if (reserve(b, len) < 0) {
		return -1;
	}
	if (len > 0) {
		memcpy(b->data + b->len, data, len);
	}
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_addstr(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_addch(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || reserve(b, (size_t)len) < 0) {
		return -1;
	}
	va_start(args, format);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
	return 0;
}

bool buf_is_full(const struct buf *b)
{
	return b->full;
}

char *buf_detach(struct buf *b)
{
	char *data = b->capacity > 0 ? b->data : xstrdup("");

	b->capacity = 0;
	buf_init(b, b->max);
	return data;
}
