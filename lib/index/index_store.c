/*
 * An index as a file.
 *
 *   "doorbell-index NUMBER VERSION\n", commit, tree
 *   whether it depends on which ref it was walked for
 *   number of units; for each: walker, directory, options, origin, reason of
 *   being opaque; its probes; the units it refers to
 *   checksum
 *
 * Numbers are LEB128, texts a length and bytes, paths of probes the number of
 * bytes in common with the probe before and the rest.  A file of another
 * version of doorbell is not read: its walkers may have looked elsewhere.
 *
 * The file is a cache.  Every number of it is checked before it is used, and
 * whatever is wrong, the answer is the same: there is no index, build it.
 */
#include "index/index_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define TEXT_MAX 1048576

struct index_file {
	FILE *file;
	uint64_t sum;
	uint64_t size;   // bytes of the file
	bool bad;
	char *last;      // path of the probe before
	size_t last_room;
	char *text;      // the text read last
	size_t text_room;
};

static void add_to_sum(struct index_file *s, const void *data, size_t len)
{
	s->sum = (s->sum << 5 | s->sum >> 59) ^ names_hash(s->sum, data, len);
}

static void put(struct index_file *s, const void *data, size_t len)
{
	add_to_sum(s, data, len);
	s->bad |= len > 0 && fwrite(data, len, 1, s->file) != 1;
}

static void put_number(struct index_file *s, uint64_t number)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; number > 127; number >>= 7) {
		bytes[n++] = (uint8_t)(number | 128);
	}
	bytes[n++] = (uint8_t)number;
	put(s, bytes, n);
}

static void put_text(struct index_file *s, const char *text)
{
	size_t len = strlen(text);

	put_number(s, len);
	put(s, text, len);
}

static void get(struct index_file *s, void *data, size_t len)
{
	if (s->bad || (len > 0 && fread(data, len, 1, s->file) != 1)) {
		s->bad = true;
		memset(data, 0, len);
		return;
	}
	add_to_sum(s, data, len);
}

static uint64_t get_number(struct index_file *s, uint64_t max)
{
	uint8_t bytes[10];
	uint64_t number = 0;
	size_t n = 0;

	do {
		int c = n < sizeof(bytes) ? getc(s->file) : EOF;

		if (c == EOF) {
			s->bad = true;
			return 0;
		}
		bytes[n] = (uint8_t)c;
		number |= (uint64_t)(c & 127) << (7 * n);
	} while (bytes[n++] & 128);
	add_to_sum(s, bytes, n);
	if (number > max) {
		s->bad = true;
		return 0;
	}
	return number;
}

static void make_room(char **text, size_t *room, size_t len)
{
	if (*room < len + 1) {
		*room = 2 * len + 64;
		*text = xreallocarray(*text, *room, 1);
	}
}

/* The text is valid until the next get_text(). */
static const char *get_text(struct index_file *s)
{
	size_t len = (size_t)get_number(s, TEXT_MAX);

	make_room(&s->text, &s->text_room, len);
	get(s, s->text, len);
	s->text[len] = '\0';
	s->bad |= strlen(s->text) != len;
	return s->text;
}

/* The path of a node, or the pattern that it stands for, into path. */
static void path_of(const struct trie *trie, uint32_t node, char path[LIMIT_PATH_BYTES + 1],
		    uint64_t *ret_dialect)
{
	enum glob_dialect dialect;
	const char *pattern;
	size_t at = LIMIT_PATH_BYTES;

	*ret_dialect = 0;
	if (trie_glob(trie, node, &dialect, &pattern)) {
		*ret_dialect = (uint64_t)dialect;
		(void)snprintf(path, LIMIT_PATH_BYTES + 1, "%s", pattern);
		return;
	}
	path[at] = '\0';
	for (; node != TRIE_ROOT; node = trie_at(trie, node)->parent) {
		const char *name = names_text(&trie->names, trie_at(trie, node)->name);
		size_t len = strlen(name);

		if (at < len + 1) {
			break;
		}
		if (path[at] != '\0') {
			path[--at] = '/';
		}
		at -= len;
		memcpy(path + at, name, len);
	}
	memmove(path, path + at, LIMIT_PATH_BYTES + 1 - at);
}

