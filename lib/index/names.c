/*
 * Interned strings: one block of text, one table of offsets into it.
 */
#include "index/names.h"

#include <string.h>
#include <sys/random.h>

#include "base/xalloc.h"

void names_init(struct names *names)
{
	memset(names, 0, sizeof(*names));
	names->capacity = 4096;
	names->text = xmalloc(names->capacity);
	names->text[0] = '\0';
	names->len = 1;
	names->slot_count = 1024;
	names->slots = xcalloc(names->slot_count, sizeof(*names->slots));
	if (getrandom(&names->seed, sizeof(names->seed), GRND_NONBLOCK) < 0) {
		names->seed = (uintptr_t)names->slots;
	}
}

void names_release(struct names *names)
{
	free(names->text);
	free(names->slots);
	memset(names, 0, sizeof(*names));
}

/* Multiply and fold, eight bytes a step. */
uint32_t names_hash(uint64_t seed, const char *text, size_t len)
{
	uint64_t h = seed ^ (len * 0x9e3779b97f4a7c15ULL);

	while (len > 0) {
		uint64_t block = 0;
		size_t n = len < 8 ? len : 8;

		memcpy(&block, text, n);
		h = (h ^ block) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
		text += n;
		len -= n;
	}
	h *= 0xc4ceb9fe1a85ec53ULL;
	return (uint32_t)(h >> 32);
}

static uint32_t *find_slot(const struct names *names, const char *text, size_t len)
{
	for (uint32_t i = names_hash(names->seed, text, len);; i++) {
		uint32_t *slot = &names->slots[i & (names->slot_count - 1)];
		const char *have = names->text + *slot;

		if (*slot == 0 || (strncmp(have, text, len) == 0 && have[len] == '\0')) {
			return slot;
		}
	}
}

static void grow(struct names *names)
{
	uint32_t *old = names->slots;
	uint32_t old_count = names->slot_count;

	names->slot_count *= 2;
	names->slots = xcalloc(names->slot_count, sizeof(*names->slots));
	for (uint32_t i = 0; i < old_count; i++) {
		if (old[i] != 0) {
			const char *text = names->text + old[i];

			*find_slot(names, text, strlen(text)) = old[i];
		}
	}
	free(old);
}

bool names_find(const struct names *names, const char *text, size_t len, uint32_t *ret_number)
{
	*ret_number = len > 0 ? *find_slot(names, text, len) : 0;
	return len == 0 || *ret_number != 0;
}

uint32_t names_intern(struct names *names, const char *text, size_t len)
{
	if (len == 0) {
		return 0;
	}
	uint32_t *slot = find_slot(names, text, len);
	if (*slot != 0) {
		return *slot;
	}
	if (names->len + len + 1 > UINT32_MAX) {
		abort();
	}
	while (names->len + len + 1 > names->capacity) {
		names->capacity += names->capacity / 2;
		names->text = xreallocarray(names->text, names->capacity, 1);
	}
	uint32_t number = (uint32_t)names->len;
	memcpy(names->text + number, text, len);
	names->text[number + len] = '\0';
	names->len += len + 1;
	*slot = number;
	names->count++;
	if (names->count > names->slot_count / 2) {
		grow(names);
	}
	return number;
}
