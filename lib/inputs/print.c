/*
 * Fingerprints: a stream of texts, each with its kind and length, and its
 * SHA-256.
 *
 * Files are read for their meaning, which costs far more than to look up
 * where they are; past a number of bytes in all (inputs_take_prints()) they
 * go in by their ids.  That makes some equal things look different, never
 * different ones equal.
 */
#include "inputs/print.h"

#include <string.h>

#include "base/hmac.h"
#include "inputs/meaning.h"
#include "inputs/walk.h"

/* A larger file counts by its bytes. */
#define MEANT_BYTES_MAX ((size_t)1024 * 1024)

void inputs_take_prints(struct inputs *inputs, bool take, size_t max_bytes)
{
	inputs->printing = take;
	inputs->print_bytes = max_bytes;
}

void print_begin(struct inputs_walk *w)
{
	w->print_unknown = !w->machine->printing;
	w->trace.print = NULL;
	if (w->machine->printing) {
		buf_init(&w->print, PRINT_BYTES_MAX);
	}
}

void print_end(struct inputs_walk *w, bool known)
{
	char hex[SHA256_HEX_MAX + 1];

	if (!w->machine->printing) {
		return;
	}
	if (known && inputs_prints(w) && !buf_is_full(&w->print) &&
	    sha256_hex(w->print.data, w->print.len, hex) == 0) {
		w->trace.print = inputs_keep(w, hex);
	}
	buf_release(&w->print);
}

bool inputs_prints(const struct inputs_walk *w)
{
	return !w->print_unknown && w->trace.opaque == NULL;
}

void inputs_print_unknown(struct inputs_walk *w)
{
	w->print_unknown = true;
}

static void add(struct inputs_walk *w, char kind, const char *text, size_t len)
{
	if (inputs_prints(w)) {
		(void)buf_addf(&w->print, "%c%zu:", kind, len);
		(void)buf_add(&w->print, text, len);
	}
}

void inputs_print(struct inputs_walk *w, char kind, const char *text)
{
	add(w, kind, text, strlen(text));
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

void inputs_print_yaml(struct inputs_walk *w, const char *text)
{
	unsigned long long id = 0;

	if (!inputs_prints(w)) {
		return;
	}
	if (meaning_of_text(text, strlen(text), &id)) {
		add(w, '#', (const char *)&id, sizeof(id));
		return;
	}
	inputs_print(w, 't', text);
}
