/*
 * YAML into jansson values.
 *
 * Step by step: a source (yaml_source.c) gives one event after the other,
 * bounded; "builder" keeps a stack of open collections (never the C stack)
 * and adds each finished value to the one around it.  A place is recorded for
 * each value and key (yaml_positions.c).
 *
 * What can go wrong: not YAML (libyaml says where), YAML that JSON cannot
 * say, or a ceiling.
 *
 * Aliases share their node.  "size" is how many nodes a walk of a value
 * visits and "height" how deep it goes, aliases followed; both are kept for
 * open collections and for anchors, so an alias is charged in full without a
 * walk: neither a billion laughs nor a tower of aliases gets through.
 */
#include "base/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "base/yaml_impl.h"

/* Tags of YAML 1.1 that libyaml has no name for. */
#define BINARY_TAG "tag:yaml.org,2002:binary"
#define MERGE_TAG "tag:yaml.org,2002:merge"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

struct yaml_stream {
	json_t **documents;
	size_t count;
	size_t capacity;
	struct yaml_positions *positions; // apart, so that a look-up may sort them
};

struct anchor {
	char *name;
	json_t *node; // one reference of ours; NULL while the collection is open
	size_t size;
	unsigned height;
	unsigned generation; // times the name was given away
	UT_hash_handle hh;
};

struct frame {
	json_t *node;          // object or array under construction
	struct anchor *anchor; // to complete when it ends, or NULL
	unsigned generation;   // of the anchor when it began
	size_t size_before;    // builder.size when it began
	unsigned height;       // of the highest child
	char *key;             // pending key of an object, or NULL
	bool key_merges;       // it was a plain "<<"
	yaml_mark_t key_mark;
	json_t *merges;        // array of what "<<" named, or NULL
};

struct builder {
	struct yaml_stream *stream;
	struct yaml_options options;
	struct error *err;
	struct frame frames[LIMIT_YAML_DEPTH];
	unsigned depth; // frames in use
	size_t size;    // nodes that a walk of all documents visits so far
	struct anchor *anchors;
};

void yaml_stream_free(struct yaml_stream *stream)
{
	if (stream == NULL) {
		return;
	}
	for (size_t i = 0; i < stream->count; i++) {
		json_decref(stream->documents[i]);
	}
	free(stream->documents);
	yaml_positions_free(stream->positions);
	free(stream);
}

size_t yaml_stream_count(const struct yaml_stream *stream)
{
	return stream->count;
}

json_t *yaml_stream_document(const struct yaml_stream *stream, size_t i)
{
	return i < stream->count ? stream->documents[i] : NULL;
}

bool yaml_stream_where(const struct yaml_stream *stream, const json_t *node, const char *key,
		       int *ret_line, int *ret_column)
{
	return yaml_positions_find(stream->positions, node, key, ret_line, ret_column);
}

static enum yaml_result fail(struct builder *b, enum yaml_result result, yaml_mark_t mark,
			     const char *what)
{
	return yaml_fail(b->err, result, mark.line, mark.column, what);
}

static void mark_add(struct builder *b, const json_t *node, const char *key, yaml_mark_t mark)
{
	yaml_positions_add(b->stream->positions, node, key, mark.line, mark.column);
}

static struct frame *top(struct builder *b)
{
	return b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
}

static void anchors_clear(struct builder *b)
{
	struct anchor *a;
	struct anchor *next;

	HASH_ITER(hh, b->anchors, a, next) {
		HASH_DEL(b->anchors, a);
		json_decref(a->node);
		free(a->name);
		free(a);
	}
}

/* Begin an anchor; a name that was used before now means this one. */
static struct anchor *anchor_open(struct builder *b, const yaml_char_t *name)
{
	struct anchor *a = NULL;

	if (name == NULL) {
		return NULL;
	}
	HASH_FIND_STR(b->anchors, (const char *)name, a);
	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		a->name = xstrdup((const char *)name);
		HASH_ADD_KEYPTR(hh, b->anchors, a->name, strlen(a->name), a);
	}
	json_decref(a->node);
	a->node = NULL;
	a->generation++;
	return a;
}

