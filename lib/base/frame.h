/*
 * Length-prefixed frames between a parent and its reader process.
 *
 * A frame is a four-byte length in network order, then that many bytes.
 * Neither side trusts the other: a length over the ceiling ends the talk.
 */
#ifndef LIB_BASE_FRAME_H
#define LIB_BASE_FRAME_H

#include <stddef.h>

#include "base/buf.h"

#define FRAME_HEADER 4

enum frame_result {
	FRAME_OK = 0,
	FRAME_MORE = 1,   // not enough bytes yet
	FRAME_TOO_LONG = 2 // the length is over the ceiling: close the channel
};

/*
 * Append one frame that holds len bytes of data to out. Returns 0, or -1 if
 * out is full or len is over 2^32-1.
 */
int frame_put(struct buf *out, const void *data, size_t len);

/*
 * Look for one whole frame at the start of data (len bytes, as received so
 * far); max is the ceiling of a frame's content. FRAME_OK gives the content
 * in *ret_body (borrowed from data) and *ret_len; it ends FRAME_HEADER +
 * *ret_len bytes after data. Otherwise nothing is written.
 */
enum frame_result frame_get(const void *data, size_t len, size_t max, const char **ret_body,
			    size_t *ret_len);

/*
 * Read one whole frame from the blocking descriptor fd into body (emptied
 * first; its ceiling is the frame's). Returns 1, 0 at a clean end of file
 * between frames, or -1: error, cut frame, or over the ceiling.
 */
int frame_read(int fd, struct buf *body);

/* Write one whole frame to the blocking descriptor fd. Returns 0 or -1. */
int frame_write(int fd, const void *data, size_t len);

#endif
