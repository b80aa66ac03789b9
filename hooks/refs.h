/*
 * What git tells a post-receive hook on standard input.
 */
#ifndef HOOKS_REFS_H
#define HOOKS_REFS_H

#include <stddef.h>

#include "base/buf.h"
#include "push/push.h"

/* All of standard input that is kept: LIMIT_REFS lines of the longest kind. */
#define HOOK_INPUT_BYTES (12U * 1024 * 1024)

struct hook_refs {
	size_t skipped; // lines that are not "old new ref"
	size_t over;    // lines after the first LIMIT_REFS good ones
};

/*
 * Read fd to its end into input (its ceiling is what is kept; the rest is
 * read and dropped, so that git is never left writing to nobody).
 */
void hook_refs_read(int fd, struct buf *input);

/* Add each line of input to content; count those that could not be in *ret. */
void hook_refs_parse(const char *input, size_t len, struct delivery_content *content,
		     struct hook_refs *ret);

#endif
