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

/* The folder beside our hook where the hook is kept that was there before, by its own name. */
#define HOOK_KEPT_FOLDER ".doorbell-before"

/*
 * Run the hook that was there before ours, if there is one, with input on its
 * standard input and our standard output and error, and wait for it. Its exit
 * status is its own affair.  self is the path of our hook as it was called:
 * "HOOK_KEPT_FOLDER/<name>" is looked for beside it, then "<self>.local",
 * where earlier versions kept it, then both beside what self is a link to.
 * The first that is executable runs, with arguments (ended by NULL).
 */
void hook_child_chain(const char *self, char *const arguments[], const char *input, size_t len);

#endif
