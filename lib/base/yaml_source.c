/*
 * The events of one YAML text, bounded.
 *
 * libyaml 0.2.5 is quadratic in nesting (39 KB of "[" take 3 s) and in %TAG
 * directives (20,000 take a second).  So directives are counted before the
 * first event is asked for, and depth, values, documents and anchors on every
 * event.  libyaml's encoding is fixed to UTF-8: UTF-16, which it would detect,
 * could hide directives from the count, so it is decoded before.
 */
#include "base/yaml_impl.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define DIRECTIVES_MAX 4

struct yaml_source {
	yaml_parser_t parser;
	struct buf decoded; // data, if it was in another encoding
	const char *data;
	size_t len;
	size_t nodes;
	size_t documents;
	size_t anchors; // in this document
	unsigned depth;
	struct error *err; // the caller's
};

enum yaml_result yaml_fail(struct error *err, enum yaml_result result, size_t line, size_t column,
			   const char *what)
{
	return (enum yaml_result)error_set(err, (int)result, "%zu:%zu: %s", line + 1, column + 1,
					   what);
}

static enum yaml_result fail(struct error *err, enum yaml_result result, yaml_mark_t mark,
			     const char *what)
{
	return yaml_fail(err, result, mark.line, mark.column, what);
}

/* Length of the line break at data: 0 if there is none. YAML 1.1 has five. */
static size_t break_length(const char *data, size_t len)
{
	if (len > 0 && (data[0] == '\n' || data[0] == '\r')) {
		return 1;
	}
	if (len > 1 && memcmp(data, "\xc2\x85", 2) == 0) {
		return 2;
	}
	if (len > 2 && (memcmp(data, "\xe2\x80\xa8", 3) == 0 ||
			memcmp(data, "\xe2\x80\xa9", 3) == 0)) {
		return 3;
	}
	return 0;
}

/* libyaml knows two and stops at any other. */
static bool is_directive(const char *data, size_t len)
{
	return (len >= 4 && memcmp(data, "%TAG", 4) == 0) ||
	       (len >= 5 && memcmp(data, "%YAML", 5) == 0);
}

/* True if more than DIRECTIVES_MAX directives stand before one document. */
static bool has_directive_flood(const char *data, size_t len)
{
	unsigned directives = 0;
	bool line_start = true;
	bool decided = false; // we know what this line is

	for (size_t i = 0; i < len; i++) {
		size_t skip = break_length(data + i, len - i);

		if (skip > 0) {
			line_start = true;
			decided = false;
			i += skip - 1;
			continue;
		}
		if (!decided && data[i] != ' ' && data[i] != '\t') {
			decided = true;
			if (line_start && is_directive(data + i, len - i)) {
				directives++;
			} else if (data[i] != '#') {
				directives = 0;
			}
		}
		line_start = false;
		if (directives > DIRECTIVES_MAX) {
			return true;
		}
	}
	return false;
}

/* Begin with data, which is UTF-8, or s->decoded. */
static enum yaml_result source_begin(struct yaml_source *s, const char *data, size_t len)
{
	yaml_mark_t start = { .index = 0 };

	/* Helm takes one away before go-yaml does. */
	for (int i = 0; i < 2 && len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0; i++) {
		data += 3;
		len -= 3;
	}
	if (has_directive_flood(data, len)) {
		return fail(s->err, YAML_LIMIT, start, "too many directives");
	}
	if (yaml_parser_initialize(&s->parser) == 0) {
		return fail(s->err, YAML_LIMIT, start, "out of memory");
	}
	s->data = data;
	s->len = len;
	yaml_parser_set_encoding(&s->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&s->parser, (const unsigned char *)data, len);
	return YAML_OK;
}

enum yaml_result yaml_source_new(const char *data, size_t len, struct yaml_source **ret_source,
				 struct error *err)
{
	yaml_mark_t start = { .index = 0 };
	enum yaml_result r = YAML_OK;

	if (len > LIMIT_YAML_BYTES) {
		return fail(err, YAML_LIMIT, start, "too long");
	}
	struct yaml_source *s = xcalloc(1, sizeof(*s));
	s->err = err;
	buf_init(&s->decoded, LIMIT_YAML_BYTES);
	if (yaml_is_utf16(data, len)) {
		r = yaml_decode_utf16(data, len, &s->decoded, err);
		data = s->decoded.data;
		len = s->decoded.len;
	}
	r = r == YAML_OK ? source_begin(s, data, len) : r;
	if (r != YAML_OK) {
		yaml_source_free(s);
		return r;
	}
	*ret_source = s;
	return YAML_OK;
}

void yaml_source_free(struct yaml_source *source)
{
	if (source != NULL) {
		yaml_parser_delete(&source->parser);
		if (source->decoded.len > 0) { // it may be the configuration, with secrets
			explicit_bzero(source->decoded.data, source->decoded.len);
		}
		buf_release(&source->decoded);
		free(source);
	}
}

/* What libyaml says when it gives up. */
static enum yaml_result source_failed(struct yaml_source *s)
{
	const yaml_parser_t *p = &s->parser;
	const char *problem = p->problem != NULL ? p->problem : "not YAML";

	if (p->error == YAML_MEMORY_ERROR) {
		return fail(s->err, YAML_LIMIT, p->mark, "out of memory");
	}
	if (p->error != YAML_READER_ERROR) {
		return fail(s->err, YAML_MALFORMED, p->problem_mark, problem);
	}
	size_t end = p->problem_offset < s->len ? p->problem_offset : s->len;
	yaml_mark_t mark = { .index = end };
	for (size_t i = 0; i < end; i++) {
		mark.column++;
		if (s->data[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return fail(s->err, YAML_MALFORMED, mark, problem);
}

static bool has_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor != NULL;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor != NULL;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_ALIAS_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
	default:
		return false;
	}
}

/* Count what event adds; NULL, or the ceiling that it passed. */
static const char *source_count(struct yaml_source *s, const yaml_event_t *event)
{
	yaml_event_type_t type = event->type;

	if (type == YAML_DOCUMENT_START_EVENT) {
		s->anchors = 0;
		s->documents++;
	}
	if (type == YAML_SCALAR_EVENT || type == YAML_ALIAS_EVENT ||
	    type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) {
		s->nodes++;
	}
	if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) {
		s->depth++;
	}
	if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT) {
		s->depth--;
	}
	s->anchors += has_anchor(event);

	if (s->depth > LIMIT_YAML_DEPTH) {
		return "nested too deeply";
	}
	if (s->nodes > LIMIT_YAML_NODES) {
		return "too many values";
	}
	if (s->documents > LIMIT_YAML_DOCUMENTS) {
		return "too many documents";
	}
	return s->anchors > LIMIT_YAML_ANCHORS ? "too many anchors" : NULL;
}

enum yaml_result yaml_source_next(struct yaml_source *source, struct yaml_event_s *event)
{
	if (yaml_parser_parse(&source->parser, event) == 0) {
		return source_failed(source);
	}
	const char *passed = source_count(source, event);
	if (passed != NULL) {
		enum yaml_result r = fail(source->err, YAML_LIMIT, event->start_mark, passed);

		yaml_event_delete(event);
		return r;
	}
	return YAML_OK;
}
