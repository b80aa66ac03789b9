/*
 * Objects out of YAML text, as kyaml gives them to Kustomize.
 *
 * Kustomize cuts a file into documents by its lines, decodes each into an
 * object, drops the empty ones, and works on the list of all objects of all
 * files (kyaml/kio/byteio_reader.go: splitDocuments(), Read(); resource/
 * factory.go: dropBadNodes()).  What it prints in the end went through JSON
 * (resource.go: AsYAML() is JSONToYAML(MarshalJSON())), so neither the order
 * of keys nor the quotes around a text reach the output.  "True" is not true:
 * a replacement takes a value as it is written (replacement.go: getReplacement()).
 *
 * Each object is therefore told as JSON with sorted keys, where a text that
 * may be anything but a string is marked (yaml.h: mark_plain).  Where YAML
 * and splitDocuments() disagree about the end of a document meaning.h has
 * refused the text.  In doubt it is refused here as a whole:
 *
 *   - anchors, aliases, merge keys, tags: these are resolved in kyaml's ways
 *   - null, which kyaml keeps as it was written
 *   - a key twice: kyaml and JSON do not agree on which one counts
 *   - a list of objects ("kind: List"), which is unpacked only where it is
 *     alone in its file
 */
#include "inputs/objects.h"

#include <stdint.h>
#include <string.h>

#include <jansson.h>

#include "base/crypto.h"
#include "base/yaml.h"

/* Bytes of one object as JSON. */
#define OBJECT_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* May a token begin behind this character? */
static bool begins_token(char before)
{
	return memchr(" \t\n[{,:", before, 7) != NULL;
}

bool objects_have_tags(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '!' && (i == 0 || begins_token(text[i - 1]))) {
			return true;
		}
	}
	return false;
}

/* Anchors, aliases, merge keys. */
static bool has_anchors(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char next = i + 1 < len ? text[i + 1] : '\0';
		bool first = i == 0 || begins_token(text[i - 1]);

		if ((text[i] == '&' || text[i] == '*') && first &&
		    memchr(" \t\n*&", next, 5) == NULL) {
			return true;
		}
		if (text[i] == '<' && next == '<') {
			return true;
		}
	}
	return false;
}

/* Is there a null in it? */
static bool has_null(const json_t *node)
{
	const char *key = NULL;
	json_t *value = NULL;
	size_t i = 0;

	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		if (has_null(value)) {
			return true;
		}
	}
	json_array_foreach(node, i, value) {
		if (has_null(value)) {
			return true;
		}
	}
	return json_is_null(node);
}

/* Is it one object, and not a list of them? */
static bool is_single(const json_t *document)
{
	const char *kind = json_string_value(json_object_get(document, "kind"));
	size_t len = kind != NULL ? strlen(kind) : 0;

	return len > 0 && kind[0] != YAML_PLAIN &&
	       (len < 4 || strcmp(kind + len - 4, "List") != 0);
}

static int dump_to_buf(const char *data, size_t len, void *arg)
{
	return buf_add(arg, data, len);
}

static bool add_object(json_t *document, struct buf *ids)
{
	char hex[SHA256_HEX_MAX + 1];
	struct buf text;

	buf_init(&text, OBJECT_BYTES_MAX);
	bool ok = !has_null(document) &&
		  json_dump_callback(document, dump_to_buf, &text,
				     JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) == 0 &&
		  sha256_hex(text.data, text.len, hex) == 0 &&
		  buf_add(ids, hex, OBJECT_ID_LEN) == 0;
	buf_release(&text);
	return ok;
}

static bool add_documents(struct yaml_stream *stream, bool may_be_empty, struct buf *ids)
{
	size_t count = yaml_stream_count(stream);

	for (size_t i = 0; i < count; i++) {
		json_t *document = yaml_stream_document(stream, i);
		bool patch = json_is_array(document) && count == 1 && !may_be_empty;

		if (json_is_null(document) && may_be_empty) {
			continue;
		}
		if ((!patch && !is_single(document)) || !add_object(document, ids)) {
			return false;
		}
	}
	return true;
}

bool objects_of_text(const char *text, size_t len, bool may_be_empty, struct buf *ids)
{
	const struct yaml_options options = { .reject_duplicates = true, .mark_plain = true };
	struct yaml_stream *stream = NULL;

	if (objects_have_tags(text, len) || has_anchors(text, len) ||
	    yaml_parse(text, len, &options, &stream, NULL) != YAML_OK) {
		return false;
	}
	bool ok = add_documents(stream, may_be_empty, ids);
	yaml_stream_free(stream);
	return ok;
}
