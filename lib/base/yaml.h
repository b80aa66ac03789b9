/*
 * YAML as jansson values with positions: the only user of libyaml.
 *
 * Mappings become objects, sequences arrays, a plain empty/~/null scalar
 * null, "!!binary" the text that it holds, every other scalar a string as it
 * stands (no yes/no/octal typing: the reader of a key decides what a string
 * means).  Anchors are shared, not
 * copied; "<<" merge keys are applied once.  Hostile input is bounded: bytes,
 * depth (aliases followed), documents, anchors, and the number of nodes that
 * a full walk would visit with every alias expanded, so that sharing cannot
 * explode.  So a walk of a document may recurse: LIMIT_YAML_DEPTH at most.
 * Event API only: yaml_parser_load() is quadratic in its anchors.
 */
#ifndef LIB_BASE_YAML_H
#define LIB_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

enum yaml_result {
	YAML_OK = 0,
	YAML_MALFORMED = 1, // not YAML, or nothing JSON could say; err says line and column
	YAML_LIMIT = 2      // a ceiling was passed; err says which
};

struct yaml_options {
	bool reject_duplicates; // a key twice in one mapping is YAML_MALFORMED; else the last wins
	bool first_document;    // read the first document only (kustomize)
	/*
	 * YAML_PLAIN goes before the text of a scalar, also as a key, that
	 * stands without quotes and may be anything but a string to YAML (a
	 * number, a truth value, a date), or that has a tag, or begins with
	 * that byte itself; for telling "1" from 1.
	 */
	bool mark_plain;
	/*
	 * "<<" wins over the keys before it, as in go-yaml 2, which reads all
	 * that Kubernetes, Helm and Argo CD decode into a struct of theirs;
	 * else the mapping's own keys win over it wherever they stand, as
	 * YAML has it.
	 */
	bool merges_override;
};

/* The byte of yaml_options.mark_plain. */
#define YAML_PLAIN '\x01'

struct yaml_stream; // the documents of one file, with positions

/*
 * Parse len bytes of UTF-8 (a byte order mark is skipped), or of UTF-16 with
 * its mark. options may be NULL (all false).  Malformed are also: other
 * encodings, a NUL character in a scalar, "!!binary" that holds no text,
 * a mapping or sequence as a key, an alias inside its own anchor, a merge of
 * anything but mappings.  On YAML_OK *ret_stream is the caller's
 * (yaml_stream_free()); otherwise it is untouched and err holds
 * "line:column: what".
 */
enum yaml_result yaml_parse(const char *data, size_t len, const struct yaml_options *options,
			    struct yaml_stream **ret_stream, struct error *err);

/* Free a stream and drop its references; NULL is fine. */
void yaml_stream_free(struct yaml_stream *stream);

/* Number of documents (an empty file has none; an empty document is null). */
size_t yaml_stream_count(const struct yaml_stream *stream);

/* Document i, borrowed until yaml_stream_free(); NULL if there is none. */
json_t *yaml_stream_document(const struct yaml_stream *stream, size_t i);

/*
 * Where node (a value inside a document of this stream) or, with key not
 * NULL, the key of that object begins: 1-based. False (and nothing written)
 * if unknown: null values have no position of their own, ask by key; what an
 * alias names lies where its anchor is.  The first call sorts the positions:
 * one thread at a time for one stream.
 */
bool yaml_stream_where(const struct yaml_stream *stream, const json_t *node, const char *key,
		       int *ret_line, int *ret_column);

/*
 * A 64-bit hash of what the documents mean: the event stream without
 * comments, layout and flow/block style; scalar identity is value, tag,
 * anchor and whether it was plain: two texts with one id give one manifest.
 * The hash is SipHash under a key drawn at random for each process, so nobody
 * can look for two texts that collide; do not store the id beyond the
 * process.  YAML_OK with *ret_id, or as yaml_parse().
 */
enum yaml_result yaml_meaning(const char *data, size_t len, unsigned long long *ret_id,
			      struct error *err);

#endif
