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

#include "base/hmac.h"
#include "inputs/meaning.h"
#include "inputs/objects.h"
#include "inputs/walk.h"

/* A larger file counts by its bytes. */
#define MEANT_BYTES_MAX ((size_t)1024 * 1024)
/* What the objects of one file are told in. */
#define OBJECTS_BYTES_MAX ((size_t)1024 * 1024)

void inputs_take_prints(struct inputs *inputs, bool take, size_t max_bytes)
{
	inputs->printing = take;
	inputs->print_bytes = max_bytes;
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

/* The objects in a text; else what it means; false if that is not known either. */
static bool add_objects(struct inputs_walk *w, const char *text, size_t len)
{
	unsigned long long id = 0;
	struct buf ids;

	if (!meaning_of_text(text, len, &id)) {
		return false;
	}
	buf_init(&ids, OBJECTS_BYTES_MAX);
	bool ok = objects_of_text(text, len, w->listing, &ids) && !buf_is_full(&ids);
	for (size_t i = 0; ok && i < ids.len; i += OBJECT_ID_LEN) {
		add(w, 'j', ids.data + i, OBJECT_ID_LEN);
	}
	buf_release(&ids);
	if (!ok) {
		add(w, '#', (const char *)&id, sizeof(id));
	}
	return true;
}

void inputs_print_objects(struct inputs_walk *w, const struct inputs_entry *entry)
{
	struct repo_object object = { 0 };
	char hex[OID_HEX_MAX + 1];
	size_t left = w->machine->print_bytes;
	size_t max = left < MEANT_BYTES_MAX ? left : MEANT_BYTES_MAX;

	if (!inputs_prints(w)) {
		return;
	}
	bool known = max > 0 && repo_read(w->reader->repo, &entry->id, REPO_BLOB, max, &object,
					  NULL) == REPO_OK;
	if (known) {
		w->machine->print_bytes -= object.len;
		known = add_objects(w, object.data, object.len);
	}
	if (!known) {
		inputs_print(w, 'o', oid_to_hex(&entry->id, hex));
	}
	repo_object_release(&object);
}

void inputs_print_text(struct inputs_walk *w, const char *text)
{
	if (inputs_prints(w) && !add_objects(w, text, strlen(text))) {
		inputs_print(w, 't', text);
	}
}