static void put_path(struct index_file *s, const char *path)
{
	size_t common = 0;

	while (s->last[common] != '\0' && s->last[common] == path[common]) {
		common++;
	}
	put_number(s, common);
	put_text(s, path + common);
	make_room(&s->last, &s->last_room, strlen(path));
	memcpy(s->last, path, strlen(path) + 1);
}

static const char *get_path(struct index_file *s)
{
	size_t common = (size_t)get_number(s, strlen(s->last));
	const char *rest = get_text(s);
	size_t len = strlen(rest);

	make_room(&s->last, &s->last_room, common + len);
	memcpy(s->last + common, rest, len + 1);
	return s->last;
}

static void put_probes(struct index_file *s, const struct index_table *t, const struct unit *u)
{
	char path[LIMIT_PATH_BYTES + 1];
	uint64_t count = 0;
	uint64_t dialect;

	for (uint32_t n = u->postings; n != 0; n = t->postings[n].next_of_unit) {
		count++;
	}
	put_number(s, count);
	for (uint32_t n = u->postings; n != 0; n = t->postings[n].next_of_unit) {
		const struct posting *p = &t->postings[n];

		path_of(&t->trie, p->node, path, &dialect);
		put_number(s, p->kind);
		put_number(s, p->flags);
		put_number(s, dialect);
		put_path(s, path);
		put_text(s, p->filter != 0 ? filters_name(&t->filters, p->filter) : "");
		if (p->filter != 0) {
			put_text(s, filters_argument(&t->filters, p->filter));
		}
	}
}

static void get_probes(struct index_file *s, struct index_table *t, uint32_t unit)
{
	uint64_t count = get_number(s, UINT32_MAX);

	for (uint64_t i = 0; i < count && !s->bad; i++) {
		struct inputs_probe probe = { .argument = "" };

		probe.kind = (enum probe_kind)get_number(s, PROBE_REMOTE);
		probe.flags = (uint8_t)get_number(s, UINT8_MAX);
		probe.dialect = (enum glob_dialect)get_number(s, GLOB_WILDMATCH);
		probe.path = get_path(s);
		const char *filter = get_text(s);
		if (filter[0] != '\0') {
			probe.filter = inputs_filter_find(filter);
			s->bad |= probe.filter == NULL;
			probe.argument = get_text(s);
		}
		if (!s->bad) {
			index_add_probe(t, unit, &probe);
		}
	}
}

static void put_edges(struct index_file *s, const struct index_table *t, const struct unit *u)
{
	uint64_t count = 0;

	for (uint32_t n = u->children; n != 0; n = t->edges[n].next_from) {
		count++;
	}
	put_number(s, count);
	for (uint32_t n = u->children; n != 0; n = t->edges[n].next_from) {
		put_number(s, t->edges[n].to);
		put_text(s, index_string(t, t->edges[n].via));
	}
}

static void put_unit(struct index_file *s, const struct index_table *t, uint32_t number)
{
	const struct unit *u = &t->units[number];

	put_number(s, number);
	put_text(s, u->walker != NULL ? inputs_walker_name(u->walker) : "");
	put_text(s, index_string(t, u->dir));
	put_text(s, index_string(t, u->options));
	put_text(s, index_string(t, u->origin));
	put_text(s, index_string(t, u->opaque));
	put_probes(s, t, u);
}

static void put_index(struct index_file *s, const struct index_table *t)
{
	put_number(s, t->asks_ref);
	put_number(s, t->unit_count);
	for (uint32_t n = 1; n < t->unit_count; n++) {
		if (t->units[n].used) {
			put_unit(s, t, n);
		}
	}
	put_number(s, 0);
	for (uint32_t n = 1; n < t->unit_count; n++) {
		if (t->units[n].used) {
			put_number(s, n);
			put_edges(s, t, &t->units[n]);
		}
	}
	put_number(s, 0);
}

