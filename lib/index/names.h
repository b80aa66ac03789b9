/*
 * Strings kept once each and called by a number.
 *
 * A million paths have few different components, and many units have equal
 * options. Number 0 is the empty string. Strings are never taken out: who
 * wants to forget copies those that are still needed into a new struct
 * (index_compact()).
 */
#ifndef LIB_INDEX_NAMES_H
#define LIB_INDEX_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Plain data: copy the struct to move it. */
struct names {
	char *text;       // all strings, each with its NUL
	size_t len;
	size_t capacity;
	uint32_t *slots;  // open addressing; 0: free
	uint32_t slot_count; // a power of two
	uint32_t count;
	uint64_t seed;    // so that nobody can choose strings that collide
};

/* Start empty. */
void names_init(struct names *names);

/* Free all; zeroed is fine. */
void names_release(struct names *names);

/* The hash of len bytes with this seed. */
uint32_t names_hash(uint64_t seed, const char *text, size_t len);

/* The number of this string (len bytes, no NUL in it), new or old; 4 GB of text at most. */
uint32_t names_intern(struct names *names, const char *text, size_t len);

/*
 * The number of this string (len bytes), if it is known: true with *ret_number.
 * Nothing is added.
 */
bool names_find(const struct names *names, const char *text, size_t len, uint32_t *ret_number);

/* The string with this number; valid until the next names_intern(). */
static inline const char *names_text(const struct names *names, uint32_t number)
{
	return names->text + number;
}

#endif
