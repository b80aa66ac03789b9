/*
 * A decision record in its two forms: private to receiver/cli/show*.c.
 */
#ifndef RECEIVER_CLI_SHOW_H
#define RECEIVER_CLI_SHOW_H

#include "journal/journal_query.h"

/* All that is known of one delivery. */
struct show_record {
	struct journal_delivery delivery;
	struct journal_triggers triggers;
};

/* Print it for people, to standard output. */
void show_print_text(const struct show_record *record);

/* Print it as one JSON document. */
void show_print_json(const struct show_record *record);

#endif
