/*
 * The receiver's answer as lines for the person who pushed.
 */
#ifndef HOOKS_REPORT_H
#define HOOKS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* git puts "remote: " (8 columns) in front of each line. */
#define HOOK_REPORT_COLUMNS 72
#define HOOK_REPORT_NAMES 8
#define HOOK_REPORT_REFS 20

/*
 * Append the lines for an answer of the receiver
 *
 *   {"decided": true, "refs": [{"ref", "affected": N, "applications": N,
 *    "names": ["namespace/name", ...], "reason"}], "more": N}
 *
 * to out: one a ref that has affected applications, for the others only if
 * verbose.  "decided": false, or an answer that is none of ours, becomes
 * "accepted, applications not known yet".  An answer with "known": false is
 * about a repository that the receiver does not know (push/push_native.h), and
 * becomes one line that says so, verbose or not.  Nothing is printed that could
 * steer a terminal.
 */
void hook_report(const char *answer, size_t len, bool verbose, struct buf *out);

/* Append text with control characters and the like replaced by "?". */
void hook_report_text(const char *text, struct buf *out);

#endif
