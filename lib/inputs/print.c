/*
 * Fingerprints: a stream of texts, each with its kind and length, and its
 * SHA-256.
 *
 * The loose fingerprint of a list has the digest of each thing in it, sorted.
 *
 * Files are read for their meaning, which costs far more than to look up
 * where they are; past a number of bytes in all (inputs_take_prints()) they
 * go in by their ids.  That makes some equal things look different, never
 * different ones equal.
 */
#include "inputs/print.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/crypto.h"
#include "base/xalloc.h"
#include "inputs/meaning.h"
#include "inputs/objects.h"
#include "inputs/walk.h"

/* A larger file counts by its bytes. */
#define MEANT_BYTES_MAX ((size_t)1024 * 1024)
/* What the objects of one file are told in. */
#define OBJECTS_BYTES_MAX ((size_t)1024 * 1024)

struct said_key {
	uint8_t id[OID_BYTES_MAX];
	uint8_t listing; // an empty text is a list of no objects
};

/* What one file says. */
struct said {
	struct said_key key;
	bool known;
	bool objects;               // ids are all that it says
	unsigned long long meaning; // of the whole
	struct buf ids;
	UT_hash_handle hh;
};

void inputs_take_prints(struct inputs *inputs, bool take, size_t max_bytes)
{
	inputs->printing = take;
	inputs->print_bytes = max_bytes;
	print_forget(inputs);
}

void print_begin(struct inputs_walk *w)
{
	w->print_unknown = !w->machine->printing;
	w->trace.print = NULL;
	w->trace.loose = NULL;
	w->trace.minds = false;
	w->listing = false;
	if (w->machine->printing) {
		buf_init(&w->print, PRINT_BYTES_MAX);
		buf_init(&w->loose, PRINT_BYTES_MAX);
		buf_init(&w->bag, PRINT_BYTES_MAX);
	}
}

static const char *hashed(struct inputs_walk *w, const struct buf *b)
{
	char hex[SHA256_HEX_MAX + 1];

	if (buf_is_full(b) || sha256_hex(b->data, b->len, hex) != 0) {
		return NULL;
	}
	return inputs_keep(w, hex);
}

void print_end(struct inputs_walk *w, bool known)
{
	if (!w->machine->printing) {
		return;
	}
	if (known && inputs_prints(w)) {
		w->trace.print = hashed(w, &w->print);
		w->trace.loose = hashed(w, &w->loose);
	}
	buf_release(&w->print);
	buf_release(&w->loose);
	buf_release(&w->bag);
}

bool inputs_prints(const struct inputs_walk *w)
{
	return !w->print_unknown && w->trace.opaque == NULL;
}

void inputs_print_unknown(struct inputs_walk *w)
{
	w->print_unknown = true;
}

void inputs_print_minds(struct inputs_walk *w)
{
	w->trace.minds = true;
}

static void put(struct buf *b, char kind, const char *text, size_t len)
{
	(void)buf_addf(b, "%c%zu:", kind, len);
	(void)buf_add(b, text, len);
}

static void add_loosely(struct inputs_walk *w, char kind, const char *text, size_t len)
{
	char hex[SHA256_HEX_MAX + 1];
	struct buf item;

	if (!w->listing) {
		put(&w->loose, kind, text, len);
		return;
	}
	buf_init(&item, PRINT_BYTES_MAX);
	put(&item, kind, text, len);
	if (sha256_hex(item.data, item.len, hex) != 0) {
		inputs_print_unknown(w);
	}
	(void)buf_add(&w->bag, hex, OBJECT_ID_LEN);
	buf_release(&item);
}

static void add(struct inputs_walk *w, char kind, const char *text, size_t len)
{
	if (inputs_prints(w)) {
		put(&w->print, kind, text, len);
		add_loosely(w, kind, text, len);
	}
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, OBJECT_ID_LEN);
}

void inputs_print_list(struct inputs_walk *w, bool on)
{
	w->listing = on;
	if (on || !inputs_prints(w)) {
		return;
	}
	if (buf_is_full(&w->bag)) {
		inputs_print_unknown(w);
		return;
	}
	if (w->bag.len > 0) {
		qsort(w->bag.data, w->bag.len / OBJECT_ID_LEN, OBJECT_ID_LEN, by_id);
	}
	put(&w->loose, 'b', w->bag.data, w->bag.len);
	buf_reset(&w->bag);
}

