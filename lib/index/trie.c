/*
 * The trie's nodes and their table.
 *
 * A pattern's node is a child named "/", the dialect as a letter, and the
 * pattern: no component of a path holds a "/", so no path can meet it.
 */
#include "index/trie.h"

#include <string.h>

#include "base/xalloc.h"

static uint32_t node_hash(const struct trie *trie, const char *name, size_t len)
{
	return names_hash(trie->names.seed, name, len);
}

static uint32_t slot_of(uint32_t parent, uint32_t hash)
{
	return (hash ^ parent * 0x9e3779b1U) * 0x85ebca6bU;
}

void trie_init(struct trie *trie)
{
	memset(trie, 0, sizeof(*trie));
	names_init(&trie->names);
	trie->capacity = 1024;
	trie->nodes = xcalloc(trie->capacity, sizeof(*trie->nodes));
	trie->count = TRIE_ROOT + 1;
	trie->slot_count = 4096;
	trie->slots = xcalloc(trie->slot_count, sizeof(*trie->slots));
}

void trie_release(struct trie *trie)
{
	names_release(&trie->names);
	free(trie->nodes);
	free(trie->slots);
	memset(trie, 0, sizeof(*trie));
}

static bool is_named(const struct trie *trie, const struct trie_node *node, const char *name,
		     size_t len)
{
	const char *have = names_text(&trie->names, node->name);

	return strncmp(have, name, len) == 0 && have[len] == '\0';
}

static uint32_t *find_slot(const struct trie *trie, uint32_t parent, uint32_t hash,
			   const char *name, size_t len)
{
	uint32_t i = slot_of(parent, hash);

	for (i ^= i >> 15;; i++) {
		uint32_t *slot = &trie->slots[i & (trie->slot_count - 1)];
		const struct trie_node *node = &trie->nodes[*slot];

		if (*slot == 0 || (node->parent == parent && node->hash == hash &&
				   is_named(trie, node, name, len))) {
			return slot;
		}
	}
}

uint32_t trie_find(const struct trie *trie, uint32_t parent, const char *name, size_t len)
{
	return *find_slot(trie, parent, node_hash(trie, name, len), name, len);
}

static void grow_slots(struct trie *trie)
{
	free(trie->slots);
	trie->slot_count *= 2;
	trie->slots = xcalloc(trie->slot_count, sizeof(*trie->slots));
	for (uint32_t n = TRIE_ROOT + 1; n < trie->count; n++) {
		uint32_t i = slot_of(trie->nodes[n].parent, trie->nodes[n].hash);

		for (i ^= i >> 15; trie->slots[i & (trie->slot_count - 1)] != 0; i++) {
		}
		trie->slots[i & (trie->slot_count - 1)] = n;
	}
}

static uint32_t intern_child(struct trie *trie, uint32_t parent, const char *name, size_t len)
{
	uint32_t hash = node_hash(trie, name, len);
	uint32_t *slot = find_slot(trie, parent, hash, name, len);

	if (*slot != 0) {
		return *slot;
	}
	uint32_t number = trie->count;
	*slot = number;
	trie->nodes = xgrow(trie->nodes, number, &trie->capacity, sizeof(*trie->nodes));
	trie->nodes[number] = (struct trie_node){
		.parent = parent,
		.hash = hash,
		.name = names_intern(&trie->names, name, len),
		.next_sibling = trie->nodes[parent].first_child,
	};
	trie->nodes[parent].first_child = number;
	trie->count++;
	if (trie->count > trie->slot_count / 2) {
		grow_slots(trie);
	}
	return number;
}

static uint32_t intern_path(struct trie *trie, const char *path, size_t len)
{
	uint32_t node = TRIE_ROOT;

	for (size_t at = 0; at < len;) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t n = slash != NULL ? (size_t)(slash - path) - at : len - at;

		node = intern_child(trie, node, path + at, n);
		at += n + 1;
	}
	return node;
}

uint32_t trie_intern(struct trie *trie, const char *path)
{
	return intern_path(trie, path, strlen(path));
}

/* "!" negates in some dialects only, and only inside brackets or in front. */
static size_t literal_directory(const char *pattern)
{
	size_t special = strcspn(pattern, "*?[{\\!");

	while (special > 0 && pattern[special - 1] != '/') {
		special--;
	}
	return special > 0 ? special - 1 : 0;
}

uint32_t trie_intern_glob(struct trie *trie, enum glob_dialect dialect, const char *pattern)
{
	uint32_t directory = intern_path(trie, pattern, literal_directory(pattern));
	char *name = xasprintf("/%c%s", 'a' + (int)dialect, pattern);
	uint32_t before = trie->count;
	uint32_t node = intern_child(trie, directory, name, strlen(name));

	if (node == before) {
		trie->nodes[node].next_glob = trie->nodes[directory].next_glob;
		trie->nodes[directory].next_glob = node;
	}
	free(name);
	return node;
}

bool trie_glob(const struct trie *trie, uint32_t node, enum glob_dialect *ret_dialect,
	       const char **ret_pattern)
{
	const char *name = names_text(&trie->names, trie->nodes[node].name);

	if (name[0] != '/') {
		return false;
	}
	*ret_dialect = (enum glob_dialect)(name[1] - 'a');
	*ret_pattern = name + 2;
	return true;
}

uint32_t trie_copy_node(struct trie *to, const struct trie *from, uint32_t node, uint32_t *map)
{
	enum glob_dialect dialect;
	const char *pattern;

	if (node == TRIE_ROOT) {
		return TRIE_ROOT;
	}
	if (map[node] != 0) {
		return map[node];
	}
	if (trie_glob(from, node, &dialect, &pattern)) {
		map[node] = trie_intern_glob(to, dialect, pattern);
		return map[node];
	}
	const char *name = names_text(&from->names, from->nodes[node].name);
	uint32_t parent = trie_copy_node(to, from, from->nodes[node].parent, map);

	map[node] = intern_child(to, parent, name, strlen(name));
	return map[node];
}
