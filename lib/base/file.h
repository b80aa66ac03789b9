/*
 * Small files, read whole: settings, secrets, tokens, manifests, what git
 * keeps beside its objects.  Who reads one reads it here, so that a FIFO, a
 * directory or a file without end is the same fault everywhere.
 */
#ifndef LIB_BASE_FILE_H
#define LIB_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Append the whole file at path, which must be a regular one or a link to
 * one, to content, whose own ceiling is the file's ceiling.  Nothing that may
 * stand at path makes the caller wait, except a slow disk.  *ret_mode, if not
 * NULL, gets the permission bits of what was read.
 *
 * Returns 0, or -1 with errno and err, whose text does not name the path:
 * "cannot be read: ..." with the errno of the fault, "not a file" (EINVAL), or
 * "longer than N bytes" (EFBIG).  What was appended before the fault stays in
 * content.  The file may be a secret: only content holds a copy of it.
 */
int file_read_small(const char *path, struct buf *content, mode_t *ret_mode, struct error *err);

/*
 * Remove one line end, "\n" or "\r\n", from the end of content: editors write
 * it, and it is no part of a secret.
 */
void file_cut_line_end(struct buf *content);

/*
 * Read the file at path as a token: its text without the white space around
 * it, at most LIMIT_TOKEN_BYTES with it, which must not be empty and hold
 * neither line end nor NUL.
 *
 * Returns a new string, to be given to file_token_free(), or NULL with err,
 * whose text does not name the path.
 */
char *file_read_token(const char *path, struct error *err);

/* Wipe and free a token.  It may be NULL. */
void file_token_free(char *token);

#endif
