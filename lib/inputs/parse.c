/*
 * Files of a walk as YAML, parsed once for all equal blobs.
 *
 * Generated repositories hold thousands of equal kustomization files; what a
 * blob says does not depend on where it lies.
 */
#include <string.h>

#include <uthash.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "base/yaml.h"
#include "inputs/print.h"
#include "inputs/walk.h"

struct parse_key {
	struct oid id;
	uint8_t first_document;
	uint8_t plain;
};

struct parsed {
	struct parse_key key;
	struct yaml_stream *stream; // NULL: bad
	char *problem;              // then: why
	json_t *documents;          // an array of all, or NULL
	const json_t *value;        // borrowed
	size_t bytes;
	UT_hash_handle hh;
};

void parse_forget(struct inputs *inputs, size_t max_bytes)
{
	struct parsed *p;
	struct parsed *next;

	if (inputs->parsed_bytes <= max_bytes && max_bytes > 0) {
		return;
	}
	HASH_ITER(hh, inputs->parsed, p, next) {
		HASH_DEL(inputs->parsed, p);
		json_decref(p->documents);
		yaml_stream_free(p->stream);
		free(p->problem);
		free(p);
	}
	inputs->parsed_bytes = 0;
}

static json_t *all_documents(const struct yaml_stream *stream)
{
	json_t *all = json_array();

	for (size_t i = 0; i < yaml_stream_count(stream); i++) {
		json_t *document = yaml_stream_document(stream, i);

		json_array_append(all, document != NULL ? document : json_null());
	}
	return all;
}

static void set_value(struct parsed *p)
{
	if (!p->key.first_document) {
		p->documents = all_documents(p->stream);
		p->value = p->documents;
		return;
	}
	if (yaml_stream_count(p->stream) > 0) {
		p->value = yaml_stream_document(p->stream, 0);
	}
}

/* Parse text; NULL if a limit was passed. */
static struct parsed *parse(struct inputs_walk *w, const struct parse_key *key,
			    const struct buf *text, const char *path)
{
	/* What is of one document is decoded into a struct; others are objects, read by kyaml. */
	const struct yaml_options options = { .first_document = key->first_document,
					      .mark_plain = key->plain,
					      .merges_override = key->first_document };
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;
	enum yaml_result r = yaml_parse(text->data, text->len, &options, &stream, &err);

	if (r == YAML_LIMIT) {
		inputs_opaque(w, inputs_format(w, "%s: %s", path, err.text));
		return NULL;
	}
	struct parsed *p = xcalloc(1, sizeof(*p));
	p->key = *key;
	p->stream = stream;
	p->bytes = text->len + sizeof(*p);
	if (stream != NULL) {
		set_value(p);
	} else {
		p->problem = xstrdup(err.text);
	}
	HASH_ADD(hh, w->machine->parsed, key, sizeof(p->key), p);
	w->machine->parsed_bytes += p->bytes;
	return p;
}

static struct parsed *get(struct inputs_walk *w, const struct inputs_entry *entry,
			  unsigned flags, bool first_document)
{
	struct parse_key key;
	struct parsed *p = NULL;
	struct buf text;

	memset(&key, 0, sizeof(key));
	key.id = entry->id;
	key.first_document = first_document;
	key.plain = (flags & INPUTS_PLAIN) != 0;
	HASH_FIND(hh, w->machine->parsed, &key, sizeof(key), p);
	if (p != NULL) {
		return p;
	}
	buf_init(&text, LIMIT_YAML_BYTES);
	if (inputs_read(w, entry->real, flags & ~INPUTS_PLAIN, &text, NULL) == INPUTS_FILE) {
		p = parse(w, &key, &text, entry->real);
	}
	buf_release(&text);
	return p;
}

enum inputs_found inputs_yaml(struct inputs_walk *w, const char *path, unsigned flags,
			      bool first_document, const json_t **ret_value, bool *ret_bad,
			      struct inputs_entry *ret_entry)
{
	struct inputs_entry entry;
	enum inputs_found found = inputs_file(w, path, flags & ~INPUTS_PLAIN, &entry);

	*ret_value = NULL;
	*ret_bad = false;
	if (ret_entry != NULL) {
		*ret_entry = entry;
	}
	if (found != INPUTS_FILE) {
		return found;
	}
	const struct parsed *p = get(w, &entry, flags, first_document);
	if (p == NULL) {
		return INPUTS_UNREADABLE;
	}
	/* Who renders it may understand what we do not. */
	if (p->stream == NULL) {
		inputs_opaque(w, inputs_format(w, "%s cannot be parsed: %s", entry.real,
					       p->problem));
	}
	*ret_value = p->value;
	*ret_bad = p->stream == NULL;
	return INPUTS_FILE;
}
