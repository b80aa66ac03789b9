/*
 * Chunks of 64 KB in a list; what is larger gets a chunk of its own.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/xalloc.h"

#define CHUNK_BYTES ((size_t)65536)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

static void add_chunk(struct arena *arena, size_t size)
{
	size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
	struct arena_chunk *chunk = xmalloc(sizeof(*chunk) + room);

	chunk->next = arena->chunks;
	chunk->size = room;
	arena->chunks = chunk;
	arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

	if (aligned < size || arena->chunks == NULL ||
	    arena->chunks->size - arena->used < aligned) {
		add_chunk(arena, aligned < size ? size : aligned);
	}
	void *p = arena->chunks->bytes + arena->used;

	arena->used += aligned;
	return p;
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void arena_reset(struct arena *arena)
{
	while (arena->chunks != NULL && arena->chunks->next != NULL) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	if (arena->chunks != NULL && arena->chunks->size > CHUNK_BYTES) {
		arena_release(arena);
	}
	arena->used = 0;
}

void arena_release(struct arena *arena)
{
	while (arena->chunks != NULL) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->used = 0;
}
