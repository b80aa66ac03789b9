/*
 * Tables of cases as files: one case a line, its columns between tabs, lines
 * that begin with '#' are comments.
 */
#ifndef TESTS_SUPPORT_CASES_H
#define TESTS_SUPPORT_CASES_H

#include <stddef.h>

#define CASE_COLUMNS 4

struct case_column {
	char *bytes; // NUL-terminated behind len bytes
	size_t len;
};

/* The columns of one line; those that are missing are empty. */
struct case_row {
	struct case_column columns[CASE_COLUMNS];
};

/*
 * Read a file of cases, with the escapes of its columns resolved: \r \n \t
 * \xNN, and {text*count} for count times text. Ends the test program if it
 * cannot. Returns the number of rows; free them with cases_free().
 */
size_t cases_read(const char *path, struct case_row **ret_rows);

/* Free what cases_read() gave. */
void cases_free(struct case_row *rows, size_t count);

#endif
