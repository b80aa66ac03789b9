/*
 * Where the values of a YAML stream begin.
 *
 * Most streams are read without anyone asking, so a position is one cheap
 * append; the first question sorts them (by node, key, place) and each is a
 * binary search.  A key is kept as a 64-bit hash: two keys of one mapping
 * that collide would at worst have one another's position in a message.
 */
#include "base/yaml_impl.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct position {
	const json_t *node;
	uint64_t key;  // hash of the key in that object, 0: the node itself
	uint32_t line; // both from 1
	uint32_t column;
};

struct yaml_positions {
	struct position *items;
	size_t count;
	size_t capacity;
	bool sorted;
};

struct yaml_positions *yaml_positions_new(void)
{
	return xcalloc(1, sizeof(struct yaml_positions));
}

void yaml_positions_free(struct yaml_positions *positions)
{
	if (positions != NULL) {
		free(positions->items);
		free(positions);
	}
}

/* FNV-1a, never 0. */
static uint64_t key_hash(const char *key)
{
	uint64_t h = 14695981039346656037U;

	for (; *key != '\0'; key++) {
		h = (h ^ (unsigned char)*key) * 1099511628211U;
	}
	return h | 1;
}

void yaml_positions_add(struct yaml_positions *positions, const json_t *node, const char *key,
			size_t line, size_t column)
{
	struct yaml_positions *p = positions;

	p->items = xgrow(p->items, p->count, &p->capacity, sizeof(*p->items));
	p->items[p->count++] = (struct position){
		.node = node,
		.key = key != NULL ? key_hash(key) : 0,
		.line = (uint32_t)line + 1,
		.column = (uint32_t)column + 1,
	};
	p->sorted = false;
}

/* By node and key, then by place: of a repeated key the last one counts. */
static int compare(const void *left, const void *right)
{
	const struct position *a = left;
	const struct position *b = right;

	if (a->node != b->node) {
		return (uintptr_t)a->node < (uintptr_t)b->node ? -1 : 1;
	}
	if (a->key != b->key) {
		return a->key < b->key ? -1 : 1;
	}
	if (a->line != b->line) {
		return a->line < b->line ? -1 : 1;
	}
	return (a->column > b->column) - (a->column < b->column);
}

bool yaml_positions_find(struct yaml_positions *positions, const json_t *node, const char *key,
			 int *ret_line, int *ret_column)
{
	struct yaml_positions *p = positions;
	struct position last = {
		.node = node,
		.key = key != NULL ? key_hash(key) : 0,
		.line = UINT32_MAX,
		.column = UINT32_MAX,
	};

	if (!p->sorted && p->count > 0) {
		qsort(p->items, p->count, sizeof(*p->items), compare);
		p->sorted = true;
	}
	size_t low = 0;
	size_t high = p->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&p->items[middle], &last) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0 || p->items[low - 1].node != node || p->items[low - 1].key != last.key) {
		return false;
	}
	*ret_line = (int)p->items[low - 1].line;
	*ret_column = (int)p->items[low - 1].column;
	return true;
}
