/*
 * A decision record for people: private to receiver/cli/show*.c.
 */
#ifndef RECEIVER_CLI_SHOW_H
#define RECEIVER_CLI_SHOW_H

#include "record/history.h"

/* Print all that is known of one delivery to standard output. */
void show_print_text(const struct record_history *history);

#endif
