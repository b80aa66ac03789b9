/*
 * Tables that another program answered (tests/payloads): a row a line, its
 * columns between tabs, bytes as %XX; lines that begin with "#" are comments.
 */
#ifndef TESTS_SUPPORT_TABLE_H
#define TESTS_SUPPORT_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS 4

struct table_row {
	char *columns[TABLE_COLUMNS]; // those that are missing are empty
};

/*
 * Read a table. Ends the test program if it cannot. Returns the number of
 * rows; free them with table_free().
 */
size_t table_read(const char *path, struct table_row **ret_rows);

/* Free what table_read() gave. */
void table_free(struct table_row *rows, size_t count);

#endif