int index_store_write(const char *path, const struct index_table *t, const struct oid *commit,
		      const struct oid *tree, struct error *err)
{
	char *temporary = xasprintf("%s.%ld", path, (long)getpid());
	struct index_file s = { .last = xstrdup(""), .last_room = 1 };
	int r = 0;

	s.file = fopen(temporary, "we");
	if (s.file == NULL) {
		r = error_errno(err, -1, errno, "%s", temporary);
		goto out;
	}
	put(&s, INDEX_STORE_MAGIC, sizeof(INDEX_STORE_MAGIC) - 1);
	put(&s, commit, sizeof(*commit));
	put(&s, tree, sizeof(*tree));
	put_index(&s, t);
	uint64_t sum = s.sum;
	put(&s, &sum, sizeof(sum));
	s.bad |= fclose(s.file) != 0;
	if (s.bad || rename(temporary, path) != 0) {
		r = error_errno(err, -1, errno, "%s", path);
		(void)unlink(temporary);
	}
out:
	free(s.last);
	free(temporary);
	return r;
}

static void get_unit(struct index_file *s, struct index_table *t, uint32_t *map, uint64_t number)
{
	const struct inputs_walker *walker = NULL;
	const char *name = get_text(s);

	if (name[0] != '\0') {
		walker = inputs_walker_find(name);
		s->bad |= walker == NULL;
	}
	char *dir = xstrdup(get_text(s));
	uint32_t unit = index_unit(t, walker, dir, get_text(s));
	struct unit *u = index_at(t, unit);

	s->bad |= !u->fresh;
	u->fresh = false;
	const char *text = get_text(s);
	u->origin = names_intern(&t->strings, text, strlen(text));
	text = get_text(s);
	u->opaque = names_intern(&t->strings, text, strlen(text));
	map[number] = unit;
	get_probes(s, t, unit);
	free(dir);
}

static void get_edges(struct index_file *s, struct index_table *t, const uint32_t *map,
		      uint64_t max, uint32_t from)
{
	uint64_t count = get_number(s, UINT32_MAX);

	for (uint64_t i = 0; i < count && !s->bad; i++) {
		uint32_t to = map[get_number(s, max)];
		const char *via = get_text(s);

		s->bad |= to == 0;
		if (!s->bad) {
			index_add_edge(t, from, to, via);
		}
	}
}

static void get_index(struct index_file *s, struct index_table *t)
{
	t->asks_ref = get_number(s, 1) != 0;
	uint64_t max = get_number(s, s->size);
	uint32_t *map = xcalloc((size_t)max + 1, sizeof(*map));
	uint64_t number;

	while (!s->bad && (number = get_number(s, max)) != 0) {
		s->bad |= map[number] != 0;
		if (!s->bad) {
			get_unit(s, t, map, number);
		}
	}
	while (!s->bad && (number = get_number(s, max)) != 0) {
		s->bad |= map[number] == 0;
		if (!s->bad) {
			get_edges(s, t, map, max, map[number]);
		}
	}
	t->fresh.count = 0;
	free(map);
}

static bool get_oid(struct index_file *s, struct oid *ret_id)
{
	get(s, ret_id, sizeof(*ret_id));
	return ret_id->len == 20 || ret_id->len == 32;
}

struct index_table *index_store_read(const char *path, struct oid *ret_commit,
				     struct oid *ret_tree)
{
	struct index_file s = { .last = xstrdup(""), .last_room = 1 };
	struct index_table *t = NULL;
	char magic[sizeof(INDEX_STORE_MAGIC)] = "";
	struct oid commit;
	struct oid tree;
	struct stat st;
	uint64_t sum;

	s.file = fopen(path, "re");
	if (s.file == NULL) {
		goto out;
	}
	if (fstat(fileno(s.file), &st) != 0 || !S_ISREG(st.st_mode)) {
		goto out;
	}
	s.size = (uint64_t)st.st_size;
	get(&s, magic, sizeof(INDEX_STORE_MAGIC) - 1);
	if (strcmp(magic, INDEX_STORE_MAGIC) != 0 || !get_oid(&s, &commit) || !get_oid(&s, &tree)) {
		goto out;
	}
	t = index_new();
	get_index(&s, t);
	uint64_t want = s.sum;
	get(&s, &sum, sizeof(sum));
	if (s.bad || sum != want || getc(s.file) != EOF) {
		index_free(t);
		t = NULL;
		goto out;
	}
	*ret_commit = commit;
	*ret_tree = tree;
out:
	if (s.file != NULL) {
		(void)fclose(s.file);
	}
	free(s.last);
	free(s.text);
	return t;
}
