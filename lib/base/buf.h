/*
 * A growing byte buffer with a ceiling given at birth.
 *
 * The content is always followed by a NUL that is not counted, so buf.data
 * can be used as a string where the content holds none itself.  Once an
 * addition would pass the ceiling, the buffer is "full": that addition and
 * all later ones are refused, so that a chain of additions can be checked
 * once at its end with buf_is_full().
 */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;      // len bytes and a NUL; never NULL after buf_init()
	size_t len;      // bytes used
	size_t capacity; // bytes allocated, 0: data is a constant empty string
	size_t max;      // ceiling of len
	bool full;       // an addition was refused
};

/* Start an empty buffer that never holds more than max bytes. */
void buf_init(struct buf *b, size_t max);

/* Free the content. b may be zeroed or released already. */
void buf_release(struct buf *b);

/* Empty the buffer and clear "full"; the allocation is kept. */
void buf_reset(struct buf *b);

/* Append len bytes. 0, or -1 if the ceiling would be passed (nothing added). */
int buf_add(struct buf *b, const void *data, size_t len);

/* Append a string. As buf_add(). */
int buf_addstr(struct buf *b, const char *text);

/* Append one byte. As buf_add(). */
int buf_addch(struct buf *b, char c);

/* Append a printf format. As buf_add(). */
int buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True if an addition was refused since buf_init() or buf_reset(). */
bool buf_is_full(const struct buf *b);

/* Hand the content over (free it with free()) and leave b empty. */
char *buf_detach(struct buf *b);

#endif
