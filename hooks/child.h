/*
 * Other programs that the hook starts: the one that delivers to http(s)
 * addresses, and a hook that was there before ours.
 */
#ifndef HOOKS_CHILD_H
#define HOOKS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Start "program hook deliver --wait ID GIT_DIR" in a session of its own,
 * holding no descriptor of ours but a pipe, and read what it prints until it
 * ends or deadline (mstime_monotonic()) into out.  It goes on after that.
 * True if it ended in time.
 */
bool hook_child_deliver(const char *program, const char *id, const char *git_dir, int64_t deadline,
			struct buf *out);

/*
 * If there is an executable "<self>.local", run it with input on its standard
 * input and our standard output and error, and wait for it. Its exit status
 * is its own affair.
 */
void hook_child_chain(const char *self, const char *input, size_t len);

#endif