static void anchor_close(struct anchor *a, json_t *node, size_t size, unsigned height)
{
	if (a == NULL) {
		return;
	}
	json_decref(a->node);
	a->node = json_incref(node);
	a->size = size;
	a->height = height;
}

/* Take text as the key of the mapping that waits for one. */
static enum yaml_result set_key(struct builder *b, const char *text, bool merges,
				yaml_mark_t mark)
{
	struct frame *f = top(b);

	if (b->options.reject_duplicates && !merges && json_object_get(f->node, text) != NULL) {
		char what[128];

		(void)snprintf(what, sizeof(what), "key '%.80s' is there twice", text);
		return fail(b, YAML_MALFORMED, mark, what);
	}
	f->key = xstrdup(text);
	f->key_merges = merges;
	f->key_mark = mark;
	return YAML_OK;
}

/* Put all that from has into the mapping, over what is there. */
static enum yaml_result merge_over(struct builder *b, json_t *into, const json_t *from,
				   yaml_mark_t mark)
{
	size_t count = json_is_array(from) ? json_array_size(from) : 1;

	/* Earlier ones in a list win over later ones. */
	for (size_t i = count; i > 0; i--) {
		json_t *item = json_is_array(from) ? json_array_get(from, i - 1)
						   : (json_t *)(uintptr_t)from;

		if (!json_is_object(item)) {
			return fail(b, YAML_MALFORMED, mark,
				    "'<<' wants a mapping or a sequence of mappings");
		}
		(void)json_object_update(into, item);
	}
	return YAML_OK;
}

/* The value of a "<<" (taken). */
static enum yaml_result add_merge(struct builder *b, struct frame *f, json_t *node)
{
	enum yaml_result r = YAML_OK;

	if (b->options.merges_override) {
		r = merge_over(b, f->node, node, f->key_mark);
		json_decref(node);
		return r;
	}
	f->merges = f->merges != NULL ? f->merges : json_array();
	(void)json_array_append_new(f->merges, node);
	return r;
}

/* Put a finished value (taken) of that size and height where it belongs. */
static enum yaml_result add_value(struct builder *b, json_t *node, size_t size, unsigned height,
				  yaml_mark_t mark)
{
	struct frame *f = top(b);

	b->size += size;
	if (b->size > LIMIT_YAML_NODES || b->depth + height > LIMIT_YAML_DEPTH) {
		json_decref(node);
		return fail(b, YAML_LIMIT, mark,
			    b->size > LIMIT_YAML_NODES ? "too many values with aliases followed"
						       : "nested too deeply with aliases followed");
	}
	if (f == NULL) {
		struct yaml_stream *s = b->stream;

		s->documents = xgrow(s->documents, s->count, &s->capacity, sizeof(*s->documents));
		s->documents[s->count++] = node;
		return YAML_OK;
	}
	f->height = height > f->height ? height : f->height;
	if (json_is_array(f->node)) {
		json_array_append_new(f->node, node);
		return YAML_OK;
	}
	enum yaml_result r = YAML_OK;

	if (f->key_merges) {
		r = add_merge(b, f, node);
	} else {
		mark_add(b, f->node, f->key, f->key_mark);
		json_object_set_new(f->node, f->key, node);
	}
	free(f->key);
	f->key = NULL;
	return r;
}

static bool wants_key(struct builder *b)
{
	const struct frame *f = top(b);

	return f != NULL && json_is_object(f->node) && f->key == NULL;
}

static bool has_tag(const yaml_event_t *event, const char *tag)
{
	const char *written = (const char *)event->data.scalar.tag;

	return written != NULL && strcmp(written, tag) == 0;
}

/* "<<" as it is, or as yq writes it: "!!merge <<". */
static bool is_merge(const yaml_event_t *event)
{
	return strcmp((const char *)event->data.scalar.value, "<<") == 0 &&
	       (event->data.scalar.plain_implicit || has_tag(event, MERGE_TAG));
}

