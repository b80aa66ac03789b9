/*
 * How values are written into a line of the log.
 */
#ifndef RECEIVER_OPS_LOG_IMPL_H
#define RECEIVER_OPS_LOG_IMPL_H

#include "base/buf.h"

/* Append text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
void log_add_json(struct buf *out, const char *text);

/*
 * Append text as a value of a text line: as it is if it is plain, otherwise
 * in quotes with \n, \", \\ and \xNN.
 */
void log_add_text(struct buf *out, const char *text);

#endif
