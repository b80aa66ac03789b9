/*
 * Memory that is given back all at once.
 *
 * For work that makes many small strings of which none outlives the work.
 */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* Zeroed is an empty arena. */
struct arena {
	struct arena_chunk *chunks; // the newest first
	size_t used;                // bytes used of the newest
};

/* size bytes, not initialised, aligned for any type; they live until arena_reset(). */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of len bytes of text, with a NUL behind it. */
char *arena_text(struct arena *arena, const char *text, size_t len);

/* Give everything back; the first chunk is kept for the next use. */
void arena_reset(struct arena *arena);

/* Give everything back; the arena is empty and usable. */
void arena_release(struct arena *arena);

#endif