/* YAML 1.1: "null", "Null", "NULL", "~" and nothing are null when plain. */
static bool is_null(const yaml_event_t *event)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	const char *value = (const char *)event->data.scalar.value;

	if (event->data.scalar.tag != NULL) {
		return has_tag(event, YAML_NULL_TAG);
	}
	if (!event->data.scalar.plain_implicit) {
		return false;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* May a plain scalar be anything but a string? All YAML versions together. */
static bool is_ambiguous(const char *value)
{
	static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false" };

	if (strchr("0123456789+-.=", value[0]) != NULL) {
		return true;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* The text with a mark before it if yaml_options.mark_plain wants it so, else NULL. */
static char *marked(const struct builder *b, const yaml_event_t *event, const char *value)
{
	bool tagged = event->data.scalar.tag != NULL;
	bool plain = event->data.scalar.plain_implicit && value[0] != '\0';

	bool mark = value[0] == YAML_PLAIN;

	if (!b->options.mark_plain || !(tagged || mark || (plain && is_ambiguous(value)))) {
		return NULL;
	}
	return xasprintf("%c%s", YAML_PLAIN, value);
}

/* A scalar whose text is value. */
static enum yaml_result add_scalar(struct builder *b, const yaml_event_t *event, const char *value)
{
	json_t *node = NULL;

	if (wants_key(b)) {
		bool merges = is_merge(event);

		node = json_string(value);
		anchor_close(anchor_open(b, event->data.scalar.anchor), node, 1, 0);
		json_decref(node);
		return set_key(b, value, merges, event->start_mark);
	}
	node = is_null(event) ? json_null() : json_string(value);
	if (node == NULL) {
		return fail(b, YAML_MALFORMED, event->start_mark, "not UTF-8");
	}
	if (!json_is_null(node)) {
		mark_add(b, node, NULL, event->start_mark);
	}
	anchor_close(anchor_open(b, event->data.scalar.anchor), node, 1, 0);
	return add_value(b, node, 1, 0, event->start_mark);
}

/* What base64 says, as a new string; NULL if it is none, or no text. */
static char *from_base64(const char *value, size_t len)
{
	char *packed = xmalloc(len + 1);
	char *text = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (value[i] != '\n' && value[i] != '\r') {
			packed[n++] = value[i];
		}
	}
	int got = base64_decode(packed, n, (uint8_t *)text, len);
	free(packed);
	if (got < 0 || memchr(text, '\0', (size_t)got) != NULL) {
		free(text);
		return NULL;
	}
	text[got] = '\0';
	return text;
}

static enum yaml_result on_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	char *decoded = NULL;

	if (memchr(value, '\0', event->data.scalar.length) != NULL) {
		return fail(b, YAML_MALFORMED, event->start_mark, "NUL in a value");
	}
	if (has_tag(event, BINARY_TAG)) {
		decoded = from_base64(value, event->data.scalar.length);
		if (decoded == NULL) {
			return fail(b, YAML_MALFORMED, event->start_mark,
				    "'!!binary' that holds no text");
		}
		value = decoded;
	}
	char *text = marked(b, event, value);
	enum yaml_result r = add_scalar(b, event, text != NULL ? text : value);

	free(text);
	free(decoded);
	return r;
}

static enum yaml_result on_alias(struct builder *b, const yaml_event_t *event)
{
	struct anchor *a = NULL;
	const char *what = NULL;

	HASH_FIND_STR(b->anchors, (const char *)event->data.alias.anchor, a);
	if (a == NULL) {
		what = "alias of an anchor that is not there";
	} else if (a->node == NULL) {
		what = "alias inside what its anchor names";
	} else if (wants_key(b) && !json_is_string(a->node)) {
		what = "a key that is not a scalar";
	}
	if (what != NULL) {
		return fail(b, YAML_MALFORMED, event->start_mark, what);
	}
	if (wants_key(b)) {
		return set_key(b, json_string_value(a->node), false, event->start_mark);
	}
	return add_value(b, json_incref(a->node), a->size, a->height, event->start_mark);
}

static enum yaml_result on_open(struct builder *b, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *name = mapping ? event->data.mapping_start.anchor
					  : event->data.sequence_start.anchor;

	if (wants_key(b)) {
		return fail(b, YAML_MALFORMED, event->start_mark,
			    "a key that is not a scalar");
	}
	struct anchor *anchor = anchor_open(b, name);
	b->frames[b->depth++] = (struct frame){
		.node = mapping ? json_object() : json_array(),
		.anchor = anchor,
		.generation = anchor != NULL ? anchor->generation : 0,
		.size_before = b->size,
	};
	mark_add(b, top(b)->node, NULL, event->start_mark);
	return YAML_OK;
}

/* Add what into has not got of from. */
static void merge_one(json_t *into, json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value) {
		if (json_object_get(into, key) == NULL) {
			json_object_set(into, key, value);
		}
	}
}