void inputs_print(struct inputs_walk *w, char kind, const char *text)
{
	add(w, kind, text, strlen(text));
}

void inputs_print_strictly(struct inputs_walk *w, char kind, const char *text)
{
	if (inputs_prints(w)) {
		put(&w->print, kind, text, strlen(text));
	}
}

void inputs_print_loosely(struct inputs_walk *w, char kind, const char *text)
{
	if (inputs_prints(w)) {
		add_loosely(w, kind, text, strlen(text));
	}
}

void inputs_print_file(struct inputs_walk *w, const struct inputs_entry *entry, bool meaning)
{
	const char *slash = strrchr(entry->real, '/');
	char hex[OID_HEX_MAX + 1];
	unsigned long long id = 0;
	size_t size = 0;

	if (!inputs_prints(w)) {
		return;
	}
	size_t left = w->machine->print_bytes;
	size_t max = left < MEANT_BYTES_MAX ? left : MEANT_BYTES_MAX;
	bool meant = meaning && max > 0 &&
		     meaning_of_blob(w->reader->repo, slash != NULL ? slash + 1 : entry->real,
				     &entry->id, max, &id, &size);

	w->machine->print_bytes -= size;
	if (meant) {
		add(w, '#', (const char *)&id, sizeof(id));
		return;
	}
	inputs_print(w, 'o', oid_to_hex(&entry->id, hex));
}

/* The objects in a text; else what it means; else nothing of it is known. */
static struct said *say(const char *text, size_t len, bool listing)
{
	struct said *said = xcalloc(1, sizeof(*said));

	said->known = meaning_of_text(text, len, &said->meaning);
	buf_init(&said->ids, OBJECTS_BYTES_MAX);
	said->objects = said->known && objects_of_text(text, len, listing, &said->ids) &&
			!buf_is_full(&said->ids);
	return said;
}

static void said_free(struct said *said)
{
	buf_release(&said->ids);
	free(said);
}

/* False if nothing is known. */
static bool add_said(struct inputs_walk *w, const struct said *said)
{
	if (said->known && !said->objects) {
		add(w, '#', (const char *)&said->meaning, sizeof(said->meaning));
	}
	for (size_t i = 0; said->objects && i < said->ids.len; i += OBJECT_ID_LEN) {
		add(w, 'j', said->ids.data + i, OBJECT_ID_LEN);
	}
	return said->known;
}

/* What a file says, read once as long as prints are taken; NULL: not to be read. */
static const struct said *said_of(struct inputs_walk *w, const struct oid *id)
{
	struct inputs *machine = w->machine;
	struct repo_object object = { 0 };
	struct said *said = NULL;
	struct said_key key = { .listing = w->listing };
	size_t left = machine->print_bytes;
	size_t max = left < MEANT_BYTES_MAX ? left : MEANT_BYTES_MAX;

	memcpy(key.id, id->bytes, id->len);
	HASH_FIND(hh, machine->said, &key, sizeof(key), said);
	if (said != NULL || max == 0 ||
	    repo_read(w->reader->repo, id, REPO_BLOB, max, &object, NULL) != REPO_OK) {
		return said;
	}
	machine->print_bytes -= object.len;
	said = say(object.data, object.len, w->listing);
	said->key = key;
	HASH_ADD(hh, machine->said, key, sizeof(key), said);
	repo_object_release(&object);
	return said;
}

void print_forget(struct inputs *inputs)
{
	struct said *said;
	struct said *next;

	HASH_ITER(hh, inputs->said, said, next) {
		HASH_DEL(inputs->said, said);
		said_free(said);
	}
}

void inputs_print_objects(struct inputs_walk *w, const struct inputs_entry *entry)
{
	char hex[OID_HEX_MAX + 1];

	if (!inputs_prints(w)) {
		return;
	}
	const struct said *said = said_of(w, &entry->id);

	if (said == NULL || !add_said(w, said)) {
		inputs_print(w, 'o', oid_to_hex(&entry->id, hex));
	}
}

void inputs_print_text(struct inputs_walk *w, const char *text)
{
	if (!inputs_prints(w)) {
		return;
	}
	struct said *said = say(text, strlen(text), w->listing);

	if (!add_said(w, said)) {
		inputs_print(w, 't', text);
	}
	said_free(said);
}
