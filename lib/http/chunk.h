/*
 * The chunked transfer coding (RFC 9112 7.1), decoded as it arrives.
 *
 * A state machine that takes any number of bytes at a time, one included,
 * and never holds any back: the decoded bytes replace the coded ones.
 */
#ifndef LIB_HTTP_CHUNK_H
#define LIB_HTTP_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "http/head.h"

#define HTTP_CHUNK_SIZE_DIGITS 8      // hex digits of one size: below 4 GB
#define HTTP_CHUNK_EXTENSION_MAX 64   // bytes of one chunk's extensions, ';' included
#define HTTP_CHUNK_EXTENSIONS_MAX 1024 // bytes of all extensions
#define HTTP_CHUNK_TRAILERS_MAX 1024  // bytes of all trailers, CRLFs included

/*
 * From this many bytes of framing on, at least a quarter of all bytes must be
 * data: a flood of one-byte chunks costs much more to read than it brings.
 */
#define HTTP_CHUNK_OVERHEAD_FREE (100U * 1024)

struct http_chunk {
	int state;          // private
	uint64_t max;       // ceiling of total
	uint64_t total;     // bytes of data decoded
	uint64_t overhead;  // bytes of framing
	uint64_t left;      // bytes of the current chunk that are still to come
	size_t digits;      // of the current size
	size_t extension;   // bytes of the current chunk's extensions
	size_t extensions;  // bytes of all extensions
	size_t trailers;    // bytes of trailers
	int status;         // HTTP_REFUSED: 400 or 413
	const char *reason; // HTTP_REFUSED: constant text for logs, without peer data
};

/* Start a body of at most max bytes of data. */
void http_chunk_init(struct http_chunk *c, uint64_t max);

/*
 * Decode the next len bytes in place. *ret_data is set to the number of
 * decoded bytes, now at the start of bytes; *ret_used to the number of coded
 * bytes that were read: all of them unless HTTP_OK is returned.
 *
 * HTTP_MORE: the body goes on. HTTP_OK: it is complete; bytes from *ret_used
 * on are not part of it. HTTP_REFUSED: c->status and c->reason are set and
 * *ret_data counts for nothing. A chunk that would pass the ceiling is
 * refused (413) by its size alone. Once HTTP_OK or HTTP_REFUSED was
 * returned, further calls return the same and read nothing.
 */
enum http_result http_chunk_decode(struct http_chunk *c, char *bytes, size_t len,
				   size_t *ret_data, size_t *ret_used);

#endif