/*
 * Apply the merge keys of a finished mapping.  https://yaml.org/type/merge:
 * "each of its key/value pairs is inserted into the current mapping, unless
 * the key already exists in it"; in a sequence "keys in mapping nodes earlier
 * in the sequence override keys specified in later mapping nodes".
 */
static enum yaml_result merge_all(struct builder *b, struct frame *f)
{
	size_t i;
	size_t j;
	json_t *value;
	json_t *item;

	json_array_foreach(f->merges, i, value) {
		if (json_is_object(value)) {
			merge_one(f->node, value);
			continue;
		}
		if (!json_is_array(value)) {
			return fail(b, YAML_MALFORMED, f->key_mark,
				    "'<<' wants a mapping or a sequence of mappings");
		}
		json_array_foreach(value, j, item) {
			if (!json_is_object(item)) {
				return fail(b, YAML_MALFORMED, f->key_mark,
					    "'<<' wants a mapping or a sequence of mappings");
			}
			merge_one(f->node, item);
		}
	}
	return YAML_OK;
}

static enum yaml_result on_close(struct builder *b, const yaml_event_t *event)
{
	struct frame *f = top(b);
	enum yaml_result r = merge_all(b, f);

	if (r != YAML_OK) {
		return r;
	}
	json_t *node = f->node;
	size_t size = b->size - f->size_before + 1;
	unsigned height = f->height + 1;

	json_decref(f->merges);
	if (f->anchor != NULL && f->anchor->generation == f->generation) {
		anchor_close(f->anchor, node, size, height);
	}
	*f = (struct frame){ .node = NULL };
	b->depth--;
	return add_value(b, node, 1, height, event->start_mark);
}

/* Take one event; *ret_end is set at the end of what is to be read. */
static enum yaml_result on_event(struct builder *b, const yaml_event_t *event, bool *ret_end)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return on_open(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b, event);
	case YAML_DOCUMENT_END_EVENT:
		anchors_clear(b);
		*ret_end = b->options.first_document;
		return YAML_OK;
	case YAML_STREAM_END_EVENT:
		*ret_end = true;
		return YAML_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	default:
		return YAML_OK;
	}
}

static void builder_release(struct builder *b)
{
	anchors_clear(b);
	while (b->depth > 0) {
		struct frame *f = &b->frames[--b->depth];

		json_decref(f->node);
		json_decref(f->merges);
		free(f->key);
	}
	yaml_stream_free(b->stream);
}

enum yaml_result yaml_parse(const char *data, size_t len, const struct yaml_options *options,
			    struct yaml_stream **ret_stream, struct error *err)
{
	struct builder b = { .err = err };
	struct yaml_source *source = NULL;
	bool end = false;

	b.stream = xcalloc(1, sizeof(*b.stream));
	b.stream->positions = yaml_positions_new();
	if (options != NULL) {
		b.options = *options;
	}
	enum yaml_result r = yaml_source_new(data, len, &source, err);
	while (r == YAML_OK && !end) {
		yaml_event_t event;

		r = yaml_source_next(source, &event);
		if (r == YAML_OK) {
			r = on_event(&b, &event, &end);
			yaml_event_delete(&event);
		}
	}
	if (r == YAML_OK) {
		*ret_stream = b.stream;
		b.stream = NULL;
	}
	builder_release(&b);
	yaml_source_free(source);
	return r;
}
